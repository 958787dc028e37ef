//! What the page says in words is so: no number is taken for all, nobody is called unknown who is known.
#![cfg(test)] // What clippy.toml gives to tests holds for helpers too.

mod look;
mod pages;
mod support;

use look::{between, cells, data, table};
use pages::all_kinds;
use serde_json::{Value, json};
use source_evidence::diff::meaning::Meanings;
use source_evidence::kinds::KindFacts;
use source_report::access::review;
use source_report::collection::Collection;
use source_report::export::{Wish, choose, csv, ocsf};
use source_report::finding::Rules;
use source_report::page::{Changes, MAX_LISTED, page};
use std::collections::BTreeSet;
use support::Account;
use support::records::{record, usual};

fn made(collection: &Collection) -> String {
    page(collection, &Rules::built_in().judge(collection).unwrap(), &[], None).unwrap()
}

/// The tiles of the first screen: number and what of.
fn tiles(page: &str) -> BTreeSet<(String, String)> {
    let tiles = between(page, "<nav class=\"tiles\"", "</nav>");
    let tile = |tile: &str| {
        let (number, what) = tile.split_once("</strong> ").unwrap();
        (number.to_string(), what.split_once("</a>").unwrap().0.to_string())
    };
    tiles.split("<strong>").skip(1).map(tile).collect()
}

fn has_tile(page: &str, number: &str, what: &str) {
    let tiles = tiles(page);
    assert!(tiles.contains(&(number.into(), what.into())), "{number} {what}: {tiles:?}");
}

/// The columns of a CSV file whose name begins so.
fn file(collection: &Collection, name: &str, column: &str) -> Vec<String> {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let wish = Wish { incomplete: true, ..Wish::default() };
    let folder = scratch.path().join("csv");
    let files = csv::write(&choose(collection, &wish).unwrap(), false, &folder).unwrap();
    let name = &files.iter().find(|file| file.name.starts_with(name)).unwrap().name;
    let mut reader = ::csv::ReaderBuilder::new().has_headers(true).from_path(folder.join(name)).unwrap();
    let place = reader.headers().unwrap().iter().position(|header| header == column).unwrap();
    reader.records().map(|row| row.unwrap()[place].to_string()).collect()
}

/// The command that the page names makes a file that has every record behind a finding.
#[test]
fn what_is_cut_of_the_findings_is_in_the_export_that_is_named() {
    let webhook = |account: Account, at: usize| account.with("webhook", &at.to_string(), json!({"signed": null}));
    let account = (0..=MAX_LISTED / 2).fold(Account::new().state("user", "partial", "cut"), webhook);
    let collection = account.read();
    let page = made(&collection);
    let total = table(&data(&page), "cited")["total"].as_u64().unwrap();
    assert!(total > MAX_LISTED as u64);
    let said = format!("The first {MAX_LISTED} of {total} rows are here; all are in ");
    let place = between(&page, &said, "</p>");
    assert!(place.contains("OCSF and OSCAL") && place.contains("--incomplete --format ocsf"), "{place}");
    let rules = Rules::built_in();
    let choice = choose(&collection, &Wish { incomplete: true, ..Wish::default() }).unwrap();
    let events = ocsf::events(&choice, &rules.judge(&collection).unwrap());
    let about_records = |event: &&String| event.contains("\"class_uid\":2003") && event.contains("\"resources\":[");
    assert_eq!(events.iter().filter(about_records).count() as u64, total);
}

/// A rule with a hit can be open too; one with a gap and without a hit is never clear.
#[test]
fn every_rule_that_cannot_say_is_counted_and_none_with_a_gap_is_clear() {
    let key = |patch: Value| usual("system_key", &patch);
    let found_and_unknown = Account::new()
        .with("system_key", "a", key(json!({"expired_at": null})))
        .with("system_key", "b", key(json!({})))
        .withholding("/expired_at", "unknown_setting");
    let page = made(&found_and_unknown.read());
    assert!(
        page.contains("3 rules: 1 found something (1 of them cannot say of all records), 0 found nothing and cannot")
    );
    has_tile(&page, "1", "rule found something");
    has_tile(&page, "1", "rule cannot say, or not of all");

    let partial = record("audit_logging", json!({})).state("audit_logging", "partial", "one was refused");
    let page = made(&partial.read());
    for rule in ["audit-export-unhealthy", "platform-connector-stale"] {
        assert!(page.contains(&format!("<article class=\"card unknown\" id=\"finding-{rule}\"")), "{rule}");
    }
    assert!(page.contains("<article class=\"card unjudged\" id=\"finding-audit-export-missing\""));
    has_tile(&page, "3", "rules cannot say, or not of all");
    assert!(page.contains(", 0 found nothing, 1 not judged"));
}

