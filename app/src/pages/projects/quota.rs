//! How much the apps of a project may ask for together, how much they do, and how that is changed.

use api::{
    Client, FieldProblem, Message, Problem,
    permission::Permission,
    quota::{MAX_CPUS, PortRange, ProjectQuota, Quota, read_range, read_size, size_text},
    watch::ChangeKind,
};
use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    boot::use_boot,
    components::{
        card::Card,
        facts::{KeyValueList, fact},
        field::{CheckField, LinesField, TextField},
        problem::FormProblem,
        progress::ProgressBar,
        toast::use_toasts,
    },
    format,
    i18n::{Locale, language, t, use_locale},
    load::Load,
};

/// The quota of a project and what is used of it.
#[component]
pub(super) fn QuotaTab(project: Memo<String>) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let manages = use_boot().allows(None, Permission::ManagePortal);
    let load = Load::new(&[ChangeKind::App], move || {
        let (client, project) = (client.clone(), project.get());
        async move { client.project_quota(&project).await }
    });
    let saved = Callback::new(move |()| load.again());
    load.show(move |loaded| {
        // What is used changes all the time; the form begins anew only with another quota or project.
        let quota = Memo::new(move |_| (project.get(), loaded.read().quota.clone()));
        let limits = move || {
            let (project, quota) = quota.get();
            if manages {
                view! { <QuotaForm project quota saved /> }.into_any()
            } else {
                view! { <Granted quota /> }.into_any()
            }
        };
        view! {
            <div class="stack">
                <p class="soft">{t!(locale, quota.lead)} " " {t!(locale, quota.effect)}</p>
                <Card title=t!(locale, quota.usage)>
                    <div class="stack">
                        {move || bars(locale, &loaded.read())} <p class="field__hint">{t!(locale, quota.apps_hint)}</p>
                    </div>
                </Card>
                {limits}
            </div>
        }
        .into_any()
    })
}

/// What is used, and where there is a limit that and the share of it in percent.
type Amount = (String, Option<(String, f32)>);

/// What is used of each limit.
fn bars(locale: Locale, loaded: &ProjectQuota) -> impl IntoView + use<> {
    let ProjectQuota { quota, usage } = loaded;
    let count = |used: u64, limit: Option<u64>, text: fn(u64) -> String| {
        (text(used), limit.map(|limit| (text(limit), share(used, limit))))
    };
    let cpus = quota.cpus.map(|limit| (limit.to_string(), share(milli(usage.cpus), milli(limit))));
    let rows = [
        (t!(locale, quota.cpus), (usage.cpus.to_string(), cpus)),
        (t!(locale, quota.memory), count(usage.memory_bytes, quota.memory_bytes, format::bytes)),
        (t!(locale, quota.containers), count(usage.containers, quota.containers, number)),
        (t!(locale, quota.volumes), count(usage.volumes, quota.volumes, number)),
    ];
    let row = move |(name, (used, limit)): (&'static str, Amount)| {
        let (text, percent) = match limit {
            Some((limit, percent)) => (t!(locale, quota.of_limit, used = used, limit = limit), Some(percent)),
            None => (t!(locale, quota.no_limit, used = used), None),
        };
        let bar = percent.map(|percent| {
            view! { <ProgressBar label=name percent=Signal::stored(Some(percent)) fills_up=true /> }
        });
        view! {
            <div class="stack stack--tight">
                <div class="spread">
                    <span>{name}</span>
                    <span class="numeric">{text}</span>
                </div>
                {bar}
            </div>
        }
    };
    rows.into_iter().map(row).collect_view()
}

