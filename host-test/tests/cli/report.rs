//! `report`, and `collect --report`: where the page goes, what it says, and how the run ends.

use crate::support::*;
use std::path::Path;

/// The page's HTML, without its packed data.
fn page(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let (before, data) = text.split_once("id=\"data\">").unwrap();
    format!("{before}{}", data.split_once("</script>").unwrap().1)
}

#[test]
fn collect_ends_with_a_page_and_leaves_the_folder_as_it_was_sealed() {
    let scratch = Scratch::new("report-collect");
    let (out, file) = (scratch.path("evidence"), scratch.path("evidence.html"));
    let output = check(&collect(&out, &["--report", &file]), 0, "seal:");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.lines().last().unwrap(), format!("report:   {file}"));
    check(&["verify", &out], 11, "consistent with itself");
    let text = page(&file);
    assert!(text.contains("<strong>SIMULATED: this account was made up by the harness"));
    assert!(text.contains("user ") && text.contains("Account Administrator"), "who read it");
    for section in ["coverage", "findings", "access", "users", "connections", "destinations", "keys", "events"] {
        assert!(text.contains(&format!("<section id=\"{section}\"")), "{section}");
    }
    // What exists is left as it is, and that is said before anything is collected.
    let other = scratch.path("other");
    check(&collect(&other, &["--report", &file]), 2, "exists already\n  → choose another name");
    check(&collect(&other, &["--report", &format!("{other}/page.html")]), 2, "the folder of the evidence");
    check(&collect(&other, &["--report", &scratch.path("none/page.html")]), 2, "there is no folder");
    assert!(!Path::new(&other).exists());
    check(
        &["report", &out, "--out", &format!("{out}/page.html")],
        2,
        "the folder of the evidence\n  → choose a place outside of it",
    );
}

#[test]
fn the_page_of_a_changed_folder_is_made_says_so_and_ends_with_10() {
    let scratch = Scratch::new("report-changed");
    let out = scratch.path("evidence");
    let output = check(&collect(&out, CLOCK), 0, "seal:");
    let said = String::from_utf8(output.stdout).unwrap();
    let seal = said.lines().find_map(|line| line.strip_prefix("seal: ")).unwrap().split(' ').next().unwrap();
    let sound = scratch.path("sound.html");
    check(&["report", &out, "--out", &sound, "--seal", seal], 0, "report:");
    assert!(
        page(&sound).contains("class=\"verdict anchored\"") && page(&sound).contains("matches the seal that you kept")
    );
    assert!(page(&sound).contains("NOT THE SYSTEM&#39;S CLOCK"));
    let edited = evidence(&out).replacen("\"active\":true", "\"active\":false", 1);
    std::fs::write(Path::new(&out).join("evidence.jsonl"), edited).unwrap();
    let file = scratch.path("changed.html");
    let told = check(&["report", &out, "--out", &file], 10, "it contradicts itself, or what you gave");
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(
        told.contains("WRONG line ") && told.contains("SIMULATED") && told.contains("NOT THE SYSTEM'S CLOCK"),
        "{told}"
    );
    let json = ["report", &out, "--out", &scratch.path("json.html"), "--format", "json"];
    let json = check(&json, 10, "\"contradictions\"");
    assert!(String::from_utf8(json.stdout).unwrap().contains("\n    \"line "));
    assert!(
        page(&file).contains("class=\"verdict contradicted\"") && page(&file).contains("class=\"wrong\">WRONG line ")
    );
}

#[test]
fn what_a_key_may_not_read_is_named_with_its_permission_and_not_judged() {
    let scratch = Scratch::new("report-scopes");
    let (out, file) = (scratch.path("evidence"), scratch.path("page.html"));
    check(&collect(&out, &["--sim-scopes", "ACCOUNT,USER", "--report", &file]), 5, "report:");
    let text = page(&file);
    assert!(text.contains("class=\"state bad\">forbidden</span>") && text.contains("CONNECTOR:READ"));
    assert!(text.contains("system key "), "who read it");
    let card = text.split_once("id=\"finding-connection-broken\"").unwrap().1.split_once("</article>").unwrap().0;
    assert!(card.contains("not judged") && !card.contains("0 found"), "{card}");
}

#[test]
fn hashed_people_stay_hashed_and_a_trail_has_a_page() {
    let scratch = Scratch::new("report-hashed");
    let key = r#"{"personal_data": "hashed", "personal_data_key": "a key of sixteen letters"}"#;
    let (out, file) = (scratch.path("evidence"), scratch.path("page.html"));
    let settings = scratch.write("settings.json", key);
    check(&collect(&out, &["--settings", &settings, "--report", &file]), 0, "report:");
    assert!(!page(&file).contains("@example.org") && !page(&file).contains("Haddad"));
    let (out, file) = (scratch.path("trail"), scratch.path("trail.html"));
    check(&collect(&out, &["--source", "audit-trail", "--report", &file]), 0, "report:");
    assert!(page(&file).contains("Events by month"));
}

#[test]
fn an_earlier_collection_shows_what_changed() {
    let scratch = Scratch::new("report-before");
    let (old, new, file) = (scratch.path("old"), scratch.path("new"), scratch.path("page.html"));
    check(&collect(&old, CLOCK), 0, "seal:");
    check(&collect(&new, &["--fixed-clock", "2026-02-28T12:00:00Z", "--sim-changes", "3"]), 0, "seal:");
    check(&["report", &new, "--out", &file, "--before", &old], 0, "report:");
    let text = page(&file);
    assert!(
        text.contains("<section id=\"changed\"") && text.contains("Derived by comparison, not read from an audit log.")
    );
    assert!(text.contains("<th scope=\"row\">connection</th>"), "paused connections are edits");
    let rules = scratch.write("rules.json", r#"{"rules": [{"id": "mine"}]}"#);
    check(&["report", &new, "--out", &scratch.path("no.html"), "--rules", &rules], 2, "mine");
    assert!(!Path::new(&scratch.path("no.html")).exists());
}
