//! Who may look at whom: reads the `use` of every file, fails on an arrow that goes up and on a circle of files,
//! and draws the arrows between rooms into ARCHITECTURE.md (rewritten with `UPDATE_GOLDEN=1`).

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};

/// Each room with the rooms that its files may look at besides their own, which are all listed above it: so
/// nothing can go in a circle of rooms. A room is a folder. A file outside of any is an error, and so is a
/// folder beside rooms that is none, so that a new room has to find its place.
const ROOMS: &[(&str, &[&str])] = &[
    ("source-kit/src/base", &[]),
    ("source-kit/src/read", &["source-kit/src/base"]),
    ("source-kit/src/record", &["source-kit/src/base", "source-kit/src/read"]),
    ("source-kit/src/collect", &["source-kit/src/base", "source-kit/src/read", "source-kit/src/record"]),
    ("source-kit/src/health", &["source-kit/src/base", "source-kit/src/read", "source-kit/src/record"]),
    (
        "source-kit/src/shell",
        &["source-kit/src/base", "source-kit/src/record", "source-kit/src/collect", "source-kit/src/health"],
    ),
    (
        "source-kit/src",
        &["source-kit/src/base", "source-kit/src/read", "source-kit/src/record", "source-kit/src/shell"],
    ),
    ("source-kit/examples/acme/src", &["source-kit/src", "source-kit/src/read", "source-kit/src/record"]),
    ("src", &["source-kit/src", "source-kit/src/base", "source-kit/src/read", "source-kit/src/record"]),
    (
        "sources/audit-trail/src",
        &["source-kit/src", "source-kit/src/base", "source-kit/src/read", "source-kit/src/record"],
    ),
    ("host-test/evidence/src", &[]),
    ("host-test/simulator/src", &[]),
    ("host-test/host/src", &["host-test/evidence/src"]),
    ("host-test/fleet/src", &["host-test/evidence/src", "host-test/host/src"]),
    ("host-test/report/src", &["host-test/evidence/src"]),
    ("host-test/scale/src", &["host-test/evidence/src", "host-test/host/src", "host-test/fleet/src"]),
    (
        "host-test/src",
        &[
            "host-test/evidence/src",
            "host-test/simulator/src",
            "host-test/host/src",
            "host-test/fleet/src",
            "host-test/report/src",
            "host-test/scale/src",
            "sources/audit-trail/src",
        ],
    ),
    (
        "host-test/bench/src",
        &[
            "source-kit/src/base",
            "source-kit/src/record",
            "source-kit/src/collect",
            "src",
            "host-test/simulator/src",
            "host-test/host/src",
            "host-test/fleet/src",
            "host-test/src",
        ],
    ),
];

/// Crates by the name that Rust code uses, with the folder of their sources.
const CRATES: &[(&str, &str)] = &[
    ("source_kit", "source-kit/src"),
    ("fivetran_source", "src"),
    ("acme_source", "source-kit/examples/acme/src"),
    ("audit_trail_source", "sources/audit-trail/src"),
    ("source_evidence", "host-test/evidence/src"),
    ("fivetran_simulator", "host-test/simulator/src"),
    ("source_host", "host-test/host/src"),
    ("source_fleet", "host-test/fleet/src"),
    ("source_report", "host-test/report/src"),
    ("source_scale", "host-test/scale/src"),
    ("host_test", "host-test/src"),
    ("source_bench", "host-test/bench/src"),
];

/// Every source file by its module path, such as `source_host::egress`.
type Modules = BTreeMap<Vec<String>, String>;

#[test]
fn no_arrow_goes_up_and_the_drawing_is_right() {
    for (number, (name, may)) in ROOMS.iter().enumerate() {
        let is_above = |other: &&str| ROOMS.iter().take(number).any(|(above, _)| above == other);
        assert!(may.iter().all(is_above), "{name} may look at what is not above it");
    }
    let arrows = arrows();
    let is_allowed = |from: &str, to: &str| {
        let may = ROOMS.iter().find(|(name, _)| *name == room(from)).map(|(_, may)| *may);
        room(from) == room(to) || may.unwrap().contains(&room(to))
    };
    let wrong: Vec<String> =
        arrows.iter().filter(|(from, to)| !is_allowed(from, to)).map(|(from, to)| format!("{from} -> {to}")).collect();
    assert!(wrong.is_empty(), "arrows that ROOMS does not allow:\n{}", wrong.join("\n"));
    check_drawing(&drawing(&arrows));
}

#[test]
fn every_crate_is_looked_at() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest.split_once("members = [").unwrap().1.split_once(']').unwrap().0;
    for member in members.split('"').skip(1).step_by(2).filter(|member| *member != "tests/guests") {
        let sources = format!("{member}/src");
        let sources = sources.trim_start_matches("./");
        assert!(CRATES.iter().any(|(_, folder)| *folder == sources), "{member} is not in CRATES");
    }
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let arrows = arrows();
    let graph: DiGraphMap<&str, ()> = arrows.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    let circles: Vec<_> = tarjan_scc(&graph).into_iter().filter(|files| files.len() > 1).collect();
    let all: Vec<String> = circles
        .iter()
        .map(|files| {
            let inside =
                arrows.iter().filter(|(from, to)| files.contains(&from.as_str()) && files.contains(&to.as_str()));
            inside.map(|(from, to)| format!("  {from} -> {to}")).collect::<Vec<_>>().join("\n")
        })
        .collect();
    assert!(all.is_empty(), "{} circles:\n{}", all.len(), all.join("\n\n"));
}

