//! One project: its members, its robots, what its apps may ask of a host and how much, and what was done.

use std::sync::Arc;

use api::{Client, permission::Permission, project::Project, watch::ChangeKind};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{members::MembersTab, policy::PolicyTab, quota::QuotaTab, robots::RobotsTab};
use crate::{
    boot::use_boot,
    components::{
        header::PageHeader,
        icon::{Icon, IconView},
        tabs::{Tab, Tabs, use_tab},
    },
    i18n::{Locale, t, use_locale},
    load::Load,
    pages::audit::ProjectAudit,
    paths,
};

/// One project.
#[component]
pub fn ProjectPage() -> impl IntoView {
    let client = expect_context::<Client>();
    let params = use_params_map();
    let name = Memo::new(move |_| params.read().get("project").unwrap_or_default());
    let load = Load::new(&[ChangeKind::App], move || {
        let (client, name) = (client.clone(), name.get());
        async move { client.project(&name).await }
    });
    view! { <div class="page">{load.show(move |project| view! { <Shown name project /> }.into_any())}</div> }
}

#[component]
fn Shown(name: Memo<String>, project: Signal<Arc<Project>>) -> impl IntoView {
    let locale = use_locale();
    let boot = StoredValue::new(use_boot());
    let manages = Memo::new(move |_| {
        let name = name.get();
        boot.with_value(|boot| boot.allows(Some(&name), Permission::ManageProject))
    });
    let tab = use_tab(&tabs(locale, true));
    let above = vec![(t!(locale, nav.projects).to_owned(), paths::PROJECTS.to_owned())];
    let apps = Memo::new(move |_| project.read().apps);
    view! {
        <PageHeader title=name above>
            <a class="button" href=move || paths::apps_of(&name.get())>
                <IconView icon=Icon::App />
                {move || t!(locale, projects.show_apps, count = apps.get().to_string())}
            </a>
        </PageHeader>
        {move || view! { <Tabs tabs=tabs(locale, manages.get()) label=t!(locale, projects.parts) /> }}
        {move || match tab.get() {
            "policy" => view! { <PolicyTab project=name /> }.into_any(),
            "quota" => view! { <QuotaTab project=name /> }.into_any(),
            "robots" if manages.get() => view! { <RobotsTab project=name /> }.into_any(),
            "audit" if manages.get() => view! { <ProjectAudit project=name /> }.into_any(),
            _ => view! { <MembersTab project=name manages /> }.into_any(),
        }}
    }
}

/// The tabs; robots and what was done are for those who manage the project.
fn tabs(locale: Locale, manages: bool) -> Vec<Tab> {
    let mut tabs = vec![
        ("members", t!(locale, members.title)),
        ("policy", t!(locale, policy.title)),
        ("quota", t!(locale, quota.title)),
    ];
    if manages {
        tabs.push(("robots", t!(locale, robots.title)));
        tabs.push(("audit", t!(locale, nav.audit)));
    }
    tabs
}
