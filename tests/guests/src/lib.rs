//! The source of an imaginary vendor. It has one kind, `thing`, and one setting, `probe`, a request
//! such as `GET https://acme.example/v1/things`; the one record it makes says how that ended, so
//! that "the host refused" and "the server said 403" cannot be confused.

#![cfg(target_arch = "wasm32")]
#![no_std]
#![allow(
    missing_docs,
    unsafe_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a guest of tests, with an allocator of its own"
)]

extern crate alloc;

mod hostile;
#[path = "../../../source-kit/src/shell/runtime.rs"]
mod runtime;

mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "evidence-source",
        with: {
            "wasi:io/error@0.2.12": wasi::io::error,
            "wasi:io/poll@0.2.12": wasi::io::poll,
            "wasi:io/streams@0.2.12": wasi::io::streams,
            "wasi:clocks/monotonic-clock@0.2.12": wasi::clocks::monotonic_clock,
            "wasi:clocks/wall-clock@0.2.12": wasi::clocks::wall_clock,
            "wasi:http/types@0.2.12": wasi::http::types,
            "wasi:http/outgoing-handler@0.2.12": wasi::http::outgoing_handler,
        },
    });
}

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use bindings::compliance::source::types::{Diagnostic, EvidenceRecord, Failure, Severity, Subject, Usage};
use bindings::exports::compliance::source::catalog::{
    self, Authentication, AuthenticationScheme, Capability, CostClass, HostPattern, KindDescription, Nature,
    SourceDescription,
};
use bindings::exports::compliance::source::source::{
    self, Check, CheckSubject, CollectRequest, Configuration, Configured, Credentials, HealthDepth, HealthReport,
    HealthState, Page, Progress,
};
use core::cell::RefCell;
use wasi::http::outgoing_handler;
use wasi::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, Scheme};

struct Memory(RefCell<Option<(String, Option<String>)>>);
// SAFETY: a component instance has one thread.
unsafe impl Sync for Memory {}
static MEMORY: Memory = Memory(RefCell::new(None));

const NOW: &str = "2026-01-31T12:00:00.000Z";

struct Acme;

impl catalog::Guest for Acme {
    fn describe() -> SourceDescription {
        SourceDescription {
            id: "acme".into(),
            name: "Acme Things".into(),
            version: "9.9.9".into(),
            description: "Reads the things of Acme.".into(),
            category: "Things".into(),
            // Basic, so that the harness gives it the pair and tests can see that it does not.
            authentication: Authentication {
                scheme: AuthenticationScheme::Basic,
                fields: vec![],
                help: String::new(),
                help_url: String::new(),
            },
            settings_schema: r#"{"type":"object"}"#.into(),
            capabilities: vec![Capability {
                scheme: "https".into(),
                host: HostPattern::Exact("acme.example".into()),
                port: 443,
                methods: vec!["GET".into()],
                path_prefixes: vec!["/v1/".into()],
            }],
            kinds: vec![KindDescription {
                id: "thing".into(),
                title: "Things".into(),
                description: "Every thing.".into(),
                keywords: vec![],
                nature: Nature::Inventory,
                personal_data: false,
                schema_version: 3,
                content_schema: r#"{"type":"object","required":["outcome"]}"#.into(),
                endpoints: vec!["GET /v1/things".into()],
                permissions: vec![],
                plan_gate: None,
                controls: vec![],
                cost: CostClass::PerPage,
                on_by_default: true,
                always: false,
                valid_for_seconds: 60,
            }],
        }
    }
}

impl source::Guest for Acme {
    fn configure(configuration: Configuration) -> Result<Configured, Vec<Diagnostic>> {
        let Some(probe) = configuration.settings.split('"').nth(3) else {
            return Err(vec![Diagnostic {
                severity: Severity::Error,
                code: "setting-missing".into(),
                pointer: "/settings/probe".into(),
                message: "there is no probe".into(),
                remedy: "Give one.".into(),
            }]);
        };
        let authorization = match configuration.credentials {
            Credentials::Basic(pair) => Some(format!("Basic {}", pair.username)),
            _ => None,
        };
        *MEMORY.0.borrow_mut() = Some((probe.to_string(), authorization));
        Ok(Configured { settings: "{}".into(), settings_digest: "0".repeat(64), diagnostics: vec![] })
    }

    fn health(_: HealthDepth) -> HealthReport {
        let probe = MEMORY.0.borrow().clone().unwrap_or_default().0;
        if probe == "sleep" {
            hostile::act(&probe);
        }
        let check = Check {
            about: CheckSubject::Credential,
            state: HealthState::Ok,
            code: "accepted".into(),
            message: "fine".into(),
            remedy: None,
            retry_after_seconds: None,
            missing_permission: None,
            coverage: None,
        };
        HealthReport {
            state: HealthState::Ok,
            checked_at: NOW.into(),
            account: None,
            principal: None,
            checks: vec![check],
            usage: usage(),
        }
    }

