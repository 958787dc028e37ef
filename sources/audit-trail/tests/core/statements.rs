//! Every request, to the letter.

use crate::support::{bigquery, columns, databricks, datadog, place, snowflake, step};
use audit_trail_source::ask::Part;
use audit_trail_source::place::Place;
use audit_trail_source::settings::Settings;
use audit_trail_source::step::{Open, Phase, Step, Way};
use audit_trail_source::table::{Columns, Table};
use serde_json::{Value, json};
use source_kit::Ask;

fn open(handle: &str, next: &str) -> Phase {
    Phase::Rows(Some(Open { part: Part { handle: handle.into(), next: next.into() }, read: 5 }))
}

/// Every statement of a place, from the account to the log.
fn statements(settings: &Settings) -> Vec<String> {
    let place = place(settings);
    let since = Some(1_700_000_000_000_000);
    let trail = |phase| step(place, Table::AuditTrail, since, phase);
    let later = Step { watermark_us: 1_800, at_us: 1_750, skip: 2, ..trail(Phase::Rows(None)) };
    let log = |phase| Step { columns: columns(Table::Log, &["message_data"]), ..step(place, Table::Log, None, phase) };
    let steps = [
        place.first(Table::Account, since, 0).unwrap(),
        trail(Phase::Columns),
        trail(Phase::Count),
        later,
        Step { watermark_us: 1_800, ..trail(Phase::Recount) },
        log(Phase::Count),
        log(Phase::Rows(None)),
    ];
    steps.iter().map(|step| place.statement(step)).collect()
}

const CELLS: &str = "user_id, action, interaction_method, primary_resource_type, primary_resource_id, secondary_resource_type, secondary_resource_id";

#[test]
fn bigquerys_statements() {
    assert_eq!(
        statements(&bigquery()),
        [
            "select id, name from `p.d.account` limit 2".to_string(),
            "select * from `p.d.audit_trail` limit 0".into(),
            "select cast(count(*) as string), cast(min(unix_micros(captured_at)) as string), cast(max(unix_micros(captured_at)) as string), cast(max(unix_micros(_fivetran_synced)) as string) from `p.d.audit_trail` where unix_micros(captured_at) >= 1700000000000000 and unix_micros(_fivetran_synced) <= 9223372036854775807".into(),
            format!("select id, cast(unix_micros(captured_at) as string), {CELLS}, old_values, new_values, cast(unix_micros(_fivetran_synced) as string) from `p.d.audit_trail` where unix_micros(captured_at) >= 1750 and unix_micros(_fivetran_synced) <= 1800 order by unix_micros(captured_at), id limit 4000 offset 2"),
            "select cast(count(*) as string), cast(min(unix_micros(captured_at)) as string), cast(max(unix_micros(captured_at)) as string), cast(max(unix_micros(_fivetran_synced)) as string) from `p.d.audit_trail` where unix_micros(captured_at) >= 1700000000000000 and unix_micros(_fivetran_synced) <= 1800".into(),
            "select cast(count(*) as string), cast(min(unix_micros(time_stamp)) as string), cast(max(unix_micros(time_stamp)) as string), cast(max(unix_micros(_fivetran_synced)) as string) from `p.d.log` where unix_micros(time_stamp) >= -62135596800000000 and unix_micros(_fivetran_synced) <= 9223372036854775807 and to_json_string(message_data) like '%actor%'".into(),
            "select id, cast(unix_micros(time_stamp) as string), connection_id, event, message_event, to_json_string(message_data), cast(unix_micros(_fivetran_synced) as string) from `p.d.log` where unix_micros(time_stamp) >= -62135596800000000 and unix_micros(_fivetran_synced) <= 9223372036854775807 and to_json_string(message_data) like '%actor%' order by unix_micros(time_stamp), id limit 4000 offset 0".into(),
        ]
    );
}