/// In percent; more than nothing of nothing is all.
fn share(used: u64, limit: u64) -> f32 {
    if limit == 0 && used > 0 { 100.0 } else { format::share(used, limit) }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no quota and no usage is negative")]
fn milli(cpus: f64) -> u64 {
    (cpus * 1_000.0).round() as u64
}

fn number(count: u64) -> String {
    count.to_string()
}

/// What is granted beside the amounts, for those who may not change it.
#[component]
fn Granted(quota: Quota) -> impl IntoView {
    let locale = use_locale();
    let ports = if quota.ports.is_empty() {
        t!(locale, quota.any_port).to_owned()
    } else {
        quota.ports.iter().map(PortRange::to_string).collect::<Vec<_>>().join(", ")
    };
    let clusters = match quota.clusters {
        None => t!(locale, quota.any_cluster).to_owned(),
        Some(clusters) if clusters.is_empty() => t!(locale, quota.no_cluster).to_owned(),
        Some(clusters) => clusters.join(", "),
    };
    let granted = [fact(t!(locale, quota.ports), ports), fact(t!(locale, quota.clusters), clusters)];
    view! {
        <Card title=t!(locale, quota.limits)>
            <div class="stack">
                <KeyValueList items=granted.into_iter().flatten().collect() />
                <p>{t!(locale, quota.read_only)}</p>
            </div>
        </Card>
    }
}

/// What is written in the form.
#[derive(Clone, Copy)]
struct Written {
    cpus: RwSignal<String>,
    memory: RwSignal<String>,
    containers: RwSignal<String>,
    volumes: RwSignal<String>,
    ports: RwSignal<String>,
    only_some: RwSignal<bool>,
    clusters: RwSignal<String>,
}

impl Written {
    fn new(quota: Quota) -> Self {
        let count = |limit: Option<u64>| RwSignal::new(limit.map(number).unwrap_or_default());
        Self {
            cpus: RwSignal::new(quota.cpus.map(|cpus| cpus.to_string()).unwrap_or_default()),
            memory: RwSignal::new(quota.memory_bytes.map(size_text).unwrap_or_default()),
            containers: count(quota.containers),
            volumes: count(quota.volumes),
            ports: RwSignal::new(quota.ports.iter().map(PortRange::to_string).collect::<Vec<_>>().join("\n")),
            only_some: RwSignal::new(quota.clusters.is_some()),
            clusters: RwSignal::new(quota.clusters.unwrap_or_default().join("\n")),
        }
    }

    /// The quota, or what is wrong with which field.
    fn read(self) -> Result<Quota, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let cpus = optional(self.cpus, "cpus", &mut problems, |text| {
            let cpus = text.parse::<f64>().ok().filter(|cpus| (0.0..=MAX_CPUS).contains(cpus));
            cpus.ok_or_else(|| Message::new("quota.cpus").with("limit", MAX_CPUS))
        });
        let memory_bytes = optional(self.memory, "memory_bytes", &mut problems, read_size);
        let containers = optional(self.containers, "containers", &mut problems, read_number);
        let volumes = optional(self.volumes, "volumes", &mut problems, read_number);
        let mut ports = Vec::new();
        for (place, line) in lines(self.ports).iter().enumerate() {
            match read_range(line) {
                Ok(range) => ports.push(range),
                Err(message) => problems.push(FieldProblem::new(format!("ports[{place}]"), message)),
            }
        }
        let clusters = self.only_some.get_untracked().then(|| lines(self.clusters));
        let quota = Quota { cpus, memory_bytes, containers, volumes, ports, clusters };
        if problems.is_empty() { Ok(quota) } else { Err(problems) }
    }
}

/// What stands in a field; nothing where it is empty or wrong.
fn optional<T>(
    text: RwSignal<String>,
    field: &str,
    problems: &mut Vec<FieldProblem>,
    read: impl Fn(&str) -> Result<T, Message>,
) -> Option<T> {
    let text = text.get_untracked();
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    read(text).map_err(|message| problems.push(FieldProblem::new(field, message))).ok()
}

fn read_number(text: &str) -> Result<u64, Message> {
    text.parse().map_err(|_| Message::new("quota.number").with("text", text))
}

fn lines(text: RwSignal<String>) -> Vec<String> {
    let text = text.get_untracked();
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[component]
fn QuotaForm(project: String, quota: Quota, saved: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let toasts = use_toasts();
    let client = StoredValue::new(expect_context::<Client>());
    let project = StoredValue::new(project);
    let written = Written::new(quota);
    let (busy, wrong) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let problem = Signal::from(wrong);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let quota = match written.read() {
            Ok(quota) => quota,
            Err(fields) => {
                let invalid = Problem::new(400, "invalid", Message::new("problem.invalid.detail"));
                return wrong.set(Some(invalid.with_fields(fields).localized(language(locale))));
            }
        };
        let (client, project) = (client.get_value(), project.get_value());
        busy.set(true);
        spawn_local(async move {
            let answer = client.set_project_quota(&project, &quota).await;
            // Saved, the form may be another one.
            let _ = busy.try_set(false);
            match answer {
                Ok(_) => {
                    let _ = wrong.try_set(None);
                    toasts.done(t!(locale, quota.saved, project = project));
                    let _ = saved.try_run(());
                }
                Err(error) => drop(wrong.try_set(Some(error))),
            }
        });
    };
    view! {
        <form class="form" on:submit=submit>
            <Card title=t!(locale, quota.limits)>
                <div class="stack">
                    <TextField
                        name="cpus"
                        label=t!(locale, quota.cpus)
                        value=written.cpus
                        hint=t!(locale, quota.cpus_hint)
                        problem
                    />
                    <TextField
                        name="memory_bytes"
                        label=t!(locale, quota.memory)
                        value=written.memory
                        hint=t!(locale, quota.memory_hint)
                        problem
                    />
                    <TextField
                        name="containers"
                        label=t!(locale, quota.containers)
                        value=written.containers
                        hint=t!(locale, quota.empty_hint)
                        problem
                    />
                    <TextField
                        name="volumes"
                        label=t!(locale, quota.volumes)
                        value=written.volumes
                        hint=t!(locale, quota.empty_hint)
                        problem
                    />
                    <LinesField
                        name="ports"
                        label=t!(locale, quota.ports)
                        value=written.ports
                        hint=t!(locale, quota.ports_hint)
                        problem
                    />
                    <CheckField label=t!(locale, quota.only_clusters) value=written.only_some />
                    {move || {
                        written
                            .only_some
                            .get()
                            .then(|| {
                                view! {
                                    <LinesField
                                        name="clusters"
                                        label=t!(locale, quota.clusters)
                                        value=written.clusters
                                        hint=t!(locale, quota.clusters_hint)
                                        problem
                                    />
                                }
                            })
                    }}
                </div>
            </Card>
            <FormProblem problem />
            <div>
                <button type="submit" class="button button--primary" disabled=move || busy.get()>
                    {t!(locale, quota.save)}
                </button>
            </div>
        </form>
    }
}
