//! What the program prints, as people and scripts read it: formats, loudness, colours, widths, help, and errors that
//! name the thing and the next step.
#![cfg(unix)]

use crate::support::*;
use serde_json::Value;
use std::path::Path;
use std::process::Output;

/// Every command, as the help lists them.
fn commands() -> Vec<String> {
    let help = out(&check(&["--help"], 0, ""));
    let list = help.split_once("\nCommands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    // Lines of a text that goes on are further to the right.
    let names = list.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let names: Vec<String> = names.map(|line| line.split(' ').next().unwrap().to_string()).collect();
    assert!(names.len() > 10 && names.last().is_some_and(|name| name == "help"), "{names:?}");
    names.into_iter().filter(|name| name != "help").collect()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Two collections of one account, and every command that prints a result, with the exit code that it ends with.
struct Stage {
    scratch: Scratch,
    one: String,
    two: String,
}

impl Stage {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let stage = Self { one: scratch.path("one"), two: scratch.path("two"), scratch };
        check(&collect(&stage.one, CLOCK), 0, "");
        check(&collect(&stage.two, &["--sim-changes", "4"]), 0, "");
        stage
    }

    fn commands(&self, round: &str) -> Vec<(Vec<String>, i32)> {
        let path = |name: &str| self.scratch.path(&format!("{name}-{round}"));
        let small = SMALL.join(" ");
        let (one, two) = (&self.one, &self.two);
        let lines = [
            ("describe".to_string(), 0),
            (format!("health --depth coverage {small}"), 0),
            (format!("health --depth coverage --sim-scopes USER,ROLES {small}"), 5),
            (format!("collect --plan {small}"), 0),
            (format!("collect --out {} {small}", path("collect")), 0),
            (format!("collect --sim-scopes USER --out {} {small}", path("scopes")), 5),
            (format!("verify {one}"), 11),
            (format!("diff {one} {two}"), 0),
            (format!("diff {one} {one} --all"), 0),
            (format!("locate {one}"), 5),
            (format!("keygen --out {}", path("key")), 0),
            (format!("fleet --simulated 2 --out {} {small}", path("fleet")), 0),
            (format!("man --out {}", path("man")), 0),
            (format!("init --simulated --no-collect {small}"), 0),
            (format!("init --simulated --sim-scopes USER --out {} {small}", path("init")), 5),
        ];
        lines.map(|(line, code)| (line.split(' ').map(String::from).collect(), code)).into()
    }
}

fn run(args: &[String], more: &[&str], environment: &[(&str, &str)]) -> Output {
    let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
    program(&args).envs(environment.iter().copied()).output().unwrap()
}

#[test]
fn json_is_one_document_on_standard_output_and_quiet_leaves_nothing_else() {
    let stage = Stage::new("formats");
    for (args, code) in stage.commands("json") {
        let output = run(&args, &["--format", "json"], &[]);
        check_output(&output, code, "");
        serde_json::from_str::<Value>(&out(&output)).unwrap_or_else(|error| panic!("{args:?}: {error}"));
    }
    for (args, code) in stage.commands("quiet") {
        let output = run(&args, &["--quiet"], &[]);
        check_output(&output, code, "");
        assert_eq!(out(&output), "", "{args:?}");
        let said = err(&output);
        let is_due = |line: &str| {
            let reasons = ["incomplete: ", "degraded: ", "missing: "];
            line.starts_with("SIMULATED") || (code == 5 && reasons.iter().any(|reason| line.starts_with(reason)))
        };
        assert!(said.lines().all(is_due), "{args:?}: {said}");
    }
    let output = run(&stage.commands("both")[1].0, &["--format", "json", "-q"], &[]);
    serde_json::from_str::<Value>(&out(&output)).unwrap();
    check(&["-q", "verify", &stage.scratch.path("nothing")], 2, "error: ");
    check(&["-q", "-v", "verify", &stage.one], 2, "cannot be used with");
    let verbose = check(&["-v", "verify", &stage.one, "--schemas"], 11, "component: ");
    assert!(err(&verbose).contains("SHA-256"));
    // What JSON says is what was found.
    let json = |args: &[&str], code| serde_json::from_str::<Value>(&out(&check(args, code, ""))).unwrap();
    let found = json(&["verify", &stage.one, "--format", "json"], 11);
    let seal = found["seal"].as_str().unwrap();
    assert_eq!((&found["verdict"], &found["is_kept_seal"]), (&"consistent".into(), &false.into()));
    let kept = json(&["verify", &stage.one, "--seal", seal, "--format", "json"], 0);
    assert_eq!((&kept["verdict"], &kept["is_kept_seal"]), (&"anchored".into(), &true.into()));
    let evidence = Path::new(&stage.two).join("evidence.jsonl");
    let text = std::fs::read_to_string(&evidence).unwrap();
    std::fs::write(&evidence, text.replacen("\"title\":\"", "\"title\":\"X", 1)).unwrap();
    let bad = json(&["verify", &stage.two, "--format", "json"], 10);
    assert!(bad["verdict"] == "contradicted" && !bad["findings"].as_array().unwrap().is_empty());
}

#[test]
fn colours_are_used_where_they_are_asked_for_and_nowhere_else() {
    let stage = Stage::new("colours");
    for (args, code) in stage.commands("plain") {
        let output = run(&args, &[], &[]);
        check_output(&output, code, "");
        assert!(!out(&output).contains('\u{1b}') && !err(&output).contains('\u{1b}'), "{args:?}");
    }
    let output = run(&stage.commands("never")[1].0, &["--color", "never"], &[("CLICOLOR_FORCE", "1")]);
    assert!(!out(&output).contains('\u{1b}') && !err(&output).contains('\u{1b}'));
    // An order outdoes the variable, in lines and in tables.
    for environment in [&[][..], &[("NO_COLOR", "1")]] {
        let output = run(&stage.commands("colours")[1].0, &["--color", "always"], environment);
        let text = out(&output);
        assert!(text.contains("\u{1b}[33m\u{1b}[1mSIMULATED"), "{text:?}");
        let row = text.lines().find(|line| line.contains("│ team_membership")).unwrap();
        assert!(row.contains("\u{1b}["), "{row:?}");
    }
    let evidence = Path::new(&stage.one).join("evidence.jsonl");
    let text = std::fs::read_to_string(&evidence).unwrap();
    std::fs::write(&evidence, text.replacen("\"title\":\"", "\"title\":\"X", 1)).unwrap();
    let output = check(&["verify", &stage.one, "--color", "always"], 10, "");
    assert!(out(&output).starts_with("\u{1b}[31m\u{1b}[1mWRONG\u{1b}[0m "), "{:?}", out(&output));
}

/// The names that a table's first column has: in a grid, or before each block of values.
fn names(text: &str) -> Vec<&str> {
    let grid = text.lines().filter_map(|line| line.strip_prefix("│ ")?.split('┆').next());
    let block = text.lines().filter(|line| !line.starts_with(' ') && !line.contains(' '));
    grid.chain(block).map(str::trim).filter(|name| !name.is_empty()).collect()
}

#[test]
fn at_80_columns_every_name_is_whole_and_no_table_is_wider() {
    let stage = Stage::new("width");
    let described = check(&["describe", "--format", "json"], 0, "");
    let described: Value = serde_json::from_slice(&described.stdout).unwrap();
    let kinds: Vec<&str> =
        described["kinds"].as_array().unwrap().iter().map(|kind| kind["id"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"external_secrets_manager"));
    for (args, code) in stage.commands("narrow") {
        let output = run(&args, &[], &[("COLUMNS", "80")]);
        check_output(&output, code, "");
        let text = out(&output);
        for row in text.lines().filter(|line| line.starts_with(['│', '┌', '╞', '└'])) {
            assert!(row.chars().count() <= 80, "{args:?}: {row}");
        }
        let shown = names(&text);
        let has_kinds = match args[0].as_str() {
            "describe" | "health" => kinds.clone(),
            "collect" => vec!["user", "access_grant", "external_secrets_manager"],
            "diff" => vec!["user", "access_grant", "audit_event"],
            "fleet" => vec!["complete", "tenant-0", "tenant-1"],
            _ => continue,
        };
        for kind in has_kinds.iter().filter(|kind| !["coverage", "manifest", "not_observable"].contains(*kind)) {
            assert!(shown.contains(kind), "{args:?}: {kind} is not whole in\n{text}");
        }
    }
}

#[test]
fn kinds_of_which_nothing_changed_are_shown_when_asked_for() {
    let stage = Stage::new("zero");
    let some = names(&out(&check(&["diff", &stage.one, &stage.two], 0, "What changed"))).join(" ");
    assert!(some.contains("user") && !some.contains("webhook"), "{some}");
    let all = names(&out(&check(&["diff", &stage.one, &stage.two, "--all"], 0, "nothing"))).join(" ");
    assert!(all.contains("webhook") && all.contains("external_secrets_manager"), "{all}");
}

#[test]
fn what_one_reads_names_people_and_not_ids() {
    let stage = Stage::new("names");
    let text = out(&check(&["diff", &stage.one, &stage.two], 0, " holds "));
    let users = evidence(&stage.two) + &evidence(&stage.one);
    let users = users.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let users: Vec<Value> = users.filter(|record| record["kind"] == "user").collect();
    let grants: Vec<&str> = text.lines().filter(|line| line.contains(" holds ")).collect();
    assert!(!grants.is_empty());
    for grant in grants {
        let person = grant.split_once("User ").unwrap().1.split_once(" holds ").unwrap().0;
        assert!(users.iter().any(|user| user["subject"]["name"] == person.split(" (").next().unwrap()), "{grant}");
    }
}

#[test]
fn every_command_has_examples_and_keeps_the_simulator_for_the_long_help() {
    for command in commands() {
        let command = command.as_str();
        let short = out(&check(&[command, "-h"], 0, "Examples:"));
        assert!(!short.contains("\n      --sim-") && short.contains("Terminal:"), "{command}: {short}");
        let long = out(&check(&[command, "--help"], 0, "Examples:"));
        let letters = |text: &str| text.split_whitespace().map(str::len).sum::<usize>();
        assert!(letters(&long) >= letters(&short), "{command}: {long}");
    }
    for command in ["health", "init", "collect", "simulate", "fleet"] {
        let long = out(&check(&[command, "--help"], 0, "Simulator (--sim-*):"));
        assert!(long.contains("--sim-users <N>"), "{long}");
    }
    let long = out(&check(&["collect", "--help"], 0, ""));
    for heading in ["Component:", "Network:", "Account:", "Budget:", "Simulator (--sim-*):", "Terminal:"] {
        assert_eq!(long.lines().filter(|line| *line == heading).count(), 1, "{heading}");
    }
}

#[test]
fn a_command_offers_only_what_it_uses() {
    let network = ["--ca-file", "--ca-system", "--proxy", "--proxy-from-env"];
    let account = ["--upstream", "--real", "--sim-users"];
    let trail = ["--source", "--place", "--sim-entries", "--sim-trail"];
    let others = ["export", "locate", "reconcile", "keygen", "completions", "man", "submit", "watch"];
    for command in commands() {
        let long = out(&check(&[&command, "--help"], 0, ""));
        let options = long.lines().map(str::trim).filter(|line| line.starts_with('-'));
        let options: Vec<&str> = options.flat_map(|line| line.split([' ', ','])).collect();
        let has = |option: &str| options.contains(&option);
        let uses = |set: &[&str]| set.iter().map(|option| has(option)).collect::<Vec<_>>();
        let (all, none) = (|set: &[&str]| vec![true; set.len()], |set: &[&str]| vec![false; set.len()]);
        match command.as_str() {
            "health" | "collect" => {
                for set in [&network[..], &account, &trail] {
                    assert_eq!(uses(set), all(set), "{command}");
                }
            }
            "init" => {
                assert_eq!((uses(&network), uses(&account)), (all(&network), all(&account)), "{command}");
                assert_eq!(uses(&trail), none(&trail), "{command}");
            }
            "fleet" | "worker" => assert_eq!(uses(&network), all(&network), "{command}"),
            "simulate" => assert_eq!(uses(&network), none(&network), "{command}"),
            "describe" | "verify" | "report" | "diff" => {
                assert_eq!((uses(&network), uses(&account)), (none(&network), none(&account)), "{command}");
                assert!(has("--component") && has("--source"), "{command}");
            }
            other => {
                assert!(others.contains(&other), "{other}: say what it uses");
                for set in [&network[..], &account, &trail, &["--component"]] {
                    assert_eq!(uses(set), none(set), "{command}");
                }
            }
        }
    }
}

#[test]
fn shells_and_manuals_know_every_command() {
    let commands = commands();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = out(&check(&["completions", shell], 0, ""));
        assert!(commands.iter().all(|command| script.contains(command)), "{shell}");
    }
    check(&["completions", "tcsh"], 2, "bash");
    let scratch = Scratch::new("man");
    let folder = scratch.path("man1");
    check(&["man", "--out", &folder], 0, "man ");
    check(&["man", "--out", &folder], 0, "man ");
    for command in &commands {
        let page = std::fs::read_to_string(Path::new(&folder).join(format!("host-test-{command}.1"))).unwrap();
        assert!(page.contains("Examples"), "{command}");
    }
    check(&["man", "--out", &scratch.write("file", "")], 2, "file");
}

