//! What the built component is: what it imports, that it is valid, how large it is. The list of
//! imports is its list of capabilities: a newcomer turns this red.

use crate::support::{block_on, component_file, engine, guest};
use source_host::plugin::Plugin;
use source_host::reviewed::{ALLOWED_IMPORTS, imports};
use wasmtime::component::Component;

const IMPORTS: &[&str] = &[
    "wasi:clocks/monotonic-clock@0.2.12",
    "wasi:clocks/wall-clock@0.2.12",
    "wasi:http/outgoing-handler@0.2.12",
    "wasi:http/types@0.2.12",
    "wasi:io/error@0.2.12",
    "wasi:io/poll@0.2.12",
    "wasi:io/streams@0.2.12",
];

#[test]
fn imports_http_streams_and_clocks_and_nothing_else() {
    let engine = engine();
    let component = Component::from_file(engine.wasmtime(), component_file()).unwrap();
    let mut found = imports(&engine, &component);
    found.sort();
    let types: Vec<_> = found.iter().filter(|name| name.starts_with("compliance:source/types")).cloned().collect();
    assert!(types.len() <= 1);
    found.retain(|name| !types.contains(name));
    assert_eq!(found, IMPORTS);
    for name in &found {
        assert!(ALLOWED_IMPORTS.contains(&name.split('@').next().unwrap()));
    }
}

#[test]
fn is_valid_and_prints_its_interface() {
    let bytes = std::fs::read(component_file()).unwrap();
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::default()).validate_all(&bytes).unwrap();
    let decoded = wit_component::decode(&bytes).unwrap();
    let mut printer = wit_component::WitPrinter::default();
    printer.print(decoded.resolve(), decoded.package(), &[]).unwrap();
    let wit = printer.output.to_string();
    for export in
        ["catalog", "source", "planner", "direct"].map(|name| format!("export compliance:source/{name}@0.2.0;"))
    {
        assert!(wit.contains(&export), "{wit}");
    }
    println!("{}: {} bytes", component_file().file_name().unwrap().display(), bytes.len());
}

#[test]
fn a_component_that_wants_more_is_refused_before_it_runs() {
    block_on(async {
        let error = Plugin::load(&engine(), &guest("greedy")).await.err().unwrap();
        let source_host::error::Error::ImportsDenied(denied) = &error else { panic!("{error}") };
        assert!(denied.iter().any(|name| name.starts_with("wasi:cli/")), "{denied:?}");
    });
}

#[test]
fn the_vendored_wit_is_that_of_the_crate_it_is_linked_with() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "wasmtime-wasi-http").unwrap();
    let manifest = std::path::PathBuf::from(package["manifest_path"].as_str().unwrap());
    let theirs = manifest.parent().unwrap().join("wit/deps");
    let names = |folder: &std::path::Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let ours = root.join("wit/deps");
    assert_eq!(names(&ours), names(&theirs), "copy the files anew from {}", theirs.display());
    for name in names(&ours) {
        let read = |folder: &std::path::Path| std::fs::read_to_string(folder.join(&name)).unwrap();
        assert!(read(&ours) == read(&theirs), "wit/deps/{} differs from the crate's", name.display());
    }
}
