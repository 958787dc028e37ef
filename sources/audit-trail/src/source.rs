//! What makes it a source of the kit: its texts, its settings, and the tables that are walked.

use crate::bigquery;
use crate::item::{Item, KEY};
use crate::row::Row;
use crate::settings::{DATABRICKS_HOSTS, SETTINGS_SCHEMA, SNOWFLAKE_HOSTS, Settings};
use crate::step::WINDOW;
use crate::table::Table;
use crate::trail_source::AccountItem;
use crate::{entry, remedy, trail_source, user_action};
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;
use source_kit::record::{coverage, manifest, not_observable};
use source_kit::{
    About, Account, Capability, Emit, Findings, Host, Identity, Kind, Lack, Origin, Resource, SecretField, Setting,
    SignIn, Source, Token, Topic, Vendor,
};

/// The source.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditTrail;

impl Vendor for AuditTrail {
    type Fact = ();
    type Notes = ();
}

type Listed<'a> = source_kit::Item<'a, AuditTrail>;

/// The audit trail, of Enterprise plans and above.
const AUDIT_TRAIL: Resource<AuditTrail> = Resource {
    stage: "audit trail",
    path: "audit_trail",
    page_limit: Some(WINDOW),
    key: KEY,
    by_offset: false,
    absent: Some(
        "the plan has no audit trail (Enterprise and above have one), the table is deselected in the Platform Connector, or the token's user may not SELECT it; a log service has none",
    ),
    feeds: &[&entry::KIND, &trail_source::KIND],
    project: |item, out, findings| project(Table::AuditTrail, item, out, findings),
    ..Resource::LIST
};

/// User actions, of all plans.
const LOG: Resource<AuditTrail> = Resource {
    stage: "log",
    path: "log",
    absent: Some("the table is deselected in the Platform Connector, or the token's user may not SELECT it"),
    feeds: &[&user_action::KIND, &trail_source::KIND],
    project: |item, out, findings| project(Table::Log, item, out, findings),
    ..AUDIT_TRAIL
};

/// The secrets of Datadog.
const DATADOG_KEYS: &[SecretField] = &[
    SecretField { id: "api_key", label: "Datadog API key", header: "dd-api-key" },
    SecretField { id: "application_key", label: "Datadog application key", header: "dd-application-key" },
];

impl Source for AuditTrail {
    const ABOUT: About = About {
        id: "fivetran-audit-trail",
        name: "Fivetran audit trail",
        version: env!("CARGO_PKG_VERSION"),
        description: "Reads Fivetran's own audit trail where the Fivetran Platform Connector writes it: in BigQuery, Snowflake or Databricks, or the logs that Fivetran sends to Datadog. Read-only.",
        category: "Analytics",
        sign_in: SignIn::Bearer(Token {
            label: "access token or keys",
            help: "A token of a user or service account that may SELECT from the three tables and nothing else: a programmatic access token of Snowflake, an access token of Databricks, or an OAuth access token of Google Cloud with the scope bigquery.readonly. Datadog takes its API key and an application key with the permission logs_read_data instead.",
            help_url: "https://fivetran.com/docs/logs/fivetran-platform",
            unaccepted: "Check that the token (for Datadog, each of the two keys) belongs to this place and is still valid, or enter a new one.",
            fields: DATADOG_KEYS,
        }),
        settings_schema: SETTINGS_SCHEMA,
        settings: "accepted_gaps, account, bigquery, databricks, datadog, free_text, personal_data, personal_data_key, requests_per_hour, snowflake, sync_minutes",
        capabilities: CAPABILITIES,
    };
    const URN: &'static str = "fivetran";
    const KINDS: &'static [&'static Kind] = &[
        &entry::KIND,
        &user_action::KIND,
        &trail_source::KIND,
        &not_observable::KIND,
        &coverage::KIND,
        &manifest::KIND,
    ];
    const RESOURCES: &'static [&'static Resource<Self>] = &[&AUDIT_TRAIL, &LOG];
    const ACCOUNT: Account<Self> = Account {
        path: "account",
        kind: &trail_source::KIND,
        resource: Resource { project: account, ..Resource::LIST },
    };
    const NO_ACCOUNT: Option<(&'static str, &'static str)> = Some((
        "the table ACCOUNT is not there, or the token's user may not see it",
        "Check project, dataset, database, schema or catalog in the settings (Snowflake tells upper case from lower), and that the user may SELECT from ACCOUNT.",
    ));
    const TOPICS: &'static [Topic] = TOPICS;
    const DEFAULT_REQUESTS_PER_HOUR: u32 = 2_000;
    const QUOTA_RANGE: &'static str = "a whole number from 1 to 20000";

    fn controls(kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
        match kind {
            "audit_trail_entry" | "user_action" => {
                (&["CC6.1", "CC6.2", "CC6.3", "CC7.2", "CC8.1"], &["A.5.18", "A.8.15", "A.8.32"])
            }
            "audit_trail_source" => (&["CC7.2"], &["A.8.15"]),
            _ => (&[], &[]),
        }
    }

    fn identify(data: &str) -> Option<Identity> {
        let item: AccountItem<'_> = serde_json::from_str(data).ok()?;
        let name = item.name.map(String::from);
        Some(Identity { account: item.id.into(), name, user: None, system_key: None })
    }

    fn wanted_account(settings: &Settings) -> Option<&str> {
        settings.account.as_deref()
    }

    fn late_ms(settings: &Settings) -> i64 {
        i64::from(settings.sync_minutes) * 60_000 * i64::from(trail_source::RHYTHMS)
    }

    fn remedy(what: &str) -> Option<&'static str> {
        remedy::of(what)
    }

    fn lack(settings: &Settings) -> Option<Lack> {
        settings.ready().err()
    }

    fn fields(settings: &Settings) -> &'static [SecretField] {
        if settings.is_datadog() { DATADOG_KEYS } else { &[] }
    }

    fn default_settings() -> Settings {
        Settings::default()
    }

    fn set(settings: &mut Settings, name: &str, value: &Value) -> Setting {
        settings.set(name, value)
    }

    fn show(settings: &Settings) -> Vec<(&'static str, Value)> {
        settings.show()
    }
}

