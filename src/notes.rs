//! What a collection has to remember of the items it has seen, for the sake of later ones.
//!
//! It travels in the cursor, so it is bounded: a set of services, a list of groups.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use source_kit::base::digest::short_hash;

/// Groups remembered, at most. Beyond it the groups without an export of the audit trail are not
/// told: the cursor has to stay small.
pub const MAX_GROUPS: usize = 400;

/// Something that an item told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A connection uses this service.
    Service(String),
    /// There is a group with this id.
    Group(String),
    /// The audit trail of this group is exported.
    GroupExported(String),
    /// The audit trail of the account is exported.
    AccountExported,
    /// The account's own log service was read.
    AccountLogService,
}

/// What is remembered, within its bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// Short hashes of the services in use, sorted.
    services: Vec<u32>,
    /// Groups without an export of the audit trail so far, in the order of the list.
    pub bare_groups: Vec<String>,
    /// Groups in all.
    pub groups: u64,
    /// Mechanisms that export the audit trail of the whole account.
    pub account_exports: u64,
    /// Whether the account's own log service was read.
    pub account_log_service: bool,
}

impl Notes {
    /// Takes a fact. The same one again changes nothing but the count of account-wide mechanisms.
    pub fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Service(service) => {
                let print = short(&service);
                if let Err(place) = self.services.binary_search(&print) {
                    self.services.insert(place, print);
                }
            }
            Fact::Group(id) => {
                self.groups += 1;
                if self.bare_groups.len() < MAX_GROUPS {
                    self.bare_groups.push(id);
                }
            }
            Fact::GroupExported(id) => self.bare_groups.retain(|group| *group != id),
            Fact::AccountExported => self.account_exports += 1,
            Fact::AccountLogService => self.account_log_service = true,
        }
    }

    /// Whether a connection uses the service.
    #[must_use]
    pub fn uses(&self, service: &str) -> bool {
        self.services.binary_search(&short(service)).is_ok()
    }
}

/// 32 bits tell the some hundred services of Fivetran apart.
fn short(service: &str) -> u32 {
    u32::try_from(short_hash(service) >> 32).unwrap_or_default()
}
