//! An account that changes while it is read, and remembers what it was: for `histories.rs`.

use crate::fake::{Answer, account_info, reply, success};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Calls between two changes, at least.
pub const APART: u32 = 4;

/// Random numbers from a seed (splitmix64).
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`.
    pub fn number(&mut self, least: usize, most: usize) -> usize {
        least + usize::try_from(self.next() % (most - least + 1) as u64).unwrap()
    }

    pub fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.number(0, all.len() - 1)].clone()
    }
}

/// A kind, and what identifies a thing of that kind.
pub type Key = (&'static str, String);
/// A thing as it was at some moment.
pub type Fact = (Key, String);

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

/// The account, as it is now.
pub struct Account {
    rng: Rng,
    /// Items of every list, by its path.
    lists: BTreeMap<String, Vec<Value>>,
    pub page_size: usize,
    /// One change in so many calls; 0 for none.
    every: usize,
    most: usize,
    pub changes: Vec<String>,
    /// All that happened, to be read by a person.
    pub log: Vec<String>,
    made: u32,
    pub calls: u32,
    changed_at: u32,
    /// The list that was served last, and the last one that is not one of an item.
    last: String,
    walk: String,
    pub served: BTreeSet<Fact>,
    /// What existed at every moment since the first call.
    pub always: Option<BTreeSet<Key>>,
}

impl Account {
    pub fn new(mut rng: Rng, every: usize, most: usize) -> Self {
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
            walk: "/v1/users".into(),
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
                "sync_frequency": 1, "status": {"setup_state": "connected"}, "created_at": "2024-01-01T00:00:00Z"}),
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
            0 if known => self.last.clone(),
            1 | 2 => self.walk.clone(),
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

    pub fn answer(&mut self, path_and_query: &str) -> Answer {
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
            if path.matches('/').count() == 2 {
                self.walk = path.into();
            }
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