#[test]
fn no_tile_has_a_number_for_all_where_not_all_was_read() {
    let webhook = Account::new().with("webhook", "w", json!({}));
    let account = webhook
        .with("system_key", "a", usual("system_key", &json!({})))
        .with("system_key", "b", usual("system_key", &json!({})))
        .with("user", "u", usual("user", &json!({})))
        .state("system_key", "partial", "cut")
        .state("connection", "forbidden", "the key may not read it")
        .state("destination", "complete", "");
    let page = made(&account.clone().read());
    has_tile(&page, "not read", "connections");
    has_tile(&page, "2", "keys, not all");
    has_tile(&page, "0", "destinations");
    has_tile(&page, "1", "user");
    has_tile(&page, "3 of 5", "kinds asked for, read whole");
    assert!(page.contains("Kinds that are not in this table were not requested"));
    let half = account.state("system_key", "complete", "").state("api_key", "forbidden", "no").read();
    has_tile(&made(&half), "2", "keys, not all");
    let whole = all_kinds().state("team_membership", "partial", "cut").read();
    has_tile(&made(&whole), &review(&whole).len().to_string(), "rows to review, not all");
}

#[test]
fn only_who_is_not_among_all_the_users_is_called_unknown() {
    let event = |what: &str, id: &str, by: &str| (what.to_string(), id.to_string(), json!({"user_id": by}));
    let events =
        [event("CERTIFICATE", "hash", "usr_ada"), event("WEBHOOK", "whk", "usr_gone"), event("USER", "usr_silent", "")];
    let account = all_kinds().with("user", "usr_silent", json!({"active": true})).with("webhook", "whk", json!({}));
    let account = events.into_iter().fold(account, |account, (what, id, content)| {
        let mut account = account.with("audit_event", &id, content);
        account.rows.last_mut().unwrap().subject = Some(what);
        account
    });
    let shown = |account: Account| {
        let data = data(&made(&account.read()));
        let table = table(&data, "events");
        let mut all = [cells(table, "What"), cells(table, "By")].concat();
        all.extend(cells(self::table(&data, "users"), "User"));
        all.into_iter().map(String::from).collect::<BTreeSet<_>>()
    };
    let whole = shown(account.clone());
    for want in ["certificate hash", "webhook whk", "user usr_silent", "unknown user usr_gone", "Ada Example"] {
        assert!(whole.contains(want), "{want}: {whole:?}");
    }
    assert_eq!(whole.iter().filter(|text| text.contains("unknown")).count(), 1, "{whole:?}");
    let part = shown(account.state("user", "partial", "cut"));
    assert!(part.contains("user usr_gone") && part.iter().all(|text| !text.contains("unknown")), "{part:?}");
}

/// A kind of events is complete since the instant that was asked for: that is not the whole of it.
#[test]
fn events_since_an_instant_are_never_said_to_be_all() {
    let said = |since: Option<&str>| {
        let account = all_kinds();
        let page = made(&Account { since: since.map(String::from), ..account }.read());
        let events = between(&page, "<section id=\"events\"", "</p>").to_string();
        (events.contains("Read whole"), events.contains("events before 2026-01-01T00:00:00Z were left out"), page)
    };
    let (whole, left_out, page) = said(Some("2026-01-01T00:00:00Z"));
    assert!(!whole && left_out);
    has_tile(&page, "3", "audit events, not all");
    has_tile(&page, "1", "connection");
    let (whole, left_out, page) = said(None);
    assert!(whole && !left_out);
    has_tile(&page, "3", "audit events");
}

