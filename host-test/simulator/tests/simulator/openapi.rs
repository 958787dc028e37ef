//! What would Fivetran's own OpenAPI document say to an answer?
//!
//! The document is OpenAPI 3.0.1 and no JSON Schema. Three of its habits are put right before it is
//! used, see [`repair`]; nulls and the choice of a service's schema are dealt with in [`Document`].

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

const SCHEMAS: &str = "#/components/schemas/";

/// The document, and the validators made from it so far.
pub struct Document {
    json: Value,
    validators: HashMap<String, Validator>,
}

impl Document {
    /// Reads it from beside the repository, or says that it is not there.
    pub fn read() -> Option<Self> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fivetran/openapi.json");
        if !file.is_file() {
            println!("skipped: ../shared/fivetran/openapi.json is not here");
            return None;
        }
        let mut json: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        repair(&mut json["components"]["schemas"]);
        Some(Self { json, validators: HashMap::new() })
    }

    /// What is wrong with the body of a success: JSON pointers, `*` for any index, and the rule broken.
    ///
    /// An optional field may be null: the document never says `nullable`, and the API sends null for
    /// what it does not know. A null in a required field is a complaint.
    pub fn complaints(&mut self, endpoint: &str, body: &Value) -> BTreeSet<String> {
        let mut schema =
            self.json["paths"][endpoint]["get"]["responses"]["200"]["content"]["application/json"]["schema"].clone();
        assert!(schema.is_object(), "{endpoint} is not documented");
        let of_service = self.of_service(&schema, body);
        if let Some(reference) = &of_service {
            schema["properties"]["data"] = json!({"$ref": reference});
        }
        let body = without_nulls(body);
        let mut complaints = BTreeSet::new();
        self.undocumented(&[&schema], &body, "", &mut complaints);
        let name = format!("{endpoint} {}", of_service.unwrap_or_default());
        if !self.validators.contains_key(&name) {
            let validator = self.validator(&schema);
            self.validators.insert(name.clone(), validator);
        }
        complaints.extend(self.validators[&name].iter_errors(&body).map(|error| {
            let pointer = starred(error.instance_path().as_str());
            match error.kind() {
                ValidationErrorKind::Required { property } => {
                    format!("{pointer}/{} required", property.as_str().unwrap())
                }
                kind => format!("{pointer} {}", kind.keyword()),
            }
        }));
        complaints
    }

    /// Where `data` is of a schema that depends on the service: the service's own one.
    fn of_service(&self, schema: &Value, body: &Value) -> Option<String> {
        let base = schema["properties"]["data"]["$ref"].as_str()?;
        let mapping = &self.resolve(base)["discriminator"]["mapping"];
        let service = body["data"]["service"].as_str()?;
        mapping.is_object().then(|| mapping[service].as_str().expect("a documented service").into())
    }

    fn resolve(&self, reference: &str) -> &Value {
        &self.json["components"]["schemas"][reference.strip_prefix(SCHEMAS).unwrap()]
    }

    /// A validator of a schema and the part of the document that it leads to.
    fn validator(&self, schema: &Value) -> Validator {
        let mut needed = Map::new();
        self.collect(schema, &mut needed);
        let mut schema = schema.clone();
        schema["components"] = json!({"schemas": needed});
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft7)
            .should_validate_formats(true)
            .build(&schema)
            .unwrap()
    }

    fn collect(&self, schema: &Value, needed: &mut Map<String, Value>) {
        match schema {
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    let name = reference.strip_prefix(SCHEMAS).unwrap();
                    if !needed.contains_key(name) {
                        needed.insert(name.into(), self.resolve(reference).clone());
                        self.collect(self.resolve(reference), needed);
                    }
                }
                fields.values().for_each(|value| self.collect(value, needed));
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, needed)),
            _ => {}
        }
    }

    /// Fields that none of the schemas, which all hold, has a word about.
    fn undocumented(&self, schemas: &[&Value], value: &Value, pointer: &str, complaints: &mut BTreeSet<String>) {
        let mut flat = Vec::new();
        schemas.iter().for_each(|schema| self.flatten(schema, &mut flat));
        let below = |key: &str| flat.iter().filter_map(|schema| schema.get(key)).collect::<Vec<_>>();
        match value {
            Value::Array(items) => {
                items
                    .iter()
                    .for_each(|item| self.undocumented(&below("items"), item, &format!("{pointer}/*"), complaints));
            }
            Value::Object(fields) if !below("properties").is_empty() => {
                for (name, value) in fields {
                    let pointer = format!("{pointer}/{name}");
                    let known: Vec<&Value> =
                        below("properties").into_iter().filter_map(|properties| properties.get(name)).collect();
                    if known.is_empty() {
                        complaints.insert(format!("{pointer} undocumented"));
                    }
                    self.undocumented(&known, value, &pointer, complaints);
                }
            }
            _ => {}
        }
    }

    fn flatten<'d>(&'d self, schema: &'d Value, into: &mut Vec<&'d Value>) {
        into.push(schema);
        if let Some(reference) = schema["$ref"].as_str() {
            self.flatten(self.resolve(reference), into);
        }
        schema["allOf"].as_array().into_iter().flatten().for_each(|part| self.flatten(part, into));
    }
}

/// Puts right what makes the document's schemas mean something else than they say:
/// texts of an enumeration that are said to be objects, numbers of one that are written as texts, and
/// an enumeration of a list's items that stands at the list.
fn repair(schema: &mut Value) {
    let choices =
        schema.get("enum").and_then(Value::as_array).filter(|choices| choices.iter().all(Value::is_string)).cloned();
    match (schema["type"].as_str(), choices) {
        (Some("object"), Some(_)) => schema["type"] = json!("string"),
        (Some("integer"), Some(choices)) => {
            schema["enum"] =
                choices.iter().map(|choice| json!(choice.as_str().unwrap().parse::<i64>().unwrap())).collect();
        }
        (Some("array"), Some(choices)) => {
            schema["items"]["enum"] = choices.into();
            schema.as_object_mut().unwrap().remove("enum");
        }
        _ => {}
    }
    match schema {
        Value::Object(fields) => fields.values_mut().for_each(repair),
        Value::Array(items) => items.iter_mut().for_each(repair),
        _ => {}
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

fn starred(pointer: &str) -> String {
    let part = |part: &str| if part.parse::<usize>().is_ok() { "*".into() } else { part.to_string() };
    pointer.split('/').map(part).collect::<Vec<_>>().join("/")
}
