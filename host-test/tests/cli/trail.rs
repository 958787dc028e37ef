//! The audit trail as a user gets it: collected from each place, verified, compared, and held against its account. Where
//! nothing else is said, from the embedded simulator and without any set-up.

use crate::support::*;
use fivetran_simulator::{AccountSpec, Config, Plant, Simulator, Trail};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

const PLACES: [&str; 4] = ["snowflake", "bigquery", "databricks", "datadog"];

fn trail<'a>(out: &'a str, place: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    collect(out, &[&["--source", "audit-trail", "--place", place], more].concat())
}

/// The program with only these variables set.
fn run_with(args: &[&str], variables: &[(&str, &str)]) -> Output {
    program(args).envs(variables.iter().copied()).output().unwrap()
}

fn contents(out: &str, kind: &str) -> Vec<Value> {
    let all = evidence(out).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>();
    all.into_iter().filter(|record| record["kind"] == kind).map(|record| record["content"].clone()).collect()
}

fn coverage(out: &str, kind: &str) -> String {
    let all = contents(out, "coverage");
    all.iter().find(|content| content["kind"] == kind).unwrap()["state"].as_str().unwrap().into()
}

#[test]
fn each_place_gives_trail_evidence_without_any_set_up() {
    let scratch = Scratch::new("trail-places");
    let mut entries = Vec::new();
    for place in PLACES {
        let out = scratch.path(place);
        let code = if place == "datadog" { 5 } else { 0 };
        let output = check(&trail(&out, place, &[CLOCK, &["--check"]].concat()), code, "SIMULATED: there is no ");
        // The sample that a newcomer is shown is of records, and not of what is said about them.
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!shown.contains(":coverage:"), "{shown}");
        check(&["verify", &out, "--schemas", "--source", "audit-trail"], 11, "consistent with itself");
        assert!(!contents(&out, "user_action").is_empty(), "{place}");
        if place == "datadog" {
            // What nothing can count is never called complete.
            assert_ne!(coverage(&out, "user_action"), "complete");
            assert_ne!(coverage(&out, "audit_trail_entry"), "complete");
            continue;
        }
        for kind in ["audit_trail_entry", "user_action", "audit_trail_source"] {
            assert_eq!(coverage(&out, kind), "complete", "{place} {kind}");
        }
        // BigQuery lists a table as it is stored; the others are asked for an order.
        let mut all = contents(&out, "audit_trail_entry");
        all.sort_by_key(|entry| entry["trail_id"].to_string());
        entries.push(all);
    }
    assert_eq!(entries[0].len(), 500);
    assert!(entries.iter().all(|other| *other == entries[0]), "the places tell different trails");
}

#[test]
fn two_collections_of_a_trail_are_compared() {
    let scratch = Scratch::new("trail-diff");
    let (before, after) = (scratch.path("before"), scratch.path("after"));
    check(&trail(&before, "databricks", &[CLOCK, &["--sim-entries", "300"]].concat()), 0, "");
    check(
        &trail(&after, "databricks", &[CLOCK, &["--sim-entries", "300", "--sim-trail", "added=20@0"]].concat()),
        0,
        "",
    );
    let ids = |out: &str| -> BTreeSet<String> {
        let all = contents(out, "audit_trail_entry");
        all.iter().map(|entry| entry["trail_id"].as_str().unwrap().to_string()).collect()
    };
    assert_eq!((ids(&before).len(), ids(&after).difference(&ids(&before)).count()), (300, 20));
    // What grew is told; that it grew is use of the account, and no change of how its trail is kept.
    let counts = |more: &[&str]| {
        let file = scratch.path(&format!("changes-{}.jsonl", more.len()));
        let args = [&["diff", &before, &after, "--source", "audit-trail", "--out", &file], more].concat();
        check(&args, 0, "audit_trail_entry");
        let changes = std::fs::read_to_string(&file).unwrap();
        let summary: Value = serde_json::from_str(changes.lines().next_back().unwrap()).unwrap();
        let of = |kind: &Value, name: &str| kind[name].as_u64().unwrap();
        let kinds = summary["kinds"].as_array().unwrap().clone();
        let counts =
            |kind: &Value| ["before", "after", "activity", "inconclusive", "edited"].map(|name| of(kind, name));
        kinds.iter().map(|kind| (kind["kind"].as_str().unwrap().to_string(), counts(kind))).collect::<Vec<_>>()
    };
    let all = counts(&[]);
    assert_eq!(all[0], ("audit_trail_entry".into(), [300, 320, 0, 0, 0]));
    assert_eq!(all[2], ("audit_trail_source".into(), [3, 3, 2, 0, 0]));
    assert_eq!(counts(&["--config-only"])[2].1[3..], [0, 0]);
    check(&["diff", &before, &after], 2, "--source or --component");
}

