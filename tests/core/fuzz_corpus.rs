//! Replays the corpus of the fuzz targets, so that what was once found stays fixed.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::path::Path;

#[test]
fn the_corpus_gives_no_finding() {
    type Target = (&'static str, fn(&[u8]));
    let targets: [Target; 5] = [
        ("envelope", targets::envelope),
        ("projection", targets::projection),
        ("cursor", targets::cursor),
        ("retry_after", targets::retry_after),
        ("settings", targets::settings),
    ];
    for (name, target) in targets {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let inputs: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
        assert!(inputs.len() >= 3, "{name}");
        for input in inputs {
            target(&std::fs::read(input.unwrap().path()).unwrap());
        }
    }
}
