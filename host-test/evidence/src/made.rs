//! How a collection was made, as the host that made it tells.

use crate::journal::Seen;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How a part of a collection was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Records that were there before: 0 for the first part.
    pub from_record: u64,
    /// The host, with its version.
    pub harness: String,
    /// The wall clock that the component saw: `system`, or `fixed`.
    pub clock: String,
    /// The server that was asked in place of the vendor's; null for the vendor's own, and for a simulator of the host.
    pub upstream: Option<String>,
    /// Which account a simulator of this harness made up; null for none.
    pub simulated: Option<String>,
    /// SHA-256 of the host's policy for requests; null where none was needed.
    pub policy: Option<String>,
    /// Whether that is the one built into the program for this source, and not one that somebody gave.
    pub policy_built_in: bool,
    /// Where it let requests go under the settings, e.g. `GET api.example.com`; with the port where it is not 443.
    pub granted: Vec<String>,
}

/// The clock of the system.
pub const SYSTEM: &str = "system";

impl Made {
    fn caveats(&self) -> impl Iterator<Item = String> {
        let simulated = self.simulated.as_ref();
        let made_up = simulated.map(|what| format!("SIMULATED: this account was made up by the harness ({what})"));
        let upstream =
            self.upstream.as_ref().map(|server| format!("NOT THE VENDOR'S SERVER: the answers came from {server}"));
        let clock = (self.clock != SYSTEM)
            .then(|| "NOT THE SYSTEM'S CLOCK: the times in the records were set by hand".to_string());
        let policy = self.policy.as_ref().filter(|_| !self.policy_built_in);
        let policy = policy.map(|sha256| {
            format!(
                "NOT THE BUILT-IN POLICY: what the component could send was set by hand (--egress, SHA-256 {sha256})"
            )
        });
        [made_up, upstream, clock, policy].into_iter().flatten()
    }

    /// Whether a request could be let out, as far as [`Made::granted`] tells.
    #[must_use]
    pub fn grants(&self, seen: &Seen) -> bool {
        let host = seen.host.to_ascii_lowercase();
        let asked = format!("{} {}", seen.method, host.strip_suffix(":443").unwrap_or(&host));
        self.granted.contains(&asked)
    }

    /// Whether another part was made in the same way.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        Self { from_record: 0, ..self.clone() } == Self { from_record: 0, ..other.clone() }
    }
}

/// What a reader has to know before any number: where evidence is not what the vendor answered just then.
pub fn caveats(made: &[Made]) -> impl Iterator<Item = String> + use<> {
    made.iter().flat_map(Made::caveats).collect::<BTreeSet<String>>().into_iter()
}
