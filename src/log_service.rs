//! `log_service`: external services that Fivetran pushes its log events to, what users did among them, but not the
//! entries of the table `AUDIT_TRAIL`: one for the account, one for each group, or none.
//!
//! A group's log service bears the group's id. That there is none for the account is a 404.
//! <https://fivetran.com/docs/rest-api/api-reference/log-service>, read 2026-11.

use crate::alert::{Alert, codes};
use crate::audit_logging::{self, Mechanism};
use crate::notes::Fact;
use crate::settings::LISTS;
use crate::setup_test::{self, SetupTest, SetupTestContent};
use crate::types::{Findings, Item, Part, Resource};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::record::sift::Kept;
use source_kit::{
    Cost, DAILY, Draft, Emit, Field, FreeForm, Kind, Missing, Nature, Origin, Subject, Text, Unread, When, wire,
};

/// No key scope is documented.
const PERMISSION: &str = "a role that may see log services";

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "log_service",
    title: "External log services",
    description: "Every external service that Fivetran pushes its logs to, for the account or for a group: which one, whether it is enabled and healthy, and where it is.",
    keywords: &["logging", "siem", "log export", "audit trail", "monitoring", "log retention"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 2,
    content_schema: include_str!("schemas/log_service.json"),
    endpoints: &["GET /v1/external-logging/account", "GET /v1/external-logging", "GET /v1/external-logging/{id}"],
    permissions: &[PERMISSION],
    plan_gate: Some("Enterprise or Business Critical"),
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The one of the account.
pub const OF_ACCOUNT: Resource = Resource {
    stage: "account log service",
    path: "/v1/external-logging/account",
    page_limit: None,
    permission: Some(PERMISSION),
    missing: Missing::None(&[]),
    feeds: &[&KIND, &audit_logging::KIND],
    project: |item, out, findings| project(item, out, findings, "account"),
    ..Resource::LIST
};

/// The call for each log service of a group.
pub const DETAILS: Part = Part {
    name: "details",
    path: "/v1/external-logging/{id}",
    permission: PERMISSION,
    feeds: &[&KIND],
    ..Part::OBJECT
};

/// Those of groups. The list shows neither settings nor tests.
pub const OF_GROUPS: Resource = Resource {
    stage: "log services",
    path: "/v1/external-logging",
    permission: Some(PERMISSION),
    item_path: DETAILS.path,
    feeds: &[&KIND, &audit_logging::KIND],
    parts: &[DETAILS],
    project: |item, out, findings| project(item, out, findings, "group"),
    ..Resource::LIST
};

/// A log service.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct LogServiceContent<'a> {
    /// `read`, or why `settings` and `setup_tests` are null: `gone`, `forbidden` or `failed`.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "reading")))]
    pub details: &'static str,
    /// Whether logs are sent; null when Fivetran does not say.
    pub enabled: Option<bool>,
    /// Fivetran's id: the group's, or the account's.
    pub id: &'a str,
    /// `account` or `group`.
    pub scope: &'a str,
    /// What it is, e.g. datadog_log.
    pub service: Option<&'a str>,
    /// Settings that matter for security, by value; all others are listed as withheld.
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<alloc::collections::BTreeMap<alloc::string::String, serde_json::Value>>")
    )]
    pub settings: Option<Kept<'a>>,
    /// `connected`, `incomplete` or `broken`; null when Fivetran does not say.
    pub setup_state: Option<&'a str>,
    /// The last setup test, as stored.
    pub setup_tests: Option<Vec<SetupTestContent<'a>>>,
    /// Codes of what someone has to do about it; null when Fivetran does not say.
    pub tasks: Option<Vec<&'a str>>,
}

wire! {
    /// A list item, or `data` of the details.
    pub struct LogService<'a> {
        id: Text<'a>,
        group_id: Field<Unread>,
        service: Text<'a>,
        enabled: Field<bool>,
        status: Field<Status<'a>>,
        setup_tests: Field<Vec<Field<SetupTest<'a>>>>,
        config: Field<FreeForm<'a>>,
    }
}

wire! {
    /// `status` of a log service.
    pub struct Status<'a> {
        setup_state: Text<'a>,
        tasks: Field<Vec<Field<Alert<'a>>>>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings, scope: &'static str) {
    let of_account = scope == "account";
    let path = if of_account { OF_ACCOUNT.path } else { OF_GROUPS.path };
    let Some(listed) = findings.read::<LogService<'_>>(path, item.json) else { return };
    let Some(id) = findings.id(&listed.id) else { return };
    if !of_account && id == out.account && item.notes.account_log_service {
        return; // The account's own was read by itself.
    }
    let of_account = of_account || id == out.account;
    let scope = if of_account { "account" } else { scope };
    let body = item.part(&DETAILS).single();
    let detailed = body.and_then(|body| findings.read::<LogService<'_>>("/v1/external-logging/{id}", body.data()));
    let service = detailed.as_ref().unwrap_or(&listed);
    let details = if item.parts.is_empty() { "read" } else { item.part(&DETAILS).word() };
    emit(item, out, service, (id, scope, details));
    if of_account {
        findings.facts.push(Fact::AccountLogService);
    }
    match service.enabled.value() {
        Some(true) => {
            findings.facts.push(if of_account { Fact::AccountExported } else { Fact::GroupExported(id.into()) });
        }
        Some(false) => {}
        None => {
            out.unknown(&KIND, "whether a log service is enabled");
            out.unknown(&audit_logging::KIND, "whether a log service is enabled");
        }
    }
}

fn emit(
    item: &Item<'_>,
    out: &mut Emit<'_>,
    service: &LogService<'_>,
    (id, scope, details): (&str, &str, &'static str),
) {
    let origins: Vec<_> = core::iter::once(item.origin()).chain(item.part(&DETAILS).single().map(Origin::of)).collect();
    let origins: Vec<_> = origins.iter().collect();
    let mut withheld = Vec::new();
    let settings = LISTS.sift(&service.config, out, &mut withheld);
    let setup_tests = setup_test::contents(&service.setup_tests, &mut withheld);
    let setup_state = service.status.get().and_then(|status| status.setup_state.text());
    let tasks = service.status.get().and_then(|status| codes(&status.tasks, "tasks", &mut withheld));
    let healthy = is_healthy(setup_state, tasks.as_deref());
    let name = service.service.text();
    let said = out.told(&KIND, name, "of an unknown kind", "the type of a log service");
    let state = audit_logging::state(service.enabled.value());
    out.record(Draft {
        kind: &KIND,
        native_id: &[scope, id],
        title: format!("Log service {said} of {scope} {id}: {state}"),
        subject: Subject { id: id.into(), name: None, kind: "log_service" },
        effective_at: None,
        content: &LogServiceContent {
            details,
            enabled: service.enabled.value(),
            id,
            scope,
            service: name,
            settings,
            setup_state,
            setup_tests,
            tasks,
        },
        from: &origins,
        withheld,
    });
    let mechanism = Mechanism {
        mechanism: "log_service",
        native_id: &["log_service", scope, id],
        id,
        scope: Some(scope),
        scope_id: Some(id),
        service: name,
        enabled: service.enabled.value(),
        healthy,
        last_success: Some(None),
        fresh: None,
    };
    audit_logging::emit(out, &origins, &mechanism);
}

/// Connected and without tasks. It takes both to be healthy, and one to be not.
fn is_healthy(setup_state: Option<&str>, tasks: Option<&[&str]>) -> Option<bool> {
    let connected = setup_state.and_then(audit_logging::is_connected);
    match (connected, tasks.map(<[_]>::is_empty)) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
