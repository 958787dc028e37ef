//! Exports of invented accounts.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

mod support;

use serde_json::{Value, json};
use source_evidence::text::plain;
use source_report::collection::Collection;
use source_report::export::{self, Choice, Refused, Wish, choose};
use source_report::finding::Rules;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use support::{Account, READ};

fn account() -> Account {
    let user = json!({"id": "usr_1", "email": "ada@example.com", "active": true, "verified": true, "role": "Account Administrator",
        "logged_in_at": "2026-06-01T00:00:00Z", "created_at": "2020-01-01T00:00:00Z"});
    let grant = |grantee: &str, resource: &str, role: &str| {
        json!({"grantee_type": grantee, "grantee_id": if grantee == "team" { "team_1" } else { "usr_1" },
            "resource_type": resource, "resource_id": "grp_1", "role": role, "created_at": null})
    };
    Account::new()
        .with("user", "usr_1", user)
        .named("Ada Lovelace")
        .with("team", "team_1", json!({"id": "team_1", "name": "Growth", "role": null}))
        .with(
            "team_membership",
            "m",
            json!({"team_id": "team_1", "user_id": "usr_1", "role": "Team Member", "created_at": null}),
        )
        .with("access_grant", "g1", grant("user", "group", "Destination Reviewer"))
        .with("access_grant", "g2", grant("team", "group", "Destination Administrator"))
        .with("group", "grp_1", json!({"id": "grp_1", "name": "Warehouse"}))
        .with("system_key", "key_1", json!({"id": "key_1", "expired_at": null, "name": null, "permissions": []}))
}

fn all() -> Wish {
    Wish::default()
}

fn told() -> Wish {
    Wish { incomplete: true, ..Wish::default() }
}

/// The CSV files by name, each with its header and its rows.
fn csv(choice: &Choice<'_>) -> BTreeMap<String, Vec<Vec<String>>> {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = scratch.path().join("csv");
    let files = export::csv::write(choice, false, &folder).unwrap();
    let names: Vec<String> = files.into_iter().map(|file| file.name).collect();
    let found = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(found.collect::<BTreeSet<_>>(), names.iter().cloned().collect());
    names.into_iter().map(|name| (name.clone(), rows(&folder.join(name)))).collect()
}

fn rows(file: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(file).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(String::from).collect()).collect()
}

/// A column of a file.
fn column<'r>(rows: &'r [Vec<String>], name: &str) -> Vec<&'r str> {
    let place =
        rows[0].iter().position(|header| header == name).unwrap_or_else(|| panic!("no {name} in {:?}", rows[0]));
    rows[1..].iter().map(|row| row[place].as_str()).collect()
}

fn oscal(collection: &Collection, wish: &Wish) -> Value {
    let rules = Rules::built_in();
    let text = export::oscal::document(&choose(collection, wish).unwrap(), &rules.judge(collection).unwrap());
    serde_json::from_str(&text).unwrap()
}

