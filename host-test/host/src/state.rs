//! What lives in a store, and the one door to the outside: `Door` decides about every request.

use crate::compute::Compute;
use crate::connections::Connections;
use crate::egress::Policy;
use crate::journal::{JournalBuffer, Pending, about};
use crate::limits::{Limit, Limiter, Limits};
use crate::meter::Meter;
use crate::tenant::{Clock, Credentials, Tenant};
use crate::trailer::{self, Digested, Witness};
use crate::transport::{Terms, Transport};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::uri::{PathAndQuery, Uri};
use http_body_util::BodyExt;
use source_evidence::journal::Seen;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{HostWallClock, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error as HttpError, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpCtx,
    WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// What lives in a store.
pub struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    door: Door,
    /// Memory and tables.
    pub limiter: Limiter,
    /// How long the guest has waited in all.
    pub waited: Duration,
    /// What the guest computes, against what it may.
    pub compute: Compute,
}

impl State {
    /// The state of one run for a tenant.
    #[must_use]
    pub fn new(tenant: &Tenant, policy: Policy, transport: Transport) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(tenant.limits.resources);
        let mut wasi = WasiCtx::builder();
        if let Clock::Fixed(_) = &tenant.clock {
            wasi.wall_clock(FixedClock(tenant.clock.clone()));
        }
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(tenant.limits.header_bytes);
        let door = Door {
            policy,
            authorization: authorization(&tenant.credentials),
            upstream: tenant.upstream.clone(),
            transport,
            connections: tenant.connections.clone(),
            meter: Arc::clone(&tenant.meter),
            journal: tenant.journal.clone(),
            limits: tenant.limits,
            requests: 0,
            sent: Arc::default(),
            in_flight: Arc::default(),
        };
        Self {
            table,
            wasi: wasi.build(),
            http,
            door,
            limiter: Limiter::new(tenant.limits),
            waited: Duration::ZERO,
            compute: Compute::new(tenant.limits.compute),
        }
    }

    /// Requests of the guest that went out.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.door.sent.load(Ordering::Relaxed)
    }

    /// Whether one more request is too many.
    #[must_use]
    pub fn is_flood(&self) -> Option<Limit> {
        let Door { limits, requests, in_flight, .. } = &self.door;
        // The door itself holds one.
        if Arc::strong_count(in_flight) > limits.in_flight {
            return Some(Limit::InFlight(limits.in_flight));
        }
        (*requests >= limits.requests).then_some(Limit::Requests(limits.requests))
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

struct FixedClock(Clock);

impl HostWallClock for FixedClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now())
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
    connections: Connections,
    meter: Arc<Meter>,
    journal: Option<Arc<JournalBuffer>>,
    limits: Limits,
    /// Those that were denied included.
    requests: u64,
    /// Those that went out.
    sent: Arc<AtomicU64>,
    in_flight: Arc<()>,
}

impl Door {
    fn check_length(&self, uri: &Uri) -> Result<(), String> {
        let (length, most) = (uri.path_and_query().map_or(0, |path| path.as_str().len()), self.limits.url_bytes);
        if length > most { Err(format!("a URL of {length} bytes; {most} are allowed")) } else { Ok(()) }
    }

    /// What is let out has to be noted.
    fn check_journal(&self) -> Result<(), String> {
        let is_full = self.journal.as_ref().is_some_and(|journal| journal.is_full());
        if is_full { Err("too many requests in one page for the journal".into()) } else { Ok(()) }
    }

