//! Where evidence is: a folder of this machine, or an object store.

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, parse_url_opts};
use source_evidence::{Error, Result};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use url::Url;

/// Bytes of what is written for a trial: more than a page has. A full disk may have room for less.
const PROBE_BYTES: usize = 9 * 1024 * 1024;

/// A place for objects that are written once and never changed.
#[derive(Clone)]
pub struct Place {
    store: Arc<dyn ObjectStore>,
    root: Path,
    /// As it was named.
    shown: String,
    /// Whether something could not be written since the last trial.
    is_suspect: Arc<AtomicBool>,
}

impl fmt::Debug for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

/// Whether a text names a place by URL, and not a folder.
#[must_use]
pub fn is_url(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(scheme, _)| scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()))
}

impl Place {
    /// Opens a place: a folder, which is made where it is not there, or a URL such as `s3://bucket/prefix`,
    /// `gs://bucket/prefix` or `az://container/prefix`. Credentials and endpoints come from the variables that each
    /// vendor's own tools read (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT`, `GOOGLE_APPLICATION_CREDENTIALS`, …).
    ///
    /// # Errors
    /// When the folder cannot be made, or the URL names nothing that is supported.
    pub fn open(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::Usage {
                what: "the place for evidence is empty".into(),
                remedy: "name a folder, or a URL such as s3://bucket/prefix".into(),
            });
        }
        if !is_url(text) {
            std::fs::create_dir_all(text).map_err(Error::file("create", text))?;
            let store = LocalFileSystem::new_with_prefix(text).map_err(|error| failed("open", text, &error))?;
            return Ok(Self::new(Arc::new(store.with_fsync(true)), Path::default(), text));
        }
        let no_url = |why: String| Error::Usage {
            what: format!("{} is not a place for evidence: {why}", without_password(text)),
            remedy: match variables(text) {
                "" => "name a folder, or a URL such as s3://bucket/prefix, gs://… or az://…".into(),
                variables => format!("name it as SCHEME://BUCKET/PREFIX, and set {variables}"),
            },
        };
        // The TLS library has to be told once which cryptography it uses.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = Url::parse(text).map_err(|error| no_url(error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(no_url("it has credentials in it".into()));
        }
        let variables = std::env::vars().map(|(name, value)| (name.to_ascii_lowercase(), value));
        let (store, root) = parse_url_opts(&url, variables).map_err(|error| no_url(error.to_string()))?;
        match url.scheme() {
            "file" => Err(no_url("it is a folder".into())),
            "memory" => Err(no_url("it would keep nothing".into())),
            _ => Ok(Self::new(Arc::from(store), root, text.trim_end_matches('/'))),
        }
    }

    fn new(store: Arc<dyn ObjectStore>, root: Path, shown: &str) -> Self {
        Self { store, root, shown: shown.into(), is_suspect: Arc::default() }
    }

    /// Where the evidence of a tenant's run goes.
    #[must_use]
    pub fn of(&self, tenant: &str, run: &str) -> Self {
        self.below(tenant).below(run)
    }

    /// A place below this one.
    #[must_use]
    fn below(&self, name: &str) -> Self {
        Self {
            store: Arc::clone(&self.store),
            root: self.root.clone().join(name),
            shown: format!("{}/{name}", self.shown),
            is_suspect: Arc::clone(&self.is_suspect),
        }
    }

    /// Whether something could not be written since this was last asked.
    #[must_use]
    pub fn was_suspect(&self) -> bool {
        self.is_suspect.swap(false, Ordering::SeqCst)
    }

    /// As it was named.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Writes an object, unless there is one of this name: then nothing is changed, and the answer is `false`.
    ///
    /// # Errors
    /// When it cannot be written; then it is there whole or not at all.
    pub async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<bool> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&self.root.clone().join(name), bytes.into(), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => {
                self.is_suspect.store(true, Ordering::SeqCst);
                Err(failed("write", &self.shown_object(name), &error))
            }
        }
    }

    /// Reads an object; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn get(&self, name: &str) -> Result<Option<Bytes>> {
        let answer = match self.store.get(&self.root.clone().join(name)).await {
            Ok(answer) => answer.bytes().await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("read", &self.shown_object(name), &error)),
        }
    }

    /// The names of all objects here.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn names(&self) -> Result<Vec<String>> {
        let listed: Vec<_> = self
            .store
            .list(Some(&self.root))
            .try_collect()
            .await
            .map_err(|error| failed("list", &self.shown, &error))?;
        let name = |path: &Path| {
            path.as_ref().strip_prefix(self.root.as_ref()).map(|name| name.trim_start_matches('/').into())
        };
        Ok(listed.iter().filter_map(|object| name(&object.location)).collect())
    }

    /// Tries whether an object larger than a page can be written, and is not written again once it is there; and deletes
    /// it. A place that lets nothing be deleted keeps it.
    ///
    /// # Errors
    /// [`Error::Output`] when it cannot be written; [`Error::Usage`] when what is there is written over.
    pub async fn probe(&self, name: &str) -> Result<()> {
        let written = self.put_new(name, vec![b' '; PROBE_BYTES]).await;
        let again = match &written {
            Ok(true) => self.put_new(name, b" ".to_vec()).await,
            _ => Ok(false),
        };
        let _ = self.store.delete(&self.root.clone().join(name)).await;
        self.is_suspect.store(false, Ordering::SeqCst);
        written?;
        let overwrites = || Error::Usage {
            what: format!("{} writes over an object that is there, though asked not to", self.shown),
            remedy: "use a place that knows a conditional write (If-None-Match), as S3 does".into(),
        };
        if again? { Err(overwrites()) } else { Ok(()) }
    }

    fn shown_object(&self, name: &str) -> String {
        format!("{}/{name}", self.shown)
    }
}

