//! A run of a place, as the folder of a collection: what `verify`, `diff` and `report` read.

use crate::page::Page;
use crate::place::Place;
use crate::run::{Heads, hash_line, page};
use source_evidence::files::{ENVELOPE, EVIDENCE, HASHES, JOURNAL, MANIFEST, SEAL};
use source_evidence::{Error, Result};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Writes a finished run of a place into a folder that is there and empty: the same bytes that `collect` would have
/// written there. Whether they are right is for `verify` to say.
///
/// # Errors
/// When the run is not finished, an object is missing or is none of ours, or a file cannot be written.
pub async fn fetch(place: &Place, folder: &Path) -> Result<()> {
    let seal = place.get(SEAL).await?.ok_or_else(|| Error::Output {
        what: format!("{} holds no finished collection", place.shown()),
        remedy: "name the folder of one run (PLACE/TENANT/RUN) in a bucket that is there, and wait until it is done"
            .into(),
    })?;
    let pages = write_pages(place, folder).await?;
    // Nothing names what is no part of a collection: whoever finds it may take it for one.
    let ours = |name: &String| {
        [MANIFEST, ENVELOPE, SEAL].contains(&name.as_str()) || (1..=pages).any(|page| Page::name(page) == *name)
    };
    if let Some(other) = place.names().await?.into_iter().find(|name| !ours(name)) {
        return Err(changed(place, &other, "is no part of the collection"));
    }
    for name in [MANIFEST, ENVELOPE] {
        match place.get(name).await? {
            Some(bytes) => write(folder, name, &bytes)?,
            None if name == MANIFEST => return Err(missing(place, name)),
            None => {}
        }
    }
    write(folder, SEAL, &seal)
}

/// Writes what the pages have; answers how many there are.
async fn write_pages(place: &Place, folder: &Path) -> Result<u32> {
    let open = |name: &str| {
        let path = folder.join(name);
        File::create_new(&path).map(BufWriter::new).map_err(Error::file("create", path))
    };
    let (mut evidence, mut hashes, mut journal) = (open(EVIDENCE)?, open(HASHES)?, open(JOURNAL)?);
    let broken = |name: &'static str| Error::file("write", folder.join(name));
    let size = |lines: &[String]| lines.iter().map(|line| line.len() as u64 + 1).sum::<u64>();
    let (mut number, mut sizes, mut heads) = (1, (0, 0), None);
    loop {
        let page = page(place, number).await?;
        // The seal names the lines of all pages together; what a page says of itself beside its cursor is checked here.
        sizes = (sizes.0 + size(&page.evidence), sizes.1 + size(&page.journal));
        let summary = &page.checkpoint.summary;
        let begun = || Heads::begin(summary);
        let now = heads.take().unwrap_or_else(begun).after(&page)?;
        if sizes != (page.checkpoint.evidence_bytes, page.checkpoint.journal_bytes) || !now.are_of(summary) {
            return Err(changed(place, &Page::name(number), "does not say of itself what is in it"));
        }
        heads = Some(now);
        for line in &page.evidence {
            writeln!(evidence, "{line}").map_err(broken(EVIDENCE))?;
            hashes.write_all(hash_line(line)?.as_bytes()).map_err(broken(HASHES))?;
        }
        for line in &page.journal {
            writeln!(journal, "{line}").map_err(broken(JOURNAL))?;
        }
        if page.checkpoint.finished {
            break;
        }
        number += 1;
    }
    let next = Page::name(number.saturating_add(1));
    if place.get(&next).await?.is_some() {
        return Err(changed(place, &next, "comes after the last page of the collection"));
    }
    for (mut file, name) in [(evidence, EVIDENCE), (hashes, HASHES), (journal, JOURNAL)] {
        file.flush().map_err(broken(name))?;
    }
    Ok(number)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.join(name);
    std::fs::write(&path, bytes).map_err(Error::file("write", path))
}

fn changed(place: &Place, name: &str, why: &str) -> Error {
    Error::Output {
        what: format!("{}/{name} {why}", place.shown()),
        remedy: "somebody has changed this place: restore it from a copy, or collect anew with another run".into(),
    }
}

fn missing(place: &Place, name: &str) -> Error {
    Error::Output {
        what: format!("{}/{name} is missing", place.shown()),
        remedy: "restore it from a copy, or collect anew with another run".into(),
    }
}
