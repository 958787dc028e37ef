//! `audit_logging`: whether Fivetran's own audit trail leaves Fivetran, by which mechanism, and
//! which groups have none.
//!
//! The trail itself cannot be read over the REST API. It is written to the warehouse by the Fivetran Platform Connector
//! (service `fivetran_log`); an external log service gets Fivetran's log events, with what users did among them, and
//! webhooks carry a small part of it. The Platform Connector is free and on every plan, with its table `LOG`,
//! which has what users do to connections. Its table `AUDIT_TRAIL` and log services need the Enterprise
//! or Business Critical plan, and the plan is not observable. <https://fivetran.com/docs/logs>, read 2026-11.

use crate::notes::{MAX_GROUPS, Notes};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::{Cost, DAILY, Draft, Emit, Kind, Known, Nature, Origin, Subject, When};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "audit_logging",
    title: "Audit logging",
    description: "For every mechanism that exports Fivetran's own audit trail (log services, the Platform Connector, webhooks): its scope, whether it is enabled, healthy and fresh; and one record that says which groups have none. The plan is not observable: below Enterprise, a Platform Connector writes no table AUDIT_TRAIL, only LOG, which has what users do to connections.",
    keywords: &["audit log", "audit trail", "log export", "monitoring", "siem", "logging enabled"],
    nature: Nature::Inventory,
    personal_data: false,
    schema_version: 2,
    content_schema: include_str!("schemas/audit_logging.json"),
    endpoints: &[
        "GET /v1/groups",
        "GET /v1/connections",
        "GET /v1/connections/{id}",
        "GET /v1/external-logging/account",
        "GET /v1/external-logging",
        "GET /v1/webhooks",
    ],
    permissions: &["DESTINATION:READ", "CONNECTOR:READ", "WEBHOOK:READ"],
    plan_gate: Some(
        "Enterprise or Business Critical for table AUDIT_TRAIL and log services; table LOG is on every plan",
    ),
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// One mechanism, or (`mechanism` = `groups`) the summary of all groups.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct AuditLogging<'a> {
    /// Summary: mechanisms in force for the whole account: enabled, and not a connection that has never succeeded; null
    /// otherwise.
    pub account_mechanisms: Option<u64>,
    /// Whether it is switched on; null when Fivetran does not say, and in the summary.
    pub enabled: Option<bool>,
    /// Whether the last success is recent: within a day or twice the sync's own rhythm; no where there never was one;
    /// null where there is no such stamp, or it could not be determined.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub fresh: Option<bool>,
    /// Summary: groups in all; null otherwise.
    pub groups: Option<u64>,
    /// Summary: ids of the groups without a mechanism of their own in force; null when that could not be determined,
    /// and otherwise.
    pub groups_without: Option<&'a [String]>,
    /// Whether Fivetran reports it as working; null when it does not say.
    pub healthy: Option<bool>,
    /// Id of the log service, connection or webhook; null in the summary.
    pub id: Option<&'a str>,
    /// When it last worked, as Fivetran wrote it; null where it never did or there is no such stamp, absent if Fivetran
    /// does not say or gives a time well after the reading.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Known<&'a str>,
    /// `log_service`, `platform_connector`, `webhook` (events of connections only), or `groups`.
    pub mechanism: &'a str,
    /// `account` or `group`; null when it could not be determined.
    pub scope: Option<&'a str>,
    /// The group, for the scope `group`.
    pub scope_id: Option<&'a str>,
    /// What it is, e.g. datadog_log; null where that says nothing.
    pub service: Option<&'a str>,
}

/// Something that exports the audit trail, or a part of it.
#[expect(missing_docs, reason = "each field is documented at [`AuditLogging`]")]
pub struct Mechanism<'a> {
    pub mechanism: &'static str,
    pub native_id: &'a [&'a str],
    pub id: &'a str,
    pub scope: Option<&'a str>,
    pub scope_id: Option<&'a str>,
    pub service: Option<&'a str>,
    pub enabled: Option<bool>,
    pub healthy: Option<bool>,
    pub last_success: Known<&'a str>,
    pub fresh: Option<bool>,
}

