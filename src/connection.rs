//! `connection`: every pipe from a source system, its state, schedule, network path and settings.
//!
//! The list is taken as having no config (official clients never see one there): it takes one call
//! per connection, which the setting `connection_details` can switch off.
//! <https://fivetran.com/docs/rest-api/api-reference/connections/connection-details>, read 2026-11.

use crate::alert::{Alert, codes};
use crate::audit_event::{self, Action, Stamp, Target};
use crate::audit_logging;
use crate::connector_type;
use crate::notes::Fact;
use crate::platform_connector::{self, Synced};
use crate::settings::LISTS;
use crate::setup_test::{self, SetupTest, SetupTestContent};
use crate::types::{Findings, Item, Part, Resource};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::record::shape::Shape;
use source_kit::record::sift::Kept;
use source_kit::{
    Cost, DAILY, Draft, Emit, Field, FreeForm, Kind, Known, Nature, Need, Origin, Rule, Subject, Text, Unread, When,
    Withheld, WithheldReason, wire,
};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "connection",
    title: "Connections",
    description: "Every connection (formerly connector) with its service, state, schedule, who connected it, how the source is reached and the settings that matter for security.",
    keywords: &[
        "connection",
        "connector",
        "pipeline",
        "third party",
        "configuration",
        "encryption in transit",
        "inventory",
    ],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 3,
    content_schema: include_str!("schemas/connection.json"),
    endpoints: &["GET /v1/connections", "GET /v1/connections/{id}"],
    permissions: &["CONNECTOR:READ"],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The list. Its parts are in `table.rs`.
pub const RESOURCE: Resource = Resource {
    stage: "connections",
    path: "/v1/connections",
    permission: Some("CONNECTOR:READ"),
    item_path: DETAILS.path,
    feeds: &[&KIND, &audit_event::KIND, &audit_logging::KIND],
    project,
    ..Resource::LIST
};

/// The call for each connection.
pub const DETAILS: Part = Part {
    name: "details",
    path: "/v1/connections/{id}",
    permission: "CONNECTOR:READ",
    feeds: &[&KIND],
    informs: &[&audit_logging::KIND],
    need: |settings, _| if settings.connection_details { Need::Called } else { Need::Off("connection_details") },
    ..Part::OBJECT
};

/// A connection.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ConnectionContent<'a> {
    /// Id of the user who connected it; null when it was not a user, absent if Fivetran does not say.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "actor")))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected_by: Known<&'a str>,
    /// When it came to be, as Fivetran wrote it.
    pub created_at: Option<&'a str>,
    /// For daily schedules: when, as HH:MM in UTC.
    pub daily_sync_time: Option<&'a str>,
    /// How easily Fivetran warns of a delay: LOW, NORMAL, HIGH, CUSTOM or SYNC_FREQUENCY.
    pub data_delay_sensitivity: Option<&'a str>,
    /// Minutes of delay that are tolerated, when the sensitivity is CUSTOM.
    pub data_delay_threshold: Option<i64>,
    /// Whose names the schemas in the destination follow: FIVETRAN_NAMING or SOURCE_NAMING.
    pub destination_schema_names: Option<&'a str>,
    /// `read`, or why `settings` and `setup_tests` are null: `gone`, `forbidden`, `not_offered`, `failed`, `off` or
    /// `not_asked`.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "reading")))]
    pub details: &'static str,
    /// External secrets manager that holds its credentials.
    pub external_secrets_manager_id: Option<&'a str>,
    /// When a sync last failed, as Fivetran wrote it; null when none ever did, absent if Fivetran does not say.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_at: Known<&'a str>,
    /// Its group, which is its destination.
    pub group_id: Option<&'a str>,
    /// Hybrid deployment agent that processes its data; absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hybrid_deployment_agent_id: Known<&'a str>,
    /// Fivetran's id.
    pub id: &'a str,
    /// How the source is reached, as Fivetran wrote it: Directly, SshTunnel, PrivateLink, ProxyAgent.
    pub networking_method: Option<&'a str>,
    /// Whether the trial's end pauses it.
    pub pause_after_trial: Option<bool>,
    /// Whether it is paused.
    pub paused: Option<bool>,
    /// Private link it is reached by; absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_link_id: Known<&'a str>,
    /// Proxy agent it is reached by; absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_agent_id: Known<&'a str>,
    /// `auto` or `manual`.
    pub schedule_type: Option<&'a str>,
    /// Its name: the schema (and table) it writes to.
    pub schema: Option<&'a str>,
    /// What it reads, e.g. salesforce.
    pub service: Option<&'a str>,
    /// Version of the service's connector.
    pub service_version: Option<i64>,
    /// Settings that matter for security, by value; all others are listed as withheld.
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<alloc::collections::BTreeMap<alloc::string::String, serde_json::Value>>")
    )]
    pub settings: Option<Kept<'a>>,
    /// The last setup test, as stored.
    pub setup_tests: Option<Vec<SetupTestContent<'a>>>,
    /// Its state; null when Fivetran gave none.
    pub status: Option<StatusContent<'a>>,
    /// When a sync last succeeded, as Fivetran wrote it; null when none ever did, absent if Fivetran does not say.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub succeeded_at: Known<&'a str>,
    /// Minutes between syncs.
    pub sync_frequency: Option<i64>,
}

