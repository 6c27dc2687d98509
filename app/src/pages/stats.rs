//! What a container, an app or a node used: four charts, live and over the last hour or day.

use api::{
    Client,
    client::Path,
    stats::{Range, StatsPoint, StatsSeries},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    components::{
        chart::{Chart, ChartData, Unit},
        empty::EmptyState,
        icon::Icon,
    },
    i18n::{Locale, t, use_locale},
    load::Load,
    socket::{SocketEvent, keep_open},
};

/// The charts of whatever has its samples at `path`.
#[component]
pub fn StatsView(
    /// Where the samples are.
    #[prop(into)]
    path: Signal<Path>,
    /// The tab they are in, for links to another range; without one there is only the live range, of CPU and memory.
    #[prop(optional)]
    tab: &'static str,
) -> impl IntoView {
    let brief = tab.is_empty();
    let locale = use_locale();
    let client = expect_context::<Client>();
    let query = use_query_map();
    let range = Memo::new(move |_| match query.read().get_str("range") {
        Some("hour") if !brief => Range::Hour,
        Some("day") if !brief => Range::Day,
        _ => Range::Live,
    });
    let load = Load::new(&[], move || {
        let (client, path, range) = (client.clone(), path.get(), range.get());
        async move { client.get_stats(path, range).await }
    });
    let choice = move |value: Range, text: &'static str| {
        view! {
            <a
                class="button button--small"
                href=format!("?tab={tab}&range={}", value.as_str())
                aria-current=move || (range.get() == value).then_some("true")
                attr:data-noscroll=""
            >
                {text}
            </a>
        }
    };
    view! {
        <div class="stack">
            {(!brief)
                .then(|| {
                    view! {
                        <nav class="row chart__ranges" aria-label=t!(locale, stats.range)>
                            {choice(Range::Live, t!(locale, stats.live))} {choice(Range::Hour, t!(locale, stats.hour))}
                            {choice(Range::Day, t!(locale, stats.day))}
                        </nav>
                    }
                })}
            {load.show(move |loaded| {
                let series = RwSignal::new((*loaded.get_untracked()).clone());
                Effect::new(move |_| series.set((*loaded.get()).clone()));
                listen(path, range, series);
                view! { <Charts series brief /> }.into_any()
            })}
        </div>
    }
}

/// Adds each new sample while the live range is shown.
fn listen(path: Signal<Path>, range: Memo<Range>, series: RwSignal<StatsSeries>) {
    keep_open(
        move || (range.get() == Range::Live).then(|| path.get().as_str().to_owned()),
        move |event| {
            if let SocketEvent::Text(text) = event
                && let Ok(point) = serde_json::from_str::<StatsPoint>(&text)
            {
                let _ = series.try_update(|series| series.push(point));
            }
        },
    );
}

#[component]
fn Charts(series: RwSignal<StatsSeries>, brief: bool) -> impl IntoView {
    let locale = use_locale();
    let empty = Memo::new(move |_| series.with(|series| series.at.is_empty()));
    let chart = move |title: &'static str, unit: Unit, data: fn(Locale, &StatsSeries) -> Shown| {
        let data = Signal::derive(move || series.with(|series| chart_data(series, data(locale, series))));
        view! { <Chart title unit data /> }
    };
    move || {
        if empty.get() {
            let (title, detail) = (t!(locale, stats.none), t!(locale, stats.none_detail));
            return view! { <EmptyState icon=Icon::Progress title detail /> }.into_any();
        }
        let flow = (!brief).then(|| {
            let network = chart(t!(locale, stats.network), Unit::Rate, |l, it| {
                let received = (t!(l, stats.received), wide(&it.network_rx_bytes_per_sec));
                (vec![received, (t!(l, stats.sent), wide(&it.network_tx_bytes_per_sec))], 0.0)
            });
            let disk = chart(t!(locale, stats.disk), Unit::Rate, |l, it| {
                let read = (t!(l, stats.read), wide(&it.disk_read_bytes_per_sec));
                (vec![read, (t!(l, stats.written), wide(&it.disk_write_bytes_per_sec))], 0.0)
            });
            (network, disk)
        });
        view! {
            <div class=if brief { "grid charts charts--brief" } else { "grid charts" }>
                {chart(
                    t!(locale, stats.cpu),
                    Unit::Percent,
                    |l, it| (vec![(t!(l, stats.used), wide(&it.cpu_percent))], f64::from(it.cpu_limit_percent)),
                )}
                {chart(
                    t!(locale, stats.memory),
                    Unit::Bytes,
                    |l, it| (vec![(t!(l, stats.used), sizes(&it.memory_bytes))], size(it.memory_limit_bytes)),
                )}
                {flow}
            </div>
        }
        .into_any()
    }
}

/// Named lines, and what they can reach.
type Shown = (Vec<(&'static str, Vec<f64>)>, f64);

fn chart_data(series: &StatsSeries, (lines, limit): Shown) -> ChartData {
    ChartData {
        from: series.from,
        to: series.to,
        step_secs: i64::from(series.step_secs),
        at: series.at.clone(),
        lines,
        limit,
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

#[allow(clippy::cast_precision_loss, reason = "a chart shows three digits")]
fn size(bytes: u64) -> f64 {
    bytes as f64
}

fn sizes(values: &[u64]) -> Vec<f64> {
    values.iter().copied().map(size).collect()
}
