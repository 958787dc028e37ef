//! How the kit asks: a request of the table of resources is a table's name and a step of its walk, and becomes what
//! the place understands.

use crate::account::{Whose, whose};
use crate::ask::{Answer, Heard, Rows};
use crate::cursor;
use crate::item::Items;
use crate::place::Place;
use crate::remedy;
use crate::settings::Settings;
use crate::source::AuditTrail;
use crate::step::{Phase, Step};
use crate::table::Table;
use crate::trail_source::AccountItem;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use source_kit::base::counted;
use source_kit::read::body::is_page;
use source_kit::{Ask, Asked, Data, ListPage, Opened, Page, Protocol, Response, Shape, Told};

/// Wait before a statement that still runs is asked for again, in milliseconds. The place has already waited itself
/// before it says so.
const POLL_MS: u64 = 2_000;

impl Protocol for AuditTrail {
    const VENDOR: &'static str = "the place of the audit trail";
    const HOST: &'static str = "the host in the settings";
    const QUOTA_PER_HOUR: u32 = 20_000;
    const LONGEST_CURSOR: usize = cursor::LONGEST;

    type Settings = Settings;

    fn host(settings: &Settings) -> Cow<'_, str> {
        settings.place.as_ref().map_or(Self::HOST.into(), |place| place.as_dyn().host())
    }

    fn ask(settings: &Settings, request: &str) -> Ask {
        match walk(settings, request) {
            Some((place, step)) => place.ask(&step),
            // No host of that name is granted.
            None => Ask::get("", request),
        }
    }

    fn told(settings: &Settings, asked: Asked<'_>, response: &Response, shape: Shape) -> Told {
        // What may pass is tried again by the kit, and a page for people is nobody's answer.
        let passes = matches!(response.status, 408 | 429 | 500..);
        let is_none = passes || is_page(&response.body);
        let Some((place, step)) = walk(settings, asked.request).filter(|_| !is_none) else {
            return Told::ByStatus;
        };
        // A log service has no table ACCOUNT, so a search of the log stands in for it; it has no audit trail.
        let table = table_of(asked.request);
        if table != Some(step.table) && table != Some(Table::Account) {
            return Told::Missing(String::new());
        }
        let Ok(body) = core::str::from_utf8(&response.body) else { return Told::Broken("the body is not UTF-8") };
        let (step, polled) = as_asked(place, step, asked.ask);
        match place.read(&step, Heard { status: response.status, body, polled }) {
            Answer::Rows(rows) => found(settings, place, &step, &rows, shape).unwrap_or_else(Told::Broken),
            Answer::Later(ask) => Told::Later(ask, POLL_MS),
            Answer::Lost => Told::Again(place.ask(&step.lost()), POLL_MS),
            Answer::Missing => Told::Missing(String::new()),
            Answer::Refused(named) => Told::Forbidden(named.map(|named| right(named, step.table))),
            Answer::Unauthorized => Told::Unauthorized,
            Answer::Broken(what) if step.phase == Phase::Account => Told::Broken(remedy::of_account(what)),
            Answer::Broken(what) => Told::Broken(what),
        }
    }

    fn page_query(page: &Page<'_>) -> String {
        let micros = |millis: i64| millis.saturating_mul(1000);
        let since = page.since.map_or(String::new(), |since| format!("{}", micros(since.0)));
        format!("since={since}&now={}&cursor={}", micros(page.now.0), page.cursor.unwrap_or_default())
    }
}

/// What rows say: whose they are, or a page of a list.
fn found(
    settings: &Settings,
    place: &dyn Place,
    step: &Step,
    rows: &Rows<'_>,
    shape: Shape,
) -> Result<Told, &'static str> {
    let pointer = place.pointer(step);
    if shape != Shape::List {
        let item = account(settings, place, step, rows)?;
        let data = Data::Object(0..item.len());
        return Ok(Told::Data(item, Opened::at(pointer, data)));
    }
    let next = step.next(rows)?;
    let mut items = Items::of(&next, rows);
    let is_done = next.phase == Phase::Done;
    if is_done {
        items.add_source(&next, place, settings);
    }
    let cursor = (!is_done).then(|| next.to_text());
    let (text, ranges) = items.into_parts();
    let page = ListPage { changed: changed(&next), ..ListPage::new(ranges, cursor) };
    Ok(Told::Data(text, Opened::at(pointer, Data::Page(page))))
}

/// The right that is short, as the place names it, and of which table.
fn right(named: String, table: Table) -> String {
    if named == "SELECT" { format!("SELECT on {}", table.name().to_ascii_uppercase()) } else { named }
}

/// The table that a request names.
fn table_of(request: &str) -> Option<Table> {
    let name = request.split('?').next()?;
    [Table::Account, Table::AuditTrail, Table::Log].into_iter().find(|table| table.name() == name)
}

/// Where and what a request asks. A log service has neither an account nor an audit trail: there the log is asked in
/// their place, so that it shows whether the keys are accepted.
fn walk<'s>(settings: &'s Settings, request: &str) -> Option<(&'s dyn Place, Step)> {
    let place = settings.place.as_ref()?.as_dyn();
    let table = table_of(request)?;
    let value = |name: &str| {
        let (_, query) = request.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    if let Some(cursor) = value("cursor").filter(|cursor| !cursor.is_empty()) {
        return Some((place, Step::from_text(place, cursor).filter(|step| step.table == table)?));
    }
    let number = |name: &str| value(name).and_then(|text| text.parse().ok());
    let first = |table| place.first(table, number("since"), number("now").unwrap_or(i64::MAX));
    Some((place, first(table).or_else(|| first(Table::Log))?))
}

/// The step that an answer is read for, and whether it is one that was waited for.
fn as_asked(place: &dyn Place, step: Step, ask: &Ask) -> (Step, bool) {
    if *ask == place.ask(&step) {
        return (step, false);
    }
    // Once a result is gone, its statement is asked again, and may be waited for again.
    let again = step.lost();
    if again != step && (*ask == place.ask(&again) || !is_of_result(&step, ask)) {
        let polled = *ask != place.ask(&again);
        return (again, polled);
    }
    (step, true)
}

/// Whether a request names the result that a step is in the midst of.
fn is_of_result(step: &Step, ask: &Ask) -> bool {
    match &step.phase {
        Phase::Rows(Some(open)) => ask.path_and_query.contains(&open.part.handle),
        _ => false,
    }
}

/// The item that names the account.
fn account(settings: &Settings, place: &dyn Place, step: &Step, rows: &Rows<'_>) -> Result<String, &'static str> {
    let mut item = AccountItem {
        id: settings.account.as_deref().unwrap_or_default().into(),
        name: None,
        place: place.name().into(),
        statement: None,
    };
    if step.table == Table::Account {
        match whose(rows) {
            Whose::Of(id, name) => (item.id, item.name) = (id.into(), name.map(Into::into)),
            Whose::Unclear(what) => return Err(what),
        }
        item.statement = Some(place.statement(step).into());
    }
    serde_json::to_string(&item).map_err(|_| "the account cannot be written down")
}

/// How a table was seen to change while it was read.
fn changed(done: &Step) -> Option<String> {
    let (before, after) = (done.counted?, done.recounted?);
    let moved = if done.moved { ", and not all of them are those that were counted" } else { "" };
    (!done.is_complete() && done.phase == Phase::Done).then(|| {
        format!("{} counted before, {} read, {after} counted after{moved}", counted(before, "row"), done.delivered)
    })
}
