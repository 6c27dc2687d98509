//! Charts: lines over time, drawn by plotters as SVG. Colours come from the stylesheet, so they follow light and dark;
//! names and numbers are ordinary text beside the picture.

use api::OffsetDateTime;
use leptos::prelude::*;
use plotters::prelude::*;
use wasm_bindgen::JsCast;

use crate::{browser, format, live::use_clock};

const WIDTH: u32 = 720;
const HEIGHT: u32 = 160;
const GRID_LINES: u8 = 4;
/// Drawn in place of colours, and replaced by classes.
const MARKS: [(RGBColor, &str, &str); 4] = [
    (RGBColor(1, 2, 1), "#010201", "chart__line chart__line--1"),
    (RGBColor(1, 2, 2), "#010202", "chart__line chart__line--2"),
    (RGBColor(1, 2, 3), "#010203", "chart__grid"),
    (RGBColor(1, 2, 4), "#010204", "chart__limit"),
];

/// What numbers of a chart are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Percent of one processor.
    Percent,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    Rate,
}

impl Unit {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes are no negative numbers")]
    fn text(self, value: f64) -> String {
        match self {
            Self::Percent => format::percent(value as f32),
            Self::Bytes => format::bytes(value.max(0.0) as u64),
            Self::Rate => format::rate(value as f32),
        }
    }
}

/// What a chart shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartData {
    /// The first second of the time axis.
    pub from: i64,
    /// The last second.
    pub to: i64,
    /// The distance of points where none is missing, in seconds.
    pub step_secs: i64,
    /// The points' times.
    pub at: Vec<i64>,
    /// Up to two lines: name and values.
    pub lines: Vec<(&'static str, Vec<f64>)>,
    /// What can be reached; drawn only where the lines come near it.
    pub limit: f64,
}

impl ChartData {
    /// The top of the value axis: a round number a little above everything.
    fn top(&self) -> f64 {
        let most = self.lines.iter().flat_map(|(_, values)| values).copied().fold(0.0, f64::max);
        let most = if self.limit > 0.0 && most > self.limit * 0.6 { most.max(self.limit) } else { most };
        if most <= 0.0 {
            return 1.0;
        }
        let unit = 10_f64.powf(most.log10().floor());
        [1.0, 2.0, 2.5, 5.0, 10.0].iter().map(|step| step * unit).find(|top| *top >= most * 1.05).unwrap_or(unit * 20.0)
    }

    /// The lines' points in pieces; a gap of more than two steps parts them.
    fn pieces(&self, values: &[f64]) -> Vec<Vec<(i64, f64)>> {
        let mut pieces: Vec<Vec<(i64, f64)>> = Vec::new();
        for (at, value) in self.at.iter().copied().zip(values.iter().copied()) {
            match pieces.last_mut() {
                Some(piece) if piece.last().is_some_and(|(before, _)| at - before <= self.step_secs * 2) => {
                    piece.push((at, value));
                }
                _ => pieces.push(vec![(at, value)]),
            }
        }
        pieces
    }

    /// The place of the point nearest to a share of the width.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a second is near enough")]
    fn nearest(&self, share: f64) -> Option<usize> {
        let wanted = self.from + ((self.to - self.from) as f64 * share) as i64;
        let after = self.at.partition_point(|at| *at < wanted);
        let near = |place: &usize| self.at.get(*place).map_or(i64::MAX, |at| (at - wanted).abs());
        [after.checked_sub(1), Some(after)].into_iter().flatten().filter(|it| *it < self.at.len()).min_by_key(near)
    }
}

/// The picture, without text.
fn draw(data: &ChartData, top: f64) -> String {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        let chart =
            ChartBuilder::on(&root).margin(1).build_cartesian_2d(data.from..data.to.max(data.from + 1), 0.0..top);
        if let Ok(mut chart) = chart {
            let across = |value: f64| vec![(data.from, value), (data.to, value)];
            let grid = (0..=GRID_LINES)
                .map(|line| PathElement::new(across(top * f64::from(line) / f64::from(GRID_LINES)), MARKS[2].0));
            let _ = chart.draw_series(grid);
            if data.limit > 0.0 && data.limit <= top {
                let _ = chart.draw_series([PathElement::new(across(data.limit), MARKS[3].0)]);
            }
            for ((_, values), (colour, ..)) in data.lines.iter().zip(MARKS) {
                for piece in data.pieces(values) {
                    let _ = chart.draw_series(LineSeries::new(piece, colour.stroke_width(2)));
                }
            }
        }
        let _ = root.present();
    }
    for (_, colour, class) in MARKS {
        svg = svg.replace(&format!("stroke=\"{colour}\""), &format!("class=\"{class}\""));
    }
    let size = format!("width=\"{WIDTH}\" height=\"{HEIGHT}\"");
    svg.replacen(&size, "preserveAspectRatio=\"none\" aria-hidden=\"true\"", 1)
}

