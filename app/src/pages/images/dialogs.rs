//! Pulling an image, giving it a name, removing unused ones.

use api::{
    Client, Problem,
    image::{PruneImages, PullImage, TagImage},
};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    components::{
        dialog::{Dialog, FormFoot},
        field::{CheckField, TextField},
        problem::FormProblem,
        toast::use_toasts,
    },
    i18n::{t, use_locale},
    live::use_live,
    paths,
};

/// Pulls an image; leads to the operation.
#[component]
pub(super) fn PullDialog(open: RwSignal<bool>, cluster: Signal<String>) -> impl IntoView {
    let locale = use_locale();
    let client = StoredValue::new(expect_context::<Client>());
    let navigate = StoredValue::new(use_navigate());
    let (image, busy, problem) = (RwSignal::new(String::new()), RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (client, cluster) = (client.get_value(), cluster.get_untracked());
        let pull = PullImage { image: image.get_untracked().trim().to_owned() };
        busy.set(true);
        spawn_local(async move {
            let answer = client.pull_image(&cluster, &pull).await;
            busy.set(false);
            match answer {
                Ok(accepted) => {
                    open.set(false);
                    let href = paths::operation(&accepted.operation.to_string());
                    navigate.with_value(|go| go(&href, NavigateOptions::default()));
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    let title = Signal::stored(t!(locale, images.pull).to_owned());
    let foot = move || view! { <FormFoot open form="pull" label=t!(locale, images.pull_submit) busy /> };
    view! {
        <Dialog open title foot>
            <form id="pull" class="form" on:submit=submit>
                <FormProblem problem />
                <TextField
                    name="image"
                    label=t!(locale, images.reference)
                    value=image
                    hint=t!(locale, images.reference_hint)
                    placeholder="nginx:1.29"
                    required=true
                    autofocus=true
                    problem=Signal::from(problem)
                />
            </form>
        </Dialog>
    }
}

/// Gives an image one more name.
#[component]
pub(super) fn TagDialog(open: RwSignal<bool>, cluster: Signal<String>, id: Signal<String>) -> impl IntoView {
    let locale = use_locale();
    let (toasts, live) = (use_toasts(), use_live());
    let client = StoredValue::new(expect_context::<Client>());
    let (tag, busy, problem) = (RwSignal::new(String::new()), RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (client, cluster, id) = (client.get_value(), cluster.get_untracked(), id.get_untracked());
        let wanted = TagImage { tag: tag.get_untracked().trim().to_owned() };
        busy.set(true);
        spawn_local(async move {
            let answer = client.tag_image(&cluster, &id, &wanted).await;
            busy.set(false);
            match answer {
                Ok(()) => {
                    open.set(false);
                    toasts.done(t!(locale, images.tagged, tag = wanted.tag));
                    live.refetch_all();
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    let title = Signal::stored(t!(locale, images.tag).to_owned());
    let foot = move || view! { <FormFoot open form="tag" label=t!(locale, images.tag) busy /> };
    view! {
        <Dialog open title foot>
            <form id="tag" class="form" on:submit=submit>
                <FormProblem problem />
                <TextField
                    name="tag"
                    label=t!(locale, images.new_name)
                    value=tag
                    hint=t!(locale, images.new_name_hint)
                    placeholder="team/web:1.4"
                    required=true
                    autofocus=true
                    problem=Signal::from(problem)
                />
            </form>
        </Dialog>
    }
}

/// Removes unused images; an operation does it.
#[component]
pub(super) fn PruneDialog(open: RwSignal<bool>, cluster: Signal<String>) -> impl IntoView {
    let locale = use_locale();
    let toasts = use_toasts();
    let client = StoredValue::new(expect_context::<Client>());
    let (all, busy, problem) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (client, cluster) = (client.get_value(), cluster.get_untracked());
        let prune = PruneImages { all: all.get_untracked() };
        busy.set(true);
        spawn_local(async move {
            let answer = client.prune_images(&cluster, &prune).await;
            busy.set(false);
            match answer {
                Ok(accepted) => {
                    open.set(false);
                    let href = paths::operation(&accepted.operation.to_string());
                    toasts.started(t!(locale, images.prune_started), href);
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    let title = Signal::stored(t!(locale, images.prune).to_owned());
    let foot = move || view! { <FormFoot open form="prune" label=t!(locale, images.prune_submit) busy /> };
    view! {
        <Dialog open title foot>
            <form id="prune" class="form" on:submit=submit>
                <FormProblem problem />
                <p>{t!(locale, images.prune_loses)}</p>
                <CheckField label=t!(locale, images.prune_all) value=all hint=t!(locale, images.prune_all_hint) />
            </form>
        </Dialog>
    }
}
