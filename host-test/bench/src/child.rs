//! Programs that a benchmark starts: this one again, so that times and memory are a process's own.

use super::subject::{Outcome, Subject};
use clap::ValueEnum;
use host_test::component::ComponentArgs;
use serde::de::DeserializeOwned;
use source_host::error::{Error, Result};
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

fn program(path: PathBuf) -> Command {
    let mut program = Command::new(path);
    program.kill_on_drop(true).stdout(Stdio::piped());
    program
}

fn this_file() -> Result<PathBuf> {
    std::env::current_exe().map_err(Error::file("find", "this program"))
}

/// The program `host-test` beside this one, to be given a command. It ends with its [`Child`].
///
/// # Errors
/// When this program cannot be found.
pub fn host_test() -> Result<Command> {
    Ok(program(this_file()?.with_file_name("host-test")))
}

/// Starts a simulator, to be given what it simulates, and answers its root; it ends with the child.
pub async fn simulator(args: &[&str]) -> Result<(Child, String)> {
    let failed = |what| Error::file("start", what);
    let mut program = host_test()?;
    program.args(["simulate", "--listen", "127.0.0.1:0"]).args(args);
    let mut child = program.spawn().map_err(failed("the simulator"))?;
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out).read_line(&mut line).await.map_err(failed("the simulator"))?;
    }
    let url = line.split(' ').find(|word| word.starts_with("http://")).map(String::from);
    url.map(|url| (child, url)).ok_or_else(|| Error::BadAnswer("the simulator names no address".into()))
}

/// Runs one subject to its end.
pub async fn measure(component: &ComponentArgs, subject: Subject, url: &str) -> Result<Outcome> {
    let name = subject.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default();
    bench(component, &["subject", &name, url]).await
}

/// Runs `bench` with these arguments, and reads the line of JSON that it prints.
pub async fn bench<T: DeserializeOwned>(component: &ComponentArgs, args: &[&str]) -> Result<T> {
    let mut program = program(this_file()?);
    if let Some(file) = &component.local.file.component {
        program.arg("--component").arg(file);
    }
    if let Some(file) = &component.network.ca_file {
        program.arg("--ca-file").arg(file);
    }
    let output = program.args(args).output().await.map_err(Error::file("start", "this program"))?;
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    let broken = |_| Error::BadAnswer(format!("{} ended with {}: {line}", args.join(" "), output.status));
    serde_json::from_str(&line).map_err(broken)
}

/// The middle of a figure.
pub fn median<T>(of: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    let mut figures: Vec<f64> = of.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