#[test]
fn a_kind_that_there_is_not_is_answered_with_the_nearest() {
    let scratch = Scratch::new("nearest");
    let (out, server) = (scratch.path("out"), "http://127.0.0.1:1");
    for args in [
        vec!["collect", "--out", &out, "--upstream", server],
        vec!["collect", "--plan", "--upstream", server],
        vec!["fleet", "--simulated", "1", "--out", &out, "--upstream", server],
    ] {
        for (kind, want) in [
            ("conection", "there is no kind \"conection\"\n  → did you mean \"connection\"? describe lists all kinds"),
            ("user,teem", "there is no kind \"teem\"\n  → did you mean \"team\"?"),
            ("zzzz", "there is no kind \"zzzz\"\n  → describe lists all kinds"),
            ("\u{1b}[2Juser", "there is no kind \"\\u{1b}[2Juser\""),
        ] {
            let output = check(&[args.clone(), vec!["--kinds", kind]].concat(), 2, want);
            assert!(err(&output).lines().count() <= 2 && !Path::new(&out).exists(), "{args:?}");
        }
    }
    check(&["colect"], 2, "a similar subcommand exists: 'collect'");
}

#[test]
fn a_file_that_is_no_component_is_called_that() {
    let scratch = Scratch::new("no-component");
    let component = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let whole = std::fs::read(component.join("wasm32-wasip2/release/fivetran_source.wasm")).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(scratch.path(name), bytes).unwrap();
        scratch.path(name)
    };
    for (file, want) in [
        (write("readme.md", b"# A text\n"), "is no WebAssembly component: it is something else"),
        (write("bytes", &[0x7f, b'E', b'L', b'F', 0x1b, b'[', b'2', b'J']), "it is something else"),
        (write("empty", b""), "is no WebAssembly component: the file is empty"),
        (write("module.wasm", b"\0asm\x01\0\0\0"), "is no WebAssembly component: it is a core module"),
        (write("header.wasm", &whole[..6]), "is no WebAssembly component: the file was cut short"),
        (write("half.wasm", &whole[..whole.len() / 2]), "it may be damaged, cut short or for another engine"),
        (scratch.path(""), "is no WebAssembly component: it is a folder"),
        (scratch.path("absent.wasm"), "absent.wasm: No such file or directory (os error 2)\n  → look for a mistake"),
    ] {
        for command in ["describe", "health"] {
            let output = check(&[command, "--component", &file], 2, want);
            let said = err(&output);
            assert!(said.contains(&file) && said.lines().count() == 2, "{said}");
            assert!(
                !said.contains(|letter: char| letter == '\u{fffd}' || (letter.is_control() && letter != '\n')),
                "{said}"
            );
        }
    }
}

