//! The report's list of controls files each kind where the sources themselves file it. `UPDATE_GOLDEN=1` rewrites the
//! kinds of the controls that are listed; a new control needs a title, which only a person can write.

use crate::support::check;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/report/data/controls.json");

/// The kinds of both sources, by framework and id of the controls that they name.
fn told() -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut kinds: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for source in ["fivetran", "audit-trail"] {
        let output = check(&["describe", "--source", source, "--format", "json"], 0, "");
        let description: Value = serde_json::from_slice(&output.stdout).unwrap();
        for kind in description["kinds"].as_array().unwrap() {
            for control in kind["controls"].as_array().unwrap() {
                let text = |field: &str| control[field].as_str().unwrap().to_string();
                let id = kind["id"].as_str().unwrap().to_string();
                kinds.entry((text("framework"), text("id"))).or_default().insert(id);
            }
        }
    }
    kinds
}

fn written(controls: &[Value]) -> String {
    let lines = controls.iter().map(|control| {
        let kinds: Vec<String> = control["kinds"].as_array().unwrap().iter().map(Value::to_string).collect();
        let (framework, id, title) = (&control["framework"], &control["id"], &control["title"]);
        format!(r#"    {{"framework": {framework}, "id": {id}, "title": {title}, "kinds": [{}]}}"#, kinds.join(", "))
    });
    format!("[\n{}\n]\n", lines.collect::<Vec<_>>().join(",\n"))
}

#[test]
fn kinds_are_filed_where_the_sources_file_them() {
    let told = told();
    let text = std::fs::read_to_string(PATH).unwrap();
    let mut controls: Vec<Value> = serde_json::from_str(&text).unwrap();
    let of = |control: &Value| ["framework", "id"].map(|field| control[field].as_str().unwrap().to_string());
    let listed: BTreeSet<(String, String)> = controls.iter().map(|control| of(control).into()).collect();
    assert_eq!(listed.len(), controls.len(), "a control comes twice");
    let named: BTreeSet<(String, String)> = told.keys().cloned().collect();
    assert_eq!(listed, named, "{PATH}: add what only the sources name, with a title, and remove what none names");
    for control in &mut controls {
        let key: (String, String) = of(control).into();
        control["kinds"] = json!(told[&key]);
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(PATH, written(&controls)).unwrap();
    } else {
        assert_eq!(text, written(&controls), "{PATH} is old: run with UPDATE_GOLDEN=1, and read the difference");
    }
}
