//! `docs/evidence.md` is written from the catalogue. When it changes: `UPDATE_GOLDEN=1 cargo test
//! --test core docs`, and read the difference.

use fivetran_source::controls;
use fivetran_source::table::{KINDS, RESOURCES};
use fivetran_source::types::Part;
use source_kit::record::kind::{Cost, Kind, When};
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "# What is collected

Every kind of evidence, what it is read from, and what it is for. This page is generated from the component's own catalogue
(`./dev describe --format json` prints all of it, with the JSON Schema of each kind's content); [not-collected.md](not-collected.md)
lists what is not collected, and why. Controls are a hint for filing; whether one is met is for people to judge.
The kinds of the audit trail's own source stand in [audit-trail.md](audit-trail.md).

";

fn list<T: std::fmt::Display>(items: &[T], or: &str) -> String {
    let all: Vec<String> = items.iter().map(|item| format!("`{item}`")).collect();
    if all.is_empty() { or.into() } else { all.join("<br>") }
}

fn row(kind: &Kind) -> String {
    let (soc2, iso) = controls::of(kind.id);
    let endpoints: Vec<&str> = kind.endpoints.iter().map(|endpoint| endpoint.trim_start_matches("GET ")).collect();
    let when = match kind.when {
        When::Default => "",
        When::Asked => " Only on request.",
        When::Always => " Always included.",
    };
    let gate = kind.plan_gate.map(|gate| format!(" ({gate})")).unwrap_or_default();
    format!(
        "| `{}` | {} | {}{gate} | {}{when} | {} | {} |\n",
        kind.id,
        list(&endpoints, "the source itself"),
        list(kind.permissions, "none"),
        kind.description,
        soc2.join(", "),
        iso.join(", "),
    )
}

const COMPLETE: &str = "
## What `complete` means

That every list and every part in this table was read to its end, or was provably not needed, and that Fivetran supplied every fact
that a record, a title or a count relies on: where a title says \"unknown\" because a field is absent or unreadable, the kind is `partial` (code
`not-told`), and the reason names what is not told. It is what the key may see: Fivetran hides from a scoped key what lies outside its scope, without a
sign. `coverage` has one record for each kind with the verdict, a code, the counts, and the reason in words.

| verdict | means |
|---|---|
| `complete` | the whole population, as far as the key may see it |
| `spread` | the same, but details only of the items whose turn it is |
| `disabled` | a setting switches off what is missing, and nothing else is missing |
| `partial` | something is missing; the reason says what, and how often |
| `forbidden` | Fivetran refused all of it |
| `not_available` | Fivetran does not offer it to this account: 404 (for the errors of connections, a private preview, also 403), or it does not tell what would be needed to ask |
| `not_attempted` | not reached yet |

A gap can be accepted: by name in the setting `accepted_gaps`, or because Fivetran offers it with some plans or in a preview only and
answers 404 (for errors of connections also 403) or gives no field to ask with. The verdict stays, `accepted` is true, and `collect` ends with 0. What is never complete: a kind whose items were all gone
when their details were asked for; a `since` earlier than the 53 weeks of sync history; a list that changed while it was read. Two
things go unnoticed: changes of a list that undo each other between the two looks at a page, and an item that a list shows again,
changed, more than 16 items later.

| kind | lists read to their end | for each item |
|---|---|---|
";

/// What has to be read for a kind to be complete.
fn complete(kind: &Kind) -> String {
    let (mut lists, mut parts) = (Vec::new(), Vec::new());
    for resource in RESOURCES.iter().filter(|resource| resource.feeds(kind)) {
        lists.push(resource.path);
        let serving = resource.parts.iter().filter(|part| part.serves().any(|fed| fed.id == kind.id));
        parts.extend(serving.map(|part| {
            let need = match part.path {
                "/v1/users/{id}/api-keys" => " (service accounts that are not said to have no key)",
                _ => "",
            };
            format!("`{}`{need}", part.path)
        }));
    }
    if kind.id == "account" {
        lists.push("/v1/account/info");
    }
    format!("| `{}` | {} | {} |\n", kind.id, list(&lists, ""), parts.join("<br>"))
}

