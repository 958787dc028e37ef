#![doc = include_str!("../README.md")]
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

pub mod base;
pub mod collect;
pub mod health;
pub mod read;
pub mod record;

#[cfg(target_arch = "wasm32")]
pub mod shell;

pub use base::model::{Subject, Withheld, WithheldReason};
pub use read::protocol::Protocol;
pub use read::wire::{Field, FreeForm, Hidden, Known, Map, Rule, Text, Unread};
pub use record::answer::{Pages, PartAnswer, Why};
pub use record::emit::{Draft, Emit, Origin};
pub use record::findings::Findings;
pub use record::kind::{Cost, DAILY, Kind, Nature, When, YEAR};
pub use record::not_observable::Topic;
pub use record::part::{Item, Missing, Need, Part, Proof, Windows};
pub use record::resource::Resource;
pub use record::source::{
    About, Account, Capability, Host, Lack, Pair, SecretField, Setting, SignIn, Source, Summary, Token,
};
pub use record::vendor::Vendor;

pub use base::world::{Ask, Response};
pub use read::data::{Data, ListPage, Opened, Page, Shape, range_of};
pub use read::protocol::{Asked, Told};
pub use record::identity::Identity;

#[doc(hidden)]
pub mod __private {
    pub use alloc::borrow::Cow;
    pub use alloc::vec::Vec;
}
