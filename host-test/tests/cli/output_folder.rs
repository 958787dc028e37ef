//! The folder of a collection: for its owner only, whatever the umask; nobody's files are overwritten, removed or
//! written through, however they came there.
#![cfg(unix)]

use crate::support::*;
use source_evidence::files::NAMES;
use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the program under a umask.
fn under(umask: &str, args: &[&str]) -> Output {
    let program = program(args);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]);
    shell.arg(program.get_program()).args(args);
    for name in WHAT_COUNTS {
        shell.env_remove(name);
    }
    shell.output().unwrap()
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o7777
}

/// Every file and folder below one, with its rights and what it holds or leads to.
fn contents(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let found = path.symlink_metadata().unwrap();
        let holds = if found.is_symlink() {
            format!("-> {}", std::fs::read_link(&path).unwrap().display())
        } else if found.is_dir() {
            all.append(&mut contents(&path));
            "folder".into()
        } else if found.is_file() {
            String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned()
        } else {
            "special".into()
        };
        all.insert(path, format!("{:o} {holds}", found.permissions().mode() & 0o7777));
    }
    all
}

/// Runs, is refused, and has changed nothing below a folder.
fn check_untouched(below: &Path, args: &[&str], code: i32, text: &str) {
    let before = contents(below);
    check(args, code, text);
    let after = contents(below);
    let names = |all: &BTreeMap<PathBuf, String>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before), "{args:?}");
    assert!(after == before, "{args:?}");
}

/// A collection that ended in its midst: the vendor took the key back.
fn begun(out: &str) {
    let cut = ["--max-records-per-page", "15", "--sim-faults", "401@/v1/teams"];
    check(&collect(out, &[CLOCK, &cut].concat()), 3, "to resume, repeat the command with --resume");
}

#[test]
fn nobody_else_may_look_whatever_the_umask() {
    let scratch = Scratch::new("folder-rights");
    for umask in ["000", "022", "077", "177"] {
        let (out, fleet) = (scratch.path(&format!("{umask}/deep/out")), scratch.path(&format!("{umask}-fleet")));
        let key = scratch.path(&format!("key-{umask}"));
        // Under 177 no folder below a new one could be made by whoever is not root: the folder itself is right then.
        let out = if umask == "177" { scratch.path("out-177") } else { out };
        check_output(&under(umask, &["keygen", "--out", &key]), 0, "key ");
        check_output(&under(umask, &collect(&out, &["--signing-key", &key])), 0, "complete");
        let run = [&["fleet", "--simulated", "2", "--out", &fleet, "--signing-key", &key], SMALL].concat();
        check_output(&under(umask, &run), 0, "2 tenants finished");
        let folder_mode = |path: &Path| assert_eq!(mode(path) & !0o700, 0, "{umask} {}", path.display());
        folder_mode(Path::new(&out));
        folder_mode(Path::new(&fleet));
        let mut files = 0;
        for (path, holds) in contents(Path::new(&out)).into_iter().chain(contents(Path::new(&fleet))) {
            if holds.ends_with(" folder") {
                folder_mode(&path);
            } else {
                assert_eq!(mode(&path), 0o600, "{umask} {}", path.display());
                files += 1;
            }
        }
        assert!(files > 3 * 6, "{files} files");
    }
}

