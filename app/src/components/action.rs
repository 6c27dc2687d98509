//! Things to do to objects, as data: a table's row menu, its bulk bar and a page's buttons offer the same ones.
//! One dialog asks before something is lost, and says what.

use std::{any::Any, cell::Cell, pin::Pin, rc::Rc, sync::Arc};

use api::{Problem, Ulid};
use leptos::{prelude::*, task::spawn_local};

use super::{
    dialog::Dialog,
    icon::{Icon, IconView},
    menu::MenuItem,
    toast::use_toasts,
};
use crate::{
    i18n::{Text, t, use_locale},
    live::use_live,
    paths,
};

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is done.
    Now,
    /// An operation does it.
    Started(Ulid),
}

type Doing = Pin<Box<dyn Future<Output = Result<Done, Problem>> + Send>>;
type Item = Arc<dyn Any + Send + Sync>;
type Fits = Arc<dyn Fn(&(dyn Any + Send + Sync)) -> bool + Send + Sync>;
type Run = Arc<dyn Fn(Item, bool) -> Doing + Send + Sync>;

/// What is asked before something is lost.
#[derive(Clone, Copy)]
pub struct Confirm {
    /// The question.
    pub question: Text,
    /// What is lost, and what is not.
    pub loses: Text,
    /// Something to choose with it.
    pub option: Option<Text>,
    /// Whether the name must be typed.
    pub typed: bool,
}

/// Something to do to an object of a kind.
#[derive(Clone)]
pub struct Action {
    label: Text,
    icon: Icon,
    danger: bool,
    confirm: Option<Confirm>,
    ends: bool,
    fits: Fits,
    run: Run,
}

impl Action {
    /// Something to do; `run` also gets whether the [`Confirm::option`] was chosen.
    pub fn new<T, F>(label: Text, icon: Icon, run: impl Fn(Arc<T>, bool) -> F + Send + Sync + 'static) -> Self
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<Done, Problem>> + Send + 'static,
    {
        let run = move |item: Item, chosen: bool| -> Doing {
            match item.downcast::<T>() {
                Ok(item) => Box::pin(run(item, chosen)),
                Err(_) => Box::pin(async { Err(Problem::unreadable("type")) }),
            }
        };
        Self { label, icon, danger: false, confirm: None, ends: false, fits: Arc::new(|_| true), run: Arc::new(run) }
    }

    /// Offered only for objects that `fits` accepts.
    #[must_use]
    pub fn fits<T: 'static>(mut self, fits: fn(&T) -> bool) -> Self {
        self.fits = Arc::new(move |item| item.downcast_ref().is_some_and(fits));
        self
    }

    /// Asks first, in red.
    #[must_use]
    pub fn confirm(mut self, confirm: Confirm) -> Self {
        (self.danger, self.confirm) = (true, Some(confirm));
        self
    }

    /// After it the object is no more, so that its page leads away.
    #[must_use]
    pub fn ends(mut self) -> Self {
        self.ends = true;
        self
    }

    /// Whether the object is no more after it.
    pub fn ends_it(&self) -> bool {
        self.ends
    }

    /// Whether it makes sense for an object.
    pub fn applies(&self, item: &(dyn Any + Send + Sync)) -> bool {
        (self.fits)(item)
    }
}

/// An object to do something to: what people call it, and itself.
#[derive(Clone)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Itself.
    pub item: Item,
}

impl Subject {
    /// An object with its name.
    pub fn new<T: Send + Sync + 'static>(name: impl Into<String>, item: Arc<T>) -> Self {
        Self { name: name.into(), item }
    }
}

#[derive(Clone)]
struct Asked {
    action: Action,
    subjects: Vec<Subject>,
    confirm: Confirm,
    done: Option<Callback<()>>,
}

/// Does actions, and asks where that is needed.
#[derive(Clone, Copy)]
pub struct Runner {
    asked: RwSignal<Option<Asked>>,
    open: RwSignal<bool>,
}

/// Gives the runner to everything inside.
pub fn provide_runner() {
    provide_context(Runner { asked: RwSignal::new(None), open: RwSignal::new(false) });
}

/// The page's runner; one that asks nobody outside of the console's frame.
pub fn use_runner() -> Runner {
    use_context().unwrap_or_else(|| Runner { asked: RwSignal::new(None), open: RwSignal::new(false) })
}

impl Runner {
    /// Does something to objects, after asking where the action wants that; `done` runs when all succeeded.
    pub fn start(self, action: &Action, subjects: Vec<Subject>, done: Option<Callback<()>>) {
        let action = action.clone();
        match action.confirm {
            Some(confirm) => {
                self.asked.set(Some(Asked { action, subjects, confirm, done }));
                self.open.set(true);
            }
            None => perform(&action, subjects, false, done),
        }
    }
}

