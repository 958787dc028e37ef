//! The cursor: all that a collection needs to resume, as one opaque text.
//!
//! `2.` + base64url(JSON of [`State`]) + `.` + the first 32 hexadecimal digits of the SHA-256 of
//! what stands before the last dot. Free of secrets. Any altered bit is noticed; a cursor of another
//! component version, other settings or another request is refused, never silently restarted. It is
//! at most [`MAX_CURSOR_BYTES`] long: see [`State::encode`].

use super::plan::Plan;
use super::position::Position;
use crate::base::digest::sha256_hex;
use crate::base::is_default;
use crate::base::model::{Failure, FailureKind};
use crate::base::timestamp::Timestamp;
use crate::read::quota::Window;
use crate::record::identity::Identity;
use crate::record::own;
use crate::record::problem::{Cause, Problem};
use crate::record::source::Source;
use crate::record::tally::Tally;
use crate::record::vendor::Vendor;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// First part of every cursor; another number is another format.
const VERSION: &str = "2";
/// Digits of the checksum.
const CHECKSUM_DIGITS: usize = 32;
/// The interface allows no longer ones.
pub const MAX_CURSOR_BYTES: usize = 16 * 1024;

/// Where a collection stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct State<V: Vendor> {
    /// Version of the component that made it.
    pub component: String,
    /// Digest of the settings in force.
    pub settings_digest: String,
    /// Kinds wanted, in catalogue order.
    pub kinds: Vec<String>,
    /// No event before this, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// Whose account it is.
    pub identity: Identity,
    /// The role of the user whose key is used, once seen.
    pub role: Option<String>,
    /// When the collection began, in milliseconds since 1970.
    pub started_ms: i64,
    /// The next thing to read.
    pub position: Position,
    /// List items read so far.
    pub items: u64,
    /// One per wanted kind.
    pub tallies: Vec<Tally>,
    /// For each part of the current walk: how often it was refused before it was ever granted.
    pub refusals: Vec<Refusals>,
    /// What later items have to know of earlier ones.
    pub notes: V::Notes,
    /// Short hashes of the drift reported so far: each is reported once, unless it was forgotten.
    pub drift: Vec<u64>,
    /// The hour under way, and what was sent in it.
    pub window: Window,
}

/// How the vendor has treated the calls of one part so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    /// Refused so often.
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    pub refused: u32,
    /// Answered so often with 404, though the item is there.
    #[serde(rename = "m", default, skip_serializing_if = "is_default")]
    pub missing: u32,
    /// Short hash of the last item for which it was refused or missing.
    #[serde(rename = "l", default, skip_serializing_if = "is_default")]
    pub last: u32,
    /// At least one answer was of no use.
    #[serde(rename = "b", default, skip_serializing_if = "is_default")]
    pub broken: bool,
    /// Granted at least once.
    #[serde(rename = "g", default, skip_serializing_if = "is_default")]
    pub granted: bool,
    /// Asked at least once for an item that was gone.
    #[serde(rename = "a", default, skip_serializing_if = "is_default")]
    pub gone: bool,
}

impl<S: Source> State<S> {
    /// The cursor's text, within [`MAX_CURSOR_BYTES`]. What does not fit is forgotten, the least
    /// important first, and coverage says so where it matters: which drift was reported (it may be
    /// reported twice), all but the first problems of each kind, what was noted for later items. The source's own
    /// secret is not in it, whoever repeats it.
    #[must_use]
    pub fn encode(&self, own_secrets: &[String]) -> String {
        let text = self.text(own_secrets);
        if text.len() <= MAX_CURSOR_BYTES {
            return text;
        }
        let mut state = self.clone();
        let steps: [fn(&mut Self); 5] = [
            |state| state.drift.clear(),
            |state| state.tallies.iter_mut().for_each(|tally| tally.shorten(4)),
            |state| state.tallies.iter_mut().for_each(|tally| tally.shorten(1)),
            Self::forget_notes,
            |state| state.tallies.iter_mut().for_each(|tally| tally.shorten(0)),
        ];
        for forget in steps {
            forget(&mut state);
            let text = state.text(own_secrets);
            if text.len() <= MAX_CURSOR_BYTES {
                return text;
            }
        }
        state.text(own_secrets)
    }

    /// Forgets what was noted, and says so in the kinds that rest on it.
    fn forget_notes(&mut self) {
        self.notes = S::Notes::default();
        let informed = S::RESOURCES.iter().flat_map(|resource| resource.informs).map(|kind| kind.id);
        let resting: Vec<&str> = informed.chain(S::SUMMARIES.iter().map(|summary| summary.kind.id)).collect();
        for (kind, tally) in self.kinds.iter().zip(&mut self.tallies) {
            if resting.contains(&kind.as_str()) {
                tally.problem(&Problem::of_list(Cause::Forgotten, "what earlier lists told"));
            }
        }
    }

    fn text(&self, own_secrets: &[String]) -> String {
        let mut json = serde_json::to_string(self).unwrap_or_default();
        if own_secrets.iter().any(|form| json.contains(form)) {
            let mut value = serde_json::to_value(self).unwrap_or_default();
            own::mask_all(&mut value, own_secrets);
            json = serde_json::to_string(&value).unwrap_or_default();
        }
        let head = format!("{VERSION}.{}", URL_SAFE_NO_PAD.encode(json));
        let sum = checksum(&head);
        format!("{head}.{sum}")
    }

    /// Reads a cursor back.
    ///
    /// # Errors
    /// [`FailureKind::InvalidCursor`] when it is malformed or altered, or not of this component
    /// version, these settings or this request.
    pub fn decode(text: &str, settings_digest: &str, plan: &Plan) -> Result<Self, Failure> {
        let state = parse::<S>(text).ok_or_else(|| invalid("it is malformed or was altered"))?;
        if state.component != S::ABOUT.version {
            return Err(invalid("another version of the component made it"));
        }
        if state.settings_digest != settings_digest {
            return Err(invalid("it was made under other settings"));
        }
        let same_kinds = state.kinds.iter().eq(plan.wanted.iter().map(|kind| kind.id));
        if !same_kinds || state.since_ms != plan.since.map(|since| since.0) {
            return Err(invalid("it belongs to a collection of other kinds or another since"));
        }
        if state.tallies.len() != state.kinds.len() {
            return Err(invalid("it is malformed or was altered"));
        }
        Ok(state)
    }

    /// When the collection began.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        Timestamp(self.started_ms)
    }
}

fn parse<S: Source>(text: &str) -> Option<State<S>> {
    if text.len() > MAX_CURSOR_BYTES {
        return None;
    }
    let (head, sum) = text.rsplit_once('.')?;
    if checksum(head) != sum {
        return None;
    }
    let json = URL_SAFE_NO_PAD.decode(head.strip_prefix(VERSION)?.strip_prefix('.')?).ok()?;
    serde_json::from_slice(&json).ok()
}

fn checksum(head: &str) -> String {
    sha256_hex(head.as_bytes()).get(..CHECKSUM_DIGITS).unwrap_or_default().to_string()
}

/// The failure for a cursor that cannot be resumed from.
#[must_use]
pub fn invalid(why: &str) -> Failure {
    let remedy = "Resume with the settings, account and component that the collection was started with, or start a new one. The evidence collected so far stays valid by itself, but is not a whole collection.";
    let mut failure = Failure::new(FailureKind::InvalidCursor, format!("the cursor cannot be used: {why}"), remedy);
    failure.pointer = Some("/cursor".into());
    failure
}
