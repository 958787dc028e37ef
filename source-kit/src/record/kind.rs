//! What a kind of evidence is: the entry that `describe` shows and the collection obeys.

/// What a kind costs in calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// None of its own.
    Free,
    /// One call, or one per list page.
    PerPage,
    /// Also at least one per item.
    PerItem,
}

/// When a kind is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Unless the request names other kinds.
    Default,
    /// Only when the request names it.
    Asked,
    /// In every collection.
    Always,
}

/// What the records of a kind describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Things that exist.
    Inventory,
    /// Things that happened.
    Event,
    /// What the source says about the collection.
    Statement,
}

/// One kind of evidence. Meanings and units: `kind-description` in `wit/catalog.wit`.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field but `spread` is documented in wit/catalog.wit")]
pub struct Kind {
    pub id: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub keywords: &'static [&'static str],
    pub nature: Nature,
    pub personal_data: bool,
    pub schema_version: u32,
    pub content_schema: &'static str,
    pub endpoints: &'static [&'static str],
    pub permissions: &'static [&'static str],
    pub plan_gate: Option<&'static str>,
    pub cost: Cost,
    pub when: When,
    pub valid_for_seconds: u64,
    /// Whether the setting `spread_days` spreads calls that it is read from: a test compares this
    /// with what the parts say.
    pub spread: bool,
}

impl Kind {
    /// An inventory that is read every day; the rest of the fields is to be filled in.
    pub const INVENTORY: Self = Self {
        id: "",
        title: "",
        description: "",
        keywords: &[],
        nature: Nature::Inventory,
        personal_data: false,
        schema_version: 1,
        content_schema: "{}",
        endpoints: &[],
        permissions: &[],
        plan_gate: None,
        cost: Cost::PerPage,
        when: When::Default,
        valid_for_seconds: DAILY,
        spread: false,
    };
}

/// One day, the rhythm in which a compliance platform collects, and half of one as slack: an
/// observation stays valid until the next one is surely there.
pub const DAILY: u64 = 36 * 3600;
/// What has happened stays true; a year covers an audit period.
pub const YEAR: u64 = 366 * 24 * 3600;
