//! Keeps to the share of the account's hourly quota that the settings give.
//!
//! Nothing is begun that the share does not cover to its end: calls that items under way may still
//! make count as sent. So the share is exceeded only by what cannot be known beforehand (attempts
//! repeated, further pages of an item's part) and by the first list and item of a call, which are
//! read in any case, so that the smallest share makes progress. A call that fails hands out no
//! cursor, so that its requests are not counted.

use super::Context;
use super::listing::{ListedItem, Listing};
use crate::fivetran::quota::Window;
use crate::fivetran::resource::Part;
use crate::instant::Instant;
use crate::model::{Diagnostic, Severity};
use crate::world::World;
use alloc::format;
use alloc::rc::Rc;
use core::cell::Cell;

/// Calls that items under way may still make.
#[derive(Default)]
pub struct Promises(Rc<Cell<u32>>);

/// What one item may still make of them; what it did not need is given back in the end.
pub struct Promise {
    all: Rc<Cell<u32>>,
    left: Cell<u32>,
}

impl Promises {
    /// All of them.
    pub fn calls(&self) -> u32 {
        self.0.get()
    }

    /// So many calls for one item.
    pub fn give(&self, calls: u32) -> Promise {
        self.0.set(self.0.get().saturating_add(calls));
        Promise { all: Rc::clone(&self.0), left: Cell::new(calls) }
    }
}

impl Promise {
    /// One call is made now.
    pub fn keep_one(&self) {
        if let Some(left) = self.left.get().checked_sub(1) {
            self.left.set(left);
            self.all.set(self.all.get().saturating_sub(1));
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.all.set(self.all.get().saturating_sub(self.left.get()));
    }
}

impl<W: World> Context<'_, W> {
    fn window(&self) -> Window {
        self.client.window.get().at(self.client.world().now())
    }

    /// Goes on with the count of the call before.
    pub fn resume_window(&self, window: Window) {
        self.client.window.set(window.resumed(self.settings.requests_per_hour, self.client.world().now()));
    }

    /// Calls that an item of a list needs, if each of its parts has one page.
    pub fn calls_of_item(&self, listing: &Listing, index: usize) -> u32 {
        let parts = listing.resource().map_or(&[][..], |resource| resource.parts);
        let Some(item) = listing.items.get(index) else { return 0 };
        parts.iter().fold(0, |sum, part| self.calls_of_part(part, listing, item).saturating_add(sum))
    }

    /// Calls that a part of an item needs, if it has one page; 0 where it is not called: no kind or
    /// setting wants it, it is another day's turn, or the item has no id to ask with.
    pub fn calls_of_part(&self, part: &Part, listing: &Listing, item: &ListedItem) -> u32 {
        let Some(key) = item.key.as_deref() else { return 0 };
        let is_due = || !part.spread || self.turn().is_none_or(|turn| turn.is_of(key));
        if !self.plan.needs(part) || !is_due() || !(part.enabled)(self.settings, listing.json(item)) {
            return 0;
        }
        if part.by_week { u32::try_from(self.weeks().len()).unwrap_or(u32::MAX) } else { 1 }
    }

    /// Whether the share covers so many calls more. Once it does not, nothing that costs a call is
    /// begun until the hour is over.
    pub fn share_allows(&self, calls: u32) -> bool {
        if calls == 0 {
            return true;
        }
        let (window, share) = (self.window(), self.settings.requests_per_hour);
        let sum = window.sent.saturating_add(self.promises.calls()).saturating_add(calls);
        let allowed = window.full_for < share && sum <= share;
        if !allowed {
            self.client.window.set(window.filled(share));
        }
        allowed
    }

    /// When the next hour begins, if the share of this one is used up.
    pub fn share_ends(&self) -> Option<Instant> {
        let window = self.window();
        window.is_full(self.settings.requests_per_hour).then(|| window.end())
    }

    /// Says that the share is used up, if it is.
    pub fn share_finding(&self) -> Option<Diagnostic> {
        let until = self.share_ends()?.to_rfc3339();
        let (sent, share) = (self.window().sent, self.settings.requests_per_hour);
        Some(Diagnostic {
            severity: Severity::Info,
            code: "quota-share",
            pointer: "/settings/requests_per_hour".into(),
            message: format!("{sent} of {share} calls of this hour are used; going on at {until}"),
            remedy: "Nothing to do: it goes on by itself. A larger requests_per_hour takes more of the quota that all tools of the account share."
                .into(),
        })
    }
}
