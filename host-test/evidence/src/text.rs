//! Text for people: what a source or a vendor wrote is made harmless before anybody sees it.

/// Replaces control characters, so that no text can steer a terminal or turn the direction of a line.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() || is_bidi(letter) { '\u{fffd}' } else { letter }).collect()
}

/// The same for JSON, of which nothing is lost: what [`plain`] replaces is escaped.
#[must_use]
pub fn plain_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.is_control() || is_bidi(letter) {
            true => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
            false => out.push(letter),
        }
    }
    out
}

/// Characters that turn the direction of text, and so can make it read as another.
fn is_bidi(letter: char) -> bool {
    matches!(letter, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A word for so many things.
#[must_use]
pub fn plural(count: u64, one: &str) -> String {
    if count == 1 { one.into() } else { format!("{one}s") }
}
