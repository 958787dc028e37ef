//! Open files: as many as this program may have, and how many tenants that is enough for.

/// Files of a tenant that is collected, besides its connections: its folder's, and the lock.
const OF_A_TENANT: u64 = 6;
/// Files of the program itself: standard streams, the runtime, the component, names that are looked up.
const OF_THE_PROGRAM: u64 = 40;
/// What POSIX gives a process at least, where the system does not say.
const UNKNOWN: u64 = 256;

/// Raises the soft limit to the hard one, which any process may do.
pub fn raise_limit() {
    // Where that fails, the soft limit is what there is.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
}

/// Tenants with so many requests in flight for which the limit is enough. `is_both_ends`: where the simulator
/// runs in this program, it has the other end of each connection.
pub fn tenants(concurrency: u32, is_both_ends: bool) -> usize {
    let limit = rlimit::Resource::NOFILE.get_soft().unwrap_or(UNKNOWN);
    enough_for(limit, u64::from(concurrency) * if is_both_ends { 2 } else { 1 })
}

fn enough_for(limit: u64, connections: u64) -> usize {
    let tenants = limit.saturating_sub(OF_THE_PROGRAM) / (OF_A_TENANT + connections);
    usize::try_from(tenants).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_as_many_as_files_are_enough_for_and_one_at_least() {
        let limits = [0, 40, 256, 1_024, u64::MAX];
        assert_eq!(limits.map(|limit| enough_for(limit, 8)), [1, 1, 15, 70, (usize::MAX - 40) / 14]);
    }
}
