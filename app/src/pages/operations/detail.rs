//! One operation: its facts and its timeline.

use std::str::FromStr;

use api::{Client, Message, Problem, Ulid, operation::Operation, watch::ChangeKind};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::timeline::{Outcome, Timeline, follow};
use crate::{
    components::{
        action::{Action, ActionButtons, Confirm, Done, Subject},
        card::Card,
        facts::{KeyValueList, fact},
        header::PageHeader,
        icon::Icon,
        operation::operation_title,
        status::{Status, StatusPill},
        time::{AbsoluteTime, Took},
    },
    i18n::{t, use_locale},
    load::Load,
    paths,
};

/// One operation.
#[component]
pub fn OperationPage() -> impl IntoView {
    let client = expect_context::<Client>();
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let load = Load::new(&[ChangeKind::Operation], {
        let client = client.clone();
        move || {
            let (client, id) = (client.clone(), id.get());
            async move {
                let missing = || Problem::new(404, "not-found", Message::new("problem.not-found.title"));
                client.get_operation(Ulid::from_str(&id).map_err(|_| missing())?).await
            }
        }
    });
    view! {
        <div class="page">
            {load
                .show(move |loaded| {
                    let operation = follow(&loaded.get_untracked());
                    // The log of an operation that was over when the page opened does not move; a refetch still tells.
                    Effect::new(move |_| {
                        let loaded = loaded.get();
                        if loaded.state.is_final() && operation.with_untracked(|it| !it.state.is_final()) {
                            operation.set((*loaded).clone());
                        }
                    });
                    view! { <OperationView operation /> }.into_any()
                })}
        </div>
    }
}

#[component]
fn OperationView(operation: RwSignal<Operation>) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let first = operation.get_untracked();
    let title = operation_title(locale, &first);
    let state = Memo::new(move |_| operation.with(|it| it.state));
    let cancel = Action::new(
        |l| t!(l, operations.cancel),
        Icon::Stop,
        move |it: std::sync::Arc<Operation>, _| {
            let client = client.clone();
            async move {
                client.cancel_operation(it.id).await?;
                Ok(Done::Now)
            }
        },
    )
    .confirm(Confirm {
        question: |l| t!(l, operations.cancel_question),
        loses: |l| t!(l, operations.cancel_loses),
        option: None,
        typed: false,
    })
    .fits(|it: &Operation| !it.state.is_final());
    let subjects = Signal::derive(move || {
        let operation = operation.get();
        if operation.state.is_final() {
            Vec::new()
        } else {
            vec![Subject::new(operation.target.clone(), std::sync::Arc::new(operation))]
        }
    });
    let badge = move || view! { <StatusPill status=Status::of_operation(locale, state.get()) /> };
    let app_link = first.project.clone().zip(first.app.clone());
    let above = vec![(t!(locale, nav.operations).to_owned(), paths::OPERATIONS.to_owned())];
    let facts = move || {
        let operation = operation.get();
        let mut items = Vec::new();
        if let Some((project, app)) = app_link.clone() {
            let href = paths::app(&project, &app);
            items.push((t!(locale, containers.app), view! { <a href=href>{app}</a> }.into_any()));
        }
        items.extend(operation.release.and_then(|number| fact(t!(locale, apps.release), format!("#{number}"))));
        items.extend(fact(t!(locale, apps.cluster), operation.cluster.clone()));
        items.extend(fact(t!(locale, operations.by), operation.created_by.clone()));
        items.push((t!(locale, operations.asked), view! { <AbsoluteTime at=operation.created_at /> }.into_any()));
        if let Some(from) = operation.started_at {
            let took = view! { <Took from to=operation.finished_at /> };
            items.push((t!(locale, operations.took), took.into_any()));
        }
        view! { <KeyValueList items /> }
    };
    view! {
        <PageHeader title above badge=badge.into_any()>
            <ActionButtons actions=vec![cancel] subjects />
        </PageHeader>
        <Outcome operation />
        <div class="grid grid--wide">
            <Card title=t!(locale, operations.steps)>
                <Timeline operation />
            </Card>
            <Card title=t!(locale, operations.about)>{facts}</Card>
        </div>
    }
}
