//! Counts and verdicts: of the records, in `manifest.json`, in the manifest record, in the coverage records.

use super::findings::Findings;
use super::lines::Walked;
use crate::summary::{CoverageSummary, Summary};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The last record has to be the manifest record, and to say what `manifest.json` says.
pub(super) fn check_end(walked: &Walked, manifest: &Summary, interface: &str, findings: &mut Findings) {
    let mut manifests = walked.told.iter().filter(|(_, record)| text(record, "/kind") == "manifest");
    let Some((number, last)) = manifests.next_back() else {
        findings.push("there is no manifest record: the end is missing");
        return;
    };
    if *number != walked.last {
        findings.push("the last record is not the manifest: the end is missing");
    }
    if manifests.next().is_some() {
        findings.push("there is more than one manifest record");
    }
    if manifest.chain_head != walked.chain.head() {
        findings.push("the chain head in manifest.json is not that of the records");
    }
    if text(last, "/content/interface") != interface {
        findings.push(format!("the manifest record is not of the interface {interface}"));
    }
    if manifest.settings_digest != text(last, "/content/settings_digest") {
        findings.push("the settings digest in manifest.json is not that of the manifest record");
    }
    // Not every source tells these two in its manifest record.
    let content = last.get("content").unwrap_or(&Value::Null);
    if content.get("component_version").is_some_and(|version| *version != *manifest.component.version) {
        findings.push("the component's version in manifest.json is not that of the manifest record");
    }
    if content.get("since").is_some_and(|since| second(since.as_str()) != second(manifest.since.as_deref())) {
        findings.push("since in manifest.json is not that of the manifest record");
    }
    if last.pointer("/content/records").and_then(Value::as_u64) != Some(walked.records.saturating_sub(1)) {
        findings.push("the manifest record does not count the records before it correctly");
    }
}

/// The second of an instant, which may be written in several ways.
fn second(text: Option<&str>) -> Option<Option<i64>> {
    text.map(|text| OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp))
}

/// Every count is that of the records, and every verdict in `manifest.json` that of a coverage record.
pub(super) fn check_counts(walked: &Walked, manifest: &Summary, findings: &mut Findings) {
    if walked.per_kind != manifest.records_per_kind || manifest.records != walked.records {
        findings.push("the counts in manifest.json are not those of the records");
    }
    let said = |kind: &str| walked.per_kind.get(kind).copied().unwrap_or_default();
    for (at, coverage) in manifest.coverage.iter().enumerate() {
        if manifest.coverage.iter().take(at).any(|other| other.kind == coverage.kind) {
            findings.push(format!("manifest.json states the coverage of {} twice", coverage.kind));
        }
        let (kind, count) = (&coverage.kind, said(&coverage.kind));
        if coverage.records != count {
            let claimed = coverage.records;
            findings
                .push(format!("manifest.json's coverage counts {claimed} records of kind {kind}; there are {count}"));
        }
        let is_it =
            |(_, record): &&(u64, Value)| text(record, "/kind") == "coverage" && text(record, "/content/kind") == *kind;
        let is_statement = manifest.statements.contains(kind);
        if !is_statement && !walked.told.iter().any(|told| is_it(&told)) {
            findings.push(format!("manifest.json states the coverage of {kind}, and no record does"));
        }
    }
    for (number, record) in &walked.told {
        for (kind, count) in told_counts(record) {
            if count != Some(said(kind)) {
                let claimed = count.map_or("no number".to_string(), |count| count.to_string());
                let there = said(kind);
                findings.push(format!("line {number}: says {claimed} of records of kind {kind}; there are {there}"));
            }
        }
        let content = record.get("content").unwrap_or(&Value::Null);
        let same = match text(record, "/kind") {
            "coverage" => is_same_coverage(content, &manifest.coverage),
            _ => is_same_settings(content, manifest),
        };
        if !same {
            findings.push(format!("manifest.json disagrees with the record in line {number}"));
        }
        if text(record, "/kind") == "coverage" && contradicts_itself(text(record, "/title"), content) {
            findings.push(format!("line {number}: says complete, and that something is missing"));
        }
    }
}

/// The counts in a coverage or manifest record.
fn told_counts(record: &Value) -> Vec<(&str, Option<u64>)> {
    let count = |value: &Value| value.get("records").and_then(Value::as_u64);
    let content = record.get("content").unwrap_or(&Value::Null);
    if text(record, "/kind") == "coverage" {
        return vec![(text(content, "/kind"), count(content))];
    }
    let kinds = content.get("kinds").and_then(Value::as_array);
    kinds.into_iter().flatten().map(|kind| (text(kind, "/kind"), count(kind))).collect()
}

/// Whether a coverage record calls complete what, as it says elsewhere, is not.
fn contradicts_itself(title: &str, content: &Value) -> bool {
    if text(content, "/state") != "complete" {
        return title.contains(": complete, ");
    }
    let is_short = |field: &str| content.get(field).and_then(Value::as_u64).is_some_and(|count| count > 0);
    let is_open = content.get("end_seen").and_then(Value::as_bool) == Some(false);
    is_open || is_short("items_failed") || !text(content, "/reason").is_empty()
}

/// Whether `manifest.json` repeats the verdict of a coverage record.
fn is_same_coverage(content: &Value, all: &[CoverageSummary]) -> bool {
    all.iter().any(|coverage| {
        coverage.kind == text(content, "/kind")
            && coverage.state == text(content, "/state")
            && coverage.reason == text(content, "/reason")
            && coverage.missing_permission.as_deref().unwrap_or_default() == text(content, "/missing_permission")
            && content.get("accepted").and_then(Value::as_bool) == Some(coverage.accepted)
            && content.get("items_failed").and_then(Value::as_u64) == Some(coverage.items_failed)
    })
}

/// Whether `manifest.json` repeats the settings that the manifest record tells.
fn is_same_settings(content: &Value, manifest: &Summary) -> bool {
    let settings = content.get("settings").and_then(Value::as_object);
    settings.into_iter().flatten().all(|(name, value)| manifest.settings.get(name) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_called_complete_has_nothing_missing() {
        let whole = json!({"state": "complete", "reason": "", "items_failed": 0, "end_seen": true});
        assert!(!contradicts_itself("Users: complete, 7 records", &whole));
        for (field, value) in
            [("items_failed", json!(7)), ("end_seen", json!(false)), ("reason", json!("1 item was not read"))]
        {
            let mut content = whole.clone();
            content[field] = value;
            assert!(contradicts_itself("Users: complete, 7 records", &content), "{field}");
        }
        let partial = json!({"state": "partial", "reason": "1 item was not read", "items_failed": 1, "end_seen": true});
        assert!(contradicts_itself("Users: complete, 7 records", &partial));
        assert!(!contradicts_itself("Users: 7 records, 1 item was not read", &partial));
    }
}
