//! Checkers that we did not write, and one in another language, over what `collect` wrote.

use crate::support::*;
use std::path::Path;
use std::process::{Command, Output};

fn python(script: &str, args: &[&str]) -> std::io::Result<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(script);
    Command::new(std::env::var("PYTHON").unwrap_or_else(|_| "python3".into())).arg(script).args(args).output()
}

/// Chain, journal and digests by a script of sixty lines.
#[test]
fn the_script_in_the_documents_finds_the_same() {
    let scratch = Scratch::new("script");
    let out = scratch.path("out");
    let output = check(&collect(&out, &[]), 0, "seal:");
    let seal = String::from_utf8(output.stdout).unwrap().split("seal: ").nth(1).unwrap()[..64].to_string();
    let Ok(good) = python("check-chain.py", &[&out]) else { return println!("skipped: there is no Python") };
    check_output(&good, 0, &format!("seal {seal}"));
    let evidence = Path::new(&out).join("evidence.jsonl");
    let text = std::fs::read_to_string(&evidence).unwrap();
    for (from, to, found) in [
        ("\"is_custom\":false", "\"is_custom\":true", "not the content of its digest"),
        ("\"title\":\"R", "\"title\":\"X", "the heads are not the manifest's"),
        ("{\"id\":", "{\"id\":\"x\",\"id\":", "a name comes twice"),
    ] {
        std::fs::write(&evidence, text.replacen(from, to, 1)).unwrap();
        check_output(&python("check-chain.py", &[&out]).unwrap(), 1, found);
    }
}

/// The signature by the library of in-toto's and TUF's authors.
#[test]
fn the_signature_is_good_for_securesystemslib() {
    let scratch = Scratch::new("securesystemslib");
    let (key, other, out) = (scratch.path("key"), scratch.path("other"), scratch.path("out"));
    check(&["keygen", "--out", &key], 0, "keep");
    check(&["keygen", "--out", &other], 0, "keep");
    check(&collect(&out, &["--signing-key", &key]), 0, "seal:");
    let judge = |key: &str| python("check-signature.py", &[&out, &format!("{key}.pub")]);
    let good = match judge(&key) {
        Ok(output) if !String::from_utf8_lossy(&output.stderr).contains("ModuleNotFoundError") => output,
        _ => return println!("skipped: needs Python with securesystemslib and cryptography (.ci/run installs them)"),
    };
    check_output(&good, 0, "signed by the owner of key");
    check_output(&judge(&other).unwrap(), 1, "VerificationError");
    let manifest = Path::new(&out).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(manifest, text.replacen("complete", "partial", 1)).unwrap();
    check_output(&judge(&key).unwrap(), 1, "manifest.json was changed");
}
