//! Connections: as many as are needed, over TLS and HTTP/2 too, and each of them one tenant's.

use crate::support::fleet::{Scratch, alone, fleet, run, spec, words};
use crate::support::network::{Secure, plugin_with};
use crate::support::{Collected, account, block_on, collect, engine, guest, options, plugin, simulator, tenant};
use fivetran_simulator::faults::{Rule, Schedule};
use fivetran_simulator::{Config, Simulator, Versions};
use source_fleet::Options;
use source_host::error::Error;
use source_host::limits::{Limit, Limits};
use source_host::network::Network;
use source_host::obstacle::Obstacle;
use source_host::plugin::Plugin;
use source_host::tenant::Tenant;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Long enough that requests overlap.
const LATENCY: Duration = Duration::from_millis(10);

async fn same(secure: &Secure, want: &[String], concurrency: u32) -> Collected {
    let tenant = tenant(&secure.simulator);
    let got = collect(&secure.plugin().await, &tenant, options(None, Some(concurrency))).await.unwrap();
    assert!(got.lines == want, "other records");
    assert!(secure.simulator.peak_in_flight() > 1, "nothing overlapped");
    got
}

#[test]
fn records_are_the_same_to_the_byte_over_tls_and_over_either_http() {
    block_on(async {
        let config = || Config { latency: LATENCY, ..account(30, 4, 5, 40) };
        let plain = simulator(config()).await;
        let want = collect(&plugin().await, &tenant(&plain), options(None, Some(8))).await.unwrap().lines;
        assert!(plain.connections_accepted() <= 8, "{} connections", plain.connections_accepted());
        for (versions, most) in [(Versions::Both, 1), (Versions::Http2, 1), (Versions::Http1, 8)] {
            let secure = Secure::start(&format!("same-{versions:?}"), config(), versions).await;
            same(&secure, &want, 8).await;
            let (connections, handshakes) = (secure.simulator.connections_accepted(), secure.simulator.handshakes());
            println!("{versions:?}: {} calls, {connections} connections", secure.simulator.served());
            assert!((1..=most).contains(&connections), "{versions:?}: {connections} connections");
            assert_eq!(handshakes, connections, "{versions:?}");
        }
    });
}

#[test]
fn a_server_that_takes_few_requests_at_once_is_not_asked_for_more() {
    block_on(async {
        let config = Config { max_streams: 4, latency: LATENCY, ..account(30, 4, 5, 40) };
        let want = alone(account(30, 4, 5, 40)).await;
        let secure = Secure::start("few-streams", config, Versions::Http2).await;
        let want: Vec<String> = want.lines().map(String::from).collect();
        let got = same(&secure, &want, 32).await;
        assert_eq!(secure.simulator.peak_in_flight(), 4);
        assert_eq!(secure.simulator.connections_accepted(), 1);
        assert_eq!(got.pages.last().unwrap().usage.retries, 0, "something was refused");
    });
}

#[test]
fn a_server_that_closes_each_connection_costs_connections_and_no_record() {
    block_on(async {
        let close = |_: &_, mut reply: fivetran_simulator::Reply| {
            reply.headers.insert("connection", http::HeaderValue::from_static("close"));
            reply
        };
        let config = Config { hook: Some(Arc::new(close)), ..account(10, 2, 2, 10) };
        let want: Vec<String> = alone(account(10, 2, 2, 10)).await.lines().map(String::from).collect();
        let closing = simulator(config).await;
        let got = collect(&plugin().await, &tenant(&closing), options(None, Some(8))).await.unwrap();
        assert!(got.lines == want, "other records");
        assert_eq!(closing.connections_accepted(), closing.served());
    });
}

/// The accounts that each connection served.
fn accounts(simulator: &Simulator) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut all: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for entry in simulator.journal() {
        all.entry(entry.connection).or_default().insert(entry.account);
    }
    all
}

#[test]
fn tenants_of_a_fleet_share_no_connection_and_make_few() {
    block_on(async {
        for (versions, each) in [(Versions::Http2, 1), (Versions::Http1, 4)] {
            let scratch = Scratch::new(&format!("fleet-{versions:?}"));
            let config = Config { accounts: 6, latency: LATENCY, ..account(8, 2, 2, 12) };
            let secure = Secure::start(&format!("fleet-ca-{versions:?}"), config, versions).await;
            let specs = (0..6).map(|n| spec(&format!("t{n}"), &secure.simulator, n)).collect();
            // All have their turns at once, and several each.
            let options = Options { active: 6, concurrency: 4, page_requests: 40, ..Options::new(&scratch.0) };
            let report = run(fleet(&secure.plugin().await, specs, options)).await;
            assert_eq!(words(&report), ["complete"; 6]);
            assert!(report.tenants.iter().all(|tenant| tenant.turns > 2), "one turn each");
            let accounts = accounts(&secure.simulator);
            assert!(accounts.values().all(|of| of.len() == 1), "{accounts:?}");
            // A turn that begins at once finds those of the one before.
            assert!(accounts.len() <= 6 * each, "{versions:?}: {} connections", accounts.len());
        }
    });
}

#[test]
fn who_waits_in_a_fleet_holds_no_connection() {
    block_on(async {
        let scratch = Scratch::new("fleet-few");
        let config = Config { accounts: 6, latency: LATENCY, ..account(8, 2, 2, 12) };
        let simulator = simulator(config).await;
        let specs = (0..6).map(|n| spec(&format!("t{n}"), &simulator, n)).collect();
        let options = Options { active: 1, concurrency: 4, page_requests: 40, ..Options::new(&scratch.0) };
        let report = run(fleet(&plugin().await, specs, options)).await;
        assert_eq!(words(&report), ["complete"; 6]);
        assert!(simulator.peak_connections() <= 5, "{} at once", simulator.peak_connections());
    });
}

