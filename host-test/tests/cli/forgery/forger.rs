//! Edits of every sort, each alone and in every layer.

use super::remake::*;
use serde_json::Value;
use source_evidence::files::{ENVELOPE, EVIDENCE, JOURNAL, MANIFEST, SEAL};
use source_evidence::seal::Signer;
use source_evidence::summary::Summary;

/// Ends what changes the bytes of the signature alone.
pub const ONLY_SIGNATURE: &str = "a signature by another key";

/// Every place in a JSON value at which a text, a number or a truth value stands.
fn leaves(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| leaves(value, &format!("{at}/{}", name.replace('/', "~1")), out));
        }
        Value::Array(items) => {
            items.iter().take(2).enumerate().for_each(|(n, value)| leaves(value, &format!("{at}/{n}"), out));
        }
        _ => out.push(at.into()),
    }
}

/// Another value of the same type.
fn other(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.chars().next() {
            Some('0') => text.replacen('0', "1", 1).into(),
            Some('2') => text.replacen('2', "3", 1).into(),
            _ => format!("x{text}").into(),
        },
        Value::Number(number) => (number.as_u64().unwrap_or(1) + 1).into(),
        Value::Bool(truth) => (!truth).into(),
        _ => "forged".into(),
    }
}

/// One forgery after the other: what it is, its files, and whether it is consistent with itself.
pub struct Forger {
    pub good: Files,
    pub other: Files,
    pub later: Files,
    pub own: Signer,
    pub made: Vec<(String, Files, bool)>,
}

impl Forger {
    fn add(&mut self, what: impl Into<String>, consistent: bool, change: impl FnOnce(&mut Files, &Self)) {
        let mut files = self.good.clone();
        change(&mut files, self);
        let what = what.into();
        assert!(files != self.good, "{what} changed nothing");
        self.made.push((what, files, consistent));
    }

    /// The same edit as it is, and made anew in every layer, unsigned and signed by the forger.
    fn add_layers(&mut self, what: &str, remade: bool, change: impl Fn(&mut Files, &Self)) {
        self.add(what, false, &change);
        self.add(format!("{what}; resealed"), false, |files, all| {
            change(files, all);
            reseal(files);
        });
        self.add(format!("{what}; all made anew, signature deleted"), remade, |files, all| {
            change(files, all);
            remake(files, None);
        });
        self.add(format!("{what}; all made anew, signed by the forger"), remade, |files, all| {
            change(files, all);
            remake(files, Some(&all.own));
        });
    }

    pub fn files(&mut self) {
        for name in FILES {
            self.add(format!("a byte of {name}"), false, |files, _| {
                let bytes = files.get_mut(name).unwrap();
                let at = bytes.len() / 2;
                bytes[at] ^= 1;
            });
            self.add(format!("{name} cut short"), false, |files, _| files.get_mut(name).unwrap().truncate(100));
            self.add(format!("a line break more in {name}"), false, |files, _| {
                files.get_mut(name).unwrap().push(b'\n')
            });
            self.add(format!("{name} of another account"), false, |files, all| {
                files.insert(name.into(), all.other[name].clone());
            });
            self.add(format!("{name} of the next day"), false, |files, all| {
                files.insert(name.into(), all.later[name].clone());
            });
        }
        self.add("the signature deleted", false, |files, _| drop(files.remove(ENVELOPE)));
        self.add("the collection of another account, whole", true, |files, all| *files = all.other.clone());
        self.add("the collection of the next day, whole", true, |files, all| *files = all.later.clone());
    }

