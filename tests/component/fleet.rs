//! What a fleet holds and spends while it runs, and that its tenants do not feel each other. What a
//! user sees of it is tested in `host-test/tests/cli/fleet.rs`.

use crate::support::fleet::{Scratch, alone, fleet, patience, run, run_until_waiting, spec, words};
use crate::support::{account, block_on, component_file, engine, guest, plugin, simulator};
use fivetran_simulator::{Config, Hook, Quota, Reply, RequestInfo, Simulator};
use http::StatusCode;
use source_fleet::{Event, Fleet, Options, Outcome, Report, SettingsRef, Spec, Stop};
use source_host::collection::Cause;
use source_host::endurance::Endurance;
use source_host::engine::{Engine, EngineOptions};
use source_host::error::Error;
use source_host::limits::{Limit, Limits};
use source_host::plugin::Plugin;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::watch;

#[test]
fn who_waits_for_the_vendor_holds_no_instance_and_resumes_later() {
    block_on(async {
        let scratch = Scratch::new("fleet-waits");
        let own = Engine::new(&EngineOptions { cache: true, ..EngineOptions::default() }).unwrap();
        let plugin = Plugin::load(&own, &component_file()).await.unwrap();
        let quota = Quota { requests: 40, retry_after: "3000".into(), lifted_after: Duration::from_secs(3600) };
        let limited = simulator(Config { quota: Some(quota), accounts: 20, ..account(5, 2, 2, 8) }).await;
        let specs = |simulator: &Simulator| (0..20).map(|n| spec(&format!("t{n}"), simulator, n)).collect();
        let seen = Arc::new(AtomicUsize::new(usize::MAX));
        let report = {
            let (seen, own) = (Arc::clone(&seen), own.clone());
            let fleet = fleet(&plugin, specs(&limited), Options::new(&scratch.0));
            run_until_waiting(fleet, 20, move || seen.store(own.instances(), Ordering::SeqCst)).await
        };
        assert_eq!(seen.load(Ordering::SeqCst), 0, "instances while all twenty wait");
        assert_eq!(words(&report), ["interrupted"; 20]);
        assert!(report.tenants.iter().all(|tenant| tenant.records > 0 && tenant.waited.as_secs() > 2_900));
        // A later run goes on from what was written.
        let free = simulator(Config { accounts: 20, ..account(5, 2, 2, 8) }).await;
        let report = run(fleet(&plugin, specs(&free), Options { resume: true, ..Options::new(&scratch.0) })).await;
        assert_eq!(words(&report), ["complete"; 20]);
        assert!(scratch.evidence("t0") == alone(account(5, 2, 2, 8)).await);
    });
}

#[test]
fn no_more_instances_live_than_turns_may_run() {
    block_on(async {
        let scratch = Scratch::new("fleet-active");
        let own = Engine::new(&EngineOptions { cache: true, instances: Some(4), ..EngineOptions::default() }).unwrap();
        let plugin = Plugin::load(&own, &component_file()).await.unwrap();
        let most = Arc::new(AtomicUsize::new(0));
        let hook = {
            let (most, own) = (Arc::clone(&most), own.clone());
            Arc::new(move |_: &RequestInfo, reply| {
                most.fetch_max(own.instances(), Ordering::SeqCst);
                reply
            })
        };
        let simulator = simulator(Config { hook: Some(hook), accounts: 12, ..account(5, 2, 2, 8) }).await;
        let specs = (0..12).map(|n| spec(&format!("t{n}"), &simulator, n)).collect();
        let options = Options { active: 3, page_requests: 30, ..Options::new(&scratch.0) };
        let report = run(fleet(&plugin, specs, options)).await;
        assert_eq!(words(&report), ["complete"; 12]);
        assert_eq!(most.load(Ordering::SeqCst), 3, "of three that may");
    });
}

#[test]
fn tenants_of_one_account_share_its_quota() {
    block_on(async {
        let scratch = Scratch::new("fleet-quota");
        let simulator = simulator(Config { accounts: 2, ..account(20, 4, 3, 60) }).await;
        let mut specs: Vec<Spec> =
            (0..4).map(|n| Spec { account: "acme".into(), ..spec(&format!("t{n}"), &simulator, 0) }).collect();
        specs.push(spec("other", &simulator, 1));
        let options = Options { active: 4, quota_requests: 400, page_requests: 150, ..Options::new(&scratch.0) };
        // In this hour nobody of the account goes on; the other account's quota is its own.
        let report = run_until_waiting(fleet(&plugin().await, specs, options), 4, || {}).await;
        let sent = |number| simulator.journal().iter().filter(|entry| entry.account == number).count();
        println!("{} and {} of 400", sent(0), sent(1));
        assert!((300..=400).contains(&sent(0)), "{} of 400", sent(0));
        assert_eq!(words(&report)[4], "complete");
        assert_eq!(report.requests as usize, sent(0) + sent(1), "what is counted is what was sent");
    });
}

