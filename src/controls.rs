//! Which controls a kind may help to evidence: one table, for filing only.
//!
//! SOC 2 ids are AICPA Trust Services Criteria (2017, points of focus revised 2022); ISO ids are
//! ISO/IEC 27001:2022 Annex A. Whether a control is met is for people to judge.

/// Kind, SOC 2 criteria, ISO/IEC 27001:2022 Annex A controls.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("account", &["CC6.1"], &["A.5.9", "A.5.28"]),
    ("role", &["CC6.1", "CC6.2", "CC6.3"], &["A.5.15", "A.8.2", "A.8.18"]),
    ("user", &["CC6.1", "CC6.2", "CC6.3"], &["A.5.15", "A.5.16", "A.5.18"]),
    ("team", &["CC6.1", "CC6.3"], &["A.5.15", "A.5.18"]),
    ("team_membership", &["CC6.2", "CC6.3"], &["A.5.16", "A.5.18"]),
    ("access_grant", &["CC6.1", "CC6.3"], &["A.5.15", "A.5.18", "A.8.2", "A.8.3"]),
    ("group", &["CC6.1", "CC6.6"], &["A.5.9", "A.8.9"]),
    (
        "destination",
        &["A1.2", "C1.1", "CC6.1", "CC6.6", "CC6.7"],
        &["A.5.9", "A.5.14", "A.5.23", "A.5.31", "A.5.34", "A.8.9", "A.8.20", "A.8.24"],
    ),
    (
        "connection",
        &["A1.2", "CC6.1", "CC6.6", "CC6.7", "CC7.2", "CC8.1", "CC9.2", "PI1.2"],
        &["A.5.9", "A.5.14", "A.5.19", "A.5.21", "A.8.9", "A.8.16", "A.8.20", "A.8.24"],
    ),
    ("connection_schema", &["C1.1", "C1.2", "CC6.1"], &["A.5.12", "A.5.34", "A.8.10", "A.8.11", "A.8.12"]),
    ("certificate", &["CC6.1", "CC6.7"], &["A.5.14", "A.8.24"]),
    ("fingerprint", &["CC6.1", "CC6.7"], &["A.5.14", "A.8.20", "A.8.24"]),
    ("sync_run", &["A1.1", "CC7.2", "PI1.2", "PI1.3"], &["A.5.30", "A.8.16"]),
    ("connection_error", &["A1.1", "CC7.2", "CC7.3", "PI1.3"], &["A.5.25", "A.8.16"]),
    ("log_service", &["CC4.1", "CC7.1", "CC7.2"], &["A.8.15", "A.8.16"]),
    ("webhook", &["CC7.2", "CC7.3"], &["A.5.25", "A.8.16"]),
    ("system_key", &["CC6.1", "CC6.3", "CC6.6"], &["A.5.17", "A.8.2", "A.8.24"]),
    ("api_key", &["CC6.1", "CC6.6"], &["A.5.17", "A.8.2", "A.8.24"]),
    ("external_secrets_manager", &["CC6.1"], &["A.5.17", "A.8.24"]),
    ("private_link", &["CC6.1", "CC6.6"], &["A.8.20", "A.8.21", "A.8.22"]),
    ("proxy_agent", &["CC6.1", "CC6.6"], &["A.5.9", "A.8.20", "A.8.22"]),
    ("hybrid_deployment_agent", &["CC6.1", "CC6.8"], &["A.5.9", "A.8.8"]),
    ("connector_sdk_package", &["CC7.1", "CC8.1"], &["A.8.4", "A.8.25", "A.8.28", "A.8.32"]),
    ("transformation", &["CC8.1", "PI1.3"], &["A.8.16", "A.8.32"]),
    ("transformation_project", &["CC8.1"], &["A.8.4", "A.8.25", "A.8.32"]),
    ("connector_type", &["CC3.2", "CC9.2"], &["A.5.9", "A.5.19", "A.5.21", "A.5.22", "A.5.23"]),
    ("audit_event", &["CC7.2", "CC8.1"], &["A.5.16", "A.5.28", "A.8.15", "A.8.32"]),
    ("audit_logging", &["CC4.1", "CC7.1", "CC7.2"], &["A.8.15", "A.8.16", "A.8.17"]),
    ("not_observable", &["CC6.1", "CC7.2"], &["A.5.17", "A.8.5", "A.8.15"]),
    ("coverage", &["CC4.1"], &["A.5.28", "A.5.33"]),
    ("manifest", &["CC4.1"], &["A.5.28", "A.5.33"]),
];

/// The controls of a kind: SOC 2 criteria, then ISO controls.
#[must_use]
pub fn of(kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
    TABLE.iter().find(|row| row.0 == kind).map_or((&[], &[]), |row| (row.1, row.2))
}
