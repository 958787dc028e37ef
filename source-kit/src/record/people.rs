//! Finds people in texts: e-mail addresses by their form, and the names of known people.
//!
//! Known people are the users of the account. A name is found as a person would see it: given and family name
//! in either order, joined by anything that is no letter or by nothing; a family name of at least four letters,
//! and the part before the `@` of an address of at least four characters, as whole words. Letter case and accents do not
//! count.

use super::fold::{self, is_accent};
use super::people_words::OURS;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;
use percent_encoding::percent_decode_str;

use crate::base::urn::encoded;

/// Shortest family name or local part that is looked for by itself.
const SHORTEST_ALONE: usize = 4;
/// Shortest full name that is looked for.
const SHORTEST_NAME: usize = 3;
/// Addresses below this are machines, which the vendor gives accounts to.
const MACHINES: &str = ".gserviceaccount.com";

/// What a list tells about a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// E-mail address.
    pub email: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
}

/// The names of known people. Never leaves the instance.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Letters and digits of a name, in small letters, with the text whose hash stands for it: the person's e-mail
    /// address where there is one, so that one person is one hash; for a family name, which several may share, the
    /// name itself.
    names: BTreeMap<String, String>,
}

impl People {
    /// Remembers a person.
    pub fn add(&mut self, person: &Person) {
        let email = person.email.as_deref().map(fold::address);
        let (given, family) = (person.given_name.as_deref().unwrap_or(""), person.family_name.as_deref().unwrap_or(""));
        if !given.is_empty() && !family.is_empty() {
            let stands_for = email.clone().unwrap_or_else(|| format!("{given} {family}").to_lowercase());
            for name in [bare(given) + &bare(family), bare(family) + &bare(given)] {
                self.insert(name, SHORTEST_NAME, &stands_for);
            }
        }
        self.insert(
            bare(if family.is_empty() { given } else { family }),
            SHORTEST_ALONE,
            if family.is_empty() { given } else { family },
        );
        if let Some(email) = &email {
            self.insert(bare(email.split('@').next().unwrap_or_default()), SHORTEST_ALONE, email);
        }
    }

    fn insert(&mut self, name: String, least: usize, stands_for: &str) {
        if name.chars().count() >= least && OURS.binary_search(&name.as_str()).is_err() {
            // A name that several people have stands for itself.
            let of_several = name.clone();
            let known = self.names.entry(name).or_insert_with(|| stands_for.into());
            if known != stands_for {
                *known = of_several;
            }
        }
    }

    /// The text with `hash` of whoever is named in it; `None` when nobody is.
    pub fn replaced(&self, text: &str, hash: &impl Fn(&str) -> String) -> Option<String> {
        if self.names.is_empty() {
            return None;
        }
        let words = words(text);
        let (mut out, mut done, mut at) = (String::new(), 0, 0);
        while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
            let Some((count, range, person)) = self.longest(text, rest) else {
                at += 1;
                continue;
            };
            out.push_str(text.get(done..range.start).unwrap_or_default());
            out.push_str(&hash(person));
            (done, at) = (range.end, at + count);
        }
        (done > 0).then(|| out + text.get(done..).unwrap_or_default())
    }

    /// The longest name that the words begin with: how many of them it takes, where they stand, and whose it is.
    fn longest(&self, text: &str, words: &[Range<usize>]) -> Option<(usize, Range<usize>, &str)> {
        let (mut whole, mut letters) = (String::new(), String::new());
        let (mut found, start) = (None, words.first()?.start);
        for (count, word) in (1..).zip(words) {
            let word_text = text.get(word.clone())?;
            whole.push_str(&bare(word_text));
            letters.push_str(&fold::letters(word_text, char::is_alphabetic));
            let known = self.names.get(&whole).or_else(|| self.names.get(&letters));
            if let Some(person) = known {
                found = Some((count, start..word.end, person.as_str()));
            }
            if !self.goes_on(&whole) && !self.goes_on(&letters) {
                break;
            }
        }
        found
    }

    /// Whether a longer name begins like this.
    fn goes_on(&self, begin: &str) -> bool {
        let after = (core::ops::Bound::Excluded(begin), core::ops::Bound::Unbounded);
        !begin.is_empty() && self.names.range::<str, _>(after).next().is_some_and(|(name, _)| name.starts_with(begin))
    }
}

