//! An account and its audit trail in one fleet, and the health of each place.

use super::{ACTION, ENTRY, PLACES, SOURCE, bare, config, coverage, plugin, policy, small, tenant};
use crate::support::fleet::{Scratch, run, spec, words};
use crate::support::{self, block_on, collect, options, simulator};
use fivetran_simulator::{Config, Simulator, Table, Trail, Vendor};
use source_fleet::{CredentialsRef, Fleet, Options, SecretRef, SettingsRef, Spec};
use source_host::bindings::compliance::source::types::CoverageState;
use source_host::bindings::exports::compliance::source::source::{
    CheckSubject, HealthDepth, HealthReport, HealthState,
};
use source_host::tenant::Secret;

/// A tenant that reads the trail.
fn trail_spec(name: &str, simulator: &Simulator) -> Spec {
    let token = SecretRef::Given(Secret::new(Trail::default().keys.token));
    Spec {
        credentials: CredentialsRef::Token(token),
        settings: SettingsRef::Given(simulator.trail_settings().to_string()),
        granted: Some(policy()),
        ..spec(name, simulator, 0)
    }
}

#[test]
fn a_fleet_reads_an_account_and_its_trail_each_by_its_own_source() {
    block_on(async {
        let scratch = Scratch::new("fleet-trail");
        let vendor = Vendor::Snowflake;
        let account = simulator(Config { vendor: Vendor::Fivetran, ..config(vendor, &small()) }).await;
        let place = simulator(config(vendor, &small())).await;
        let tenants = vec![
            (spec("account", &account, 0), support::plugin().await),
            (trail_spec("trail", &place), plugin().await),
        ];
        let report = run(Fleet::new(tenants, Options::new(&scratch.0)).unwrap()).await;
        assert_eq!(words(&report), ["complete"; 2]);
        let lines = |tenant: &str| scratch.evidence(tenant).lines().map(String::from).collect::<Vec<_>>();
        let alone = collect(&plugin().await, &tenant(&place, vendor), options(None, None)).await.unwrap();
        assert!(bare(&lines("trail"), ENTRY) == bare(&alone.lines, ENTRY) && bare(&lines("trail"), ENTRY).len() == 90);
        assert!(!bare(&lines("account"), "connection").is_empty());
        // One space of names: both are of the same account. What a source says of its collection is in its own.
        let urn = |source: &str| format!("\"urn:{source}:{}:", account.account_id());
        let evidence: Vec<_> = [ENTRY, ACTION, SOURCE].iter().flat_map(|kind| bare(&lines("trail"), kind)).collect();
        assert!(evidence.len() > 90 && evidence.iter().all(|(id, _)| format!("\"{id}").starts_with(&urn("fivetran"))));
        assert!(lines("account").iter().all(|line| line.contains(&urn("fivetran"))));
        assert!(lines("trail").iter().any(|line| line.contains(&format!("{}coverage:", urn("fivetran-audit-trail")))));
    });
}

#[test]
fn a_tenant_whose_trail_has_no_table_is_not_called_complete() {
    block_on(async {
        let scratch = Scratch::new("fleet-trail-missing");
        let trail = Trail { no_table: vec![Table::AuditTrail], ..small() };
        let place = simulator(config(Vendor::BigQuery, &trail)).await;
        let tenants = vec![(trail_spec("trail", &place), plugin().await)];
        let report = run(Fleet::new(tenants, Options::new(&scratch.0)).unwrap()).await;
        assert_eq!(words(&report), ["incomplete"]);
    });
}

async fn health(vendor: Vendor, trail: &Trail) -> HealthReport {
    let simulator = simulator(config(vendor, trail)).await;
    let (mut instance, _) = plugin().await.configured(&tenant(&simulator, vendor)).await.unwrap();
    let report = instance.health(HealthDepth::Coverage).await.unwrap();
    if let Some(account) = &report.account {
        assert_eq!(account.id, simulator.account_id());
    }
    report
}

fn check_of<'r>(report: &'r HealthReport, kind: &str) -> (HealthState, &'r str, Option<CoverageState>) {
    let is_it = |about: &CheckSubject| matches!(about, CheckSubject::Kind(id) if id == kind);
    let check = report.checks.iter().find(|check| is_it(&check.about)).unwrap();
    (check.state, &check.code, check.coverage)
}

#[test]
fn each_place_is_healthy_and_says_what_it_lacks() {
    block_on(async {
        for vendor in PLACES {
            let report = health(vendor, &small()).await;
            let want = if vendor == Vendor::Datadog { HealthState::Degraded } else { HealthState::Ok };
            assert_eq!(report.state, want, "{vendor:?}: {report:?}");
            let report = health(vendor, &Trail { expires_after: Some(0), ..small() }).await;
            assert_eq!((report.state, report.account.is_some()), (HealthState::Failing, false), "{vendor:?}");
        }
    });
}

#[test]
fn a_table_that_is_missing_or_closed_makes_the_health_degraded() {
    block_on(async {
        for vendor in super::WAREHOUSES {
            let report = health(vendor, &Trail { no_table: vec![Table::AuditTrail], ..small() }).await;
            assert_eq!(report.state, HealthState::Degraded, "{report:?}");
            let (state, _, coverage) = check_of(&report, ENTRY);
            assert_eq!((state, coverage), (HealthState::Degraded, Some(CoverageState::NotAvailable)), "{report:?}");
            assert_eq!(check_of(&report, super::ACTION).0, HealthState::Ok);
            let report = health(vendor, &Trail { no_permission: vec![Table::Log], ..small() }).await;
            let (state, _, coverage) = check_of(&report, super::ACTION);
            assert_eq!((state, coverage), (HealthState::Degraded, Some(CoverageState::Forbidden)), "{report:?}");
        }
        // What health says is what a collection comes to.
        let place = simulator(config(Vendor::Snowflake, &Trail { no_table: vec![Table::AuditTrail], ..small() })).await;
        let got = collect(&plugin().await, &tenant(&place, Vendor::Snowflake), options(None, None)).await.unwrap();
        assert_eq!(coverage(&got.pages, ENTRY).0, CoverageState::NotAvailable);
    });
}
