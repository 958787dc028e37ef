//! Fivetran's words for types of resources, and which kinds of the account's collection hold them.

/// A type of the audit trail.
#[derive(Debug)]
pub(super) struct Type {
    /// Fivetran's word, which the account's stamps have too.
    pub word: &'static str,
    /// The kinds that hold its things; a destination's id is its group's.
    pub kinds: &'static [&'static str],
    /// Whether Fivetran says that its trail has entries of it. Of the others, a trail without any entry shows nothing.
    pub is_documented: bool,
}

const fn documented(word: &'static str, kinds: &'static [&'static str]) -> Type {
    Type { word, kinds, is_documented: true }
}

const fn supposed(word: &'static str, kinds: &'static [&'static str]) -> Type {
    Type { word, kinds, is_documented: false }
}

/// From Fivetran's page on the table `AUDIT_TRAIL`, read 2026-11: an open set. Left out are roles, whose id in the trail
/// is not known, and certificates and fingerprints, which have none. An API key goes by the id of its user.
pub(super) const TYPES: &[Type] = &[
    documented("CONNECTION", &["connection"]),
    documented("DESTINATION", &["destination", "group"]),
    documented("TEAM", &["team"]),
    documented("TRANSFORMATION", &["transformation"]),
    documented("USER", &["user"]),
    supposed("API_KEY", &["api_key"]),
    supposed("CONNECTOR_SDK_PACKAGE", &["connector_sdk_package"]),
    supposed("EXTERNAL_LOG_SERVICE", &["log_service"]),
    supposed("EXTERNAL_SECRETS_MANAGER", &["external_secrets_manager"]),
    supposed("HYBRID_DEPLOYMENT_AGENT", &["hybrid_deployment_agent"]),
    supposed("PRIVATE_LINK", &["private_link"]),
    supposed("PROXY_AGENT", &["proxy_agent"]),
    supposed("SYSTEM_KEY", &["system_key"]),
    supposed("TRANSFORMATION_PROJECT", &["transformation_project"]),
    supposed("WEBHOOK", &["webhook"]),
];

/// The type of this name, whatever its letter case.
pub(super) fn by_word(word: &str) -> Option<&'static Type> {
    TYPES.iter().find(|one| one.word.eq_ignore_ascii_case(word))
}

/// The type whose things a kind holds.
pub(super) fn by_kind(kind: &str) -> Option<&'static Type> {
    TYPES.iter().find(|one| one.kinds.contains(&kind))
}

/// Every kind that holds things.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    TYPES.iter().flat_map(|one| one.kinds).copied()
}
