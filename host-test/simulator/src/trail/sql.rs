//! The six statements that a reader of the trail sends, in three dialects. Anything else is no statement.

use super::spec::Trail;
use super::table::{Table, Type};

/// By what instants are divided for a check.
pub const MODULUS: i64 = 1_000_000_007;

/// How a warehouse writes names and functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    BigQuery,
    Snowflake,
    Databricks,
}

impl Dialect {
    /// A table's whole name, quoted.
    pub fn table(self, trail: &Trail, table: Table) -> String {
        let (database, schema, name) = (&trail.place.database, &trail.place.schema, table.name());
        match self {
            Self::BigQuery => format!("`{database}.{schema}.{name}`"),
            Self::Snowflake => format!(r#""{database}"."{schema}"."{name}""#).to_uppercase(),
            Self::Databricks => format!("`{database}`.`{schema}`.`{name}`"),
        }
    }

    fn quote(self) -> char {
        if self == Self::Snowflake { '"' } else { '`' }
    }

    fn us(self, column: &str) -> String {
        match self {
            Self::BigQuery | Self::Databricks => format!("unix_micros({column})"),
            Self::Snowflake => format!("date_part(epoch_microsecond, {column})"),
        }
    }

    fn str(self, expression: &str) -> String {
        match self {
            Self::BigQuery | Self::Databricks => format!("cast({expression} as string)"),
            Self::Snowflake => format!("to_varchar({expression})"),
        }
    }

    fn text(self, trail: &Trail, column: &str) -> String {
        match self {
            Self::BigQuery if trail.json_values => format!("to_json_string({column})"),
            Self::BigQuery => column.into(),
            Self::Snowflake | Self::Databricks => self.str(column),
        }
    }

    /// How a column is asked for.
    fn expression(self, trail: &Trail, (name, column): (&str, Type)) -> String {
        match column {
            Type::Text => name.into(),
            Type::Instant => self.str(&self.us(name)),
            Type::Json => self.text(trail, name),
        }
    }
}

/// Which rows a statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Captured at this instant or later, in microseconds since 1970.
    pub from: i64,
    /// Synced at this instant or before.
    pub upto: i64,
    /// Only rows whose `message_data` contains the word.
    pub actors: bool,
}

/// What a statement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Id and name of the account.
    Account,
    /// The columns, no rows.
    Columns,
    /// Count, first and last instant, last sync.
    Count(Range),
    /// The same of all rows, with the sum of the instants' remainders and the number of keys.
    Check,
    /// Rows in order: the number of each column that is asked for, `None` for null.
    Rows {
        /// Which rows.
        range: Range,
        /// Positions among the table's columns.
        columns: Vec<Option<usize>>,
        /// How many at most.
        limit: usize,
        /// How many are left out.
        offset: usize,
    },
}

/// A statement that is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The table that it reads.
    pub table: Table,
    /// What it asks for.
    pub shape: Shape,
    /// What it selects, as it is written.
    pub selected: Vec<String>,
}

/// Why a statement has no rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is none, near this text.
    Syntax(String),
    /// There is no such table.
    NoTable(String),
    /// There is no such column.
    NoColumn(String),
    /// The table must not be read.
    Forbidden(String),
}

/// Text that is read from its beginning.
struct Rest<'s>(&'s str);

impl<'s> Rest<'s> {
    fn eats(&mut self, word: &str) -> bool {
        self.0.strip_prefix(word).map(|rest| self.0 = rest).is_some()
    }

    fn expects(&mut self, word: &str) -> Result<(), Refusal> {
        if self.eats(word) { Ok(()) } else { Err(self.refused()) }
    }

    fn word(&mut self) -> &'s str {
        let (word, rest) = self.0.split_at(self.0.find(' ').unwrap_or(self.0.len()));
        self.0 = rest;
        word
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, Refusal> {
        let sign = usize::from(self.0.starts_with('-'));
        let digits = self.0.get(sign..).unwrap_or_default();
        let end = sign + digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
        let (digits, rest) = self.0.split_at(end);
        let number = digits.parse().map_err(|_| self.refused())?;
        self.0 = rest;
        Ok(number)
    }

    fn refused(&self) -> Refusal {
        Refusal::Syntax(self.0.split(' ').find(|word| !word.is_empty()).unwrap_or("<end of statement>").into())
    }
}

/// Reads a statement.
pub fn parse(dialect: Dialect, trail: &Trail, text: &str) -> Result<Statement, Refusal> {
    let mut start = Rest(text);
    start.expects("select ")?;
    let (selected, rest) = start.0.split_once(" from ").ok_or_else(|| start.refused())?;
    let mut rest = Rest(rest);
    let name = rest.word();
    let quote = dialect.quote();
    if name.len() < 3 || !name.starts_with(quote) || !name.ends_with(quote) {
        return Err(Refusal::Syntax(name.into()));
    }
    let found = Table::ALL.into_iter().find(|table| dialect.table(trail, *table) == name);
    // A name that is wrong elsewhere is told only after the syntax is right.
    let last = name.replace(quote, "").rsplit('.').next().unwrap_or_default().to_lowercase();
    let named = || Table::ALL.into_iter().find(|table| table.name() == last);
    let table = found.or_else(named).unwrap_or(Table::AuditTrail);
    let (shape, selected) = match (selected, table) {
        ("id, name", Table::Account) => (whole(&mut rest, " limit 2", Shape::Account)?, vec!["id", "name"]),
        ("*", _) => (whole(&mut rest, " limit 0", Shape::Columns)?, Vec::new()),
        _ if rest.0.is_empty() => (Shape::Check, checks(dialect, table, selected).ok_or_else(|| rest.refused())?),
        _ => ranged(dialect, trail, table, selected, &mut rest)?,
    };
    if !rest.0.is_empty() {
        return Err(rest.refused());
    }
    let shown = name.replace(quote, "");
    if found.is_none_or(|table| trail.no_table.contains(&table)) {
        return Err(Refusal::NoTable(shown));
    }
    if trail.no_permission.contains(&table) {
        return Err(Refusal::Forbidden(shown));
    }
    missing_column(trail, table, &shape)?;
    Ok(Statement { table, shape, selected: selected.into_iter().map(String::from).collect() })
}

