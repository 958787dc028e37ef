//! `export`: a collection in a format that other tools read.

use super::folder::folder;

use super::output::Format;
use super::report::refuse_inside;
use super::signals::finish_first;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use host_test::exit;
use host_test::text::{error, insist, plain, plural, say, say_json, tell};
use serde_json::{Value, json};
use source_evidence::digest::sha256_of_file;
use source_evidence::line_file::LineFile;
use source_evidence::verify::Anchors;
use source_host::error::{Error, Result};
use source_report::collection::Collection;
use source_report::export::{self, Choice, Refused, Wish};
use source_report::finding::Rules;
use source_report::near::nearest;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Examples:
  host-test export evidence --format csv --out evidence-csv
  host-test export evidence --format xlsx --out evidence.xlsx --kinds user,access_grant
  host-test export evidence --format oscal --out assessment-results.json --incomplete")]
pub struct ExportArgs {
    /// Folder of a finished collection.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Format: csv (a folder with a file for each kind, and the access review), oscal (assessment results 1.2.1), ocsf
    /// (1.8, findings and inventory, one event in a line), xlsx (the files of csv as sheets).
    #[arg(long, value_enum)]
    format: ExportFormat,
    /// Where to write, which must not exist yet: a folder for csv, else a file.
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// Kinds to export; default: all. The access review is written where user, team, team_membership and access_grant
    /// all are.
    #[arg(long, value_name = "KIND,…", value_delimiter = ',')]
    kinds: Vec<String>,
    /// Also export kinds that were not read whole, and say so in each of their files.
    #[arg(long)]
    incomplete: bool,
    /// Begin each CSV file with a byte-order mark, for spreadsheets that do not take it for UTF-8 otherwise.
    #[arg(long)]
    bom: bool,
    /// Rules of your own for the findings in oscal and ocsf, besides the built-in ones: see docs/findings.md.
    #[arg(long, value_name = "FILE.json")]
    rules: Option<PathBuf>,
    /// How to print what was written: for people, or as JSON with the size and SHA-256 of each file.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    result: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    Csv,
    Oscal,
    Ocsf,
    Xlsx,
}

/// Exports.
pub async fn run(args: &ExportArgs) -> Result<u8> {
    if args.bom && args.format != ExportFormat::Csv {
        return Err(usage("--bom is for CSV", "leave it out, or use --format csv").into());
    }
    if args.rules.is_some() && matches!(args.format, ExportFormat::Csv | ExportFormat::Xlsx) {
        let remedy = "leave it out, or use --format oscal or ocsf";
        return Err(usage("--rules is for findings, which CSV and XLSX do not have", remedy).into());
    }
    if args.kinds.iter().any(String::is_empty) {
        return Err(
            usage("--kinds names a kind that is empty", "give at least one kind, or leave it out for all").into()
        );
    }
    if args.out == Path::new("-") {
        return Err(usage("--out - is no file", "name one; - would be a file of that name: ./-").into());
    }
    let parent = args.out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    refuse_inside(&args.out, parent, &args.dir)?;
    let folder = folder(&args.dir).await?;
    let collection = Collection::read(folder.path(), Anchors::default())?;
    let choice = match export::choose(&collection, &Wish { kinds: args.kinds.clone(), incomplete: args.incomplete }) {
        Ok(choice) => choice,
        Err(refused) => {
            error(format!("error: {}", refused.to_string().lines().map(plain).collect::<Vec<_>>().join("\n")));
            if let Refused::NotCollected(kind, all) = &refused {
                let all: Vec<&str> = all.iter().map(String::as_str).collect();
                let unknown: Vec<&String> =
                    args.kinds.iter().filter(|wanted| *wanted == kind || !all.contains(&wanted.as_str())).collect();
                for one in &unknown {
                    let which = if unknown.len() > 1 { format!(" for {one:?}") } else { String::new() };
                    let meant =
                        nearest(one, all.iter().copied()).map(|meant| format!("  → did you mean {meant:?}{which}?"));
                    meant.into_iter().for_each(|line| error(plain(&line)));
                }
            }
            return Ok(match refused {
                Refused::Contradicted(_) => exit::CONTRADICTED,
                Refused::NotCollected(..) | Refused::NoName(_) => exit::USAGE,
                Refused::Incomplete(..) => exit::INCOMPLETE,
            });
        }
    };
    let rules = rules(args.rules.as_deref())?;
    let choice = choice.ruled_by(&rules);
    finish_first();
    let written = write(args, &collection, &choice, &rules)?;
    match args.result {
        Format::Json => say_json(&to_json(args, &choice, &written)?),
        Format::Table => show(args, &choice, &written),
    }
    Ok(exit::COMPLETE)
}

