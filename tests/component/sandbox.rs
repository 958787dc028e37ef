//! Components that want to harm: each is stopped by a limit with a name, and its neighbours do not
//! notice. What may leave at all is tested in `second_source.rs`.

use crate::support::{Collected, account, acme, block_on, collect, engine, guest, options, plugin, simulator, tenant};
use fivetran_simulator::Config;
use fivetran_simulator::faults::{Rule, Schedule};
use source_host::bindings::exports::compliance::source::source::HealthDepth;
use source_host::error::Error;
use source_host::limits::{Limit, Limiter, Limits};
use source_host::plugin::Plugin;
use source_host::tenant::Tenant;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long a call may take that only sleeps.
const SLEEP: Duration = Duration::from_secs(2);

/// Small limits, so that each is reached soon.
fn limits() -> Limits {
    Limits {
        compute: Duration::from_millis(300),
        // Whoever computes gets a tenth of a core, so that it takes long.
        call: Duration::from_secs(20),
        // Used up long before the time of computing is, on a busy machine too.
        memory_bytes: 32 * 1024 * 1024,
        requests: 500,
        in_flight: 16,
        ..Limits::default()
    }
}

fn hostile(tenant: &Tenant, act: &str) -> Tenant {
    let limits = if act == "sleep" { Limits { call: SLEEP, ..limits() } } else { limits() };
    Tenant { settings: format!("{{\"probe\": \"{act}\"}}"), limits, granted: Some(acme()), ..tenant.clone() }
}

async fn act(plugin: &Plugin, tenant: &Tenant, act: &str) -> Result<String, Error> {
    outcome(plugin, &hostile(tenant, act)).await
}

async fn outcome(plugin: &Plugin, tenant: &Tenant) -> Result<String, Error> {
    let collected = collect(plugin, tenant, options(None, None)).await?;
    let record: serde_json::Value = serde_json::from_str(&collected.lines[0]).unwrap();
    Ok(record["content"]["outcome"].as_str().unwrap().to_string())
}

/// Every act that ends the component, and the limit that does it.
fn deadly() -> [(&'static str, Limit); 13] {
    [
        ("spin", Limit::Compute(limits().compute)),
        ("spin-denied", Limit::Compute(limits().compute)),
        ("half", Limit::Compute(limits().compute)),
        ("now-and-then", Limit::Compute(limits().compute)),
        ("grow", Limit::Memory(limits().memory_bytes)),
        ("recurse", Limit::Stack),
        ("sleep", Limit::Call(SLEEP)),
        ("hoard", Limit::Resources),
        ("flood", Limit::InFlight(limits().in_flight)),
        ("hammer", Limit::Requests(limits().requests)),
        ("hammer-denied", Limit::Requests(limits().requests)),
        ("header", Limit::Headers),
        ("headers", Limit::Headers),
    ]
}

#[test]
fn each_hostile_component_is_stopped_by_its_limit() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let acme = Plugin::load(&engine(), &guest("hostile_source")).await.unwrap();
        for (what, want) in deadly().into_iter() {
            let error = act(&acme, &tenant(&simulator), what).await.unwrap_err();
            assert!(matches!(&error, Error::Limit(limit) if *limit == want), "{what}: {error:?}");
            println!("{what}: {error}");
        }
        assert!(simulator.journal().len() <= 2 * 500 + 16, "{} requests got through", simulator.journal().len());
    });
}

#[test]
fn a_component_that_does_not_answer_health_is_ended() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let acme = Plugin::load(&engine(), &guest("hostile_source")).await.unwrap();
        let health = Duration::from_millis(200);
        let tenant = Tenant { limits: Limits { health, ..Limits::default() }, ..hostile(&tenant(&simulator), "sleep") };
        let (mut instance, _) = acme.configured(&tenant).await.unwrap();
        let error = instance.health(HealthDepth::Credential).await.unwrap_err();
        assert!(matches!(error, Error::Limit(Limit::Health(limit)) if limit == health), "{error:?}");
        assert_eq!(Limits::default().health, Duration::from_secs(30), "as the documents say");
    });
}

