//! Every record: a table of all, and for the first of them content and provenance.

use super::table::{MAX_LISTED, Table};
use crate::collection::Collection;
use crate::record::Record;
use serde::Serialize;
use source_evidence::record::Provenance;
use source_evidence::text::{plain, plain_json};
use std::collections::{BTreeMap, BTreeSet};

/// Records whose content and provenance are in the page, at most: digests do not compress, and are most of its size.
pub const MAX_DETAILS: usize = 2_500;
/// Longest content in the page, in bytes.
const MAX_CONTENT: usize = 8 * 1024;

/// What the page tells of records besides the rows of its tables.
#[derive(Serialize)]
pub(super) struct Details {
    /// Each response once: request, when it was read, status, SHA-256 of its body, the vendor's id of the request.
    responses: Vec<Response>,
    /// By line.
    records: BTreeMap<u64, Detail>,
}

#[derive(Serialize)]
struct Response(String, String, u16, String, Option<String>);

#[derive(Serialize)]
struct Detail {
    title: String,
    id: String,
    kind: String,
    version: u32,
    observed: String,
    effective: Option<String>,
    until: String,
    digest: String,
    witnessed: Option<bool>,
    content: String,
    /// Place in `responses`, where in the body, which page of the list.
    from: Vec<(usize, String, Option<u32>)>,
    withheld: Vec<(String, String)>,
}

/// The records in the order in which they are worth room: those behind findings, then a share of each kind.
fn ordered<'c>(collection: &'c Collection, cited: &BTreeSet<u64>) -> Vec<&'c Record> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut keyed: Vec<((bool, usize), &Record)> = Vec::new();
    for record in &collection.records {
        let before = seen.entry(&record.kind).or_default();
        // Whole hundreds, so that small kinds are there whole before large ones are.
        keyed.push(((!cited.contains(&record.line), *before / 100), record));
        *before += 1;
    }
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, record)| record).collect()
}

/// All records.
pub(super) fn table(collection: &Collection, cited: &BTreeSet<u64>) -> Table {
    let columns = ["Kind*", "Record", "About", "Read at", "Seen by the host*", "Withheld"];
    let mut table = Table::new("records", "Records", &columns).keeping(MAX_LISTED);
    let mut records = ordered(collection, cited);
    let (kept, _) = records.split_at_mut(collection.records.len().min(MAX_LISTED));
    kept.sort_by_key(|record| record.line);
    for record in records {
        let about = &record.subject;
        let name = about.name.clone().unwrap_or_else(|| collection.names.shown(&about.kind, &about.id));
        let cells = [
            record.kind.clone(),
            collection.title(record),
            name,
            record.observed_at.clone(),
            witnessed(collection.is_witnessed(record)).into(),
            if record.withheld.is_empty() { String::new() } else { record.withheld.len().to_string() },
        ];
        table.row(cells, &[record]);
    }
    table
}

fn witnessed(is_witnessed: Option<bool>) -> &'static str {
    match is_witnessed {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "the source's statement",
    }
}

/// What to say where not every record's content is in the page.
pub(super) fn cut(collection: &Collection) -> String {
    let all = collection.records.len();
    if all <= MAX_DETAILS {
        return String::new();
    }
    format!(
        "Content and provenance are here for {MAX_DETAILS} of {all} records: first those behind findings, then some of \
         each kind. All are in evidence.jsonl, on the line that is named, and in the CSV: \
         host-test export DIR --incomplete --format csv --out PATH"
    )
}

/// Content and provenance of the first records.
pub(super) fn of(collection: &Collection, cited: &BTreeSet<u64>) -> Details {
    let mut responses = Vec::new();
    let mut places: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut records = BTreeMap::new();
    for record in ordered(collection, cited).into_iter().take(MAX_DETAILS) {
        let mut from = Vec::new();
        for origin in &record.provenance {
            let key = (origin.request.as_str(), origin.read_at.as_str(), origin.body_digest.as_str());
            let place = *places.entry(key).or_insert_with(|| {
                responses.push(response(origin));
                responses.len() - 1
            });
            from.push((place, plain(&origin.pointer), origin.page));
        }
        records.insert(record.line, detail(collection, record, from));
    }
    Details { responses, records }
}

fn response(origin: &Provenance) -> Response {
    let Provenance { request, read_at, status, body_digest, request_id, .. } = origin;
    Response(plain(request), plain(read_at), *status, plain(body_digest), request_id.as_deref().map(plain))
}

fn detail(collection: &Collection, record: &Record, from: Vec<(usize, String, Option<u32>)>) -> Detail {
    Detail {
        title: plain(&collection.title(record)),
        id: plain(&record.id),
        kind: plain(&record.kind),
        version: record.schema_version,
        observed: plain(&record.observed_at),
        effective: record.effective_at.as_deref().map(plain),
        until: plain(&record.valid_until),
        digest: record.digest.clone(),
        witnessed: collection.is_witnessed(record),
        content: content(record),
        from,
        withheld: record.withheld.iter().map(|one| (plain(&one.pointer), plain(&one.reason))).collect(),
    }
}

/// The content as a person reads it: one member a line, with nothing that steers or turns text.
fn content(record: &Record) -> String {
    let text = serde_json::to_string_pretty(&record.content).unwrap_or_default();
    if text.len() > MAX_CONTENT {
        return format!("{} KiB: see line {} of evidence.jsonl", text.len() / 1024, record.line);
    }
    text.lines().map(plain_json).collect::<Vec<_>>().join("\n")
}