fn ocsf(collection: &Collection, wish: &Wish) -> Vec<Value> {
    let rules = Rules::built_in();
    let lines = export::ocsf::events(&choose(collection, wish).unwrap(), &rules.judge(collection).unwrap());
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_kind_has_a_file_with_a_row_for_each_record() {
    let collection = account().state("api_key", "complete", "").read();
    let files = csv(&choose(&collection, &all()).unwrap());
    let counts = &collection.summary().records_per_kind;
    for (kind, records) in counts {
        assert_eq!(files[&format!("{kind}.csv")].len() as u64, records + 1, "{kind}");
    }
    assert_eq!(files["api_key.csv"].len(), 1, "a kind without records has a header");
    assert_eq!(files.len(), counts.len() + 3, "and there are access-review and coverage-by-kind");
    assert_eq!(column(&files["user.csv"], "content/email"), ["ada@example.com"]);
    assert_eq!(column(&files["user.csv"], "content/active"), ["true"]);
    assert_eq!(column(&files["user.csv"], "observed_at"), [READ]);
    assert_eq!(column(&files["user.csv"], "valid_until"), ["2026-07-02T00:00:00.000Z"]);
    assert_eq!(column(&files["user.csv"], "requests"), ["/v1/user?limit=1000"]);
    assert_eq!(column(&files["user.csv"], "witnessed"), ["true"]);
    let digest = &collection.of_kind("user").next().unwrap().digest;
    assert_eq!(column(&files["user.csv"], "digest"), [digest]);
    for (name, rows) in &files {
        assert!(column(rows, "caveats").iter().all(|cell| cell.contains("NOT THE SYSTEM'S CLOCK")), "{name}");
    }
}

#[test]
fn the_access_review_has_names_and_paths_and_room_to_sign() {
    let collection = account().read();
    let files = csv(&choose(&collection, &all()).unwrap());
    let review = &files["access-review.csv"];
    let columns =
        ["user_name", "user_email", "account_state", "resource_name", "role", "path", "team_name", "last_login"];
    let told: Vec<Vec<&str>> = columns.iter().map(|name| column(review, name)).collect();
    let row = |number: usize| told.iter().map(|column| column[number]).collect::<Vec<_>>();
    let who = ["Ada Lovelace", "ada@example.com", "active"];
    let what = [
        ["Warehouse", "Destination Reviewer", "direct", "", "2026-06-01T00:00:00Z"],
        ["Warehouse", "Destination Administrator", "through a team", "Growth", "2026-06-01T00:00:00Z"],
        ["Growth", "Team Member", "member of the team", "", "2026-06-01T00:00:00Z"],
    ];
    assert_eq!(review.len(), 4);
    for (number, what) in what.iter().enumerate() {
        assert_eq!(row(number), [&who[..], what].concat());
    }
    assert_eq!(column(review, "sign_off"), ["", "", ""]);
    assert!(column(review, "records")[1].contains("access_grant:g2; urn:fivetran:acme_acc:team_membership:m"));
}

#[test]
fn an_account_is_active_only_where_the_vendor_says_so() {
    for (active, verified, invited, state) in [
        (json!(true), json!(true), json!(false), "active"),
        (json!(true), json!(true), json!(null), "active"),
        (json!(true), json!(false), json!(false), "active, activation not finished"),
        (json!(true), json!(false), json!(true), "invited"),
        (json!(false), json!(true), json!(true), "suspended"),
        (json!(null), json!(true), json!(true), "unknown"),
    ] {
        let user = json!({"id": "usr_1", "active": active, "verified": verified, "invited": invited});
        let collection = Account::new().with("user", "usr_1", user);
        let collection = ["team", "team_membership", "access_grant"]
            .iter()
            .fold(collection, |it, kind| it.state(kind, "complete", ""));
        let collection = collection.read();
        let files = csv(&choose(&collection, &all()).unwrap());
        assert_eq!(column(&files["access-review.csv"], "account_state"), [state]);
        assert_eq!(column(&files["access-review.csv"], "path"), ["no grant"]);
    }
}

#[test]
fn the_beginning_of_1970_is_no_last_login_and_no_grant() {
    let user = json!({"id": "usr_1", "email": null, "active": true, "verified": true, "role": null,
        "logged_in_at": "1970-01-01T00:00:00.000000Z", "created_at": null});
    let grant = json!({"grantee_type": "user", "grantee_id": "usr_1", "resource_type": "group", "resource_id": "grp_1",
        "role": "Reviewer", "created_at": "1970-01-01T00:00:00Z"});
    let account = Account::new()
        .with("user", "usr_1", user)
        .with("access_grant", "g1", grant)
        .state("team", "complete", "")
        .state("team_membership", "complete", "");
    let collection = account.read();
    let files = csv(&choose(&collection, &all()).unwrap());
    assert_eq!(column(&files["access-review.csv"], "last_login"), [""]);
    assert_eq!(column(&files["access-review.csv"], "granted_at"), [""]);
}

#[test]
fn a_kind_that_is_not_whole_goes_out_only_when_told_and_says_so() {
    for (state, reason) in [
        ("partial", "3 items failed"),
        ("forbidden", "no USER:READ"),
        ("spread", "spread 1 of 7"),
        ("disabled", "by a setting"),
    ] {
        let collection = account().state("user", state, reason).state("webhook", state, reason).read();
        let words = format!("{state}: {reason}");
        let Err(Refused::Incomplete(short, whole)) = choose(&collection, &all()) else { panic!("{state} went out") };
        assert_eq!(short, [("user".into(), words.clone()), ("webhook".into(), words.clone())]);
        assert!(whole.contains(&"team".to_string()) && !whole.contains(&"user".to_string()));
        let files = csv(&choose(&collection, &Wish { kinds: whole, incomplete: false }).unwrap());
        assert!(!files.keys().any(|name| name.contains("access-review") || name.contains("incomplete")));

        let files = csv(&choose(&collection, &told()).unwrap());
        assert_eq!(column(&files["user.incomplete.csv"], "INCOMPLETE"), [&words]);
        assert_eq!(files["webhook.incomplete.csv"][0][0], "INCOMPLETE", "also where there is no row");
        assert_eq!(column(&files["access-review.incomplete.csv"], "INCOMPLETE"), vec![format!("user: {words}"); 3]);
        assert_eq!(column(&files["team.csv"], "coverage"), ["complete"]);

        let document = oscal(&collection, &told());
        let result = &document["assessment-results"]["results"][0];
        assert!(result["title"].as_str().unwrap().contains("INCOMPLETE"));
        assert!(result["remarks"].as_str().unwrap().contains(&format!("user: {words}")));
        for event in ocsf(&collection, &told()) {
            assert_eq!(
                event["unmapped"]["incomplete_kinds"],
                json!([format!("user: {words}"), format!("webhook: {words}")])
            );
        }
    }
}

#[test]
fn a_kind_of_which_nothing_is_said_is_not_taken_for_whole() {
    let collection = account().read();
    let is_told = |kind: &str| collection.summary().statements.iter().any(|statement| statement == kind);
    assert!(is_told("coverage") && is_told("manifest"));
    // Statements of the source have no coverage, and go out.
    assert!(csv(&choose(&collection, &all()).unwrap()).contains_key("manifest.csv"));
    let odd = Account::new().with("../x", "1", json!({})).read();
    assert_eq!(choose(&odd, &told()).unwrap_err(), Refused::NoName("../x".into()));
    let Err(Refused::NotCollected(kind, known)) = choose(&collection, &Wish { kinds: vec!["users".into()], ..all() })
    else {
        panic!("there is no such kind")
    };
    assert!(kind == "users" && known.contains(&"user".to_string()));
}

#[test]
fn a_collection_that_contradicts_itself_never_goes_out() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = scratch.path().join("collection");
    account().write(&folder);
    let evidence = folder.join("evidence.jsonl");
    let text = std::fs::read_to_string(&evidence).unwrap();
    std::fs::write(&evidence, text.replacen("ada@", "eve@", 1)).unwrap();
    let collection = Collection::read(&folder, source_evidence::verify::Anchors::default()).unwrap();
    assert!(matches!(choose(&collection, &told()), Err(Refused::Contradicted(found)) if !found.is_empty()));
}

