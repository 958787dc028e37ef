//! What auditors ask and Fivetran's REST API cannot tell.
//!
//! Source: the resource list of <https://fivetran.com/docs/rest-api/api-reference>, read 2026-11.

use source_kit::Topic;

/// Every topic.
pub const TOPICS: &[Topic] = &[
    Topic::new(
        "multi_factor_authentication",
        "Does each user log in with a second factor?",
        "No endpoint has a field for it.",
        "Evidence of the identity provider, where single sign-on is enforced; otherwise a dated screenshot of Account Settings > General > Authentication.",
    ),
    Topic::new(
        "single_sign_on",
        "Is log-in by single sign-on (SAML) enforced for the account?",
        "No endpoint has a field for it.",
        "A dated screenshot of Account Settings > General > Authentication settings, and the identity provider's assignment list for Fivetran.",
    ),
    Topic::new(
        "session_timeout",
        "After how long without activity is a session ended?",
        "No endpoint has a field for it.",
        "A dated screenshot of the account's security settings.",
    ),
    Topic::new(
        "ip_allow_list",
        "From which addresses may users and API keys reach the account?",
        "No endpoint has a field for it.",
        "A dated screenshot of the account's security settings, or a statement that there is none.",
    ),
    Topic::new(
        "password_policy",
        "Which rules do passwords of users without single sign-on follow?",
        "No endpoint has a field for it.",
        "Fivetran's own SOC 2 report, and evidence that single sign-on is enforced.",
    ),
    Topic::new(
        "user_provisioning",
        "Are users provisioned and removed automatically (SCIM)?",
        "No endpoint has a field for it.",
        "The identity provider's provisioning configuration and log.",
    ),
    Topic::new(
        "role_permissions",
        "What does each custom role permit?",
        "The API gives a role's name and scope, not its permissions.",
        "A dated export or screenshot of Account Settings > Users & Permissions > Roles, or table ROLE_PERMISSION of the Fivetran Platform Connector.",
    ),
    Topic::new(
        "account_plan",
        "Which plan is the account on, and is it active?",
        "No endpoint has a field for it.",
        "The order form, or table ACCOUNT of the Fivetran Platform Connector.",
    ),
    Topic::new(
        "audit_log",
        "Who did what and when, in full?",
        "The REST API has no audit log. Audit events here are read from stamps on resources: they know creations, last log-ins and last syncs, and no deletions or changes of settings.",
        "Table AUDIT_TRAIL of the Fivetran Platform Connector, or an external log service; both need the Enterprise plan or above. On every plan, table LOG of the Platform Connector has what users do to connections.",
    ),
];
