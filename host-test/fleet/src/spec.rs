//! Who a tenant of a fleet is: all that a turn needs, its secrets by reference only.
//!
//! They are read when a turn begins and forgotten when it ends: a key that is rotated counts from the
//! next page on, and a tenant that waits holds none.

use super::credentials::{CredentialsRef, SecretRef};
use super::finding::{code, finding};
use http::Uri;
use source_evidence::made::caveats;
use source_host::bindings::compliance::source::types::Diagnostic;
use source_host::collection::CollectionOptions;
use source_host::connections::Connections;
use source_host::error::{Error, Result};
use source_host::grant::Grant;
use source_host::limits::Limits;
use source_host::meter::Meter;
use source_host::records;
use source_host::tenant::{Clock, Credentials, Pair, Tenant};
use std::path::PathBuf;
use std::sync::Arc;

/// Where settings are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsRef {
    /// Here: a JSON object without secrets.
    Given(String),
    /// In this file, which may hold secrets.
    File(PathBuf),
}

/// One tenant as the file describes it: credentials, settings, limits, policy.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name, and that of its folder: see [`is_name`].
    pub name: String,
    /// Tenants of the same account share its quota.
    pub account: String,
    /// What it authenticates with.
    pub credentials: CredentialsRef,
    /// Whether the harness adds the credentials, so that the component never sees them.
    pub host_managed: bool,
    /// Another component than the fleet's own.
    pub component: Option<PathBuf>,
    /// The source's settings.
    pub settings: SettingsRef,
    /// Kind ids; empty for the defaults.
    pub kinds: Vec<String>,
    /// No event before this.
    pub since: Option<String>,
    /// What the host lets out; `None`: nothing.
    pub granted: Option<Grant>,
    /// Where requests are sent instead of the hosts they name.
    pub upstream: Option<Uri>,
    /// Which account a simulator makes up for it.
    pub simulated: Option<String>,
    /// The wall clock.
    pub clock: Clock,
    /// What the component may use.
    pub limits: Limits,
}

/// What a name is made of.
pub(super) const NAME: &str = "1 to 64 letters, digits, '-', '_' and '.', the first of them no '.'";

/// What has to be in a settings file.
pub(super) const SETTINGS_FILE: &str =
    "Name a file that this program may read, with a JSON object of the source's settings.";

/// Whether a text can be a tenant's name: a folder of this name is the same everywhere, and no path.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    (1..=64).contains(&text.len()) && text.chars().all(fits) && !text.starts_with('.')
}

impl Spec {
    /// What of it cannot be read here: files and variables with its credentials and settings.
    #[must_use]
    pub fn lacks(&self) -> Vec<Diagnostic> {
        let credentials = self.credentials.read(self.host_managed).err().unwrap_or_default();
        credentials.into_iter().chain(self.settings.read().err()).collect()
    }

    /// A tenant with this pair and nothing out of the ordinary, in an account of its own.
    #[must_use]
    pub fn new(name: &str, pair: Pair) -> Self {
        Self {
            name: name.into(),
            account: name.into(),
            credentials: CredentialsRef::Pair(SecretRef::Given(pair.username), SecretRef::Given(pair.password)),
            host_managed: false,
            component: None,
            settings: SettingsRef::Given("{}".into()),
            kinds: Vec::new(),
            since: None,
            granted: None,
            upstream: None,
            simulated: None,
            clock: Clock::System,
            limits: Limits::default(),
        }
    }

    /// What a reader has to know of its collection before any number: see [`caveats`].
    pub(super) fn caveats(&self) -> impl Iterator<Item = String> + use<> {
        caveats(&[records::made(&Tenant {
            granted: self.granted.clone(),
            upstream: self.upstream.clone(),
            simulated: self.simulated.clone(),
            clock: self.clock.clone(),
            ..Tenant::new(Credentials::None)
        })])
    }

    /// The tenant, with its secrets.
    ///
    /// # Errors
    /// [`Error::Configuration`] when one of them, or the settings, cannot be read.
    pub(super) fn tenant(&self, meter: Arc<Meter>, connections: Connections) -> Result<Tenant> {
        let credentials = self.credentials.read(self.host_managed).map_err(Error::Configuration)?;
        Ok(Tenant {
            settings: self.settings.read().map_err(|found| Error::Configuration(vec![found]))?,
            granted: self.granted.clone(),
            upstream: self.upstream.clone(),
            simulated: self.simulated.clone(),
            clock: self.clock.clone(),
            limits: self.limits,
            meter,
            connections,
            ..Tenant::new(credentials)
        })
    }

    /// What is asked for at the start, page by page.
    pub(super) fn options(&self) -> CollectionOptions {
        CollectionOptions { kinds: self.kinds.clone(), since: self.since.clone(), ..CollectionOptions::default() }
    }
}

impl SettingsRef {
    /// The path is not repeated in errors: somebody may have put the settings themselves there.
    pub(super) fn read(&self) -> Result<String, Diagnostic> {
        match self {
            Self::Given(text) => Ok(text.clone()),
            Self::File(path) => std::fs::read_to_string(path).map_err(|error| {
                let message = format!("the file cannot be read: {}", error.kind());
                finding("/settings_file".into(), code(&error, "settings-unreadable"), message, SETTINGS_FILE)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_folders() {
        for good in ["acme", "Acme-2", "a.b_c", "7"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "ä", "a\n", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_secret_for_which_no_file_descriptor_is_left_is_tried_again() {
        let error = |number: i32| {
            let code = code(&std::io::Error::from_raw_os_error(number), "secret-unreadable");
            Error::Configuration(vec![finding("/credentials".into(), code, String::new(), "")])
        };
        // EMFILE and ENFILE, and what does not pass by itself: ENOENT.
        assert_eq!([24, 23, 2].map(|number| error(number).is_retryable()), [true, true, false]);
    }
}
