//! The component's core compiled natively, over the same pooled client as the component.

use fivetran_simulator::Pair;
use fivetran_source::Fivetran;
use http::Uri;
use http_body_util::{BodyExt, Empty};
use source_host::connections::Connections;
use source_host::error::{Error, Result};
use source_host::network::Network;
use source_host::transport::{Terms, Transport};
use source_kit::base::model::CollectRequest;
use source_kit::base::timestamp::Timestamp as Moment;
use source_kit::base::world::{Request, Response, TransportError, World};
use source_kit::collect::{Session, collect};
use source_kit::record::config::configure;
use source_kit::record::credentials::Credentials;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use wasmtime_wasi_http::WasiBody;

/// No answer of the simulator is larger.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// A world of real sockets.
pub struct Sockets {
    transport: Transport,
    connections: Connections,
    upstream: Uri,
    started: Instant,
}

impl Sockets {
    /// Sends everything to `upstream`.
    pub fn new(upstream: Uri) -> Result<Self> {
        let transport = Transport::new(&Network::default())?;
        Ok(Self { transport, connections: Connections::default(), upstream, started: Instant::now() })
    }

    /// A GET, as the component would send it.
    pub async fn get(&self, path_and_query: &str, authorization: Option<&str>) -> Result<Response, TransportError> {
        let broken = |_| TransportError::Broken("transport");
        let root = self.upstream.to_string();
        let mut request = http::Request::get(format!("{}{path_and_query}", root.trim_end_matches('/')))
            .header("accept", "application/json;version=2");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let body: WasiBody = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = request.body(body).map_err(|_| TransportError::Broken("request-refused"))?;
        let terms = Terms { options: None, max_body_bytes: MAX_BODY_BYTES, direct: true, in_flight: Arc::default() };
        let response = self.transport.send(&self.connections, request, terms).await.map_err(broken)?;
        let status = response.status().as_u16();
        let request_id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(Into::into);
        let body = response.into_body().collect().await.map_err(broken)?.to_bytes().into();
        Ok(Response { status, retry_after: None, request_id, body, body_digest: None })
    }
}

impl World for Sockets {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let authorization = request.credentials.iter().find(|(name, _)| *name == "authorization");
        self.get(&request.ask.path_and_query, authorization.map(|(_, value)| value.as_str())).await
    }
    fn now(&self) -> Moment {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
    async fn wait_ms(&self, milliseconds: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

/// Collects everything of `kinds`, which are the defaults if empty; answers items, records and requests.
pub async fn collect_all(world: &Sockets, pair: &Pair, kinds: &[String], settings: &str) -> Result<(u64, u64, u64)> {
    let defect = |what: &str| Error::BadAnswer(format!("the native core: {what}"));
    let (username, password) = (pair.key.clone(), pair.secret.clone());
    let pair = Credentials::Basic { username, password };
    let config = configure::<Fivetran>(&pair, settings).map_err(|_| defect("the configuration was refused"))?;
    let session = Session::new(config);
    let mut request = CollectRequest { kinds: kinds.to_vec(), ..CollectRequest::default() };
    let (mut items, mut records, mut requests) = (0, 0, 0);
    loop {
        let page = collect(world, &session, &request).await.map_err(|failure| defect(&failure.message))?;
        items = page.progress.items.max(items);
        records += page.records.len() as u64;
        requests += u64::from(page.usage.requests);
        request.cursor = page.cursor;
        if request.cursor.is_none() {
            return Ok((items, records, requests));
        }
    }
}
