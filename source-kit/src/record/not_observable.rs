//! `not_observable`: what an auditor asks and Fivetran's REST API cannot tell, said out loud.
//!
//! Absent is never false: these records stand where a missing field could be mistaken for "off".
//! Source: the resource list of <https://fivetran.com/docs/rest-api/api-reference>, read 2026-11.

use super::emit::{Draft, Emit};
use super::kind::{Cost, DAILY, Kind, When};
use crate::model::Subject;
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "not_observable",
    title: "Not observable",
    description: "Facts that auditors ask for and Fivetran's REST API does not give, each with what to ask for instead. They are unknown, not off.",
    keywords: &["mfa", "sso", "session timeout", "ip allow-list", "limitation", "manual evidence"],
    schema_version: 1,
    content_schema: include_str!("../schemas/not_observable.json"),
    endpoints: &[],
    permissions: &[],
    plan_gate: None,
    cost: Cost::Free,
    when: When::Always,
    valid_for_seconds: DAILY,
};

/// Something that the API cannot tell.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct NotObservable {
    /// What to ask for instead.
    pub instead: &'static str,
    /// What is unknown.
    pub question: &'static str,
    /// Always `unknown`.
    pub state: &'static str,
    /// Stable name of the topic.
    pub topic: &'static str,
    /// Why it is unknown.
    pub why: &'static str,
}

const fn topic(topic: &'static str, question: &'static str, why: &'static str, instead: &'static str) -> NotObservable {
    NotObservable { instead, question, state: "unknown", topic, why }
}

/// Every topic.
pub const TOPICS: &[NotObservable] = &[
    topic(
        "multi_factor_authentication",
        "Does each user log in with a second factor?",
        "No endpoint has a field for it.",
        "Evidence of the identity provider, where single sign-on is enforced; otherwise a dated screenshot of Account Settings > General > Authentication.",
    ),
    topic(
        "single_sign_on",
        "Is log-in by single sign-on (SAML) enforced for the account?",
        "No endpoint has a field for it.",
        "A dated screenshot of Account Settings > General > Authentication settings, and the identity provider's assignment list for Fivetran.",
    ),
    topic(
        "session_timeout",
        "After how long without activity is a session ended?",
        "No endpoint has a field for it.",
        "A dated screenshot of the account's security settings.",
    ),
    topic(
        "ip_allow_list",
        "From which addresses may users and API keys reach the account?",
        "No endpoint has a field for it.",
        "A dated screenshot of the account's security settings, or a statement that there is none.",
    ),
    topic(
        "password_policy",
        "Which rules do passwords of users without single sign-on follow?",
        "No endpoint has a field for it.",
        "Fivetran's own SOC 2 report, and evidence that single sign-on is enforced.",
    ),
    topic(
        "user_provisioning",
        "Are users provisioned and removed automatically (SCIM)?",
        "No endpoint has a field for it.",
        "The identity provider's provisioning configuration and log.",
    ),
    topic(
        "role_permissions",
        "What does each custom role permit?",
        "The API gives a role's name and scope, not its permissions.",
        "A dated export or screenshot of Account Settings > Users & Permissions > Roles, or table ROLE_PERMISSION of the Fivetran Platform Connector.",
    ),
    topic(
        "account_plan",
        "Which plan is the account on, and is it active?",
        "No endpoint has a field for it.",
        "The order form, or table ACCOUNT of the Fivetran Platform Connector.",
    ),
    topic(
        "audit_log",
        "Who did what and when, in full?",
        "The REST API has no audit log. Audit events here are read from stamps on resources: they know creations, last log-ins and last syncs, and no deletions or changes of settings.",
        "Table AUDIT_TRAIL of the Fivetran Platform Connector, or an external log service; both need the Enterprise plan or above.",
    ),
];

/// Makes the record of one topic.
pub fn emit(out: &mut Emit<'_>, topic: &'static NotObservable) {
    out.record(Draft {
        kind: &KIND,
        native_id: &[topic.topic],
        title: format!("Not in Fivetran's API: {}", topic.question),
        subject: Subject { id: out.account.into(), name: None, kind: "account" },
        effective_at: None,
        content: topic,
        from: &[],
        withheld: Vec::new(),
    });
}
