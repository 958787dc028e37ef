//! A plain reader of the three warehouses: it sends statements, waits, and walks the pages to their end.

use crate::client::{Answer, Client, serve, small};
use fivetran_simulator::{Config, Simulator, Table, Trail, Vendor};
use http::Method;
use serde_json::{Value, json};

pub type Row = Vec<Option<String>>;

pub const WAREHOUSES: [Vendor; 3] = [Vendor::BigQuery, Vendor::Snowflake, Vendor::Databricks];
pub const TOKEN: &str = "Bearer simulated-token";
pub const EVER: i64 = i64::MAX;
/// How often a reader asks whether a statement is done.
const PATIENCE: usize = 20;

/// A reader of one place.
pub struct Reader {
    pub vendor: Vendor,
    pub client: Client,
    pub trail: Trail,
}

/// A simulator of this trail, and a reader of it.
pub async fn read(vendor: Vendor, trail: Trail) -> (Simulator, Reader) {
    read_of(vendor, trail, small()).await
}

/// The same of a certain account.
pub async fn read_of(vendor: Vendor, trail: Trail, config: Config) -> (Simulator, Reader) {
    let (simulator, client) = serve(Config { vendor, trail: trail.clone(), ..config }).await;
    (simulator, Reader { vendor, client, trail })
}

impl Reader {
    pub fn table(&self, table: Table) -> String {
        let name = table.name();
        match self.vendor {
            Vendor::BigQuery => format!("`simulated.fivetran_metadata.{name}`"),
            Vendor::Snowflake => format!(r#""SIMULATED"."FIVETRAN_METADATA"."{}""#, name.to_uppercase()),
            _ => format!("`simulated`.`fivetran_metadata`.`{name}`"),
        }
    }

    pub fn us(&self, column: &str) -> String {
        match self.vendor {
            Vendor::Snowflake => format!("date_part(epoch_microsecond, {column})"),
            _ => format!("unix_micros({column})"),
        }
    }

    pub fn str(&self, expression: &str) -> String {
        match self.vendor {
            Vendor::Snowflake => format!("to_varchar({expression})"),
            _ => format!("cast({expression} as string)"),
        }
    }

    pub fn text(&self, column: &str) -> String {
        match self.vendor {
            Vendor::BigQuery if self.trail.json_values => format!("to_json_string({column})"),
            Vendor::BigQuery => column.into(),
            _ => self.str(column),
        }
    }

    pub fn account(&self) -> String {
        format!("select id, name from {} limit 2", self.table(Table::Account))
    }

    pub fn columns(&self, table: Table) -> String {
        format!("select * from {} limit 0", self.table(table))
    }

    fn conditions(&self, table: Table, from: i64, upto: i64) -> String {
        let at = self.us(if table == Table::Log { "time_stamp" } else { "captured_at" });
        let actors = match table {
            Table::Log => format!(" and {} like '%actor%'", self.text("message_data")),
            _ => String::new(),
        };
        format!("from {} where {at} >= {from} and {} <= {upto}{actors}", self.table(table), self.us("_fivetran_synced"))
    }

    pub fn count(&self, table: Table, from: i64, upto: i64) -> String {
        let at = self.us(if table == Table::Log { "time_stamp" } else { "captured_at" });
        let all = ["count(*)".to_string(), format!("min({at})"), format!("max({at})")];
        let all = all.into_iter().chain([format!("max({})", self.us("_fivetran_synced"))]);
        let all: Vec<String> = all.map(|one| self.str(&one)).collect();
        format!("select {} {}", all.join(", "), self.conditions(table, from, upto))
    }

    /// The columns that rows are asked for; those that are not there are null.
    pub fn selected(&self, table: Table) -> String {
        let instant = |name: &str| self.str(&self.us(name));
        let all: &[(&str, String)] = &match table {
            Table::Log => vec![
                ("id", "id".into()),
                ("time_stamp", instant("time_stamp")),
                ("connection_id", "connection_id".into()),
                ("event", "event".into()),
                ("message_event", "message_event".into()),
                ("message_data", self.text("message_data")),
                ("_fivetran_synced", instant("_fivetran_synced")),
            ],
            _ => {
                let plain = |name: &'static str| (name, name.to_string());
                vec![
                    plain("id"),
                    ("captured_at", instant("captured_at")),
                    plain("user_id"),
                    plain("action"),
                    plain("interaction_method"),
                    plain("primary_resource_type"),
                    plain("primary_resource_id"),
                    plain("secondary_resource_type"),
                    plain("secondary_resource_id"),
                    ("old_values", self.text("old_values")),
                    ("new_values", self.text("new_values")),
                    ("_fivetran_synced", instant("_fivetran_synced")),
                ]
            }
        };
        let asked = |(name, expression): &(&str, String)| match self.trail.no_column.contains(&(*name).to_string()) {
            true => "null".to_string(),
            false => expression.clone(),
        };
        all.iter().map(asked).collect::<Vec<_>>().join(", ")
    }

    pub fn rows(&self, table: Table, from: i64, upto: i64, limit: usize, offset: usize) -> String {
        let at = self.us(if table == Table::Log { "time_stamp" } else { "captured_at" });
        let (selected, conditions) = (self.selected(table), self.conditions(table, from, upto));
        format!("select {selected} {conditions} order by {at}, id limit {limit} offset {offset}")
    }

    /// Sends with the right credentials.
    pub async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let kind = ("x-snowflake-authorization-token-type", "PROGRAMMATIC_ACCESS_TOKEN");
        let headers = [("authorization", TOKEN), kind];
        let headers = if self.vendor == Vendor::Snowflake { &headers[..] } else { &headers[..1] };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.client.send_body(method, path, headers, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Value::Null).await
    }

