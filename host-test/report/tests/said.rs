//! What a reader has to know before any finding: what was odd in the answers, who is missing from a list, and whose rules
//! these are; on the page and in each export.
#![cfg(test)] // What clippy.toml gives to tests holds for helpers too.

mod exported;
mod look;
mod support;

use exported::told;
use look::{between, cells, data, table};
use serde_json::{Value, json};
use source_report::collection::Collection;
use source_report::export::{choose, csv, ocsf, oscal};
use source_report::finding::Rules;
use source_report::page::page;
use support::records::{record, without};
use support::{Account, extended};

fn made(collection: &Collection, rules: &Rules) -> String {
    let changed: Vec<String> = rules.changed().collect();
    page(collection, &rules.judge(collection).unwrap(), &changed, None).unwrap()
}

/// The access review as CSV.
fn review(collection: &Collection) -> Vec<::csv::StringRecord> {
    file(collection, "access-review.csv")
}

fn file(collection: &Collection, name: &str) -> Vec<::csv::StringRecord> {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = scratch.path().join("csv");
    csv::write(&choose(collection, &told()).unwrap(), false, &folder).unwrap();
    let path = folder.join(name);
    ::csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap().records().map(Result::unwrap).collect()
}

fn column(rows: &[::csv::StringRecord], name: &str) -> Vec<String> {
    let place = rows[0].iter().position(|one| one == name).unwrap();
    rows.iter().skip(1).map(|row| row[place].to_string()).collect()
}

#[test]
fn what_the_source_found_odd_is_on_the_first_screen_and_beside_the_rules_of_its_kind() {
    let account = record("private_link", json!({"state": "FAILED"})).with("webhook", "w", json!({"signed": true}));
    let odd = "GET /v1/private_link: /state is a value that is not known";
    let page = made(&account.clone().odd(odd).odd("GET /v1/else/{id} <b>").read(), &Rules::built_in());
    let (first, rest) = page.split_once("id=\"coverage\"").unwrap();
    assert!(first.contains(odd) && first.contains("GET /v1/else/{id}") && !page.contains("<b>"));
    assert!(
        first.contains("<a href=\"#odd\"><strong>2</strong> findings of the source about the vendor&#39;s answers")
    );
    let card = |id: &str| between(rest, &format!("id=\"finding-{id}\""), "</article>").to_string();
    assert!(card("private-link-failed").contains(odd) && !card("webhook-unsigned").contains("Odd in"));
    assert!(!made(&account.clone().read(), &Rules::built_in()).contains("id=\"odd\""));
    let rows = file(&account.odd(odd).read(), "coverage-by-kind.csv");
    let told = column(&rows, "kind").into_iter().zip(column(&rows, "odd_answers"));
    assert_eq!(told.filter(|(_, told)| !told.is_empty()).collect::<Vec<_>>(), [("private_link".into(), odd.into())]);
}

/// Who holds something and is not in the list shows that the list is short; who only made something may have left.
#[test]
fn people_who_are_named_and_not_in_a_complete_list_are_counted_everywhere() {
    let whole = ["team", "access_grant", "team_membership", "connection"];
    let user = json!({"id": "usr_root", "active": true, "role": null});
    let account = Account::new().with("user", "usr_root", user);
    let account = whole.iter().fold(account, |account, kind| account.state(kind, "complete", ""));
    let made_by = |account: Account| account.with("connection", "c", json!({"connected_by": "usr_left"}));
    let member = |account: Account, id: &str| {
        account.with("team_membership", id, json!({"team_id": "t", "user_id": id, "role": "Team Member"}))
    };
    let rules = Rules::built_in();
    let left = made(&made_by(account.clone()).read(), &rules);
    assert!(left.contains("1 person is named by other records and is not in the list of users: they made something"));
    assert!(!left.contains("NOT ALL USERS"));
    let short = member(member(made_by(account.clone()), "usr_a"), "usr_b").read();
    let words = "NOT ALL USERS: 3 people are named by other records and are not in the list of users: 2 hold a \
                 membership, a grant or a key, so that the list is not whole, whatever its coverage says";
    assert!(made(&short, &rules).contains("<strong>1</strong> user, not all<"));
    assert!(made(&short, &rules).contains(&format!("<p class=\"caveat\"><strong>{words}</strong></p>")));
    let rows = review(&short);
    assert_eq!(column(&rows, "account_state"), ["not in the list", "not in the list", "active, activation not told"]);
    assert_eq!(column(&rows, "last_login_state")[0], "not in the list");
    assert!(column(&rows, "caveats").iter().all(|caveats| caveats.contains(words)));
    let choice = choose(&short, &told()).unwrap();
    assert!(ocsf::events(&choice, &[]).iter().all(|event| event.contains(words)));
    assert!(oscal::document(&choice, &[]).contains(words));
    // The key's own user is one who should be in it.
    let keyless =
        whole.iter().fold(Account::new().state("user", "complete", ""), |it, kind| it.state(kind, "complete", ""));
    let keyless = keyless.with("account", "acme_acc", json!({"user_id": "usr_root"}));
    assert!(made(&keyless.read(), &rules).contains("NOT ALL USERS: 1 person is named"));
    // So nobody is known to be gone.
    let gone = made_by(member(account.clone(), "usr_a")).read();
    let outcomes = rules.judge(&gone).unwrap();
    let leaver = outcomes.iter().find(|outcome| outcome.rule.id == "connection-of-leaver").unwrap();
    assert!(leaver.found.is_empty() && leaver.unknown.len() == 1 && leaver.gaps[0].contains("NOT ALL USERS"));
    // Of a list that is not said to be complete nothing is proven.
    let part = member(account, "usr_a").state("user", "partial", "cut").read();
    assert!(!made(&part, &rules).contains("named by other records"));
}

