//! What ends a call before its work is done.

use crate::base::model::Failure;
use crate::base::timestamp::Timestamp;
use crate::read::error::GetError;
use crate::record::failure::failure_of;
use crate::record::source::Source;
use alloc::boxed::Box;

/// Why a call has to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The vendor asks to come back at this time.
    Wait(Timestamp),
    /// A failure.
    Fail(Box<Failure>),
}

/// Turns an error of a GET that affects everything into the end of the call. `path` is the endpoint,
/// without ids.
#[must_use]
pub fn halt_of<S: Source>(error: &GetError, path: &str) -> Halt {
    match error {
        GetError::Wait(until) => Halt::Wait(*until),
        error => Halt::Fail(Box::new(failure_of::<S>(error, path))),
    }
}