/// Letters and digits, without case and accents.
fn bare(text: &str) -> String {
    fold::letters(text, char::is_alphanumeric)
}

/// Runs of letters and digits, with the accents on them.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (at, letter) in text.char_indices().filter(|(_, letter)| is_letter(*letter)) {
        let end = at + letter.len_utf8();
        match words.last_mut() {
            Some(word) if word.end == at => word.end = end,
            _ if is_accent(letter) => {}
            _ => words.push(at..end),
        }
    }
    words
}

/// The text with `hash` of each e-mail address in it, folded to small letters; `None` when there is none. Addresses
/// of machines stay.
pub fn without_addresses(text: &str, hash: &impl Fn(&str) -> String) -> Option<String> {
    let (mut out, mut done) = (String::new(), 0);
    for (at, _) in text.match_indices('@') {
        let Some(range) = address_at(text, done, at) else { continue };
        let address = fold::address(text.get(range.clone())?);
        if address.ends_with(MACHINES) {
            continue;
        }
        out.push_str(text.get(done..range.start)?);
        out.push_str(&hash(&address));
        done = range.end;
    }
    (done > 0).then(|| out + text.get(done..).unwrap_or_default())
}

/// The e-mail address around an `@`, no part of which stands before `from`.
fn address_at(text: &str, from: usize, at: usize) -> Option<Range<usize>> {
    let before = text.get(from..at)?;
    let is_local = |c: char| is_letter(c) || matches!(c, '.' | '_' | '+' | '-' | '\'' | '!' | '$' | '*' | '~' | '^');
    let local = before.trim_end_matches(is_local);
    let local = before.get(local.len()..)?.trim_start_matches(['.', '-', '\'', '*']);
    let after = text.get(at + 1..)?;
    let is_domain = |c: char| is_letter(c) || matches!(c, '.' | '-');
    let domain = after.split(|c| !is_domain(c)).next()?.trim_end_matches(['.', '-']);
    let top = domain.rsplit_once('.')?.1;
    let is_address = !local.is_empty() && top.chars().count() >= 2 && !domain.starts_with('.');
    is_address.then(|| at - local.len()..at + 1 + domain.len())
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || is_accent(letter)
}

/// Applies `change` to each part of a text that is percent-encoded, as in paths and queries.
pub fn in_encoded(text: &str, change: &impl Fn(&str) -> Option<String>) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let is_border = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '&' | '=' | '#' | ';' | ',' | ':' | '"');
    let mut changed = false;
    let mut out = String::new();
    for part in text.split_inclusive(is_border) {
        let bare = part.trim_end_matches(is_border);
        let decoded = percent_decode_str(bare).decode_utf8().ok().filter(|decoded| *decoded != bare);
        match decoded.and_then(|decoded| change(&decoded)) {
            Some(new) => {
                changed = true;
                out.push_str(&encoded(&new));
            }
            None => out.push_str(bare),
        }
        out.push_str(part.get(bare.len()..).unwrap_or_default());
    }
    changed.then_some(out)
}

