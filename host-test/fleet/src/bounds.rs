//! What a turn may send.

/// Beyond its share, a turn may send so many before it is ended: what one item of a source needs, with
/// parts of many pages and attempts repeated, is far below.
const BEYOND: u64 = 1_000;

/// What bounds a turn for which requests are reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Requests that the source is asked to keep to.
    pub requests: u32,
    /// Requests in flight that it is asked to keep to.
    pub in_flight: u32,
    /// Requests after which it is ended, as it does not keep to anything.
    pub most: u64,
}

impl Bounds {
    /// Of a turn that is to stay within `share` requests. A tenth is left for attempts that are repeated.
    pub fn of(share: u64, concurrency: u32) -> Self {
        const WORTH_A_SLOT: u64 = 12;
        let in_flight = (share / WORTH_A_SLOT).clamp(1, u64::from(concurrency.max(1)));
        let requests = (share - share / 10).max(1);
        Self {
            requests: u32::try_from(requests).unwrap_or(u32::MAX),
            in_flight: u32::try_from(in_flight).unwrap_or(1),
            most: share.saturating_add(BEYOND),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That a source keeps to them is tested with the component, in `tests/component/fleet.rs`.
    #[test]
    fn bounds_leave_room_within_the_share_and_end_who_goes_far_beyond() {
        for share in [1, 5, 24, 100, 500, 5_000] {
            for concurrency in [1, 8, 64] {
                let Bounds { requests, in_flight, most } = Bounds::of(share, concurrency);
                assert!((1..=share).contains(&u64::from(requests)) && (1..=concurrency).contains(&in_flight));
                assert!(share < 10 || u64::from(requests) < share);
                assert!(u64::from(in_flight) <= share && most == share + BEYOND);
            }
        }
    }
}
