//! A plain HTTP client of the simulator: sends what a test says and hands back what came, nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fivetran_simulator::{AccountSpec, Config, DEFAULT_KEY, DEFAULT_SECRET, Simulator};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};

/// Every list at the top, and where its items' ids are.
pub const LISTS: &[(&str, &str)] = &[
    ("/v1/roles", "name"),
    ("/v1/users", "id"),
    ("/v1/teams", "id"),
    ("/v1/groups", "id"),
    ("/v1/destinations", "id"),
    ("/v1/connections", "id"),
    ("/v1/external-logging", "id"),
    ("/v1/webhooks", "id"),
    ("/v1/system-keys", "id"),
    ("/v1/external-secrets-managers", "id"),
    ("/v1/private-links", "id"),
    ("/v1/proxy", "id"),
    ("/v1/hybrid-deployment-agents", "id"),
    ("/v1/connector-sdk/packages", "id"),
    ("/v1/transformations", "id"),
    ("/v1/transformation-projects", "id"),
    ("/v1/metadata/connector-types", "id"),
];

/// An account of a few dozen items.
pub fn small() -> Config {
    Config { account: AccountSpec { seed: 3, users: 30, teams: 6, groups: 5, connections: 40 }, ..Config::default() }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, to the byte.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// `data` of a success.
    pub fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        let mut body = self.json();
        assert_eq!(body["code"], "Success");
        assert!(body["message"].is_string());
        body["data"].take()
    }

    /// `code` of an error, which has no data.
    pub fn code(&self) -> String {
        let body = self.json();
        assert!(body.get("data").is_none(), "an error with data");
        assert!(body["message"].is_string());
        body["code"].as_str().unwrap().into()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Connections to one simulator, kept alive.
#[derive(Clone)]
pub struct Client {
    pool: Pool<HttpConnector, Full<Bytes>>,
    root: String,
}

impl Client {
    /// For a simulator.
    pub fn new(simulator: &Simulator) -> Self {
        Self { pool: Pool::builder(TokioExecutor::new()).build_http(), root: simulator.url() }
    }

    /// Sends with these headers only.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send_body(method, path, headers, String::new()).await
    }

    /// Sends a body with these headers only.
    pub async fn send_body(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.root));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.pool.request(request.body(Full::from(body)).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    /// GETs with the default pair.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("authorization", &basic(DEFAULT_KEY, DEFAULT_SECRET))]).await
    }

    /// The id of a list's first item.
    pub async fn first_id(&self, list: &str) -> String {
        self.get(&format!("{list}?limit=1")).await.data()["items"][0]["id"].as_str().unwrap().into()
    }

    /// Every item of a list, walked `limit` at a time.
    pub async fn walk(&self, path: &str, limit: usize) -> Vec<Value> {
        let mut items = Vec::new();
        let mut query = format!("?limit={limit}");
        loop {
            let mut data = self.get(&format!("{path}{query}")).await.data();
            let Value::Array(page) = data["items"].take() else { panic!("{path} has no items") };
            let is_last = data["next_cursor"].as_str().unwrap_or_default().is_empty();
            assert!(page.len() == limit || (is_last && page.len() <= limit), "{} items", page.len());
            items.extend(page);
            if is_last {
                return items;
            }
            query = format!("?limit={limit}&cursor={}", data["next_cursor"].as_str().unwrap());
        }
    }
}

/// The value of `Authorization`.
pub fn basic(key: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:{secret}")))
}

/// A simulator on a free port, and a client of it.
pub async fn serve(config: Config) -> (Simulator, Client) {
    let simulator = Simulator::start(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let client = Client::new(&simulator);
    (simulator, client)
}
