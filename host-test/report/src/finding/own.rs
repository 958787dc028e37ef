//! A user's own file of rules: what it has made of those that were there.

use super::outcome::Rule;
use source_evidence::digest::sha256_hex;
use source_evidence::text::plain;
use std::collections::BTreeSet;
use std::path::Path;

/// What a file has changed.
#[derive(Clone, Debug)]
pub(super) struct Own {
    /// Its name, without the folders: exports are the same wherever it lies.
    file: String,
    sha256: String,
    added: Vec<String>,
    replaced: Vec<String>,
    left_out: Vec<String>,
}

impl Own {
    /// Of a file of this text: which rules there were before, and which there are.
    pub fn of(path: &Path, text: &str, before: &BTreeSet<String>, rules: &[Rule]) -> Self {
        let own = |was_there: bool| {
            let rules = rules.iter().filter(|rule| rule.is_own && before.contains(&rule.id) == was_there);
            rules.map(|rule| rule.id.clone()).collect()
        };
        let is_left = |id: &&String| !rules.iter().any(|rule| rule.id == **id);
        Self {
            file: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            sha256: sha256_hex(text.as_bytes()),
            added: own(false),
            replaced: own(true),
            left_out: before.iter().filter(is_left).cloned().collect(),
        }
    }

    /// In a sentence.
    pub fn words(&self) -> String {
        let Self { file, sha256, added, replaced, left_out } = self;
        let part = |ids: &[String], what: &str| {
            let names = if ids.is_empty() { String::new() } else { format!(": {}", ids.join(", ")) };
            format!("{} {what}{names}", ids.len())
        };
        let parts = [part(added, "added"), part(replaced, "replaced"), part(left_out, "left out")];
        plain(&format!("NOT THE BUILT-IN RULES ALONE: rules from {file} (SHA-256 {sha256}): {}", parts.join("; ")))
    }
}