#[test]
fn what_was_begun_for_everybody_to_read_is_so_no_longer_when_it_is_resumed() {
    let scratch = Scratch::new("folder-wide");
    let out = scratch.path("out");
    begun(&out);
    for name in ["evidence.jsonl", "evidence.sha256"] {
        std::fs::set_permissions(Path::new(&out).join(name), PermissionsExt::from_mode(0o644)).unwrap();
    }
    check(&collect(&out, &[CLOCK, &["--resume"]].concat()), 0, "complete");
    for path in contents(Path::new(&out)).into_keys() {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_folder_with_any_file_of_ours_is_taken() {
    let scratch = Scratch::new("folder-taken");
    let out = scratch.path("out");
    for name in NAMES.iter().chain(&[".lock"]) {
        for kind in ["empty", "full", "folder", "dangling"] {
            std::fs::create_dir(&out).unwrap();
            let path = Path::new(&out).join(name);
            match kind {
                "empty" => std::fs::write(&path, "").unwrap(),
                "full" => std::fs::write(&path, "mine").unwrap(),
                "folder" => std::fs::create_dir(&path).unwrap(),
                _ => symlink(scratch.path("nowhere"), &path).unwrap(),
            }
            check_untouched(&scratch.0, &collect(&out, &[]), 2, &out);
            std::fs::remove_dir_all(&out).unwrap();
        }
    }
    // An empty lock is what a start that was killed leaves; anything else of that name is somebody's.
    std::fs::create_dir(&out).unwrap();
    std::fs::write(Path::new(&out).join("lock"), "mine").unwrap();
    check_untouched(&scratch.0, &collect(&out, &[]), 2, "holds a collection already (lock)");
    std::fs::write(Path::new(&out).join("lock"), "").unwrap();
    check(&collect(&out, &[]), 0, "complete");
}

#[test]
fn files_of_others_stay_as_they_are() {
    let scratch = Scratch::new("folder-foreign");
    let out = scratch.path("out");
    std::fs::create_dir(&out).unwrap();
    std::fs::set_permissions(&out, PermissionsExt::from_mode(0o755)).unwrap();
    for name in ["notes.txt", "lock"] {
        std::fs::write(Path::new(&out).join(name), if name == "lock" { "" } else { "mine" }).unwrap();
    }
    let nobody = ["--upstream", "http://127.0.0.1:1"];
    check_untouched(&scratch.0, &collect(&out, &nobody), 4, "nothing was written");
    let before = contents(Path::new(&out));
    check(&collect(&out, &[]), 0, "complete");
    let after = contents(Path::new(&out));
    for (path, holds) in before {
        assert_eq!(after.get(&path), Some(&holds), "{}", path.display());
    }
    assert_eq!(mode(Path::new(&out)), 0o755, "whose folder it is has chosen its rights");
}

#[test]
fn no_symbolic_link_is_followed_at_the_start() {
    let scratch = Scratch::new("folder-links");
    let (out, other) = (scratch.path("out"), scratch.path("other"));
    check(&collect(&other, CLOCK), 0, "complete");
    for name in NAMES.iter().chain(&["lock"]) {
        for target in [format!("{other}/evidence.jsonl"), "/etc/passwd".into(), scratch.path("nowhere")] {
            std::fs::create_dir(&out).unwrap();
            symlink(&target, Path::new(&out).join(name)).unwrap();
            check_untouched(&scratch.0, &collect(&out, &[]), 2, &out);
            check_untouched(&scratch.0, &collect(&out, &["--resume"]), 2, &out);
            std::fs::remove_dir_all(&out).unwrap();
        }
    }
    for target in [&other, &scratch.path("nowhere")] {
        symlink(target, &out).unwrap();
        check_untouched(&scratch.0, &collect(&out, &[]), 2, "is a symbolic link, which is not followed");
        check_untouched(&scratch.0, &collect(&out, &["--resume"]), 2, "is a symbolic link, which is not followed");
        std::fs::remove_file(&out).unwrap();
    }
}

#[test]
fn what_is_resumed_is_written_to_no_other_place() {
    let scratch = Scratch::new("folder-resume");
    let (out, whole) = (scratch.path("out"), scratch.path("whole"));
    check(&collect(&whole, CLOCK), 0, "complete");
    begun(&out);
    let again = collect(&out, &[CLOCK, &["--resume"]].concat());
    for name in ["cursor", "evidence.jsonl", "evidence.sha256", "lock"] {
        let (file, aside) = (Path::new(&out).join(name), scratch.0.join("aside"));
        std::fs::rename(&file, &aside).unwrap();
        // What is behind the link is the right one to the byte: only that it is a link speaks against it.
        symlink(&aside, &file).unwrap();
        check_untouched(&scratch.0, &again, 2, "is a symbolic link, which is not followed");
        std::fs::remove_file(&file).unwrap();
        if name != "cursor" {
            std::fs::hard_link(&aside, &file).unwrap();
            check_untouched(&scratch.0, &again, 2, "has another hard link");
            std::fs::remove_file(&file).unwrap();
        }
        assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
        check_untouched(&scratch.0, &again, 2, name);
        std::fs::remove_file(&file).unwrap();
        std::fs::rename(&aside, &file).unwrap();
    }
    check(&again, 0, "complete");
    assert!(evidence(&out) == evidence(&whole));
}

/// What is written beside the folders is a new file too, for its owner only; only a fleet that is resumed replaces its
/// own summary.
#[test]
fn a_file_beside_the_folders_is_never_written_over() {
    let scratch = Scratch::new("folder-beside");
    let (one, two, fleet) = (scratch.path("one"), scratch.path("two"), scratch.path("fleet"));
    let (file, mine) = (scratch.path("beside"), scratch.write("mine", r#"{"tenants": "mine"}"#));
    check(&collect(&one, CLOCK), 0, "complete");
    check(&collect(&two, CLOCK), 0, "complete");
    let diff = ["diff", &one, &two, "--out", &file];
    let begin = [&["fleet", "--simulated", "1", "--out", &fleet, "--summary", &file], SMALL].concat();
    let again = [&begin[..], &["--resume"]].concat();
    let nowhere = scratch.path("nowhere");
    for args in [&diff[..], &begin, &again] {
        for target in [&mine, &nowhere] {
            symlink(target, &file).unwrap();
            check(args, 2, "beside exists already\n  → choose another name");
            std::fs::remove_file(&file).unwrap();
        }
        std::fs::copy(&mine, &file).unwrap();
        check(args, 2, "beside exists already\n  → choose another name");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), r#"{"tenants": "mine"}"#);
        std::fs::remove_file(&file).unwrap();
    }
    assert!(!Path::new(&nowhere).exists() && std::fs::read_to_string(&mine).unwrap().contains("mine"));
    check_output(&under("000", &diff), 0, "no changes");
    assert_eq!(mode(Path::new(&file)), 0o600);
    check(&begin, 2, "beside exists already");
    std::fs::remove_file(&file).unwrap();
    assert!(!Path::new(&fleet).exists(), "nothing was begun");
    check_output(&under("000", &begin), 0, "1 tenant finished");
    assert_eq!(mode(Path::new(&file)), 0o600);
    check(&begin, 2, "beside exists already");
    let of = |file: &str| serde_json::from_str::<serde_json::Value>(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(of(&file)["tenants"][0]["finished_before"], false);
    check_output(&under("000", &again), 0, "1 was before");
    assert_eq!((mode(Path::new(&file)), &of(&file)["tenants"][0]["finished_before"]), (0o600, &true.into()));
}

#[test]
fn fleets_and_collections_keep_out_of_each_others_folders() {
    let scratch = Scratch::new("folder-fleet");
    let (one, many, more) = (scratch.path("one"), scratch.path("many"), scratch.path("more"));
    check(&collect(&one, &[]), 0, "complete");
    let check_fleet = |out: &str, more: &[&str], code: i32, text: &str| {
        check(&[&["fleet", "--simulated", "2", "--out", out], SMALL, more].concat(), code, text);
    };
    let before = contents(Path::new(&one));
    check_fleet(&one, &[], 2, "holds a collection of its own (evidence.jsonl)");
    check_fleet(&one, &["--resume"], 2, "holds a collection of its own (evidence.jsonl)");
    assert!(contents(Path::new(&one)) == before);
    check_fleet(&many, &[], 0, "2 tenants finished");
    check_untouched(&scratch.0, &collect(&many, &[]), 2, "holds a collection already (.lock)");
    // A tenant whose folder leads elsewhere fails alone, and nothing is written there.
    std::fs::create_dir(&more).unwrap();
    std::fs::create_dir(scratch.path("elsewhere")).unwrap();
    symlink(scratch.path("elsewhere"), Path::new(&more).join("tenant-0")).unwrap();
    check_fleet(&more, &[], 2, "1 tenant finished");
    assert_eq!(contents(&scratch.0.join("elsewhere")), BTreeMap::new());
}
