//! Announcing something to everybody.

use api::{
    Client, OffsetDateTime, Problem,
    portal::{Announcement, AnnouncementTone, MAX_ANNOUNCEMENT_LENGTH},
};
use leptos::{ev, prelude::*, task::spawn_local};

use super::change;
use crate::{
    browser,
    components::{
        announcement::{AnnouncementView, use_announced},
        card::Card,
        field::{LinesField, SelectField, TextField},
        problem::FormProblem,
        toast::use_toasts,
    },
    format,
    i18n::{t, use_locale},
};

const INFO: &str = "info";
const WARNING: &str = "warning";

/// A point in time as a field of the browser has it: its own time, to the minute.
fn to_field(at: OffsetDateTime) -> String {
    let local = format::date_time(at, browser::utc_offset_secs(at.unix_timestamp()));
    local.replacen(' ', "T", 1).chars().take("0000-00-00T00:00".len()).collect()
}

fn from_field(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(browser::unix_of_local(text)?).ok()
}

/// What is announced, and for how long.
#[component]
pub(super) fn AnnouncementCard(announcement: Option<Announcement>) -> impl IntoView {
    let locale = use_locale();
    let (toasts, announced) = (use_toasts(), use_announced());
    let client = StoredValue::new(expect_context::<Client>());
    let is_warning = announcement.as_ref().is_some_and(|it| it.tone == AnnouncementTone::Warning);
    let kept = RwSignal::new(announcement.is_some());
    let tone = RwSignal::new(if is_warning { WARNING } else { INFO }.to_owned());
    let until = RwSignal::new(String::new());
    if let Some(at) = announcement.as_ref().and_then(|it| it.until) {
        // The server does not know the browser's time.
        Effect::new(move |_| until.set(to_field(at)));
    }
    let text = RwSignal::new(announcement.map(|it| it.text).unwrap_or_default());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let written = move || Announcement {
        text: text.with(|text| text.trim().to_owned()),
        tone: if tone.with(|tone| tone == WARNING) { AnnouncementTone::Warning } else { AnnouncementTone::Info },
        until: None,
    };
    let send = move |announcement: Option<Announcement>| {
        let client = client.get_value();
        busy.set(true);
        spawn_local(async move {
            let answer = change(&client, |settings| settings.announcement = announcement).await;
            let _ = busy.try_set(false);
            let _ = problem.try_set(answer.as_ref().err().cloned());
            let Ok(settings) = answer else { return };
            if settings.announcement.is_none() {
                let _ = text.try_set(String::new());
                let _ = until.try_set(String::new());
                toasts.done(t!(locale, portal.removed));
            } else {
                toasts.done(t!(locale, portal.kept));
            }
            let _ = kept.try_set(settings.announcement.is_some());
            announced.set(settings.announcement);
        });
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let until = until.with_untracked(|text| from_field(text));
        send(Some(Announcement { until, ..untrack(written) }));
    };
    let preview = move || {
        let announcement = written();
        (!announcement.text.is_empty()).then(|| {
            view! {
                <div class="field">
                    <span class="field__label">{t!(locale, portal.preview)}</span>
                    <AnnouncementView announcement put_away=None />
                </div>
            }
        })
    };
    let remove = move || {
        kept.get().then(|| {
            view! {
                <button type="button" class="button" disabled=move || busy.get() on:click=move |_| send(None)>
                    {t!(locale, portal.remove)}
                </button>
            }
        })
    };
    let tones = vec![
        (INFO.to_owned(), t!(locale, portal.info).to_owned()),
        (WARNING.to_owned(), t!(locale, portal.warning).to_owned()),
    ];
    view! {
        <Card title=t!(locale, portal.announcement)>
            <form class="form" on:submit=submit>
                <p class="soft">{t!(locale, portal.announcement_lead)}</p>
                <LinesField
                    name="announcement.text"
                    label=t!(locale, portal.text)
                    value=text
                    hint=t!(locale, portal.text_hint, limit = MAX_ANNOUNCEMENT_LENGTH.to_string())
                    problem=problem
                />
                <SelectField name="announcement.tone" label=t!(locale, portal.tone) value=tone options=tones />
                <TextField
                    name="announcement.until"
                    label=t!(locale, portal.until)
                    value=until
                    kind="datetime-local"
                    hint=t!(locale, portal.until_hint)
                    problem=Signal::from(problem)
                />
                {preview}
                <FormProblem problem />
                <div class="row">
                    <button type="submit" class="button button--primary" disabled=move || busy.get()>
                        {t!(locale, portal.save_announcement)}
                    </button>
                    {remove}
                </div>
            </form>
        </Card>
    }
}
