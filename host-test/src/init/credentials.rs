//! Key and secret: where they come from, what is wrong with them, and the file that keeps them. No message repeats
//! anything of them.

use super::args::Answers;
use super::ask::{self, Stop};
use crate::simulate::env_pair;
use crate::target::AccountArgs;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use console::Term;
use host_test::pair::tenants_pair;
use host_test::text::{error, note};
use source_host::bindings::compliance::source::types::{Diagnostic, Severity};
use source_host::error::{Error, Result};
use source_host::tenant::{Pair, Secret};
use std::io::{IsTerminal, Read};

/// More than this is no pair.
const MOST_BYTES: u64 = 8 * 1024;

/// Which of the two.
#[derive(Clone, Copy)]
enum Part {
    Key,
    Secret,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Secret => "secret",
        }
    }

    fn pointer(self) -> &'static str {
        match self {
            Self::Key => "/credentials/username",
            Self::Secret => "/credentials/password",
        }
    }
}

/// Whether there is a pair without asking.
pub fn are_at_hand(answers: &Answers, account: &AccountArgs) -> Result<bool> {
    Ok(answers.credentials_stdin || account.is_simulated() || env_pair()?.is_some())
}

/// The pair: from standard input, from the environment, or asked for after the guide. A simulated account takes no pair
/// from the environment, and has one of its own where nothing can be asked.
pub async fn find(
    answers: &Answers,
    account: &AccountArgs,
    can_ask: bool,
    guide: impl FnOnce(),
) -> std::result::Result<Pair, Stop> {
    if answers.credentials_stdin {
        return ask::interruptibly(|| Ok(checked(from_stdin()?)?)).await;
    }
    let from_environment = if account.is_simulated() { None } else { env_pair()? };
    if let Some(pair) = from_environment {
        note("key and secret: FIVETRAN_API_KEY and FIVETRAN_API_SECRET of the environment");
        return Ok(checked(tenants_pair(pair))?);
    }
    if !can_ask {
        return Ok(tenants_pair(fivetran_simulator::default_pair()));
    }
    guide();
    ask::interruptibly(asked).await
}

fn asked() -> std::result::Result<Pair, Stop> {
    let (key, secret) = (ask_for(Part::Key)?, ask_for(Part::Secret)?);
    let pair = Pair { username: key, password: secret };
    if is_swapped(&pair) && ask::yes("The key is longer than the secret. Were the two swapped?", true)? {
        return Ok(checked(Pair { username: pair.password, password: pair.username })?);
    }
    Ok(checked(pair)?)
}

/// Asks until it can be one, without showing it.
fn ask_for(part: Part) -> std::result::Result<Secret, Stop> {
    let term = Term::stderr();
    for _ in 0..ask::TRIES {
        term.write_str(&format!("API {} (hidden): ", part.name()))?;
        let text = term.read_secure_line()?;
        match fault(part, &text) {
            None => return Ok(Secret::new(text)),
            Some((what, remedy)) => error(format!("{what}: {remedy}")),
        }
    }
    Err(refusal(part, (format!("no {} was given", part.name()), "run init again, and paste it")).into())
}

/// Key and secret, one line each.
fn from_stdin() -> Result<Pair> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let remedy = "leave out --credentials-stdin to be asked without an echo, or redirect a file to it";
        return Err(Error::usage("standard input is a terminal, which would show the secret", remedy));
    }
    let mut text = String::new();
    stdin.take(MOST_BYTES).read_to_string(&mut text).map_err(Error::file("read", "standard input"))?;
    let mut lines = text.trim_end().lines();
    let mut next = || Secret::new(lines.next().unwrap_or_default());
    let pair = Pair { username: next(), password: next() };
    if lines.next().is_some() {
        let what = "standard input has more than two lines".into();
        return Err(refusal(Part::Secret, (what, "give the key on the first line, and the secret on the second")));
    }
    Ok(pair)
}

/// The pair, if both can be what they are said to be.
fn checked(pair: Pair) -> Result<Pair> {
    for (part, text) in [(Part::Key, &pair.username), (Part::Secret, &pair.password)] {
        if let Some(fault) = fault(part, text.expose()) {
            return Err(refusal(part, fault));
        }
    }
    if pair.username == pair.password {
        return Err(refusal(Part::Secret, ("key and secret are the same text".into(), "paste each in its place")));
    }
    Ok(pair)
}

fn refusal(part: Part, (message, remedy): (String, &str)) -> Error {
    Error::Configuration(vec![Diagnostic {
        severity: Severity::Error,
        code: "credential-form".into(),
        pointer: part.pointer().into(),
        message,
        remedy: remedy.into(),
    }])
}

