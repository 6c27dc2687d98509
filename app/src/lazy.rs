//! The pages whose code travels only when one of them is shown; `cargo xtask` cuts the module where this file says.

use api::{Message, Problem};
use leptos::{
    prelude::*,
    wasm_split::{SplitLoaderError, wasm_split},
};
use leptos_router::LazyRoute;

use crate::{
    components::problem::ProblemView,
    pages::{
        account::AccountPage,
        apps::{detail::AppPage, list::AppsPage, new::NewAppPage},
        audit::AuditPage,
        containers::{detail::ContainerPage, list::ContainersPage},
        events::EventsPage,
        images::{detail::ImagePage, list::ImagesPage},
        invite::InvitePage,
        login::LoginPage,
        networks::NetworksPage,
        nodes::{detail::NodePage, list::NodesPage},
        operations::{detail::OperationPage, list::OperationsPage},
        overview::OverviewPage,
        projects::{detail::ProjectPage, list::ProjectsPage},
        providers::{detail::ProviderPage, list::ProvidersPage, new::NewProviderPage},
        settings::SettingsPage,
        setup::SetupPage,
        teams::{detail::TeamPage, list::TeamsPage},
        users::list::UsersPage,
        volumes::VolumesPage,
    },
};

/// `part { Route: page, load, Component; … }`: the routes whose code is one part of the module.
///
/// What several parts use becomes a part of its own for each combination, so there are few.
macro_rules! parts {
    ($($part:ident { $($route:ident: $page:ident, $load:ident, $component:ident;)+ })+) => {$($(
        #[doc = concat!("`", stringify!($component), "`, whose code comes with the part `", stringify!($part), "`.")]
        pub struct $route;

        impl LazyRoute for $route {
            fn data() -> Self {
                Self
            }

            async fn view(_: Self) -> AnyView {
                #[cfg(feature = "ssr")]
                leptos::prefetch_lazy_fn_on_server(stringify!($part));
                $page().await.unwrap_or_else(|_| view! { <Missing /> }.into_any())
            }

            async fn preload() {
                if $load().await.is_err() && is_hydrating() {
                    // What the server rendered stays: taking it over with another view would break it.
                    std::future::pending::<()>().await;
                }
            }
        }

        #[wasm_split($part, wasm_split_path = ::leptos::wasm_split, preload($load), fallible)]
        fn $page() -> Result<AnyView, SplitLoaderError> {
            Ok(view! { <$component /> }.into_any())
        }
    )+)+};
}

parts! {
    gate {
        Invite: invite, load_invite, InvitePage;
        Login: login, load_login, LoginPage;
        Setup: setup, load_setup, SetupPage;
    }
    overview {
        Overview: overview, load_overview, OverviewPage;
    }
    lists {
        Apps: apps, load_apps, AppsPage;
        Audit: audit, load_audit, AuditPage;
        Containers: containers, load_containers, ContainersPage;
        Events: events, load_events, EventsPage;
        Images: images, load_images, ImagesPage;
        Networks: networks, load_networks, NetworksPage;
        Nodes: nodes, load_nodes, NodesPage;
        Operations: operations, load_operations, OperationsPage;
        Projects: projects, load_projects, ProjectsPage;
        Teams: teams, load_teams, TeamsPage;
        Providers: providers, load_providers, ProvidersPage;
        Users: users, load_users, UsersPage;
        Volumes: volumes, load_volumes, VolumesPage;
    }
    details {
        App: app, load_app, AppPage;
        Container: container, load_container, ContainerPage;
        Image: image, load_image, ImagePage;
        Node: node, load_node, NodePage;
        Operation: operation, load_operation, OperationPage;
        Project: project, load_project, ProjectPage;
        Team: team, load_team, TeamPage;
    }
    forms {
        Account: account, load_account, AccountPage;
        NewApp: new_app, load_new_app, NewAppPage;
        NewProvider: new_provider, load_new_provider, NewProviderPage;
        Provider: provider, load_provider, ProviderPage;
        Settings: settings, load_settings, SettingsPage;
    }
}

fn is_hydrating() -> bool {
    Owner::current_shared_context().is_some_and(|context| context.during_hydration())
}

/// The page's code did not come: the server is away, or a newer one has taken its place.
#[component]
fn Missing() -> impl IntoView {
    let reload = Callback::new(|()| {
        let _ = window().location().reload();
    });
    let problem = Problem::new(503, "unreachable", Message::new("problem.unreachable.page"));
    view! { <ProblemView problem retry=reload /> }
}
