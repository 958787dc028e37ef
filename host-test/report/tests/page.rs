//! The page: its numbers are the collection's, its policy fits it, and nothing of a vendor can script it.
#![cfg(test)] // What clippy.toml gives to tests holds for helpers too.

mod look;
mod pages;
mod support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use look::{between, cells, data, table};
use pages::{CANARY, all_kinds, hostile, many};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use source_evidence::diff::meaning::Meanings;
use source_evidence::kinds::KindFacts;
use source_evidence::verify::Anchors;
use source_report::access::review;
use source_report::collection::Collection;
use source_report::export::{Wish, choose, csv};
use source_report::finding::Rules;
use source_report::page::{Changes, MAX_DETAILS, MAX_LISTED, MAX_ROWS, page};
use support::Account;

fn made(collection: &Collection) -> String {
    page(collection, &Rules::built_in().judge(collection).unwrap(), &[], None).unwrap()
}

/// Lines of the records behind its rows.
fn lines(table: &Value) -> Vec<i64> {
    let rows = table["records"].as_array().unwrap().iter();
    let steps = rows.flat_map(|row| row.as_array().unwrap()).map(|step| step.as_i64().unwrap());
    steps.scan(0, |line, step| Some(std::mem::replace(line, *line + step) + step)).collect()
}

/// The page without its script, its style and its data: what of the collection is HTML.
fn html(page: &str) -> String {
    let style = between(page, "<style>", "</style>");
    let script = between(page, "<script>", "</script>");
    let data = between(page, "id=\"data\">", "</script>");
    page.replace(style, "").replace(script, "").replace(data, "")
}

#[test]
fn the_numbers_of_the_page_are_those_of_the_collection() {
    let collection = all_kinds().read();
    let page = made(&collection);
    let data = data(&page);
    let count = |kind: &str| collection.of_kind(kind).count();
    let rows = [
        ("users", count("user")),
        ("connections", count("connection")),
        ("destinations", count("destination")),
        ("keys", count("system_key") + count("api_key")),
        ("syncs", count("sync_run")),
        ("events", count("audit_event") + count("audit_trail_entry") + count("user_action")),
        ("access", review(&collection).len()),
        ("records", collection.records.len()),
    ];
    for (id, want) in rows {
        let table = table(&data, id);
        assert!(want > 0, "{id}");
        assert_eq!(table["total"], want, "{id}");
        assert_eq!(table["records"].as_array().unwrap().len(), want, "{id}");
        let lines = lines(table);
        assert!(lines.iter().all(|line| (1..=collection.records.len() as i64).contains(line)), "{id}: {lines:?}");
        for column in table["columns"].as_array().unwrap() {
            assert_eq!(column["cells"].as_array().unwrap().len(), want, "{id}: {}", column["name"]);
        }
    }
    assert_eq!(data["tables"].as_array().unwrap().len(), rows.len() + 1, "and the records behind findings");
    for coverage in &collection.summary().coverage {
        let row = between(&page, &format!("<code>{}</code></th>", coverage.kind), "</tr>");
        assert!(row.contains(&format!("</td><td class=\"amount\">{}</td>", coverage.records)), "{row}");
    }
    assert_eq!(lines(table(&data, "records")), (1..=collection.records.len() as i64).collect::<Vec<_>>());
    let details = data["details"]["records"].as_object().unwrap();
    assert_eq!(details.len(), collection.records.len());
    for record in &collection.records {
        let detail = &details[&record.line.to_string()];
        assert_eq!(detail["digest"], record.digest);
        assert_eq!(serde_json::from_str::<Value>(detail["content"].as_str().unwrap()).unwrap(), record.content);
        assert_eq!(detail["from"].as_array().unwrap().len(), record.provenance.len());
        assert_eq!(detail["withheld"].as_array().unwrap().len(), record.withheld.len());
    }
}

#[test]
fn findings_are_those_of_the_rules_each_with_its_records() {
    let collection = all_kinds().read();
    let rules = Rules::built_in();
    let outcomes = rules.judge(&collection).unwrap();
    let page = page(&collection, &outcomes, &[], None).unwrap();
    let data = data(&page);
    let (titles, words) = (cells(table(&data, "cited"), "Finding"), cells(table(&data, "cited"), "Outcome"));
    for outcome in &outcomes {
        let rows = |word: &str| titles.iter().zip(&words).filter(|row| row == &(&&*outcome.rule.title, &word)).count();
        assert_eq!(rows("found"), outcome.found.len(), "{}", outcome.rule.id);
        assert_eq!(rows("unknown"), outcome.unknown.len(), "{}", outcome.rule.id);
        let is_asked = collection.coverage(&outcome.rule.kind).is_some();
        assert_eq!(page.contains(&format!("id=\"finding-{}\"", outcome.rule.id)), is_asked);
    }
    assert!(outcomes.iter().any(|outcome| !outcome.found.is_empty()));
}

