//! Canaries of many shapes, planted into every string of every answer, one field after the other and all at once, in
//! both personal-data modes. What comes out stands in `canaries.txt` with a reason for each line; it is rewritten
//! with `UPDATE_GOLDEN=1`.

use crate::collect::account;
use crate::fake::{Answer, FakeWorld, answer_of, collect_all, records, reply, session, success};
use crate::shapes::{NEEDLE, Shape, holds_needle, shapes};
use fivetran_simulator::{AccountSpec, Answers, Config};
use fivetran_source::Fivetran;
use jsonschema::Validator;
use serde_json::{Value, json};
use source_kit::base::model::{CollectRequest, Page, Provenance, Record, Withheld};
use source_kit::base::world::Response;
use source_kit::record::kind::When;
use source_kit::record::{coverage, manifest, not_observable};
use source_kit::{Kind, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const HASHED: &str = r#"{"personal_data": "hashed", "personal_data_key": "0123456789abcdef"}"#;
/// Stands for every path, where what is around the data is planted.
const ANY: &str = "(any)";

type Bodies = BTreeMap<String, Value>;
type Responses = BTreeMap<String, Response>;

/// Every kind, also those that are collected only on request.
fn everything() -> CollectRequest {
    let kinds = Fivetran::KINDS.iter().filter(|kind| kind.when != When::Always);
    CollectRequest { kinds: kinds.map(|kind| kind.id.to_string()).collect(), ..CollectRequest::default() }
}

/// What only kinds on request ask for.
fn on_request(path: &str) -> Option<Value> {
    let at = path.split('?').next()?.rsplit('/').next()?;
    let item = match at {
        "errors" => json!({"type": "reconnect", "title": "Reconnect", "reason": "Password rejected",
            "message": "The password of db.example.com was rejected", "created_at": "2025-03-09T10:00:00Z"}),
        "sync-history" => json!({"sync_id": "s1", "start_time": "2025-03-09T10:00:00Z",
            "end_time": "2025-03-09T11:00:00Z", "status": "FAILURE", "reason": "Password rejected"}),
        _ => return None,
    };
    Some(json!({"items": [item]}))
}

/// The answers of an account by path: those of `collect.rs`, and for what that has not got those of the simulator;
/// with a user of the needle's name where nobody's name may come out.
fn bodies(with_person: bool) -> Bodies {
    let simulated = Answers::new(Config {
        account: AccountSpec { seed: 7, users: 1, teams: 1, groups: 1, connections: 1 },
        ..Config::default()
    });
    let base = move |path: &str| -> Answer {
        match account(path) {
            _ if let Some(data) = on_request(path) => success(&data),
            Ok(answer) if answer.status == 404 => answer_of(&simulated.get(path).0),
            answer => answer,
        }
    };
    let world = FakeWorld::new(&base);
    collect_all(&world, &session("{}"), everything()).unwrap();
    let mut bodies = Bodies::new();
    for path in world.journal.borrow().iter() {
        let answer = base(path).unwrap();
        if answer.status == 200 {
            bodies.insert(path.clone(), serde_json::from_slice(&answer.body).unwrap());
        }
    }
    if with_person {
        let (_, users) = bodies.iter_mut().find(|(path, _)| path.starts_with("/v1/users?")).unwrap();
        users["data"]["items"].as_array_mut().unwrap().push(json!({
            "id": "u4", "email": format!("q.{NEEDLE}@example.org"), "given_name": "Quentin", "family_name": "Zyzzyva",
            "verified": true, "created_at": "2025-03-01T10:00:00Z", "active": true, "role": "Account Reviewer",
        }));
    }
    bodies
}

/// A path without ids and query.
fn template(path: &str) -> String {
    let bare = path.split('?').next().unwrap();
    let parts: Vec<&str> = bare.trim_start_matches("/v1/").split('/').collect();
    let named =
        parts.iter().enumerate().map(|(at, part)| if at % 2 == 1 && parts[0] != "account" { "{id}" } else { part });
    format!("/v1/{}", named.collect::<Vec<_>>().join("/"))
}

/// Calls `each` with every string of a value and its place, in which numbers of items are left out.
fn each_string(value: &mut Value, place: &str, each: &mut dyn FnMut(&str, &mut String)) {
    match value {
        Value::String(text) => each(place, text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_string(item, &format!("{place}[]"), each)),
        Value::Object(fields) => {
            fields.iter_mut().for_each(|(name, value)| each_string(value, &format!("{place}.{name}"), each));
        }
        _ => {}
    }
}

/// Every field that holds a string, with the path of its answers. What is around the data is the same in all.
fn fields(answers: &Bodies) -> BTreeSet<(String, String)> {
    let mut fields = BTreeSet::new();
    for (path, body) in answers {
        each_string(&mut body.clone(), "", &mut |place, _| {
            let path = if place.starts_with(".data") { template(path) } else { ANY.into() };
            fields.insert((path, place.to_string()));
        });
    }
    fields
}

/// The answers to a path (or to any) with a text in the fields that are to have it.
fn planted(answers: &Bodies, path: &str, text: &str, is_target: impl Fn(&str) -> bool) -> Responses {
    let mut planted = Responses::new();
    for (known, body) in answers.iter().filter(|(known, _)| path == ANY || template(known) == path) {
        let mut body = body.clone();
        each_string(&mut body, "", &mut |place, string| {
            if is_target(place) {
                *string = text.into();
            }
        });
        planted.insert(known.clone(), response(&body));
    }
    planted
}

fn response(body: &Value) -> Response {
    reply(200, body.to_string()).unwrap()
}

/// An account whose answers are known, and what may be planted into them.
struct Field {
    bodies: Bodies,
    responses: Responses,
    by_template: BTreeMap<String, Response>,
    /// Kinds that are made of the answers to a path.
    kinds: BTreeMap<String, BTreeSet<&'static str>>,
    schemas: BTreeMap<&'static str, Validator>,
}

impl Field {
    fn new(with_person: bool) -> Self {
        let bodies = bodies(with_person);
        let responses: Responses = bodies.iter().map(|(path, body)| (path.clone(), response(body))).collect();
        let by_template = responses.iter().map(|(path, response)| (template(path), response.clone())).collect();
        let own = [&not_observable::KIND, &coverage::KIND, &manifest::KIND];
        let schema = |kind: &&'static Kind| {
            (kind.id, jsonschema::validator_for(&serde_json::from_str(kind.content_schema).unwrap()).unwrap())
        };
        let schemas = Fivetran::KINDS.iter().chain(&own).map(schema).collect();
        let mut field = Self { bodies, responses, by_template, kinds: BTreeMap::new(), schemas };
        let world = FakeWorld::new(|path: &str| field.answer(&Responses::new(), path));
        let mut kinds: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        for record in records(&collect_all(&world, &session("{}"), everything()).unwrap()) {
            for provenance in &record.provenance {
                kinds.entry(template(provenance.request.trim_start_matches("GET "))).or_default().insert(record.kind);
            }
        }
        field.kinds = kinds;
        field
    }

    /// An answer by path. What was planted may be an id in it: then the answer is that of its siblings.
    fn answer(&self, planted: &Responses, path: &str) -> Answer {
        let known = planted.get(path).or_else(|| self.responses.get(path));
        let sibling = || {
            let template = template(path);
            let same = planted.iter().find(|(known, _)| self::template(known) == template).map(|(_, answer)| answer);
            same.or_else(|| self.by_template.get(&template))
        };
        known.or_else(sibling).cloned().map_or_else(|| reply(404, r#"{"code":"NotFound"}"#), Ok)
    }

    /// Where the needle is in what a collection of these kinds gives.
    fn leaks(&self, planted: &Responses, settings: &str, kinds: &[&str]) -> BTreeSet<String> {
        let world = FakeWorld::new(|path: &str| self.answer(planted, path));
        let kinds_are_all = kinds.is_empty();
        let some = kinds.iter().map(|kind| (*kind).to_string()).collect();
        let request = match kinds_are_all {
            true => everything(),
            false => CollectRequest { kinds: some, ..CollectRequest::default() },
        };
        match collect_all(&world, &session(settings), request) {
            Ok(pages) if kinds_are_all => {
                records(&pages).iter().for_each(|record| self.check_schema(record));
                pages.iter().flat_map(leaks_of_page).collect()
            }
            Ok(pages) => pages.iter().flat_map(leaks_of_page).collect(),
            Err(failure) => holds_needle(&format!("{failure:?}")).then(|| "failure".to_string()).into_iter().collect(),
        }
    }

    /// What is withheld or hashed still has the form that the kind's schema promises.
    fn check_schema(&self, record: &Record) {
        let content: Value = serde_json::from_str(&record.content).unwrap();
        let errors: Vec<String> =
            self.schemas[record.kind].iter_errors(&content).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", record.kind);
    }

    /// The kinds to ask for when a field of a path is planted. Events and grants, which are made of ids and of
    /// nearly every list, are asked for when everything is planted, and where a path makes nothing else.
    fn kinds_of(&self, path: &str) -> Vec<&'static str> {
        let all = self.kinds.get(path).cloned().unwrap_or_default();
        let few: Vec<_> = all.iter().copied().filter(|kind| !["audit_event", "access_grant"].contains(kind)).collect();
        if few.is_empty() { all.into_iter().collect() } else { few }
    }

    /// What comes out where each field in turn has a shape: a line for each field that lets it out.
    fn one_after_the_other(&self, mode: &str, settings: &str, shape: &Shape) -> String {
        let (mut out, mut silent) = (String::new(), 0);
        for (path, place) in fields(&self.bodies) {
            let planted = planted(&self.bodies, &path, &shape.text, |at| at == place);
            let leaks = self.leaks(&planted, settings, &self.kinds_of(&path));
            if leaks.is_empty() {
                silent += 1;
                continue;
            }
            let leaks: Vec<String> = leaks.into_iter().collect();
            writeln!(out, "{mode}: {} / {path} {place} -> {} ({})", shape.name, leaks.join(", "), reason(mode, shape))
                .unwrap();
        }
        writeln!(out, "{mode}: {} / {silent} fields -> nothing", shape.name).unwrap();
        out
    }

    /// What comes out where every field has a shape, but for what is around the data; with the ids and without.
    fn all_at_once(&self, mode: &str, settings: &str, shape: &Shape) -> String {
        let mut out = String::new();
        for (what, ids) in [("every field", true), ("every field but ids", false)] {
            let is_id = |place: &str| place.ends_with("id") || place.ends_with(".name");
            let planted = planted(&self.bodies, ANY, &shape.text, |at| at != ".code" && (ids || !is_id(at)));
            let leaks = self.leaks(&planted, settings, &[]);
            let count = if leaks.is_empty() {
                "nothing".into()
            } else {
                format!("{} places ({})", leaks.len(), reason(mode, shape))
            };
            writeln!(out, "{mode}: {} / {what} -> {count}", shape.name).unwrap();
        }
        out
    }
}

/// Why something may come out.
fn reason(mode: &str, shape: &Shape) -> &'static str {
    match (mode, shape.person) {
        ("full", true) => "personal data is kept",
        _ => "NO REASON",
    }
}

