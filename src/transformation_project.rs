//! `transformation_project`: where the code of dbt transformations comes from.
//!
//! Environment variables come in the clear as `NAME=value`: only their names are kept.
//! <https://fivetran.com/docs/rest-api/api-reference/transformation-projects>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::setup_test::{self, SetupTest, SetupTestContent};
use crate::types::{Findings, Item, Part, Resource};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::base::digest::sha256_hex;
use source_kit::base::url;
use source_kit::{
    Cost, DAILY, Draft, Emit, Field, Kind, Nature, Origin, Rule, Subject, Text, Unread, When, Withheld, WithheldReason,
    wire,
};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "transformation_project",
    title: "Transformation projects",
    description: "Every dbt project with its git repository, branch, dbt version, state, and the names of its environment variables.",
    keywords: &["dbt", "source code", "git", "change management", "version control"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 1,
    content_schema: include_str!("schemas/transformation_project.json"),
    endpoints: &["GET /v1/transformation-projects", "GET /v1/transformation-projects/{id}"],
    permissions: &["TRANSFORMATION:READ"],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The call for each project.
pub const DETAILS: Part = Part {
    name: "details",
    path: "/v1/transformation-projects/{id}",
    permission: "TRANSFORMATION:READ",
    feeds: &[&KIND],
    ..Part::OBJECT
};

/// The list.
pub const RESOURCE: Resource = Resource {
    stage: "transformation projects",
    path: "/v1/transformation-projects",
    permission: Some("TRANSFORMATION:READ"),
    item_path: DETAILS.path,
    feeds: &[&KIND, &audit_event::KIND],
    parts: &[DETAILS],
    project,
    ..Resource::LIST
};

/// A dbt project.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct TransformationProjectContent<'a> {
    /// When it came to be, as Fivetran wrote it.
    pub created_at: Option<&'a str>,
    /// Id of the user or system key that made it.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "actor")))]
    pub created_by_id: Option<&'a str>,
    /// Version of dbt.
    pub dbt_version: Option<&'a str>,
    /// Schema that models are written to.
    pub default_schema: Option<&'a str>,
    /// `read`, or why the project's settings are null: `gone`, `forbidden` or `failed`.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "reading")))]
    pub details: &'static str,
    /// Names of the environment variables; their values are withheld. Null when one could not be read.
    pub environment_variables: Option<Vec<&'a str>>,
    /// Errors that Fivetran reports; their texts are withheld.
    pub errors: Option<u64>,
    /// Folder of the project in its repository.
    pub folder_path: Option<&'a str>,
    /// Branch that is used.
    pub git_branch: Option<&'a str>,
    /// The repository, without user info and query.
    pub git_repository: Option<String>,
    /// The group it belongs to.
    pub group_id: Option<&'a str>,
    /// Fivetran's id.
    pub id: &'a str,
    /// SHA-256 of the public key that Fivetran reads the repository with, lower-case hexadecimal.
    pub public_key_sha256: Option<String>,
    /// The last setup test, as stored.
    pub setup_tests: Option<Vec<SetupTestContent<'a>>>,
    /// NOT_READY, READY or ERROR.
    pub status: Option<&'a str>,
    /// Target of dbt.
    pub target_name: Option<&'a str>,
    /// DBT_CORE or DBT_GIT.
    #[serde(rename = "type")]
    pub kind: Option<&'a str>,
}

wire! {
    /// A list item, or `data` of the details.
    pub struct Project<'a> {
        id: Text<'a>,
        kind = "type": Text<'a> => Rule::OneOf(&["DBT_CORE", "DBT_GIT"]),
        created_at: Text<'a>,
        created_by_id: Text<'a>,
        group_id: Text<'a>,
        status: Text<'a> => Rule::OneOf(&["NOT_READY", "READY", "ERROR"]),
        errors: Field<Vec<Field<Unread>>>,
        setup_tests: Field<Vec<Field<SetupTest<'a>>>>,
        project_config: Field<Config<'a>>,
    }
}

