//! The settings that only this source has: whose trail it is, and where it is read.

use crate::bigquery::BigQuery;
use crate::databricks::Databricks;
use crate::datadog::{Datadog, SITES};
use crate::place::Place;
use crate::places::AnyPlace;
use crate::snowflake::Snowflake;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value};
use source_kit::{Lack, Setting};

/// JSON Schema (2020-12) of the settings.
pub const SETTINGS_SCHEMA: &str = include_str!("schemas/settings.json");

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Fivetran's id of the account. The account table has to name the same.
    pub account: Option<String>,
    /// Where the tables are.
    pub place: Option<AnyPlace>,
    /// Minutes between two syncs of the Platform Connector.
    pub sync_minutes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { account: None, place: None, sync_minutes: A_DAY }
    }
}

/// The Platform Connector's own default rhythm.
const A_DAY: u32 = 24 * 60;
const LONGEST_RHYTHM: u64 = 7 * 24 * 60;
const MAX_ID: usize = 255;
const MAX_QUERY: usize = 500;
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;

/// Hosts of Snowflake end so.
pub const SNOWFLAKE_HOSTS: &[&str] = &[".snowflakecomputing.com"];
/// Hosts of Databricks end so.
pub const DATABRICKS_HOSTS: &[&str] = &[".cloud.databricks.com", ".azuredatabricks.net", ".gcp.databricks.com"];

const ONE_PLACE: &str = "the only place that is set: exactly one of bigquery, snowflake, databricks and datadog";

impl Settings {
    /// Takes one setting.
    #[must_use]
    pub fn set(&mut self, name: &str, value: &Value) -> Setting {
        let taken = match name {
            "account" => word(value).map(|account| self.account = Some(account)).ok_or(ACCOUNT),
            "sync_minutes" => minutes(value).map(|minutes| self.sync_minutes = minutes).ok_or(SYNC_MINUTES),
            "bigquery" => bigquery(value).and_then(|place| self.put(AnyPlace::BigQuery(place))),
            "snowflake" => snowflake(value).and_then(|place| self.put(AnyPlace::Snowflake(place))),
            "databricks" => databricks(value).and_then(|place| self.put(AnyPlace::Databricks(place))),
            "datadog" => datadog(value).and_then(|place| self.put(AnyPlace::Datadog(place))),
            _ => return Setting::Unknown,
        };
        taken.map_or_else(Setting::Not, |()| Setting::Taken)
    }

    /// What is expected in the place of a setting that is not taken; `None` where it is.
    #[must_use]
    pub fn refusal(name: &str, value: &Value) -> Option<&'static str> {
        match Self::default().set(name, value) {
            Setting::Taken => None,
            Setting::Not(expected) => Some(expected),
            Setting::Unknown => Some("a setting of this source"),
        }
    }

    fn put(&mut self, place: AnyPlace) -> Result<(), &'static str> {
        if self.place.is_some() {
            return Err(ONE_PLACE);
        }
        self.place = Some(place);
        Ok(())
    }

    /// Account and place, once every setting is taken.
    ///
    /// # Errors
    /// What is lacking.
    pub fn ready(&self) -> Result<(&str, &dyn Place), Lack> {
        let account = self.account.as_deref().ok_or(Lack {
            pointer: "/settings/account",
            message: "the settings name no account",
            remedy: "Set account to the id of the Fivetran account, as the one row of the table ACCOUNT has it.",
        })?;
        let place = self.place.as_ref().ok_or(Lack {
            pointer: "/settings",
            message: "the settings do not say where the audit trail is",
            remedy: "Give one of bigquery, snowflake, databricks and datadog.",
        })?;
        Ok((account, place.as_dyn()))
    }

    /// Whether the keys of Datadog are needed, and no token.
    #[must_use]
    pub fn is_datadog(&self) -> bool {
        matches!(self.place, Some(AnyPlace::Datadog(_)))
    }

    /// The settings in force, by name.
    #[must_use]
    pub fn show(&self) -> Vec<(&'static str, Value)> {
        let mut shown = Vec::new();
        shown.extend(self.account.as_deref().map(|account| ("account", account.into())));
        if let Some(place) = &self.place {
            let fields = place.fields().into_iter();
            let set = fields.filter_map(|(name, value)| Some((name.into(), Value::String(value?.into()))));
            shown.push((place.as_dyn().name(), Value::Object(set.collect::<Map<String, Value>>())));
        }
        shown.push(("sync_minutes", self.sync_minutes.into()));
        shown
    }
}

const ACCOUNT: &str =
    "the id of the Fivetran account, as the one row of the table ACCOUNT has it: letters, digits, _, - and $";
const SYNC_MINUTES: &str = "a whole number of minutes from 1 to 10080, the sync frequency of the Platform Connector";

fn bigquery(value: &Value) -> Result<BigQuery, &'static str> {
    let fields =
        object(value, &["project", "dataset", "location"], "an object of project, dataset and, if need be, location")?;
    // Older projects belong to a domain: `example.com:project`. No part is empty, or a path could be changed.
    let project = |text: &str| within(text, MAX_ID, "_$-.:") && text.split(['.', ':']).all(|part| !part.is_empty());
    Ok(BigQuery {
        project: need(fields, "project", project, "an object with the id of the Google Cloud project in project")?,
        dataset: need(
            fields,
            "dataset",
            is_id,
            "an object with the dataset of the Platform Connector, such as fivetran_metadata, in dataset: letters, digits, _, - and $",
        )?,
        location: may(
            fields,
            "location",
            is_id,
            "an object whose location, if it has one, is that of the dataset, such as EU or europe-west3",
        )?,
    })
}

