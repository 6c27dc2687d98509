//! What was used between two readings of counters.

use std::time::Duration;

use api::stats::StatsPoint;

/// Counters at a moment, since the container or the machine started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// When, nanoseconds since 1970.
    pub at_nanos: i64,
    /// Processor time used.
    pub cpu_nanos: u64,
    /// Memory now, without the page cache.
    pub memory_bytes: u64,
    /// What the memory can reach; 0 where unknown.
    pub memory_limit_bytes: u64,
    /// Bytes received.
    pub network_rx_bytes: u64,
    /// Bytes sent.
    pub network_tx_bytes: u64,
    /// Bytes read from disk.
    pub disk_read_bytes: u64,
    /// Bytes written to disk.
    pub disk_write_bytes: u64,
}

/// The averages between two readings, `elapsed` apart by a clock that never jumps; without a time. `None` where a counter
/// has begun again: then nothing is known of the time in between.
#[allow(clippy::cast_precision_loss, reason = "a rate has three digits")]
pub fn rate(before: &Counters, now: &Counters, elapsed: Duration) -> Option<StatsPoint> {
    let seconds = seconds_between(before, now, elapsed)?;
    let per_second = |before: u64, now: u64| now.checked_sub(before).map(|used| small(used as f64 / seconds));
    let cpu = now.cpu_nanos.checked_sub(before.cpu_nanos)? as f64 / (seconds * 1e9) * 100.0;
    Some(StatsPoint {
        at: 0,
        cpu_percent: small(cpu),
        memory_bytes: now.memory_bytes,
        network_rx_bytes_per_sec: per_second(before.network_rx_bytes, now.network_rx_bytes)?,
        network_tx_bytes_per_sec: per_second(before.network_tx_bytes, now.network_tx_bytes)?,
        disk_read_bytes_per_sec: per_second(before.disk_read_bytes, now.disk_read_bytes)?,
        disk_write_bytes_per_sec: per_second(before.disk_write_bytes, now.disk_write_bytes)?,
    })
}

/// The readings' own times are exact but follow the machine's clock, which may be set; then the steady one is taken.
#[allow(clippy::cast_precision_loss, reason = "a rate has three digits")]
fn seconds_between(before: &Counters, now: &Counters, elapsed: Duration) -> Option<f64> {
    let steady = elapsed.as_secs_f64();
    let exact = (now.at_nanos - before.at_nanos) as f64 / 1e9;
    let seconds = if (exact - steady).abs() <= steady / 2.0 { exact } else { steady };
    (seconds > 0.05).then_some(seconds)
}

#[allow(clippy::cast_possible_truncation)] // a chart needs no more digits
fn small(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn counters(at: i64, cpu_nanos: u64, rx: u64) -> Counters {
        Counters { at_nanos: at, cpu_nanos, network_rx_bytes: rx, memory_bytes: 7, ..Counters::default() }
    }

    #[test]
    fn a_counter_that_began_again_is_a_gap() {
        let before = counters(0, 5_000, 100);
        let ten = Duration::from_secs(10);
        assert!(rate(&before, &counters(10 * SECOND, 4_999, 200), ten).is_none());
        assert!(rate(&before, &counters(10 * SECOND, 5_001, 99), ten).is_none());
        assert!(rate(&before, &counters(10 * SECOND, 5_001, 100), ten).is_some());
        assert!(rate(&before, &before, Duration::ZERO).is_none());
    }

    #[test]
    fn a_clock_that_is_set_changes_no_rate() {
        let ten = Duration::from_secs(10);
        for shift in [0, -3_600 * SECOND, 3_600 * SECOND] {
            let used = rate(&counters(0, 0, 0), &counters(10 * SECOND + shift, 5_000_000_000, 1_000), ten).unwrap();
            assert!((used.cpu_percent - 50.0).abs() < 0.1, "{shift}");
            assert!((used.network_rx_bytes_per_sec - 100.0).abs() < 0.1, "{shift}");
            assert_eq!(used.memory_bytes, 7);
        }
        // A reading that took its time is not taken for a jump.
        let used = rate(&counters(0, 0, 0), &counters(12 * SECOND, 6_000_000_000, 0), ten).unwrap();
        assert!((used.cpu_percent - 50.0).abs() < 0.1);
    }
}
