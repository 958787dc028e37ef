//! What a source is: everything that the kit has to be told about a vendor.

use super::emit::Emit;
use super::identity::Identity;
use super::kind::Kind;
use super::not_observable::Topic;
use super::people::Person;
use super::resource::Resource;
use super::vendor::Vendor;
use crate::base::model::Diagnostic;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;

/// An evidence source. All of it is known beforehand but for what the settings say.
pub trait Source: Vendor {
    /// What `describe` answers, but for the kinds.
    const ABOUT: About;
    /// The source whose space the ids of records are in: another one's, where both read the same account.
    const URN: &'static str = Self::ABOUT.id;
    /// Every kind of evidence, in the order of the catalogue. The kit's own three come last.
    const KINDS: &'static [&'static Kind];
    /// Every list that is walked, in the order of the evidence.
    const RESOURCES: &'static [&'static Resource<Self>];
    /// The answer that names the account. It is read before everything else, since record ids need
    /// the account.
    const ACCOUNT: Account<Self>;
    /// Path of the list, one of [`Self::RESOURCES`], that names the account's people. Where personal data is hashed,
    /// it is read first, so that no name of theirs leaves in any text.
    const PEOPLE: Option<&'static str> = None;
    /// What auditors ask and the API cannot tell.
    const TOPICS: &'static [Topic] = &[];
    /// Records made at the end from what was noted on the way.
    const SUMMARIES: &'static [Summary<Self>] = &[];
    /// Requests in an hour where the settings do not say.
    const DEFAULT_REQUESTS_PER_HOUR: u32;
    /// What `requests_per_hour` has to be, in words.
    const QUOTA_RANGE: &'static str;

    /// The controls that a kind may provide evidence for: SOC 2 criteria, then ISO/IEC 27001:2022
    /// Annex A controls.
    #[must_use]
    fn controls(_kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
        (&[], &[])
    }

    /// Reads the answer that names the account; `None` when it names none. Of what it answers, ids and names
    /// above 256 bytes or with control characters are dropped.
    #[must_use]
    fn identify(data: &str) -> Option<Identity>;

    /// What it means that there is nothing where the account is named, and what to do: where that is a matter of the
    /// settings.
    const NO_ACCOUNT: Option<(&'static str, &'static str)> = None;

    /// What to do about an answer that is of no use, or a permission that a refusal names, by the words that
    /// `Protocol::told` has for it: where it is a matter of the settings or the credentials, and trying again is no remedy.
    #[must_use]
    fn remedy(_what: &str) -> Option<&'static str> {
        None
    }

    /// The account whose data are wanted, where the settings name it.
    #[must_use]
    fn wanted_account(_settings: &Self::Settings) -> Option<&str> {
        None
    }

    /// How long after an event it may become readable, in milliseconds: the next collection begins so much earlier.
    #[must_use]
    fn late_ms(_settings: &Self::Settings) -> i64 {
        0
    }

    /// What the settings lack once all are set.
    #[must_use]
    fn lack(_settings: &Self::Settings) -> Option<Lack> {
        None
    }

    /// The fields of the credentials that these settings need; empty where they need what [`About::sign_in`] says.
    #[must_use]
    fn fields(_settings: &Self::Settings) -> &'static [SecretField] {
        &[]
    }

    /// Who an item of the list of people is; `None` when it cannot be read.
    #[must_use]
    fn person(_item: &str) -> Option<Person> {
        None
    }

    /// The request that tells the role of the user whose key is used, where there is one.
    #[must_use]
    fn role_request(_identity: &Identity) -> Option<String> {
        None
    }

    /// Reads the answer to it.
    #[must_use]
    fn role_of(_data: &str) -> Option<String> {
        None
    }

    /// The source's own settings with nothing set.
    #[must_use]
    fn default_settings() -> Self::Settings;

    /// Takes one of the source's own settings.
    #[must_use]
    fn set(_settings: &mut Self::Settings, _name: &str, _value: &Value) -> Setting {
        Setting::Unknown
    }

    /// The source's own settings in force, by name.
    #[must_use]
    fn show(_settings: &Self::Settings) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// What looks wrong about a pair of credentials whose form is right.
    #[must_use]
    fn doubt(_username: &str, _password: &str) -> Option<Diagnostic> {
        None
    }
}

