//! `sync_run`: when each connection synced, and how that ended. Costs a call per connection and
//! week, so it is collected only when it is asked for.
//!
//! Fivetran's page names `sync_id` and `reason`; the other fields are read as the field's clients do.
//! <https://fivetran.com/docs/rest-api/api-reference/connections/retrieve-connection-sync-history>,
//! read 2026-11.

use crate::audit_event;
use crate::types::{Findings, Item, Part};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::read::wire;
use source_kit::{
    Cost, Draft, Emit, Field, Kind, Nature, Origin, PartAnswer, Subject, Text, Unread, When, Windows, Withheld,
    WithheldReason, YEAR, wire,
};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "sync_run",
    title: "Sync runs",
    description: "Every sync of every connection since the instant asked for (by default the last seven days, or since the turn before where spread_days spreads them; at most 53 weeks): when it began and ended, and how.",
    keywords: &["sync history", "pipeline monitoring", "availability", "processing integrity", "job history"],
    nature: Nature::Event,
    personal_data: false,
    schema_version: 1,
    content_schema: include_str!("schemas/sync_run.json"),
    endpoints: &["GET /v1/connections/{id}/sync-history"],
    permissions: &["CONNECTOR:READ"],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Asked,
    valid_for_seconds: YEAR,
    spread: true,
};

/// The call for each connection and week.
pub const PART: Part = Part {
    name: "sync history",
    path: "/v1/connections/{id}/sync-history",
    permission: "CONNECTOR:READ",
    feeds: &[&KIND],
    key: "sync_id",
    windows: Some(Windows { query: |from, to| format!("start_time={from}&end_time={to}"), expected: runs_in_a_week }),
    spread: true,
    project: Some(project),
    ..Part::LIST
};

/// One sync of a connection.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct SyncRunContent<'a> {
    /// The connection.
    pub connection_id: &'a str,
    /// When it ended, as Fivetran wrote it; null when it has not or Fivetran does not say.
    pub end_time: Option<&'a str>,
    /// When it began, as Fivetran wrote it; null when it never did or Fivetran does not say.
    pub start_time: Option<&'a str>,
    /// How it ended, as Fivetran wrote it.
    pub status: Option<&'a str>,
    /// Fivetran's id of the sync.
    pub sync_id: &'a str,
}

wire! {
    /// An item of the answer.
    pub struct SyncRun<'a> {
        sync_id: Text<'a>,
        start_time: Text<'a>,
        end_time: Text<'a>,
        status: Text<'a>,
        reason: Field<Unread>,
    }
}

wire! {
    /// What of a connection tells how often it syncs.
    struct Scheduled<'a> {
        sync_frequency: Field<i64>,
        id: Text<'a>,
    }
}

/// How many syncs a connection begins in a week: one per interval, which is six hours unless it is told.
fn runs_in_a_week(connection: &str) -> u32 {
    let minutes = wire::read::<Scheduled<'_>>(connection).and_then(|one| one.sync_frequency.value()).unwrap_or(360);
    u32::try_from(7 * 24 * 60 / minutes.max(1)).unwrap_or(u32::MAX)
}

fn project(item: &Item<'_>, answer: &PartAnswer, out: &mut Emit<'_>, findings: &mut Findings) {
    if out.wants(&KIND) {
        answer.for_each(|origin, json| emit(out, origin, item.id, json, findings));
    }
}

fn emit(out: &mut Emit<'_>, origin: &Origin<'_>, connection_id: &str, json: &str, findings: &mut Findings) {
    let Some(run) = findings.read::<SyncRun<'_>>(PART.path, json) else { return };
    let Some(sync_id) = findings.id(&run.sync_id) else { return };
    let start_time = run.start_time.text();
    let status = run.status.text();
    let mut withheld = Vec::new();
    if run.reason.is_set() {
        withheld.push(Withheld { pointer: "/reason".into(), reason: WithheldReason::FreeText });
    }
    let outcome = out.told(&KIND, status, "outcome unknown", "how a sync ended");
    let begun = match audit_event::known_instant(&run.start_time) {
        Some(Some(at)) => format!("begun at {at}"),
        Some(None) => "never begun".into(),
        None => {
            out.unknown(&KIND, "when a sync began");
            "begun at an unknown time".into()
        }
    };
    out.record(Draft {
        kind: &KIND,
        native_id: &[connection_id, sync_id],
        title: format!("Sync of connection {connection_id} {begun}: {outcome}"),
        subject: Subject { id: connection_id.into(), name: None, kind: "connection" },
        effective_at: start_time.and_then(audit_event::instant_of),
        content: &SyncRunContent { connection_id, end_time: run.end_time.text(), start_time, status, sync_id },
        from: &[origin],
        withheld,
    });
}
