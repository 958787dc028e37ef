//! `collect --plan`: what a collection would cost, without collecting.

use super::args::CollectArgs;
use super::cost::{amount, by_kind, calls, is_whole, least, time, to_json};
use super::output::Format;
use super::progress::Progress;
use super::target::check_since;
use super::{kinds, warnings};
use host_test::exit;
use host_test::text::{plain, say, say_json, table, tell};
use source_host::bindings::compliance::source::types::Severity;
use source_host::bindings::exports::compliance::source::planner::{Cost, EndpointCost};
use source_host::error::{Error, Result};
use std::sync::Arc;

/// Asks the source, and shows what it says.
pub async fn run(args: &CollectArgs) -> Result<u8> {
    let plugin = args.component.load().await?;
    if !plugin.is_planner() {
        return Err(Error::usage("this component cannot say what a collection would cost", "leave out --plan"));
    }
    kinds::check(&args.kinds, &plugin)?;
    let is_json = args.format == Format::Json;
    let target = args.target.resolve(&plugin, is_json).await?;
    check_since(args.since.as_deref(), &target.tenant.clock)?;
    let (mut instance, configured) = plugin.configured(&target.tenant).await?;
    warnings::show(&configured);
    let progress = Progress::start(Arc::clone(&target.tenant.meter), target.tenant.clock.clone());
    let cost = instance.estimate(&super::collect::options(args).request()).await;
    drop(progress);
    warnings::after(&target.tenant);
    let cost = cost?;
    if is_json {
        say_json(&to_json(&cost))
    } else {
        show(&cost)
    }
    target.remind(is_json);
    Ok(if is_whole(&cost) { exit::COMPLETE } else { exit::INCOMPLETE })
}

fn show(cost: &Cost) {
    let mut rows = table(&["Kind", "Calls", "Of these"]);
    for (kind, endpoints) in by_kind(cost) {
        let line = |endpoint: &&EndpointCost| {
            format!("{}{} {}", least(!endpoint.is_least), endpoint.calls, plain(&endpoint.endpoint))
        };
        let lines: Vec<String> = endpoints.iter().map(line).collect();
        let is_whole = !endpoints.iter().any(|endpoint| endpoint.is_least);
        rows.add_row(vec![plain(kind), format!("{}{}", least(is_whole), calls(endpoints)), lines.join("\n")]);
    }
    say(rows);
    tell(amount(cost));
    tell(time(cost));
    for finding in &cost.diagnostics {
        let remedy =
            if finding.severity == Severity::Info { String::new() } else { format!(" → {}", finding.remedy) };
        tell(format!("note: {}", plain(&format!("{}{remedy}", finding.message))));
    }
}
