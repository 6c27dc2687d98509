//! Status: a word, a colour and a shape, so that it can be read without any one of them.

use api::{
    app::AppState,
    audit::{AuditForwarding, AuditResult},
    cluster::ConnectionState,
    container::{Container, ContainerState, Health},
    operation::{OperationState, StepState},
    provider::Trial,
    user::UserState,
};
use leptos::prelude::*;

use super::icon::{Icon, IconView};
use crate::i18n::{Locale, t, use_locale};

/// What a status means to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Good.
    Ok,
    /// Look at it.
    Warn,
    /// Wrong.
    Bad,
    /// Being changed.
    Progress,
    /// Neither good nor bad.
    Off,
}

impl Tone {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Progress => "progress",
            Self::Off => "off",
        }
    }

    const fn status_class(self) -> &'static str {
        match self {
            Self::Ok => "status status--ok",
            Self::Warn => "status status--warn",
            Self::Bad => "status status--bad",
            Self::Progress => "status status--progress",
            Self::Off => "status",
        }
    }
}

/// A status that can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// What it means.
    pub tone: Tone,
    /// Its shape.
    pub icon: Icon,
    /// Its word.
    pub word: &'static str,
}

impl Status {
    const fn new(tone: Tone, icon: Icon, word: &'static str) -> Self {
        Self { tone, icon, word }
    }

    /// Of a container: its state, or what its health check says while it runs.
    pub fn of_container(locale: Locale, container: &Container) -> Self {
        match (container.state, container.health) {
            (ContainerState::Running, Some(Health::Unhealthy)) => {
                Self::new(Tone::Bad, Icon::Warn, t!(locale, status.unhealthy))
            }
            (ContainerState::Running, Some(Health::Starting)) => {
                Self::new(Tone::Progress, Icon::Progress, t!(locale, status.health_starting))
            }
            (ContainerState::Exited, _) if container.oom_killed => {
                Self::new(Tone::Bad, Icon::Bad, t!(locale, status.oom_killed))
            }
            (ContainerState::Exited, _) if container.exit_code.is_some_and(|code| code != 0) => {
                Self::new(Tone::Bad, Icon::Bad, t!(locale, status.exited))
            }
            (state, _) => Self::of_container_state(locale, state),
        }
    }

    /// Of a container's state alone.
    pub fn of_container_state(locale: Locale, state: ContainerState) -> Self {
        match state {
            ContainerState::Running => Self::new(Tone::Ok, Icon::Ok, t!(locale, status.running)),
            ContainerState::Restarting => Self::new(Tone::Warn, Icon::Progress, t!(locale, status.restarting)),
            ContainerState::Paused => Self::new(Tone::Warn, Icon::Paused, t!(locale, status.paused)),
            ContainerState::Created => Self::new(Tone::Off, Icon::Pending, t!(locale, status.created)),
            ContainerState::Exited => Self::new(Tone::Off, Icon::Off, t!(locale, status.exited)),
            ContainerState::Removing => Self::new(Tone::Progress, Icon::Progress, t!(locale, status.removing)),
            ContainerState::Dead => Self::new(Tone::Bad, Icon::Bad, t!(locale, status.dead)),
            ContainerState::Unknown => Self::new(Tone::Warn, Icon::Unknown, t!(locale, status.unknown)),
        }
    }

    /// Of a health check.
    pub fn of_health(locale: Locale, health: Health) -> Self {
        match health {
            Health::Starting => Self::new(Tone::Progress, Icon::Progress, t!(locale, status.health_starting)),
            Health::Healthy => Self::new(Tone::Ok, Icon::Ok, t!(locale, status.healthy)),
            Health::Unhealthy => Self::new(Tone::Bad, Icon::Warn, t!(locale, status.unhealthy)),
        }
    }

    /// Of an app or a service.
    pub fn of_app(locale: Locale, state: AppState) -> Self {
        match state {
            AppState::Failed => Self::new(Tone::Bad, Icon::Bad, t!(locale, status.failed)),
            AppState::Degraded => Self::new(Tone::Warn, Icon::Warn, t!(locale, status.degraded)),
            AppState::Progressing => Self::new(Tone::Progress, Icon::Progress, t!(locale, status.progressing)),
            AppState::Unknown => Self::new(Tone::Warn, Icon::Unknown, t!(locale, status.unknown)),
            AppState::Running => Self::new(Tone::Ok, Icon::Ok, t!(locale, status.running)),
            AppState::Stopped => Self::new(Tone::Off, Icon::Off, t!(locale, status.stopped)),
        }
    }

    /// Of an operation.
    pub fn of_operation(locale: Locale, state: OperationState) -> Self {
        match state {
            OperationState::Queued => Self::new(Tone::Off, Icon::Pending, t!(locale, status.queued)),
            OperationState::Running => Self::new(Tone::Progress, Icon::Progress, t!(locale, status.in_progress)),
            OperationState::Succeeded => Self::new(Tone::Ok, Icon::Ok, t!(locale, status.succeeded)),
            OperationState::Failed => Self::new(Tone::Bad, Icon::Bad, t!(locale, status.failed)),
            OperationState::Cancelled => Self::new(Tone::Off, Icon::Off, t!(locale, status.cancelled)),
        }
    }

