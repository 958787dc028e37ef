//! What answers mean: those that vendors document, those of the doubles, and any other.

use crate::support::{bigquery, columns, databricks, datadog, place, snowflake, step};
use audit_trail_source::ask::{Answer, Heard, Part, Rows};
use audit_trail_source::settings::Settings;
use audit_trail_source::step::{Open, Phase, Step};
use audit_trail_source::table::{Columns, Table};
use proptest::prelude::*;
use serde_json::{Value, json};
use source_kit::Ask;

const FURTHER: bool = true;

fn heard(body: &str, status: u16) -> Heard<'_> {
    Heard { status, body, polled: false }
}

/// A step that counts, or one that reads a further part.
fn counting(settings: &Settings, further: bool) -> Step {
    let part = Part { handle: "EU.h1".into(), next: "1".into() };
    let rows = Phase::Rows(Some(Open { part, read: 1 }));
    step(place(settings), Table::AuditTrail, Some(1), if further { rows } else { Phase::Count })
}

/// The meaning of an answer in a word or two.
fn meaning(settings: &Settings, further: bool, status: u16, body: &Value) -> String {
    let text = if let Value::String(text) = body { text.clone() } else { body.to_string() };
    match place(settings).read(&counting(settings, further), Heard { polled: further, ..heard(&text, status) }) {
        Answer::Rows(rows) => format!("{} rows", rows.rows.len()),
        Answer::Later(Ask { path_and_query, .. }) => format!("later {path_and_query}"),
        Answer::Lost => "lost".into(),
        Answer::Missing => "missing".into(),
        Answer::Refused(permission) => format!("refused {}", permission.unwrap_or_default()),
        Answer::Unauthorized => "unauthorized".into(),
        Answer::Broken(what) => format!("broken: {what}"),
    }
}

const ODD: &str = "broken: the answer is not what the place documents";
const COUNT: [&str; 4] = ["3", "1", "2", "9"];

#[test]
fn snowflakes_answers() {
    let settings = snowflake();
    let failure = |code: &str, state: &str| json!({"code": code, "sqlState": state, "message": "SQL compilation error", "statementHandle": "h"});
    let result = json!({"resultSetMetaData": {"numRows": 1, "format": "jsonv2", "partitionInfo": [{"rowCount": 1}], "rowType": [{"name": "A", "type": "text"}]}, "data": [COUNT], "code": "090001", "statementHandle": "h"});
    for (further, status, body, want) in [
        (false, 200, result, "1 rows"),
        (false, 200, json!({"data": [COUNT]}), ODD),
        (
            false,
            202,
            json!({"code": "333334", "statementHandle": "01b-2", "message": "Asynchronous execution in progress."}),
            "later /api/v2/statements/01b-2",
        ),
        (false, 202, json!({"statementHandle": "../../x"}), ODD),
        (false, 422, failure("002003", "42S02"), "missing"),
        (false, 422, failure("002003", "02000"), "missing"),
        (false, 422, failure("002043", "02000"), "missing"),
        (false, 422, failure("003001", "42501"), "refused SELECT"),
        (false, 422, failure("000606", "57P03"), "refused USAGE on the warehouse"),
        (false, 422, failure("001003", "42000"), "broken: Snowflake could not run the statement"),
        (FURTHER, 422, failure("000709", "02000"), "lost"),
        (FURTHER, 404, json!("not json"), "lost"),
        (false, 404, json!({}), "broken: Snowflake answered with a failure"),
        (false, 401, json!({"code": "390318", "message": "OAuth access token expired."}), "unauthorized"),
        (false, 403, json!({"code": "390420"}), "refused "),
        (false, 503, json!("<html>"), ODD),
    ] {
        assert_eq!(meaning(&settings, further, status, &body), want, "{status} {body}");
    }
}

/// What the first partition lacks is asked for by a statement that begins at its last row.
#[test]
fn of_snowflakes_partitions_only_the_first_is_read() {
    let settings = snowflake();
    let row: Vec<Value> = (0..12).map(|_| json!("7")).collect();
    let body = json!({"resultSetMetaData": {"numRows": 5, "partitionInfo": [{}, {}, {}], "rowType": []}, "data": [row], "statementHandle": "h1"}).to_string();
    let first = step(place(&settings), Table::AuditTrail, None, Phase::Rows(None));
    let Answer::Rows(rows) = place(&settings).read(&first, heard(&body, 200)) else { panic!() };
    assert_eq!((&rows.next, rows.total), (&None, Some(5)));
    let next = first.next(&rows).unwrap();
    assert_eq!((next.phase, next.at_us, next.skip), (Phase::Rows(None), 7, 1));
    let none = Rows { rows: Vec::new(), ..rows };
    assert!(first.next(&none).is_err(), "an answer without any of its rows would be asked for again and again");
}