/// Texts that want to be more than text.
const CANARIES: [&str; 16] = [
    "=HYPERLINK(\"https://example.com\",\"x\")",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r\n=1+1",
    "a\nb",
    "\"quoted\", and more",
    "\u{0}=1",
    "\u{202e}=1",
    "＝1+1",
    "'=1",
    "'plain",
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "\u{feff}=1",
];

fn canaries() -> Account {
    CANARIES.iter().enumerate().fold(account(), |account, (number, text)| {
        let content = json!({"id": text, "email": text, "name": text, "list": [text], "object": {"deep": text}, *text: text,
            "active": text, "role": text, "number": -5, "schema": text, "team_id": text, "user_id": text});
        let id = format!("{number}{text}");
        ["user", "team", "team_membership", "connection"].iter().fold(account, |account, kind| {
            account.with(kind, &id, content.clone()).named(text).withholding(text, text)
        })
    })
}

#[test]
fn no_cell_can_be_a_formula_and_what_it_was_is_behind_the_apostrophe() {
    let collection = canaries().read();
    let files = csv(&choose(&collection, &all()).unwrap());
    let mut cells = 0;
    for (name, rows) in &files {
        for cell in rows.iter().flatten() {
            let begins =
                cell.trim_start_matches(|letter: char| !letter.is_ascii_graphic() && !"＝＋－＠".contains(letter));
            let is_number = cell.parse::<f64>().is_ok();
            assert!(is_number || !begins.starts_with(['=', '+', '-', '@', '＝']), "{name}: {cell:?}");
            assert_eq!(*cell, plain(cell), "{name}: control characters");
            cells += 1;
        }
    }
    assert!(cells > 3000);
    let column = column(&files["user.csv"], "content/email");
    let back: Vec<&str> = column[1..].iter().map(|cell| cell.strip_prefix('\'').unwrap_or(cell)).collect();
    assert_eq!(back, CANARIES.map(plain));
    let number = self::column(&files["user.csv"], "content/number");
    assert_eq!(number[1], "-5", "a number is no text");
}

