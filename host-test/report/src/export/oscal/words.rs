//! Text as OSCAL has it.

use serde_json::{Value, json};
use source_evidence::text::plain;

/// Where names of properties are ours.
const SPACE: &str = "urn:compliance:source:export";

/// A property; `None` where there is no value.
pub fn prop(name: &str, value: &str) -> Option<Value> {
    let value = one_line(value);
    (!value.is_empty()).then(|| json!({"name": name, "ns": SPACE, "value": value}))
}

/// The properties that there are.
pub fn props(all: impl Iterator<Item = Option<Value>>) -> Value {
    all.flatten().collect()
}

/// Sets a member, where there is something to set: OSCAL has no empty list and no null.
pub fn put(object: &mut Value, name: &str, value: Option<Value>) {
    let is_empty = value.as_ref().and_then(Value::as_array).is_some_and(Vec::is_empty);
    if let (Value::Object(object), Some(value), false) = (object, value, is_empty) {
        object.insert(name.into(), value);
    }
}

/// Markup of one line that shows this text, which may be a vendor's, as it is.
pub fn line(text: &str) -> String {
    let escaped: String = one_line(text).chars().flat_map(escape).collect();
    if escaped.is_empty() { "–".into() } else { escaped }
}

/// What could begin HTML, a link, code, an insertion or an emphasis.
fn escape(letter: char) -> impl Iterator<Item = char> {
    let is_markup = matches!(letter, '\\' | '<' | '>' | '&' | '[' | ']' | '{' | '}' | '`' | '*' | '!' | '"');
    is_markup.then_some('\\').into_iter().chain([letter])
}

fn one_line(text: &str) -> String {
    let text = plain(text).replace(['\u{2028}', '\u{2029}'], " ");
    text.trim().into()
}
