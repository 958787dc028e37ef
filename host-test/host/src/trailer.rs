//! The digest of each response body, computed as it streams through the door and sent to the component in
//! a trailer: see `provenance.body-digest` in `wit/types.wit`. What comes from outside under that name is
//! removed.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::body::{Body, Frame, SizeHint};
use sha2::{Digest, Sha256};
use source_evidence::digest::hex;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Names the trailer.
pub const NAME: HeaderName = HeaderName::from_static("compliance-body-sha256");

/// A body that ends with the trailer. One that breaks off has none.
pub struct Digested<B> {
    body: B,
    digest: Sha256,
    sent: bool,
}

impl<B> Digested<B> {
    /// Digests a body.
    pub fn new(body: B) -> Self {
        Self { body, digest: Sha256::new(), sent: false }
    }

    /// The trailers of the vendor with ours.
    fn trailers<E>(&mut self, mut trailers: HeaderMap) -> Option<Result<Frame<Bytes>, E>> {
        self.sent = true;
        let digest = std::mem::take(&mut self.digest).finalize();
        trailers.remove(&NAME);
        if let Ok(value) = HeaderValue::try_from(hex(&digest)) {
            trailers.insert(NAME, value);
        }
        Some(Ok(Frame::trailers(trailers)))
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Digested<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.sent {
            return Poll::Ready(None);
        }
        Poll::Ready(match std::task::ready!(Pin::new(&mut self.body).poll_frame(task)) {
            Some(Ok(frame)) => match frame.into_trailers() {
                Ok(trailers) => self.trailers(trailers),
                Err(frame) => {
                    if let Some(data) = frame.data_ref() {
                        self.digest.update(data);
                    }
                    Some(Ok(frame))
                }
            },
            Some(Err(error)) => {
                self.sent = true;
                Some(Err(error))
            }
            None => self.trailers(HeaderMap::new()),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.sent
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