#[test]
fn people_and_things_are_called_by_their_names_and_who_is_not_known_is_called_so() {
    let data = data(&made(&all_kinds().read()));
    let access = table(&data, "access");
    let users = cells(access, "User");
    assert!(users.contains(&"Ada Example") && users.contains(&"unknown user usr_gone"), "{users:?}");
    let resources = cells(access, "Resource");
    assert!(resources.contains(&"Warehouse") && resources.contains(&"orders"), "{resources:?}");
    assert!(cells(access, "Team").contains(&"Finance"));
    assert_eq!(cells(access, "State").iter().filter(|state| **state == "not in the list").count(), 1);
    assert!(cells(access, "Reviewed, signed off").iter().all(|cell| cell.is_empty()));
}

#[test]
fn titles_name_what_they_tell_by_id_and_keep_the_id() {
    let collection = all_kinds().read();
    let page = made(&collection);
    let data = data(&page);
    let of = |kind: &str| collection.of_kind(kind).next().unwrap();
    for (kind, want) in
        [("user", "The user Ada Example (usr_ada)"), ("destination", "The destination Warehouse (grp_wh)")]
    {
        assert_eq!(data["details"]["records"][of(kind).line.to_string()]["title"], want);
        assert!(cells(table(&data, "records"), "Record").contains(&want), "{want}");
    }
    let want = "The connection orders (con_ord)";
    assert!(cells(table(&data, "cited"), "Record").contains(&want));
    let card = between(&page, "id=\"finding-connection-broken\"", "</article>");
    assert!(card.contains(want) && card.matches("orders").count() == 1, "{card}");
    // Who is not known keeps the id alone.
    assert!(cells(table(&data, "records"), "Record").contains(&"The access_grant g3"));
}

#[test]
fn changes_name_what_is_gone_as_it_was_called_before() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let [before, after] = ["before", "after"].map(|name| scratch.path().join(name));
    let team = |account: Account, name: &str| account.with("team", name, json!({"name": format!("{CANARY}{name}")}));
    team(team(Account::new(), "stays"), "goes").write(&before);
    team(team(Account::new(), "stays"), "comes").write(&after);
    let team = KindFacts { id: "team", schema_version: 1, content_schema: "{}", is_event: false, always: false };
    let changes = Changes::between(&before, &after, &Meanings::new("fivetran", &[team]).unwrap()).unwrap();
    let collection = Collection::read(&after, Anchors::default()).unwrap();
    let page = page(&collection, &Rules::built_in().judge(&collection).unwrap(), &[], Some(&changes)).unwrap();
    let data = data(&page);
    let titles = cells(table(&data, "changes"), "Record");
    let shown = CANARY.replace(['\u{202e}', '\u{7}'], "\u{fffd}");
    for name in ["goes", "comes"] {
        assert!(titles.contains(&format!("The team {shown}{name} ({name})").as_str()), "{titles:?}");
    }
    assert!(!html(&page).contains("<img"));
}

#[test]
fn the_policy_allows_its_one_script_and_its_one_style_and_nothing_else() {
    let page = made(&all_kinds().read());
    let policy = between(&page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"").replace("&#39;", "'");
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let want = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(between(&page, "<script>", "</script>")),
        hash(between(&page, "<style>", "</style>"))
    );
    assert_eq!(policy, want);
    let html = html(&page);
    for attribute in [" style=", " onclick=", " onload=", " onerror=", " src=", "<link", "http://", "https://", "url("]
    {
        assert!(!html.contains(attribute), "{attribute}");
    }
    assert_eq!(html.matches("<script").count(), 2);
    let packed = between(&page, "id=\"data\">", "</script>");
    assert!(packed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)));
}

#[test]
fn markup_in_any_text_of_a_record_stays_text() {
    let collection = hostile().read();
    assert_eq!(collection.report.findings, Vec::<String>::new());
    let page = made(&collection);
    let html = html(&page);
    assert!(html.contains("&lt;img") || html.contains("&#60;img"), "no canary is shown at all");
    for forbidden in ["<img", "</script><script>", "<b>", "\u{202e}", "\u{7}", "49"] {
        // 49 is what a template would make of it.
        let found = html.match_indices(forbidden).filter(|_| forbidden != "49" || html.contains(">49<")).count();
        assert_eq!(found, 0, "{forbidden}");
    }
    // In the data it is text too, and whole but for what turns or steers.
    let data = data(&page);
    let shown = cells(table(&data, "users"), "User");
    let want = CANARY.replace(['\u{202e}', '\u{7}'], "\u{fffd}");
    assert!(shown.iter().any(|cell| cell.contains(&want)), "{shown:?}");
    // A line break is between members of a content.
    let steers = |letter: char| letter == '\u{202e}' || (letter.is_control() && letter != '\n');
    assert!(pages::texts(&data).iter().all(|text| !text.contains(steers)), "a control character is in the data");
}

