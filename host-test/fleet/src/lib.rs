//! Many tenants at once on one machine.
//!
//! A [`Fleet`] takes tenants ([`Spec`]) and writes a folder for each, as `collect` does for one. It
//! goes in turns: a tenant that is ready gets an instance for one page of bounded size, the page is
//! written, the instance is dropped, and somebody else is next (`queue`). So many turns run at once
//! as [`Options::active`] says, however many tenants there are.
//!
//! Everything a tenant needs to resume is the cursor in its folder. One that waits, because its vendor
//! asks for it, because the quota of its account is used up (`quota`) or because it failed, is an
//! entry in a list: no instance, no open file, no secret. For the same reason a fleet can be stopped
//! or killed at any moment, and be resumed from what the folders hold.
//!
//! A failure ends one tenant and no other. What a retry may help is tried again with growing waits, until
//! it has come no further for the time that [`Options::endurance`] gives.

mod account;
mod bounds;
mod check;
mod credentials;
mod event;
mod fields;
mod file;
mod finding;
mod fleet;
mod options;
mod queue;
mod quota;
mod report;
mod schedule;
mod setup;
mod spec;
pub mod store;
mod tenant_state;
mod turn;

pub use account::{Account, Share};
pub use bounds::Bounds;
pub use check::{Wrong, wrong_since};
pub use credentials::{CredentialsRef, SecretRef};
pub use event::{Event, Observer, Stop};
pub use file::{Defaults, parse, read};
pub use fleet::Fleet;
pub use options::Options;
pub use report::{Gauges, Outcome, Reading, Report, TenantReport};
pub use spec::{SettingsRef, Spec, is_name};
pub use turn::{Step, Turn};
