//! What can be done to an image, from its list and from its page.

use std::sync::Arc;

use api::{Client, Problem, image::Image};
use leptos::prelude::*;

use crate::{
    components::{
        action::{Action, Confirm, Done},
        icon::Icon,
    },
    format,
    i18n::t,
};

/// What people call an image: its first name, or its short id.
pub(super) fn image_name(image: &Image) -> String {
    image.tags.first().cloned().unwrap_or_else(|| format::short_id(&image.id))
}

/// The actions on an image of `cluster`.
pub(super) fn image_actions(client: Client, cluster: Signal<String>) -> Vec<Action> {
    let remove = Action::new(
        |l| t!(l, action.remove),
        Icon::Trash,
        move |image: Arc<Image>, force| {
            let (client, cluster) = (client.clone(), cluster.get_untracked());
            async move {
                client.delete_image(&cluster, &image.id, force).await?;
                Ok::<_, Problem>(Done::Now)
            }
        },
    );
    vec![remove.ends().confirm(Confirm {
        question: |l| t!(l, images.remove_question),
        loses: |l| t!(l, images.remove_loses),
        option: Some(|l| t!(l, images.remove_force)),
        typed: false,
    })]
}