#[test]
fn every_text_of_a_hostile_record_is_a_canary() {
    let texts = hostile().rows.iter().map(|row| pages::texts(&row.content)).collect::<Vec<_>>().concat();
    assert!(texts.len() > 60, "{}", texts.len());
    let plain: Vec<_> = texts.iter().filter(|text| !text.contains("<img")).collect();
    // What has to be a word or a date for the page to look at the record at all.
    assert!(plain.iter().all(|text| pages::WORDS.contains(&text.as_str())), "{plain:?}");
}

#[test]
fn the_verdict_is_in_the_words_of_verify_and_a_contradiction_cannot_be_missed() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = scratch.path().join("collection");
    all_kinds().write(&folder);
    let seal = Collection::read(&folder, Anchors::default()).unwrap().report.seal;
    let check = |anchors: Anchors<'_>, class: &str| {
        let collection = Collection::read(&folder, anchors).unwrap();
        let page = made(&collection);
        assert!(page.contains(&format!("<section class=\"verdict {class}\"")), "{class}");
        for line in collection.report.lines(&folder.display().to_string()) {
            let line = line.replace('\'', "&#39;").replace('"', "&#34;");
            assert!(page.contains(&format!(">{line}</li>")), "{line}");
        }
        page
    };
    let page = check(Anchors::default(), "consistent");
    assert!(page.contains("Anyone can produce files that agree with each other."));
    assert!(page.contains("NOT THE SYSTEM&#39;S CLOCK"));
    let page = check(Anchors { seal: Some(&seal), key: None }, "anchored");
    assert!(!page.contains("Anyone can produce files"));
    let other = "0".repeat(64);
    check(Anchors { seal: Some(&other), key: None }, "contradicted");
    let file = folder.join("evidence.jsonl");
    let text = std::fs::read_to_string(&file).unwrap().replace("ada@example.com", "eve@example.com");
    std::fs::write(&file, text).unwrap();
    let page = check(Anchors::default(), "contradicted");
    assert!(page.contains("class=\"wrong\">WRONG line "));
    // Nothing is said to be whole then.
    assert!(!page.contains(">Read whole") && !page.contains("class=\"state good\""));
    assert!(page.contains("<strong>0 of "));
}

#[test]
fn what_was_not_read_is_not_judged_and_never_said_to_be_nothing() {
    let account = Account::new()
        .with("user", "usr_ada", json!({"id": "usr_ada", "active": true, "email": "ada@example.com"}))
        .state("system_key", "forbidden", "the key may not read it");
    let collection = account.read();
    let page = made(&collection);
    let card = between(&page, "id=\"finding-system-key-never-expires\"", "</article>");
    assert!(card.contains("not judged") && card.contains("forbidden") && !card.contains("found"), "{card}");
    assert!(!page.contains("id=\"finding-webhook-unsigned\""));
    let unasked = between(&page, " more rules are about kinds that were not asked for, and are not judged: ", ".</p>");
    assert!(unasked.contains("webhook") && !unasked.contains("system_key"), "{unasked}");
    assert!(page.contains("Access grants are not in this collection"));
    assert!(!page.contains("no grant"));
    assert!(page.contains("Not known to be whole: System key") || page.contains("system key (forbidden"));
}

/// The same table of states and paths, in the page and in the file.
#[test]
fn the_page_and_the_file_of_the_review_use_the_same_words() {
    let user = |id: &str, active: Value, invited: bool, verified: bool| {
        (id.to_string(), json!({"id": id, "active": active, "invited": invited, "verified": verified}))
    };
    let users = [
        user("usr_invited", json!(true), true, false),
        user("usr_half", json!(true), false, false),
        user("usr_gone", json!(false), false, true),
        user("usr_untold", json!(null), false, true),
    ];
    let account = users.into_iter().fold(all_kinds(), |account, (id, content)| account.with("user", &id, content));
    for account in [account.clone(), account.state("access_grant", "partial", "cut")] {
        let collection = account.read();
        let data = data(&made(&collection));
        let wish = Wish { incomplete: true, ..Wish::default() };
        let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let folder = scratch.path().join("csv");
        let files = csv::write(&choose(&collection, &wish).unwrap(), false, &folder).unwrap();
        let name = &files.iter().find(|file| file.name.starts_with("access-review.")).unwrap().name;
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_path(folder.join(name)).unwrap();
        let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        for (column, header) in [("State", "account_state"), ("Path", "path"), ("Role", "role")] {
            let place = rows[0].iter().position(|one| one == header).unwrap();
            let texts = rows.iter().skip(1).map(|row| &row[place]);
            let (mut file, mut page): (Vec<&str>, Vec<_>) = (texts.collect(), cells(table(&data, "access"), column));
            file.sort();
            page.sort();
            assert_eq!(file, page, "{column}");
        }
    }
}

