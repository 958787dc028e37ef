//! How much memory this process has, as Linux tells it.

/// Resident memory now, in bytes; `None` where the system does not say.
pub fn resident_bytes() -> Option<u64> {
    status("VmRSS:")
}

/// The most that it ever was, in bytes.
pub fn peak_bytes() -> Option<u64> {
    status("VmHWM:")
}

fn status(field: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// In MiB, for people.
pub fn mib(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "?".into(), |bytes| (bytes / (1024 * 1024)).to_string())
}
