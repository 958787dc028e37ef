//! What the program prints, and how much of it: `--quiet`, `--verbose` and `--color` are set here once.

pub use crate::table::{Cell, Table, state, table};
use crate::table::{columns, folded};
use console::{Term, style};
use crossterm::style::force_color_output;
use serde_json::Value;
pub use source_evidence::text::{plain, plain_json, plural};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::{Mutex, OnceLock};

/// How much is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loudness {
    /// Errors and the reasons of exit codes only, and what is asked for as JSON.
    pub quiet: bool,
    /// What else may help to understand a run.
    pub verbose: bool,
}

static LOUDNESS: OnceLock<Loudness> = OnceLock::new();

/// Sets how much is printed, and whether in colours; `None`: on a terminal, unless `NO_COLOR` is set.
pub fn set(loudness: Loudness, colours: Option<bool>) {
    let _ = LOUDNESS.set(loudness);
    if let Some(colours) = colours {
        console::set_colors_enabled(colours);
        console::set_colors_enabled_stderr(colours);
        // The words of tables are coloured by another crate.
        force_color_output(colours);
    }
}

/// Whether more is to be printed.
#[must_use]
pub fn is_verbose() -> bool {
    loudness().verbose
}

/// So many things, each of them called `one`.
#[must_use]
pub fn count(count: u64, one: &str) -> String {
    format!("{count} {}", plural(count, one))
}

fn loudness() -> Loudness {
    LOUDNESS.get().copied().unwrap_or_default()
}

/// What kept a line from standard output first.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// Why not all of standard output was written; `None` where it was, or its reader has gone away, which is no reason to
/// fail.
pub fn lost() -> Option<io::Error> {
    keep(io::stdout().flush());
    LOST.lock().ok().and_then(|mut lost| lost.take())
}

/// Notes a failure to write to standard output.
pub fn keep(written: io::Result<()>) {
    let Err(why) = written else { return };
    if let (false, Ok(mut lost)) = (why.kind() == ErrorKind::BrokenPipe, LOST.lock()) {
        lost.get_or_insert(why);
    }
}

/// Prints a line of the result for people.
pub fn say(text: impl std::fmt::Display) {
    if !loudness().quiet {
        keep(writeln!(io::stdout(), "{text}"));
    }
}

/// Prints a sentence of the result for people, in lines as wide as the terminal.
pub fn tell(text: impl std::fmt::Display) {
    say(folded(&text.to_string(), columns(&Term::stdout())));
}

/// Prints a sentence that nobody may miss: as [`tell`] does, and on standard error where the program is to be quiet.
pub fn insist(text: impl std::fmt::Display) {
    if loudness().quiet { error(text) } else { tell(text) }
}

/// Prints the reason of an exit code, where the result that tells it is not printed: the program is to be quiet, and
/// no JSON is asked for.
pub fn reasons(is_json: bool, all: impl IntoIterator<Item = String>) {
    if loudness().quiet && !is_json {
        all.into_iter().for_each(error);
    }
}

/// Prints a result for programs: one JSON document. Nothing of it can steer a terminal.
pub fn say_json(value: &Value) {
    // No line of it ends within a text.
    let text = format!("{value:#}");
    text.lines().for_each(|line| raw(&plain_json(line)));
}

/// Prints a line as it is, however quiet the program is to be.
pub fn raw(line: &str) {
    keep(writeln!(io::stdout(), "{line}"));
}

/// Prints a line of progress or trouble.
pub fn note(text: impl std::fmt::Display) {
    if !loudness().quiet {
        error(text);
    }
}

/// Prints what helps to understand a run.
pub fn detail(text: impl std::fmt::Display) {
    if is_verbose() {
        error(text);
    }
}

/// Prints a line about an error, however quiet the program is to be.
pub fn error(text: impl std::fmt::Display) {
    raw_error(folded(&text.to_string(), columns(&Term::stderr())));
}

/// The same of a text to be copied, however long its lines are.
pub fn raw_error(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints what nobody may miss: on standard output, where that is for people, and on standard error, unless both are
/// the same terminal.
pub fn say_loudly(text: &str, is_json: bool) {
    let is_seen = !is_json && io::stdout().is_terminal() && io::stderr().is_terminal();
    if !is_seen {
        error(style(text).for_stderr().bold().yellow());
    }
    if !is_json {
        tell(style(text).bold().yellow());
    }
}

/// Colours a line by what it begins with: what is wrong, and what was made up.
#[must_use]
pub fn marked(line: String) -> String {
    let mark = |word: &str| line.strip_prefix(word).map(str::to_string);
    if let Some(rest) = mark("WRONG") {
        return format!("{}{rest}", style("WRONG").bold().red());
    }
    match mark("SIMULATED") {
        Some(_) => style(line).bold().yellow().to_string(),
        None => line,
    }
}
