//! Words that are never taken for somebody's name by themselves.

/// Words of our sentences and of the vendors' vocabularies, and mailboxes that are no person's: a user called
/// "User" or `data@example.com` would else make every record unreadable. A full name that has one of them in it is
/// found all the same. In order, in small letters.
#[rustfmt::skip]
pub const OURS: &[&str] = &[
    "access", "account", "accountadministrator", "accountreviewer", "action", "active", "activity", "admin",
    "administrator", "administrators", "after", "agent", "alert", "alerts", "analyst", "analytics",
    "another", "apikey", "audit", "auditor", "available", "before", "began", "bigquery",
    "billing", "broken", "building", "catalog", "certificate", "certificates", "changed", "cloud",
    "column", "columns", "company", "complete", "config", "connect", "connected", "connection",
    "connections", "connector", "connectors", "contact", "create", "created", "creator", "customer",
    "customers", "daily", "data", "database", "databricks", "delayed", "demo", "destination",
    "destinationadministrator", "destinations", "developer", "devops", "disabled", "edit", "editor", "empty",
    "enabled", "engineering", "environment", "error", "event", "events", "every", "everyone",
    "external", "failed", "failure", "false", "field", "fields", "finance", "fingerprint",
    "fingerprints", "fivetran", "forbidden", "full", "given", "gone", "google", "group",
    "groups", "held", "hello", "help", "holds", "host", "hosts", "hourly",
    "hybrid", "incomplete", "info", "instead", "inventory", "invited", "item", "items",
    "kafka", "known", "link", "list", "live", "local", "login", "logs",
    "mail", "main", "manage", "manager", "manifest", "marketing", "master", "member",
    "membership", "memberships", "microsoft", "mode", "mongo", "mysql", "name", "named",
    "network", "none", "noreply", "notavailable", "null", "observable", "office", "okta",
    "oncall", "online", "only", "operations", "oracle", "owner", "package", "packages",
    "page", "pages", "part", "partial", "paused", "people", "person", "platform",
    "policy", "port", "postgres", "prefix", "private", "prod", "production", "project",
    "projects", "proxy", "public", "question", "read", "reader", "reason", "record",
    "records", "redshift", "region", "regularuser", "report", "reporting", "reports", "resource",
    "resources", "resourcestamp", "result", "reviewer", "role", "roles", "root", "sales",
    "scheduled", "schema", "schemas", "scope", "secret", "secrets", "secure", "security",
    "self", "server", "service", "serviceaccount", "services", "settings", "setup", "shared",
    "snowflake", "source", "spread", "staff", "staging", "standard", "state", "statement",
    "status", "subject", "succeeded", "success", "support", "suspended", "sync", "synced",
    "syncing", "syncs", "system", "systemkey", "table", "tables", "team", "teammember",
    "teams", "tech", "test", "tester", "testing", "token", "topic", "transformation",
    "transformations", "true", "tunnel", "type", "unavailable", "unknown", "upstream", "usage",
    "used", "user", "users", "uses", "validate", "validated", "vault", "viewer",
    "warehouse", "webhook", "webhooks", "weekly", "when", "with", "withheld", "workspace",
    "write",
];

#[cfg(test)]
mod tests {
    use super::OURS;

    #[test]
    fn the_words_are_in_order() {
        assert!(OURS.is_sorted() && OURS.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())));
    }
}
