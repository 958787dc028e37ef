//! Options that say what a simulated account is like.

use clap::Args;
use fivetran_simulator as simulator;
use fivetran_simulator::faults::{Rule, Schedule};
use fivetran_simulator::{AccountSpec, Config, Knob, Pair, Trail};
use host_test::text;
use std::sync::Arc;
use std::time::Duration;

/// What the simulated account's audit trail is like.
#[derive(Args)]
pub struct TrailArgs {
    /// Number of entries of the audit trail; twice as many rows are in LOG.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 500)]
    sim_entries: usize,
    /// What is wrong with the audit trail, or how it is laid out: WORD, WORD=NUMBER or WORD=NAME, where changes take
    /// @REQUESTS after which they happen, e.g. pending=2, no-table=audit_trail or added=100@5. An unknown word lists
    /// them all.
    #[arg(
        help_heading = "Simulator (--sim-*)",
        long,
        hide_short_help = true,
        value_delimiter = ',',
        value_name = "WORD,…"
    )]
    sim_trail: Vec<Knob>,
}

impl TrailArgs {
    /// The simulator's configuration of the trail.
    pub fn trail(&self) -> Trail {
        let logs = self.sim_entries.saturating_mul(2);
        let mut trail = Trail { entries: self.sim_entries, logs, ..Trail::default() };
        self.sim_trail.iter().for_each(|knob| knob.turn(&mut trail));
        trail
    }
}

/// What the simulated account is like.
#[derive(Args)]
pub struct SimArgs {
    /// Seed of the simulated account: the same seed, the same account.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 1)]
    sim_seed: u64,
    /// Number of users.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 40)]
    sim_users: usize,
    /// Number of teams.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 6)]
    sim_teams: usize,
    /// Number of groups.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 5)]
    sim_groups: usize,
    /// Number of connections.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 80)]
    sim_connections: usize,
    /// Number of changes in the simulated account, for `diff`: of the first N connections most are paused
    /// or resumed, of the next N most have synced, and half as many users have left, joined or become
    /// administrators.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 0)]
    sim_changes: usize,
    /// Milliseconds before each answer of the simulator.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 0)]
    sim_latency_ms: u64,
    /// Use a system key with these READ scopes only, instead of an administrator's key.
    #[arg(
        help_heading = "Simulator (--sim-*)",
        long,
        hide_short_help = true,
        value_delimiter = ',',
        value_name = "SCOPE,…",
        value_parser = clap::builder::PossibleValuesParser::new(simulator::SCOPES)
    )]
    sim_scopes: Option<Vec<String>>,
    /// Make answers fail: FAULT@PATH, with #FROM (the first one to fail) and xTIMES (how many fail), e.g.
    /// 503@/v1/users#2x1 or 429=30@/v1/connections.
    #[arg(
        help_heading = "Simulator (--sim-*)",
        long,
        hide_short_help = true,
        value_delimiter = ',',
        value_name = "FAULT@PATH,…"
    )]
    sim_faults: Vec<Rule>,
}

impl SimArgs {
    /// The simulator's configuration; it accepts `pair`, or the documented one.
    pub fn config(&self, pair: Option<Pair>) -> Config {
        let pair = pair.unwrap_or_else(simulator::default_pair);
        Config {
            account: self.account(),
            changes: self.sim_changes,
            pair,
            principal: match &self.sim_scopes {
                None => simulator::Principal::UserKey,
                Some(scopes) => simulator::Principal::SystemKey { scopes: scopes.iter().cloned().collect() },
            },
            latency: Duration::from_millis(self.sim_latency_ms),
            faults: (!self.sim_faults.is_empty()).then(|| Arc::new(Schedule::new(self.sim_faults.clone()))),
            ..Config::default()
        }
    }

    /// Its size and seed.
    pub fn account(&self) -> AccountSpec {
        AccountSpec {
            seed: self.sim_seed,
            users: self.sim_users,
            teams: self.sim_teams,
            groups: self.sim_groups,
            connections: self.sim_connections,
        }
    }

    /// The account in a few words.
    pub fn sentence(&self) -> String {
        let parts = [
            (self.sim_users, "user"),
            (self.sim_teams, "team"),
            (self.sim_groups, "group"),
            (self.sim_connections, "connection"),
            (self.sim_changes, "change"),
        ];
        let told = parts.into_iter().filter(|(number, what)| *number > 0 || *what != "change");
        let parts: Vec<String> = told.map(|(number, what)| text::count(number as u64, what)).collect();
        format!("seed {}: {}", self.sim_seed, parts.join(", "))
    }
}
