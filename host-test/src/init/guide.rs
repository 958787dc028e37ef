//! Which key to make, and where.

use fivetran_simulator::{DEFAULT_KEY, DEFAULT_SECRET};
use host_test::text::{plain, say};
use source_host::plugin::Plugin;

const BEFORE: &str = "
A key for reading your Fivetran account. Make one of these two:

  A system key, which can be limited to reading. It reads everything but the list of system keys.
    Account Settings > General > System Keys > + Add system key (needs the role Account Administrator)
    Its permissions, as JSON:";

const AFTER: &str = "
  Your own key, if you are an Account Administrator. It reads everything, and may do everything that you may.
    your user name > API Key > Generate API key
    If you have a key already, a new secret ends the old one at once, in all tools that use it.

Fivetran shows key and secret once. Copy these two, not the Base64 text below them. What you paste is not shown.
";

/// Says it, with the permissions that this component asks for.
pub fn show(plugin: &Plugin, is_simulated: bool) {
    say(BEFORE);
    say(permissions(plugin.description().kinds.iter().flat_map(|kind| &kind.permissions)));
    say(AFTER);
    if is_simulated {
        say(format!("The simulated account accepts the key {DEFAULT_KEY} with the secret {DEFAULT_SECRET}.\n"));
    }
}

/// What Fivetran's form for a system key takes. A permission that no system key can have is not of this form.
fn permissions<'k>(all: impl Iterator<Item = &'k String>) -> String {
    let mut types: Vec<&str> = all.filter_map(|name| name.strip_suffix(":READ")).collect();
    types.sort_unstable();
    types.dedup();
    let line = |name: &&str| format!("{{\"resource_type\": \"{}\", \"access_level\": \"READ\"}}", plain(name));
    format!("    [{}]", types.iter().map(line).collect::<Vec<_>>().join(",\n     "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reading_is_asked_for_and_each_thing_once() {
        let names = ["USER:READ", "ACCOUNT:READ", "USER:READ", "a role that may see log services"].map(String::from);
        let text = permissions(names.iter());
        let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
        let want = serde_json::json!([
            {"resource_type": "ACCOUNT", "access_level": "READ"},
            {"resource_type": "USER", "access_level": "READ"},
        ]);
        assert_eq!(parsed, want);
    }
}
