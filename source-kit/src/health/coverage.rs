//! Tries every endpoint once, as cheaply as it can be asked, and says what that means for each kind.

use super::asking::{Asking, is_late};
use super::report::{Check, State, failed_get};
use crate::base::model::CoverageState;
use crate::base::timestamp::Timestamp;
use crate::base::world::World;
use crate::read::client::Client;
use crate::read::data::{Page, Shape};
use crate::read::error::GetError;
use crate::read::request::{key_of, request_for};
use crate::record::config::Settings;
use crate::record::kind::{Kind, When};
use crate::record::part::{Need, Part};
use crate::record::problem::{Cause, reading};
use crate::record::resource::Resource;
use crate::record::source::Source;
use crate::record::vendor::Vendor;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use futures_util::future::join_all;

/// What was found out about one kind.
struct Row {
    kind: &'static Kind,
    /// Endpoints that answered.
    reached: u32,
    /// The first that did not.
    failed: Option<Failed>,
    /// An endpoint of which the first item does not tell whether it is needed.
    untold: Option<&'static str>,
    /// An endpoint that a setting switches off, and the setting.
    off: Option<(&'static str, &'static str)>,
}

#[derive(Clone)]
struct Failed {
    error: GetError,
    path: &'static str,
    permission: Option<&'static str>,
    /// Whether the vendor does not offer it to this account.
    not_offered: bool,
    /// Why it may not be there, where that can be told.
    absent: Option<&'static str>,
}

impl Failed {
    fn of_list<V: Vendor>(resource: &'static Resource<V>, error: GetError) -> Self {
        let not_offered = matches!(error, GetError::NotFound(..));
        Self { error, path: resource.path, permission: resource.permission, not_offered, absent: resource.absent }
    }

    fn of_part<V: Vendor>(part: &'static Part<V>, error: GetError) -> Self {
        let not_offered = match error {
            GetError::NotFound(..) => true,
            GetError::Forbidden(_) => part.preview,
            _ => false,
        };
        let permission = (!not_offered).then_some(part.permission);
        Self { error, path: part.path, permission, not_offered, absent: None }
    }
}

