//! Two small collections, made as a host makes them, held against each other; and every way in which they can differ.
#![cfg(test)] // What clippy.toml gives to tests holds for helpers too.

use serde_json::{Value, json};
use source_evidence::digest::canonical;
use source_evidence::folder::EvidenceDir;
use source_evidence::made::Made;
use source_evidence::reconcile::{Reconciliation, TOLERANCE_SECONDS, Verdict, reconcile};
use source_evidence::record::{Line, Record, Subject};
use source_evidence::summary::{Asked, ComponentSummary, CoverageSummary, Page, Request, Summary};
use std::collections::BTreeMap;
use std::path::Path;

/// When the account was read.
const READ: &str = "2026-06-30T12:00:00.000Z";

/// A record: its kind, the id of its subject, its content.
type Row = (&'static str, String, Value);

/// A collection of one source.
#[derive(Clone)]
struct Collection {
    source: &'static str,
    account: &'static str,
    rows: Vec<Row>,
    /// Coverage of the kinds that are not complete.
    states: BTreeMap<&'static str, &'static str>,
    /// Kinds that were asked for and have no record.
    empty: Vec<&'static str>,
    simulated: bool,
}

impl Collection {
    fn write(&self, folder: &Path) {
        let component = ComponentSummary { id: self.source.into(), version: "1".into(), sha256: "0".repeat(64) };
        let digest = "0".repeat(64);
        let asked = Asked { request: Request::default(), settings: "{}", settings_digest: &digest };
        let simulated = self.simulated.then(|| "seed 1".to_string());
        let made = Made { clock: "fixed".into(), simulated, ..Made::default() };
        let statements = vec!["coverage".to_string(), "manifest".to_string()];
        let mut dir = EvidenceDir::create(folder, Summary::begin(component, made, statements, asked)).unwrap();
        let mut lines = Vec::new();
        let mut counts: BTreeMap<&str, u64> = self.empty.iter().map(|kind| (*kind, 0)).collect();
        for (number, (kind, id, content)) in self.rows.iter().enumerate() {
            *counts.entry(kind).or_default() += 1;
            lines.push((*kind, line(kind, id, &format!("urn:{number}"), content)));
        }
        let mut coverage = Vec::new();
        for (kind, records) in &counts {
            let state = self.states.get(kind).copied().unwrap_or("complete");
            let reason = if state == "complete" { "" } else { "for a test" };
            let content = json!({
                "kind": kind, "state": state, "reason": reason, "records": records, "items_failed": 0,
                "accepted": false, "missing_permission": null,
            });
            lines.push(("coverage", line("coverage", kind, &format!("urn:coverage:{kind}"), &content)));
            let (kind, state, reason) = (kind.to_string(), state.into(), reason.into());
            coverage.push(CoverageSummary { kind, state, reason, records: *records, ..CoverageSummary::default() });
        }
        let kinds: Vec<Value> =
            counts.iter().map(|(kind, records)| json!({"kind": kind, "records": records})).collect();
        let closing = json!({
            "account_id": self.account, "started_at": READ, "finished_at": READ, "kinds": kinds, "settings": {},
            "interface": "compliance:source@0.2.0", "settings_digest": digest, "records": lines.len(),
        });
        lines.push(("manifest", line("manifest", self.account, "urn:manifest", &closing)));
        let page = Page { kinds: lines.iter().map(|(kind, _)| (*kind).into()).collect(), coverage, ..Page::default() };
        let lines: Vec<Line> = lines.into_iter().map(|(_, line)| line).collect();
        let summary = dir.summary().clone().with(page, &lines, &[]);
        dir.append(&lines, &[], None, summary).unwrap();
        dir.finish(None).unwrap();
    }
}

fn line(kind: &str, subject: &str, id: &str, content: &Value) -> Line {
    let record = Record {
        id: id.into(),
        kind: kind.into(),
        schema_version: 1,
        title: format!("The {kind} {subject}"),
        subject: Subject { id: subject.into(), name: None, kind: kind.into() },
        observed_at: READ.into(),
        effective_at: None,
        content: String::from_utf8(canonical(content).unwrap()).unwrap(),
        provenance: Vec::new(),
        withheld: Vec::new(),
        valid_until: READ.into(),
    };
    record.line().unwrap()
}

/// What is there, with its stamp.
fn thing(kind: &'static str, word: &str, id: &str, at: &str) -> [Row; 2] {
    let stamp = json!({
        "action": "CREATE", "captured_at": at, "primary_resource_type": word, "primary_resource_id": id,
        "basis": "/created_at",
    });
    [(kind, id.into(), json!({"id": id})), ("audit_event", id.into(), stamp)]
}

fn entry(action: &str, word: &str, id: &str, at: &str, user_id: Option<&str>) -> Row {
    let content = json!({
        "action": action, "captured_at": at, "primary_resource_type": word, "primary_resource_id": id,
        "user_id": user_id, "source": "audit_trail",
    });
    ("audit_trail_entry", format!("{action}-{id}-{at}"), content)
}

/// A day of the window.
fn day(day: u32) -> String {
    format!("2026-06-{day:02}T08:00:00.000Z")
}

/// Six connections, users and groups each, a team and a webhook; all were created in the window but for the first ones.
fn account() -> Collection {
    let mut rows = Vec::new();
    for (number, name) in ["a", "b", "c", "d", "e", "f"].into_iter().enumerate() {
        let at = if number == 0 { "2025-01-01T00:00:00.000Z".into() } else { day(10 + u32::try_from(number).unwrap()) };
        rows.extend(thing("connection", "CONNECTION", &format!("con_{name}"), &at));
        rows.extend(thing("user", "USER", &format!("usr_{name}"), &at));
        rows.extend(thing("group", "DESTINATION", &format!("grp_{name}"), &at));
        rows.push(("destination", format!("grp_{name}"), json!({"id": name})));
    }
    rows.extend(thing("team", "TEAM", "tea_a", &day(20)));
    rows.extend(thing("webhook", "WEBHOOK", "web_a", &day(20)));
    rows.push((
        "audit_event",
        "usr_a".into(),
        json!({
            "action": "LOGIN", "captured_at": day(21), "primary_resource_type": "USER", "primary_resource_id": "usr_a",
        }),
    ));
    let (states, empty) = (BTreeMap::new(), Vec::new());
    Collection { source: "fivetran", account: "acme", rows, states, empty, simulated: false }
}

/// Its trail, from the 2nd to the 29th.
fn trail() -> Collection {
    let mut rows = vec![
        entry("EDIT", "CONNECTION", "con_a", &day(2), Some("usr_a")),
        entry("EDIT", "CONNECTION", "con_a", &day(28), Some("usr_a")),
        entry("EDIT", "CONNECTION", "con_a", &day(29), None),
        entry("CREATE", "CONNECTION", "con_gone", &day(5), Some("usr_b")),
        entry("EDIT", "CONNECTION", "con_gone", &day(6), Some("usr_b")),
        entry("DELETE", "CONNECTION", "con_gone", &day(7), Some("usr_b")),
        entry("DELETE", "USER", "usr_gone", &day(7), Some("usr_b")),
        entry("CREATE", "TEAM", "tea_a", "2026-06-20T08:00:02.500Z", None),
    ];
    for (number, name) in (1..).zip(["b", "c", "d", "e", "f"]) {
        rows.push(entry("CREATE", "CONNECTION", &format!("con_{name}"), &day(10 + number), Some("usr_a")));
        rows.push(entry("CREATE", "USER", &format!("usr_{name}"), &day(10 + number), Some("usr_a")));
        rows.push(entry("CREATE", "DESTINATION", &format!("grp_{name}"), &day(10 + number), Some("usr_a")));
    }
    let table = json!({
        "place": "bigquery", "table": "audit_trail", "scope": "account", "fresh": true, "account_id": "acme",
        "first_captured_at": day(2), "last_captured_at": day(29), "rows_read": rows.len(),
    });
    rows.push(("audit_trail_source", "audit_trail".into(), table));
    let (states, empty) = (BTreeMap::new(), Vec::new());
    Collection { source: "fivetran-audit-trail", account: "acme", rows, states, empty, simulated: false }
}

fn compare(account: &Collection, trail: &Collection) -> Result<Reconciliation, String> {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (one, other) = (scratch.path().join("account"), scratch.path().join("trail"));
    account.write(&one);
    trail.write(&other);
    reconcile(&one, &other, TOLERANCE_SECONDS).map_err(|error| error.to_string())
}

/// What disagrees, as `check type id`.
fn disagreed(found: &Reconciliation) -> Vec<String> {
    let checks = [("stamp", &found.stamps), ("deletion", &found.deletions), ("creation", &found.creations)];
    let all = checks.into_iter().flat_map(|(name, check)| check.disagreed.iter().map(move |one| (name, one)));
    all.map(|(name, one)| format!("{name} {} {}", one.resource_type, one.resource_id)).collect()
}

fn is_entry(row: &Row, action: &str, id: &str) -> bool {
    row.0 == "audit_trail_entry" && row.2["action"] == action && row.2["primary_resource_id"] == id
}

#[test]
fn what_agrees_matches_and_who_changed_what_is_named() {
    let found = compare(&account(), &trail()).unwrap();
    assert_eq!((disagreed(&found), found.verdict), (vec![], Verdict::Match), "{found:?}");
    let counts = [&found.stamps, &found.deletions, &found.creations].map(|check| (check.agreed, check.not_judged));
    // Stamps of the three first things lie before the window.
    assert_eq!(counts, [(16, 3), (2, 0), (16, 0)]);
    let changed = serde_json::to_value(&found.changed).unwrap();
    let by = |user: Option<&str>, times: u32, first: u32, last: u32| {
        let shown = |number| day(number).replace(".000Z", "Z");
        json!({"user_id": user, "times": times, "first_at": shown(first), "last_at": shown(last)})
    };
    let by = [by(None, 1, 29, 29), by(Some("usr_a"), 2, 2, 28)];
    let title = "The connection con_a";
    assert_eq!(changed, json!([{"resource_type": "CONNECTION", "resource_id": "con_a", "title": title, "by": by}]));
    let left_out = &found.not_compared;
    assert!(left_out.len() == 1 && left_out[0].what == "type WEBHOOK" && left_out[0].stamps == 1, "{left_out:?}");
}

/// Fifty things that are wrong, of three kinds: each is named, and nothing else is.
#[test]
fn each_planted_discrepancy_is_named_and_no_other() {
    let (mut account, mut trail) = (account(), trail());
    let mut want = Vec::new();
    for name in ["b", "c", "d", "e", "f"] {
        // An entry is missing.
        trail.rows.retain(|row| !is_entry(row, "CREATE", &format!("con_{name}")));
        want.push(format!("stamp CONNECTION con_{name}"));
        // An entry for the deletion of a thing that is there.
        trail.rows.push(entry("DELETE", "USER", &format!("usr_{name}"), &day(27), Some("usr_a")));
        want.push(format!("deletion USER usr_{name}"));
    }
    for number in 0..20 {
        // A stamp without an entry.
        let id = format!("new_{number:02}");
        account.rows.extend(thing("connection", "CONNECTION", &id, &day(15)));
        want.push(format!("stamp CONNECTION {id}"));
        // An entry for a thing that is not there.
        trail.rows.push(entry("CREATE", "DESTINATION", &format!("lost_{number:02}"), &day(16), Some("usr_c")));
        want.push(format!("creation DESTINATION lost_{number:02}"));
    }
    let found = compare(&account, &trail).unwrap();
    let mut names = disagreed(&found);
    names.sort();
    want.sort();
    assert_eq!((want.len(), &names), (50, &want));
    assert_eq!(found.verdict, Verdict::Mismatch);
    let lost = &found.creations.disagreed[0];
    assert_eq!((lost.user_id.as_deref(), lost.at.as_str()), (Some("usr_c"), "2026-06-16T08:00:00Z"));
}

#[test]
fn the_tolerance_is_exact_and_the_nearest_entry_is_told() {
    for (at, is_match) in [
        ("2026-06-11T08:00:05.000Z", true),
        ("2026-06-11T07:59:55.000Z", true),
        ("2026-06-11T08:00:05.001Z", false),
        ("2026-06-11T07:59:54.999Z", false),
    ] {
        let mut trail = trail();
        trail.rows.retain(|row| !is_entry(row, "CREATE", "con_b"));
        trail.rows.push(entry("CREATE", "CONNECTION", "con_b", at, None));
        let found = compare(&account(), &trail).unwrap();
        assert_eq!(disagreed(&found).is_empty(), is_match, "{at}: {found:?}");
        assert!(is_match || found.stamps.disagreed[0].what.contains("nearest entry"), "{found:?}");
    }
}

#[test]
fn what_is_made_again_deleted_again_or_happened_since_is_judged_by_its_last_entry() {
    for (entries, want) in [
        (vec![("DELETE", "2026-06-25T08:00:00Z"), ("CREATE", "2026-06-26T08:00:00Z")], vec![]),
        (vec![("CREATE", "2026-06-25T08:00:00Z"), ("DELETE", "2026-06-26T08:00:00Z")], vec!["deletion USER usr_a"]),
        // After the account was read, or so shortly before that it may be.
        (vec![("DELETE", "2026-06-30T12:00:01Z")], vec![]),
        (vec![("DELETE", "2026-06-30T11:59:55Z")], vec![]),
        (vec![("DELETE", "2026-06-30T11:59:54.999Z")], vec!["deletion USER usr_a"]),
    ] {
        let mut trail = trail();
        trail.rows.extend(entries.iter().map(|(action, at)| entry(action, "USER", "usr_a", at, None)));
        assert_eq!(disagreed(&compare(&account(), &trail).unwrap()), want, "{entries:?}");
    }
    for (at, want) in [("2026-06-30T11:59:55Z", vec![]), ("2026-06-30T11:59:54Z", vec!["creation USER usr_new"])] {
        let mut trail = trail();
        trail.rows.push(entry("CREATE", "USER", "usr_new", at, None));
        assert_eq!(disagreed(&compare(&account(), &trail).unwrap()), want, "{at}");
    }
}

#[test]
fn near_the_ends_of_the_window_and_outside_no_stamp_is_held_against_the_trail() {
    for (at, want) in [
        ("2026-06-02T08:00:04.999Z", 0),
        ("2026-06-02T08:00:05.000Z", 1),
        ("2026-06-29T07:59:55.000Z", 1),
        ("2026-06-29T07:59:55.001Z", 0),
        ("2026-06-29T23:00:00.000Z", 0),
        ("2020-01-01T00:00:00.000Z", 0),
    ] {
        let mut account = account();
        account.rows.extend(thing("team", "TEAM", "tea_x", at));
        assert_eq!(compare(&account, &trail()).unwrap().stamps.disagreed.len(), want, "{at}");
    }
}

#[test]
fn what_is_not_known_is_named_and_never_dropped() {
    let mut trail = trail();
    trail.rows.push(entry("CREATE", "SPACESHIP", "x", &day(9), None));
    trail.rows.push(entry("EDIT", "ACCOUNT", "acme", &day(9), None));
    trail.rows.push(entry("LOGIN", "USER", "usr_a", &day(9), None));
    let mut account = account();
    account.rows.extend(thing("certificate", "CERTIFICATE", "sha", &day(9)));
    let found = compare(&account, &trail).unwrap();
    let names: Vec<_> = found.not_compared.iter().map(|one| (one.what.as_str(), one.entries, one.stamps)).collect();
    let want = [
        ("type WEBHOOK", 0, 1),
        ("type ACCOUNT", 1, 0),
        ("type SPACESHIP", 1, 0),
        ("type CERTIFICATE", 0, 1),
        ("action LOGIN", 1, 0),
    ];
    assert_eq!((names.as_slice(), found.verdict), (want.as_slice(), Verdict::Match));
    // One entry of a type that nothing is said about makes its stamps count.
    trail.rows.push(entry("EDIT", "WEBHOOK", "web_z", &day(9), None));
    assert_eq!(disagreed(&compare(&account, &trail).unwrap()), ["stamp WEBHOOK web_a"]);
    // What names no time or no thing is a gap.
    trail.rows.push(entry("CREATE", "USER", "", "yesterday", None));
    let found = compare(&self::account(), &trail).unwrap();
    assert!(found.not_compared.iter().any(|one| one.what.contains("without an instant") && one.is_gap), "{found:?}");
}

#[test]
fn what_was_collected_in_part_never_matches_and_is_never_called_wrong() {
    let planted = |mut trail: Collection| {
        trail.rows.retain(|row| !is_entry(row, "CREATE", "con_b"));
        trail
    };
    for state in ["partial", "forbidden", "not_available"] {
        let mut trail = planted(trail());
        trail.states.insert("audit_trail_entry", state);
        let found = compare(&account(), &trail).unwrap();
        assert_eq!(found.verdict, Verdict::Incomplete, "{state}");
        assert!(found.stamps.doubt.as_ref().is_some_and(|why| why.contains(state) && why.contains("for a test")));
    }
    // A kind of the account that is not complete, or was not asked for.
    for is_asked in [true, false] {
        let (mut account, mut trail) = (account(), trail());
        trail.rows.push(entry("CREATE", "CONNECTION", "con_lost", &day(9), None));
        account.rows.retain(|row| is_asked || row.0 != "connection");
        account.states.insert("connection", "partial");
        let found = compare(&account, &trail).unwrap();
        assert_eq!((disagreed(&found), found.verdict), (vec![], Verdict::Incomplete));
        assert!(found.not_compared.iter().any(|one| one.what == "type CONNECTION" && one.is_gap), "{found:?}");
    }
    // No stamps, or not all of them.
    for state in [None, Some("partial")] {
        let mut account = account();
        match state {
            None => account.rows.retain(|row| row.0 != "audit_event"),
            Some(state) => drop(account.states.insert("audit_event", state)),
        }
        assert_eq!(compare(&account, &trail()).unwrap().verdict, Verdict::Incomplete, "{state:?}");
    }
    // The trail of one destination has no entries of others.
    let mut one = planted(trail());
    one.rows
        .iter_mut()
        .filter(|row| row.0 == "audit_trail_source")
        .for_each(|row| row.2["scope"] = json!("destination"));
    let found = compare(&account(), &one).unwrap();
    assert_eq!(found.verdict, Verdict::Incomplete);
    assert!(found.stamps.doubt.is_some_and(|why| why.contains("one destination")));
}

#[test]
fn a_table_without_entries_shows_nothing() {
    let mut trail = trail();
    trail.rows.retain(|row| row.0 != "audit_trail_entry");
    trail.empty.push("audit_trail_entry");
    for row in &mut trail.rows {
        (row.2["first_captured_at"], row.2["last_captured_at"]) = (Value::Null, Value::Null);
    }
    let found = compare(&account(), &trail).unwrap();
    assert_eq!((found.window, found.verdict), (None, Verdict::Incomplete));
}

/// A trail from which nothing follows: changes alone, or words that are not Fivetran's.
#[test]
fn where_nothing_was_compared_nothing_agrees() {
    type Makes = fn(&mut Row);
    let makes: [Makes; 3] = [
        |row| row.2["action"] = "EDIT".into(),
        |row| row.2["action"] = "CREATED".into(),
        |row| row.2["primary_resource_type"] = "CONNECTOR".into(),
    ];
    let old = || {
        let mut account = account();
        account.rows.retain(|row| row.0 != "audit_event");
        account
    };
    for make in makes {
        let mut trail = trail();
        trail.rows.iter_mut().filter(|row| row.0 == "audit_trail_entry").for_each(make);
        let found = compare(&old(), &trail).unwrap();
        assert_eq!((disagreed(&found), found.verdict), (vec![], Verdict::Incomplete), "{found:?}");
    }
    // Letter case is no other word; without a type it is not known of what an entry tells.
    let mut small = trail();
    small.rows.iter_mut().filter(|row| row.0 == "audit_trail_entry").for_each(|row| {
        row.2["action"] = row.2["action"].as_str().unwrap().to_lowercase().into();
    });
    assert_eq!(compare(&account(), &small).unwrap().verdict, Verdict::Match);
    let mut nameless = trail();
    nameless.rows.push(entry("EDIT", "", "x", &day(12), None));
    let found = compare(&account(), &nameless).unwrap();
    assert_eq!(found.verdict, Verdict::Incomplete, "{found:?}");
}

#[test]
fn other_sources_and_other_accounts_are_refused() {
    let refused = |account: &Collection, trail: &Collection, what: &str| {
        let why = compare(account, trail).expect_err(what);
        assert!(why.contains(what), "{why}");
    };
    refused(&trail(), &account(), "is a collection of the source \"fivetran-audit-trail\"");
    refused(&account(), &account(), "is a collection of the source \"fivetran\"");
    refused(
        &Collection { account: "other", ..account() },
        &trail(),
        "two accounts: \"other\", and the trail of \"acme\"",
    );
    let mut without = trail();
    without.rows.retain(|row| row.0 == "audit_trail_entry");
    refused(&account(), &without, "has no record of the table AUDIT_TRAIL");
}

#[test]
fn a_collection_that_contradicts_itself_or_is_not_finished_is_refused() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (one, other) = (scratch.path().join("account"), scratch.path().join("trail"));
    account().write(&one);
    trail().write(&other);
    let file = other.join("evidence.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("con_gone", "con_nope")).unwrap();
    let why = reconcile(&one, &other, 5).unwrap_err().to_string();
    assert!(why.contains("contradicts itself") && why.contains("verify"), "{why}");
    std::fs::write(&file, text).unwrap();
    assert!(reconcile(&one, &other, 5).is_ok());
    std::fs::write(other.join("cursor"), "{}").unwrap();
    let why = reconcile(&one, &other, 5).unwrap_err().to_string();
    assert!(why.contains("not finished"), "{why}");
}

#[test]
fn simulated_evidence_is_said_to_be_that() {
    let found = compare(&account(), &Collection { simulated: true, ..trail() }).unwrap();
    assert!(found.caveats.iter().any(|caveat| caveat.starts_with("trail: SIMULATED")), "{found:?}");
    assert!(!found.caveats.iter().any(|caveat| caveat.starts_with("account: SIMULATED")), "{found:?}");
}
