//! What leaves the component of what Fivetran answers? A random text is planted in every string of
//! every answer, one field after the other: it may come out only where `golden/kept_fields.txt` says,
//! which a person can review. `UPDATE_GOLDEN=1 cargo test --test component canary_fields` writes that file.

use crate::support::{account, block_on, options, plugin, simulator, tenant};
use crate::templates::asked;
use fivetran_simulator::{Hook, Reply, RequestInfo, Simulator};
use serde_json::{Value, json};
use source_host::collection::{Collection, CollectionOptions};
use source_host::plugin::Plugin;
use source_host::records;
use source_host::tenant::Tenant;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A field: the template of its endpoint, and its JSON pointer with `*` for any element.
type Place = (String, String);

/// What the simulator does with its answers.
#[derive(Default)]
struct Spy {
    /// Every string field seen.
    seen: BTreeSet<Place>,
    /// Where to plant what.
    plant: BTreeMap<Place, String>,
    /// Where it was planted.
    planted: BTreeSet<Place>,
    /// Whether single items are refused: then more of what lists say comes out.
    refuses_items: bool,
}

/// Names of data, not of fields: they are shown as `*`.
fn is_data(parent: &str) -> bool {
    ["schemas", "tables", "columns"].iter().any(|name| parent.ends_with(&format!("/{name}")))
}

fn each_string(value: &mut Value, pointer: &str, visit: &mut impl FnMut(&str, &mut String)) {
    match value {
        Value::String(text) => visit(pointer, text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_string(item, &format!("{pointer}/*"), visit)),
        Value::Object(entries) => {
            for (name, item) in entries.iter_mut() {
                let name = if is_data(pointer) { "*" } else { name };
                each_string(item, &format!("{pointer}/{name}"), visit);
            }
        }
        _ => {}
    }
}

impl Spy {
    fn change(&mut self, request: &RequestInfo, mut reply: Reply) -> Reply {
        let template = asked(&request.path_and_query);
        if self.refuses_items && template.ends_with("/{}") {
            return Reply::error(http::StatusCode::FORBIDDEN, "Forbidden", "Access denied.");
        }
        let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
        each_string(&mut body, "", &mut |pointer, text| {
            let place = (template.clone(), pointer.to_string());
            if let Some(canary) = self.plant.get(&place) {
                text.clone_from(canary);
                self.planted.insert(place.clone());
            }
            self.seen.insert(place);
        });
        reply.body = body.to_string().into();
        reply
    }
}

fn canary() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    format!("canary{:016x}", RandomState::new().build_hasher().finish())
}

/// All that leaves the component, as one text.
async fn everything(plugin: &Plugin, simulator: &Simulator) -> String {
    let mut all = String::new();
    let kinds = plugin.description().kinds.iter().filter(|kind| !kind.always).map(|kind| kind.id.clone()).collect();
    // Small enough that there are cursors, and not so small that lists are asked for too often.
    let order = CollectionOptions { kinds, ..options(Some(200), Some(16)) };
    // More calls than the usual share of an hour.
    let tenant = Tenant { settings: r#"{"requests_per_hour": 20000}"#.into(), ..tenant(simulator) };
    let mut collection = Collection::start(plugin, &tenant, order).await.unwrap();
    loop {
        match collection.next().await {
            Ok(None) => return all,
            Ok(Some(page)) => {
                records::lines(&page).unwrap().iter().for_each(|line| all.push_str(&line.text));
                // The cursor is base64 of JSON: both forms count.
                let cursor = page.cursor.clone().unwrap_or_default();
                let inside = cursor.split('.').nth(1).and_then(base64_decode).unwrap_or_default();
                write!(all, "{cursor}{inside}{:?}{:?}{:?}", page.diagnostics, page.coverage, page.progress).unwrap();
            }
            Err(error) => {
                write!(all, "{error} {error:?}").unwrap();
                return all;
            }
        }
    }
}

fn base64_decode(text: &str) -> Option<String> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()?;
    String::from_utf8(bytes).ok()
}

fn golden(kept: &BTreeSet<Place>, all: &BTreeSet<Place>) {
    let mut text = String::from(
        "# Fields of Fivetran's answers whose text can be found in evidence: everything else is left out. Review every new line.\n",
    );
    for (template, pointer) in kept {
        writeln!(text, "{template} {pointer}").unwrap();
    }
    text.push_str("\n# Fields that were tried and do not come out.\n");
    for (template, pointer) in all.difference(kept) {
        writeln!(text, "- {template} {pointer}").unwrap();
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/kept_fields.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "a field comes out, or is tried, that was not before");
}

/// Fields that are planted at once.
const BATCH: usize = 16;

/// Ids (a hash is one of a fingerprint) decide what else is asked for and what belongs together, and the code whether
/// an answer is one, so each of them is planted alone.
fn is_alone((_, pointer): &Place) -> bool {
    ["/code", "id", "hash", "cursor", "service"].iter().any(|end| pointer.ends_with(end))
}

