//! An invented account, written as a collection that verifies.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod records;

use serde_json::{Value, json};
use source_evidence::digest::{canonical, sha256_hex};
use source_evidence::folder::EvidenceDir;
use source_evidence::journal::Seen;
use source_evidence::made::Made;
use source_evidence::record::{Line, Provenance, Record, Subject, Withheld};
use source_evidence::summary::{Asked, ComponentSummary, CoverageSummary, Finding, Page, Request, Summary, now};
use source_report::collection::Collection;
use source_report::finding::Rules;
use std::collections::BTreeMap;
use std::path::Path;

/// When the account was read.
pub const READ: &str = "2026-06-30T12:00:00.000Z";

/// A record of the account.
#[derive(Clone, Debug)]
pub struct Row {
    pub kind: String,
    pub id: String,
    /// What it is about, where that is called otherwise than its kind.
    pub subject: Option<String>,
    pub name: Option<String>,
    pub content: Value,
    pub withheld: Vec<(String, String)>,
}

/// An account, as a source would deliver it.
#[derive(Clone, Default)]
pub struct Account {
    pub rows: Vec<Row>,
    /// State and reason of kinds that are not complete, or have no record.
    pub states: BTreeMap<String, (String, String)>,
    /// Before when events were left out.
    pub since: Option<String>,
    /// What the source found odd in the vendor's answers.
    pub odd: Vec<String>,
}

impl Account {
    pub fn new() -> Self {
        Self::default()
    }

    /// One more record.
    pub fn with(mut self, kind: &str, id: &str, content: Value) -> Self {
        let (kind, id) = (kind.into(), id.into());
        self.rows.push(Row { kind, id, subject: None, name: None, content, withheld: Vec::new() });
        self
    }

    /// The record before is called so.
    pub fn named(mut self, name: &str) -> Self {
        self.rows.last_mut().unwrap().name = Some(name.into());
        self
    }

    /// Of the record before, this was left out.
    pub fn withholding(mut self, pointer: &str, reason: &str) -> Self {
        self.rows.last_mut().unwrap().withheld.push((pointer.into(), reason.into()));
        self
    }

    /// How completely a kind was read; `complete` for one without records.
    pub fn state(mut self, kind: &str, state: &str, reason: &str) -> Self {
        self.states.insert(kind.into(), (state.into(), reason.into()));
        self
    }

    /// The source found this odd.
    pub fn odd(mut self, message: &str) -> Self {
        self.odd.push(message.into());
        self
    }

    /// Writes it into a new folder.
    pub fn write(&self, folder: &Path) {
        let component = ComponentSummary { id: "fivetran".into(), version: "1".into(), sha256: "0".repeat(64) };
        let digest = "0".repeat(64);
        let request = Request { since: self.since.clone(), ..Request::default() };
        let asked = Asked { request, settings: "{}", settings_digest: &digest };
        let granted = vec!["GET api.fivetran.com".into()];
        let made = Made { clock: "fixed".into(), policy_built_in: true, granted, ..Made::default() };
        let statements = ["not_observable", "coverage", "manifest"].map(str::to_string).to_vec();
        let mut dir = EvidenceDir::create(folder, Summary::begin(component, made, statements, asked)).unwrap();
        let (mut rows, coverage) = (self.rows.clone(), self.coverage());
        rows.extend(coverage.iter().map(told));
        let kinds: Vec<Value> =
            coverage.iter().map(|kind| json!({"kind": kind.kind, "records": kind.records})).collect();
        let closing = json!({
            "account_id": "acme_acc", "started_at": READ, "finished_at": READ, "kinds": kinds, "settings": {},
            "interface": "compliance:source@0.2.0", "settings_digest": digest, "records": rows.len(), "since": self.since,
            "principal": {"id": "key_root", "kind": "system_key", "role": null},
        });
        rows.push(Row { name: Some("Acme".into()), ..row("manifest", "acme_acc", closing) });
        let lines: Vec<Line> = rows.iter().map(line).collect();
        let seen = self.seen();
        let odd = self.odd.iter().map(|message| Finding { code: "drift".into(), message: message.clone() });
        let kinds = rows.into_iter().map(|row| row.kind).collect();
        let page = Page { kinds, coverage, findings: odd.collect(), ..Page::default() };
        let summary = dir.summary().clone().with(page, &lines, &seen);
        dir.append(&lines, &seen, None, summary).unwrap();
        dir.finish(None).unwrap();
    }

    /// Writes it and reads it again.
    pub fn read(&self) -> Collection {
        let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let folder = scratch.path().join("collection");
        self.write(&folder);
        Collection::read(&folder, source_evidence::verify::Anchors::default()).unwrap()
    }

