//! What is wrong, up to a number that a person can read.

/// More would say nothing new.
const MOST: usize = 100;

/// What is wrong with a collection, most telling first.
#[derive(Debug, Default)]
pub(super) struct Findings {
    shown: Vec<String>,
    more: u64,
}

impl Findings {
    /// One more.
    pub fn push(&mut self, what: impl Into<String>) {
        if self.shown.len() < MOST { self.shown.push(what.into()) } else { self.more += 1 }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.shown.len() as u64 + self.more
    }

    /// All of them, as far as they are shown.
    pub fn into_list(self) -> Vec<String> {
        let more = (self.more > 0).then(|| format!("and {} more findings", self.more));
        self.shown.into_iter().chain(more).collect()
    }
}