#[test]
fn columns_are_every_place_that_holds_something() {
    let collection = Account::new()
        .with(
            "connection",
            "1",
            json!({"a": null, "status": {"setup": "ok", "tasks": []}, "settings": {}, "x/y": 1, "only_null": null}),
        )
        .with(
            "connection",
            "2",
            json!({"a": {"b": null}, "status": null, "settings": {"port": 5432}, "list": [{"c": 1}]}),
        )
        .read();
    let files = csv(&choose(&collection, &all()).unwrap());
    let rows = &files["connection.csv"];
    let content: Vec<&str> =
        rows[0].iter().filter(|header| header.starts_with("content/")).map(String::as_str).collect();
    let want = ["a/b", "list", "only_null", "settings/port", "status/setup", "status/tasks", "x~1y"];
    assert_eq!(content, want.map(|place| format!("content/{place}")));
    assert_eq!(column(rows, "content/list"), ["", "[{\"c\":1}]"]);
    assert_eq!(column(rows, "content/settings/port"), ["", "5432"]);
}

#[test]
fn a_folder_that_exists_is_refused_and_a_new_one_is_private() {
    let collection = account().read();
    let choice = choose(&collection, &all()).unwrap();
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = scratch.path().join("csv");
    export::csv::write(&choice, true, &folder).unwrap();
    let error = export::csv::write(&choice, true, &folder).unwrap_err().to_string();
    assert!(error.contains("csv exists already: choose another"), "{error}");
    assert!(std::fs::read(folder.join("user.csv")).unwrap().starts_with(b"\xef\xbb\xbfcoverage,"));
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1, "nothing else is left");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("user.csv"))), (0o700, 0o600));
    }
}

#[test]
fn the_same_collection_makes_the_same_bytes() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (one, other) = (scratch.path().join("one"), scratch.path().join("elsewhere"));
    canaries().write(&one);
    std::fs::create_dir(&other).unwrap();
    for file in std::fs::read_dir(&one).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), other.join(file.file_name())).unwrap();
    }
    let made = [&one, &other].map(|folder| {
        let collection = Collection::read(folder, source_evidence::verify::Anchors::default()).unwrap();
        let choice = choose(&collection, &all()).unwrap();
        (
            oscal(&collection, &all()).to_string(),
            ocsf(&collection, &all()),
            csv(&choice),
            export::xlsx::workbook(&choice).unwrap(),
        )
    });
    assert!(made[0] == made[1]);
}

/// Every member of this name, anywhere.
fn members<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            found.extend((key == name).then_some(value));
            members(value, name, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| members(item, name, found)),
        _ => {}
    }
}

fn all_of<'v>(value: &'v Value, name: &str) -> Vec<&'v str> {
    let mut found = Vec::new();
    members(value, name, &mut found);
    found.into_iter().filter_map(Value::as_str).collect()
}

#[test]
fn oscal_refers_to_what_is_there_and_judges_no_control() {
    let collection = canaries().read();
    let document = oscal(&collection, &all());
    let uuids = all_of(&document, "uuid");
    let known: BTreeSet<&str> = uuids.iter().copied().collect();
    assert_eq!(known.len(), uuids.len(), "no UUID comes twice");
    let mut references = Vec::new();
    for name in ["subject-uuid", "observation-uuid", "actor-uuid"] {
        let found = all_of(&document, name);
        assert!(!found.is_empty(), "{name}");
        references.extend(found);
    }
    references.extend(all_of(&document, "href").iter().filter_map(|href| href.strip_prefix('#')));
    assert!(references.iter().all(|reference| known.contains(reference)));
    let results = &document["assessment-results"]["results"][0];
    assert_eq!(
        all_of(results, "state").iter().filter(|state| **state != "operational").collect::<BTreeSet<_>>(),
        [&"not-satisfied"].into()
    );
    let rules: BTreeSet<String> = Rules::built_in().iter().map(|rule| rule.id.clone()).collect();
    let controls: BTreeSet<&str> =
        source_report::controls::controls().iter().map(|control| control.id.as_str()).collect();
    for target in all_of(results, "target-id") {
        assert!(rules.contains(target) && !controls.contains(target), "{target}: a rule, not a control");
    }
    assert!(all_of(results, "target-id").contains(&"system-key-never-expires"));
    let observation =
        results["observations"].as_array().unwrap().iter().find(|one| one["title"] == "The system_key key_1").unwrap();
    let prop = |name: &str| {
        observation["props"]
            .as_array()
            .unwrap()
            .iter()
            .find(|prop| prop["name"] == name)
            .map(|prop| prop["value"].clone())
    };
    assert_eq!(prop("observed_at"), Some(json!(READ)));
    assert_eq!(prop("valid_until"), Some(observation["expires"].clone()));
    assert_eq!(prop("effective_at"), None, "the vendor does not say");
    assert_eq!(observation["methods"], json!(["EXAMINE"]));
    let escaped = ["title", "description", "remarks", "prose"].into_iter().flat_map(|name| all_of(&document, name));
    let bare = |text: &str| {
        text.replace("\\\\", "")
            .split('\\')
            .skip(1)
            .fold(text.split('\\').next().unwrap_or("").to_string(), |all, part| {
                all + part.get(1..).unwrap_or_default()
            })
    };
    let mut marked = 0;
    for text in escaped {
        marked += usize::from(text.contains("\\<script"));
        assert!(!bare(text).contains(['<', '[', '`', '*', '&']), "{text}");
    }
    assert!(marked > 3);
}

