//! Kinds that are asked for by name: a typing mistake is told before anything is asked of anybody.

use source_host::error::{Error, Result};
use source_host::plugin::Plugin;

/// How like two words have to be for one to be meant by the other: what clap takes for commands.
const LIKE: f64 = 0.7;

/// Refuses a kind that the component does not have.
///
/// # Errors
/// An error of usage that names the nearest kind there is.
pub fn check(kinds: &[String], plugin: &Plugin) -> Result<()> {
    let known: Vec<&str> = plugin.description().kinds.iter().map(|kind| kind.id.as_str()).collect();
    let Some(unknown) = kinds.iter().find(|kind| !known.contains(&kind.as_str())) else { return Ok(()) };
    let meant = nearest(unknown, &known).map(|kind| format!("did you mean {kind:?}? ")).unwrap_or_default();
    Err(Error::usage(format!("--kinds: there is no kind {unknown:?}"), format!("{meant}describe lists all kinds")))
}

/// The known word that is most like another, if any is like it.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = word.trim().to_lowercase();
    let likeness = known.iter().map(|other| (strsim::jaro_winkler(&word, other), *other));
    likeness.filter(|(like, _)| *like > LIKE).max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_has_its_nearest_kind_and_nonsense_has_none() {
        let known = ["user", "team", "team_membership", "connection", "connection_schema", "external_secrets_manager"];
        for (word, want) in [
            ("usr", Some("user")),
            ("Users", Some("user")),
            ("conection", Some("connection")),
            ("team-membership", Some("team_membership")),
            ("qqqq", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &known), want, "{word}");
        }
    }
}
