//! The records behind findings, as a table.

use super::table::{MAX_LISTED, Table};
use crate::collection::Collection;
use crate::finding::Outcome;
use std::collections::BTreeSet;

/// Lines of the records that a rule is true of, or cannot be said of.
pub(super) fn lines(outcomes: &[Outcome<'_>]) -> BTreeSet<u64> {
    let found = outcomes.iter().flat_map(|outcome| outcome.found.iter().copied());
    let unknown = outcomes.iter().flat_map(|outcome| outcome.unknown.iter().map(|(record, _)| *record));
    found.chain(unknown).map(|record| record.line).collect()
}

/// What has all rows: the tables of CSV have no findings.
const WHOLE_IN: &str = "the exports for tools, OCSF and OSCAL, made with the same --rules: \
                        host-test export DIR --incomplete --format ocsf --out PATH";

/// A row for each rule and record; `None` where there is none.
pub(super) fn table(collection: &Collection, outcomes: &[Outcome<'_>]) -> Option<Table> {
    let columns = ["Finding*", "Outcome*", "Record", "Name", "Why it cannot be said"];
    let mut table = Table::new("cited", "Records behind findings", &columns).keeping(MAX_LISTED).whole_in(WHOLE_IN);
    for outcome in outcomes {
        let found = outcome.found.iter().map(|record| (*record, "found", String::new()));
        let unknown = outcome.unknown.iter().map(|(record, why)| (*record, "unknown", why.clone()));
        for (record, word, why) in found.chain(unknown) {
            let about = &record.subject;
            let name = collection.names.get(&about.kind, &about.id).or(about.name.as_deref()).unwrap_or_default();
            let title = collection.title(record);
            table.row([outcome.rule.title.clone(), word.into(), title, name.into(), why], &[record]);
        }
    }
    (table.total > 0).then_some(table)
}
