//! What a job may reach on a worker's side: whoever may write to the queue is not to read what else the worker may read.

use serde_json::Value;
use std::path::{Component, Path};

/// How the names of variables begin that are the worker's own, or its tools'.
const OWN: [&str; 5] = ["NATS_", "AWS_", "AZURE_", "GOOGLE_", "OTEL_"];

/// Why a job must not say where requests go, if it does: the secrets go there too.
#[must_use]
pub fn upstream(tenant: &Value) -> Option<String> {
    let why = "a job must not name an upstream, unless the workers let it (worker --tenant-upstreams)";
    tenant.get("upstream").map(|_| why.into())
}

/// What of a tenant's entry reaches too far, if something does: a path that leaves the workers' folder, by its text, or a
/// variable that is the worker's own.
#[must_use]
pub fn fault(tenant: &Value) -> Option<String> {
    let credentials = &tenant["credentials"];
    let named = [("/settings_file", &tenant["settings_file"]), ("/egress", &tenant["egress"])];
    let fields = [("/credentials", credentials), ("/credentials/fields", &credentials["fields"])];
    let referred = fields.into_iter().flat_map(|(at, of)| {
        of.as_object().into_iter().flatten().map(move |(name, value)| (format!("{at}/{name}"), value))
    });
    let all = named.into_iter().map(|(at, value)| (at.to_string(), value)).chain(referred);
    all.filter_map(|(at, value)| Some((at, value.as_str()?))).find_map(|(at, text)| {
        if at.ends_with("_env") {
            let is_own = OWN.iter().any(|own| text.starts_with(own));
            return is_own.then(|| format!("{at} names a variable of the worker's own"));
        }
        leads_out(text).then(|| format!("{at} leads out of the folder of the workers (worker --folder)"))
    })
}

fn leads_out(path: &str) -> bool {
    !Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use super::{fault, upstream};
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
        for name in ["NATS_PASSWORD", "AWS_SECRET_ACCESS_KEY"] {
            let own = json!({"credentials": {"key_env": "A", "secret_env": name}});
            assert_eq!(fault(&own).unwrap(), "/credentials/secret_env names a variable of the worker's own");
        }
        let mut elsewhere = pair("a");
        elsewhere["upstream"] = "https://example.com".into();
        assert!(upstream(&elsewhere).is_some() && upstream(&pair("a")).is_none());
    }
}
