//! Accounts that change while they are read: whatever a collection misses, and whatever it says that was never so,
//! is not `complete`.
//!
//! Each history is a small account with a page size, a budget and changes of its own, all from one seed. Judged is,
//! for each kind:
//!
//! - `complete`: what existed from the first call to the last, edited or not, was delivered, and exactly once;
//! - whatever the verdict: each record says what the vendor answered at some moment of the collection, and
//!   no id comes twice, unless coverage says `list-changed` ("items may repeat"), and then with another content only
//!   if that is what the vendor answered later (`at least once`, `wit/types.wit`).
//!
//! Between two changes lie at least [`APART`] calls: two changes that undo each other at the end of a page before it is
//! looked at again cannot be noticed (docs/reliability.md).
//!
//! To run one history again by itself: `HISTORY=17 cargo test --test core -- histories`.

use crate::fake::{Answer, FakeWorld, account_info, reply, run, session, success};
use serde_json::{Value, json};
use source_kit::base::model::{Budget, CollectRequest, Coverage, CoverageState, Page, Record};
use source_kit::base::timestamp::Timestamp;
use source_kit::base::world::{Request, World};
use source_kit::collect::collect;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::task::Poll;

const HISTORIES: u64 = 1_200;
/// Calls between two changes, at least.
const APART: u32 = 4;
const KINDS: [&str; 7] = ["user", "team", "team_membership", "access_grant", "group", "connection", "certificate"];

/// Random numbers from a seed (splitmix64).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`.
    fn number(&mut self, least: usize, most: usize) -> usize {
        least + usize::try_from(self.next() % (most - least + 1) as u64).unwrap()
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.number(0, all.len() - 1)].clone()
    }
}