fn snowflake(value: &Value) -> Result<Snowflake, &'static str> {
    let fields = object(
        value,
        &["host", "database", "schema", "warehouse", "role"],
        "an object of host, database, schema, warehouse and, if need be, role",
    )?;
    Ok(Snowflake {
        host: need(
            fields,
            "host",
            |host| is_host(host, SNOWFLAKE_HOSTS),
            "an object whose host ends with .snowflakecomputing.com, such as xy12345.snowflakecomputing.com: a bare host name in lower case, without scheme, port or path",
        )?,
        database: need(
            fields,
            "database",
            is_id,
            "an object with the database, in the letter case that Snowflake shows, in database: letters, digits, _, - and $",
        )?,
        schema: need(
            fields,
            "schema",
            is_id,
            "an object with the schema of the Platform Connector, such as FIVETRAN_METADATA, in schema: letters, digits, _, - and $",
        )?,
        warehouse: need(
            fields,
            "warehouse",
            is_id,
            "an object with the warehouse that runs the statements in warehouse: letters, digits, _, - and $",
        )?,
        role: may(fields, "role", is_id, "an object whose role, if it has one, has letters, digits, _, - and $ only")?,
    })
}

fn databricks(value: &Value) -> Result<Databricks, &'static str> {
    let fields = object(
        value,
        &["host", "catalog", "schema", "warehouse_id"],
        "an object of host, catalog, schema and warehouse_id",
    )?;
    Ok(Databricks {
        host: need(
            fields,
            "host",
            |host| is_host(host, DATABRICKS_HOSTS),
            "an object whose host ends with .cloud.databricks.com, .azuredatabricks.net or .gcp.databricks.com: a bare host name in lower case, without scheme, port or path",
        )?,
        catalog: need(fields, "catalog", is_id, "an object with the catalog in catalog: letters, digits, _, - and $")?,
        schema: need(
            fields,
            "schema",
            is_id,
            "an object with the schema of the Platform Connector, such as fivetran_metadata, in schema: letters, digits, _, - and $",
        )?,
        warehouse_id: need(
            fields,
            "warehouse_id",
            is_id,
            "an object with the id of the SQL warehouse, from its connection details, in warehouse_id",
        )?,
    })
}

fn datadog(value: &Value) -> Result<Datadog, &'static str> {
    let fields = object(value, &["site", "query"], "an object of site and, if need be, query")?;
    let is_query = |text: &str| (1..=MAX_QUERY).contains(&text.len()) && !text.chars().any(char::is_control);
    let site = |text: &str| SITES.contains(&text);
    Ok(Datadog {
        site: need(
            fields,
            "site",
            site,
            "an object whose site is one of datadoghq.com, us3.datadoghq.com, us5.datadoghq.com, datadoghq.eu, ap1.datadoghq.com, ap2.datadoghq.com, uk1.datadoghq.com, ddog-gov.com and us2.ddog-gov.com",
        )?,
        query: may(
            fields,
            "query",
            is_query,
            "an object whose query, if it has one, is a search of Datadog in at most 500 bytes",
        )?,
    })
}

/// An object that has no other fields than these.
fn object<'v>(
    value: &'v Value,
    known: &[&str],
    expected: &'static str,
) -> Result<&'v Map<String, Value>, &'static str> {
    let fields = value.as_object().filter(|fields| fields.keys().all(|name| known.contains(&name.as_str())));
    fields.ok_or(expected)
}

type Fields = Map<String, Value>;

fn need(
    fields: &Fields,
    name: &str,
    fits: impl Fn(&str) -> bool,
    expected: &'static str,
) -> Result<String, &'static str> {
    may(fields, name, fits, expected)?.ok_or(expected)
}

fn may(
    fields: &Fields,
    name: &str,
    fits: impl Fn(&str) -> bool,
    expected: &'static str,
) -> Result<Option<String>, &'static str> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if fits(text) => Ok(Some(text.clone())),
        Some(_) => Err(expected),
    }
}

fn word(value: &Value) -> Option<String> {
    value.as_str().filter(|text| is_id(text)).map(Into::into)
}

fn minutes(value: &Value) -> Option<u32> {
    let minutes = value.as_u64().filter(|minutes| (1..=LONGEST_RHYTHM).contains(minutes))?;
    u32::try_from(minutes).ok()
}

/// A name that is safe between the quotes of every place.
fn is_id(text: &str) -> bool {
    within(text, MAX_ID, "_$-")
}

fn within(text: &str, max: usize, more: &str) -> bool {
    (1..=max).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

/// Whether a text is a host name in lower case that ends with one of these suffixes, with at least one label before.
fn is_host(text: &str, suffixes: &[&str]) -> bool {
    let is_label = |label: &str| {
        let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let before = suffixes.iter().find_map(|suffix| text.strip_suffix(suffix));
    text.len() <= MAX_HOST && before.is_some_and(|before| before.split('.').all(is_label))
}
