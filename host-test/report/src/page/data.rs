//! The data of a page: JSON, compressed and written so that nothing in it can be HTML.

use super::details::Details;
use super::table::Table;
use crate::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use std::io::Write;

#[derive(Serialize)]
struct Data<'d> {
    tables: &'d [&'d Table],
    details: &'d Details,
}

/// Tables and details as base64 of gzip of JSON.
pub(super) fn pack(tables: &[&Table], details: &Details) -> Result<String> {
    let failed = |error: &dyn std::fmt::Display| Error::Contract(format!("the data of the report: {error}"));
    let json = serde_json::to_vec(&Data { tables, details }).map_err(|error| failed(&error))?;
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let packed = packed.write_all(&json).and_then(|()| packed.finish()).map_err(|error| failed(&error))?;
    Ok(base64(&packed))
}

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
