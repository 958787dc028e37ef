//! `account`: whose evidence this is, and under which principal it was read.
//!
//! <https://fivetran.com/docs/rest-api/api-reference/account/get-account-info>, read 2026-11.

use crate::types::{Findings, Item};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::read::wire;
use source_kit::record::identity::Identity;
use source_kit::{Cost, DAILY, Draft, Emit, Kind, Nature, Subject, Text, When, wire};

/// The one call, which every collection starts with: record ids need the account's.
pub const PATH: &str = "/v1/account/info";

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "account",
    title: "Account",
    description: "The Fivetran account that all other evidence belongs to, and the user or system key under whose authority it was read.",
    keywords: &["account", "scope", "principal", "api key"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 1,
    content_schema: include_str!("schemas/account.json"),
    endpoints: &["GET /v1/account/info"],
    permissions: &[],
    plan_gate: None,
    cost: Cost::PerPage,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The account, and who read it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct AccountContent<'a> {
    /// Fivetran's id of the account.
    pub account_id: &'a str,
    /// Its name; null when Fivetran does not say.
    pub account_name: Option<&'a str>,
    /// Id of the system key that evidence was read with; null when a user's key was used or Fivetran does not
    /// say.
    pub system_key_id: Option<&'a str>,
    /// Id of the user whose key evidence was read with; null when a system key was used or Fivetran
    /// does not say.
    pub user_id: Option<&'a str>,
}

wire! {
    /// `data` of the answer.
    pub struct AccountInfo<'a> {
        account_id: Text<'a>,
        account_name: Text<'a>,
        user_id: Text<'a>,
        system_key_id: Text<'a>,
    }
}

/// Reads the answer; `None` when it names no account.
#[must_use]
pub fn identify(data: &str) -> Option<Identity> {
    let info = wire::read::<AccountInfo<'_>>(data)?;
    let owned = |field: &Text<'_>| field.text().map(ToString::to_string);
    Some(Identity {
        account: owned(&info.account_id)?,
        name: owned(&info.account_name),
        user: owned(&info.user_id),
        system_key: owned(&info.system_key_id),
    })
}

/// Makes the record.
pub fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(info) = findings.read::<AccountInfo<'_>>(PATH, item.json) else { return };
    if findings.id(&info.account_id).is_none() {
        return;
    }
    // As everywhere: an id that is a secret is another one.
    let id = out.account;
    let name = info.account_name.text();
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("Fivetran account {}", name.unwrap_or(id)),
        subject: Subject { id: id.into(), name: name.map(Into::into), kind: "account" },
        effective_at: None,
        content: &AccountContent {
            account_id: id,
            account_name: name,
            system_key_id: info.system_key_id.text(),
            user_id: info.user_id.text(),
        },
        from: &[&item.origin()],
        withheld: Vec::new(),
    });
}