fn page() -> String {
    let mut out = String::from(HEAD);
    out.push_str(
        "| kind | GET | permission | what it tells | SOC 2 | ISO/IEC 27001:2022 |\n|---|---|---|---|---|---|\n",
    );
    KINDS.iter().for_each(|kind| out.push_str(&row(kind)));
    out.push_str(COMPLETE);
    KINDS.iter().filter(|kind| kind.when != When::Always).for_each(|kind| out.push_str(&complete(kind)));
    out.push_str("\n## Calls\n\nThe calls of a full collection. Every list costs at least one:\n\n");
    out.push_str("| list | one call per 1,000 items | calls per item |\n|---|---|---|\n");
    out.push_str("| account | 1 call in all | |\n");
    for resource in RESOURCES {
        let name = |part: &Part| format!("{}{}", part.name, if part.spread { "\\*" } else { "" });
        let is_default = |part: &&Part| part.serves().any(|kind| kind.when == When::Default);
        let parts: Vec<String> = resource.parts.iter().filter(is_default).map(name).collect();
        let each = if parts.is_empty() { String::new() } else { format!("{}: {}", parts.len(), parts.join(", ")) };
        writeln!(out, "| {} | `{}` | {each} |", resource.stage, resource.path).unwrap();
    }
    out.push_str(
        "
With U users (of them S service accounts), T teams, G groups, D destinations, C connections, L log services, K system keys,
M external secrets managers, P proxy agents and J transformation projects, and fewer than 1,000 of each, that is

    19 + 2U + S + 3T + 2G + 3D + 4C + L + K + M + P + J

calls. Beyond that, each further 1,000 of something costs two more calls, and so does each further 1,000 grants, members,
certificates or fingerprints of a single item: the page, and another look at the one before it. An item that is deleted while a list is
being read moves all after it forward, and one of them out of sight; the second look shows that, and coverage says `list-changed`.
`sync_run`, which is collected only on request, adds one call per connection and week, or more where a connection syncs more than
1,000 times a week; what is past does not move, so there is no second look. `connection_error`, also only on request, adds C: what is wrong
stands in `connection` too, as codes of tasks and warnings, without the time. The setting `connection_details: false` saves C. Once Fivetran has refused a part three times, or answered 404 for
three items that are there, without ever granting it, that part is no longer called; each 404 costs one call for the item itself. `tests/component/end_to_end.rs` checks the formula against the simulator's journal.

`host-test collect --plan` (`estimate` in the interface) counts the calls for an account before anything is collected, endpoint by
endpoint, with the share of the quota and the time. It pages through the lists (19 calls, and one for each further 1,000 items) and
asks nothing about single items. `tests/component/estimate.rs` compares it with the calls that are then made.

Grants are read from the side of users and teams. Reading them from the side of groups would cost fewer calls, and lose facts:
`/v1/groups/{id}/users` does not say when a role was granted, and it is not certain which role it shows (Fivetran's pages disagree on
whether `role` is the one on the group or on the account). For a connection there is no such list. Memberships are recorded under
their team only.

### Spread over days

The parts marked * above, and the sync history, can be spread: with the setting `spread_days: N` they are read for each connection
and destination on one day in N. With N = 7, 10,000 connections cost 10,000 calls a day for their details and about 4,300 for the
rest, instead of 30,000. The id and the day on which the collection began decide whose turn it is, so nothing has to be stored: the
first eight bytes of the SHA-256 of the id, as a number modulo N, equal the number of days since 1970 (UTC) modulo N.

Collect every day if you use it. A day without a collection leaves its part unread until its turn comes again, N days later, and
coverage does not show that. Kinds that are read from spread parts have the coverage `spread`, with the reason `spread k of N`, and
never `complete`; that includes `audit_event`, which takes stamps from certificates and fingerprints. A record that would be valid
until the next day's collection is valid until its next turn instead. Without a `since`, the sync history reaches back N + 1 days,
and at least seven; a `since` that you give has to do the same. `host-test diff` compares a spread kind where both collections read
the same part, for example those made N days apart.

## What is left out

A record lists under `withheld` what was left out on purpose, with its place and the reason. Of the settings of connections, destinations
and the like, only those come out whose names are on the list in `src/settings.rs`, and only if the value is what that setting holds: a
boolean or a number, a host with or without a port, a region, a name, a word. Of a URL only scheme, host and port come out. Each element
of a list is judged by itself. What people write freely (descriptions of teams and roles, names of system keys) is left out unless the
setting `free_text` is `\"kept\"`; names by which things are known (of connections, groups, teams, agents, projects) are not free text.

Where the schema does not require a field, three things are told apart: a value; null, which is Fivetran's own and means what the schema
says (never logged in, no account role); and a field that is absent, because Fivetran left it out, or what it wrote is not of the documented
form (an expiry that is no point in time). Absent is never \"no\" and never \"never\". In all other fields, null means that nothing is known,
or that there is nothing, where the schema says so. Titles tell the two apart: \"no account role\" was read, \"account role unknown\" was not.
A last success of a Platform Connector that lies after the reading cannot have happened: `audit_logging` leaves it out, and `fresh` is null.
`tests/core/words.txt` is a table of fields and words.
",
    );
    out
}

