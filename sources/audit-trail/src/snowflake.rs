//! Snowflake's SQL API. Only the first partition of a result is read, and the rest is asked for by further statements:
//! Snowflake compresses further partitions whether asked to or not, and this component reads no compressed body.
//! <https://docs.snowflake.com/en/developer-guide/sql-api/handling-responses>, read 2026-11.

use crate::ask::{Answer, Heard, ODD, Rows};
use crate::json;
use crate::place::{Place, handle, rows_of};
use crate::statement::{Dialect, statement};
use crate::step::{Step, Way};
use crate::table::Table;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use serde::Serialize;
use source_kit::Ask;
use source_kit::read::node::Node;

/// Tables in Snowflake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snowflake {
    /// Host of the account's URL.
    pub host: String,
    /// Database, in its letter case.
    pub database: String,
    /// Schema, in its letter case.
    pub schema: String,
    /// Warehouse that runs the statements.
    pub warehouse: String,
    /// Role, where it is not the user's default role.
    pub role: Option<String>,
}

/// A statement fails for another reason than those that are told apart.
pub const NOT_RUN: &str = "Snowflake could not run the statement";
/// What a bearer token is said to be.
const TOKEN_TYPE: (&str, &str) = ("x-snowflake-authorization-token-type", "PROGRAMMATIC_ACCESS_TOKEN");
const PATH: &str = "/api/v2/statements";
/// Seconds after which Snowflake gives a statement up.
const TIMEOUT: u32 = 60;

#[derive(Serialize)]
struct Body<'a> {
    statement: &'a str,
    timeout: u32,
    database: &'a str,
    schema: &'a str,
    warehouse: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
}

impl Snowflake {
    fn get(&self, path_and_query: String) -> Ask {
        Self::typed(Ask::get(self.host.clone(), &path_and_query))
    }

    fn typed(ask: Ask) -> Ask {
        Ask { headers: [(TOKEN_TYPE.0, TOKEN_TYPE.1.into())].into(), ..ask }
    }
}

impl Place for Snowflake {
    fn name(&self) -> &'static str {
        "snowflake"
    }

    fn host(&self) -> Cow<'_, str> {
        self.host.as_str().into()
    }

    fn way(&self, _: Table, _: Option<i64>) -> Option<Way> {
        Some(Way::Statements)
    }

    fn ask(&self, step: &Step) -> Ask {
        let body = Body {
            statement: &self.statement(step),
            timeout: TIMEOUT,
            database: &self.database,
            schema: &self.schema,
            warehouse: &self.warehouse,
            role: self.role.as_deref(),
        };
        Self::typed(Ask::post(self.host.clone(), PATH, serde_json::to_string(&body).unwrap_or_default()))
    }

    fn pointer(&self, _: &Step) -> &'static str {
        "/data"
    }

    fn read<'a>(&self, step: &Step, heard: Heard<'a>) -> Answer<'a> {
        let is_further = heard.polled;
        let Some(body) = Node::read(heard.body) else {
            return match heard.status {
                401 => Answer::Unauthorized,
                403 => Answer::Refused(None),
                404 if is_further => Answer::Lost,
                _ => ODD,
            };
        };
        match heard.status {
            200 => result(body).map_or(ODD, |rows| rows_of(step, rows)),
            202 => match json::text(&body, &["statementHandle"]).and_then(handle) {
                Some(handle) => Answer::Later(self.get(format!("{PATH}/{handle}"))),
                None => ODD,
            },
            401 => Answer::Unauthorized,
            403 => Answer::Refused(None),
            404 | 410 if is_further => Answer::Lost,
            422 => failed(&body, is_further),
            _ => Answer::Broken("Snowflake answered with a failure"),
        }
    }

    fn statement(&self, step: &Step) -> String {
        let table = step.table.name().to_ascii_uppercase();
        let from = format!("\"{}\".\"{}\".\"{table}\"", self.database, self.schema);
        statement(Dialect::Snowflake, &from, step)
    }
}

/// The result of a statement, as far as its first partition has it.
fn result(body: Node<'_>) -> Option<Rows<'_>> {
    let meta = json::at(&body, &["resultSetMetaData"])?;
    let columns = json::columns(json::items(meta, &["rowType"])?, "name", "type")?;
    let total = json::number(meta, &["numRows"]);
    Some(Rows { columns, rows: json::rows(json::take(body, &["data"])?)?, total, next: None })
}

/// Why a statement failed, or why a result is not there any more.
fn failed<'a>(body: &Node<'_>, is_further: bool) -> Answer<'a> {
    let code = json::text(body, &["code"]).unwrap_or_default();
    let state = json::text(body, &["sqlState"]).unwrap_or_default();
    match (code.trim_start_matches('0'), state) {
        ("2003" | "2043", _) | (_, "42S02" | "42S01" | "3F000") => Answer::Missing,
        ("3001" | "3041", _) | (_, "42501") => Answer::Refused(Some("SELECT".into())),
        ("606", _) | (_, "57P03") => Answer::Refused(Some("USAGE on the warehouse".into())),
        // Cancelled, or kept no longer.
        ("604" | "612" | "707" | "709", _) if is_further => Answer::Lost,
        _ => Answer::Broken(NOT_RUN),
    }
}