#[test]
fn a_fleet_collects_an_account_and_its_trail() {
    let scratch = Scratch::new("trail-fleet");
    let (account, vendor) = (Server::start(&[]), Vendor::start("databricks", &[]));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let component = target.join("wasm32-wasip2/release/audit_trail_source.wasm");
    let tenants = json!([
        {"name": "account", "credentials": {"key_env": "ACME_KEY", "secret_env": "ACME_SECRET"}, "upstream": account.url},
        {"name": "trail", "account": "warehouse", "credentials": {"token_env": "ACME_TOKEN"}, "upstream": vendor.url,
         "component": component, "settings": vendor.settings},
        {"name": "trail-managed", "account": "warehouse", "upstream": vendor.url,
         "credentials": {"token_env": "ACME_TOKEN", "host_managed": true}, "component": component, "settings": vendor.settings},
    ]);
    let file = scratch.write("tenants.json", &tenants.to_string());
    let out = scratch.path("fleet");
    let args = [&["fleet", "--tenants", &file, "--out", &out], CLOCK].concat();
    let keys = [("ACME_KEY", "simulated-key"), ("ACME_SECRET", "simulated-secret-that-opens-nothing")];
    let variables = [&keys[..], &[("ACME_TOKEN", vendor.token.as_str())]].concat();
    check_output(&run_with(&args, &variables), 0, "3 tenants finished");
    let folder = |name: &str| format!("{out}/{name}");
    for name in ["account", "trail", "trail-managed"] {
        check(&["verify", &folder(name)], 11, "consistent with itself");
    }
    assert!(!contents(&folder("account"), "user").is_empty());
    let alone = scratch.path("alone");
    check(&trail(&alone, "databricks", CLOCK), 0, "");
    for name in ["trail", "trail-managed"] {
        assert!(told(&folder(name)) == told(&alone), "{name}");
    }
    check(&["reconcile", &folder("account"), &folder("trail")], 0, "agree wherever they could be compared");
    let output = run_with(&args, &keys);
    check_output(&output, 3, "/1/credentials/token_env");
}

#[test]
fn a_simulated_account_agrees_with_its_trail_wherever_they_can_be_compared() {
    let scratch = Scratch::new("trail-agree");
    let (account, out) = (scratch.path("account"), scratch.path("trail"));
    check(&["collect", "--out", &account], 0, "");
    for place in ["snowflake", "bigquery", "databricks"] {
        let out = format!("{out}-{place}");
        check(
            &["collect", "--source", "audit-trail", "--place", place, "--sim-trail", "days=2500", "--out", &out],
            0,
            "",
        );
        let found = reconcile(&account, &out, 0);
        assert_eq!(found["verdict"], "match", "{place}: {found:#}");
        assert!(found["stamps"]["agreed"].as_u64().unwrap() > 150, "{place}: {found:#}");
        for check in ["stamps", "deletions", "creations"] {
            let left = [&found[check]["not_judged"], &found[check]["doubt"]];
            assert_eq!(left, [&json!(0), &Value::Null], "{place} {check}");
        }
    }
}

fn reconcile(account: &str, trail: &str, code: i32) -> Value {
    let output = check(&["reconcile", account, trail, "--format", "json"], code, "");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What was planted, in the words of the checks that have to find it.
fn planted() -> BTreeSet<(&'static str, String, String)> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config {
        vendor: fivetran_simulator::Vendor::Snowflake,
        account: AccountSpec { seed: 1, users: 40, teams: 6, groups: 5, connections: 80 },
        trail: Trail { plants: 50, window_days: 2500, ..Trail::default() },
        ..Config::default()
    };
    let planted = runtime.block_on(async {
        let simulator = Simulator::start(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let planted = simulator.planted();
        simulator.stop().await;
        planted
    });
    let check = |plant: Plant| if plant == Plant::DeletedYetThere { "deletions" } else { "stamps" };
    planted.into_iter().map(|one| (check(one.plant), one.resource_type.into(), one.resource_id)).collect()
}

#[test]
fn each_of_fifty_planted_discrepancies_is_named_and_nothing_else() {
    let scratch = Scratch::new("trail-planted");
    let (account, out) = (scratch.path("account"), scratch.path("trail"));
    check(&["collect", "--out", &account], 0, "");
    check(&["collect", "--source", "audit-trail", "--sim-trail", "days=2500,plants=50", "--out", &out], 0, "");
    let found = reconcile(&account, &out, 12);
    let want = planted();
    assert_eq!(want.len(), 50);
    let named = |check: &'static str| {
        let all = found[check]["disagreed"].as_array().unwrap().clone();
        let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_string();
        all.into_iter().map(move |one| (check, text(&one, "resource_type"), text(&one, "resource_id")))
    };
    let got: Vec<_> = ["stamps", "deletions", "creations"].into_iter().flat_map(named).collect();
    assert_eq!(got.len(), 50, "{got:#?}");
    assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), want);
    check(&["reconcile", &account, &out], 12, "do not agree: 50 findings");
}