#[test]
fn databricks_answers() {
    let settings = databricks();
    let state = |state: &str| json!({"statement_id": "01f-3", "status": {"state": state}});
    let failed = |message: &str, sql: &str| json!({"statement_id": "s", "status": {"state": "FAILED", "error": {"error_code": "BAD_REQUEST", "message": message}, "sql_state": sql}});
    let manifest = json!({"format": "JSON_ARRAY", "schema": {"columns": [{"name": "a", "type_name": "STRING", "position": 0}]}, "total_row_count": 1, "truncated": false});
    let result = |manifest: &Value| json!({"statement_id": "s", "status": {"state": "SUCCEEDED"}, "manifest": manifest, "result": {"chunk_index": 0, "row_count": 1, "data_array": [[3, 1, 2.0, "9"]]}});
    let mut cut = manifest.clone();
    cut["truncated"] = true.into();
    for (further, status, body, want) in [
        (false, 200, result(&manifest), "1 rows"),
        (false, 200, result(&cut), "broken: Databricks left rows out of the result"),
        (false, 200, state("PENDING"), "later /api/2.0/sql/statements/01f-3"),
        (false, 200, state("RUNNING"), "later /api/2.0/sql/statements/01f-3"),
        (false, 200, state("CANCELED"), "lost"),
        (false, 200, state("CLOSED"), "lost"),
        (false, 200, state("DREAMING"), ODD),
        (
            false,
            200,
            failed("[TABLE_OR_VIEW_NOT_FOUND] The table or view `c`.`s`.`audit_trail` cannot be found.", ""),
            "missing",
        ),
        (false, 200, failed("anything", "42P01"), "missing"),
        (false, 200, failed("[SCHEMA_NOT_FOUND] The schema `s` cannot be found.", "42704"), "missing"),
        (
            false,
            200,
            failed("[INSUFFICIENT_PERMISSIONS] User does not have permission SELECT on table.", "42501"),
            "refused SELECT",
        ),
        (
            false,
            200,
            failed("Inline byte limit exceeded.", ""),
            "broken: a result is larger than the 25 MiB that Databricks gives inline",
        ),
        (false, 200, failed("[PARSE_SYNTAX_ERROR]", "42601"), "broken: Databricks could not run the statement"),
        (
            false,
            400,
            json!({"error_code": "BAD_REQUEST", "message": "Table with name audit_trail does not exist!"}),
            "missing",
        ),
        (
            false,
            403,
            json!({"error_code": "PERMISSION_DENIED", "message": "You do not have CAN_USE on the warehouse."}),
            "refused CAN_USE",
        ),
        (
            false,
            404,
            json!({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "The warehouse w1 does not exist."}),
            "broken: Databricks has no such SQL warehouse",
        ),
        (false, 401, json!(""), "unauthorized"),
        (FURTHER, 404, json!({"error_code": "NOT_FOUND"}), "lost"),
        (FURTHER, 200, json!({"chunk_index": 1, "row_count": 0}), "0 rows"),
        (FURTHER, 200, json!({"chunk_index": 1, "row_count": 9}), ODD),
        (FURTHER, 200, json!({"status": {"state": "SUCCEEDED"}}), ODD),
        (FURTHER, 200, json!({"chunk_index": 1, "data_array": [], "next_chunk_index": 1}), ODD),
        (FURTHER, 200, json!([]), ODD),
    ] {
        assert_eq!(meaning(&settings, further, status, &body), want, "{status} {body}");
    }
}

