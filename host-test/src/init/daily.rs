//! The commands of a daily run: a line for cron, and a service with a timer for systemd. They name the file that has key
//! and secret, and hold neither.

use super::args::Answers;
use crate::target::AccountArgs;
use host_test::component::{FileArgs, NetworkArgs};
use host_test::text::{plain, say};
use serde_json::{Map, Value, json};
use source_host::error::{Error, Result};
use std::path::{Path, PathBuf};

/// The names of the units.
pub const NAMES: [&str; 2] = ["fivetran-evidence.service", "fivetran-evidence.timer"];

/// What runs daily. No text has a control character.
pub struct Daily {
    /// Program and arguments, but for the folder.
    command: Vec<String>,
    env_file: String,
    /// In which each run makes one of its own.
    folder: String,
    /// Whether this was a rehearsal.
    is_simulated: bool,
    /// Whether a proxy was named on the command line, whose URL may have a password.
    has_proxy: bool,
}

impl Daily {
    /// The same as now, with every path absolute.
    ///
    /// # Errors
    /// When a path cannot be written into a line.
    pub fn new(file: &FileArgs, network: &NetworkArgs, account: &AccountArgs, answers: &Answers) -> Result<Self> {
        let program = std::env::current_exe().map_err(Error::file("find", "this program"))?;
        let mut command = vec![word(&program)?, "collect".into(), "--real".into()];
        let files = [("--component", &file.component), ("--ca-file", &network.ca_file)];
        for (flag, path) in files.into_iter().chain(account.files()) {
            if let Some(path) = path {
                command.extend([flag.to_string(), absolute(path)?]);
            }
        }
        if let Some(sha256) = &file.component_sha256 {
            command.extend(["--component-sha256".to_string(), sha256.clone()]);
        }
        if network.ca_system {
            command.push("--ca-system".into());
        }
        let has_proxy = network.proxy.is_some();
        if network.proxy_from_env || has_proxy {
            command.push("--proxy-from-env".into());
        }
        command.extend(account.words());
        let env_file = answers.save.as_ref().or(answers.env_file.as_ref());
        let env_file = absolute(env_file.map_or(Path::new("fivetran.env"), PathBuf::as_path))?;
        if env_file.contains(['*', '?', '[', '\\']) || env_file.ends_with(' ') {
            let what = format!("systemd would read the name {env_file:?} as a pattern");
            return Err(Error::usage(what, "keep key and secret in a file with another name"));
        }
        Ok(Self {
            command,
            env_file,
            folder: absolute(&answers.daily)?,
            is_simulated: account.is_simulated(),
            has_proxy,
        })
    }

    /// A line of a crontab, where a percent sign ends the command unless it is escaped.
    fn cron(&self) -> Result<String> {
        let words = self.command.iter().map(|word| shell(word)).collect::<Result<Vec<_>>>()?.join(" ");
        let line = format!(
            "set -a; . {} && exec {words} --out {}/\"$(date -u +%F)\"",
            shell(&self.env_file)?,
            shell(&self.folder)?
        );
        Ok(format!("17 3 * * * {}", line.replace('%', "\\%")))
    }

    /// Names and texts of the units.
    pub fn units(&self) -> [(&'static str, String); 2] {
        let [service, timer] = NAMES;
        let words: Vec<String> = self.command.iter().map(|word| systemd(word)).collect();
        let script = r#"'folder=$$1; shift; exec "$$@" --out "$$folder/$$(date -u +%%F)"'"#;
        let text = format!(
            "[Unit]
Description=Evidence of a Fivetran account, a folder a day
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
# Key and secret stand there and nowhere else.
EnvironmentFile={}
UMask=0077
NoNewPrivileges=yes
ExecStart=/bin/sh -c {script} sh {} {}
",
            self.env_file.replace('%', "%%"),
            systemd(&self.folder),
            words.join(" ")
        );
        let times = "[Unit]
Description=Evidence of a Fivetran account, daily

[Timer]
OnCalendar=*-*-* 03:17:00
RandomizedDelaySec=30min
Persistent=true

[Install]
WantedBy=timers.target
";
        [(service, text), (timer, times.into())]
    }

    /// For programs: the line of a crontab, and the units by their names.
    ///
    /// # Errors
    /// When a path cannot be written into a line.
    pub fn to_json(&self) -> Result<Value> {
        let units: Map<String, Value> =
            self.units().map(|(name, text)| (name.into(), text.into())).into_iter().collect();
        Ok(json!({"cron": self.cron()?, "units": units}))
    }

    /// Shows them, and how the file is loaded.
    ///
    /// # Errors
    /// When a path cannot be written into a line.
    pub fn show(&self, answers: &Answers) -> Result<()> {
        let env_file = shell(&self.env_file)?;
        say("\nEvery day:");
        if self.is_simulated {
            say("  These commands are for a real account: the simulated key opens none.");
        }
        if answers.save.is_none() && answers.env_file.is_none() {
            say(
                "  Key and secret were not kept. A daily run reads them from a file that only you can read, with two lines,",
            );
            say("  FIVETRAN_API_KEY=… and FIVETRAN_API_SECRET=…: init --save FILE writes it. Below it is called");
            say(format!("  {}", plain(&env_file)));
        }
        if self.has_proxy {
            say("  The proxy is not repeated, as its URL may have a password: add HTTPS_PROXY=… to that file.");
        }
        say(format!("  In a shell:    set -a; . {}; set +a", plain(&env_file)));
        say(format!("  With cron:     crontab -e, and add the line\n\n{}\n", plain(&self.cron()?)));
        match &answers.units {
            Some(folder) => {
                let unit = |name: &str| shell(&absolute(&folder.join(name))?);
                let [service, timer] = NAMES;
                say(format!("  With systemd:  systemctl --user link {} {}", unit(service)?, unit(timer)?));
                say(format!("                 systemctl --user enable --now {timer}"));
                say("                 loginctl enable-linger    (so that it runs while you are logged out)");
            }
            None => {
                say("  With systemd:  these units; init --units DIR writes them\n");
                for (name, text) in self.units() {
                    say(format!("# {name}"));
                    text.lines().for_each(|line| say(plain(line)));
                    say("");
                }
            }
        }
        Ok(())
    }
}

/// A path that can be written into a line.
fn word(path: &Path) -> Result<String> {
    match path.to_str() {
        Some(text) if !text.contains(char::is_control) => Ok(text.into()),
        _ => {
            let what = format!("the path {path:?} cannot be written into a line for cron or systemd");
            Err(Error::usage(what, "name one in UTF-8 without control characters"))
        }
    }
}

fn absolute(path: &Path) -> Result<String> {
    word(&std::path::absolute(path).map_err(Error::file("find", path))?)
}

/// As a word of a shell.
fn shell(text: &str) -> Result<String> {
    let quoted = shlex::try_quote(text).map_err(|error| Error::usage(error.to_string(), "name another path"))?;
    Ok(quoted.into_owned())
}

/// As a word of a unit.
fn systemd(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-:,=".contains(&byte));
    if is_plain && !text.is_empty() { escaped } else { format!("\"{escaped}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_units_are_quoted_for_systemd() {
        assert_eq!(systemd("/srv/host-test"), "/srv/host-test");
        assert_eq!(systemd(r#"/a b/"c"/%d/$e\f"#), r#""/a b/\"c\"/%%d/$$e\\f""#);
        assert_eq!(systemd(""), "\"\"");
    }

    #[test]
    fn a_path_with_a_line_break_is_refused() {
        assert!(word(Path::new("a\nUser=root")).is_err() && word(Path::new("a b")).is_ok());
    }
}
