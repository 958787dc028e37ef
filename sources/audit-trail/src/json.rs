//! Small looks into JSON of any shape.

use crate::ask::Cell;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use source_kit::read::node::Node;

/// A field of an object; the first one of that name.
#[must_use]
pub fn field<'n, 'a>(node: &'n Node<'a>, name: &str) -> Option<&'n Node<'a>> {
    let Node::Object(entries) = node else { return None };
    entries.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// A field of a field, and so on.
#[must_use]
pub fn at<'n, 'a>(node: &'n Node<'a>, path: &[&str]) -> Option<&'n Node<'a>> {
    path.iter().try_fold(node, |node, name| field(node, name))
}

/// The text there.
#[must_use]
pub fn text<'n>(node: &'n Node<'_>, path: &[&str]) -> Option<&'n str> {
    at(node, path)?.text()
}

/// The number there, which may be written as a text.
#[must_use]
pub fn number(node: &Node<'_>, path: &[&str]) -> Option<u64> {
    match at(node, path)? {
        Node::Int(value) => u64::try_from(*value).ok(),
        Node::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// The elements of an array there.
#[must_use]
pub fn items<'n, 'a>(node: &'n Node<'a>, path: &[&str]) -> Option<&'n [Node<'a>]> {
    match at(node, path)? {
        Node::Array(items) => Some(items),
        _ => None,
    }
}

/// Takes a field out of an object.
#[must_use]
pub fn take<'a>(node: Node<'a>, path: &[&str]) -> Option<Node<'a>> {
    path.iter().try_fold(node, |node, name| {
        let Node::Object(entries) = node else { return None };
        entries.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    })
}

/// The elements of an array.
#[must_use]
pub fn array(node: Node<'_>) -> Option<Vec<Node<'_>>> {
    match node {
        Node::Array(items) => Some(items),
        _ => None,
    }
}

/// A value as a cell: null is none, numbers and whole structures are their texts.
#[must_use]
pub fn cell(node: Node<'_>) -> Cell<'_> {
    match node {
        Node::Null => None,
        Node::Text(text) => Some(text),
        Node::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
        Node::Int(value) => Some(Cow::Owned(value.to_string())),
        other => serde_json::to_string(&other).ok().map(Cow::Owned),
    }
}

/// Rows that are arrays of values.
#[must_use]
pub fn rows(node: Node<'_>) -> Option<Vec<Vec<Cell<'_>>>> {
    array(node)?.into_iter().map(|row| Some(array(row)?.into_iter().map(cell).collect())).collect()
}

/// Names and types of columns, from a list of objects.
#[must_use]
pub fn columns(items: &[Node<'_>], name: &str, kind: &str) -> Option<Vec<(String, String)>> {
    let column = |item: &Node<'_>| Some((text(item, &[name])?.into(), text(item, &[kind])?.into()));
    items.iter().map(column).collect()
}
