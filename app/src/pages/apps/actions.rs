//! What can be done to an app, from its list and from its page.

use std::sync::Arc;

use api::{
    Client, Problem,
    app::{App, AppAction, AppState},
};

use crate::{
    components::{
        action::{Action, Confirm, Done},
        icon::Icon,
    },
    i18n::{Text, t},
};

/// The actions on an app.
pub fn app_actions(client: Client) -> Vec<Action> {
    let act = |action: AppAction, label: Text, icon: Icon, fits: fn(&App) -> bool| {
        let client = client.clone();
        Action::new(label, icon, move |app: Arc<App>, _| {
            let client = client.clone();
            async move {
                let accepted = client.act_on_app(&app.project, &app.name, action).await?;
                Ok::<_, Problem>(Done::Started(accepted.operation))
            }
        })
        .fits(fits)
    };
    let delete = Action::new(|l| t!(l, action.delete), Icon::Trash, {
        let client = client.clone();
        move |app: Arc<App>, volumes| {
            let client = client.clone();
            async move {
                let accepted = client.delete_app(&app.project, &app.name, volumes).await?;
                Ok(Done::Started(accepted.operation))
            }
        }
    });
    vec![
        act(AppAction::Start, |l| t!(l, action.start), Icon::Play, |it| it.state == AppState::Stopped && idle(it)),
        act(AppAction::Stop, |l| t!(l, action.stop), Icon::Stop, |it| it.state != AppState::Stopped && idle(it)),
        act(
            AppAction::Restart,
            |l| t!(l, action.restart),
            Icon::Restart,
            |it| it.state != AppState::Stopped && idle(it),
        ),
        delete
            .confirm(Confirm {
                question: |l| t!(l, apps.delete_question),
                loses: |l| t!(l, apps.delete_loses),
                option: Some(|l| t!(l, apps.delete_volumes)),
                typed: true,
            })
            .fits(idle),
    ]
}

/// Whether no operation is changing it.
fn idle(app: &App) -> bool {
    app.operation.is_none()
}
