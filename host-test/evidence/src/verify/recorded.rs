//! The hashes in `evidence.sha256`, one a line, held against those of the records: what was changed, added, dropped
//! or moved is named.

use super::findings::Findings;
use super::reader::{LineReader, Next};
use crate::error::Result;

/// A comparison under way. After the first difference it goes on, to tell what kind of difference it is.
pub(super) struct Recorded {
    file: LineReader,
    /// Number of the first line that differs.
    first: Option<u64>,
    /// Whether all would fit if one record had been added there, or one dropped.
    added: bool,
    dropped: bool,
    /// The hashes one step before.
    before: (Option<String>, Option<String>),
    /// All hashes from the first difference on, put together in a way that does not depend on their order.
    sums: ([u8; 64], [u8; 64]),
    lines: u64,
    recorded: u64,
    broken: bool,
}

impl Recorded {
    /// Against this file.
    pub fn new(file: LineReader) -> Self {
        Self {
            file,
            first: None,
            added: true,
            dropped: true,
            before: (None, None),
            sums: ([0; 64], [0; 64]),
            lines: 0,
            recorded: 0,
            broken: false,
        }
    }

    fn want(&mut self) -> Result<Option<String>> {
        let line = match self.file.next()? {
            Next::End => return Ok(None),
            Next::Line(line) => Some(line.to_string()),
            Next::Bad(_) => None,
        };
        self.recorded += 1;
        self.broken |= line.as_ref().is_none_or(|line| line.len() != 64);
        Ok(Some(line.unwrap_or_default()))
    }

    /// The next record's hash; an empty text for a line that is no record.
    pub fn step(&mut self, have: String) -> Result<()> {
        self.lines += 1;
        let want = self.want()?;
        self.compare(Some(have), want);
        Ok(())
    }

    fn compare(&mut self, have: Option<String>, want: Option<String>) {
        if self.first.is_none() {
            if have == want {
                return;
            }
            self.first = Some(self.lines.max(1));
        } else {
            self.added &= have == self.before.1;
            self.dropped &= self.before.0 == want;
        }
        for (sum, hash) in [(&mut self.sums.0, &have), (&mut self.sums.1, &want)] {
            let bytes = hash.as_deref().unwrap_or_default().bytes();
            sum.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum ^= byte);
        }
        self.before = (have, want);
    }

    /// Reads on to the end of the file, and tells the difference. Answers the file's SHA-256.
    pub fn finish(mut self, findings: &mut Findings) -> Result<String> {
        while let Some(want) = self.want()? {
            if self.first.is_none() {
                self.first = Some(self.lines + 1);
            } else {
                self.dropped &= self.before.0.as_ref() == Some(&want);
            }
            self.before = (None, Some(want));
        }
        if self.broken {
            findings.push("evidence.sha256 was changed: it is not one hash a line");
        }
        if let Some(first) = self.first {
            findings.push(format!("line {first}: {}", self.difference()));
        }
        Ok(self.file.digest())
    }

    fn difference(&self) -> &'static str {
        if self.dropped && self.lines + 1 == self.recorded {
            "a record is missing before this line"
        } else if self.added && self.lines == self.recorded + 1 {
            "this record was added"
        } else if self.lines < self.recorded {
            "records are missing from here on"
        } else if self.sums.0 == self.sums.1 {
            "records are in another order from here on"
        } else {
            "not the record that was collected"
        }
    }
}