/// A rule whose records were not read has no counts, which would read like a pass.
#[test]
fn oscal_says_of_a_rule_that_could_look_at_nothing_that_it_was_not_judged() {
    let told_of = |account: Account| {
        let document = oscal(&account.read(), &told());
        let all = document["assessment-results"]["results"][0]["observations"].as_array().unwrap().clone();
        let mut one = all.into_iter().filter(|one| one["title"].as_str().unwrap().ends_with("A webhook is not signed"));
        let one = one.next().unwrap();
        ["title", "description"].map(|name| one[name].as_str().unwrap().to_string())
    };
    let [title, text] = told_of(account().state("webhook", "forbidden", "the key may not read it"));
    assert_eq!(title, "NOT JUDGED: A webhook is not signed");
    let want =
        "NOT JUDGED: No record of kind webhook that it is about was read, and there may be some. webhook: forbidden";
    assert!(text.starts_with(want) && !text.contains("of 0"), "{text}");
    let [title, text] = told_of(account().state("webhook", "complete", ""));
    assert_eq!(title, "A webhook is not signed");
    assert!(text.starts_with("True of 0, unknown of 0, false of 0 records of kind webhook."), "{text}");
    let one = account().with("webhook", "w", json!({"signed": true})).state("webhook", "partial", "cut");
    let [title, text] = told_of(one);
    assert_eq!(title, "A webhook is not signed");
    assert!(text.starts_with("True of 0, unknown of 0, false of 1 records of kind webhook that were read."), "{text}");
}

#[test]
fn ocsf_says_of_a_kind_without_records_that_it_was_not_read_whole() {
    let collection = account().state("webhook", "forbidden", "the key may not read it").read();
    for kinds in [vec!["webhook"], vec![]] {
        let wish = Wish { kinds: kinds.iter().map(ToString::to_string).collect(), incomplete: true };
        let events = ocsf(&collection, &wish);
        let said: Vec<&Value> = events.iter().filter(|event| event["compliance"]["control"] == "read-whole").collect();
        assert_eq!(said.len(), 1, "{kinds:?}");
        let (event, want) = (said[0], "forbidden: the key may not read it");
        assert_eq!(
            (&event["compliance"]["status"], &event["compliance"]["status_detail"]),
            (&"Unknown".into(), &want.into())
        );
        assert!(event["message"].as_str().unwrap().starts_with("INCOMPLETE: not every record of webhook"), "{event}");
    }
    let whole = Wish { kinds: vec!["user".into()], incomplete: true };
    assert!(ocsf(&collection, &whole).iter().all(|event| event["compliance"]["control"] != "read-whole"));
}

#[test]
fn ocsf_fails_where_a_rule_is_true_and_never_passes() {
    let unknown = json!({"id": "key_2", "name": null, "permissions": []});
    let account = account().with("system_key", "key_2", unknown).state("system_key", "partial", "one failed");
    let collection = account.read();
    let events = ocsf(&collection, &told());
    let of = |class: u32| events.iter().filter(move |event| event["class_uid"] == class);
    assert_eq!((of(5003).count(), of(5023).count()), (1, 1), "a user and a group");
    let statuses: BTreeSet<&str> = of(2003).map(|event| event["compliance"]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["Fail", "Unknown"].into());
    let rule = |event: &&Value| event["compliance"]["control"] == "system-key-never-expires";
    let told: BTreeSet<(&str, &str)> = of(2003)
        .filter(rule)
        .map(|event| {
            (event["resources"][0]["uid"].as_str().unwrap_or("(all)"), event["compliance"]["status"].as_str().unwrap())
        })
        .collect();
    assert_eq!(told, [("(all)", "Unknown"), ("key_1", "Fail"), ("key_2", "Unknown")].into());
    for event in &events {
        let is_gap = event["class_uid"] == 2003 && event["resources"].is_null();
        for name in ["observed_at", "effective_at", "valid_until"] {
            assert!(is_gap || event["unmapped"].as_object().unwrap().contains_key(name), "{event}");
        }
    }
}