fn perform(action: &Action, subjects: Vec<Subject>, chosen: bool, done: Option<Callback<()>>) {
    let (locale, toasts, live) = (use_locale(), use_toasts(), use_live());
    let label = (action.label)(locale);
    let count = subjects.len();
    let working = match &subjects[..] {
        [] => return,
        [one] => t!(locale, action.working_on, action = label, name = one.name.clone()),
        many => t!(locale, action.working_on_many, action = label, count = many.len().to_string()),
    };
    let working = toasts.working(working);
    let (left, failed) = (Rc::new(Cell::new(count)), Rc::new(Cell::new(0)));
    for Subject { name, item } in subjects {
        let (doing, left, failed) = ((action.run)(item, chosen), left.clone(), failed.clone());
        spawn_local(async move {
            match doing.await {
                Ok(Done::Now) if count == 1 => toasts.done(t!(locale, action.done, action = label, name = name)),
                Ok(Done::Now) => {}
                Ok(Done::Started(operation)) => {
                    let href = paths::operation(&operation.to_string());
                    toasts.started(t!(locale, action.started, action = label, name = name), href);
                }
                Err(problem) => {
                    failed.set(failed.get() + 1);
                    toasts.failed(t!(locale, action.failed, action = label, name = name), &problem);
                }
            }
            left.set(left.get() - 1);
            if left.get() > 0 {
                return;
            }
            toasts.close(working);
            let good = count - failed.get();
            if count > 1 && good > 0 {
                toasts.done(t!(locale, action.done_many, action = label, count = good.to_string()));
            }
            live.refetch_all();
            if failed.get() == 0
                && let Some(done) = done
            {
                done.run(());
            }
        });
    }
}

/// The actions that make sense for an object, as menu items.
#[component]
pub fn ActionItems(
    /// The actions.
    actions: Vec<Action>,
    /// The object.
    subject: Subject,
    /// Runs when one succeeded.
    #[prop(optional, into)]
    done: Option<Callback<()>>,
) -> impl IntoView {
    let (locale, runner) = (use_locale(), use_runner());
    let item = |action: Action| {
        let subject = subject.clone();
        let (text, icon, danger) = ((action.label)(locale), action.icon, action.danger);
        let run = move |()| runner.start(&action, vec![subject.clone()], done);
        view! { <MenuItem text icon danger run=Callback::new(run) /> }
    };
    let fitting = actions.into_iter().filter(|action| action.applies(subject.item.as_ref()));
    fitting.map(item).collect_view()
}

/// Actions as buttons: on the objects among `subjects` that each makes sense for.
#[component]
pub fn ActionButtons(
    /// The actions.
    actions: Vec<Action>,
    /// The objects.
    #[prop(into)]
    subjects: Signal<Vec<Subject>>,
    /// Runs when one succeeded.
    #[prop(optional, into)]
    done: Option<Callback<()>>,
) -> impl IntoView {
    let (locale, runner) = (use_locale(), use_runner());
    let button = move |action: Action| {
        let (label, icon) = ((action.label)(locale), action.icon);
        let of = {
            let action = action.clone();
            move |all: &[Subject]| -> Vec<Subject> {
                all.iter().filter(|it| action.applies(it.item.as_ref())).cloned().collect()
            }
        };
        let none = {
            let of = of.clone();
            move || subjects.with(|all| of(all).is_empty())
        };
        view! {
            <button
                type="button"
                class="button button--small"
                disabled=none
                on:click=move |_| runner.start(&action, subjects.with_untracked(|all| of(all)), done)
            >
                <IconView icon />
                {label}
            </button>
        }
    };
    actions.into_iter().map(button).collect_view()
}

/// Asks before something is lost. Stands once in the frame.
#[component]
pub fn ConfirmDialog() -> impl IntoView {
    let (locale, runner) = (use_locale(), use_runner());
    let typed = RwSignal::new(String::new());
    let chosen = RwSignal::new(false);
    Effect::new(move |_| {
        if runner.open.get() {
            typed.set(String::new());
            chosen.set(false);
        }
    });
    let asked = move || runner.asked.get();
    let title = Signal::derive(move || asked().map(|it| (it.confirm.question)(locale).to_owned()).unwrap_or_default());
    let ready = move || {
        runner.asked.with(|asked| asked.as_ref().is_some_and(|it| !it.confirm.typed || typed.get().trim() == word(it)))
    };
    let go = move || {
        if !ready() {
            return;
        }
        runner.open.set(false);
        if let Some(Asked { action, subjects, done, .. }) = runner.asked.get_untracked() {
            perform(&action, subjects, chosen.get_untracked(), done);
        }
    };
    let foot = move || {
        let label = asked().map(|it| (it.action.label)(locale)).unwrap_or_default();
        view! {
            <button type="button" class="button" on:click=move |_| runner.open.set(false)>
                {t!(locale, action.cancel)}
            </button>
            <button type="submit" form="confirm" class="button button--danger" disabled=move || !ready()>
                {label}
            </button>
        }
    };
    let body = move || {
        asked().map(|asked| {
            let names = asked.subjects.iter().map(|it| view! { <li>{it.name.clone()}</li> }).collect_view();
            let word = word(&asked);
            view! {
                <p>{(asked.confirm.loses)(locale)}</p>
                <ul class="dialog__names">{names}</ul>
                {asked
                    .confirm
                    .option
                    .map(|text| {
                        view! {
                            <label class="check">
                                <input type="checkbox" bind:checked=chosen />
                                <span>{text(locale)}</span>
                            </label>
                        }
                    })}
                {asked
                    .confirm
                    .typed
                    .then(|| {
                        view! {
                            <label class="field">
                                <span class="field__label">{t!(locale, action.type_to_confirm, word = word)}</span>
                                <input class="input mono" autocomplete="off" spellcheck="false" bind:value=typed />
                            </label>
                        }
                    })}
            }
        })
    };
    view! {
        <Dialog open=runner.open title foot>
            <form
                id="confirm"
                class="form"
                on:submit=move |event| {
                    event.prevent_default();
                    go();
                }
            >
                {body}
            </form>
        </Dialog>
    }
}

/// What must be typed: the name, or how many they are.
fn word(asked: &Asked) -> String {
    match &asked.subjects[..] {
        [one] => one.name.clone(),
        many => many.len().to_string(),
    }
}
