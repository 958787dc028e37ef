//! Resources that are a list and perhaps the details of its items: one table, which routes and
//! inventory read.

use super::account::Account;
use super::protocol::{End, Reply, page};
use super::random::index_of;
use super::{code, keys, logging, network};
use serde_json::Value;

/// A list of items.
pub struct Thing {
    /// Path below `/v1/`.
    pub path: &'static str,
    /// Kind of evidence it becomes.
    pub kind: &'static str,
    /// What its ids are made from.
    pub slug: &'static str,
    /// Scope that a system key needs; `None` where none is documented.
    pub scope: Option<&'static str>,
    /// Whether only a user's key may read it.
    pub users_only: bool,
    /// How the list says that it ends.
    pub end: End,
    /// How many there may be.
    pub count: fn(&Account) -> usize,
    /// An item as the list shows it; null where number `index` is not there.
    pub item: fn(&Account, usize) -> Value,
    /// An item with its details.
    pub details: fn(&Account, usize) -> Value,
    /// Fields of the list's items that are stamps.
    pub stamps: &'static [&'static str],
}

const PLAIN: Thing = Thing {
    path: "",
    kind: "",
    slug: "",
    scope: None,
    users_only: false,
    end: End::Null,
    count: |_| 0,
    item: |_, _| Value::Null,
    details: |_, _| Value::Null,
    stamps: &["created_at"],
};

/// All of them.
pub const THINGS: &[Thing] = &[
    Thing {
        path: "external-logging",
        kind: "log_service",
        slug: "group",
        end: End::Absent,
        count: |account| account.spec.groups,
        item: logging::log_service,
        details: logging::log_service_details,
        stamps: &[],
        ..PLAIN
    },
    Thing {
        path: "webhooks",
        kind: "webhook",
        slug: "webhook",
        scope: Some("WEBHOOK"),
        end: End::Empty,
        count: |account| 3 + account.spec.groups / 4,
        item: logging::webhook,
        details: logging::webhook,
        ..PLAIN
    },
    Thing {
        path: "system-keys",
        kind: "system_key",
        slug: "system-key",
        users_only: true,
        count: |_| 4,
        item: keys::system_key,
        details: keys::system_key_details,
        stamps: &["created_at", "updated_at", "last_used_at"],
        ..PLAIN
    },
    Thing {
        path: "external-secrets-managers",
        kind: "external_secrets_manager",
        slug: "esm",
        end: End::Empty,
        count: |_| keys::MANAGERS,
        item: keys::manager,
        details: keys::manager,
        stamps: &["created_at", "updated_at"],
        ..PLAIN
    },
    Thing {
        path: "private-links",
        kind: "private_link",
        slug: "private-link",
        scope: Some("PRIVATE_LINK"),
        count: |_| network::LINKS,
        item: network::private_link,
        details: network::private_link,
        ..PLAIN
    },
    Thing {
        path: "proxy",
        kind: "proxy_agent",
        slug: "proxy",
        scope: Some("PROXY"),
        end: End::Absent,
        count: |_| network::PROXIES,
        item: network::proxy,
        details: network::proxy_details,
        stamps: &["registered_at"],
        ..PLAIN
    },
    Thing {
        path: "hybrid-deployment-agents",
        kind: "hybrid_deployment_agent",
        slug: "agent",
        scope: Some("REMOTE_EXECUTION_AGENT"),
        count: |_| network::AGENTS,
        item: network::hybrid_agent,
        details: network::hybrid_agent,
        stamps: &["registered_at", "updated_at", "last_used_at"],
        ..PLAIN
    },
    Thing {
        path: "connector-sdk/packages",
        kind: "connector_sdk_package",
        slug: "package",
        end: End::Empty,
        count: code::packages,
        item: code::package,
        details: code::package,
        stamps: &["created_at", "updated_at"],
        ..PLAIN
    },
    Thing {
        path: "transformations",
        kind: "transformation",
        slug: "transformation",
        scope: Some("TRANSFORMATION"),
        count: |account| 2 + account.spec.connections / 25,
        item: code::transformation,
        details: code::transformation,
        stamps: &["created_at", "last_started_at"],
        ..PLAIN
    },
    Thing {
        path: "transformation-projects",
        kind: "transformation_project",
        slug: "project",
        scope: Some("TRANSFORMATION"),
        end: End::Absent,
        count: |_| code::PROJECTS,
        item: code::project,
        details: code::project_details,
        ..PLAIN
    },
    Thing {
        path: "metadata/connector-types",
        kind: "connector_type",
        scope: Some("ACCOUNT"),
        end: End::Null,
        count: |_| code::connector_types(),
        item: code::connector_type,
        details: code::connector_type,
        stamps: &[],
        ..PLAIN
    },
];

impl Thing {
    /// The thing that a path below `/v1/` belongs to, and what follows.
    pub fn of(path: &str) -> Option<(&'static Self, &str)> {
        THINGS.iter().find_map(|thing| {
            let rest = path.strip_prefix(thing.path)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| (thing, rest.trim_start_matches('/')))
        })
    }

    /// Every item that is there.
    pub fn items(&self, account: &Account) -> Vec<Value> {
        (0..(self.count)(account)).map(|index| (self.item)(account, index)).filter(|item| !item.is_null()).collect()
    }

    /// One page of the list.
    pub fn page(&self, account: &Account, query: &str) -> Reply {
        let items = self.items(account);
        page(query, items.len(), self.end, |index| items.get(index).cloned().unwrap_or_default())
    }

    /// The details of an item; null where there is none of this id.
    pub fn find(&self, account: &Account, id: &str) -> (Option<usize>, Value) {
        let index = index_of(account.spec.seed, self.slug, id).filter(|index| *index < (self.count)(account));
        (index, index.map(|index| (self.details)(account, index)).unwrap_or_default())
    }
}
