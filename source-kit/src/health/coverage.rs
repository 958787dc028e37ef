//! Tries every endpoint once, as cheaply as it can be asked, and says what that means for each kind.

use super::report::{Check, State, failed_get};
use crate::base::model::CoverageState;
use crate::base::timestamp::Timestamp;
use crate::base::world::World;
use crate::read::client::Client;
use crate::read::data::Shape;
use crate::read::error::GetError;
use crate::read::request::{key_of, page_request};
use crate::record::config::Settings;
use crate::record::kind::{Kind, When};
use crate::record::part::{Need, Part};
use crate::record::problem::Cause;
use crate::record::resource::Resource;
use crate::record::source::Source;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

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
}

/// One check per kind.
pub async fn checks<S: Source, W: World>(client: &Client<'_, S, W>, settings: &Settings<S>) -> Vec<Check> {
    let mut rows: Vec<Row> = S::KINDS
        .iter()
        .filter(|kind| kind.when != When::Always)
        .map(|kind| Row { kind, reached: 0, failed: None, untold: None, off: None })
        .collect();
    for resource in S::RESOURCES {
        match probe_list(client, resource).await {
            Err(error) => {
                let failed = Failed { error, path: resource.path, permission: resource.permission };
                note(&mut rows, |kind| resource.feeds(kind), Some(&failed));
            }
            Ok(first) => {
                note(&mut rows, |kind| is_one_of(resource.feeds, kind), None);
                if let Some((key, json)) = first {
                    probe_parts(client, settings, resource, (&key, &json), &mut rows).await;
                }
            }
        }
    }
    rows.iter().map(|row| check(row, client, settings)).collect()
}

async fn probe_parts<S: Source, W: World>(
    client: &Client<'_, S, W>,
    settings: &Settings<S>,
    resource: &'static Resource<S>,
    (key, json): (&str, &str),
    rows: &mut [Row],
) {
    for part in resource.parts {
        match (part.need)(&settings.own, json) {
            Need::Called => {
                let error = probe_part(client, resource, part, key).await.err();
                let failed = error.map(|error| Failed { error, path: part.path, permission: Some(part.permission) });
                note(rows, |kind| is_one_of(part.feeds, kind), failed.as_ref());
            }
            Need::Unknown => {
                let fed = rows.iter_mut().filter(|row| is_one_of(part.feeds, row.kind));
                fed.for_each(|row| row.untold = row.untold.or(Some(part.path)));
            }
            Need::Off(setting) => {
                let fed = rows.iter_mut().filter(|row| is_one_of(part.feeds, row.kind));
                fed.for_each(|row| row.off = row.off.or(Some((part.path, setting))));
            }
            Need::Nothing => {}
        }
    }
}

fn is_one_of(kinds: &[&Kind], kind: &Kind) -> bool {
    kinds.iter().any(|one| one.id == kind.id)
}

fn note(rows: &mut [Row], is_read_from: impl Fn(&Kind) -> bool, failed: Option<&Failed>) {
    for row in rows.iter_mut().filter(|row| is_read_from(row.kind)) {
        match failed {
            None => row.reached += 1,
            Some(failed) if row.failed.is_none() => row.failed = Some(failed.clone()),
            Some(_) => {}
        }
    }
}

/// Asks for one item. Answers its key and JSON, where there is one.
async fn probe_list<S: Source, W: World>(
    client: &Client<'_, S, W>,
    resource: &Resource<S>,
) -> Result<Option<(String, String)>, GetError> {
    let request = page_request::<S>(resource.path, "", resource.page_limit.map(|_| 1), None);
    match client.get(&request, resource.shape()).await {
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

async fn probe_part<S: Source, W: World>(
    client: &Client<'_, S, W>,
    resource: &Resource<S>,
    part: &Part<S>,
    key: &str,
) -> Result<(), GetError> {
    let now = client.world().now();
    let path = match part.windows {
        Some(windows) => {
            let hour_ago = Timestamp(now.0 - 3_600_000);
            format!("{}?{}", part.path, (windows.query)(&hour_ago.to_rfc3339(), &now.to_rfc3339()))
        }
        None => part.path.to_string(),
    };
    let request = page_request::<S>(&path, key, part.page_limit.map(|_| 1), None);
    match client.get(&request, part.shape).await {
        Ok(body) => part.doubt(key, &body).map_or(Ok(()), |what| Err(GetError::Broken(200, None, what))),
        Err(GetError::NotFound(code, _)) if part.missing.is_none(&code) => Ok(()),
        Err(GetError::NotFound(code, body)) if part.path != resource.item_path && !resource.item_path.is_empty() => {
            let request = page_request::<S>(resource.item_path, key, None, None);
            match client.get(&request, Shape::Object).await {
                // The item is gone since; that says nothing about the endpoint.
                Err(GetError::NotFound(..)) => Ok(()),
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
    check.coverage = Some(match &failed.error {
        _ if row.reached > 0 => CoverageState::Partial,
        GetError::Forbidden(_) => CoverageState::Forbidden,
        GetError::NotFound(..) => CoverageState::NotAvailable,
        _ => CoverageState::Partial,
    });
    // The words and codes of `collect`, so that both say the same.
    match &failed.error {
        GetError::Forbidden(_) => check.code = Cause::Forbidden.code(),
        GetError::NotFound(..) => not_offered::<S>(&mut check, kind, failed.path),
        _ => {}
    }
    if settings.accepted_gaps.contains(kind.id) {
        check.state = State::Ok;
        check.message.push_str("; accepted_gaps accepts that");
    }
    check
}

fn not_offered<S: Source>(check: &mut Check, kind: &Kind, path: &str) {
    check.code = Cause::NotAvailable.code();
    check.message = format!("GET {path} is not offered to this account");
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
            format!("GET {path}: the first item does not say whether this call is needed"),
            if reached == 0 { CoverageState::NotAvailable } else { CoverageState::Partial },
        ),
        _ if let Some((path, setting)) = row.off => {
            (Cause::Off.code(), format!("GET {path} is switched off by {setting}"), CoverageState::Disabled)
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
