//! What `describe` answers, but for the kinds, which stand with their resources.

use crate::fivetran::HOST;

/// Stable id of the source.
pub const ID: &str = "fivetran";
/// The vendor's product.
pub const NAME: &str = "Fivetran";
/// What the source reads.
pub const DESCRIPTION: &str = "Reads a Fivetran account over its REST API: users, teams, roles and grants, groups, destinations, connections, and what Fivetran stamps on them. Read-only.";
/// Where an engine's catalogue files it.
pub const CATEGORY: &str = "Analytics";
/// Label of the user name.
pub const USERNAME_LABEL: &str = "API key";
/// Label of the password.
pub const PASSWORD_LABEL: &str = "API secret";
/// Where to find the pair.
pub const CREDENTIAL_HELP: &str = "In Fivetran: Account Settings > API Configuration for a user's key, or Account Settings > System Keys for a key of the account with READ scopes. The secret is shown once.";
/// Fivetran's page about it.
pub const CREDENTIAL_URL: &str = "https://fivetran.com/docs/rest-api/getting-started";
/// Scheme, host, port, methods and path prefixes of every request ever sent.
pub const CAPABILITY: (&str, &str, u16, &[&str], &[&str]) = ("https", HOST, 443, &["GET"], &["/v1/"]);
