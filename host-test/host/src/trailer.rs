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
use wasmtime_wasi_http::Error as HttpError;

/// Names the trailer.
pub const NAME: HeaderName = HeaderName::from_static("compliance-body-sha256");

/// Is told how a body ended.
pub trait Witness: Send + Unpin {
    /// It came whole: its SHA-256, its bytes, and how many JSON objects it holds.
    fn ended(&mut self, sha256: String, bytes: u64, objects: u64);
    /// It broke off after so many bytes.
    fn broke(&mut self, error: &HttpError, bytes: u64);
}

/// A body that ends with the trailer. One that breaks off has none.
pub struct Digested<B> {
    body: B,
    digest: Sha256,
    bytes: u64,
    /// Opening braces: JSON objects, where no text holds one.
    objects: u64,
    sent: bool,
    witness: Option<Box<dyn Witness>>,
}

impl<B> Digested<B> {
    /// Digests a body, and tells the witness.
    pub fn new(body: B, witness: Option<Box<dyn Witness>>) -> Self {
        Self { body, digest: Sha256::new(), bytes: 0, objects: 0, sent: false, witness }
    }

    fn data(&mut self, data: &Bytes) {
        self.digest.update(data);
        self.bytes += data.len() as u64;
        self.objects += data.iter().filter(|byte| **byte == b'{').count() as u64;
    }

    /// The trailers of the vendor with ours.
    fn trailers<E>(&mut self, mut trailers: HeaderMap) -> Option<Result<Frame<Bytes>, E>> {
        self.sent = true;
        let digest = hex(&std::mem::take(&mut self.digest).finalize());
        trailers.remove(&NAME);
        if let Ok(value) = HeaderValue::try_from(&digest) {
            trailers.insert(NAME, value);
        }
        if let Some(witness) = &mut self.witness {
            witness.ended(digest, self.bytes, self.objects);
        }
        Some(Ok(Frame::trailers(trailers)))
    }
}

impl<B: Body<Data = Bytes, Error = HttpError> + Unpin> Body for Digested<B> {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if self.sent {
            return Poll::Ready(None);
        }
        Poll::Ready(match std::task::ready!(Pin::new(&mut self.body).poll_frame(task)) {
            Some(Ok(frame)) => match frame.into_trailers() {
                Ok(trailers) => self.trailers(trailers),
                Err(frame) => {
                    if let Some(data) = frame.data_ref() {
                        self.data(data);
                    }
                    Some(Ok(frame))
                }
            },
            Some(Err(error)) => {
                self.sent = true;
                let bytes = self.bytes;
                if let Some(witness) = &mut self.witness {
                    witness.broke(&error, bytes);
                }
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
