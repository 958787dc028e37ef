//! How a collection shows that it is alive: a bar on a terminal, plain lines elsewhere.

use host_test::text::{note, plain};
use indicatif::{ProgressBar, ProgressStyle};
use source_host::bindings::compliance::source::types::Failure;
use source_host::bindings::exports::compliance::source::source::Page;
use source_host::collection::own_pace;
use source_host::meter::Meter;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

/// The line that shows how far a collection has come. Takes itself off the screen when dropped.
pub struct Progress {
    bar: Option<ProgressBar>,
    refresher: Option<tokio::task::JoinHandle<()>>,
}

impl Progress {
    /// Begins to show.
    pub fn start(meter: Arc<Meter>) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { bar: None, refresher: None };
        }
        let bar = ProgressBar::new(1);
        let style = ProgressStyle::with_template("{spinner} [{bar:24}] {prefix:13} {msg} {elapsed}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_prefix("starting");
        let shown = bar.clone();
        let refresher = tokio::spawn(async move {
            loop {
                shown.set_message(format!("{} calls", meter.requests()));
                shown.tick();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Self { bar: Some(bar), refresher: Some(refresher) }
    }

    /// Shows a page that was written.
    pub fn page(&self, page: &Page, records: u64, calls: u64) {
        let stage = plain(&page.progress.stage);
        match &self.bar {
            Some(bar) => {
                bar.set_length(u64::from(page.progress.stages_total));
                bar.set_position(u64::from(page.progress.stages_done));
                bar.set_prefix(format!("{stage}, {records} records"));
            }
            None => note(format!(
                "{}/{} {stage}: {records} records, {calls} calls",
                page.progress.stages_done, page.progress.stages_total
            )),
        }
    }

    /// Says why a page ended early.
    pub fn stopped(&self, failure: &Failure) {
        self.line(format!("stopped early: {} ({})", plain(&failure.message), plain(&failure.remedy)));
    }

    /// Says how long it waits, and why.
    pub fn wait(&self, wait: Duration, page: &Page) {
        let why = own_pace(page).map_or_else(|| "rate limited by the vendor".into(), |finding| plain(&finding.message));
        self.line(format!("waiting {} s: {why}", wait.as_secs()));
    }

    fn line(&self, text: String) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => note(text),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(refresher) = &self.refresher {
            refresher.abort();
        }
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
