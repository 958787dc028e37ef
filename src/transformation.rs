//! `transformation`: what runs on the data after it has arrived: dbt steps and Quickstart packages.
//!
//! The list gives all that the details do. Commands of steps and variables can hold anything, so
//! they are withheld. <https://fivetran.com/docs/rest-api/api-reference/transformations>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::types::{Findings, Item, Resource};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::{
    Cost, DAILY, Draft, Emit, Field, Kind, Nature, Rule, Subject, Text, Unread, When, Withheld, WithheldReason, wire,
};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "transformation",
    title: "Transformations",
    description: "Every transformation with its schedule, state, last run, and who made it.",
    keywords: &["transformation", "dbt", "job", "processing integrity", "change management"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 1,
    content_schema: include_str!("schemas/transformation.json"),
    endpoints: &["GET /v1/transformations"],
    permissions: &["TRANSFORMATION:READ"],
    plan_gate: None,
    cost: Cost::PerPage,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The list.
pub const RESOURCE: Resource = Resource {
    stage: "transformations",
    path: "/v1/transformations",
    permission: Some("TRANSFORMATION:READ"),
    feeds: &[&KIND, &audit_event::KIND],
    project,
    ..Resource::LIST
};

/// A transformation.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct TransformationContent<'a> {
    /// Connections whose data it works on, for a Quickstart package; null otherwise.
    pub connection_ids: Option<Vec<&'a str>>,
    /// When it came to be, as Fivetran wrote it.
    pub created_at: Option<&'a str>,
    /// Id of the user or system key that made it.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "actor")))]
    pub created_by_id: Option<&'a str>,
    /// Fivetran's id.
    pub id: &'a str,
    /// When its last run ended, as Fivetran wrote it.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub last_ended_at: Option<&'a str>,
    /// When its last run began, as Fivetran wrote it.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub last_started_at: Option<&'a str>,
    /// Models it writes.
    pub output_model_names: Option<Vec<&'a str>>,
    /// The Quickstart package; null otherwise, or when Fivetran does not say.
    pub package_name: Option<&'a str>,
    /// Whether it is paused.
    pub paused: Option<bool>,
    /// The dbt project; null otherwise, or when Fivetran does not say.
    pub project_id: Option<&'a str>,
    /// When it runs.
    pub schedule: Option<ScheduleContent<'a>>,
    /// State of it, e.g. SUCCEEDED or FAILED.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub status: Option<&'a str>,
    /// DBT_CORE or QUICKSTART.
    #[serde(rename = "type")]
    pub kind: Option<&'a str>,
}

/// When a transformation runs.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ScheduleContent<'a> {
    /// For an INTEGRATED one: the connections it runs after.
    pub connection_ids: Option<Vec<&'a str>>,
    /// For a CRON one: the expressions.
    pub cron: Option<Vec<&'a str>>,
    /// Days of the week it runs on.
    pub days_of_week: Option<Vec<&'a str>>,
    /// For an INTERVAL one: minutes between runs.
    pub interval: Option<i64>,
    /// INTEGRATED, TIME_OF_DAY, INTERVAL or CRON.
    pub schedule_type: Option<&'a str>,
    /// For a TIME_OF_DAY one: HH:MM.
    pub time_of_day: Option<&'a str>,
}

wire! {
    /// An item of the list.
    pub struct Transformation<'a> {
        id: Text<'a>,
        kind = "type": Text<'a> => Rule::OneOf(&["DBT_CORE", "QUICKSTART"]),
        status: Text<'a> => Rule::OneOf(&[
            "NEW", "SCHEDULING", "RUNNING", "TERMINATING", "SUCCEEDED", "FAILED", "BLOCKED", "CANCELED", "PARTIALLY_SUCCEEDED",
        ]),
        paused: Field<bool>,
        schedule: Field<Schedule<'a>>,
        created_at: Text<'a>,
        created_by_id: Text<'a>,
        last_started_at: Text<'a>,
        last_ended_at: Text<'a>,
        output_model_names: Field<Vec<Text<'a>>>,
        transformation_config: Field<Config<'a>>,
    }
}