const fn datadog(host: &'static str) -> Capability {
    Capability::get(host, &["/api/v2/logs/events"])
}

const CAPABILITIES: &[Capability] = &[
    Capability {
        host: Host::Exact(bigquery::HOST),
        methods: &["GET", "POST"],
        path_prefixes: &["/bigquery/v2/projects"],
    },
    Capability {
        host: Host::Setting("/snowflake/host", SNOWFLAKE_HOSTS),
        methods: &["GET", "POST"],
        path_prefixes: &["/api/v2/statements"],
    },
    Capability {
        host: Host::Setting("/databricks/host", DATABRICKS_HOSTS),
        methods: &["GET", "POST"],
        path_prefixes: &["/api/2.0/sql/statements"],
    },
    datadog("api.datadoghq.com"),
    datadog("api.us3.datadoghq.com"),
    datadog("api.us5.datadoghq.com"),
    datadog("api.datadoghq.eu"),
    datadog("api.ap1.datadoghq.com"),
    datadog("api.ap2.datadoghq.com"),
    datadog("api.uk1.datadoghq.com"),
    datadog("api.ddog-gov.com"),
    datadog("api.us2.ddog-gov.com"),
];

const TOPICS: &[Topic] = &[
    Topic::new(
        "sign_ins",
        "Who signed in to Fivetran, when, from where, and with which second factor?",
        "Neither AUDIT_TRAIL nor LOG is documented to have sign-ins or second factors.",
        "The sign-in log of the identity provider, where Fivetran is used with single sign-on.",
    ),
    Topic::new(
        "trail_before_first_sync",
        "What happened before the Platform Connector was set up, or while it stood still for more than a week?",
        "Its first sync brings seven days of history; nothing says that older events are in any table.",
        "The record of when the Platform Connector last succeeded (audit_logging of the Fivetran source), and first_captured_at of audit_trail_source.",
    ),
];

/// The record of the table ACCOUNT: whose tables they are.
fn account(item: &Listed<'_>, out: &mut Emit<'_>, findings: &mut Findings<AuditTrail>) {
    match serde_json::from_str::<AccountItem<'_>>(item.json) {
        Ok(account) if account.statement.is_some() => trail_source::emit_account(&account, &[&item.origin()], out),
        Ok(_) => {}
        Err(_) => findings.unreadable += 1,
    }
}

/// The record of a row, or of a table that is read.
fn project(table: Table, listed: &Listed<'_>, out: &mut Emit<'_>, findings: &mut Findings<AuditTrail>) {
    let Ok(item) = serde_json::from_str::<Item<'_>>(listed.json) else {
        findings.unreadable += 1;
        return;
    };
    if let Some(reading) = &item.reading {
        // Of the page as a whole: it says how many rows were counted.
        trail_source::emit(reading, &[&Origin::of_page(listed.list)], out);
        let kind = if table == Table::AuditTrail { &entry::KIND } else { &user_action::KIND };
        if reading.rows_before.is_none() {
            out.unknown(kind, "how many events it has");
        } else if reading.columns.len() < table.columns().len() {
            out.unknown(kind, "all that is documented: columns are missing");
        }
    }
    let Some(cells) = &item.row else { return };
    let cells: Vec<Option<&str>> = cells.iter().map(Option::as_deref).collect();
    let row = Row { table, cells: &cells };
    let origin = listed.origin();
    let made = match table {
        Table::AuditTrail => entry::emit(&row, &[&origin], out),
        _ => user_action::emit(&row, &[&origin], out).map(|_| ()),
    };
    findings.unreadable += u32::from(made.is_err());
}