/// Plants in a batch of fields at once, each with its own canary, and answers which came out. A batch counts if
/// all its fields were asked for; otherwise one field has kept others from view, and each half is tried.
async fn come_out(plugin: &Plugin, simulator: &Simulator, spy: &Mutex<Spy>, places: &[&Place]) -> BTreeSet<Place> {
    let (mut kept, mut runs) = (BTreeSet::new(), 0);
    let (alone, together): (Vec<&Place>, Vec<&Place>) = places.iter().partition(|place| is_alone(place));
    let mut batches: Vec<&[&Place]> = together.chunks(BATCH).chain(alone.chunks(1)).collect();
    while let Some(batch) = batches.pop() {
        runs += 1;
        let plant: BTreeMap<Place, String> = batch.iter().map(|place| ((*place).clone(), canary())).collect();
        let refuses_items = spy.lock().unwrap().refuses_items;
        *spy.lock().unwrap() = Spy { plant: plant.clone(), refuses_items, ..Spy::default() };
        let out = everything(plugin, simulator).await;
        let planted = spy.lock().unwrap().planted.len();
        kept.extend(plant.into_iter().filter(|(_, canary)| out.contains(canary)).map(|(place, _)| place));
        if batch.len() == 1 {
            assert_eq!(planted, 1, "{batch:?} was not asked for");
        } else if planted < batch.len() {
            batches.extend(batch.chunks(batch.len().div_ceil(2)));
        }
    }
    println!("{runs} collections for {} fields", places.len());
    kept
}

#[test]
fn only_the_named_fields_come_out() {
    block_on(async {
        let spy = Arc::new(Mutex::new(Spy::default()));
        let hook: Hook = {
            let spy = Arc::clone(&spy);
            Arc::new(move |request, reply| spy.lock().unwrap().change(request, reply))
        };
        let mut config = account(24, 2, 3, 26);
        config.hook = Some(hook);
        config.connection_errors = true;
        let simulator = simulator(config).await;
        let plugin = plugin().await;
        everything(&plugin, &simulator).await;
        let all = spy.lock().unwrap().seen.clone();
        assert!(all.len() > 200, "{} fields", all.len());
        let mut kept = come_out(&plugin, &simulator, &spy, &all.iter().collect::<Vec<_>>()).await;
        // Once more with other neighbours, among those that did not come out in company.
        let hidden: Vec<&Place> = all.iter().filter(|place| !kept.contains(*place) && !is_alone(place)).collect();
        let width = hidden.len().div_ceil(BATCH);
        let across = (0..width).flat_map(|start| hidden.iter().skip(start).step_by(width).copied());
        kept.extend(come_out(&plugin, &simulator, &spy, &across.collect::<Vec<_>>()).await);
        // And where single items are refused, so that lists are all there is.
        spy.lock().unwrap().refuses_items = true;
        let in_lists = |place: &&Place| !kept.contains(*place) && !is_alone(place) && !place.0.ends_with("/{}");
        let hidden: Vec<&Place> = all.iter().filter(in_lists).collect();
        kept.extend(come_out(&plugin, &simulator, &spy, &hidden).await);
        // A planted cursor leads round in a circle. It shows in the address of a page only where that page has a run
        // that was not read before, and that depends on the moment.
        kept.remove(&("/v1/connections/{}/sync-history".to_string(), "/data/next_cursor".to_string()));
        println!("{} fields tried, {} come out", all.len(), kept.len());
        golden(&kept, &all);
    });
}

/// A body of a config as the document has it: a canary in every secret, plain texts elsewhere.
fn sample(schemas: &Value, schema: &Value, canary: &str, secrets: &mut usize) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return sample(schemas, &schemas[name], canary, secrets);
    }
    if schema["format"] == "password" {
        *secrets += 1;
        return canary.into();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object().cloned().unwrap_or_default();
            let entries = properties.iter().map(|(name, part)| (name.clone(), sample(schemas, part, canary, secrets)));
            Value::Object(entries.collect())
        }
        Some("array") => json!([sample(schemas, &schema["items"], canary, secrets)]),
        Some("boolean") => true.into(),
        Some("integer" | "number") => 1.into(),
        _ => "plain".into(),
    }
}

#[test]
fn no_field_that_the_document_marks_as_a_password_comes_out() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/fivetran/openapi.json");
    if !file.exists() {
        println!("skipped: ../shared/fivetran/openapi.json is not here");
        return;
    }
    let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let schemas = document["components"]["schemas"].clone();
    let (canary, mut secrets) = (canary(), 0);
    let with_config = schemas.as_object().unwrap().values().filter(|schema| schema["properties"]["config"].is_object());
    let configs: Vec<Value> = with_config
        .map(|schema| {
            let part =
                |name: &str, secrets: &mut usize| sample(&schemas, &schema["properties"][name], &canary, secrets);
            json!({
                "config": part("config", &mut secrets),
                "auth": part("auth", &mut secrets),
                "external_secrets_keys_config": part("external_secrets_keys_config", &mut secrets),
            })
        })
        .collect();
    assert!(secrets > 300 && configs.len() > 500, "{secrets} secrets in {} configs", configs.len());
    block_on(async {
        let mut config = account(0, 0, 900, 900);
        let at = Arc::new(Mutex::new(0));
        config.hook = Some(Arc::new(move |request, mut reply| {
            let template = asked(&request.path_and_query);
            if ["/v1/connections/{}", "/v1/destinations/{}", "/v1/external-logging/{}"].contains(&template.as_str()) {
                let mut body: Value = serde_json::from_slice(&reply.body).unwrap();
                let mut at = at.lock().unwrap();
                let sample = configs[*at % configs.len()].as_object().unwrap().clone();
                *at += 1;
                body["data"].as_object_mut().unwrap().extend(sample);
                reply.body = body.to_string().into();
            }
            reply
        }));
        let simulator = simulator(config).await;
        let out = everything(&plugin().await, &simulator).await;
        assert!(out.contains("settings") && out.len() > 1_000_000, "{} bytes", out.len());
        assert!(!out.contains(&canary), "{:?}", out.find(&canary).map(|at| &out[at.saturating_sub(300)..at]));
        println!("{secrets} secrets planted, none comes out");
    });
}
