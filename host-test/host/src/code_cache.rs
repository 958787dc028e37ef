//! Compiled code kept on disk between runs, so that a cold start does not compile.
//!
//! Compiled code is machine code that wasmtime trusts: whoever can alter a file of it can run anything.
//! So each file is sealed with HMAC-SHA256 under a random key that lies elsewhere and that nobody
//! else can read. A file that this key did not seal for this very component and engine is never run:
//! the component is compiled anew and the file replaced. Whatever else fails only costs time.

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use source_evidence::digest::sha256_hex;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::Component;

const KEY_BYTES: usize = 32;
const SEAL_BYTES: usize = 32;
/// Files kept: components and engines in use side by side, and a few old ones.
const MAX_FILES: usize = 16;

/// Compiled code on disk, sealed so that only what this user wrote is run.
pub struct CodeCache {
    folder: PathBuf,
    key: hmac::Key,
}

/// Where the code came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file was there, and sealed.
    Cached,
    /// It was compiled.
    Compiled,
}

impl CodeCache {
    /// The user's: code in `$XDG_CACHE_HOME/host-test` (else `~/.cache`), the key in `$XDG_STATE_HOME`
    /// (else `~/.local/state`). `None` where there is no home, or the key cannot be had.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        let home = |name: &str, below: &str| {
            let named = std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
            Some(named.or_else(|| Some(std::env::home_dir()?.join(below)))?.join("host-test"))
        };
        let key = home("XDG_STATE_HOME", ".local/state")?.join("code-cache.key");
        Self::open(&home("XDG_CACHE_HOME", ".cache")?, &key).ok()
    }

    /// A cache in a folder, with its key in a file; both are made if they are not there. A key that
    /// others can read, or that is none, is replaced, which makes all files under it worthless.
    ///
    /// # Errors
    /// When the key can neither be read nor written.
    pub fn open(folder: &Path, key_file: &Path) -> io::Result<Self> {
        let key = match read_key(key_file) {
            Ok(Some(key)) => key,
            Ok(None) => make_key(key_file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_key(key_file)?,
            Err(error) => return Err(error),
        };
        Ok(Self { folder: folder.to_path_buf(), key: hmac::Key::new(hmac::HMAC_SHA256, &key) })
    }

    /// The component, from its file or compiled.
    ///
    /// # Errors
    /// When it cannot be compiled.
    pub fn load(&self, engine: &Engine, bytes: &[u8]) -> wasmtime::Result<(Component, Origin)> {
        let name = name_of(engine, bytes);
        let path = self.folder.join(&name);
        if let Some(code) = self.read(&path, &name)
            && let Ok(component) = deserialize(engine, &code)
        {
            return Ok((component, Origin::Cached));
        }
        let component = Component::new(engine, bytes)?;
        if let Ok(code) = component.serialize() {
            // A cache that cannot be written only costs time.
            let _ = self.write(&path, &name, &code);
        }
        Ok((component, Origin::Compiled))
    }

    fn read(&self, path: &Path, name: &str) -> Option<Vec<u8>> {
        let mut bytes = fs::read(path).ok()?;
        let code = bytes.split_off(SEAL_BYTES.min(bytes.len()));
        hmac::verify(&self.key, &digest(name, &code), &bytes).is_ok().then_some(code)
    }

    fn write(&self, path: &Path, name: &str, code: &[u8]) -> io::Result<()> {
        make_folder(&self.folder)?;
        let seal = hmac::sign(&self.key, &digest(name, code));
        write_whole(path, &[seal.as_ref(), code], |from, to| fs::rename(from, to))?;
        self.prune()
    }

    /// Removes the oldest files beyond [`MAX_FILES`].
    fn prune(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // What a kill left half written is among them.
            if entry.path().extension().is_some_and(|extension| extension == "cwasm" || extension == "new") {
                files.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        files.sort();
        let surplus = files.len().saturating_sub(MAX_FILES);
        files.iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
    }
}

/// What a file is called: the component, and everything of the engine that its code depends on.
fn name_of(engine: &Engine, bytes: &[u8]) -> String {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    format!("{}-{:016x}.cwasm", sha256_hex(bytes), settings.finish())
}

/// What is sealed: the code under its name, so that one file cannot stand in for another.
fn digest(name: &str, code: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(name);
    digest.update([0]);
    digest.update(code);
    digest.finalize().into()
}

#[expect(unsafe_code, reason = "compiled code has to be trusted, which the seal allows")]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are what `Component::serialize` gave this user's own process: the seal over them
    // was made with a key that nobody else has, and they are not read again from the file.
    unsafe { Component::deserialize(engine, code) }
}

/// The key; `None` when it is none, or others can read or replace it.
fn read_key(path: &Path) -> io::Result<Option<[u8; KEY_BYTES]>> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    Read::by_ref(&mut file).take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    let metadata = file.metadata()?;
    if is_foreign(&metadata) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the key of the code cache is another user's"));
    }
    let private = is_private(&metadata);
    Ok(<[u8; KEY_BYTES]>::try_from(bytes).ok().filter(|_| private))
}

#[cfg(unix)]
fn is_private(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.is_file() && metadata.permissions().mode() & 0o077 == 0
}

/// Whether the file is another user's: root can read it, and must not trust it. Where the system
/// does not tell who runs this, nobody else's file is readable.
#[cfg(unix)]
fn is_foreign(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() != metadata.uid())
}

#[cfg(not(unix))]
fn is_foreign(_: &fs::Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn is_private(metadata: &fs::Metadata) -> bool {
    metadata.is_file()
}

fn make_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("no random bytes"))?;
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    if path.exists() {
        fs::remove_file(path)?;
    }
    // Whoever is first makes the key: a link, unlike a rename, replaces nothing.
    match write_whole(path, &[&key], |from, to| fs::hard_link(from, to).and_then(|()| fs::remove_file(from))) {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read_key(path)?.ok_or_else(|| io::Error::other("the key of the code cache is not private"))
        }
        Err(error) => Err(error),
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a file beside its place, readable to nobody else, and puts it there when it is whole.
fn write_whole(path: &Path, parts: &[&[u8]], put: impl Fn(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
    let mut random = [0; 8];
    SystemRandom::new().fill(&mut random).map_err(|_| io::Error::other("no random bytes"))?;
    let temporary = path.with_extension(format!("{:016x}.new", u64::from_le_bytes(random)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    let written = parts.iter().try_for_each(|part| file.write_all(part)).and_then(|()| put(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary); // The first error is the one that tells.
    }
    written
}