#[test]
fn the_page_says_what_the_catalogue_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/evidence.md");
    let page = page();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap();
    assert_eq!(golden, page, "run with UPDATE_GOLDEN=1 and read the difference");
}

#[test]
fn the_catalogue_says_what_the_collection_does() {
    for kind in KINDS {
        let mut called: Vec<String> = Vec::new();
        for resource in RESOURCES {
            if resource.feeds.iter().chain(resource.informs).any(|fed| fed.id == kind.id) {
                called.push(format!("GET {}", resource.path));
            }
            let parts = resource.parts.iter().filter(|part| part.serves().any(|fed| fed.id == kind.id));
            called.extend(parts.map(|part| format!("GET {}", part.path)));
        }
        if kind.id == "account" {
            called.push("GET /v1/account/info".into());
        }
        called.sort();
        let mut said: Vec<String> = kind.endpoints.iter().map(|endpoint| (*endpoint).to_string()).collect();
        said.sort();
        assert!(kind.id == "audit_event" || said == called, "{}: says {said:?}, calls {called:?}", kind.id);
        let costly = called.iter().any(|path| path.contains("{id}"));
        assert!(kind.cost == Cost::PerItem || !costly, "{} costs calls per item", kind.id);
    }
}

/// The example that authors copy is the code that is built and tested.
#[test]
fn the_readme_of_source_kit_shows_acme_as_it_is() {
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).join("source-kit");
    let readme = std::fs::read_to_string(kit.join("README.md")).unwrap();
    let (before, _) = readme.split_once("```rust,ignore\n").unwrap();
    let acme = std::fs::read_to_string(kit.join("examples/acme/src/lib.rs")).unwrap();
    let want = format!("{before}```rust,ignore\n{acme}```\n");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(kit.join("README.md"), &want).unwrap();
    }
    assert!(readme == want, "UPDATE_GOLDEN=1 cargo test --test core docs");
}

/// What a page names by its path can be opened.
#[test]
fn files_that_the_documents_name_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root.join(name));
    let pages = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|end| end == "md")).chain(top);
    let mut named = 0;
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for name in text.split('`').skip(1).step_by(2).filter(|name| name.contains('/') && !name.contains(' ')) {
            if [".rs", ".py", ".wit", ".md", ".toml"].iter().any(|end| name.ends_with(end)) {
                assert!(root.join(name).exists(), "{}: there is no {name}", page.display());
                named += 1;
            }
        }
    }
    assert!(named > 40, "{named} files");
}

/// The files and the names in the last column of a table, each name with the file before it. A file is named by its
/// whole path.
fn tests_in(row: &str) -> Vec<(String, &str)> {
    let tests = row.trim_end_matches(['|', ' ']).rsplit(" | ").next().unwrap();
    let (mut path, mut named) = ("", Vec::new());
    for name in tests.split('`').skip(1).step_by(2) {
        let is_file = name.ends_with(".rs");
        path = if is_file { name } else { path };
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
        let text = text.unwrap_or_else(|_| panic!("there is no file {path:?}: {row}"));
        named.push((text, if is_file { "" } else { name }));
    }
    named
}

/// A promise whose test was renamed away is one without a test.
#[test]
fn the_tests_that_promises_name_exist() {
    let page = include_str!("../../docs/reliability.md");
    let rows = page.lines().filter(|line| line.starts_with("| **"));
    let named: Vec<_> = rows.flat_map(tests_in).filter(|(_, name)| !name.is_empty()).collect();
    for (file, name) in &named {
        assert!(file.contains(&format!("fn {name}(")), "{name} is no test of its file");
    }
    assert!(named.len() > 25, "{} tests", named.len());
}

/// Each threat has a test that a reader can find: a function, or what a guest is told to do in one.
#[test]
fn the_tests_that_threats_name_exist() {
    let page = include_str!("../../docs/security.md");
    let table = page.lines().skip_while(|line| !line.starts_with("| Threat")).skip(2);
    let rows: Vec<&str> = table.take_while(|line| line.starts_with('|')).collect();
    for row in &rows {
        let named = tests_in(row);
        assert!(!named.is_empty(), "no test: {row}");
        for (file, name) in named {
            let is_there = [format!("fn {name}("), format!("\"{name}")];
            assert!(
                name.is_empty() || is_there.iter().any(|text| file.contains(text)),
                "{name} is not in its file: {row}"
            );
        }
    }
    assert!(rows.len() > 40, "{} threats", rows.len());
}
