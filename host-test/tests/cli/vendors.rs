//! `simulate --vendor`: each place of the audit trail, reached as the lines that it prints say.

use crate::support::{SMALL, check, program};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A simulator, its address, how to get in, and the settings that it prints.
fn simulate(vendor: &str, more: &[&str]) -> (Running, String, String, Value) {
    let args = [&["simulate", "--listen", "127.0.0.1:0", "--vendor", vendor], SMALL, more].concat();
    let mut child = program(&args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.next().unwrap();
    let address = address.split("http://").nth(1).unwrap().split(' ').next().unwrap().to_string();
    let accepts = lines.next().unwrap();
    let settings = lines.next().unwrap();
    let settings = settings.split_once("for it: ").unwrap().1;
    (Running(child), address, accepts, serde_json::from_str(settings).unwrap())
}

/// Status line, and the body as JSON.
fn send(address: &str, head: &str, body: &str) -> (String, Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(stream, "{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().into(), serde_json::from_str(body).unwrap())
}

#[test]
fn each_vendor_is_what_its_lines_say() {
    let (_running, address, accepts, settings) = simulate("bigquery", &["--sim-entries", "77"]);
    let place = &settings["bigquery"];
    let (project, dataset) = (place["project"].as_str().unwrap(), place["dataset"].as_str().unwrap());
    let token = accepts.rsplit(' ').next().unwrap();
    let get = format!(
        "GET /bigquery/v2/projects/{project}/datasets/{dataset}/tables/audit_trail HTTP/1.1\r\nauthorization: Bearer {token}"
    );
    let (status, body) = send(&address, &get, "");
    assert_eq!((status.as_str(), &body["numRows"]), ("HTTP/1.1 200 OK", &Value::from("77")));

    let (_running, address, accepts, settings) = simulate("snowflake", &[]);
    let (place, token) = (&settings["snowflake"], accepts.rsplit(' ').next().unwrap());
    let text = |name: &str| place[name].as_str().unwrap();
    let head = format!(
        "POST /api/v2/statements HTTP/1.1\r\nauthorization: Bearer {token}\r\nx-snowflake-authorization-token-type: PROGRAMMATIC_ACCESS_TOKEN"
    );
    let statement = format!(r#"select id, name from "{}"."{}"."ACCOUNT" limit 2"#, text("database"), text("schema"));
    let body = serde_json::json!({"statement": statement, "warehouse": text("warehouse")}).to_string();
    let (status, body) = send(&address, &head, &body);
    assert_eq!((status.as_str(), &body["data"][0][0]), ("HTTP/1.1 200 OK", &settings["account"]));

    let (_running, address, accepts, settings) = simulate("databricks", &["--sim-trail", "pending=1,no-table=account"]);
    let (place, token) = (&settings["databricks"], accepts.rsplit(' ').next().unwrap());
    let text = |name: &str| place[name].as_str().unwrap();
    let head = format!("POST /api/2.0/sql/statements HTTP/1.1\r\nauthorization: Bearer {token}");
    let sent = |table: &str| {
        let statement = format!("select * from `{}`.`{}`.`{table}` limit 0", text("catalog"), text("schema"));
        let body = serde_json::json!({"statement": statement, "warehouse_id": text("warehouse_id")}).to_string();
        send(&address, &head, &body).1["status"]["state"].clone()
    };
    assert_eq!((sent("log"), sent("account")), (Value::from("PENDING"), Value::from("FAILED")));

    let (_running, address, accepts, settings) = simulate("datadog", &[]);
    assert_eq!(settings["datadog"]["site"], "datadoghq.com");
    let words: Vec<&str> = accepts.split(' ').collect();
    let key = |after: &str| words[words.iter().position(|word| *word == after).unwrap() + 2];
    let keys = format!("dd-api-key: {}\r\ndd-application-key: {}", key("API"), key("application"));
    let (status, body) = send(&address, &format!("GET /api/v2/logs/events?page[limit]=3 HTTP/1.1\r\n{keys}"), "");
    assert_eq!((status.as_str(), body["data"].as_array().unwrap().len()), ("HTTP/1.1 200 OK", 3));
}

#[test]
fn a_word_that_no_trail_knows_is_refused_with_those_that_are() {
    let args = ["simulate", "--listen", "127.0.0.1:0", "--vendor", "snowflake", "--sim-trail", "slow"];
    check(&args, 2, "known are pending, endless, lost");
}
