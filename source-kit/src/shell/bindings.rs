//! Generated from `wit/`; the WASI interfaces are the `wasi` crate's.
#![allow(unsafe_code, missing_docs, clippy::all, clippy::pedantic, clippy::indexing_slicing, reason = "generated code")]

wit_bindgen::generate!({
    path: "../wit",
    world: "full-source",
    pub_export_macro: true,
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
