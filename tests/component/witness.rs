//! The host's journal against a component that lies. The liar is Acme's component, whose pages are changed before
//! the host writes them: to the host that is the same as a component that returns them so.

use crate::acme::{server, tenant};
use crate::support::{block_on, engine, guest, options};
use fivetran_simulator::Config;
use serde_json::Value;
use source_evidence::files::JOURNAL;
use source_evidence::folder::EvidenceDir;
use source_evidence::journal::Seen;
use source_evidence::summary::Request;
use source_evidence::verify::{Anchors, Report, verify};
use source_host::bindings::compliance::source::types::EvidenceRecord;
use source_host::collection::Collection;
use source_host::limits::Limits;
use source_host::plugin::Plugin;
use source_host::records;
use source_host::tenant::Clock;
use std::path::Path;
use std::time::Duration;

/// Collects on the system's clock, with all records of a page as `lie` leaves them.
async fn collect(plugin: &Plugin, folder: &Path, lie: &dyn Fn(&mut Vec<EvidenceRecord>)) -> Report {
    let tenant = { source_host::tenant::Tenant { clock: Clock::System, ..tenant(&server()) } };
    let mut collection = Collection::start(plugin, &tenant, options(None, None)).await.unwrap();
    let begun = records::begin(plugin, &tenant, Request::default(), collection.configured());
    let mut dir = EvidenceDir::create(folder, begun).unwrap();
    while let Some(mut page) = collection.next().await.unwrap() {
        lie(&mut page.records);
        for coverage in &mut page.coverage {
            coverage.records = page.records.iter().filter(|record| record.kind == coverage.kind).count() as u64;
        }
        let (lines, seen) = (records::lines(&page).unwrap(), tenant.journal.as_ref().unwrap().take());
        let summary = dir.summary().clone().with(records::page_facts(&page), &lines, &seen);
        dir.append(&lines, &seen, page.cursor.clone(), summary).unwrap();
    }
    dir.finish(None).unwrap();
    verify(folder, Anchors::default(), None).unwrap()
}

/// Makes the counts of a lie fit: whoever lies would.
fn recount(records: &mut [EvidenceRecord]) {
    let total = records.len() as u64;
    let count = |kind: &str| records.iter().filter(|record| record.kind == kind).count() as u64;
    let things = count("thing");
    for record in records.iter_mut().filter(|record| matches!(record.kind.as_str(), "coverage" | "manifest")) {
        let mut content: Value = serde_json::from_str(&record.content).unwrap();
        if content["kind"] == "thing" {
            content["records"] = things.into();
        }
        if record.kind == "manifest" {
            content["records"] = (total - 1).into();
            let kinds = content["kinds"].as_array_mut().unwrap();
            kinds.iter_mut().filter(|kind| kind["kind"] == "thing").for_each(|kind| kind["records"] = things.into());
        }
        record.content = String::from_utf8(source_evidence::digest::canonical(&content).unwrap()).unwrap();
    }
}

/// The first thing.
fn thing(records: &mut [EvidenceRecord]) -> &mut EvidenceRecord {
    records.iter_mut().find(|record| record.kind == "thing").unwrap()
}

