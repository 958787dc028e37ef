//! A place that is full.

use super::farm::Farm;
use super::operations::{LISTEN, address, get, until};
use crate::support::*;
use std::process::Command;
use std::time::Duration;

/// A file system of its own in memory, as root alone can have.
struct Small(String);

impl Small {
    fn mounted(folder: String) -> Option<Self> {
        std::fs::create_dir_all(&folder).unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m", "tmpfs", &folder]).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: no file system can be mounted (needs root)");
        None
    }

    fn fill(&self) {
        let wrong = std::fs::write(self.filler(), vec![1; 32 * 1024 * 1024]).unwrap_err();
        assert_eq!(wrong.kind(), std::io::ErrorKind::StorageFull);
    }

    fn filler(&self) -> String {
        format!("{}/filler", self.0)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l", &self.0]).status();
    }
}

#[test]
fn a_worker_whose_place_is_full_collects_one_page_in_vain_and_goes_on_when_there_is_room() {
    let names = ["t-0", "t-1", "t-2"];
    let Some(farm) = Farm::start("scale-full", &names, &[]) else { return };
    let Some(place) = Small::mounted(farm.scratch.path("place")) else { return };
    let worker = farm.worker("one", &[&LISTEN[..], &["--active", "1"]].concat());
    let address = address(&worker);
    until(&address, " 200 ", "ok");
    place.fill();
    farm.submit(&[]);
    until(&address, " 503 ", "evidence cannot be written to the place: no jobs are taken until it can");
    let said = worker.until_said("no jobs are taken until it can be written");
    assert!(said.contains("check that the place exists") && said.contains("there is room"), "{said}");
    // Time enough for many more pages.
    std::thread::sleep(Duration::from_secs(12));
    assert!(get(&address, "/metrics").unwrap().1.contains("source_worker_turn_seconds_count 1\n"));
    std::fs::remove_file(place.filler()).unwrap();
    until(&address, " 200 ", "ok");
    let end = farm.until(|it| it["complete"] == 3);
    assert_eq!(end["failed"], serde_json::json!({}), "{end}");
    let said = worker.stop();
    assert!(said.contains("evidence can be written again"), "{said}");
    assert!(said.contains("3 done (0 failed)") && said.contains(", 1 jobs given back in trouble"), "{said}");
    for name in names {
        check(&["verify", &farm.run_of(name, "r1")], 11, "consistent with itself");
    }
    let left: Vec<_> = std::fs::read_dir(&place.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_place_that_takes_nothing_from_the_beginning_costs_no_vendor_a_call() {
    let Some(farm) = Farm::start("scale-full-first", &["t-0"], &[]) else { return };
    let Some(place) = Small::mounted(farm.scratch.path("place")) else { return };
    place.fill();
    farm.submit(&[]);
    let worker = farm.worker("one", &LISTEN);
    let address = address(&worker);
    until(&address, " 503 ", "evidence cannot be written to the place: no jobs are taken until it can");
    std::thread::sleep(Duration::from_secs(3));
    assert!(get(&address, "/metrics").unwrap().1.contains("source_worker_requests_total 0\n"));
    std::fs::remove_file(place.filler()).unwrap();
    farm.until(|it| it["complete"] == 1);
    worker.stop();
}
