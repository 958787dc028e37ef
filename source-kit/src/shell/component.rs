//! The exports, and the one thing an instance remembers: its configuration.

use super::bindings::compliance::source::types::{Diagnostic, Failure};
use super::bindings::export;
use super::bindings::exports::compliance::source::{catalog, source};
use super::convert;
use super::http::Outside;
use crate::collect::estimate::estimate;
use crate::collect::{Session, collect};
use crate::config::configure;
use crate::health;
use crate::world::World;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;

struct Component;

/// The configuration in force. Exports are free functions, so it has to live in a static.
struct Memory(RefCell<Option<Rc<Session>>>);

#[expect(unsafe_code, reason = "a component instance has one thread, which Sync cannot know")]
// SAFETY: wasm32-wasip2 without the threads proposal: nothing is ever shared between threads.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(RefCell::new(None));

fn session() -> Option<Rc<Session>> {
    MEMORY.0.borrow().clone()
}

impl catalog::Guest for Component {
    fn describe() -> catalog::SourceDescription {
        convert::description()
    }
}

impl source::Guest for Component {
    fn configure(configuration: source::Configuration) -> Result<source::Configured, Vec<Diagnostic>> {
        let credentials = convert::credentials(configuration.credentials);
        match configure(&credentials, &configuration.settings) {
            Ok(config) => {
                let answer = convert::configured(&config);
                *MEMORY.0.borrow_mut() = Some(Rc::new(Session::new(config)));
                Ok(answer)
            }
            Err(findings) => Err(findings.into_iter().map(convert::diagnostic).collect()),
        }
    }

    fn health(depth: source::HealthDepth) -> source::HealthReport {
        let outside = Outside::default();
        let report = match session() {
            None => health::not_configured(outside.now()),
            Some(session) => outside.block_on(health::check(&outside, &session.config, convert::depth(depth))),
        };
        convert::report(report)
    }

    fn estimate(request: source::CollectRequest) -> Result<source::Cost, Failure> {
        let Some(session) = session() else {
            return Err(convert::failure(health::not_configured_failure()));
        };
        let outside = Outside::default();
        let request = convert::request(request);
        let outcome = outside.block_on(estimate(&outside, &session.config, &request));
        outcome.map(convert::cost).map_err(convert::failure)
    }

    fn collect(request: source::CollectRequest) -> Result<source::Page, Failure> {
        let Some(session) = session() else {
            return Err(convert::failure(health::not_configured_failure()));
        };
        let outside = Outside::default();
        let request = convert::request(request);
        let outcome = outside.block_on(collect(&outside, &session, &request));
        outcome.map(convert::page).map_err(convert::failure)
    }
}

/// The glue of the canonical ABI.
mod exports {
    #![allow(unsafe_code, clippy::all, reason = "generated code")]
    use super::{Component, export};
    export!(Component with_types_in crate::shell::bindings);
}
