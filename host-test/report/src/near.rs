//! Typing mistakes.

/// How like two words have to be for one to be meant by the other: what clap takes for commands.
const LIKE: f64 = 0.7;

/// The known word that is most like another, if any is like it.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.trim().to_lowercase();
    let likeness = known.into_iter().map(|other| (strsim::jaro_winkler(&word, other), other));
    likeness.filter(|(like, _)| *like > LIKE).max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, known)| known)
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
            assert_eq!(nearest(word, known), want, "{word}");
        }
    }
}
