//! Compiled code on disk: used when it is ours to the byte, and never otherwise.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

use source_host::code_cache::{CodeCache, Origin};
use std::fs;
use std::path::{Path, PathBuf};
use wasmtime::Engine;

/// A component that does nothing, told apart from others by its number.
fn component(number: u32) -> Vec<u8> {
    wat::parse_str(format!(
        "(component (core module $m (func (export \"f\") (result i32) i32.const {number})) (core instance (instantiate $m)))"
    ))
    .unwrap()
}

struct Place {
    root: PathBuf,
}

impl Place {
    fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("code-cache-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        Self { root }
    }
    fn key(&self) -> PathBuf {
        self.root.join("state/key")
    }
    fn cache(&self) -> CodeCache {
        CodeCache::open(&self.root.join("cache"), &self.key()).unwrap()
    }
    fn load(&self, engine: &Engine, number: u32) -> Origin {
        self.cache().load(engine, &component(number)).unwrap().1
    }
    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(self.root.join("cache")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
    fn only_file(&self) -> PathBuf {
        let files = self.files();
        assert_eq!(files.len(), 1, "{files:?}");
        files.into_iter().next().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

#[test]
fn a_component_is_compiled_once_for_each_engine() {
    let (place, engine) = (Place::new("once"), Engine::default());
    assert_eq!(place.load(&engine, 1), Origin::Compiled);
    assert_eq!(place.load(&engine, 1), Origin::Cached);
    assert_eq!(place.load(&engine, 2), Origin::Compiled);
    assert_eq!(place.load(&engine, 1), Origin::Cached);
    let other = Engine::new(wasmtime::Config::new().epoch_interruption(true)).unwrap();
    assert_eq!(place.load(&other, 1), Origin::Compiled);
    assert_eq!(place.load(&other, 1), Origin::Cached);
}

#[test]
fn a_file_that_was_altered_anywhere_is_compiled_anew() {
    let (place, engine) = (Place::new("altered"), Engine::default());
    place.load(&engine, 1);
    let file = place.only_file();
    let whole = fs::read(&file).unwrap();
    let step = whole.len() / 97;
    let places = (0..64).chain((64..whole.len()).step_by(step)).chain([whole.len() - 1]);
    for at in places {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        fs::write(&file, altered).unwrap();
        assert_eq!(place.load(&engine, 1), Origin::Compiled, "byte {at}");
        assert_eq!(place.load(&engine, 1), Origin::Cached, "it was replaced");
    }
    for shorter in [0, 1, 31, 32, 33, whole.len() - 1] {
        fs::write(&file, &whole[..shorter]).unwrap();
        assert_eq!(place.load(&engine, 1), Origin::Compiled, "{shorter} bytes");
    }
}

#[test]
fn a_file_cannot_stand_in_for_another() {
    let (place, engine) = (Place::new("swapped"), Engine::default());
    place.load(&engine, 1);
    let first = place.only_file();
    place.load(&engine, 2);
    let second = place.files().into_iter().find(|file| *file != first).unwrap();
    fs::copy(&first, &second).unwrap();
    assert_eq!(place.load(&engine, 2), Origin::Compiled);
    assert_eq!(place.load(&engine, 1), Origin::Cached);
}

#[test]
fn a_file_sealed_with_another_key_is_worthless() {
    let (place, engine) = (Place::new("key"), Engine::default());
    place.load(&engine, 1);
    fs::remove_file(place.key()).unwrap();
    assert_eq!(place.load(&engine, 1), Origin::Compiled);
    assert_eq!(place.load(&engine, 1), Origin::Cached);
    fs::write(place.key(), "short").unwrap();
    assert_eq!(place.load(&engine, 1), Origin::Compiled);
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_replaced_and_a_new_one_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let (place, engine) = (Place::new("private"), Engine::default());
    place.load(&engine, 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let before = fs::read(place.key()).unwrap();
    assert_eq!((mode(&place.key()), mode(&place.only_file())), (0o600, 0o600));
    fs::set_permissions(place.key(), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(place.load(&engine, 1), Origin::Compiled);
    assert_eq!(mode(&place.key()), 0o600);
    assert_ne!(fs::read(place.key()).unwrap(), before);
}

/// Only root can read it at all, and make the test.
#[cfg(target_os = "linux")]
#[test]
fn another_users_key_is_not_trusted_and_not_replaced() {
    let place = Place::new("foreign");
    place.load(&Engine::default(), 1);
    if std::os::unix::fs::chown(place.key(), Some(12_345), None).is_err() {
        println!("skipped: only root can give a file away");
        return;
    }
    let before = fs::read(place.key()).unwrap();
    assert!(CodeCache::open(&place.root.join("cache"), &place.key()).is_err());
    assert_eq!(fs::read(place.key()).unwrap(), before);
}

#[test]
fn a_cache_that_cannot_be_written_only_costs_time() {
    let (place, engine) = (Place::new("unwritable"), Engine::default());
    fs::create_dir_all(&place.root).unwrap();
    fs::write(place.root.join("cache"), "a file where the folder should be").unwrap();
    assert_eq!(place.load(&engine, 1), Origin::Compiled);
    assert_eq!(place.load(&engine, 1), Origin::Compiled);
}

#[test]
fn it_does_not_grow_without_end() {
    let (place, engine) = (Place::new("bounded"), Engine::default());
    (0..20).for_each(|number| assert_eq!(place.load(&engine, number), Origin::Compiled));
    assert_eq!(place.files().len(), 16);
    assert_eq!(place.load(&engine, 19), Origin::Cached);
}
