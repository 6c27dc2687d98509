//! Numbers and times as people read them. Nothing here looks at a clock, so the server and the browser agree.

use std::time::Duration;

use api::OffsetDateTime;

use crate::i18n::{Locale, t};

const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/// A size in the largest unit of 1,024 that keeps it above 1, with three digits.
#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn bytes(count: u64) -> String {
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        return format!("{count} B");
    }
    let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.digits$} {}", UNITS[unit])
}

/// Bytes per second.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is no negative number")]
pub fn rate(bytes_per_sec: f32) -> String {
    format!("{}/s", bytes(bytes_per_sec.max(0.0) as u64))
}

/// A percentage with one digit below ten.
pub fn percent(value: f32) -> String {
    if value < 9.95 { format!("{value:.1} %") } else { format!("{value:.0} %") }
}

/// A share of a whole, in percent; 0 of nothing is 0.
#[allow(clippy::cast_precision_loss, reason = "a share is shown in whole percent")]
pub fn share(part: u64, whole: u64) -> f32 {
    if whole == 0 { 0.0 } else { part as f32 / whole as f32 * 100.0 }
}

/// `2026-11-21 11:12:05`, moved by an offset from UTC.
pub fn date_time(at: OffsetDateTime, offset_secs: i64) -> String {
    let at = shifted(at, offset_secs);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// `11:12:05`, moved by an offset from UTC.
pub fn clock_time(at: OffsetDateTime, offset_secs: i64) -> String {
    let at = shifted(at, offset_secs);
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

fn shifted(at: OffsetDateTime, offset_secs: i64) -> OffsetDateTime {
    let offset = Duration::from_secs(offset_secs.unsigned_abs());
    if offset_secs < 0 { at - offset } else { at + offset }
}

/// How long ago something was.
pub fn ago(locale: Locale, secs: i64) -> String {
    match secs {
        ..5 => t!(locale, time.now).to_owned(),
        5..60 => t!(locale, time.seconds_ago, count = secs.to_string()),
        60..3_600 => t!(locale, time.minutes_ago, count = (secs / 60).to_string()),
        3_600..86_400 => t!(locale, time.hours_ago, count = (secs / 3_600).to_string()),
        _ => t!(locale, time.days_ago, count = (secs / 86_400).to_string()),
    }
}

/// How long something takes or took.
pub fn duration(locale: Locale, secs: i64) -> String {
    match secs {
        ..60 => t!(locale, time.seconds, count = secs.max(0).to_string()),
        60..3_600 => t!(locale, time.minutes, minutes = (secs / 60).to_string(), seconds = (secs % 60).to_string()),
        3_600..86_400 => {
            t!(locale, time.hours, hours = (secs / 3_600).to_string(), minutes = (secs % 3_600 / 60).to_string())
        }
        _ => t!(locale, time.days, days = (secs / 86_400).to_string(), hours = (secs % 86_400 / 3_600).to_string()),
    }
}

/// An engine's id as people read it: 12 digits without the digest's name.
pub fn short_id(id: &str) -> String {
    id.strip_prefix("sha256:").unwrap_or(id).chars().take(12).collect()
}

/// Words of a command as one would type them.
pub fn command(words: &[String]) -> String {
    let quoted = words.iter().map(|word| {
        let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-._/:=,@%+".contains(c));
        if plain { word.clone() } else { format!("'{}'", word.replace('\'', r"'\''")) }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits_and_the_unit_that_fits() {
        let expected = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "0.98 KiB"),
            (1_536, "1.50 KiB"),
            (10 * 1024 * 1024 + 52_429, "10.1 MiB"),
            (150 * 1024 * 1024, "150 MiB"),
            (1023 * 1024 * 1024, "1.00 GiB"),
            (u64::MAX, "16384 PiB"),
        ];
        for (count, text) in expected {
            assert_eq!(bytes(count), text, "{count}");
        }
    }

    #[test]
    fn times_move_with_the_offset_across_days() {
        let at = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        assert_eq!(date_time(at, 0), "2023-11-14 22:13:20");
        assert_eq!(date_time(at, 8 * 3_600), "2023-11-15 06:13:20");
        assert_eq!(date_time(at, -5 * 3_600), "2023-11-14 17:13:20");
        assert_eq!(clock_time(at, 3_600), "23:13:20");
    }

    #[test]
    fn ages_are_told_in_the_largest_unit() {
        assert_eq!(ago(Locale::en, -3), "just now", "a clock that is ahead of ours");
        assert_eq!(ago(Locale::en, 59), "59 s ago");
        assert_eq!(ago(Locale::en, 3_599), "59 min ago");
        assert_eq!(ago(Locale::zh_CN, 7_300), "2 小时前");
        assert_eq!(ago(Locale::en, 200_000), "2 d ago");
        assert_eq!(duration(Locale::en, 3_725), "1 h 2 min");
    }

    #[test]
    fn commands_are_quoted_where_a_shell_would_need_it() {
        let words = ["sh", "-c", "echo 'hi' $A", ""].map(str::to_owned);
        assert_eq!(command(&words), r"sh -c 'echo '\''hi'\'' $A' ''");
    }

    #[test]
    fn ids_are_cut_to_twelve_digits() {
        assert_eq!(short_id("sha256:0123456789abcdef"), "0123456789ab");
        assert_eq!(short_id("abc"), "abc");
    }
}
