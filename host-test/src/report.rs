//! `report`: a collection as one page for a browser.

use super::folder::folder;
use super::output::Format;
use super::signals::finish_first;
use clap::Args;
use host_test::component::{LocalArgs, sha256};
use host_test::exit;
use host_test::text::{error, plain, say, say_json};
use serde_json::json;
use source_evidence::diff::meaning::Meanings;
use source_evidence::line_file::{LineFile, refuse_existing};
use source_evidence::seal::PublicKey;
use source_evidence::verify::{Anchors, Verdict};
use source_host::error::Result;
use source_host::records::kind_facts;
use source_report::collection::Collection;
use source_report::finding::Rules;
use source_report::page::{Changes, page};
use source_report::unlisted::unlisted;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Examples:
  host-test report evidence --out report.html
  host-test report evidence --out report.html --before evidence-of-last-month")]
pub struct ReportArgs {
    #[command(flatten)]
    component: LocalArgs,
    /// Folder of a finished collection.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The page, which must not exist yet, outside of DIR.
    #[arg(long, value_name = "FILE.html")]
    out: PathBuf,
    /// Folder of an earlier collection of the same account: says what changed since.
    #[arg(long, value_name = "OLD")]
    before: Option<PathBuf>,
    /// Rules of your own for findings, besides the built-in ones: see docs/findings.md.
    #[arg(long, value_name = "FILE.json")]
    rules: Option<PathBuf>,
    /// The seal that collect printed, kept elsewhere: checks that no file was changed since.
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    seal: Option<String>,
    /// Public key (.pub, from keygen) of whoever is said to have made it.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Makes the page of a folder.
pub async fn run(args: &ReportArgs) -> Result<u8> {
    check_place(&args.out, &args.dir)?;
    let dir = folder(&args.dir).await?;
    let key = args.public_key.as_deref().map(PublicKey::read).transpose()?;
    let rules = Rules::built_in();
    let rules = if let Some(file) = &args.rules { rules.extended(file)? } else { rules };
    let changes = match &args.before {
        Some(before) => {
            let plugin = args.component.load().await?;
            let source = plugin.description();
            let meanings = Meanings::new(&source.id, &kind_facts(&source.kinds))?;
            Some(Changes::between(folder(before).await?.path(), dir.path(), &meanings)?)
        }
        None => None,
    };
    let anchors = Anchors { seal: args.seal.as_deref(), key: key.as_ref() };
    let collection = Collection::read(dir.path(), anchors)?;
    finish_first();
    write(&collection, &rules, changes.as_ref(), &args.out)?;
    let report = &collection.report;
    let code = if report.verdict() == Verdict::Contradicted { exit::CONTRADICTED } else { exit::COMPLETE };
    let summary = collection.summary().caveats();
    let caveats: Vec<String> = summary.chain(rules.changed()).chain(unlisted(&collection).proof()).collect();
    match args.format {
        Format::Json => say_json(&json!({
            "report": args.out,
            "verdict": report.conclusion(),
            "contradictions": report.findings,
            "caveats": caveats,
            "exit_code": code,
        })),
        Format::Table => {
            if code == exit::CONTRADICTED {
                let wrong = report.findings.iter().map(|finding| format!("WRONG {}", plain(finding)));
                wrong.for_each(error);
                error(format!("{}: {}", args.dir.display(), report.conclusion()));
            }
            caveats.iter().for_each(|caveat| error(plain(caveat)));
            say(line(&args.out));
        }
    }
    Ok(code)
}

/// Makes the page of a folder that was just written.
pub fn of_new(folder: &Path, out: &Path) -> Result<()> {
    write(&Collection::read(folder, Anchors::default())?, &Rules::built_in(), None, out)
}

fn write(collection: &Collection, rules: &Rules, changes: Option<&Changes>, out: &Path) -> Result<()> {
    let changed: Vec<String> = rules.changed().collect();
    let text = page(collection, &rules.judge(collection)?, &changed, changes)?;
    let mut file = LineFile::create(out)?;
    file.write(text.trim_end())?;
    Ok(file.finish()?)
}

/// Says where the page is.
pub fn line(page: &Path) -> String {
    format!("report:   {}", page.display())
}

/// Refuses what would be in a folder of evidence, which holds what its seal names and no more.
pub fn refuse_inside(out: &Path, parent: &Path, folder: &Path) -> Result<()> {
    let is_inside = match (parent.canonicalize(), folder.canonicalize()) {
        (Ok(parent), Ok(folder)) => parent.starts_with(folder),
        _ => parent.starts_with(folder),
    };
    if is_inside {
        let what = format!("{} would be in {}, the folder of the evidence", out.display(), folder.display());
        return Err(source_evidence::Error::Output { what, remedy: "choose a place outside of it".into() }.into());
    }
    Ok(())
}

/// Refuses a page that exists, and one in the folder of the evidence, which holds what its seal names and no more.
pub fn check_place(page: &Path, folder: &Path) -> Result<()> {
    refuse_existing(page)?;
    let parent = page.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    refuse_inside(page, parent, folder)?;
    if !parent.is_dir() {
        let what = format!("there is no folder {} for the report", parent.display());
        return Err(source_evidence::Error::Output { what, remedy: "make it, or choose another place".into() }.into());
    }
    Ok(())
}
