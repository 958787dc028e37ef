//! Bodies that go wrong on the wire.

use super::faults::Wire;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// How slow a slow answer is.
pub const SLOW: Duration = Duration::from_millis(400);
/// How large a huge one is.
const HUGE_BYTES: usize = 1024 * 1024 * 1024;
const PIECE_BYTES: usize = 1024 * 1024;

/// Makes the server close the connection.
#[derive(Debug)]
pub struct WireError;

impl fmt::Display for WireError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("simulated fault")
    }
}

impl std::error::Error for WireError {}

/// A body, and what goes wrong with it.
pub struct WireBody {
    rest: Bytes,
    wire: Option<Wire>,
    timer: Pin<Box<Sleep>>,
    huge_left: usize,
}

impl WireBody {
    /// A body that goes wrong like this.
    pub fn new(body: Bytes, wire: Option<Wire>) -> Self {
        let wait = if wire == Some(Wire::SlowBody) { SLOW } else { Duration::ZERO };
        let huge_left = if wire == Some(Wire::Huge) { HUGE_BYTES } else { 0 };
        Self { rest: body, wire, timer: Box::pin(sleep(wait)), huge_left }
    }
}

impl Body for WireBody {
    type Data = Bytes;
    type Error = WireError;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, WireError>>> {
        let half = self.rest.len() / 2;
        let wire = self.wire;
        match wire {
            Some(Wire::CloseAfterHeaders) => return Poll::Ready(Some(Err(WireError))),
            Some(Wire::CloseMidBody) if half > 0 => {
                let piece = self.rest.split_to(half);
                self.wire = Some(Wire::CloseAfterHeaders);
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            Some(Wire::SlowBody) if self.timer.as_mut().poll(task).is_pending() => return Poll::Pending,
            Some(Wire::Huge) if self.huge_left > 0 => {
                self.huge_left -= PIECE_BYTES;
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b' '; PIECE_BYTES])))));
            }
            _ => {}
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let rest = std::mem::take(&mut self.rest);
        Poll::Ready(Some(Ok(Frame::data(rest))))
    }

    fn is_end_stream(&self) -> bool {
        self.wire.is_none() && self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.wire {
            Some(Wire::Huge | Wire::CloseAfterHeaders | Wire::CloseMidBody) => SizeHint::default(),
            _ => SizeHint::with_exact(self.rest.len() as u64),
        }
    }
}
