//! What a source may send: the policy in the file that the user names, or the one that is built in for its id.

use clap::Args;
use source_host::error::Result;
use source_host::grant::Grant;
use source_host::plugin::Plugin;
use std::path::PathBuf;

/// The policy for [Fivetran's source](https://fivetran.com/docs/rest-api).
const FIVETRAN: &str = include_str!("../policies/fivetran.json");

/// Which policy holds.
#[derive(Args)]
pub struct EgressArgs {
    /// Policy of what the component may send, as JSON (see docs/security.md); default: the one built in for its source.
    #[arg(long, value_name = "FILE.json")]
    pub egress: Option<PathBuf>,
}

impl EgressArgs {
    /// The policy for a component; `None` where none is named and none is built in.
    ///
    /// # Errors
    /// When the file cannot be read, or is no policy.
    pub fn policy(&self, plugin: &Plugin) -> Result<Option<Grant>> {
        match &self.egress {
            Some(file) => Grant::read(file).map(Some),
            None => Ok(built_in(&plugin.description().id)),
        }
    }

    /// The same, where there has to be one.
    ///
    /// # Errors
    /// [`source_host::error::Error::NotGranted`] where there is none, too.
    pub fn grant(&self, plugin: &Plugin) -> Result<Grant> {
        self.policy(plugin)?.ok_or_else(|| plugin.not_granted())
    }
}

/// The policy that is built in for a source, by its id.
#[must_use]
pub fn built_in(source: &str) -> Option<Grant> {
    let grant = Grant { built_in: true, ..Grant::parse(FIVETRAN).ok()? };
    (grant.source == source).then_some(grant)
}

#[cfg(test)]
mod tests {
    #[test]
    fn fivetrans_policy_is_built_in_and_no_other() {
        assert!(super::built_in("fivetran").is_some() && super::built_in("acme").is_none());
    }
}