/// Two things of one name are two: in the review, in the tables, and in what a picture counts.
#[test]
fn things_of_one_name_are_told_apart_by_their_ids() {
    let group = |account: Account, id: &str| account.with("group", id, json!({"name": "Warehouse"}));
    let account = group(all_kinds(), "grp_two").with("user", "usr_two", json!({"active": true})).named("Ada Example");
    let key = json!({"name": "robot", "created_at": "2026-01-02T03:04:05Z"});
    let data = data(&made(&account.with("system_key", "key_two", key).read()));
    let users = cells(table(&data, "access"), "User");
    assert!(users.contains(&"Ada Example (usr_ada)") && users.contains(&"Ada Example (usr_two)"), "{users:?}");
    assert!(cells(table(&data, "access"), "Resource").contains(&"Warehouse (grp_wh)"));
    assert_eq!(cells(table(&data, "connections"), "Destination"), ["Warehouse (grp_wh)"]);
    let keys = cells(table(&data, "keys"), "Key");
    assert!(keys.contains(&"robot (key)") && keys.contains(&"robot (key_two)"), "{keys:?}");
}

/// Every grant is in the review, also where nobody is known to hold it, in the page and in the file.
#[test]
fn a_grant_that_nobody_is_known_to_hold_is_reviewed_too() {
    let grant = |kind: &str, id: Value| json!({"grantee_type": kind, "grantee_id": id, "resource_type": "group", "resource_id": "grp_wh", "role": "R"});
    let account = all_kinds()
        .with("access_grant", "g4", grant("team", json!("tm_empty")))
        .with("access_grant", "g5", grant("user", Value::Null))
        .with("access_grant", "g6", grant("team", Value::Null))
        .with("team_membership", "m2", json!({"team_id": "tm_fin", "user_id": null, "role": "Team Member"}));
    for (state, want) in [("complete", "(the team has no member)"), ("partial", "(no member was read)")] {
        let collection = account.clone().state("team_membership", state, "").read();
        let grants: BTreeSet<u64> = collection.of_kind("access_grant").map(|record| record.line).collect();
        let members = collection.of_kind("team_membership").map(|record| record.line);
        let because: BTreeSet<u64> =
            review(&collection).iter().flat_map(|row| row.because.iter().map(|record| record.line)).collect();
        assert!(grants.into_iter().chain(members).all(|line| because.contains(&line)), "{state}");
        let data = data(&made(&collection));
        let mut page = cells(table(&data, "access"), "User");
        for want in [want, "(grantee not told)", "(member not told)"] {
            assert!(page.contains(&want), "{want}: {page:?}");
        }
        let mut names = file(&collection, "access-review.", "user_name");
        names.retain(|name| name.starts_with('('));
        page.retain(|name| name.starts_with('('));
        names.sort();
        page.sort();
        assert_eq!(names, page);
    }
}

#[test]
fn never_is_one_thing_not_told_another_and_to_come_a_third() {
    let user = |account: Account, id: &str, login: Value| {
        account.with("user", id, json!({"active": true, "logged_in_at": login}))
    };
    let account = [
        ("a", json!("2026-06-29T23:30:00-02:00")),
        ("b", json!(null)),
        ("c", json!("1970-01-01T00:00:00.000000Z")),
        ("d", json!("quatsch")),
        ("e", json!("2999-01-01T00:00:00Z")),
    ];
    let account = account.into_iter().fold(Account::new(), |account, (id, login)| user(account, id, login));
    let account = account.with("user", "f", json!({"active": true}));
    let account = user(account, "g", json!(null)).withholding("/logged_in_at", "personal_data");
    let account = ["team", "team_membership"].iter().fold(account, |it, kind| it.state(kind, "complete", ""));
    let grant = json!({"grantee_type": "user", "grantee_id": "x", "resource_type": "account", "resource_id": "a"});
    let collection = account.with("access_grant", "g", grant).read();
    let data = data(&made(&collection));
    let users = table(&data, "users");
    let told = ["under 30 days", "never", "never", "not told", "after the collection", "not told", "not told"];
    assert_eq!(cells(users, "Age of last login"), told);
    assert_eq!(cells(users, "Last login"), ["2026-06-30", "never", "never", "quatsch", "2999-01-01", "", ""]);
    let states = file(&collection, "access-review.", "last_login_state");
    assert_eq!(
        states,
        ["told", "never", "never", "not told", "after the collection", "not told", "not told", "not in the list"]
    );
    assert_eq!(cells(users, "Created"), [""; 7]);
}

