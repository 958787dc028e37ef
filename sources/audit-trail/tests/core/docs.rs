//! `docs/audit-trail.md` has every kind, place and host suffix of this source.

use audit_trail_source::settings::{DATABRICKS_HOSTS, SNOWFLAKE_HOSTS};
use audit_trail_source::source::AuditTrail;
use source_kit::{Host, Source};

const DOCUMENT: &str = include_str!("../../../../docs/audit-trail.md");

/// Rows of tables that begin with this kind.
fn rows(kind: &str) -> Vec<&'static str> {
    DOCUMENT.lines().filter(|line| line.starts_with(&format!("| `{kind}` |"))).collect()
}

#[test]
fn every_kind_is_documented_with_its_tables_its_plan_and_what_complete_means() {
    let (_, complete) = DOCUMENT.split_once("## What `complete` means").unwrap();
    let own = AuditTrail::KINDS.iter().filter(|kind| !kind.endpoints.is_empty());
    let own: Vec<_> = own.collect();
    assert!(own.len() >= 3);
    for kind in own {
        let [what, means] = rows(kind.id)[..] else { panic!("{}: {:?}", kind.id, rows(kind.id)) };
        assert!(complete.contains(means) && !complete.contains(what), "{}", kind.id);
        // The record of tables is of all of them.
        let [table] = kind.endpoints else { continue };
        assert!(what.contains(&format!("`{table}`")) && means.contains(&format!("`{table}`")), "{}", kind.id);
        if kind.plan_gate.is_some() {
            assert!(what.contains("| Enterprise and above |"), "{what}");
        }
    }
}

#[test]
fn every_place_and_every_host_suffix_is_documented() {
    let setting = |host: &Host| match host {
        Host::Setting(pointer, _) => pointer.split('/').nth(1).map(String::from),
        Host::Exact(_) => None,
    };
    let named: Vec<String> = AuditTrail::ABOUT.capabilities.iter().filter_map(|one| setting(&one.host)).collect();
    assert_eq!(named, ["snowflake", "databricks"]);
    for place in named.iter().map(String::as_str).chain(["bigquery", "datadog"]) {
        assert!(DOCUMENT.contains(&format!("\"{place}\": {{")), "{place}");
    }
    for suffix in SNOWFLAKE_HOSTS.iter().chain(DATABRICKS_HOSTS) {
        assert!(DOCUMENT.contains(&format!("`{suffix}`")), "{suffix}");
    }
}
