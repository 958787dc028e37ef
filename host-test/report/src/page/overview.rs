//! The first screen: whose account, read by whom, when and by what; the verdict; what was covered, and what was not.

use crate::collection::Collection;
use crate::record::Record;
use crate::unlisted::unlisted;
use source_evidence::summary::{CoverageSummary, Summary};
use source_evidence::text::plain;
use source_evidence::verify::Verdict;
use std::collections::BTreeMap;

/// What a reader has to know first.
pub(super) struct Overview {
    pub account: String,
    /// What everybody has to see: simulated, another server, another clock.
    pub caveats: Vec<String>,
    /// People who are named and are not in the list of users, where that does not show that the list is short.
    pub unlisted: Option<String>,
    /// What the source found odd in the vendor's answers.
    pub odd: Vec<String>,
    /// Where the answers came from, where nothing of the above holds.
    pub origin: String,
    /// Terms with what they are.
    pub facts: Vec<(&'static str, String)>,
    /// `contradicted`, `consistent` or `anchored`: how the verdict looks.
    pub class: &'static str,
    /// The verdict in the words of `verify`.
    pub conclusion: String,
    pub size: String,
    /// What it leaves open.
    pub doubt: Option<&'static str>,
    /// All that `verify` says.
    pub lines: Vec<String>,
    pub coverage: Vec<Coverage>,
    /// How many kinds are in each state, without what the source says of itself.
    pub states: String,
    /// What was asked for, where not all that the source reads by default.
    pub asked: String,
    /// Why nothing of the coverage can be relied on.
    pub distrust: Option<String>,
    pub unseen: Vec<Unseen>,
}

/// How much of a kind was read.
pub(super) struct Coverage {
    pub kind: String,
    pub title: String,
    pub records: u64,
    pub state: String,
    /// `good`, `some` or `bad`.
    pub class: &'static str,
    pub reason: String,
    pub missing_permission: String,
    pub items_failed: u64,
    pub accepted: bool,
    /// Whether it is what the source says of itself, of which nothing can be missed.
    pub is_statement: bool,
}

/// What the vendor's API cannot tell.
pub(super) struct Unseen {
    pub line: u64,
    pub question: String,
    pub why: String,
    pub instead: String,
}

/// What kinds are called, as the collection's own coverage says.
pub(super) fn titles(collection: &Collection) -> BTreeMap<String, String> {
    let named = |record: &Record| Some((record.subject.id.clone(), plain(record.subject.name.as_deref()?)));
    collection.of_kind("coverage").filter_map(named).collect()
}

/// The title of a kind, or its id in words.
pub(super) fn title(titles: &BTreeMap<String, String>, kind: &str) -> String {
    let in_words = || {
        let mut letters = kind.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        plain(&first.chain(letters).collect::<String>().replace('_', " "))
    };
    titles.get(kind).cloned().unwrap_or_else(in_words)
}

pub(super) fn of(collection: &Collection, titles: &BTreeMap<String, String>, rules: &[String]) -> Overview {
    let (report, summary) = (&collection.report, collection.summary());
    let coverage: Vec<Coverage> = summary.coverage.iter().map(|one| covered(one, collection, titles)).collect();
    let unlisted = unlisted(collection);
    let caveats = summary.caveats().chain(rules.iter().cloned()).chain(unlisted.proof());
    Overview {
        account: account(collection),
        caveats: caveats.map(|caveat| plain(&caveat)).collect(),
        unlisted: unlisted.words().filter(|_| unlisted.holders.is_empty()),
        odd: summary.findings.iter().map(|finding| plain(&finding.message)).collect(),
        origin: origin(summary),
        facts: facts(collection),
        class: match report.verdict() {
            Verdict::Contradicted => "contradicted",
            Verdict::Consistent => "consistent",
            Verdict::Anchored => "anchored",
        },
        conclusion: report.conclusion(),
        size: report.size(),
        doubt: report.doubt(),
        lines: report.lines(&collection.folder.display().to_string()),
        states: states(&coverage),
        asked: plain(&summary.kinds.join(", ")),
        distrust: collection.distrust.clone(),
        coverage,
        unseen: collection.of_kind("not_observable").map(unseen).collect(),
    }
}

fn account(collection: &Collection) -> String {
    match &collection.account {
        (id, Some(name)) => plain(&format!("{name} ({id})")),
        (id, None) if id.is_empty() => "an account that is not told".into(),
        (id, None) => plain(id),
    }
}

fn origin(summary: &Summary) -> String {
    let granted: std::collections::BTreeSet<&str> =
        summary.made.iter().flat_map(|made| &made.granted).map(String::as_str).collect();
    let granted = granted.into_iter().collect::<Vec<_>>().join(", ");
    if granted.is_empty() { String::new() } else { plain(&format!("Read from the vendor's server: {granted}")) }
}

fn facts(collection: &Collection) -> Vec<(&'static str, String)> {
    let Summary { component, started_at, updated_at, made, since, .. } = collection.summary();
    let hosts: std::collections::BTreeSet<&str> = made.iter().map(|made| made.harness.as_str()).collect();
    let mut facts = vec![
        ("Account", account(collection)),
        ("Read by", reader(collection)),
        ("Collected", between(started_at, updated_at)),
        ("Component", format!("{} {}", component.id, component.version)),
        ("Its SHA-256", component.sha256.clone()),
        ("Host", hosts.into_iter().collect::<Vec<_>>().join(", ")),
        ("Seal", collection.report.seal.clone()),
    ];
    if let Some(since) = since {
        facts.push(("Events since", since.clone()));
    }
    facts.into_iter().map(|(term, fact)| (term, plain(&fact))).collect()
}

/// Two instants in UTC to the second, the day said once where it is the same.
fn between(from: &str, to: &str) -> String {
    let parts = |instant: &str| {
        let (day, time) = instant.split_once('T').unwrap_or((instant, ""));
        (day.to_string(), time.chars().take(8).collect::<String>())
    };
    match (parts(from), parts(to)) {
        ((day, from), (same, to)) if day == same => format!("{day}, {from} to {to} UTC"),
        ((first, from), (last, to)) => format!("{first} {from} to {last} {to} UTC"),
    }
}

/// Whose key it was, as the vendor says.
fn reader(collection: &Collection) -> String {
    let Some(manifest) = collection.of_kind("manifest").last() else { return "not told".into() };
    let (kind, id) = (manifest.text("/principal/kind"), manifest.text("/principal/id"));
    let (Some(kind), Some(id)) = (kind, id) else { return "not told by this source".into() };
    let role = manifest.text("/principal/role").map(|role| format!(", {role}")).unwrap_or_default();
    format!("{} {}{role}", kind.replace('_', " "), collection.names.shown(kind, id))
}

/// `good` for a kind that was read whole, which nothing shows where the collection contradicts itself; `some` for one
/// that is short by intent, or only said to be whole; `bad` for one that is not what was asked for.
pub(super) fn class(one: &CoverageSummary, collection: &Collection) -> &'static str {
    match one.state.as_str() {
        _ if collection.is_complete(&one.kind) => "good",
        "complete" | "spread" | "partial" => "some",
        _ if one.accepted => "some",
        _ => "bad",
    }
}

fn covered(one: &CoverageSummary, collection: &Collection, titles: &BTreeMap<String, String>) -> Coverage {
    Coverage {
        title: title(titles, &one.kind),
        kind: plain(&one.kind),
        records: one.records,
        state: plain(&one.state.replace('_', " ")),
        class: class(one, collection),
        reason: plain(&one.reason),
        missing_permission: plain(one.missing_permission.as_deref().unwrap_or_default()),
        items_failed: one.items_failed,
        accepted: one.accepted,
        is_statement: collection.summary().statements.contains(&one.kind),
    }
}

fn states(coverage: &[Coverage]) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for one in coverage.iter().filter(|one| !one.is_statement) {
        *counts.entry(&one.state).or_default() += 1;
    }
    counts.into_iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}

fn unseen(record: &Record) -> Unseen {
    let text = |pointer: &str| plain(record.text(pointer).unwrap_or_default());
    Unseen { line: record.line, question: text("/question"), why: text("/why"), instead: text("/instead") }
}
