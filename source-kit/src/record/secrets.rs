//! What is a secret by its looks, wherever it stands: private keys, JSON web tokens, tokens of known vendors
//! ([`super::tokens`]), URLs and addresses that carry credentials, connection strings.
//!
//! This judges text, not names of fields: [`super::sift`] asks it for settings, and [`super::redact`] for every
//! text of every record. It is made to be asked often: a text without any mark of a secret is gone through once.

use super::tokens::{self, SHORTEST};
use alloc::string::String;

/// What stands in place of a secret.
pub const WITHHELD: &str = "withheld";

/// What a text gives away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A private key.
    PrivateKey,
    /// A JSON web token.
    WebToken,
    /// A token; of whom.
    Token(&'static str),
    /// A name and a password before a host.
    UserInfo,
    /// What stands in a URL beyond host and path, or a path that is a token.
    Url,
    /// A secret behind its name, as in a connection string.
    Named,
}

/// Whether a text holds a secret.
#[must_use]
pub fn is_secret(text: &str) -> bool {
    find(text).is_some()
}

/// The first kind of secret that a text holds.
#[must_use]
pub fn find(text: &str) -> Option<Why> {
    if text.len() < 4 {
        return None;
    }
    let marks = Marks::of(text);
    if marks.dashes && is_private_key(text) {
        return Some(Why::PrivateKey);
    }
    if let Some(why) = find_token(text) {
        return Some(why);
    }
    if marks.slashes && text.match_indices("://").any(|(at, _)| is_telling_url(text, at)) {
        return Some(Why::Url);
    }
    // A password may hold what else ends a word.
    if marks.at && (words(text).any(has_user_info) || text.split_whitespace().any(has_odd_user_info)) {
        return Some(Why::UserInfo);
    }
    (marks.assigns && is_named(text)).then_some(Why::Named)
}

/// The text with `withheld` for each word that holds a secret. A secret of several words takes the whole text
/// with it.
#[must_use]
pub fn masked(text: &str) -> String {
    if !is_secret(text) {
        return text.into();
    }
    let out: String = text.split_inclusive(char::is_whitespace).flat_map(masked_word).collect();
    if is_secret(&out) || is_private_key(text) { WITHHELD.into() } else { out }
}

/// A word as it may be shown, and the white space behind it.
fn masked_word(word: &str) -> [&str; 2] {
    let bare = word.trim_end();
    let space = word.get(bare.len()..).unwrap_or_default();
    [if is_secret(bare) { WITHHELD } else { bare }, space]
}

/// What a text has at all, found in one go.
#[derive(Default)]
struct Marks {
    dashes: bool,
    slashes: bool,
    at: bool,
    assigns: bool,
}

impl Marks {
    fn of(text: &str) -> Self {
        let mut marks = Self::default();
        let mut before = b' ';
        for byte in text.bytes() {
            match byte {
                b'-' if before == b'-' => marks.dashes = true,
                b'/' if before == b'/' => marks.slashes = true,
                b'@' => marks.at = true,
                b'=' | b':' => marks.assigns = true,
                _ => {}
            }
            before = byte;
        }
        marks.dashes |= text.starts_with("PuTTY");
        marks
    }
}

fn is_private_key(text: &str) -> bool {
    text.contains("-----BEGIN") && text.contains("PRIVATE KEY") || text.starts_with("PuTTY-User-Key-File")
}

/// Words: what stands between white space, quotes, commas, and brackets that no host has.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | '<' | '>' | '(' | ')' | '{' | '}'))
}

/// A web token or one of a known vendor, at the start of any word.
fn find_token(text: &str) -> Option<Why> {
    let mut inside = false;
    for (at, byte) in text.bytes().enumerate() {
        let was_inside = core::mem::replace(&mut inside, byte.is_ascii_alphanumeric());
        if was_inside || !inside {
            continue;
        }
        let rest = text.get(at..)?;
        if byte == b'e' && is_web_token(rest) {
            return Some(Why::WebToken);
        }
        if rest.len() >= SHORTEST
            && let Some(form) = tokens::at_start(rest)
        {
            return Some(Why::Token(form.vendor));
        }
        if rest.len() >= AZURE_KEY && is_azure_key(rest) {
            return Some(Why::Token("Azure Storage"));
        }
    }
    let client_secret = text.match_indices("Q~").any(|(at, _)| at >= 4 && text.len() - at >= 2 + 31);
    client_secret.then_some(Why::Token("Azure"))
}

/// 64 bytes in base64, without the `==` behind them.
const AZURE_KEY: usize = 86;

/// The key of a storage account. No public key, digest or fingerprint has this length.
fn is_azure_key(text: &str) -> bool {
    let run = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).count();
    run == AZURE_KEY && text.get(..run).is_some_and(is_mixed)
}

/// Whether a text has capital and small letters and digits.
fn is_mixed(text: &str) -> bool {
    let has = |what: fn(&u8) -> bool| text.as_bytes().iter().any(what);
    has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}

/// `eyJ…` is `{"…` in base64; the second part follows after a dot.
fn is_web_token(text: &str) -> bool {
    let mut parts = text.split('.');
    let is_part = |part: &str, least| {
        part.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(byte)).count() >= least
    };
    text.starts_with("eyJ") && parts.next().is_some_and(|first| is_part(first, 10) && !first.contains(' ')) && {
        parts.next().is_some_and(|second| is_part(second, 2))
    }
}

