//! An app's services: how each does, how many copies there are, and how to change that.

use std::sync::Arc;

use api::{
    Client, Problem,
    app::{AppAction, AppDetail, AppState},
    operation::Accepted,
    service::{MAX_REPLICAS, Service},
};
use leptos::{prelude::*, task::spawn_local};

use super::detail::AppName;
use crate::{
    components::{
        action::{Action, ActionItems, Done, Subject},
        card::Card,
        empty::EmptyState,
        facts::{KeyValueList, fact},
        icon::{Icon, IconView},
        menu::{Menu, MenuLink},
        status::{Status, StatusBadge},
        time::{AbsoluteTime, RelativeTime},
        toast::use_toasts,
    },
    format,
    i18n::{Text, language, t, use_locale},
    live::use_live,
    pages::containers::columns::ports_cell,
    paths,
};

/// The services of an app.
#[component]
pub fn ServicesTab(
    /// The app.
    name: AppName,
    /// Its detail.
    detail: Signal<Arc<AppDetail>>,
) -> impl IntoView {
    let locale = use_locale();
    let services = Memo::new(move |_| detail.read().services_detail.clone());
    let busy = Memo::new(move |_| detail.read().app.operation.is_some());
    let rows =
        move || services.get().into_iter().map(|it| view! { <ServiceRow name service=it busy /> }).collect_view();
    let facts = move || {
        let detail = detail.get();
        let app = &detail.app;
        let mut items = Vec::new();
        items.extend(fact(t!(locale, apps.release), format!("#{}", app.release)));
        items.extend(fact(t!(locale, apps.project), app.project.clone()));
        items.extend(fact(t!(locale, apps.cluster), app.cluster.clone()));
        if !app.ports.is_empty() {
            items.push((t!(locale, containers.ports), ports_cell(&app.ports)));
        }
        items.push((t!(locale, common.created), view! { <AbsoluteTime at=app.created_at /> }.into_any()));
        items.push((t!(locale, apps.changed), view! { <RelativeTime at=app.updated_at /> }.into_any()));
        view! { <KeyValueList items /> }
    };
    let warnings = Memo::new(move |_| detail.read().warnings.clone());
    view! {
        <div class="grid grid--wide">
            <Card title=t!(locale, apps.services) flush=true>
                {move || {
                    services
                        .with(Vec::is_empty)
                        .then(|| {
                            view! {
                                <EmptyState
                                    icon=Icon::App
                                    title=t!(locale, apps.no_services)
                                    detail=t!(locale, apps.no_services_detail)
                                />
                            }
                        })
                }}
                <div class="resource__scroll">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">{t!(locale, apps.service)}</th>
                                <th scope="col">{t!(locale, apps.state)}</th>
                                <th scope="col" class="num">{t!(locale, apps.copies)}</th>
                                <th scope="col" class="mid">{t!(locale, containers.image)}</th>
                                <th scope="col" class="mid">{t!(locale, containers.ports)}</th>
                                <th scope="col">
                                    <span class="visually-hidden">{t!(locale, table.actions)}</span>
                                </th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </Card>
            <div class="stack">
                <Card title=t!(locale, operations.about)>{facts}</Card>
                {move || {
                    warnings
                        .with(|all| !all.is_empty())
                        .then(|| {
                            let item = move |it: api::app::ComposeDiagnostic| {
                                view! {
                                    <li class="finding finding--warn">
                                        <IconView icon=Icon::Warn />
                                        <div>
                                            <p>{it.message.text(language(locale))}</p>
                                            <p class="soft">
                                                <code>{it.path}</code>
                                            </p>
                                        </div>
                                    </li>
                                }
                            };
                            let items = warnings.get().into_iter().map(item).collect_view();
                            view! {
                                <Card title=t!(locale, apps.warnings)>
                                    <ul class="findings">{items}</ul>
                                </Card>
                            }
                        })
                }}
            </div>
        </div>
    }
}