/// What a store says may be long: its cause is told.
fn failed(action: &str, what: &str, error: &object_store::Error) -> Error {
    let why = match error {
        object_store::Error::Generic { source, .. } => source.to_string(),
        other => other.to_string(),
    };
    let why: String = why.chars().take(300).collect();
    let variables = variables(what);
    // Where no variable is set, the library asks the machine itself, as those of the clouds are asked.
    let remedy = if why.contains("169.254.169.254") && !variables.is_empty() {
        format!("no credentials were found: set {variables}")
    } else {
        let room = if action == "read" { "" } else { ", and that there is room" };
        format!("check that the place exists, that its credentials may {action} there{room}")
    };
    Error::Output {
        what: format!("cannot {action} {}: {}", without_password(what), source_evidence::text::plain(&why)),
        remedy,
    }
}

/// The variables that hold the credentials of a place.
fn variables(place: &str) -> &'static str {
    match place.split_once("://") {
        Some(("s3" | "s3a", _)) => "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION",
        Some(("gs", _)) => "GOOGLE_APPLICATION_CREDENTIALS",
        Some(("az" | "azure" | "abfs" | "abfss" | "adl", _)) => {
            "AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or what else your organisation uses"
        }
        _ => "",
    }
}

/// A URL without what may be a password.
fn without_password(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_folder_and_a_url_names_a_store() {
        for folder in ["evidence", "/data/x", "./a://b", "C://x"] {
            assert!(!is_url(folder), "{folder}");
        }
        for url in ["s3://bucket/a", "gs://b", "az://c/d", "memory:///", "file:///tmp"] {
            assert!(is_url(url), "{url}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused_without_its_password() {
        for text in ["s3://key:hunter2-secret@bucket/x", "ftp://nobody:hunter2-secret@host/x", "gopher://x"] {
            let error = Place::open(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
            assert!(error.contains("name "), "{error}");
        }
    }

    #[test]
    fn who_has_no_credentials_is_told_which_variables_to_set() {
        for (place, variable) in [
            ("s3://a/b", "AWS_ACCESS_KEY_ID"),
            ("gs://a", "GOOGLE_APPLICATION_CREDENTIALS"),
            ("az://a", "AZURE_STORAGE"),
        ] {
            let source = "GET http://169.254.169.254/latest/api/token: 403".into();
            let error = object_store::Error::Generic { store: "S3", source };
            let error = failed("read", place, &error).to_string();
            assert!(error.contains("no credentials were found: set") && error.contains(variable), "{error}");
        }
    }

    #[tokio::test]
    async fn an_object_is_written_once() {
        let folder = std::env::temp_dir().join(format!("place-{}", std::process::id()));
        let place = Place::open(folder.to_str().unwrap()).unwrap().below("tenant").below("run");
        assert!(place.get("a").await.unwrap().is_none());
        assert!(place.put_new("a", b"one".to_vec()).await.unwrap());
        assert!(!place.put_new("a", b"two".to_vec()).await.unwrap());
        assert_eq!(place.get("a").await.unwrap().unwrap().as_ref(), b"one");
        assert_eq!(std::fs::read(folder.join("tenant/run/a")).unwrap(), b"one");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