/// Whether the URL with `://` at this place has more than an origin and a plain path.
fn is_telling_url(text: &str, at: usize) -> bool {
    let scheme = text.get(..at).unwrap_or_default();
    let rest = text.get(at + 3..).unwrap_or_default();
    let rest = words(rest).next().unwrap_or_default();
    let authority = rest.split(['/', '?', '#', '\\', ';']).next().unwrap_or_default();
    let path = rest.get(authority.len()..).unwrap_or_default();
    if let Some((user, _)) = authority.rsplit_once('@') {
        return !(user == "git" && scheme.ends_with("ssh"));
    }
    // A password may have a slash that nobody escaped: then what should be a port is none, or an `@` comes late.
    let odd_port = !authority.contains('[') && authority.split_once(':').is_some_and(|(_, port)| !is_port(port));
    if odd_port || path.split('/').any(|part| !part.starts_with('@') && part.contains('@')) {
        return true;
    }
    let more = |mark| path.split_once(mark).is_some_and(|(_, more): (&str, &str)| !more.is_empty());
    more('?') || more('#') || path.split(['/', '\\']).any(is_random)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Part of a path that no person thought up: long, with capital and small letters and digits or hexadecimal, in one
/// piece.
fn is_random(part: &str) -> bool {
    part.len() >= 20
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && part.split(['-', '_']).any(|piece| piece.len() >= 16 && is_mixed(piece) || is_long_hex(piece))
}

/// Digests have this form too, but nobody needs one in the URL of a system; UUIDs have not.
fn is_long_hex(piece: &str) -> bool {
    piece.len() >= 32 && piece.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `name:password@host`, or `scott/tiger@host` with or without `jdbc:` before it. In a URL it is found there.
fn has_user_info(word: &str) -> bool {
    let Some((before, host)) = word.rsplit_once('@') else { return false };
    if host.is_empty() || host.starts_with("sha256:") || is_version(host) || before.contains("://") {
        return false;
    }
    if before.starts_with("jdbc:") {
        return before.contains('/') || before.matches(':').count() > 2;
    }
    if is_slashed_login(before, host) {
        return true;
    }
    let Some((name, password)) = before.split_once(':') else { return false };
    let names_address = ADDRESS_LABELS.iter().any(|label| name.eq_ignore_ascii_case(label));
    !password.is_empty() && (!names_address || password.contains(':'))
}

/// What names an address that follows it, and is no login. `owner` and the like may be one: what follows them is
/// taken for a password.
const ADDRESS_LABELS: &[&str] =
    &["mailto", "acct", "sip", "serviceAccount", "email", "e-mail", "from", "to", "cc", "bcc", "reply-to"];

/// `scott/tiger`, as before the `@` of a connect identifier; a version of a package or an action behind it is none.
fn is_slashed_login(before: &str, host: &str) -> bool {
    let Some((name, password)) = before.split_once('/') else { return false };
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$#".contains(&byte));
    let is_release = host.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    is_name && !password.is_empty() && !password.contains('/') && !is_release
}

/// The same with a quote, a comma or a bracket in the password.
fn has_odd_user_info(word: &str) -> bool {
    let odd = |c: char| matches!(c, '"' | '\'' | '`' | ',' | '<' | '>' | '(' | ')' | '{' | '}');
    let Some((before, host)) = word.rsplit_once('@') else { return false };
    let Some((name, password)) = before.split_once(':') else { return false };
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    is_name && password.contains(odd) && !password.contains('@') && !host.contains(odd) && has_user_info(word)
}

/// `0.2.0`, as behind the name of an interface or a package: no host has just three numbers.
fn is_version(text: &str) -> bool {
    text.split('.').count() == 3 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Names of secrets, in lower case and without `-`, `_` and spaces: connection strings, queries, dotfiles.
const NAMES: &[&str] = &[
    "accesskey",
    "accesstoken",
    "accountkey",
    "apikey",
    "apitoken",
    "authtoken",
    "clientsecret",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "refreshtoken",
    "sas",
    "secret",
    "secretaccesskey",
    "secretkey",
    "sharedaccesskey",
    "sharedaccesssignature",
    "sharedsecret",
    "sig",
    "signature",
    "token",
    "xamzsignature",
    "xgoogsignature",
];
/// The longest of them with a few words before it.
const LONGEST_NAME: usize = 64;

/// `Password=…` and the like, with spaces around the sign or without; `password:…` without; and `Authorization:`.
fn is_named(text: &str) -> bool {
    text.match_indices(['=', ':']).any(|(at, sign)| {
        let (before, value) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        match sign {
            "=" => {
                let is_given = value.trim_start().starts_with(|c: char| !matches!(c, ';' | '&' | '='));
                is_given && ends_with_name(before.trim_end())
            }
            _ => is_told(last_word(before), value),
        }
    })
}

/// Letters and digits that a text ends with.
fn last_word(text: &str) -> &str {
    let start = text.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len();
    text.get(start..).unwrap_or_default()
}

/// What stands behind a colon, as in dotfiles and headers. Colons stand in many texts, so few names count.
fn is_told(name: &str, value: &str) -> bool {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("authorization") {
        let scheme = value.split_whitespace().next().unwrap_or_default();
        return ["basic", "bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    }
    let is_given = value.starts_with(|c: char| !c.is_whitespace() && !matches!(c, ':' | '/'));
    is_given && ["password", "passwd", "pwd", "accountkey"].into_iter().any(is)
}

/// Whether a text ends with the name of a secret. Short names are words of their own; the longer ones may end a
/// longer one, such as `db_password`.
fn ends_with_name(before: &str) -> bool {
    let word = last_word(before);
    if NAMES.iter().any(|known| word.eq_ignore_ascii_case(known)) {
        return true;
    }
    let end = before.bytes().rev().take(LONGEST_NAME);
    let end = end.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b' '));
    let letters = end.filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    NAMES.iter().any(|known| known.len() > 6 && known.bytes().rev().eq(letters.clone().take(known.len())))
}

#[cfg(test)]
mod tests;
