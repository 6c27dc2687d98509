//! Who may sign in with a password.

use std::sync::Arc;

use api::{Client, Problem, portal::PasswordSignIn};
use leptos::{ev, prelude::*, task::spawn_local};

use super::{Shown, change};
use crate::{
    components::{
        card::Card,
        problem::FormProblem,
        status::{Status, StatusBadge},
        toast::use_toasts,
    },
    i18n::{t, use_locale},
    load::Load,
};

/// Who may sign in with a password, and what it takes to restrict that.
#[component]
pub(super) fn PasswordCard(shown: Signal<Arc<Shown>>, load: Load<Shown>) -> impl IntoView {
    let locale = use_locale();
    let toasts = use_toasts();
    let client = StoredValue::new(expect_context::<Client>());
    let chosen = RwSignal::new(shown.get_untracked().settings.password_sign_in);
    // What is restricted already may stay so.
    let can_restrict = Memo::new(move |_| {
        let shown = shown.read();
        let is_ready = shown.accounts > 0 && shown.providers > 0;
        is_ready || shown.settings.password_sign_in == PasswordSignIn::BreakGlass
    });
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (client, who) = (client.get_value(), chosen.get_untracked());
        busy.set(true);
        spawn_local(async move {
            let answer = change(&client, |settings| settings.password_sign_in = who).await;
            let _ = busy.try_set(false);
            let _ = problem.try_set(answer.as_ref().err().cloned());
            if answer.is_ok() {
                toasts.done(t!(locale, portal.passwords_saved));
            }
            load.again();
        });
    };
    let option = move |who: PasswordSignIn| {
        let (name, about) = match who {
            PasswordSignIn::Everybody => {
                (t!(locale, portal.passwords_everybody), t!(locale, portal.passwords_everybody_hint))
            }
            PasswordSignIn::BreakGlass => {
                (t!(locale, portal.passwords_break_glass), t!(locale, portal.passwords_break_glass_hint))
            }
        };
        let checked = chosen.get_untracked() == who;
        let locked = move || who == PasswordSignIn::BreakGlass && !can_restrict.get();
        view! {
            <label class="check">
                <input
                    type="radio"
                    name="password_sign_in"
                    value=who.as_str()
                    checked=checked
                    disabled=locked
                    on:change=move |_| chosen.set(who)
                />
                <span>{name} <span class="field__hint check__hint">{about}</span></span>
            </label>
        }
    };
    let conditions = move || {
        let (accounts, providers) = shown.with(|shown| (shown.accounts, shown.providers));
        let condition = |(met, text): (bool, String)| {
            view! {
                <li class="row">
                    <StatusBadge status=Status::of_condition(locale, met) />
                    <span>{text}</span>
                </li>
            }
        };
        [
            (accounts > 0, t!(locale, portal.condition_account, count = accounts.to_string())),
            (providers > 0, t!(locale, portal.condition_provider, count = providers.to_string())),
        ]
        .map(condition)
        .collect_view()
    };
    let not_ready = move || (!can_restrict.get()).then(|| view! { <p class="soft">{t!(locale, portal.not_ready)}</p> });
    view! {
        <Card title=t!(locale, portal.passwords)>
            <form class="form" on:submit=submit>
                <div class="stack" role="radiogroup" aria-label=t!(locale, portal.passwords)>
                    {[PasswordSignIn::Everybody, PasswordSignIn::BreakGlass].map(option).collect_view()}
                </div>
                <div class="field">
                    <span class="field__label">{t!(locale, portal.conditions)}</span>
                    <ul class="stack stack--tight">{conditions}</ul>
                    {not_ready}
                </div>
                <FormProblem problem />
                <div>
                    <button type="submit" class="button button--primary" disabled=move || busy.get()>
                        {t!(locale, portal.save_passwords)}
                    </button>
                </div>
            </form>
        </Card>
    }
}
