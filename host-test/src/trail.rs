//! The audit trail's source: which place its settings name, the credentials that it takes there, and its settings for a
//! simulated account.

use clap::ValueEnum;
use fivetran_simulator::{AccountSpec, Keys, Trail, Vendor};
use serde_json::Value;
use source_host::bindings::compliance::source::types::{Diagnostic, Severity};
use source_host::error::{Error, Result};
use source_host::tenant::{Credentials, Secret};

/// Its id.
pub const SOURCE: &str = "fivetran-audit-trail";

/// Where an audit trail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "names of products")]
pub enum Place {
    Snowflake,
    Bigquery,
    Databricks,
    Datadog,
}

const PLACES: [(Place, &str); 4] = [
    (Place::Snowflake, "snowflake"),
    (Place::Bigquery, "bigquery"),
    (Place::Databricks, "databricks"),
    (Place::Datadog, "datadog"),
];

/// The environment variables of each credential field.
const TOKEN: [(&str, &str); 1] = [("token", "AUDIT_TRAIL_TOKEN")];
const KEYS: [(&str, &str); 2] = [("api_key", "DD_API_KEY"), ("application_key", "DD_APPLICATION_KEY")];

impl Place {
    /// The place that settings name; `None` where they name none.
    #[must_use]
    pub fn of(settings: &str) -> Option<Self> {
        let settings: Value = serde_json::from_str(settings).ok()?;
        PLACES.into_iter().find(|(_, name)| settings.get(name).is_some()).map(|(place, _)| place)
    }

    fn variables(self) -> &'static [(&'static str, &'static str)] {
        if self == Self::Datadog { &KEYS } else { &TOKEN }
    }

    /// The variables that its credentials are in, as what there is none of.
    #[must_use]
    pub fn variable_names(self) -> String {
        self.variables().iter().map(|(_, name)| *name).collect::<Vec<_>>().join(" and no ")
    }

    fn credentials(self, values: Vec<String>) -> Credentials {
        let secrets = values.into_iter().map(Secret::new);
        match self {
            Self::Datadog => Credentials::Fields(KEYS.iter().map(|(id, _)| (*id).into()).zip(secrets).collect()),
            _ => secrets.map(Credentials::Bearer).next().unwrap_or(Credentials::None),
        }
    }

    /// What the environment holds for it: all of its variables or none.
    ///
    /// # Errors
    /// [`Error::Configuration`] when only some are set.
    pub fn from_environment(self, read: impl Fn(&str) -> Option<String>) -> Result<Option<Credentials>> {
        let found: Vec<Option<String>> = self.variables().iter().map(|(_, name)| read(name)).collect();
        if found.iter().all(Option::is_none) {
            return Ok(None);
        }
        let missing = self.variables().iter().zip(&found).find(|(_, value)| value.is_none());
        if let Some(((id, name), _)) = missing {
            let other =
                self.variables().iter().map(|(_, other)| *other).find(|other| other != name).unwrap_or_default();
            return Err(Error::Configuration(vec![Diagnostic {
                severity: Severity::Error,
                code: "credential-missing".into(),
                pointer: format!("/credentials/{id}"),
                message: format!("{name} is not set, and {other} is"),
                remedy: format!("Set {name} too, or unset {other}."),
            }]));
        }
        Ok(Some(self.credentials(found.into_iter().flatten().collect())))
    }

    /// Whose protocol a simulator of it speaks.
    #[must_use]
    pub fn vendor(self) -> Vendor {
        match self {
            Self::Snowflake => Vendor::Snowflake,
            Self::Bigquery => Vendor::BigQuery,
            Self::Databricks => Vendor::Databricks,
            Self::Datadog => Vendor::Datadog,
        }
    }

    /// What a simulator of this trail accepts.
    #[must_use]
    pub fn simulated_credentials(self, trail: &Trail) -> Credentials {
        let Keys { token, api_key, application_key } = &trail.keys;
        let values = if self == Self::Datadog { vec![api_key, application_key] } else { vec![token] };
        self.credentials(values.into_iter().cloned().collect())
    }

    /// Settings for this trail of a simulated account.
    #[must_use]
    pub fn simulated_settings(self, trail: &Trail, account: &AccountSpec) -> String {
        trail.settings(self.vendor(), &account.account_id()).to_string()
    }
}

/// The first variable of the environment that holds a credential for any place; `None` where none does.
#[must_use]
pub fn found(read: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    TOKEN.iter().chain(&KEYS).map(|(_, name)| *name).find(|name| read(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use audit_trail_source::entry::TYPES;
    use source_evidence::reconcile::compared;

    fn environment(set: &'static [&'static str]) -> impl Fn(&str) -> Option<String> {
        move |name| set.contains(&name).then(|| format!("canary of {name}"))
    }

    #[test]
    fn each_place_takes_its_own_variables_and_all_of_them() {
        for (place, _) in PLACES {
            assert!(place.from_environment(environment(&[])).unwrap().is_none());
            let other: &[&str] = if place == Place::Datadog { &["AUDIT_TRAIL_TOKEN"] } else { &["DD_API_KEY"] };
            assert!(place.from_environment(environment(other)).unwrap().is_none(), "of another place");
        }
        let token = Place::Snowflake.from_environment(environment(&["AUDIT_TRAIL_TOKEN", "DD_API_KEY"])).unwrap();
        assert_eq!(token, Some(Credentials::Bearer(Secret::new("canary of AUDIT_TRAIL_TOKEN"))));
        let Some(Credentials::Fields(keys)) =
            Place::Datadog.from_environment(environment(&["DD_API_KEY", "DD_APPLICATION_KEY"])).unwrap()
        else {
            panic!("no fields")
        };
        let keys: Vec<_> = keys.iter().map(|(id, secret)| (id.as_str(), secret.expose())).collect();
        assert_eq!(keys, [("api_key", "canary of DD_API_KEY"), ("application_key", "canary of DD_APPLICATION_KEY")]);
        let half = Place::Datadog.from_environment(environment(&["DD_API_KEY"])).unwrap_err();
        let text = format!("{half:?}");
        assert!(text.contains("DD_APPLICATION_KEY is not set") && !text.contains("canary"), "{text}");
    }

    /// What is compared by its type is what the source's subjects are told apart by.
    #[test]
    fn the_types_that_are_compared_are_types_of_the_source() {
        let unknown: Vec<_> = compared().filter(|word| !TYPES.contains(word)).collect();
        assert_eq!(unknown, [""; 0]);
        assert!(compared().count() > 10 && TYPES.is_sorted());
    }

    #[test]
    fn the_settings_of_a_simulated_place_name_it_and_its_account() {
        for (place, name) in PLACES {
            let settings = place.simulated_settings(&Trail::default(), &AccountSpec::default());
            assert_eq!(Place::of(&settings), Some(place));
            let value: Value = serde_json::from_str(&settings).unwrap();
            assert!(value["account"].as_str().is_some_and(|id| id.ends_with("_acc")) && value[name].is_object());
        }
        for text in ["", "[]", "{}", r#"{"account": "x"}"#] {
            assert_eq!(Place::of(text), None, "{text}");
        }
    }
}
