//! A tenants file that is wrong: every finding is told, with the place and the remedy and without any
//! value, and nothing begins.

use crate::support::*;
use serde_json::json;
use std::path::Path;

#[test]
fn a_tenants_file_that_is_wrong_is_refused_with_every_finding_before_anything_begins() {
    let scratch = Scratch::new("fleet-file");
    let pair = json!({"key_env": "ACME_KEY", "secret_env": "ACME_SECRET"});
    let cases = [
        ("{", "not JSON at line 1", "Write a JSON array"),
        ("[]", "there is no tenant", "Name at least one"),
        ("[7]", "/0: this is no object", "Write an object"),
        (r#"[{"name": "a"}]"#, "/0/credentials: this is missing", "key_env and secret_env"),
        ("{pair, \"colour\": 1}", "/0/colour: there is no such field", "Known fields: name, account,"),
        ("{pair, \"name\": \"../up\"}", "/0/name: this is not 1 to 64 letters", "Give 1 to 64 letters"),
        ("{pair}, {pair, \"name\": \"A\"}", "/1/name: there are two tenants \"A\"", "a name of its own"),
        ("{pair, \"limits\": {\"memory_bytes\": 0}}", "/0/limits/memory_bytes: this is not a number from 1 to", "Give"),
        ("{pair, \"upstream\": \"ftp://x\"}", "/0/upstream: this is not the root of a server", "write it like https"),
        ("{pair, \"egress\": [{\"host\": 1}]}", "/0/egress: this is not a text", "Give a text"),
        ("{pair, \"egress\": \"CANARY.json\"}", "/0/egress: this is not a file with a policy", "Name a file with a"),
        ("{pair, \"api_key\": \"CANARY\"}", "/0/api_key: this file must not contain a secret", "rotate it"),
        (
            r#"[{"name": "a", "credentials": {"key_env": "canary-CANARY", "secret_env": "S"}}]"#,
            "/0/credentials/key_env: this is not the name of an environment variable",
            "ACME_KEY",
        ),
        (
            r#"[{"name": "a", "credentials": {"key_env": "K"}}]"#,
            "/0/credentials/secret_env: this is missing",
            "secret_file",
        ),
        (
            "{pair, \"settings\": {\"personal_data_key\": \"CANARY-CANARY-CANARY\"}}",
            "/0/settings/personal_data_key: a secret must not stand among the settings",
            "settings_file",
        ),
        (
            "{pair, \"settings\": {}, \"settings_file\": \"x\"}",
            "/0/settings: settings and settings_file exclude",
            "Keep one",
        ),
        ("{pair, \"component\": \"none.wasm\"}", "none.wasm", "No such file"),
    ];
    for (text, what, remedy) in cases {
        let fields = format!("\"name\": \"a\", \"credentials\": {pair}");
        let text = text.replace("pair, \"name\": \"", &format!("\"credentials\": {pair}, \"name\": \""));
        let text = text.replace("pair", &fields);
        let text = if text.starts_with("{\"") { format!("[{text}]") } else { text };
        let file = scratch.write("tenants.json", &text);
        let out = scratch.path("fleet");
        let output = program(&["fleet", "--tenants", &file, "--out", &out]).output().unwrap();
        let code = if what == "none.wasm" { 2 } else { 3 };
        check_output(&output, code, what);
        check_output(&output, code, remedy);
        let said = format!("{output:?}");
        assert!(!said.contains("CANARY"), "{said}");
        assert!(!Path::new(&out).exists(), "{text}");
    }
    let file = scratch.write("tenants.json", r#"[{"colour": 1}, {"name": "a", "credentials": {"key_env": 1}}]"#);
    let output = program(&["fleet", "--tenants", &file, "--out", &scratch.path("fleet")]).output().unwrap();
    for what in ["/0/colour", "/0/name", "/0/credentials", "/1/credentials/key_env", "/1/credentials/secret_env"] {
        check_output(&output, 3, what);
    }
}

#[test]
fn what_the_source_or_its_host_would_refuse_is_told_before_anything_begins() {
    let scratch = Scratch::new("fleet-before");
    scratch.write("list.json", "[1]");
    scratch.write("secret", "s3cr3t");
    let set = json!({"key_env": "ACME_KEY", "secret_file": "secret"});
    let unset = json!({"key_env": "NOT_SET_CANARY", "secret_file": "no-CANARY"});
    let tenants = json!([
        {"name": "a", "credentials": unset},
        {"name": "b", "credentials": set, "kinds": ["user", "CANARY"], "since": "CANARY yesterday"},
        {"name": "c", "credentials": set, "settings_file": "list.json"},
        {"name": "d", "credentials": set, "settings_file": "{\"personal_data_key\": \"CANARY\"}"},
        {"name": "e", "credentials": set, "settings_file": "{\"personal_data_key\": \"CANARY\"}"},
        {"name": "f", "credentials": set, "since": "2999-01-01T00:00:00Z"},
    ]);
    let (file, out) = (scratch.write("tenants.json", &tenants.to_string()), scratch.path("fleet"));
    let run = || program(&["fleet", "--tenants", &file, "--out", &out]).env("ACME_KEY", "k").output().unwrap();
    let output = run();
    for what in [
        "/0/credentials/key_env: there is no environment variable of this name",
        "/0/credentials/secret_file: the file cannot be read: entity not found",
        "/1/kinds/1: there is no such kind",
        "/1/since: this is not a timestamp",
        "/5/since: this is in the future",
        "/2/settings_file: this is not a JSON object",
        "/3/settings_file: the file cannot be read: entity not found",
        "Known kinds: account, role, user,",
        "Give an RFC 3339 timestamp",
    ] {
        check_output(&output, 3, what);
    }
    let said = format!("{output:?}");
    assert!(!said.contains("CANARY") && !said.contains("/1/kinds/0") && !said.contains("/4/"), "{said}");
    assert!(!Path::new(&out).exists(), "something was begun");
}
