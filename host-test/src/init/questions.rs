//! What is asked where no flag says it, and what is wrong with an answer before anything is written.

use super::args::Answers;
use super::ask::{self, Stop};
use super::daily;
use host_test::exit;
use source_evidence::files::EVIDENCE;
use source_host::error::{Error, Result};
use std::path::Path;

impl Answers {
    /// Finds out now what would fail at the end.
    pub fn check(&self, can_ask: bool, has_credentials: bool) -> Result<()> {
        let units = self.units.iter().flat_map(|folder| daily::NAMES.map(|name| folder.join(name)));
        units.chain(self.save.clone()).try_for_each(|path| is_free(&path))?;
        self.out.as_deref().map_or(Ok(()), is_empty)?;
        if self.units.is_some() && self.save.is_none() && self.env_file.is_none() && !can_ask {
            let what = "--units needs to know where a daily run finds key and secret";
            return Err(Error::usage(
                what,
                "give --save FILE to write that file now, or --env-file FILE to name yours",
            ));
        }
        let mut missing = Vec::new();
        if !has_credentials {
            missing.push("key and secret (set FIVETRAN_API_KEY and FIVETRAN_API_SECRET, or give --credentials-stdin)");
        }
        if self.out.is_none() && !self.no_collect {
            missing.push("whether to collect now (--out DIR or --no-collect)");
        }
        if can_ask || missing.is_empty() {
            return Ok(());
        }
        let what = format!("nothing can be asked here, and there is no answer to: {}", missing.join("; "));
        Err(Error::usage(what, "give what is missing, or run init on a terminal"))
    }

    /// Asks for what no flag said.
    pub fn ask(mut self, health: u8) -> std::result::Result<Self, Stop> {
        if self.out.is_none() && !self.no_collect {
            let question = match health {
                exit::COMPLETE => "Collect now?",
                _ => "Not everything can be read with this key. Collect the rest now?",
            };
            self.out = ask::path_if(question, true, "Folder for the evidence", "evidence-real", is_empty)?;
        }
        if self.save.is_none() && self.env_file.is_none() {
            let question = "Keep key and secret in a file that only you can read, for daily runs?";
            self.save = ask::path_if(question, false, "File", "fivetran.env", is_free)?;
        }
        if self.units.is_none() {
            let are_free = |folder: &Path| daily::NAMES.iter().try_for_each(|name| is_free(&folder.join(name)));
            let question = "Write systemd units for a daily run?";
            self.units = ask::path_if(question, false, "Folder for the units", "systemd", are_free)?;
        }
        Ok(self)
    }
}

/// Nothing is overwritten.
fn is_free(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let what = format!("{} exists already", path.display());
    Err(Error::usage(what, "name another, or remove it: nothing is overwritten"))
}

fn is_empty(folder: &Path) -> Result<()> {
    is_free(&folder.join(EVIDENCE)).map_err(|_| {
        let what = format!("{} holds a collection already", folder.display());
        Error::usage(what, "name another folder; collect --resume goes on with one that was interrupted")
    })
}
