//! `wit/chain-vectors.json`: examples that any host can test its digests and hash chain against. Written with
//! `UPDATE_GOLDEN=1 cargo test --package source-evidence --test chain_vectors`.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

use serde_json::{Value, json};
use source_evidence::chain::{Chain, INTERFACE, record_hash};
use source_evidence::digest::{hex, sha256_hex};
use source_evidence::record::{Provenance, Record, Subject, Withheld};
use std::path::Path;

const SETTINGS_DIGEST: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// Records with everything that could be written in more than one way.
fn records() -> Vec<Record> {
    let bare = Record {
        id: "urn:acme:acme-1:thing:1".into(),
        kind: "thing".into(),
        schema_version: 1,
        title: "Thing 1".into(),
        subject: Subject { id: "1".into(), name: None, kind: "thing".into() },
        observed_at: "2026-01-31T12:00:00.000Z".into(),
        effective_at: None,
        content: "{}".into(),
        provenance: Vec::new(),
        withheld: Vec::new(),
        valid_until: "2026-02-02T00:00:00.000Z".into(),
    };
    let origin = |request_id: Option<&str>, page| Provenance {
        body_digest: sha256_hex(b"{}"),
        page,
        pointer: "/data/items/0".into(),
        read_at: "2026-01-31T11:59:59.999Z".into(),
        request: "/v1/things?limit=1000&cursor=%C3%A4".into(),
        request_id: request_id.map(Into::into),
        status: 200,
    };
    let withheld = |pointer: &str, reason: &'static str| Withheld { pointer: pointer.into(), reason: reason.into() };
    let full = Record {
        id: "urn:acme:acme-1:thing:%C3%A4%2F2".into(),
        title: "Thing \u{e4}/2 \u{1f512} \"quoted\" \\ \u{1} \u{2028}".into(),
        subject: Subject { id: "\u{e4}/2".into(), name: Some("M\u{fc}ller".into()), kind: "thing".into() },
        effective_at: Some("2025-12-24T18:00:00.000Z".into()),
        content: r#"{"a":1e+30,"b":[null,true,"€\n"],"c":{"d":0.002}}"#.into(),
        provenance: vec![origin(Some("req-1"), Some(1)), origin(None, None)],
        withheld: vec![
            withheld("/config/password", "secret"),
            withheld("/phone", "personal_data"),
            withheld("/config/~1x", "unknown_setting"),
            withheld("/message", "free_text"),
        ],
        ..bare.clone()
    };
    vec![bare, full]
}

fn vectors() -> Value {
    let mut chain = Chain::start("acme", INTERFACE, SETTINGS_DIGEST);
    let start = chain.head();
    let record = |record: Record| {
        let line = record.line().unwrap();
        let value: Value = serde_json::from_str(&line.text).unwrap();
        assert_eq!(record_hash(&value), Some(line.hash), "written and checked by different code");
        chain = chain.next(line.hash);
        let (mut fields, digest) = (value.clone(), value["digest"].clone());
        let fields_map = fields.as_object_mut().unwrap();
        fields_map.remove("digest");
        // As text, since RFC 8785 is what it is about.
        fields_map.insert("content".into(), record.content.into());
        json!({"record": fields, "digest": digest, "hash": hex(&line.hash), "head": chain.head()})
    };
    json!({
        "about": "Digests and hash chain as wit/types.wit defines them. `content` is the canonical text. `digest` is its SHA-256, `hash` that of the record, `head` the chain's after it.",
        "interface": INTERFACE,
        "source": "acme",
        "settings_digest": SETTINGS_DIGEST,
        "start": start,
        "records": records().into_iter().map(record).collect::<Vec<_>>(),
    })
}

#[test]
fn the_vectors_are_what_this_crate_computes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/chain-vectors.json");
    let text = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}
