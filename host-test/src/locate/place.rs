//! What a destination's settings mean for the audit trail's source: its own settings, and the rights to grant in the
//! warehouse's words.

use super::connector::Connector;
use audit_trail_source::settings::{DATABRICKS_HOSTS, SNOWFLAKE_HOSTS, Settings};
use serde_json::{Map, Value, json};

/// What follows for a Platform Connector.
#[derive(Debug, Default)]
pub struct Located {
    /// Settings of the audit trail's source; what is missing stands in `<>`. `None` where it reads no such warehouse.
    pub settings: Option<Value>,
    /// Statements and commands.
    pub grants: Vec<String>,
    /// What is missing, in plain words.
    pub missing: Vec<String>,
}

/// The tables that are read.
const TABLES: [&str; 3] = ["account", "audit_trail", "log"];

/// What follows for a Platform Connector of this account.
pub fn located(account: &str, connector: &Connector) -> Located {
    let Some((destination, withheld)) = &connector.destination else {
        let missing = vec!["its destination is not in this collection: collect the kind destination".into()];
        return Located { missing, ..Located::default() };
    };
    let mut read = Read { config: destination.get("settings"), withheld, missing: Vec::new() };
    let schema = connector.schema.clone().filter(|schema| !schema.is_empty()).unwrap_or_else(|| {
        read.missing.push("the schema that it writes to: the connection's record does not tell".into());
        "<schema>".into()
    });
    let found = match connector.service().unwrap_or_default() {
        "snowflake" | "snowflake_db" => Some(snowflake(&mut read, &schema)),
        "big_query" | "managed_big_query" => Some(bigquery(&mut read, &schema)),
        "databricks" => Some(databricks(&mut read, &schema)),
        _ => None,
    };
    let Some((name, place, grants)) = found else {
        let what = "the audit trail's source does not read this warehouse: see docs/not-collected.md";
        return Located { missing: vec![what.into()], ..Located::default() };
    };
    if read.config.is_none_or(Value::is_null) {
        let details = destination.get("details").and_then(Value::as_str).unwrap_or("unknown");
        read.missing.insert(0, format!("the destination's own settings were not read ({details})"));
    }
    let mut settings = Map::new();
    settings.insert("account".into(), account.into());
    settings.insert(name.into(), place);
    if let Some(minutes) = connector.sync_minutes {
        settings.insert("sync_minutes".into(), minutes.into());
    }
    refused(&mut settings, &mut read.missing);
    Located { settings: Some(settings.into()), grants, missing: read.missing }
}

/// Names what the source would not take, and puts `<name>` in its place.
fn refused(settings: &mut Map<String, Value>, missing: &mut Vec<String>) {
    // Where nothing is missing, what looks like a placeholder is a name.
    let is_named = !missing.is_empty();
    for (name, value) in settings.iter_mut() {
        let whole = value.clone();
        let Some(fields) = value.as_object_mut() else {
            if let Some(expected) = Settings::refusal(name, &whole) {
                missing.push(format!("a {name} that the source takes, {expected}: it is {whole}"));
                *value = format!("<{name}>").into();
            }
            continue;
        };
        for (field, value) in fields.iter_mut().filter(|(_, value)| !is_named || !is_placeholder(value)) {
            if let Some(expected) = Settings::refusal(name, &alone(&whole, field)) {
                missing.push(format!("a {field} that the source takes, {expected}: it is {value}"));
                *value = format!("<{field}>").into();
            }
        }
    }
}

/// A place in which one field is as it is, and all others are such as the source takes.
fn alone(place: &Value, field: &str) -> Value {
    let other = |name: &str| match name {
        "host" if place.get("warehouse_id").is_some() => format!("x{}", DATABRICKS_HOSTS.first().unwrap_or(&"")),
        "host" => format!("x{}", SNOWFLAKE_HOSTS.first().unwrap_or(&"")),
        _ => "x".to_string(),
    };
    let fields = place.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), if name == field { value.clone() } else { other(name).into() })).collect()
}

fn is_placeholder(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('<'))
}

/// Settings of a destination, and what is missing of them.
struct Read<'r> {
    config: Option<&'r Value>,
    withheld: &'r [String],
    missing: Vec<String>,
}

