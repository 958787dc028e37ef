//! A made-up account never passes for a real one: it is used only where nobody could have meant another, and said so in
//! the first line and the last.
#![cfg(unix)]

use crate::support::*;
use std::path::Path;
use std::process::Output;

/// Runs with these variables and no other that count.
fn run(args: &[&str], environment: &[(&str, &str)]) -> Output {
    program(args).envs(environment.iter().copied()).output().unwrap()
}

const BOTH: &[(&str, &str)] = &[("FIVETRAN_API_KEY", "AbCdEfGhIjKlMnOp"), ("FIVETRAN_API_SECRET", "0123456789abcdef")];

/// The commands that would read an account.
fn readers(out: &str) -> [Vec<&str>; 3] {
    [vec!["health"], vec!["collect", "--plan"], vec!["collect", "--out", out]]
        .map(|args| [args, SMALL.to_vec()].concat())
}

#[test]
fn a_made_up_account_is_told_in_the_first_line_and_the_last_of_both_streams() {
    let scratch = Scratch::new("told");
    let out = scratch.path("out");
    for args in readers(&out) {
        let output = run(&args, &[]);
        check_output(&output, 0, "SIMULATED");
        for stream in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(stream);
            let lines: Vec<&str> = text.lines().collect();
            let (first, last) = (lines.first().unwrap(), lines.last().unwrap());
            assert!(first.starts_with("SIMULATED: there is no FIVETRAN_API_KEY"), "{args:?}: {text}");
            assert!(last.starts_with("SIMULATED: this account was made up"), "{args:?}: {text}");
        }
    }
    // What scripts read has it as well, and standard output is theirs.
    let json = scratch.path("json");
    let output = run(&collect(&json, &["--format", "json", "--quiet"]), &[]);
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(result["caveats"][0].as_str().unwrap().starts_with("SIMULATED"), "{result}");
    check_output(&output, 0, "SIMULATED: there is no ");
}

#[test]
fn a_real_account_that_is_asked_for_is_never_made_up() {
    let scratch = Scratch::new("real");
    let out = scratch.path("out");
    let jobs: &[&[(&str, &str)]] = &[&[("CI", "true")], &[("CI", "1")]];
    for args in readers(&out) {
        let real = [args.clone(), vec!["--real"]].concat();
        check_output(&run(&real, &[]), 3, "--real was given, and the environment has no FIVETRAN_API_KEY");
        for job in jobs {
            check_output(&run(&args, job), 3, "give --simulated to read a made-up one");
            check_output(&run(&real, job), 3, "--real was given");
        }
        // One of the two variables.
        for one in BOTH {
            for flag in [&[][..], &["--real"]] {
                let output = run(&[args.clone(), flag.to_vec()].concat(), &[*one]);
                check_output(&output, 3, "credential-missing");
                check_output(&output, 3, "Set FIVETRAN_API_");
            }
        }
        assert!(!Path::new(&out).exists(), "{args:?} left something behind");
    }
    check_output(&run(&["health", "--real", "--simulated"], &[]), 2, "cannot be used with '--simulated'");
    let trail = ["health", "--source", "audit-trail", "--real"];
    check_output(
        &run(&trail, &[("AUDIT_TRAIL_TOKEN", "canary-token")]),
        2,
        "--real was given, and no settings say where",
    );
    // Another server is no reason to send it the simulator's key.
    check_output(&run(&["health", "--upstream", "http://127.0.0.1:1"], &[("CI", "1")]), 3, "CI is set");
}

#[test]
fn what_is_asked_for_is_used() {
    let scratch = Scratch::new("asked");
    let out = scratch.path("out");
    // In a job, and whatever the environment holds: a whole key, or half of one.
    for environment in [&[("CI", "true")][..], BOTH, &BOTH[..1], &[("CI", ""), BOTH[1]]] {
        let output = run(&[&["health", "--simulated"], SMALL].concat(), environment);
        check_output(&output, 0, "SIMULATED: as asked for");
    }
    check_output(&run(&readers(&out)[2], &[("CI", "")]), 0, "SIMULATED: there is no");
    // With a key, nothing is made up: the vendor is asked. Nobody answers here.
    for more in [&[][..], &["--real"]] {
        let args = [&["health", "--upstream", "http://127.0.0.1:1"], more].concat();
        for job in [&[][..], &[("CI", "true")]] {
            let output = run(&args, &[BOTH, job].concat());
            check_output(&output, 4, "connection-refused");
            assert!(!String::from_utf8_lossy(&output.stdout).contains("SIMULATED"));
        }
    }
}

#[test]
fn a_simulator_tells_programs_where_it_is_and_what_it_accepts() {
    let line = |vendor: &str, environment: &[(&str, &str)]| -> serde_json::Value {
        let args = ["simulate", "--listen", "127.0.0.1:0", "--format", "json", "--vendor", vendor];
        let mut child = program(&args)
            .envs(environment.iter().copied())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        std::io::BufRead::read_line(&mut out, &mut text).unwrap();
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        if vendor == "fivetran" {
            let key = |name: &str| told["credentials"][name].as_str().unwrap_or_default().to_string();
            let mut command = program(&["health", "--upstream", told["url"].as_str().unwrap()]);
            let mine = [("FIVETRAN_API_KEY", key("api_key")), ("FIVETRAN_API_SECRET", key("api_secret"))];
            let command =
                if environment.is_empty() { command.envs(mine) } else { command.envs(environment.iter().copied()) };
            check_output(&command.output().unwrap(), 0, "ok: ");
        }
        // Not -INT, which is ignored until the program listens for it where the tests run in the background.
        std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut out, &mut rest).unwrap();
        // It may not listen yet, and is ended by the signal itself.
        assert!(matches!(child.wait().unwrap().code(), Some(0) | None) && rest.is_empty(), "{rest}");
        told
    };
    assert!(line("fivetran", &[])["settings"].is_null());
    let own = line("fivetran", BOTH);
    assert!(own["credentials"].is_null() && !own.to_string().contains(BOTH[1].1), "{own}");
    let snowflake = line("snowflake", &[]);
    assert!(snowflake["credentials"]["token"].is_string() && snowflake["settings"].is_object(), "{snowflake}");
    assert!(line("datadog", &[])["credentials"]["application_key"].is_string());
}