/// What settings lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lack {
    /// JSON pointer of the setting, e.g. `/settings/account`.
    pub pointer: &'static str,
    /// What is lacking, in plain words.
    pub message: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

/// How a setting was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// It is in force.
    Taken,
    /// There is no such setting.
    Unknown,
    /// Its value is not this.
    Not(&'static str),
}

/// What `describe` answers, but for the kinds. Meanings: `source-description` in `wit/catalog.wit`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each field is documented in wit/catalog.wit")]
pub struct About {
    pub id: &'static str,
    pub name: &'static str,
    pub version: &'static str,
    pub description: &'static str,
    pub category: &'static str,
    /// How requests are authenticated.
    pub sign_in: SignIn,
    pub settings_schema: &'static str,
    /// Names of all settings, for messages.
    pub settings: &'static str,
    /// Where requests go, all over https at port 443.
    pub capabilities: &'static [Capability],
}

/// One place where requests go. Meanings: `capability` in `wit/catalog.wit`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each field is documented in wit/catalog.wit")]
pub struct Capability {
    pub host: Host,
    pub methods: &'static [&'static str],
    pub path_prefixes: &'static [&'static str],
}

impl Capability {
    /// GETs of one host.
    #[must_use]
    pub const fn get(host: &'static str, path_prefixes: &'static [&'static str]) -> Self {
        Self { host: Host::Exact(host), methods: &["GET"], path_prefixes }
    }
}

/// A host, or where its name is.
#[derive(Clone, Copy, Debug)]
pub enum Host {
    /// This one.
    Exact(&'static str),
    /// The one that a setting names, by its JSON pointer, and what its name ends in.
    Setting(&'static str, &'static [&'static str]),
}

/// How requests are authenticated.
#[derive(Clone, Copy, Debug)]
pub enum SignIn {
    /// Not at all.
    None,
    /// By HTTP Basic.
    Basic(Pair),
    /// By `Authorization: Bearer`; under some settings by fields instead: see [`Source::fields`].
    Bearer(Token),
}

impl SignIn {
    /// What is sent, in the vendor's words, and what to do when the vendor does not accept it.
    #[must_use]
    pub fn unaccepted(&self) -> (String, &'static str) {
        match self {
            Self::None => ("request".into(), ""),
            Self::Basic(pair) => (format!("{} and {}", pair.username, pair.password), pair.unaccepted),
            Self::Bearer(token) => (token.label.into(), token.unaccepted),
        }
    }
}

/// A token, in the vendor's words.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// Its label, e.g. "access token".
    pub label: &'static str,
    /// Where to find it.
    pub help: &'static str,
    /// The vendor's page about it.
    pub help_url: &'static str,
    /// What to do when the vendor does not accept it.
    pub unaccepted: &'static str,
    /// What is asked for under some settings instead.
    pub fields: &'static [SecretField],
}

/// A secret that travels in a header of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretField {
    /// Stable id, e.g. `api_key`.
    pub id: &'static str,
    /// Label, e.g. "API key".
    pub label: &'static str,
    /// The header, in lower case.
    pub header: &'static str,
}

/// A key and its secret, in the vendor's words.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Label of the user name, e.g. "API key".
    pub username: &'static str,
    /// Label of the password.
    pub password: &'static str,
    /// Where to find the pair.
    pub help: &'static str,
    /// The vendor's page about it.
    pub help_url: &'static str,
    /// What to do when the vendor does not accept it.
    pub unaccepted: &'static str,
}

/// The answer that names the account.
pub struct Account<V: Vendor> {
    /// Path of the one call.
    pub path: &'static str,
    /// Kind of its record.
    pub kind: &'static Kind,
    /// Makes the record.
    pub resource: Resource<V>,
}

/// A record made at the end.
pub struct Summary<V: Vendor> {
    /// Its kind. It comes only when this is asked for.
    pub kind: &'static Kind,
    /// Makes it. The last argument says whether everything it rests on was read.
    pub emit: fn(&mut Emit<'_>, &V::Notes, bool),
}
