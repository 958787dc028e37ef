//! What a component may send is the operator's to say: a policy built in for its source or in a file, the very
//! component if its digest is given, and secrets in the clear to this machine only.
#![cfg(unix)]

use crate::support::*;
use serde_json::{Value, json};
use std::path::Path;

fn policy(prefix: &str) -> String {
    let rule = json!({"host": "acme.example", "methods": ["GET"], "path_prefixes": [prefix], "secret": true});
    json!({"source": "acme", "rules": [rule]}).to_string()
}

fn everything(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_source_without_a_policy_is_refused_with_one_that_can_be_saved() {
    let scratch = Scratch::new("policy-none");
    let (guest, out) = (hostile_component(), scratch.path("out"));
    let settings = scratch.write("settings.json", r#"{"probe": "GET https://acme.example/v1/things"}"#);
    let with = ["--component", &guest, "--settings", &settings];
    let saved = scratch.path("policy.json");
    for command in [&["health"][..], &["collect", "--out", &out]] {
        let args = [command, &with].concat();
        let output = check(&args, 6, "no policy says what the source \"acme\" may send");
        check_output(&output, 6, "  GET https://acme.example:443 /v1/");
        check_output(&output, 6, "name it with --egress");
        assert!(!Path::new(&out).exists(), "nothing was written");
        let text = everything(&output);
        std::fs::write(&saved, &text[text.find("\n{").unwrap()..]).unwrap();
        check(&[&args[..], &["--egress", &saved]].concat(), 0, "");
    }
    let output = check(&["describe", "--component", &guest], 0, "not granted: GET https://acme.example:443 /v1/");
    let text = everything(&output);
    std::fs::write(&saved, &text[text.find("\n{").unwrap()..]).unwrap();
    check(&["describe", "--component", &guest, "--egress", &saved], 0, "Acme Things");
}

#[test]
fn a_component_that_asks_for_more_is_refused_line_by_line() {
    let scratch = Scratch::new("policy-narrow");
    let (guest, out) = (hostile_component(), scratch.path("out"));
    let settings = scratch.write("settings.json", r#"{"probe": "GET https://acme.example/v1/things"}"#);
    let narrow = scratch.write("narrow.json", &policy("/v1/things"));
    let args = ["collect", "--out", &out, "--component", &guest, "--settings", &settings, "--egress", &narrow];
    let output = check(&args, 6, "asked for, not granted: GET https://acme.example:443 /v1/\n");
    check_output(&output, 6, "granted:                GET https://acme.example:443 /v1/things\n");
    assert!(!Path::new(&out).exists(), "nothing was written");
    check(&["describe", "--component", &guest, "--egress", &narrow], 6, "not granted: GET https://acme.example:443");
    let wide = scratch.write("wide.json", &policy("/"));
    check(&["describe", "--component", &guest, "--egress", &wide], 0, "Acme Things");
    // The policy of another source, and files that are none.
    check(&["health", "--egress", &wide], 2, "the policy is for the source \"acme\", and this is \"fivetran\"");
    for text in ["", "{}", "[]", r#"{"source": "fivetran", "rules": [{"host": "*", "methods": ["GET"]}]}"#] {
        let file = scratch.write("wrong.json", text);
        check(&["health", "--egress", &file], 2, "wrong.json");
    }
    check(&["health", "--egress", &scratch.path("absent.json")], 2, "absent.json");
}

#[test]
fn the_component_of_this_project_asks_for_no_more_than_its_built_in_policy() {
    let output = check(&["describe", "--format", "json"], 0, "");
    let source: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(source["not_granted"], json!([]));
    let scratch = Scratch::new("policy-built-in");
    let rule = json!({"host": "api.fivetran.com", "methods": ["GET"], "path_prefixes": ["/v1/users"], "secret": true});
    let narrow = scratch.write("narrow.json", &json!({"source": "fivetran", "rules": [rule]}).to_string());
    check(&["health", "--egress", &narrow], 6, "asked for, not granted: GET https://api.fivetran.com:443 /v1/\n");
}

#[test]
fn a_digest_lets_one_component_run_and_no_other() {
    let scratch = Scratch::new("policy-digest");
    let output = check(&["describe", "--format", "json"], 0, "");
    let source: Value = serde_json::from_slice(&output.stdout).unwrap();
    let digest = source["component_sha256"].as_str().unwrap();
    let with = |digest: &str, code, text: &str| {
        check(&[&["health", "--component-sha256", digest], SMALL].concat(), code, text);
    };
    with(digest, 0, "Account Administrator");
    with(&digest.to_ascii_uppercase(), 0, "Account Administrator");
    with(&"0".repeat(64), 6, &format!("its SHA-256 is {digest}, and {} was asked for", "0".repeat(64)));
    with(&digest[1..], 2, "64 hexadecimal digits");
    // It is not even looked at: this one is no component at all.
    let other = scratch.write("other.wasm", "no component");
    check(&["describe", "--component", &other, "--component-sha256", digest], 6, "another component");
    let out = scratch.path("fleet");
    let fleet =
        ["fleet", "--simulated", "1", "--out", &out, "--component", &hostile_component(), "--component-sha256", digest];
    check(&fleet, 6, "another component");
    assert!(!Path::new(&out).exists(), "nothing was begun");
}

#[test]
fn tenants_have_their_fleets_policy_or_one_of_their_own() {
    let scratch = Scratch::new("policy-fleet");
    let (guest, out) = (hostile_component(), scratch.path("fleet"));
    let credentials = json!({"key_env": "ACME_KEY", "secret_env": "ACME_KEY"});
    let tenant = |name: &str, more: Value| {
        let mut tenant = json!({"name": name, "credentials": credentials, "component": guest});
        tenant["settings"] = json!({"probe": "GET https://acme.example/v1/things"});
        tenant.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        tenant
    };
    scratch.write("policy.json", &policy("/v1"));
    scratch.write("narrow.json", &policy("/v1/things"));
    let run = |tenants: Value, more: &[&str]| {
        let file = scratch.write("tenants.json", &tenants.to_string());
        let args = [&["fleet", "--tenants", &file, "--out", &out], more].concat();
        program(&args).env("ACME_KEY", "k").output().unwrap()
    };
    let own = json!({"egress": "policy.json"});
    let nobodys = run(json!([tenant("own", own.clone()), tenant("none", json!({}))]), &[]);
    check_output(&nobodys, 6, "no policy says what the source \"acme\" may send");
    let wrong = run(json!([tenant("wrong", json!({"egress": "tenants.json"}))]), &[]);
    check_output(&wrong, 3, "/0/egress: this is not a file with a policy");
    assert!(!Path::new(&out).exists(), "nothing was begun");
    let tenants =
        json!([tenant("own", own), tenant("fleets", json!({})), tenant("narrow", json!({"egress": "narrow.json"}))]);
    let output = run(tenants, &["--egress", &scratch.path("policy.json")]);
    check_output(&output, 6, "2 tenants finished");
    check_output(
        &output,
        6,
        "narrow: not-granted: the source \"acme\" asks for more than the policy grants: GET https://acme.example:443 /v1/",
    );
}

#[test]
fn plain_http_goes_to_this_machine_only() {
    let scratch = Scratch::new("policy-http");
    let out = scratch.path("out");
    for upstream in
        ["http://proxy.example.com", "http://10.0.0.1:8080", "http://localhost:8080", "http://u:canary@127.0.0.1"]
    {
        let output = check(&collect(&out, &["--upstream", upstream]), 2, "--upstream ");
        check_output(&output, 2, "http");
        assert!(!everything(&output).contains("canary") && !Path::new(&out).exists(), "{upstream}");
        let tenant = json!({"name": "a", "credentials": {"key_env": "K", "secret_env": "K"}, "upstream": upstream});
        let file = scratch.write("tenants.json", &json!([tenant]).to_string());
        let output = check(&["fleet", "--tenants", &file, "--out", &out], 3, "/0/upstream: this ");
        assert!(!everything(&output).contains("canary") && !Path::new(&out).exists(), "{upstream}");
    }
    check(&collect(&out, &["--upstream", "http://10.0.0.1:8080"]), 2, "use https, or http to 127.0.0.1");
}
