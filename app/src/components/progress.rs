//! Bars: how far something is, how full something is.

use leptos::prelude::*;

/// How far something is, in percent; without a value it only says that something happens.
#[component]
pub fn ProgressBar(
    /// What is measured, for people who do not see it.
    #[prop(into)]
    label: String,
    /// The percentage.
    #[prop(into)]
    percent: Signal<Option<f32>>,
    /// Whether a high value is bad (disk, memory).
    #[prop(optional)]
    fills_up: bool,
) -> impl IntoView {
    let class = move || match percent.get() {
        Some(90.0..) if fills_up => "progress progress--bad",
        Some(75.0..) if fills_up => "progress progress--warn",
        _ => "progress",
    };
    view! {
        <progress
            class=class
            max="100"
            value=move || percent.get().map(|percent| format!("{:.0}", percent.clamp(0.0, 100.0)))
            aria-label=label
        ></progress>
    }
}
