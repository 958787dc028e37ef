//! How to compare.

/// Below this, half of a kind is a handful, and may well be gone by intent.
pub const GUARDED_POPULATION: usize = 10;
/// Whoever deletes more than half between two collections can say so; mistakes do not.
pub const MAX_DROP_PERCENT: u8 = 50;

/// How to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Leave activity out of the changes. It is counted all the same.
    pub configuration_only: bool,
    /// So much of a kind may be gone before its deletions are doubted; 100 for as much as may be.
    pub max_drop_percent: u8,
}
