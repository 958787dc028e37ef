//! What no tenant of a fleet can do to the others: spend the quota of its account, go on for ever, fill
//! the disk. How a fleet goes about it otherwise is tested in `tests/component/fleet.rs`.

use crate::support::fleet::{Scratch, alone, fleet, patience, run, run_until_waiting, spec, words};
use crate::support::{account, acme, block_on, engine, fivetran, guest, plugin, simulator, tenants_pair};
use fivetran_simulator::{Config, Quota, default_pair, pair_of};
use source_fleet::{Fleet, Options, Outcome, SettingsRef, Spec};
use source_host::endurance::Endurance;
use source_host::error::Error;
use source_host::limits::{Limit, Limits};
use source_host::plugin::Plugin;
use std::time::Duration;

/// A source that does one evil thing.
async fn evil(act: &str, spec: Spec) -> (Spec, Plugin) {
    let settings = SettingsRef::Given(format!("{{\"probe\": \"{act}\"}}"));
    (Spec { settings, granted: Some(acme()), ..spec }, Plugin::load(&engine(), &guest("hostile_source")).await.unwrap())
}

#[test]
fn a_turn_stays_within_its_share_whatever_an_item_needs() {
    block_on(async {
        for concurrency in [1, 8, 64] {
            let scratch = Scratch::new("fleet-share");
            let simulator = simulator(account(2, 1, 1, 20)).await;
            // A connection costs its details and the weeks of a year.
            const ITEM: usize = 4 + 52;
            let since = Some("2025-02-01T12:00:00Z".into());
            let kinds = vec!["connection".into(), "sync_run".into()];
            let spec = Spec { kinds, since, ..spec("acme", &simulator, 0) };
            let options = Options { quota_requests: 200, concurrency, ..Options::new(&scratch.0) };
            let report = run_until_waiting(fleet(&plugin().await, vec![spec], options), 1, || {}).await;
            let sent = simulator.journal().len();
            println!("{sent} of 200 in {} turns", report.tenants[0].turns);
            // Where little of the hour is left, the turn's first item may go beyond it.
            assert!((150..200 + ITEM).contains(&sent), "{sent} of 200");
        }
    });
}

#[test]
fn a_source_that_keeps_to_no_budget_is_ended_a_little_beyond_its_share() {
    block_on(async {
        let scratch = Scratch::new("fleet-hammer");
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let hammer = evil("hammer", spec("hammer", &simulator, 0)).await;
        let options = Options { page_requests: 50, ..Options::new(&scratch.0) };
        let report = run(Fleet::new(vec![hammer], options).unwrap()).await;
        let tenant = &report.tenants[0];
        assert!(matches!(tenant.outcome, Outcome::Failed(Error::Limit(Limit::Requests(1_050)))), "{tenant:?}");
        assert_eq!((tenant.requests, tenant.turns), (1_050, 1));
    });
}

#[test]
fn who_never_ends_is_ended_and_named_and_the_others_are_not_kept() {
    block_on(async {
        let scratch = Scratch::new("fleet-endless");
        let simulator = simulator(account(5, 2, 2, 8)).await;
        let limits = Limits { evidence_bytes: 1 << 20, ..Limits::default() };
        let mut tenants = Vec::new();
        for act in ["waver", "dawdle", "claim", "repeat", "pile", "bulk", "ask"] {
            tenants.push(evil(act, Spec { limits, ..spec(act, &simulator, 0) }).await);
        }
        tenants.push((Spec { limits, ..spec("good", &simulator, 0) }, plugin().await));
        let endurance = Endurance { pages: 50, ..patience(Duration::from_secs(60)) };
        let report = run(Fleet::new(tenants, Options { endurance, ..Options::new(&scratch.0) }).unwrap()).await;
        let want = ["bad-answer", "bad-answer", "bad-answer", "bad-answer", "limit", "limit", "limit", "complete"];
        assert_eq!(words(&report), want);
        let turns: Vec<u32> = report.tenants.iter().map(|tenant| tenant.turns).collect();
        // The cursor that is repeated moves once.
        assert_eq!(turns[..7], [3, 3, 3, 4, 16, 1, 51]);
        let error = |at: usize| match &report.tenants[at].outcome {
            Outcome::Failed(error) => error.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(error(4), "the component was stopped by the limit of its evidence (1048576 bytes)");
        assert_eq!(error(5), "the component was stopped by the limit of its answer to one call, in bytes");
        assert_eq!(error(6), "the component was stopped by the limit of its pages (50)");
        let kept = scratch.evidence("pile").len();
        assert!((900_000..=1 << 20).contains(&kept) && report.tenants[4].records == 15, "{kept} bytes");
        assert!(scratch.evidence("good") == alone(account(5, 2, 2, 8)).await);
    });
}

#[test]
fn what_lies_in_the_folders_is_counted_as_what_it_is() {
    block_on(async {
        let scratch = Scratch::new("fleet-counts");
        let quota = Quota { requests: 30, retry_after: "1".into(), lifted_after: Duration::from_secs(3600) };
        let limited = simulator(Config { quota: Some(quota), ..account(5, 2, 2, 8) }).await;
        let free = simulator(account(5, 2, 2, 8)).await;
        let endurance = patience(Duration::ZERO);
        let options = Options { endurance, page_milliseconds: 200, ..Options::new(&scratch.0) };
        let specs = vec![spec("broken", &free, 0), spec("stuck", &limited, 0), spec("whole", &free, 0)];
        let before = run(fleet(&plugin().await, specs, options.clone())).await;
        assert_eq!(words(&before), ["complete", "rate-limited", "complete"]);
        std::fs::write(scratch.0.join("broken/manifest.json"), "{").unwrap();
        let pair = tenants_pair(pair_of(&default_pair(), 7));
        let stranger =
            Spec { upstream: free.url().parse().ok(), granted: Some(fivetran()), ..Spec::new("stuck", pair) };
        let specs = vec![spec("broken", &free, 0), stranger, spec("whole", &free, 0)];
        let report = run(fleet(&plugin().await, specs, Options { resume: true, ..options })).await;
        assert_eq!(words(&report), ["output", "unauthorized", "complete"]);
        let finished_before: Vec<bool> = report.tenants.iter().map(|tenant| tenant.finished_before).collect();
        assert_eq!(finished_before, [false, false, true]);
        let records = |at: usize| (before.tenants[at].records, report.tenants[at].records);
        assert!(records(1).0 > 0 && records(1).0 == records(1).1, "{:?}", records(1));
        assert!(records(2).0 > 0 && records(2).0 == records(2).1, "{:?}", records(2));
    });
}
