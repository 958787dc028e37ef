//! Between the core's types and the generated ones: field by field, nothing else.

use super::bindings::compliance::source::types as wit;
use super::bindings::exports::compliance::source::{catalog, planner, source};
use crate::base::model;
use crate::health::{Check, Depth, Report, State};
use crate::record::config::Config;
use crate::record::credentials::Credentials;
use crate::record::kind::{Cost, Kind, Nature, When};
use crate::record::source::{Capability, Host, SignIn, Source};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// The whole description.
pub fn description<S: Source>() -> catalog::SourceDescription {
    let about = S::ABOUT;
    catalog::SourceDescription {
        id: about.id.into(),
        name: about.name.into(),
        version: about.version.into(),
        description: about.description.into(),
        category: about.category.into(),
        authentication: authentication::<S>(),
        settings_schema: about.settings_schema.into(),
        capabilities: about.capabilities.iter().map(capability).collect(),
        kinds: S::KINDS.iter().map(|kind| kind_description::<S>(kind)).collect(),
    }
}

fn capability(capability: &Capability) -> catalog::Capability {
    let host = match capability.host {
        Host::Exact(host) => catalog::HostPattern::Exact(host.into()),
        Host::Setting(pointer, suffixes) => {
            catalog::HostPattern::Setting(catalog::SettingHost { pointer: pointer.into(), suffixes: strings(suffixes) })
        }
    };
    catalog::Capability {
        scheme: "https".into(),
        host,
        port: 443,
        methods: strings(capability.methods),
        path_prefixes: strings(capability.path_prefixes),
    }
}

fn authentication<S: Source>() -> catalog::Authentication {
    let field = |id: &str, label: &str, secret| catalog::CredentialField {
        id: id.into(),
        label: label.into(),
        help: String::new(),
        secret,
        multiline: false,
    };
    let (scheme, fields, help, help_url) = match S::ABOUT.sign_in {
        SignIn::None => (catalog::AuthenticationScheme::None, Vec::new(), "", ""),
        SignIn::Basic(pair) => {
            let fields = Vec::from([field("username", pair.username, false), field("password", pair.password, true)]);
            (catalog::AuthenticationScheme::Basic, fields, pair.help, pair.help_url)
        }
        SignIn::Bearer(token) => {
            let others = token.fields.iter().map(|other| field(other.id, other.label, true));
            let fields = core::iter::once(field("token", token.label, true)).chain(others).collect();
            (catalog::AuthenticationScheme::Bearer, fields, token.help, token.help_url)
        }
    };
    catalog::Authentication { scheme, fields, help: help.into(), help_url: help_url.into() }
}

fn kind_description<S: Source>(kind: &Kind) -> catalog::KindDescription {
    let (soc2, iso) = S::controls(kind.id);
    let control = |framework: &str, id: &&str| catalog::Control { framework: framework.into(), id: (*id).into() };
    let soc2 = soc2.iter().map(|id| control("SOC 2", id));
    let iso = iso.iter().map(|id| control("ISO/IEC 27001:2022", id));
    catalog::KindDescription {
        id: kind.id.into(),
        title: kind.title.into(),
        description: kind.description.into(),
        keywords: strings(kind.keywords),
        nature: match kind.nature {
            Nature::Inventory => catalog::Nature::Inventory,
            Nature::Event => catalog::Nature::Event,
            Nature::Statement => catalog::Nature::Statement,
        },
        personal_data: kind.personal_data,
        schema_version: kind.schema_version,
        content_schema: kind.content_schema.into(),
        endpoints: strings(kind.endpoints),
        permissions: strings(kind.permissions),
        plan_gate: kind.plan_gate.map(Into::into),
        controls: soc2.chain(iso).collect(),
        cost: match kind.cost {
            Cost::Free => catalog::CostClass::Free,
            Cost::PerPage => catalog::CostClass::PerPage,
            Cost::PerItem => catalog::CostClass::PerItem,
        },
        on_by_default: kind.when != When::Asked,
        always: kind.when == When::Always,
        valid_for_seconds: kind.valid_for_seconds,
    }
}

/// Credentials as the core takes them.
pub fn credentials(credentials: source::Credentials) -> Credentials {
    use source::Credentials as From;
    match credentials {
        From::None => Credentials::None,
        From::Basic(pair) => Credentials::Basic { username: pair.username, password: pair.password },
        From::Bearer(token) => Credentials::Bearer(token),
        From::Fields(fields) => known_form(fields),
        From::HostManaged => Credentials::HostManaged,
    }
}

