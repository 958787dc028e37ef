//! Text for people: what a guest or a vendor wrote is made harmless before a terminal sees it.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};

/// Replaces control characters, so that no text can steer a terminal.
pub fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() || is_bidi(letter) { '\u{fffd}' } else { letter }).collect()
}

/// The same for JSON, of which nothing is lost: what `plain` replaces is escaped.
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
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A table with these headings.
pub fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic).set_header(headings);
    if !std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        table.set_width(120);
    }
    // Names are to be copied: they are not cut over lines.
    if let Some(first) = table.column_mut(0) {
        first.set_constraint(ColumnConstraint::ContentWidth);
    }
    table
}

/// Prints a line. A reader that has gone away is no reason to fail.
pub fn say(text: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a line of progress or trouble.
pub fn note(text: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A word for so many things.
pub fn plural(count: u64, one: &str) -> String {
    if count == 1 { one.into() } else { format!("{one}s") }
}
