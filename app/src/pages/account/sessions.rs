//! Where the account is signed in, and the end of what should not be.

use std::sync::Arc;

use api::{Client, List, Problem, user::Session};
use leptos::prelude::*;

use crate::{
    components::{
        action::{Action, ActionButtons, Confirm, Done, Subject},
        card::Card,
        icon::Icon,
        status::{Badge, Tone},
        time::RelativeTime,
    },
    i18n::{Locale, t, use_locale},
    load::Load,
};

/// What a browser's own words have in them, and what people call it. The first that is found names it, because a
/// browser also names those that it wants to be taken for.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
/// The same of systems.
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];
/// The longest name of a program that is not known.
const LONGEST_NAME: usize = 40;

#[component]
pub(super) fn SessionsCard(
    /// Tells that sessions ended otherwise.
    ended: Trigger,
) -> impl IntoView {
    let locale = use_locale();
    let client = expect_context::<Client>();
    let load = Load::new(&[], {
        let client = client.clone();
        move || {
            ended.track();
            let client = client.clone();
            async move { client.list_sessions().await }
        }
    });
    let again = Callback::new(move |()| load.again());
    let end = Action::new(
        |l| t!(l, sessions.end),
        Icon::SignOut,
        move |session: Arc<Session>, _| {
            let client = client.clone();
            async move {
                client.delete_session(&session.id).await?;
                Ok::<_, Problem>(Done::Now)
            }
        },
    )
    .confirm(Confirm {
        question: |l| t!(l, sessions.end_question),
        loses: |l| t!(l, sessions.end_loses),
        option: None,
        typed: false,
    });
    view! {
        <Card title=t!(locale, sessions.title) flush=true>
            <p class="card__body soft">{t!(locale, sessions.lead)}</p>
            {load.show(move |sessions| view! { <SessionTable sessions end=end.clone() again /> }.into_any())}
        </Card>
    }
}

#[component]
fn SessionTable(sessions: Signal<Arc<List<Session>>>, end: Action, again: Callback<()>) -> impl IntoView {
    let locale = use_locale();
    let row = move |session: Session| {
        let browser = browser_text(locale, session.browser.as_deref().unwrap_or_default());
        let tools = if session.current {
            view! { <Badge tone=Tone::Ok word=t!(locale, sessions.current) /> }.into_any()
        } else {
            let subjects = Signal::stored(vec![Subject::new(browser.clone(), Arc::new(session.clone()))]);
            view! { <ActionButtons actions=vec![end.clone()] subjects done=again /> }.into_any()
        };
        view! {
            <tr>
                <td class="strong">
                    <span title=session.browser>{browser}</span>
                </td>
                <td>{session.address}</td>
                <td><RelativeTime at=session.created_at /></td>
                <td><RelativeTime at=session.seen_at /></td>
                <td class="num">{tools}</td>
            </tr>
        }
    };
    move || {
        view! {
            <div class="resource__scroll">
                <table class="table table--plain">
                    <thead>
                        <tr>
                            <th scope="col">{t!(locale, sessions.browser)}</th>
                            <th scope="col">{t!(locale, sessions.address)}</th>
                            <th scope="col">{t!(locale, sessions.signed_in)}</th>
                            <th scope="col">{t!(locale, account.last_used)}</th>
                            <th scope="col">
                                <span class="visually-hidden">{t!(locale, table.actions)}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{sessions.get().items.iter().cloned().map(&row).collect_view()}</tbody>
                </table>
            </div>
        }
    }
}

/// A browser as people know it, from what it says of itself: “Firefox on Linux”.
fn browser_text(locale: Locale, agent: &str) -> String {
    match (first_named(&BROWSERS, agent), first_named(&SYSTEMS, agent)) {
        (Some(browser), Some(system)) => t!(locale, sessions.browser_on, browser = browser, system = system),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => {
            let program: String =
                agent.split([' ', '/']).next().unwrap_or_default().chars().take(LONGEST_NAME).collect();
            if program.is_empty() { t!(locale, sessions.unknown).to_owned() } else { program }
        }
    }
}

fn first_named(names: &[(&str, &'static str)], agent: &str) -> Option<&'static str> {
    names.iter().find(|(mark, _)| agent.contains(*mark)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_what_people_call_it() {
        let expected = [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 \
                 Safari/537.36 Edg/140.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 \
                 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 CriOS/140.0.0.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile \
                 Safari/537.36",
                "Chrome on Android",
            ),
        ];
        for (agent, text) in expected {
            assert_eq!(browser_text(Locale::en, agent), text, "{agent}");
        }
    }

    #[test]
    fn a_program_that_is_not_known_is_called_by_its_first_word() {
        assert_eq!(browser_text(Locale::en, "curl/8.5.0"), "curl");
        assert_eq!(browser_text(Locale::en, &"x".repeat(500)), "x".repeat(LONGEST_NAME));
        assert_eq!(browser_text(Locale::en, ""), "Unknown");
        assert_eq!(browser_text(Locale::en, "/"), "Unknown");
    }
}