    /// Judges a request, adds the credentials that the host keeps, and leads it to the upstream, if there is one:
    /// what is to be noted of it, and whether there is.
    fn prepare(&mut self, request: &mut http::Request<WasiBody>) -> Result<(Option<Noted>, bool), HttpError> {
        self.requests += 1;
        let judged = self.check_length(request.uri()).and_then(|()| self.check_journal());
        let may_carry_secret = judged.and_then(|()| self.policy.check(request)).map_err(|why| {
            self.meter.deny(why);
            HttpError::HttpRequestDenied
        })?;
        let noted = self.journal.clone().map(|journal| (journal, about(request)));
        if let Some(authorization) = self.authorization.as_ref().filter(|_| may_carry_secret) {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        let Some(upstream) = &self.upstream else { return Ok((noted, false)) };
        *request.uri_mut() = route(upstream, request.uri()).ok_or(HttpError::HttpRequestUriInvalid)?;
        Ok((noted, true))
    }
}

/// Where a request is noted when it begins, and what of it.
type Noted = (Arc<JournalBuffer>, Seen);
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
        let (noted, direct) = match self.prepare(&mut request) {
            Ok(prepared) => prepared,
            Err(error) => return Box::new(async { Err(error) }),
        };
        let (transport, connections) = (self.transport.clone(), self.connections.clone());
        let in_flight = Arc::clone(&self.in_flight);
        let terms = Terms { options, max_body_bytes: self.limits.body_bytes, direct, in_flight };
        let (meter, sent) = (Arc::clone(&self.meter), Arc::clone(&self.sent));
        Box::new(async move {
            // Counted and noted when it begins: a component may give it up before that.
            meter.request();
            sent.fetch_add(1, Ordering::Relaxed);
            let pending = noted.map(|(journal, seen)| Pending::new(journal, seen));
            let response = transport.send(&connections, request, terms).await;
            let response = witnessed(response, pending)?;
            meter.answered(&response);
            let done: Box<dyn Future<Output = Result<(), HttpError>> + Send> = Box::new(async { Ok(()) });
            Ok((response, done))
        })
    }
}

/// The answer, whose body is digested and noted as it streams through.
fn witnessed(
    response: Result<http::Response<WasiBody>, HttpError>,
    pending: Option<Pending>,
) -> Result<http::Response<WasiBody>, HttpError> {
    let mut response = match (response, pending) {
        (Ok(response), mut pending) => {
            if let Some(pending) = &mut pending {
                pending.answered(response.status().as_u16());
            }
            let witness = pending.map(|pending| Box::new(pending) as Box<dyn Witness>);
            response.map(|body| Digested::new(body, witness).boxed_unsync())
        }
        (Err(error), pending) => {
            if let Some(pending) = pending {
                pending.failed(&error);
            }
            return Err(error);
        }
    };
    response.headers_mut().remove(trailer::NAME);
    Ok(response)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::Rule;
    use crate::network::Network;
    use http_body_util::Empty;

    fn request() -> http::Request<WasiBody> {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        http::Request::get("https://api.example.com/v1/things").body(body).unwrap()
    }

    #[tokio::test]
    async fn what_could_not_be_noted_is_not_let_out() {
        let rule = Rule {
            scheme: "https".into(),
            host: "api.example.com".into(),
            port: 443,
            methods: vec!["GET".into()],
            path_prefixes: vec!["/v1".into()],
            secret: true,
        };
        let policy = Policy { declared: vec![rule.clone()], granted: vec![rule] };
        let journal = Arc::new(JournalBuffer::default());
        let tenant = Tenant { journal: Some(Arc::clone(&journal)), ..Tenant::new(Credentials::None) };
        let mut state = State::new(&tenant, policy, Transport::new(&Network::default()).unwrap());
        assert!(state.door.prepare(&mut request()).is_ok());
        while !journal.is_full() {
            Pending::new(Arc::clone(&journal), about(&request())).failed(&HttpError::HttpResponseTimeout);
        }
        assert!(matches!(state.door.prepare(&mut request()), Err(HttpError::HttpRequestDenied)));
        assert!(tenant.meter.denied().join("").contains("for the journal"));
        // There is room again when the page is written.
        let _ = journal.take();
        assert!(state.door.prepare(&mut request()).is_ok());
    }

    #[test]
    fn a_digest_in_a_header_from_outside_is_removed() {
        let body = || Empty::new().map_err(|never| match never {}).boxed_unsync();
        let claimed = http::Response::builder().header(trailer::NAME, "ab").header("x-other", "kept");
        let response = witnessed(Ok(claimed.body(body()).unwrap()), None).unwrap();
        assert!(!response.headers().contains_key(trailer::NAME) && response.headers().contains_key("x-other"));
    }
}
