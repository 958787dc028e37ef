//! How records are made: a projection fills in a [`Draft`], [`Emit`] adds all that is the same for
//! every record.

use super::kind::{DAILY, Kind};
use super::privacy::{FreeText, Privacy};
use super::redact::{Place, redact};
use crate::base::canonical::to_canonical;
use crate::base::model::{Provenance, Record, Subject, Withheld, WithheldReason};
use crate::base::timestamp::Timestamp;
use crate::base::urn::record_id;
use crate::read::body::{Body, Seen};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

/// Where something was read from: a response and the place in it.
#[derive(Debug)]
pub struct Origin<'a> {
    /// The facts of the response.
    pub seen: &'a Seen,
    /// Number of the list page, from 1.
    pub page: Option<u32>,
    /// JSON pointer of the item.
    pub pointer: String,
}

impl<'a> Origin<'a> {
    /// The single object of an answer.
    #[must_use]
    pub fn of(body: &'a Body) -> Self {
        Self { seen: &body.seen, page: None, pointer: body.pointer().into() }
    }

    /// A whole page of a list.
    #[must_use]
    pub fn of_page(body: &'a Body) -> Self {
        Self { seen: &body.seen, page: None, pointer: body.pointer().into() }
    }

    fn provenance(&self) -> Provenance {
        Provenance {
            body_digest: self.seen.digest.clone(),
            page: self.page,
            pointer: self.pointer.clone(),
            read_at: self.seen.read_at.to_rfc3339(),
            request: self.seen.request.clone(),
            request_id: self.seen.request_id.clone(),
            status: self.seen.status,
        }
    }
}

/// A record, as far as a projection has to say it.
pub struct Draft<'a, C: ?Sized> {
    /// What it is.
    pub kind: &'static Kind,
    /// The native id, in parts.
    pub native_id: &'a [&'a str],
    /// One plain sentence.
    pub title: String,
    /// What it is about.
    pub subject: Subject,
    /// When the vendor says it happened.
    pub effective_at: Option<Timestamp>,
    /// Serialises to canonical JSON: fields in order.
    pub content: &'a C,
    /// What it was read from; empty for the source's own records.
    pub from: &'a [&'a Origin<'a>],
    /// What was left out, and why.
    pub withheld: Vec<Withheld>,
}

impl<'a, C: ?Sized> Draft<'a, C> {
    /// A record of a state, with nothing withheld.
    #[must_use]
    pub fn new(
        kind: &'static Kind,
        native_id: &'a [&'a str],
        title: String,
        subject: Subject,
        content: &'a C,
        from: &'a [&'a Origin<'a>],
    ) -> Self {
        Self { kind, native_id, title, subject, effective_at: None, content, from, withheld: Vec::new() }
    }
}

/// Takes the records of one item.
pub struct Emit<'r> {
    /// Id of the source whose space the records' ids are in.
    pub urn: &'static str,
    /// The account's id.
    pub account: &'r str,
    /// Kinds asked for.
    pub wanted: &'r [&'static Kind],
    /// No event before this.
    pub since: Option<Timestamp>,
    /// What happens to personal data.
    pub privacy: &'r Privacy,
    /// What happens to texts that people write.
    pub free_text: FreeText,
    /// Days from one reading of an item to the next, for kinds that the settings spread.
    pub spread_days: u32,
    /// The clock, for records that were read from nothing.
    pub now: Timestamp,
    /// What was made so far.
    pub records: Vec<Record>,
    /// What kinds are short of, besides records: see [`Emit::unknown`].
    pub unknown: Vec<(&'static Kind, &'static str)>,
}

impl Emit<'_> {
    /// Whether the kind was asked for. Ask before building a costly content.
    #[must_use]
    pub fn wants(&self, kind: &Kind) -> bool {
        self.wanted.iter().any(|wanted| wanted.id == kind.id)
    }

    /// Notes that a kind is short because the vendor does not tell something that its records, or sentences about
    /// them, rest on. `what` is in plain words that "does not say" can go before, e.g. "whether it is enabled".
    pub fn unknown(&mut self, kind: &'static Kind, what: &'static str) {
        if self.wants(kind) {
            self.unknown.push((kind, what));
        }
    }

    /// A text for a sentence, or these words where the vendor does not tell it. Then the kind is short of it, as in
    /// [`Emit::unknown`].
    pub fn told<'t>(
        &mut self,
        kind: &'static Kind,
        text: Option<&'t str>,
        words: &'static str,
        what: &'static str,
    ) -> &'t str {
        if text.is_none() {
            self.unknown(kind, what);
        }
        text.unwrap_or(words)
    }

    /// A person's name or e-mail as it may be kept.
    #[must_use]
    pub fn person<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.privacy.person(self.account, text)
    }

    /// A text that people write, as it may be kept. What is left out is added to `withheld`, unless
    /// it is empty.
    #[must_use]
    pub fn free_text<'t>(&self, text: Option<&'t str>, pointer: &str, withheld: &mut Vec<Withheld>) -> Option<&'t str> {
        match (text, self.free_text) {
            (Some(text), FreeText::Withheld) if !text.is_empty() => {
                withheld.push(Withheld { pointer: pointer.into(), reason: WithheldReason::FreeText });
                None
            }
            _ => text,
        }
    }

    /// How long to rely on it. What is valid until the next day's reading is valid until its next
    /// turn where readings are spread.
    fn valid_for_seconds(&self, kind: &Kind) -> u64 {
        let is_spread = self.spread_days > 1 && kind.valid_for_seconds == DAILY && kind.spread;
        let days_between = if is_spread { u64::from(self.spread_days) - 1 } else { 0 };
        kind.valid_for_seconds + days_between * 24 * 3600
    }

    /// Makes the record, if its kind was asked for. Every record passes here, and so through [`redact`].
    pub fn record<C: Serialize + ?Sized>(&mut self, draft: Draft<'_, C>) {
        if !self.wants(draft.kind) {
            return;
        }
        let read_at = draft.from.iter().map(|origin| origin.seen.read_at).max();
        let observed_at = read_at.unwrap_or(self.now);
        let mut withheld = draft.withheld;
        withheld.sort();
        let record = Record {
            content: to_canonical(draft.content),
            effective_at: draft.effective_at.map(Timestamp::to_rfc3339),
            id: record_id(self.urn, self.account, draft.kind.id, draft.native_id),
            kind: draft.kind.id,
            observed_at: observed_at.to_rfc3339(),
            provenance: draft.from.iter().map(|origin| origin.provenance()).collect(),
            schema_version: draft.kind.schema_version,
            subject: draft.subject,
            title: draft.title,
            valid_until: observed_at.plus_seconds(self.valid_for_seconds(draft.kind)).to_rfc3339(),
            withheld,
        };
        let place = Place { source: self.urn, account: self.account, kind: draft.kind, native_id: draft.native_id };
        self.records.push(redact(record, &place, self.privacy));
    }
}
