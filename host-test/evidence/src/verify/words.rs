//! What a report says, in words: the same on a terminal and in a page.

use super::{Report, Signature, Verdict};
use crate::summary::Summary;
use crate::text::{plain, plural};

impl Report {
    /// All that `verify` says of the collection in this place, line by line.
    #[must_use]
    pub fn lines(&self, place: &str) -> Vec<String> {
        let wrong = self.findings.iter().map(|finding| format!("WRONG {}", plain(finding)));
        let notes = self.notes.iter().map(|note| format!("note: {}", plain(note)));
        let mut lines: Vec<String> = wrong.chain(notes).collect();
        lines.push(format!("{}: {}: {}", plain(place), self.size(), self.conclusion()));
        if self.verdict() != Verdict::Contradicted {
            lines.extend(self.circumstances());
        }
        lines.extend(self.manifest.caveats());
        lines
    }

    /// How much was checked.
    #[must_use]
    pub fn size(&self) -> String {
        let Self { records, requests, .. } = self;
        format!("{records} {}, {requests} {}", plural(*records, "record"), plural(*requests, "request"))
    }

    /// The verdict: the strongest that was shown.
    #[must_use]
    pub fn conclusion(&self) -> String {
        if self.verdict() == Verdict::Contradicted {
            let count = self.count;
            return format!("{count} {}: it contradicts itself, or what you gave", plural(count, "finding"));
        }
        let signed = match &self.signature {
            Signature::Good(key) => Some(format!("signed by the owner of key {key}")),
            _ => None,
        };
        let kept = self.is_kept_seal.then(|| "matches the seal that you kept".to_string());
        let shown: Vec<String> = kept.into_iter().chain(signed).collect();
        if shown.is_empty() { "consistent with itself".into() } else { shown.join(", ") }
    }

    /// When and by what it was collected, and what the verdict does not say.
    fn circumstances(&self) -> Vec<String> {
        let Summary { component, started_at, updated_at, .. } = &self.manifest;
        let id = plain(&component.id);
        let mut lines = vec![
            format!("collected: {} to {}", plain(started_at), plain(updated_at)),
            format!("component: {id} {}, SHA-256 {}", plain(&component.version), plain(&component.sha256)),
            match self.is_kept_seal {
                true => format!("seal:      {}: matches the one you kept: nothing has changed since", self.seal),
                false => {
                    format!("seal:      {}: not compared (pass --seal with the value that collect printed)", self.seal)
                }
            },
            match &self.signature {
                Signature::Good(key) => format!("signature: by the owner of key {key}"),
                Signature::Unchecked(key) => {
                    format!("signature: names key {}, not checked (give --public-key)", plain(key))
                }
                Signature::None | Signature::Bad => "signature: none".into(),
            },
        ];
        lines.extend(self.doubt().map(Into::into));
        lines
    }

    /// What the verdict leaves open; `None` where it was held against an anchor, or is contradicted.
    #[must_use]
    pub fn doubt(&self) -> Option<&'static str> {
        (self.verdict() == Verdict::Consistent).then_some(
            "Anyone can produce files that agree with each other. Without a kept seal or a key, nothing shows who \
             made these, or when.",
        )
    }
}
