//! Exports, read by what others wrote. `.ci/run` installs it; without Python or one of its packages a test says that it
//! was skipped.

#[path = "../../report/tests/support/mod.rs"]
mod accounts;

use crate::support::*;
use accounts::Account;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Output};

/// What `exports.py` says, unless it cannot run.
fn checked(args: &[&str]) -> Option<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/exports.py");
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let output = Command::new(python).arg(script).args(args).output();
    match output {
        Ok(output) if !String::from_utf8_lossy(&output.stderr).contains("ModuleNotFoundError") => Some(output),
        _ => {
            println!("skipped: needs Python with the packages that .ci/run installs");
            None
        }
    }
}

/// As it has to be, or skipped.
fn is_good(args: &[&str]) {
    if let Some(output) = checked(args) {
        check_output(&output, 0, "as it has to be");
    }
}

fn export<'a>(dir: &'a str, format: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["export", dir, "--format", format, "--out", out], more].concat()
}

/// Exports a collection in every format, and has each read.
fn all_are_good(scratch: &Scratch, dir: &str) {
    for format in ["csv", "xlsx", "ocsf", "oscal"] {
        // Some readers look at the end of the name.
        let out = scratch.path(match format {
            "csv" => "csv",
            "xlsx" => "book.xlsx",
            "ocsf" => "events.jsonl",
            _ => "results.json",
        });
        check(&export(dir, format, &out, &[]), 0, &format!("{out}: "));
        match format {
            "csv" | "xlsx" => is_good(&[format, dir, &out]),
            "oscal" => is_good(&[format, &out, &scratch.path("")]),
            _ => is_good(&[format, &out]),
        }
    }
}

#[test]
fn programs_are_told_each_file_with_its_size_and_digest() {
    let scratch = Scratch::new("exports-json");
    let dir = scratch.path("collection");
    check(&collect(&dir, &["--sim-scopes", "USER,TEAM,ROLES"]), 5, "");
    let kind = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["kind"].clone();
    let users = evidence(&dir).lines().filter(|line| kind(line) == "user").count();
    for (format, files) in [("csv", 2), ("xlsx", 1), ("ocsf", 1), ("oscal", 1)] {
        let out = scratch.path(format);
        let output = check(&export(&dir, format, &out, &["--kinds", "user", "--result", "json"]), 0, "");
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&said["format"], &said["incomplete"]), (&format.into(), &json!([])), "{said}");
        assert!(said["caveats"][0].as_str().unwrap().starts_with("SIMULATED"), "{said}");
        let told = said["files"].as_array().unwrap();
        assert_eq!(told.len(), files, "{said}");
        for file in told {
            let bytes = std::fs::read(file["path"].as_str().unwrap()).unwrap();
            assert_eq!(file["bytes"], bytes.len());
            assert_eq!(file["sha256"], source_evidence::digest::sha256_hex(&bytes).as_str());
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
            match format {
                "ocsf" => assert_eq!(file["rows"], lines),
                "csv" if file["path"].as_str().unwrap().ends_with("/user.csv") => assert_eq!(file["rows"], users),
                "csv" => assert!(file["rows"].as_u64().is_some_and(|rows| rows > 0)),
                _ => assert!(file["rows"].is_null()),
            }
        }
    }
    let out = scratch.path("all");
    let output = check(&export(&dir, "csv", &out, &["--incomplete", "--result", "json"]), 0, "");
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(said["incomplete"].as_array().unwrap().iter().any(|one| one["kind"] == "connection"), "{said}");
    let events = scratch.path("events");
    check(&export(&dir, "ocsf", &events, &["--incomplete"]), 0, "INCOMPLETE");
    is_good(&["ocsf", &events]);
    for (kinds, want) in [("usr", "did you mean \"user\"?"), ("user,teem", "did you mean \"team\"?")] {
        check(&export(&dir, "csv", &scratch.path("none"), &["--kinds", kinds]), 2, want);
    }
    let two = check(&export(&dir, "csv", &scratch.path("none"), &["--kinds", "usr,conection"]), 2, "for \"usr\"?");
    check_output(&two, 2, "did you mean \"connection\" for \"conection\"?");
    check(&export(&dir, "csv", "-", &[]), 2, "--out - is no file");
    check(
        &export(&dir, "csv", &format!("{dir}/csv"), &[]),
        2,
        "the folder of the evidence\n  → choose a place outside",
    );
    let (folder, elsewhere) = (scratch.path(""), Scratch::new("exports-elsewhere"));
    let fleet = check(
        &export(&folder, "csv", &elsewhere.path("csv"), &[]),
        2,
        "holds no collection: there is no manifest.json",
    );
    check_output(&fleet, 2, "  → name one of the 1 in it, e.g. ");
    let nothing = check(&export(&dir, "csv", &scratch.path("none"), &["--kinds", "qqqq"]), 2, "has no kind \"qqqq\"");
    assert!(!String::from_utf8(nothing.stderr).unwrap().contains("did you mean"));
}

