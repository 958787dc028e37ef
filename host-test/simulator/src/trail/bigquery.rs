//! BigQuery: a table's columns, its rows by page, and queries.

use super::sql::{Dialect, Refusal};
use super::table::{Cell, Table, Type};
use super::visit::{Asked, Job, Visit};
use crate::protocol::{Reply, parameter};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// Rows of a page at most, when the request does not say.
const PAGE: usize = 10_000;

/// 401: no token, a wrong one, or one that has expired.
pub fn unauthorized() -> Reply {
    let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.";
    error(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "authError", message)
}

/// Answers a request.
pub fn answer(visit: &Visit<'_>, asked: Asked<'_>) -> Reply {
    let place = &visit.trail.place;
    let root = format!("/bigquery/v2/projects/{}/", place.database);
    let Some(rest) = asked.path.strip_prefix(&root) else {
        return error(StatusCode::NOT_FOUND, "NOT_FOUND", "notFound", "Not found: Project");
    };
    let parts: Vec<&str> = rest.split('/').collect();
    match (asked.method, parts.as_slice()) {
        (&Method::POST, ["queries"]) => submit(visit, asked.body),
        (&Method::GET, ["queries", id]) => {
            let elsewhere = parameter(asked.query, "location").is_some_and(|location| location != place.location);
            match number_of(id).filter(|_| !elsewhere).and_then(|number| visit.job(number)) {
                Some(job) => results(visit, &job, "bigquery#getQueryResultsResponse", asked.query),
                None => not_found(&format!("Not found: Job {}:{id}", place.database)),
            }
        }
        (&Method::GET, ["datasets", dataset, "tables", name]) => match table(visit, dataset, name) {
            Ok(table) => about(visit, table),
            Err(refusal) => refused(&refusal),
        },
        (&Method::GET, ["datasets", dataset, "tables", name, "data"]) => match table(visit, dataset, name) {
            Ok(table) => data(visit, table, asked.query),
            Err(refusal) => refused(&refusal),
        },
        _ => not_found("Not found: Resource"),
    }
}

fn table(visit: &Visit<'_>, dataset: &str, name: &str) -> Result<Table, Refusal> {
    let (trail, place) = (visit.trail, &visit.trail.place);
    let shown = format!("{}:{dataset}.{name}", place.database);
    let found = Table::ALL.into_iter().find(|table| table.name() == name && dataset == place.schema);
    match found.filter(|table| !trail.no_table.contains(table)) {
        None => Err(Refusal::NoTable(shown)),
        Some(table) if trail.no_permission.contains(&table) => Err(Refusal::Forbidden(shown)),
        Some(table) => Ok(table),
    }
}

fn fields(visit: &Visit<'_>, columns: &[(String, Type)]) -> Value {
    let field = |(at, (name, kind)): (usize, &(String, Type))| {
        let kind = match kind {
            Type::Instant => "TIMESTAMP",
            Type::Json if visit.trail.json_values => "JSON",
            Type::Text | Type::Json => "STRING",
        };
        // An expression has no name of its own.
        let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') && name != "null";
        let name = if plain { name.clone() } else { format!("f{at}_") };
        json!({"name": name, "type": kind, "mode": "NULLABLE"})
    };
    json!({"fields": columns.iter().enumerate().map(field).collect::<Vec<_>>()})
}

/// The columns that are there, of those that are asked for.
fn selected(visit: &Visit<'_>, table: Table, query: &str) -> Result<Vec<usize>, Refusal> {
    let present = table.present(&visit.trail.no_column);
    let Some(names) = parameter(query, "selectedFields") else { return Ok(present) };
    let names: Vec<&str> = names.split(',').collect();
    let name_of = |at: &usize| table.columns().get(*at).map_or("", |column| column.0);
    match names.iter().find(|name| !present.iter().any(|at| name_of(at) == **name)) {
        Some(missing) => Err(Refusal::NoColumn((*missing).into())),
        // In the order of the table, however they are asked for.
        None => Ok(present.into_iter().filter(|at| names.contains(&name_of(at))).collect()),
    }
}

