//! Does `verify` take the same memory whatever the size of a collection?
#![cfg(test)] // What clippy.toml gives to tests holds for helpers too.
#![cfg(target_os = "linux")]

use serde_json::json;
use source_evidence::digest::{canonical, sha256_hex};
use source_evidence::folder::EvidenceDir;
use source_evidence::journal::Seen;
use source_evidence::made::Made;
use source_evidence::record::{Line, Provenance, Record, Subject};
use source_evidence::summary::{Asked, ComponentSummary, CoverageSummary, Page, Request, Summary, now};
use source_evidence::verify::{Anchors, Verdict, verify};
use std::path::Path;

/// Records that a response tells of.
const PAGE: u64 = 1000;

fn seen(page: u64) -> Seen {
    Seen {
        at: now(),
        bytes: 1000,
        error: None,
        host: "api.example.com".into(),
        method: "GET".into(),
        objects: PAGE + 2,
        request: format!("/v1/things?page={page}"),
        sent_sha256: None,
        sha256: Some(sha256_hex(&page.to_le_bytes())),
        status: Some(200),
    }
}

fn line(kind: &str, id: &str, content: &serde_json::Value, seen: Option<&Seen>) -> Line {
    let provenance = seen.map(|seen| Provenance {
        body_digest: seen.sha256.clone().unwrap(),
        page: None,
        pointer: "/items".into(),
        read_at: seen.at.clone(),
        request: seen.request.clone(),
        request_id: None,
        status: 200,
    });
    let record = Record {
        id: id.into(),
        kind: kind.into(),
        schema_version: 1,
        title: format!("Thing {id}"),
        subject: Subject { id: id.into(), name: None, kind: kind.into() },
        observed_at: now(),
        effective_at: None,
        content: String::from_utf8(canonical(content).unwrap()).unwrap(),
        provenance: provenance.into_iter().collect(),
        withheld: Vec::new(),
        valid_until: now(),
    };
    record.line().unwrap()
}

/// A collection of so many bytes, made as a host makes it.
fn write(folder: &Path, bytes: u64) -> u64 {
    let component = ComponentSummary { id: "large".into(), version: "1".into(), sha256: "0".repeat(64) };
    let asked = Asked { request: Request::default(), settings: "{}", settings_digest: &"0".repeat(64) };
    let made = Made { clock: "system".into(), granted: vec!["GET api.example.com".into()], ..Made::default() };
    let statements = ["coverage".to_string(), "manifest".to_string()].into();
    let mut dir = EvidenceDir::create(folder, Summary::begin(component, made, statements, asked)).unwrap();
    let filler = "what a vendor tells of a thing ".repeat(8);
    let mut things = 0;
    while dir.evidence_bytes() < bytes {
        let seen = seen(things / PAGE);
        let lines: Vec<Line> = (things..things + PAGE)
            .map(|n| line("thing", &format!("urn:large:thing:{n}"), &json!({"n": n, "text": filler}), Some(&seen)))
            .collect();
        things += PAGE;
        let page = Page { kinds: vec!["thing".into(); lines.len()], ..Page::default() };
        let summary = dir.summary().clone().with(page, &lines, std::slice::from_ref(&seen));
        dir.append(&lines, &[seen], Some("on".into()), summary).unwrap();
    }
    let coverage = CoverageSummary {
        kind: "thing".into(),
        state: "complete".into(),
        records: things,
        ..CoverageSummary::default()
    };
    let content = json!({
        "kind": "thing", "state": "complete", "reason": "", "records": things, "items_failed": 0, "accepted": false,
        "missing_permission": null,
    });
    let all = [
        line("coverage", "urn:large:coverage:thing", &content, None),
        line(
            "manifest",
            "urn:large:manifest",
            &json!({
                "interface": "compliance:source@0.2.0", "settings_digest": "0".repeat(64), "records": things + 1,
                "kinds": [{"kind": "thing", "records": things}], "settings": {},
            }),
            None,
        ),
    ];
    let kinds = vec!["coverage".into(), "manifest".into()];
    let page = Page { kinds, coverage: vec![coverage], ..Page::default() };
    let summary = dir.summary().clone().with(page, &all, &[]);
    dir.append(&all, &[], None, summary).unwrap();
    dir.finish(None).unwrap();
    things
}

/// The most memory that `verify` took, in MiB.
fn peak(folder: &Path) -> u64 {
    // Forgets the peak so far: see proc_pid_clear_refs(5).
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let report = verify(folder, Anchors::default(), None).unwrap();
    assert_eq!(report.verdict(), Verdict::Consistent, "{:?}", report.findings);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() / 1024
}

/// 512 MiB, or as many as `LARGE_MIB` says.
#[test]
#[ignore = "a minute; .ci/run runs it"]
fn a_large_collection_is_verified_in_64_mib() {
    let mib: u64 = std::env::var("LARGE_MIB").ok().and_then(|text| text.parse().ok()).unwrap_or(512);
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (small, large) = (scratch.path().join("small"), scratch.path().join("large"));
    write(&small, 32 << 20);
    let records = write(&large, mib << 20);
    let (small, large) = (peak(&small), peak(&large));
    println!("32 MiB: {small} MiB of memory; {mib} MiB ({records} records): {large} MiB");
    assert!(large < 64 && large < small + 40, "{small} MiB, then {large} MiB");
}
