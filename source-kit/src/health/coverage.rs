//! Tries every endpoint once, as cheaply as it can be asked, and says what that means for each kind.

use super::{Check, State, failed_get};
use crate::collect::spread;
use crate::config::Settings;
use crate::evidence::kind::{Kind, When};
use crate::fivetran::client::{Client, GetError};
use crate::fivetran::resource::{Missing, Part, Resource, key_of, page_request};
use crate::fivetran::{KINDS, RESOURCES};
use crate::model::CoverageState;
use crate::world::World;
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
pub async fn checks<W: World>(client: &Client<'_, W>, settings: &Settings) -> Vec<Check> {
    let mut rows: Vec<Row> = KINDS
        .iter()
        .filter(|kind| kind.when != When::Always)
        .map(|kind| Row { kind, reached: 0, failed: None })
        .collect();
    for resource in RESOURCES {
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

async fn probe_parts<W: World>(
    client: &Client<'_, W>,
    settings: &Settings,
    resource: &'static Resource,
    (key, json): (&str, &str),
    rows: &mut [Row],
) {
    for part in resource.parts.iter().filter(|part| (part.enabled)(settings, json)) {
        let failed = probe_part(client, part, key).await.err();
        let failed = failed.map(|error| Failed { error, path: part.path, permission: Some(part.permission) });
        note(rows, |kind| is_one_of(part.feeds, kind), failed.as_ref());
    }
}

fn is_one_of(kinds: &[&Kind], kind: &Kind) -> bool {
    kinds.iter().any(|one| one.id == kind.id)
}

fn note(rows: &mut [Row], concerns: impl Fn(&Kind) -> bool, failed: Option<&Failed>) {
    for row in rows.iter_mut().filter(|row| concerns(row.kind)) {
        match failed {
            None => row.reached += 1,
            Some(failed) if row.failed.is_none() => row.failed = Some(failed.clone()),
            Some(_) => {}
        }
    }
}

/// Asks for one item. Answers its key and JSON, where there is one.
async fn probe_list<W: World>(
    client: &Client<'_, W>,
    resource: &Resource,
) -> Result<Option<(String, String)>, GetError> {
    let request = page_request(resource.path, "", resource.page_limit.map(|_| 1), None);
    match client.get(&request, resource.shape()).await {
        Ok(body) => Ok(body.page().and_then(|page| {
            let json = body.item(page.items.first()?);
            Some((key_of(json, resource.key)?, json.to_string()))
        })),
        Err(GetError::NotFound(..)) if resource.missing == Missing::None => Ok(None),
        Err(error) => Err(error),
    }
}

async fn probe_part<W: World>(client: &Client<'_, W>, part: &Part, key: &str) -> Result<(), GetError> {
    let now = client.world().now();
    let path = match part.by_week {
        true => {
            let hour_ago = crate::instant::Instant(now.0 - 3_600_000);
            format!("{}?start_time={}&end_time={}", part.path, hour_ago.to_rfc3339(), now.to_rfc3339())
        }
        false => part.path.to_string(),
    };
    let request = page_request(&path, key, part.page_limit.map(|_| 1), None);
    match client.get(&request, part.shape).await {
        // The item may be gone since; that says nothing about the endpoint.
        Ok(_) | Err(GetError::NotFound(..)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn check<W: World>(row: &Row, client: &Client<'_, W>, settings: &Settings) -> Check {
    let kind = row.kind;
    let Some(failed) = &row.failed else {
        let is_spread = settings.spread_days > 1 && spread::concerns(kind);
        return Check {
            id: kind.id,
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
    let mut check = failed_get(kind.id, &error, failed.path, State::Degraded, client);
    check.coverage = Some(match &failed.error {
        _ if row.reached > 0 => CoverageState::Partial,
        GetError::Forbidden(_) => CoverageState::Forbidden,
        GetError::NotFound(..) => CoverageState::NotAvailable,
        _ => CoverageState::Partial,
    });
    check
}
