//! What comes out of a collection, and what does not: free text, URLs with credentials, settings that
//! are not what they should be. All strings of all answers: `tests/component/canary_fields.rs`.

use crate::words::record;
use serde_json::{Value, json};

#[test]
fn free_text_is_withheld_unless_the_settings_keep_it() {
    for (kind, endpoint, item, field) in [
        ("team", "/v1/teams", json!({"id": "one", "description": "pw: s3cret"}), "description"),
        ("role", "/v1/roles", json!({"name": "one", "description": "pw: s3cret"}), "description"),
        ("system_key", "/v1/system-keys", json!({"id": "one", "name": "pw: s3cret", "expired_at": null}), "name"),
    ] {
        let left_out = record(kind, endpoint, item.clone(), "{}");
        let content: Value = serde_json::from_str(&left_out.content).unwrap();
        assert_eq!(content[field], Value::Null, "{kind}");
        let withheld: Vec<_> =
            left_out.withheld.iter().map(|one| (one.pointer.clone(), format!("{:?}", one.reason))).collect();
        assert_eq!(withheld, [(format!("/{field}"), "FreeText".to_string())], "{kind}");
        assert!(!format!("{left_out:?}").contains("s3cret"), "{kind}");
        let kept = record(kind, endpoint, item.clone(), r#"{"free_text": "kept"}"#);
        let content: Value = serde_json::from_str(&kept.content).unwrap();
        assert_eq!((&content[field], kept.withheld.len()), (&item[field], 0), "{kind}");
        let mut empty = item;
        empty[field] = "".into();
        assert_eq!(record(kind, endpoint, empty, "{}").withheld, [], "{kind}: nothing was left out");
    }
}

#[test]
fn the_texts_of_an_error_are_withheld_whatever_the_settings() {
    let item = json!({"type": "reconnect", "title": "t s3cret", "reason": "r s3cret", "message": "m s3cret",
        "created_at": "2026-01-30T00:00:00Z"});
    for settings in ["{}", r#"{"free_text": "kept"}"#] {
        let error = record("connection_error", "/v1/connections/{}/errors", item.clone(), settings);
        let content: Value = serde_json::from_str(&error.content).unwrap();
        let kept = json!({"connection_id": "one", "created_at": "2026-01-30T00:00:00Z", "type": "reconnect"});
        assert_eq!(content, kept, "{settings}");
        let withheld: Vec<_> =
            error.withheld.iter().map(|one| (one.pointer.as_str(), format!("{:?}", one.reason))).collect();
        let free = |pointer| (pointer, "FreeText".to_string());
        assert_eq!(withheld, [free("/message"), free("/reason"), free("/title")], "{settings}");
        assert!(!format!("{error:?}").contains("s3cret"), "{settings}");
    }
    let bare = json!({"type": "reconnect", "title": null});
    assert_eq!(record("connection_error", "/v1/connections/{}/errors", bare, "{}").withheld, [], "nothing left out");
}

#[test]
fn a_url_whose_password_should_have_been_escaped_does_not_come_out() {
    for url in
        ["https://user:pa55/w0rt5@a.example/x", "https://user:pa55?w0rt5@a.example/x", "https://pa55/w0rt5@a.example/x"]
    {
        let hook = record("webhook", "/v1/webhooks", json!({"id": "one", "url": url}), "{}");
        let project = json!({"id": "one", "project_config": {"git_remote_url": url}});
        let project = record("transformation_project", "/v1/transformation-projects", project, "{}");
        for (record, pointer) in [(hook, "/url"), (project, "/project_config/git_remote_url")] {
            let text = format!("{record:?}");
            assert!(!text.contains("pa55") && !text.contains("w0rt5") && !text.contains("user:"), "{url}: {text}");
            assert!(record.withheld.iter().any(|one| one.pointer == pointer), "{url}: {:?}", record.withheld);
        }
    }
}

#[test]
fn what_a_connection_is_set_to_comes_out_only_if_it_has_the_shape() {
    let config =
        json!({"host": "admin:s3cret@db", "port": 5432, "hosts": ["db1", "root:s3cret@db2"], "database": "app"});
    let connection = record("connection", "/v1/connections", json!({"id": "one", "config": config}), "{}");
    let content: Value = serde_json::from_str(&connection.content).unwrap();
    assert_eq!(content["settings"], json!({"database": "app", "hosts": ["db1"], "port": 5432}));
    let withheld: Vec<_> = connection.withheld.iter().map(|one| one.pointer.as_str()).collect();
    assert_eq!(withheld, ["/config/host", "/config/hosts/1"]);
}

#[test]
fn the_host_of_a_private_link_is_a_host() {
    for (host, kept) in
        [("a.example.com", true), ("root:s3cret@a.example.com", false), ("https://a.example.com/s3cret", false)]
    {
        let link = record("private_link", "/v1/private-links", json!({"id": "one", "host": host}), "{}");
        let content: Value = serde_json::from_str(&link.content).unwrap();
        assert_eq!(content["host"], if kept { json!(host) } else { Value::Null });
        assert_eq!(link.withheld.len(), usize::from(!kept), "{host}");
    }
}
