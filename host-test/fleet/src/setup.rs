//! What a schedule works with.

use crate::options::Options;
use crate::report::Gauges;
use crate::spec::Spec;
use crate::store::Checkpoints;
use source_host::plugin::Plugin;
use std::sync::Arc;

/// Tenants, each with its component, and how to go about them.
pub(crate) struct Setup {
    pub tenants: Vec<(Arc<Spec>, Plugin)>,
    pub options: Options,
    pub gauges: Arc<Gauges>,
    pub checkpoints: Arc<dyn Checkpoints>,
}