/// Fields that are just those of HTTP Basic, or of a token, are that.
fn known_form(fields: Vec<(String, String)>) -> Credentials {
    let value = |id: &str| fields.iter().find(|(name, _)| name == id).map(|(_, value)| value.clone());
    match (fields.len(), value("username"), value("password"), value("token")) {
        (2, Some(username), Some(password), _) => Credentials::Basic { username, password },
        (1, _, _, Some(token)) => Credentials::Bearer(token),
        _ => Credentials::Fields(fields),
    }
}

/// The answer to a configuration that was accepted.
pub fn configured<S: Source>(config: &Config<S>) -> source::Configured {
    source::Configured {
        settings: config.effective.clone(),
        settings_digest: config.settings_digest.clone(),
        diagnostics: config.warnings.iter().cloned().map(diagnostic).collect(),
    }
}

/// One finding.
pub fn diagnostic(finding: model::Diagnostic) -> wit::Diagnostic {
    wit::Diagnostic {
        severity: match finding.severity {
            model::Severity::Info => wit::Severity::Info,
            model::Severity::Warning => wit::Severity::Warning,
            model::Severity::Error => wit::Severity::Error,
        },
        code: finding.code.into(),
        pointer: finding.pointer,
        message: finding.message,
        remedy: finding.remedy,
    }
}

/// The depth of a health check.
pub fn depth(depth: source::HealthDepth) -> Depth {
    match depth {
        source::HealthDepth::Credential => Depth::Credential,
        source::HealthDepth::Coverage => Depth::Coverage,
    }
}

/// A health report.
pub fn report(report: Report) -> source::HealthReport {
    let (account, principal) = match report.identity {
        None => (None, None),
        Some(identity) => {
            let (kind, id) = match (identity.user, identity.system_key) {
                (Some(user), _) => (source::PrincipalKind::User, Some(user)),
                (None, Some(key)) => (source::PrincipalKind::SystemKey, Some(key)),
                (None, None) => (source::PrincipalKind::Unknown, None),
            };
            let account = source::Account { id: identity.account, name: identity.name };
            (Some(account), Some(source::Principal { kind, id, role: report.role }))
        }
    };
    source::HealthReport {
        state: state(report.state),
        checked_at: report.checked_at.to_rfc3339(),
        account,
        principal,
        checks: report.checks.into_iter().map(check).collect(),
        usage: usage(report.usage),
    }
}

fn state(state: State) -> source::HealthState {
    match state {
        State::Ok => source::HealthState::Ok,
        State::Degraded => source::HealthState::Degraded,
        State::Failing => source::HealthState::Failing,
    }
}

fn check(check: Check) -> source::Check {
    source::Check {
        about: check.kind.map_or(source::CheckSubject::Credential, |kind| source::CheckSubject::Kind(kind.into())),
        state: state(check.state),
        code: check.code.into(),
        message: check.message,
        remedy: check.remedy,
        retry_after_seconds: check.retry_after_seconds,
        missing_permission: check.missing_permission,
        coverage: check.coverage.map(coverage_state),
    }
}

fn usage(usage: model::Usage) -> wit::Usage {
    wit::Usage {
        requests: usage.requests,
        retries: usage.retries,
        bytes_received: usage.bytes_received,
        milliseconds: usage.milliseconds,
    }
}

fn coverage_state(state: model::CoverageState) -> wit::CoverageState {
    match state {
        model::CoverageState::Complete => wit::CoverageState::Complete,
        model::CoverageState::Spread => wit::CoverageState::Spread,
        model::CoverageState::Partial => wit::CoverageState::Partial,
        model::CoverageState::Forbidden => wit::CoverageState::Forbidden,
        model::CoverageState::NotAvailable => wit::CoverageState::NotAvailable,
        model::CoverageState::Disabled => wit::CoverageState::Disabled,
        model::CoverageState::NotAttempted => wit::CoverageState::NotAttempted,
    }
}

/// A collect request as the core takes it.
pub fn request(request: source::CollectRequest) -> model::CollectRequest {
    let budget = request.budget;
    model::CollectRequest {
        kinds: request.kinds,
        cursor: request.cursor,
        since: request.since,
        budget: model::Budget {
            max_records: budget.max_records,
            max_bytes: budget.max_bytes,
            max_requests: budget.max_requests,
            max_milliseconds: budget.max_milliseconds,
            max_concurrency: budget.max_concurrency,
        },
    }
}