impl Read<'_> {
    fn optional(&self, name: &str) -> Option<String> {
        self.config?.get(name)?.as_str().filter(|text| !text.is_empty()).map(String::from)
    }

    /// The value, or `<name>`.
    fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            let is_withheld = self.withheld.iter().any(|pointer| *pointer == format!("/config/{name}"));
            let why = if is_withheld { "was withheld when the account was read" } else { "is not among its settings" };
            self.missing.push(format!("{name} of the destination: it {why}"));
            format!("<{name}>")
        })
    }

    /// A host, in lower case: letter case means nothing in one.
    fn host(&mut self, name: &str) -> String {
        let host = self.required(name).to_ascii_lowercase();
        // Snowflake takes a hyphen for it too.
        if host.contains('_') {
            let other = host.replace('_', "-");
            self.missing.push(format!(
                "a host without underscores, such as {other}, to which Snowflake answers too: it is {host}"
            ));
        }
        if host.contains(".privatelink.") {
            let what = format!("a public host: {host} is of a private link, whose addresses are refused here");
            self.missing.push(what);
        }
        host
    }
}

type Found = (&'static str, Value, Vec<String>);

fn snowflake(read: &mut Read<'_>, schema: &str) -> Found {
    // Fivetran writes names as they are, and Snowflake has them in upper case unless somebody quoted them.
    let schema = schema.to_ascii_uppercase();
    let host = read.host("host");
    let database = upper(read.required("database"));
    let warehouse = read.optional("default_virtual_warehouse").map(upper);
    let warehouse = warehouse.unwrap_or_else(|| {
        read.missing.push("a warehouse that runs the statements: any that the role below may use".into());
        "<warehouse>".into()
    });
    const ROLE: &str = "FIVETRAN_AUDIT_READER";
    let place = json!({
        "host": host, "database": database, "schema": schema, "warehouse": warehouse, "role": ROLE,
    });
    let within = format!("{}.{}", double(&database), double(&schema));
    let mut grants = vec![
        format!("create role if not exists {ROLE};"),
        format!("grant usage on warehouse {} to role {ROLE};", double(&warehouse)),
        format!("grant usage on database {} to role {ROLE};", double(&database)),
        format!("grant usage on schema {within} to role {ROLE};"),
    ];
    grants.extend(TABLES.map(|table| {
        format!("grant select on table {within}.{} to role {ROLE};", double(&table.to_ascii_uppercase()))
    }));
    ("snowflake", place, grants)
}

fn bigquery(read: &mut Read<'_>, dataset: &str) -> Found {
    let project = read.required("project_id");
    let mut place = json!({"project": project, "dataset": dataset});
    if let (Some(location), Some(place)) = (read.optional("data_set_location"), place.as_object_mut()) {
        place.insert("location".into(), location.into());
    }
    const WHO: &str = "serviceAccount:<name>@<project>.iam.gserviceaccount.com";
    let mut grants: Vec<String> = TABLES
        .map(|table| {
            let table = back(&format!("{project}.{dataset}.{table}"));
            format!("grant `roles/bigquery.dataViewer` on table {table} to \"{WHO}\";")
        })
        .into();
    let project = single(&project);
    grants.push(format!(
        "gcloud projects add-iam-policy-binding {project} --member='{WHO}' --role=roles/bigquery.jobUser"
    ));
    ("bigquery", place, grants)
}

fn databricks(read: &mut Read<'_>, schema: &str) -> Found {
    let host = read.host("server_host_name");
    let catalog = read.required("catalog");
    let path = read.optional("http_path").unwrap_or_default();
    let warehouse = ["/sql/1.0/warehouses/", "/sql/1.0/endpoints/"].iter().find_map(|before| path.strip_prefix(before));
    let warehouse = warehouse.filter(|id| !id.is_empty() && !id.contains('/')).map(String::from).unwrap_or_else(|| {
        read.missing.push("the id of a SQL warehouse: http_path of the destination names none".into());
        "<warehouse_id>".into()
    });
    let place = json!({"host": host, "catalog": catalog, "schema": schema, "warehouse_id": warehouse});
    const WHO: &str = "`<service principal>`";
    let within = format!("{}.{}", back(&catalog), back(schema));
    let mut grants = vec![
        format!("grant use catalog on catalog {} to {WHO};", back(&catalog)),
        format!("grant use schema on schema {within} to {WHO};"),
    ];
    grants.extend(TABLES.map(|table| format!("grant select on table {within}.{} to {WHO};", back(table))));
    grants.push(format!("and, under Permissions of the SQL warehouse {warehouse}: \"Can use\" for it"));
    ("databricks", place, grants)
}

/// In upper case, unless it is a placeholder for what is missing.
fn upper(name: String) -> String {
    if name.starts_with('<') { name } else { name.to_ascii_uppercase() }
}

fn double(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn back(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// For a shell: what is in quotes means nothing to it.
fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use audit_trail_source::source::AuditTrail;
    use source_kit::record::config::configure;
    use source_kit::record::credentials::Credentials;

    fn connector(service: &str, config: Value, withheld: &[&str]) -> Connector {
        let destination = json!({"service": service, "details": "read", "settings": config});
        Connector {
            id: "con_a".into(),
            schema: Some("fivetran_metadata".into()),
            sync_minutes: Some(360),
            destination: Some((destination, withheld.iter().map(ToString::to_string).collect())),
            ..Connector::default()
        }
    }

    #[test]
    fn settings_and_grants_of_each_warehouse_are_ready_where_all_is_known() {
        for (service, config, settings, grant) in [
            (
                "snowflake",
                json!({"host": "xy1.snowflakecomputing.com", "database": "DB", "default_virtual_warehouse": "WH"}),
                json!({"snowflake": {
                    "host": "xy1.snowflakecomputing.com", "database": "DB", "schema": "FIVETRAN_METADATA",
                    "warehouse": "WH", "role": "FIVETRAN_AUDIT_READER",
                }}),
                r#"grant select on table "DB"."FIVETRAN_METADATA"."AUDIT_TRAIL" to role FIVETRAN_AUDIT_READER;"#,
            ),
            (
                "big_query",
                json!({"project_id": "acme:p-1", "data_set_location": "EU"}),
                json!({"bigquery": {"project": "acme:p-1", "dataset": "fivetran_metadata", "location": "EU"}}),
                "grant `roles/bigquery.dataViewer` on table `acme:p-1.fivetran_metadata.audit_trail` to",
            ),
            (
                "databricks",
                json!({
                    "server_host_name": "dbc-1.cloud.databricks.com", "catalog": "main",
                    "http_path": "/sql/1.0/warehouses/abc123",
                }),
                json!({"databricks": {
                    "host": "dbc-1.cloud.databricks.com", "catalog": "main", "schema": "fivetran_metadata",
                    "warehouse_id": "abc123",
                }}),
                "grant select on table `main`.`fivetran_metadata`.`audit_trail` to",
            ),
        ] {
            let found = located("acme", &connector(service, config, &[]));
            assert_eq!(found.missing, [""; 0], "{service}");
            let mut want = settings;
            (want["account"], want["sync_minutes"]) = ("acme".into(), 360.into());
            assert_eq!(found.settings, Some(want));
            assert!(found.grants.iter().any(|line| line.starts_with(grant)), "{:?}", found.grants);
            for table in TABLES {
                let names = [format!(".{table}`"), format!(".`{table}`"), format!(".\"{table}\"")];
                let is_read = |line: &&String| names.iter().any(|name| line.to_ascii_lowercase().contains(name));
                assert_eq!(found.grants.iter().filter(is_read).count(), 1, "{service} {table}");
            }
            let more = ["grant all", "grant insert", "grant update", "grant ownership", "dataEditor", "admin"];
            assert!(!found.grants.iter().any(|line| more.iter().any(|word| line.contains(word))), "{:?}", found.grants);
        }
    }

    #[test]
    fn what_is_missing_is_named_with_its_reason() {
        let missing = |connector: &Connector| located("acme", connector).missing.join("; ");
        for (service, config, withheld, what) in [
            ("redshift", json!({"host": "x"}), &[][..], "does not read this warehouse"),
            ("snowflake", json!({"database": "DB"}), &["/config/host"], "host of the destination: it was withheld"),
            (
                "snowflake",
                json!({"host": "x.snowflakecomputing.com"}),
                &[],
                "database of the destination: it is not among",
            ),
            ("snowflake", json!({"host": "x.snowflakecomputing.com.evil.org"}), &[], "whose host ends with"),
            ("snowflake", json!({"host": "evilsnowflakecomputing.com"}), &[], "whose host ends with"),
            ("snowflake", json!({"host": "my_org-x.snowflakecomputing.com"}), &[], "such as my-org-x.snowflake"),
            ("snowflake", json!({"host": "x.snowflakecomputing.com", "database": "My DB"}), &[], "it is \"MY DB\""),
            ("big_query", json!({"project_id": "acme corp"}), &[], "a project that the source takes"),
            ("databricks", json!({"catalog": "a/b"}), &[], "a catalog that the source takes"),
            ("snowflake", json!({"host": "x.privatelink.snowflakecomputing.com"}), &[], "is of a private link"),
            ("snowflake", json!({"host": "x.snowflakecomputing.com", "database": "D"}), &[], "a warehouse that runs"),
            ("databricks", json!({"http_path": "/sql/protocolv1/o/1/2"}), &[], "the id of a SQL warehouse"),
            ("big_query", json!({}), &["/config/project_id"], "project_id of the destination: it was withheld"),
            ("big_query", Value::Null, &[], "the destination's own settings were not read (read)"),
        ] {
            let found = missing(&connector(service, config, withheld));
            assert!(found.contains(what), "{what:?} is not in {found:?}");
        }
        let without = Connector { destination: None, ..connector("snowflake", json!({}), &[]) };
        assert!(missing(&without).contains("collect the kind destination"));
        let nameless = Connector { schema: None, ..connector("big_query", json!({"project_id": "p"}), &[]) };
        assert!(missing(&nameless).contains("the schema that it writes to"));
    }

    /// What is called ready is what the source takes, whatever stands in the account.
    #[test]
    fn what_is_ready_is_what_the_source_takes() {
        let good = |service: &str| match service {
            "snowflake" => {
                json!({"host": "x.snowflakecomputing.com", "database": "D", "default_virtual_warehouse": "W"})
            }
            "databricks" => json!({
                "server_host_name": "x.cloud.databricks.com", "catalog": "c", "http_path": "/sql/1.0/warehouses/w",
            }),
            _ => json!({"project_id": "p", "data_set_location": "EU"}),
        };
        let odd = [
            "",
            " ",
            "a",
            "A",
            "a b",
            " a",
            "-a",
            "a-",
            "a..b",
            ".a",
            "a.",
            "a:b",
            "a::b",
            "é",
            "a\nb",
            "a`",
            "\"",
            "<a>",
            "X.snowflakecomputing.com",
            "x.SNOWFLAKEcomputing.com",
            "-x.snowflakecomputing.com",
            " x.snowflakecomputing.com",
            "x..snowflakecomputing.com",
            "x_y.snowflakecomputing.com",
            "x.snowflakecomputing.com.",
            "snowflakecomputing.com",
            "X.Cloud.Databricks.com",
            " x.cloud.databricks.com",
            "/sql/1.0/warehouses/",
            "/sql/1.0/warehouses/a b",
            "/sql/1.0/warehouses/W-1",
        ];
        let long = "a".repeat(256);
        let texts: Vec<Value> =
            odd.into_iter().chain([long.as_str()]).map(Value::from).chain([json!(7), Value::Null]).collect();
        let (mut ready, mut refused) = (0, 0);
        let mut check = |connector: &Connector, what: &str| {
            let found = located("acme", connector);
            let settings = found.settings.unwrap().to_string();
            let taken = configure::<AuditTrail>(&Credentials::Bearer("t".into()), &settings);
            assert_eq!(
                found.missing.is_empty(),
                taken.is_ok(),
                "{what}: {settings}: {:?} {:?}",
                found.missing,
                taken.err()
            );
            if taken.is_ok() { ready += 1 } else { refused += 1 }
        };
        for service in ["snowflake", "databricks", "big_query"] {
            for field in good(service).as_object().unwrap().keys() {
                for text in &texts {
                    let mut config = good(service);
                    config[field] = text.clone();
                    check(&connector(service, config, &[]), &format!("{service} {field} {text}"));
                }
            }
            for text in odd {
                let one = Connector { schema: Some(text.into()), ..connector(service, good(service), &[]) };
                check(&one, &format!("{service} schema {text}"));
            }
            for minutes in [i64::MIN, -5, 0, 1, 360, 10_080, 10_081, 20_000] {
                let one = Connector { sync_minutes: Some(minutes), ..connector(service, good(service), &[]) };
                check(&one, &format!("{service} sync_minutes {minutes}"));
            }
        }
        assert!(ready > 40 && refused > 150, "{ready} {refused}");
        let upper = connector("snowflake", json!({"host": "X.SnowflakeComputing.com"}), &[]);
        assert_eq!(located("acme", &upper).settings.unwrap()["snowflake"]["host"], "x.snowflakecomputing.com");
    }

    /// Names come from the account: none may end its quotes.
    #[test]
    fn no_name_leaves_its_quotes() {
        let evil = "x\"; drop table \"y`; drop table `z'; rm -rf '";
        let snowflake =
            json!({"host": "x.snowflakecomputing.com", "database": evil, "default_virtual_warehouse": evil});
        let configs = [
            ("snowflake", snowflake, "\"X\"\"; DROP TABLE \"\"Y`"),
            (
                "databricks",
                json!({"catalog": evil, "server_host_name": "x.cloud.databricks.com"}),
                "\"y``; drop table ``z'",
            ),
            ("big_query", json!({"project_id": evil}), "z'\\''; rm -rf '\\'''"),
        ];
        for (service, config, want) in configs {
            let grants = located("acme", &connector(service, config, &[])).grants.join("\n");
            assert!(grants.contains(want), "{grants}");
        }
    }
}