#[test]
fn a_tenant_resumes_its_own_sessions_of_tls_and_nobody_elses() {
    block_on(async {
        let secure = Secure::start("sessions", account(2, 1, 1, 1), Versions::Http2).await;
        let (plugin, simulator) = (secure.plugin().await, &secure.simulator);
        let (first, second) = (tenant(simulator), tenant(simulator));
        collect(&plugin, &first, options(None, None)).await.unwrap();
        first.connections.close_idle();
        collect(&plugin, &second, options(None, None)).await.unwrap();
        assert_eq!((simulator.handshakes(), simulator.resumed()), (2, 0));
        collect(&plugin, &first, options(None, None)).await.unwrap();
        assert_eq!((simulator.handshakes(), simulator.resumed()), (3, 1));
    });
}

fn hostile(simulator: &Simulator, probe: &str) -> Tenant {
    let settings = format!("{{\"probe\": \"{probe}\"}}");
    let limits = Limits { in_flight: 16, call: Duration::from_secs(20), ..Limits::default() };
    Tenant { settings, limits, granted: Some(crate::support::acme()), ..tenant(simulator) }
}

#[test]
fn an_answer_that_is_not_read_counts_as_in_flight() {
    block_on(async {
        let faults = Some(Arc::new(Schedule::new(vec!["huge@/v1/things".parse::<Rule>().unwrap()])));
        let simulator = simulator(Config { faults, ..account(1, 1, 1, 1) }).await;
        let acme = Plugin::load(&engine(), &guest("hostile_source")).await.unwrap();
        let error = collect(&acme, &hostile(&simulator, "unread"), options(None, None)).await.err().unwrap();
        assert!(matches!(error, Error::Limit(Limit::InFlight(16))), "{error}");
        assert!(simulator.served() <= 17, "{} requests", simulator.served());
    });
}

#[test]
fn a_neighbour_that_reads_nothing_stalls_nobody() {
    block_on(async {
        let huge = || Some(Arc::new(Schedule::new(vec!["huge@/v1/things".parse::<Rule>().unwrap()])));
        let want: Vec<String> = alone(account(30, 4, 5, 40)).await.lines().map(String::from).collect();
        for versions in [Versions::Http2, Versions::Http1] {
            let config = Config { faults: huge(), latency: LATENCY, ..account(30, 4, 5, 40) };
            let secure = Secure::start(&format!("unread-{versions:?}"), config, versions).await;
            let plugin = secure.plugin().await;
            let bad = Plugin::load(plugin.engine(), &guest("hostile_source")).await.unwrap();
            let hostile = hostile(&secure.simulator, "unread-then-sleep");
            let stalling = collect(&bad, &hostile, options(None, None));
            let good = async {
                // When the other one holds all that it may.
                while secure.simulator.served() < 15 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                same(&secure, &want, 8).await
            };
            tokio::select! {
                biased;
                _ = good => {}
                _ = stalling => panic!("{versions:?}: the hostile one ended first"),
            }
        }
    });
}

#[test]
fn a_server_of_an_unknown_authority_is_named_as_that() {
    block_on(async {
        let secure = Secure::start("unknown-ca", account(2, 1, 1, 1), Versions::Both).await;
        let tenant = tenant(&secure.simulator);
        let error = collect(&plugin().await, &tenant, options(None, None)).await.err().unwrap();
        let Error::Source(failure) = error else { panic!("{error}") };
        assert!(failure.message.contains("tls-certificate"), "{failure:?}");
        assert!(failure.remedy.contains("that authority's certificate"), "{failure:?}");
        let server = secure.simulator.addr().to_string();
        assert_eq!(tenant.connections.obstacle(), Some(Obstacle::UnknownAuthority(server)));
        assert_eq!(secure.simulator.served(), 0, "something was sent");
        // One who trusts it gets through, and so does who trusts what the system trusts, where that is it.
        collect(&secure.plugin().await, &crate::support::tenant(&secure.simulator), options(None, None)).await.unwrap();
    });
}

#[test]
fn a_page_of_html_or_a_redirect_is_said_to_be_a_portals() {
    block_on(async {
        for fault in ["html", "html-401", "html-403", "html-404", "redirect"] {
            let rule: Rule = format!("{fault}@/v1/").parse().unwrap();
            let faults = Some(Arc::new(Schedule::new(vec![rule])));
            let simulator = simulator(Config { faults, ..account(2, 1, 1, 1) }).await;
            let error = collect(&plugin().await, &tenant(&simulator), options(None, None)).await.err().unwrap();
            let Error::Source(failure) = error else { panic!("{fault}: {error}") };
            assert!(failure.remedy.contains("captive portal or a proxy"), "{fault}: {failure:?}");
            let (mut instance, _) = plugin().await.configured(&tenant(&simulator)).await.unwrap();
            use source_host::bindings::exports::compliance::source::source::HealthDepth;
            let report = instance.health(HealthDepth::Credential).await.unwrap();
            let remedies: Vec<_> = report.checks.iter().filter_map(|check| check.remedy.as_deref()).collect();
            assert!(remedies.iter().any(|remedy| remedy.contains("captive portal")), "{fault}: {remedies:?}");
        }
    });
}

#[test]
fn certificates_that_are_none_are_refused_at_the_start() {
    block_on(async {
        let scratch = Scratch::new("no-ca");
        std::fs::create_dir_all(&scratch.0).unwrap();
        let file = scratch.0.join("ca.pem");
        std::fs::write(&file, "no certificate").unwrap();
        let network = Network { ca_file: Some(file), ..Network::default() };
        let error = plugin_with(network, &guest("hostile_source")).await.err().unwrap().to_string();
        assert!(error.contains("no certificate in it"), "{error}");
    });
}
