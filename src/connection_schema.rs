//! `connection_schema`: what a connection may copy: which columns are blocked or hashed, and what
//! happens when the source grows.
//!
//! Only columns that someone changed are in the answer; all others follow the connection's rule. The
//! call for each table's columns is not made: it queries the customer's source.
//! <https://fivetran.com/docs/rest-api/api-reference/connection-schema>, read 2026-11.

use crate::types::{Findings, Item, Part};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::base::counted;
use source_kit::{
    Cost, DAILY, Draft, Emit, Field, Kind, Map, Missing, Nature, Origin, PartAnswer, Proof, Rule, Subject, Text,
    Unread, When, wire,
};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "connection_schema",
    title: "Connection schemas",
    description: "For every connection: what it does when the source gains schemas, tables or columns, how many of them it copies, and every column that someone blocked or hashed.",
    keywords: &["data minimisation", "column blocking", "hashing", "masking", "personal data", "schema"],
    nature: Nature::Inventory,
    personal_data: false,
    schema_version: 2,
    content_schema: include_str!("schemas/connection_schema.json"),
    endpoints: &["GET /v1/connections/{id}/schemas"],
    permissions: &["CONNECTOR:READ"],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: true,
};

/// The call for each connection. Fivetran answers 404 when the schema was never loaded.
pub const PART: Part = Part {
    name: "schema",
    path: "/v1/connections/{id}/schemas",
    permission: "CONNECTOR:READ",
    feeds: &[&KIND],
    missing: Missing::None(&["NotFound_SchemaConfig"]),
    proof: Proof::Has("schemas"),
    spread: true,
    project: Some(project),
    ..Part::OBJECT
};

/// What a connection copies.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ConnectionSchemaContent<'a> {
    /// Columns that are not copied because someone said so, as far as Fivetran says.
    pub columns_blocked: Vec<ColumnName<'a>>,
    /// Columns that someone changed, in whatever way; Fivetran names no others. Null when the schema was never
    /// loaded, or Fivetran does not say.
    pub columns_changed: Option<u64>,
    /// Columns whose values are hashed before they are written, as far as Fivetran says.
    pub columns_hashed: Vec<ColumnName<'a>>,
    /// The connection.
    pub connection_id: &'a str,
    /// Whether new schemas, tables and columns are copied by default; null when Fivetran does not say.
    pub enable_new_by_default: Option<bool>,
    /// False when Fivetran has not loaded the source's schema yet: then nothing else is known.
    pub loaded: bool,
    /// ALLOW_ALL, ALLOW_COLUMNS or BLOCK_ALL: what happens to what is new in the source.
    pub schema_change_handling: Option<&'a str>,
    /// Schemas known; null when the schema was never loaded.
    pub schemas: Option<u64>,
    /// Schemas that are copied; null when Fivetran does not say it of each.
    pub schemas_enabled: Option<u64>,
    /// Tables known; null when the schema was never loaded, or Fivetran does not name those of each schema.
    pub tables: Option<u64>,
    /// Tables that are copied, as far as their schemas are; null when Fivetran does not say it of each.
    pub tables_enabled: Option<u64>,
    /// Tables that keep every former value (sync mode HISTORY); null when the schema was never loaded, or a mode is not
    /// known.
    pub tables_in_history_mode: Option<u64>,
}

/// A column of the source.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ColumnName<'a> {
    /// Its name.
    pub column: &'a str,
    /// Schema of its table.
    pub schema: &'a str,
    /// Its table.
    pub table: &'a str,
}

wire! {
    /// `data` of the answer.
    pub struct SchemaConfig<'a> {
        enable_new_by_default: Field<bool>,
        schema_change_handling: Text<'a> => Rule::OneOf(&["ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL"]),
        schemas: Field<Map<'a, Schema<'a>>>,
    }
}

wire! {
    /// A schema.
    pub struct Schema<'a> {
        name_in_destination: Field<Unread>,
        enabled: Field<bool>,
        tables: Field<Map<'a, Table<'a>>>,
    }
}

const MODES: &[&str] = &["SOFT_DELETE", "HISTORY", "LIVE"];

wire! {
    /// A table.
    pub struct Table<'a> {
        name_in_destination: Field<Unread>,
        enabled: Field<bool>,
        sync_mode: Text<'a> => Rule::OneOf(MODES),
        supports_columns_config: Field<Unread>,
        supports_history_mode: Field<Unread>,
        enabled_patch_settings: Field<Unread>,
        columns: Field<Map<'a, Column<'a>>>,
    }
}

wire! {
    /// A column.
    pub struct Column<'a> {
        name_in_destination: Field<Unread>,
        enabled: Field<bool>,
        hashed: Field<bool>,
        is_primary_key: Field<Unread>,
        enabled_patch_settings: Field<Unread>,
    }
}

fn project(item: &Item<'_>, answer: &PartAnswer, out: &mut Emit<'_>, findings: &mut Findings) {
    if !out.wants(&KIND) {
        return;
    }
    match answer {
        PartAnswer::None(body) => emit(out, &ConnectionSchemaContent::new(item.id, false), body),
        PartAnswer::Read(pages) => {
            let Some(body) = pages.bodies.first() else { return };
            let Some(config) = findings.read::<SchemaConfig<'_>>(PART.path, body.data()) else { return };
            let mut content = ConnectionSchemaContent::new(item.id, true);
            content.count(&config);
            let counts = [content.tables_enabled, content.schemas_enabled, content.tables_in_history_mode];
            if is_odd(&config) || counts.contains(&None) {
                out.unknown(&KIND, "everything that a schema copies");
            }
            emit(out, &content, body);
        }
        _ => {}
    }
}

