//! What lives in a store, and the one door to the outside: `Door` decides about every request.

use crate::egress::Policy;
use crate::meter::Meter;
use crate::tenant::{Clock, Credentials, Tenant};
use crate::transport::Transport;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::uri::{PathAndQuery, Uri};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::StoreLimits;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{HostWallClock, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error as HttpError, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpCtx,
    WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// Resources a guest may hold at once: requests, headers, bodies, streams and pollables of 64
/// requests in flight are far fewer.
const MAX_RESOURCES: usize = 4096;
/// Header sections beyond this are refused.
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// What lives in a store.
pub struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    door: Door,
    /// Memory and tables.
    pub limits: StoreLimits,
    /// Ticks that the guest computed without asking for anything.
    pub spinning: u32,
}

impl State {
    /// The state of one run for a tenant.
    #[must_use]
    pub fn new(tenant: &Tenant, policy: Policy, transport: Transport, limits: StoreLimits) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let mut wasi = WasiCtx::builder();
        if let Clock::Fixed(milliseconds) = tenant.clock {
            wasi.wall_clock(FixedClock(Duration::from_millis(milliseconds)));
        }
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_HEADER_BYTES);
        let door = Door {
            policy,
            authorization: authorization(&tenant.credentials),
            upstream: tenant.upstream.clone(),
            transport,
            meter: Arc::clone(&tenant.meter),
            requests: 0,
        };
        Self { table, wasi: wasi.build(), http, door, limits, spinning: 0 }
    }

    /// Requests that the guest has made, denied ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.door.requests
    }
}

/// The header that the host adds, where it keeps the pair to itself.
fn authorization(credentials: &Credentials) -> Option<HeaderValue> {
    let Credentials::HostManaged(pair) = credentials else { return None };
    let joined = format!("{}:{}", pair.username.expose(), pair.password.expose());
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(joined))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

struct FixedClock(Duration);

impl HostWallClock for FixedClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }
    fn now(&self) -> Duration {
        self.0
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.door, table: &mut self.table, ctx: &mut self.http }
    }
}

/// Judges, completes, routes and counts every request.
struct Door {
    policy: Policy,
    authorization: Option<HeaderValue>,
    upstream: Option<Uri>,
    transport: Transport,
    meter: Arc<Meter>,
    requests: u64,
}

type Sent = Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), HttpError>> + Send>), HttpError>;

impl WasiHttpHooks for Door {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        let managed = self.authorization.is_some();
        Arc::new(move |name: &HeaderName| {
            (managed && *name == AUTHORIZATION) || DEFAULT_FORBIDDEN_HEADERS.contains(name)
        })
    }

    fn send_request(
        &mut self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), HttpError>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        self.requests += 1;
        if let Err(why) = self.policy.check(request.method(), request.uri()) {
            self.meter.deny(why);
            return Box::new(async { Err(HttpError::HttpRequestDenied) });
        }
        self.meter.request();
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        let routed = self.upstream.as_ref().map(|upstream| route(upstream, request.uri()));
        let direct = routed.is_some();
        if let Some(uri) = routed {
            match uri {
                Some(uri) => *request.uri_mut() = uri,
                None => return Box::new(async { Err(HttpError::HttpRequestUriInvalid) }),
            }
        }
        let transport = self.transport.clone();
        Box::new(async move {
            let response = transport.send(request, options, direct).await?;
            let done: Box<dyn Future<Output = Result<(), HttpError>> + Send> = Box::new(async { Ok(()) });
            Ok((response, done))
        })
    }
}

/// The same path and query on another server.
fn route(upstream: &Uri, uri: &Uri) -> Option<Uri> {
    let path = uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    Uri::builder()
        .scheme(upstream.scheme()?.clone())
        .authority(upstream.authority()?.clone())
        .path_and_query(path)
        .build()
        .ok()
}
