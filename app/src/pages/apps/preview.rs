//! What a deployment would do, shown before the button is pressed.

use std::{sync::Arc, time::Duration};

use api::{
    Problem,
    app::{ComposeDiagnostic, FieldChange, PlannedAction, PlannedChange, PlannedKind, Preview, Severity},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    browser,
    components::{
        icon::{Icon, IconView},
        problem::ProblemView,
        status::{Badge, Tone},
    },
    i18n::{Locale, language, t, use_locale},
};

const QUIET: Duration = Duration::from_millis(500);

/// The preview of what is being written, and what went wrong with asking for it.
#[derive(Clone, Copy)]
pub struct LivePreview {
    /// The last answer.
    pub preview: RwSignal<Option<Arc<Preview>>>,
    /// Why there is none.
    pub problem: RwSignal<Option<Problem>>,
    /// Whether a newer one is awaited.
    pub busy: RwSignal<bool>,
}

impl LivePreview {
    /// What the editor marks.
    pub fn diagnostics(self) -> Signal<Vec<ComposeDiagnostic>> {
        Signal::derive(move || self.preview.with(|it| it.as_ref().map(|it| it.diagnostics.clone()).unwrap_or_default()))
    }

    /// Whether what is written can be deployed, as far as is known.
    pub fn is_valid(self) -> bool {
        !self.busy.get()
            && self.problem.read().is_none()
            && self.preview.with(|it| it.as_ref().is_some_and(|it| it.is_valid()))
    }
}

/// Asks for a preview whenever `ask` gives another question and has been quiet for half a second; `None` asks nothing.
pub fn live_preview<F>(ask: impl Fn() -> Option<F> + 'static) -> LivePreview
where
    F: Future<Output = Result<Preview, Problem>> + 'static,
{
    let live = LivePreview { preview: RwSignal::new(None), problem: RwSignal::new(None), busy: RwSignal::new(false) };
    let newest = StoredValue::new(0_u32);
    Effect::new(move |_| {
        let Some(asked) = ask() else {
            live.preview.set(None);
            live.problem.set(None);
            return;
        };
        let number = newest.get_value() + 1;
        newest.set_value(number);
        live.busy.set(true);
        browser::after(QUIET, move || {
            if newest.try_get_value() != Some(number) {
                return;
            }
            spawn_local(async move {
                let answer = asked.await;
                if newest.try_get_value() != Some(number) {
                    return;
                }
                live.busy.set(false);
                match answer {
                    Ok(preview) => {
                        live.problem.set(None);
                        live.preview.set(Some(Arc::new(preview)));
                    }
                    Err(problem) => live.problem.set(Some(problem)),
                }
            });
        });
    });
    live
}

/// Shows a preview: what is wrong, then what would be done.
#[component]
pub fn PreviewView(
    /// The preview.
    live: LivePreview,
    /// What stands there before there is one.
    hint: &'static str,
) -> impl IntoView {
    let locale = use_locale();
    view! {
        <div class="preview" aria-busy=move || live.busy.get().to_string() aria-live="polite">
            {move || live.problem.get().map(|problem| view! { <ProblemView problem /> })}
            {move || match live.preview.get() {
                None => view! { <p class="soft">{hint}</p> }.into_any(),
                Some(preview) => answer(locale, &preview),
            }}
        </div>
    }
}

fn answer(locale: Locale, preview: &Preview) -> AnyView {
    let language = language(locale);
    let place = move |it: &ComposeDiagnostic| {
        let (class, icon) = match it.severity {
            Severity::Error => ("finding finding--bad", Icon::Bad),
            Severity::Warning => ("finding finding--warn", Icon::Warn),
        };
        let text = it.message.text(language);
        let line = t!(locale, preview.place, line = it.line.to_string(), column = it.column.to_string());
        view! {
            <li class=class>
                <IconView icon />
                <div>
                    <p>{text}</p>
                    <p class="soft">{line} " · " <code>{it.path.clone()}</code></p>
                </div>
            </li>
        }
    };
    let field = |it: &api::FieldProblem| {
        view! {
            <li class="finding finding--bad">
                <IconView icon=Icon::Bad />
                <div>
                    <p>{it.message.text(language)}</p>
                    <p class="soft">
                        <code>{it.field.clone()}</code>
                    </p>
                </div>
            </li>
        }
    };
    let findings = preview.fields.iter().map(field).collect_view();
    let diagnostics = preview.diagnostics.iter().map(place).collect_view();
    let changes = changes_view(locale, &preview.changes);
    view! {
        <ul class="findings">{findings}{diagnostics}</ul>
        {preview.is_valid().then_some(changes)}
    }
    .into_any()
}

/// A list of planned changes, with what stays left out of sight.
pub fn changes_view(locale: Locale, changes: &[PlannedChange]) -> AnyView {
    let kept = changes.iter().filter(|it| it.action == PlannedAction::Keep).count();
    if kept == changes.len() {
        return view! { <p class="soft">{t!(locale, preview.nothing)}</p> }.into_any();
    }
    let rows = changes.iter().filter(|it| it.action != PlannedAction::Keep).map(|it| change(locale, it));
    view! {
        <ul class="changes">{rows.collect_view()}</ul>
        {(kept > 0).then(|| view! { <p class="soft">{t!(locale, preview.kept, count = kept.to_string())}</p> })}
    }
    .into_any()
}

fn change(locale: Locale, change: &PlannedChange) -> AnyView {
    let (tone, word) = match change.action {
        PlannedAction::Create => (Tone::Ok, t!(locale, preview.create)),
        PlannedAction::Replace => (Tone::Warn, t!(locale, preview.replace)),
        PlannedAction::Start => (Tone::Ok, t!(locale, preview.start)),
        PlannedAction::Remove => (Tone::Bad, t!(locale, preview.remove)),
        PlannedAction::Keep => (Tone::Off, t!(locale, preview.keep)),
    };
    let icon = match change.kind {
        PlannedKind::Image => Icon::Image,
        PlannedKind::Network => Icon::Network,
        PlannedKind::Volume => Icon::Volume,
        PlannedKind::Container => Icon::Container,
    };
    let reason = change.reason.as_ref().map(|reason| reason.text(language(locale)));
    let fields = change.fields.iter().map(|it| field_change(locale, it)).collect_view();
    view! {
        <li class="change">
            <span class="change__what">
                <Badge tone word />
                <IconView icon />
                <span class="mono">{change.name.clone()}</span>
            </span>
            {reason.map(|reason| view! { <p class="soft">{reason}</p> })}
            <ul class="change__fields">{fields}</ul>
        </li>
    }
    .into_any()
}

fn field_change(locale: Locale, change: &FieldChange) -> AnyView {
    let value = |value: &Option<String>| match value {
        Some(value) => value.clone(),
        None => t!(locale, preview.unset).to_owned(),
    };
    view! {
        <li>
            <code>{change.field.clone()}</code>
            " "
            <del>{value(&change.before)}</del>
            " → "
            <ins>{value(&change.after)}</ins>
        </li>
    }
    .into_any()
}