    fn collect(request: CollectRequest) -> Result<Page, Failure> {
        let (probe, authorization) = MEMORY.0.borrow().clone().unwrap_or_default();
        let number = request.cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        if let Some(hostile::Endless { claims, record, next }) = hostile::endless(&probe, number) {
            let records = if record > 0 { vec![thing(&"x".repeat(record))] } else { vec![] };
            let pace = Diagnostic {
                severity: Severity::Info,
                code: "quota-share".into(),
                pointer: String::new(),
                message: "slowly".into(),
                remedy: String::new(),
            };
            let (diagnostics, not_before) =
                if probe == "dawdle" { (vec![pace], Some(NOW.into())) } else { (vec![], None) };
            let cursor = Some(next.to_string());
            let usage = Usage { requests: u32::try_from(claims).unwrap_or(0), ..usage() };
            return Ok(Page { diagnostics, cursor, not_before, usage, ..page(records, claims) });
        }
        let outcome = probe_outcome(&probe, authorization.as_deref());
        Ok(page(vec![thing(&outcome)], 1))
    }
}

fn thing(outcome: &str) -> EvidenceRecord {
    let content = format!("{{\"outcome\":\"{outcome}\"}}");
    EvidenceRecord {
        id: "urn:acme:1:thing:1".into(),
        kind: "thing".into(),
        schema_version: 3,
        title: "A thing".into(),
        subject: Subject { type_: "thing".into(), id: "1".into(), name: None },
        observed_at: NOW.into(),
        effective_at: None,
        content,
        provenance: vec![],
        withheld: vec![],
        valid_until: NOW.into(),
    }
}

fn page(records: Vec<EvidenceRecord>, items: u64) -> Page {
    Page {
        records,
        coverage: vec![],
        diagnostics: vec![],
        usage: usage(),
        progress: Progress { stage: "things".into(), stages_done: 1, stages_total: 1, items },
        cursor: None,
        not_before: None,
        stopped: None,
        next_since: None,
    }
}

fn usage() -> Usage {
    Usage { requests: 1, retries: 0, bytes_received: 0, milliseconds: 0 }
}

/// Sends `METHOD scheme://authority/path name=value…`, the last being further headers, and tells the status or why there
/// was none; or does one of the evil things of `hostile.rs`. `BODY` is a GET with a body, and `FORGE` a GET that says
/// who it is by itself, in each way that there is.
fn probe_outcome(probe: &str, authorization: Option<&str>) -> String {
    if let Some(outcome) = hostile::act(probe) {
        return outcome;
    }
    let mut words = probe.split(' ');
    let (method, url) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let headers = Fields::new();
    if let Some(authorization) = authorization {
        if headers.set("authorization", &[authorization.as_bytes().to_vec()]).is_err() {
            return "header refused".into();
        }
    }
    if method == "SMUGGLE" {
        let refused = headers.set("host", &[b"evil.example".to_vec()]).is_err()
            && headers.set("x", &[b"a\r\nb: c".to_vec()]).is_err();
        return if refused { "header refused".into() } else { "header taken".into() };
    }
    let mut forged = String::new();
    if method == "FORGE" {
        let value = b"Basic Zm9yZ2Vk".to_vec();
        for (way, taken) in [
            ("set", headers.set("Authorization", &[value.clone()]).is_ok()),
            ("append", headers.append("AUTHORIZATION", &value).is_ok()),
            ("list", Fields::from_list(&[("authorization".into(), value.clone())]).is_ok()),
        ] {
            forged += &format!("{way} {}, ", if taken { "taken" } else { "refused" });
        }
    }
    for (name, value) in words.filter_map(|word| word.split_once('=')) {
        if headers.set(name, &[value.as_bytes().to_vec()]).is_err() {
            return "header refused".into();
        }
    }
    let request = OutgoingRequest::new(headers);
    let body = (method == "BODY").then(|| request.body());
    let method =
        if ["GET", "BODY", "FORGE"].contains(&method) { Method::Get } else { Method::Other(method.to_string()) };
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let set = request.set_method(&method).is_ok()
        && request.set_scheme(Some(&scheme)).is_ok()
        && request.set_authority(Some(authority)).is_ok()
        && request.set_path_with_query(Some(path)).is_ok();
    if !set {
        return "request refused".into();
    }
    let pending = match outgoing_handler::handle(request, None) {
        Ok(pending) => pending,
        Err(code) => return format!("{code:?}").replace('"', "'"),
    };
    if let Some(Ok(body)) = body {
        if let Ok(stream) = body.write() {
            let _ = stream.blocking_write_and_flush(b"DELETE /v1/things HTTP/1.1");
        }
        let _ = OutgoingBody::finish(body, None);
    }
    pending.subscribe().block();
    match pending.get() {
        Some(Ok(Ok(response))) => format!("{forged}status {}", response.status()),
        Some(Ok(Err(code))) => format!("{code:?}").replace('"', "'"),
        _ => "nothing".into(),
    }
}

bindings::export!(Acme with_types_in bindings);