fn root() -> PathBuf {
    std::env::var_os("LAYERS_ROOT").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// The room that a file belongs to.
fn room(file: &str) -> &'static str {
    let rooms = ROOMS.iter().map(|(room, _)| *room);
    let inside = rooms.filter(|room| file.strip_prefix(room).is_some_and(|rest| rest.starts_with('/')));
    let room = inside.max_by_key(|room| room.len()).unwrap_or_else(|| panic!("{file} is in no room of ROOMS"));
    let has_rooms = ROOMS.iter().any(|(other, _)| other.strip_prefix(room).is_some_and(|rest| rest.starts_with('/')));
    assert!(!has_rooms || !file[room.len() + 1..].contains('/'), "{file} is in a folder that ROOMS does not name");
    room
}

/// All pairs of files of which the first uses the second, code of tests left out.
fn arrows() -> BTreeSet<(String, String)> {
    let mut modules = Modules::new();
    for (name, folder) in CRATES {
        find_modules(&root(), folder, &[(*name).to_string()], &mut modules);
    }
    let mut arrows = BTreeSet::new();
    for (module, file) in &modules {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let mut paths = Paths::default();
        paths.visit_file(&syn::parse_file(&text).unwrap());
        let targets = paths.0.iter().filter_map(|path| resolve(path, module, &modules));
        arrows.extend(targets.filter(|to| to != file).map(|to| (file.clone(), to)));
    }
    arrows
}

fn find_modules(root: &Path, folder: &str, module: &[String], modules: &mut Modules) {
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        let inside = |name: &str| [module, &[name.to_string()]].concat();
        match name.strip_suffix(".rs") {
            Some("lib" | "mod") => _ = modules.insert(module.to_vec(), path),
            Some("main") => _ = modules.entry(inside("main")).or_insert(path),
            Some(name) => _ = modules.insert(inside(name), path),
            None if entry.path().is_dir() => find_modules(root, &path, &inside(&name), modules),
            None => {}
        }
    }
}

/// The paths that a file names.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl<'a> Visit<'a> for Paths {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if !item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")) || item.content.is_none() {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.expand(&item.tree, &mut Vec::new());
    }

    /// `pub(super)` looks at nobody.
    fn visit_visibility(&mut self, _: &'a syn::Visibility) {}

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// Paths in the definition of a macro belong to whoever calls it.
    fn visit_item_macro(&mut self, item: &'a syn::ItemMacro) {
        if item.ident.is_none() {
            visit::visit_item_macro(self, item);
        }
    }

    /// What a macro is called with is no syntax yet: every `a::b::c` in it counts.
    fn visit_macro(&mut self, called: &'a syn::Macro) {
        self.tokens(called.tokens.clone());
        visit::visit_macro(self, called);
    }
}

impl Paths {
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.0.push(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => colons = 0,
            }
        }
        self.0.push(path);
    }

    fn expand(&mut self, tree: &syn::UseTree, before: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.expand(&path.tree, before);
                before.pop();
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.expand(tree, before)),
            syn::UseTree::Name(name) => self.0.push([&before[..], &[name.ident.to_string()]].concat()),
            syn::UseTree::Rename(name) => self.0.push([&before[..], &[name.ident.to_string()]].concat()),
            syn::UseTree::Glob(_) => self.0.push(before.clone()),
        }
    }
}

/// The file that a path named in `module` leads to; `None` when it leads out of these crates.
fn resolve(path: &[String], module: &[String], modules: &Modules) -> Option<String> {
    // What stands in `main.rs` is at the top of its crate.
    let module = if let [top, main] = module
        && main == "main"
    {
        std::slice::from_ref(top)
    } else {
        module
    };
    let (first, rest) = path.split_first()?;
    let (mut at, mut rest) = match first.as_str() {
        "crate" => (vec![module[0].clone()], rest),
        "self" => (module.to_vec(), rest),
        "super" => (module[..module.len() - 1].to_vec(), rest),
        name if path.len() > 1 && CRATES.iter().any(|(known, _)| *known == name) => (vec![name.into()], rest),
        name if path.len() > 1 && modules.contains_key(&[module, &[name.to_string()]].concat()) => {
            ([module, &[name.to_string()]].concat(), rest)
        }
        _ => return None,
    };
    while let [next, after @ ..] = rest {
        match next.as_str() {
            "super" => _ = at.pop(),
            _ => {
                let inside = [&at[..], std::slice::from_ref(next)].concat();
                if !modules.contains_key(&inside) {
                    break;
                }
                at = inside;
            }
        }
        rest = after;
    }
    modules.get(&at).cloned()
}

/// The arrows between rooms, as a Mermaid flowchart; the number says how many files look there.
fn drawing(arrows: &BTreeSet<(String, String)>) -> String {
    let mut between: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in arrows.iter().filter(|(from, to)| room(from) != room(to)) {
        between.entry((room(from), room(to))).or_default().insert(from);
    }
    let mut text = String::from("```mermaid\nflowchart TD\n");
    for ((from, to), files) in between {
        writeln!(text, "    {from} -->|{}| {to}", files.len()).unwrap();
    }
    text + "```\n"
}

fn check_drawing(drawing: &str) {
    let file = root().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once("<!-- arrows -->\n").expect("ARCHITECTURE.md marks where the drawing begins");
    let (now, after) = rest.split_once("<!-- end of arrows -->").expect("ARCHITECTURE.md marks where the drawing ends");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, format!("{before}<!-- arrows -->\n{drawing}<!-- end of arrows -->{after}")).unwrap();
    } else {
        assert_eq!(
            now, drawing,
            "the drawing in ARCHITECTURE.md is old: UPDATE_GOLDEN=1 cargo test --test core layers"
        );
    }
}