#[test]
fn a_user_without_a_grant_has_none_only_where_all_grants_were_read() {
    let user = |account: Account| account.with("user", "usr_ada", json!({"id": "usr_ada", "active": true}));
    let whole = ["team", "team_membership", "access_grant"];
    let account = whole.iter().fold(user(Account::new()), |account, kind| account.state(kind, "complete", ""));
    let path = |account: Account| {
        let data = data(&made(&account.read()));
        cells(table(&data, "access"), "Path").join(",")
    };
    assert_eq!(path(account.clone()), "no grant");
    for kind in whole {
        assert_eq!(path(account.clone().state(kind, "partial", "cut")), "no grant was read", "{kind}");
    }
}

/// The vendor writes 1970 for what never was: no key expired then.
#[test]
fn the_beginning_of_1970_is_no_date() {
    let epoch = "1970-01-01T00:00:00.000000Z";
    let key =
        |expires: &str| json!({"created_at": "2026-01-01T00:00:00Z", "expired_at": expires, "last_used_at": epoch});
    let account =
        Account::new().with("system_key", "a", key(epoch)).with("system_key", "b", key("2026-06-01T00:00:00Z"));
    let data = data(&made(&account.read()));
    let keys = table(&data, "keys");
    assert_eq!(cells(keys, "Expires"), ["never", "2026-06-01"]);
    assert_eq!(cells(keys, "Time left"), ["never", "passed"]);
    assert_eq!(cells(keys, "Age of last use"), ["never"; 2]);
    assert_eq!(cells(keys, "Age"), ["180 to 364 days"; 2]);
}

#[test]
fn one_kind_alone_and_a_trail_alone_have_a_page() {
    let webhook = Account::new().with("webhook", "whk", json!({"active": true, "signed": null}));
    assert!(made(&webhook.read()).contains("<code>webhook</code>"));
    let entry = json!({"action": "EDIT", "captured_at": "2026-01-02T03:04:05Z", "user_id": "usr_ada"});
    let action = json!({"message_event": "force_sync", "captured_at": "2026-02-02T03:04:05Z", "user_id": null});
    let trail = Account::new().with("audit_trail_entry", "one", entry).with("user_action", "two", action);
    let page = made(&trail.read());
    let data = data(&page);
    let events = table(&data, "events");
    assert_eq!(cells(events, "Month"), ["2026-02", "2026-01"]);
    assert_eq!(cells(events, "By"), ["", "user usr_ada"], "users were not read");
    let unasked = between(&page, "<section id=\"findings\"", "<div class=\"cards\">");
    let (rules, none) = (Rules::built_in().iter().count(), "No rule is about what was asked for");
    assert!(unasked.contains(none) && unasked.contains(&format!("{rules} more rules are about kinds that were not")));
    assert!(
        !page.contains("<article") && !page.contains("found something") && !page.contains("href=\"#finding-"),
        "another source's rules"
    );
    assert!(page.contains("Events by month") && !page.contains("Users by account role"));
}

#[test]
fn twenty_thousand_rows_are_less_than_a_megabyte_and_what_is_cut_is_said() {
    let collection = many(MAX_ROWS + 1).read();
    let page = made(&collection);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    let data = data(&page);
    let users = table(&data, "users");
    assert_eq!(users["total"], MAX_ROWS + 1);
    assert_eq!(users["records"].as_array().unwrap().len(), MAX_ROWS);
    assert!(page.contains(&format!("The first {MAX_ROWS} of {} rows are here", MAX_ROWS + 1)));
    let all = collection.records.len();
    assert_eq!(table(&data, "records")["records"].as_array().unwrap().len(), MAX_LISTED);
    assert!(page.contains(&format!("The first {MAX_LISTED} of {all} rows are here")));
    assert_eq!(data["details"]["records"].as_object().unwrap().len(), MAX_DETAILS);
    assert!(page.contains(&format!("here for {MAX_DETAILS} of {all} records")));
    // Pictures count what is not kept too.
    assert!(page.contains(&format!("<span class=\"number\">{}</span>", MAX_ROWS + 1)));
}
