//! Which controls a kind may help to evidence, and what they are called: one data file, for filing only. Whether a
//! control is met is for people to judge.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// A control of a framework.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// `SOC 2` or `ISO/IEC 27001:2022`.
    pub framework: String,
    /// Its id, e.g. `CC6.1`.
    pub id: String,
    /// What it is about, in a few words of our own.
    pub title: String,
    /// The kinds of evidence that are filed under it.
    pub kinds: BTreeSet<String>,
}

/// The controls that this project's sources file evidence under, in the order of their frameworks.
/// `host-test/tests/cli/controls.rs` compares them with what the sources say.
#[must_use]
pub fn controls() -> &'static [Control] {
    static CONTROLS: OnceLock<Vec<Control>> = OnceLock::new();
    CONTROLS.get_or_init(|| serde_json::from_str(include_str!("../data/controls.json")).unwrap_or_default())
}
