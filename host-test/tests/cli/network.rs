//! TLS, authorities and proxies, as a user says them.

use crate::support::{CLOCK, Scratch, Server, check, check_output, evidence, program};
use std::process::Output;

/// A server over TLS, and the file with its authority's certificate.
fn secure(scratch: &Scratch, more: &[&str]) -> (Server, String) {
    let ca = scratch.path("ca.pem");
    (Server::start(&[&["--tls", "--ca-out", &ca], more].concat()), ca)
}

/// Runs with these variables and without any other that names a proxy.
fn run(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut program = program(args);
    for name in
        ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"]
    {
        program.env_remove(name);
    }
    program.envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn evidence_over_tls_is_the_same_to_the_byte() {
    let scratch = Scratch::new("tls-same");
    let plain = Server::start(&[]);
    let out = scratch.path("plain");
    check(&plain.collect(&out, CLOCK), 0, "audit_event");
    let want = evidence(&out);
    for http in ["both", "1.1", "2"] {
        let (server, ca) = secure(&scratch, &["--http", http]);
        assert!(server.url.starts_with("https://"), "{}", server.url);
        let out = scratch.path(http);
        check(&server.collect(&out, &[CLOCK, &["--ca-file", &ca]].concat()), 0, "audit_event");
        assert!(evidence(&out) == want, "{http}: other evidence");
        check(&["health", "--upstream", &server.url, "--ca-file", &ca], 0, "ok: ");
    }
}

#[test]
fn an_unknown_authority_is_named_with_the_flags_that_help() {
    let scratch = Scratch::new("tls-unknown");
    let (server, ca) = secure(&scratch, &[]);
    let authority = server.url.strip_prefix("https://").unwrap();
    let want = format!("network: {authority} shows a certificate of an authority that is not trusted here");
    let out = check(&server.collect(&scratch.path("out"), &[]), 4, &want);
    check_output(&out, 4, "--ca-system or --ca-file");
    check(&["health", "--upstream", &server.url], 4, &want);
    let health = ["health", "--upstream", &server.url, "--ca-system"];
    // The system's, where it says so, and only there.
    check_output(&run(&health, &[("SSL_CERT_FILE", &ca)]), 0, "ok: ");
    check_output(&run(&health[..3], &[("SSL_CERT_FILE", &ca)]), 4, &want);
    let none = scratch.write("none.pem", "");
    check_output(
        &run(&health, &[("SSL_CERT_FILE", &none), ("SSL_CERT_DIR", &scratch.path("nothing"))]),
        2,
        "no certificate that the system trusts",
    );
}

#[test]
fn a_proxy_is_used_when_it_is_asked_for_and_only_then() {
    let scratch = Scratch::new("proxy-env");
    let (server, ca) = secure(&scratch, &[]);
    // Nobody listens there.
    let proxy = ("HTTPS_PROXY", "http://user:hidden@127.0.0.1:1");
    let health = ["health", "--upstream", &server.url, "--ca-file", &ca];
    let asked = [health.as_slice(), &["--proxy-from-env"]].concat();
    check_output(&run(&health, &[proxy]), 0, "ok: ");
    let away = run(&asked, &[proxy]);
    check_output(&away, 4, "network: the proxy 127.0.0.1:1 cannot be reached");
    check_output(&away, 4, "correct --proxy or HTTPS_PROXY");
    let all = format!("{}{}", String::from_utf8_lossy(&away.stdout), String::from_utf8_lossy(&away.stderr));
    assert!(!all.contains("hidden"), "{all}");
    check_output(&run(&asked, &[proxy, ("NO_PROXY", "example.com,127.0.0.0/8")]), 0, "ok: ");
    check_output(&run(&asked, &[proxy, ("NO_PROXY", "*")]), 0, "ok: ");
    check_output(&run(&asked, &[]), 2, "the environment names no proxy");
    let named = [health.as_slice(), &["--proxy", "socks5://user:hidden@proxy.example"]].concat();
    let refused = run(&named, &[]);
    check_output(&refused, 2, "the proxy is not given as the URL of an HTTP proxy");
    assert!(!String::from_utf8_lossy(&refused.stderr).contains("hidden"));
}

#[test]
fn a_fleet_goes_over_tls_and_says_what_is_in_its_way() {
    let scratch = Scratch::new("tls-fleet");
    let (server, ca) = secure(&scratch, &["--sim-accounts", "3"]);
    let out = scratch.path("out");
    let fleet = ["fleet", "--simulated", "3", "--upstream", &server.url, "--out", &out];
    check(&[fleet.as_slice(), &["--retry-seconds", "1"]].concat(), 4, "--ca-system or --ca-file");
    check(&[fleet.as_slice(), &["--ca-file", &ca]].concat(), 0, "3 tenants finished");
}