wire! {
    /// `schedule` of a transformation.
    pub struct Schedule<'a> {
        schedule_type: Text<'a>,
        cron: Field<Vec<Text<'a>>>,
        interval: Field<i64>,
        days_of_week: Field<Vec<Text<'a>>>,
        time_of_day: Text<'a>,
        connection_ids: Field<Vec<Text<'a>>>,
        transformation_ids: Field<Unread>,
        smart_syncing: Field<Unread>,
    }
}

wire! {
    /// `transformation_config`: of dbt or of Quickstart.
    pub struct Config<'a> {
        project_id: Text<'a>,
        name: Field<Unread>,
        steps: Field<Unread>,
        package_name: Text<'a>,
        connection_ids: Field<Vec<Text<'a>>>,
        excluded_models: Field<Unread>,
        upgrade_available: Field<Unread>,
        configurable_variables: Field<Unread>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(transformation) = findings.read::<Transformation<'_>>(RESOURCE.path, item.json) else { return };
    let Some(id) = findings.id(&transformation.id) else { return };
    let origin = item.origin();
    let config = transformation.transformation_config.get();
    let status = transformation.status.text();
    let state = out.told(&KIND, status, "state unknown", "in which state a transformation is");
    let paused = match transformation.paused.value() {
        Some(true) => ", paused",
        Some(false) => "",
        None => {
            out.unknown(&KIND, "whether a transformation is paused");
            ", unknown whether paused"
        }
    };
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("Transformation {id}: {state}{paused}"),
        subject: Subject { id: id.into(), name: None, kind: "transformation" },
        effective_at: transformation.created_at.text().and_then(audit_event::instant_of),
        content: &TransformationContent {
            connection_ids: config.and_then(|config| config.connection_ids.texts()),
            created_at: transformation.created_at.text(),
            created_by_id: transformation.created_by_id.text(),
            id,
            last_ended_at: transformation.last_ended_at.text(),
            last_started_at: transformation.last_started_at.text(),
            output_model_names: transformation.output_model_names.texts(),
            package_name: config.and_then(|config| config.package_name.text()),
            paused: transformation.paused.value(),
            project_id: config.and_then(|config| config.project_id.text()),
            schedule: transformation.schedule.get().map(schedule),
            status,
            kind: transformation.kind.text(),
        },
        from: &[&origin],
        withheld: config.map(withheld).unwrap_or_default(),
    });
    let target = Target { primary: ("TRANSFORMATION", id), secondary: None, on: &[KIND.id, id] };
    let stamps = [
        Stamp::new(Action::Create, &transformation.created_at, "created_at")
            .by(&transformation.created_by_id, "/created_by_id"),
        Stamp::new(Action::Run, &transformation.last_started_at, "last_started_at"),
    ];
    audit_event::emit(out, &origin, &target, &stamps);
}

fn schedule<'a>(schedule: &'a Schedule<'_>) -> ScheduleContent<'a> {
    ScheduleContent {
        connection_ids: schedule.connection_ids.texts(),
        cron: schedule.cron.texts(),
        days_of_week: schedule.days_of_week.texts(),
        interval: schedule.interval.value(),
        schedule_type: schedule.schedule_type.text(),
        time_of_day: schedule.time_of_day.text(),
    }
}

fn withheld(config: &Config<'_>) -> Vec<Withheld> {
    [
        ("configurable_variables", &config.configurable_variables),
        ("excluded_models", &config.excluded_models),
        ("name", &config.name),
        ("steps", &config.steps),
    ]
    .into_iter()
    .filter(|(_, field)| field.is_set())
    .map(|(name, _)| Withheld {
        pointer: format!("/transformation_config/{name}"),
        reason: WithheldReason::UnknownSetting,
    })
    .collect()
}
