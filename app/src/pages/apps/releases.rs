//! An app's releases: what ran when, how two differ, and the way back.

use std::sync::Arc;

use api::{
    Client, Problem,
    release::{Comparison, DiffSide, Release, ReleaseState},
    watch::ChangeKind,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{detail::AppName, preview::changes_view};
use crate::{
    components::{
        action::{Action, Confirm, Done},
        card::Card,
        icon::Icon,
        status::{Badge, Tone},
        table::{Column, Empty, ResourceTable, use_list_state},
        time::RelativeTime,
    },
    i18n::{Locale, t, use_locale},
    load::Load,
};

/// The releases, and a comparison where the address names two.
#[component]
pub fn ReleasesTab(
    /// The app.
    name: AppName,
) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let state = use_list_state(&[]);
    let query = use_query_map();
    let number = move |name: &'static str| query.read().get(name).and_then(|text| text.parse::<u32>().ok());
    let compared = Memo::new(move |_| number("from").zip(number("to")));
    let load = Load::new(&[ChangeKind::App, ChangeKind::Operation], {
        let client = client.clone();
        move || {
            let (client, (project, app), query) = (client.clone(), name.get(), state.get().to_list_query());
            async move { client.list_releases(&project, &app, &query).await }
        }
    });
    let table = ResourceTable::new("releases", columns(locale), EMPTY).actions(vec![roll_back(client, name)]);
    view! {
        <div class="stack">
            {move || compared.get().map(|(from, to)| view! { <ComparisonCard name from to /> })}
            {table.show(load, state, |it| it.number.to_string(), |it| format!("#{}", it.number))}
        </div>
    }
}

const EMPTY: Empty = Empty {
    icon: Icon::Tag,
    title: |l| t!(l, apps.no_releases),
    detail: |l| t!(l, apps.no_releases_detail),
    link: None,
};

fn roll_back(client: Client, name: AppName) -> Action {
    Action::new(
        |l| t!(l, apps.roll_back),
        Icon::Restart,
        move |release: Arc<Release>, _| {
            let (client, (project, app)) = (client.clone(), name.get_untracked());
            async move {
                let accepted = client.roll_back_app(&project, &app, release.number).await?;
                Ok::<_, Problem>(Done::Started(accepted.operation))
            }
        },
    )
    .fits(|it: &Release| matches!(it.state, ReleaseState::Superseded | ReleaseState::Failed))
    .confirm(Confirm {
        question: |l| t!(l, apps.roll_back_question),
        loses: |l| t!(l, apps.roll_back_loses),
        option: None,
        typed: false,
    })
}

fn columns(locale: Locale) -> Vec<Column> {
    vec![
        Column::new(
            "number",
            |l| t!(l, apps.release),
            move |it: &Release| {
                let origin = it
                    .rollback_of
                    .map(|number| t!(locale, apps.rollback_of, number = number.to_string()))
                    .map(|text| view! { <span class="soft">" "{text}</span> });
                view! {
                    <span class="strong">{format!("#{}", it.number)}</span>
                    {origin}
                }
                .into_any()
            },
        )
        .unsorted()
        .lead(),
        Column::new(
            "state",
            |l| t!(l, apps.state),
            move |it: &Release| {
                let (tone, word) = match it.state {
                    ReleaseState::Deploying => (Tone::Progress, t!(locale, apps.release_deploying)),
                    ReleaseState::Current => (Tone::Ok, t!(locale, apps.release_current)),
                    ReleaseState::Superseded => (Tone::Off, t!(locale, apps.release_superseded)),
                    ReleaseState::Failed => (Tone::Bad, t!(locale, apps.release_failed)),
                };
                view! { <Badge tone word /> }.into_any()
            },
        )
        .unsorted(),
        Column::new(
            "images",
            |l| t!(l, containers.image),
            |it: &Release| {
                let image = |(service, image): (&String, &String)| {
                    view! {
                        <div class="cut mono" title=image.clone()>
                            <span class="soft">{format!("{service}: ")}</span>
                            {image.clone()}
                        </div>
                    }
                };
                it.images.iter().map(image).collect_view().into_any()
            },
        )
        .unsorted()
        .mid(),
        Column::new("created_by", |l| t!(l, operations.by), |it: &Release| it.created_by.clone().into_any())
            .unsorted()
            .mid(),
        Column::new(
            "created_at",
            |l| t!(l, common.created),
            |it: &Release| view! { <RelativeTime at=it.created_at /> }.into_any(),
        )
        .unsorted(),
        Column::new(
            "compare",
            |l| t!(l, apps.compare),
            move |it: &Release| {
                (it.number > 1)
                    .then(|| {
                        let (from, to) = (it.number - 1, it.number);
                        let text = t!(locale, apps.compare_with, number = from.to_string());
                        view! { <a href=format!("?tab=releases&from={from}&to={to}")>{text}</a> }
                    })
                    .into_any()
            },
        )
        .unsorted()
        .low(),
    ]
}

#[component]
fn ComparisonCard(name: AppName, from: u32, to: u32) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let load = Load::new(&[], move || {
        let (client, (project, app)) = (client.clone(), name.get());
        async move { client.compare_releases(&project, &app, from, to).await }
    });
    let title = t!(locale, apps.comparison, from = from.to_string(), to = to.to_string());
    let close =
        view! { <a class="button button--small" href="?tab=releases">{t!(locale, action.close)}</a> }.into_any();
    view! {
        <Card title tools=close>
            {load.show(move |comparison| view! { {move || comparison_view(locale, &comparison.get())} }.into_any())}
        </Card>
    }
}

fn comparison_view(locale: Locale, comparison: &Comparison) -> AnyView {
    let line = |it: &api::release::DiffLine| {
        let (class, sign) = match it.side {
            DiffSide::Both => ("diff__line", " "),
            DiffSide::Removed => ("diff__line diff__line--removed", "−"),
            DiffSide::Added => ("diff__line diff__line--added", "+"),
        };
        view! { <div class=class><span class="diff__sign">{sign}</span>{it.text.clone()}</div> }
    };
    view! {
        {changes_view(locale, &comparison.changes)}
        <div class="diff mono" tabindex="0" role="region" aria-label=t!(locale, apps.compose)>
            {comparison.lines.iter().map(line).collect_view()}
        </div>
    }
    .into_any()
}
