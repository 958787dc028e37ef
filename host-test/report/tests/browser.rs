//! The page in a browser. `.ci/run` installs what drives it, and names its folder in `PAGE_CHECK` and the browser in
//! `CHROMIUM`. What is tried is in `host-test/tests/page/check.mjs`.
#![cfg(test)] // What clippy.toml gives to tests holds for helpers too.

mod pages;
mod support;

use pages::{all_kinds, hostile, many};
use serde_json::json;
use source_evidence::verify::Anchors;
use source_report::collection::Collection;
use source_report::finding::Rules;
use source_report::page::page;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use support::Account;

/// The browser, and the folder of what drives it; says so where either is absent.
fn installed() -> Option<(PathBuf, PathBuf)> {
    let named = |name| std::env::var_os(name).map(PathBuf::from);
    let both = named("CHROMIUM").zip(named("PAGE_CHECK"));
    if both.is_none() {
        println!("skipped: CHROMIUM and PAGE_CHECK name no browser and what drives it (.ci/run installs them)");
    }
    both
}

/// Opens the page of an account, and uses it.
fn check(account: &Account, more: &[&str]) {
    let Some((chromium, folder)) = installed() else { return };
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let evidence = scratch.path().join("evidence");
    account.write(&evidence);
    let collection = Collection::read(&evidence, Anchors::default()).unwrap();
    let file = scratch.path().join("report.html");
    std::fs::write(&file, page(&collection, &Rules::built_in().judge(&collection).unwrap(), &[], None).unwrap())
        .unwrap();
    // Modules are looked for beside the script, so it goes there, once for all tests.
    static SCRIPT: OnceLock<PathBuf> = OnceLock::new();
    let script = SCRIPT.get_or_init(|| {
        let script = folder.join("check.mjs");
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/page/check.mjs"), &script).unwrap();
        script
    });
    let mut command = Command::new("node");
    command.arg(script).arg(chromium).arg(&file).arg(evidence.join("manifest.json")).arg(scratch.path()).args(more);
    let output = command.output().unwrap();
    let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(output.status.success() && said.contains("checked: "), "{said}");
}

/// Enough of everything to sort, pick, search and scroll, and hostile texts among it.
#[test]
fn a_reader_can_use_the_page_and_no_text_can_script_it() {
    let mut account = many(300);
    account.rows.extend(all_kinds().rows);
    account.rows.extend(hostile().rows.into_iter().map(|mut row| {
        row.id.push_str("_hostile");
        row
    }));
    check(&account, &[]);
}

#[test]
fn twenty_thousand_rows_can_be_used() {
    check(&many(20_000), &["20000"]);
}

#[test]
fn one_kind_alone_and_a_trail_alone_can_be_used() {
    check(&Account::new().with("webhook", "whk", json!({"active": true, "signed": null})), &[]);
    let entry = json!({"action": "EDIT", "captured_at": "2026-01-02T03:04:05Z", "user_id": "usr_ada"});
    check(&Account::new().with("audit_trail_entry", "one", entry), &[]);
}
