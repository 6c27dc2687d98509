//! Terminals in a container: several side by side, each with its own shell and user, or attached to its first process.

use api::{
    Client,
    container::{Container, ContainerState},
    permission::Permission,
    terminal::{TerminalQuery, attach_path, exec_path},
};
use leptos::prelude::*;

use crate::{
    boot::use_boot,
    components::{
        empty::EmptyState,
        icon::{Icon, IconView},
        terminal::Terminal,
    },
    i18n::{t, use_locale},
    load::Load,
};

const ATTACH: &str = "attach";

/// A terminal that is open.
#[derive(Clone, PartialEq, Eq)]
struct Opened {
    number: u32,
    title: String,
    path: String,
}

/// The terminals of a container.
#[component]
pub fn TerminalTab(
    /// The container.
    container: Signal<Container>,
    /// Its cluster.
    cluster: Signal<String>,
) -> impl IntoView {
    let locale = use_locale();
    let running = Memo::new(move |_| container.with(|it| it.state == ContainerState::Running));
    move || {
        if running.get() {
            view! { <Terminals container cluster /> }.into_any()
        } else {
            let (title, detail) = (t!(locale, terminal.stopped), t!(locale, terminal.stopped_detail));
            view! { <EmptyState icon=Icon::Container title detail /> }.into_any()
        }
    }
}

#[component]
fn Terminals(container: Signal<Container>, cluster: Signal<String>) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let Container { id, project, .. } = container.get_untracked();
    let may_choose = use_boot().allows(project.as_deref(), Permission::OpenTerminalAsOther);
    let shells = Load::new(&[], {
        let id = id.clone();
        move || {
            let (client, cluster, id) = (client.clone(), cluster.get(), id.clone());
            async move { client.list_shells(&cluster, &id).await }
        }
    });
    let (shell, user) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let opened = RwSignal::new(Vec::<Opened>::new());
    let next = StoredValue::new(1_u32);
    let open = move |_| {
        let (cluster, shell, user) = (cluster.get_untracked(), shell.get_untracked(), user.get_untracked());
        let number = next.get_value();
        next.set_value(number + 1);
        let some = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let (title, path) = if shell == ATTACH {
            (t!(locale, terminal.attach).to_owned(), attach_path(&cluster, &id))
        } else {
            let query = TerminalQuery { shell: some(&shell), user: some(&user), ..TerminalQuery::default() };
            let title = some(&shell).unwrap_or_else(|| t!(locale, terminal.best).to_owned());
            (title, exec_path(&cluster, &id).query(&query.to_query()))
        };
        let title = if user.trim().is_empty() { title } else { format!("{} · {title}", user.trim()) };
        opened.update(|all| all.push(Opened { number, title, path: path.as_str().to_owned() }));
    };
    let close = move |number: u32| opened.update(|all| all.retain(|it| it.number != number));
    let options = move |found: Signal<std::sync::Arc<Vec<String>>>| {
        let option = |shell: String| view! { <option value=shell.clone()>{shell.clone()}</option> };
        view! {
            <select
                class="select"
                aria-label=t!(locale, terminal.shell)
                on:change=move |event| shell.set(event_target_value(&event))
            >
                <option value="">{t!(locale, terminal.best)}</option>
                {move || found.get().iter().cloned().map(option).collect_view()}
                <option value=ATTACH>{t!(locale, terminal.attach)}</option>
            </select>
        }
        .into_any()
    };
    view! {
        <div class="stack">
            <div class="row terminal__tools">
                {shells.show_while(|| ().into_any(), options)}
                <input
                    class="input terminal__user"
                    placeholder=t!(locale, terminal.user)
                    aria-label=t!(locale, terminal.user)
                    aria-describedby=(!may_choose).then_some("terminal-user")
                    autocomplete="off"
                    disabled=!may_choose
                    bind:value=user
                />
                <button type="button" class="button button--primary" on:click=open>
                    <IconView icon=Icon::Plus />
                    {t!(locale, terminal.new)}
                </button>
            </div>
            {(!may_choose)
                .then(|| {
                    view! { <p id="terminal-user" class="field__hint">{t!(locale, terminal.user_own)}</p> }
                })}
            <div class="terminals">
                <For
                    each=move || opened.get()
                    key=|it| it.number
                    children=move |it| {
                        view! {
                            <section class="terminals__one" aria-label=it.title.clone()>
                                <header class="row row--spread">
                                    <span class="mono">{it.title.clone()}</span>
                                    <button
                                        type="button"
                                        class="button button--quiet button--small button--icon"
                                        aria-label=t!(locale, action.close)
                                        on:click=move |_| close(it.number)
                                    >
                                        <IconView icon=Icon::Close />
                                    </button>
                                </header>
                                <Terminal path=it.path />
                            </section>
                        }
                    }
                />
            </div>
            {move || opened.with(Vec::is_empty).then(|| view! { <p class="soft">{t!(locale, terminal.hint)}</p> })}
        </div>
    }
}
