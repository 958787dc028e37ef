//! What in a tenant's settings looks like a secret: settings that stand in a tenants file go into the queue with it.

use serde_json::Value;

/// A name that contains one of these is of a secret.
const WORDS: [&str; 12] = [
    "accesskey",
    "apikey",
    "authorization",
    "bearer",
    "credential",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "token",
];

/// A name that ends so is, too.
const ENDS: [&str; 6] = ["auth", "key", "pass", "pw", "pwd", "sas"];

/// What stands before a secret in a text.
const MARKS: [&str; 9] =
    ["private key-----", "accountkey=", "password=", "pwd=", "secret=", "sig=", "token=", "basic ", "bearer "];

/// What the tokens of some vendors begin with.
const TOKENS: [&str; 8] = ["ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "sk-", "akia", "eyj"];

/// Where something in settings looks like a secret, as a JSON pointer: by its name, or by what it is.
#[must_use]
pub fn secret(settings: &Value) -> Option<String> {
    find(settings, "")
}

fn find(value: &Value, at: &str) -> Option<String> {
    match value {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let at = format!("{at}/{name}");
            let is_empty = matches!(value, Value::Null | Value::Bool(_)) || value.as_str() == Some("");
            if is_secret_name(name) && !is_empty { Some(at) } else { find(value, &at) }
        }),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| find(item, &format!("{at}/{index}"))),
        Value::String(text) if is_secret_text(text) => Some(at.into()),
        _ => None,
    }
}

fn is_secret_name(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    WORDS.iter().any(|word| letters.contains(word)) || ENDS.iter().any(|end| letters.ends_with(end))
}

/// A URL with somebody's name or a query in it, a connection string, a private key, or what a header of HTTP has.
fn is_secret_text(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_url = lower.split_once("://").is_some_and(|(_, rest)| rest.contains(['@', '?']));
    is_url || MARKS.iter().any(|mark| lower.contains(mark)) || TOKENS.iter().any(|token| lower.starts_with(token))
}

#[cfg(test)]
mod tests {
    use super::secret;
    use serde_json::json;

    #[test]
    fn what_looks_like_a_secret_is_found_wherever_it_stands() {
        for (settings, at) in [
            (json!({"api_key": "x"}), "/api_key"),
            (json!({"a": [{"apiSecret": "x"}]}), "/a/0/apiSecret"),
            (json!({"client-secret": {"a": 1}}), "/client-secret"),
            (json!({"DB_PWD": 1234}), "/DB_PWD"),
            (json!({"url": "postgres://me:hunter2@db.example/x"}), "/url"),
            (json!({"service_key": "x"}), "/service_key"),
            (json!({"headers": ["Authorization: Bearer abc"]}), "/headers/0"),
            (json!({"dsn": "https://T0KEN@host/"}), "/dsn"),
            (json!({"at": "https://host/?sig=abc"}), "/at"),
            (json!({"store": "DefaultEndpointsProtocol=https;AccountKey=zzz"}), "/store"),
            (json!({"pem": ["-----BEGIN PRIVATE KEY-----\nMII"]}), "/pem/0"),
        ] {
            assert_eq!(secret(&settings).as_deref(), Some(at), "{settings}");
        }
    }

    #[test]
    fn what_sources_take_in_the_open_is_none() {
        for settings in [
            json!({"requests_per_hour": 500, "personal_data": "hashed", "groups": ["projected_sickness"]}),
            json!({"service": "bigquery", "host": "https://bigquery.googleapis.com/", "mail": "a@b.example"}),
            json!({"use_api_keys": true, "token": null, "password": ""}),
        ] {
            assert_eq!(secret(&settings), None, "{settings}");
        }
    }
}
