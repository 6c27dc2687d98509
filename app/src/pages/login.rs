//! Signing in: a plain form, so that it works without JavaScript.

use api::{portal::PasswordSignIn, provider::SignInChoice};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    boot::use_boot,
    components::{
        announcement::AnnouncementBanner,
        icon::{Icon, IconView},
    },
    frame::Brand,
    i18n::{Locale, t, use_locale},
    language::LanguageSwitch,
    paths,
};

/// What the sign-in form's answer says by name.
fn error_text(locale: Locale, name: &str) -> Option<&'static str> {
    match name {
        "credentials" => Some(t!(locale, login.wrong)),
        "limited" => Some(t!(locale, login.limited)),
        "form" => Some(t!(locale, gate.stale_form)),
        "unavailable" => Some(t!(locale, gate.unavailable)),
        _ => None,
    }
}

/// The sign-in page.
#[component]
pub fn LoginPage() -> impl IntoView {
    let locale = use_locale();
    let boot = use_boot();
    let address = use_query_map();
    let of_address = move |name: &'static str| address.with_untracked(|map| map.get(name).unwrap_or_default());
    let error = error_text(locale, &of_address("error"));
    let providers = boot.providers;
    let folded = boot.password_sign_in == PasswordSignIn::BreakGlass && !providers.is_empty();
    let form = view! {
        <form class="form" method="post" action="/auth/login">
            <input type="hidden" name="csrf_token" value=boot.csrf_token />
            <input type="hidden" name="next" value=of_address("next") />
            <GateField
                name="username"
                label=t!(locale, gate.username)
                autocomplete="username"
                value=of_address("username")
                autofocus=!folded
            />
            <GateField name="password" label=t!(locale, gate.password) autocomplete="current-password" kind="password" />
            <button type="submit" class="button button--primary button--wide">
                {t!(locale, login.submit)}
            </button>
        </form>
    };
    let choices =
        (!providers.is_empty()).then(|| view! { <Providers providers next=of_address("next") alone=folded /> });
    let ways = if folded {
        view! {
            {choices}
            <details class="gate__fold" open=error.is_some()>
                <summary>{t!(locale, login.break_glass)}</summary>
                {form}
            </details>
        }
        .into_any()
    } else {
        view! {
            {form}
            {choices}
        }
        .into_any()
    };
    view! {
        <Gate title=t!(locale, login.title)>
            <div>
                <h1>{t!(locale, login.title)}</h1>
                <p>{if folded { t!(locale, login.lead_restricted) } else { t!(locale, login.lead) }}</p>
            </div>
            {boot.setup_pending.then(|| view! { <SetupPending /> })}
            {error.map(|text| view! { <GateError text /> })}
            {ways}
        </Gate>
    }
}

/// The ways to sign in without a password of the portal, below its form or alone: links, so that they work without
/// JavaScript.
#[component]
fn Providers(providers: Vec<SignInChoice>, next: String, alone: bool) -> impl IntoView {
    let locale = use_locale();
    let link = |choice: SignInChoice| {
        view! {
            <a class="button button--wide gate__choice" href=paths::sign_in_with(&choice.slug, &next) rel="external">
                <IconView icon=Icon::of_provider(choice.kind) />
                <span>{t!(locale, login.provider, name = choice.name)}</span>
            </a>
        }
    };
    view! {
        {(!alone).then(|| view! { <p class="gate__or">{t!(locale, login.divider)}</p> })}
        <div class="stack stack--tight">{providers.into_iter().map(link).collect_view()}</div>
    }
}

#[component]
fn SetupPending() -> impl IntoView {
    let locale = use_locale();
    view! {
        <div class="notice" role="note">
            <IconView icon=Icon::Info />
            <div class="notice__body">
                <p class="notice__title">{t!(locale, login.setup_pending)}</p>
                <p>{t!(locale, login.setup_pending_detail)}</p>
            </div>
        </div>
    }
}

/// What surrounds the pages before sign-in.
#[component]
pub fn Gate(
    /// The document's title.
    title: &'static str,
    /// The card's content.
    children: Children,
) -> impl IntoView {
    view! {
        <Title text=title />
        <div class="gate">
            <main class="gate__main">
                <AnnouncementBanner />
                <p class="gate__brand">
                    <Brand />
                </p>
                <div class="gate__card">{children()}</div>
            </main>
            <footer class="gate__foot">
                <LanguageSwitch />
            </footer>
        </div>
    }
}

/// What was wrong with the last try.
#[component]
pub fn GateError(
    /// What.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! {
        <div class="notice notice--bad" role="alert">
            <IconView icon=Icon::Warn />
            <p class="notice__body">{text}</p>
        </div>
    }
}

/// A field of a plain form.
#[component]
pub fn GateField(
    /// Its name.
    name: &'static str,
    /// What to write.
    label: &'static str,
    /// What the browser may fill in.
    autocomplete: &'static str,
    /// `text` or `password`.
    #[prop(default = "text")]
    kind: &'static str,
    /// What stands there at first.
    #[prop(optional)]
    value: String,
    /// How to write it.
    #[prop(optional)]
    hint: Option<String>,
    /// The shortest text.
    #[prop(optional)]
    minlength: Option<usize>,
    /// Whether the cursor begins here.
    #[prop(optional)]
    autofocus: bool,
) -> impl IntoView {
    let about = hint.is_some().then(|| format!("about-{name}"));
    view! {
        <div class="field">
            <label class="field__label" for=name>
                {label}
            </label>
            <input
                class="input"
                id=name
                name=name
                type=kind
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                value=value
                minlength=minlength.map(|it| it.to_string())
                aria-describedby=about.clone()
                required
                autofocus=autofocus
            />
            {hint.map(|hint| view! { <p class="field__hint" id=about>{hint}</p> })}
        </div>
    }
}
