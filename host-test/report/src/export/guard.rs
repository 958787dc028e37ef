//! Text that cannot become a formula.

/// What a spreadsheet may take for the beginning of a formula, also in full width and other forms that it folds.
const SIGNS: [char; 14] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '−', '⁺'];

/// Puts an apostrophe before text that a spreadsheet could take for a formula, and before text that begins with an
/// apostrophe. So the text itself is always what follows the first apostrophe of a cell that begins with one.
pub fn guarded(text: &str) -> String {
    let is_formula = text.trim_start_matches(is_skipped).starts_with(SIGNS);
    let begins_oddly = text.starts_with(['\'', '\t', '\r', '\n']);
    if is_formula || begins_oddly { format!("'{text}") } else { text.into() }
}

/// What a reader may drop from the beginning of a cell, or what is not seen there.
fn is_skipped(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter, '\u{fffd}' | '\u{feff}' | '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}')
        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '"' | '\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_formula_gets_an_apostrophe_and_nothing_else_does() {
        for formula in [
            "=1",
            "+1",
            "-1+1",
            "@SUM(A1)",
            "\t=1",
            "\r1",
            "\n1",
            "  =1",
            "\u{feff}=1",
            "\u{200b}@x",
            "\u{fffd}=1",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            "﹦1",
            "−1",
            "'=1",
            "'x",
            "\"=1",
        ] {
            assert_eq!(guarded(formula), format!("'{formula}"));
        }
        for text in ["", "x=1", "1-1", "a@example.com", "O'Brien", "1", "#x", "\u{fffd}1"] {
            assert_eq!(guarded(text), text);
        }
    }
}
