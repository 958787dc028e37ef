//! BigQuery's REST API. <https://cloud.google.com/bigquery/docs/reference/rest>, read 2026-11.
//!
//! The whole audit trail is read as it is stored, and then counted by one statement. What is narrowed by an instant, and
//! the log, of which few rows are user actions, are asked for by statements.

use crate::ask::{Answer, Cell, Heard, ODD, Part, Rows};
use crate::json;
use crate::place::{Place, encoded, handle, rows_of, token};
use crate::statement::{Dialect, statement};
use crate::step::{Phase, Step, WINDOW, Way};
use crate::table::{AT, SYNCED, Table};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::Ask;
use source_kit::read::node::Node;

/// Tables in BigQuery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigQuery {
    /// Id of the project.
    pub project: String,
    /// Dataset.
    pub dataset: String,
    /// Location of the dataset, where it is neither US nor EU.
    pub location: Option<String>,
}

/// The project's own shortcomings.
pub const NOT_ENABLED: &str = "the BigQuery API is not enabled in the project";
/// See above.
pub const NO_BILLING: &str = "the project has no billing, which BigQuery asks for";
/// A statement fails for another reason than those that are told apart.
pub const NOT_RUN: &str = "BigQuery could not run the statement";

/// The only host.
pub const HOST: &str = "bigquery.googleapis.com";
/// Milliseconds that BigQuery waits for a job before it answers.
const TIMEOUT_MS: u32 = 30_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    query: &'a str,
    use_legacy_sql: bool,
    timeout_ms: u32,
    max_results: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
}

impl BigQuery {
    fn project_path(&self) -> String {
        format!("/bigquery/v2/projects/{}", encoded(&self.project))
    }

    /// Schema or rows of a table as it is stored.
    fn listing(&self, step: &Step) -> Ask {
        let table = format!("{}/datasets/{}/tables/{}", self.project_path(), encoded(&self.dataset), step.table.name());
        let names: Vec<_> = step.columns.names(step.table).collect();
        let fields = format!("selectedFields={}&formatOptions.useInt64Timestamp=true", names.join(","));
        let path = match &step.phase {
            Phase::Rows(Some(open)) => {
                format!("{table}/data?maxResults={WINDOW}&{fields}&pageToken={}", encoded(&open.part.next))
            }
            Phase::Rows(None) if step.delivered > 0 => {
                format!("{table}/data?maxResults={WINDOW}&{fields}&startIndex={}", step.delivered)
            }
            Phase::Rows(None) => format!("{table}/data?maxResults={WINDOW}&{fields}"),
            _ => table,
        };
        Ask::get(HOST, &path)
    }

    /// The state of a job, or a page of its rows. A handle is its location, a dot and its id.
    fn job(&self, handle: &str, page: Option<&str>) -> Ask {
        let (location, job) = handle.split_once('.').unwrap_or(("", handle));
        let location = if location.is_empty() { String::new() } else { format!("location={location}&") };
        let page = page.map_or_else(String::new, |page| format!("&pageToken={}", encoded(page)));
        let query = format!("{location}timeoutMs={TIMEOUT_MS}&maxResults={WINDOW}{page}");
        Ask::get(HOST, &format!("{}/queries/{job}?{query}", self.project_path()))
    }

    fn job_handle(&self, body: &Node<'_>) -> Option<String> {
        let job = handle(json::text(body, &["jobReference", "jobId"])?)?;
        let location = json::text(body, &["jobReference", "location"]).and_then(handle);
        Some(format!("{}.{job}", location.or_else(|| self.location.clone()).unwrap_or_default()))
    }

    fn query_result<'a>(&self, step: &Step, body: Node<'a>) -> Option<Answer<'a>> {
        if json::at(&body, &["jobComplete"]) == Some(&Node::Bool(false)) {
            return Some(Answer::Later(self.job(&self.job_handle(&body)?, None)));
        }
        // A list of errors beside a result is one of warnings.
        let Some(fields) = json::items(&body, &["schema", "fields"]) else {
            return json::items(&body, &["errors"]).map(|_| failed(200, &body, false));
        };
        let columns = json::columns(fields, "name", "type")?;
        let total = json::number(&body, &["totalRows"]);
        let next = match page_token(&body)? {
            Some(next) => Some(Part { handle: self.job_handle(&body)?, next }),
            None => None,
        };
        Some(rows_of(step, Rows { columns, rows: cells(body)?, total, next }))
    }
}

impl Place for BigQuery {
    fn name(&self) -> &'static str {
        "bigquery"
    }

    fn host(&self) -> Cow<'_, str> {
        HOST.into()
    }

    fn way(&self, table: Table, since_us: Option<i64>) -> Option<Way> {
        let is_whole = table == Table::AuditTrail && since_us.is_none();
        Some(if is_whole { Way::Listing } else { Way::Statements })
    }

    fn ask(&self, step: &Step) -> Ask {
        if is_listing(step) {
            return self.listing(step);
        }
        if let Phase::Rows(Some(open)) = &step.phase {
            return self.job(&open.part.handle, Some(&open.part.next));
        }
        let body = Body {
            query: &self.statement(step),
            use_legacy_sql: false,
            timeout_ms: TIMEOUT_MS,
            max_results: WINDOW,
            location: self.location.as_deref(),
        };
        let path = format!("{}/queries", self.project_path());
        Ask::post(HOST, &path, serde_json::to_string(&body).unwrap_or_default())
    }

    fn pointer(&self, _: &Step) -> &'static str {
        "/rows"
    }

    fn read<'a>(&self, step: &Step, heard: Heard<'a>) -> Answer<'a> {
        let is_further = heard.polled || matches!(step.phase, Phase::Rows(Some(_)));
        let body = Node::read(heard.body);
        if heard.status != 200 {
            return failed(heard.status, &body.unwrap_or(Node::Null), is_further);
        }
        let Some(body) = body else { return ODD };
        let answer = match is_listing(step) {
            true if json::items(&body, &["errors"]).is_some() => Some(failed(200, &body, is_further)),
            true => listed(step, body),
            false => self.query_result(step, body),
        };
        answer.unwrap_or(ODD)
    }

    fn statement(&self, step: &Step) -> String {
        if is_listing(step) {
            return format!("GET {}", self.listing(step).path_and_query);
        }
        let from = format!("`{}.{}.{}`", self.project, self.dataset, step.table.name());
        statement(Dialect::BigQuery, &from, step)
    }
}

