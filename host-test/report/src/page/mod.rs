//! The report: a collection as one HTML file, which needs no network.
//!
//! What a reader has to see first, pictures and findings are in the HTML itself, from `templates/report.html`, and so
//! are there in print and without scripts. Rows of tables and details of records are data, packed into the page;
//! `templates/table.js` shows a window of them, and `templates/report.js` starts it. Text of a source or a vendor only ever is text: the template escapes
//! it, the data is base64, and the script makes text nodes of it.

mod cell;
mod changes;
mod chart;
mod cited;
mod controls;
mod data;
mod details;
mod findings;
mod group;
mod groups;
mod overview;
mod people;
mod table;

pub use changes::Changes;
pub use details::MAX_DETAILS;
pub use table::{MAX_LISTED, MAX_ROWS};

use crate::collection::Collection;
use crate::finding::Outcome;
use crate::{Error, Result};
use askama::Template;
use group::Group;
use overview::Overview;
use sha2::{Digest, Sha256};
use source_evidence::text::plural;
use table::Table;

const STYLE: &str = include_str!("../../templates/report.css");
/// One script: what is strict in the first part is so in the second.
const SCRIPT: &str = concat!(include_str!("../../templates/table.js"), "\n", include_str!("../../templates/report.js"));

/// What the template shows.
#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    policy: String,
    style: &'static str,
    script: &'static str,
    data: String,
    overview: Overview,
    tiles: Vec<Tile>,
    changes: Option<changes::View>,
    groups: Vec<Group>,
    access: Option<Group>,
    findings: findings::View,
    cited: Option<Table>,
    frameworks: Vec<controls::Framework>,
    records: Table,
    details: String,
}

/// A number of the first screen, and where more of it is.
struct Tile {
    number: String,
    what: String,
    place: &'static str,
}

/// The page of a collection: what `verify` and the rules say of it, and what changed since an earlier one. `rules` is
/// what a user's own file has made of the rules, see [`crate::finding::Rules::changed`].
///
/// # Errors
/// [`Error::Contract`] when the data has no JSON form, which would be a defect.
pub fn page(
    collection: &Collection,
    outcomes: &[Outcome<'_>],
    rules: &[String],
    changes: Option<&Changes>,
) -> Result<String> {
    let titles = overview::titles(collection);
    let lines = cited::lines(outcomes);
    let page = Page {
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        data: String::new(),
        overview: overview::of(collection, &titles, rules),
        tiles: Vec::new(),
        changes: changes.map(|changes| changes::view(changes, collection)),
        groups: groups::groups(collection, &titles),
        access: people::access(collection, &titles),
        findings: findings::view(collection, outcomes),
        cited: cited::table(collection, outcomes),
        frameworks: controls::frameworks(collection, outcomes, &titles),
        records: details::table(collection, &lines),
        details: details::cut(collection),
    };
    let data = data::pack(&page.tables(), &details::of(collection, &lines))?;
    let page = Page { data, tiles: page.tiles(), ..page };
    page.render().map_err(|error| Error::Contract(format!("the report cannot be written: {error}")))
}

impl Page {
    /// What there is, in numbers.
    fn tiles(&self) -> Vec<Tile> {
        let Overview { coverage, unseen, odd, .. } = &self.overview;
        let asked = || coverage.iter().filter(|one| !one.is_statement);
        let whole = asked().filter(|one| one.class == "good").count();
        let tile = |number: String, what: String, place| Tile { number, what, place };
        let counted = |count: usize, one: &str, more: &str, place| {
            tile(count.to_string(), format!("{}{more}", plural(count as u64, one)), place)
        };
        let kinds = plural(asked().count() as u64, "kind");
        let mut tiles =
            vec![tile(format!("{whole} of {}", asked().count()), format!("{kinds} asked for, read whole"), "coverage")];
        // Without a rule that was asked of anything, "0 found something" would read like a result.
        if !self.findings.cards.is_empty() {
            tiles.push(counted(self.findings.found, "rule", " found something", "findings"));
            tiles.push(counted(self.findings.open, "rule", " cannot say, or not of all", "findings"));
        }
        if !odd.is_empty() {
            tiles.push(counted(odd.len(), "finding", " of the source about the vendor's answers", "odd"));
        }
        tiles.push(counted(unseen.len(), "question", " that cannot be answered", "unseen"));
        let tables = self.access.iter().chain(&self.groups);
        tiles.extend(tables.map(|group| {
            let (number, what) = group.number();
            tile(number, what, group.id)
        }));
        tiles
    }

    /// Every table whose rows are in the data.
    fn tables(&self) -> Vec<&Table> {
        let groups = self.groups.iter().chain(&self.access).map(|group| &group.table);
        let changes = self.changes.iter().map(|changes| &changes.table);
        groups.chain(changes).chain(&self.cited).chain([&self.records]).collect()
    }
}

/// What the page may do: run its one script, wear its one style, and nothing else.
fn policy() -> String {
    let hash = |text: &str| data::base64(&Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}
