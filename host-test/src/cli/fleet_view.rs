//! How a fleet shows that it is alive: a bar on a terminal, a line every few seconds elsewhere.

use super::memory::{mib, resident_bytes};
use super::text::{note, plain};
use host_test::fleet::{Event, Gauges, Outcome, Reading};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Between two lines where there is no terminal.
const LINES: Duration = Duration::from_secs(5);
/// Between two looks on a terminal.
const LOOKS: Duration = Duration::from_millis(250);
/// Failures that are told one by one; the summary counts them all.
const TOLD: u64 = 20;

/// See the module.
pub struct View {
    bar: Option<ProgressBar>,
    gauges: Arc<Gauges>,
    refresher: JoinHandle<()>,
}

impl View {
    /// Begins to show.
    pub fn start(gauges: Arc<Gauges>, tenants: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(tenants));
        let refresher = tokio::spawn(refresh(bar.clone(), Arc::clone(&gauges), tenants));
        Self { bar, gauges, refresher }
    }

    /// Tells what must not scroll by unseen: who failed, and why.
    pub fn event(&self, event: &Event<'_>) {
        let Event::Ended(tenant) = event else { return };
        let Outcome::Failed(error) = &tenant.outcome else { return };
        let text = match self.gauges.read().failed {
            told if told < TOLD => format!("{}: {}: {}", tenant.name, error.word(), plain(&error.to_string())),
            TOLD => "further failures are only counted".to_string(),
            _ => return,
        };
        match &self.bar {
            Some(bar) => bar.println(text),
            None => note(text),
        }
    }

    /// Takes itself off the screen.
    pub fn end(&self) {
        self.refresher.abort();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(tenants: u64) -> ProgressBar {
    let bar = ProgressBar::new(tenants);
    if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:24}] {pos}/{len} {wide_msg} {elapsed}") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar
}

async fn refresh(bar: Option<ProgressBar>, gauges: Arc<Gauges>, tenants: u64) {
    let mut before = (Instant::now(), gauges.read());
    loop {
        tokio::time::sleep(if bar.is_some() { LOOKS } else { LINES }).await;
        let reading = gauges.read();
        let text = line(&before.1, &reading, before.0.elapsed());
        match &bar {
            Some(bar) => {
                bar.set_position(reading.done);
                bar.set_message(text);
                bar.tick();
            }
            None => note(format!("{}/{tenants} tenants, {text}", reading.done)),
        }
        // Over a second at least, so that figures can be read.
        if before.0.elapsed() >= Duration::from_secs(1) {
            before = (Instant::now(), reading);
        }
    }
}

fn line(before: &Reading, now: &Reading, span: Duration) -> String {
    let rate = |from: u64, to: u64| to.saturating_sub(from) as f64 / span.as_secs_f64().max(0.001);
    format!(
        "{:.0} records/s, {:.0} calls/s, {} running, {} waiting, {} failing, {} failed, {} MiB",
        rate(before.records, now.records),
        rate(before.requests, now.requests),
        now.running,
        now.waiting,
        now.retrying,
        now.failed,
        mib(resident_bytes())
    )
}
