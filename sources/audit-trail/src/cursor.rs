//! A step as a text, for the cursor between two calls: fields between bars, in one form only, in at most
//! [`LONGEST`] bytes of ASCII.

use crate::ask::Part;
use crate::place::{self, Place};
use crate::step::{Open, Phase, Step, Way};
use crate::table::{Columns, Table};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Bytes of the longest text.
pub const LONGEST: usize = 1024;

/// What a field is where there is nothing.
const NONE: &str = "-";

impl Step {
    /// The step as a text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let number = |value: Option<i64>| value.map_or_else(|| NONE.into(), |value| value.to_string());
        let count = |value: Option<u64>| value.map_or_else(|| NONE.into(), |value| value.to_string());
        let mut fields: Vec<String> = Vec::from([
            letter(TABLES, &self.table).into(),
            letter(WAYS, &self.way).into(),
            self.columns.to_letters(),
            number(self.since_us),
            self.watermark_us.to_string(),
            self.at_us.to_string(),
            self.skip.to_string(),
            count(self.counted),
            self.delivered.to_string(),
            count(self.recounted),
            u8::from(self.moved).to_string(),
            number(self.first_us),
            number(self.last_us),
            number(self.synced_us),
            self.sum.to_string(),
        ]);
        fields.push(match &self.phase {
            Phase::Account => "a".into(),
            Phase::Columns => "c".into(),
            Phase::Count => "n".into(),
            Phase::Rows(None) => "r".into(),
            Phase::Rows(Some(_)) => "p".into(),
            Phase::Recount => "m".into(),
            Phase::Done => "d".into(),
        });
        if let Phase::Rows(Some(open)) = &self.phase {
            let Part { handle, next } = &open.part;
            fields.extend([open.read.to_string(), handle.clone(), next.clone()]);
        }
        fields.join("|")
    }

    /// Reads what [`Self::to_text`] wrote for that place. `None` for anything else.
    #[must_use]
    pub fn from_text(place: &dyn Place, text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut fields = text.split('|');
        let mut next = || fields.next();
        let table = value(TABLES, next()?)?;
        let mut step = Self {
            table,
            way: value(WAYS, next()?)?,
            columns: Columns::from_letters(table, next()?)?,
            since_us: number(next()?)?,
            watermark_us: next()?.parse().ok()?,
            at_us: next()?.parse().ok()?,
            skip: next()?.parse().ok()?,
            counted: number(next()?)?,
            delivered: next()?.parse().ok()?,
            recounted: number(next()?)?,
            moved: next()? == "1",
            first_us: number(next()?)?,
            last_us: number(next()?)?,
            synced_us: number(next()?)?,
            sum: next()?.parse().ok()?,
            phase: Phase::Done,
        };
        step.phase = match next()? {
            "a" => Phase::Account,
            "c" => Phase::Columns,
            "n" => Phase::Count,
            "r" => Phase::Rows(None),
            "p" => {
                let read = next()?.parse().ok()?;
                Phase::Rows(Some(Open { part: part(next()?, next()?)?, read }))
            }
            "m" => Phase::Recount,
            "d" => Phase::Done,
            _ => return None,
        };
        let is_way = place.way(table, step.since_us) == Some(step.way);
        // Nothing behind it, no zeros before a number, no plus sign.
        (is_way && step.to_text() == text).then_some(step)
    }
}

/// A part whose texts may go into a request.
fn part(handle: &str, next: &str) -> Option<Part> {
    let (before, name) = handle.split_once('.').unwrap_or(("", handle));
    let is_plain = |piece: &str| place::handle(piece).is_some();
    let is_named = handle.is_empty() || (is_plain(name) && (before.is_empty() || is_plain(before)));
    let next = place::token(next)?;
    is_named.then(|| Part { handle: handle.into(), next })
}

const TABLES: &[(&str, Table)] = &[("a", Table::Account), ("t", Table::AuditTrail), ("l", Table::Log)];
const WAYS: &[(&str, Way)] = &[("s", Way::Statements), ("l", Way::Listing), ("q", Way::Search)];

fn letter<T: PartialEq>(list: &[(&'static str, T)], value: &T) -> &'static str {
    list.iter().find(|(_, one)| one == value).map_or(NONE, |(letter, _)| letter)
}

fn value<T: Copy>(list: &[(&'static str, T)], letter: &str) -> Option<T> {
    list.iter().find(|(one, _)| *one == letter).map(|(_, value)| *value)
}

/// A number, or nothing; `None` for neither.
fn number<T: core::str::FromStr>(text: &str) -> Option<Option<T>> {
    if text == NONE { Some(None) } else { text.parse().ok().map(Some) }
}
