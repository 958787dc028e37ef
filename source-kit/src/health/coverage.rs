//! Tries every endpoint once, as cheaply as it can be asked, and says what that means for each kind.

use super::report::{Check, State, failed_get};
use crate::base::model::CoverageState;
use crate::base::timestamp::Timestamp;
use crate::base::world::World;
use crate::read::client::Client;
use crate::read::error::GetError;
use crate::read::request::{key_of, page_request};
use crate::record::config::Settings;
use crate::record::kind::{Kind, When};
use crate::record::part::{Need, Part};
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
        .map(|kind| Row { kind, reached: 0, failed: None })
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
    let is_needed = |part: &&Part<S>| (part.need)(&settings.own, json) == Need::Called;
    for part in resource.parts.iter().filter(is_needed) {
        let failed = probe_part(client, part, key).await.err();
        let failed = failed.map(|error| Failed { error, path: part.path, permission: Some(part.permission) });
        note(rows, |kind| is_one_of(part.feeds, kind), failed.as_ref());
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
        Ok(body) => Ok(body.page().and_then(|page| {
            let json = body.item(page.items.first()?);
            Some((key_of(json, resource.key)?, json.to_string()))
        })),
        Err(GetError::NotFound(code, _)) if resource.missing.is_none(&code) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn probe_part<S: Source, W: World>(client: &Client<'_, S, W>, part: &Part<S>, key: &str) -> Result<(), GetError> {
    let now = client.world().now();
    let path = match part.windows.map(|windows| windows.query) {
        Some(query) => {
            let hour_ago = Timestamp(now.0 - 3_600_000);
            format!("{}?{}", part.path, query(&hour_ago.to_rfc3339(), &now.to_rfc3339()))
        }
        None => part.path.to_string(),
    };
    let request = page_request::<S>(&path, key, part.page_limit.map(|_| 1), None);
    match client.get(&request, part.shape).await {
        // The item may be gone since; that says nothing about the endpoint.
        Ok(_) | Err(GetError::NotFound(..)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn check<S: Source, W: World>(row: &Row, client: &Client<'_, S, W>, settings: &Settings<S>) -> Check {
    let kind = row.kind;
    let Some(failed) = &row.failed else {
        let is_spread = settings.spread_days > 1 && kind.spread;
        return Check {
            kind: Some(kind.id),
            state: State::Ok,
            code: "reachable",
            message: format!("{} can be read", kind.title),
            remedy: None,
            retry_after_seconds: None,
            missing_permission: None,
            coverage: Some(if is_spread { CoverageState::Spread } else { CoverageState::Complete }),
        };
    };
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
    check
}
