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
        "code" => Some(t!(locale, login.code_wrong)),
        "code-ended" => Some(t!(locale, login.code_ended)),
        _ => None,
    }
}

/// The sign-in page, and the question for a code behind it.
#[component]
pub fn LoginPage() -> impl IntoView {
    let address = use_query_map();
    let of_address = move |name: &'static str| address.with_untracked(|map| map.get(name).unwrap_or_default());
    let error = error_text(use_locale(), &of_address("error"));
    let next = of_address("next");
    match of_address("step").as_str() {
        CODE => view! { <CodeStep error next recovery=false /> }.into_any(),
        RECOVERY => view! { <CodeStep error next recovery=true /> }.into_any(),
        _ => view! { <PasswordStep error next username=of_address("username") /> }.into_any(),
    }
}

/// The steps after the password, in the address.
const CODE: &str = "code";
const RECOVERY: &str = "recovery";

/// What the authenticator app shows, or a recovery code in its place.
#[component]
fn CodeStep(error: Option<&'static str>, next: String, recovery: bool) -> impl IntoView {
    let locale = use_locale();
    let csrf_token = use_boot().csrf_token;
    let (label, hint, other, switch) = if recovery {
        (t!(locale, login.recovery_code), t!(locale, login.recovery_hint), CODE, t!(locale, login.use_app))
    } else {
        (t!(locale, login.code), t!(locale, login.code_hint), RECOVERY, t!(locale, login.use_recovery))
    };
    view! {
        <Gate title=t!(locale, login.code_title)>
            <div>
                <h1>{t!(locale, login.code_title)}</h1>
                <p>{t!(locale, login.code_lead)}</p>
            </div>
            {error.map(|text| view! { <GateError text /> })}
            <form class="form" method="post" action="/auth/code">
                <input type="hidden" name="csrf_token" value=csrf_token />
                <input type="hidden" name="next" value=next.clone() />
                <GateField
                    name="code"
                    label=label
                    autocomplete=if recovery { "off" } else { "one-time-code" }
                    inputmode=if recovery { "text" } else { "numeric" }
                    hint=hint.to_owned()
                    autofocus=true
                />
                <button type="submit" class="button button--primary button--wide">
                    {t!(locale, login.submit)}
                </button>
            </form>
            <div class="stack stack--tight">
                <a href=paths::sign_in_step(other, &next) rel="external">
                    {switch}
                </a>
                <a href=paths::sign_in(&next) rel="external">
                    {t!(locale, login.start_again)}
                </a>
            </div>
        </Gate>
    }
}

#[component]
fn PasswordStep(error: Option<&'static str>, next: String, username: String) -> impl IntoView {
    let locale = use_locale();
    let boot = use_boot();
    let providers = boot.providers;
    let folded = boot.password_sign_in == PasswordSignIn::BreakGlass && !providers.is_empty();
    let form = view! {
        <form class="form" method="post" action="/auth/login">
            <input type="hidden" name="csrf_token" value=boot.csrf_token />
            <input type="hidden" name="next" value=next.clone() />
            <GateField
                name="username"
                label=t!(locale, gate.username)
                autocomplete="username"
                value=username
                autofocus=!folded
            />
            <GateField name="password" label=t!(locale, gate.password) autocomplete="current-password" kind="password" />
            <button type="submit" class="button button--primary button--wide">
                {t!(locale, login.submit)}
            </button>
        </form>
    };
    let choices = (!providers.is_empty()).then(|| view! { <Providers providers next alone=folded /> });
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
    /// Which keys a phone offers.
    #[prop(default = "text")]
    inputmode: &'static str,
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
                inputmode=inputmode
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
