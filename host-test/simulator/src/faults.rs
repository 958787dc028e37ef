//! Faults on a schedule: which answers go wrong, and how. Deterministic: by rules, or from a seed.

use super::protocol::{Reply, RequestInfo};
use super::random::Dice;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// How an answer goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it; see `WORDS`")]
pub enum Fault {
    Status(u16),
    /// 429 with this `Retry-After`; absent where empty.
    Limited(String),
    Unauthorized,
    Forbidden,
    NotFound,
    Redirect,
    Html,
    /// A page for people with this status, as portals and proxies answer.
    Page(u16),
    Empty,
    NotUtf8,
    Deep,
    Truncated,
    Gzip,
    /// 200 with an error in the envelope.
    ErrorInside,
    NoData,
    /// The list says that it goes on where it began.
    CursorRepeats,
    /// The list never ends.
    CursorLoops,
    /// The list names a cursor that its next page refuses.
    CursorForeign,
    /// Each item of the page is there twice.
    Duplicates,
    /// What follows goes wrong on the wire.
    Wire(Wire),
}

/// What goes wrong on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it; see `WORDS`")]
pub enum Wire {
    CloseBeforeHeaders,
    CloseAfterHeaders,
    CloseMidBody,
    SlowHeaders,
    SlowBody,
    /// A body of 1 GiB.
    Huge,
}

/// The name of each fault, as `--sim-faults` takes them.
const WORDS: &[(&str, Fault)] = &[
    ("408", Fault::Status(408)),
    ("500", Fault::Status(500)),
    ("502", Fault::Status(502)),
    ("503", Fault::Status(503)),
    ("504", Fault::Status(504)),
    ("400", Fault::Status(400)),
    ("401", Fault::Unauthorized),
    ("403", Fault::Forbidden),
    ("404", Fault::NotFound),
    ("redirect", Fault::Redirect),
    ("html", Fault::Html),
    ("html-401", Fault::Page(401)),
    ("html-403", Fault::Page(403)),
    ("html-404", Fault::Page(404)),
    ("empty", Fault::Empty),
    ("not-utf8", Fault::NotUtf8),
    ("deep", Fault::Deep),
    ("truncated", Fault::Truncated),
    ("gzip", Fault::Gzip),
    ("error-inside", Fault::ErrorInside),
    ("no-data", Fault::NoData),
    ("cursor-repeats", Fault::CursorRepeats),
    ("cursor-loops", Fault::CursorLoops),
    ("cursor-foreign", Fault::CursorForeign),
    ("duplicates", Fault::Duplicates),
    ("close-before-headers", Fault::Wire(Wire::CloseBeforeHeaders)),
    ("close-after-headers", Fault::Wire(Wire::CloseAfterHeaders)),
    ("close-mid-body", Fault::Wire(Wire::CloseMidBody)),
    ("slow-headers", Fault::Wire(Wire::SlowHeaders)),
    ("slow-body", Fault::Wire(Wire::SlowBody)),
    ("huge", Fault::Wire(Wire::Huge)),
];

impl Fault {
    /// Every fault but the many forms of 429.
    #[must_use]
    pub fn all() -> Vec<Self> {
        WORDS.iter().map(|(_, fault)| fault.clone()).collect()
    }

    /// What becomes of an answer.
    #[must_use]
    pub fn apply(&self, reply: Reply) -> Reply {
        let error = |status: u16, code: &str| {
            Reply::error(StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT), code, "Simulated fault.")
        };
        let text = |body: Vec<u8>| Reply { body: Bytes::from(body), ..reply.clone() };
        match self {
            Self::Status(status) => error(*status, "Fault"),
            Self::Limited(after) => with_header(error(429, "TooManyRequests"), header::RETRY_AFTER, after),
            Self::Unauthorized => error(401, "Unauthorized"),
            Self::Forbidden => error(403, "Forbidden"),
            Self::NotFound => error(404, "NotFound"),
            Self::Redirect => with_header(error(302, "Found"), header::LOCATION, "https://evil.example.com/v1/users"),
            Self::Html => text(b"<html><body>Bad gateway</body></html>".to_vec()),
            Self::Page(status) => Reply {
                status: StatusCode::from_u16(*status).unwrap_or(StatusCode::IM_A_TEAPOT),
                ..text(b"\xef\xbb\xbf\n<!DOCTYPE html><title>Sign in</title>".to_vec())
            },
            Self::Empty => text(Vec::new()),
            Self::NotUtf8 => text(b"{\"code\":\"Success\",\"data\":{\"items\":[\"\xff\xfe\"]}}".to_vec()),
            Self::Deep => text(["[".repeat(100_000), "]".repeat(100_000)].concat().into_bytes()),
            Self::Truncated => text(reply.body.get(..reply.body.len() / 2).unwrap_or_default().to_vec()),
            Self::Gzip => with_header(text(vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), header::CONTENT_ENCODING, "gzip"),
            Self::ErrorInside => Reply::json(StatusCode::OK, &json!({"code": "InternalError", "message": "oops"})),
            Self::NoData => Reply::json(StatusCode::OK, &json!({"code": "Success", "message": "ok"})),
            Self::CursorRepeats => change(&reply, |data| set(data, "next_cursor", "eyJza2lwIjowfQ".into())),
            Self::CursorLoops => change(&reply, |data| {
                let next = data.get("next_cursor").and_then(Value::as_str).unwrap_or_default().len() % 7;
                set(data, "next_cursor", format!("eyJza2lwIjo{next}fQ").into());
            }),
            Self::CursorForeign => change(&reply, |data| set(data, "next_cursor", "not-a-cursor".into())),
            Self::Duplicates => change(&reply, |data| {
                if let Some(items) = data.get_mut("items").and_then(Value::as_array_mut) {
                    *items = items.iter().flat_map(|item| [item.clone(), item.clone()]).collect();
                }
            }),
            Self::Wire(_) => reply,
        }
    }
}

