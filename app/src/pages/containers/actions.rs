//! What can be done to a container, from its list and from its page.

use api::{
    Client, Problem,
    container::{Container, ContainerAction, ContainerState},
};
use leptos::prelude::*;

use crate::{
    components::{
        action::{Action, Confirm, Done},
        icon::Icon,
    },
    i18n::{Text, t},
};

/// The actions on a container of `cluster`.
pub fn container_actions(client: Client, cluster: Signal<String>) -> Vec<Action> {
    let act = |action: ContainerAction, label: Text, icon: Icon, fits: fn(&Container) -> bool| {
        let client = client.clone();
        Action::new(label, icon, move |container: std::sync::Arc<Container>, _| {
            let (client, cluster) = (client.clone(), cluster.get_untracked());
            async move {
                client.act_on_container(&cluster, &container.id, action).await?;
                Ok::<_, Problem>(Done::Now)
            }
        })
        .fits(fits)
    };
    let remove = {
        let client = client.clone();
        Action::new(
            |l| t!(l, action.remove),
            Icon::Trash,
            move |container: std::sync::Arc<Container>, volumes| {
                let (client, cluster) = (client.clone(), cluster.get_untracked());
                async move {
                    let force = matches!(
                        container.state,
                        ContainerState::Running | ContainerState::Paused | ContainerState::Restarting
                    );
                    client.delete_container(&cluster, &container.id, force, volumes).await?;
                    Ok(Done::Now)
                }
            },
        )
    };
    vec![
        act(ContainerAction::Start, |l| t!(l, action.start), Icon::Play, |c| ContainerAction::Start.fits(c.state)),
        act(ContainerAction::Stop, |l| t!(l, action.stop), Icon::Stop, |c| ContainerAction::Stop.fits(c.state)),
        act(
            ContainerAction::Restart,
            |l| t!(l, action.restart),
            Icon::Restart,
            |c| ContainerAction::Restart.fits(c.state),
        ),
        act(ContainerAction::Pause, |l| t!(l, action.pause), Icon::Pause, |c| ContainerAction::Pause.fits(c.state)),
        act(
            ContainerAction::Unpause,
            |l| t!(l, action.unpause),
            Icon::Play,
            |c| ContainerAction::Unpause.fits(c.state),
        ),
        act(ContainerAction::Kill, |l| t!(l, action.kill), Icon::Kill, |c| ContainerAction::Kill.fits(c.state))
            .confirm(Confirm {
                question: |l| t!(l, containers.kill_question),
                loses: |l| t!(l, containers.kill_loses),
                option: None,
                typed: false,
            }),
        remove.ends().confirm(Confirm {
            question: |l| t!(l, containers.remove_question),
            loses: |l| t!(l, containers.remove_loses),
            option: Some(|l| t!(l, containers.remove_volumes)),
            typed: false,
        }),
    ]
}
