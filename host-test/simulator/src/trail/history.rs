//! The tables of an account: any row by its number, and what has become of them meanwhile.

use super::creations::{Anchor, Planted, anchors, creations};
use super::entries::{self, Entry};
use super::logs;
use super::spec::{AccountRows, Change, Trail};
use super::table::{Cell, Table};
use super::timeline::{Slot, Timeline, window};
use crate::account::Account;
use crate::random::END_MS;

const HOUR_MICROS: i64 = 3600 * 1_000_000;

/// The history of an account.
pub struct History {
    account: Account,
    trail: Trail,
    audit: (Timeline, Vec<Anchor>),
    log: (Timeline, Vec<Anchor>),
    /// Discrepancies between trail and REST answers.
    pub planted: Vec<Planted>,
}

/// What has happened to the tables since they were first read.
pub type Happened = Option<Change>;

impl History {
    /// That of an account.
    pub fn new(account: Account, trail: &Trail) -> Self {
        let (seed, days) = (account.spec.seed, trail.window_days);
        let (audit, planted) = anchors(&account, days, trail.plants);
        let (start, end) = window(days);
        let is_logged = |one: &Anchor| one.primary.0 == "CONNECTION" && (start..end).contains(&one.at);
        let mut log: Vec<Anchor> = creations(&account).into_iter().filter(is_logged).collect();
        log.sort_by_key(|one| (one.at, one.id()));
        let timeline = |rows: usize, anchors: &[Anchor]| {
            Timeline::new(seed, rows, days, trail.burst, anchors.iter().map(|one| one.at).collect())
        };
        Self {
            audit: (timeline(trail.entries, &audit), audit),
            log: (timeline(trail.logs, &log), log),
            planted,
            trail: trail.clone(),
            account,
        }
    }

    /// The account's id.
    pub fn account_id(&self) -> String {
        self.account.id()
    }

    fn timeline(&self, table: Table) -> &Timeline {
        if table == Table::Log { &self.log.0 } else { &self.audit.0 }
    }

    /// How many rows a table has, those included that are gone.
    pub fn len(&self, table: Table, happened: Happened) -> usize {
        let added = match happened {
            Some(Change::Added(rows) | Change::AddedLate(rows)) => rows,
            _ => 0,
        };
        self.timeline(table).len() + added
    }

    /// Whether a row is there.
    pub fn is_there(&self, number: usize, happened: Happened) -> bool {
        !matches!(happened, Some(Change::Deleted(each)) if is_each(number, each))
    }

    /// When a row was captured, in microseconds since 1970.
    pub fn at(&self, table: Table, number: usize) -> i64 {
        self.timeline(table).at(number)
    }

    /// The first row that is not before an instant.
    pub fn first_from(&self, table: Table, micros: i64, happened: Happened) -> usize {
        self.timeline(table).first_from(micros, self.len(table, happened))
    }

    /// When a row was synced: by the first sync after it, or by a later one.
    pub fn synced(&self, table: Table, number: usize, happened: Happened) -> i64 {
        let timeline = self.timeline(table);
        let at = match happened {
            // After all that the window and the month behind it hold.
            Some(Change::Resynced(each)) if is_each(number, each) => END_MS * 1000 + 40 * 24 * HOUR_MICROS,
            Some(Change::AddedLate(_)) if number >= timeline.len() => timeline.at(timeline.len().saturating_sub(1)),
            _ => timeline.at(number),
        };
        let rhythm = i64::from(self.trail.sync_hours.max(1)) * HOUR_MICROS;
        let sync = at.div_euclid(rhythm) + 1;
        let dice = self.account.dice("trail-sync", usize::try_from(sync).unwrap_or_default());
        let took = i64::try_from(dice.below("took", 300_000_000)).unwrap_or_default();
        sync * rhythm + took
    }

    /// An entry of AUDIT_TRAIL.
    pub fn entry(&self, number: usize) -> Entry {
        let (timeline, anchors) = &self.audit;
        if let Slot::Anchor(anchor) = timeline.slot(number)
            && let Some(anchor) = anchors.get(anchor)
        {
            return entries::of_anchor(&self.account, anchor);
        }
        let (Slot::Fill(fill) | Slot::Anchor(fill)) = timeline.slot(number);
        entries::of_fill(&self.account, fill, timeline.fills, timeline.at(number))
    }

    /// A row of AUDIT_TRAIL or LOG: all its cells.
    pub fn row(&self, table: Table, number: usize, happened: Happened) -> Vec<Cell> {
        let synced = self.synced(table, number, happened);
        if table == Table::AuditTrail {
            return self.entry(number).cells(synced);
        }
        let (timeline, anchors) = &self.log;
        match timeline.slot(number) {
            Slot::Fill(fill) => logs::of_fill(&self.account, fill, timeline.at(number), synced),
            Slot::Anchor(number) => match anchors.get(number) {
                Some(anchor) => logs::of_anchor(&self.account, number, anchor, synced),
                None => Vec::new(),
            },
        }
    }

    /// Whether the `message_data` of a row of LOG contain the word `actor`.
    pub fn names_actor(&self, number: usize) -> bool {
        match self.log.0.slot(number) {
            Slot::Fill(fill) => logs::names_actor(&self.account, fill),
            Slot::Anchor(_) => true,
        }
    }

    /// Every row of a table once this has happened: instants are microseconds since 1970.
    pub fn rows(&self, table: Table, happened: Happened) -> Vec<Vec<Option<String>>> {
        let text = |cells: Vec<Cell>| cells.into_iter().map(Cell::text).collect();
        match table {
            Table::Account => self.account_rows().into_iter().map(text).collect(),
            _ => {
                let there = (0..self.len(table, happened)).filter(|number| self.is_there(*number, happened));
                there.map(|number| text(self.row(table, number, happened))).collect()
            }
        }
    }

    /// The rows of ACCOUNT.
    pub fn account_rows(&self) -> Vec<Vec<Cell>> {
        let own = self.account.id();
        let ids = match self.trail.account_rows {
            AccountRows::Own => vec![own],
            AccountRows::Other => vec!["other_account".into()],
            AccountRows::Two => vec![own, "other_account".into()],
            AccountRows::None => Vec::new(),
        };
        let row = |id: String| {
            let created = Cell::Instant(window(5 * 365).0);
            let name = Cell::Text("Simulated Industries".into());
            let synced = Cell::Instant(self.synced(Table::AuditTrail, self.audit.0.len().saturating_sub(1), None));
            vec![Cell::Text(id), Cell::Text("DE".into()), created, name, Cell::Text("Customer".into()), synced]
        };
        ids.into_iter().map(row).collect()
    }
}

/// Whether a row is the one in this many; the first row is none, unless all are.
fn is_each(number: usize, each: usize) -> bool {
    each > 0 && number % each == each / 2
}
