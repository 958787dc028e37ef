//! A compiled component: its imports reviewed, its exports found, ready to be instantiated.

use crate::bindings::EvidenceSourcePre;
use crate::bindings::exports::compliance::source::catalog::SourceDescription;
use crate::egress::Rule;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::instance::Instance;
use crate::outgoing;
use crate::state::State;
use crate::tenant::{Credentials, Pair, Secret, Tenant};
use crate::verify::hash::sha256_hex;
use crate::waiting;
use std::sync::Arc;
use wasmtime::component::{Component, HasData, Linker, ResourceTable};
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

const EXPORTS: &[&str] = &["compliance:source/catalog@0.1.0", "compliance:source/source@0.1.0"];

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Plugin {
    engine: Engine,
    pre: EvidenceSourcePre<State>,
    description: Arc<SourceDescription>,
    sha256: Arc<str>,
}

impl Plugin {
    /// Compiles a component and asks it for its description.
    ///
    /// # Errors
    /// [`Error::ImportsDenied`] before anything of it runs; [`Error::ExportMissing`].
    pub async fn new(engine: &Engine, bytes: &[u8]) -> Result<Self> {
        let component = engine.compile(bytes).map_err(Error::Component)?;
        review(engine, &component)?;
        let linker = linker(engine).map_err(Error::Engine)?;
        let pre = linker.instantiate_pre(&component).map_err(Error::Component)?;
        let pre = EvidenceSourcePre::new(pre).map_err(Error::Component)?;
        let sha256 = sha256_hex(bytes);
        let empty = SourceDescription::empty();
        let mut plugin = Self { engine: engine.clone(), pre, description: Arc::new(empty), sha256: sha256.into() };
        // Describing needs no credentials and may send nothing: this tenant has neither.
        let nobody = Pair { username: Secret::new(""), password: Secret::new("") };
        let mut tenant = Tenant::new(Credentials::Basic(nobody));
        tenant.granted = Some(Vec::new());
        let description = Instance::new(&plugin, &tenant).await?.describe().await?;
        plugin.description = Arc::new(description);
        Ok(plugin)
    }

    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &SourceDescription {
        &self.description
    }

    /// SHA-256 of its bytes.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The engine it was compiled for.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn pre(&self) -> &EvidenceSourcePre<State> {
        &self.pre
    }

    /// The requests that it says it will make.
    #[must_use]
    pub fn declared(&self) -> Vec<Rule> {
        self.description.capabilities.iter().cloned().map(Rule::from).collect()
    }
}

impl SourceDescription {
    fn empty() -> Self {
        use crate::bindings::exports::compliance::source::catalog::Authentication;
        Self {
            id: String::new(),
            name: String::new(),
            version: String::new(),
            description: String::new(),
            category: String::new(),
            authentication: Authentication::None,
            settings_schema: "{}".into(),
            capabilities: Vec::new(),
            kinds: Vec::new(),
        }
    }
}

/// Imports of a component, with their versions, in its own order.
#[must_use]
pub fn imports(engine: &Engine, component: &Component) -> Vec<String> {
    component.component_type().imports(engine.wasmtime()).map(|(name, _)| name.to_string()).collect()
}

fn review(engine: &Engine, component: &Component) -> Result<()> {
    let bare = |name: &str| name.split('@').next().unwrap_or(name).to_string();
    let allowed = |name: &String| ALLOWED_IMPORTS.contains(&bare(name).as_str());
    let denied: Vec<String> = imports(engine, component).into_iter().filter(|name| !allowed(name)).collect();
    if !denied.is_empty() {
        return Err(Error::ImportsDenied(denied));
    }
    let kind = component.component_type();
    match EXPORTS.iter().find(|name| kind.get_export(engine.wasmtime(), name).is_none()) {
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