/// What a field holds, unless it is empty.
#[must_use]
pub fn filled(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> String {
        format!("<{text}>")
    }

    fn people(all: &[(&str, &str, &str)]) -> People {
        let mut people = People::default();
        for (email, given, family) in all {
            let [email, given_name, family_name] = [email, given, family].map(|text| filled(Some(text)));
            people.add(&Person { email, given_name, family_name });
        }
        people
    }

    #[test]
    fn a_name_of_several_people_stands_for_itself() {
        let two = people(&[("ada@a.org", "Ada", "Byron"), ("ada@b.org", "Ada", "Byron")]);
        assert_eq!(two.replaced("Ada Byron", &hash).as_deref(), Some("<adabyron>"));
        let one = people(&[("ada@a.org", "Ada", "Byron"), ("ada@a.org", "Ada", "Byron")]);
        assert_eq!(one.replaced("Ada Byron", &hash).as_deref(), Some("<ada@a.org>"));
    }

    #[test]
    fn finds_names_however_they_are_joined() {
        let people = people(&[
            ("ada.byron@x.org", "Ada", "Byron"),
            ("", "Li", "Wu"),
            ("o1@x.org", "Mary Ann", "O'Neil"),
            ("jn@x.org", "Jose\u{301}", "Núñez"),
            ("s1@x.org", "Ida", "Strauße\u{301}"),
        ]);
        for (text, want) in [
            ("Ada Byron", "<ada.byron@x.org>"),
            ("BYRON, ADA", "<ada.byron@x.org>"),
            ("adabyron_dev", "<ada.byron@x.org>_dev"),
            ("ada1byron", "<ada.byron@x.org>"),
            ("feature/ada.byron-2", "feature/<ada.byron@x.org>-2"),
            ("the byron team", "the <Byron> team"),
            ("byron2", "<Byron>"),
            ("Li Wu and Wu Li", "<li wu> and <li wu>"),
            ("mary-ann o’neil", "<o1@x.org>"),
            ("O'Neil", "<O'Neil>"),
            ("CN=Ada Byron,O=x", "CN=<ada.byron@x.org>,O=x"),
            ("José Núñez's", "<jn@x.org>'s"),
            ("of JOSE\u{301} NU\u{301}N\u{303}EZ", "of <jn@x.org>"),
            ("weiß/STRAUSSÉ", "weiß/<Strauße\u{301}>"),
        ] {
            assert_eq!(people.replaced(text, &hash).as_deref(), Some(want), "{text}");
        }
        for text in ["", "Ada", "Byronic", "Wu", "o1", "adab yronx", "Ada the Countess", "ümlaut"] {
            assert_eq!(people.replaced(text, &hash), None, "{text}");
        }
    }

    #[test]
    fn our_own_words_are_no_names() {
        let people = people(&[("admin@x.org", "Max", "User"), ("data@x.org", "", "Group")]);
        assert_eq!(people.replaced("User admin of Group data", &hash), None);
        assert_eq!(people.replaced("of Max User", &hash).as_deref(), Some("of <admin@x.org>"));
    }

    #[test]
    fn finds_addresses_and_folds_them() {
        for (text, want) in [
            ("Ada@Example.COM", "<ada@example.com>"),
            ("to <ada+x@example.com>, bob@b.co.uk.", "to <<ada+x@example.com>>, <bob@b.co.uk>."),
            ("EMAILADDRESS=ada@example.com/CN=x", "EMAILADDRESS=<ada@example.com>/CN=x"),
            ("o'brien@example.com", "<o'brien@example.com>"),
            ("JOSÉ@exämple.com", "<jose\u{301}@exa\u{308}mple.com>"),
            ("a jose\u{301}@exa\u{308}mple.com", "a <jose\u{301}@exa\u{308}mple.com>"),
        ] {
            assert_eq!(without_addresses(text, &hash).as_deref(), Some(want), "{text}");
        }
        for text in
            ["g-x@fivetran-production.iam.gserviceaccount.com", "git@host:x", "a@b", "@x.org", "a @ b.c", "x@y.z"]
        {
            assert_eq!(without_addresses(text, &hash), None, "{text}");
        }
    }

    #[test]
    fn looks_into_what_is_encoded() {
        let change = |text: &str| without_addresses(text, &hash);
        let text = "GET /v1/roles/ada%2Bx%40example.com/x?limit=1";
        assert_eq!(in_encoded(text, &change).as_deref(), Some("GET /v1/roles/%3Cada%2Bx%40example.com%3E/x?limit=1"));
        assert_eq!(in_encoded("100% of it", &change), None);
        assert_eq!(in_encoded("/a%20b", &change), None);
    }
}