#[test]
fn periods_are_of_utc_and_what_is_none_is_said_in_words() {
    let event = |account: Account, (id, at): (usize, Value)| {
        account.with("audit_event", &id.to_string(), json!({"captured_at": at}))
    };
    let times = [
        json!("2026-06-01T00:30:00+02:00"),
        json!("2026-06-01T00:00:00Z"),
        json!("quatsch"),
        json!("2999-01-01T00:00:00Z"),
        json!("1905-01-01T00:00:00Z"),
        json!(null),
    ];
    let account = times.into_iter().enumerate().fold(Account::new(), event);
    let run = |account: Account, day: usize| {
        account.with("sync_run", &day.to_string(), json!({"start_time": format!("2026-01-{day:02}T00:00:00Z")}))
    };
    let page = made(&(1..27).fold(account, run).read());
    let data = data(&page);
    let events = table(&data, "events");
    let months = ["after the collection", "2026-06", "2026-05", "before 2000", "no timestamp", "not told"];
    assert_eq!(cells(events, "Month"), months, "the latest first");
    let chart = between(&page, ">Events by month</figcaption>", "</figure>");
    assert!(months.iter().all(|month| chart.contains(&format!("data-value=\"{month}\""))));
    let chart = between(&page, ">Syncs by day</figcaption>", "</figure>");
    assert!(chart.contains("and 2 earlier days: 2 rows"), "{chart}");
}

#[test]
fn one_is_one_and_a_status_has_one_letter_case() {
    let destination = |account: Account, (id, status): (usize, &str)| {
        account.with("destination", &id.to_string(), json!({"setup_status": status, "service": format!("s{id}")}))
    };
    let account = [(1, "CONNECTED"), (2, "connected")].into_iter().fold(Account::new(), destination);
    let account = (3..=13).fold(account, |account, id| destination(account, (id, "Incomplete")));
    let page = made(&account.with("user", "u", json!({})).read());
    let data = data(&page);
    let status: BTreeSet<&str> = cells(table(&data, "destinations"), "Set up").into_iter().collect();
    assert_eq!(status, ["connected", "incomplete"].into());
    assert!(page.contains(">and 1 more value: 1 row</p>"));
    has_tile(&page, "1", "user");
}

#[test]
fn a_wrong_seal_is_said_to_be_that_and_no_contradiction() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = scratch.path().join("collection");
    record("webhook", json!({"signed": true})).write(&folder);
    let other = "0".repeat(64);
    let anchors = source_evidence::verify::Anchors { seal: Some(&other), key: None };
    let gap = |collection: &Collection| {
        let rules = Rules::built_in();
        let outcomes = rules.judge(collection).unwrap();
        outcomes.iter().find(|one| one.rule.id == "webhook-unsigned").unwrap().gaps.concat()
    };
    let collection = Collection::read(&folder, anchors).unwrap();
    let want = "this is not the collection of the seal that was given, so nothing shows what was read whole";
    assert_eq!(gap(&collection), format!("webhook: {want}"));
    let page = made(&collection);
    assert!(page.contains(want) && !page.contains("the collection contradicts itself"));
    assert!(!collection.is_complete("webhook"));
    let file = folder.join("evidence.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"signed\":true", "\"signed\":null")).unwrap();
    let collection = Collection::read(&folder, anchors).unwrap();
    assert!(gap(&collection).starts_with("webhook: the collection contradicts itself"), "{}", gap(&collection));
}

#[test]
fn a_collection_that_is_compared_with_itself_is_said_to_be() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let [one, other] = ["one", "other"].map(|name| scratch.path().join(name));
    [&one, &other].into_iter().for_each(|folder| record("webhook", json!({"signed": true})).write(folder));
    let facts = KindFacts { id: "webhook", schema_version: 1, content_schema: "{}", is_event: false, always: false };
    let said = |before: &std::path::Path| {
        let changes = Changes::between(before, &one, &Meanings::new("fivetran", &[facts]).unwrap()).unwrap();
        let collection = Collection::read(&one, source_evidence::verify::Anchors::default()).unwrap();
        page(&collection, &[], &[], Some(&changes)).unwrap().contains("one and the same collection")
    };
    assert!(said(&one));
    assert!(!said(&other), "of another collection of the same account");
}
