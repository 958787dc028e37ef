//! Exports of invented accounts.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

mod exported;
mod support;

use exported::{CANARIES, account, all, canaries, ocsf, oscal, told};
use serde_json::json;
use source_evidence::text::plain;
use source_report::collection::Collection;
use source_report::export::{self, Choice, Refused, Wish, choose};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use support::{Account, READ};

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
