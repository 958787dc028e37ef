//! The Platform Connectors of an account, each with its destination.

use serde_json::Value;
use source_evidence::checked::{Checked, Found};
use source_host::error::Result;
use source_report::record::is_never;
use std::collections::BTreeMap;

/// A Platform Connector.
#[derive(Debug, Default)]
pub struct Connector {
    /// Id of its connection.
    pub id: String,
    /// The schema that it writes to.
    pub schema: Option<String>,
    /// Minutes between its syncs.
    pub sync_minutes: Option<i64>,
    /// Its group's id, which is its destination's.
    pub group_id: Option<String>,
    /// Its group's name.
    pub group_name: Option<String>,
    /// Content of its destination, and pointers to what is withheld there; `None` where it was not collected.
    pub destination: Option<(Value, Vec<String>)>,
    /// `account` or `group`; `None` where it is not known.
    pub scope: Option<String>,
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// Whether its last success is recent.
    pub fresh: Option<bool>,
    /// When it last succeeded, as Fivetran wrote it.
    pub last_success: Option<String>,
}

/// A group's name, and its destination's content with pointers to what is withheld there.
type Place = (Option<String>, Option<(Value, Vec<String>)>);

/// Finds them, in the order of their ids.
pub fn find(account: &Checked) -> Result<Vec<Connector>> {
    let mut connectors: BTreeMap<String, Connector> = BTreeMap::new();
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    account.each(&["audit_logging", "connection", "group", "destination"], &mut |found| {
        let content = &found.content;
        let text = |name: &str| content.get(name).and_then(Value::as_str).map(String::from);
        match found.kind.as_str() {
            "audit_logging" if text("mechanism").as_deref() == Some("platform_connector") => {
                mechanism(&found, &mut connectors)
            }
            "connection" if text("service").as_deref() == Some("fivetran_log") => {
                let one = connectors.entry(found.subject_id.clone()).or_default();
                (one.id, one.schema, one.group_id) = (found.subject_id.clone(), text("schema"), text("group_id"));
                one.sync_minutes = content.get("sync_frequency").and_then(Value::as_i64);
            }
            "group" => places.entry(found.subject_id.clone()).or_default().0 = text("name"),
            "destination" => {
                places.entry(found.subject_id.clone()).or_default().1 = Some((found.content, found.withheld));
            }
            _ => {}
        }
        Ok(())
    })?;
    let mut all: Vec<Connector> = connectors.into_values().collect();
    for one in &mut all {
        let place = one.group_id.as_ref().and_then(|id| places.get(id)).cloned();
        (one.group_name, one.destination) = place.unwrap_or_default();
    }
    Ok(all)
}

fn mechanism(found: &Found, connectors: &mut BTreeMap<String, Connector>) {
    let text = |name: &str| found.content.get(name).and_then(Value::as_str).map(String::from);
    let flag = |name: &str| found.content.get(name).and_then(Value::as_bool);
    let one = connectors.entry(found.subject_id.clone()).or_default();
    one.id.clone_from(&found.subject_id);
    (one.scope, one.last_success) = (text("scope"), text("last_success"));
    (one.enabled, one.fresh) = (flag("enabled"), flag("fresh"));
}

impl Connector {
    /// What it is, in a line.
    pub fn sentence(&self) -> String {
        let service = self.service().unwrap_or("unknown");
        let group = self.group_id.as_deref().unwrap_or("unknown");
        let name = self.group_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        format!("Platform Connector {} of the destination {group}{name}, service {service}", self.id)
    }

    /// What its destination is.
    pub fn service(&self) -> Option<&str> {
        self.destination.as_ref()?.0.get("service")?.as_str()
    }

    /// What to know before reading what it writes.
    pub fn remarks(&self) -> Vec<String> {
        let mut out = Vec::new();
        match self.scope.as_deref() {
            Some("account") => {}
            Some(_) => out.push("it is of this destination only: entries of others are not in it".into()),
            None => out.push("it is not known whether it is of the whole account or of this destination only".into()),
        }
        if self.enabled == Some(false) {
            out.push("it is paused: nothing new is written".into());
        }
        if self.fresh == Some(false) {
            out.push(match self.last_success.as_deref() {
                Some(last) if is_never(last) => "it has never succeeded: nothing is written yet".into(),
                last => {
                    let last = last.unwrap_or("unknown");
                    format!("its last success is old ({last}): events from a gap of more than 7 days may be lost")
                }
            });
        }
        out
    }
}
