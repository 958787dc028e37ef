//! One run at a time in a folder, also while others give theirs up and take the lock away.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

use source_evidence::files::lock;
use source_evidence::folder::{EvidenceDir, FolderState, state};
use source_evidence::summary::Summary;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

/// Runs `once` from four threads, which answers whether it got in, until all have got in so often together.
fn race(times: usize, once: &(dyn Fn() -> bool + Sync)) {
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while done.load(SeqCst) < times {
                    done.fetch_add(usize::from(once()), SeqCst);
                }
            });
        }
    });
}

/// Counts who is inside: never more than one.
fn alone(inside: &AtomicUsize) {
    assert_eq!(inside.fetch_add(1, SeqCst), 0, "two runs hold the lock of one folder");
    thread::yield_now();
    assert_eq!(inside.fetch_sub(1, SeqCst), 1);
}

#[test]
fn a_lock_that_is_taken_away_is_held_by_nobody_else() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let inside = AtomicUsize::new(0);
    race(200, &|| {
        let Ok(held) = lock(scratch.path(), "lock") else { return false };
        alone(&inside);
        std::fs::remove_file(scratch.path().join("lock")).unwrap();
        drop(held);
        true
    });
}

#[test]
fn runs_that_come_to_nothing_are_never_two_in_a_folder_and_leave_no_evidence() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let out = scratch.path().join("out");
    let inside = AtomicUsize::new(0);
    race(200, &|| {
        let Ok(dir) = EvidenceDir::create(&out, Summary::default()) else { return false };
        alone(&inside);
        assert!(dir.discard());
        true
    });
    // Perhaps an empty lock: one that was there already is nobody's to remove.
    assert_eq!(state(&out), FolderState::Nothing);
}