fn about(visit: &Visit<'_>, table: Table) -> Reply {
    let place = &visit.trail.place;
    let columns: Vec<(String, Type)> = table
        .present(&visit.trail.no_column)
        .into_iter()
        .filter_map(|at| table.columns().get(at).map(|(name, kind)| ((*name).to_string(), *kind)))
        .collect();
    let body = json!({
        "kind": "bigquery#table",
        "id": format!("{}:{}.{}", place.database, place.schema, table.name()),
        "tableReference": {"projectId": place.database, "datasetId": place.schema, "tableId": table.name()},
        "schema": fields(visit, &columns),
        "numRows": numbers(visit, table).len().to_string(),
        "location": place.location,
        "type": "TABLE",
    });
    Reply::json(StatusCode::OK, &body)
}

/// The rows that are there, in the order that the table stores them: not that of their instants.
fn numbers(visit: &Visit<'_>, table: Table) -> Vec<usize> {
    let (before, now) = (visit.history.len(table, None), visit.history.len(table, visit.happened));
    let turned = (before / 2..before).chain(0..before / 2).chain(before..now);
    turned.filter(|number| visit.history.is_there(*number, visit.happened)).collect()
}

fn data(visit: &Visit<'_>, table: Table, query: &str) -> Reply {
    let columns = match selected(visit, table, query) {
        Ok(columns) => columns,
        Err(refusal) => return refused(&refusal),
    };
    let micros = parameter(query, "formatOptions.useInt64Timestamp").as_deref() == Some("true");
    let made: Vec<Vec<Cell>> = if table == Table::Account { visit.history.account_rows() } else { Vec::new() };
    let numbers = if table == Table::Account { (0..made.len()).collect() } else { numbers(visit, table) };
    let (first, size) = match page(visit, query) {
        Ok(page) => page,
        Err(reply) => return reply,
    };
    let row = |number: &usize| {
        let cells = match made.get(*number) {
            Some(cells) => cells.clone(),
            None => visit.history.row(table, *number, visit.happened),
        };
        let value = |at: &usize| json!({"v": cells.get(*at).and_then(|cell| shown(cell, micros))});
        json!({"f": columns.iter().map(value).collect::<Vec<_>>()})
    };
    let rows: Vec<Value> = numbers.iter().skip(first).take(size).map(row).collect();
    let mut body =
        json!({"kind": "bigquery#tableDataList", "etag": "simulated", "totalRows": numbers.len().to_string()});
    finish(&mut body, rows, first, numbers.len(), size);
    Reply::json(StatusCode::OK, &body)
}

/// An instant is a text of microseconds where that is asked for, else of seconds as a floating-point number.
fn shown(cell: &Cell, micros: bool) -> Option<String> {
    match cell {
        Cell::Instant(at) if !micros => {
            #[expect(clippy::cast_precision_loss, reason = "that is what the format loses")]
            let seconds = *at as f64 / 1e6;
            Some(format!("{seconds:E}"))
        }
        cell => cell.clone().text(),
    }
}