#[test]
fn bigquerys_answers() {
    let settings = bigquery();
    let error = |code: u16, reason: &str, message: &str| json!({"error": {"code": code, "message": message, "errors": [{"reason": reason, "message": message}]}});
    let cells: Vec<_> = COUNT.iter().map(|text| json!({"v": text})).collect();
    let result = json!({"jobComplete": true, "schema": {"fields": [{"name": "f0_", "type": "STRING"}]}, "rows": [{"f": cells}], "totalRows": "1", "jobReference": {"projectId": "p", "jobId": "job_1"}});
    let denied =
        "Access Denied: Table p:d.audit_trail: Permission bigquery.tables.getData denied on table p:d.audit_trail";
    for (further, status, body, want) in [
        (false, 200, result, "1 rows"),
        (
            false,
            200,
            json!({"jobComplete": false, "jobReference": {"jobId": "job_1", "location": "europe-west3"}}),
            "later /bigquery/v2/projects/p/queries/job_1?location=europe-west3&timeoutMs=30000&maxResults=4000",
        ),
        (false, 200, json!({"jobComplete": false}), ODD),
        (
            false,
            200,
            json!({"jobComplete": true, "errors": [{"reason": "notFound", "message": "Not found: Table p:d.audit_trail"}]}),
            "missing",
        ),
        (
            false,
            200,
            json!({"errors": [{"reason": "invalidQuery", "message": "Table with name audit_trail does not exist!"}]}),
            "missing",
        ),
        (
            false,
            200,
            json!({"errors": [{"reason": "invalidQuery", "message": "Syntax error"}]}),
            "broken: BigQuery could not run the statement",
        ),
        (false, 404, error(404, "notFound", "Not found: Table p:d.audit_trail"), "missing"),
        (false, 403, error(403, "accessDenied", denied), "refused bigquery.tables.getData"),
        (false, 403, error(403, "accessDenied", &format!("{denied} (or it may not exist).")), "missing"),
        (
            false,
            403,
            error(403, "rateLimitExceeded", "Exceeded rate limits"),
            "broken: the project's quota of BigQuery is used up",
        ),
        (false, 403, error(403, "accessDenied", "bigquery.<script>"), "refused SELECT"),
        (false, 401, error(401, "authError", "Request had invalid authentication credentials."), "unauthorized"),
        (FURTHER, 404, error(404, "notFound", "Not found: Job p:EU.job_1"), "lost"),
        (FURTHER, 400, error(400, "invalid", "Invalid value for page token"), "lost"),
        (false, 500, json!("oops"), "broken: BigQuery answered with a failure"),
        (false, 200, json!("oops"), ODD),
    ] {
        assert_eq!(meaning(&settings, further, status, &body), want, "{status} {body}");
    }
}

#[test]
fn rows_of_bigquerys_listing_come_in_the_order_of_the_columns() {
    let settings = bigquery();
    let first = step(place(&settings), Table::AuditTrail, None, Phase::Rows(None));
    let found: Vec<_> = ["_fivetran_synced", "action", "captured_at", "id"]
        .iter()
        .map(|name| ((*name).into(), "STRING".into()))
        .collect();
    let first = Step { columns: Columns::of(Table::AuditTrail, &found).unwrap(), ..first };
    let row = |cells: &[Value]| json!({"f": cells.iter().map(|cell| json!({"v": cell})).collect::<Vec<_>>()});
    let body = json!({"totalRows": "7", "pageToken": "t=", "rows": [row(&[json!("1700000000.5"), json!("EDIT"), json!("1700000000000001"), json!("a")])]}).to_string();
    let Answer::Rows(rows) = place(&settings).read(&first, heard(&body, 200)) else { panic!() };
    let cells: Vec<_> = rows.rows[0].iter().map(Option::as_deref).collect();
    assert_eq!(cells[..4], [Some("a"), Some("1700000000000001"), None, Some("EDIT")]);
    assert_eq!(cells[11], Some("1700000000500000"));
    assert_eq!((rows.total, rows.next.map(|part| part.next)), (Some(7), Some("t=".into())));
    let short = json!({"totalRows": "7", "rows": [row(&[json!("1")])]}).to_string();
    assert!(matches!(place(&settings).read(&first, heard(&short, 200)), Answer::Broken(_)));
}