/// What a collection will cost.
pub fn cost(cost: model::Cost) -> planner::Cost {
    let endpoint = |cost: model::EndpointCost| planner::EndpointCost {
        endpoint: cost.endpoint,
        kind: cost.kind.into(),
        calls: cost.calls,
        is_least: cost.is_least,
    };
    planner::Cost {
        endpoints: cost.endpoints.into_iter().map(endpoint).collect(),
        milliseconds: cost.milliseconds,
        concurrency: cost.concurrency,
        requests_per_hour: cost.requests_per_hour,
        quota_per_hour: cost.quota_per_hour,
        diagnostics: cost.diagnostics.into_iter().map(diagnostic).collect(),
        usage: usage(cost.usage),
    }
}

/// A page.
pub fn page(page: model::Page) -> source::Page {
    source::Page {
        records: page.records.into_iter().map(record).collect(),
        coverage: page.coverage.into_iter().map(coverage).collect(),
        diagnostics: page.diagnostics.into_iter().map(diagnostic).collect(),
        usage: usage(page.usage),
        progress: source::Progress {
            stage: page.progress.stage.into(),
            stages_done: page.progress.stages_done,
            stages_total: page.progress.stages_total,
            items: page.progress.items,
        },
        cursor: page.cursor,
        not_before: page.not_before,
        stopped: page.stopped.map(failure),
        next_since: page.next_since,
    }
}

fn coverage(coverage: model::Coverage) -> wit::Coverage {
    wit::Coverage {
        kind: coverage.kind.into(),
        state: coverage_state(coverage.state),
        code: coverage.code.into(),
        records: coverage.records,
        items_failed: coverage.items_failed,
        reason: coverage.reason,
        missing_permission: coverage.missing_permission,
        accepted: coverage.accepted,
    }
}

fn record(record: model::Record) -> wit::EvidenceRecord {
    wit::EvidenceRecord {
        id: record.id,
        kind: record.kind.into(),
        schema_version: record.schema_version,
        title: record.title,
        subject: wit::Subject { type_: record.subject.kind.into(), id: record.subject.id, name: record.subject.name },
        observed_at: record.observed_at,
        effective_at: record.effective_at,
        content: record.content,
        provenance: record.provenance.into_iter().map(provenance).collect(),
        withheld: record.withheld.into_iter().map(withheld).collect(),
        valid_until: record.valid_until,
    }
}

fn provenance(provenance: model::Provenance) -> wit::Provenance {
    wit::Provenance {
        request: provenance.request,
        status: provenance.status,
        read_at: provenance.read_at,
        request_id: provenance.request_id,
        page: provenance.page,
        body_digest: provenance.body_digest,
        pointer: provenance.pointer,
    }
}

fn withheld(withheld: model::Withheld) -> wit::Withheld {
    wit::Withheld {
        pointer: withheld.pointer,
        reason: match withheld.reason {
            model::WithheldReason::Secret => wit::WithheldReason::Secret,
            model::WithheldReason::PersonalData => wit::WithheldReason::PersonalData,
            model::WithheldReason::UnknownSetting => wit::WithheldReason::UnknownSetting,
            model::WithheldReason::FreeText => wit::WithheldReason::FreeText,
        },
    }
}

/// A failure.
pub fn failure(failure: model::Failure) -> wit::Failure {
    use model::FailureKind as From;
    wit::Failure {
        kind: match failure.kind {
            From::NotConfigured => wit::FailureKind::NotConfigured,
            From::InvalidRequest => wit::FailureKind::InvalidRequest,
            From::InvalidCursor => wit::FailureKind::InvalidCursor,
            From::Unauthorized => wit::FailureKind::Unauthorized,
            From::Forbidden => wit::FailureKind::Forbidden,
            From::RateLimited => wit::FailureKind::RateLimited,
            From::Upstream => wit::FailureKind::Upstream,
            From::Network => wit::FailureKind::Network,
            From::ContractDrift => wit::FailureKind::ContractDrift,
            From::DeniedByHost => wit::FailureKind::DeniedByHost,
            From::Internal => wit::FailureKind::Internal,
        },
        code: failure.code.into(),
        pointer: failure.pointer,
        message: failure.message,
        remedy: failure.remedy,
        retryable: failure.retryable,
        retry_after_seconds: failure.retry_after_seconds,
        http_status: failure.http_status,
        request_id: failure.request_id,
    }
}
