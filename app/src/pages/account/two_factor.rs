//! Two-factor sign-in: on with a code of an app, off, and other recovery codes.

use std::sync::Arc;

use api::{
    Client, Problem,
    two_factor::{CurrentPassword, Enrolment, OneTimeCode, TwoFactor},
};
use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    components::{
        card::Card,
        code::CodeBlock,
        dialog::{Dialog, FormFoot},
        facts::KeyValueList,
        field::TextField,
        problem::FormProblem,
        toast::use_toasts,
    },
    i18n::{Locale, Text, t, use_locale},
    load::Load,
};

const FILE: &str = "gantry-recovery-codes.txt";
const FORM: &str = "two-factor";

/// What the password is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Enable,
    Disable,
    Renew,
}

impl Purpose {
    fn title(self, locale: Locale) -> &'static str {
        match self {
            Self::Enable => t!(locale, two_factor.title),
            Self::Disable => t!(locale, two_factor.disable),
            Self::Renew => t!(locale, two_factor.renew),
        }
    }

    /// What comes of it.
    fn effect(self, locale: Locale) -> &'static str {
        match self {
            Self::Enable => t!(locale, two_factor.sessions_effect),
            Self::Disable => t!(locale, two_factor.disable_effect),
            Self::Renew => t!(locale, two_factor.renew_effect),
        }
    }

    /// What its form does.
    fn verb(self) -> Text {
        match self {
            Self::Enable => |l| t!(l, two_factor.next),
            Self::Disable => |l| t!(l, two_factor.disable),
            Self::Renew => |l| t!(l, two_factor.renew),
        }
    }
}

/// How far the dialog is.
#[derive(Clone)]
enum Step {
    Password,
    Scan(Enrolment),
    Codes(Vec<String>),
}

/// What the card and its dialog share.
#[derive(Clone, Copy)]
struct Dialogue {
    open: RwSignal<bool>,
    purpose: RwSignal<Purpose>,
    step: RwSignal<Step>,
    password: RwSignal<String>,
    code: RwSignal<String>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
}

impl Dialogue {
    fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            purpose: RwSignal::new(Purpose::Enable),
            step: RwSignal::new(Step::Password),
            password: RwSignal::new(String::new()),
            code: RwSignal::new(String::new()),
            busy: RwSignal::new(false),
            problem: RwSignal::new(None),
        }
    }

    fn ask(self, purpose: Purpose) {
        self.purpose.set(purpose);
        self.open.set(true);
    }

    /// Nothing secret stays in the page.
    fn forget(self) {
        self.step.set(Step::Password);
        self.password.set(String::new());
        self.code.set(String::new());
        self.problem.set(None);
    }

    /// Goes on with what came of a step, if the page is still there; `None` ends the dialog.
    fn go(self, answer: Result<Option<Step>, Problem>) {
        let _ = self.busy.try_set(false);
        match answer {
            Ok(Some(step)) => {
                let _ = self.problem.try_set(None);
                let _ = self.step.try_set(step);
            }
            Ok(None) => {
                let _ = self.open.try_set(false);
            }
            Err(error) => {
                let _ = self.problem.try_set(Some(error));
            }
        }
    }
}

#[component]
pub(super) fn TwoFactorCard(
    /// Told that sessions ended.
    ended: Trigger,
) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let dialogue = Dialogue::new();
    let load = Load::new(&[], move || {
        let client = client.clone();
        async move { client.two_factor().await }
    });
    let changed = Callback::new(move |()| {
        load.again();
        ended.notify();
    });
    view! {
        <Card title=t!(locale, two_factor.title)>
            <div class="stack">
                <p class="soft">{t!(locale, two_factor.lead)}</p>
                {load.show(move |now| view! { <Now now dialogue /> }.into_any())}
            </div>
        </Card>
        <TwoFactorDialog dialogue changed />
    }
}

#[component]
fn Now(now: Signal<Arc<TwoFactor>>, dialogue: Dialogue) -> impl IntoView {
    let locale = use_locale();
    let button = move |purpose: Purpose, class: &'static str, label: &'static str| {
        view! {
            <button type="button" class=class on:click=move |_| dialogue.ask(purpose)>
                {label}
            </button>
        }
    };
    move || {
        let now = now.get();
        if !now.enabled {
            let enable = button(Purpose::Enable, "button button--primary", t!(locale, two_factor.enable));
            return view! { <div class="row">{enable}</div> }.into_any();
        }
        let items = vec![
            (t!(locale, two_factor.title), t!(locale, two_factor.on).into_any()),
            (t!(locale, two_factor.codes_left), now.recovery_codes_left.to_string().into_any()),
        ];
        view! {
            <KeyValueList items />
            <div class="row">
                {button(Purpose::Renew, "button", t!(locale, two_factor.renew))}
                {button(Purpose::Disable, "button", t!(locale, two_factor.disable))}
            </div>
        }
        .into_any()
    }
}