    /// Sends a statement.
    pub async fn submit(&self, statement: &str) -> Answer {
        let (path, body) = match self.vendor {
            Vendor::BigQuery => (
                "/bigquery/v2/projects/simulated/queries",
                json!({"query": statement, "useLegacySql": false, "timeoutMs": 30000, "maxResults": 5000, "location": "EU"}),
            ),
            Vendor::Snowflake => (
                "/api/v2/statements",
                json!({"statement": statement, "timeout": 60, "database": "SIMULATED", "schema": "FIVETRAN_METADATA", "warehouse": "SIMULATED_WH"}),
            ),
            _ => (
                "/api/2.0/sql/statements",
                json!({
                    "statement": statement, "warehouse_id": "simulated_wh", "catalog": "simulated", "schema": "fivetran_metadata",
                    "wait_timeout": "30s", "on_wait_timeout": "CONTINUE", "disposition": "INLINE", "format": "JSON_ARRAY",
                }),
            ),
        };
        self.send(Method::POST, path, body).await
    }

    /// Whether an answer says that its statement is not done, and where to ask again.
    pub fn pending(&self, answer: &Answer) -> Option<String> {
        let body = answer.json();
        match self.vendor {
            Vendor::BigQuery => (body["jobComplete"] == false).then(|| {
                assert!(body.get("rows").is_none() && body.get("totalRows").is_none());
                let job = body["jobReference"]["jobId"].as_str().unwrap();
                format!("/bigquery/v2/projects/simulated/queries/{job}?location=EU&timeoutMs=30000&maxResults=5000")
            }),
            Vendor::Snowflake => (answer.status == 202).then(|| {
                assert_eq!(body["code"], "333334");
                body["statementStatusUrl"].as_str().unwrap().into()
            }),
            _ => matches!(body["status"]["state"].as_str(), Some("PENDING" | "RUNNING"))
                .then(|| format!("/api/2.0/sql/statements/{}", body["statement_id"].as_str().unwrap())),
        }
    }

    /// The answer of a statement that is done, and how often it was asked for.
    pub async fn done(&self, statement: &str) -> (Answer, usize) {
        let mut answer = self.submit(statement).await;
        for asked in 1..=PATIENCE {
            let Some(path) = self.pending(&answer) else { return (answer, asked) };
            answer = self.get(&path).await;
        }
        panic!("not done");
    }

    /// All rows of a statement; the answer that is none, where one is.
    pub async fn run(&self, statement: &str) -> Result<Vec<Row>, Answer> {
        let (answer, _) = self.done(statement).await;
        if self.is_refusal(&answer) {
            return Err(answer);
        }
        let body = answer.json();
        match self.vendor {
            Vendor::BigQuery => self.pages(body).await,
            Vendor::Snowflake => self.partitions(body).await,
            _ => self.chunks(body).await,
        }
    }