/// First row and number of rows of the page that a query asks for.
fn page(visit: &Visit<'_>, query: &str) -> Result<(usize, usize), Reply> {
    let invalid = |what: &str| Err(error(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", "invalid", what));
    let size = match parameter(query, "maxResults").map(|text| text.parse::<usize>()) {
        None => PAGE,
        Some(Ok(size)) => size,
        Some(Err(_)) => return invalid("Invalid value for maxResults"),
    };
    let start = parameter(query, "startIndex").and_then(|text| text.parse().ok()).unwrap_or_default();
    let token = parameter(query, "pageToken");
    let first = match token.as_deref().map(offset_of) {
        None => start,
        Some(Some(first)) => first,
        Some(None) => return invalid("Invalid page token"),
    };
    let most = visit.trail.partition_rows.max(1);
    if token.is_some() && visit.trail.lost_from.is_some_and(|lost| first / most >= lost.max(1)) {
        return Err(not_found("Not found: the page that the token names"));
    }
    Ok((first, size.min(most)))
}

fn offset_of(token: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("row ")?.parse().ok()
}

fn finish(body: &mut Value, rows: Vec<Value>, first: usize, total: usize, size: usize) {
    let Some(body) = body.as_object_mut() else { return };
    let next = first + rows.len();
    if next < total && size > 0 {
        body.insert("pageToken".into(), URL_SAFE_NO_PAD.encode(format!("row {next}")).into());
    }
    if !rows.is_empty() {
        body.insert("rows".into(), rows.into());
    }
}

fn submit(visit: &Visit<'_>, body: &[u8]) -> Reply {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let place = &visit.trail.place;
    let Some(query) = body.get("query").and_then(Value::as_str) else {
        return error(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", "required", "Required parameter is missing: query");
    };
    if body.get("useLegacySql") != Some(&Value::Bool(false)) {
        let message = "Legacy SQL is the default of this API, and not simulated: useLegacySql must be false";
        return error(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", "invalidQuery", message);
    }
    if let Some(location) = body.get("location").and_then(Value::as_str).filter(|given| *given != place.location) {
        let message =
            format!("Not found: Dataset {}:{} was not found in location {location}", place.database, place.schema);
        return not_found(&message);
    }
    let size = body.get("maxResults").and_then(Value::as_u64).map(|size| format!("maxResults={size}"));
    match visit.submit(Dialect::BigQuery, query) {
        Ok(job) => results(visit, &job, "bigquery#queryResponse", &size.unwrap_or_default()),
        Err(refusal) => refused(&refusal),
    }
}

fn results(visit: &Visit<'_>, job: &Job, kind: &str, query: &str) -> Reply {
    let place = &visit.trail.place;
    let reference = json!({"projectId": place.database, "jobId": id_of(job.number), "location": place.location});
    if !job.done {
        let body = json!({"kind": kind, "jobReference": reference, "jobComplete": false});
        return Reply::json(StatusCode::OK, &body);
    }
    let (first, size) = match page(visit, query) {
        Ok(page) => page,
        Err(reply) => return reply,
    };
    let rows = job.answer.rows(first, size).into_iter();
    let rows = rows.map(|row| json!({"f": row.iter().map(|value| json!({"v": value})).collect::<Vec<_>>()}));
    let mut body = json!({
        "kind": kind,
        "schema": fields(visit, &job.answer.columns),
        "jobReference": reference,
        "totalRows": job.answer.len.to_string(),
        "totalBytesProcessed": "0",
        "jobComplete": true,
        "cacheHit": false,
    });
    finish(&mut body, rows.collect(), first, job.answer.len, size);
    Reply::json(StatusCode::OK, &body)
}

fn id_of(number: u64) -> String {
    format!("job_simulated_{number}")
}

fn number_of(id: &str) -> Option<u64> {
    let number = id.strip_prefix("job_simulated_")?.parse().ok()?;
    (id_of(number) == id).then_some(number)
}

fn refused(refusal: &Refusal) -> Reply {
    let invalid = |message: &str| error(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", "invalidQuery", message);
    match refusal {
        Refusal::Syntax(near) => invalid(&format!("Syntax error: Unexpected \"{near}\" at [1:1]")),
        Refusal::NoColumn(name) => invalid(&format!("Unrecognized name: {name} at [1:8]")),
        Refusal::NoTable(name) => not_found(&format!("Not found: Table {name} was not found in location EU")),
        Refusal::Forbidden(name) => {
            let message = format!(
                "Access Denied: Table {name}: User does not have permission to query table {name}, or perhaps it does not exist."
            );
            error(StatusCode::FORBIDDEN, "PERMISSION_DENIED", "accessDenied", &message)
        }
    }
}

fn not_found(message: &str) -> Reply {
    error(StatusCode::NOT_FOUND, "NOT_FOUND", "notFound", message)
}

fn error(status: StatusCode, word: &str, reason: &str, message: &str) -> Reply {
    let one = json!({"message": message, "domain": "global", "reason": reason});
    let body = json!({"code": status.as_u16(), "message": message, "errors": [one], "status": word});
    Reply::json(status, &json!({"error": body}))
}
