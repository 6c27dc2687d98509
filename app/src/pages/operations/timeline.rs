//! An operation's steps, live while it goes on.

use api::operation::{LayerPhase, LayerProgress, Operation, OperationEvent, Step, StepState, watch_path};
use leptos::prelude::*;

use crate::{
    components::{
        icon::{Icon, IconView},
        progress::ProgressBar,
        status::{Badge, Status, Tone},
        time::Took,
    },
    format,
    i18n::{Locale, language, t, use_locale},
    socket::{SocketEvent, keep_open},
};

/// An operation that is kept true by its log: what was loaded first, then the log from its start.
pub fn follow(loaded: &Operation) -> RwSignal<Operation> {
    let operation = RwSignal::new(loaded.clone());
    if loaded.state.is_final() {
        return operation;
    }
    let path = watch_path(loaded.id).as_str().to_owned();
    let fresh = Operation { steps: Vec::new(), started_at: None, finished_at: None, ..loaded.clone() };
    let folded = StoredValue::new(fresh.clone());
    keep_open(
        move || Some(path.clone()),
        move |event| match event {
            SocketEvent::Opened => {
                let _ = folded.try_set_value(fresh.clone());
            }
            SocketEvent::Text(text) => {
                let Ok(events) = serde_json::from_str::<Vec<OperationEvent>>(&text) else { return };
                let told = folded.try_update_value(|folded| {
                    for event in &events {
                        folded.apply(event);
                    }
                    folded.clone()
                });
                if let Some(told) = told {
                    let _ = operation.try_set(told);
                }
            }
            SocketEvent::Binary(_) | SocketEvent::Closed(_) => {}
        },
    );
    operation
}

/// The steps.
#[component]
pub fn Timeline(
    /// The operation.
    #[prop(into)]
    operation: Signal<Operation>,
) -> impl IntoView {
    let locale = use_locale();
    let steps = Memo::new(move |_| operation.with(|operation| operation.steps.clone()));
    let count = Memo::new(move |_| steps.with(Vec::len));
    view! {
        <ol class="timeline">
            <For
                each=move || 0..count.get()
                key=|index| *index
                children=move |index| {
                    let step = Memo::new(move |_| steps.with(|steps| steps.get(index).cloned()));
                    view! { <li class="timeline__step">{move || step.get().map(|step| step_view(locale, step))}</li> }
                }
            />
        </ol>
        {move || (count.get() == 0).then(|| view! { <p class="soft">{t!(locale, operations.waiting)}</p> })}
    }
}

fn step_view(locale: Locale, step: Step) -> AnyView {
    let language = language(locale);
    let status = Status::of_step(locale, step.state);
    let layers = (!step.layers.is_empty()).then(|| view! { <Layers layers=step.layers.clone() /> });
    let output = (!step.output.is_empty()).then(|| {
        let open = step.state == StepState::Failed;
        view! {
            <details class="timeline__output" open=open>
                <summary>{t!(locale, operations.output)}</summary>
                <pre tabindex="0">{step.output.join("\n")}</pre>
            </details>
        }
    });
    let tone = match status.tone {
        Tone::Ok => "timeline__mark timeline__mark--ok",
        Tone::Bad => "timeline__mark timeline__mark--bad",
        Tone::Progress => "timeline__mark timeline__mark--progress",
        Tone::Warn | Tone::Off => "timeline__mark",
    };
    view! {
        <span class=tone title=status.word>
            <IconView icon=status.icon />
        </span>
        <div class="timeline__body">
            <div class="timeline__head">
                <span class="timeline__text">{step.message.text(language)}</span>
                {step.service.map(|service| view! { <Badge word=service /> })}
                <span class="timeline__took">
                    <Took from=step.started_at to=step.finished_at />
                </span>
            </div>
            {step
                .result
                .map(|result| {
                    let bad = step.state == StepState::Failed;
                    let class = if bad { "timeline__result timeline__result--bad" } else { "timeline__result" };
                    view! { <p class=class>{result.text(language)}</p> }
                })} {layers} {output}
        </div>
    }
    .into_any()
}

#[component]
fn Layers(layers: Vec<LayerProgress>) -> impl IntoView {
    let locale = use_locale();
    let row = move |layer: LayerProgress| {
        let word = match layer.phase {
            LayerPhase::Waiting => t!(locale, operations.layer_waiting),
            LayerPhase::Downloading => t!(locale, operations.layer_downloading),
            LayerPhase::Verifying => t!(locale, operations.layer_verifying),
            LayerPhase::Extracting => t!(locale, operations.layer_extracting),
            LayerPhase::Done => t!(locale, operations.layer_done),
            LayerPhase::Exists => t!(locale, operations.layer_exists),
        };
        let percent = match layer.phase {
            LayerPhase::Done | LayerPhase::Exists => Some(100.0),
            LayerPhase::Waiting => Some(0.0),
            _ => (layer.total_bytes > 0).then(|| format::share(layer.current_bytes, layer.total_bytes)),
        };
        let size = (layer.total_bytes > 0)
            .then(|| format!("{} / {}", format::bytes(layer.current_bytes), format::bytes(layer.total_bytes)));
        view! {
            <li class="layer">
                <code>{layer.id.clone()}</code>
                <ProgressBar label=layer.id percent=Signal::stored(percent) />
                <span class="soft">{word}</span>
                <span class="soft numeric">{size}</span>
            </li>
        }
    };
    view! { <ul class="layers">{layers.into_iter().map(row).collect_view()}</ul> }
}

/// Why an operation failed, above its steps.
#[component]
pub fn Outcome(
    /// The operation.
    #[prop(into)]
    operation: Signal<Operation>,
) -> impl IntoView {
    let locale = use_locale();
    move || {
        operation.with(|operation| operation.problem.clone()).map(|problem| {
            view! {
                <div class="notice notice--bad" role="alert">
                    <IconView icon=Icon::Warn />
                    <div class="notice__body">
                        <p class="notice__title">{t!(locale, operations.failed)}</p>
                        <p>{problem.text(language(locale))}</p>
                    </div>
                </div>
            }
        })
    }
}