    fn coverage(&self) -> Vec<CoverageSummary> {
        let mut counts: BTreeMap<&str, u64> = self.states.keys().map(|kind| (kind.as_str(), 0)).collect();
        for row in self.rows.iter().filter(|row| row.kind != "not_observable") {
            *counts.entry(&row.kind).or_default() += 1;
        }
        let state = |kind: &str| self.states.get(kind).cloned().unwrap_or(("complete".into(), String::new()));
        let all = counts.into_iter().map(|(kind, records)| {
            let (state, reason) = state(kind);
            CoverageSummary { kind: kind.into(), state, reason, records, ..CoverageSummary::default() }
        });
        all.collect()
    }

    /// One response for each kind.
    fn seen(&self) -> Vec<Seen> {
        let kinds: std::collections::BTreeSet<&str> = self.rows.iter().map(|row| row.kind.as_str()).collect();
        let seen = |kind: &str| Seen {
            // The host's own clock, which is not the one that the component saw.
            at: now(),
            bytes: 1000,
            error: None,
            host: "api.fivetran.com".into(),
            method: "GET".into(),
            objects: 100,
            request: request(kind),
            sent_sha256: None,
            sha256: Some(sha256_hex(kind.as_bytes())),
            status: Some(200),
        };
        kinds.into_iter().filter(|kind| *kind != "not_observable").map(seen).collect()
    }
}

fn request(kind: &str) -> String {
    format!("/v1/{kind}?limit=1000")
}

fn row(kind: &str, id: &str, content: Value) -> Row {
    Row { kind: kind.into(), id: id.into(), subject: None, name: None, content, withheld: Vec::new() }
}

fn told(coverage: &CoverageSummary) -> Row {
    let content = json!({
        "kind": coverage.kind, "state": coverage.state, "reason": coverage.reason, "records": coverage.records,
        "items_failed": 0, "accepted": false, "missing_permission": null,
    });
    row("coverage", &coverage.kind, content)
}

fn line(row: &Row) -> Line {
    let is_statement = matches!(row.kind.as_str(), "not_observable" | "coverage" | "manifest");
    let origin = Provenance {
        body_digest: sha256_hex(row.kind.as_bytes()),
        page: Some(1),
        pointer: "/data/items/0".into(),
        read_at: READ.into(),
        request: request(&row.kind),
        request_id: None,
        status: 200,
    };
    let left_out =
        |(pointer, reason): &(String, String)| Withheld { pointer: pointer.clone(), reason: reason.clone().into() };
    let record = Record {
        id: format!("urn:fivetran:acme_acc:{}:{}", row.kind, row.id),
        kind: row.kind.clone(),
        schema_version: 1,
        title: format!("The {} {}", row.kind, row.id),
        subject: Subject {
            id: row.id.clone(),
            name: row.name.clone(),
            kind: row.subject.clone().unwrap_or(row.kind.clone()),
        },
        observed_at: READ.into(),
        effective_at: None,
        content: String::from_utf8(canonical(&row.content).unwrap()).unwrap(),
        provenance: if is_statement { Vec::new() } else { vec![origin] },
        withheld: row.withheld.iter().map(left_out).collect(),
        valid_until: "2026-07-02T00:00:00.000Z".into(),
    };
    record.line().unwrap()
}

/// What a rule says of the record `it`: `true`, `false`, or why it is not known; `not about` where it is about none.
pub fn said(rules: &Rules, id: &str, collection: &Collection) -> String {
    assert_eq!(collection.report.findings, Vec::<String>::new());
    let outcomes = rules.judge(collection).unwrap();
    let outcome = outcomes.iter().find(|outcome| outcome.rule.id == id).unwrap();
    let of_kind = collection.of_kind(&outcome.rule.kind).count() as u64;
    let judged = outcome.found.len() as u64 + outcome.unknown.len() as u64 + outcome.not_matched;
    assert_eq!(judged + outcome.not_applicable, of_kind, "each record is judged once, or passed over");
    if of_kind > 0 && judged == 0 {
        return "not about".into();
    }
    if outcome.found.iter().any(|record| record.subject.id == "it") {
        return "true".into();
    }
    let unknown = outcome.unknown.iter().find(|(record, _)| record.subject.id == "it");
    unknown.map_or("false".into(), |(_, why)| why.clone())
}

/// The rules with a file of one's own, or what is wrong with that.
pub fn extended(file: &Value) -> Result<Rules, String> {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = scratch.path().join("own.json");
    std::fs::write(&path, file.to_string()).unwrap();
    let folder = format!("{}/", scratch.path().display());
    Rules::built_in().extended(&path).map_err(|error| error.to_string().replace(&folder, ""))
}