#[test]
fn a_quota_that_comes_free_again_is_used_to_the_end() {
    block_on(async {
        let scratch = Scratch::new("fleet-quota-window");
        let simulator = simulator(account(5, 2, 2, 8)).await;
        let specs = ["a", "b"].map(|name| Spec { account: "acme".into(), ..spec(name, &simulator, 0) });
        let window = Duration::from_millis(200);
        let options = Options { quota_requests: 50, quota_window: window, ..Options::new(&scratch.0) };
        let report = run(fleet(&plugin().await, specs.to_vec(), options)).await;
        assert_eq!(words(&report), ["complete"; 2]);
        assert!(report.tenants.iter().all(|tenant| tenant.turns > 1));
        let want = alone(account(5, 2, 2, 8)).await;
        assert!(scratch.evidence("a") == want && scratch.evidence("b") == want);
    });
}

#[test]
fn a_source_that_keeps_its_own_pace_holds_up_nobody_else() {
    block_on(async {
        let scratch = Scratch::new("fleet-pace");
        let simulator = simulator(account(5, 2, 2, 8)).await;
        let of_account = |name| Spec { account: "acme".into(), ..spec(name, &simulator, 0) };
        let slow = SettingsRef::Given(r#"{"requests_per_hour": 40}"#.into());
        let specs = vec![Spec { settings: slow, ..of_account("slow") }, of_account("free")];
        let waits = Mutex::new(BTreeSet::new());
        let fleet = fleet(
            &plugin().await,
            specs,
            Options { active: 1, endurance: patience(Duration::ZERO), ..Options::new(&scratch.0) },
        );
        let (stop, stopped) = watch::channel(Stop::No);
        let report = fleet
            .run(stopped, &|event| match event {
                Event::Waits { name, cause, .. } => {
                    assert!(matches!(cause, Cause::OwnPace(_)), "{cause:?}");
                    waits.lock().unwrap().insert(name.to_string());
                    if *name == "free" {
                        stop.send(Stop::Gently).unwrap();
                    }
                }
                Event::Ended(_) => stop.send(Stop::Gently).unwrap(),
            })
            .await;
        assert_eq!(words(&report), ["interrupted", "complete"]);
        assert_eq!(waits.into_inner().unwrap(), BTreeSet::from(["slow".to_string()]));
    });
}

#[test]
fn a_hostile_slow_or_limited_tenant_ends_by_itself_and_the_others_get_the_same_bytes() {
    block_on(async {
        let scratch = Scratch::new("fleet-hostile");
        let acme = Plugin::load(&engine(), &guest("hostile_source")).await.unwrap();
        let good = simulator(Config { accounts: 3, ..account(8, 2, 2, 12) }).await;
        let evil = simulator(account(1, 1, 1, 1)).await;
        let slow = simulator(Config { latency: Duration::from_millis(100), ..account(2, 1, 1, 2) }).await;
        let never = Quota { requests: 0, retry_after: "1".into(), lifted_after: Duration::from_secs(3600) };
        let limited = simulator(Config { quota: Some(never), ..account(1, 1, 1, 1) }).await;
        // So little memory is used up long before the time of computing is, on a busy machine too.
        let limits = Limits {
            compute: Duration::from_millis(300),
            call: Duration::from_secs(4),
            memory_bytes: 32 * 1024 * 1024,
            ..Limits::default()
        };
        let mut tenants: Vec<(Spec, Plugin)> = Vec::new();
        for act in ["spin", "grow", "recurse", "hoard", "sleep"] {
            let settings = SettingsRef::Given(format!("{{\"probe\": \"{act}\"}}"));
            let granted = Some(crate::support::acme());
            tenants.push((Spec { settings, limits, granted, ..spec(act, &evil, 0) }, acme.clone()));
        }
        let plugin = plugin().await;
        tenants.push((spec("slow", &slow, 0), plugin.clone()));
        tenants.push((spec("limited", &limited, 0), plugin.clone()));
        tenants.extend((0..3).map(|n| (spec(&format!("good-{n}"), &good, n), plugin.clone())));
        let endurance = patience(Duration::from_secs(1));
        let options = Options { active: 10, endurance, page_milliseconds: 1_000, ..Options::new(&scratch.0) };
        let report = run(Fleet::new(tenants, options).unwrap()).await;
        let want = ["limit", "limit", "limit", "limit", "limit", "complete", "rate-limited"];
        assert_eq!(words(&report), [&want[..], &["complete"; 3]].concat());
        let turns: Vec<u32> = report.tenants.iter().map(|tenant| tenant.turns).collect();
        assert_eq!(turns[..4], [1; 4], "what a limit stops is not tried again");
        // A call that takes too long may be the vendor's doing.
        assert!((2..=4).contains(&turns[4]) && (2..=4).contains(&turns[6]), "{turns:?}");
        for tenant in &report.tenants {
            println!("{}: {} after {} turns, {:?}", tenant.name, tenant.outcome.word(), tenant.turns, tenant.took);
            if let Outcome::Failed(error) = &tenant.outcome {
                let is_compute = matches!(error, Error::Limit(Limit::Compute(_)));
                assert_eq!(is_compute, tenant.name == "spin", "{error}");
                println!("    {error}");
                assert!(!scratch.0.join(&tenant.name).exists(), "{} left something", tenant.name);
            }
        }
        for number in 0..3 {
            let mut config = account(8, 2, 2, 12);
            config.account.seed += number;
            assert!(scratch.evidence(&format!("good-{number}")) == alone(config).await, "{number}");
        }
    });
}

#[test]
fn a_tenant_that_comes_no_further_is_given_up_and_keeps_what_it_has() {
    block_on(async {
        let scratch = Scratch::new("fleet-stuck");
        // Beyond the first requests everything is refused, with the promise that it will be better at once.
        let quota = Quota { requests: 30, retry_after: "1".into(), lifted_after: Duration::from_secs(3600) };
        let simulator = simulator(Config { quota: Some(quota), ..account(5, 2, 2, 8) }).await;
        let endurance = patience(Duration::from_secs(2));
        let options = Options { endurance, page_milliseconds: 200, ..Options::new(&scratch.0) };
        let report = run(fleet(&plugin().await, vec![spec("stuck", &simulator, 0)], options)).await;
        assert_eq!(words(&report), ["rate-limited"]);
        assert!(report.tenants[0].records > 0 && report.tenants[0].turns > 3);
        let want = alone(account(5, 2, 2, 8)).await;
        assert!(want.starts_with(&scratch.evidence("stuck")));
    });
}

/// Where everything is refused with 503 from the hundredth request on, for so long.
fn outage(length: Duration) -> Hook {
    let begun: OnceLock<Instant> = OnceLock::new();
    Arc::new(move |request: &RequestInfo, reply| {
        let is_away = request.number >= 100 && begun.get_or_init(Instant::now).elapsed() < length;
        if is_away { Reply::error(StatusCode::SERVICE_UNAVAILABLE, "Away", "Away.") } else { reply }
    })
}

/// A fleet in the midst of which the vendor is away, a hundredth of the time that it is tried again by default
/// and of an outage of so many minutes.
async fn during_outage(minutes: u32, scratch: &Scratch, resume: bool) -> (Report, BTreeSet<String>) {
    let second = Duration::from_secs(60) / 100;
    let hook = Some(outage(second * minutes));
    let simulator = simulator(Config { hook, accounts: 8, ..account(5, 2, 2, 8) }).await;
    let specs = (0..8).map(|n| spec(&format!("t{n}"), &simulator, n)).collect();
    let endurance = Endurance { horizon: second * 15, backoff: Duration::from_millis(10), ..Endurance::default() };
    let options = Options { endurance, page_milliseconds: 100, page_requests: 40, resume, ..Options::new(&scratch.0) };
    let failed = Mutex::new(BTreeSet::new());
    let (_stop, never) = watch::channel(Stop::No);
    let report = fleet(&plugin().await, specs, options)
        .run(never, &|event| {
            if let Event::Waits { name, cause: Cause::Failed(_) | Cause::NoProgress, .. } = event {
                failed.lock().unwrap().insert(name.to_string());
            }
        })
        .await;
    (report, failed.into_inner().unwrap())
}

#[test]
fn an_outage_of_five_minutes_costs_no_tenant_anything_but_time() {
    block_on(async {
        let scratch = Scratch::new("fleet-outage");
        let (report, failed) = during_outage(5, &scratch, false).await;
        assert_eq!(words(&report), ["complete"; 8]);
        assert_eq!(failed.len(), 8, "the outage came in the midst of all: {failed:?}");
        for number in 0..8 {
            let mut config = account(5, 2, 2, 8);
            config.account.seed += number;
            assert!(scratch.evidence(&format!("t{number}")) == alone(config).await, "{number}");
        }
    });
}

#[test]
fn an_outage_beyond_the_horizon_ends_tenants_with_its_name_and_they_can_be_resumed() {
    block_on(async {
        let scratch = Scratch::new("fleet-outage-long");
        let (report, _) = during_outage(100, &scratch, false).await;
        assert_eq!(words(&report), ["upstream"; 8]);
        let (report, _) = during_outage(0, &scratch, true).await;
        assert_eq!(words(&report), ["complete"; 8]);
        assert!(scratch.evidence("t0") == alone(account(5, 2, 2, 8)).await);
    });
}
