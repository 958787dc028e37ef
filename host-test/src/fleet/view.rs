//! How a fleet shows that it is alive: a bar on a terminal, a line every few seconds elsewhere.

use crate::cost::duration;
use crate::progress::waiting;
use host_test::process::{mib, resident_bytes};
use host_test::text::{note, plain};
use indicatif::{ProgressBar, ProgressStyle};
use source_fleet::{Event, Gauges, Outcome, Reading, TenantReport};
use source_host::collection::Cause;
use source_host::tenant::Clock;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Between two lines where there is no terminal.
const LINES: Duration = Duration::from_secs(5);
/// Between two looks on a terminal.
const LOOKS: Duration = Duration::from_millis(250);
/// Failures that are told one by one, and waits; the summary counts them all.
const TOLD: u64 = 20;
/// A shorter wait is not worth a line.
const WORTH_A_LINE: Duration = Duration::from_secs(1);

/// What the terminal shows of a fleet while it runs.
pub struct View {
    bar: Option<ProgressBar>,
    gauges: Arc<Gauges>,
    refresher: JoinHandle<()>,
    waits: AtomicU64,
}

impl View {
    /// Begins to show.
    pub fn start(gauges: Arc<Gauges>, tenants: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(tenants));
        let refresher = tokio::spawn(refresh(bar.clone(), Arc::clone(&gauges), tenants));
        Self { bar, gauges, refresher, waits: AtomicU64::new(0) }
    }

    /// Tells what must not scroll by unseen: who waits and who failed, and why.
    pub fn event(&self, event: &Event<'_>) {
        match event {
            Event::Waits { name, wait, cause } => self.waits(name, *wait, *cause),
            Event::Ended(tenant) => self.ended(tenant),
        }
    }

    /// A wait, when it begins.
    fn waits(&self, name: &str, wait: Duration, cause: Cause<'_>) {
        if wait < WORTH_A_LINE {
            return;
        }
        match self.waits.fetch_add(1, Ordering::SeqCst) {
            told if told < TOLD => {
                let why = plain(&cause.to_string());
                self.tell(&format!("{name}: {}", waiting(&Clock::System, wait, &why)));
            }
            TOLD => self.tell("further waits are only counted"),
            _ => {}
        }
    }

    fn ended(&self, tenant: &TenantReport) {
        let Outcome::Failed(error) = &tenant.outcome else { return };
        let text = match self.gauges.read().failed {
            told if told < TOLD => format!("{}: {}: {}", tenant.name, error.word(), plain(&error.to_string())),
            TOLD => "further failures are only counted".to_string(),
            _ => return,
        };
        self.tell(&text);
    }

    /// Tells something without disturbing what is shown.
    pub fn tell(&self, text: &str) {
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
    let template = "{spinner} [{bar:24}] {pos}/{len} tenants{prefix}\n  {wide_msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar
}

async fn refresh(bar: Option<ProgressBar>, gauges: Arc<Gauges>, tenants: u64) {
    let mut before = (Instant::now(), gauges.read());
    let begun = (before.0, before.1.done);
    loop {
        tokio::time::sleep(if bar.is_some() { LOOKS } else { LINES }).await;
        let reading = gauges.read();
        let (mut rates, states) = lines(&before.1, &reading, before.0.elapsed());
        if let Some(left) =
            left(begun.0.elapsed(), reading.done.saturating_sub(begun.1), tenants.saturating_sub(reading.done))
        {
            rates.push_str(&format!(", {left} left"));
        }
        match &bar {
            Some(bar) => {
                bar.set_position(reading.done);
                bar.set_prefix(rates);
                bar.set_message(states);
                bar.tick();
            }
            None => note(format!("{}/{tenants} tenants{rates}: {states}", reading.done)),
        }
        // Over a second at least, so that figures can be read.
        if before.0.elapsed() >= Duration::from_secs(1) {
            before = (Instant::now(), reading);
        }
    }
}

/// How long it takes if further tenants take as long as those that ended so far; not told before enough of them did.
fn left(elapsed: Duration, ended: u64, to_come: u64) -> Option<String> {
    const ENOUGH: u64 = 5;
    let each = elapsed.checked_div(u32::try_from(ended).ok()?).filter(|_| ended >= ENOUGH && to_come > 0)?;
    Some(format!("about {}", duration(each.saturating_mul(u32::try_from(to_come).ok()?))))
}

/// How fast it goes, and what the tenants do: short enough for a terminal of 80 columns.
fn lines(before: &Reading, now: &Reading, span: Duration) -> (String, String) {
    let rate = |from: u64, to: u64| to.saturating_sub(from) as f64 / span.as_secs_f64().max(0.001);
    let (records, calls) = (rate(before.records, now.records), rate(before.requests, now.requests));
    let Reading { running, waiting, retrying, failed, .. } = now;
    let memory = mib(resident_bytes());
    let states = format!("{running} running, {waiting} waiting, {retrying} failing, {failed} failed, {memory} MiB");
    (format!(", {records:.0} records/s, {calls:.0} calls/s"), states)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_left_is_told_once_enough_tenants_ended() {
        let minute = Duration::from_secs(60);
        let told = [(0, 10), (4, 10), (5, 10), (6, 0), (60, 30)].map(|(ended, to_come)| left(minute, ended, to_come));
        assert_eq!(told.map(Option::unwrap_or_default), ["", "", "about 2 min", "", "about 30 s"]);
    }
}
