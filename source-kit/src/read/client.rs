//! One question: authentication, retries, rate limits, and what an answer means.
//!
//! | answer | becomes |
//! |---|---|
//! | 200, and the vendor's protocol finds its data | [`Body`] |
//! | 200 otherwise; an unreadable body; a page of HTML with 401, 403 or 404; 3xx, 400, 405, 406, 415; 500 after all retries | [`GetError::Broken`]: this list or item is lost, the rest goes on |
//! | 401 | [`GetError::Unauthorized`]: stops everything |
//! | 403 | [`GetError::Forbidden`]: the list is lost, or the part counts as refused |
//! | 404 | [`GetError::NotFound`]: the list is not offered; for a part, the item itself is asked for next |
//! | 429; 503 with `Retry-After` | waited for where the budget allows, a few times, else [`GetError::Wait`] |
//! | 408, 502, 503, 504, or no answer, after all retries | [`GetError::Outage`]: stops the call, nothing is lost |
//! | an id that would change the path | not sent: [`GetError::Broken`] |
//! | refused by the host | [`GetError::Denied`]: stops everything |
//!
//! A vendor that says in its own way what an answer means has [`Protocol::told`]; what is not ready yet is asked for
//! again, as it says, for as long as a call may wait. Redirects are never followed.

use super::body::{self, Body, Seen};
use super::data::Shape;
use super::error::{GetError, NOT_READY};
use super::protocol::{Asked, Protocol, Told};
use super::quota::Window;
use super::request::is_sendable;
use super::retry::{self, Attempt, Verdict};
use crate::base::digest::short_hash;
use crate::base::model::Usage;
use crate::base::world::{Ask, CredentialHeaders, Request, Response, TransportError, World};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::cell::Cell;
use core::marker::PhantomData;

/// Results that may be gone before they are read, of one request: each costs the vendor its work again.
const MAX_ANEW: u32 = 3;

/// How long a call may go on, by the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// No wait goes beyond this moment.
    pub deadline_ms: u64,
    /// Whether a rate limit may be waited out at all.
    pub wait_for_rate_limit: bool,
}

/// Sends requests and counts them.
pub struct Client<'w, P: Protocol, W> {
    world: &'w W,
    protocol: PhantomData<P>,
    settings: P::Settings,
    credentials: CredentialHeaders,
    limits: Limits,
    usage: Cell<Usage>,
    /// The hour under way, and what was sent in it.
    pub window: Cell<Window>,
    started_ms: u64,
    /// Set by a 429: nobody sends before it.
    blocked_until_ms: Cell<u64>,
}

impl<'w, P: Protocol, W: World> Client<'w, P, W> {
    /// A client for one call of the source.
    pub fn new(world: &'w W, settings: P::Settings, credentials: CredentialHeaders, limits: Limits) -> Self {
        Self {
            world,
            protocol: PhantomData,
            settings,
            credentials,
            limits,
            usage: Cell::new(Usage::default()),
            window: Cell::new(Window::default()),
            started_ms: world.monotonic_ms(),
            blocked_until_ms: Cell::new(0),
        }
    }

