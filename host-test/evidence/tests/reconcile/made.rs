//! Two small collections, made as a host makes them: an account, and its trail.

use serde_json::{Value, json};
use source_evidence::digest::canonical;
use source_evidence::folder::EvidenceDir;
use source_evidence::made::Made;
use source_evidence::reconcile::{Reconciliation, TOLERANCE_SECONDS, reconcile};
use source_evidence::record::{Line, Record, Subject};
use source_evidence::summary::{Asked, ComponentSummary, CoverageSummary, Page, Request, Summary};
use std::collections::BTreeMap;
use std::path::Path;

/// When the account was read.
pub const READ: &str = "2026-06-30T12:00:00.000Z";

/// A record: its kind, the id of its subject, its content.
pub type Row = (&'static str, String, Value);

/// A collection of one source.
#[derive(Clone)]
pub struct Collection {
    pub source: &'static str,
    pub account: &'static str,
    pub rows: Vec<Row>,
    /// Coverage of the kinds that are not complete.
    pub states: BTreeMap<&'static str, &'static str>,
    /// Kinds that were asked for and have no record.
    pub empty: Vec<&'static str>,
    pub simulated: bool,
    /// When it was read.
    pub read: &'static str,
}

impl Collection {
    pub fn write(&self, folder: &Path) {
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
            "account_id": self.account, "started_at": self.read, "finished_at": self.read, "kinds": kinds, "settings": {},
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
pub fn thing(kind: &'static str, word: &str, id: &str, at: &str) -> [Row; 2] {
    let stamp = json!({
        "action": "CREATE", "captured_at": at, "primary_resource_type": word, "primary_resource_id": id,
        "basis": "/created_at",
    });
    // A connection is of the group of its letter.
    let group = (kind == "connection").then(|| id.replace("con_", "grp_"));
    [(kind, id.into(), json!({"id": id, "group_id": group})), ("audit_event", id.into(), stamp)]
}

pub fn entry(action: &str, word: &str, id: &str, at: &str, user_id: Option<&str>) -> Row {
    let content = json!({
        "action": action, "captured_at": at, "primary_resource_type": word, "primary_resource_id": id,
        "user_id": user_id, "source": "audit_trail",
    });
    ("audit_trail_entry", format!("{action}-{id}-{at}"), content)
}

/// A day of the window.
pub fn day(day: u32) -> String {
    format!("2026-06-{day:02}T08:00:00.000Z")
}

/// Six connections, users and groups each, a team and a webhook; all were created in the window but for the first ones.
pub fn account() -> Collection {
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
    Collection { source: "fivetran", account: "acme", rows, states, empty, simulated: false, read: READ }
}

/// Its trail, from the 2nd to the 29th.
pub fn trail() -> Collection {
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
        "place": "bigquery", "table": "audit_trail", "scope": null, "fresh": true, "account_id": "acme",
        "first_captured_at": day(2), "last_captured_at": day(29), "last_synced_at": READ,
        "rows_read": rows.len(),
    });
    rows.push(("audit_trail_source", "audit_trail".into(), table));
    let (states, empty) = (BTreeMap::new(), Vec::new());
    Collection { source: "fivetran-audit-trail", account: "acme", rows, states, empty, simulated: false, read: READ }
}

impl Collection {
    /// Without the records of one thing.
    pub fn without(mut self, id: &str) -> Self {
        self.rows.retain(|row| row.1 != id && row.2["primary_resource_id"] != id);
        self
    }

    /// Changes the record of the table.
    pub fn with_table(mut self, field: &str, value: Value) -> Self {
        let table = self.rows.iter_mut().find(|row| row.0 == "audit_trail_source").unwrap();
        table.2[field] = value;
        self
    }

    /// With one more record.
    pub fn with(mut self, row: Row) -> Self {
        self.rows.push(row);
        self
    }
}

/// What is a gap, as it is named.
pub fn gaps(found: &Reconciliation) -> Vec<&str> {
    found.not_compared.iter().filter(|one| one.is_gap).map(|one| one.what.as_str()).collect()
}

pub fn compare(account: &Collection, trail: &Collection) -> Result<Reconciliation, String> {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (one, other) = (scratch.path().join("account"), scratch.path().join("trail"));
    account.write(&one);
    trail.write(&other);
    reconcile(&one, &other, TOLERANCE_SECONDS).map_err(|error| error.to_string())
}

/// What disagrees, as `check type id`.
pub fn disagreed(found: &Reconciliation) -> Vec<String> {
    let checks = [("stamp", &found.stamps), ("deletion", &found.deletions), ("creation", &found.creations)];
    let all = checks.into_iter().flat_map(|(name, check)| check.disagreed.iter().map(move |one| (name, one)));
    all.map(|(name, one)| format!("{name} {} {}", one.resource_type, one.resource_id)).collect()
}

pub fn is_entry(row: &Row, action: &str, id: &str) -> bool {
    row.0 == "audit_trail_entry" && row.2["action"] == action && row.2["primary_resource_id"] == id
}
