//! The page that makes an app: from a Compose file, a template or just an image.

use std::collections::BTreeMap;

use api::{
    Client, Problem,
    app::{CreateApp, ImageSource},
    cluster::LOCAL_CLUSTER,
    name::check_name,
    project::DEFAULT_PROJECT,
    template::{Question, Template},
    watch::ChangeKind,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    form::{ComposeEditor, ComposeInput, Variables},
    preview::{LivePreview, PreviewView, live_preview},
};
use crate::{
    browser,
    components::{
        card::Card,
        field::{FieldProblemView, SelectField, TextField},
        header::PageHeader,
        icon::{Icon, IconView},
        problem::FormProblem,
        tabs::{Tabs, use_tab},
    },
    i18n::{Locale, language, t, use_locale},
    load::Load,
    paths,
};

/// Everything that is filled in.
#[derive(Clone, Copy)]
struct Form {
    name: RwSignal<String>,
    project: RwSignal<String>,
    cluster: RwSignal<String>,
    compose: ComposeInput,
    image: RwSignal<String>,
    container_port: RwSignal<String>,
    host_port: RwSignal<String>,
    source: Memo<&'static str>,
}

const COMPOSE: &str = "compose";
const IMAGE: &str = "image";
const TEMPLATE: &str = "template";

impl Form {
    /// The request, or the first thing that is missing.
    fn request(self) -> Option<CreateApp> {
        let name = self.name.get();
        let mut create = CreateApp { name, cluster: self.cluster.get(), ..CreateApp::default() };
        if self.source.get() == IMAGE {
            let image = self.image.get().trim().to_owned();
            if image.is_empty() {
                return None;
            }
            let port = |text: RwSignal<String>| text.get().trim().parse().ok();
            create.image =
                Some(ImageSource { image, container_port: port(self.container_port), host_port: port(self.host_port) });
        } else {
            let text = self.compose.text.get();
            if text.trim().is_empty() {
                return None;
            }
            create.compose = Some(text);
            create.variables = self.compose.given_variables();
            create.files = self.compose.files.get();
        }
        Some(create)
    }
}

/// The page that makes an app.
#[component]
pub fn NewAppPage() -> impl IntoView {
    let locale = use_locale();
    let tabs = vec![
        (COMPOSE, t!(locale, apps.from_compose)),
        (TEMPLATE, t!(locale, apps.from_template)),
        (IMAGE, t!(locale, apps.from_image)),
    ];
    let form = Form {
        name: RwSignal::new(String::new()),
        project: RwSignal::new(DEFAULT_PROJECT.to_owned()),
        cluster: RwSignal::new(LOCAL_CLUSTER.to_owned()),
        compose: ComposeInput::new(String::new(), BTreeMap::new(), BTreeMap::new()),
        image: RwSignal::new(String::new()),
        container_port: RwSignal::new(String::new()),
        host_port: RwSignal::new(String::new()),
        source: use_tab(&tabs),
    };
    let client = expect_context::<Client>();
    let live = live_preview({
        let client = client.clone();
        move || {
            let (client, project, create) = (client.clone(), form.project.get(), form.request()?);
            Some(async move { client.preview_app(&project, &create).await })
        }
    });
    let above = vec![(t!(locale, nav.apps).to_owned(), paths::APPS.to_owned())];
    view! {
        <div class="page">
            <PageHeader title=t!(locale, apps.new).to_owned() above lead=t!(locale, apps.new_lead) />
            <Tabs tabs label=t!(locale, apps.source) />
            <div class="grid grid--wide">
                <div class="stack">
                    <Source form live />
                </div>
                <Submit form live />
            </div>
        </div>
    }
}

#[component]
fn Source(form: Form, live: LivePreview) -> impl IntoView {
    let locale = use_locale();
    move || match form.source.get() {
        IMAGE => view! {
            <Card title=t!(locale, apps.from_image)>
                <div class="form">
                    <TextField
                        name="image"
                        label=t!(locale, apps.image)
                        value=form.image
                        hint=t!(locale, apps.image_hint)
                        placeholder="nginx:1.29"
                        required=true
                    />
                    <TextField
                        name="container_port"
                        label=t!(locale, apps.container_port)
                        value=form.container_port
                        kind="number"
                        hint=t!(locale, apps.container_port_hint)
                        placeholder="80"
                    />
                    <TextField
                        name="host_port"
                        label=t!(locale, apps.host_port)
                        value=form.host_port
                        kind="number"
                        hint=t!(locale, apps.host_port_hint)
                        placeholder="8081"
                    />
                </div>
            </Card>
        }
        .into_any(),
        TEMPLATE => view! { <Templates form live /> }.into_any(),
        _ => view! { <ComposeEditor input=form.compose live /> }.into_any(),
    }
}

