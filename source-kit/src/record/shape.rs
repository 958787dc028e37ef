//! What the value of a kept setting has to look like: the name of a setting says what stands in it,
//! and what does not look like that is withheld.

use crate::base::model::{Withheld, WithheldReason};
use crate::base::url;
use crate::read::node::Node;
use crate::read::wire::Wire;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What stands in a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Yes or no: a boolean, or the text `true` or `false`.
    Flag,
    /// A number, or the digits of a whole one.
    Number,
    /// A host with or without a port, or several of them separated by commas.
    Host,
    /// A URL, or a host with or without a path: of either only scheme, host and port are kept.
    Origin,
    /// A region: a short word of letters, digits, `_`, `-` and `.`, in one letter case.
    Region,
    /// What something is known by (a database, a schema, a bucket) or its id.
    Name,
    /// One of a few words that the vendor knows.
    Word,
    /// A time of day: hours and minutes.
    Time,
    /// A path of files, or of a URL without its query.
    Path,
    /// A resource name of AWS.
    Arn,
    /// The name of a person or a login: personal data.
    Login,
}

/// How a value fits.
#[derive(Debug, PartialEq)]
pub enum Fit<'a> {
    /// It does, and all of it may be kept.
    Whole(Node<'a>),
    /// It does, and only this may be kept of it.
    Part(Node<'a>),
    /// It does not.
    Not,
}

const MAX_WORD: usize = 40;
const MAX_REGION: usize = 32;
/// Pieces of words are shorter, or have no digits but at their end.
const LONGEST_PIECE: usize = 16;
const MAX_NAME: usize = 128;
const MAX_PATH: usize = 256;

impl Shape {
    /// Judges one value; an array is to be judged element by element.
    #[must_use]
    pub fn fit<'a>(self, value: &'a Node<'_>) -> Fit<'a> {
        match (self, value) {
            (Self::Flag, _) if bool::from_node(value.clone()).is_ok() => Fit::Whole(lent(value)),
            (Self::Number, Node::Int(_) | Node::Float(_)) => Fit::Whole(lent(value)),
            (Self::Number, Node::Text(_)) if i64::from_node(value.clone()).is_ok() => Fit::Whole(lent(value)),
            (Self::Flag | Self::Number, _) => Fit::Not,
            // Numbers and booleans are read as the texts they are: no text can hide in them.
            (Self::Name | Self::Word, Node::Bool(_) | Node::Int(_)) => Fit::Whole(lent(value)),
            (Self::Origin, Node::Text(text)) => match origin(text) {
                Some(origin) if origin.trim_end_matches('/') == text.trim_end_matches('/') => Fit::Whole(lent(value)),
                Some(origin) => Fit::Part(Node::Text(Cow::Owned(origin))),
                None => Fit::Not,
            },
            (_, Node::Text(text)) if self.takes(text) => Fit::Whole(lent(value)),
            _ => Fit::Not,
        }
    }

    /// A text that has the shape. Any other is added to `withheld`: anything may stand in it.
    #[must_use]
    pub fn kept<'t>(self, text: Option<&'t str>, pointer: &str, withheld: &mut Vec<Withheld>) -> Option<&'t str> {
        let text = text?;
        if text.is_empty() || self.takes(text) {
            return Some(text);
        }
        withheld.push(Withheld { pointer: pointer.into(), reason: WithheldReason::UnknownSetting });
        None
    }

    /// Whether a text has the shape, for those that are decided by letters and length.
    #[must_use]
    pub fn takes(self, text: &str) -> bool {
        let within = |max: usize, more: &str| {
            (1..=max).contains(&text.chars().count()) && text.chars().all(|c| c.is_alphanumeric() || more.contains(c))
        };
        match self {
            Self::Host => text.split(',').all(|host| url::is_host(host.trim())),
            Self::Region => within(MAX_REGION, "_-.") && is_in_one_case(text) && !is_random(text),
            Self::Name => within(MAX_NAME, "_-.$ /"),
            Self::Word => within(MAX_WORD, "_-.") && !is_random(text),
            Self::Time => is_time(text),
            Self::Path => within(MAX_PATH, "_-.$ /"),
            Self::Arn => text.starts_with("arn:") && within(MAX_PATH, "_-./:+=,*"),
            Self::Login => within(MAX_NAME, "_-.$ @\\+#"),
            Self::Flag | Self::Number | Self::Origin => false,
        }
    }
}

/// The origin of a URL, or the host of what has no scheme.
fn origin(text: &str) -> Option<String> {
    if text.contains("://") {
        return url::origin(text);
    }
    let host = text.split(['/', '?', '#', '\\']).next()?;
    (url::is_host(host) && !text.contains('@')).then(|| host.to_string())
}

/// Whether a piece of a text is long and has digits before its end: nobody calls a region or a way so.
fn is_random(text: &str) -> bool {
    text.split(['_', '-', '.']).any(|piece| {
        let word = piece.trim_end_matches(|c: char| c.is_ascii_digit());
        piece.len() >= LONGEST_PIECE && (word.is_empty() || word.contains(|c: char| c.is_ascii_digit()))
    })
}

