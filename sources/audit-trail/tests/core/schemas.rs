//! The JSON Schemas in `src/schemas` are written from the content types. When one of them changes:
//! `UPDATE_GOLDEN=1 cargo test -p audit-trail-source --test core schemas`, and read the difference. A change that old
//! readers would stumble over needs a new `schema_version`.

use audit_trail_source::{entry, trail_source, user_action};
use schemars::{JsonSchema, generate::SchemaSettings};
use std::path::Path;

fn schema_of<T: JsonSchema>() -> String {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    let object = schema.as_object_mut().unwrap();
    // Every field is always there: absent facts are null.
    let names: Vec<_> = object["properties"].as_object().unwrap().keys().cloned().collect();
    object.insert("required".into(), names.into());
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

#[test]
fn schemas_are_those_of_the_content_types() {
    for (kind, schema) in [
        (&entry::KIND, schema_of::<entry::AuditTrailEntry>()),
        (&user_action::KIND, schema_of::<user_action::UserAction>()),
        (&trail_source::KIND, schema_of::<trail_source::AuditTrailSource>()),
    ] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/schemas/{}.json", kind.id));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&file, &schema).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), schema, "{}", kind.id);
    }
}