    /// The world it sends to.
    pub fn world(&self) -> &'w W {
        self.world
    }

    /// What was spent so far.
    pub fn usage(&self) -> Usage {
        let milliseconds = self.world.monotonic_ms().saturating_sub(self.started_ms);
        Usage { milliseconds, ..self.usage.get() }
    }

    /// Gets what a request of the table of resources asks for, with retries.
    ///
    /// # Errors
    /// See the table above.
    pub async fn get(&self, request: &str, shape: Shape) -> Result<Body, GetError> {
        let mut ask = P::ask(&self.settings, request);
        let mut anew = 0;
        loop {
            let outcome = self.exchange(&ask, short_hash(request)).await?;
            let told = match &outcome {
                Ok(response) => P::told(&self.settings, Asked { request, ask: &ask }, response, shape),
                Err(_) => Told::ByStatus,
            };
            anew += u32::from(matches!(told, Told::Again(..)));
            match told {
                Told::Again(..) if anew > MAX_ANEW => {
                    let status = outcome.map_or(200, |response| response.status);
                    return Err(GetError::Broken(
                        status,
                        None,
                        "the result was gone each time before it was read".into(),
                    ));
                }
                Told::Later(next, wait) | Told::Again(next, wait) => {
                    if !self.allows(wait) {
                        return Err(GetError::Outage(None, NOT_READY));
                    }
                    self.world.wait_ms(wait).await;
                    ask = next;
                }
                told => return self.judge(&ask.path_and_query, told, outcome, shape),
            }
        }
    }

    /// Sends, again where that may help, and answers what stands.
    async fn exchange(&self, ask: &Ask, salt: u64) -> Result<Result<Response, TransportError>, GetError> {
        if !is_sendable(&ask.path_and_query) {
            // The host would deny it, and that ends a collection.
            return Err(GetError::Broken(200, None, "an id has a character in it that no path may hide".into()));
        }
        let (mut attempt, mut rate_limits) = (1, 0);
        loop {
            self.wait_for_turn(salt).await?;
            let outcome = self.send(ask, attempt > 1 || rate_limits > 0).await;
            let facts = match &outcome {
                Ok(response) => {
                    Attempt::Status { status: response.status, retry_after: response.retry_after.as_deref() }
                }
                Err(error) => Attempt::Transport(error),
            };
            match retry::decide(facts, attempt, salt, self.world.now()) {
                Verdict::Take | Verdict::GiveUp => return Ok(outcome),
                Verdict::RateLimitedMs(wait) => {
                    rate_limits += 1;
                    self.block(wait)?;
                    if rate_limits >= retry::MAX_RATE_LIMITS {
                        return Err(self.wait_error(wait));
                    }
                }
                Verdict::ComeBackMs(wait) => {
                    if !self.allows(wait) {
                        return Err(self.wait_error(wait));
                    }
                    self.world.wait_ms(retry::spread(wait, salt)).await;
                    attempt += 1;
                }
                Verdict::RetryAfterMs(wait) => {
                    if !self.allows(wait) {
                        return Ok(outcome);
                    }
                    self.world.wait_ms(wait).await;
                    attempt += 1;
                }
            }
        }
    }

    async fn send(&self, ask: &Ask, is_retry: bool) -> Result<Response, TransportError> {
        let mut usage = self.usage.get();
        usage.requests += 1;
        usage.retries += u32::from(is_retry);
        self.usage.set(usage);
        self.window.set(self.window.get().with_request(self.world.now()));
        let request = Request { ask: ask.clone(), credentials: self.credentials.clone() };
        let outcome = self.world.send(request).await;
        if let Ok(response) = &outcome {
            let mut usage = self.usage.get();
            usage.bytes_received += response.body.len() as u64;
            self.usage.set(usage);
        }
        outcome
    }

    /// Waits while a rate limit is in force.
    async fn wait_for_turn(&self, salt: u64) -> Result<(), GetError> {
        let wait = self.blocked_until_ms.get().saturating_sub(self.world.monotonic_ms());
        if wait == 0 {
            return Ok(());
        }
        if !self.limits.wait_for_rate_limit || !self.allows(wait) {
            return Err(self.wait_error(wait));
        }
        self.world.wait_ms(retry::spread(wait, salt)).await;
        Ok(())
    }

    /// Notes a rate limit of `wait` milliseconds from now.
    fn block(&self, wait: u64) -> Result<(), GetError> {
        let until = self.world.monotonic_ms().saturating_add(wait);
        self.blocked_until_ms.set(self.blocked_until_ms.get().max(until));
        if self.limits.wait_for_rate_limit && self.allows(wait) { Ok(()) } else { Err(self.wait_error(wait)) }
    }

    fn wait_error(&self, wait: u64) -> GetError {
        GetError::Wait(self.world.now().plus_seconds(wait.div_ceil(1000)))
    }

    fn allows(&self, wait: u64) -> bool {
        self.world.monotonic_ms().saturating_add(wait) <= self.limits.deadline_ms
    }

    fn judge(
        &self,
        path_and_query: &str,
        told: Told,
        outcome: Result<Response, TransportError>,
        shape: Shape,
    ) -> Result<Body, GetError> {
        let response = match outcome {
            Ok(response) => response,
            Err(TransportError::Denied) => return Err(GetError::Denied),
            Err(TransportError::TooLarge) => {
                return Err(GetError::Broken(200, None, "the body is larger than 32 MiB".into()));
            }
            Err(TransportError::Broken(case)) => return Err(GetError::Outage(None, case)),
        };
        let seen = Seen::of(path_and_query, &response, self.world.now());
        let (status, request_id) = (response.status, response.request_id);
        let told = match (told, status) {
            // Not the vendor's word, but that of what stands before it.
            (Told::ByStatus, 401 | 403 | 404) if body::is_page(&response.body) => Told::Broken(body::HTML_PAGE),
            (Told::ByStatus, 401) => Told::Unauthorized,
            (Told::ByStatus, 403) => Told::Forbidden(P::missing_permission(&response.body)),
            (Told::ByStatus, 404) => Told::Missing(P::error_code(&response.body).unwrap_or_default()),
            (told, _) => told,
        };
        match told {
            Told::ByStatus if status == 200 => body::open::<P>(seen, response.body, shape)
                .map_err(|what| GetError::Broken(200, request_id, what.into())),
            Told::Data(text, opened) => Ok(body::of(seen, text, opened)),
            Told::Unauthorized => Err(GetError::Unauthorized),
            Told::Forbidden(permission) => Err(GetError::Forbidden(permission)),
            Told::Missing(code) => Err(GetError::NotFound(code, Box::new(body::without_data(seen)))),
            Told::Broken(what) => Err(GetError::Broken(status, request_id, what.into())),
            Told::ByStatus | Told::Later(..) | Told::Again(..) => {
                Err(by_status::<P>(status, request_id, &response.body))
            }
        }
    }
}

/// An error that its status tells.
fn by_status<P: Protocol>(status: u16, request_id: Option<String>, body: &[u8]) -> GetError {
    match status {
        408 | 502 | 503 | 504 => GetError::Outage(Some(status), status_case(status)),
        _ => {
            let code = P::error_code(body).unwrap_or_else(|| "none".into());
            GetError::Broken(status, request_id, format!("HTTP status {status}, code {code}"))
        }
    }
}

fn status_case(status: u16) -> &'static str {
    match status {
        408 => "HTTP status 408",
        502 => "HTTP status 502",
        503 => "HTTP status 503",
        _ => "HTTP status 504",
    }
}
