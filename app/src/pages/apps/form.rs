//! The inputs that making and changing an app share: the Compose file, its variables, its further files.

use std::collections::BTreeMap;

use api::{app::Variable, template::Question};
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::preview::LivePreview;
use crate::{
    components::{
        editor::CodeEditor,
        icon::{Icon, IconView},
    },
    i18n::{language, t, use_locale},
};

/// What is being written.
#[derive(Clone, Copy)]
pub struct ComposeInput {
    /// The Compose file.
    pub text: RwSignal<String>,
    /// Values for its `${…}` places.
    pub variables: RwSignal<BTreeMap<String, String>>,
    /// Further files by path.
    pub files: RwSignal<BTreeMap<String, String>>,
    /// What the chosen template says of its variables.
    pub questions: RwSignal<Vec<Question>>,
}

impl ComposeInput {
    /// An input that begins with these.
    pub fn new(text: String, variables: BTreeMap<String, String>, files: BTreeMap<String, String>) -> Self {
        Self {
            text: RwSignal::new(text),
            variables: RwSignal::new(variables),
            files: RwSignal::new(files),
            questions: RwSignal::new(Vec::new()),
        }
    }

    /// The values that were given; an empty one is none.
    pub fn given_variables(self) -> BTreeMap<String, String> {
        self.variables.with(|all| {
            all.iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        })
    }
}

/// The editor with its upload button.
#[component]
pub fn ComposeEditor(
    /// What is being written.
    input: ComposeInput,
    /// Its preview, for marks in the text.
    live: LivePreview,
) -> impl IntoView {
    let locale = use_locale();
    view! {
        <div class="stack">
            <div class="row row--spread">
                <span class="field__label">{t!(locale, apps.compose)}</span>
                <span class="row">
                    <FileButton
                        label=t!(locale, apps.upload_compose)
                        accept=".yml,.yaml"
                        chosen=Callback::new(move |(_, text): (String, String)| input.text.set(text))
                    />
                    <FileButton
                        label=t!(locale, apps.add_file)
                        accept=""
                        chosen=Callback::new(move |(name, text): (String, String)| {
                            input.files.update(|files| {
                                files.insert(name, text);
                            });
                        })
                    />
                </span>
            </div>
            <CodeEditor text=input.text label=t!(locale, apps.compose) diagnostics=live.diagnostics() />
            <Files input />
        </div>
    }
}

/// A button that reads a text file of the person's machine.
#[component]
fn FileButton(
    label: &'static str,
    accept: &'static str,
    /// Gets the file's name and text.
    chosen: Callback<(String, String)>,
) -> impl IntoView {
    let element = NodeRef::<html::Input>::new();
    let read = move |_| {
        let Some(input) = element.get_untracked() else { return };
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        input.set_value("");
        spawn_local(async move {
            let blob: &web_sys::Blob = file.unchecked_ref();
            if let Ok(text) = JsFuture::from(blob.text()).await
                && let Some(text) = text.as_string()
            {
                chosen.run((file.name(), text));
            }
        });
    };
    view! {
        <label class="button button--small">
            <IconView icon=Icon::Upload />
            {label}
            <input class="visually-hidden" type="file" accept=accept node_ref=element on:change=read />
        </label>
    }
}

#[component]
fn Files(input: ComposeInput) -> impl IntoView {
    let locale = use_locale();
    let names = Memo::new(move |_| input.files.with(|files| files.keys().cloned().collect::<Vec<_>>()));
    let row = move |name: String| {
        let remove = {
            let name = name.clone();
            move |_| {
                input.files.update(|files| {
                    files.remove(&name);
                });
            }
        };
        // The Compose file may name it below a folder.
        let rename = {
            let name = name.clone();
            move |event| {
                let path = event_target_value(&event).trim().to_owned();
                input.files.update(|files| {
                    if !path.is_empty()
                        && !files.contains_key(&path)
                        && let Some(text) = files.remove(&name)
                    {
                        files.insert(path, text);
                    }
                });
            }
        };
        view! {
            <li class="row row--tight">
                <input
                    class="input mono"
                    aria-label=t!(locale, apps.file_path)
                    title=t!(locale, apps.file_path)
                    spellcheck="false"
                    prop:value=name
                    on:change=rename
                />
                <button
                    type="button"
                    class="button button--quiet button--small button--icon"
                    aria-label=t!(locale, action.remove)
                    on:click=remove
                >
                    <IconView icon=Icon::Close />
                </button>
            </li>
        }
    };
    move || {
        names.with(|names| !names.is_empty()).then(|| {
            view! { <ul class="stack stack--tight">{names.get().into_iter().map(row).collect_view()}</ul> }
        })
    }
}

/// The values of the file's `${…}` places, as the preview names them.
#[component]
pub fn Variables(
    /// What is being written.
    input: ComposeInput,
    /// Its preview.
    live: LivePreview,
) -> impl IntoView {
    let locale = use_locale();
    let wanted = Memo::new(move |before: Option<&Vec<Variable>>| {
        let now = live.preview.with(|it| it.as_ref().map(|it| it.variables.clone()));
        now.or_else(|| before.cloned()).unwrap_or_default()
    });
    let field = move |variable: Variable| {
        let Variable { name, default, required } = variable;
        let id = format!("variable-{name}");
        let question = input.questions.with_untracked(|all| all.iter().find(|it| it.variable == name).cloned());
        let hint = question.as_ref().map(|it| it.label.text(language(locale)));
        let secret = question.is_some_and(|it| it.secret);
        let shown = RwSignal::new(!secret);
        let value = {
            let name = name.clone();
            move || input.variables.with(|all| all.get(&name).cloned().unwrap_or_default())
        };
        let write = {
            let name = name.clone();
            move |event| {
                let value = event_target_value(&event);
                input.variables.update(|all| {
                    all.insert(name.clone(), value);
                });
            }
        };
        view! {
            <div class="field">
                <label class="field__label mono" for=id.clone()>
                    {name}
                    {required.then_some(" *")}
                </label>
                <span class="row row--tight">
                    <input
                        class="input mono"
                        id=id
                        type=move || if shown.get() { "text" } else { "password" }
                        autocomplete="off"
                        spellcheck="false"
                        placeholder=default
                        prop:value=value
                        on:input=write
                    />
                    {secret
                        .then(|| {
                            view! {
                                <button
                                    type="button"
                                    class="button button--icon"
                                    aria-label=t!(locale, apps.show_secret)
                                    title=t!(locale, apps.show_secret)
                                    aria-pressed=move || shown.get().to_string()
                                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                                >
                                    <IconView icon=Icon::Eye />
                                </button>
                            }
                        })}
                </span>
                {hint.map(|hint| view! { <p class="field__hint">{hint}</p> })}
            </div>
        }
    };
    move || {
        wanted.with(|wanted| !wanted.is_empty()).then(|| {
            view! {
                <fieldset class="form">
                    <legend class="field__label">{t!(locale, apps.variables)}</legend>
                    <For each=move || wanted.get() key=|it| it.name.clone() children=field />
                </fieldset>
            }
        })
    }
}
