//! A source by somebody else, from the same WIT, runs in the harness unchanged: nothing in the
//! interface says Fivetran. It also probes the one door to the outside: what is denied, by what
//! name, and what gets through.

use crate::support::{account, acme, block_on, collect, engine, grant, guest, options, simulator, tenant};
use fivetran_simulator::Simulator;
use source_host::connections::Connections;
use source_host::engine::{Engine, EngineOptions};
use source_host::error::Error;
use source_host::grant::Grant;
use source_host::plugin::Plugin;
use source_host::tenant::{Credentials, Managed, Tenant};
use source_host::transport::Terms;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Runs the second source with a probe under its own policy, and answers how the probe ended.
async fn probe(tenant: &Tenant, probe: &str) -> Result<String, Error> {
    probe_under(Some(acme()), tenant, probe).await
}

async fn probe_under(granted: Option<Grant>, tenant: &Tenant, probe: &str) -> Result<String, Error> {
    let plugin = Plugin::load(&engine(), &guest("hostile_source")).await?;
    assert_eq!(
        (plugin.description().name.as_str(), plugin.description().kinds[0].id.as_str()),
        ("Acme Things", "thing")
    );
    let tenant = Tenant { settings: format!("{{\"probe\": \"{probe}\"}}"), granted, ..tenant.clone() };
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
                ("GET https://acme.example/v1-x/things", "RequestDenied"),
                ("GET https://acme.example/v1/../v2/things", "RequestDenied"),
                ("GET https://acme.example/v1/%2e%2e/v2/things", "RequestDenied"),
                ("GET https://acme.example/v1/%252e%252e/v2/things", "RequestDenied"),
                ("GET https://acme.example/v1/a%2Fb", "RequestDenied"),
                ("GET https://acme.example/v1/..;/things", "RequestDenied"),
                ("GET https://acme.example/v1/things x-http-method-override=DELETE", "RequestDenied"),
                ("GET https://acme.example/v1/things cookie=a", "RequestDenied"),
                ("GET https://acme.example/v1/things x-forwarded-host=evil.example", "RequestDenied"),
                ("GET https://acme.example/v1/things forwarded=host", "RequestDenied"),
                ("GET https://acme.example/v1/things te=trailers", "RequestDenied"),
                ("GET https://acme.example/v1/things content-length=0", "RequestDenied"),
                ("GET https://acme.example/v1/things upgrade=h2c", "header refused"),
                ("GET https://acme.example/v1/things proxy-authorization=a", "header refused"),
                ("BODY https://acme.example/v1/things", "RequestDenied"),
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
fn a_component_that_asks_for_more_than_its_policy_grants_sends_nothing() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let request = "GET https://acme.example/v1/things";
        let mut narrow = acme();
        narrow.rules[0].path_prefixes = vec!["/v1/things".into()];
        let other = grant("acme", "other.example");
        for policy in [narrow, other, Grant { rules: vec![], ..acme() }] {
            let error = probe_under(Some(policy), &tenant(&simulator), request).await.unwrap_err();
            let Error::BeyondGrant { asks, .. } = &error else { panic!("{error:?}") };
            assert_eq!(asks, &["GET https://acme.example:443 /v1/"]);
        }
        // Nobody has said anything, or it was said of another source.
        let error = probe_under(None, &tenant(&simulator), request).await.unwrap_err();
        let Error::NotGranted { policy, .. } = &error else { panic!("{error:?}") };
        let ready = Grant::parse(policy).unwrap();
        let error = probe_under(Some(grant("fivetran", "acme.example")), &tenant(&simulator), request).await;
        assert!(error.unwrap_err().to_string().contains("the policy is for the source \"fivetran\""));
        assert_eq!(simulator.journal().len(), 0);
        assert_eq!(probe_under(Some(ready), &tenant(&simulator), request).await.unwrap(), "status 401");
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
            headers: Vec::new(),
            secret: true,
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

/// A server that answers everybody with 204, and what it was sent.
async fn listener() -> (http::Uri, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}", listener.local_addr().unwrap());
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            let mut bytes = vec![0; 8192];
            let length = peer.read(&mut bytes).await.unwrap();
            heard.lock().unwrap().push(String::from_utf8_lossy(&bytes[..length]).into_owned());
            peer.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.unwrap();
        }
    });
    (root.parse().unwrap(), seen)
}

