//! Form controls with their label, hint, and what is wrong with them.

use api::{FieldProblem, Problem};
use leptos::prelude::*;

use super::icon::{Icon, IconView};

/// A labelled line of text.
#[component]
pub fn TextField(
    /// The name in the form, and the field that a [`FieldProblem`] names.
    name: &'static str,
    /// What to write.
    label: &'static str,
    /// The value.
    value: RwSignal<String>,
    /// `text`, `password`, `number` …
    #[prop(default = "text")]
    kind: &'static str,
    /// What the browser may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// How to write it.
    #[prop(optional, into)]
    hint: String,
    /// An example.
    #[prop(optional)]
    placeholder: &'static str,
    /// Whether it must be filled in.
    #[prop(optional)]
    required: bool,
    /// Whether the cursor begins here.
    #[prop(optional)]
    autofocus: bool,
    /// What was wrong with the form last time.
    #[prop(optional)]
    problem: Option<Signal<Option<Problem>>>,
) -> impl IntoView {
    let problem = move || problem.and_then(|problem| field_problem(problem.read().as_ref(), name));
    let (id, about) = (format!("field-{name}"), format!("about-{name}"));
    view! {
        <div class="field">
            <label class="field__label" for=id.clone()>
                {label}
            </label>
            <input
                class="input"
                id=id
                name=name
                type=kind
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                placeholder=placeholder
                required=required
                autofocus=autofocus
                aria-describedby=about.clone()
                aria-invalid=move || problem().is_some().then_some("true")
                bind:value=value
            />
            <div id=about>
                {(!hint.is_empty()).then(|| view! { <p class="field__hint">{hint}</p> })}
                {move || problem().map(|text| view! { <FieldProblemView text /> })}
            </div>
        </div>
    }
}

/// A labelled text of several lines.
#[component]
pub fn LinesField(
    /// The name in the form, and the field that a [`FieldProblem`] names.
    name: &'static str,
    /// What to write.
    label: &'static str,
    /// The value.
    value: RwSignal<String>,
    /// How to write it.
    #[prop(into)]
    hint: String,
    /// What was wrong with the form last time.
    #[prop(into)]
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    let problem = move || field_problem(problem.read().as_ref(), name);
    let (id, about) = (format!("field-{name}"), format!("about-{name}"));
    view! {
        <div class="field">
            <label class="field__label" for=id.clone()>
                {label}
            </label>
            <textarea
                class="textarea textarea--lines"
                id=id
                name=name
                rows="3"
                autocapitalize="none"
                spellcheck="false"
                aria-describedby=about.clone()
                aria-invalid=move || problem().is_some().then_some("true")
                bind:value=value
            ></textarea>
            <div id=about>
                <p class="field__hint">{hint}</p>
                {move || problem().map(|text| view! { <FieldProblemView text /> })}
            </div>
        </div>
    }
}

/// What is wrong with one field.
#[component]
pub fn FieldProblemView(
    /// What.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <p class="field__problem" role="alert"><IconView icon=Icon::Warn /><span>{text}</span></p> }
}

/// What a problem says of the field `name`.
pub fn field_problem(problem: Option<&Problem>, name: &str) -> Option<String> {
    let of_field = |field: &&FieldProblem| {
        field.field.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    problem?.fields.iter().find(of_field).map(|field| field.detail.clone())
}

/// A labelled choice of one of several values.
#[component]
pub fn SelectField(
    /// The name in the form.
    name: &'static str,
    /// What to choose.
    label: &'static str,
    /// The value chosen.
    value: RwSignal<String>,
    /// Values and what they are called.
    options: Vec<(String, String)>,
) -> impl IntoView {
    let id = format!("field-{name}");
    let option = move |(key, text): (String, String)| {
        let selected = value.get_untracked() == key;
        view! { <option value=key selected=selected>{text}</option> }
    };
    view! {
        <div class="field">
            <label class="field__label" for=id.clone()>
                {label}
            </label>
            <select class="select" id=id name=name on:change=move |event| value.set(event_target_value(&event))>
                {options.into_iter().map(option).collect_view()}
            </select>
        </div>
    }
}

/// A labelled check box.
#[component]
pub fn CheckField(
    /// What is chosen by it.
    label: &'static str,
    /// Whether it is checked.
    value: RwSignal<bool>,
    /// What that means.
    #[prop(optional, into)]
    hint: String,
) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" bind:checked=value />
            <span>
                {label}
                {(!hint.is_empty()).then(|| view! { <span class="field__hint check__hint">{hint}</span> })}
            </span>
        </label>
    }
}