/// Whatever goes wrong: `error: ` and what, then lines two columns in, the next steps of them after an arrow.
#[test]
fn every_error_has_one_shape() {
    let stage = Stage::new("shape");
    let path = |name: &str| stage.scratch.path(name);
    let (out, text) = (path("out"), stage.scratch.write("text", "text"));
    let settings = stage.scratch.write("settings.json", r#"{"colour": 1, "spread_days": "x"}"#);
    let (hostile, narrow) = (hostile_component(), stage.scratch.write("policy.json", NARROW));
    let users = path("users");
    check(&collect(&users, &["--sim-scopes", "USER"]), 5, "");
    let nowhere = "http://127.0.0.1:1";
    for (args, code) in [
        (vec!["verify", &out], 2),
        (vec!["collect", "--out", &out, "--kinds", "usr"], 2),
        (vec!["collect", "--out", &out, "--since", "noon"], 2),
        (vec!["collect", "--out", &stage.one], 2),
        (vec!["collect", "--out", &out, "--settings", &settings], 3),
        (vec!["collect", "--out", &out, "--real"], 3),
        (vec!["collect", "--out", &out, "--upstream", nowhere], 4),
        (vec!["collect", "--out", &out, "--component", &hostile], 6),
        (vec!["collect", "--out", &out, "--egress", &narrow], 6),
        (vec!["describe", "--component", &text], 2),
        (vec!["describe", "--component-sha256", SHA256], 6),
        (vec!["export", &users, "--format", "csv", "--out", &out], 5),
        (vec!["export", &stage.one, "--format", "csv", "--out", &out, "--kinds", "usr"], 2),
        (vec!["export", &stage.one, "--format", "xlsx", "--out", &out, "--bom"], 2),
        (vec!["init", "--simulated"], 2),
        (vec!["keygen", "--out", &text], 2),
        (vec!["report", &stage.one, "--out", &text], 2),
        (vec!["fleet", "--tenants", &text, "--out", &out], 3),
    ] {
        let said = err(&check(&[args.clone(), vec!["-q"]].concat(), code, ""));
        // What comes before is no error: that an account is simulated, say.
        let error: Vec<&str> = said.lines().skip_while(|line| !line.starts_with("error: ")).collect();
        let policy = error.iter().position(|line| *line == "{").unwrap_or(error.len());
        let [first, lines @ ..] = &error[..policy] else { panic!("{args:?}: {said}") };
        let is_line = |line: &&str| line.starts_with("  ") && !line.starts_with("   →");
        assert!(first.starts_with("error: ") && !first.contains('→'), "{args:?}: {said}");
        assert!(lines.iter().all(is_line), "{args:?}: {said}");
        assert!(lines.iter().any(|line| line.starts_with("  → ")), "{args:?} has no next step: {said}");
    }
}

/// Grants less than the component asks for.
const NARROW: &str = r#"{"source": "fivetran", "rules": [{"host": "api.fivetran.com", "methods": ["GET"],
    "path_prefixes": ["/v1/users"], "secret": true}]}"#;
const SHA256: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
