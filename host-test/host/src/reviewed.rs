//! A compiled component: its imports reviewed, its exports found, ready to be instantiated.

use crate::bindings::exports::compliance::source::{catalog, direct, planner, source};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::outgoing;
use crate::state::State;
use crate::waiting;
use source_evidence::digest::sha256_hex;
use wasmtime::component::{Component, HasData, InstancePre, Linker, ResourceTable};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::clocks;
use wasmtime_wasi_http::p2::bindings::http;
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};
use wasmtime_wasi_io::bindings::wasi::io;

/// All that a source may import. Our own types are no capability.
pub const ALLOWED_IMPORTS: &[&str] = &[
    "compliance:source/types",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
];

const CATALOG: &str = "compliance:source/catalog@0.2.0";
const SOURCE: &str = "compliance:source/source@0.2.0";
const PLANNER: &str = "compliance:source/planner@0.2.0";
const DIRECT: &str = "compliance:source/direct@0.2.0";

/// A compiled component whose imports and exports were found allowed. Cheap to clone.
#[derive(Clone)]
pub struct Reviewed {
    pub(crate) engine: Engine,
    pub(crate) pre: InstancePre<State>,
    pub(crate) catalog: catalog::GuestIndices,
    pub(crate) source: source::GuestIndices,
    /// Absent where the component does not export it.
    pub(crate) planner: Option<planner::GuestIndices>,
    /// Absent where the component does not export it.
    pub(crate) direct: Option<direct::GuestIndices>,
    /// SHA-256 of its bytes.
    pub(crate) sha256: String,
}

impl Reviewed {
    /// Compiles a component.
    ///
    /// # Errors
    /// [`Error::ImportsDenied`] before anything of it runs; [`Error::ExportMissing`].
    pub fn new(engine: &Engine, bytes: &[u8]) -> Result<Self> {
        let component = engine.compile(bytes).map_err(|error| Error::busy_or(error, Error::Component))?;
        review(engine, &component)?;
        let linker = linker(engine).map_err(Error::Engine)?;
        let pre = linker.instantiate_pre(&component).map_err(Error::Component)?;
        let exports = |name| has_export(engine, &component, name);
        Ok(Self {
            engine: engine.clone(),
            catalog: catalog::GuestIndices::new(&pre).map_err(Error::Component)?,
            source: source::GuestIndices::new(&pre).map_err(Error::Component)?,
            planner: exports(PLANNER)
                .then(|| planner::GuestIndices::new(&pre))
                .transpose()
                .map_err(Error::Component)?,
            direct: exports(DIRECT).then(|| direct::GuestIndices::new(&pre)).transpose().map_err(Error::Component)?,
            pre,
            sha256: sha256_hex(bytes),
        })
    }
}

/// Imports of a component, with their versions, in its own order.
#[must_use]
pub fn imports(engine: &Engine, component: &Component) -> Vec<String> {
    component.component_type().imports(engine.wasmtime()).map(|(name, _)| name.to_string()).collect()
}

fn has_export(engine: &Engine, component: &Component, name: &str) -> bool {
    component.component_type().get_export(engine.wasmtime(), name).is_some()
}

fn review(engine: &Engine, component: &Component) -> Result<()> {
    let bare = |name: &str| name.split('@').next().unwrap_or(name).to_string();
    let allowed = |name: &String| ALLOWED_IMPORTS.contains(&bare(name).as_str());
    let denied: Vec<String> = imports(engine, component).into_iter().filter(|name| !allowed(name)).collect();
    if !denied.is_empty() {
        return Err(Error::ImportsDenied(denied));
    }
    match [CATALOG, SOURCE].into_iter().find(|name| !has_export(engine, component, name)) {
        Some(missing) => Err(Error::ExportMissing(missing)),
        None => Ok(()),
    }
}

struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

/// Links what a source may import, one interface at a time.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine.wasmtime());
    io::error::add_to_linker::<State, Table>(&mut linker, |state| state.ctx().table)?;
    io::poll::add_to_linker::<State, Table>(&mut linker, |state| state.ctx().table)?;
    io::streams::add_to_linker::<State, Table>(&mut linker, |state| state.ctx().table)?;
    waiting::add_to_linker(&mut linker)?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(&mut linker, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(&mut linker, State::clocks)?;
    let options = http::types::LinkOptions::default();
    http::types::add_to_linker::<_, WasiHttp>(&mut linker, &options, WasiHttpView::http)?;
    outgoing::add_to_linker(&mut linker)?;
    Ok(linker)
}
