//! A fleet, from its tenants to the report.

use crate::check;
use crate::event::{Observer, Stop};
use crate::options::Options;
use crate::report::{Gauges, Report};
use crate::schedule::Schedule;
use crate::setup::Setup;
use crate::spec::Spec;
use crate::store::Folders;
use source_evidence::folder::{refuse, state};
use source_host::error::{Error, Result};
use source_host::plugin::Plugin;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::watch;

/// Many tenants: see the crate.
pub struct Fleet(Setup);

impl Fleet {
    /// A fleet of these tenants, each with its component. Sends nothing yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] with all that can be known to be wrong before anything is sent;
    /// [`Error::Local`] when a folder holds a collection that must not be touched, or
    /// another fleet is at it.
    pub fn new(tenants: Vec<(Spec, Plugin)>, options: Options) -> Result<Self> {
        let findings = check::findings(&tenants, &options);
        if !findings.is_empty() {
            return Err(Error::Configuration(findings));
        }
        if !options.resume {
            for (spec, _) in &tenants {
                let folder = options.out.join(&spec.name);
                refuse(&folder, state(&folder))?;
            }
        }
        let folders = Folders::open(options.out.clone(), options.signer.clone())?;
        let options = Options { active: options.active.max(1), ..options };
        let tenants = tenants.into_iter().map(|(spec, plugin)| (Arc::new(spec), plugin)).collect();
        Ok(Self(Setup { tenants, options, gauges: Arc::default(), checkpoints: Arc::new(folders) }))
    }

    /// Counters that can be read while it runs.
    #[must_use]
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.0.gauges)
    }

    /// How many tenants it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.tenants.len()
    }

    /// What a reader has to know of its collections before any number, each once.
    #[must_use]
    pub fn caveats(&self) -> BTreeSet<String> {
        self.0.tenants.iter().flat_map(|(spec, _)| spec.caveats()).collect()
    }

    /// Collects until every tenant has come to its end, or until it is stopped.
    pub async fn run(&self, stop: watch::Receiver<Stop>, observer: &Observer<'_>) -> Report {
        Schedule::new(&self.0, observer).run(stop).await
    }
}
