//! One row of a log.

use api::{OffsetDateTime, log::Source};
use leptos::prelude::*;

use super::{
    buffer::{Content, Row},
    search::Compiled,
};
use crate::{
    browser,
    components::ansi,
    format,
    i18n::{Locale, language, t},
};

/// A row as it is drawn.
pub(super) fn row_view(
    locale: Locale,
    row: &Row,
    source: Option<&Source>,
    times: bool,
    search: &Compiled,
    current: bool,
    open: RwSignal<Option<String>>,
) -> AnyView {
    let time = (times && row.time_nanos != 0).then(|| view! { <span class="logs__time">{time(row.time_nanos)}</span> });
    // Eight colours, as the data series have; the name is there too.
    let source = source.map(|it| {
        view! {
            <span class=format!("logs__source logs__source--{}", row.source % 8) title=it.name.clone()>
                {it.name.clone()}
            </span>
        }
    });
    match &row.content {
        Content::Line { text, stderr } => {
            let class = match (current, stderr) {
                (true, _) => "logs__row logs__row--current",
                (false, true) => "logs__row logs__row--stderr",
                (false, false) => "logs__row",
            };
            let piece = |(hit, text): (bool, String)| {
                if hit { view! { <mark>{text}</mark> }.into_any() } else { text.into_any() }
            };
            let span = |it: ansi::Span| {
                let pieces = search.pieces(&it.text).into_iter().map(piece).collect_view();
                view! { <span class=it.class>{pieces}</span> }
            };
            let spans = ansi::spans(text).into_iter().map(span).collect_view();
            let whole = ansi::plain(text);
            view! {
                <div class=class on:dblclick=move |_| open.set(Some(whole.clone()))>
                    {time}
                    {source}
                    {is_json(text).then(|| {
                        let whole = ansi::plain(text);
                        view! {
                            <button
                                type="button"
                                class="logs__unfold"
                                aria-label=t!(locale, logs.unfold)
                                on:click=move |_| open.set(Some(whole.clone()))
                            >
                                "{…}"
                            </button>
                        }
                    })}
                    <span class="logs__text">{spans}</span>
                </div>
            }
            .into_any()
        }
        Content::Skipped(lines) => {
            let text = t!(locale, logs.skipped, count = lines.to_string());
            view! { <div class="logs__row logs__row--gap">{source}{text}</div> }.into_any()
        }
        Content::Notice(message) => {
            view! { <div class="logs__row logs__row--gap">{source}{message.text(language(locale))}</div> }.into_any()
        }
    }
}

fn time(nanos: i64) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanos)) else { return String::new() };
    let offset = browser::utc_offset_secs(at.unix_timestamp());
    format!("{}.{:03}", format::clock_time(at, offset), at.millisecond())
}

fn is_json(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('{') && text.ends_with('}')
}

/// JSON laid out over lines; any other text as it is.
pub(super) fn laid_out(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text.trim())
        .ok()
        .filter(|value| value.is_object() || value.is_array())
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_and_arrays_are_laid_out() {
        assert_eq!(laid_out(r#"{"a":1}"#), "{\n  \"a\": 1\n}");
        assert_eq!(laid_out("{broken}"), "{broken}");
        assert_eq!(laid_out("12"), "12");
    }
}