#[test]
fn a_users_own_rules_are_named_on_the_page_and_in_each_export() {
    let silent = json!({
        "id": "webhook-unsigned", "title": "A webhook is not signed", "why": "W", "refuted_by": "R", "weight": "high",
        "kind": "webhook", "controls": [], "when": {"at": "/signed", "is": "never so"},
    });
    let mut added = silent.clone();
    added["id"] = json!("of-ours");
    let rules = extended(&json!({"rules": [silent, added], "disable": ["webhook-inactive", "tls-off"]})).unwrap();
    let changed: Vec<String> = rules.changed().collect();
    let [words] = &changed[..] else { panic!("{changed:?}") };
    let (begin, end) = words.split_once(" (SHA-256 ").unwrap();
    assert_eq!(begin, "NOT THE BUILT-IN RULES ALONE: rules from own.json");
    let want = "1 added: of-ours; 1 replaced: webhook-unsigned; 2 left out: tls-off, webhook-inactive";
    assert_eq!(end.split_once("): ").unwrap().1, want);
    let collection = record("webhook", json!({"signed": false})).read();
    let page = made(&collection, &rules);
    assert!(page.contains(&format!("<p class=\"caveat\"><strong>{words}</strong></p>")));
    assert_eq!(page.matches("rule of your own").count(), 2);
    let choice = choose(&collection, &told()).unwrap().ruled_by(&rules);
    let outcomes = rules.judge(&collection).unwrap();
    let document: Value = serde_json::from_str(&oscal::document(&choice, &outcomes)).unwrap();
    let results = &document["assessment-results"];
    assert!(results["metadata"]["remarks"].as_str().unwrap().contains(want));
    let record = record("webhook", json!({"signed": null})).state("user", "partial", "cut").read();
    let choice = choose(&record, &told()).unwrap().ruled_by(&rules);
    let events = ocsf::events(&choice, &rules.judge(&record).unwrap());
    assert!(!events.is_empty() && events.iter().all(|event| event.contains(want)));
    let unchanged = extended(&json!({})).unwrap();
    assert!(made(&collection, &unchanged).contains("0 added; 0 replaced; 0 left out"));
    assert!(!made(&collection, &Rules::built_in()).contains("NOT THE BUILT-IN RULES"));
}

/// A role, a login and a date that are not there are not told; null is what the vendor says.
#[test]
fn what_is_absent_is_never_said_to_be_none() {
    let untold = without("user", json!({}), &["role", "logged_in_at"]).with(
        "user",
        "b",
        json!({"role": null, "logged_in_at": null}),
    );
    let whole = ["team", "team_membership"].iter().fold(untold, |account, kind| account.state(kind, "complete", ""));
    let grant =
        |id: &str| json!({"grantee_type": "user", "grantee_id": id, "resource_type": "group", "resource_id": "g"});
    let account = whole.with("access_grant", "g", grant("it"));
    let account = account.with("system_key", "k", json!({"created_at": "2026-01-01T00:00:00Z"}));
    let collection = account.read();
    let data = data(&made(&collection, &Rules::built_in()));
    let users = table(&data, "users");
    assert_eq!(cells(users, "Account role"), ["not told", ""]);
    assert_eq!(cells(users, "Age of last login"), ["not told", "never"]);
    let keys = table(&data, "keys");
    assert_eq!([cells(keys, "Time left"), cells(keys, "Age of last use")].concat(), ["not told", "not told"]);
    assert!(cells(table(&data, "access"), "Role").contains(&"not told"));
    assert!(column(&review(&collection), "role").contains(&"not told".to_string()));
}
