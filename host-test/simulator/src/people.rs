//! Roles, users, teams, groups, and who may do what.

use super::account::Account;
use super::random::Stamp;
use serde_json::{Value, json};

/// Name, scopes, custom, deprecated (null where Fivetran does not say), replacement.
type RoleRow = (&'static str, &'static [&'static str], bool, Option<bool>, Option<&'static str>);

const ROLES: &[RoleRow] = &[
    ("Account Administrator", &["ACCOUNT"], false, Some(false), None),
    ("Account Billing", &["ACCOUNT"], false, Some(false), None),
    ("Account Analyst", &["ACCOUNT"], false, Some(false), None),
    ("Account Reviewer", &["ACCOUNT"], false, Some(false), None),
    ("Destination Creator", &["ACCOUNT"], false, None, None),
    ("Manage Destination", &["DESTINATION"], false, Some(false), None),
    ("Edit Destination", &["DESTINATION"], false, Some(false), None),
    ("View Destination", &["DESTINATION"], false, Some(false), None),
    ("Create Connection", &["DESTINATION"], false, None, None),
    ("Destination Administrator", &["DESTINATION"], false, Some(true), Some("Manage Destination")),
    ("Destination Reviewer", &["DESTINATION"], false, Some(true), Some("View Destination")),
    ("Destination Analyst", &["DESTINATION"], false, Some(true), Some("View Destination")),
    ("Connector Creator", &["DESTINATION"], false, Some(true), Some("Create Connection")),
    ("Connector Administrator", &["CONNECTOR"], false, Some(true), Some("Manage Connection")),
    ("Manage Connection", &["CONNECTOR"], false, Some(false), None),
    ("View Connection", &["CONNECTOR"], false, Some(false), None),
    ("Team Manager", &["TEAM"], false, None, None),
    ("Team Member", &["TEAM"], false, None, None),
    ("Auditor: read/only", &["ACCOUNT"], true, Some(false), None),
    ("Oncall Ünit 24×7", &["DESTINATION", "CONNECTOR"], true, Some(false), None),
];

const ACCOUNT_ROLES: &[&str] =
    &["Account Administrator", "Account Analyst", "Account Reviewer", "Account Billing", "Auditor: read/only"];
const GROUP_ROLES: &[&str] =
    &["Manage Destination", "Edit Destination", "View Destination", "Destination Reviewer", "Oncall Ünit 24×7"];
const CONNECTION_ROLES: &[&str] = &["Manage Connection", "View Connection", "Connector Administrator"];
const GIVEN: &[&str] = &[
    "Ada", "Bo", "Chidi", "Dana", "Elif", "Farid", "Greta", "Hiro", "Inés", "Jonas", "Kira", "Liam", "Mina", "Noor",
    "Olga",
];
const FAMILY: &[&str] = &[
    "Abara", "Berg", "Castro", "Doyle", "Eriksen", "Fischer", "García", "Haddad", "Ito", "Jensen", "Kovač", "Lund",
    "O'Neil",
];

/// A grant: id of the group or connection, role, when (not always known).
pub struct Grant {
    /// Id of the group or connection.
    pub id: String,
    /// Name of the role.
    pub role: &'static str,
    /// When it was granted.
    pub created_at: Option<Stamp>,
}

impl Grant {
    /// As the API shows it.
    pub fn json(&self) -> Value {
        json!({"id": self.id, "role": self.role, "created_at": self.created_at.map(Stamp::text)})
    }
}

/// A member of a team.
pub struct Member {
    /// Id of the user.
    pub user_id: String,
    /// `Team Member` or `Team Manager`.
    pub role: &'static str,
    /// When the user was added.
    pub created_at: Option<Stamp>,
}

impl Member {
    /// As the API shows it: some members lack `created_at`.
    pub fn json(&self) -> Value {
        match self.created_at {
            Some(at) => json!({"user_id": self.user_id, "role": self.role, "created_at": at.text()}),
            None => json!({"user_id": self.user_id, "role": self.role}),
        }
    }
}

impl Account {
    /// How many roles there are.
    pub fn roles(&self) -> usize {
        ROLES.len()
    }

    /// Name of a role.
    pub fn role_name(&self, index: usize) -> &'static str {
        ROLES.get(index).map_or("", |role| role.0)
    }

    /// A role.
    pub fn role(&self, index: usize) -> Value {
        let Some((name, scopes, custom, deprecated, replacement)) = ROLES.get(index) else { return Value::Null };
        json!({
            "name": name,
            "description": format!("Can do what {name} can."),
            "scope": scopes,
            "is_custom": custom,
            "is_deprecated": deprecated,
            "replacement_role_name": replacement,
        })
    }

    /// Account role of a user. The first user is the administrator whose key is used.
    pub fn user_role(&self, index: usize) -> Option<&'static str> {
        let dice = self.dice("user", index);
        match index {
            0 => Some("Account Administrator"),
            _ if self.is_promoted(index) => Some("Account Administrator"),
            _ if dice.chance("no-role", 35) => None,
            _ => Some(dice.word("role", ACCOUNT_ROLES)),
        }
    }

    /// When a user came to be: those who have joined since, after all that the seed alone makes.
    pub fn user_created_at(&self, index: usize) -> Stamp {
        let at = self.dice("user", index).stamp("created_at");
        if self.joiners().contains(&index) { at.later() } else { at }
    }

    /// When a user last logged in. Some never did, nor did those who have not accepted their invitation.
    pub fn user_logged_in_at(&self, index: usize) -> Option<Stamp> {
        let dice = self.dice("user", index);
        let never = self.is_invited(index) || dice.chance("never-logged-in", 15);
        (index == 0 || !never).then(|| dice.stamp_after("logged_in_at", self.user_created_at(index)))
    }

    fn is_invited(&self, index: usize) -> bool {
        index > 0 && self.dice("user", index).chance("invited", 8)
    }

    /// A user.
    pub fn user(&self, index: usize) -> Value {
        let dice = self.dice("user", index);
        let service = index > 0 && dice.chance("service-account", 5);
        let (given, family) = (dice.word("given", GIVEN), dice.word("family", FAMILY));
        let domain = dice.word("domain", &["example.com", "example.org", "example.net"]);
        let ascii: String = format!("{given}.{family}")
            .chars()
            .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '.')
            .collect();
        let suspended = index > 0 && dice.chance("suspended", 10);
        let invited = self.is_invited(index);
        let mut user = json!({
            "id": self.user_id(index),
            "email": format!("{}.{index}@{domain}", ascii.to_lowercase()),
            "given_name": given,
            "family_name": family,
            "verified": !invited,
            "invited": invited,
            "picture": dice.chance("picture", 20).then(|| format!("https://img.example.com/{}.png", dice.hex("picture-id", 12))),
            "phone": dice.chance("phone", 20).then(|| format!("+1555{:07}", dice.below("phone-number", 10_000_000))),
            "role": self.user_role(index),
            "logged_in_at": self.user_logged_in_at(index).map(Stamp::text),
            "created_at": self.user_created_at(index).text(),
            "has_api_key": if service { self.has_service_key(index) } else { dice.chance("has-api-key", 30) },
            "active": !suspended,
            "user_type": if service { "SERVICE_ACCOUNT" } else { "REGULAR_USER" },
        });
        if service && let Some(user) = user.as_object_mut() {
            user.remove("email");
            user.insert("given_name".into(), Value::from("Service"));
            user.insert("family_name".into(), Value::from(format!("Account {index}")));
        }
        user
    }

    /// Grants of a user or team on groups.
    pub fn group_grants(&self, grantee: &str, index: usize) -> Vec<Grant> {
        let what = format!("{grantee}-groups");
        let chosen = self.some_of(&what, index, self.spec.groups, 3);
        chosen.into_iter().map(|group| self.grant(&what, index, group, self.group_id(group), GROUP_ROLES)).collect()
    }

    /// Grants of a user or team on connections.
    pub fn connection_grants(&self, grantee: &str, index: usize) -> Vec<Grant> {
        let what = format!("{grantee}-connections");
        let chosen = self.some_of(&what, index, self.spec.connections, 5);
        let grant = |connection| self.grant(&what, index, connection, self.connection_id(connection), CONNECTION_ROLES);
        chosen.into_iter().map(grant).collect()
    }

    fn grant(&self, what: &str, index: usize, resource: usize, id: String, roles: &[&'static str]) -> Grant {
        let dice = self.dice(&format!("{what}-{index}"), resource);
        Grant { id, role: dice.word("role", roles), created_at: Some(dice.stamp("created_at")) }
    }

    /// Account role of a team.
    pub fn team_role(&self, index: usize) -> Option<&'static str> {
        let dice = self.dice("team", index);
        (!dice.chance("no-role", 50)).then(|| dice.word("role", ACCOUNT_ROLES))
    }

    /// A team.
    pub fn team(&self, index: usize) -> Value {
        let name =
            self.dice("team", index).word("name", &["Finance", "Platform", "Growth", "Data", "Security", "Support"]);
        json!({
            "id": self.team_id(index),
            "name": format!("{name} {index}"),
            "description": format!("{name} people"),
            "role": self.team_role(index),
        })
    }

    /// Members of a team.
    pub fn members(&self, index: usize) -> Vec<Member> {
        let member = |user| {
            let dice = self.dice(&format!("team-{index}-member"), user);
            Member {
                user_id: self.user_id(user),
                role: if dice.chance("manager", 20) { "Team Manager" } else { "Team Member" },
                created_at: (!dice.chance("no-stamp", 30)).then(|| dice.stamp("created_at")),
            }
        };
        let chosen = self.some_of("team-members", index, self.spec.users, 12);
        chosen.into_iter().filter(|user| self.is_user(*user)).map(member).collect()
    }

    /// When a group came to be.
    pub fn group_created_at(&self, index: usize) -> Stamp {
        self.dice("group", index).stamp("created_at")
    }

    /// A group.
    pub fn group(&self, index: usize) -> Value {
        let name =
            self.dice("group", index).word("name", &["Production", "Staging", "Finance Warehouse", "Lake", "Sandbox"]);
        json!({"id": self.group_id(index), "name": format!("{name} {index}"), "created_at": self.group_created_at(index).text()})
    }

    /// A group's SSH public key; the text ends with a line break.
    pub fn public_key(&self, index: usize) -> Value {
        json!({"public_key": format!("ssh-rsa AAAAB3NzaC1yc2E{} fivetran user key\n", self.dice("group", index).hex("key", 64))})
    }

    /// A group's service account.
    pub fn service_account(&self, index: usize) -> Value {
        let name = self.group_id(index).replace('_', "-");
        json!({"service_account": format!("g-{name}@simulated-production.iam.gserviceaccount.com")})
    }
}
