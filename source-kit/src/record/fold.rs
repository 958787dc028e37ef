//! Texts that a person takes for the same, as one: letter case, and the ways in which Unicode writes an accent.

use alloc::string::String;
use icu_normalizer::DecomposingNormalizerBorrowed;

/// The letters of a text that `is_kept`, without case and accents: `ß` is `ss`, `İ` is `i`, and `é` is `e` whether it
/// is one character or two.
#[must_use]
pub fn letters(text: &str, is_kept: fn(char) -> bool) -> String {
    if text.is_ascii() {
        return text.chars().filter(|letter| is_kept(*letter)).map(|letter| letter.to_ascii_lowercase()).collect();
    }
    let parts = DecomposingNormalizerBorrowed::new_nfd().normalize_iter(text.chars());
    // There and back: some small letters have two capital ones, and some capitals no small one of their own.
    let small = parts.flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    small.filter(|letter| is_kept(*letter)).collect()
}

/// An e-mail address in small letters, with accents written in one way.
#[must_use]
pub fn address(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    DecomposingNormalizerBorrowed::new_nfd().normalize(&text.to_lowercase()).into_owned()
}

/// Whether a character is an accent on the letter before it.
#[must_use]
pub fn is_accent(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_one_text_however_it_is_written() {
        let fold = |text: &str| letters(text, char::is_alphanumeric);
        for (one, other, folded) in [
            ("José", "JOSE\u{301}", "jose"),
            ("Strauß", "STRAUSS", "strauss"),
            ("STRAUẞ", "strauss", "strauss"),
            ("İpek", "ipek", "ipek"),
            ("ıpek", "IPEK", "ipek"),
            ("Ångström", "A\u{30a}ngstro\u{308}m", "angstrom"),
            ("ΣΊΣΥΦΟΣ", "Σίσυφος", "σισυφοσ"),
            ("Ada Byron-2", "ADA BYRON 2", "adabyron2"),
            (
                "한글",
                "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}",
                "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}",
            ),
        ] {
            assert_eq!((fold(one).as_str(), fold(other).as_str()), (folded, folded));
        }
        assert_eq!(letters("a1é2", char::is_alphabetic), "ae");
    }

    #[test]
    fn an_address_keeps_its_accents() {
        assert_eq!(address("JOSÉ@x.org"), address("jose\u{301}@X.ORG"));
        assert_ne!(address("josé@x.org"), address("jose@x.org"));
        assert_eq!(address("Ada+1@X.Org"), "ada+1@x.org");
        assert!(is_accent('\u{301}') && !is_accent('e') && !is_accent('é'));
    }
}
