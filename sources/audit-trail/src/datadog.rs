//! Datadog's log search: for customers whose Fivetran logs go there and to no warehouse.
//! <https://docs.datadoghq.com/api/latest/logs/search-logs-get/>, read 2026-11.
//!
//! A log service gets Fivetran's log events, with what users did to the account, users, teams, destinations and
//! connections; not the entries of the table AUDIT_TRAIL. They have no id of Fivetran's: Datadog's is taken. Nothing can be
//! counted, so nothing is proven complete; how far back it goes is up to the customer's index.

use crate::ask::{Answer, Cell, Heard, ODD, Part, Rows};
use crate::json;
use crate::place::{Place, encoded, rows_of, token};
use crate::step::{Phase, Step, Way};
use crate::table::Table;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use source_kit::Ask;
use source_kit::base::timestamp::Timestamp;
use source_kit::read::node::Node;

/// Logs in Datadog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datadog {
    /// One of [`SITES`].
    pub site: String,
    /// The search; Fivetran's logs where it is not set.
    pub query: Option<String>,
}

/// Every site of Datadog. Its API is on the host `api.` and the site.
pub const SITES: &[&str] = &[
    "datadoghq.com",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "datadoghq.eu",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "uk1.datadoghq.com",
    "ddog-gov.com",
    "us2.ddog-gov.com",
];
/// What a search finds by default.
pub const QUERY: &str = "source:fivetran";
/// Logs on a page, at most.
const PAGE: u32 = 1000;
/// The permission that an application key needs.
pub const PERMISSION: &str = "logs_read_data";

impl Place for Datadog {
    fn name(&self) -> &'static str {
        "datadog"
    }

    fn host(&self) -> Cow<'_, str> {
        format!("api.{}", self.site).into()
    }

    fn way(&self, table: Table, _: Option<i64>) -> Option<Way> {
        (table == Table::Log).then_some(Way::Search)
    }

    fn ask(&self, step: &Step) -> Ask {
        let instant = |micros: i64| encoded(&Timestamp(micros.max(0) / 1000).to_rfc3339());
        let query = encoded(self.query.as_deref().unwrap_or(QUERY));
        let (since, cursor) = match &step.phase {
            // The beginning of the search, which the cursor belongs to.
            Phase::Rows(Some(open)) => (open.part.handle.parse().unwrap_or(0), Some(&open.part.next)),
            _ => (step.at_us, None),
        };
        let (from, to) = (instant(since), instant(step.watermark_us));
        let cursor = cursor.map_or_else(String::new, |cursor| format!("&page%5Bcursor%5D={}", encoded(cursor)));
        let path = format!(
            "/api/v2/logs/events?filter%5Bquery%5D={query}&filter%5Bfrom%5D={from}&filter%5Bto%5D={to}&sort=timestamp&page%5Blimit%5D={PAGE}{cursor}"
        );
        Ask::get(self.host().into_owned(), &path)
    }

    fn pointer(&self, _: &Step) -> &'static str {
        "/data"
    }

    fn read<'a>(&self, step: &Step, heard: Heard<'a>) -> Answer<'a> {
        match heard.status {
            200 => Node::read(heard.body).and_then(|body| page(step, body)).unwrap_or(ODD),
            401 => Answer::Unauthorized,
            403 => Answer::Refused(Some(PERMISSION.into())),
            400 if matches!(step.phase, Phase::Rows(Some(_))) => Answer::Lost,
            _ => Answer::Broken("Datadog answered with a failure"),
        }
    }
}

fn page<'a>(step: &Step, body: Node<'a>) -> Option<Answer<'a>> {
    if json::text(&body, &["meta", "status"]) == Some("timeout") {
        return Some(Answer::Broken("Datadog ran out of time, and left logs out of the answer"));
    }
    let (handle, skip) = match &step.phase {
        Phase::Rows(Some(open)) => (open.part.handle.clone(), 0),
        // What was read before the search was lost comes first again.
        _ => (step.at_us.to_string(), usize::try_from(step.skip).ok()?),
    };
    let next = match json::text(&body, &["meta", "page", "after"]) {
        None | Some("") => None,
        Some(after) => Some(Part { handle, next: token(after)? }),
    };
    let logs = json::array(json::take(body, &["data"])?)?.into_iter();
    let rows = logs.skip(skip).map(row).collect::<Option<Vec<_>>>()?;
    Some(rows_of(step, Rows { columns: Vec::new(), rows, total: None, next }))
}

/// A log as a row of the table `log`. Fivetran's event stands in the attributes, or as JSON in the message.
fn row(log: Node<'_>) -> Option<Vec<Cell<'_>>> {
    let id = json::text(&log, &["id"])?.to_string();
    let stamp = json::text(&log, &["attributes", "timestamp"])?;
    let micros = Timestamp::parse_rfc3339(stamp)?.0.checked_mul(1000)?.to_string();
    let message = json::text(&log, &["attributes", "message"]).map(ToString::to_string);
    let attributes = json::take(log, &["attributes", "attributes"]).filter(|node| json::at(node, &["event"]).is_some());
    let from_message = message.as_deref().and_then(Node::read);
    let event = attributes.as_ref().or(from_message.as_ref());
    let text = |names: &[&str]| {
        names.iter().find_map(|name| json::text(event?, &[name])).map(|text| Cow::Owned(text.to_string()))
    };
    let data = event.and_then(|event| json::at(event, &["data"])).cloned().map(json::cell);
    let data = data.flatten().map(|text| Cow::Owned(text.into_owned()));
    let name: Cell<'_> = text(&["event"]);
    Some(vec![
        Some(Cow::Owned(id)),
        Some(Cow::Owned(micros)),
        text(&["connection_id", "connector_id"]),
        None,
        name,
        data,
        None,
    ])
}