/// What was written.
struct Written {
    /// In a few words.
    what: String,
    /// Each file, with the number of its rows or events, where it has such.
    files: Vec<(PathBuf, Option<usize>)>,
}

fn show(args: &ExportArgs, choice: &Choice<'_>, written: &Written) {
    say(format!("{}: {}", args.out.display(), written.what));
    let without = if args.format == ExportFormat::Ocsf { export::ocsf::without_class(choice) } else { Vec::new() };
    if !without.is_empty() {
        tell(format!("OCSF has no class for these, of which findings alone are there: {}", plain(&listed(&without))));
    }
    let short: Vec<&str> = choice.incomplete().map(|(kind, _)| kind).collect();
    if !short.is_empty() {
        say(format!("INCOMPLETE, as the export says too: {}", plain(&short.join(", "))));
    }
    choice
        .caveats()
        .iter()
        .for_each(|caveat| if caveat.starts_with("SIMULATED") { insist(plain(caveat)) } else { tell(plain(caveat)) });
}

fn to_json(args: &ExportArgs, choice: &Choice<'_>, written: &Written) -> Result<Value> {
    let files = written.files.iter().map(|(path, rows)| {
        let bytes = path.metadata().map_err(Error::file("read", path))?.len();
        Ok(json!({"path": path, "rows": rows, "bytes": bytes, "sha256": sha256_of_file(path)?}))
    });
    let format = args.format.to_possible_value();
    let without = if args.format == ExportFormat::Ocsf { export::ocsf::without_class(choice) } else { Vec::new() };
    Ok(json!({
        "out": args.out,
        "format": format.as_ref().map(PossibleValue::get_name),
        "files": files.collect::<Result<Vec<_>>>()?,
        "incomplete": choice.incomplete().map(|(kind, why)| json!({"kind": kind, "why": why})).collect::<Vec<_>>(),
        "without_class": without.iter().map(|(kind, records)| json!({"kind": kind, "records": records})).collect::<Vec<_>>(),
        "caveats": choice.caveats(),
        "exit_code": exit::COMPLETE,
    }))
}

/// Writes.
fn write(args: &ExportArgs, collection: &Collection, choice: &Choice<'_>, rules: &Rules) -> Result<Written> {
    let counted = |count: usize, what: &str| format!("{count} {}", plural(count as u64, what));
    let one = |what: String, rows| Ok(Written { what, files: vec![(args.out.clone(), rows)] });
    match args.format {
        ExportFormat::Csv => {
            let files = export::csv::write(choice, args.bom, &args.out)?;
            let what = counted(files.len(), "file");
            let files = files.into_iter().map(|file| (args.out.join(file.name), Some(file.rows)));
            Ok(Written { what, files: files.collect() })
        }
        ExportFormat::Xlsx => {
            let mut file = LineFile::create(&args.out)?;
            file.write_bytes(&export::xlsx::workbook(choice)?)?;
            file.finish()?;
            one("a workbook".into(), None)
        }
        ExportFormat::Oscal => {
            save(&args.out, &[export::oscal::document(choice, &rules.judge(collection)?)])?;
            one(format!("OSCAL assessment results {}", export::oscal::VERSION), None)
        }
        ExportFormat::Ocsf => {
            let events = export::ocsf::events(choice, &rules.judge(collection)?);
            let without = export::ocsf::without_class(choice);
            if events.is_empty() && !without.is_empty() {
                let what = format!("OCSF has no class for any record of this collection: {}", listed(&without));
                return Err(usage(&what, "use --format csv, xlsx or oscal").into());
            }
            save(&args.out, &events)?;
            one(counted(events.len(), "event"), Some(events.len()))
        }
    }
}

fn rules(more: Option<&Path>) -> Result<Rules> {
    let rules = Rules::built_in();
    Ok(more.map_or(Ok(rules.clone()), |path| rules.extended(path))?)
}

/// Kinds with their records.
fn listed(kinds: &[(&str, usize)]) -> String {
    kinds.iter().map(|(kind, records)| format!("{kind} ({records})")).collect::<Vec<_>>().join(", ")
}

fn save(path: &Path, lines: &[String]) -> Result<()> {
    let mut file = LineFile::create(path)?;
    lines.iter().try_for_each(|line| file.write(line))?;
    Ok(file.finish()?)
}

fn usage(what: &str, remedy: &str) -> source_evidence::Error {
    source_evidence::Error::Usage { what: what.into(), remedy: remedy.into() }
}
