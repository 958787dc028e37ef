//! The same account some time later: who left and joined, what was switched, what went on by itself.
//! It tells what it changed, id by id, for whoever has to find it.
//!
//! Connections that export the audit trail stay as they are: what hangs on them is the component's
//! own conclusion, of which the simulator knows nothing.

use super::account::{Account, FORMER_USERS};
use super::inventory::{Inventory, native_id};
use std::collections::BTreeMap;
use std::ops::Range;

/// What is another in the changed account, by kind and native id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What has come.
    pub created: Inventory,
    /// What has gone.
    pub deleted: Inventory,
    /// What somebody changed.
    pub edited: Inventory,
    /// What is only further along than before.
    pub active: Inventory,
}

impl Account {
    fn half(&self) -> usize {
        self.changes.div_ceil(2)
    }

    /// How many users have left: the last ones, never the one whose key is used. As many have joined.
    fn leavers(&self) -> usize {
        self.half().min(self.spec.users.saturating_sub(1))
    }

    /// The numbers of the users who have joined since.
    pub fn joiners(&self) -> Range<usize> {
        // The ids before these are former users', and stay so.
        let first = self.spec.users + FORMER_USERS;
        first..first + self.leavers()
    }

    /// The number of the user at a position of the list.
    pub fn user_index(&self, position: usize) -> usize {
        match self.is_user(position) {
            true => position,
            false => position + FORMER_USERS + self.leavers(),
        }
    }

    /// Whether there is a user of this number.
    pub fn is_user(&self, index: usize) -> bool {
        index < self.spec.users - self.leavers() || self.joiners().contains(&index)
    }

    /// Whether a user was made an administrator.
    pub fn is_promoted(&self, index: usize) -> bool {
        (1..=self.half()).contains(&index)
    }

    /// Whether a connection was paused, or resumed.
    pub fn is_switched(&self, index: usize) -> bool {
        index < self.changes && self.connection_service(index) != "fivetran_log"
    }

    /// Whether a connection has synced since.
    pub fn has_synced_since(&self, index: usize) -> bool {
        let some = self.changes..self.changes.saturating_mul(2);
        some.contains(&index) && self.connection_service(index) != "fivetran_log"
    }

    /// What is another than in the account as the seed makes it.
    pub fn changed(&self) -> Changes {
        let former = Self { changes: 0, ..self.clone() };
        let (before, after) = (former.inventory(), self.inventory());
        let mut changes =
            Changes { created: less(&after, &before), deleted: less(&before, &after), ..Changes::default() };
        let mut edited = |active: bool, kind: &str, parts: &[&str]| {
            let all = if active { &mut changes.active } else { &mut changes.edited };
            all.entry(kind.into()).or_default().insert(native_id(parts));
        };
        for index in (0..self.spec.users).filter(|index| self.is_user(*index)) {
            let id = self.user_id(index);
            let (role, role_after) = (former.user_role(index), self.user_role(index));
            if role != role_after {
                edited(false, "user", &[&id]);
            }
            if role != role_after && role.is_some() && role_after.is_some() {
                edited(false, "access_grant", &["user", &id, "account", &self.id()]);
            }
        }
        for index in 0..self.spec.connections {
            if former.connection(index) != self.connection(index) {
                edited(!self.is_switched(index), "connection", &[&self.connection_id(index)]);
            }
        }
        changes
    }
}

/// What is in the one and not in the other.
fn less(one: &Inventory, other: &Inventory) -> Inventory {
    let missing = one.iter().map(|(kind, ids)| {
        let there = other.get(kind);
        let ids = ids.iter().filter(|id| !there.is_some_and(|there| there.contains(*id))).cloned().collect();
        (kind.clone(), ids)
    });
    missing.filter(|(_, ids): &(_, std::collections::BTreeSet<String>)| !ids.is_empty()).collect::<BTreeMap<_, _>>()
}
