//! What surrounds every page after sign-in: navigation, top bar, connection, messages, the question before a loss.

mod connection;
mod navigation;
mod palette;
mod topbar;

use api::{cluster::LOCAL_CLUSTER, watch::ChangeKind};
use leptos::prelude::*;
use leptos_router::{components::Outlet, hooks::use_location};
pub use navigation::Brand;

use crate::{
    components::{
        action::{ConfirmDialog, provide_runner},
        announcement::{AnnouncementBanner, provide_announced},
        toast::{ToastRegion, provide_toasts},
    },
    i18n::{t, use_locale},
    live::{provide_clock, provide_live},
    load::Load,
};

/// The clusters and how the portal stands with them, loaded once for the whole frame.
#[derive(Clone, Copy)]
struct Clusters(Load<api::List<api::cluster::Cluster>>);

/// The frame around every page after sign-in.
#[component]
pub fn Frame() -> impl IntoView {
    provide_clock();
    provide_live();
    provide_toasts();
    provide_runner();
    provide_announced();
    let locale = use_locale();
    let client = expect_context::<api::Client>();
    provide_context(Clusters(Load::new(&[ChangeKind::Cluster], move || {
        let client = client.clone();
        async move { client.list_clusters().await }
    })));
    let drawer = RwSignal::new(false);
    let palette = RwSignal::new(false);
    let pathname = use_location().pathname;
    Effect::new(move |_| {
        pathname.track();
        drawer.set(false);
        palette.set(false);
    });
    view! {
        <a class="skip-link" href="#main">
            {t!(locale, frame.skip)}
        </a>
        <div class="frame">
            <navigation::Navigation drawer />
            <topbar::TopBar drawer palette />
            <main class="main" id="main" tabindex="-1">
                <AnnouncementBanner />
                <connection::ConnectionBanner />
                <Outlet />
            </main>
        </div>
        <palette::Palette open=palette />
        <ConfirmDialog />
        <ToastRegion />
    }
}

/// The cluster that the address is about; this machine's where it names none.
pub fn use_cluster() -> Memo<String> {
    let pathname = use_location().pathname;
    Memo::new(move |_| pathname.with(|path| cluster_of(path)))
}

fn cluster_of(path: &str) -> String {
    let name = path.strip_prefix("/clusters/").and_then(|rest| rest.split('/').next());
    name.filter(|name| !name.is_empty()).unwrap_or(LOCAL_CLUSTER).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_names_the_cluster() {
        assert_eq!(cluster_of("/clusters/paris/images"), "paris");
        assert_eq!(cluster_of("/clusters//images"), LOCAL_CLUSTER);
        assert_eq!(cluster_of("/apps"), LOCAL_CLUSTER);
    }
}