#[test]
fn a_component_that_lives_on_gets_no_more_than_its_limit() {
    block_on(async {
        let faults = Some(Arc::new(Schedule::new(vec!["huge@/v1/things".parse::<Rule>().unwrap()])));
        let simulator = simulator(Config { faults, ..account(1, 1, 1, 1) }).await;
        let acme = Plugin::load(&engine(), &guest("hostile_source")).await.unwrap();
        let tenant = tenant(&simulator);
        // Reading 64 MiB is computing: as much of it as a busy machine may take.
        let patient = Limits { call: Limits::default().call, compute: Limits::default().compute, ..limits() };
        let draining = Tenant { limits: patient, ..hostile(&tenant, "drain") };
        let outcome = outcome(&acme, &draining).await.unwrap();
        let read: usize = outcome.split(' ').next().unwrap().parse().unwrap();
        assert!((1..=limits().body_bytes).contains(&read), "{outcome}");
        assert_eq!(act(&acme, &tenant, "doze").await.unwrap(), "slept well", "waiting is not computing");
        let long = format!("GET https://acme.example/v1/{}", "secret".repeat(2_000));
        assert!(act(&acme, &tenant, &long).await.unwrap().contains("RequestDenied"));
    });
}

/// A server that sends one byte every 20 ms, 60 of them, to each who asks.
async fn trickle() -> http::Uri {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            tokio::spawn(async move {
                assert!(peer.read(&mut [0; 4096]).await.unwrap() > 0);
                peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 60\r\n\r\n").await.unwrap();
                for _ in 0..60 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    peer.write_all(b"x").await.unwrap();
                }
            });
        }
    });
    root.parse().unwrap()
}

#[test]
fn whoever_reads_from_a_slow_vendor_does_not_compute() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let acme = Plugin::load(&engine(), &guest("hostile_source")).await.unwrap();
        let slow = Tenant { upstream: Some(trickle().await), ..tenant(&simulator) };
        // Far less than the bytes take to come.
        let limits = Limits { compute: Duration::from_millis(100), ..limits() };
        let drains = Tenant { limits, ..hostile(&slow, "drain") };
        let collected = collect(&acme, &drains, options(None, None)).await.unwrap();
        assert!(collected.lines[0].contains("60 bytes read"), "{}", collected.lines[0]);
    });
}

#[test]
fn a_table_does_not_grow_beyond_its_limit() {
    // A component of Rust cannot grow a table, so a module is instantiated under the same limiter.
    let text = r#"(module (table 1 funcref) (func (export "grow")
        (loop (drop (table.grow (ref.null func) (i32.const 1000))) (br 0))))"#;
    let engine = wasmtime::Engine::default();
    let module = wasmtime::Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut store = wasmtime::Store::new(&engine, Limiter::new(limits()));
    store.limiter(|limiter| limiter);
    let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
    let grow = instance.get_typed_func::<(), ()>(&mut store, "grow").unwrap();
    let trap = grow.call(&mut store, ()).unwrap_err();
    assert_eq!(Limit::behind(&trap), Some(Limit::Table(limits().table_elements)), "{trap:?}");
}

/// A collection while nothing or everything else goes on.
async fn neighbour(config: Config) -> (Collected, Duration) {
    let simulator = simulator(config).await;
    let plugin = plugin().await;
    let began = Instant::now();
    let collected = collect(&plugin, &tenant(&simulator), options(None, Some(8))).await.unwrap();
    (collected, began.elapsed())
}

#[test]
fn a_neighbour_of_hostile_components_gets_the_same_bytes() {
    let config = || Config { latency: Duration::from_millis(20), ..account(30, 3, 3, 40) };
    block_on(async {
        let (want, alone) = neighbour(config()).await;
        let acme = Plugin::load(&engine(), &guest("hostile_source")).await.unwrap();
        let evil = simulator(account(1, 1, 1, 1)).await;
        for (what, _) in deadly() {
            let (acme, tenant) = (acme.clone(), tenant(&evil));
            // Stopped each time, and there again at once.
            let acting = tokio::spawn(async move { while act(&acme, &tenant, what).await.is_err() {} });
            let (got, among) = neighbour(config()).await;
            acting.abort();
            assert!(got.lines == want.lines, "{what}");
            println!("beside {what}: {:.2} of the time alone", among.as_secs_f64() / alone.as_secs_f64());
        }
    });
}