fn leaks_of_page(page: &Page) -> BTreeSet<String> {
    let mut out: BTreeSet<String> = page.records.iter().flat_map(leaks_of_record).collect();
    let others = [("coverage", format!("{:?}", page.coverage)), ("diagnostics", format!("{:?}", page.diagnostics))];
    out.extend(others.iter().filter(|(_, text)| holds_needle(text)).map(|(what, _)| (*what).to_string()));
    out.extend(page.stopped.iter().filter(|stopped| holds_needle(&format!("{stopped:?}"))).map(|_| "stopped".into()));
    out
}

fn leaks_of_record(record: &Record) -> BTreeSet<String> {
    let kind = record.kind;
    let texts = |one: &Provenance| format!("{} {:?}", one.request, one.request_id);
    let requests: String = record.provenance.iter().map(texts).collect();
    let pointers: String = record.withheld.iter().map(|one| one.pointer.as_str()).collect();
    let outside = [
        ("record id", &record.id),
        ("title", &record.title),
        ("subject id", &record.subject.id),
        ("subject name", record.subject.name.as_ref().unwrap_or(&record.subject.id)),
        ("request", &requests),
        ("withheld", &pointers),
    ];
    let mut out: BTreeSet<String> =
        outside.iter().filter(|(_, text)| holds_needle(text)).map(|(what, _)| format!("{kind} {what}")).collect();
    if !holds_needle(&record.content) {
        return out;
    }
    let mut content: Value = serde_json::from_str(&record.content).unwrap();
    each_string(&mut content, "", &mut |place, text| {
        if holds_needle(text) {
            out.insert(format!("{kind}{place}"));
        }
    });
    out
}