#[test]
fn a_component_that_lies_is_found_by_the_journal() {
    block_on(async {
        let plugin = Plugin::load(&engine(), &guest("acme_source")).await.unwrap();
        let scratch = crate::support::fleet::Scratch::new("witness");
        let report = collect(&plugin, &scratch.0.join("honest"), &|_| {}).await;
        assert!(report.findings.is_empty() && report.notes.is_empty(), "{report:?}");
        type Lie = &'static dyn Fn(&mut Vec<EvidenceRecord>);
        let lies: [(&str, Lie, &str); 6] = [
            (
                "invents a record with a response",
                &|records| {
                    let mut invented = thing(records).clone();
                    invented.id += ":invented";
                    invented.provenance[0].body_digest = "ab".repeat(32);
                    records.insert(1, invented);
                    recount(records);
                },
                "cites a response that the host never saw",
            ),
            (
                "changes what a response was",
                &|records| thing(records).provenance[0].body_digest = "cd".repeat(32),
                "cites a response that the host never saw",
            ),
            (
                "changes which request it was",
                &|records| thing(records).provenance[0].request = "/v1/things?after=elsewhere".into(),
                "the host saw this response, but to a different request",
            ),
            (
                "changes its status",
                &|records| thing(records).provenance[0].status = 206,
                "cites a response that the host never saw",
            ),
            (
                "changes when it was read",
                &|records| thing(records).provenance[0].read_at = "2019-01-31T12:00:00Z".into(),
                "read at 2019-01-31T12:00:00Z, when the collection was not running",
            ),
            ("names no response", &|records| thing(records).provenance.clear(), "cites no response"),
        ];
        for (number, (what, lie, found)) in lies.into_iter().enumerate() {
            let report = collect(&plugin, &scratch.0.join(number.to_string()), lie).await;
            let all = [&report.findings[..], &report.notes[..]].concat().join("; ");
            assert!(all.contains(found), "{what}: {found:?} is not in {all:?}");
        }
    });
}

#[test]
fn a_response_that_is_left_out_is_named() {
    block_on(async {
        let plugin = Plugin::load(&engine(), &guest("acme_source")).await.unwrap();
        let scratch = crate::support::fleet::Scratch::new("left-out");
        let report = collect(&plugin, &scratch.0, &|records| {
            let left_out = records.iter().filter(|record| record.kind == "thing").nth(150).unwrap().clone();
            let request = &left_out.provenance[0].request;
            let is_of_it = |record: &EvidenceRecord| record.provenance.iter().any(|one| one.request == *request);
            records.retain(|record| !is_of_it(record));
            recount(records);
        });
        let report = report.await;
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        // It was read twice: the second time after the page that follows it.
        let named = "no record names GET /v1/things?limit=100&cursor=100 ";
        assert!(
            report.notes.len() == 2 && report.notes.iter().all(|note| note.starts_with(named)),
            "{:?}",
            report.notes
        );
        let journal = std::fs::read_to_string(scratch.0.join(JOURNAL)).unwrap();
        assert_eq!(journal.lines().count() as u64, report.requests);
    });
}

/// Whatever a component does with an answer, and however a run ends: the journal has every request that was sent.
#[test]
fn what_is_left_unread_and_what_is_cut_off_is_noted_too() {
    block_on(async {
        let hostile = Plugin::load(&engine(), &guest("hostile_source")).await.unwrap();
        // A flood may be ended before anything of it was sent. The others are ended once they have sent so much.
        for (probe, sent, latency) in [
            ("unread-then-sleep", 15, Duration::ZERO),
            ("hammer", 1, Duration::from_secs(3600)),
            ("flood", 0, Duration::ZERO),
        ] {
            let simulator = crate::support::simulator(Config { latency, ..crate::support::account(3, 1, 1, 2) }).await;
            let limits = Limits { call: Duration::from_secs(120), in_flight: 16, ..Limits::default() };
            let tenant = source_host::tenant::Tenant {
                settings: format!("{{\"probe\": \"{probe}\"}}"),
                granted: Some(crate::support::acme()),
                journal: Some(std::sync::Arc::default()),
                limits,
                ..crate::support::tenant(&simulator)
            };
            let mut collection = Collection::start(&hostile, &tenant, options(None, None)).await.unwrap();
            let under_way = async {
                while sent == 0 || tenant.meter.requests() < sent {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::select! {
                ended = collection.next() => assert!(ended.is_err() && sent == 0, "{probe}"),
                () = under_way => {}
            }
            collection.end();
            let seen = tenant.journal.as_ref().unwrap().take_last().await;
            assert!(seen.len() as u64 == tenant.meter.requests() && seen.len() as u64 >= sent, "{probe}: {seen:?}");
            let unread = |seen: &Seen| seen.error.as_deref() == Some("not-read-to-its-end");
            assert!(sent == 0 || seen.iter().any(unread), "{probe}: {seen:?}");
        }
    });
}
