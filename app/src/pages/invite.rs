//! Choosing a password behind a one-time link: a plain form, so that it works without JavaScript.

use api::{
    Message,
    name::{MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::login::{Gate, GateError, GateField};
use crate::{
    boot::use_boot,
    components::icon::{Icon, IconView},
    i18n::{Locale, language, t, use_locale},
    paths,
};

/// What the form's answer says by name of a link that can be used no more.
const ENDED: &str = "token";
/// What it says while the owner of the link may not sign in with a password.
const OFF: &str = "password-off";

/// What the form's answer says by name, about anything but the link: a check's key in the server's catalogue, or a name
/// of its own. Anything else in the address is not shown, so that nobody can put words into this page.
fn error_text(locale: Locale, name: &str) -> Option<String> {
    let limit = match name {
        "form" => return Some(t!(locale, gate.stale_form).to_owned()),
        "limited" => return Some(t!(locale, login.limited).to_owned()),
        "unavailable" => return Some(t!(locale, gate.unavailable).to_owned()),
        "password.mismatch" => return Some(t!(locale, setup.mismatch).to_owned()),
        "password.short" => MIN_PASSWORD_LENGTH,
        "password.long" => MAX_PASSWORD_LENGTH,
        "password.username" | "password.repeated" => 0,
        _ => return None,
    };
    Some(Message::new(name).with("limit", limit).text(language(locale)))
}

/// The page of a one-time link.
#[component]
pub fn InvitePage() -> impl IntoView {
    let locale = use_locale();
    let address = use_query_map();
    let of_address = move |name: &'static str| address.with_untracked(|map| map.get(name).unwrap_or_default());
    let (token, error) = (of_address("token"), of_address("error"));
    if error == OFF {
        view! { <Ended title=t!(locale, invite.off) detail=t!(locale, invite.off_detail) /> }.into_any()
    } else if token.is_empty() || error == ENDED {
        view! { <Ended title=t!(locale, invite.ended) detail=t!(locale, invite.ended_detail) /> }.into_any()
    } else {
        view! { <ChoosePassword token error=error_text(locale, &error) /> }.into_any()
    }
}

#[component]
fn Ended(title: &'static str, detail: &'static str) -> impl IntoView {
    let locale = use_locale();
    view! {
        <Gate title=t!(locale, invite.title)>
            <h1>{t!(locale, invite.title)}</h1>
            <div class="notice notice--bad" role="alert">
                <IconView icon=Icon::Warn />
                <div class="notice__body">
                    <p class="notice__title">{title}</p>
                    <p>{detail}</p>
                </div>
            </div>
            <a class="button button--wide" href=paths::sign_in("")>
                {t!(locale, invite.sign_in)}
            </a>
        </Gate>
    }
}

#[component]
fn ChoosePassword(token: String, error: Option<String>) -> impl IntoView {
    let locale = use_locale();
    let csrf_token = use_boot().csrf_token;
    view! {
        <Gate title=t!(locale, invite.title)>
            <div>
                <h1>{t!(locale, invite.title)}</h1>
                <p>{t!(locale, invite.lead)}</p>
            </div>
            {error.map(|text| view! { <GateError text /> })}
            <form class="form" method="post" action="/auth/invite">
                <input type="hidden" name="csrf_token" value=csrf_token />
                <input type="hidden" name="token" value=token />
                <GateField
                    name="password"
                    label=t!(locale, gate.password)
                    autocomplete="new-password"
                    kind="password"
                    minlength=MIN_PASSWORD_LENGTH
                    hint=t!(locale, setup.password_hint, limit = MIN_PASSWORD_LENGTH.to_string())
                    autofocus=true
                />
                <GateField
                    name="password_confirm"
                    label=t!(locale, setup.password_again)
                    autocomplete="new-password"
                    kind="password"
                    minlength=MIN_PASSWORD_LENGTH
                />
                <button type="submit" class="button button--primary button--wide">
                    {t!(locale, invite.submit)}
                </button>
            </form>
        </Gate>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_errors_are_shown_and_none_by_its_key() {
        for name in [
            "form",
            "limited",
            "unavailable",
            "password.mismatch",
            "password.short",
            "password.long",
            "password.username",
            "password.repeated",
        ] {
            for locale in [Locale::en, Locale::zh_CN] {
                let text = error_text(locale, name).unwrap();
                assert!(text != name && !text.contains('{'), "{name}: {text}");
            }
        }
        assert_eq!(error_text(Locale::en, "your account was hacked, call us"), None);
    }
}