/// The next of all jobs, and its number.
fn take<'j, T>(next: &AtomicUsize, jobs: &'j [T]) -> Option<(usize, &'j T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, jobs.get(at)?))
}

#[test]
fn what_comes_out_has_a_reason() {
    let shapes = shapes();
    let modes = [("full", "{}", Field::new(false)), ("hashed", HASHED, Field::new(true))];
    // How a name is written matters only where it is looked for.
    let matters = |mode: &str, shape: &Shape| mode == "hashed" || !shape.name.starts_with("name in");
    // Tokens of vendors take one way, which knows no mode: in the hashed mode they are planted all at once only.
    let in_turn = |mode: &str, shape: &Shape| mode == "full" || shape.person || !shape.is_token();
    let jobs = modes.iter().flat_map(|mode| shapes.iter().map(move |shape| (mode, shape)));
    let jobs: Vec<_> = jobs.filter(|((mode, ..), shape)| matters(mode, shape)).collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((at, ((mode, settings, field), shape))) = take(&next, &jobs) {
                    let mut lines = field.all_at_once(mode, settings, shape);
                    if in_turn(mode, shape) {
                        lines += &field.one_after_the_other(mode, settings, shape);
                    }
                    done.lock().unwrap().insert(at, lines);
                }
            });
        }
    });
    let got: String = done.into_inner().unwrap().into_values().collect();
    assert!(
        !got.contains("NO REASON"),
        "{}",
        got.lines().filter(|line| line.contains("NO REASON")).collect::<Vec<_>>().join("\n")
    );
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/core/canaries.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file, &got).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap_or_default(), got, "UPDATE_GOLDEN=1 writes {file}");
}

