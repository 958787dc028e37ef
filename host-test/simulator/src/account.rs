//! The simulated account: how many of what, and which belongs to which.

use super::random::{Dice, index_of, slug};
use serde_json::{Value, json};

/// Size and seed of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSpec {
    /// The same seed, the same account.
    pub seed: u64,
    /// Users.
    pub users: usize,
    /// Teams.
    pub teams: usize,
    /// Groups. The last one of several has no destination.
    pub groups: usize,
    /// Connections.
    pub connections: usize,
}

impl Default for AccountSpec {
    fn default() -> Self {
        Self { seed: 1, users: 200, teams: 20, groups: 10, connections: 500 }
    }
}

impl AccountSpec {
    /// Id of the account.
    #[must_use]
    pub fn account_id(&self) -> String {
        format!("{}_acc", slug(self.seed, "account", 0))
    }
}

/// So many ids after the last user's belong to users deleted since, whom stamps still name.
pub const FORMER_USERS: usize = 7;

/// An account. Nothing of it is stored: every item follows from the seed and its number.
#[derive(Clone, Debug)]
pub struct Account {
    /// Size and seed.
    pub spec: AccountSpec,
    /// How much of it has changed: see `changes`.
    pub changes: usize,
    /// Whether it takes part in the private preview of connection errors.
    pub has_errors: bool,
}

impl Account {
    /// Its id.
    pub fn id(&self) -> String {
        self.spec.account_id()
    }

    /// Numbers for item `index` of `what`.
    pub fn dice(&self, what: &str, index: usize) -> Dice {
        Dice::new(self.spec.seed, what, index)
    }

    /// Id of user `index`. Numbers beyond the last user are users deleted since.
    pub fn user_id(&self, index: usize) -> String {
        slug(self.spec.seed, "user", index)
    }

    /// Id of team `index`.
    pub fn team_id(&self, index: usize) -> String {
        slug(self.spec.seed, "team", index)
    }

    /// Id of group `index`, which is its destination's too.
    pub fn group_id(&self, index: usize) -> String {
        slug(self.spec.seed, "group", index)
    }

    /// Id of connection `index`.
    pub fn connection_id(&self, index: usize) -> String {
        slug(self.spec.seed, "connection", index)
    }

    /// Id of number `index` of the things named `what`.
    pub fn id_of(&self, what: &str, index: usize) -> String {
        slug(self.spec.seed, what, index)
    }

    /// Id of some user, now and then of one deleted since.
    pub fn someone(&self, dice: Dice) -> String {
        match dice.below("someone-deleted", 10) {
            0 => self.user_id(self.spec.users + dice.below("someone", FORMER_USERS)),
            _ => self.user_id(dice.below("someone", self.spec.users)),
        }
    }

    /// Number of a user, team, group or connection by its id.
    pub fn find(&self, what: &str, id: &str) -> Option<usize> {
        let count = match what {
            "user" => return index_of(self.spec.seed, "user", id).filter(|index| self.is_user(*index)),
            "team" => self.spec.teams,
            "group" => self.spec.groups,
            "destination" => return index_of(self.spec.seed, "group", id).filter(|index| *index < self.destinations()),
            _ => self.spec.connections,
        };
        index_of(self.spec.seed, what, id).filter(|index| *index < count)
    }

    /// How many groups have a destination.
    pub fn destinations(&self) -> usize {
        if self.spec.groups > 1 { self.spec.groups - 1 } else { self.spec.groups }
    }

    /// Up to `most` different numbers below `bound`, for item `index` of `what`.
    pub fn some_of(&self, what: &str, index: usize, bound: usize, most: usize) -> Vec<usize> {
        let dice = self.dice(what, index);
        let count = dice.below("count", most.min(bound) + 1);
        let start = dice.below("start", bound);
        let step = 1 + dice.below("step", 3);
        let mut chosen: Vec<usize> = (0..count).filter_map(|n| (start + n * step).checked_rem(bound)).collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    /// `data` of `/v1/account/info`.
    pub fn info(&self, system_key: bool) -> Value {
        let user = (!system_key && self.spec.users > 0).then(|| self.user_id(0));
        let key = system_key.then(|| slug(self.spec.seed, "system-key", 0));
        json!({
            "account_id": self.id(),
            "account_name": "Simulated Industries",
            "user_id": user,
            "system_key_id": key,
        })
    }
}
