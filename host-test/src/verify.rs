//! `verify`: is a collection consistent with itself, and is it what a kept seal or a key says? `keygen`: a key to sign collections with.

use super::schemas;
use clap::Args;
use host_test::component::{ComponentArgs, sha256};
use host_test::exit;
use host_test::text::{plain, plural, say};
use source_evidence::seal::{self, PublicKey};
use source_evidence::summary::Summary;
use source_evidence::verify::{Anchors, Report, Signature, Verdict, verify};
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
    for finding in &report.findings {
        say(format!("WRONG {}", plain(finding)));
    }
    for note in &report.notes {
        say(format!("note: {}", plain(note)));
    }
    show(args, &report);
    Ok(match report.verdict() {
        Verdict::Contradicted => exit::CONTRADICTED,
        Verdict::Consistent => exit::NO_ANCHOR,
        Verdict::Anchored => exit::COMPLETE,
    })
}

/// The strongest that was shown.
fn verdict(report: &Report) -> String {
    let signed = match &report.signature {
        Signature::Good(key) => Some(format!("signed by the owner of key {key}")),
        _ => None,
    };
    let kept = report.is_kept_seal.then(|| "matches the seal that you kept".to_string());
    let shown: Vec<String> = kept.into_iter().chain(signed).collect();
    if shown.is_empty() { "consistent with itself".into() } else { shown.join(", ") }
}

/// The verdict, and what it does not say.
fn show(args: &VerifyArgs, report: &Report) {
    let Report { records, requests, .. } = report;
    let shown = args.dir.display();
    let size = format!("{records} {}, {requests} {}", plural(*records, "record"), plural(*requests, "request"));
    let caveats = report.manifest.caveats();
    if report.verdict() == Verdict::Contradicted {
        let count = report.count;
        say(format!("{shown}: {size}: {count} {}: it contradicts itself, or what you gave", plural(count, "finding")));
        return caveats.for_each(say);
    }
    say(format!("{shown}: {size}: {}", verdict(report)));
    let Summary { component, started_at, updated_at, .. } = &report.manifest;
    say(format!("collected: {} to {}", plain(started_at), plain(updated_at)));
    let id = plain(&component.id);
    say(format!("component: {id} {}, SHA-256 {}", plain(&component.version), plain(&component.sha256)));
    say(match report.is_kept_seal {
        true => format!("seal:      {}: matches the one you kept: nothing has changed since", report.seal),
        false => {
            format!("seal:      {}: not compared (pass --seal with the value that collect printed)", report.seal)
        }
    });
    say(match &report.signature {
        Signature::Good(key) => format!("signature: by the owner of key {key}"),
        Signature::Unchecked(key) => format!("signature: names key {}, not checked (give --public-key)", plain(key)),
        Signature::None | Signature::Bad => "signature: none".into(),
    });
    if report.verdict() == Verdict::Consistent {
        say(
            "Anyone can produce files that agree with each other. Without a kept seal or a key, nothing shows who made \
             these, or when.",
        );
    }
    caveats.for_each(say);
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
