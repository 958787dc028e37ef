//! `verify`: is a collection whole and unaltered? `keygen`: a key to sign collections with.

use super::schemas;
use clap::Args;
use host_test::component::ComponentArgs;
use host_test::exit;
use host_test::text::{plain, plural, say};
use source_evidence::seal::{self, PublicKey};
use source_evidence::verify::{Files, verify};
use source_host::error::{Error, Result};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    component: ComponentArgs,
    /// Folder of a finished collection.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Also check the signature, with the .pub file that keygen wrote.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// Chain head that was kept elsewhere: checks that these are its records, unchanged.
    #[arg(long, value_name = "HEX", value_parser = head)]
    seal: Option<String>,
    /// Also check contents against the component's JSON Schemas (needs a build with --features schema-check).
    #[arg(long)]
    schemas: bool,
}

#[derive(Args)]
pub struct KeygenArgs {
    /// File for the key; the public half is written to the same name with .pub.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// A chain head, in lower case.
fn head(text: &str) -> std::result::Result<String, String> {
    match text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("a seal is 64 hexadecimal digits, as collect prints it".into()),
    }
}

/// Exit code 0 when nothing is wrong, 1 when something is.
pub async fn run(args: &VerifyArgs) -> Result<u8> {
    let files = Files::read(&args.dir)?;
    let key = args.public_key.as_deref().map(PublicKey::read).transpose()?;
    let check = match args.schemas {
        true => Some(schemas::value_check_of(&args.component.load().await?)?),
        false => None,
    };
    let mut report = verify(&files, key.as_ref(), check.as_deref());
    let head = report.chain_head.unwrap_or_default();
    if args.seal.as_ref().is_some_and(|kept| *kept != head) {
        report.findings.insert(0, format!("the chain head is {head}: this is another collection, or it was changed"));
    }
    for finding in &report.findings {
        say(format!("WRONG {}", plain(finding)));
    }
    if !report.findings.is_empty() {
        say(format!(
            "{}: {} {} in {} records",
            args.dir.display(),
            report.findings.len(),
            plural(report.findings.len() as u64, "finding"),
            report.records
        ));
        return Ok(exit::BUG);
    }
    say(format!("{}: {} records, whole and unaltered", args.dir.display(), report.records));
    say(format!("seal:      {head}"));
    say(match (report.signed, files.envelope.is_some()) {
        (true, _) => "signature: good",
        (false, true) => "signature: not checked (give --public-key)",
        (false, false) => "signature: none",
    });
    Ok(exit::COMPLETE)
}

/// Makes a key.
pub fn keygen(args: &KeygenArgs) -> Result<u8> {
    let (private, public, id) = seal::generate()?;
    let mut public_file = args.out.clone().into_os_string();
    public_file.push(".pub");
    // The public half first: whatever fails, no private key is left without it.
    create(Path::new(&public_file), &public, 0o644)?;
    create(&args.out, &private, 0o600).inspect_err(|_| drop(std::fs::remove_file(&public_file)))?;
    say(format!(
        "key {id}: keep {} secret, and give {} to whoever verifies",
        args.out.display(),
        Path::new(&public_file).display()
    ));
    Ok(exit::COMPLETE)
}

/// Never overwrites, and lets nobody else read.
fn create(path: &Path, text: &str, mode: u32) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(Error::file("create", path))
}