#[test]
fn snowflakes_statements() {
    assert_eq!(
        statements(&snowflake()),
        [
            r#"select id, name from "DB"."FM"."ACCOUNT" limit 2"#.to_string(),
            r#"select * from "DB"."FM"."AUDIT_TRAIL" limit 0"#.into(),
            r#"select to_varchar(count(*)), to_varchar(min(date_part(epoch_microsecond, captured_at))), to_varchar(max(date_part(epoch_microsecond, captured_at))), to_varchar(max(date_part(epoch_microsecond, _fivetran_synced))) from "DB"."FM"."AUDIT_TRAIL" where date_part(epoch_microsecond, captured_at) >= 1700000000000000 and date_part(epoch_microsecond, _fivetran_synced) <= 9223372036854775807"#.into(),
            format!(r#"select id, to_varchar(date_part(epoch_microsecond, captured_at)), {CELLS}, to_varchar(old_values), to_varchar(new_values), to_varchar(date_part(epoch_microsecond, _fivetran_synced)) from "DB"."FM"."AUDIT_TRAIL" where date_part(epoch_microsecond, captured_at) >= 1750 and date_part(epoch_microsecond, _fivetran_synced) <= 1800 order by date_part(epoch_microsecond, captured_at), id limit 4000 offset 2"#),
            r#"select to_varchar(count(*)), to_varchar(min(date_part(epoch_microsecond, captured_at))), to_varchar(max(date_part(epoch_microsecond, captured_at))), to_varchar(max(date_part(epoch_microsecond, _fivetran_synced))) from "DB"."FM"."AUDIT_TRAIL" where date_part(epoch_microsecond, captured_at) >= 1700000000000000 and date_part(epoch_microsecond, _fivetran_synced) <= 1800"#.into(),
            r#"select to_varchar(count(*)), to_varchar(min(date_part(epoch_microsecond, time_stamp))), to_varchar(max(date_part(epoch_microsecond, time_stamp))), to_varchar(max(date_part(epoch_microsecond, _fivetran_synced))) from "DB"."FM"."LOG" where date_part(epoch_microsecond, time_stamp) >= -62135596800000000 and date_part(epoch_microsecond, _fivetran_synced) <= 9223372036854775807 and to_varchar(message_data) like '%actor%'"#.into(),
            r#"select id, to_varchar(date_part(epoch_microsecond, time_stamp)), connection_id, event, message_event, to_varchar(message_data), to_varchar(date_part(epoch_microsecond, _fivetran_synced)) from "DB"."FM"."LOG" where date_part(epoch_microsecond, time_stamp) >= -62135596800000000 and date_part(epoch_microsecond, _fivetran_synced) <= 9223372036854775807 and to_varchar(message_data) like '%actor%' order by date_part(epoch_microsecond, time_stamp), id limit 4000 offset 0"#.into(),
        ]
    );
}

#[test]
fn databricks_statements() {
    let all = statements(&databricks());
    assert_eq!(all[0], "select id, name from `c`.`s`.`account` limit 2");
    assert_eq!(
        all[6],
        "select id, cast(unix_micros(time_stamp) as string), connection_id, event, message_event, cast(message_data as string), cast(unix_micros(_fivetran_synced) as string) from `c`.`s`.`log` where unix_micros(time_stamp) >= -62135596800000000 and unix_micros(_fivetran_synced) <= 9223372036854775807 and cast(message_data as string) like '%actor%' order by unix_micros(time_stamp), id limit 4000 offset 0"
    );
}

#[test]
fn a_column_that_is_not_there_is_null() {
    let settings = databricks();
    let found = [
        ("ID", "STRING"),
        ("captured_at", "TIMESTAMP"),
        ("new_values", "JSON"),
        ("_fivetran_synced", "TIMESTAMP"),
        ("more", "INT"),
    ];
    let found: Vec<_> = found.iter().map(|(name, kind)| ((*name).to_string(), (*kind).to_string())).collect();
    let columns = Columns::of(Table::AuditTrail, &found).unwrap();
    let step = Step { columns, ..step(place(&settings), Table::AuditTrail, None, Phase::Rows(None)) };
    assert_eq!(
        place(&settings).statement(&step),
        "select id, cast(unix_micros(captured_at) as string), null, null, null, null, null, null, null, null, cast(new_values as string), cast(unix_micros(_fivetran_synced) as string) from `c`.`s`.`audit_trail` where unix_micros(captured_at) >= -62135596800000000 and unix_micros(_fivetran_synced) <= 9223372036854775807 order by unix_micros(captured_at), id limit 4000 offset 0"
    );
    for short in ["id", "captured_at", "_fivetran_synced"] {
        let rest: Vec<_> = found.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(short)).cloned().collect();
        assert!(Columns::of(Table::AuditTrail, &rest).is_err(), "{short}");
    }
}

fn check(ask: &Ask, host: &str, path: &str, body: Option<Value>) {
    assert_eq!((&*ask.host, ask.path_and_query.as_str()), (host, path));
    assert_eq!(ask.body.as_deref().map(|text| serde_json::from_str::<Value>(text).unwrap()), body);
}

#[test]
fn snowflakes_requests() {
    let settings = snowflake();
    let place: &dyn Place = place(&settings);
    let account = place.first(Table::Account, None, 0).unwrap();
    let body = json!({"statement": place.statement(&account), "timeout": 60, "database": "DB", "schema": "FM", "warehouse": "WH", "role": "R"});
    let ask = place.ask(&account);
    check(&ask, "xy123.snowflakecomputing.com", "/api/v2/statements", Some(body));
    assert_eq!(ask.headers, [("x-snowflake-authorization-token-type", "PROGRAMMATIC_ACCESS_TOKEN".to_string())]);
}