#[component]
fn ServiceRow(name: AppName, service: Service, busy: Memo<bool>) -> impl IntoView {
    let locale = use_locale();
    let reason = service.reason.as_ref().map(|reason| reason.text(language(locale)));
    let (project, app) = name.get_untracked();
    let containers = format!("{}?tab=containers&service={}", paths::app(&project, &app), service.name);
    let log = format!("{}?tab=logs&service={}", paths::app(&project, &app), service.name);
    let digest = service.digest.clone().map(|digest| {
        let short = format::short_id(&digest);
        view! { <span class="soft mono cut" title=digest>{short}</span> }
    });
    let actions = service_actions(expect_context::<Client>(), name);
    let subject = Subject::new(service.name.clone(), Arc::new(service.clone()));
    view! {
        <tr>
            <td class="lead">
                <a href=containers>{service.name.clone()}</a>
            </td>
            <td>
                <StatusBadge status=Status::of_app(locale, service.state) />
                {reason.map(|reason| view! { <p class="soft">{reason}</p> })}
            </td>
            <td class="num">
                <Replicas name service=service.clone() busy />
            </td>
            <td class="mid">
                <span class="mono cut">{service.image.clone()}</span>
                {digest}
            </td>
            <td class="mid">{ports_cell(&service.ports)}</td>
            <td class="num">
                <Menu label=t!(locale, table.actions).to_owned()>
                    <MenuLink href=log.clone() text=t!(locale, logs.title) icon=Icon::Logs />
                    <ActionItems actions=actions.clone() subject=subject.clone() />
                </Menu>
            </td>
        </tr>
    }
}

/// The number of copies with buttons for one more and one less.
#[component]
fn Replicas(name: AppName, service: Service, busy: Memo<bool>) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let (toasts, live) = (use_toasts(), use_live());
    let wanted = service.replicas_desired;
    let at_most = wanted >= MAX_REPLICAS;
    let scale = {
        let service = service.name.clone();
        move |replicas: u32| {
            let (client, service, (project, app)) = (client.clone(), service.clone(), name.get_untracked());
            let label = t!(locale, apps.scale);
            spawn_local(async move {
                match client.scale_service(&project, &app, &service, replicas).await {
                    Ok(Accepted { operation }) => {
                        let href = paths::operation(&operation.to_string());
                        toasts.started(t!(locale, action.started, action = label, name = service), href);
                    }
                    Err(problem) => {
                        toasts.failed(t!(locale, action.failed, action = label, name = service), &problem);
                    }
                }
                live.refetch_all();
            });
        }
    };
    let (less, more) = (scale.clone(), scale);
    view! {
        <span class="stepper">
            <button
                type="button"
                class="button button--quiet button--small button--icon"
                aria-label=t!(locale, apps.one_less, service = service.name.clone())
                disabled=move || busy.get() || wanted == 0
                on:click=move |_| less(wanted.saturating_sub(1))
            >
                "−"
            </button>
            <span class="numeric">{format!("{} / {wanted}", service.replicas_ready)}</span>
            <button
                type="button"
                class="button button--quiet button--small button--icon"
                aria-label=t!(locale, apps.one_more, service = service.name.clone())
                disabled=move || busy.get() || at_most
                on:click=move |_| more(wanted + 1)
            >
                "+"
            </button>
        </span>
    }
}

fn service_actions(client: Client, name: AppName) -> Vec<Action> {
    let act = |action: AppAction, label: Text, icon: Icon, fits: fn(&Service) -> bool| {
        let client = client.clone();
        Action::new(label, icon, move |service: Arc<Service>, _| {
            let (client, (project, app)) = (client.clone(), name.get_untracked());
            async move {
                let accepted = client.act_on_service(&project, &app, &service.name, action).await?;
                Ok::<_, Problem>(Done::Started(accepted.operation))
            }
        })
        .fits(fits)
    };
    vec![
        act(AppAction::Restart, |l| t!(l, action.restart), Icon::Restart, |it| it.state != AppState::Stopped),
        act(AppAction::Stop, |l| t!(l, action.stop), Icon::Stop, |it| it.state != AppState::Stopped),
        act(AppAction::Start, |l| t!(l, action.start), Icon::Play, |it| it.state == AppState::Stopped),
    ]
}