/// Whether something is switched on, in words.
#[must_use]
pub fn state(enabled: Option<bool>) -> &'static str {
    match enabled {
        Some(true) => "enabled",
        Some(false) => "not enabled",
        None => "state unknown",
    }
}

/// Whether a setup state says that something is connected; `None` where it is none that Fivetran documents.
#[must_use]
pub fn is_connected(setup_state: &str) -> Option<bool> {
    let is = |word: &str| setup_state.eq_ignore_ascii_case(word);
    if is("connected") { Some(true) } else { (is("incomplete") || is("broken")).then_some(false) }
}

/// Emits the record of a mechanism.
pub fn emit(out: &mut Emit<'_>, from: &[&Origin<'_>], mechanism: &Mechanism<'_>) {
    let Mechanism { mechanism: name, id, .. } = *mechanism;
    let scope = mechanism.scope.map_or("unknown scope".into(), |scope| format!("the {scope}"));
    let state = state(mechanism.enabled);
    let health = match mechanism.healthy {
        Some(true) => ", healthy",
        Some(false) => ", not healthy",
        None => "",
    };
    let fresh = if mechanism.fresh == Some(false) { ", without a recent success" } else { "" };
    out.record(Draft {
        kind: &KIND,
        native_id: mechanism.native_id,
        title: format!("Audit logging by {} {id} of {scope}: {state}{health}{fresh}", name.replace('_', " ")),
        subject: Subject { id: id.into(), name: None, kind: name },
        effective_at: None,
        content: &AuditLogging {
            enabled: mechanism.enabled,
            fresh: mechanism.fresh,
            healthy: mechanism.healthy,
            id: Some(id),
            last_success: mechanism.last_success,
            mechanism: name,
            scope: mechanism.scope,
            scope_id: mechanism.scope_id.filter(|_| mechanism.scope == Some("group")),
            service: mechanism.service,
            ..AuditLogging::default()
        },
        from,
        withheld: Vec::new(),
    });
}

/// What is known of all groups, `bare` of which have no export of their own, and of the account.
fn summary(bare: usize, groups: u64, account: bool) -> String {
    match (bare, account) {
        (_, true) if groups == 0 => "There are no groups; the account has an audit-trail export in force".into(),
        (_, false) if groups == 0 => "There are no groups, and the account has no audit-trail export in force".into(),
        (1, true) if groups == 1 => {
            "The only group has no audit-trail export of its own in force; the account has".into()
        }
        (1, false) if groups == 1 => {
            "The only group has no audit-trail export in force, and neither has the account".into()
        }
        (0, true) => "Every group has an audit-trail export in force, and so has the account".into(),
        (0, false) => "Every group has an audit-trail export in force; the account as a whole has none".into(),
        (1, true) => format!("1 of {groups} groups has no audit-trail export of its own in force; the account has"),
        (1, false) => {
            format!("1 of {groups} groups has no audit-trail export in force, and neither has the account")
        }
        (_, true) => {
            format!("{bare} of {groups} groups have no audit-trail export of their own in force; the account has")
        }
        (_, false) => {
            format!("{bare} of {groups} groups have no audit-trail export in force, and neither has the account")
        }
    }
}

/// Emits the summary. `known` is whether everything it rests on was read.
pub fn emit_groups(out: &mut Emit<'_>, notes: &Notes, known: bool) {
    let known = known && notes.groups <= MAX_GROUPS as u64;
    out.record(Draft {
        kind: &KIND,
        native_id: &["groups"],
        title: match known {
            false => String::from("It could not be determined which groups have no audit-trail export"),
            true => summary(notes.bare_groups.len(), notes.groups, notes.account_exports > 0),
        },
        subject: Subject { id: "groups".into(), name: None, kind: "groups" },
        effective_at: None,
        content: &AuditLogging {
            account_mechanisms: known.then_some(notes.account_exports),
            groups: known.then_some(notes.groups),
            groups_without: known.then_some(notes.bare_groups.as_slice()),
            last_success: Some(None),
            mechanism: "groups",
            ..AuditLogging::default()
        },
        from: &[],
        withheld: Vec::new(),
    });
}
