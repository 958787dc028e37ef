//! The exports of a source, and the one thing an instance remembers: its configuration.

use super::bindings::compliance::source::types::{Diagnostic, Failure};
use super::bindings::exports::compliance::source::{catalog, direct, planner, source};
use super::convert;
use super::http::WasiWorld;
use crate::base::model;
use crate::base::world::World;
use crate::collect::estimate::estimate;
use crate::collect::{Session, collect};
use crate::health;
use crate::record::config::configure;
use crate::record::source::Source;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::marker::PhantomData;

/// The configuration in force. Exports are free functions, so it has to live in a static.
pub struct Memory<S: Source>(RefCell<Option<Rc<Session<S>>>>);

#[expect(unsafe_code, reason = "a component instance has one thread, which Sync cannot know")]
// SAFETY: wasm32-wasip2 without the threads proposal: nothing is ever shared between threads.
unsafe impl<S: Source> Sync for Memory<S> {}

impl<S: Source> Memory<S> {
    /// Without a configuration.
    #[must_use]
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }
}

impl<S: Source> Default for Memory<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// Gives an exported source its memory: see [`crate::export`].
pub trait Exported: 'static {
    /// The source.
    type Source: Source;
    /// Its memory.
    fn memory() -> &'static Memory<Self::Source>;
}

/// The component of a source.
pub struct Component<E>(PhantomData<E>);

type Configured<S> = Result<Rc<Session<S>>, Failure>;

impl<E: Exported> Component<E> {
    fn session() -> Configured<E::Source> {
        E::memory().0.borrow().clone().ok_or_else(|| convert::failure(health::not_configured()))
    }

    fn health(
        session: Result<Rc<Session<E::Source>>, model::Failure>,
        depth: source::HealthDepth,
    ) -> source::HealthReport {
        let world = WasiWorld::<E::Source>::default();
        convert::report(match session {
            Err(failure) => health::failing(&failure, world.now()),
            Ok(session) => {
                world.block_on(health::check(&world, &session.config, convert::depth(depth), health::WITHIN_MS))
            }
        })
    }

    fn collect(session: Configured<E::Source>, request: source::CollectRequest) -> Result<source::Page, Failure> {
        let (session, world) = (session?, WasiWorld::<E::Source>::default());
        let page = world.block_on(collect(&world, &session, &convert::request(request)));
        page.map(convert::page).map_err(convert::failure)
    }

    fn estimate(session: Configured<E::Source>, request: source::CollectRequest) -> Result<planner::Cost, Failure> {
        let (session, world) = (session?, WasiWorld::<E::Source>::default());
        let cost = world.block_on(estimate(&world, &session.config, &convert::request(request)));
        cost.map(convert::cost).map_err(convert::failure)
    }

    /// A session of a configuration that comes with the call.
    fn fresh(configuration: source::Configuration) -> Result<Rc<Session<E::Source>>, model::Failure> {
        let credentials = convert::credentials(configuration.credentials);
        match configure(&credentials, &configuration.settings) {
            Ok(config) => Ok(Rc::new(Session::new(config))),
            Err(findings) => Err(health::refused(findings)),
        }
    }
}

impl<E: Exported> catalog::Guest for Component<E> {
    fn describe() -> catalog::SourceDescription {
        convert::description::<E::Source>()
    }
}

impl<E: Exported> source::Guest for Component<E> {
    fn configure(configuration: source::Configuration) -> Result<source::Configured, Vec<Diagnostic>> {
        let credentials = convert::credentials(configuration.credentials);
        match configure::<E::Source>(&credentials, &configuration.settings) {
            Ok(config) => {
                let answer = convert::configured(&config);
                *E::memory().0.borrow_mut() = Some(Rc::new(Session::new(config)));
                Ok(answer)
            }
            Err(findings) => Err(findings.into_iter().map(convert::diagnostic).collect()),
        }
    }

    fn health(depth: source::HealthDepth) -> source::HealthReport {
        let session = E::memory().0.borrow().clone();
        Self::health(session.ok_or_else(health::not_configured), depth)
    }

    fn collect(request: source::CollectRequest) -> Result<source::Page, Failure> {
        Self::collect(Self::session(), request)
    }
}

impl<E: Exported> planner::Guest for Component<E> {
    fn estimate(request: source::CollectRequest) -> Result<planner::Cost, Failure> {
        Self::estimate(Self::session(), request)
    }
}

impl<E: Exported> direct::Guest for Component<E> {
    fn health(configuration: source::Configuration, depth: source::HealthDepth) -> source::HealthReport {
        Self::health(Self::fresh(configuration), depth)
    }

    fn collect(configuration: source::Configuration, request: source::CollectRequest) -> Result<source::Page, Failure> {
        Self::collect(Self::fresh(configuration).map_err(convert::failure), request)
    }

    fn estimate(
        configuration: source::Configuration,
        request: source::CollectRequest,
    ) -> Result<planner::Cost, Failure> {
        Self::estimate(Self::fresh(configuration).map_err(convert::failure), request)
    }
}

/// Makes a crate the component of a source: its exports, and the memory of an instance.
#[macro_export]
macro_rules! export {
    ($source:ty) => {
        #[allow(unsafe_code, clippy::all, reason = "the glue of the canonical ABI is generated")]
        const _: () = {
            static MEMORY: $crate::shell::Memory<$source> = $crate::shell::Memory::new();
            struct Own;
            impl $crate::shell::Exported for Own {
                type Source = $source;
                fn memory() -> &'static $crate::shell::Memory<$source> {
                    &MEMORY
                }
            }
            type Exports = $crate::shell::Component<Own>;
    $crate::shell::bindings::export!(Exports with_types_in $crate::shell::bindings);
        };
    };
}