#[test]
fn exports_of_a_simulated_account_are_read_by_other_programs() {
    let scratch = Scratch::new("exports");
    let dir = scratch.path("collection");
    check(&collect(&dir, CLOCK), 0, "seal:");
    all_are_good(&scratch, &dir);
    let csv = std::fs::read_to_string(Path::new(&scratch.path("csv")).join("access-review.csv")).unwrap();
    assert!(csv.lines().skip(1).all(|line| line.contains("SIMULATED")));
}

#[test]
fn the_recipe_in_the_documents_writes_parquet() {
    let scratch = Scratch::new("recipe");
    let dir = scratch.path("collection");
    check(&collect(&dir, CLOCK), 0, "seal:");
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/exports.md");
    is_good(&["recipe", &dir, document.to_str().unwrap()]);
    check(&["verify", &dir], 11, "consistent");
}

/// Texts that want to be more than text, wherever a text can stand.
const CANARIES: [&str; 16] = [
    "=HYPERLINK(\"https://example.com\",\"x\")",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r\n=1+1",
    "a\nb, \"c\"",
    "\"",
    "\u{0}=1",
    "\u{202e}=1",
    "＝1+1",
    "'=1",
    "\u{2028}=1",
    "<script>alert(1)</script>{{ insert: param, x }}",
    "[x](javascript:alert(1))",
    " \u{feff}=1 ",
];

fn canaries() -> Account {
    CANARIES.iter().enumerate().fold(Account::new(), |account, (number, text)| {
        let content = json!({
            "id": text, "email": text, "name": text, "schema": text, "team_id": text, "user_id": text, "role": text, "region": text,
            "list": [text], "object": {"deep": text}, *text: text, "number": -5, "logged_in_at": text, "created_at": text,
            "grantee_id": text, "grantee_type": "user", "resource_id": text, "resource_type": text, "expired_at": null,
        });
        let id = format!("{text}{number}");
        ["user", "team", "team_membership", "access_grant", "connection", "system_key"].iter().fold(
            account,
            |account, kind| account.with(kind, &id, content.clone()).named(text).withholding(text, text),
        )
    })
}

#[test]
fn no_text_of_a_vendor_is_more_than_text_in_an_export() {
    let scratch = Scratch::new("canaries");
    let dir = scratch.path("collection");
    canaries().write(Path::new(&dir));
    check(&["verify", &dir], 11, "consistent");
    all_are_good(&scratch, &dir);
    let Some(output) = checked(&["xlsx", &dir, &scratch.path("book.xlsx")]) else { return };
    check_output(&output, 0, "texts begin with =");
    assert!(!String::from_utf8_lossy(&output.stdout).starts_with("0 texts"), "as text, and not as anything else");
}

