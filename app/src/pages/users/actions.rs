//! What can be done to an account.

use std::sync::Arc;

use api::{
    Client, List, Problem,
    permission::SystemRole,
    user::{UpdateUser, User, UserState},
};

use super::dialogs::Links;
use crate::{
    components::{
        action::{Action, Confirm, Done},
        icon::Icon,
    },
    i18n::{Text, t},
    load::Load,
};

/// The actions on an account; nothing tells the page of what they change, so each fetches the list again.
pub(super) fn user_actions(client: &Client, load: Load<List<User>>, links: Links) -> Vec<Action> {
    let update = |label: Text, icon: Icon, change: UpdateUser, fits: fn(&User) -> bool| {
        let client = client.clone();
        Action::new(label, icon, move |user: Arc<User>, _| {
            let (client, change) = (client.clone(), change.clone());
            async move {
                client.update_user(user.id, &change).await?;
                load.again();
                Ok::<_, Problem>(Done::Now)
            }
        })
        .fits(fits)
    };
    let role = |role: SystemRole| UpdateUser { role: Some(role), ..UpdateUser::default() };
    let disabled = |disabled: bool| UpdateUser { disabled: Some(disabled), ..UpdateUser::default() };
    let break_glass = |is: bool| UpdateUser { break_glass: Some(is), ..UpdateUser::default() };
    vec![
        update(|l| t!(l, users.make_admin), Icon::Shield, role(SystemRole::Admin), |it| it.role == SystemRole::Member),
        update(|l| t!(l, users.make_member), Icon::User, role(SystemRole::Member), |it| it.role == SystemRole::Admin),
        update(
            |l| t!(l, users.break_glass_give),
            Icon::Lock,
            break_glass(true),
            |it| it.role == SystemRole::Admin && it.state == UserState::Active && !it.break_glass,
        ),
        update(|l| t!(l, users.break_glass_take), Icon::Undo, break_glass(false), |it| it.break_glass),
        new_link(client.clone(), load, links),
        update(|l| t!(l, users.approve), Icon::Check, disabled(false), |it| it.state == UserState::Waiting),
        update(|l| t!(l, users.enable), Icon::Check, disabled(false), |it| it.state == UserState::Disabled),
        update(|l| t!(l, users.disable), Icon::Lock, disabled(true), |it| it.state != UserState::Disabled).confirm(
            Confirm {
                question: |l| t!(l, users.disable_question),
                loses: |l| t!(l, users.disable_loses),
                option: None,
                typed: false,
            },
        ),
        reset_two_factor(client.clone(), load),
        delete(client.clone(), load),
    ]
}

/// A link for an account that is shut, or not open yet, would not work, so it gets none.
fn new_link(client: Client, load: Load<List<User>>, links: Links) -> Action {
    Action::new(
        |l| t!(l, users.new_link),
        Icon::Key,
        move |user: Arc<User>, _| {
            let client = client.clone();
            async move {
                links.show(client.create_password_link(user.id).await?);
                load.again();
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .fits(|it: &User| !matches!(it.state, UserState::Disabled | UserState::Waiting))
}

fn reset_two_factor(client: Client, load: Load<List<User>>) -> Action {
    Action::new(
        |l| t!(l, users.reset_two_factor),
        Icon::Shield,
        move |user: Arc<User>, _| {
            let client = client.clone();
            async move {
                client.reset_two_factor(user.id).await?;
                load.again();
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .fits(|it: &User| it.two_factor)
    .confirm(Confirm {
        question: |l| t!(l, users.reset_two_factor_question),
        loses: |l| t!(l, users.reset_two_factor_loses),
        option: None,
        typed: false,
    })
}

fn delete(client: Client, load: Load<List<User>>) -> Action {
    Action::new(
        |l| t!(l, action.delete),
        Icon::Trash,
        move |user: Arc<User>, _| {
            let client = client.clone();
            async move {
                client.delete_user(user.id).await?;
                load.again();
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .confirm(Confirm {
        question: |l| t!(l, users.delete_question),
        loses: |l| t!(l, users.delete_loses),
        option: None,
        typed: true,
    })
}
