//! `not_observable`: what an auditor asks and the API cannot tell, said out loud.
//!
//! Absent is never false: these records stand where a missing field could be mistaken for "off". The
//! source brings the topics.

use super::emit::{Draft, Emit};
use super::kind::{Cost, DAILY, Kind, Nature, When};
use crate::base::model::Subject;
use alloc::format;
use serde::Serialize;

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "not_observable",
    title: "Not observable",
    description: "Facts that auditors ask for and the vendor's API does not give, each with what to ask for instead. They are unknown, not off.",
    keywords: &["mfa", "sso", "session timeout", "ip allow-list", "limitation", "manual evidence"],
    nature: Nature::Statement,
    personal_data: false,
    schema_version: 1,
    content_schema: include_str!("../schemas/not_observable.json"),
    endpoints: &[],
    permissions: &[],
    plan_gate: None,
    cost: Cost::Free,
    when: When::Always,
    valid_for_seconds: DAILY,
    spread: false,
};

/// Something that the API cannot tell.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Topic {
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

impl Topic {
    /// A topic with its question, why it is unknown, and what to ask for instead.
    #[must_use]
    pub const fn new(topic: &'static str, question: &'static str, why: &'static str, instead: &'static str) -> Self {
        Self { instead, question, state: "unknown", topic, why }
    }
}

/// Makes the record of one topic.
pub fn emit(out: &mut Emit<'_>, vendor: &str, topic: &'static Topic) {
    let title = format!("Not in {vendor}'s API: {}", topic.question);
    let subject = Subject { id: out.account.into(), name: None, kind: "account" };
    out.record(Draft::new(&KIND, &[topic.topic], title, subject, topic, &[]));
}
