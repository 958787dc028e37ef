//! What this process has used, as Linux tells it.

/// Resident memory now, in bytes; `None` where the system does not say.
pub fn resident_bytes() -> Option<u64> {
    status("VmRSS:")
}

/// The most that it ever was, in bytes.
pub fn peak_bytes() -> Option<u64> {
    status("VmHWM:")
}

/// The memory that is there because of this process, in bytes. Resident memory counts a page as often
/// as it is mapped, and thousands of instances map the same image. Takes long to read.
pub fn own_bytes() -> Option<u64> {
    kilobytes("/proc/self/smaps_rollup", "Pss:")
}

fn status(field: &str) -> Option<u64> {
    kilobytes("/proc/self/status", field)
}

fn kilobytes(file: &str, field: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Processor time of all its threads, in hundredths of a second; 0 where the system does not say.
pub fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

/// In MiB, for people.
pub fn mib(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "?".into(), |bytes| (bytes / (1024 * 1024)).to_string())
}