/// Whether the two may have been swapped: of all that Fivetran shows, no key is longer than its secret. The component
/// warns of it too, but cannot ask.
fn is_swapped(pair: &Pair) -> bool {
    pair.username.expose().len() > pair.password.expose().len()
}

/// Why a text can be neither, and what to do.
fn fault(part: Part, text: &str) -> Option<(String, &'static str)> {
    let is_quote = |c: char| matches!(c, '"' | '\'' | '`' | '“' | '”' | '„' | '‘' | '’' | '«' | '»');
    let (what, remedy) = if text.trim().is_empty() {
        ("is empty", "copy it from Fivetran, and paste it")
    } else if text.contains(['\n', '\r']) {
        ("has a line break", "give it alone, on one line")
    } else if text.chars().all(|c| matches!(c, '*' | '•' | '●' | '…' | '.')) {
        (
            "is masked",
            "copy it with the button beside it; a secret that Fivetran hides is shown no more, so make a new one",
        )
    } else if text.contains(is_quote) {
        ("has a quotation mark", "give it without quotes")
    } else if text.contains(char::is_whitespace) {
        ("has a space", "give it alone, without anything before or after it")
    } else if text.contains("FIVETRAN_API_") {
        ("has the name of a variable", "give only what stands after the equals sign")
    } else if is_joined(text) {
        ("is key and secret together in Base64", "give the two that Fivetran shows beside it, each by itself")
    } else if text.contains(':') {
        ("has a colon, as if key and secret were together", "give each by itself")
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        ("has a character that none has", "copy it again, with the button beside it")
    } else {
        return None;
    };
    Some((format!("the {} {what}", part.name()), remedy))
}

/// Whether it is what stands behind `Basic` in a request.
fn is_joined(text: &str) -> bool {
    let decoded = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.is_some_and(|text| text.contains(':') && text.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// The file that shells and systemd load. The form of both is checked: neither has a quotation mark.
pub fn file(pair: &Pair) -> String {
    format!("FIVETRAN_API_KEY='{}'\nFIVETRAN_API_SECRET='{}'\n", pair.username.expose(), pair.password.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ft_inventedKey0001";
    const SECRET: &str = "inventedSecretInventedSecretInvented0001";

    fn said(text: &str) -> String {
        fault(Part::Secret, text).map_or_else(|| "fine".into(), |(what, _)| what)
    }

    #[test]
    fn what_is_pasted_wrongly_is_told_apart_and_not_repeated() {
        let joined = STANDARD.encode(format!("{KEY}:{SECRET}"));
        let cases = [
            (String::new(), "is empty"),
            ("  ".into(), "is empty"),
            (format!("{KEY}\n{SECRET}"), "has a line break"),
            ("••••••••".into(), "is masked"),
            ("********".into(), "is masked"),
            (format!("\"{SECRET}\""), "has a quotation mark"),
            (format!("'{SECRET}'"), "has a quotation mark"),
            (format!("“{SECRET}”"), "has a quotation mark"),
            (format!(" {SECRET}"), "has a space"),
            (format!("{SECRET}\u{a0}"), "has a space"),
            (format!("Basic {joined}"), "has a space"),
            (format!("FIVETRAN_API_SECRET={SECRET}"), "has the name of a variable"),
            (joined, "in Base64"),
            (format!("{KEY}:{SECRET}"), "has a colon"),
            (format!("{SECRET}\u{200b}"), "has a character"),
            (format!("{SECRET}\u{1b}"), "has a character"),
        ];
        for (text, want) in cases {
            let said = said(&text);
            assert!(said.contains(want) && !said.contains(SECRET) && !said.contains(KEY), "{text:?}: {said}");
        }
    }

    #[test]
    fn keys_of_every_known_form_are_taken() {
        // As Fivetran's pages show them, in form.
        for text in [KEY, SECRET, "d9c4511349dd4b80", "1f6f2d161365888a1943160ccdb8d960", "simulated-key"] {
            assert_eq!(said(text), "fine");
        }
    }

    #[test]
    fn a_pair_is_doubted_where_the_key_is_longer() {
        let pair = |key: &str, secret: &str| Pair { username: Secret::new(key), password: Secret::new(secret) };
        assert!(!is_swapped(&pair(KEY, SECRET)) && is_swapped(&pair(SECRET, KEY)));
        assert!(checked(pair(KEY, SECRET)).is_ok() && checked(pair(KEY, KEY)).is_err());
    }
}
