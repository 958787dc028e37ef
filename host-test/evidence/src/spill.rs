//! Groups of what belongs together, in memory that does not grow with a collection: what is too much for memory
//! goes to files by its key, and each file is looked at by itself.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Seek, Write};

/// Something to be grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// What has the same key is one group: a part of a SHA-256.
    pub key: [u8; 16],
    /// What it is; within a group, entries come in this order.
    pub tag: u8,
    /// Something about it.
    pub detail: u64,
    /// Where it stands.
    pub line: u64,
}

const ENTRY_BYTES: usize = 33;
/// Entries kept in memory before files are used: 20 MB.
const IN_MEMORY: usize = 500_000;
/// Files, by the first bits of the key. 10 million entries are 5 MB in each.
const FILES: usize = 64;

/// Collects entries.
#[derive(Default)]
pub struct Spill {
    here: Vec<Entry>,
    files: Vec<BufWriter<File>>,
}

impl Entry {
    fn bytes(&self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        let parts = self.key.iter().chain([&self.tag]).copied();
        let parts = parts.chain(self.detail.to_le_bytes()).chain(self.line.to_le_bytes());
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }

    fn read(bytes: &[u8; ENTRY_BYTES]) -> Self {
        let number = |at: usize| bytes.iter().skip(at).take(8).rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        let mut key = [0; 16];
        key.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self { key, tag: bytes.get(16).copied().unwrap_or_default(), detail: number(17), line: number(25) }
    }
}

impl Spill {
    /// Adds one.
    ///
    /// # Errors
    /// When a temporary file cannot be written.
    pub fn add(&mut self, entry: Entry) -> Result<()> {
        if self.files.is_empty() {
            self.here.push(entry);
            return if self.here.len() < IN_MEMORY { Ok(()) } else { self.spill() };
        }
        self.write(&entry)
    }

    fn spill(&mut self) -> Result<()> {
        for _ in 0..FILES {
            self.files.push(BufWriter::new(tempfile::tempfile().map_err(temporary)?));
        }
        std::mem::take(&mut self.here).iter().try_for_each(|entry| self.write(entry))
    }

    fn write(&mut self, entry: &Entry) -> Result<()> {
        let [first, ..] = entry.key;
        let file = self.files.get_mut(usize::from(first) % FILES);
        file.map_or(Ok(()), |file| file.write_all(&entry.bytes())).map_err(temporary)
    }

    /// Hands over each group, its entries in order.
    ///
    /// # Errors
    /// When a temporary file cannot be read.
    pub fn groups(mut self, mut each: impl FnMut(&[Entry])) -> Result<()> {
        show(&mut self.here, &mut each);
        for file in self.files {
            let mut file = file.into_inner().map_err(|error| temporary(error.into_error()))?;
            file.rewind().map_err(temporary)?;
            let mut read = BufReader::new(file);
            let (mut entries, mut bytes) = (Vec::new(), [0; ENTRY_BYTES]);
            loop {
                match read.read_exact(&mut bytes) {
                    Ok(()) => entries.push(Entry::read(&bytes)),
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
                    Err(error) => return Err(temporary(error)),
                }
            }
            show(&mut entries, &mut each);
        }
        Ok(())
    }
}

fn show(entries: &mut [Entry], each: &mut impl FnMut(&[Entry])) {
    entries.sort_unstable();
    entries.chunk_by(|one, other| one.key == other.key).for_each(each);
}

fn temporary(source: std::io::Error) -> Error {
    Error::File { action: "use", path: std::env::temp_dir(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same groups, whether they fit into memory or not.
    #[test]
    fn what_goes_to_files_comes_back() {
        let entry = |n: u64| Entry {
            key: std::array::from_fn(|at| ((n % 1000) >> (at % 3)) as u8),
            tag: (n % 3) as u8,
            detail: n << 40,
            line: n,
        };
        let mut counts = Vec::new();
        for most in [3_000_u64, IN_MEMORY as u64 + 5_000] {
            let mut spill = Spill::default();
            let all = (0..most).map(entry);
            all.clone().for_each(|entry| spill.add(entry).unwrap());
            assert_eq!(spill.files.is_empty(), most == 3_000);
            let (mut seen, mut groups) = (Vec::new(), 0);
            spill
                .groups(|group| {
                    groups += 1;
                    assert!(group.is_sorted() && group.iter().all(|one| one.key == group[0].key));
                    seen.extend_from_slice(group);
                })
                .unwrap();
            let mut want: Vec<Entry> = all.collect();
            want.sort_unstable();
            seen.sort_unstable();
            assert!(seen == want);
            counts.push(groups);
        }
        assert_eq!(counts[0], counts[1]);
    }
}
