//! Secrets leave nowhere: random canaries as API key and secret are looked for in every record,
//! cursor, diagnostic, failure, health report and debug output, in the CLI's files and in what it
//! prints.

use crate::support::{account, block_on, collect, options, plugin, simulator, target_folder, tenant, tenants_pair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fivetran_simulator::Config;
use source_host::bindings::exports::compliance::source::source::HealthDepth;
use source_host::tenant::{Credentials, Pair, Secret, Tenant};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::Command;

fn random(length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(&format!("{:016x}", RandomState::new().build_hasher().finish()));
    }
    text.truncate(length);
    text
}

/// A pair, and every form in which it could leave.
fn canaries() -> (fivetran_simulator::Pair, Vec<String>) {
    let (key, secret) = (format!("KEY{}", random(13)), format!("SEC{}", random(29)));
    let joined = format!("{key}:{secret}");
    let forms = vec![key.clone(), secret.clone(), STANDARD.encode(&joined), STANDARD.encode(&secret)];
    (fivetran_simulator::Pair { key, secret }, forms)
}

fn check(what: &str, text: &str, canaries: &[String]) {
    assert!(!text.is_empty(), "{what} is empty");
    for canary in canaries {
        assert!(!text.contains(canary.as_str()), "a canary is in {what}");
    }
}

#[test]
fn the_pair_is_in_nothing_that_the_component_returns() {
    block_on(async {
        let (pair, canaries) = canaries();
        let plugin = plugin().await;
        for accepted in [true, false] {
            let mut config: Config = account(6, 2, 2, 8);
            if accepted {
                config.pair = pair.clone();
            }
            let simulator = simulator(config).await;
            let tenant = Tenant { credentials: Credentials::Basic(tenants_pair(pair.clone())), ..tenant(&simulator) };
            check("the tenant", &format!("{tenant:?}"), &canaries);
            match collect(&plugin, &tenant, options(Some(9), None)).await {
                Ok(collected) => {
                    assert!(accepted);
                    check("the pages", &format!("{:?}", collected.pages), &canaries);
                    check("the lines", &collected.lines.join("\n"), &canaries);
                }
                Err(error) => {
                    assert!(!accepted);
                    check("the failure", &format!("{error} {error:?}"), &canaries);
                }
            }
            let (mut instance, configured) = plugin.configured(&tenant).await.unwrap();
            check("the configuration", &format!("{configured:?}"), &canaries);
            let report = instance.health(HealthDepth::Coverage).await.unwrap();
            check("the report", &format!("{report:?}"), &canaries);
            check("the journal", &format!("{:?}", simulator.journal()), &canaries);
        }
    });
}

#[test]
fn a_refused_configuration_does_not_quote_the_pair() {
    block_on(async {
        let simulator = simulator(account(1, 1, 1, 1)).await;
        let plugin = plugin().await;
        let (pair, canaries) = canaries();
        let (key, secret) = (&pair.key, &pair.secret);
        for (username, password) in [
            (format!(" {key}"), secret.to_string()),
            (STANDARD.encode(format!("{key}:{secret}")), secret.to_string()),
            (format!("{key}:{secret}"), String::new()),
        ] {
            let pair = Pair { username: Secret::new(username), password: Secret::new(password) };
            let tenant = Tenant { credentials: Credentials::Basic(pair), ..tenant(&simulator) };
            let error = plugin.configured(&tenant).await.err().unwrap();
            check("the refusal", &format!("{error} {error:?}"), &canaries);
        }
    });
}

#[test]
fn the_pair_is_in_no_file_and_no_line_of_the_cli() {
    let (pair, canaries) = canaries();
    let folder = target_folder().join("tmp").join(format!("canary-{}", random(12)));
    block_on(async {
        for (name, accepted) in [("good", true), ("bad", false)] {
            let mut config: Config = account(6, 2, 2, 8);
            if accepted {
                config.pair = pair.clone();
            }
            let simulator = simulator(config).await;
            let out = folder.join(name);
            let output = tokio::task::spawn_blocking({
                let (pair, url, out) = (pair.clone(), simulator.url(), out.clone());
                move || {
                    Command::new(target_folder().join("debug/host-test"))
                        .args(["collect", "--upstream", &url, "--max-records-per-page", "20", "--out"])
                        .arg(out)
                        .env("FIVETRAN_API_KEY", &pair.key)
                        .env("FIVETRAN_API_SECRET", &pair.secret)
                        .env("RUST_LOG", "trace")
                        .output()
                        .unwrap()
                }
            })
            .await
            .unwrap();
            assert_eq!(output.status.code(), Some(if accepted { 0 } else { 3 }));
            check("the output", &String::from_utf8_lossy(&[output.stdout, output.stderr].concat()), &canaries);
            assert_eq!(out.exists(), accepted);
            for entry in std::fs::read_dir(&out).into_iter().flatten() {
                let bytes = std::fs::read(entry.unwrap().path()).unwrap();
                check("a file", &format!("-{}", String::from_utf8_lossy(&bytes)), &canaries);
            }
        }
    });
    std::fs::remove_dir_all(folder).unwrap();
}