fn with_header(mut reply: Reply, name: header::HeaderName, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::try_from(value)
        && !value.is_empty()
    {
        reply.headers.insert(name, value);
    }
    reply
}

/// Changes the `data` of a list; leaves everything else as it is.
fn change(reply: &Reply, edit: impl FnOnce(&mut Value)) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return reply.clone() };
    match body.get_mut("data").filter(|data| data.get("items").is_some()) {
        Some(data) => edit(data),
        None => return reply.clone(),
    }
    Reply { body: Bytes::from(body.to_string()), status: reply.status, headers: HeaderMap::clone(&reply.headers) }
}

fn set(data: &mut Value, name: &str, value: Value) {
    if let Some(data) = data.as_object_mut() {
        data.insert(name.into(), value);
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if let Some(after) = word.strip_prefix("429=").or((word == "429").then_some("")) {
            return Ok(Self::Limited(after.into()));
        }
        let known = WORDS.iter().find(|(name, _)| *name == word).map(|(_, fault)| fault.clone());
        known.ok_or_else(|| {
            let names: Vec<&str> = WORDS.iter().map(|(name, _)| *name).collect();
            format!("there is no fault {word:?}; known are 429, 429=RETRY-AFTER, {}", names.join(", "))
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limited(after) if after.is_empty() => out.write_str("429"),
            Self::Limited(after) => write!(out, "429={after}"),
            other => out.write_str(WORDS.iter().find(|(_, fault)| fault == other).map_or("?", |(name, _)| name)),
        }
    }
}

/// Which answers a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What goes wrong.
    pub fault: Fault,
    /// Requests whose path and query contain this, or end with it where it ends with `$`.
    pub path: String,
    /// The first of them that is struck, from 1.
    pub from: usize,
    /// How many in a row are.
    pub times: usize,
}

impl Rule {
    fn fits(&self, path_and_query: &str) -> bool {
        match self.path.strip_suffix('$') {
            Some(end) => path_and_query.ends_with(end),
            None => path_and_query.contains(&self.path),
        }
    }
}

impl FromStr for Rule {
    type Err = String;

    /// `FAULT@PATH`, with `#FROM` (default 1) and `xTIMES` (default: all from there on).
    fn from_str(text: &str) -> Result<Self, String> {
        let (fault, place) = text.split_once('@').ok_or_else(|| format!("{text:?}: write FAULT@PATH#FROMxTIMES"))?;
        let (path, counts) = place.split_once('#').unwrap_or((place, "1"));
        let (from, times) = counts.split_once('x').unwrap_or((counts, ""));
        let number = |text: &str, or: usize| match text {
            "" => Ok(or),
            text => text.parse().map_err(|_| format!("{text:?} is no number")),
        };
        Ok(Self {
            fault: fault.parse()?,
            path: path.into(),
            from: number(from, 1)?.max(1),
            times: number(times, usize::MAX)?,
        })
    }
}

/// Faults to come.
#[derive(Debug, Default)]
pub struct Schedule {
    rules: Vec<Rule>,
    /// Seed, and how many of a thousand answers go wrong.
    random: Option<(u64, usize)>,
    seen: Mutex<BTreeMap<usize, usize>>,
}

impl Schedule {
    /// By rules, the first that fits.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules, ..Self::default() }
    }

    /// From a seed: `permille` of a thousand answers go wrong for a moment.
    #[must_use]
    pub fn seeded(seed: u64, permille: usize) -> Self {
        Self { random: Some((seed, permille)), ..Self::default() }
    }

    /// What strikes this request.
    pub fn strike(&self, request: &RequestInfo) -> Option<Fault> {
        for (index, rule) in self.rules.iter().enumerate() {
            if !rule.fits(&request.path_and_query) {
                continue;
            }
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let count = seen.entry(index).or_default();
            *count += 1;
            if *count >= rule.from && *count - rule.from < rule.times {
                return Some(rule.fault.clone());
            }
        }
        let (seed, permille) = self.random?;
        let dice = Dice::new(seed, "fault", request.number);
        let passing =
            [Fault::Status(503), Fault::Status(500), Fault::Limited("1".into()), Fault::Wire(Wire::CloseMidBody)];
        (dice.below("strikes", 1000) < permille).then(|| passing.get(dice.below("which", passing.len())).cloned())?
    }
}