/// A kind, and what identifies a thing of that kind.
type Key = (&'static str, String);
/// A thing as it was at some moment.
type Fact = (Key, String);

/// Which things an item of a list tells of, and what of them.
fn facts(path: &str, item: &Value) -> Vec<Fact> {
    let text = |field: &str| item[field].as_str().unwrap_or_default().to_string();
    let id = text("id");
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    match *parts {
        ["users"] => vec![
            (("user", id.clone()), text("given_name")),
            (("access_grant", format!("user/{id}/account/acc")), text("role")),
        ],
        ["teams"] => vec![
            (("team", id.clone()), text("name")),
            (("access_grant", format!("team/{id}/account/acc")), text("role")),
        ],
        ["groups"] => vec![(("group", id), text("name"))],
        ["connections"] => vec![(("connection", id), item["sync_frequency"].to_string())],
        ["teams", team, "users"] => vec![(("team_membership", format!("{team}/{}", text("user_id"))), text("role"))],
        ["connections", owner, "certificates"] => {
            vec![(("certificate", format!("{owner}/{}", text("hash"))), text("name"))]
        }
        [grantee, id_of, what] => {
            let (grantee, what) = (grantee.trim_end_matches('s'), what.trim_end_matches('s'));
            vec![(("access_grant", format!("{grantee}/{id_of}/{what}/{id}")), text("role"))]
        }
        _ => panic!("no list: {path}"),
    }
}

/// What a record says.
fn fact_of(record: &Record) -> Option<Fact> {
    let content: Value = serde_json::from_str(&record.content).unwrap();
    let text = |field: &str| content[field].as_str().unwrap_or_default().to_string();
    let kind = KINDS.into_iter().find(|kind| *kind == record.kind)?;
    let (key, mark) = match kind {
        "user" => (text("id"), text("given_name")),
        "team" | "group" => (text("id"), text("name")),
        "connection" => (text("id"), content["sync_frequency"].to_string()),
        "team_membership" => (format!("{}/{}", text("team_id"), text("user_id")), text("role")),
        "certificate" => (format!("{}/{}", text("owner_id"), text("hash")), text("name")),
        _ => {
            let of = ["grantee_type", "grantee_id", "resource_type", "resource_id"].map(text);
            (of.join("/"), text("role"))
        }
    };
    Some(((kind, key), mark))
}

/// The account, as it is now.
struct Account {
    rng: Rng,
    /// Items of every list, by its path.
    lists: BTreeMap<String, Vec<Value>>,
    page_size: usize,
    /// One change in so many calls; 0 for none.
    every: usize,
    most: usize,
    changes: Vec<String>,
    /// All that happened, to be read by a person.
    log: Vec<String>,
    made: u32,
    calls: u32,
    changed_at: u32,
    last: String,
    served: BTreeSet<Fact>,
    /// What existed at every moment since the first call.
    always: Option<BTreeSet<Key>>,
}

impl Account {
    fn new(mut rng: Rng, every: usize, most: usize) -> Self {
        let page_size = rng.number(3, 7);
        let mut account = Self {
            lists: BTreeMap::new(),
            page_size,
            every,
            most,
            changes: Vec::new(),
            log: Vec::new(),
            made: 0,
            calls: 0,
            changed_at: 0,
            last: String::new(),
            served: BTreeSet::new(),
            always: None,
            rng,
        };
        for (list, most) in [("users", 9), ("groups", 8), ("connections", 8), ("teams", 4)] {
            account.lists.insert(format!("/v1/{list}"), Vec::new());
            for _ in 0..account.rng.number(1, most) {
                account.create(&format!("/v1/{list}"), usize::MAX);
            }
        }
        account
    }

    /// Puts a new item into a list.
    fn create(&mut self, path: &str, at: usize) {
        self.made += 1;
        let number = self.made;
        let id = format!("n{number}");
        let item = match path {
            "/v1/users" => json!({"id": id, "given_name": "v0", "role": "r0", "active": true, "verified": true,
                "created_at": "2024-01-01T00:00:00Z", "email": format!("{id}@example.com")}),
            "/v1/teams" => json!({"id": id, "name": "v0", "role": "r0"}),
            "/v1/groups" => json!({"id": id, "name": "v0", "created_at": "2024-01-01T00:00:00Z"}),
            "/v1/connections" => json!({"id": id, "service": "s3", "schema": id, "group_id": "g", "paused": false,
                "sync_frequency": 1, "status": {}, "created_at": "2024-01-01T00:00:00Z"}),
            path if path.ends_with("/certificates") => json!({"hash": id, "name": "v0"}),
            path if path.ends_with("/users") => json!({"user_id": id, "role": "r0"}),
            // A grant on one of few, so that neighbours hold alike ones.
            path => {
                let held: BTreeSet<&str> = self.lists[path].iter().filter_map(|held| held["id"].as_str()).collect();
                let free: Vec<String> =
                    (0..12).map(|n| format!("x{n}")).filter(|id| !held.contains(id.as_str())).collect();
                if free.is_empty() {
                    return;
                }
                let id = self.rng.one_of(&free);
                json!({"id": id, "role": "r0"})
            }
        };
        for part in match path {
            "/v1/users" => &["groups", "connections"][..],
            "/v1/teams" => &["users", "groups", "connections"],
            "/v1/connections" => &["certificates"],
            _ => &[],
        } {
            let below = format!("{path}/{id}/{part}");
            self.lists.insert(below.clone(), Vec::new());
            let most = self.rng.one_of(&[0, 2, 8]);
            for _ in 0..self.rng.number(0, most) {
                self.create(&below, usize::MAX);
            }
        }
        let list = self.lists.get_mut(path).unwrap();
        list.insert(at.min(list.len()), item);
    }

    /// Makes a change, if it is time for one.
    fn pass(&mut self) {
        let due = self.every > 0 && self.calls >= self.changed_at + APART && self.rng.number(1, self.every) == 1;
        if !due || self.changes.len() >= self.most {
            return;
        }
        let known = self.lists.contains_key(&self.last);
        let path = match self.rng.number(0, 3) {
            0 | 1 if known => self.last.clone(),
            2 => format!("/v1/{}", self.rng.one_of(&["users", "groups", "connections", "teams"])),
            _ => self.rng.one_of(&self.lists.keys().cloned().collect::<Vec<_>>()),
        };
        let length = self.lists[&path].len();
        let at = self.rng.number(0, length);
        let what = match self.rng.number(0, 7) {
            0..=1 => {
                let at = if self.rng.number(0, 1) == 0 { at } else { usize::MAX };
                self.create(&path, at);
                format!("create at {}", at.min(length))
            }
            _ if at == length => return,
            2..=4 => {
                let gone = self.lists.get_mut(&path).unwrap().remove(at);
                if let Some(id) = gone["id"].as_str() {
                    let below = format!("{path}/{id}/");
                    self.lists.retain(|list, _| !list.starts_with(&below));
                }
                format!("delete {at}: {gone}")
            }
            5..=6 => {
                let list = self.lists.get_mut(&path).unwrap();
                let moved = list.remove(at);
                let to = self.rng.number(0, list.len());
                list.insert(to, moved);
                format!("move {at} to {to}: {}", list[to])
            }
            _ => {
                let mark = format!("v{}", self.calls);
                let item = &mut self.lists.get_mut(&path).unwrap()[at];
                for field in ["role", "given_name", "name"] {
                    if item.get(field).is_some() {
                        item[field] = mark.clone().into();
                    }
                }
                if item.get("sync_frequency").is_some() {
                    item["sync_frequency"] = self.calls.into();
                }
                format!("edit {at}")
            }
        };
        let change = format!("before call {}: {path}: {what}", self.calls + 1);
        self.log.push(format!("    {change}"));
        self.changes.push(change);
        self.changed_at = self.calls;
        let now = self.keys();
        self.always.as_mut().unwrap().retain(|key| now.contains(key));
    }

    /// All that exists.
    fn keys(&self) -> BTreeSet<Key> {
        let items = self.lists.iter().flat_map(|(path, items)| items.iter().map(move |item| (path, item)));
        items.flat_map(|(path, item)| facts(path, item)).map(|(key, _)| key).collect()
    }

    fn answer(&mut self, path_and_query: &str) -> Answer {
        match self.always {
            Some(_) => self.pass(),
            None => self.always = Some(self.keys()),
        }
        self.calls += 1;
        self.log.push(format!("{} {path_and_query}", self.calls));
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        match path {
            "/v1/account/info" => return account_info(),
            "/v1/users/me" => return success(&json!({"id": "me", "role": "Account Administrator"})),
            "/v1/destinations" => return success(&json!({"items": []})),
            _ => {}
        }
        if let Some(items) = self.lists.get(path) {
            let skip: usize = query.split("cursor=").nth(1).map_or(0, |skip| skip.parse().unwrap());
            let page: Vec<&Value> = items.iter().skip(skip).take(self.page_size).collect();
            let next = (skip + self.page_size < items.len()).then(|| (skip + self.page_size).to_string());
            self.served.extend(page.iter().flat_map(|item| facts(path, item)));
            let answer = success(&json!({"items": page, "next_cursor": next}));
            let ids = page.iter().map(|item| facts(path, item)[0].0.1.clone());
            self.log.push(format!("        {}", ids.collect::<Vec<_>>().join(" ")));
            self.last = path.into();
            return answer;
        }
        let not_found = || reply(404, json!({"code": "NotFound_Thing", "message": "not found"}).to_string());
        let mut rest = path.trim_start_matches("/v1/").split('/');
        let (Some(list), Some(id), part) = (rest.next(), rest.next(), rest.next()) else { return not_found() };
        let list = format!("/v1/{list}");
        let Some(item) = self.lists.get(&list).and_then(|items| items.iter().find(|item| item["id"] == id)) else {
            return not_found();
        };
        match part {
            Some("public-key") => success(&json!({"public_key": "ssh-rsa AAAA"})),
            Some("service-account") => success(&json!({"service_account": "a@b.example"})),
            Some(_) => not_found(),
            None => {
                self.served.extend(facts(&list, item));
                success(item)
            }
        }
    }
}

/// A world whose answers take their time, each another one.
struct Uneven<F> {
    inner: FakeWorld<F>,
    rng: RefCell<Rng>,
    most: usize,
}

impl<F: Fn(&str) -> Answer> Uneven<F> {
    async fn pause(&self) {
        let mut left = self.rng.borrow_mut().number(0, self.most);
        poll_fn(|task| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            task.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

impl<F: Fn(&str) -> Answer> World for Uneven<F> {
    async fn send(&self, request: Request) -> Answer {
        self.pause().await;
        let answer = self.inner.send(request).await;
        self.pause().await;
        answer
    }
    fn now(&self) -> Timestamp {
        self.inner.now()
    }
    fn monotonic_ms(&self) -> u64 {
        self.inner.monotonic_ms()
    }
    async fn wait_ms(&self, milliseconds: u64) {
        self.inner.wait_ms(milliseconds).await;
    }
}

/// One collection: how it was cut, and what came of it.
struct History {
    how: String,
    pages: Vec<Page>,
    account: Account,
}

/// Lives one history.
fn live(seed: u64) -> History {
    let mut rng = Rng(seed);
    let (every, most) = match seed % 4 {
        0 => (0, 0),
        1 | 2 => (rng.number(5, 60), rng.number(1, 3)),
        _ => (rng.number(1, 30), 1000),
    };
    let concurrency = rng.one_of(&[1, 4, 16]);
    let budget = Budget {
        max_records: rng.one_of(&[Some(1), Some(2), Some(5), Some(17), None]),
        max_requests: rng.one_of(&[Some(1), Some(4), Some(15), None, None]),
        max_concurrency: Some(concurrency),
        ..Budget::default()
    };
    let most_polls = if concurrency > 1 { 3 } else { 0 };
    let is_fresh = rng.number(0, 1) == 0;
    let how = format!("{budget:?}, fresh instances: {is_fresh}, a change in {every} calls, at most {most}");
    let account = RefCell::new(Account::new(Rng(rng.next()), every, most));
    let world = Uneven {
        inner: FakeWorld::new(|path: &str| account.borrow_mut().answer(path)),
        rng: RefCell::new(rng),
        most: most_polls,
    };
    let kinds = KINDS.map(String::from).to_vec();
    let mut request = CollectRequest { kinds, budget, ..CollectRequest::default() };
    let (mut instance, mut pages) = (session("{}"), Vec::new());
    loop {
        if is_fresh {
            instance = session("{}");
        }
        let page = run(collect(&world, &instance, &request)).unwrap_or_else(|failure| panic!("{seed}: {failure:?}"));
        request.cursor.clone_from(&page.cursor);
        let delivered: Vec<String> = page.records.iter().filter_map(fact_of).map(|fact| format!("{fact:?}")).collect();
        account.borrow_mut().log.push(format!("==== page: {}", delivered.join(" ")));
        pages.push(page);
        assert!(pages.len() < 10_000, "history {seed} does not come to an end: {how}");
        if request.cursor.is_none() {
            break;
        }
    }
    drop(world);
    History { how, pages, account: account.into_inner() }
}

/// What is wrong about a history.
fn judge(History { pages, account, .. }: &History) -> Vec<String> {
    let coverage: BTreeMap<&str, &Coverage> =
        pages.last().unwrap().coverage.iter().map(|coverage| (coverage.kind, coverage)).collect();
    let is_complete = |kind: &str| coverage[kind].state == CoverageState::Complete;
    let may_repeat = |kind: &str| coverage[kind].reason.contains("items may repeat");
    let mut wrong = Vec::new();
    let mut delivered: BTreeMap<Key, Vec<(String, &str)>> = BTreeMap::new();
    for record in pages.iter().flat_map(|page| &page.records) {
        let Some((key, mark)) = fact_of(record) else { continue };
        if !account.served.contains(&(key.clone(), mark.clone())) {
            wrong.push(format!("false: {key:?} {mark}"));
        }
        delivered.entry(key).or_default().push((mark, &record.id));
    }
    for (key, records) in &delivered {
        if records.len() > 1 && !may_repeat(key.0) {
            wrong.push(format!("came {} times: {key:?} {records:?}, {:?}", records.len(), coverage[key.0].state));
        }
    }
    for key in account.always.as_ref().unwrap() {
        if is_complete(key.0) && !delivered.contains_key(key) {
            wrong.push(format!("missing, and complete: {key:?}"));
        }
    }
    wrong
}

fn is_whole(history: &History) -> bool {
    let coverage = &history.pages.last().unwrap().coverage;
    KINDS.iter().all(|kind| coverage.iter().any(|one| one.kind == *kind && one.state == CoverageState::Complete))
}

#[test]
fn no_history_ends_complete_with_a_record_missing_or_false() {
    let only: Option<u64> = std::env::var("HISTORY").ok().map(|seed| seed.parse().unwrap());
    let seeds = only.map_or(0..HISTORIES, |seed| seed..seed + 1);
    let (mut failed, mut few, mut few_whole, mut many, mut many_whole, mut calls) = (Vec::new(), 0, 0, 0, 0, 0);
    for seed in seeds {
        let history = live(seed);
        calls += history.account.calls;
        let mut wrong = judge(&history);
        let (changes, whole) = (history.account.changes.len(), is_whole(&history));
        match changes {
            0 if whole => {}
            0 => wrong.push(format!("nothing changed, and not complete: {:?}", history.pages.last().unwrap().coverage)),
            1..=3 => (few, few_whole) = (few + 1, few_whole + u32::from(whole)),
            _ => (many, many_whole) = (many + 1, many_whole + u32::from(whole)),
        }
        if only.is_some() {
            println!("{}", history.account.log.join("\n"));
        }
        if !wrong.is_empty() {
            failed.push(format!(
                "history {seed} ({}, pages of {}):\n  {}\n  {}",
                history.how,
                history.account.page_size,
                history.account.changes.join("\n  "),
                wrong.join("\n  ")
            ));
        }
    }
    println!("{calls} calls; complete: {few_whole} of {few} with few changes, {many_whole} of {many} with many");
    assert!(
        failed.is_empty(),
        "{} histories failed\n{}",
        failed.len(),
        failed.iter().take(10).cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(
        only.is_some() || (few > 400 && few_whole * 3 >= few),
        "{few_whole} of {few} with few changes are complete"
    );
}