/// The plan of the test itself: in the full mode people come out, so what is planted does arrive.
#[test]
fn what_is_planted_arrives() {
    let field = Field::new(false);
    assert!(fields(&field.bodies).len() > 150, "{} fields", fields(&field.bodies).len());
    let vendors = shapes().iter().filter(|shape| shape.is_token()).count();
    assert!(vendors >= 20, "{vendors} vendors");
    let planted = planted(&field.bodies, ANY, &format!("Carla {NEEDLE}"), |at| at.starts_with(".data"));
    let kinds: BTreeSet<String> =
        field.leaks(&planted, "{}", &[]).iter().map(|leak| leak.split(['.', ' ']).next().unwrap().into()).collect();
    assert!(kinds.len() > 12, "{kinds:?}");
}

/// What a review saw come out of the configuration of a connection.
#[test]
fn what_a_review_saw_come_out_is_withheld() {
    let seen = [
        ("host", json!("admin:hunter2@db.example.com")),
        ("hosts", json!(["db.example.com", "root:hunter2@db.example.com"])),
        ("site_address", json!("https://example.com/in?token=hunter2")),
        ("use_api_keys", json!("sk-live-0123456789hunter2abcdef")),
        ("external_location", json!("s3://bucket/prefix?sig=hunter2")),
        ("subdomain", json!("ghp_0123456789hunter2abcdefghijklmnopq")),
        ("environment", json!("xoxb-123456789012-hunter2")),
        ("vault_url", json!("https://admin:a/hunter2@vault.example.com")),
    ];
    for (name, value) in seen {
        let config = json!({"port": "5432", name: value});
        let world = FakeWorld::new(|path: &str| match path {
            "/v1/connections/c1" => reply(
                200,
                json!({"code": "Success", "data": {"id": "c1", "service": "postgres", "config": config}}).to_string(),
            ),
            _ => account(path),
        });
        let request = CollectRequest { kinds: vec!["connection".into()], ..CollectRequest::default() };
        let pages = collect_all(&world, &session("{}"), request).unwrap();
        assert!(!format!("{pages:?}").contains("hunter2"), "{name}");
        let record = records(&pages).into_iter().find(|record| record.subject.id == "c1").unwrap();
        let pointer = format!("/config/{name}");
        let is_below = |withheld: &Withheld| withheld.pointer.starts_with(&pointer);
        assert!(record.withheld.iter().any(is_below), "{name}: {:?}", record.withheld);
        assert!(record.content.contains("5432"), "{}", record.content);
    }
}
