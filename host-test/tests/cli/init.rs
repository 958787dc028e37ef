//! `init`: from nothing to a first collection and a daily one, by flags and on a terminal.
#![cfg(unix)]

use crate::support::*;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const KEY: &str = "ft_inventedKey0001";
const SECRET: &str = "inventedSecretInventedSecretInvented0001";
const PAIR: &[(&str, &str)] = &[("FIVETRAN_API_KEY", KEY), ("FIVETRAN_API_SECRET", SECRET)];
const SIMULATED: [&str; 2] = ["simulated-key", "simulated-secret-that-opens-nothing"];

/// Runs with a text on standard input.
fn given(args: &[&str], text: &str) -> Output {
    let mut command = program(&[&["init"], args].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Who refuses beforehand does not read.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    child.wait_with_output().unwrap()
}

fn lines(first: &str, second: &str) -> String {
    format!("{first}\n{second}\n")
}

fn shown(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Moves the folder of the only day away, and says that it held a whole collection.
fn take_day(daily: &str, to: &str) {
    let days = names(Path::new(daily));
    assert_eq!(days.len(), 1, "{days:?}");
    std::fs::rename(Path::new(daily).join(&days[0]), to).unwrap();
    check(&["verify", to], 11, "consistent");
}

#[test]
fn flags_lead_to_a_collection_a_file_and_units_and_what_they_say_runs() {
    // Names that mean something to a shell, to cron and to systemd.
    let scratch = Scratch::new("init it's 100 %d $x \"q\"");
    let server = Server::start_with(&[], PAIR);
    let [out, save, units, daily] = ["first", "the key.env", "unit files", "the days"].map(|name| scratch.path(name));
    let args = ["--credentials-stdin", "--upstream", &server.url, "--out", &out, "--save", &save, "--units", &units];
    let output = given(&[&args[..], &["--daily", &daily]].concat(), &lines(KEY, SECRET));
    check_output(&output, 0, "a collection: ");
    check(&["verify", &out], 11, "consistent");
    assert_eq!(names(&scratch.0), ["first", "the key.env", "unit files"]);

    let text = shown(&output);
    let service = std::fs::read_to_string(Path::new(&units).join("fivetran-evidence.service")).unwrap();
    let timer = std::fs::read_to_string(Path::new(&units).join("fivetran-evidence.timer")).unwrap();
    for text in [&text, &service, &timer, &evidence(&out)] {
        assert!(!text.contains(SECRET) && !text.contains(KEY), "{text}");
    }
    assert_eq!(std::fs::metadata(&save).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        std::fs::read_to_string(&save).unwrap(),
        format!("FIVETRAN_API_KEY='{KEY}'\nFIVETRAN_API_SECRET='{SECRET}'\n")
    );

    // As cron does: \% is %, and the rest is for the shell.
    let line = text.lines().find_map(|line| line.strip_prefix("17 3 * * * ")).unwrap();
    assert!(!line.replace("\\%", "").contains('%'), "{line}");
    let mut command = without_credentials(Command::new("sh"));
    let output = command.args(["-c", &line.replace("\\%", "%")]).output().unwrap();
    check_output(&output, 0, "complete");
    take_day(&daily, &scratch.path("by cron"));

    // As systemd does: %% and $$ stand for one, and words are cut.
    let line = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    assert!(!line.replace("%%", "").contains('%') && !line.replace("$$", "").contains('$'), "{line}");
    let words = shlex::split(&line.replace("%%", "%").replace("$$", "$")).unwrap();
    let output = Command::new(&words[0]).args(&words[1..]).envs(PAIR.iter().copied()).output().unwrap();
    check_output(&output, 0, "complete");
    take_day(&daily, &scratch.path("by systemd"));
}

#[test]
fn systemd_takes_the_units() {
    let scratch = Scratch::new("init-units it's 100 %d $x \"q\"");
    let [save, units, daily] = ["the key.env", "units", "the days"].map(|name| scratch.path(name));
    let args = ["--simulated", "--no-collect", "--save", &save, "--units", &units, "--daily", &daily];
    let output = given(&[&args[..], SMALL].concat(), "");
    check_output(&output, 0, "systemctl --user link");
    check_output(&output, 0, "the simulated key opens none");
    let files = names(Path::new(&units)).iter().map(|name| Path::new(&units).join(name)).collect::<Vec<_>>();
    match Command::new("systemd-analyze").arg("verify").args(&files).output() {
        Ok(output) => {
            let said = shown(&output);
            assert!(output.status.success() && !said.contains("fivetran-evidence"), "{said}");
        }
        Err(_) => eprintln!("skipped: there is no systemd-analyze"),
    }
}

#[test]
fn a_pair_in_the_environment_is_taken_and_not_shown() {
    let server = Server::start_with(&[], PAIR);
    let output = program(&["init", "--no-collect", "--verbose", "--upstream", &server.url])
        .envs(PAIR.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    check_output(&output, 0, "of the environment");
    let said = shown(&output);
    assert!(!said.contains(KEY) && !said.contains(SECRET), "{said}");
    assert!(said.contains("Key and secret were not kept"), "{said}");
}

#[test]
fn an_interrupted_check_leaves_nothing() {
    let scratch = Scratch::new("init-check-stopped");
    let server = Server::start_with(&["--sim-latency-ms", "500"], PAIR);
    let args = ["init", "--upstream", &server.url, "--no-collect", "--save", &scratch.path("save")];
    let mut command = program(&args);
    command.envs(PAIR.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    // On a slow machine it may not listen yet, and is ended by the signal itself.
    assert!(matches!(child.wait().unwrap().code(), Some(130) | None));
    assert_eq!(names(&scratch.0), [""; 0]);
}

#[test]
fn an_interrupted_collection_ends_as_collect_does() {
    let scratch = Scratch::new("init-stopped");
    let server = Server::start_with(&["--sim-latency-ms", "500"], PAIR);
    let out = scratch.path("out");
    let args = ["init", "--upstream", &server.url, "--out", &out, "--daily", &scratch.path("days")];
    let mut child = program(&args)
        .envs(PAIR.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !Path::new(&out).join("lock").exists() {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(5));
    }
    // By then it listens for signals, and has seconds to go.
    std::thread::sleep(Duration::from_millis(300));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // All is one page, so that nothing was on disk yet.
    assert_eq!(names(&scratch.0), [""; 0]);
}

#[test]
fn credentials_that_are_not_accepted_leave_nothing_and_say_what_to_do() {
    let scratch = Scratch::new("init-wrong");
    let server = Server::start_with(&[], PAIR);
    let [out, save, units] = ["out", "save", "units"].map(|name| scratch.path(name));
    let args = ["--credentials-stdin", "--upstream", &server.url, "--out", &out, "--save", &save, "--units", &units];
    let other = SECRET.replace("invented", "mistaken");
    let joined = "ZnRfaW52ZW50ZWRLZXkwMDAxOmludmVudGVkU2VjcmV0SW52ZW50ZWQwMDAx";
    for (text, want) in [
        (lines(KEY, &other), "Copy key and secret of one pair anew"),
        (lines(SECRET, KEY), "look swapped"),
        (lines(KEY, ""), "the secret is empty"),
        (String::new(), "the key is empty"),
        (lines(KEY, KEY), "the same text"),
        (lines(&format!("\"{KEY}\""), SECRET), "has a quotation mark"),
        (lines(KEY, &format!("{SECRET} ")) + "x", "more than two lines"),
        (lines(&format!(" {KEY}"), SECRET), "has a space"),
        (lines(joined, ""), "together in Base64"),
        (lines(&format!("{KEY}:{SECRET}"), ""), "has a colon"),
    ] {
        let output = given(&args, &text);
        check_output(&output, 3, want);
        let said = shown(&output);
        for secret in [KEY, SECRET, &other, joined] {
            assert!(!said.contains(secret), "{said}");
        }
        assert_eq!(names(&scratch.0), [""; 0], "{said}");
    }
    let output = program(&[&["init"], &args[1..]].concat()).env("FIVETRAN_API_KEY", KEY).output().unwrap();
    check_output(&output, 3, "FIVETRAN_API_SECRET");
    assert_eq!(names(&scratch.0), [""; 0]);
    // With nobody there, it is not the pair.
    let args = ["--credentials-stdin", "--upstream", "http://127.0.0.1:9", "--no-collect", "--save", &save];
    check_output(&given(&args, &lines(KEY, SECRET)), 4, "nothing was written");
    assert_eq!(names(&scratch.0), [""; 0]);
}

#[test]
fn nothing_is_overwritten_and_nobody_is_called_before_that_is_clear() {
    let scratch = Scratch::new("init-exists");
    let save = scratch.write("save", "theirs");
    let timer = scratch.write("fivetran-evidence.timer", "theirs");
    let units = scratch.0.to_str().unwrap().to_string();
    let out = scratch.path("out");
    std::fs::create_dir(&out).unwrap();
    scratch.write("out/evidence.jsonl", "theirs");
    std::os::unix::fs::symlink("nowhere", scratch.path("link")).unwrap();
    let [env_file, link] = ["env", "link"].map(|name| scratch.path(name));
    // A key of the wrong form, so that whoever reads it first ends with 3.
    for args in [
        &["--no-collect", "--save", &save][..],
        &["--no-collect", "--save", &link],
        &["--no-collect", "--env-file", &env_file, "--units", &units],
        &["--out", &out],
    ] {
        let output = given(&[&["--simulated", "--credentials-stdin"], args].concat(), "");
        check_output(&output, 2, "already");
    }
    for file in [save, timer, format!("{out}/evidence.jsonl")] {
        assert_eq!(std::fs::read_to_string(file).unwrap(), "theirs");
    }
    assert_eq!(names(&scratch.0), ["fivetran-evidence.timer", "link", "out", "save"]);
}

#[test]
fn what_is_missing_is_named_with_its_flags() {
    let trail = built("audit_trail_source");
    for (args, want) in [
        (&[][..], "--credentials-stdin"),
        (&[], "--out DIR or --no-collect"),
        (&["--simulated"], "--out DIR or --no-collect"),
        (&["--no-collect"], "FIVETRAN_API_KEY and FIVETRAN_API_SECRET"),
        (&["--simulated", "--no-collect", "--units", "x"], "--save FILE"),
        (&["--source", "audit-trail", "--no-collect"], "unexpected argument '--source'"),
        (&["--simulated", "--no-collect", "--component", &trail], "docs/audit-trail.md"),
        (&["--simulated", "--no-collect", "--out", "x"], "cannot be used with"),
        (&["--no-collect", "--env-file", "a", "--save", "b"], "cannot be used with"),
    ] {
        check_output(&given(args, ""), 2, want);
    }
    assert!(!shown(&given(&["--simulated"], "")).contains("FIVETRAN_API_KEY"), "a simulated account has a key");
}

#[test]
fn a_key_that_may_not_read_all_is_incomplete_and_goes_on() {
    let args = [&["--simulated", "--no-collect", "--sim-scopes", "USER"], SMALL].concat();
    check_output(&given(&args, ""), 5, "Every day:");
}

#[test]
fn programs_are_told_what_was_checked_collected_and_written() {
    let scratch = Scratch::new("init-json");
    let [out, save, units] = ["out", "the key.env", "units"].map(|name| scratch.path(name));
    let json = |args: &[&str], code| -> serde_json::Value {
        let output = given(&[&["--simulated", "--format", "json"], SMALL, args].concat(), "");
        check_output(&output, code, "");
        assert!(SIMULATED.iter().all(|text| !shown(&output).contains(text)), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let said = json(&["--out", &out, "--save", &save, "--units", &units], 0);
    assert_eq!((&said["health"]["state"], &said["exit_code"]), (&"ok".into(), &0.into()));
    let seal = said["collection"]["seal"].as_str().unwrap();
    check(&["verify", &out, "--seal", seal], 0, "");
    let written: Vec<&str> = said["written"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    assert!(written.len() == 3 && written[0] == save && written.iter().all(|path| Path::new(path).is_file()));
    let service = std::fs::read_to_string(written[1]).unwrap();
    assert_eq!(said["daily"]["units"]["fivetran-evidence.service"], service.as_str());
    assert!(said["daily"]["cron"].as_str().unwrap().contains("collect --real"));
    let said = json(&["--no-collect", "--sim-scopes", "USER"], 5);
    assert_eq!((&said["health"]["state"], &said["collection"]), (&"degraded".into(), &().into()));
    // Nothing is asked, on a terminal either.
    let output = given(&["--simulated", "--format", "json"], "");
    check_output(&output, 2, "--out DIR or --no-collect");
    // A key that is refused.
    let server = Server::start_with(&[], PAIR);
    let args = ["--credentials-stdin", "--upstream", &server.url, "--no-collect", "--format", "json"];
    let output = given(&args, &lines(KEY, &SECRET.replace("invented", "mistaken")));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said["health"]["state"], &said["exit_code"]), (&"failing".into(), &3.into()));
}

/// Answers on a terminal, in an empty folder; `None` where there is no Python.
fn on_a_terminal(folder: &Path, args: &[&str], steps: &[(&str, &str, &str)]) -> Option<String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let mut command = without_credentials(Command::new(python));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/typing_on_a_terminal.py"));
    command.arg(serde_json::to_string(steps).unwrap()).arg(env!("CARGO_BIN_EXE_host-test"));
    let args = [&["init", "--simulated", "--color", "never"], SMALL, args].concat();
    match command.args(args).current_dir(folder).output() {
        Ok(output) => {
            let said = shown(&output);
            assert!(output.status.success(), "{said}");
            for text in SIMULATED {
                assert!(said.matches(text).count() <= 1, "only the guide shows the pair: {said}");
            }
            Some(said)
        }
        Err(_) => {
            eprintln!("skipped: there is no Python");
            None
        }
    }
}

#[test]
fn the_dialogue_leads_to_a_collection() {
    let scratch = Scratch::new("init-dialogue");
    let [key, secret] = SIMULATED.map(|text| format!("{text}\n"));
    let steps = [
        ("API key (hidden): ", "hidden", "\n"),
        ("the key is empty: ", "hidden", "c2ltdWxhdGVkOmtleQ==\n"),
        ("the key is key and secret together in Base64: ", "hidden", &secret),
        ("API secret (hidden): ", "hidden", &key),
        ("Were the two swapped?", "keys", "y"),
        ("Collect now?", "keys", "y"),
        ("Folder for the evidence", "keys", "\r"),
        ("Keep key and secret in a file", "keys", "y"),
        ("File", "keys", "\r"),
        ("Write systemd units", "keys", "n"),
    ];
    let Some(said) = on_a_terminal(&scratch.0, &[], &steps) else { return };
    assert!(said.contains("exit 0 echo True"), "{said}");
    for part in
        ["Account Settings > General > System Keys", "\"resource_type\": \"CONNECTOR\"", "a collection: ", "seal: "]
    {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
    assert_eq!(names(&scratch.0), ["evidence-real", "fivetran.env"]);
    check(&["verify", &scratch.path("evidence-real")], 11, "consistent");
    let saved = std::fs::read_to_string(scratch.path("fivetran.env")).unwrap();
    let [key, secret] = SIMULATED;
    assert_eq!(saved, format!("FIVETRAN_API_KEY='{key}'\nFIVETRAN_API_SECRET='{secret}'\n"));
}

#[test]
fn an_interrupted_dialogue_leaves_nothing_and_a_terminal_that_works() {
    let scratch = Scratch::new("init-interrupted");
    let [key, secret] = SIMULATED.map(|text| format!("{text}\n"));
    let steps = [
        ("API key (hidden): ", "hidden", key.as_str()),
        ("API secret (hidden): ", "hidden", &secret),
        ("Collect now?", "keys", "y"),
        ("Folder for the evidence", "keys", "\r"),
        ("Keep key and secret in a file", "keys", "y"),
        ("File", "keys", "\r"),
        ("Write systemd units", "keys", "n"),
    ];
    for at in 0..steps.len() {
        let mut steps = steps[..=at].to_vec();
        steps[at].2 = "\u{3}";
        let Some(said) = on_a_terminal(&scratch.0, &[], &steps) else { return };
        assert!(said.contains("exit 130 echo True"), "{said}");
        assert!(said.contains("nothing was written"), "{said}");
        assert_eq!(names(&scratch.0), [""; 0], "{said}");
    }
}
