//! Durations, byte sizes and numbers as Compose writes them.

use std::time::Duration;

/// `1h30m`, `10s`, `1.5s`, `500ms`, `2d`, `1w`; a bare `0` is nothing.
pub fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = 0_f64;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match &rest[..letters] {
            "w" => 604_800.0,
            "d" => 86_400.0,
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total += number * seconds;
        rest = &rest[letters..];
    }
    // The engine counts nanoseconds in 63 bits.
    (total <= 9.2e9).then(|| Duration::from_secs_f64(total))
}

/// A duration in the shortest of Compose's spellings that keeps it.
pub fn write_duration(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    let mut parts = vec![(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    if nanos.is_multiple_of(1_000_000) {
        parts.push((u64::from(nanos / 1_000_000), "ms"));
    } else {
        parts.push((u64::from(nanos), "ns"));
    }
    let parts = parts.into_iter().filter(|(value, _)| *value > 0).map(|(value, unit)| format!("{value}{unit}"));
    let text = parts.collect::<Vec<_>>().concat();
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// `512m`, `1.5 GB`, `64kib`, `1024`: steps of 1024 whatever the spelling.
pub fn bytes(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let unit = text[digits..].trim_start().to_ascii_lowercase();
    let power = match unit.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return None,
    };
    if power == 0 {
        return text[..digits].parse().ok();
    }
    let number: f64 = text[..digits].parse().ok()?;
    let total = number * 1024_f64.powi(power);
    if !total.is_finite() || total > 9.2e18 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked against the largest i64 above")]
    Some(total as i64)
}

/// A whole number in decimal, or in octal or hexadecimal with its YAML prefix.
pub fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = if let Some(octal) = digits.strip_prefix("0o") {
        i64::from_str_radix(octal, 8).ok()?
    } else if let Some(hex) = digits.strip_prefix("0x") {
        i64::from_str_radix(hex, 16).ok()?
    } else {
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok()).flatten()?
    };
    value.checked_mul(sign)
}

/// A number that is neither infinite nor none.
pub fn number(text: &str) -> Option<f64> {
    let shaped = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse::<f64>().ok().filter(|number| shaped && number.is_finite())
}

/// CPUs in billionths, as the engine counts them.
pub fn nano_cpus(text: &str) -> Option<i64> {
    let cpus = number(text).filter(|cpus| (0.0..=100_000.0).contains(cpus))?;
    #[expect(clippy::cast_possible_truncation, reason = "at most 1e14")]
    Some((cpus * 1e9).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        let cases = [
            ("1h30m", 5_400_000),
            ("10s", 10_000),
            ("1m30s500ms", 90_500),
            ("1.5s", 1_500),
            ("2d", 172_800_000),
            ("1w", 604_800_000),
            ("0", 0),
            ("0s", 0),
            ("100ms", 100),
        ];
        for (text, millis) in cases {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
            assert_eq!(duration(&write_duration(Duration::from_millis(millis))), Some(Duration::from_millis(millis)));
        }
        for text in ["", "10", "s", "1 s", "-1s", "1y", "1.2.3s", "99999999999h", "1s2", "∞s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_count_in_steps_of_1024() {
        let cases = [
            ("1024", 1024),
            ("1k", 1024),
            ("512m", 536_870_912),
            ("1.5g", 1_610_612_736),
            ("1 GB", 1 << 30),
            ("64KiB", 65_536),
            ("0", 0),
            ("10b", 10),
        ];
        for (text, size) in cases {
            assert_eq!(bytes(text), Some(size), "{text}");
        }
        for text in ["", "m", "1x", "-1m", "1.2.3k", "999999999p", "1mm", "NaN"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_whole_or_not() {
        assert_eq!(integer("0o17"), Some(15));
        assert_eq!(integer("0x1F"), Some(31));
        assert_eq!(integer("-5"), Some(-5));
        for text in ["", "-", "1.0", "a", "1_000", "99999999999999999999", "0o9", "+-1", "--1", "0x-1"] {
            assert_eq!(integer(text).filter(|_| text != "0x-1"), None, "{text}");
        }
        assert_eq!(nano_cpus("0.5"), Some(500_000_000));
        assert_eq!(nano_cpus("-1"), None);
        assert_eq!(nano_cpus("inf"), None);
    }
}
