//! Asks, but not for longer than `health` may take: an answer that is not there then is none.

use crate::base::world::{CredentialHeaders, World};
use crate::read::body::Body;
use crate::read::client::{Client, Limits};
use crate::read::data::Shape;
use crate::read::error::GetError;
use crate::read::protocol::Protocol;
use core::pin::pin;
use futures_util::future::{Either, select};

/// The case of a request that was not answered in the time of `health`.
pub const NO_ANSWER: &str = "no-answer-in-time";

/// A client that is done by a certain moment.
pub struct Asking<'w, P: Protocol, W> {
    /// What sends.
    pub client: Client<'w, P, W>,
    deadline_ms: u64,
}

impl<'w, P: Protocol, W: World> Asking<'w, P, W> {
    /// Asks for so many milliseconds from now on.
    pub fn new(world: &'w W, settings: P::Settings, credentials: CredentialHeaders, within_ms: u64) -> Self {
        let deadline_ms = world.monotonic_ms().saturating_add(within_ms);
        let limits = Limits { deadline_ms, wait_for_rate_limit: false };
        Self { client: Client::new(world, settings, credentials, limits), deadline_ms }
    }

    /// As [`Client::get`].
    ///
    /// # Errors
    /// Besides its own, [`GetError::Outage`] with [`NO_ANSWER`].
    pub async fn get(&self, path_and_query: &str, shape: Shape) -> Result<Body, GetError> {
        let world = self.client.world();
        let late = || Err(GetError::Outage(None, NO_ANSWER));
        let left = self.deadline_ms.saturating_sub(world.monotonic_ms());
        if left == 0 {
            return late();
        }
        match select(pin!(self.client.get(path_and_query, shape)), pin!(world.wait_ms(left))).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => late(),
        }
    }
}

/// Whether an error is that there was no answer in time.
pub fn is_late(error: &GetError) -> bool {
    matches!(error, GetError::Outage(None, NO_ANSWER))
}
