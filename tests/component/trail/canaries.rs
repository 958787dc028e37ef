//! Secrets and names of many shapes, planted into old and new values, into the data of log events and in place of
//! actors: nothing comes out that is not named here, in both personal-data modes.

use super::{ACTION, PLACES, WAREHOUSES, config, contents, parsed, plugin, small, tenant_with};
use crate::shapes::{Shape, holds_needle, shapes};
use crate::support::{block_on, collect, options, simulator};
use fivetran_simulator::{Config, Hook, Reply, RequestInfo, Trail, Vendor};
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

/// Plants one shape after the other into the cells of settings and the data of log events, the actor aside or only
/// there.
struct Planter {
    shapes: Vec<Shape>,
    in_actors: bool,
    planted: AtomicUsize,
}

impl Planter {
    /// The next text, and its number.
    fn next(&self) -> (String, usize) {
        let number = self.planted.fetch_add(1, Ordering::SeqCst);
        (self.shapes[number % self.shapes.len()].text.clone(), number)
    }

    fn data(&self, actor: &Value) -> Value {
        let (text, _) = self.next();
        if self.in_actors && !actor.is_null() && actor != "fivetran" {
            return json!({"actor": text, "id": "x"});
        }
        let mut data = values(&text);
        data.as_object_mut().unwrap().extend([
            ("actor".to_string(), actor.clone()),
            ("properties".to_string(), values(&text)),
            ("id".to_string(), text.clone().into()),
            ("message".to_string(), text.into()),
        ]);
        data
    }

    fn cell(&self, cell: &mut String) {
        let Ok(Value::Object(settings)) = serde_json::from_str::<Value>(cell) else { return };
        // An object with an actor, or of a sync, is of a log event.
        if let Some(actor) = settings.get("actor") {
            *cell = self.data(actor).to_string();
        } else if !settings.contains_key("table") && !self.in_actors {
            let (text, number) = self.next();
            // Now and then, no object at all.
            *cell = match number % 8 {
                0 => json!(text).to_string(),
                1 => text,
                2 => json!([text]).to_string(),
                _ => values(&text).to_string(),
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

/// Shapes that come out, each with its place in a record.
type Leaks = BTreeSet<(String, String)>;

async fn leaks(plugin: &Plugin, vendor: Vendor, settings: &str, in_actors: bool) -> Leaks {
    let planter = Arc::new(Planter { shapes: shapes(), in_actors, planted: AtomicUsize::new(0) });
    let trail = Trail { entries: 400, logs: 1_000, ..Trail::default() };
    let simulator = simulator(Config { hook: Some(planter.hook()), ..config(vendor, &trail) }).await;
    let tenant = tenant_with(&simulator, vendor, &serde_json::from_str(settings).unwrap());
    let collected = collect(plugin, &tenant, options(None, Some(1))).await.unwrap();
    // Every shape, and in settings every form of a cell with every shape.
    let most = if in_actors || vendor == Vendor::Datadog { 1 } else { 8 };
    assert!(planter.planted.load(Ordering::SeqCst) > most * planter.shapes.len(), "{vendor:?}");
    assert!(contents(&collected.lines, ACTION).len() > 100, "{vendor:?}");
    let mut out = Leaks::new();
    for record in parsed(&collected.lines) {
        each_string(&record, record["kind"].as_str().unwrap(), &mut |place, text| {
            if holds_needle(text) {
                let of = planter.shapes.iter().find(|shape| text.contains(&shape.text));
                out.insert((of.map_or("changed", |shape| shape.name).into(), place.into()));
            }
        });
    }
    for page in &collected.pages {
        let said = format!("{:?} {:?} {:?}", page.coverage, page.diagnostics, page.stopped);
        assert!(!holds_needle(&said), "{vendor:?}: {said}");
    }
    out
}

/// A name that looks like an id or a word: here nobody knows whose names there are, as the Fivetran source does.
const WORD: &str = "name in a word";

/// What comes out of settings, in both modes: the names of settings, and values under names that are kept, where they
/// look like what stands there.
fn of_settings(vendor: Vendor) -> Leaks {
    let leak = |shape: &str, place: &str| (shape.to_string(), place.to_string());
    let mut all = Leaks::from([leak(WORD, "user_action.withheld[].pointer")]);
    if vendor == Vendor::Datadog {
        return all;
    }
    all.insert(leak(WORD, "audit_trail_entry.withheld[].pointer"));
    all.insert(leak(WORD, "audit_trail_entry.content.changed[]"));
    let words = ["networking_method", "region", "schedule_type", "service", "setup_status"];
    for side in ["old_values", "new_values"] {
        let place = |name: &str| format!("audit_trail_entry.content.{side}.{name}");
        all.extend(words.map(|name| leak(WORD, &place(name))));
        for name in ["group_id", "private_link_id", "role"] {
            all.extend([WORD, "name"].map(|shape| leak(shape, &place(name))));
        }
    }
    all
}

async fn check(in_actors: bool, named: impl Fn(Vendor, bool) -> Leaks) {
    let plugin = plugin().await;
    for (is_hashed, settings) in [(false, "{}"), (true, HASHED)] {
        for vendor in PLACES {
            let (got, want) = (leaks(&plugin, vendor, settings, in_actors).await, named(vendor, is_hashed));
            let what = format!("{vendor:?}, hashed {is_hashed}");
            assert!(got.is_subset(&want), "{what}: {:#?}", got.difference(&want).collect::<Vec<_>>());
            assert!(got == want, "{what}: no more: {:#?}", want.difference(&got).collect::<Vec<_>>());
        }
    }
}

#[test]
fn nothing_of_settings_and_log_events_comes_out_that_is_not_named() {
    block_on(check(false, |vendor, _| of_settings(vendor)));
}

/// In full, people are shown; hashed, only what looks like an id is.
#[test]
fn of_actors_only_people_come_out_and_hashed_where_that_is_set() {
    block_on(check(true, |_, is_hashed| {
        let people = shapes().into_iter().filter(|shape| shape.person && (!is_hashed || shape.name == WORD));
        people.map(|shape| (shape.name.to_string(), "user_action.content.user_id".to_string())).collect()
    }));
}

#[test]
fn hashed_each_address_is_one_hash_and_ids_are_as_they_were() {
    block_on(async {
        let plugin = plugin().await;
        for vendor in WAREHOUSES {
            let trail = Trail { logs: 1_000, ..small() };
            let simulator = simulator(config(vendor, &trail)).await;
            let users = async |settings: &str| {
                let tenant = tenant_with(&simulator, vendor, &serde_json::from_str(settings).unwrap());
                let lines = collect(&plugin, &tenant, options(None, None)).await.unwrap().lines;
                let text = |action: Value| action["user_id"].as_str().unwrap().to_string();
                let users: Vec<String> = contents(&lines, ACTION).into_iter().map(text).collect();
                (users, lines.concat())
            };
            let ((full, _), (hashed, lines)) = (users("{}").await, users(HASHED).await);
            let pairs: BTreeSet<(&String, &String)> = full.iter().zip(&hashed).collect();
            let (people, ids): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(full, _)| full.contains('@'));
            let hashes: BTreeSet<&String> = people.iter().map(|(_, hash)| *hash).collect();
            let names: BTreeSet<&String> = people.iter().map(|(name, _)| *name).collect();
            assert!(names.len() > 2 && hashes.len() == names.len() && people.len() == names.len(), "{people:?}");
            assert!(ids.len() > 2 && ids.iter().all(|(full, hashed)| full == hashed), "{ids:?}");
            assert!(names.iter().all(|name| !lines.contains(*name)), "{vendor:?}");
        }
    });
}