/// What was found out about an endpoint.
enum Found {
    Reached,
    Failed(Failed),
    Untold(&'static str),
    Off(&'static str, &'static str),
}

/// What was found out, and the kinds that it is about.
type Finding = (Vec<&'static str>, Found);

/// One check per kind. All lists are tried at once, so that one without an answer holds up no other.
pub async fn checks<S: Source, W: World>(asking: &Asking<'_, S, W>, settings: &Settings<S>) -> Vec<Check> {
    let mut rows: Vec<Row> = S::KINDS
        .iter()
        .filter(|kind| kind.when != When::Always)
        .map(|kind| Row { kind, reached: 0, failed: None, untold: None, off: None })
        .collect();
    let probes = S::RESOURCES.iter().map(|resource| probe(asking, settings, resource));
    // In the order of the table, whatever the order of the answers.
    for (kinds, found) in join_all(probes).await.into_iter().flatten() {
        rows.iter_mut().filter(|row| kinds.contains(&row.kind.id)).for_each(|row| row.note(&found));
    }
    rows.iter().map(|row| check(row, &asking.client, settings)).collect()
}

/// Tries a list, and what belongs to its first item.
async fn probe<S: Source, W: World>(
    asking: &Asking<'_, S, W>,
    settings: &Settings<S>,
    resource: &'static Resource<S>,
) -> Vec<Finding> {
    let first = match probe_list(asking, resource).await {
        Err(error) => {
            let failed = Found::Failed(Failed::of_list(resource, error));
            return alloc::vec![(kinds::<S>(|kind| resource.feeds(kind)), failed)];
        }
        Ok(first) => first,
    };
    let mut findings = alloc::vec![(kinds::<S>(|kind| is_one_of(resource.feeds, kind)), Found::Reached)];
    if let Some(item) = &first {
        let parts = resource.parts.iter().map(|part| probe_part(asking, settings, resource, part, item));
        findings.extend(join_all(parts).await.into_iter().flatten());
    }
    findings
}

/// Tries a part of an item, given by its key and JSON, where the item says that it is needed.
async fn probe_part<S: Source, W: World>(
    asking: &Asking<'_, S, W>,
    settings: &Settings<S>,
    resource: &Resource<S>,
    part: &'static Part<S>,
    (key, json): &(String, String),
) -> Option<Finding> {
    let found = match (part.need)(&settings.own, json) {
        Need::Called => match ask_part(asking, resource, part, key).await {
            Ok(()) => Found::Reached,
            Err(error) => Found::Failed(Failed::of_part(part, error)),
        },
        Need::Unknown => Found::Untold(part.path),
        Need::Off(setting) => Found::Off(part.path, setting),
        Need::Nothing => return None,
    };
    Some((kinds::<S>(|kind| is_one_of(part.feeds, kind)), found))
}

fn kinds<S: Source>(is_read_from: impl Fn(&Kind) -> bool) -> Vec<&'static str> {
    S::KINDS.iter().filter(|kind| is_read_from(kind)).map(|kind| kind.id).collect()
}

fn is_one_of(kinds: &[&Kind], kind: &Kind) -> bool {
    kinds.iter().any(|one| one.id == kind.id)
}

impl Row {
    fn note(&mut self, found: &Found) {
        match found {
            Found::Reached => self.reached += 1,
            Found::Untold(path) => self.untold = self.untold.or(Some(path)),
            Found::Off(path, setting) => self.off = self.off.or(Some((path, setting))),
            // What is known tells more than what is not.
            Found::Failed(failed) => match &self.failed {
                Some(before) if !is_late(&before.error) || is_late(&failed.error) => {}
                _ => self.failed = Some(failed.clone()),
            },
        }
    }
}

/// The first item of what has pages.
fn first<S: Source, W: World>(asking: &Asking<'_, S, W>, limit: Option<u32>) -> Option<Page<'static>> {
    limit.map(|_| Page { limit: 1, cursor: None, since: None, now: asking.client.world().now() })
}

/// Asks for one item. Answers its key and JSON, where there is one.
async fn probe_list<S: Source, W: World>(
    asking: &Asking<'_, S, W>,
    resource: &Resource<S>,
) -> Result<Option<(String, String)>, GetError> {
    let request = request_for::<S>(resource.path, "", first(asking, resource.page_limit));
    match asking.get(&request, resource.shape()).await {
        Ok(body) => {
            let Some(first) = body.page().and_then(|page| page.items.first()) else { return Ok(None) };
            let json = body.item(first);
            let Some(key) = key_of(json, resource.key) else {
                return Err(GetError::Broken(200, None, format!("its items have no usable {}", resource.key)));
            };
            Ok(Some((key, json.to_string())))
        }
        Err(GetError::NotFound(code, _)) if resource.missing.is_none(&code) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn ask_part<S: Source, W: World>(
    asking: &Asking<'_, S, W>,
    resource: &Resource<S>,
    part: &Part<S>,
    key: &str,
) -> Result<(), GetError> {
    let now = asking.client.world().now();
    let path = match part.windows {
        Some(windows) => {
            let hour_ago = Timestamp(now.0 - 3_600_000);
            format!("{}?{}", part.path, (windows.query)(&hour_ago.to_rfc3339(), &now.to_rfc3339()))
        }
        None => part.path.to_string(),
    };
    let request = request_for::<S>(&path, key, first(asking, part.page_limit));
    match asking.get(&request, part.shape).await {
        Ok(body) => part.doubt(key, &body).map_or(Ok(()), |what| Err(GetError::Broken(200, None, what))),
        Err(GetError::NotFound(code, _)) if part.missing.is_none(&code) => Ok(()),
        Err(GetError::NotFound(code, body)) if part.path != resource.item_path && !resource.item_path.is_empty() => {
            let request = request_for::<S>(resource.item_path, key, None);
            match asking.get(&request, Shape::Object).await {
                // The item is gone since; that says nothing about the endpoint.
                Err(GetError::NotFound(..)) => Ok(()),
                Err(error) if is_late(&error) => Err(error),
                _ => Err(GetError::NotFound(code, body)),
            }
        }
        Err(error) => Err(error),
    }
}

fn check<S: Source, W: World>(row: &Row, client: &Client<'_, S, W>, settings: &Settings<S>) -> Check {
    let kind = row.kind;
    let Some(failed) = &row.failed else { return unfailed(row, settings) };
    let error = match (&failed.error, failed.permission) {
        (GetError::Forbidden(_), Some(permission)) => GetError::Forbidden(Some(permission.to_string())),
        (error, _) => error.clone(),
    };
    let mut check = failed_get(Some(kind.id), (&error, failed.path), State::Degraded, client);
    check.coverage = match &failed.error {
        // Whoever was not answered knows nothing.
        error if is_late(error) => None,
        _ if row.reached > 0 => Some(CoverageState::Partial),
        _ if failed.not_offered => Some(CoverageState::NotAvailable),
        GetError::Forbidden(_) => Some(CoverageState::Forbidden),
        _ => Some(CoverageState::Partial),
    };
    // The words and codes of `collect`, so that both say the same.
    match &failed.error {
        _ if failed.not_offered => not_offered::<S>(&mut check, kind, failed),
        GetError::Forbidden(_) => check.code = Cause::Forbidden.code(),
        _ => {}
    }
    if settings.accepted_gaps.contains(kind.id) && !is_late(&failed.error) {
        check.state = State::Ok;
        check.message.push_str("; accepted_gaps accepts that");
    }
    check
}

fn not_offered<S: Source>(check: &mut Check, kind: &Kind, failed: &Failed) {
    check.code = Cause::NotAvailable.code();
    check.missing_permission = None;
    if let Some(absent) = failed.absent {
        check.message = format!("no {} can be read: {absent}", failed.path);
        let remedy = "Find out which of these it is. If you can do without it, name the kind in accepted_gaps.";
        check.remedy = Some(remedy.into());
        return;
    }
    check.message = format!("{} is not offered to this account", reading(failed.path));
    check.remedy = Some(match kind.plan_gate {
        Some(gate) => format!("Nothing to do unless you expect it: it needs {gate}."),
        None => format!(
            "If it was there before, {} has changed its API: update this component. If you can do without it, name the kind in accepted_gaps.",
            S::VENDOR
        ),
    });
    if kind.plan_gate.is_some() {
        check.state = State::Ok;
    }
}

/// The check of a kind of which nothing has failed.
fn unfailed<S: Source>(row: &Row, settings: &Settings<S>) -> Check {
    let kind = row.kind;
    let is_spread = settings.spread_days > 1 && kind.spread;
    let whole = if is_spread { CoverageState::Spread } else { CoverageState::Complete };
    let (code, message, coverage) = match (row.untold, row.reached) {
        (Some(path), reached) => (
            Cause::Unknown.code(),
            format!("{}: the first item does not say whether this call is needed", reading(path)),
            if reached == 0 { CoverageState::NotAvailable } else { CoverageState::Partial },
        ),
        _ if let Some((path, setting)) = row.off => {
            (Cause::Off.code(), format!("{} is switched off by {setting}", reading(path)), CoverageState::Disabled)
        }
        (None, 0) => ("untried", format!("{}: there is no item to try it on", kind.title), whole),
        (_, _) => ("reachable", format!("{} can be read", kind.title), whole),
    };
    Check {
        kind: Some(kind.id),
        state: State::Ok,
        code,
        message,
        remedy: None,
        retry_after_seconds: None,
        missing_permission: None,
        coverage: Some(coverage),
    }
}
