//! What the apps of a project may ask of a host, and how that is changed.

use std::sync::Arc;

use api::{
    Client, Problem,
    permission::Permission,
    policy::{PolicyRule, ProjectPolicy, SetProjectPolicy},
};
use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    boot::use_boot,
    components::{
        card::Card,
        field::{FieldProblemView, field_problem},
        icon::{Icon, IconView},
        problem::FormProblem,
        toast::use_toasts,
    },
    i18n::{Locale, t, use_locale},
    load::Load,
};

/// A folder in the list that is being edited.
#[derive(Clone, PartialEq, Eq)]
struct Root {
    number: u32,
    path: String,
}

/// The policy of a project.
#[component]
pub(super) fn PolicyTab(project: Memo<String>) -> impl IntoView {
    let client = expect_context::<Client>();
    let load = Load::new(&[], move || {
        let (client, project) = (client.clone(), project.get());
        async move { client.project_policy(&project).await }
    });
    // Another project's policy begins anew, and is saved to no other.
    load.show(move |policy| {
        let form = move || view! { <PolicyForm project=project.get_untracked() policy=policy.get() /> };
        form.into_any()
    })
}

#[component]
fn PolicyForm(project: String, policy: Arc<ProjectPolicy>) -> impl IntoView {
    let locale = use_locale();
    let toasts = use_toasts();
    let client = StoredValue::new(expect_context::<Client>());
    let project = StoredValue::new(project);
    let manages = use_boot().allows(None, Permission::ManagePortal);
    let rules = PolicyRule::ALL.map(|rule| (rule, RwSignal::new(policy.allows(rule))));
    let roots = RwSignal::new(
        (0..).zip(policy.bind_roots.iter().cloned()).map(|(number, path)| Root { number, path }).collect::<Vec<_>>(),
    );
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        roots.update(|all| all.retain(|root| !root.path.trim().is_empty()));
        let set = SetProjectPolicy {
            allowed: rules.iter().filter(|(_, is_on)| is_on.get_untracked()).map(|(rule, _)| *rule).collect(),
            bind_roots: roots.with_untracked(|all| all.iter().map(|root| root.path.trim().to_owned()).collect()),
        };
        let (client, project) = (client.get_value(), project.get_value());
        busy.set(true);
        spawn_local(async move {
            let answer = client.set_project_policy(&project, &set).await;
            busy.set(false);
            match answer {
                Ok(_) => {
                    problem.set(None);
                    toasts.done(t!(locale, policy.saved, project = project));
                }
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    let rule = move |(rule, is_on): (PolicyRule, RwSignal<bool>)| {
        let (name, about) = words(locale, rule);
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    role="switch"
                    name=rule.as_str()
                    disabled=!manages
                    checked=is_on.get_untracked()
                    on:change=move |event| is_on.set(event_target_checked(&event))
                />
                <span>
                    {name} " " <code class="soft">{rule.as_str()}</code>
                    <span class="field__hint check__hint">{about}</span>
                </span>
            </label>
        }
    };
    let save = manages.then(|| {
        view! {
            <div>
                <button type="submit" class="button button--primary" disabled=move || busy.get()>
                    {t!(locale, policy.save)}
                </button>
            </div>
        }
    });
    view! {
        <form class="form" on:submit=submit>
            <p class="soft">{t!(locale, policy.lead)} " " {t!(locale, policy.effect)}</p>
            {(!manages).then(|| view! { <p>{t!(locale, policy.read_only)}</p> })}
            <Card title=t!(locale, policy.rules)>
                <div class="stack">{rules.into_iter().map(rule).collect_view()}</div>
            </Card>
            <Card title=t!(locale, policy.roots)>
                <div class="stack">
                    <p class="field__hint">{t!(locale, policy.roots_hint)}</p>
                    <Roots roots problem manages />
                </div>
            </Card>
            <FormProblem problem />
            {save}
        </form>
    }
}

/// The folders that may be mounted, each with what is wrong with it.
#[component]
fn Roots(roots: RwSignal<Vec<Root>>, problem: RwSignal<Option<Problem>>, manages: bool) -> impl IntoView {
    let locale = use_locale();
    let none = move || roots.with(Vec::is_empty).then(|| view! { <p class="soft">{t!(locale, policy.no_roots)}</p> });
    if !manages {
        let paths = roots.get_untracked().into_iter().map(|root| view! { <li><code>{root.path}</code></li> });
        return view! {
            {none}
            <ul class="stack stack--tight">{paths.collect_view()}</ul>
        }
        .into_any();
    }
    let add = move |_| {
        problem.set(None);
        roots.update(|all| {
            let number = all.iter().map(|root| root.number + 1).max().unwrap_or_default();
            all.push(Root { number, path: String::new() });
        });
    };
    let row = move |Root { number, path }: Root| {
        let place =
            Memo::new(move |_| roots.with(|all| all.iter().position(|root| root.number == number)).unwrap_or_default());
        let shown = move || (place.get() + 1).to_string();
        let wrong = move || field_problem(problem.read().as_ref(), &format!("bind_roots[{}]", place.get()));
        let write = move |event| {
            let path = event_target_value(&event);
            roots.update(|all| {
                if let Some(root) = all.iter_mut().find(|root| root.number == number) {
                    root.path = path;
                }
            });
        };
        let remove = move |_| {
            problem.set(None);
            roots.update(|all| all.retain(|root| root.number != number));
        };
        view! {
            <li class="field">
                <div class="row row--tight">
                    <input
                        class="input mono"
                        aria-label=move || t!(locale, policy.root, number = shown())
                        aria-invalid=move || wrong().is_some().then_some("true")
                        autocomplete="off"
                        spellcheck="false"
                        placeholder="/srv/shop"
                        value=path
                        on:input=write
                    />
                    <button
                        type="button"
                        class="button button--quiet button--small button--icon"
                        aria-label=move || t!(locale, policy.remove_root, number = shown())
                        on:click=remove
                    >
                        <IconView icon=Icon::Close />
                    </button>
                </div>
                {move || wrong().map(|text| view! { <FieldProblemView text /> })}
            </li>
        }
    };
    view! {
        {none}
        <ul class="stack stack--tight">
            <For each=move || roots.get() key=|root| root.number children=row />
        </ul>
        {move || field_problem(problem.read().as_ref(), "bind_roots").map(|text| view! { <FieldProblemView text /> })}
        <div>
            <button type="button" class="button button--small" on:click=add>
                <IconView icon=Icon::Plus />
                {t!(locale, policy.add_root)}
            </button>
        </div>
    }
    .into_any()
}

/// What a rule is called, and what it lets apps have.
fn words(locale: Locale, rule: PolicyRule) -> (&'static str, &'static str) {
    match rule {
        PolicyRule::Privileged => (t!(locale, policy.rule_privileged), t!(locale, policy.about_privileged)),
        PolicyRule::HostNamespaces => {
            (t!(locale, policy.rule_host_namespaces), t!(locale, policy.about_host_namespaces))
        }
        PolicyRule::Devices => (t!(locale, policy.rule_devices), t!(locale, policy.about_devices)),
        PolicyRule::Capabilities => (t!(locale, policy.rule_capabilities), t!(locale, policy.about_capabilities)),
        PolicyRule::Sysctls => (t!(locale, policy.rule_sysctls), t!(locale, policy.about_sysctls)),
        PolicyRule::SecurityOptions => {
            (t!(locale, policy.rule_security_options), t!(locale, policy.about_security_options))
        }
        PolicyRule::BindMounts => (t!(locale, policy.rule_bind_mounts), t!(locale, policy.about_bind_mounts)),
        PolicyRule::Runtimes => (t!(locale, policy.rule_runtimes), t!(locale, policy.about_runtimes)),
        PolicyRule::MemoryKill => (t!(locale, policy.rule_memory_kill), t!(locale, policy.about_memory_kill)),
        PolicyRule::LogDrivers => (t!(locale, policy.rule_log_drivers), t!(locale, policy.about_log_drivers)),
        PolicyRule::VolumeDrivers => (t!(locale, policy.rule_volume_drivers), t!(locale, policy.about_volume_drivers)),
        PolicyRule::NetworkDrivers => {
            (t!(locale, policy.rule_network_drivers), t!(locale, policy.about_network_drivers))
        }
        PolicyRule::ForeignObjects => {
            (t!(locale, policy.rule_foreign_objects), t!(locale, policy.about_foreign_objects))
        }
    }
}