wire! {
    /// `project_config` of a project.
    pub struct Config<'a> {
        dbt_version: Text<'a>,
        default_schema: Text<'a>,
        git_remote_url: Text<'a>,
        folder_path: Text<'a>,
        git_branch: Text<'a>,
        threads: Field<Unread>,
        target_name: Text<'a>,
        environment_vars: Field<Vec<Text<'a>>>,
        public_key: Text<'a>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(listed) = findings.read::<Project<'_>>(RESOURCE.path, item.json) else { return };
    let Some(id) = findings.id(&listed.id) else { return };
    emit(item, out, &listed, id, findings);
    let group = listed.group_id.text().map(|group| ("DESTINATION", group));
    let target = Target { primary: ("TRANSFORMATION_PROJECT", id), secondary: group, on: &[KIND.id, id] };
    let created =
        Stamp::new(Action::Create, &listed.created_at, "created_at").by(&listed.created_by_id, "/created_by_id");
    audit_event::emit(out, &item.origin(), &target, &[created]);
}

fn emit(item: &Item<'_>, out: &mut Emit<'_>, listed: &Project<'_>, id: &str, findings: &mut Findings) {
    let body = item.part(&DETAILS).single();
    let detailed = body.and_then(|body| findings.read::<Project<'_>>("/v1/transformation-projects/{id}", body.data()));
    let project = detailed.as_ref().unwrap_or(listed);
    let origins: Vec<_> = core::iter::once(item.origin()).chain(body.map(Origin::of)).collect();
    let mut withheld = Vec::new();
    let setup_tests = setup_test::contents(&project.setup_tests, &mut withheld);
    let empty = Config::default();
    let config = project.project_config.get().unwrap_or(&empty);
    let repository = config.git_remote_url.text().and_then(url::repository);
    withhold(project, config, repository.as_deref(), &mut withheld);
    let status = project.status.text();
    if detailed.is_some() && status.is_none() {
        out.unknown(&KIND, "in which state a transformation project is");
    }
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("Transformation project {id}: {}", status.unwrap_or("state unknown")),
        subject: Subject { id: id.into(), name: None, kind: "transformation_project" },
        effective_at: project.created_at.text().and_then(audit_event::instant_of),
        content: &TransformationProjectContent {
            created_at: project.created_at.text(),
            created_by_id: project.created_by_id.text(),
            dbt_version: config.dbt_version.text(),
            default_schema: config.default_schema.text(),
            details: item.part(&DETAILS).word(),
            environment_variables: config.environment_vars.every(|variable| name_of(variable)),
            errors: project.errors.get().map(|errors| errors.len() as u64),
            folder_path: config.folder_path.text(),
            git_branch: config.git_branch.text(),
            git_repository: repository,
            group_id: project.group_id.text(),
            id,
            public_key_sha256: config.public_key.text().map(|key| sha256_hex(key.trim().as_bytes())),
            setup_tests,
            status,
            target_name: config.target_name.text(),
            kind: project.kind.text(),
        },
        from: &origins.iter().collect::<Vec<_>>(),
        withheld,
    });
}

/// The name of `NAME=value`, where it is one.
fn name_of(variable: &str) -> Option<&str> {
    let (name, _) = variable.split_once('=')?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(name)
}

fn withhold(project: &Project<'_>, config: &Config<'_>, kept: Option<&str>, withheld: &mut Vec<Withheld>) {
    use WithheldReason::{FreeText, Secret};
    let errors = project.errors.get().is_some_and(|errors| !errors.is_empty());
    let variables = config.environment_vars.get().is_some_and(|all| !all.is_empty());
    let rest_of_url = config.git_remote_url.is_set() && config.git_remote_url.text() != kept;
    for (pointer, is_there, reason) in [
        ("/errors", errors, FreeText),
        ("/project_config/environment_vars", variables, Secret),
        ("/project_config/git_remote_url", rest_of_url, Secret),
        ("/project_config/public_key", config.public_key.is_set(), FreeText),
    ] {
        if is_there {
            withheld.push(Withheld { pointer: pointer.into(), reason });
        }
    }
}
