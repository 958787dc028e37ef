//! The connections of one tenant. Nobody else uses them, so nobody else feels a flow-control window that is
//! full, a session that is torn down, or a body that is left unread.

use crate::obstacle::Obstacle;
use crate::pool::Pool;
use crate::wire::Target;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The connections of one tenant, and its TLS sessions. A clone shares them; the last one that is dropped
/// closes them.
#[derive(Clone, Default)]
pub struct Connections(Arc<Own>);

/// What is one tenant's own.
#[derive(Default)]
struct Own {
    tls: OnceLock<Arc<rustls::ClientConfig>>,
    pools: Mutex<HashMap<Target, Arc<Pool>>>,
    obstacle: Mutex<Option<Obstacle>>,
}

impl fmt::Debug for Connections {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Connections({} open)", self.open())
    }
}

impl Connections {
    /// How many there are, those that are being made included.
    #[must_use]
    pub fn open(&self) -> usize {
        self.pools().values().map(|pool| pool.open()).sum()
    }

    /// Closes those that no request uses, and each of the others when its last request has ended: for a tenant
    /// that will not need them soon.
    pub fn close_idle(&self) {
        let pools: Vec<Arc<Pool>> = self.pools().values().cloned().collect();
        for pool in pools {
            pool.close();
        }
    }

    /// Why the last connection that could not be made could not, where the host knows more than a component.
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        self.0.obstacle.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A connection was made: what was in the way is no longer.
    pub(crate) fn is_well(&self) {
        *self.0.obstacle.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn note(&self, obstacle: Obstacle) {
        *self.0.obstacle.lock().unwrap_or_else(PoisonError::into_inner) = Some(obstacle);
    }

    /// TLS as `base` has it, with a cache of sessions of its own: a ticket that one tenant got would tell
    /// the server that another is the same client.
    pub(crate) fn tls(&self, base: &rustls::ClientConfig) -> Arc<rustls::ClientConfig> {
        let own = || {
            let mut own = base.clone();
            own.resumption = rustls::client::Resumption::in_memory_sessions(8);
            Arc::new(own)
        };
        Arc::clone(self.0.tls.get_or_init(own))
    }

    /// Those to a host.
    pub(crate) fn to(&self, target: &Target) -> Arc<Pool> {
        Arc::clone(self.pools().entry(target.clone()).or_default())
    }

    fn pools(&self) -> MutexGuard<'_, HashMap<Target, Arc<Pool>>> {
        self.0.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
