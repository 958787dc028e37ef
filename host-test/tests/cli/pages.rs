//! The pages for each reader: every command in their blocks runs as it stands, one after the other, in a folder of its
//! own, with the simulator for an account.
#![cfg(unix)]

use crate::support::*;
use std::path::Path;
use std::process::Command;

/// How a command ends, where that is not with 0; and what has to be printed by then.
struct Ends {
    /// What it begins with.
    line: &'static str,
    how: How,
}

enum How {
    /// With this code, having printed this.
    With(i32, &'static str),
    /// As it is, with these texts replaced: what a reader fills in, and what only works on a quiet machine.
    Changed(&'static [(&'static str, &'static str)]),
    /// It is for somebody at a terminal, or for a machine with a network: not run.
    NotHere,
}

use How::{Changed, NotHere, With};

const AUDITORS: &[Ends] = &[
    Ends {
        line: "host-test verify evidence --seal SEAL",
        how: Changed(&[("SEAL", "$(sha256sum evidence/seal.json | cut -d' ' -f1)")]),
    },
    Ends { line: "host-test verify copy", how: With(10, "WRONG line 3: not the record that was collected") },
];
const ADMINISTRATORS: &[Ends] = &[
    Ends { line: "./dev init   ", how: NotHere },
    Ends { line: "./dev init --simulated", how: NotHere },
    Ends { line: "host-test health --simulated --sim-scopes", how: With(5, "") },
    Ends {
        line: "host-test describe --egress policy.json",
        how: With(6, "not granted: GET https://api.fivetran.com:443 /v1/"),
    },
];
const ENGINES: &[Ends] = &[
    Ends { line: "cargo build", how: NotHere },
    Ends {
        line: "host-test simulate --listen 127.0.0.1:8080 &",
        // Any port that is free; and nobody types so fast that it does not listen yet.
        how: Changed(&[(
            "127.0.0.1:8080 &",
            "127.0.0.1:0 >listening & until grep -q stop listening; do sleep 0.1; done",
        )]),
    },
    Ends {
        line: "FIVETRAN_API_KEY=simulated-key",
        how: Changed(&[("http://127.0.0.1:8080", "$(grep -o 'http://[0-9.:]*' listening)")]),
    },
];

/// The commands in the blocks of a document: lines that go on in the next are one.
fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    let blocks = blocks.map(|block| block.replace("\\\n", " "));
    blocks.flat_map(|block| block.lines().map(String::from).collect::<Vec<_>>()).collect()
}

/// A script that runs them in one shell, and ends with the first that does not end as it should.
fn script(commands: &[String], ends: &[Ends]) -> String {
    let mut used = 0;
    let lines = commands.iter().map(|command| {
        let known = ends.iter().find(|ends| command.starts_with(ends.line));
        used += usize::from(known.is_some());
        let (command, code, text) = match known.map(|ends| &ends.how) {
            None => (command.clone(), 0, ""),
            Some(NotHere) => return String::new(),
            Some(With(code, text)) => (command.clone(), *code, *text),
            Some(Changed(texts)) => {
                let changed = texts.iter().fold(command.clone(), |line, (from, to)| {
                    assert!(line.contains(from), "{from} is not in {line}");
                    line.replace(from, to)
                });
                (changed, 0, "")
            }
        };
        let has_text = if text.is_empty() { String::new() } else { format!("&& grep -qF '{text}' said ") };
        // The braces keep jobs in this shell, and the line break ends a comment.
        format!(
            "{{ {command}\n}} >said 2>&1; code=$?\n[ $code = {code} ] {has_text}|| \
             {{ cat said; echo \"ended with $code, and not with {code} and \" '{text}: {}'; exit 99; }}\n",
            command.replace('\'', "'\\''")
        )
    });
    let script = lines.fold("trap 'kill $! 2>/dev/null' EXIT\n".to_string(), |script, line| script + &line);
    assert_eq!(used, ends.len(), "an exception that no command needs");
    script
}

/// Runs the blocks of a document.
fn run(name: &str, ends: &[Ends], has_collection: bool) {
    let scratch = Scratch::new(&format!("pages-{name}"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    for (from, link) in [(root.join("docs"), "docs"), (target.to_path_buf(), "target")] {
        std::os::unix::fs::symlink(from, scratch.path(link)).unwrap();
    }
    let policy = std::fs::read_to_string(root.join("host-test/policies/fivetran.json")).unwrap();
    assert!(policy.contains("[\"/v1\"]"));
    scratch.write("policy.json", &policy.replace("/v1", "/v1/users"));
    if has_collection {
        check(&collect(&scratch.path("evidence"), &[]), 0, "");
    }
    let document = std::fs::read_to_string(root.join(format!("docs/for-{name}.md"))).unwrap();
    let commands = commands(&document);
    assert!(commands.len() > 4, "{commands:?}");
    let program = Path::new(env!("CARGO_BIN_EXE_host-test")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut command = without_credentials(Command::new("sh"));
    command.args(["-c", &script(&commands, ends)]).current_dir(&scratch.0).env("PATH", path);
    check_output(&command.output().unwrap(), 0, "");
}

#[test]
fn the_commands_for_the_compliance_manager_run() {
    run("compliance", &[], false);
}

#[test]
fn the_commands_for_the_auditor_run() {
    run("auditors", AUDITORS, false);
}

#[test]
fn the_commands_for_the_administrator_run() {
    run("administrators", ADMINISTRATORS, true);
}

#[test]
fn the_commands_for_the_author_of_an_engine_run() {
    run("engines", ENGINES, false);
}
