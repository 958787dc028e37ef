//! What a collection of the account has to contain, told by the account itself: the native id of
//! every record, per kind. It knows nothing of the component that is tested against it.

use super::account::Account;
use super::random::Stamp;
use std::collections::{BTreeMap, BTreeSet};

/// Native ids per kind, as they stand in a record's id.
pub type Inventory = BTreeMap<String, BTreeSet<String>>;

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn encoded(part: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    part.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

struct Builder(Inventory);

impl Builder {
    fn add(&mut self, kind: &str, parts: &[&str]) {
        let id = parts.iter().map(|part| encoded(part)).collect::<Vec<_>>().join(":");
        self.0.entry(kind.into()).or_default().insert(id);
    }

    fn event(&mut self, on: &[&str], field: &str, at: Option<String>) {
        if let Some(at) = at {
            let parts: Vec<&str> = on.iter().copied().chain([field, at.as_str()]).collect();
            self.add("audit_event", &parts);
        }
    }
}

impl Account {
    /// See the module.
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
        all.0
    }

    fn add_users(&self, all: &mut Builder) {
        for user in 0..self.spec.users {
            let id = self.user_id(user);
            all.add("user", &[&id]);
            all.event(&["user", &id], "created_at", Some(self.user_created_at(user).normalised()));
            all.event(&["user", &id], "logged_in_at", self.user_logged_in_at(user).map(Stamp::normalised));
            self.add_grants(all, "user", user, &id, self.user_role(user).is_some());
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
