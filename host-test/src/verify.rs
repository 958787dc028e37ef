//! `verify`: is a collection consistent with itself, and is it what a kept seal or a key says? `keygen`: a key to sign collections with.

use super::schemas;
use clap::Args;
use host_test::component::{ComponentArgs, sha256};
use host_test::exit;
use host_test::text::say;
use source_evidence::seal::{self, PublicKey};
use source_evidence::verify::{Anchors, Verdict, verify};
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
    /// Public key (.pub, from keygen) of whoever is said to have made it: checks that its owner signed these files.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The seal that collect printed, kept elsewhere: checks that no file was changed since.
    #[arg(long, value_name = "HEX", value_parser = sha256)]
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

/// Exit code 0 when it is what every given anchor says.
pub async fn run(args: &VerifyArgs) -> Result<u8> {
    let key = args.public_key.as_deref().map(PublicKey::read).transpose()?;
    let check = match args.schemas {
        true => Some(schemas::value_check_of(&args.component.load().await?)?),
        false => None,
    };
    let anchors = Anchors { seal: args.seal.as_deref(), key: key.as_ref() };
    let report = verify(&args.dir, anchors, check.as_deref())?;
    report.lines(&args.dir.display().to_string()).iter().for_each(say);
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
