//! The source of Acme, an imaginary vendor. Its API has an account, a paged list of things, and for each thing
//! a list of its keepers. Everything that `source-kit` has to be told is here.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use serde::Deserialize;
use serde_json::value::RawValue;
use source_kit::read::wire::read;
use source_kit::record::{coverage, manifest, not_observable};
use source_kit::{
    About, Account, Capability, Cost, Data, Draft, Emit, Field, Findings, Identity, Item, Kind, ListPage, Opened,
    Origin, Part, Protocol, Resource, Shape, SignIn, Source, Subject, Text, Topic, Vendor, range_of, wire,
};

/// The source.
#[derive(Clone, Debug, PartialEq)]
pub struct Acme;

impl Protocol for Acme {
    const VENDOR: &'static str = "Acme";
    const HOST: &'static str = "api.acme.example";
    const QUOTA_PER_HOUR: u32 = 1_000;
    type Settings = ();

    fn open(text: &str, shape: Shape) -> Result<Opened, &'static str> {
        #[derive(Deserialize)]
        struct Page<'a> {
            #[serde(borrow)]
            items: Vec<&'a RawValue>,
            next: Option<&'a str>,
        }
        if shape != Shape::List {
            return Ok(Opened::at("", Data::Object(0..text.len())));
        }
        let page: Page<'_> = serde_json::from_str(text).map_err(|_| "the answer is not a list")?;
        let items = page.items.iter().map(|item| range_of(item.get(), text)).collect();
        Ok(Opened::at("/items", Data::Page(ListPage::new(items, page.next.map(ToString::to_string)))))
    }
}

impl Vendor for Acme {
    type Fact = ();
    type Notes = ();
}

const ACCOUNT: Kind = Kind {
    id: "account",
    title: "Account",
    description: "Whose things they are.",
    endpoints: &["GET /v1/me"],
    ..Kind::INVENTORY
};
const THING: Kind = Kind {
    id: "thing",
    title: "Things",
    description: "Every thing, and who keeps it.",
    content_schema: r#"{"type": "object", "required": ["id", "keepers", "secure"]}"#,
    endpoints: &["GET /v1/things", "GET /v1/things/{id}/keepers"],
    cost: Cost::PerItem,
    personal_data: true,
    ..Kind::INVENTORY
};

const THINGS: Resource<Acme> = Resource {
    stage: "things",
    path: "/v1/things",
    page_limit: Some(100),
    feeds: &[&THING],
    parts: &[KEEPERS],
    project: thing,
    ..Resource::LIST
};
const KEEPERS: Part<Acme> =
    Part { name: "keepers", path: "/v1/things/{id}/keepers", permission: "read", feeds: &[&THING], ..Part::LIST };

wire! {
    struct Me<'a> {
        id: Text<'a>,
        name: Text<'a>,
    }
    struct Thing<'a> {
        id: Text<'a>,
        secure: Field<bool>,
    }
    struct Keeper<'a> {
        name: Text<'a>,
    }
}

fn account(item: &Item<'_, Acme>, out: &mut Emit<'_>, findings: &mut Findings<Acme>) {
    let Some(me) = findings.read::<Me<'_>>("/v1/me", item.json) else { return };
    let Some(id) = findings.id(&me.id) else { return };
    let subject = Subject { id: id.into(), name: me.name.text().map(Into::into), kind: "account" };
    let content = serde_json::json!({"id": id});
    out.record(Draft::new(&ACCOUNT, &[id], format!("Account {id}"), subject, &content, &[&item.origin()]));
}

fn thing(item: &Item<'_, Acme>, out: &mut Emit<'_>, findings: &mut Findings<Acme>) {
    let Some(thing) = findings.read::<Thing<'_>>("/v1/things", item.json) else { return };
    let Some(id) = findings.id(&thing.id) else { return };
    let answer = item.part(&KEEPERS);
    let mut keepers = Vec::new();
    for json in answer.items() {
        let keeper = findings.read::<Keeper<'_>>(KEEPERS.path, json);
        keepers.extend(keeper.and_then(|keeper| keeper.name.text().map(|name| out.person(name).into_owned())));
    }
    let content = serde_json::json!({"id": id, "keepers": keepers, "secure": thing.secure.value()});
    let subject = Subject { id: id.into(), name: None, kind: "thing" };
    let origins: Vec<_> = core::iter::once(item.origin()).chain(answer.bodies().map(Origin::of_page)).collect();
    let from: Vec<_> = origins.iter().collect();
    out.record(Draft::new(&THING, &[id], format!("Thing {id}"), subject, &content, &from));
}

impl Source for Acme {
    const ABOUT: About = About {
        id: "acme",
        name: "Acme Things",
        version: env!("CARGO_PKG_VERSION"),
        description: "Reads the things of Acme.",
        category: "Things",
        sign_in: SignIn::None,
        settings_schema: r#"{"type": "object"}"#,
        settings: "accepted_gaps, free_text, personal_data, personal_data_key, requests_per_hour, spread_days",
        capabilities: &[Capability::get(Acme::HOST, &["/v1/"])],
    };
    const KINDS: &'static [&'static Kind] =
        &[&ACCOUNT, &THING, &not_observable::KIND, &coverage::KIND, &manifest::KIND];
    const RESOURCES: &'static [&'static Resource<Self>] = &[&THINGS];
    const ACCOUNT: Account<Self> =
        Account { path: "/v1/me", kind: &ACCOUNT, resource: Resource { project: account, ..Resource::LIST } };
    const TOPICS: &'static [Topic] =
        &[Topic::new("locks", "Are the things locked?", "No endpoint has a field for it.", "A photograph.")];
    const DEFAULT_REQUESTS_PER_HOUR: u32 = 500;
    const QUOTA_RANGE: &'static str = "a whole number from 1 to 1000";

    fn identify(data: &str) -> Option<Identity> {
        let me = read::<Me<'_>>(data)?;
        let text = |field: &Text<'_>| field.text().map(ToString::to_string);
        Some(Identity { account: text(&me.id)?, name: text(&me.name), user: None, system_key: None })
    }

    fn default_settings() {}
}

#[cfg(target_arch = "wasm32")]
source_kit::export!(Acme);
