//! A second client of source-kit, by another vendor: the example of its README, collected, resumed, verified,
//! and called without keeping an instance.

use crate::support::{block_on, engine, guest};
use source_evidence::folder::EvidenceDir;
use source_evidence::summary::Request;
use source_evidence::verify::{Anchors, verify};
use source_host::bindings::exports::compliance::source::source::{CollectRequest, HealthDepth, HealthState, Page};
use source_host::collection::{Collection, CollectionOptions};
use source_host::plugin::Plugin;
use source_host::records;
use source_host::tenant::{Clock, Credentials, Tenant};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;

/// Things of the account.
const THINGS: usize = 230;

/// Acme's server: a few lines over HTTP/1.1, with a digest of its own making in every answer.
pub fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut stream = stream;
                let mut line = String::new();
                while reader.read_line(&mut line).unwrap_or(0) > 0 {
                    let path = line.split(' ').nth(1).unwrap_or_default().to_string();
                    while line != "\r\n" {
                        line.clear();
                        reader.read_line(&mut line).unwrap();
                    }
                    line.clear();
                    let body = answer(&path);
                    let head = "HTTP/1.1 200 OK\r\ncompliance-body-sha256: 00\r\ntrailer: compliance-body-sha256";
                    let lie = "0".repeat(64);
                    let chunks = format!("{:x}\r\n{body}\r\n0\r\ncompliance-body-sha256: {lie}\r\n\r\n", body.len());
                    write!(stream, "{head}\r\ntransfer-encoding: chunked\r\n\r\n{chunks}").unwrap();
                }
            });
        }
    });
    url
}

fn answer(path: &str) -> String {
    if path == "/v1/me" {
        return r#"{"id": "acme-1", "name": "Acme"}"#.into();
    }
    if path.contains("/keepers") {
        return r#"{"items": [{"name": "Wile"}, {"name": "Road"}], "next": null}"#.into();
    }
    let from: usize = path.split("cursor=").nth(1).and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let upto = THINGS.min(from + 100);
    let items: Vec<String> =
        (from..upto).map(|n| format!(r#"{{"id": "thing {n}", "secure": {}}}"#, n % 2 == 0)).collect();
    let next = if upto < THINGS { format!("\"{upto}\"") } else { "null".into() };
    format!(r#"{{"items": [{}], "next": {next}}}"#, items.join(","))
}

pub fn tenant(url: &str) -> Tenant {
    let granted = Some(crate::support::grant("acme", "api.acme.example"));
    let mut tenant = Tenant { granted, ..Tenant::new(Credentials::None) };
    tenant.upstream = Some(url.parse().unwrap());
    tenant.clock = Clock::fixed(crate::support::NOW);
    tenant.journal = Some(std::sync::Arc::default());
    tenant
}

/// Collects into a folder, and stops after so many pages; answers whether that was the end.
async fn collect(plugin: &Plugin, tenant: &Tenant, folder: &Path, pages: usize) -> bool {
    let resumed = folder.join("cursor").exists();
    let mut options = crate::support::options(Some(40), None);
    let mut dir = resumed.then(|| EvidenceDir::resume(folder).unwrap());
    options.cursor = dir.as_ref().and_then(|dir| dir.cursor().map(Into::into));
    let mut collection = Collection::start(plugin, tenant, options).await.unwrap();
    for _ in 0..pages {
        let Some(page) = collection.next().await.unwrap() else { break };
        let begun = || {
            let summary = records::begin(plugin, tenant, Request::default(), collection.configured());
            EvidenceDir::create(folder, summary).unwrap()
        };
        let mut open = dir.take().unwrap_or_else(begun);
        let (lines, seen) = (records::lines(&page).unwrap(), tenant.journal.as_ref().unwrap().take());
        let summary = open.summary().clone().with(records::page_facts(&page), &lines, &seen);
        open.append(&lines, &seen, page.cursor.clone(), summary).unwrap();
        if open.is_finished() {
            open.finish(None).unwrap();
            return true;
        }
        dir = Some(open);
    }
    false
}

#[test]
fn it_is_collected_resumed_and_verified() {
    block_on(async {
        let plugin = Plugin::load(&engine(), &guest("acme_source")).await.unwrap();
        assert!(plugin.is_planner());
        let tenant = tenant(&server());
        let scratch = crate::support::fleet::Scratch::new("acme");
        let (whole, cut) = (scratch.0.join("whole"), scratch.0.join("cut"));
        assert!(collect(&plugin, &tenant, &whole, usize::MAX).await);
        let mut runs = 1;
        while !collect(&plugin, &tenant, &cut, 1).await {
            runs += 1;
        }
        assert!(runs > 5, "{runs}");
        let lines = |folder: &Path| std::fs::read_to_string(folder.join("evidence.jsonl")).unwrap();
        let text = lines(&whole);
        let without_counts = |text: &str| {
            let vendors = text.lines().filter(|line| line.contains(":thing:") || line.contains("not_observable"));
            vendors.map(String::from).collect::<Vec<_>>()
        };
        assert_eq!(without_counts(&text), without_counts(&lines(&cut)));
        assert_eq!(text.lines().filter(|line| line.contains(":thing:thing%20")).count(), THINGS);
        assert!(text.contains("urn:acme:acme-1:thing:thing%20229"));
        for folder in [&whole, &cut] {
            let report = verify(folder, Anchors::default(), None).unwrap();
            assert!(report.findings.is_empty(), "{:?}", report.findings);
        }
    });
}

#[test]
fn digests_are_of_the_bodies_and_no_vendor_can_claim_another() {
    block_on(async {
        let plugin = Plugin::load(&engine(), &guest("acme_source")).await.unwrap();
        let (mut instance, _) = plugin.configured(&tenant(&server())).await.unwrap();
        let page: Page = instance.collect(&CollectionOptions::default().request()).await.unwrap();
        assert!(page.records.iter().any(|record| record.kind == "thing"));
        for origin in page.records.iter().flat_map(|record| &record.provenance) {
            let body = answer(&origin.request);
            assert_eq!(origin.body_digest, source_evidence::digest::sha256_hex(body.as_bytes()), "{}", origin.request);
        }
    });
}

#[test]
fn each_call_can_bring_its_configuration() {
    block_on(async {
        let plugin = Plugin::load(&engine(), &guest("acme_source")).await.unwrap();
        let tenant = tenant(&server());
        let request: CollectRequest = CollectionOptions::default().request();
        let with = plugin.configuration(&tenant).unwrap();
        let mut kept = plugin.configured(&tenant).await.unwrap().0;
        let want = kept.collect(&request).await.unwrap();
        let mut fresh = plugin.instantiate(&tenant).await.unwrap();
        assert_eq!(fresh.health_directly(&with, HealthDepth::Coverage).await.unwrap().state, HealthState::Ok);
        let page = fresh.collect_directly(&with, &request).await.unwrap();
        assert_eq!(format!("{:?}", page.records), format!("{:?}", want.records));
        let mut wrong = with.clone();
        wrong.settings = r#"{"things": 1}"#.into();
        let report = fresh.health_directly(&wrong, HealthDepth::Credential).await.unwrap();
        assert_eq!((report.state, report.checks[0].code.as_str()), (HealthState::Failing, "invalid-configuration"));
        let source_host::error::Error::Source(failure) = fresh.collect_directly(&wrong, &request).await.unwrap_err()
        else {
            panic!("the source fails");
        };
        let found = (failure.code.as_str(), failure.pointer.as_deref());
        assert_eq!(found, ("invalid-configuration", Some("/settings/things")));
    });
}
