//! What went wrong, with what to do about it.

use api::Problem;
use leptos::prelude::*;

use super::icon::{Icon, IconView};
use crate::i18n::{language, t, use_locale};

/// A failed request: title, detail, fields, and a way to try again.
#[component]
pub fn ProblemView(
    /// What went wrong.
    problem: Problem,
    /// Tries again.
    #[prop(optional, into)]
    retry: Option<Callback<()>>,
    /// Whether what was there before is still shown below.
    #[prop(optional)]
    brief: bool,
) -> impl IntoView {
    let locale = use_locale();
    let problem = if problem.message.is_some() { problem.localized(language(locale)) } else { problem };
    let class = if brief { "notice notice--warn" } else { "notice notice--bad" };
    let fields = problem.fields.clone();
    view! {
        <div class=class role="alert">
            <IconView icon=Icon::Warn />
            <div class="notice__body">
                <p class="notice__title">
                    {if brief { t!(locale, problem.stale).to_owned() } else { problem.title.clone() }}
                </p>
                <p>{problem.detail.clone()}</p>
                {(!fields.is_empty())
                    .then(|| {
                        let field = |field: api::FieldProblem| {
                            view! { <li><code>{field.field}</code>" "{field.detail}</li> }
                        };
                        view! { <ul>{fields.into_iter().map(field).collect_view()}</ul> }
                    })}
            </div>
            {retry
                .map(|retry| {
                    view! {
                        <button type="button" class="button button--small" on:click=move |_| retry.run(())>
                            <IconView icon=Icon::Refresh />
                            {t!(locale, action.retry)}
                        </button>
                    }
                })}
        </div>
    }
}

/// What a form's last try said, above the form; fields say theirs beside them.
#[component]
pub fn FormProblem(
    /// What went wrong.
    #[prop(into)]
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    move || problem.get().map(|problem| view! { <ProblemView problem=Problem { fields: Vec::new(), ..problem } /> })
}