/// State of a connection.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct StatusContent<'a> {
    /// Whether the first, historical sync is still to be finished.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub is_historical_sync: Option<bool>,
    /// When a postponed sync will start, as Fivetran wrote it.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub rescheduled_for: Option<&'a str>,
    /// E.g. `ready` or `blocked_on_capture`.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub schema_status: Option<&'a str>,
    /// `incomplete`, `connected` or `broken`.
    pub setup_state: Option<&'a str>,
    /// `scheduled`, `syncing`, `paused` or `rescheduled`.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub sync_state: Option<&'a str>,
    /// Codes of what someone has to do about it; null when Fivetran does not say.
    pub tasks: Option<Vec<&'a str>>,
    /// `on_schedule` or `delayed`.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub update_state: Option<&'a str>,
    /// Codes of warnings; null when Fivetran does not say.
    pub warnings: Option<Vec<&'a str>>,
}

wire! {
    /// A list item, or `data` of the details.
    pub struct Connection<'a> {
        id: Text<'a> => Rule::Required,
        service: Text<'a> => Rule::Required,
        schema: Text<'a> => Rule::Required,
        group_id: Text<'a> => Rule::Required,
        paused: Field<bool> => Rule::Required,
        status: Field<Status<'a>> => Rule::Required,
        connected_by: Text<'a>,
        created_at: Text<'a> => Rule::Required,
        succeeded_at: Text<'a>,
        failed_at: Text<'a>,
        pause_after_trial: Field<bool>,
        sync_frequency: Field<i64>,
        daily_sync_time: Text<'a>,
        schedule_type: Text<'a> => Rule::OneOf(&["auto", "manual"]),
        schedule: Field<Unread>,
        service_version: Field<i64>,
        data_delay_threshold: Field<i64>,
        data_delay_sensitivity: Text<'a> => Rule::OneOf(&["LOW", "NORMAL", "HIGH", "CUSTOM", "SYNC_FREQUENCY"]),
        networking_method: Text<'a> => Rule::OneOf(&["Directly", "SshTunnel", "PrivateLink", "ProxyAgent", "UnmanagedProxyAgent", "Unknown", "SSH_TUNNEL", "PRIVATE_LINK", "PROXY_AGENT"]),
        private_link_id: Text<'a>,
        proxy_agent_id: Text<'a>,
        hybrid_deployment_agent_id: Text<'a>,
        local_processing_agent_id: Text<'a>,
        destination_schema_names: Text<'a>,
        destination_configuration: Field<Unread>,
        external_secrets_manager_id: Text<'a>,
        external_secrets_keys_config: Field<Unread>,
        setup_tests: Field<Vec<Field<SetupTest<'a>>>>,
        source_sync_details: Field<Unread>,
        config: Field<FreeForm<'a>>,
        connect_card: Field<Unread>,
        connect_card_config: Field<Unread>,
    }
}

