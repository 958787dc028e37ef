//! The protocol around every answer: authentication, versions, paging, the envelope, errors.

use super::pair::Pair;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

/// Items of a page when the request does not say.
const DEFAULT_LIMIT: usize = 100;
/// Items of a page at most.
const MAX_LIMIT: usize = 1000;

/// A request, as far as a hook has to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestInfo {
    /// Its number, from 1.
    pub number: usize,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path_and_query: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers besides those that HTTP needs.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// An answer with a JSON body.
    #[must_use]
    pub fn json(status: StatusCode, body: &Value) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        Self { status, headers, body: Bytes::from(body.to_string()) }
    }

    /// A success around `data`.
    pub fn success(data: Value) -> Self {
        Self::json(StatusCode::OK, &json!({"code": "Success", "message": "Operation performed.", "data": data}))
    }

    /// An error of Fivetran's.
    pub fn error(status: StatusCode, code: &str, message: &str) -> Self {
        Self::json(status, &json!({"code": code, "message": message}))
    }

    /// 403, naming the permission.
    pub fn forbidden(scope: &str) -> Self {
        let message = format!("Access denied. Required permission: {scope}_READ");
        Self::error(StatusCode::FORBIDDEN, "Forbidden", &message)
    }

    /// 404 for a thing, e.g. `Connection`.
    pub fn not_found(thing: &str, id: &str) -> Self {
        let message = format!("{thing} with id '{id}' does not exist.");
        Self::error(StatusCode::NOT_FOUND, &format!("NotFound_{thing}"), &message)
    }
}

/// Number of the account that the header opens, of so many; `None` when it opens none.
pub fn account_opened(headers: &HeaderMap, pair: &Pair, accounts: usize) -> Option<usize> {
    let given = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let given = String::from_utf8(STANDARD.decode(given).ok()?).ok()?;
    let rest = given.strip_prefix(pair.key.as_str())?;
    let (number, password) = match rest.strip_prefix('-') {
        Some(rest) => rest.split_once(':')?,
        None => ("0", rest.strip_prefix(':')?),
    };
    let number = number.parse().ok().filter(|number| *number < accounts)?;
    (password == pair.secret).then_some(number)
}

/// Whether the body version asked for is one that exists.
pub fn is_acceptable(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(http::header::ACCEPT) else { return true };
    let known = ["*/*", "application/json", "application/json;version=1", "application/json;version=2"];
    let text = accept.to_str().unwrap_or("").replace(' ', "");
    text.split(',').any(|range| known.contains(&range))
}

/// How a list says that it ends: all of these occur.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// `next_cursor` is null.
    Null,
    /// There is no `next_cursor`.
    Absent,
    /// `next_cursor` is the empty string.
    Empty,
}

/// One page of a list of `count` items.
pub fn page(query: &str, count: usize, end: End, item: impl Fn(usize) -> Value) -> Reply {
    let bad = |what: &str| Reply::error(StatusCode::BAD_REQUEST, "IllegalArgument", what);
    let limit = match parameter(query, "limit") {
        None => DEFAULT_LIMIT,
        Some(text) => match text.parse() {
            Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => limit,
            _ => return bad("limit must be between 1 and 1000"),
        },
    };
    let skip = match parameter(query, "cursor") {
        None => 0,
        Some(cursor) => match skip_of(&cursor) {
            Some(skip) => skip,
            None => return bad("invalid cursor"),
        },
    };
    let upto = skip.saturating_add(limit).min(count);
    let items: Vec<Value> = (skip..upto).map(item).collect();
    let mut data = json!({"items": items});
    if let Some(data) = data.as_object_mut() {
        if upto < count {
            data.insert("next_cursor".into(), Value::from(URL_SAFE_NO_PAD.encode(format!("{{\"skip\":{upto}}}"))));
        } else if end != End::Absent {
            let cursor = if end == End::Empty { Value::from("") } else { Value::Null };
            data.insert("next_cursor".into(), cursor);
        }
    }
    Reply::success(data)
}

/// The value of a parameter, percent-decoded.
pub fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_decoded(value))
}

/// Decodes `%XX`; what is not valid stays as it is.
pub fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn skip_of(cursor: &str) -> Option<usize> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let value: Value = serde_json::from_slice(&text).ok()?;
    value.get("skip")?.as_u64().and_then(|skip| usize::try_from(skip).ok())
}
