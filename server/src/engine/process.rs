//! Processes and cgroups of this machine, for engines that run on it.

use std::fs;
use std::path::{Path, PathBuf};

use super::stats::RawSample;

/// Whether a process of this machine has the marker of an exec; the number alone may mean another process.
pub(super) fn is_marked(pid: u32, marker: &str) -> bool {
    pid > 1
        && fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| {
            let mut entries = environ.split(|byte| *byte == 0);
            entries.any(|entry| entry.strip_prefix(b"GANTRY_EXEC=").is_some_and(|value| value == marker.as_bytes()))
        })
}

/// Sends a signal (none for `0`) to every process with the marker of an exec, and counts them.
pub(super) fn signal(marker: &str, name: &str) -> usize {
    use rustix::process::{Pid, Signal, kill_process, test_kill_process};
    let signal = match name {
        "HUP" => Some(Signal::HUP),
        "TERM" => Some(Signal::TERM),
        "KILL" => Some(Signal::KILL),
        _ => None,
    };
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| is_marked(*pid, marker))
        .filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?))
        .filter(|pid| signal.map_or_else(|| test_kill_process(*pid), |signal| kill_process(*pid, signal)).is_ok())
        .count()
}

/// What the container of a process used, read from its cgroup; `None` where it cannot be read here.
pub(super) fn sample(pid: u32, id: &str) -> Option<RawSample> {
    if pid == 0 {
        return None;
    }
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    // The number may mean another process by now; a container's cgroup carries its id.
    if !groups.contains(id) {
        return None;
    }
    let mut sample = match groups.lines().find_map(|line| line.strip_prefix("0::")) {
        Some(path) if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() => version_2(path)?,
        _ => version_1(&groups)?,
    };
    (sample.network_rx_bytes, sample.network_tx_bytes) = network(pid).unwrap_or((0, 0));
    sample.at_nanos = i64::try_from(time::OffsetDateTime::now_utc().unix_timestamp_nanos()).unwrap_or(i64::MAX);
    Some(sample)
}

fn version_2(path: &str) -> Option<RawSample> {
    let dir = Path::new("/sys/fs/cgroup").join(path.trim_start_matches('/'));
    let cpu = fs::read_to_string(dir.join("cpu.stat")).ok()?;
    let stat = fs::read_to_string(dir.join("memory.stat")).unwrap_or_default();
    let (read, write) = fs::read_to_string(dir.join("io.stat")).map_or((0, 0), |text| io_stat(&text));
    Some(RawSample {
        cpu_nanos: field(&cpu, "usage_usec")? * 1_000,
        memory_bytes: number(dir.join("memory.current"))?.saturating_sub(field(&stat, "inactive_file").unwrap_or(0)),
        memory_limit_bytes: number(dir.join("memory.max")).unwrap_or(0),
        disk_read_bytes: read,
        disk_write_bytes: write,
        ..RawSample::default()
    })
}

fn version_1(groups: &str) -> Option<RawSample> {
    let controller = |name: &str| {
        let path = groups.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            controllers.split(',').any(|controller| controller == name).then_some(path)
        })?;
        Some(Path::new("/sys/fs/cgroup").join(name).join(path.trim_start_matches('/')))
    };
    let memory = controller("memory")?;
    let stat = fs::read_to_string(memory.join("memory.stat")).unwrap_or_default();
    let inactive = field(&stat, "total_inactive_file").or_else(|| field(&stat, "inactive_file")).unwrap_or(0);
    let limit = number(memory.join("memory.limit_in_bytes")).unwrap_or(0);
    let (read, write) = controller("blkio")
        .and_then(|dir| fs::read_to_string(dir.join("blkio.throttle.io_service_bytes")).ok())
        .map_or((0, 0), |text| blkio(&text));
    Some(RawSample {
        cpu_nanos: number(controller("cpuacct")?.join("cpuacct.usage"))?,
        memory_bytes: number(memory.join("memory.usage_in_bytes"))?.saturating_sub(inactive),
        // Without a limit the kernel writes the largest multiple of a page.
        memory_limit_bytes: if limit > 1 << 60 { 0 } else { limit },
        disk_read_bytes: read,
        disk_write_bytes: write,
        ..RawSample::default()
    })
}

fn number(path: PathBuf) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

/// `8:0 rbytes=1 wbytes=2 …` for each device.
fn io_stat(text: &str) -> (u64, u64) {
    let sum = |name: &str| {
        text.split_ascii_whitespace().filter_map(|word| word.strip_prefix(name)?.parse::<u64>().ok()).sum()
    };
    (sum("rbytes="), sum("wbytes="))
}

/// `8:0 Read 1` and `8:0 Write 2` for each device.
fn blkio(text: &str) -> (u64, u64) {
    let sum = |name: &str| {
        let value = |line: &str| line.split_once(' ')?.1.strip_prefix(name)?.trim().parse::<u64>().ok();
        text.lines().filter_map(value).sum()
    };
    (sum("Read "), sum("Write "))
}

/// Bytes received and sent by all interfaces of a process but the loopback.
fn network(pid: u32) -> Option<(u64, u64)> {
    Some(interfaces(&fs::read_to_string(format!("/proc/{pid}/net/dev")).ok()?))
}

fn interfaces(text: &str) -> (u64, u64) {
    let mut sum = (0, 0);
    for (name, rest) in text.lines().filter_map(|line| line.split_once(':')) {
        if name.trim() != "lo" {
            let numbers: Vec<u64> = rest.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
            sum.0 += numbers.first().copied().unwrap_or(0);
            sum.1 += numbers.get(8).copied().unwrap_or(0);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let dev = "Inter-|   Receive  |  Transmit\n face |bytes packets\n    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n  eth0: 1000 2 0 0 0 0 0 0 500 4 0 0 0 0 0 0\n";
        assert_eq!(interfaces(dev), (1000, 500));
        assert_eq!(io_stat("8:0 rbytes=5 wbytes=7 rios=1\n8:16 rbytes=1 wbytes=0\n"), (6, 7));
        assert_eq!(blkio("8:0 Read 5\n8:0 Write 7\n8:0 Sync 1\n8:0 Total 12\nTotal 12\n"), (5, 7));
        assert_eq!(field("a 1\nab 2\n", "ab"), Some(2));
        assert_eq!(field("a 1\n", "b"), None);
    }

    #[test]
    fn a_number_that_means_another_process_gives_no_sample() {
        assert_eq!(sample(std::process::id(), "0123456789abcdef"), None);
        assert_eq!(sample(0, ""), None);
    }
}