    /// Of an operation's step.
    pub fn of_step(locale: Locale, state: StepState) -> Self {
        match state {
            StepState::Running => Self::of_operation(locale, OperationState::Running),
            StepState::Succeeded => Self::of_operation(locale, OperationState::Succeeded),
            StepState::Failed => Self::of_operation(locale, OperationState::Failed),
            StepState::Cancelled => Self::of_operation(locale, OperationState::Cancelled),
        }
    }

    /// Of the connection to an engine.
    pub fn of_connection(locale: Locale, state: ConnectionState) -> Self {
        match state {
            ConnectionState::Absent => Self::new(Tone::Off, Icon::Unplug, t!(locale, status.no_engine)),
            ConnectionState::Connecting => Self::new(Tone::Progress, Icon::Progress, t!(locale, status.connecting)),
            ConnectionState::Connected => Self::new(Tone::Ok, Icon::Ok, t!(locale, status.connected)),
            ConnectionState::Lost => Self::new(Tone::Bad, Icon::Unplug, t!(locale, status.engine_lost)),
        }
    }

    /// Of a node.
    pub fn of_node(locale: Locale, ready: bool) -> Self {
        if ready {
            Self::new(Tone::Ok, Icon::Ok, t!(locale, status.ready))
        } else {
            Self::new(Tone::Bad, Icon::Bad, t!(locale, status.not_ready))
        }
    }

    /// Of an account.
    pub fn of_user(locale: Locale, state: UserState) -> Self {
        match state {
            UserState::Active => Self::new(Tone::Ok, Icon::Ok, t!(locale, status.active)),
            UserState::Invited => Self::new(Tone::Progress, Icon::Pending, t!(locale, status.invited)),
            UserState::Waiting => Self::new(Tone::Warn, Icon::Pending, t!(locale, status.waiting)),
            UserState::Disabled => Self::new(Tone::Off, Icon::Off, t!(locale, status.disabled)),
        }
    }

    /// Of an identity provider.
    pub fn of_provider(locale: Locale, enabled: bool) -> Self {
        if enabled {
            Self::new(Tone::Ok, Icon::Ok, t!(locale, status.on))
        } else {
            Self::new(Tone::Off, Icon::Off, t!(locale, status.off))
        }
    }

    /// Of something that must be so before something else can be done.
    pub fn of_condition(locale: Locale, met: bool) -> Self {
        if met {
            Self::new(Tone::Ok, Icon::Ok, t!(locale, portal.met))
        } else {
            Self::new(Tone::Warn, Icon::Pending, t!(locale, portal.not_met))
        }
    }

    /// Of the last trial of an identity provider.
    pub fn of_trial(locale: Locale, trial: Option<&Trial>) -> Self {
        match trial {
            None => Self::new(Tone::Off, Icon::Pending, t!(locale, status.untried)),
            Some(Trial { problem: Some(_), .. }) => Self::new(Tone::Bad, Icon::Bad, t!(locale, status.failed)),
            Some(_) => Self::new(Tone::Ok, Icon::Ok, t!(locale, status.worked)),
        }
    }

    /// Of a place that the audit log is sent to.
    pub fn of_forwarding(locale: Locale, to: &AuditForwarding) -> Self {
        match (&to.last_error, to.behind) {
            (Some(_), _) => Self::new(Tone::Bad, Icon::Bad, t!(locale, audit.forward_failing)),
            (None, 0) => Self::new(Tone::Ok, Icon::Ok, t!(locale, audit.forward_ok)),
            (None, _) => Self::new(Tone::Progress, Icon::Progress, t!(locale, audit.forward_sending)),
        }
    }

    /// Of an entry of the audit log.
    pub fn of_audit(locale: Locale, result: AuditResult) -> Self {
        match result {
            AuditResult::Done => Self::new(Tone::Ok, Icon::Ok, t!(locale, status.done)),
            AuditResult::Refused => Self::new(Tone::Warn, Icon::Warn, t!(locale, status.refused)),
            AuditResult::Failed => Self::new(Tone::Bad, Icon::Bad, t!(locale, status.failed)),
        }
    }
}

/// Shows a status in a line of text or a table.
#[component]
pub fn StatusBadge(
    /// What to show.
    status: Status,
) -> impl IntoView {
    view! { <span class=status.tone.status_class()><IconView icon=status.icon />{status.word}</span> }
}

/// Shows a status as a pill, for headings.
#[component]
pub fn StatusPill(
    /// What to show.
    status: Status,
) -> impl IntoView {
    view! { <span class=format!("badge badge--{}", status.tone.name())><IconView icon=status.icon />{status.word}</span> }
}

/// A small word beside a name.
#[component]
pub fn Badge(
    /// What it means.
    #[prop(default = Tone::Off)]
    tone: Tone,
    /// The word.
    #[prop(into)]
    word: String,
) -> impl IntoView {
    view! { <span class=format!("badge badge--{}", tone.name())>{word}</span> }
}

/// Whether something is so.
#[component]
pub fn YesNo(
    /// Whether.
    yes: bool,
) -> impl IntoView {
    let locale = use_locale();
    if yes { t!(locale, common.yes) } else { t!(locale, common.no) }
}