/// The trail ends with a sync that was before the account changed: what went away since is no contradiction.
#[test]
fn an_account_that_changed_after_the_trails_last_sync_does_not_contradict_it() {
    let scratch = Scratch::new("trail-stale");
    let (account, out) = (scratch.path("account"), scratch.path("trail"));
    check(&["collect", "--sim-changes", "20", "--out", &account], 0, "");
    check(&["collect", "--source", "audit-trail", "--sim-trail", "days=2500", "--out", &out], 0, "");
    let found = reconcile(&account, &out, 5);
    assert_eq!(found["verdict"], "incomplete", "{found:#}");
    assert!(found["creations"]["after_sync"].as_u64().unwrap() > 0, "{found:#}");
    for check in ["stamps", "deletions", "creations"] {
        assert_eq!(found[check]["disagreed"], json!([]), "{check}");
    }
    check(&["reconcile", &account, &out], 5, "collect the trail again after its next sync");
}

#[test]
fn a_trail_of_another_account_is_refused() {
    let scratch = Scratch::new("trail-other");
    let (account, out) = (scratch.path("account"), scratch.path("trail"));
    check(&collect(&account, &[]), 0, "");
    check(&trail(&out, "databricks", &["--sim-seed", "2"]), 0, "");
    check(&["reconcile", &account, &out], 2, "these are two accounts");
    // And where the tables are another account's than the settings say, nothing is collected.
    let wrong = scratch.path("wrong");
    let output = check(&trail(&wrong, "databricks", &["--sim-trail", "other-account"]), 3, "/settings/account");
    check_output(&output, 3, "nothing was written");
    assert!(!Path::new(&wrong).join("evidence.jsonl").exists());
}

/// The records, without the digests and ids of the answers: a warehouse gives a statement that is sent again another
/// number, which stands in its answer.
fn told(out: &str) -> Vec<Value> {
    let line = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        for read in record["provenance"].as_array_mut().unwrap() {
            let read = read.as_object_mut().unwrap();
            assert!(read.remove("body_digest").is_some() && read.remove("request_id").is_some(), "{read:?}");
        }
        record
    };
    evidence(out).lines().map(line).collect()
}

#[test]
fn a_killed_collection_of_a_trail_resumes_to_the_same_records() {
    let scratch = Scratch::new("trail-kill");
    for place in ["bigquery", "snowflake", "databricks"] {
        let more = [CLOCK, &["--max-records-per-page", "40", "--sim-latency-ms", "5"]].concat();
        let whole = scratch.path(&format!("{place}-whole"));
        check(&trail(&whole, place, &more), 0, "");
        let out = scratch.path(place);
        let mut kills = 0;
        loop {
            let begun = Path::new(&out).join("cursor").exists();
            let before = std::fs::read(Path::new(&out).join("cursor")).ok();
            let resume: &[&str] = if begun { &["--resume"] } else { &[] };
            let mut run = program(&trail(&out, place, &[&more, resume].concat()))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // As soon as it came further, in the midst of what follows.
            let ended = loop {
                if let Some(status) = run.try_wait().unwrap() {
                    break Some(status);
                }
                let now = std::fs::read(Path::new(&out).join("cursor")).ok();
                if now.is_some() && now != before && kills < 5 {
                    run.kill().unwrap();
                    run.wait().unwrap();
                    break None;
                }
                std::thread::sleep(Duration::from_millis(1));
            };
            match ended {
                Some(status) => {
                    assert!(status.success(), "{place}: {status}");
                    break;
                }
                None => kills += 1,
            }
        }
        assert!(kills > 1, "{place}: {kills} kills");
        assert!(told(&out) == told(&whole), "{place}: other records after {kills} kills");
        if place == "bigquery" {
            // What is got and not asked for by a statement is the same to the last byte.
            let entries = |out: &str| {
                let all = evidence(out);
                all.lines().filter(|line| line.contains(":audit_trail_entry:")).map(String::from).collect::<Vec<_>>()
            };
            assert!(entries(&out).len() >= 500 && entries(&out) == entries(&whole));
        }
        check(&["verify", &out], 11, "consistent with itself");
    }
}