/// The reader sees what is wrong: without the apostrophes, or with a row less, it fails.
#[test]
fn the_readers_see_what_is_wrong() {
    let scratch = Scratch::new("wrong");
    let (dir, out) = (scratch.path("collection"), scratch.path("csv"));
    canaries().write(Path::new(&dir));
    check(&export(&dir, "csv", &out, &[]), 0, "files");
    let file = Path::new(&out).join("user.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    let last = text.trim_end().rfind("\r\n").unwrap();
    let before = text.replacen("'+1", "+1", 1);
    for (changed, found) in [(before.as_str(), "could be a formula"), (&text[..last + 2], "rows, ")] {
        assert_ne!(changed, text);
        std::fs::write(&file, changed).unwrap();
        let Some(output) = checked(&["csv", &dir, &out]) else { return };
        check_output(&output, 1, found);
    }
}

#[test]
fn what_is_not_whole_or_not_itself_does_not_go_out() {
    let scratch = Scratch::new("incomplete");
    let (dir, out) = (scratch.path("collection"), scratch.path("out"));
    let user = json!({"id": "usr_1", "email": "ada@example.com"});
    let account = Account::new().with("user", "usr_1", user).with("team", "team_1", json!({"id": "team_1"}));
    account.state("user", "partial", "2 items failed").write(Path::new(&dir));
    for format in ["csv", "xlsx", "oscal", "ocsf"] {
        let refused = check(&export(&dir, format, &out, &[]), 5, "user: partial: 2 items failed");
        let text = String::from_utf8_lossy(&refused.stderr);
        assert!(text.contains("--incomplete") && text.contains("--kinds ") && text.contains("team"), "{text}");
        assert!(!Path::new(&out).exists(), "nothing is written");
    }
    check(&export(&dir, "csv", &out, &["--incomplete"]), 0, "INCOMPLETE, as the export says too: user");
    assert!(Path::new(&out).join("user.incomplete.csv").is_file());
    check(&export(&dir, "csv", &out, &["--incomplete"]), 2, "exists already");
    let book = scratch.path("book.xlsx");
    check(&export(&dir, "xlsx", &book, &["--incomplete"]), 0, "INCOMPLETE");
    is_good(&["part", &book, "user", "partial: 2 items failed"]);
    check(&export(&dir, "csv", &scratch.path("a/b"), &["--incomplete"]), 2, "a folder that exists");
    check(&export(&dir, "xlsx", &scratch.path("x"), &["--bom"]), 2, "--bom is for CSV");
    check(&export(&dir, "xlsx", &scratch.path("x"), &["--kinds", "users"]), 2, "no kind \"users\"");
    let evidence = Path::new(&dir).join("evidence.jsonl");
    let text = std::fs::read_to_string(&evidence).unwrap();
    std::fs::write(&evidence, text.replacen("ada@", "eve@", 1)).unwrap();
    check(&export(&dir, "xlsx", &scratch.path("x"), &["--incomplete"]), 10, "contradicts itself");
    assert!(!Path::new(&scratch.path("x")).exists());
}

/// What OCSF has no class for is named; where that is everything, no empty file looks like an empty account.
#[test]
fn what_ocsf_cannot_express_is_said() {
    let scratch = Scratch::new("exports-classes");
    let (dir, trail) = (scratch.path("collection"), scratch.path("trail"));
    check(&collect(&dir, &["--kinds", "user,team"]), 0, "");
    let (want, out) =
        ("OCSF has no class for these, of which findings alone are there: team (", scratch.path("events"));
    check(&export(&dir, "ocsf", &out, &[]), 0, want);
    let said = check(&export(&dir, "ocsf", &scratch.path("again"), &["--result", "json"]), 0, "");
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(said["without_class"][0]["kind"], "team");
    check(&["collect", "--source", "audit-trail", "--out", &trail], 0, "");
    let want = "error: OCSF has no class for any record of this collection: audit_trail_entry (";
    let none = scratch.path("none");
    check_output(&check(&export(&trail, "ocsf", &none, &[]), 2, want), 2, "  → use --format csv, xlsx or oscal");
    assert!(!Path::new(&none).exists());
}

/// What `--since` left out is no gap of a kind, and yet not there: each output says so.
#[test]
fn what_since_left_out_is_said_wherever_the_collection_goes() {
    let scratch = Scratch::new("exports-since");
    let (dir, want) = (scratch.path("collection"), "LEFT OUT: events before 2025-12-01T00:00:00");
    check(&collect(&dir, &["--since", "2025-12-01T00:00:00Z"]), 0, want);
    check(&["verify", &dir], 11, want);
    for (format, name, file) in [
        ("csv", "csv", "csv/manifest.csv"),
        ("csv", "csv-again", "csv-again/coverage-by-kind.csv"),
        ("oscal", "results.json", "results.json"),
        ("ocsf", "events.jsonl", "events.jsonl"),
    ] {
        check(&export(&dir, format, &scratch.path(name), &[]), 0, want);
        let text = std::fs::read_to_string(scratch.path(file)).unwrap();
        assert!(text.contains(want), "{file}");
    }
    let page = scratch.path("page.html");
    check(&["report", &dir, "--out", &page], 0, want);
    assert!(std::fs::read_to_string(&page).unwrap().contains(want));
}
