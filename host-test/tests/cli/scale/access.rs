//! TLS, and who may use the broker.

use super::farm::{Broker, Farm, Worker, tenants};
use crate::support::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer};
use serde_json::{Value, json};
use std::process::Output;

const PASSWORD: &str = "hunter2-secret";

/// Makes an authority, and a certificate for this machine: the file of the authority, and what the broker has to know.
fn tls(scratch: &Scratch) -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = scratch.write("ca.pem", &authority.self_signed(&key).unwrap().pem());
    let issuer = Issuer::new(authority, key);
    let key = rcgen::KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    let (server, key) = (scratch.write("server.pem", &server.pem()), scratch.write("server.key", &key.serialize_pem()));
    (ca, format!("tls {{ cert_file: {server:?}, key_file: {key:?}, timeout: 10 }}"))
}

/// `watch` with some access: its options, and its variables.
fn watch(url: &str, options: &[&str], variables: &[(&str, &str)]) -> Output {
    let args = [&["watch", "--once", "--nats", url], options].concat();
    program(&args).envs(variables.iter().copied()).output().unwrap()
}

/// What came of it, in which there is no secret.
fn said(output: &Output, secrets: &[&str]) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    text
}

/// Access was granted: there are no tenants yet.
fn check_granted(output: &Output) {
    check_output(output, 2, "there is no queue at");
}

fn check_refused(output: &Output, secrets: &[&str], words: &[&str]) {
    let text = said(output, secrets);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_run_over_tls_with_an_nkey_ends_and_whatever_else_is_refused_with_its_option_and_without_a_secret() {
    let scratch = Scratch::new("scale-tls");
    let (ca, tls) = tls(&scratch);
    let user = KeyPair::new_user();
    let users = format!("[{{ nkey: {} }}, {{ user: somebody, password: {PASSWORD:?} }}]", user.public_key());
    let Some(broker) = Broker::start(&scratch, &format!("{tls}\nauthorization {{ users: {users} }}")) else { return };
    let seed = user.seed().unwrap();
    let other = KeyPair::new_user().seed().unwrap();
    let (nkey, wrong) = (scratch.write("user.nk", &format!("{seed}\n")), scratch.write("other.nk", &other));
    let no_seed = scratch.write("no-seed.nk", PASSWORD);
    let (wrong_ca, no_ca) = (Scratch::new("scale-tls-2"), scratch.write("no-ca.pem", "none"));
    let (wrong_ca, _) = self::tls(&wrong_ca);
    let (url, plain) = (format!("tls://{}", broker.address), broker.url());
    let secrets = [PASSWORD, &seed, &other];
    let pair = [("NATS_USER", "somebody"), ("NATS_PASSWORD", PASSWORD)];
    for url in [&url, &plain] {
        check_granted(&watch(url, &["--nats-ca", &ca, "--nats-nkey", &nkey], &[]));
        check_granted(&watch(url, &["--nats-ca", &ca], &pair));
        check_granted(&watch(url, &[], &[&pair[..], &[("NATS_CA", &ca)]].concat()));
    }
    let known = ["--nats-ca", &ca];
    let refused = |options: &[&str], variables: &[(&str, &str)], words: &[&str]| {
        check_refused(&watch(&url, options, variables), &secrets, words);
    };
    refused(&["--nats-nkey", &nkey], &[], &["TLS", "--nats-ca"]);
    refused(&["--nats-nkey", &nkey, "--nats-ca", &wrong_ca], &[], &["TLS", "--nats-ca"]);
    refused(&["--nats-nkey", &nkey, "--nats-ca", &no_ca], &[], &["--nats-ca: there is no certificate", "PEM"]);
    refused(&["--nats-ca", "missing.pem"], &[], &["cannot read missing.pem"]);
    refused(&known, &[], &["refuses the credentials, or asks for some", "--nats-nkey"]);
    refused(&[&known[..], &["--nats-nkey", &wrong]].concat(), &[], &["refuses the credentials", "--nats-nkey"]);
    refused(&[&known[..], &["--nats-nkey", &no_seed]].concat(), &[], &["--nats-nkey: ", "no seed of a user's nkey"]);
    refused(&[&known[..], &["--nats-nkey", "missing.nk"]].concat(), &[], &["cannot read missing.nk"]);
    let stranger = [("NATS_USER", "somebody"), ("NATS_PASSWORD", "hunter2-secret-else")];
    refused(&known, &stranger, &["refuses the credentials", "NATS_USER and NATS_PASSWORD"]);
    refused(&known, &stranger[..1], &["are not both set"]);
    let named = format!("tls://somebody:hunter2-secret-else@{}", broker.address);
    check_refused(&watch(&named, &known, &[]), &secrets, &["tls://…@127.0.0.1", "refuses the credentials"]);

    // A worker ends at once where waiting helps nothing.
    let place = scratch.path("place");
    let args = ["worker", "--nats", &url, "--nats-ca", &ca, "--nats-nkey", &wrong, "--place", &place];
    check_refused(&program(&args).output().unwrap(), &secrets, &["refuses the credentials", "--nats-nkey"]);
    let access = ["--nats", &url, "--nats-ca", &ca, "--nats-nkey", &nkey];
    a_run(
        Farm {
            broker,
            simulator: Server::start(&[]),
            names: vec!["t-0".into()],
            tenants: tenants(&scratch, &["t-0"]),
            scratch,
        },
        &access,
        &secrets,
    );
}

/// A whole run with some access.
fn a_run(farm: Farm, access: &[&str], secrets: &[&str]) {
    let submit = [&["submit", "--tenants", &farm.tenants, "--run", "r1"], access].concat();
    check(&submit, 0, "1 tenant submitted");
    let (place, folder) = (farm.scratch.path("place"), farm.scratch.path("tenants"));
    let args = ["worker", "--place", &place, "--folder", &folder, "--upstream", &farm.simulator.url];
    let worker = Worker::start(&farm.scratch, &[&args[..], access].concat(), &[]);
    super::farm::wait_for("the run", || {
        let output = program(&[&["watch", "--once"], access].concat()).output().unwrap();
        (output.status.code() == Some(0)).then_some(())
    });
    let told = worker.stop();
    assert!(told.contains("1 done (0 failed)"), "{told}");
    for secret in secrets {
        assert_eq!(farm.with(secret), Vec::<std::path::PathBuf>::new());
    }
}

/// A JSON Web Token as NATS has them.
fn token(issuer: &KeyPair, subject: &KeyPair, nats: &Value) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"iss": issuer.public_key(), "sub": subject.public_key(), "name": "n", "jti": "1", "iat": 1, "nats": nats});
    let text = format!("{}.{}", part(json!({"typ": "JWT", "alg": "ed25519-nkey"})), part(claims));
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(issuer.sign(text.as_bytes()).unwrap()))
}

