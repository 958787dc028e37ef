//! A run of a place, as the folder of a collection: what `verify`, `diff` and `report` read.

use crate::page::Page;
use crate::place::Place;
use crate::run::{hash_line, page};
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
        remedy: "name the folder of one run (PLACE/TENANT/RUN), and wait until it is done".into(),
    })?;
    write_pages(place, folder).await?;
    for name in [MANIFEST, ENVELOPE] {
        match place.get(name).await? {
            Some(bytes) => write(folder, name, &bytes)?,
            None if name == MANIFEST => return Err(missing(place, name)),
            None => {}
        }
    }
    write(folder, SEAL, &seal)
}

async fn write_pages(place: &Place, folder: &Path) -> Result<()> {
    let open = |name: &str| {
        let path = folder.join(name);
        File::create_new(&path).map(BufWriter::new).map_err(Error::file("create", path))
    };
    let (mut evidence, mut hashes, mut journal) = (open(EVIDENCE)?, open(HASHES)?, open(JOURNAL)?);
    let broken = |name: &'static str| Error::file("write", folder.join(name));
    let size = |lines: &[String]| lines.iter().map(|line| line.len() as u64 + 1).sum::<u64>();
    let (mut number, mut sizes) = (1, (0, 0));
    loop {
        let page = page(place, number).await?;
        // The seal names the lines of all pages together; what else a page says of itself is checked here.
        sizes = (sizes.0 + size(&page.evidence), sizes.1 + size(&page.journal));
        if sizes != (page.checkpoint.evidence_bytes, page.checkpoint.journal_bytes) {
            return Err(changed(place, number, "does not say of itself what is in it"));
        }
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
    if place.get(&Page::name(number + 1)).await?.is_some() {
        return Err(changed(place, number + 1, "comes after the last page of the collection"));
    }
    for (mut file, name) in [(evidence, EVIDENCE), (hashes, HASHES), (journal, JOURNAL)] {
        file.flush().map_err(broken(name))?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.join(name);
    std::fs::write(&path, bytes).map_err(Error::file("write", path))
}

fn changed(place: &Place, number: u32, why: &str) -> Error {
    Error::Output {
        what: format!("{}/{} {why}", place.shown(), Page::name(number)),
        remedy: "somebody has changed this place: restore it from a copy, or collect anew with another run".into(),
    }
}

fn missing(place: &Place, name: &str) -> Error {
    Error::Output {
        what: format!("{}/{name} is missing", place.shown()),
        remedy: "restore it from a copy, or collect anew with another run".into(),
    }
}
