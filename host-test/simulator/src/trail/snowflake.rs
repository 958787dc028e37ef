//! Snowflake's SQL API: `/api/v2/statements`.

use super::gzip::gzip;
use super::sql::{Dialect, Refusal};
use super::table::Type;
use super::visit::{Asked, Job, Visit};
use crate::protocol::{Reply, parameter};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

const PATH: &str = "/api/v2/statements";

/// 401: no token, a wrong one, one of another type, or one that has expired.
pub fn unauthorized(expired: bool) -> Reply {
    let (code, message) = match expired {
        true => ("390318", "Programmatic access token has expired."),
        false => ("390303", "Invalid OAuth access token."),
    };
    Reply::json(StatusCode::UNAUTHORIZED, &json!({"code": code, "message": message}))
}

/// Answers a request.
pub fn answer(visit: &Visit<'_>, asked: Asked<'_>) -> Reply {
    let rest = asked.path.strip_prefix(PATH).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    match (asked.method, rest) {
        (&Method::POST, Some("")) => submit(visit, asked.body),
        (&Method::GET, Some(handle)) if !handle.is_empty() => {
            let number = handle.strip_prefix('/').and_then(number_of);
            match number.and_then(|number| visit.job(number)) {
                Some(job) => state(visit, &job, parameter(asked.query, "partition")),
                None => failed("000709", "02000", &format!("Statement {} not found", handle.trim_start_matches('/'))),
            }
        }
        (_, Some(_)) => error(StatusCode::METHOD_NOT_ALLOWED, "391911", "Method not allowed."),
        (_, None) => error(StatusCode::NOT_FOUND, "390404", "Not found."),
    }
}

fn submit(visit: &Visit<'_>, body: &[u8]) -> Reply {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let Some(statement) = text("statement") else {
        return error(StatusCode::BAD_REQUEST, "391902", "Unable to parse the JSON document");
    };
    if !text("warehouse").is_some_and(|name| name.eq_ignore_ascii_case(&visit.trail.place.warehouse)) {
        let message = "No active warehouse selected in the current session.";
        return failed("000606", "57P03", message);
    }
    match visit.submit(Dialect::Snowflake, statement) {
        Ok(job) => state(visit, &job, None),
        Err(refusal) => refused(&refusal),
    }
}

fn refused(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::Syntax(near) => {
            let message = format!("SQL compilation error:\nsyntax error line 1 at position 0 unexpected '{near}'.");
            failed("001003", "42000", &message)
        }
        Refusal::NoTable(name) => {
            let message = format!("SQL compilation error:\nObject '{name}' does not exist or not authorized.");
            failed("002003", "42S02", &message)
        }
        Refusal::NoColumn(name) => {
            let name = name.to_uppercase();
            failed(
                "000904",
                "42000",
                &format!("SQL compilation error: error line 1 at position 7\ninvalid identifier '{name}'"),
            )
        }
        Refusal::Forbidden(name) => {
            let name = name.rsplit('.').next().unwrap_or_default();
            let message = format!("SQL access control error:\nInsufficient privileges to operate on table '{name}'");
            failed("003001", "42501", &message)
        }
    }
}

fn state(visit: &Visit<'_>, job: &Job, partition: Option<String>) -> Reply {
    let handle = handle_of(job.number);
    let url = format!("{PATH}/{handle}");
    if !job.done {
        let message =
            "Asynchronous execution in progress. Use provided query id to perform query monitoring and management.";
        let body = json!({"code": "333334", "message": message, "statementHandle": handle, "statementStatusUrl": url});
        return Reply::json(StatusCode::ACCEPTED, &body);
    }
    let number = match partition.map(|text| text.parse()) {
        None => 0,
        Some(Ok(number)) => number,
        Some(Err(_)) => return error(StatusCode::BAD_REQUEST, "391905", "Invalid partition."),
    };
    let Some(data) = visit.partition(job, number) else {
        return failed("000709", "02000", &format!("Result of statement {handle} not found"));
    };
    if number > 0 {
        let reply = Reply::json(StatusCode::OK, &json!({"data": data}));
        return if visit.trail.gzip_partitions { gzipped(reply) } else { reply };
    }
    let partitions: Vec<Value> = visit
        .partition_sizes(job)
        .into_iter()
        .map(|rows| json!({"rowCount": rows, "uncompressedSize": rows * 400, "compressedSize": rows * 100}))
        .collect();
    let columns: Vec<Value> = job.answer.columns.iter().map(|(name, kind)| column(visit, name, *kind)).collect();
    let body = json!({
        "resultSetMetaData": {
            "numRows": job.answer.len, "format": "jsonv2", "partitionInfo": partitions, "rowType": columns,
        },
        "data": data,
        "code": "090001",
        "statementStatusUrl": url,
        "requestId": handle,
        "sqlState": "00000",
        "statementHandle": handle,
        "message": "Statement executed successfully.",
        "createdOn": 1_767_225_600_000_u64,
    });
    Reply::json(StatusCode::OK, &body)
}

fn column(visit: &Visit<'_>, name: &str, kind: Type) -> Value {
    let kind = match kind {
        Type::Instant => "timestamp_tz",
        Type::Json if visit.trail.json_values => "variant",
        Type::Text | Type::Json => "text",
    };
    json!({
        "name": name.to_uppercase(), "type": kind, "nullable": true, "database": "", "schema": "", "table": "",
        "byteLength": null, "length": null, "scale": null, "precision": null, "collation": null,
    })
}

fn gzipped(mut reply: Reply) -> Reply {
    reply.body = Bytes::from(gzip(&reply.body));
    reply.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    reply
}

fn handle_of(number: u64) -> String {
    format!("01b2c3d4-0000-1000-8000-{number:012x}")
}

fn number_of(handle: &str) -> Option<u64> {
    let number = u64::from_str_radix(handle.rsplit('-').next()?, 16).ok()?;
    (handle_of(number) == handle).then_some(number)
}

fn failed(code: &str, state: &str, message: &str) -> Reply {
    let body = json!({"code": code, "sqlState": state, "message": message, "statementHandle": handle_of(0)});
    Reply::json(StatusCode::UNPROCESSABLE_ENTITY, &body)
}

fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"code": code, "message": message}))
}
