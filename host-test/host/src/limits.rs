//! What one tenant's component may use, and the name of the limit that stopped it.
//! `docs/security.md` lists which threat each one answers.

use std::time::Duration;
use thiserror::Error;
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTableError;
use wasmtime_wasi_http::FieldMapError;

/// What a component may use. The defaults are far above what a source of 64 requests in flight and
/// pages of 1,000 items needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory, in bytes; at most [`Limits::MAX_MEMORY_BYTES`].
    pub memory_bytes: usize,
    /// Elements of its tables of functions; at most [`Limits::MAX_TABLE_ELEMENTS`].
    pub table_elements: usize,
    /// Computing of one instance in all; each request that is let out adds an eightieth of it.
    pub compute: Duration,
    /// Longest call, waits for the vendor included.
    pub call: Duration,
    /// Longest call of `health`, waits for the vendor included.
    pub health: Duration,
    /// Bytes of what it answers to one call, e.g. of a page.
    pub page_bytes: usize,
    /// Requests of one instance, denied ones included.
    pub requests: u64,
    /// Requests of one instance whose answer has not come, or has not been read to its end.
    pub in_flight: usize,
    /// Requests, headers, bodies, streams and pollables that it holds at once.
    pub resources: usize,
    /// A request's or response's header section, in bytes.
    pub header_bytes: usize,
    /// A request's URL, in bytes.
    pub url_bytes: usize,
    /// A response's body, in bytes.
    pub body_bytes: usize,
    /// All records in a tenant's folder, in bytes. Fleets keep to it, since their tenants share a disk.
    pub evidence_bytes: u64,
}

impl Limits {
    /// The most memory that an engine reserves for one component.
    pub const MAX_MEMORY_BYTES: usize = 256 * 1024 * 1024;
    /// The largest table that an engine reserves for one component.
    pub const MAX_TABLE_ELEMENTS: usize = 20_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: Self::MAX_MEMORY_BYTES,
            table_elements: Self::MAX_TABLE_ELEMENTS,
            compute: Duration::from_secs(20),
            call: Duration::from_secs(15 * 60),
            health: Duration::from_secs(30),
            page_bytes: 32 * 1024 * 1024,
            requests: 1_000_000,
            in_flight: 64,
            resources: 1024,
            header_bytes: 64 * 1024,
            url_bytes: 8 * 1024,
            body_bytes: 64 * 1024 * 1024,
            evidence_bytes: 8 * 1024 * 1024 * 1024,
        }
    }
}

/// The limit that stopped a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Limit {
    /// [`Limits::memory_bytes`].
    #[error("memory ({0} bytes)")]
    Memory(usize),
    /// [`Limits::table_elements`].
    #[error("table elements ({0})")]
    Table(usize),
    /// Wasmtime's stack for a component.
    #[error("stack")]
    Stack,
    /// [`Limits::compute`].
    #[error("computing ({} s, and an eightieth of that for each request)", .0.as_secs_f32())]
    Compute(Duration),
    /// [`Limits::call`].
    #[error("duration of a call ({} s)", .0.as_secs_f32())]
    Call(Duration),
    /// [`Limits::requests`].
    #[error("requests ({0})")]
    Requests(u64),
    /// [`Limits::in_flight`].
    #[error("requests in flight ({0})")]
    InFlight(usize),
    /// [`Limits::resources`].
    #[error("resources held at once")]
    Resources,
    /// [`Limits::header_bytes`].
    #[error("headers of a request")]
    Headers,
    /// [`Limits::health`].
    #[error("time for health ({} s)", .0.as_secs_f32())]
    Health(Duration),
    /// [`Limits::page_bytes`].
    #[error("answer to one call, in bytes")]
    Page,
    /// [`crate::endurance::Endurance::pages`].
    #[error("pages ({0})")]
    Pages(u32),
    /// [`crate::endurance::Endurance::time`].
    #[error("time for a collection ({} s)", .0.as_secs())]
    Time(Duration),
    /// [`Limits::evidence_bytes`].
    #[error("evidence ({0} bytes)")]
    Evidence(u64),
}

impl Limit {
    /// The limit behind a trap, if it was one.
    #[must_use]
    pub fn behind(trap: &wasmtime::Error) -> Option<Self> {
        if let Some(limit) = trap.downcast_ref::<Self>() {
            return Some(*limit);
        }
        if matches!(trap.downcast_ref::<wasmtime::Trap>(), Some(wasmtime::Trap::StackOverflow)) {
            return Some(Self::Stack);
        }
        if matches!(trap.downcast_ref(), Some(FieldMapError::TotalSizeTooBig | FieldMapError::TooManyFields)) {
            return Some(Self::Headers);
        }
        // Wasmtime has no public type for it.
        if trap.root_cause().to_string().contains("fuel allocated for hostcalls has been exhausted") {
            return Some(Self::Page);
        }
        matches!(trap.downcast_ref::<ResourceTableError>(), Some(ResourceTableError::Full)).then_some(Self::Resources)
    }
}

/// Ends a component that wants more memory or larger tables than it may have.
#[derive(Clone, Copy, Debug)]
pub struct Limiter {
    limits: Limits,
    /// Linear memory so far, in bytes.
    pub memory_bytes: usize,
}

impl Limiter {
    /// Nothing is used yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, memory_bytes: 0 }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let most = self.limits.memory_bytes;
        if desired > most {
            return Err(wasmtime::Error::new(Limit::Memory(most)));
        }
        self.memory_bytes = desired;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let most = self.limits.table_elements;
        if desired > most { Err(wasmtime::Error::new(Limit::Table(most))) } else { Ok(true) }
    }
}