/// `08:00`, with or without seconds.
fn is_time(text: &str) -> bool {
    let is_part = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(text.split(':').count(), 2 | 3) && text.split(':').all(is_part)
}

fn is_in_one_case(text: &str) -> bool {
    !(text.chars().any(char::is_uppercase) && text.chars().any(char::is_lowercase))
}

/// The same value, borrowed.
fn lent<'a>(value: &'a Node<'_>) -> Node<'a> {
    match value {
        Node::Bool(value) => Node::Bool(*value),
        Node::Int(value) => Node::Int(*value),
        Node::Float(value) => Node::Float(*value),
        Node::Text(text) => Node::Text(Cow::Borrowed(text)),
        Node::Null | Node::Array(_) | Node::Object(_) => Node::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Node<'_> {
        Node::Text(Cow::Borrowed(text))
    }

    #[test]
    fn each_shape_takes_its_own_and_no_other() {
        use Shape::{Arn, Flag, Host, Login, Name, Number, Path, Region, Time, Word};
        for (shape, takes, refuses) in [
            (Flag, &["true", "FALSE"][..], &["yes", "1", "sk-live-0123456789", ""][..]),
            (Number, &["5432", "-1"], &["5432x", "1.5", "", "sk-live"]),
            (
                Host,
                &["db", "db.example.com:5432", "a:27017, b:27017", "::1"],
                &["admin:pw@db", "https://db", "db/x", "a,,b"],
            ),
            (
                Region,
                &["eu-west-1", "GCP_EUROPE_WEST3", "com.au", "GERMANYWESTCENTRAL", "australiasoutheast2"],
                &[
                    "eu west",
                    "AbCdEf123",
                    "a-region-that-is-longer-than-any-there-is",
                    "0123456789abcdef0123456789abcdef",
                    "eu-0123456789abcdef",
                    "0123456789012345",
                ],
            ),
            (
                Name,
                &["FIVETRAN", "my db", "projects/x/regions/y", "a$b", "Größe"],
                &["a@b", "a:b", "a=b", "a?b", "", "a;b"],
            ),
            (
                Word,
                &["PASSWORD", "api.sandbox.example", "3.12", "OAUTH2_CLIENT_CREDENTIALS", "x0123456789abc"],
                &[
                    "a b",
                    "a/b",
                    "a=b",
                    "a-word-that-is-longer-than-any-that-there-is",
                    "0123456789abcdef0123456789abcdef",
                ],
            ),
            (Time, &["08:00", "23:59:59"], &["8:00", "08", "08:00:00:00", "08:0x", "0123456789abcdef", ""]),
            (Path, &["in/", "/sql/1.0/warehouses/abc"], &["a?b", "a=b", "a@b", "a:b", "a#b"]),
            (Arn, &["arn:aws:iam::123456789012:role/fivetran"], &["role", "arn:a@b", "arn:a?b"]),
            (Login, &["fivetran", "CORP\\ada", "ada@example.com"], &["ada:pw", "ada/pw", "a=b", "https://x"]),
        ] {
            for one in takes {
                assert_eq!(shape.fit(&text(one)), Fit::Whole(text(one)), "{shape:?} {one}");
            }
            for one in refuses {
                assert_eq!(shape.fit(&text(one)), Fit::Not, "{shape:?} {one}");
            }
        }
        assert_eq!(Flag.fit(&Node::Int(1)), Fit::Not);
        assert_eq!(Number.fit(&Node::Float(0.5)), Fit::Whole(Node::Float(0.5)));
        assert_eq!(Host.fit(&Node::Int(1)), Fit::Not);
        assert_eq!(Name.fit(&Node::Int(123)), Fit::Whole(Node::Int(123)));
        assert_eq!(Name.fit(&Node::Object(alloc::vec::Vec::new())), Fit::Not);
    }

    #[test]
    fn of_a_url_only_the_origin_is_kept() {
        for (url, want) in [
            ("https://acme.example.com", Fit::Whole(text("https://acme.example.com"))),
            ("https://acme.example.com/", Fit::Whole(text("https://acme.example.com/"))),
            ("acme.example.com:8200", Fit::Whole(text("acme.example.com:8200"))),
            ("https://acme.example.com/t0ken", Fit::Part(text("https://acme.example.com"))),
            ("acme.example.com/t0ken?x", Fit::Part(text("acme.example.com"))),
            ("abfss://files@acme.dfs.example.net/raw?sig=x", Fit::Part(text("abfss://acme.dfs.example.net"))),
            ("root:pw@acme.example.com", Fit::Not),
            ("acme/pw@example.com", Fit::Not),
            ("https://root:p/w@acme.example.com/", Fit::Not),
            ("/some_location", Fit::Not),
        ] {
            assert_eq!(Shape::Origin.fit(&text(url)), want, "{url}");
        }
    }
}