/// A chart with its names, its axes and the values under the pointer.
#[component]
pub fn Chart(
    /// The heading.
    title: &'static str,
    /// What the numbers are.
    unit: Unit,
    /// What is shown.
    data: Signal<ChartData>,
) -> impl IntoView {
    let clock = use_clock().slow();
    let in_browser = Memo::new(move |_| clock.get().is_some());
    let top = Memo::new(move |_| data.with(ChartData::top));
    let pointed = RwSignal::new(None::<f64>);
    let place = Memo::new(move |_| {
        data.with(|data| pointed.get().and_then(|share| data.nearest(share)).or(data.at.len().checked_sub(1)))
    });
    let moved = move |event: leptos::ev::MouseEvent| {
        let Some(element) = event.current_target().and_then(|it| it.dyn_into::<web_sys::Element>().ok()) else {
            return;
        };
        let frame = element.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0);
        pointed.set(Some(share.clamp(0.0, 1.0)));
    };
    let clock_text = move |at: i64| {
        let offset = if in_browser.get() { browser::utc_offset_secs(at) } else { 0 };
        OffsetDateTime::from_unix_timestamp(at).map(|at| format::clock_time(at, offset)).unwrap_or_default()
    };
    let names = move || {
        data.with(|data| {
            let value = |values: &[f64]| place.get().and_then(|place| values.get(place)).map(|value| unit.text(*value));
            let name = |(index, (name, values)): (usize, &(&'static str, Vec<f64>))| {
                view! {
                    <span class="chart__name">
                        <span class=format!("chart__key chart__key--{}", index + 1)></span>
                        {*name}
                        " "
                        <span class="strong numeric">{value(values)}</span>
                    </span>
                }
            };
            data.lines.iter().enumerate().map(name).collect_view()
        })
    };
    let when = move || {
        data.with(|data| place.get().filter(|_| pointed.get().is_some()).and_then(|it| data.at.get(it).copied()))
            .map(clock_text)
    };
    view! {
        <figure class="chart">
            <figcaption class="chart__head">
                <span class="strong">{title}</span>
                <span class="row">{names} <span class="soft numeric">{when}</span></span>
            </figcaption>
            <div class="chart__body">
                <div class="chart__axis numeric" aria-hidden="true">
                    <span>{move || unit.text(top.get())}</span>
                    <span>{move || unit.text(top.get() / 2.0)}</span>
                    <span>{move || unit.text(0.0)}</span>
                </div>
                <div
                    class="chart__picture"
                    inner_html=move || data.with(|data| draw(data, top.get()))
                    on:mousemove=moved
                    on:mouseleave=move |_| pointed.set(None)
                ></div>
            </div>
            <div class="chart__times numeric" aria-hidden="true">
                <span>{move || clock_text(data.read().from)}</span>
                <span>{move || clock_text(data.read().to)}</span>
            </div>
        </figure>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(at: Vec<i64>, values: Vec<f64>) -> ChartData {
        ChartData { from: 0, to: 100, step_secs: 10, at, lines: vec![("used", values)], limit: 0.0 }
    }

    #[test]
    fn the_axis_ends_at_a_round_number_above_everything() {
        assert!((data(vec![1], vec![0.0]).top() - 1.0).abs() < 1e-9);
        assert!((data(vec![1], vec![37.0]).top() - 50.0).abs() < 1e-9);
        assert!((data(vec![1], vec![99.0]).top() - 200.0).abs() < 1e-9);
        assert!((ChartData { limit: 40.0, ..data(vec![1], vec![30.0]) }.top() - 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_gap_parts_the_line() {
        let data = data(vec![0, 10, 50, 60], vec![1.0; 4]);
        assert_eq!(data.pieces(&data.lines[0].1).len(), 2);
    }

    #[test]
    fn the_pointer_finds_the_nearest_point() {
        let data = data(vec![10, 50, 90], vec![1.0; 3]);
        assert_eq!(data.nearest(0.0), Some(0));
        assert_eq!(data.nearest(0.69), Some(1));
        assert_eq!(data.nearest(1.0), Some(2));
        assert_eq!(super::ChartData { at: vec![], ..data }.nearest(0.5), None);
    }

    #[test]
    fn the_picture_carries_classes_and_no_colours() {
        let svg = draw(&data(vec![0, 10, 20], vec![1.0, 2.0, 3.0]), 5.0);
        assert!(svg.contains("chart__line--1") && svg.contains("chart__grid"), "{svg}");
        assert!(!svg.contains("stroke=\"#"), "{svg}");
    }
}