/// Whether a step reads the table as it is stored, and asks no statement.
fn is_listing(step: &Step) -> bool {
    step.way == Way::Listing && step.phase != Phase::Recount
}

/// What `tables.get` and `tabledata.list` answer.
fn listed<'a>(step: &Step, body: Node<'a>) -> Option<Answer<'a>> {
    if step.phase == Phase::Columns {
        let columns = json::columns(json::items(&body, &["schema", "fields"])?, "name", "type")?;
        return Some(rows_of(step, Rows { columns, ..Rows::default() }));
    }
    let total = Some(json::number(&body, &["totalRows"])?);
    let next = page_token(&body)?.map(|next| Part { handle: String::new(), next });
    let rows = cells(body)?.into_iter().map(|row| in_order(step, row)).collect::<Option<_>>()?;
    Some(rows_of(step, Rows { columns: Vec::new(), rows, total, next }))
}

/// A row of `tabledata.list`, which is in the order of the table whatever was selected, as it is in a statement.
fn in_order<'a>(step: &Step, row: Vec<Cell<'a>>) -> Option<Vec<Cell<'a>>> {
    let mut out: Vec<Cell<'a>> = vec![None; step.table.columns().len()];
    let mut cells = row.into_iter();
    for place in step.columns.places() {
        let cell = cells.next()?;
        let is_instant = place == AT || step.table.columns().get(place) == Some(&SYNCED);
        *out.get_mut(place)? = if is_instant { cell.map(whole) } else { cell };
    }
    cells.next().is_none().then_some(out)
}

/// Microseconds as a whole number, where they came as seconds with a fraction: the form that `useInt64Timestamp`
/// asks BigQuery not to use.
fn whole(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.parse::<i64>().is_ok() {
        return text;
    }
    match text.parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, reason = "a number beyond the range stays its end: no instant")]
        Ok(seconds) => Cow::Owned(((seconds * 1e6 + 0.5) as i64).to_string()),
        Err(_) => text,
    }
}

/// `None` where there is one that cannot be used.
fn page_token(body: &Node<'_>) -> Option<Option<String>> {
    match json::text(body, &["pageToken"]) {
        None | Some("") => Some(None),
        Some(text) => token(text).map(Some),
    }
}

/// `rows` of an answer: none at all where there are none.
fn cells(body: Node<'_>) -> Option<Vec<Vec<Cell<'_>>>> {
    match json::take(body, &["rows"]) {
        None | Some(Node::Null) => Some(Vec::new()),
        Some(rows) => json::array(rows)?.into_iter().map(cells_of).collect(),
    }
}

fn cells_of(row: Node<'_>) -> Option<Vec<Cell<'_>>> {
    let values = json::array(json::take(row, &["f"])?)?.into_iter();
    values.map(|value| Some(json::cell(json::take(value, &["v"])?))).collect()
}

/// Why a request failed.
fn failed<'a>(status: u16, body: &Node<'_>, is_further: bool) -> Answer<'a> {
    let errors = json::items(body, &["error", "errors"]).or_else(|| json::items(body, &["errors"]));
    let first = errors.and_then(<[_]>::first);
    let reason = first.and_then(|first| json::text(first, &["reason"])).unwrap_or_default();
    let message = json::text(body, &["error", "message"]);
    let message = message.or_else(|| json::text(first?, &["message"])).unwrap_or_default();
    let says = |words: &str| message.contains(words);
    match (status, reason) {
        (401, _) => Answer::Unauthorized,
        (403, "rateLimitExceeded" | "quotaExceeded") => Answer::Broken("the project's quota of BigQuery is used up"),
        (403, "accessNotConfigured") => Answer::Broken(NOT_ENABLED),
        (403, "billingNotEnabled") => Answer::Broken(NO_BILLING),
        // Google does not tell those who may not see a table whether there is one.
        (403, _) if says("may not exist") => Answer::Missing,
        (403, "accessDenied") => Answer::Refused(Some(permission(message).unwrap_or_else(|| "SELECT".into()))),
        (403, _) => Answer::Refused(permission(message)),
        (404 | 410, _) if is_further => Answer::Lost,
        (400, _) if is_further && says("page token") => Answer::Lost,
        (404, _) | (200 | 400, "notFound") => Answer::Missing,
        (200 | 400, _) if says("does not exist") || says("Not found: ") => Answer::Missing,
        (200 | 400, _) => Answer::Broken(NOT_RUN),
        _ => Answer::Broken("BigQuery answered with a failure"),
    }
}

/// The permission that a message names.
fn permission(message: &str) -> Option<String> {
    const LONGEST: usize = 64;
    let is_name = |word: &&str| word.len() <= LONGEST && word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'.');
    message.split_whitespace().filter(|word| word.starts_with("bigquery.")).find(is_name).map(Into::into)
}
