//! Databricks' SQL statements: `/api/2.0/sql/statements`, inline, in chunks.

use super::sql::{Dialect, Refusal};
use super::table::Type;
use super::visit::{Asked, Job, Visit};
use crate::protocol::Reply;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const PATH: &str = "/api/2.0/sql/statements";

/// 401: no token, a wrong one, or one that has expired.
pub fn unauthorized() -> Reply {
    let message = "Credential was not sent or was of an unsupported type for this API.";
    Reply::json(StatusCode::UNAUTHORIZED, &json!({"error_code": 401, "message": message}))
}

/// Answers a request.
pub fn answer(visit: &Visit<'_>, asked: Asked<'_>) -> Reply {
    let Some(rest) = asked.path.strip_prefix(PATH) else {
        return error(StatusCode::NOT_FOUND, "ENDPOINT_NOT_FOUND", "No API found.");
    };
    let parts: Vec<&str> = rest.split('/').skip(1).collect();
    match (asked.method, parts.as_slice()) {
        (&Method::POST, []) if rest.is_empty() => submit(visit, asked.body),
        (&Method::GET, [id]) => with_job(visit, id, |job| state(visit, job)),
        (&Method::GET, [id, "result", "chunks", number]) => with_job(visit, id, |job| {
            let chunk = number.parse().ok().filter(|_| job.done).and_then(|number| chunk(visit, job, number));
            match chunk {
                Some(chunk) => Reply::json(StatusCode::OK, &chunk),
                None => {
                    error(StatusCode::NOT_FOUND, "NOT_FOUND", &format!("The chunk {number} of {id} was not found."))
                }
            }
        }),
        _ => error(StatusCode::NOT_FOUND, "ENDPOINT_NOT_FOUND", "No API found."),
    }
}

fn with_job(visit: &Visit<'_>, id: &str, then: impl FnOnce(&Job) -> Reply) -> Reply {
    match number_of(id).and_then(|number| visit.job(number)) {
        Some(job) => then(&job),
        None => error(StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST", &format!("The statement {id} was not found.")),
    }
}

fn submit(visit: &Visit<'_>, body: &[u8]) -> Reply {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let invalid = |message: &str| error(StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE", message);
    let Some(statement) = text("statement") else { return invalid("statement is required.") };
    if text("warehouse_id") != Some(&visit.trail.place.warehouse) {
        let id = text("warehouse_id").unwrap_or_default();
        return error(StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE", &format!("{id} is not a valid endpoint id."));
    }
    let inline = text("disposition").is_none_or(|word| word == "INLINE");
    if !inline || text("format").is_some_and(|word| word != "JSON_ARRAY") {
        return invalid("Only INLINE and JSON_ARRAY are simulated.");
    }
    match visit.submit(Dialect::Databricks, statement) {
        Ok(job) => state(visit, &job),
        Err(refusal) => refused(&refusal),
    }
}

/// A statement that failed is a statement: its state says so, with 200.
fn refused(refusal: &Refusal) -> Reply {
    let (message, state) = match refusal {
        Refusal::Syntax(near) => (format!("[PARSE_SYNTAX_ERROR] Syntax error at or near '{near}'."), "42601"),
        Refusal::NoTable(name) => {
            (format!("[TABLE_OR_VIEW_NOT_FOUND] The table or view `{name}` cannot be found."), "42P01")
        }
        Refusal::NoColumn(name) => {
            (format!("[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with name `{name}` cannot be resolved."), "42703")
        }
        Refusal::Forbidden(name) => {
            (format!("[PERMISSION_DENIED] User does not have SELECT on Table '{name}'."), "42501")
        }
    };
    let code = if matches!(refusal, Refusal::Forbidden(_)) { "PERMISSION_DENIED" } else { "BAD_REQUEST" };
    let failure = json!({"error_code": code, "message": format!("{message} SQLSTATE: {state}")});
    let status = json!({"state": "FAILED", "error": failure, "sql_state": state});
    Reply::json(StatusCode::OK, &json!({"statement_id": id_of(0), "status": status}))
}

fn state(visit: &Visit<'_>, job: &Job) -> Reply {
    let id = id_of(job.number);
    if !job.done {
        let word = if job.number.is_multiple_of(2) { "RUNNING" } else { "PENDING" };
        return Reply::json(StatusCode::OK, &json!({"statement_id": id, "status": {"state": word}}));
    }
    let columns = job.answer.columns.iter().enumerate().map(|(position, (name, kind))| {
        let kind = match kind {
            Type::Instant => "TIMESTAMP",
            Type::Json if visit.trail.json_values => "VARIANT",
            Type::Text | Type::Json => "STRING",
        };
        json!({"name": name, "type_text": kind, "type_name": kind, "position": position})
    });
    let (columns, sizes) = (columns.collect::<Vec<_>>(), visit.partition_sizes(job));
    let mut offset = 0;
    let chunks = sizes.iter().enumerate().map(|(number, rows)| {
        let chunk = json!({"chunk_index": number, "row_offset": offset, "row_count": rows});
        offset += rows;
        chunk
    });
    let chunks: Vec<Value> = chunks.collect();
    let mut body = json!({
        "statement_id": id,
        "status": {"state": "SUCCEEDED"},
        "manifest": {
            "format": "JSON_ARRAY",
            "schema": {"column_count": columns.len(), "columns": columns},
            "total_chunk_count": chunks.len(), "chunks": chunks,
            "total_row_count": job.answer.len, "truncated": false,
        },
    });
    if let (Some(body), Some(chunk)) = (body.as_object_mut(), chunk(visit, job, 0)) {
        body.insert("result".into(), chunk);
    }
    Reply::json(StatusCode::OK, &body)
}

fn chunk(visit: &Visit<'_>, job: &Job, number: usize) -> Option<Value> {
    let rows = visit.partition(job, number)?;
    let offset = number * visit.trail.partition_rows.max(1);
    let is_last = offset + rows.len() >= job.answer.len;
    let mut chunk = json!({"chunk_index": number, "row_offset": offset, "row_count": rows.len()});
    if let Some(chunk) = chunk.as_object_mut() {
        // A result without rows has no array.
        if !rows.is_empty() {
            chunk.insert("data_array".into(), json!(rows));
        }
        if !is_last {
            let next = number + 1;
            let link = format!("{PATH}/{}/result/chunks/{next}?row_offset={}", id_of(job.number), offset + rows.len());
            chunk.insert("next_chunk_index".into(), next.into());
            chunk.insert("next_chunk_internal_link".into(), link.into());
        }
    }
    Some(chunk)
}

fn id_of(number: u64) -> String {
    format!("01ef0000-0000-1000-8000-{number:012x}")
}

fn number_of(id: &str) -> Option<u64> {
    let number = u64::from_str_radix(id.rsplit('-').next()?, 16).ok()?;
    (id_of(number) == id).then_some(number)
}

fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"error_code": code, "message": message}))
}