impl<'a> ConnectionSchemaContent<'a> {
    fn new(connection_id: &'a str, loaded: bool) -> Self {
        let none_yet = loaded.then_some(0);
        Self {
            columns_blocked: Vec::new(),
            columns_hashed: Vec::new(),
            columns_changed: none_yet,
            connection_id,
            enable_new_by_default: None,
            loaded,
            schema_change_handling: None,
            schemas: none_yet,
            schemas_enabled: none_yet,
            tables: none_yet,
            tables_enabled: none_yet,
            tables_in_history_mode: none_yet,
        }
    }

    fn count(&mut self, config: &'a SchemaConfig<'_>) {
        self.enable_new_by_default = config.enable_new_by_default.value();
        self.schema_change_handling = config.schema_change_handling.text();
        if config.schemas.get().is_none() {
            (self.schemas, self.schemas_enabled) = (None, None);
            self.forget_tables();
        }
        for (name, schema) in entries(&config.schemas) {
            self.schemas = self.schemas.map(|count| count + 1);
            self.schemas_enabled = plus(self.schemas_enabled, &schema.enabled);
            if schema.tables.get().is_none() {
                self.forget_tables();
            }
            for (table_name, table) in entries(&schema.tables) {
                self.count_table(name, table_name, table);
            }
        }
    }

    /// Of tables that are not told, nothing is counted.
    fn forget_tables(&mut self) {
        (self.tables, self.tables_enabled, self.tables_in_history_mode) = (None, None, None);
        self.columns_changed = None;
    }

    fn count_table(&mut self, schema: &'a str, name: &'a str, table: &'a Table<'_>) {
        self.tables = self.tables.map(|count| count + 1);
        self.tables_enabled = plus(self.tables_enabled, &table.enabled);
        let history = in_history_mode(&table.sync_mode);
        self.tables_in_history_mode = self.tables_in_history_mode.zip(history).map(|(count, is)| count + u64::from(is));
        if matches!(table.columns, Field::Odd(_)) {
            self.columns_changed = None;
        }
        for (column, settings) in entries(&table.columns) {
            self.columns_changed = self.columns_changed.map(|count| count + 1);
            let named = || ColumnName { column, schema, table: name };
            if settings.enabled.value() == Some(false) {
                self.columns_blocked.push(named());
            }
            if settings.hashed.value() == Some(true) {
                self.columns_hashed.push(named());
            }
        }
    }
}

/// Whether a table keeps every former value. One that is not told a mode has none; a mode that nobody knows may be any.
fn in_history_mode(mode: &Text<'_>) -> Option<bool> {
    match mode.known() {
        None if matches!(mode, Field::Odd(_)) => None,
        None | Some(None) => Some(false),
        Some(Some(mode)) => {
            let is = |word: &str| mode.eq_ignore_ascii_case(word);
            if is("HISTORY") { Some(true) } else { MODES.iter().any(|word| is(word)).then_some(false) }
        }
    }
}

/// One more where it is enabled; not known any more where that is not told.
fn plus(count: Option<u64>, enabled: &Field<bool>) -> Option<u64> {
    Some(count? + u64::from(enabled.value()?))
}

/// Whether something in the answer is not there or not what it should be, so that columns may be missing from the lists.
/// A table need not name columns.
fn is_odd(config: &SchemaConfig<'_>) -> bool {
    fn is_odd_map<T>(map: &Field<Map<'_, T>>, each: impl Fn(&T) -> bool) -> bool {
        let entries = map.get().map_or(&[][..], |map| map.0.as_slice());
        matches!(map, Field::Odd(_)) || entries.iter().any(|(_, value)| value.get().is_none_or(&each))
    }
    let is_odd_column = |column: &Column<'_>| column.enabled.value().is_none() || column.hashed.value().is_none();
    let is_odd_table = |table: &Table<'_>| is_odd_map(&table.columns, is_odd_column);
    let is_odd_schema = |schema: &Schema<'_>| schema.tables.get().is_none() || is_odd_map(&schema.tables, is_odd_table);
    is_odd_map(&config.schemas, is_odd_schema)
}

fn entries<'a, T>(map: &'a Field<Map<'_, T>>) -> impl Iterator<Item = (&'a str, &'a T)> {
    let entries = map.get().map_or(&[][..], |map| map.0.as_slice());
    entries.iter().filter_map(|(name, value)| Some((name.as_ref(), value.get()?)))
}

fn emit(out: &mut Emit<'_>, content: &ConnectionSchemaContent<'_>, body: &source_kit::read::body::Body) {
    let id = content.connection_id;
    let title = match content.loaded {
        false => format!("Schema of connection {id}: never loaded"),
        true if content.schemas == Some(0) => format!("Schema of connection {id}: no schemas are known"),
        true => format!(
            "Schema of connection {id}: {} of {} copied, {} blocked, {} hashed",
            content.tables_enabled.map_or_else(|| "an unknown number".into(), |count| format!("{count}")),
            content.tables.map_or_else(|| "an unknown number of tables".into(), |tables| counted(tables, "table")),
            counted(content.columns_blocked.len() as u64, "column"),
            content.columns_hashed.len()
        ),
    };
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title,
        subject: Subject { id: id.into(), name: None, kind: "connection" },
        effective_at: None,
        content,
        from: &[&Origin::of(body)],
        withheld: Vec::new(),
    });
}