wire! {
    /// `status` of a connection.
    pub struct Status<'a> {
        setup_state: Text<'a> => Rule::OneOf(&["incomplete", "connected", "broken"]),
        sync_state: Text<'a> => Rule::OneOf(&["scheduled", "syncing", "paused", "rescheduled"]),
        update_state: Text<'a> => Rule::OneOf(&["on_schedule", "delayed"]),
        schema_status: Text<'a>,
        is_historical_sync: Field<bool>,
        rescheduled_for: Text<'a>,
        tasks: Field<Vec<Field<Alert<'a>>>>,
        warnings: Field<Vec<Field<Alert<'a>>>>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(listed) = findings.read::<Connection<'_>>("/v1/connections", item.json) else { return };
    let Some(id) = findings.id(&listed.id) else { return };
    let body = item.part(&DETAILS).single();
    let detailed = body.and_then(|body| findings.read::<Connection<'_>>("/v1/connections/{id}", body.data()));
    let connection = detailed.as_ref().unwrap_or(&listed);
    emit_connection(item, out, connection, id);
    let origin = match (&detailed, body) {
        (Some(_), Some(body)) => Origin::of(body),
        _ => item.origin(),
    };
    emit_events(out, &origin, connection, id);
    match connection.service.text() {
        Some(service) => findings.facts.push(Fact::Service(service.into())),
        None => {
            out.unknown(&KIND, "which service a connection uses");
            out.unknown(&connector_type::KIND, "which service a connection uses");
            out.unknown(&audit_logging::KIND, "which service a connection uses");
        }
    }
    if connection.service.text() == Some(platform_connector::SERVICE) {
        let read = Synced {
            id,
            group_id: connection.group_id.text(),
            config: &connection.config,
            paused: connection.paused.value(),
            setup_state: connection.status.get().and_then(|status| status.setup_state.text()),
            succeeded_at: &connection.succeeded_at,
            sync_minutes: connection.sync_frequency.value(),
        };
        platform_connector::emit(out, &origin, &read, findings);
    }
}

fn emit_connection(item: &Item<'_>, out: &mut Emit<'_>, connection: &Connection<'_>, id: &str) {
    if !out.wants(&KIND) {
        return;
    }
    let mut withheld = withheld(connection);
    let settings = LISTS.sift(&connection.config, out, &mut withheld);
    let setup_tests = setup_test::contents(&connection.setup_tests, &mut withheld);
    let status = connection.status.get().map(|status| status_content(status, &mut withheld));
    let body = item.part(&DETAILS).single();
    let origins: Vec<_> = core::iter::once(item.origin()).chain(body.map(Origin::of)).collect();
    let schema = connection.schema.text();
    let title = title(out, connection, schema.unwrap_or(id));
    let agent = connection.hybrid_deployment_agent_id.or(&connection.local_processing_agent_id);
    let (time, method) = (connection.daily_sync_time.text(), connection.networking_method.text());
    let daily_sync_time = Shape::Time.kept(time, "/daily_sync_time", &mut withheld);
    let networking_method = Shape::Word.kept(method, "/networking_method", &mut withheld);
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title,
        subject: Subject { id: id.into(), name: schema.map(Into::into), kind: "connection" },
        effective_at: connection.created_at.text().and_then(audit_event::instant_of),
        content: &ConnectionContent {
            connected_by: connection.connected_by.known_text(),
            created_at: connection.created_at.text(),
            daily_sync_time,
            data_delay_sensitivity: connection.data_delay_sensitivity.text(),
            data_delay_threshold: connection.data_delay_threshold.value(),
            destination_schema_names: connection.destination_schema_names.text(),
            details: item.part(&DETAILS).word(),
            external_secrets_manager_id: connection.external_secrets_manager_id.text(),
            failed_at: connection.failed_at.known_stamp(),
            group_id: connection.group_id.text(),
            hybrid_deployment_agent_id: agent.known_text(),
            id,
            networking_method,
            pause_after_trial: connection.pause_after_trial.value(),
            paused: connection.paused.value(),
            private_link_id: connection.private_link_id.known_text(),
            proxy_agent_id: connection.proxy_agent_id.known_text(),
            schedule_type: connection.schedule_type.text(),
            schema,
            service: connection.service.text(),
            service_version: connection.service_version.value(),
            settings,
            setup_tests,
            status,
            succeeded_at: connection.succeeded_at.known_stamp(),
            sync_frequency: connection.sync_frequency.value(),
        },
        from: &origins.iter().collect::<Vec<_>>(),
        withheld,
    });
}

fn title(out: &mut Emit<'_>, connection: &Connection<'_>, name: &str) -> String {
    let state = connection.status.get().and_then(|status| status.setup_state.text());
    let state = out.told(&KIND, state, "state unknown", "in which state a connection is");
    let paused = match connection.paused.value() {
        Some(true) => ", paused",
        Some(false) => "",
        None => {
            out.unknown(&KIND, "whether a connection is paused");
            ", unknown whether paused"
        }
    };
    format!("Connection {name} ({}): {state}{paused}", connection.service.text().unwrap_or("unknown service"))
}

fn status_content<'a>(status: &'a Status<'_>, withheld: &mut Vec<Withheld>) -> StatusContent<'a> {
    StatusContent {
        is_historical_sync: status.is_historical_sync.value(),
        rescheduled_for: status.rescheduled_for.text(),
        schema_status: status.schema_status.text(),
        setup_state: status.setup_state.text(),
        sync_state: status.sync_state.text(),
        tasks: codes(&status.tasks, "tasks", withheld),
        update_state: status.update_state.text(),
        warnings: codes(&status.warnings, "warnings", withheld),
    }
}

/// Whole objects that are never read: a connect card holds a live token.
fn withheld(connection: &Connection<'_>) -> Vec<Withheld> {
    use WithheldReason::{Secret, UnknownSetting};
    [
        ("/connect_card", &connection.connect_card, Secret),
        ("/connect_card_config", &connection.connect_card_config, UnknownSetting),
        ("/destination_configuration", &connection.destination_configuration, UnknownSetting),
        ("/external_secrets_keys_config", &connection.external_secrets_keys_config, UnknownSetting),
        ("/schedule", &connection.schedule, UnknownSetting),
        ("/source_sync_details", &connection.source_sync_details, UnknownSetting),
    ]
    .into_iter()
    .filter(|(_, field, _)| field.is_set())
    .map(|(pointer, _, reason)| Withheld { pointer: pointer.into(), reason })
    .collect()
}

fn emit_events(out: &mut Emit<'_>, origin: &Origin<'_>, connection: &Connection<'_>, id: &str) {
    audit_event::emit(
        out,
        origin,
        &Target {
            primary: ("CONNECTION", id),
            secondary: connection.group_id.text().map(|group| ("DESTINATION", group)),
            on: &[KIND.id, id],
        },
        &[
            Stamp::new(Action::Create, &connection.created_at, "created_at")
                .by(&connection.connected_by, "/connected_by"),
            Stamp::new(Action::Sync, &connection.succeeded_at, "succeeded_at").ending("succeeded"),
            Stamp::new(Action::Sync, &connection.failed_at, "failed_at").ending("failed"),
        ],
    );
}