#[test]
fn datadogs_logs_come_as_rows_of_the_log() {
    let settings = datadog();
    let first = place(&settings).first(Table::Log, Some(1_000), 9_000_000).unwrap();
    let log = |id: &str, attributes: Value| json!({"id": id, "type": "log", "attributes": attributes});
    let event = json!({"event": "create_connection", "connection_id": "c1", "data": {"actor": "u1"}});
    let body = json!({"data": [
        log("a", json!({"timestamp": "1970-01-01T00:00:01.500Z", "attributes": event})),
        log("b", json!({"timestamp": "1970-01-01T00:00:02.000Z", "message": event.to_string()})),
        log("c", json!({"timestamp": "1970-01-01T00:00:03.000Z"})),
    ], "meta": {"page": {"after": "eyJ="}, "status": "done"}});
    let text = body.to_string();
    let Answer::Rows(rows) = place(&settings).read(&first, heard(&text, 200)) else { panic!() };
    let texts = |at: usize| -> Vec<Option<&str>> { rows.rows[at].iter().map(Option::as_deref).collect() };
    let data = Some(r#"{"actor":"u1"}"#);
    assert_eq!(texts(0), [Some("a"), Some("1500000"), Some("c1"), None, Some("create_connection"), data, None]);
    assert_eq!(texts(1)[1..6], [Some("2000000"), Some("c1"), None, Some("create_connection"), data]);
    assert_eq!(texts(2)[2..], [None; 5]);
    assert_eq!(rows.next, Some(Part { handle: "1000".into(), next: "eyJ=".into() }));
    let after_loss = Step { skip: 1, ..first.clone() };
    let Answer::Rows(rest) = place(&settings).read(&after_loss, heard(&text, 200)) else { panic!() };
    assert_eq!(rest.rows.len(), 2, "what was read before is left out");
    for (status, body, want) in [
        (403, json!({"errors": ["Forbidden"]}), "refused logs_read_data"),
        (401, json!({"errors": ["Unauthorized"]}), "unauthorized"),
        (
            200,
            json!({"data": [], "meta": {"status": "timeout"}}),
            "broken: Datadog ran out of time, and left logs out of the answer",
        ),
        (200, json!({"data": [{}]}), ODD),
    ] {
        let text = body.to_string();
        let got = match place(&settings).read(&first, heard(&text, status)) {
            Answer::Refused(permission) => format!("refused {}", permission.unwrap_or_default()),
            Answer::Unauthorized => "unauthorized".into(),
            Answer::Broken(what) => format!("broken: {what}"),
            other => format!("{other:?}"),
        };
        assert_eq!(got, want, "{body}");
    }
}

/// JSON of keys that places use, in any shape.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "resultSetMetaData",
        "rowType",
        "partitionInfo",
        "data",
        "statementHandle",
        "status",
        "state",
        "manifest",
        "schema",
        "columns",
        "result",
        "data_array",
        "next_chunk_index",
        "statement_id",
        "jobComplete",
        "jobReference",
        "jobId",
        "fields",
        "rows",
        "f",
        "v",
        "errors",
        "error",
        "message",
        "reason",
        "totalRows",
        "pageToken",
        "name",
        "type",
        "meta",
        "page",
        "after",
        "attributes",
        "id",
        "timestamp",
        "event",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["SUCCEEDED", "FAILED", "PENDING", "1", "", "h1", "2026-01-01T00:00:00Z", "{}"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5).prop_map(|entries| entries
                .into_iter()
                .map(|(key, value)| (key.to_string(), value))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_makes_a_place_stumble(body in any_json(), status in prop::sample::select(vec![200u16, 202, 400, 403, 404, 422, 500]), phase in 0..5usize, cut in 0..400usize) {
        let mut text = body.to_string();
        if cut < text.len() && text.is_char_boundary(cut) && cut % 3 == 0 {
            text.truncate(cut);
        }
        for settings in [bigquery(), snowflake(), databricks(), datadog()] {
            let place = place(&settings);
            let part = Part { handle: "h".into(), next: "1".into() };
            let phases = [Phase::Account, Phase::Columns, Phase::Count, Phase::Rows(None), Phase::Rows(Some(Open { part, read: 3 }))];
            for (table, since) in [(Table::AuditTrail, None), (Table::AuditTrail, Some(5)), (Table::Log, None)] {
                let Some(first) = place.first(table, since, 9) else { continue };
                let step = Step { phase: phases[phase].clone(), columns: columns(table, &[]), ..first };
                if let Answer::Rows(rows) = place.read(&step, heard(&text, status)) {
                    let _ = step.next(&rows);
                }
            }
        }
    }
}
