//! `wasi:http/outgoing-handler` that frees what it takes.
//!
//! wasmtime-wasi-http 48 leaves the `request-options` of every request in the resource table, which
//! ends a collection of a few thousand requests with "resource table has no free keys". A flood of
//! requests is ended here too, where a trap is possible.

use crate::state::State;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host as _;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Host as _};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{RequestOptions, WasiHttpView};

/// The version that wasmtime-wasi-http implements; the linker serves compatible ones too.
const INTERFACE: &str = "wasi:http/outgoing-handler@0.2.12";

type Parameters = (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>);
type Handled = Result<Resource<HostFutureIncomingResponse>, ErrorCode>;

/// Links the interface.
pub fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.instance(INTERFACE)?.func_wrap("handle", handle)
}

fn handle(mut store: StoreContextMut<'_, State>, (request, options): Parameters) -> wasmtime::Result<(Handled,)> {
    if let Some(limit) = store.data().is_flood() {
        return Err(wasmtime::Error::new(limit));
    }
    let mut http = store.data_mut().http();
    let taken = options.as_ref().map(|options| Resource::<RequestOptions>::new_own(options.rep()));
    let pending = http.handle(request, options);
    if let Some(taken) = taken {
        http.table.delete(taken)?;
    }
    Ok((match pending {
        Ok(pending) => Ok(pending),
        Err(error) => Err(http.convert_error_code(error)?),
    },))
}