/// `Basic` with the simulator's pair.
const OURS: &str = "authorization: Basic c2ltdWxhdGVkLWtleTpzaW11bGF0ZWQtc2VjcmV0LXRoYXQtb3BlbnMtbm90aGluZw==";

#[test]
fn a_host_that_keeps_the_credentials_lets_the_guest_set_none() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let Credentials::Basic(pair) = tenant(&simulator).credentials else { unreachable!() };
        let (upstream, seen) = listener().await;
        let basic = Tenant { upstream: Some(upstream), ..tenant(&simulator) };
        let managed = Tenant { credentials: Credentials::HostManaged(Managed::Basic(pair)), ..basic.clone() };
        let forge = "FORGE https://acme.example/v1/things";
        let outcome = probe(&managed, forge).await.unwrap();
        assert_eq!(outcome, "set refused, append refused, list refused, status 204");
        // In the other mode the same guest does as it likes: what is refused above can be done.
        assert!(probe(&basic, forge).await.unwrap().starts_with("set taken, append taken, list taken, status"));
        let seen = seen.lock().unwrap();
        let sent = |request: &str| -> Vec<String> {
            let lines = request.lines().filter(|line| line.to_ascii_lowercase().starts_with("authorization:"));
            lines.map(String::from).collect()
        };
        assert_eq!(sent(&seen[0]), [OURS]);
        assert_eq!(sent(&seen[1]), ["authorization: Basic Zm9yZ2Vk"; 2]);
    });
}

#[test]
fn credentials_stay_here_where_the_policy_sends_requests_without_them() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let Credentials::Basic(pair) = tenant(&simulator).credentials else { unreachable!() };
        let (upstream, seen) = listener().await;
        let basic = Tenant { upstream: Some(upstream), ..tenant(&simulator) };
        let managed = Tenant { credentials: Credentials::HostManaged(Managed::Basic(pair)), ..basic.clone() };
        let mut public = acme();
        public.rules[0].secret = false;
        let request = "GET https://acme.example/v1/things";
        assert_eq!(probe_under(Some(public.clone()), &managed, request).await.unwrap(), "status 204");
        assert!(probe_under(Some(public), &basic, request).await.unwrap().contains("RequestDenied"));
        assert_eq!(probe(&managed, request).await.unwrap(), "status 204");
        let seen = seen.lock().unwrap();
        let carries: Vec<bool> = seen.iter().map(|request| request.contains(OURS)).collect();
        assert_eq!(carries, [false, true]);
    });
}

#[test]
fn an_upstream_that_would_carry_secrets_in_the_clear_is_refused() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let far = Tenant { upstream: Some("http://192.0.2.1:8080".parse().unwrap()), ..tenant(&simulator) };
        let error = probe(&far, "GET https://acme.example/v1/things").await.unwrap_err();
        assert!(error.to_string().contains("unencrypted"), "{error}");
    });
}

#[test]
fn a_full_pool_is_busy_and_no_defect() {
    block_on(async {
        let options = EngineOptions { cache: true, instances: Some(1), ..EngineOptions::default() };
        let small = Engine::new(&options).unwrap();
        let plugin = Plugin::load(&small, &guest("hostile_source")).await.unwrap();
        let tenant = Tenant { granted: Some(acme()), ..Tenant::new(Credentials::None) };
        let first = plugin.instantiate(&tenant).await.unwrap();
        let error = plugin.instantiate(&tenant).await.err().unwrap();
        assert!(matches!(error, Error::Busy(_)) && error.word() == "busy", "{error:?}");
        drop(first);
        assert!(plugin.instantiate(&tenant).await.is_ok());
    });
}
