//! What a job may reach on a worker's side: whoever may write to the queue is not to read what else the worker may read,
//! nor to say where its secrets go.

use serde_json::Value;
use std::path::{Component, Path};

/// Why a job must not say where requests go, if it does: the secrets go there too.
#[must_use]
pub fn upstream(tenant: &Value) -> Option<String> {
    let why = "a job names an upstream only where the workers have one: worker --upstream";
    tenant.get("upstream").map(|_| why.into())
}

/// Which path of a tenant's entry leaves the workers' folder, if one does.
#[must_use]
pub fn path(tenant: &Value) -> Option<String> {
    let credentials = &tenant["credentials"];
    let named = [("/settings_file", &tenant["settings_file"]), ("/egress", &tenant["egress"])];
    let fields = [("/credentials", credentials), ("/credentials/fields", &credentials["fields"])];
    let files = fields.into_iter().flat_map(|(at, of)| {
        let files = of.as_object().into_iter().flatten().filter(|(name, _)| name.ends_with("_file"));
        files.map(move |(name, value)| (format!("{at}/{name}"), value))
    });
    let mut all = named.into_iter().map(|(at, value)| (at.to_string(), value)).chain(files);
    let (at, _) = all.find(|(_, value)| value.as_str().is_some_and(leads_out))?;
    Some(format!("{at} leads out of the folder of the workers (worker --folder)"))
}

fn leads_out(path: &str) -> bool {
    !Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use super::{path as fault, upstream};
    use serde_json::json;

    #[test]
    fn a_job_reaches_the_workers_folder_and_no_further() {
        let pair = |key: &str| json!({"name": "a", "credentials": {"key_file": key, "secret_env": "S"}});
        let mut fine = pair("keys/./a");
        fine["settings_file"] = "a.json".into();
        assert_eq!(fault(&fine), None);
        assert_eq!(fault(&json!({"name": "a"})), None);
        for path in ["/etc/passwd", "../b", "keys/../../b"] {
            assert!(fault(&pair(path)).unwrap().starts_with("/credentials/key_file leads out"), "{path}");
            for (name, at) in [("settings_file", "/settings_file"), ("egress", "/egress")] {
                let mut tenant = pair("a");
                tenant[name] = path.into();
                assert!(fault(&tenant).unwrap().starts_with(at), "{path}");
            }
            let own = json!({"credentials": {"fields": {"api_key_file": path}}});
            assert!(fault(&own).unwrap().starts_with("/credentials/fields/api_key_file"), "{path}");
        }
        let mut elsewhere = pair("a");
        elsewhere["upstream"] = "https://example.com".into();
        assert!(upstream(&elsewhere).is_some() && upstream(&pair("a")).is_none());
    }
}
