//! `journal.jsonl`, held against `manifest.json`.

use super::findings::Findings;
use super::links::Links;
use super::reader::{LineReader, Next};
use crate::chain::Chain;
use crate::error::Result;
use crate::journal::{self, Seen};
use crate::summary::Summary;

/// What the journal came to.
pub(super) struct JournalSums {
    pub requests: u64,
    pub bytes: u64,
    pub head: Chain,
    pub digest: String,
}

/// Reads it to its end.
pub(super) fn walk(mut file: LineReader, links: &mut Links<'_>, findings: &mut Findings) -> Result<JournalSums> {
    let (mut requests, mut bytes, mut head) = (0, 0_u64, Chain::zero());
    loop {
        let line = match file.next()? {
            Next::End => break,
            Next::Line(line) => Seen::read(line).ok_or("not in the exact form that collect writes").inspect(|_| {
                head = journal::next(head, line);
            }),
            Next::Bad(why) => Err(why),
        };
        requests += 1;
        match line {
            Ok(seen) => {
                bytes = bytes.saturating_add(seen.bytes);
                links.seen(requests, &seen, findings)?;
            }
            Err(why) => findings.push(format!("journal.jsonl, line {requests}: {why}")),
        }
    }
    Ok(JournalSums { requests, bytes, head, digest: file.digest() })
}

/// Whether `manifest.json` says the same.
pub(super) fn check(journal: &JournalSums, manifest: &Summary, findings: &mut Findings) {
    if journal.head.head() != manifest.journal_head {
        findings.push("journal.jsonl is not the journal that manifest.json names");
    }
    if (journal.requests, journal.bytes) != (manifest.requests, manifest.bytes_received) {
        let (requests, bytes) = (journal.requests, journal.bytes);
        findings.push(format!("manifest.json counts other requests or bytes than journal.jsonl ({requests}, {bytes})"));
    }
}