fn whole(rest: &mut Rest<'_>, tail: &str, shape: Shape) -> Result<Shape, Refusal> {
    rest.expects(tail)?;
    Ok(shape)
}

/// A statement with conditions.
fn ranged<'s>(
    dialect: Dialect,
    trail: &Trail,
    table: Table,
    selected: &'s str,
    rest: &mut Rest<'_>,
) -> Result<(Shape, Vec<&'s str>), Refusal> {
    let (at, synced) = (dialect.us(table.instant()), dialect.us("_fivetran_synced"));
    rest.expects(&format!(" where {at} >= "))?;
    let from = rest.number()?;
    rest.expects(&format!(" and {synced} <= "))?;
    let upto = rest.number()?;
    let actors =
        table == Table::Log && rest.eats(&format!(" and {} like '%actor%'", dialect.text(trail, "message_data")));
    let range = Range { from, upto, actors };
    let counts = counts(dialect, table);
    if selected == counts.join(", ") {
        return Ok((Shape::Count(range), parts(selected, &counts)));
    }
    let (columns, words) = columns(dialect, trail, table, selected)?;
    rest.expects(&format!(" order by {at}, id limit "))?;
    let limit = rest.number()?;
    rest.expects(" offset ")?;
    let offset = rest.number()?;
    Ok((Shape::Rows { range, columns, limit, offset }, words))
}

/// Count, first and last instant, last sync.
fn counts(dialect: Dialect, table: Table) -> [String; 4] {
    let (at, synced) = (dialect.us(table.instant()), dialect.us("_fivetran_synced"));
    let expressions = ["count(*)".into(), format!("min({at})"), format!("max({at})"), format!("max({synced})")];
    expressions.map(|expression| dialect.str(&expression))
}

/// What a check of the whole table selects, if it is that.
fn checks(dialect: Dialect, table: Table, selected: &str) -> Option<Vec<&str>> {
    let at = dialect.us(table.instant());
    let keys = format!("count(distinct concat(id, ' ', {}))", dialect.str(&at));
    let more = [dialect.str(&format!("sum(mod({at}, {MODULUS}))")), dialect.str(&keys)];
    let all: Vec<String> = counts(dialect, table).into_iter().chain(more).collect();
    (selected == all.join(", ")).then(|| parts(selected, &all))
}

/// The text of each of these expressions.
fn parts<'s>(selected: &'s str, expressions: &[String]) -> Vec<&'s str> {
    let mut rest = selected;
    let part = |expression: &String| {
        let (word, more) = rest.split_at_checked(expression.len())?;
        rest = more.trim_start_matches(", ");
        Some(word)
    };
    expressions.iter().filter_map(part).collect()
}

/// The columns for rows, each as it has to be asked for, or null.
fn columns<'s>(
    dialect: Dialect,
    trail: &Trail,
    table: Table,
    selected: &'s str,
) -> Result<(Vec<Option<usize>>, Vec<&'s str>), Refusal> {
    let mut rest = Rest(selected);
    let (mut numbers, mut expressions) = (Vec::new(), Vec::new());
    for (number, column) in table.read().iter().enumerate() {
        if number > 0 {
            rest.expects(", ")?;
        }
        let mut expression = dialect.expression(trail, *column);
        if rest.eats("null") {
            expression = "null".into();
            numbers.push(None);
        } else {
            rest.expects(&expression)?;
            numbers.push(Some(number));
        }
        expressions.push(expression);
    }
    if rest.0.is_empty() && !expressions.is_empty() {
        return Ok((numbers, parts(selected, &expressions)));
    }
    Err(rest.refused())
}

/// Refuses what names a column that is not there.
fn missing_column(trail: &Trail, table: Table, shape: &Shape) -> Result<(), Refusal> {
    let named: Vec<&str> = match shape {
        Shape::Columns => return Ok(()),
        Shape::Account => vec!["id", "name"],
        Shape::Count(_) => vec![table.instant(), "_fivetran_synced"],
        Shape::Check => vec!["id", table.instant(), "_fivetran_synced"],
        Shape::Rows { columns, .. } => {
            let all = columns.iter().flatten().filter_map(|number| table.columns().get(*number));
            all.map(|(name, _)| *name).chain(["id", table.instant(), "_fivetran_synced"]).collect()
        }
    };
    match named.into_iter().find(|name| trail.no_column.iter().any(|missing| missing == name)) {
        Some(name) => Err(Refusal::NoColumn(name.into())),
        None => Ok(()),
    }
}
