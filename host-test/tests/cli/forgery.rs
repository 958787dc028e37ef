//! Forgeries, made systematically, each held against every anchor: what does `verify` say?
//!
//! The forger has all our tools but neither the key nor the place where the seal is kept. The table that comes
//! out stands in `docs/security.md`.

mod forger;
mod remake;

use crate::support::*;
use forger::{Forger, ONLY_SIGNATURE};
use remake::{FILES, read, write};
use source_evidence::digest::sha256_hex;
use source_evidence::files::SEAL;
use source_evidence::seal::{PublicKey, Signer};
use source_evidence::verify::{Anchors, Verdict, verify};
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn every_forgery_gets_the_verdict_that_the_table_says() {
    let scratch = Scratch::new("forgery");
    let (key, own) = (scratch.path("key"), scratch.path("own"));
    check(&["keygen", "--out", &key], 0, "keep");
    check(&["keygen", "--out", &own], 0, "keep");
    let collected = |name: &str, more: &[&str]| {
        let out = scratch.path(name);
        let few = ["--signing-key", &key, "--kinds", "role,user,group,connection"];
        check(&collect(&out, &[more, &few].concat()), 0, "seal:");
        read(&out)
    };
    let mut forger = Forger {
        good: collected("good", &[]),
        other: collected("other", &["--sim-seed", "2"]),
        later: collected("later", &[]),
        own: Signer::read(Path::new(&own)).unwrap(),
        made: Vec::new(),
    };
    let kept = sha256_hex(&forger.good[SEAL]);
    let public = PublicKey::read(Path::new(&format!("{key}.pub"))).unwrap();
    forger.files();
    forger.records();
    forger.journal();
    forger.manifest();
    forger.seal();
    let folder = scratch.path("forged");
    let anchors =
        [Anchors::default(), Anchors { seal: Some(&kept), key: None }, Anchors { seal: None, key: Some(&public) }];
    write(&folder, &forger.good);
    let good = anchors.map(|anchors| verify(Path::new(&folder), anchors, None).unwrap().verdict());
    assert_eq!(good, [Verdict::Consistent, Verdict::Anchored, Verdict::Anchored]);
    let (mut wrong, mut rows) = (Vec::new(), BTreeMap::new());
    for (what, files, is_consistent) in &forger.made {
        write(&folder, files);
        let judge =
            |anchors| verify(Path::new(&folder), anchors, None).map_or(Verdict::Contradicted, |it| it.verdict());
        let got = anchors.map(judge);
        let alone = if *is_consistent { Verdict::Consistent } else { Verdict::Contradicted };
        // What the owner of the key made on another day is signed well, and another collection all the same.
        let signed = if what.ends_with(", whole") { Verdict::Anchored } else { Verdict::Contradicted };
        // The seal covers all but the signature.
        let sealed = if what.ends_with(ONLY_SIGNATURE) { Verdict::Anchored } else { Verdict::Contradicted };
        if got != [alone, sealed, signed] {
            wrong.push(format!("{what}: {got:?}"));
        }
        add_row(&mut rows, what, got);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), forger.made.len(), wrong.join("\n"));
    hold_against_the_document(&table(&rows));
}

/// A row of the table: what `verify` says without an anchor, as the edit is, resealed and all made anew; and with
/// one. `None` where that was not tried.
#[derive(Default)]
struct Row {
    tried: u64,
    alone: [Option<Verdict>; 3],
    anchored: [Option<Verdict>; 2],
}

const LAYERS: [&str; 2] = ["; resealed", "; all made anew"];

/// Fields and files of one sort are one row.
fn add_row(rows: &mut BTreeMap<String, Row>, what: &str, [alone, seal, key]: [Verdict; 3]) {
    let layer = LAYERS.iter().position(|layer| what.contains(layer)).map_or(0, |at| at + 1);
    let base = what.split(';').next().unwrap();
    let base = match base.split_once(' ') {
        Some((place, rest)) if place.starts_with('/') && layer == 2 && alone == Verdict::Consistent => {
            format!("a field {rest} that nothing else tells")
        }
        Some((place, rest)) if place.starts_with('/') => format!("a field {rest}"),
        _ => FILES.iter().fold(base.into(), |base: String, name| base.replace(name, "one of the files")),
    };
    let row = rows.entry(base).or_default();
    row.tried += 1;
    let [by_seal, by_key] = &mut row.anchored;
    let cells = [(&mut row.alone[layer], alone), (by_seal, seal), (by_key, key)];
    for (cell, verdict) in cells {
        assert!(cell.is_none_or(|before| before == verdict), "{what} is in a row with other verdicts");
        *cell = Some(verdict);
    }
}

fn table(rows: &BTreeMap<String, Row>) -> String {
    let word = |verdict: &Option<Verdict>| match verdict {
        None => "",
        Some(Verdict::Contradicted) => "**found**",
        Some(Verdict::Consistent) => "consistent",
        Some(Verdict::Anchored) => "matches",
    };
    let mut out = String::from(
        "| Forgery | Tried | No anchor | Resealed | Made anew | Any, kept seal | Any, key |\n|---|---|---|---|---|---|---|\n",
    );
    for (what, row) in rows {
        let cells: Vec<&str> = row.alone.iter().chain(&row.anchored).map(word).collect();
        out += &format!("| {what} | {} | {} |\n", row.tried, cells.join(" | "));
    }
    out
}

/// Compares, or writes where `UPDATE_GOLDEN` is set.
fn hold_against_the_document(table: &str) {
    const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/security.md");
    let document = std::fs::read_to_string(PATH).unwrap();
    let (before, rest) = document.split_once("<!-- forgeries -->\n").unwrap();
    let (old, after) = rest.split_once("<!-- /forgeries -->").unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let new = format!("{before}<!-- forgeries -->\n{table}<!-- /forgeries -->{after}");
        std::fs::write(PATH, new).unwrap();
    } else {
        assert!(old == table, "docs/security.md has another table; UPDATE_GOLDEN=1 writes it:\n{table}");
    }
}
