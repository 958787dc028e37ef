//! Kinds that are asked for by name: a typing mistake is told before anything is asked of anybody.

use source_host::error::{Error, Result};
use source_host::plugin::Plugin;
use source_report::near::nearest;

/// Refuses a kind that the component does not have.
///
/// # Errors
/// An error of usage that names the nearest kind there is.
pub fn check(kinds: &[String], plugin: &Plugin) -> Result<()> {
    let known: Vec<&str> = plugin.description().kinds.iter().map(|kind| kind.id.as_str()).collect();
    let Some(unknown) = kinds.iter().find(|kind| !known.contains(&kind.as_str())) else { return Ok(()) };
    let meant =
        nearest(unknown, known.iter().copied()).map(|kind| format!("did you mean {kind:?}? ")).unwrap_or_default();
    Err(Error::usage(format!("--kinds: there is no kind {unknown:?}"), format!("{meant}describe lists all kinds")))
}