    fn is_refusal(&self, answer: &Answer) -> bool {
        answer.status >= 400 || answer.json()["status"]["state"] == "FAILED"
    }

    async fn pages(&self, mut body: Value) -> Result<Vec<Row>, Answer> {
        let mut rows = Vec::new();
        let total: usize = body["totalRows"].as_str().unwrap().parse().unwrap();
        let job = body["jobReference"]["jobId"].as_str().unwrap().to_string();
        loop {
            rows.extend(fields(&body));
            let Some(token) = body["pageToken"].as_str() else { break };
            let answer = self
                .get(&format!(
                    "/bigquery/v2/projects/simulated/queries/{job}?location=EU&maxResults=5000&pageToken={token}"
                ))
                .await;
            if answer.status != 200 {
                return Err(answer);
            }
            body = answer.json();
        }
        assert_eq!(rows.len(), total);
        Ok(rows)
    }

    async fn partitions(&self, body: Value) -> Result<Vec<Row>, Answer> {
        let mut rows = array(&body["data"]);
        let (about, handle) = (&body["resultSetMetaData"], body["statementHandle"].as_str().unwrap());
        let partitions = about["partitionInfo"].as_array().unwrap();
        for (number, about) in partitions.iter().enumerate().skip(1) {
            let answer = self.get(&format!("/api/v2/statements/{handle}?partition={number}")).await;
            if answer.status != 200 {
                return Err(answer);
            }
            let more = array(&answer.json()["data"]);
            assert_eq!(json!(more.len()), about["rowCount"]);
            rows.extend(more);
        }
        assert_eq!(json!(rows.len()), about["numRows"]);
        Ok(rows)
    }

    async fn chunks(&self, body: Value) -> Result<Vec<Row>, Answer> {
        let mut rows = array(&body["result"]["data_array"]);
        let mut next = body["result"]["next_chunk_internal_link"].as_str().map(String::from);
        while let Some(path) = next {
            let answer = self.get(&path).await;
            if answer.status != 200 {
                return Err(answer);
            }
            let chunk = answer.json();
            rows.extend(array(&chunk["data_array"]));
            next = chunk["next_chunk_internal_link"].as_str().map(String::from);
        }
        assert_eq!(json!(rows.len()), body["manifest"]["total_row_count"]);
        Ok(rows)
    }

    /// Count and watermark of a table.
    pub async fn counted(&self, table: Table, upto: i64) -> (usize, Option<i64>) {
        let rows = self.run(&self.count(table, 0, upto)).await.unwrap();
        let row = &rows[0];
        (row[0].as_ref().unwrap().parse().unwrap(), row[3].as_ref().map(|synced| synced.parse().unwrap()))
    }

    /// Every row of a table up to a watermark, read by keyset `limit` at a time.
    pub async fn walk(&self, table: Table, upto: i64, limit: usize) -> Vec<Row> {
        let mut all: Vec<Row> = Vec::new();
        let (mut from, mut offset) = (0, 0);
        loop {
            let rows = self.run(&self.rows(table, from, upto, limit, offset)).await.unwrap();
            let last = rows.len() < limit;
            for row in rows {
                let at: i64 = row[1].as_ref().unwrap().parse().unwrap();
                offset = if at == from { offset + 1 } else { 1 };
                from = at;
                all.push(row);
            }
            if last {
                return all;
            }
        }
    }
}

/// The rows of a page of BigQuery's.
pub fn fields(body: &Value) -> Vec<Row> {
    let row = |row: &Value| row["f"].as_array().unwrap().iter().map(|cell| cell_of(&cell["v"])).collect();
    body["rows"].as_array().into_iter().flatten().map(row).collect()
}

fn array(rows: &Value) -> Vec<Row> {
    let row = |row: &Value| row.as_array().unwrap().iter().map(cell_of).collect();
    rows.as_array().into_iter().flatten().map(row).collect()
}

fn cell_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => panic!("{other} is no text"),
    }
}
