//! `seal.json` and `seal.dsse.json`, held against the files and the anchors.

use super::findings::Findings;
use crate::digest::sha256_hex;
use crate::error::{Error, Result};
use crate::files::{self, ENVELOPE, SEAL};
use crate::seal::{self, Envelope, PublicKey};
use crate::summary::Summary;
use serde_json::Value;
use std::io::Read;
use std::path::Path;

/// A manifest holds at most 1,000 findings; what is larger than this was not written by this program.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// What a collection is held against.
#[derive(Clone, Copy, Default)]
pub struct Anchors<'a> {
    /// A seal that was kept elsewhere: SHA-256 of `seal.json`.
    pub seal: Option<&'a str>,
    /// The key of whoever is said to have made it.
    pub key: Option<&'a PublicKey>,
}

/// A signature, as far as it could be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// There is none.
    None,
    /// There is one that names this key; it was not given.
    Unchecked(String),
    /// There is one that is not what it should be.
    Bad,
    /// The owner of this key signed these files.
    Good(String),
}

/// What the seal came to.
pub(super) struct Sealed {
    pub sha256: String,
    pub signature: Signature,
}

/// Reads a small file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    files::open_to_read(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(Error::file("read", path))?;
    if bytes.len() as u64 > MAX_BYTES {
        let what = format!("{} is larger than {} MiB", path.display(), MAX_BYTES / (1024 * 1024));
        return Err(Error::Output { what, remedy: "this is not what collect wrote: look for the original".into() });
    }
    Ok(bytes)
}

/// Holds the seal against the files that it is said to cover, and against what was kept.
pub(super) fn check(
    folder: &Path,
    digests: &[(&str, String)],
    manifest: &Summary,
    anchors: Anchors<'_>,
    findings: &mut Findings,
) -> Result<Sealed> {
    let text = read(&folder.join(SEAL))?;
    let statement = seal::statement(digests, manifest);
    if statement.as_bytes() != text {
        findings.push(format!("the seal is broken: {}", changed(&text, digests)));
    }
    let sha256 = sha256_hex(&text);
    match anchors.seal {
        Some(kept) if kept == manifest.chain_head => findings
            .push("what you kept is the chain head, which covers the records only: give the seal that collect printed"),
        Some(kept) if kept != sha256 => findings
            .push(format!("the seal is {sha256}, not the one you kept: this is another collection, or it was changed")),
        _ => {}
    }
    let signature = signature(folder, &statement, manifest, anchors, findings)?;
    Ok(Sealed { sha256, signature })
}

/// What was changed: the files that the seal does not fit, or the seal.
fn changed(seal: &[u8], digests: &[(&str, String)]) -> String {
    let Ok(told) = serde_json::from_slice::<Value>(seal) else {
        // What it says of the other files is not known.
        return "seal.json was changed: it cannot be read".into();
    };
    let subjects = told.get("subject").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(ToString::to_string);
    let is_named = |name: &str, digest: &String| {
        let is_it = |subject: &Value| {
            text(subject, "/name").as_deref() == Some(name) && text(subject, "/digest/sha256").as_ref() == Some(digest)
        };
        subjects.iter().any(is_it)
    };
    let names = digests.iter().filter(|(name, digest)| !is_named(name, digest)).map(|(name, _)| *name);
    let names: Vec<&str> = names.collect();
    match names[..] {
        [] => "seal.json was changed".into(),
        [one] => format!("{one} was changed"),
        _ => format!("{} were changed, or seal.json was", names.join(", ")),
    }
}

fn signature(
    folder: &Path,
    statement: &str,
    manifest: &Summary,
    anchors: Anchors<'_>,
    findings: &mut Findings,
) -> Result<Signature> {
    let path = folder.join(ENVELOPE);
    if !path.exists() {
        if let Some(key) = &manifest.signed_by {
            findings.push(format!("the signature is missing: manifest.json says that key {key} signed"));
        } else if anchors.key.is_some() {
            findings.push("nobody signed this collection: there is no seal.dsse.json");
        }
        return Ok(Signature::None);
    }
    let text = read(&path)?;
    let envelope = serde_json::from_slice::<Envelope>(&text).ok();
    let Some(envelope) = envelope.filter(|envelope| envelope.text().as_bytes() == text.as_slice()) else {
        findings.push("seal.dsse.json is not in the exact form that collect writes");
        return Ok(Signature::Bad);
    };
    let named = envelope.signatures.first().map(|signature| signature.keyid.clone()).unwrap_or_default();
    if manifest.signed_by.as_ref() != Some(&named) {
        findings.push("seal.dsse.json names another key than manifest.json");
    }
    match anchors.key {
        Some(key) if envelope.is_signed(statement, key) => Ok(Signature::Good(key.id())),
        Some(key) => {
            let given = key.id();
            findings.push(match named == given {
                true => format!("the signature is not that of key {given} over these files"),
                false => format!(
                    "the signature is not that of key {given}, which you gave: it names key {named}. Is it the right .pub file?"
                ),
            });
            Ok(Signature::Bad)
        }
        None if !envelope.holds(statement) => {
            findings.push("seal.dsse.json signs something other than these files");
            Ok(Signature::Bad)
        }
        None => Ok(Signature::Unchecked(named)),
    }
}
