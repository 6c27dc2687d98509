//! What a reader asked for, checked.

use api::log::LogQuery;
use api::{FieldProblem, Message, OffsetDateTime};
use time::format_description::well_known::Rfc3339;

use crate::engine::{LogOptions, Tail};
use crate::services::Error;

/// Old lines of each container where nothing is said.
const TAIL: u64 = 200;

/// How a log is downloaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A line for a line.
    #[default]
    Text,
    /// A JSON object for a line.
    Ndjson,
}

/// What to read and how to show it.
#[derive(Clone, Debug)]
pub struct Request {
    /// What the engine is asked.
    pub options: LogOptions,
    /// Only this service.
    pub service: Option<String>,
    /// Whether the reader acknowledges.
    pub ack: bool,
    /// With times in a text.
    pub timestamps: bool,
    /// How it is downloaded.
    pub format: Format,
}

impl Request {
    /// Checks a query; `follow` where it does not say.
    pub fn new(query: LogQuery, follow: bool) -> Result<Self, Error> {
        let now = OffsetDateTime::now_utc();
        let mut problems = Vec::new();
        let mut check = |field: &str, message: Message| problems.push(FieldProblem::new(field, message));
        let tail = match query.tail.as_deref() {
            None => Tail::Last(TAIL),
            Some("all") => Tail::All,
            Some(number) => number.parse().map_or_else(
                |_| {
                    check("tail", Message::new("log.tail-invalid"));
                    Tail::All
                },
                Tail::Last,
            ),
        };
        let mut moment = |field: &'static str, text: Option<&str>| {
            let text = text?;
            let time = parse_time(text, now);
            if time.is_none() {
                check(field, Message::new("log.time-invalid").with("value", text.chars().take(40).collect::<String>()));
            }
            time
        };
        let since_nanos = moment("since", query.since.as_deref());
        let until_nanos = moment("until", query.until.as_deref());
        let (stdout, stderr) = (query.stdout.unwrap_or(true), query.stderr.unwrap_or(true));
        if !stdout && !stderr {
            check("stdout", Message::new("log.no-stream"));
        }
        let format = match query.format.as_deref() {
            None | Some("text") => Format::Text,
            Some("ndjson") => Format::Ndjson,
            Some(_) => {
                check("format", Message::new("log.format-invalid"));
                Format::Text
            }
        };
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let follow = query.follow.unwrap_or(follow);
        Ok(Self {
            options: LogOptions { follow, tail, since_nanos, until_nanos, stdout, stderr },
            service: query.service,
            ack: query.ack.unwrap_or(false),
            timestamps: query.timestamps.unwrap_or(false),
            format,
        })
    }
}

/// A time in RFC 3339, in Unix seconds with or without a fraction, or as a span back from `now` such as `90s`, `15m`, `2h`, `1d`; nanoseconds since
/// 1970.
fn parse_time(text: &str, now: OffsetDateTime) -> Option<i64> {
    let nanos = |time: OffsetDateTime| i64::try_from(time.unix_timestamp_nanos()).ok();
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return nanos(time);
    }
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if let Ok(seconds) = seconds.parse::<i64>() {
        let digits = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
        let fraction = digits.then(|| format!("{fraction:0<9}").parse::<i64>().ok()).flatten()?;
        return nanos(OffsetDateTime::from_unix_timestamp(seconds).ok()?)?.checked_add(fraction);
    }
    let (last, unit) = text.char_indices().last()?;
    let unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let span = i64::from(text[..last].parse::<u32>().ok()?) * unit;
    nanos(now.checked_sub(time::Duration::seconds(span))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_three_ways_and_nonsense_is_named() {
        let now = OffsetDateTime::from_unix_timestamp(1_000_000).unwrap();
        for (text, seconds) in [
            ("1970-01-01T00:01:00Z", 60),
            ("1970-01-01T01:01:00+01:00", 60),
            ("75", 75),
            ("90s", 999_910),
            ("15m", 999_100),
            ("2h", 992_800),
            ("1d", 913_600),
        ] {
            assert_eq!(parse_time(text, now), Some(seconds * 1_000_000_000), "{text}");
        }
        assert_eq!(parse_time("75.000000001", now), Some(75_000_000_001));
        assert_eq!(parse_time("75.5", now), Some(75_500_000_000));
        for text in [
            "",
            "m",
            "-5m",
            "5 m",
            "yesterday",
            "1.5h",
            "1.",
            "1.-5",
            "1.0000000001",
            "99999999999999999999",
            "5µ",
            "2026-13-01T00:00:00Z",
        ] {
            assert_eq!(parse_time(text, now), None, "{text}");
        }
        let query = LogQuery {
            tail: Some("-1".into()),
            since: Some("x".into()),
            stdout: Some(false),
            stderr: Some(false),
            format: Some("xml".into()),
            ..LogQuery::default()
        };
        let Err(Error::Invalid(problems)) = Request::new(query, true) else { panic!() };
        let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["tail", "since", "stdout", "format"]);
    }
}
