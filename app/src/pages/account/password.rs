//! Changing one's own password.

use api::{Client, FieldProblem, Message, Problem, name::MIN_PASSWORD_LENGTH, user::ChangePassword};
use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    components::{card::Card, field::TextField, problem::FormProblem, toast::use_toasts},
    i18n::{t, use_locale},
};

#[component]
pub(super) fn PasswordCard(
    /// Told that sessions and tokens ended.
    ended: Trigger,
) -> impl IntoView {
    let locale = use_locale();
    let toasts = use_toasts();
    let client = StoredValue::new(expect_context::<Client>());
    let [current, new, again] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if new.get_untracked() != again.get_untracked() {
            let field = FieldProblem {
                detail: t!(locale, setup.mismatch).to_owned(),
                ..FieldProblem::new("again", Message::default())
            };
            problem.set(Some(Problem {
                kind: String::new(),
                title: t!(locale, account.password).to_owned(),
                status: 400,
                detail: t!(locale, setup.mismatch).to_owned(),
                message: None,
                fields: vec![field],
            }));
            return;
        }
        let change = ChangePassword { current_password: current.get_untracked(), new_password: new.get_untracked() };
        let client = client.get_value();
        busy.set(true);
        spawn_local(async move {
            let answer = client.change_password(&change).await;
            busy.set(false);
            match answer {
                Ok(()) => {
                    problem.set(None);
                    for field in [current, new, again] {
                        field.set(String::new());
                    }
                    toasts.done(t!(locale, account.password_changed));
                    ended.notify();
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    let hint = t!(locale, setup.password_hint, limit = MIN_PASSWORD_LENGTH.to_string());
    let of_form = Signal::from(problem);
    view! {
        <Card title=t!(locale, account.password)>
            <form class="form" on:submit=submit>
                <FormProblem problem />
                <TextField
                    name="current_password"
                    label=t!(locale, account.current_password)
                    value=current
                    kind="password"
                    autocomplete="current-password"
                    required=true
                    problem=of_form
                />
                <TextField
                    name="new_password"
                    label=t!(locale, account.new_password)
                    value=new
                    kind="password"
                    autocomplete="new-password"
                    hint=hint
                    required=true
                    problem=of_form
                />
                <TextField
                    name="again"
                    label=t!(locale, setup.password_again)
                    value=again
                    kind="password"
                    autocomplete="new-password"
                    required=true
                    problem=of_form
                />
                <p class="soft">{t!(locale, account.password_effect)}</p>
                <div>
                    <button type="submit" class="button button--primary" disabled=move || busy.get()>
                        {t!(locale, account.change_password)}
                    </button>
                </div>
            </form>
        </Card>
    }
}
