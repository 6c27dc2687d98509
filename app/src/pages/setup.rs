//! The first administrator: a plain form behind the one-time link of the first start.

use api::{
    Message,
    name::{MAX_NAME_LENGTH, MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::login::{Gate, GateError, GateField};
use crate::{
    boot::use_boot,
    i18n::{Locale, language, t, use_locale},
};

/// What the setup form's answer says by name: a check's key in the server's catalogue, or a name of its own. Anything
/// else in the address is not shown, so that nobody can put words into this page.
fn error_text(locale: Locale, name: &str) -> Option<String> {
    let limit = match name {
        "password.mismatch" => return Some(t!(locale, setup.mismatch).to_owned()),
        "token" => return Some(t!(locale, setup.wrong_token).to_owned()),
        "form" => return Some(t!(locale, gate.stale_form).to_owned()),
        "unavailable" => return Some(t!(locale, gate.unavailable).to_owned()),
        "password.short" => MIN_PASSWORD_LENGTH,
        "password.long" => MAX_PASSWORD_LENGTH,
        "name.long" => MAX_NAME_LENGTH,
        "name.empty" | "password.username" | "password.repeated" | "username.start" => 0,
        "username.character" => return Some(t!(locale, setup.username_character).to_owned()),
        _ => return None,
    };
    Some(Message::new(name).with("limit", limit).text(language(locale)))
}

/// The page of the first start.
#[component]
pub fn SetupPage() -> impl IntoView {
    let locale = use_locale();
    let csrf_token = use_boot().csrf_token;
    let address = use_query_map();
    let of_address = move |name: &'static str| address.with_untracked(|map| map.get(name).unwrap_or_default());
    let error = error_text(locale, &of_address("error"));
    view! {
        <Gate title=t!(locale, setup.title)>
            <div>
                <h1>{t!(locale, setup.title)}</h1>
                <p>{t!(locale, setup.lead)}</p>
            </div>
            {error.map(|text| view! { <GateError text /> })}
            <form class="form" method="post" action="/auth/setup">
                <input type="hidden" name="csrf_token" value=csrf_token />
                <input type="hidden" name="token" value=of_address("token") />
                <GateField
                    name="username"
                    label=t!(locale, gate.username)
                    autocomplete="username"
                    value=of_address("username")
                    autofocus=true
                />
                <GateField
                    name="password"
                    label=t!(locale, gate.password)
                    autocomplete="new-password"
                    kind="password"
                    minlength=MIN_PASSWORD_LENGTH
                    hint=t!(locale, setup.password_hint, limit = MIN_PASSWORD_LENGTH.to_string())
                />
                <GateField
                    name="password_confirm"
                    label=t!(locale, setup.password_again)
                    autocomplete="new-password"
                    kind="password"
                    minlength=MIN_PASSWORD_LENGTH
                />
                <button type="submit" class="button button--primary button--wide">
                    {t!(locale, setup.submit)}
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
            "password.mismatch",
            "token",
            "form",
            "password.short",
            "password.long",
            "name.long",
            "name.empty",
            "password.username",
            "password.repeated",
            "username.start",
            "username.character",
        ] {
            for locale in [Locale::en, Locale::zh_CN] {
                let text = error_text(locale, name).unwrap();
                assert!(text != name && !text.contains('{'), "{name}: {text}");
            }
        }
        assert_eq!(error_text(Locale::en, "your account was hacked, call us"), None);
    }
}
