//! The real program, and folders that go away.
#![allow(dead_code, reason = "each test uses its part of it")]

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// A folder that goes away with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_string()
    }
    pub fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.join(name), text).unwrap();
        self.path(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-test"));
    command.args(args);
    without_credentials(command)
}

/// A command that sees nothing of what counts in this environment.
pub fn without_credentials(mut command: Command) -> Command {
    for name in WHAT_COUNTS {
        command.env_remove(name);
    }
    command
}

/// What the program reads of its environment: a test sets what it needs, and never sees what the machine has. Servers of
/// CI set `CI`, which asks for `--simulated`.
pub const WHAT_COUNTS: [&str; 16] = [
    "FIVETRAN_API_KEY",
    "FIVETRAN_API_SECRET",
    "AUDIT_TRAIL_TOKEN",
    "DD_API_KEY",
    "DD_APPLICATION_KEY",
    "HOST_TEST_COMPONENT",
    "NATS_URL",
    "NATS_USER",
    "NATS_PASSWORD",
    "NATS_CREDS",
    "NATS_NKEY",
    "NATS_CA",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "CI",
    "NO_COLOR",
    "COLUMNS",
];

/// Runs, and checks the exit code and a text on either stream.
pub fn check(args: &[&str], code: i32, text: &str) -> Output {
    let output = program(args).output().unwrap();
    check_output(&output, code, text);
    output
}

pub fn check_output(output: &Output, code: i32, text: &str) {
    let all = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{all}");
    assert!(all.contains(text), "{text:?} is not in: {all}");
}

pub const SMALL: &[&str] = &["--sim-users", "5", "--sim-teams", "2", "--sim-groups", "2", "--sim-connections", "8"];
pub const CLOCK: &[&str] = &["--fixed-clock", "2026-01-31T12:00:00Z"];

pub fn collect<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["collect", "--out", out], SMALL, more].concat()
}

pub fn evidence(out: &str) -> String {
    std::fs::read_to_string(Path::new(out).join("evidence.jsonl")).unwrap()
}

/// `simulate` in a process of its own.
pub struct Server {
    child: Child,
    pub url: String,
}

impl Server {
    pub fn start(more: &[&str]) -> Self {
        Self::start_with(more, &[])
    }

    /// One that accepts the pair in these environment variables.
    pub fn start_with(more: &[&str], pair: &[(&str, &str)]) -> Self {
        let args = [&["simulate", "--listen", "127.0.0.1:0"], SMALL, more].concat();
        let mut child = program(&args).envs(pair.iter().copied()).stdout(Stdio::piped()).spawn().unwrap();
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let url = line.split(' ').find(|word| word.starts_with("http")).unwrap().to_string();
        Self { child, url }
    }

    pub fn collect<'a>(&'a self, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&["collect", "--out", out, "--upstream", &self.url], more].concat()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `simulate --vendor` in a process of its own.
pub struct Vendor {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub url: String,
    pub token: String,
    pub settings: serde_json::Value,
}

impl Vendor {
    pub fn start(vendor: &str, more: &[&str]) -> Self {
        let args = [&["simulate", "--listen", "127.0.0.1:0", "--vendor", vendor], SMALL, more].concat();
        let mut child = program(&args).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap().unwrap();
        let word = |line: &str, start: &str| line.split(' ').find(|word| word.starts_with(start)).unwrap().to_string();
        let url = word(&line(), "http");
        let token = line().rsplit(' ').next().unwrap().to_string();
        let settings = line();
        let settings = serde_json::from_str(settings.split_once("for it: ").unwrap().1).unwrap();
        Self { child, lines, url, token, settings }
    }

    /// Ends it, and says how many requests it served.
    pub fn served(mut self) -> u64 {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
        self.child.wait().unwrap();
        let last = self.lines.by_ref().map(Result::unwrap).last().unwrap();
        last.strip_prefix("served ").unwrap().split(' ').next().unwrap().parse().unwrap()
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The guest of `tests/guests`, as `./dev build` makes it: it means harm, and no policy is built in for its source.
pub fn hostile_component() -> String {
    built("hostile_source")
}

/// A component that `./dev build` makes.
pub fn built(name: &str) -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let file = target.join(format!("wasm32-wasip2/release/{name}.wasm"));
    assert!(file.is_file(), "{} is not built: run ./dev build", file.display());
    file.to_str().unwrap().to_string()
}