#[component]
fn TwoFactorDialog(dialogue: Dialogue, changed: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let toasts = use_toasts();
    let client = StoredValue::new(expect_context::<Client>());
    let Dialogue { open, purpose, step, password, code, busy, problem } = dialogue;
    Effect::new(move |_| {
        if !open.get() {
            dialogue.forget();
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let client = client.get_value();
        let (purpose, step) = (purpose.get_untracked(), step.get_untracked());
        let proof = CurrentPassword { password: password.get_untracked() };
        let code = OneTimeCode { code: code.get_untracked() };
        busy.set(true);
        spawn_local(async move {
            let answer = match (step, purpose) {
                (Step::Password, Purpose::Enable) => {
                    client.begin_two_factor(&proof).await.map(|enrolment| Some(Step::Scan(enrolment)))
                }
                (Step::Password, Purpose::Disable) => client.delete_two_factor(&proof).await.map(|()| None),
                (Step::Password, Purpose::Renew) => {
                    client.create_recovery_codes(&proof).await.map(|made| Some(Step::Codes(made.recovery_codes)))
                }
                (Step::Scan(_), _) => {
                    client.confirm_two_factor(&code).await.map(|made| Some(Step::Codes(made.recovery_codes)))
                }
                (Step::Codes(_), _) => Ok(None),
            };
            let done = matches!(answer, Ok(Some(Step::Codes(_)) | None));
            dialogue.go(answer);
            if done {
                match purpose {
                    Purpose::Enable => toasts.done(t!(locale, two_factor.enabled)),
                    Purpose::Disable => toasts.done(t!(locale, two_factor.switched_off)),
                    Purpose::Renew => {}
                }
                changed.run(());
            }
        });
    };
    let title = Signal::derive(move || purpose.get().title(locale).to_owned());
    let foot = move || {
        move || match step.get() {
            Step::Password => {
                let label = purpose.get().verb()(locale);
                view! { <FormFoot open form=FORM label busy /> }.into_any()
            }
            Step::Scan(_) => view! { <FormFoot open form=FORM label=t!(locale, two_factor.confirm) busy /> }.into_any(),
            Step::Codes(_) => view! {
                <button type="button" class="button button--primary" on:click=move |_| open.set(false)>
                    {t!(locale, account.secret_kept)}
                </button>
            }
            .into_any(),
        }
    };
    let body = move || match step.get() {
        Step::Password => view! {
            <form id=FORM class="form" on:submit=submit>
                <FormProblem problem />
                <TextField
                    name="password"
                    label=t!(locale, account.current_password)
                    value=password
                    kind="password"
                    autocomplete="current-password"
                    required=true
                    autofocus=true
                    problem=Signal::from(problem)
                />
                <p class="soft">{purpose.get().effect(locale)}</p>
            </form>
        }
        .into_any(),
        Step::Scan(enrolment) => view! {
            <form id=FORM class="form" on:submit=submit>
                <FormProblem problem />
                <p>{t!(locale, two_factor.scan)}</p>
                <div
                    class="qr"
                    role="img"
                    aria-label=t!(locale, two_factor.picture)
                    inner_html=enrolment.qr_svg
                ></div>
                <CodeBlock text=enrolment.secret label=t!(locale, two_factor.secret) />
                <TextField
                    name="code"
                    label=t!(locale, two_factor.code)
                    value=code
                    autocomplete="one-time-code"
                    hint=t!(locale, two_factor.code_hint)
                    required=true
                    autofocus=true
                    problem=Signal::from(problem)
                />
            </form>
        }
        .into_any(),
        Step::Codes(codes) => view! { <Codes codes /> }.into_any(),
    };
    view! {
        <Dialog open title foot>
            {body}
        </Dialog>
    }
}

#[component]
fn Codes(codes: Vec<String>) -> impl IntoView {
    let locale = use_locale();
    // Letters, digits and `-` need no escaping in an address.
    let file = format!("data:text/plain;charset=utf-8,{}%0A", codes.join("%0A"));
    view! {
        <p>{t!(locale, two_factor.codes_lead)}</p>
        <CodeBlock text=codes.join("\n") label=t!(locale, two_factor.codes) />
        <div>
            <a class="button" href=file download=FILE rel="external">
                {t!(locale, two_factor.download)}
            </a>
        </div>
    }
}
