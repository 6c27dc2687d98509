//! The page that adds an identity provider: first which, then what it must be told and what it tells.

use api::{Client, name::check_name};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};

use super::{
    form::{ConnectionFields, Form, PeopleFields},
    presets::{self, PRESETS, Preset},
};
use crate::{
    browser,
    components::{
        card::Card,
        code::CodeBlock,
        field::{FieldProblemView, TextField},
        header::PageHeader,
        icon::{Icon, IconView},
        problem::FormProblem,
    },
    i18n::{language, t, use_locale},
    paths,
};

/// The page that adds an identity provider.
#[component]
pub fn NewProviderPage() -> impl IntoView {
    let locale = use_locale();
    let address = use_query_map();
    let chosen =
        Memo::new(move |_| address.with(|map| map.get_str("preset").and_then(presets::find)).map(|preset| preset.key));
    let tile = move |preset: &'static Preset| {
        view! {
            <a
                class="choice"
                href=format!("?preset={}", preset.key)
                aria-current=move || (chosen.get() == Some(preset.key)).then_some("true")
                attr:data-noscroll=""
            >
                <span class="row">
                    <IconView icon=Icon::of_provider(preset.kind) />
                    <span class="strong">{(preset.title)(locale)}</span>
                </span>
            </a>
        }
    };
    let above = vec![(t!(locale, nav.providers).to_owned(), paths::PROVIDERS.to_owned())];
    view! {
        <div class="page">
            <PageHeader title=t!(locale, providers.new).to_owned() above lead=t!(locale, providers.new_lead) />
            <nav class="choices" aria-label=t!(locale, providers.presets)>
                {PRESETS.iter().map(tile).collect_view()}
            </nav>
            {move || chosen.get().and_then(presets::find).map(|preset| view! { <NewForm preset /> })}
        </div>
    }
}

#[component]
fn NewForm(preset: &'static Preset) -> impl IntoView {
    let locale = use_locale();
    let client = StoredValue::new(expect_context::<Client>());
    let navigate = StoredValue::new(use_navigate());
    let form = Form::new(preset.kind, &preset.draft(locale));
    let slug = RwSignal::new(preset.slug().to_owned());
    let slug_problem = move || {
        let slug = slug.read();
        if slug.is_empty() { None } else { check_name(slug.trim()).err().map(|message| message.text(language(locale))) }
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let client = client.get_value();
        let create = untrack(|| form.draft().create(preset.kind, slug.with(|slug| slug.trim().to_owned())));
        form.busy.set(true);
        spawn_local(async move {
            let answer = client.create_provider(&create).await;
            let _ = form.busy.try_set(false);
            match answer {
                Ok(provider) => {
                    let _ = navigate.try_with_value(|go| {
                        go(&paths::provider(&provider.slug), NavigateOptions::default());
                    });
                }
                Err(problem) => {
                    let _ = form.problem.try_set(Some(problem));
                }
            }
        });
    };
    view! {
        <form class="grid grid--wide" on:submit=submit>
            <div class="stack">
                <ConnectionFields form>
                    <TextField
                        name="slug"
                        label=t!(locale, providers.slug)
                        value=slug
                        hint=t!(locale, providers.slug_hint)
                        placeholder="company"
                        required=true
                        problem=Signal::from(form.problem)
                    />
                    {move || slug_problem().map(|text| view! { <FieldProblemView text /> })}
                </ConnectionFields>
                <PeopleFields form />
                <FormProblem problem=form.problem />
                <div>
                    <button
                        type="submit"
                        class="button button--primary"
                        disabled=move || form.busy.get() || slug_problem().is_some()
                    >
                        {t!(locale, providers.create)}
                    </button>
                </div>
            </div>
            <Register preset slug />
        </form>
    }
}

/// What is to be done at the provider.
#[component]
fn Register(preset: &'static Preset, slug: RwSignal<String>) -> impl IntoView {
    let locale = use_locale();
    // The server does not know by which address the browser came, so the first render has none.
    let origin = RwSignal::new(String::new());
    Effect::new(move |_| origin.set(browser::origin()));
    let callback = Signal::derive(move || {
        let (origin, slug) = (origin.read(), slug.read());
        let slug = slug.trim();
        if origin.is_empty() || slug.is_empty() {
            String::new()
        } else {
            format!("{}{}", *origin, paths::sign_in_callback(slug))
        }
    });
    view! {
        <div class="stack sticky">
            <Card title=t!(locale, providers.at_provider)>
                <div class="stack">
                    <p>{(preset.hint)(locale)}</p>
                    <div class="field">
                        <span class="field__label">{t!(locale, providers.callback)}</span>
                        <CodeBlock text=callback label=t!(locale, providers.callback) />
                        <p class="field__hint">{t!(locale, providers.callback_hint)}</p>
                    </div>
                </div>
            </Card>
        </div>
    }
}
