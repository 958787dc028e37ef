//! What a collection of the account has to contain, told by the account itself: the native id of
//! every record, per kind. It knows nothing of the component that is tested against it.

use super::account::Account;
use super::random::Stamp;
use super::things::THINGS;
use super::{logging, trust};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Native ids per kind, as they appear in a record's id.
pub type Inventory = BTreeMap<String, BTreeSet<String>>;

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn encoded(part: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    part.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The native id of a record, as it appears in its id.
pub fn native_id(parts: &[&str]) -> String {
    parts.iter().map(|part| encoded(part)).collect::<Vec<_>>().join(":")
}

struct Builder(Inventory);

impl Builder {
    fn add(&mut self, kind: &str, parts: &[&str]) {
        self.0.entry(kind.into()).or_default().insert(native_id(parts));
    }

    fn event(&mut self, on: &[&str], field: &str, at: Option<String>) {
        if let Some(at) = at {
            let parts: Vec<&str> = on.iter().copied().chain([field, at.as_str()]).collect();
            self.add("audit_event", &parts);
        }
    }
}

fn text(item: &Value, field: &str) -> String {
    item.get(field).and_then(Value::as_str).unwrap_or_default().into()
}

impl Account {
    /// Native ids of every kind that the account holds: what a whole collection has to find.
    pub fn inventory(&self) -> Inventory {
        let mut all = Builder(Inventory::new());
        all.add("account", &[&self.id()]);
        (0..self.roles()).for_each(|role| all.add("role", &[self.role_name(role)]));
        self.add_users(&mut all);
        self.add_teams(&mut all);
        for group in 0..self.spec.groups {
            let id = self.group_id(group);
            all.add("group", &[&id]);
            all.event(&["group", &id], "created_at", Some(self.group_created_at(group).normalised()));
        }
        (0..self.destinations()).for_each(|group| all.add("destination", &[&self.group_id(group)]));
        for connection in 0..self.spec.connections {
            let id = self.connection_id(connection);
            all.add("connection", &[&id]);
            let on = ["connection", id.as_str()];
            all.event(&on, "created_at", Some(self.connection_created_at(connection).normalised()));
            all.event(&on, "succeeded_at", self.connection_succeeded_at(connection).instant());
            all.event(&on, "failed_at", self.connection_failed_at(connection).instant());
        }
        (0..self.destinations())
            .for_each(|index| self.add_trust(&mut all, "destination", &self.group_id(index), index));
        for index in 0..self.spec.connections {
            let id = self.connection_id(index);
            self.add_trust(&mut all, "connection", &id, index);
            all.add("connection_schema", &[&id]);
            let errors = if self.has_errors { self.connection_errors(index) } else { Vec::new() };
            errors.iter().for_each(|error| all.add("connection_error", &[&id, &text(error, "type")]));
            if self.connection_service(index) == "fivetran_log" {
                all.add("audit_logging", &["platform_connector", &id]);
            }
        }
        self.add_things(&mut all);
        all.0
    }

    fn add_trust(&self, all: &mut Builder, owner: &str, id: &str, index: usize) {
        let certificates = trust::certificates(self, owner, index).into_iter().map(|item| ("certificate", item));
        let fingerprints = trust::fingerprints(self, owner, index).into_iter().map(|item| ("fingerprint", item));
        for (kind, item) in certificates.chain(fingerprints) {
            let hash = text(&item, "hash");
            all.add(kind, &[owner, id, &hash]);
            all.event(&[kind, owner, id, &hash], "validated_date", Stamp::normalise(&text(&item, "validated_date")));
        }
    }

    fn add_things(&self, all: &mut Builder) {
        all.add("audit_logging", &["groups"]);
        if logging::account_log_service(self).is_some() {
            all.add("log_service", &["account", &self.id()]);
            all.add("audit_logging", &["log_service", "account", &self.id()]);
        }
        let used: BTreeSet<_> = (0..self.spec.connections).map(|index| self.connection_service(index)).collect();
        for thing in THINGS {
            for item in thing.items(self) {
                let id = text(&item, "id");
                match thing.kind {
                    "connector_type" if !used.contains(id.as_str()) => continue,
                    "log_service" => {
                        all.add("log_service", &["group", &id]);
                        all.add("audit_logging", &["log_service", "group", &id]);
                    }
                    kind => all.add(kind, &[&id]),
                }
                if thing.kind == "webhook" {
                    all.add("audit_logging", &["webhook", &id]);
                }
                for field in thing.stamps {
                    all.event(&[thing.kind, &id], field, Stamp::normalise(&text(&item, field)));
                }
            }
        }
    }

    fn add_users(&self, all: &mut Builder) {
        for user in (0..self.spec.users).map(|position| self.user_index(position)) {
            let id = self.user_id(user);
            all.add("user", &[&id]);
            all.event(&["user", &id], "created_at", Some(self.user_created_at(user).normalised()));
            all.event(&["user", &id], "logged_in_at", self.user_logged_in_at(user).map(Stamp::normalised));
            self.add_grants(all, "user", user, &id, self.user_role(user).is_some());
            if let Some(key) = self.api_key(user) {
                all.add("api_key", &[&id]);
                for field in ["created_at", "last_rotated_at"] {
                    all.event(&["api_key", &id], field, Stamp::normalise(&text(&key, field)));
                }
            }
        }
    }

    fn add_teams(&self, all: &mut Builder) {
        for team in 0..self.spec.teams {
            let id = self.team_id(team);
            all.add("team", &[&id]);
            self.add_grants(all, "team", team, &id, self.team_role(team).is_some());
            for member in self.members(team) {
                all.add("team_membership", &[&id, &member.user_id]);
                all.event(
                    &["team_membership", &id, &member.user_id],
                    "created_at",
                    member.created_at.map(Stamp::normalised),
                );
            }
        }
    }

    fn add_grants(&self, all: &mut Builder, grantee: &str, index: usize, id: &str, account_role: bool) {
        if account_role {
            all.add("access_grant", &[grantee, id, "account", &self.id()]);
        }
        let groups = self.group_grants(grantee, index).into_iter().map(|grant| ("group", grant));
        let connections = self.connection_grants(grantee, index).into_iter().map(|grant| ("connection", grant));
        for (resource, grant) in groups.chain(connections) {
            all.add("access_grant", &[grantee, id, resource, &grant.id]);
            let on = ["access_grant", grantee, id, resource, &grant.id];
            all.event(&on, "created_at", grant.created_at.map(Stamp::normalised));
        }
    }
}
