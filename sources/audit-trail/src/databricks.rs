//! Databricks' statement execution.
//! <https://docs.databricks.com/api/statement-execution/v1/statement-execution>, read 2026-11.

use crate::ask::{Answer, Heard, ODD, Part, Rows};
use crate::json;
use crate::place::{Place, encoded, handle, rows_of};
use crate::statement::{Dialect, statement};
use crate::step::{Phase, Step, Way};
use crate::table::Table;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::Ask;
use source_kit::read::node::Node;

/// Tables in Databricks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Databricks {
    /// Host of the workspace's URL.
    pub host: String,
    /// Catalog.
    pub catalog: String,
    /// Schema.
    pub schema: String,
    /// Id of the SQL warehouse that runs the statements.
    pub warehouse_id: String,
}

const PATH: &str = "/api/2.0/sql/statements";
/// A statement fails for another reason than those that are told apart.
pub const NOT_RUN: &str = "Databricks could not run the statement";
/// The settings name a warehouse that is not there.
pub const NO_WAREHOUSE: &str = "Databricks has no such SQL warehouse";

#[derive(Serialize)]
struct Body<'a> {
    statement: &'a str,
    warehouse_id: &'a str,
    catalog: &'a str,
    schema: &'a str,
    wait_timeout: &'a str,
    on_wait_timeout: &'a str,
    disposition: &'a str,
    format: &'a str,
}

impl Place for Databricks {
    fn name(&self) -> &'static str {
        "databricks"
    }

    fn host(&self) -> Cow<'_, str> {
        self.host.as_str().into()
    }

    fn way(&self, _: Table, _: Option<i64>) -> Option<Way> {
        Some(Way::Statements)
    }

    fn ask(&self, step: &Step) -> Ask {
        if let Phase::Rows(Some(open)) = &step.phase {
            let path = format!("{PATH}/{}/result/chunks/{}", open.part.handle, encoded(&open.part.next));
            return Ask::get(self.host.clone(), &path);
        }
        let body = Body {
            statement: &self.statement(step),
            warehouse_id: &self.warehouse_id,
            catalog: &self.catalog,
            schema: &self.schema,
            wait_timeout: "30s",
            on_wait_timeout: "CONTINUE",
            disposition: "INLINE",
            format: "JSON_ARRAY",
        };
        Ask::post(self.host.clone(), PATH, serde_json::to_string(&body).unwrap_or_default())
    }

    fn pointer(&self, step: &Step) -> &'static str {
        if matches!(step.phase, Phase::Rows(Some(_))) { "/data_array" } else { "/result/data_array" }
    }

    fn read<'a>(&self, step: &Step, heard: Heard<'a>) -> Answer<'a> {
        let is_further = heard.polled || matches!(step.phase, Phase::Rows(Some(_)));
        match heard.status {
            200 => {}
            401 => return Answer::Unauthorized,
            404 if is_further => return Answer::Lost,
            status => {
                let body = Node::read(heard.body).unwrap_or(Node::Null);
                let code = json::text(&body, &["error_code"]).unwrap_or_default();
                return failed(status, code, json::text(&body, &["message"]).unwrap_or_default(), "");
            }
        }
        let Some(body) = Node::read(heard.body) else { return ODD };
        if let Phase::Rows(Some(open)) = &step.phase {
            return chunk(open.part.clone(), body).map_or(ODD, |rows| rows_of(step, rows));
        }
        match json::text(&body, &["status", "state"]) {
            Some("SUCCEEDED") if json::at(&body, &["manifest", "truncated"]) == Some(&Node::Bool(true)) => {
                Answer::Broken("Databricks left rows out of the result")
            }
            Some("SUCCEEDED") => result(body).map_or(ODD, |rows| rows_of(step, rows)),
            Some("PENDING" | "RUNNING") => match json::text(&body, &["statement_id"]).and_then(handle) {
                Some(handle) => Answer::Later(Ask::get(self.host.clone(), &format!("{PATH}/{handle}"))),
                None => ODD,
            },
            Some("FAILED") => {
                let text = |path: &[&str]| json::text(&body, path).unwrap_or_default();
                let state = json::text(&body, &["status", "sql_state"]).unwrap_or_else(|| text(&["sql_state"]));
                failed(200, text(&["status", "error", "error_code"]), text(&["status", "error", "message"]), state)
            }
            Some("CANCELED" | "CLOSED") => Answer::Lost,
            _ => ODD,
        }
    }

    fn statement(&self, step: &Step) -> String {
        let from = format!("`{}`.`{}`.`{}`", self.catalog, self.schema, step.table.name());
        statement(Dialect::Databricks, &from, step)
    }
}

fn result(body: Node<'_>) -> Option<Rows<'_>> {
    let columns = json::columns(json::items(&body, &["manifest", "schema", "columns"])?, "name", "type_name")?;
    let total = json::number(&body, &["manifest", "total_row_count"]);
    let handle = json::text(&body, &["statement_id"]).and_then(handle)?;
    let part = Part { handle, next: "0".into() };
    let rows = match json::take(body, &["result"]) {
        Some(result) => chunk(part, result)?,
        None => Rows::default(),
    };
    Some(Rows { columns, total, ..rows })
}

/// One chunk. It may have no array where it says that it has no rows, and the first where it says nothing of them.
fn chunk(part: Part, result: Node<'_>) -> Option<Rows<'_>> {
    let number: u32 = part.next.parse().ok()?;
    let is_empty = json::number(&result, &["row_count"]).map_or(number == 0, |rows| rows == 0);
    let next = match json::at(&result, &["next_chunk_index"]) {
        None | Some(Node::Null) => None,
        Some(_) => Some(u32::try_from(json::number(&result, &["next_chunk_index"])?).ok()?),
    };
    // Chunks come one after the other: no circle can form.
    if next.is_some_and(|next| next <= number) {
        return None;
    }
    if !matches!(result, Node::Object(_)) {
        return None;
    }
    let rows = match json::take(result, &["data_array"]) {
        None | Some(Node::Null) if is_empty => Vec::new(),
        rows => json::rows(rows?)?,
    };
    let next = next.map(|next| Part { next: next.to_string(), ..part });
    Some(Rows { rows, next, ..Rows::default() })
}

/// Why a statement failed: with status 200 and a state, or with another status.
fn failed<'a>(status: u16, code: &str, message: &str, state: &str) -> Answer<'a> {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if matches!(state, "42P01" | "42704") || (says(NOT_THERE) && !says(&["warehouse"])) {
        return Answer::Missing;
    }
    if status == 403 || state == "42501" || code == "PERMISSION_DENIED" || says(&["INSUFFICIENT_PERMISSIONS"]) {
        let named = PRIVILEGES.iter().find(|privilege| message.contains(*privilege));
        return Answer::Refused(named.map(|privilege| (*privilege).into()));
    }
    if says(&["Inline byte limit", "INLINE_BYTE_LIMIT"]) {
        return Answer::Broken("a result is larger than the 25 MiB that Databricks gives inline");
    }
    if status == 404 {
        return Answer::Broken(NO_WAREHOUSE);
    }
    Answer::Broken(NOT_RUN)
}

/// How a message says that there is no such table, schema or catalog.
const NOT_THERE: &[&str] =
    &["TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND", "NO_SUCH_CATALOG", "does not exist"];
/// Privileges that a message may name.
const PRIVILEGES: &[&str] = &["USE CATALOG", "USE SCHEMA", "SELECT", "CAN_USE"];