/// Credentials of a new user of an account, as `nsc` writes them.
fn creds(account: &KeyPair) -> String {
    let user = KeyPair::new_user();
    let nats = json!({"pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1, "type": "user", "version": 2});
    let (token, seed) = (token(account, &user, &nats), user.seed().unwrap());
    format!(
        "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
}

#[test]
fn a_run_with_a_credentials_file_ends_and_one_of_a_stranger_is_refused() {
    let scratch = Scratch::new("scale-creds");
    let (operator, system, account) = (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_account());
    let none = json!({"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1,
        "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1});
    let limited = json!({"limits": none, "type": "account", "version": 2});
    let mut plain = limited.clone();
    for limit in ["mem_storage", "disk_storage", "streams", "consumer"] {
        plain["limits"][limit] = 0.into();
    }
    let config = format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {}, {}: {} }}",
        token(&operator, &operator, &json!({"type": "operator", "version": 2})),
        system.public_key(),
        system.public_key(),
        token(&operator, &system, &plain),
        account.public_key(),
        token(&operator, &account, &limited),
    );
    let Some(broker) = Broker::start(&scratch, &config) else { return };
    let (own, stranger) = (creds(&account), creds(&KeyPair::new_account()));
    let seed = |text: &str| text.lines().find(|line| line.starts_with("SU")).unwrap().to_string();
    let (seeds, url) = ([seed(&own), seed(&stranger)], broker.url());
    let secrets = [seeds[0].as_str(), &seeds[1], PASSWORD];
    let (own, stranger) = (scratch.write("own.creds", &own), scratch.write("stranger.creds", &stranger));
    let none = scratch.write("none.creds", PASSWORD);
    check_refused(
        &watch(&url, &["--nats-creds", &stranger], &[]),
        &secrets,
        &["refuses the credentials", "--nats-creds"],
    );
    check_refused(&watch(&url, &["--nats-creds", &none], &[]), &secrets, &["none.creds"]);
    check_granted(&watch(&url, &["--nats-creds", &own], &[]));
    let access = ["--nats", &url, "--nats-creds", &own];
    a_run(
        Farm {
            broker,
            simulator: Server::start(&[]),
            names: vec!["t-0".into()],
            tenants: tenants(&scratch, &["t-0"]),
            scratch,
        },
        &access,
        &secrets,
    );
}
