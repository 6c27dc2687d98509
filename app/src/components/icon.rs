//! Icons: shapes of `style/icons.css`. They say nothing to a screen reader; the word beside them does.

use api::provider::ProviderKind;
use leptos::prelude::*;

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Icon {
    Overview,
    App,
    Container,
    Image,
    Network,
    Volume,
    Node,
    Event,
    Operation,
    Ok,
    Bad,
    Warn,
    Off,
    Paused,
    Pending,
    Progress,
    Unknown,
    Info,
    Search,
    Menu,
    Close,
    Kebab,
    Down,
    Right,
    Left,
    Sort,
    SortUp,
    SortDown,
    Columns,
    Filter,
    Plus,
    Play,
    Stop,
    Restart,
    Kill,
    Pause,
    Trash,
    Copy,
    Check,
    Download,
    Upload,
    Tag,
    Sun,
    Moon,
    System,
    Language,
    User,
    SignOut,
    Key,
    Plug,
    Unplug,
    External,
    Cpu,
    Memory,
    Disk,
    Clock,
    Terminal,
    Logs,
    Edit,
    History,
    Scale,
    Undo,
    File,
    Split,
    Wrap,
    Refresh,
    Eye,
    Broom,
    Chart,
    Shield,
    Settings,
    Gantry,
    Arrow,
    Lock,
    Globe,
    Project,
    Template,
    Compare,
    Team,
}

impl Icon {
    /// Of a kind of identity provider: a key, or a branch where code is kept.
    pub const fn of_provider(kind: ProviderKind) -> Self {
        match kind {
            ProviderKind::Oidc => Self::Key,
            ProviderKind::Github | ProviderKind::Gitee => Self::Compare,
        }
    }

    /// The classes of the element that shows it.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Overview => "icon i-overview",
            Self::App => "icon i-app",
            Self::Container => "icon i-container",
            Self::Image => "icon i-image",
            Self::Network => "icon i-network",
            Self::Volume => "icon i-volume",
            Self::Node => "icon i-node",
            Self::Event => "icon i-event",
            Self::Operation => "icon i-operation",
            Self::Ok => "icon i-ok",
            Self::Bad => "icon i-bad",
            Self::Warn => "icon i-warn",
            Self::Off => "icon i-off",
            Self::Paused => "icon i-paused",
            Self::Pending => "icon i-pending",
            Self::Progress => "icon i-progress",
            Self::Unknown => "icon i-unknown",
            Self::Info => "icon i-info",
            Self::Search => "icon i-search",
            Self::Menu => "icon i-menu",
            Self::Close => "icon i-close",
            Self::Kebab => "icon i-kebab",
            Self::Down => "icon i-down",
            Self::Right => "icon i-right",
            Self::Left => "icon i-left",
            Self::Sort => "icon i-sort",
            Self::SortUp => "icon i-sort-up",
            Self::SortDown => "icon i-sort-down",
            Self::Columns => "icon i-columns",
            Self::Filter => "icon i-filter",
            Self::Plus => "icon i-plus",
            Self::Play => "icon i-play",
            Self::Stop => "icon i-stop",
            Self::Restart => "icon i-restart",
            Self::Kill => "icon i-kill",
            Self::Pause => "icon i-pause",
            Self::Trash => "icon i-trash",
            Self::Copy => "icon i-copy",
            Self::Check => "icon i-check",
            Self::Download => "icon i-download",
            Self::Upload => "icon i-upload",
            Self::Tag => "icon i-tag",
            Self::Sun => "icon i-sun",
            Self::Moon => "icon i-moon",
            Self::System => "icon i-system",
            Self::Language => "icon i-language",
            Self::User => "icon i-user",
            Self::SignOut => "icon i-sign-out",
            Self::Key => "icon i-key",
            Self::Plug => "icon i-plug",
            Self::Unplug => "icon i-unplug",
            Self::External => "icon i-external",
            Self::Cpu => "icon i-cpu",
            Self::Memory => "icon i-memory",
            Self::Disk => "icon i-disk",
            Self::Clock => "icon i-clock",
            Self::Terminal => "icon i-terminal",
            Self::Logs => "icon i-logs",
            Self::Edit => "icon i-edit",
            Self::History => "icon i-history",
            Self::Scale => "icon i-scale",
            Self::Undo => "icon i-undo",
            Self::File => "icon i-file",
            Self::Split => "icon i-split",
            Self::Wrap => "icon i-wrap",
            Self::Refresh => "icon i-refresh",
            Self::Eye => "icon i-eye",
            Self::Broom => "icon i-broom",
            Self::Chart => "icon i-chart",
            Self::Shield => "icon i-shield",
            Self::Settings => "icon i-settings",
            Self::Gantry => "icon i-gantry",
            Self::Arrow => "icon i-arrow",
            Self::Lock => "icon i-lock",
            Self::Globe => "icon i-globe",
            Self::Project => "icon i-project",
            Self::Template => "icon i-template",
            Self::Compare => "icon i-compare",
            Self::Team => "icon i-team",
        }
    }
}

/// Shows a shape.
#[component]
pub fn IconView(
    /// Which.
    icon: Icon,
) -> impl IntoView {
    view! { <span class=icon.class() aria-hidden="true"></span> }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_shape_of_the_stylesheet_has_a_name_here_and_the_other_way_round() {
        let sheet = include_str!("../../../style/icons.css");
        let drawn = sheet.lines().filter_map(|line| line.strip_prefix(".i-")).filter_map(|line| line.split(' ').next());
        let source = include_str!("icon.rs");
        let named = source
            .lines()
            .filter_map(|line| line.split("=> \"icon i-").nth(1))
            .filter_map(|line| line.split('"').next());
        assert_eq!(drawn.collect::<Vec<_>>(), named.collect::<Vec<_>>());
    }
}
