//! Traces for OpenTelemetry: a span for each turn, and below it one for each request. No header, no query and no body
//! is in any.

use async_trait::async_trait;
use opentelemetry::trace::{Span, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use source_evidence::journal::Seen;
use source_evidence::{Error, Result};
use source_host::journal::Observer;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use tokio::runtime::Handle;
use url::Url;

/// How long a collector may take for one answer, and at the end for all that is left.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends spans to a collector, in batches and beside the work: where the collector is away, spans are lost, and no turn
/// waits.
#[derive(Clone)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Traces of a worker to a collector, which speaks OTLP over HTTP: the root of it, e.g.
    /// `http://collector.example.com:4318`. `OTEL_EXPORTER_OTLP_HEADERS` may hold what authenticates there.
    ///
    /// What the collector does not take is counted in `failures`.
    ///
    /// # Errors
    /// [`Error::Usage`] when the URL is none, or has a password in it.
    pub fn to(url: &str, worker: &str, failures: Arc<AtomicU64>) -> Result<Self> {
        let unusable = |why: &str| Error::Usage {
            what: format!("--traces: {why}"),
            remedy: "write it like http://collector.example.com:4318; what authenticates belongs in \
                     OTEL_EXPORTER_OTLP_HEADERS"
                .into(),
        };
        let endpoint = endpoint(url).map_err(unusable)?;
        // The TLS library has to be told once which cryptography it uses.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let redirects = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().no_proxy().redirect(redirects).timeout(PATIENCE).build();
        let client = client.map_err(|_| unusable("the system trusts no certificate"))?;
        let client = Client { client, runtime: Handle::current(), failures };
        let exporter = SpanExporter::builder().with_http().with_http_client(client).with_endpoint(endpoint);
        let exporter = exporter.with_timeout(PATIENCE).build();
        let exporter = exporter.map_err(|_| unusable("a variable OTEL_EXPORTER_OTLP_… is not as it has to be"))?;
        let resource = Resource::builder_empty().with_service_name("host-test-worker");
        let about = [
            KeyValue::new("service.instance.id", worker.to_string()),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ];
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
        let provider = provider.with_resource(resource.with_attributes(about).build()).build();
        Ok(Self { tracer: provider.tracer("host-test"), provider })
    }

    /// Begins the span of a turn.
    pub(crate) fn turn(&self, tenant: &str, run: &str, page: u32) -> TurnSpan {
        let span = self.tracer.span_builder("turn").with_kind(SpanKind::Internal).with_attributes([
            KeyValue::new("source.tenant", tenant.to_string()),
            KeyValue::new("source.run", run.to_string()),
            KeyValue::new("source.page", i64::from(page)),
        ]);
        let span = span.start_with_context(&self.tracer, &Context::new());
        let parent = span.span_context().clone();
        TurnSpan { span, requests: Arc::new(Requests { tracer: self.tracer.clone(), parent }) }
    }

    /// Sends what is left, for at most 5 seconds.
    pub async fn end(self) {
        let ending = tokio::task::spawn_blocking(move || drop(self.provider.shutdown_with_timeout(PATIENCE)));
        let _ = ending.await;
    }
}

/// Where traces go.
fn endpoint(text: &str) -> std::result::Result<String, &'static str> {
    let mut url = Url::parse(text).map_err(|_| "it is no URL")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it is no URL of HTTP");
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err("it has a user name, a password or a query in it");
    }
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["v1", "traces"]);
    }
    Ok(url.into())
}

/// The span of a turn under way.
pub(crate) struct TurnSpan {
    span: opentelemetry_sdk::trace::Span,
    requests: Arc<Requests>,
}

impl TurnSpan {
    /// Is to be told of its requests.
    pub fn observer(&self) -> Arc<dyn Observer> {
        Arc::<Requests>::clone(&self.requests)
    }

    /// Ends it: with so many records, or with the word of an error.
    pub fn end(mut self, outcome: std::result::Result<u64, &'static str>) {
        match outcome {
            Ok(records) => {
                self.span.set_attribute(KeyValue::new("source.records", i64::try_from(records).unwrap_or(i64::MAX)));
            }
            Err(word) => {
                self.span.set_attribute(KeyValue::new("error.type", word));
                self.span.set_status(Status::error(word));
            }
        }
        self.span.end();
    }
}

/// The requests of a turn.
struct Requests {
    tracer: SdkTracer,
    parent: SpanContext,
}

impl Observer for Requests {
    fn ended(&self, seen: &Seen, began: SystemTime) {
        let (host, port) = match seen.host.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(443)),
            None => (seen.host.as_str(), 443_i64),
        };
        // What is in a query, such as a cursor, is nobody's business.
        let path = seen.request.split(['?', '#']).next().unwrap_or_default();
        let mut about = vec![
            KeyValue::new("http.request.method", seen.method.clone()),
            KeyValue::new("server.address", host.to_string()),
            KeyValue::new("server.port", port),
            KeyValue::new("url.path", path.to_string()),
            KeyValue::new("url.scheme", "https"),
        ];
        about.extend(seen.status.map(|status| KeyValue::new("http.response.status_code", i64::from(status))));
        let is_refused = seen.status.filter(|status| *status >= 400).map(|status| status.to_string());
        let fault = seen.error.clone().or(is_refused);
        about.extend(fault.clone().map(|fault| KeyValue::new("error.type", fault)));
        let span = SpanBuilder::from_name(seen.method.clone()).with_kind(SpanKind::Client);
        let span = span.with_start_time(began).with_attributes(about);
        let parent = Context::new().with_remote_span_context(self.parent.clone());
        let mut span = span.start_with_context(&self.tracer, &parent);
        if fault.is_some() {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// Does requests in the runtime of the worker: what exports has a thread of its own, without one.
struct Client {
    client: reqwest::Client,
    runtime: Handle,
    failures: Arc<AtomicU64>,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Client")
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> std::result::Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sending = async move {
            let answer = client.execute(request.try_into()?).await?;
            let status = answer.status();
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = status;
            Ok::<_, reqwest::Error>(response)
        };
        let answer = match self.runtime.spawn(sending).await {
            Ok(answer) => answer.map_err(HttpError::from),
            Err(error) => Err(HttpError::from(error)),
        };
        if !answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
            self.failures.fetch_add(1, Ordering::SeqCst);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn an_endpoint_has_no_secret_in_it() {
        assert_eq!(endpoint("http://a:4318").unwrap(), "http://a:4318/v1/traces");
        assert_eq!(endpoint("https://a/otlp/").unwrap(), "https://a/otlp/v1/traces");
        for bad in ["a:4318", "a", "http://u:p@a", "http://u@a", "http://a/?key=x", "file:///x"] {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
    }
}