#[test]
fn databricks_requests() {
    let settings = databricks();
    let place = place(&settings);
    let account = place.first(Table::Account, None, 0).unwrap();
    let body = json!({"statement": place.statement(&account), "warehouse_id": "w1", "catalog": "c", "schema": "s", "wait_timeout": "30s", "on_wait_timeout": "CONTINUE", "disposition": "INLINE", "format": "JSON_ARRAY"});
    check(&place.ask(&account), "dbc-1.cloud.databricks.com", "/api/2.0/sql/statements", Some(body));
    let ask = place.ask(&step(place, Table::Log, None, open("01b-2", "2")));
    check(&ask, "dbc-1.cloud.databricks.com", "/api/2.0/sql/statements/01b-2/result/chunks/2", None);
    assert!(ask.headers.is_empty());
}

#[test]
fn bigquerys_requests() {
    const HOST: &str = "bigquery.googleapis.com";
    let settings = bigquery();
    let place = place(&settings);
    let account = place.first(Table::Account, None, 0).unwrap();
    let body = json!({"query": place.statement(&account), "useLegacySql": false, "timeoutMs": 30000, "maxResults": 4000, "location": "EU"});
    check(&place.ask(&account), HOST, "/bigquery/v2/projects/p/queries", Some(body));
    let ask = place.ask(&step(place, Table::Log, None, open("EU.job_1", "BE=+/")));
    let path =
        "/bigquery/v2/projects/p/queries/job_1?location=EU&timeoutMs=30000&maxResults=4000&pageToken=BE%3D%2B%2F";
    check(&ask, HOST, path, None);

    let whole = |phase| step(place, Table::AuditTrail, None, phase);
    assert_eq!(whole(Phase::Columns).way, Way::Listing);
    assert_eq!(step(place, Table::AuditTrail, Some(1), Phase::Columns).way, Way::Statements);
    const TABLE: &str = "/bigquery/v2/projects/p/datasets/d/tables/audit_trail";
    let fields =
        format!("selectedFields={}&formatOptions.useInt64Timestamp=true", Table::AuditTrail.columns().join(","));
    check(&place.ask(&whole(Phase::Columns)), HOST, TABLE, None);
    check(&place.ask(&whole(Phase::Rows(None))), HOST, &format!("{TABLE}/data?maxResults=4000&{fields}"), None);
    let ask = place.ask(&whole(open("", "t1")));
    check(&ask, HOST, &format!("{TABLE}/data?maxResults=4000&{fields}&pageToken=t1"), None);
    let again = whole(Phase::Recount);
    let counted = "select cast(count(*) as string), cast(min(unix_micros(captured_at)) as string), cast(max(unix_micros(captured_at)) as string), cast(max(unix_micros(_fivetran_synced)) as string), cast(sum(mod(unix_micros(captured_at), 1000000007)) as string), cast(count(distinct concat(id, ' ', cast(unix_micros(captured_at) as string))) as string) from `p.d.audit_trail`";
    let body =
        json!({"query": counted, "useLegacySql": false, "timeoutMs": 30000, "maxResults": 4000, "location": "EU"});
    check(&place.ask(&again), HOST, "/bigquery/v2/projects/p/queries", Some(body));
    assert!(place.statement(&whole(Phase::Rows(None))).starts_with("GET /bigquery/v2/"));
}

#[test]
fn datadogs_requests() {
    let settings = datadog();
    let place = place(&settings);
    assert_eq!(place.first(Table::AuditTrail, None, 0), None);
    assert_eq!(place.first(Table::Account, None, 0), None);
    let first = place.first(Table::Log, Some(1_000_000), 9_000_000).unwrap();
    let search = |from: &str| {
        format!(
            "/api/v2/logs/events?filter%5Bquery%5D=source%3Afivetran&filter%5Bfrom%5D={from}&filter%5Bto%5D=1970-01-01T00%3A00%3A09.000Z&sort=timestamp&page%5Blimit%5D=1000"
        )
    };
    check(&place.ask(&first), "api.us3.datadoghq.com", &search("1970-01-01T00%3A00%3A01.000Z"), None);
    let further = Step { at_us: 5_000_000, phase: open("2000000", "eyJ="), ..first };
    let path = format!("{}&page%5Bcursor%5D=eyJ%3D", search("1970-01-01T00%3A00%3A02.000Z"));
    check(&place.ask(&further), "api.us3.datadoghq.com", &path, None);
}
