//! Why a GET gave nothing that evidence can be read from.

use super::body::Body;
use crate::base::timestamp::Timestamp;
use alloc::boxed::Box;
use alloc::string::String;

/// The case of an answer that the vendor was still working on when the time of the call was up.
pub const NOT_READY: &str = "answer-not-ready";

/// Why there is no [`Body`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GetError {
    /// The credentials are not accepted.
    Unauthorized,
    /// A permission is missing; its name where the vendor said it.
    Forbidden(Option<String>),
    /// No such thing: the vendor's code for that, and the answer itself.
    NotFound(String, Box<Body>),
    /// Come back at this time.
    Wait(Timestamp),
    /// The vendor cannot be reached now. Holds the status, or the transport's case.
    Outage(Option<u16>, &'static str),
    /// This answer is of no use. Holds status, request id and what is wrong with it.
    Broken(u16, Option<String>, String),
    /// The host's policy denied the request.
    Denied,
}
