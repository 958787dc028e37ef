//! `verify`: is a collection consistent with itself, and is it what a kept seal or a key says? `keygen`: a key to sign collections with.

use super::folder::folder;
use super::output::Format;
use super::schemas;
use clap::Args;
use host_test::component::{LocalArgs, sha256};
use host_test::exit;
use host_test::text::{insist, marked, say, say_json, tell};
use serde_json::{Value, json};
use source_evidence::seal::{self, PublicKey};
use source_evidence::verify::{Anchors, Report, Signature, Verdict, verify};
use source_host::error::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Examples:
  host-test verify evidence
  host-test verify evidence --seal 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  host-test verify evidence --public-key seal.key.pub --format json")]
pub struct VerifyArgs {
    #[command(flatten)]
    component: LocalArgs,
    /// Folder of a finished collection.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Public key (.pub, from keygen) of whoever is said to have made it: checks that its owner signed these files.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The seal that collect printed, kept elsewhere: checks that no file was changed since.
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    seal: Option<String>,
    /// Also check contents against the component's JSON Schemas (needs a build with --features schema-check).
    #[arg(long)]
    schemas: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Args)]
#[command(after_help = "Examples:
  host-test keygen --out seal.key
  host-test collect --out evidence --signing-key seal.key")]
pub struct KeygenArgs {
    /// File for the key; the public half is written to the same name with .pub.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Exit code 0 when it is what every given anchor says.
pub async fn run(args: &VerifyArgs) -> Result<u8> {
    let key = args.public_key.as_deref().map(PublicKey::read).transpose()?;
    let check = match args.schemas {
        true => Some(schemas::value_check_of(&args.component.load().await?)?),
        false => None,
    };
    let anchors = Anchors { seal: args.seal.as_deref(), key: key.as_ref() };
    let folder = folder(&args.dir).await?;
    let report = verify(folder.path(), anchors, check.as_deref())?;
    match args.format {
        Format::Json => say_json(&to_json(&report, &args.dir)),
        Format::Table => report.lines(&args.dir.display().to_string()).into_iter().for_each(|line| {
            let is_verdict = report.verdict() == Verdict::Contradicted && !line.starts_with("note: ");
            if is_verdict || line.starts_with("SIMULATED") { insist(marked(line)) } else { tell(marked(line)) }
        }),
    }
    Ok(match report.verdict() {
        Verdict::Contradicted => exit::CONTRADICTED,
        Verdict::Consistent => exit::NO_ANCHOR,
        Verdict::Anchored => exit::COMPLETE,
    })
}

/// Makes a key.
pub fn keygen(args: &KeygenArgs) -> Result<u8> {
    let (private, public, id) = seal::generate()?;
    let mut public_file = args.out.clone().into_os_string();
    public_file.push(".pub");
    // The public half first: whatever fails, no private key is left without it.
    create(Path::new(&public_file), &public, 0o644)?;
    create(&args.out, &private, 0o600).inspect_err(|_| drop(std::fs::remove_file(&public_file)))?;
    let (key, public_file) = (args.out.display(), Path::new(&public_file).display());
    match args.format {
        Format::Json => say_json(&json!({
            "key_id": id, "private_key": key.to_string(), "public_key": public_file.to_string(),
        })),
        Format::Table => say(format!("key {id}: keep {key} secret, and give {public_file} to whoever verifies")),
    }
    Ok(exit::COMPLETE)
}

fn to_json(report: &Report, folder: &Path) -> Value {
    let (signature, key) = match &report.signature {
        Signature::None => ("none", None),
        Signature::Unchecked(key) => ("unchecked", Some(key)),
        Signature::Bad => ("bad", None),
        Signature::Good(key) => ("good", Some(key)),
    };
    json!({
        "folder": folder,
        "verdict": match report.verdict() {
            Verdict::Contradicted => "contradicted",
            Verdict::Consistent => "consistent",
            Verdict::Anchored => "anchored",
        },
        "conclusion": report.conclusion(),
        "findings": report.findings,
        "findings_count": report.count,
        "notes": report.notes,
        "records": report.records,
        "requests": report.requests,
        "evidence_sha256": report.evidence,
        "seal": report.seal,
        "is_kept_seal": report.is_kept_seal,
        "signature": {"state": signature, "key_id": key},
        "component": report.manifest.component,
        "started_at": report.manifest.started_at,
        "updated_at": report.manifest.updated_at,
        "caveats": report.manifest.caveats().collect::<Vec<_>>(),
    })
}

/// Writes a new file: never overwrites, and leaves nothing where that fails.
pub fn create(path: &Path, text: &str, mode: u32) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let write = |mut file: File| file.write_all(text.as_bytes()).inspect_err(|_| drop(std::fs::remove_file(path)));
    options.open(path).and_then(write).map_err(Error::file("create", path))
}
