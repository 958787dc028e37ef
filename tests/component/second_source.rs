//! A source by somebody else, from the same WIT, runs in the harness unchanged: nothing in the
//! interface says Fivetran. It also probes the one door to the outside: what is denied, by what
//! name, and what gets through.

use crate::support::{account, block_on, collect, engine, guest, options, simulator, tenant};
use fivetran_simulator::Simulator;
use source_host::connections::Connections;
use source_host::error::Error;
use source_host::plugin::Plugin;
use source_host::tenant::{Credentials, Tenant};
use source_host::transport::Terms;
use std::sync::Arc;

/// Runs the second source with a probe, and answers how the probe ended.
async fn probe(tenant: &Tenant, probe: &str) -> Result<String, Error> {
    let plugin = Plugin::load(&engine(), &guest("hostile_source")).await?;
    assert_eq!(
        (plugin.description().name.as_str(), plugin.description().kinds[0].id.as_str()),
        ("Acme Things", "thing")
    );
    let tenant = Tenant { settings: format!("{{\"probe\": \"{probe}\"}}"), ..tenant.clone() };
    let collected = collect(&plugin, &tenant, options(None, None)).await?;
    let record: serde_json::Value = serde_json::from_str(&collected.lines[0]).unwrap();
    Ok(record["content"]["outcome"].as_str().unwrap().to_string())
}

async fn check(simulator: &Simulator, cases: &[(&str, &str)]) {
    for (request, want) in cases {
        let served = simulator.journal().len();
        let outcome = probe(&tenant(simulator), request).await.unwrap();
        assert!(outcome.contains(want), "{request}: {outcome} instead of {want}");
        let let_out = simulator.journal().len() - served;
        assert_eq!(let_out, usize::from(want.starts_with("status")), "{request}");
    }
}

#[test]
fn a_declared_request_is_let_out() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        // The simulator does not know Acme's key: what counts is that the request came through.
        check(&simulator, &[("GET https://acme.example/v1/things", "status 401")]).await;
    });
}

#[test]
fn everything_else_is_denied() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        check(
            &simulator,
            &[
                ("POST https://acme.example/v1/things", "RequestDenied"),
                ("GET http://acme.example/v1/things", "RequestDenied"),
                ("GET https://acme.example:8443/v1/things", "RequestDenied"),
                ("GET https://acme.example/v2/things", "RequestDenied"),
                ("GET https://acme.example/v1/../v2/things", "RequestDenied"),
                ("GET https://api.fivetran.com/v1/users", "RequestDenied"),
                ("GET https://acme.example.evil.org/v1/things", "RequestDenied"),
                ("GET https://169.254.169.254/v1/things", "RequestDenied"),
                ("GET https://127.0.0.1/v1/things", "RequestDenied"),
                ("SMUGGLE https://acme.example/v1/things", "header refused"),
            ],
        )
        .await;
    });
}

#[test]
fn a_denial_is_noted_for_the_operator() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let tenant = tenant(&simulator);
        probe(&tenant, "GET https://evil.example/v1/things?token=canary").await.unwrap();
        let denied = tenant.meter.denied().join("\n");
        assert!(denied.contains("evil.example") && !denied.contains("canary"), "{denied}");
    });
}

#[test]
fn the_host_may_grant_less_than_is_declared() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let stingy = Tenant { granted: Some(Vec::new()), ..tenant(&simulator) };
        assert!(probe(&stingy, "GET https://acme.example/v1/things").await.unwrap().contains("RequestDenied"));
    });
}

#[test]
fn a_name_that_leads_back_into_the_host_is_prohibited() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let mut direct = tenant(&simulator);
        direct.upstream = None;
        let rule = source_host::egress::Rule {
            scheme: "https".into(),
            host: "localhost".into(),
            port: 443,
            methods: vec!["GET".into()],
            path_prefixes: vec!["/".into()],
        };
        // The component declares acme.example only, so the door itself is asked here.
        let transport = engine().transport().clone();
        let body = http_body_util::BodyExt::boxed_unsync(http_body_util::BodyExt::map_err(
            http_body_util::Empty::new(),
            |never| match never {},
        ));
        let request = http::Request::get(format!("https://{}/", rule.host)).body(body).unwrap();
        let terms = Terms { options: None, max_body_bytes: 1024, direct: false, in_flight: Arc::default() };
        let error = transport.send(&Connections::default(), request, terms).await.err().unwrap();
        assert!(matches!(error, wasmtime_wasi_http::Error::DestinationIpProhibited), "{error:?}");
    });
}

#[test]
fn a_host_that_keeps_the_credentials_lets_the_guest_set_none() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let Credentials::Basic(pair) = tenant(&simulator).credentials else { unreachable!() };
        let managed = Tenant { credentials: Credentials::HostManaged(pair), ..tenant(&simulator) };
        // The host adds the right pair: 404, since the simulator has no things.
        assert_eq!(probe(&managed, "GET https://acme.example/v1/things").await.unwrap(), "status 404");
    });
}
