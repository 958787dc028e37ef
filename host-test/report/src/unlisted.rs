//! People whom other records name, and who are not in a list of users that is said to be complete.

use crate::collection::Collection;
use crate::record::Record;
use std::collections::BTreeSet;

/// Who holds something now: a kind, and where it has the id of a user.
const HOLDERS: [(&str, &str); 5] = [
    ("team_membership", "/user_id"),
    ("access_grant", "/grantee_id"),
    ("api_key", "/user_id"),
    ("account", "/user_id"),
    ("manifest", "/principal/id"),
];
/// Who made something once, and may have left since.
const MAKERS: [(&str, &str); 6] = [
    ("connection", "/connected_by"),
    ("connector_sdk_package", "/created_by"),
    ("hybrid_deployment_agent", "/created_by"),
    ("private_link", "/created_by"),
    ("proxy_agent", "/created_by"),
    ("webhook", "/created_by"),
];

/// Ids of the people who are named and not in the list.
#[derive(Debug, Default)]
pub struct Unlisted<'c> {
    /// Those who hold something now: where there is one, the list is short.
    pub holders: BTreeSet<&'c str>,
    /// Those who only made something, and may have left.
    pub makers: BTreeSet<&'c str>,
}

/// Who is named and not in the list; nobody where the list is not said to be complete.
#[must_use]
pub fn unlisted(collection: &Collection) -> Unlisted<'_> {
    if !collection.is_complete("user") {
        return Unlisted::default();
    }
    let listed: BTreeSet<&str> = collection.of_kind("user").map(|record| record.subject.id.as_str()).collect();
    let named = |places: &[(&'static str, &'static str)]| -> BTreeSet<&str> {
        let all = places.iter().flat_map(|(kind, place)| {
            collection.of_kind(kind).filter(|record| is_about_user(record)).filter_map(|record| record.text(place))
        });
        all.filter(|id| !id.is_empty() && !listed.contains(id)).collect()
    };
    let holders = named(&HOLDERS);
    let makers = named(&MAKERS).into_iter().filter(|id| !holders.contains(id)).collect();
    Unlisted { holders, makers }
}

/// A grant may be a team's, and the key that read the account may be nobody's.
fn is_about_user(record: &Record) -> bool {
    let kind = record.text("/grantee_type").or_else(|| record.text("/principal/kind"));
    kind.is_none_or(|kind| kind == "user")
}

impl Unlisted<'_> {
    /// In a sentence; `None` where there is nobody.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let (holders, all) = (self.holders.len() as u64, (self.holders.len() + self.makers.len()) as u64);
        let (people, are) = if all == 1 { ("person", "is") } else { ("people", "are") };
        let hold = if holders == 1 { "holds" } else { "hold" };
        let which = match holders {
            _ if all == 0 => return None,
            0 => "they made something, and may have left since".into(),
            _ => format!(
                "{holders} {hold} a membership, a grant or a key, so that the list is not whole, whatever its coverage says"
            ),
        };
        Some(format!("{all} {people} {are} named by other records and {are} not in the list of users: {which}"))
    }

    /// The same where it shows that the list is short.
    #[must_use]
    pub fn proof(&self) -> Option<String> {
        self.words().filter(|_| !self.holders.is_empty()).map(|words| format!("NOT ALL USERS: {words}"))
    }
}