#[test]
fn a_token_is_in_no_file_and_no_line() {
    const CANARY: &str = "canary-of-a-token-8Fq2";
    let scratch = Scratch::new("trail-canary");
    let vendor = Vendor::start("snowflake", &[]);
    let settings = scratch.write("settings.json", &vendor.settings.to_string());
    let out = scratch.path("out");
    let base = ["--source", "audit-trail", "--settings", &settings, "--upstream", &vendor.url];
    for (name, token, code) in [("refused", CANARY, 3), ("taken", vendor.token.as_str(), 0)] {
        for mode in ["component", "host-managed"] {
            let out = format!("{out}-{name}-{mode}");
            let args = [&["collect", "--out", &out, "--credentials", mode], &base[..]].concat();
            let output = run_with(&args, &[("AUDIT_TRAIL_TOKEN", token)]);
            check_output(&output, code, "");
            let mut texts = vec![output.stdout, output.stderr];
            let files = std::fs::read_dir(&out).into_iter().flatten();
            texts.extend(files.map(|file| std::fs::read(file.unwrap().path()).unwrap()));
            assert!(code != 0 || texts.len() > 4, "{out}");
            for text in texts {
                let text = String::from_utf8_lossy(&text).into_owned();
                assert!(!text.contains(token), "{name} {mode}: {text}");
            }
        }
    }
}

/// Who has keys of a real place means that place.
#[test]
fn credentials_without_settings_never_read_a_made_up_trail() {
    let scratch = Scratch::new("trail-keys");
    let out = scratch.path("out");
    for name in ["AUDIT_TRAIL_TOKEN", "DD_API_KEY", "DD_APPLICATION_KEY"] {
        let output = run_with(&trail(&out, "datadog", &[]), &[(name, "canary-of-a-key")]);
        check_output(&output, 2, &format!("the environment has {name}, and no settings say where the trail is"));
        assert!(!Path::new(&out).exists(), "{name}");
    }
    let both = [("DD_API_KEY", "canary-of-a-key"), ("DD_APPLICATION_KEY", "canary-of-a-key")];
    let args = ["collect", "--source", "audit-trail", "--out", &out];
    check_output(&run_with(&args, &both), 2, "the environment has DD_API_KEY, and no settings say");
    assert!(!Path::new(&out).exists());
    check_output(&run_with(&[&args[..], &["--simulated"]].concat(), &both), 0, "SIMULATED: as asked for");
}

#[test]
fn hosts_that_only_look_right_are_refused_by_the_name_of_their_setting_and_nothing_is_sent() {
    let scratch = Scratch::new("trail-hosts");
    let vendor = Vendor::start("snowflake", &[]);
    let forms = |good: &str, bad: &str| -> Vec<String> {
        let all = [
            format!("x.{good}.evil.org"),
            format!("{bad}{good}"),
            good.into(),
            format!(".{good}"),
            "127.0.0.1".into(),
            "169.254.169.254".into(),
            "[::1]".into(),
            format!("x.{good}:8443"),
            format!("X.{good}"),
            format!("x.{}", good.to_uppercase()),
            format!("x.{good}."),
            format!("https://x.{good}"),
            format!("x.{good}/"),
            format!("user@x.{good}"),
            format!("evil.org#x.{good}"),
            format!("evil.org?x.{good}"),
            format!("evil.org%2f.{good}"),
            format!("x..{good}"),
            format!("x y.{good}"),
            String::new(),
        ];
        all.into()
    };
    let databricks = Vendor::start("databricks", &[]);
    let snowflake = forms("snowflakecomputing.com", "evil").into_iter().map(|host| (&vendor, "snowflake", host));
    let mut cases: Vec<(&Vendor, &str, String)> = snowflake.collect();
    cases.extend(forms("azuredatabricks.net", "evil").into_iter().map(|host| (&databricks, "databricks", host)));
    for (number, (vendor, place, host)) in cases.iter().enumerate() {
        let mut settings = vendor.settings.clone();
        settings[*place]["host"] = host.as_str().into();
        let file = scratch.write("settings.json", &settings.to_string());
        let out = scratch.path(&format!("out-{number}"));
        let args =
            ["collect", "--out", &out, "--source", "audit-trail", "--settings", &file, "--upstream", &vendor.url];
        let output = run_with(&args, &[("AUDIT_TRAIL_TOKEN", &vendor.token)]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(2 | 3)), "{host:?}: {text}");
        assert!(text.contains(&format!("/{place}")), "{host:?}: {text}");
        assert!(!Path::new(&out).join("evidence.jsonl").exists(), "{host:?}");
    }
    // The same command with the right host does send, and that is counted.
    let file = scratch.write("settings.json", &vendor.settings.to_string());
    let (out, control) = (scratch.path("control"), Vendor::start("snowflake", &[]));
    let args = ["collect", "--out", &out, "--source", "audit-trail", "--settings", &file, "--upstream", &control.url];
    check_output(&run_with(&args, &[("AUDIT_TRAIL_TOKEN", &control.token)]), 0, "");
    assert!(control.served() > 0);
    for vendor in [vendor, databricks] {
        assert_eq!(vendor.served(), 0, "something was sent");
    }
}
