//! How a collection shows that it is alive: a bar on a terminal, plain lines elsewhere.

use super::remaining::{self, Expected, Reached};
use host_test::text::{count, note, plain};
use indicatif::{ProgressBar, ProgressStyle};
use source_host::bindings::compliance::source::types::Failure;
use source_host::bindings::exports::compliance::source::source::Page;
use source_host::collection::Wait;
use source_host::meter::{Asked, Meter};
use source_host::tenant::Clock;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use time::OffsetDateTime;

/// Between two looks at what the requests have met with.
const LOOKS: Duration = Duration::from_millis(100);
/// Waits that end so soon after each other are the same, which the component and the harness both see.
const SAME: Duration = Duration::from_secs(3);

/// What is shown before the first call.
const STARTING: &str = "starting";

/// The line that shows how far a collection has come. Takes itself off the screen when dropped.
pub struct Progress {
    line: Line,
    refresher: tokio::task::JoinHandle<()>,
}

/// Where lines go.
#[derive(Clone)]
struct Line {
    bar: Option<ProgressBar>,
    clock: Clock,
    meter: Arc<Meter>,
    begun: Instant,
    /// What all of it needs, where that is known, and the calls of earlier runs.
    expected: Option<(Expected, u64)>,
    /// When the last wait ends that was told.
    told: Arc<Mutex<Option<Instant>>>,
}

impl Progress {
    /// Begins to show; times are told by this clock.
    pub fn start(meter: Arc<Meter>, clock: Clock) -> Self {
        Self::of_known(meter, clock, None)
    }

    /// Begins to show, with the time that is left: what all of it needs is known, and how many calls earlier runs made.
    pub fn of_known(meter: Arc<Meter>, clock: Clock, expected: Option<(Expected, u64)>) -> Self {
        let (bar, begun) = (std::io::stderr().is_terminal().then(bar), Instant::now());
        let line = Line { bar, clock, meter, begun, expected, told: Arc::default() };
        let refresher = tokio::spawn(refresh(line.clone()));
        Self { line, refresher }
    }

    /// What tells of each wait when it begins.
    pub fn on_wait(&self) -> impl Fn(&Wait<'_>) + Send + Sync + 'static {
        let line = self.line.clone();
        move |wait| {
            if line.is_new(Instant::now() + wait.length) {
                line.tell(&waiting(&line.clock, wait.length, &plain(wait.cause)));
            }
        }
    }

    /// Shows a page that was written.
    pub fn page(&self, page: &Page, records: u64, calls: u64) {
        let stage = plain(&page.progress.stage);
        match &self.line.bar {
            Some(bar) => {
                bar.set_length(u64::from(page.progress.stages_total));
                bar.set_position(u64::from(page.progress.stages_done));
                bar.set_prefix(format!("{stage}, {}", count(records, "record")));
            }
            None => note(format!(
                "{}/{} {stage}: {}, {}{}",
                page.progress.stages_done,
                page.progress.stages_total,
                count(records, "record"),
                count(calls, "call"),
                if page.cursor.is_some() { self.line.left() } else { String::new() }
            )),
        }
    }

    /// Says why a page ended early.
    pub fn stopped(&self, failure: &Failure) {
        self.line.tell(&format!("stopped early: {} ({})", plain(&failure.message), plain(&failure.remedy)));
    }
}

impl Line {
    /// Whether a wait that ends then was not told yet.
    fn is_new(&self, ends: Instant) -> bool {
        let Ok(mut told) = self.told.lock() else { return true };
        let is_new = told.is_none_or(|told| ends > told + SAME);
        *told = (*told).max(Some(ends));
        is_new
    }

    /// The time that is left, as the end of a sentence; empty while nothing is known about it.
    fn left(&self) -> String {
        let waits = self
            .told
            .lock()
            .ok()
            .and_then(|told| *told)
            .map(|ends| ends.saturating_duration_since(Instant::now()))
            .unwrap_or_default();
        let left = self.expected.as_ref().and_then(|(expected, before)| {
            let here = self.meter.counts().answers;
            remaining::words(expected, &Reached { before: *before, here, elapsed: self.begun.elapsed(), waits })
        });
        left.map(|left| format!(", {left}")).unwrap_or_default()
    }

    fn tell(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => note(text),
        }
    }
}

/// A wait that begins now, in words.
pub fn waiting(clock: &Clock, wait: Duration, why: &str) -> String {
    // To the second, and not before it is over.
    let wait = Duration::from_secs(u64::try_from(wait.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u64::MAX));
    let until = OffsetDateTime::UNIX_EPOCH + Duration::from_millis(clock.now()) + wait;
    let (hour, minute, second) = until.to_hms();
    format!("waiting {} s, until {hour:02}:{minute:02}:{second:02} UTC: {why}", wait.as_secs())
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(1);
    let style = ProgressStyle::with_template("{spinner} [{bar:24}] {prefix:13} {msg} {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.set_prefix(STARTING);
    bar
}

/// Shows that it is alive, and what the component itself waits for within a page.
async fn refresh(line: Line) {
    let mut seen = None;
    loop {
        if let Some(bar) = &line.bar {
            // Where all fits one page, none is there before the end.
            if line.meter.requests() > 0 && bar.prefix() == STARTING {
                bar.set_prefix("reading");
            }
            bar.set_message(format!("{}{}", count(line.meter.requests(), "call"), line.left()));
            bar.tick();
        }
        if let Some(asked) = line.meter.asked()
            && seen.replace(asked) != Some(asked)
            && line.is_new(ends(&asked))
        {
            let why = format!("the vendor answers {} and asks to come back later", asked.status.as_u16());
            match asked.wait {
                Some(wait) => line.tell(&waiting(&line.clock, wait.saturating_sub(asked.at.elapsed()), &why)),
                None => line.tell(&format!("waiting: {why}, without saying when")),
            }
        }
        tokio::time::sleep(LOOKS).await;
    }
}

fn ends(asked: &Asked) -> Instant {
    // A wait that is longer than a year ends for nobody.
    asked.at + asked.wait.unwrap_or_default().min(Duration::from_secs(366 * 24 * 3600))
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.refresher.abort();
        if let Some(bar) = &self.line.bar {
            bar.finish_and_clear();
        }
    }
}
