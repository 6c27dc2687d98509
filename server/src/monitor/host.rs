//! What this machine uses, from `/proc`.

use std::fs;

use super::rate::Counters;

/// This machine's counters and size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// The counters.
    pub counters: Counters,
    /// How many processors it has.
    pub cpus: u32,
}

/// The kernel counts processor time in hundredths of a second, on every architecture (`USER_HZ`).
const TICK_NANOS: u64 = 10_000_000;
/// The unit of `/proc/diskstats`, whatever the disk's own sectors are.
const SECTOR_BYTES: u64 = 512;
/// Interfaces whose traffic is counted at another one as well, or never leaves the machine.
const INNER_INTERFACES: [&str; 9] = ["lo", "veth", "docker", "br-", "virbr", "cni", "podman", "flannel", "vxlan"];
/// Block devices that stand on others.
const STACKED_DISKS: [&str; 6] = ["loop", "ram", "zram", "dm-", "md", "sr"];

/// Reads the counters; `None` where this is no Linux.
#[allow(clippy::similar_names, reason = "rx and tx are the words of the field")]
pub fn read() -> Option<Host> {
    let text = |path: &str| fs::read_to_string(path).ok();
    let (cpu_nanos, cpus) = cpu(&text("/proc/stat")?)?;
    let (memory_bytes, memory_limit_bytes) = memory(&text("/proc/meminfo")?)?;
    let (network_rx_bytes, network_tx_bytes) = text("/proc/net/dev").map_or((0, 0), |text| network(&text));
    let (disk_read_bytes, disk_write_bytes) = text("/proc/diskstats")
        .map_or((0, 0), |text| disks(&text, |name| fs::exists(format!("/sys/block/{name}")).unwrap_or(false)));
    let now = time::OffsetDateTime::now_utc().unix_timestamp_nanos();
    let counters = Counters {
        at_nanos: i64::try_from(now).unwrap_or(i64::MAX),
        cpu_nanos,
        memory_bytes,
        memory_limit_bytes,
        network_rx_bytes,
        network_tx_bytes,
        disk_read_bytes,
        disk_write_bytes,
    };
    Some(Host { counters, cpus })
}

fn numbers(line: &str) -> Vec<u64> {
    line.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// Time in which the processors were busy, and their number.
fn cpu(stat: &str) -> Option<(u64, u32)> {
    let all = numbers(stat.lines().next()?.strip_prefix("cpu ")?);
    // user nice system idle iowait irq softirq steal; guests are counted in user already.
    let busy: u64 =
        all.iter().take(8).enumerate().filter(|(index, _)| ![3, 4].contains(index)).map(|(_, time)| time).sum();
    let is_cpu =
        |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let cpus = u32::try_from(stat.lines().filter(is_cpu).count()).ok()?;
    Some((busy * TICK_NANOS, cpus))
}

/// Memory that cannot be given to anyone else, and all memory.
fn memory(meminfo: &str) -> Option<(u64, u64)> {
    let kib = |name: &str| {
        meminfo.lines().find_map(|line| {
            line.strip_prefix(name)?.strip_prefix(':')?.trim().strip_suffix(" kB")?.parse::<u64>().ok()
        })
    };
    let (total, available) = (kib("MemTotal")?, kib("MemAvailable").or_else(|| kib("MemFree"))?);
    Some((total.saturating_sub(available) * 1024, total * 1024))
}

/// Bytes received and sent by the interfaces that lead out of the machine.
fn network(dev: &str) -> (u64, u64) {
    let mut sums = (0, 0);
    for line in dev.lines() {
        let Some((name, rest)) = line.split_once(':') else { continue };
        if INNER_INTERFACES.iter().any(|inner| name.trim().starts_with(inner)) {
            continue;
        }
        let counts = numbers(rest);
        sums.0 += counts.first().unwrap_or(&0);
        sums.1 += counts.get(8).unwrap_or(&0);
    }
    sums
}

/// Bytes read from and written to whole disks.
fn disks(diskstats: &str, is_whole: impl Fn(&str) -> bool) -> (u64, u64) {
    let mut sums = (0, 0);
    for line in diskstats.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (Some(name), Some(read), Some(written)) = (words.get(2), words.get(5), words.get(9)) else { continue };
        if STACKED_DISKS.iter().any(|stacked| name.starts_with(stacked)) || !is_whole(name) {
            continue;
        }
        sums.0 += read.parse::<u64>().unwrap_or(0) * SECTOR_BYTES;
        sums.1 += written.parse::<u64>().unwrap_or(0) * SECTOR_BYTES;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_no_work_and_processors_are_counted() {
        let stat = "cpu  100 20 30 4000 500 6 7 8 90 9\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\n";
        assert_eq!(cpu(stat), Some((171 * TICK_NANOS, 2)));
    }

    #[test]
    fn memory_that_can_be_had_is_free() {
        let info = "MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  600 kB\n";
        assert_eq!(memory(info), Some((400 * 1024, 1000 * 1024)));
        assert_eq!(memory("MemTotal: 1 kB\n"), None);
    }

    #[test]
    fn traffic_and_disks_are_counted_once() {
        let dev = "Inter-|\n face |bytes\n    lo: 5 1 0 0 0 0 0 0 5 1\n  eth0: 10 1 0 0 0 0 0 0 20 1\nveth1: 7 1 0 0 0 0 0 0 7 1\n";
        assert_eq!(network(dev), (10, 20));
        let stats = "8 0 sda 1 0 4 0 1 0 6 0\n8 1 sda1 1 0 4 0 1 0 6 0\n253 0 dm-0 1 0 4 0 1 0 6 0\n7 0 loop0 1 0 4 0 1 0 6 0\n";
        assert_eq!(disks(stats, |name| name != "sda1"), (4 * 512, 6 * 512));
    }

    #[test]
    fn this_machine_can_be_read() {
        let host = read().unwrap();
        assert!(host.cpus > 0 && host.counters.cpu_nanos > 0 && host.counters.memory_bytes > 0);
        assert!(host.counters.memory_limit_bytes > host.counters.memory_bytes);
    }
}
