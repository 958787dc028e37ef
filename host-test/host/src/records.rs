//! Between the interface's types and those of evidence on disk.

use crate::bindings::compliance::source::types::{Coverage, CoverageState, EvidenceRecord, WithheldReason};
use crate::bindings::exports::compliance::source::catalog::{KindDescription, Nature};
use crate::bindings::exports::compliance::source::source::{Configured, Page};
use crate::collection::PACE;
use crate::egress::Rule;
use crate::error::Result;
use crate::grant::Grant;
use crate::pin;
use crate::plugin::Plugin;
use crate::tenant::Tenant;
use http::Uri;
use source_evidence::digest::sha256_hex;
use source_evidence::kinds::KindFacts;
use source_evidence::made::Made;
use source_evidence::record::{Line, Provenance, Record, Subject, Withheld};
use source_evidence::summary::{self, Asked, ComponentSummary, CoverageSummary, Finding, Request, Summary};
use std::collections::BTreeSet;

/// The summary of a collection that begins now.
#[must_use]
pub fn begin(plugin: &Plugin, tenant: &Tenant, request: Request, configured: &Configured) -> Summary {
    let description = plugin.description();
    let component = ComponentSummary {
        id: description.id.clone(),
        version: description.version.clone(),
        sha256: plugin.sha256().into(),
    };
    let statements = description.kinds.iter().filter(|kind| kind.nature == Nature::Statement);
    let statements = statements.map(|kind| kind.id.clone()).collect();
    let asked = Asked { request, settings: &configured.settings, settings_digest: &configured.settings_digest };
    Summary::begin(component, made(tenant), statements, asked)
}

/// How a collection for a tenant is made.
#[must_use]
pub fn made(tenant: &Tenant) -> Made {
    Made {
        from_record: 0,
        harness: concat!("source-host ", env!("CARGO_PKG_VERSION")).into(),
        clock: tenant.clock.word().into(),
        upstream: tenant.upstream.as_ref().filter(|_| tenant.simulated.is_none()).map(server),
        simulated: tenant.simulated.clone(),
        policy: tenant.granted.as_ref().map(|grant| sha256_hex(grant.text().as_bytes())),
        policy_built_in: tenant.granted.as_ref().is_some_and(|grant| grant.built_in),
        granted: tenant.granted.as_ref().map(|grant| granted(grant, &tenant.settings)).unwrap_or_default(),
    }
}

/// Where a policy lets requests go: see [`Made::granted`].
fn granted(grant: &Grant, settings: &str) -> Vec<String> {
    let place = |rule: &Rule| if rule.port == 443 { rule.host.clone() } else { format!("{}:{}", rule.host, rule.port) };
    let rules = pin::granted(grant, settings);
    let lines =
        rules.iter().flat_map(|rule| rule.methods.iter().map(move |method| format!("{method} {}", place(rule))));
    lines.collect::<BTreeSet<String>>().into_iter().collect()
}

/// A server's name, without what may stand before it.
fn server(url: &Uri) -> String {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{}://{host}", url.scheme_str().unwrap_or_default())
}

/// The lines of a page's records.
///
/// # Errors
/// When a record is not as the interface promises.
pub fn lines(page: &Page) -> Result<Vec<Line>> {
    page.records.iter().map(|record| Ok(evidence(record).line()?)).collect()
}

/// What a page adds to the summary.
#[must_use]
pub fn page_facts(page: &Page) -> summary::Page {
    summary::Page {
        kinds: page.records.iter().map(|record| record.kind.clone()).collect(),
        retries: page.usage.retries.into(),
        coverage: page.coverage.iter().map(coverage).collect(),
        findings: findings(page),
        next_since: page.next_since.clone(),
    }
}

/// What of the kinds' descriptions is needed to judge records.
#[must_use]
pub fn kind_facts(kinds: &[KindDescription]) -> Vec<KindFacts<'_>> {
    kinds.iter().map(facts).collect()
}

fn facts(kind: &KindDescription) -> KindFacts<'_> {
    KindFacts {
        id: &kind.id,
        schema_version: kind.schema_version,
        content_schema: &kind.content_schema,
        is_event: kind.nature == Nature::Event,
        always: kind.always,
    }
}

fn evidence(record: &EvidenceRecord) -> Record {
    let provenance = record.provenance.iter().map(|origin| Provenance {
        body_digest: origin.body_digest.clone(),
        page: origin.page,
        pointer: origin.pointer.clone(),
        read_at: origin.read_at.clone(),
        request: origin.request.clone(),
        request_id: origin.request_id.clone(),
        status: origin.status,
    });
    let withheld = record.withheld.iter().map(|withheld| Withheld {
        pointer: withheld.pointer.clone(),
        reason: std::borrow::Cow::Borrowed(match withheld.reason {
            WithheldReason::Secret => "secret",
            WithheldReason::PersonalData => "personal_data",
            WithheldReason::UnknownSetting => "unknown_setting",
            WithheldReason::FreeText => "free_text",
        }),
    });
    let subject = &record.subject;
    Record {
        id: record.id.clone(),
        kind: record.kind.clone(),
        schema_version: record.schema_version,
        title: record.title.clone(),
        subject: Subject { id: subject.id.clone(), name: subject.name.clone(), kind: subject.type_.clone() },
        observed_at: record.observed_at.clone(),
        effective_at: record.effective_at.clone(),
        content: record.content.clone(),
        provenance: provenance.collect(),
        withheld: withheld.collect(),
        valid_until: record.valid_until.clone(),
    }
}

/// What a person should see of what the source found: all but that it keeps to its own pace.
fn findings(page: &Page) -> Vec<Finding> {
    let shown = page.diagnostics.iter().filter(|finding| finding.code != PACE);
    shown.map(|finding| Finding { code: finding.code.clone(), message: finding.message.clone() }).collect()
}

fn coverage(coverage: &Coverage) -> CoverageSummary {
    CoverageSummary {
        kind: coverage.kind.clone(),
        state: state_word(coverage.state).into(),
        code: coverage.code.clone(),
        records: coverage.records,
        items_failed: coverage.items_failed,
        reason: coverage.reason.clone(),
        missing_permission: coverage.missing_permission.clone(),
        accepted: coverage.accepted,
    }
}

/// A coverage state, as everywhere outside of the WIT.
#[must_use]
pub fn state_word(state: CoverageState) -> &'static str {
    match state {
        CoverageState::Complete => "complete",
        CoverageState::Spread => "spread",
        CoverageState::Partial => "partial",
        CoverageState::Forbidden => "forbidden",
        CoverageState::NotAvailable => "not_available",
        CoverageState::Disabled => "disabled",
        CoverageState::NotAttempted => "not_attempted",
    }
}
