//! `init`: from nothing to a first collection of a real account, and to a daily one.

mod args;
mod ask;
mod credentials;
mod daily;
mod guide;
mod questions;

use super::args::{CollectArgs, HealthArgs};
use super::health::Checked;
use super::output::Format;
use super::{collect, health, signals, verify};
pub use args::InitArgs;
use ask::{Stop, Terminal};
use clap::{Args, Command};
use daily::Daily;
use host_test::component::{ComponentArgs, LocalArgs, Source};
use host_test::exit;
use host_test::text::{note, plain, say, say_json};
use host_test::trail;
use serde_json::{Value, json};
use source_host::error::{Error, Result};
use source_host::tenant::Pair;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

/// How long a collection may take to end in order after a signal.
const GRACE: Duration = Duration::from_secs(10);

/// All that was asked, and what is known of the account.
struct Ready {
    args: InitArgs,
    pair: Pair,
    /// What came of `health`.
    health: Checked,
}

/// Runs the dialogue, then does what was answered.
pub async fn run(args: InitArgs) -> Result<u8> {
    let terminal = Terminal::keep();
    let ready = tokio::select! {
        ready = prepare(args) => ready,
        () = signals::interrupted() => Err(Stop::Interrupted),
    };
    match ready {
        Ok(ready) if is_usable(ready.health.code) => finish(ready).await,
        Ok(Ready { health: Checked { code, json, .. }, .. }) => {
            json.into_iter().for_each(|health| say_json(&Document { health, ..Document::default() }.with(code)));
            refused(code);
            Ok(code)
        }
        Err(Stop::Interrupted) => {
            terminal.restore();
            note("stopped: nothing was written");
            Ok(exit::INTERRUPTED)
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Asks and checks; writes nothing.
async fn prepare(mut args: InitArgs) -> std::result::Result<Ready, Stop> {
    let can_ask = args.format == Format::Table && ask::is_possible() && !args.answers.credentials_stdin;
    args.answers.check(can_ask, credentials::are_at_hand(&args.answers, &args.account)?)?;
    let component = component(&args);
    let plugin = component.load().await?;
    if plugin.description().id == trail::SOURCE {
        let remedy = "leave out --component; docs/audit-trail.md says how to begin with the audit trail";
        return Err(Error::usage("init is for the account itself, not for its audit trail", remedy).into());
    }
    let pair =
        credentials::find(&args.answers, &args.account, can_ask, || guide::show(&plugin, args.account.is_simulated()))
            .await?;
    args.account.pair = Some(pair.clone());
    let mut check: HealthArgs = with_defaults(&["--depth", "coverage"].map(OsStr::new))?;
    (check.component, check.target.account, check.format) = (component, args.account, args.format);
    if args.format == Format::Table {
        say("");
    }
    let health = health::check(&check).await?;
    args.account = check.target.account;
    if can_ask && is_usable(health.code) {
        let (answers, code) = (args.answers, health.code);
        args.answers = ask::interruptibly(move || answers.ask(code)).await?;
    }
    Ok(Ready { args, pair, health })
}

/// The component of the account.
fn component(args: &InitArgs) -> ComponentArgs {
    let local = LocalArgs { file: args.file.clone(), source: Source::Fivetran };
    ComponentArgs { local, network: args.network.clone() }
}

/// Writes what is to be kept, collects, and shows how to do so daily.
async fn finish(ready: Ready) -> Result<u8> {
    let Ready { args, pair, health } = ready;
    let component = component(&args);
    let InitArgs { file, network, account, answers, format } = args;
    let daily = Daily::new(&file, &network, &account, &answers)?;
    let mut files = Vec::new();
    if let Some(file) = &answers.save {
        files.push((file.clone(), credentials::file(&pair), 0o600));
    }
    if let Some(folder) = &answers.units {
        std::fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
        files.extend(daily.units().map(|(name, text)| (folder.join(name), text, 0o644)));
    }
    write(&files)?;
    let written: Vec<PathBuf> = files.into_iter().map(|(path, ..)| path).collect();
    if format == Format::Table {
        written.iter().for_each(|path| say(format!("wrote {}", plain(&path.display().to_string()))));
    }
    let (code, collection) = match &answers.out {
        Some(out) => {
            let mut args: CollectArgs = with_defaults(&[OsStr::new("--out"), out.as_os_str()])?;
            (args.component, args.target.account) = (component, account);
            (args.expected, args.format) = (health.expected, format);
            if format == Format::Table {
                say("");
            }
            collected(&args).await?
        }
        None => (health.code, None),
    };
    match health.json {
        Some(health) => say_json(&Document { health, collection, written, daily: daily.to_json()? }.with(code)),
        None if code == exit::INTERRUPTED => {}
        None => daily.show(&answers)?,
    }
    Ok(code)
}

/// What is printed for programs.
#[derive(Default)]
struct Document {
    health: Value,
    /// As `collect` prints it; `None` where nothing was collected, or not to the end.
    collection: Option<Value>,
    written: Vec<PathBuf>,
    daily: Value,
}

impl Document {
    fn with(self, code: u8) -> Value {
        let Self { health, collection, written, daily } = self;
        json!({"health": health, "collection": collection, "written": written, "daily": daily, "exit_code": code})
    }
}

/// All of these files, or none.
fn write(files: &[(PathBuf, String, u32)]) -> Result<()> {
    for (at, (path, text, mode)) in files.iter().enumerate() {
        verify::create(path, text, *mode).inspect_err(|_| {
            files.iter().take(at).for_each(|(path, ..)| drop(std::fs::remove_file(path)));
        })?;
    }
    Ok(())
}

/// Collects as `collect` does.
async fn collected(args: &CollectArgs) -> Result<(u8, Option<Value>)> {
    let collecting = collect::to_end(args);
    tokio::pin!(collecting);
    tokio::select! {
        ended = &mut collecting => return ended,
        () = signals::interrupted() => {}
    }
    // The collection has the same signal and ends in order, but before its first page it does not listen.
    tokio::time::timeout(GRACE, collecting).await.unwrap_or_else(|_| {
        note("stopped; if the folder holds a collection, collect --resume goes on with it");
        Ok((exit::INTERRUPTED, None))
    })
}

/// Whether a collection can go on after such a health.
fn is_usable(health: u8) -> bool {
    matches!(health, exit::COMPLETE | exit::INCOMPLETE)
}

/// Says what to do about credentials that are not accepted.
fn refused(health: u8) {
    if health == exit::CONFIGURATION {
        note("Copy key and secret of one pair anew, or make a new one, and run init again.");
    }
    note("nothing was written");
}

/// A command's arguments as they are by default, but for these.
fn with_defaults<A: Args>(line: &[&OsStr]) -> Result<A> {
    let command = A::augment_args(Command::new("init")).no_binary_name(true);
    let parsed = command.try_get_matches_from(line).and_then(|matches| A::from_arg_matches(&matches));
    parsed.map_err(|error| Error::usage(error.to_string(), "name folders that are no options"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_written_or_none() {
        let folder = std::env::temp_dir().join(format!("init-write-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let [first, second, third] = ["first", "second", "third"].map(|name| folder.join(name));
        std::fs::write(&second, "theirs").unwrap();
        let files = [&first, &second, &third].map(|path| (path.clone(), "ours".to_string(), 0o600));
        assert!(write(&files).is_err());
        assert_eq!(std::fs::read_to_string(&second).unwrap(), "theirs");
        assert!(!first.exists() && !third.exists());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
