//! Reads a file line by line, in memory that does not grow with it, and digests it on the way.

use crate::digest::hex;
use crate::error::{Error, Result};
use crate::files;
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Longest line that is looked at. A component has 256 MiB for everything, and a record takes some KiB.
const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

/// A file under way.
pub(crate) struct LineReader {
    path: PathBuf,
    file: BufReader<Box<dyn Read>>,
    digest: Sha256,
    line: Vec<u8>,
    /// Number of the line read last, from 1.
    pub number: u64,
}

/// What comes next.
pub(crate) enum Next<'a> {
    /// A line, without its line break.
    Line(&'a str),
    /// What is wrong with a line.
    Bad(&'static str),
    /// There is no more.
    End,
}

impl LineReader {
    /// Opens a file, of which so many bytes count.
    pub fn open(path: &Path, valid: u64) -> Result<Self> {
        let file: Box<dyn Read> = match files::open_to_read(path) {
            Ok(file) => Box::new(file.take(valid)),
            // A collection that was interrupted before its first page.
            Err(Error::File { source, .. }) if valid == 0 && source.kind() == ErrorKind::NotFound => {
                Box::new(std::io::empty())
            }
            Err(error) => return Err(error),
        };
        let file = BufReader::with_capacity(256 * 1024, file);
        Ok(Self { path: path.into(), file, digest: Sha256::new(), line: Vec::new(), number: 0 })
    }

    /// The next line.
    pub fn next(&mut self) -> Result<Next<'_>> {
        self.line.clear();
        let (mut length, mut ended) = (0, false);
        while !ended {
            let bytes = self.file.fill_buf().map_err(Error::file("read", &self.path))?;
            if bytes.is_empty() {
                break;
            }
            let taken = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
            let part = bytes.get(..taken).unwrap_or_default();
            ended = part.ends_with(b"\n");
            length += taken;
            if length <= MAX_LINE_BYTES {
                self.line.extend_from_slice(part);
            }
            self.digest.update(part);
            self.file.consume(taken);
        }
        if length == 0 {
            return Ok(Next::End);
        }
        self.number += 1;
        if length > MAX_LINE_BYTES {
            return Ok(Next::Bad("longer than 64 MiB"));
        }
        if !ended {
            return Ok(Next::Bad("cut off: no line break at its end"));
        }
        self.line.pop();
        Ok(std::str::from_utf8(&self.line).map_or(Next::Bad("not UTF-8"), Next::Line))
    }

    /// SHA-256 of the whole, once the end was read.
    pub fn digest(self) -> String {
        hex(&self.digest.finalize())
    }
}
