//! The simulator's credentials as a tenant's.

use source_host::tenant::{Pair, Secret};

/// A simulator's pair as a tenant's.
#[must_use]
pub fn tenants_pair(pair: fivetran_simulator::Pair) -> Pair {
    Pair { username: Secret::new(pair.key), password: Secret::new(pair.secret) }
}
