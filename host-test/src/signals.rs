//! Signals that end a run.

/// Waits for Ctrl-C or SIGTERM.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// From now on a signal is only noted: what is being written takes a moment, and is written whole or not at all.
pub fn finish_first() {
    tokio::spawn(async {
        interrupted().await;
        host_test::text::note("finishing what is being written");
    });
}
