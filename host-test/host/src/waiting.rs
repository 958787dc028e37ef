//! What a guest waits in, `wasi:io/poll` and reading a stream, notes how long it waits, so that waiting
//! is not taken for computing.

use crate::state::State;
use std::future::Future;
use std::time::Instant;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, LinkerInstance, Resource};
use wasmtime_wasi::WasiView;
use wasmtime_wasi_io::bindings::wasi::io::poll::{Host as _, HostPollable as _};
use wasmtime_wasi_io::bindings::wasi::io::streams::{Host as _, HostInputStream as _, StreamError};
use wasmtime_wasi_io::poll::DynPollable;
use wasmtime_wasi_io::streams::DynInputStream;

// The versions that wasmtime-wasi-io implements; the linker serves compatible ones too.
const POLL: &str = "wasi:io/poll@0.2.12";
const STREAMS: &str = "wasi:io/streams@0.2.12";

/// Replaces the functions that wait for the vendor.
pub fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    add_poll(&mut linker.instance(POLL)?)?;
    add_read(&mut linker.instance(STREAMS)?)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn add_poll(interface: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    interface.func_wrap_async(
        "poll",
        |mut store: StoreContextMut<'_, State>, (all,): (Vec<Resource<DynPollable>>,)| {
            Box::new(async move {
                let state = store.data_mut();
                let (ready, waited) = timed(state.ctx().table.poll(all)).await;
                state.waited += waited;
                Ok((ready?,))
            })
        },
    )?;
    interface.func_wrap_async(
        "[method]pollable.block",
        |mut store: StoreContextMut<'_, State>, (one,): (Resource<DynPollable>,)| {
            Box::new(async move {
                let state = store.data_mut();
                let (done, waited) = timed(state.ctx().table.block(one)).await;
                state.waited += waited;
                done
            })
        },
    )
}

fn add_read(interface: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    interface.func_wrap_async(
        "[method]input-stream.blocking-read",
        |mut store: StoreContextMut<'_, State>, (stream, length): (Resource<DynInputStream>, u64)| {
            Box::new(async move {
                let state = store.data_mut();
                let (read, waited) = timed(state.ctx().table.blocking_read(stream, length)).await;
                state.waited += waited;
                let read: Result<Vec<u8>, StreamError> = match read {
                    Ok(bytes) => Ok(bytes),
                    Err(error) => Err(state.ctx().table.convert_stream_error(error)?),
                };
                Ok((read,))
            })
        },
    )
}

async fn timed<T>(wait: impl Future<Output = T>) -> (T, std::time::Duration) {
    let begun = Instant::now();
    let done = wait.await;
    (done, begun.elapsed())
}