/// The catalogue; choosing one fills the Compose file and its variables.
#[component]
fn Templates(form: Form, live: LivePreview) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let load = Load::new(&[] as &[ChangeKind], move || {
        let client = client.clone();
        async move { client.list_templates().await }
    });
    let chosen = RwSignal::new(None::<String>);
    let choose = move |template: &Template| {
        chosen.set(Some(template.id.clone()));
        form.compose.text.set(template.compose.clone());
        let answer = |it: &Question| {
            let offered =
                if it.secret && it.default.is_empty() { browser::random_secret() } else { it.default.clone() };
            (it.variable.clone(), offered)
        };
        form.compose.variables.set(template.questions.iter().map(answer).collect());
        form.compose.questions.set(template.questions.clone());
        form.compose.files.set(BTreeMap::new());
        if form.name.with_untracked(String::is_empty) {
            form.name.set(template.id.clone());
        }
    };
    load.show(move |list| {
        let cards = move || {
            let choose = move |template: Template| {
                let (id, title) = (template.id.clone(), template.title.text(language(locale)));
                let description = template.description.text(language(locale));
                view! {
                    <button
                        type="button"
                        class="choice"
                        aria-pressed=move || (chosen.get().as_ref() == Some(&id)).to_string()
                        on:click=move |_| choose(&template)
                    >
                        <span class="strong">{title}</span>
                        <span class="soft">{description}</span>
                    </button>
                }
            };
            list.get().items.iter().cloned().map(choose).collect_view()
        };
        view! {
            <div class="choices">{cards}</div>
            {move || {
                chosen
                    .get()
                    .map(|_| {
                        view! { <ComposeEditor input=form.compose live /> }
                    })
            }}
        }
        .into_any()
    })
}

/// The rest of the form, what would be done, and the button.
#[component]
fn Submit(form: Form, live: LivePreview) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let (problem, busy) = (RwSignal::new(None::<Problem>), RwSignal::new(false));
    let navigate = use_navigate();
    let name_problem = move || name_problem(locale, &form.name.get());
    let ready = move || live.is_valid() && !busy.get() && check_name(&form.name.get()).is_ok();
    let submit = {
        let client = client.clone();
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            let Some(create) = untrack(|| form.request()) else { return };
            let (client, project, navigate) = (client.clone(), form.project.get_untracked(), navigate.clone());
            busy.set(true);
            spawn_local(async move {
                let answer = client.create_app(&project, &create).await;
                let _ = busy.try_set(false);
                match answer {
                    Ok(created) => {
                        navigate(&paths::operation(&created.operation.to_string()), NavigateOptions::default());
                    }
                    Err(answer) => {
                        let _ = problem.try_set(Some(answer));
                    }
                }
            });
        }
    };
    view! {
        <form class="stack sticky" on:submit=submit>
            <Card title=t!(locale, apps.what_happens)>
                <div class="form">
                    <TextField
                        name="name"
                        label=t!(locale, apps.name)
                        value=form.name
                        hint=t!(locale, apps.name_hint)
                        placeholder="shop"
                        required=true
                        problem=Signal::from(problem)
                    />
                    {move || name_problem().map(|text| view! { <FieldProblemView text /> })}
                    <Place client=client.clone() form />
                    {move || {
                        (form.source.get() != IMAGE).then(|| view! { <Variables input=form.compose live /> })
                    }}
                    <PreviewView live hint=t!(locale, apps.preview_hint) />
                    <FormProblem problem />
                    <button type="submit" class="button button--primary" disabled=move || !ready()>
                        <IconView icon=Icon::Play />
                        {t!(locale, apps.deploy)}
                    </button>
                </div>
            </Card>
        </form>
    }
}

/// What is wrong with a name; nothing while there is none yet.
fn name_problem(locale: Locale, name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    check_name(name).err().map(|message| message.text(language(locale)))
}

/// Project and cluster, where there is a choice.
#[component]
fn Place(client: Client, form: Form) -> impl IntoView {
    let locale = use_locale();
    let load = Load::new(&[ChangeKind::Cluster], move || {
        let client = client.clone();
        async move {
            let (projects, clusters) = (client.list_projects().await?, client.list_clusters().await?);
            let projects: Vec<_> = projects.items.into_iter().map(|it| it.name).collect();
            let clusters: Vec<_> = clusters.items.into_iter().map(|it| it.name).collect();
            Ok((projects, clusters))
        }
    });
    let choice = move |name: &'static str, label: &'static str, value: RwSignal<String>, names: Vec<String>| {
        (names.len() > 1).then(|| {
            let options = names.into_iter().map(|name| (name.clone(), name)).collect();
            view! { <SelectField name label value options /> }
        })
    };
    load.show_while(
        || ().into_any(),
        move |places| {
            let (projects, clusters) = (*places.get_untracked()).clone();
            view! {
                {choice("project", t!(locale, apps.project), form.project, projects)}
                {choice("cluster", t!(locale, apps.cluster), form.cluster, clusters)}
            }
            .into_any()
        },
    )
}
