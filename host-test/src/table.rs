//! Tables for people: as wide as the terminal, and no word in them is cut in two.

pub use comfy_table::Cell;
use comfy_table::presets::{NOTHING, UTF8_FULL_CONDENSED};
use comfy_table::{Color, ColumnConstraint, ContentArrangement, Width};
use console::{Term, measure_text_width};
use std::fmt;
use textwrap::{Options, WordSeparator, WordSplitter};

/// Where nothing says how wide a line may be.
const UNTOLD: u16 = 120;
/// What a column needs besides its words: a space on either side.
const PADDING: usize = 2;

/// A table, of which the first column names what a row is about.
#[derive(Debug)]
pub struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// A table with these headings.
#[must_use]
pub fn table(headings: &[&str]) -> Table {
    Table { headings: headings.iter().map(ToString::to_string).collect(), rows: Vec::new() }
}

/// A word that says how something stands, in the colour of how good that is.
#[must_use]
pub fn state(word: &str) -> Cell {
    let colour = match word {
        "complete" | "ok" | "match" => Color::Green,
        "spread" | "partial" | "degraded" | "disabled" | "interrupted" | "incomplete" => Color::Yellow,
        _ => Color::Red,
    };
    Cell::new(word.replace('_', " ")).fg(colour)
}

impl Table {
    /// Adds a row.
    pub fn add_row<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table in lines of at most so many columns, as long as every word has room: as a grid, or where its columns
    /// are too narrow for their words, row by row.
    #[must_use]
    pub fn render(&self, width: u16) -> String {
        let needs: Vec<usize> = (0..self.headings.len()).map(|place| self.needs(place)).collect();
        let borders = self.headings.len() + 1;
        let is_grid = needs.iter().sum::<usize>() + borders <= usize::from(width);
        if is_grid { self.grid(width, &needs) } else { self.blocks(width) }
    }

    /// The least width of a column, padding included.
    fn needs(&self, place: usize) -> usize {
        let texts = self.rows.iter().filter_map(|row| row.get(place)).map(Cell::content);
        let heading = self.headings.get(place).cloned().unwrap_or_default();
        let texts = std::iter::once(heading).chain(texts);
        // Names are to be copied: they are not cut over lines.
        let width = |text: String| match place {
            0 => text.lines().map(measure_text_width).max(),
            _ => text.split_whitespace().map(measure_text_width).max(),
        };
        texts.filter_map(width).max().unwrap_or_default() + PADDING
    }

    fn grid(&self, width: u16, needs: &[usize]) -> String {
        let mut grid = styled(width);
        grid.load_style(UTF8_FULL_CONDENSED).set_header(&self.headings);
        for row in &self.rows {
            grid.add_row(row.clone());
        }
        for (place, needed) in needs.iter().enumerate() {
            let Some(column) = grid.column_mut(place) else { continue };
            column.set_constraint(match place {
                0 => ColumnConstraint::ContentWidth,
                _ => ColumnConstraint::LowerBoundary(Width::Fixed(u16::try_from(*needed).unwrap_or(u16::MAX))),
            });
        }
        grid.to_string()
    }

    /// Each row as a name with its values below.
    fn blocks(&self, width: u16) -> String {
        let blocks = self.rows.iter().map(|row| {
            let mut block = styled(width);
            block.load_style(NOTHING);
            for (heading, cell) in self.headings.iter().zip(row).skip(1).filter(|(_, cell)| !cell.content().is_empty())
            {
                block.add_row([Cell::new(heading), cell.clone()]);
            }
            if let Some(column) = block.column_mut(0) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            let name = row.first().map(Cell::content).unwrap_or_default();
            format!("{name}\n{}", block.trim_fmt())
        });
        blocks.collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(width()))
    }
}

/// An empty table of this width, coloured if standard output is to be.
fn styled(width: u16) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    if console::colors_enabled() {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    table
}

fn width() -> u16 {
    columns(&Term::stdout()).unwrap_or(UNTOLD)
}

/// The columns of the terminal; elsewhere what `COLUMNS` says.
pub(crate) fn columns(of: &Term) -> Option<u16> {
    let terminal = of.size_checked().map(|(_, columns)| columns);
    let told = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0);
    terminal.or_else(told)
}

/// A text in lines of at most so many columns, as long as every word has room; those that go on are indented. As it is
/// where nothing says how wide a line may be.
pub(crate) fn folded(text: &str, width: Option<u16>) -> String {
    let Some(width) = width.map(usize::from) else { return text.into() };
    text.split('\n').map(|line| fold(line, width)).collect::<Vec<_>>().join("\n")
}

fn fold(line: &str, width: usize) -> String {
    let indent = " ".repeat(line.len() - line.trim_start_matches(' ').len());
    let further = format!("{indent}  ");
    let options = Options::new(width)
        .initial_indent(&indent)
        .subsequent_indent(&further)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(line.trim_start_matches(' '), options)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word of a table stands whole in what is shown of it.
    fn check(table: &Table, width: u16) {
        let shown = table.render(width);
        let words: Vec<&str> = shown.split(|c: char| c.is_whitespace() || "│┆".contains(c)).collect();
        for text in table.rows.iter().flatten().map(Cell::content) {
            for word in text.split_whitespace() {
                assert!(words.contains(&word), "{word:?} is not whole at {width}:\n{shown}");
            }
        }
        let longest = shown.lines().map(measure_text_width).max().unwrap_or_default();
        assert!(longest <= usize::from(width), "{longest} columns at {width}:\n{shown}");
    }

    #[test]
    fn no_word_is_cut_whatever_the_width() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..2_000 {
            let columns = random.usize(1..8);
            let headings: Vec<String> = (0..columns).map(|_| word(&mut random)).collect();
            let mut rows = table(&headings.iter().map(String::as_str).collect::<Vec<_>>());
            for _ in 0..random.usize(1..5) {
                rows.add_row((0..columns).map(|place| {
                    let words = if place == 0 { 1 } else { random.usize(0..12) };
                    (0..words).map(|_| word(&mut random)).collect::<Vec<_>>().join(" ")
                }));
            }
            check(&rows, random.u16(60..160));
        }
    }

    #[test]
    fn a_sentence_is_folded_between_words_and_only_where_a_width_is_told() {
        let line = "  note: one two   three 0123456789abcdef";
        assert_eq!(folded(line, None), line);
        assert_eq!(folded(line, Some(80)), line);
        assert_eq!(folded(line, Some(16)), "  note: one two\n    three\n    0123456789abcdef");
        assert_eq!(folded("short\nand long", Some(8)), "short\nand long");
        let styled = console::style("SIMULATED: made up").force_styling(true).bold().to_string();
        assert_eq!(console::strip_ansi_codes(&folded(&styled, Some(14))), "SIMULATED:\n  made up");
        let mut random = fastrand::Rng::with_seed(9);
        for _ in 0..2_000 {
            let words: Vec<String> = (0..random.usize(1..30)).map(|_| word(&mut random)).collect();
            let (text, width) = (words.join(" "), random.u16(30..120));
            let shown = folded(&text, Some(width));
            assert_eq!(shown.split_whitespace().collect::<Vec<_>>(), words);
            assert!(shown.lines().all(|line| measure_text_width(line) <= usize::from(width)), "{width}: {shown}");
        }
    }

    fn word(random: &mut fastrand::Rng) -> String {
        let length = random.usize(1..24);
        (0..length).map(|_| random.lowercase()).collect()
    }
}