    pub fn records(&mut self) {
        self.add_layers("a record left out", true, |files, _| edit(files, |all| drop(all.remove(6))));
        self.add_layers("a record twice", false, |files, _| edit(files, |all| all.insert(6, all[2].clone())));
        self.add_layers("two records swapped", true, |files, _| edit(files, |all| all.swap(6, 7)));
        self.add_layers("a record of another account", false, |files, all| {
            let foreign = lines(&all.other, EVIDENCE);
            let user = foreign.iter().find(|line| line.contains("\"kind\":\"user\"")).unwrap().clone();
            edit(files, |all| all.insert(3, user));
        });
        self.add_layers("the end left out", false, |files, _| edit(files, |all| drop(all.pop())));
        let line = lines(&self.good, EVIDENCE).remove(6);
        let mut places = Vec::new();
        leaves(&serde_json::from_str(&line).unwrap(), "", &mut places);
        for place in places.iter().filter(|place| *place != "/digest") {
            // What names the response is held against the journal, what names the time against the manifest.
            let is_held = ["body_digest", "/request", "/status", "/read_at", "/observed_at"];
            let is_held = is_held.iter().any(|part| place.ends_with(part)) && !place.starts_with("/subject");
            self.add_layers(&format!("{place} of a record"), !is_held, |files, _| {
                edit(files, |all| {
                    all[6] = rewritten(&all[6], |record| {
                        let value = record.pointer_mut(place).unwrap();
                        *value = other(value);
                    });
                });
            });
        }
        for (what, from, to) in [
            ("a name twice in a line", "\"title\":\"", "\"title\":\"FORGED\",\"title\":\""),
            ("a name twice in a content", "\"content\":{", "\"content\":{\"is_custom\":true,"),
            ("white space in a line", ",\"title\"", ", \"title\""),
            ("an escape in a line", "\"title\":\"R", "\"title\":\"\\u0052"),
            ("a line break of Windows", "\"}", "\"}\r"),
        ] {
            self.add(what, false, |files, _| edit(files, |all| all[6] = all[6].replacen(from, to, 1)));
            self.add(format!("{what}; resealed"), false, |files, _| {
                edit(files, |all| all[6] = all[6].replacen(from, to, 1));
                reseal(files);
            });
        }
    }

    pub fn journal(&mut self) {
        let change = |at: usize, from: &'static str, to: &'static str| {
            move |files: &mut Files, _: &Self| {
                let mut all = lines(files, JOURNAL);
                all[at] = all[at].replacen(from, to, 1);
                set_lines(files, JOURNAL, &all);
            }
        };
        self.add_layers("a response of the journal left out", false, |files, _| {
            let mut all = lines(files, JOURNAL);
            all.remove(1);
            set_lines(files, JOURNAL, &all);
        });
        self.add_layers("a response of the journal invented", true, |files, _| {
            let mut all = lines(files, JOURNAL);
            all.insert(1, all[0].replacen("\"sha256\":\"", "\"sha256\":\"00", 1));
            set_lines(files, JOURNAL, &all);
        });
        let other_host = change(1, "api.fivetran.com", "api.example.com");
        self.add_layers("another host in the journal", false, other_host);
        self.add_layers("another host in the journal, and in what was granted", true, |files, all| {
            other_host(files, all);
            let mut summary = manifest(files);
            summary.made.iter_mut().for_each(|made| made.granted.push("GET api.example.com".into()));
            set_manifest(files, &summary);
        });
        self.add_layers("another method in the journal", false, change(1, "\"method\":\"GET", "\"method\":\"POST"));
        self.add_layers("another path in the journal", false, change(1, "/v1/roles", "/v1/rules"));
        self.add_layers("another status in the journal", false, change(1, "\"status\":200", "\"status\":201"));
        self.add_layers("another time in the journal", false, change(1, "\"at\":\"20", "\"at\":\"19"));
        self.add("white space in the journal", false, change(1, ",\"bytes\"", ", \"bytes\""));
    }

