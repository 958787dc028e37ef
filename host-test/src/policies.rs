//! What a source may send: the policy in the file that the user names, or the one that is built in for its id.

use clap::Args;
use source_host::error::Result;
use source_host::grant::Grant;
use source_host::plugin::Plugin;
use std::path::PathBuf;

/// The policy for [Fivetran's source](https://fivetran.com/docs/rest-api).
const FIVETRAN: &str = include_str!("../policies/fivetran.json");
/// The policy for the source of its audit trail.
const AUDIT_TRAIL: &str = include_str!("../policies/fivetran-audit-trail.json");

/// Which policy holds.
#[derive(Args)]
pub struct EgressArgs {
    /// Policy of what the component may send, as JSON (see docs/security.md); default: the one built in for its source.
    #[arg(help_heading = "Component", long, value_name = "FILE.json")]
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
    let all = [FIVETRAN, AUDIT_TRAIL].into_iter().filter_map(|text| Grant::parse(text).ok());
    let grant = all.into_iter().find(|grant| grant.source == source)?;
    Some(Grant { built_in: true, ..grant })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_built_in_for_the_sources_of_this_project_and_no_other() {
        for source in ["fivetran", crate::trail::SOURCE] {
            assert_eq!(built_in(source).map(|grant| grant.source).as_deref(), Some(source));
        }
        assert!(built_in("acme").is_none() && built_in("").is_none());
    }

    #[test]
    fn the_audit_trails_policy_opens_the_hosts_and_paths_of_its_four_places() {
        let grant = built_in(crate::trail::SOURCE).unwrap();
        let lines: Vec<String> = grant.unpinned().iter().flat_map(source_host::egress::Rule::lines).collect();
        let warehouses = [
            "https://bigquery.googleapis.com:443 /bigquery/v2/projects",
            "https://(setting /snowflake/host, ending in .snowflakecomputing.com):443 /api/v2/statements",
            "https://(setting /databricks/host, ending in .cloud.databricks.com or .azuredatabricks.net or \
             .gcp.databricks.com):443 /api/2.0/sql/statements",
        ];
        let mut want: Vec<String> = Vec::new();
        want.extend(warehouses.iter().flat_map(|line| ["GET", "POST"].map(|method| format!("{method} {line}"))));
        let [us, eu, gov] = ["datadoghq.com", "datadoghq.eu", "ddog-gov.com"];
        let regions = ["us3", "us5", "ap1", "ap2", "uk1"].map(|region| format!("{region}.{us}"));
        let sites = [us.to_string()].into_iter().chain(regions).chain([eu.into(), gov.into(), format!("us2.{gov}")]);
        want.extend(sites.map(|site| format!("GET https://api.{site}:443 /api/v2/logs/events")));
        assert_eq!(lines, want);
        let headers: Vec<_> = grant.rules.iter().map(|rule| rule.headers.join(", ")).collect();
        assert_eq!(headers[..3], ["", "x-snowflake-authorization-token-type", ""]);
        assert!(headers[3..].iter().all(|names| names == "dd-api-key, dd-application-key"));
        assert!(grant.rules.iter().all(|rule| rule.secret));
    }
}
