//! An app's Compose file, and how to change it.

use std::{collections::BTreeMap, sync::Arc};

use api::{
    Client, Problem,
    app::{AppDetail, UpdateApp},
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    detail::AppName,
    form::{ComposeEditor, ComposeInput, Variables},
    preview::{PreviewView, live_preview},
};
use crate::{
    components::{
        card::Card,
        field::CheckField,
        icon::{Icon, IconView},
        problem::FormProblem,
    },
    i18n::{t, use_locale},
    paths,
};

/// The Compose file with what a change of it would do.
#[component]
pub fn ComposeTab(
    /// The app.
    name: AppName,
    /// Its detail.
    detail: Signal<Arc<AppDetail>>,
) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let start = detail.get_untracked();
    let input = ComposeInput::new(start.compose.clone(), start.variables.clone(), start.files.clone());
    let based_on = RwSignal::new(start.app.release);
    let pull = RwSignal::new(false);
    let newer = Memo::new(move |_| detail.read().app.release > based_on.get());
    let request = move || UpdateApp {
        compose: input.text.get(),
        variables: input.given_variables(),
        files: input.files.get(),
        based_on: Some(based_on.get()),
        pull: pull.get(),
    };
    let live = live_preview({
        let client = client.clone();
        move || {
            let (client, (project, app), update) = (client.clone(), name.get(), request());
            Some(async move { client.preview_update(&project, &app, &update).await })
        }
    });
    let (problem, busy) = (RwSignal::new(None::<Problem>), RwSignal::new(false));
    let navigate = use_navigate();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (client, (project, app), update) = (client.clone(), name.get_untracked(), untrack(request));
        let navigate = navigate.clone();
        busy.set(true);
        spawn_local(async move {
            let answer = client.update_app(&project, &app, &update).await;
            let _ = busy.try_set(false);
            match answer {
                Ok(accepted) => {
                    navigate(&paths::operation(&accepted.operation.to_string()), NavigateOptions::default());
                }
                Err(answer) => {
                    let _ = problem.try_set(Some(answer));
                }
            }
        });
    };
    let take_newer = move |_| {
        let detail = detail.get_untracked();
        input.text.set(detail.compose.clone());
        input.variables.set(BTreeMap::clone(&detail.variables));
        input.files.set(BTreeMap::clone(&detail.files));
        based_on.set(detail.app.release);
    };
    view! {
        <div class="grid grid--wide">
            <div class="stack">
                {move || {
                    newer
                        .get()
                        .then(|| {
                            view! {
                                <div class="notice notice--warn">
                                    <IconView icon=Icon::Warn />
                                    <div class="notice__body">
                                        <p>{t!(locale, apps.newer_release)}</p>
                                    </div>
                                    <button type="button" class="button button--small" on:click=take_newer>
                                        {t!(locale, apps.take_newer)}
                                    </button>
                                </div>
                            }
                        })
                }} <ComposeEditor input live />
            </div>
            <form class="stack sticky" on:submit=submit>
                <Card title=t!(locale, apps.what_happens)>
                    <div class="form">
                        <Variables input live />
                        <PreviewView live hint=t!(locale, apps.preview_hint) />
                        <CheckField label=t!(locale, apps.pull) value=pull hint=t!(locale, apps.pull_hint) />
                        <FormProblem problem />
                        <button
                            type="submit"
                            class="button button--primary"
                            disabled=move || busy.get() || !live.is_valid() || newer.get()
                        >
                            <IconView icon=Icon::Play />
                            {t!(locale, apps.deploy_release)}
                        </button>
                    </div>
                </Card>
            </form>
        </div>
    }
}
