//! Secrets and names of many shapes, planted into old and new values, into the data of log events and in place of
//! actors: nothing comes out that is not named here, in both personal-data modes.

use super::{ACTION, ENTRY, PLACES, config, parsed, plugin, small, tenant_with};
use crate::shapes::{Shape, holds_needle, shapes};
use crate::support::{block_on, collect, options, simulator};
use fivetran_simulator::{Config, Hook, Reply, RequestInfo, Vendor};
use serde_json::{Map, Value, json};
use source_host::plugin::Plugin;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const HASHED: &str = r#"{"personal_data": "hashed", "personal_data_key": "0123456789abcdef"}"#;

/// Names under which something is kept, if it looks like what stands there, and others.
const NAMES: [&str; 22] = [
    "password",
    "config",
    "name",
    "email",
    "phone",
    "given_name",
    "description",
    "host",
    "x",
    "api_key",
    "active",
    "daily_sync_time",
    "data_delay_threshold",
    "group_id",
    "networking_method",
    "private_link_id",
    "region",
    "role",
    "schedule_type",
    "service",
    "sync_frequency",
    "setup_status",
];

/// Where a shape stands: under every name, deeper and in lists, and as the name of a setting.
fn values(text: &str) -> Value {
    let mut all: Map<String, Value> = NAMES.iter().map(|name| ((*name).to_string(), text.into())).collect();
    let under: Map<String, Value> = all.clone();
    all.insert("deep".into(), under.clone().into());
    all.insert("list".into(), json!([text, {"password": text}, under]));
    all.insert(text.into(), json!(1));
    all.into()
}

/// Plants a text into every cell of settings and every log event's data, the actor aside or only there.
struct Planter {
    text: String,
    in_actors: bool,
    planted: AtomicUsize,
}

impl Planter {
    fn data(&self, actor: &Value) -> Value {
        self.planted.fetch_add(1, Ordering::SeqCst);
        if self.in_actors && !actor.is_null() && actor != "fivetran" {
            return json!({"actor": self.text, "id": "x"});
        }
        let mut data = values(&self.text);
        data.as_object_mut().unwrap().extend([
            ("actor".to_string(), actor.clone()),
            ("properties".to_string(), values(&self.text)),
            ("id".to_string(), self.text.clone().into()),
            ("message".to_string(), self.text.clone().into()),
        ]);
        data
    }

    fn cell(&self, cell: &mut String) {
        let Ok(Value::Object(settings)) = serde_json::from_str::<Value>(cell) else { return };
        // An object with an actor, or of a sync, is of a log event.
        if let Some(actor) = settings.get("actor") {
            *cell = self.data(actor).to_string();
        } else if !settings.contains_key("table") && !self.in_actors {
            let number = self.planted.fetch_add(1, Ordering::SeqCst);
            // Now and then, no object at all.
            *cell = match number % 8 {
                0 => json!(self.text).to_string(),
                1 => self.text.clone(),
                2 => json!([self.text]).to_string(),
                _ => values(&self.text).to_string(),
            };
        }
    }

    fn walk(&self, value: &mut Value) {
        match value {
            Value::String(cell) => self.cell(cell),
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            // Datadog has it as objects.
            Value::Object(fields) if fields.contains_key("properties") => {
                let actor = fields["actor"].clone();
                *value = self.data(&actor);
            }
            Value::Object(fields) => fields.values_mut().for_each(|item| self.walk(item)),
            _ => {}
        }
    }

    fn hook(self: &Arc<Self>) -> Hook {
        let planter = Arc::clone(self);
        Arc::new(move |_: &RequestInfo, mut reply: Reply| {
            let mut body: Value = serde_json::from_slice(&reply.body).unwrap();
            planter.walk(&mut body);
            reply.body = body.to_string().into();
            reply
        })
    }
}

fn each_string(value: &Value, place: &str, each: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) => each(place, text),
        Value::Array(items) => items.iter().for_each(|item| each_string(item, &format!("{place}[]"), each)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            each(&format!("{place}.(name)"), name);
            each_string(value, &format!("{place}.{name}"), each);
        }),
        _ => {}
    }
}

/// Places of records where the needle comes out; and how many records there are.
async fn leaks(
    plugin: &Plugin,
    vendor: Vendor,
    settings: &str,
    shape: &Shape,
    in_actors: bool,
) -> (BTreeSet<String>, usize) {
    let planter = Arc::new(Planter { text: shape.text.clone(), in_actors, planted: AtomicUsize::new(0) });
    let simulator = simulator(Config { hook: Some(planter.hook()), ..config(vendor, &small()) }).await;
    let tenant = tenant_with(&simulator, vendor, &serde_json::from_str(settings).unwrap());
    let collected = collect(plugin, &tenant, options(None, Some(1))).await.unwrap();
    assert!(planter.planted.load(Ordering::SeqCst) > 20, "{vendor:?}: hardly anything was planted");
    let mut out = BTreeSet::new();
    for record in parsed(&collected.lines) {
        let kind = record["kind"].as_str().unwrap();
        each_string(&record, kind, &mut |place, text| {
            if holds_needle(text) {
                out.insert(place.to_string());
            }
        });
    }
    for page in &collected.pages {
        for text in [format!("{:?}", page.coverage), format!("{:?}", page.diagnostics), format!("{:?}", page.stopped)] {
            assert!(!holds_needle(&text), "{vendor:?}, {}: {text}", shape.name);
        }
    }
    let data = [ENTRY, ACTION];
    (out, parsed(&collected.lines).iter().filter(|record| data.iter().any(|kind| record["kind"] == *kind)).count())
}

/// What may come out of settings: a person's name that looks like what stands in a setting that is kept.
fn is_named(shape: &Shape, mode: &str, place: &str) -> bool {
    let _ = (shape, mode, place);
    false
}

async fn check(in_actors: bool) {
    let plugin = plugin().await;
    let mut unnamed = Vec::new();
    for (mode, settings) in [("full", "{}"), ("hashed", HASHED)] {
        for shape in shapes() {
            for vendor in PLACES {
                let (out, records) = leaks(&plugin, vendor, settings, &shape, in_actors).await;
                assert!(records > 20, "{vendor:?}, {}: {records} records", shape.name);
                let of = out.into_iter().filter(|place| !is_named(&shape, mode, place));
                unnamed.extend(of.map(|place| format!("{vendor:?}, {mode}, {}: {place}", shape.name)));
            }
        }
    }
    assert!(unnamed.is_empty(), "{} places: {unnamed:#?}", unnamed.len());
}

#[test]
fn nothing_of_settings_and_log_events_comes_out_that_is_not_named() {
    block_on(check(false));
}

#[test]
fn of_actors_only_people_come_out_and_hashed_where_that_is_set() {
    block_on(check(true));
}