    pub fn manifest(&mut self) {
        let mut places = Vec::new();
        leaves(&serde_json::from_slice(&self.good[MANIFEST]).unwrap(), "", &mut places);
        for place in places {
            let change = |files: &mut Files| {
                let mut value: Value = serde_json::from_slice(&files[MANIFEST]).unwrap();
                let place = value.pointer_mut(&place).unwrap();
                *place = other(place);
                match serde_json::from_value::<Summary>(value.clone()) {
                    Ok(summary) => set_manifest(files, &summary),
                    Err(_) => drop(files.insert(MANIFEST.into(), format!("{value:#}\n").into_bytes())),
                }
            };
            self.add(format!("{place} of the manifest"), false, |files, _| change(files));
            self.add(format!("{place} of the manifest; resealed"), false, |files, _| {
                change(files);
                if serde_json::from_slice::<Summary>(&files[MANIFEST]).is_ok() {
                    reseal(files);
                }
            });
        }
        self.add_layers("every state complete in the manifest", false, |files, _| {
            let mut summary = manifest(files);
            summary.coverage.iter_mut().for_each(|coverage| coverage.state = "complete".into());
            summary.component.sha256 = "0".repeat(64);
            summary.coverage.iter_mut().for_each(|coverage| coverage.reason = "forged".into());
            set_manifest(files, &summary);
        });
        self.add_layers("a second, better verdict on a kind in the manifest", false, |files, _| {
            let mut summary = manifest(files);
            let mut better = summary.coverage[1].clone();
            better.reason = "forged".into();
            summary.coverage.insert(0, better);
            set_manifest(files, &summary);
        });
        self.add_layers("another build of the component", true, |files, _| {
            let mut summary = manifest(files);
            summary.component.sha256 = "0".repeat(64);
            set_manifest(files, &summary);
        });
        self.add_layers("another version of the component", false, |files, _| {
            let mut summary = manifest(files);
            summary.component.version = "9.9.9".into();
            set_manifest(files, &summary);
        });
        self.add_layers("another since", false, |files, _| {
            let mut summary = manifest(files);
            summary.since = Some("2019-01-31T12:00:00Z".into());
            set_manifest(files, &summary);
        });
        self.add_layers("simulated, and passed off as real", true, |files, _| {
            let mut summary = manifest(files);
            summary.made.iter_mut().for_each(|made| (made.simulated, made.upstream) = (None, None));
            set_manifest(files, &summary);
        });
        self.add_layers("another policy, passed off as the built-in one", true, |files, _| {
            let mut summary = manifest(files);
            summary.made.iter_mut().for_each(|made| made.policy = Some("0".repeat(64)));
            set_manifest(files, &summary);
        });
        self.add_layers("a setting more in the manifest", true, |files, _| {
            let mut summary = manifest(files);
            summary.settings["forged"] = true.into();
            set_manifest(files, &summary);
        });
        self.add_layers("dated back to 2019", false, |files, _| {
            let mut summary = manifest(files);
            summary.started_at = "2019-01-31T12:00:00Z".into();
            summary.updated_at = "2019-01-31T12:01:00Z".into();
            set_manifest(files, &summary);
        });
    }

    pub fn seal(&mut self) {
        for (name, what) in [(SEAL, "the seal"), (ENVELOPE, "the signature")] {
            let mut places = Vec::new();
            leaves(&serde_json::from_slice(&self.good[name]).unwrap(), "", &mut places);
            for place in places {
                // Which signature is good, only the key shows.
                let (what, free) = if place.ends_with("/sig") { (ONLY_SIGNATURE, true) } else { (what, false) };
                self.add(format!("{place} of {what}"), free, |files, _| {
                    let mut value: Value = serde_json::from_slice(&files[name]).unwrap();
                    let place = value.pointer_mut(&place).unwrap();
                    *place = other(place);
                    files.insert(name.into(), (serde_json::to_string_pretty(&value).unwrap() + "\n").into_bytes());
                });
            }
        }
        self.add("signed by the forger, and nothing else changed", true, |files, all| remake(files, Some(&all.own)));
        self.add(format!("the key's name over {ONLY_SIGNATURE}"), true, |files, all| {
            let id = manifest(files).signed_by.unwrap();
            let envelope = all.own.sign(&text(files, SEAL)).text().replace(&all.own.id(), &id);
            files.insert(ENVELOPE.into(), envelope.into_bytes());
        });
    }
}
