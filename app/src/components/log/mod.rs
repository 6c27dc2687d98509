//! The log view: one socket, a bounded buffer, a list that draws only what is in sight.

mod buffer;
mod row;
mod search;
mod tools;

use api::log::{LogQuery, Record};
use leptos::{html, prelude::*};
use leptos_router::hooks::use_query_map;
use send_wrapper::SendWrapper;

use crate::{
    browser,
    i18n::{t, use_locale},
    socket::{RETRY, Socket, SocketEvent, may_come_back},
};
use buffer::{Buffer, Streams};
use search::Search;

/// The height of a row in pixels, as in `style/components/logs.css`.
const ROW: f64 = 20.0;
/// Rows drawn above and below what is in sight.
const MARGIN: usize = 20;
/// Rows drawn while long lines are wrapped, where heights differ and all are in the document.
const WRAPPED: usize = 1_000;

/// How the view's stream stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Opening,
    Open,
    /// It broke off; another try follows.
    Lost,
    /// There is nothing more to say.
    Ended,
}

/// What the view shows and how.
#[derive(Clone, Copy)]
pub(super) struct View {
    buffer: StoredValue<Buffer>,
    /// Changes whenever the buffer did and the view is not paused.
    version: RwSignal<u64>,
    paused: RwSignal<bool>,
    follow: RwSignal<bool>,
    wrap: RwSignal<bool>,
    times: RwSignal<bool>,
    streams: RwSignal<Streams>,
    tail: RwSignal<String>,
    since: RwSignal<String>,
    link: RwSignal<Link>,
    search: Search,
    /// The row whose content is shown below.
    open: RwSignal<Option<String>>,
}

impl View {
    fn new() -> Self {
        Self {
            buffer: StoredValue::new(Buffer::default()),
            version: RwSignal::new(0),
            paused: RwSignal::new(false),
            follow: RwSignal::new(true),
            wrap: RwSignal::new(false),
            times: RwSignal::new(true),
            streams: RwSignal::new(Streams::Both),
            tail: RwSignal::new("200".to_owned()),
            since: RwSignal::new(String::new()),
            link: RwSignal::new(Link::Opening),
            search: Search::new(),
            open: RwSignal::new(None),
        }
    }

    fn query(self, service: &str) -> LogQuery {
        let since = self.since.get();
        LogQuery {
            tail: Some(self.tail.get()),
            since: (!since.is_empty()).then_some(since),
            service: (!service.is_empty()).then(|| service.to_owned()),
            ..LogQuery::default()
        }
    }

    fn change(self, change: impl FnOnce(&mut Buffer)) {
        let _ = self.buffer.try_update_value(change);
        if self.paused.try_get_untracked() == Some(false) {
            let _ = self.version.try_update(|version| *version += 1);
        }
    }

    /// How many rows are shown; tracked.
    fn count(self) -> usize {
        self.version.track();
        self.buffer.with_value(Buffer::len)
    }
}

/// The log at `path`: a container's, a service's or an app's.
#[component]
pub fn LogView(
    /// The log's path, without a query.
    #[prop(into)]
    path: Signal<String>,
    /// The services to choose from, where it is an app's; the address may name one as `?service=`.
    #[prop(optional)]
    services: Vec<String>,
) -> impl IntoView {
    let asked = use_query_map().with_untracked(|query| query.get("service").unwrap_or_default());
    let service = RwSignal::new(if services.contains(&asked) { asked } else { String::new() });
    let view = View::new();
    let socket = StoredValue::new(None::<SendWrapper<Socket>>);
    let again = RwSignal::new(0_u32);
    Effect::new(move |before: Option<(String, LogQuery)>| {
        again.track();
        let wanted = (path.get(), LogQuery { ack: Some(true), ..view.query(&service.get()) });
        let mut query = wanted.1.clone();
        if before.as_ref() == Some(&wanted) {
            view.change(|buffer| {
                if let Some(since) = buffer.resume() {
                    (query.since, query.tail) = (Some(since), Some("all".to_owned()));
                }
            });
        } else {
            let streams = view.streams.get_untracked();
            view.change(|buffer| {
                *buffer = Buffer::default();
                buffer.filter(streams);
            });
            view.follow.set(true);
            view.link.set(Link::Opening);
        }
        let address = format!("{}?{}", wanted.0, query.to_query().as_str());
        let heard = move |event: SocketEvent| match event {
            SocketEvent::Opened => {
                let _ = view.link.try_set(Link::Open);
            }
            SocketEvent::Binary(bytes) => {
                let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                view.change(|buffer| Record::decode_all(&bytes).into_iter().for_each(|record| buffer.take(record)));
                socket.try_with_value(|socket| socket.as_ref().map(|it| it.send(&count.to_le_bytes())));
            }
            SocketEvent::Text(_) => {}
            SocketEvent::Closed(code) if may_come_back(code) => {
                let _ = view.link.try_set(Link::Lost);
                browser::after(RETRY, move || {
                    let _ = again.try_update(|again| *again += 1);
                });
            }
            SocketEvent::Closed(_) => {
                let _ = view.link.try_set(Link::Ended);
            }
        };
        socket.set_value(Socket::open(&address, heard).map(SendWrapper::new));
        wanted
    });
    Effect::new(move |_| {
        let streams = view.streams.get();
        view.change(|buffer| buffer.filter(streams));
    });
    let download = move || {
        let query = LogQuery { timestamps: Some(view.times.get()), ..view.query(&service.get()) };
        format!("{}?{}", path.get(), query.to_query().as_str())
    };
    view! {
        <div class="logs">
            <tools::Tools view services service download=Signal::derive(download) />
            <Rows view />
            <Opened view />
        </div>
    }
}

#[component]
fn Rows(view: View) -> impl IntoView {
    let locale = use_locale();
    let scroller = NodeRef::<html::Div>::new();
    let (space, shifted) = (NodeRef::<html::Div>::new(), NodeRef::<html::Div>::new());
    let (top, height) = (RwSignal::new(0.0_f64), RwSignal::new(600.0_f64));
    let measure = move || {
        if let Some(element) = scroller.get_untracked() {
            top.set(f64::from(element.scroll_top()));
            height.set(f64::from(element.client_height()));
        }
    };
    // Scrolling up lets go of the end, scrolling back to it takes hold again. Rows that came since do neither, nor does
    // the view's own way to the end, which is measured at once.
    let scrolled = move |_| {
        let before = top.get_untracked();
        measure();
        if let Some(element) = scroller.get_untracked() {
            let left = element.scroll_height() - element.scroll_top() - element.client_height();
            if left < 4 && top.get_untracked() > before {
                view.follow.set(true);
            } else if left >= 4 && top.get_untracked() < before {
                view.follow.set(false);
            }
        }
    };
    // The wheel is heard before the list moves, so that a row that comes meanwhile does not take it back to the end.
    let wheeled = move |event: web_sys::WheelEvent| {
        if event.delta_y() < 0.0 && scroller.get_untracked().is_some_and(|element| element.scroll_top() > 0) {
            view.follow.set(false);
        }
    };
    // What is being read stays where it is while the oldest rows go.
    Effect::new(move |before: Option<usize>| {
        view.version.track();
        let dropped = view.buffer.with_value(Buffer::dropped);
        let gone = dropped.saturating_sub(before.unwrap_or(dropped));
        if gone > 0
            && !view.follow.get_untracked()
            && !view.wrap.get_untracked()
            && let Some(element) = scroller.get_untracked()
        {
            let now = (top.get_untracked() - to_height(gone)).max(0.0);
            top.set(now);
            element.set_scroll_top(whole_pixels(now));
        }
        dropped
    });
    Effect::new(move |_| {
        view.count();
        view.wrap.track();
        if view.follow.get()
            && let Some(element) = scroller.get()
        {
            request_animation_frame(move || {
                // It may have been let go since.
                if view.follow.try_get_untracked() == Some(true) {
                    element.set_scroll_top(element.scroll_height());
                    measure();
                }
            });
        }
    });
    let goal = view.search.goal();
    Effect::new(move |_| {
        if let (Some(place), Some(element)) = (goal.get(), scroller.get_untracked()) {
            view.follow.set(false);
            element.set_scroll_top(to_pixels(place, height.get_untracked()));
        }
    });
    let range = Memo::new(move |_| {
        let count = view.count();
        if view.wrap.get() {
            return count.saturating_sub(WRAPPED)..count;
        }
        let first = to_rows(top.get()).min(count).saturating_sub(MARGIN);
        first..(first + to_rows(height.get()) + 2 * MARGIN).min(count)
    });
    let rows = move || {
        view.version.track();
        let (range, times, search) = (range.get(), view.times.get(), view.search.compiled());
        view.buffer.with_value(|buffer| {
            let current = goal.get();
            range
                .filter_map(|place| {
                    let row = buffer.get(place)?;
                    let source = buffer.sources.get(usize::from(row.source));
                    let names = buffer.sources.len() > 1;
                    Some(row::row_view(
                        locale,
                        row,
                        source.filter(|_| names),
                        times,
                        &search,
                        current == Some(place),
                        view.open,
                    ))
                })
                .collect_view()
        })
    };
    // Set by script: the content policy forbids style attributes in the document.
    Effect::new(move |_| {
        let whole = if view.wrap.get() { "auto".to_owned() } else { format!("{}px", to_height(view.count())) };
        if let Some(element) = space.get() {
            let _ = web_sys::HtmlElement::style(&element).set_property("height", &whole);
        }
    });
    Effect::new(move |_| {
        let shift =
            if view.wrap.get() { "none".to_owned() } else { format!("translateY({}px)", to_height(range.get().start)) };
        if let Some(element) = shifted.get() {
            let _ = web_sys::HtmlElement::style(&element).set_property("transform", &shift);
        }
    });
    let class = move || if view.wrap.get() { "logs__rows logs__rows--wrap" } else { "logs__rows" };
    view! {
        <div class="logs__scroll" node_ref=scroller on:scroll=scrolled on:wheel=wheeled tabindex="0" role="log" aria-label=t!(locale, logs.title)>
            <div class="logs__space" node_ref=space>
                <div class=class node_ref=shifted>
                    {rows}
                </div>
            </div>
            {move || (view.count() == 0).then(|| view! { <p class="logs__none">{t!(locale, logs.none)}</p> })}
        </div>
    }
}

/// The content of a chosen row: JSON laid out, else the whole text.
#[component]
fn Opened(view: View) -> impl IntoView {
    let locale = use_locale();
    move || {
        view.open.get().map(|text| {
            view! {
                <div class="logs__open">
                    <crate::components::code::CodeBlock text=Signal::stored(row::laid_out(&text)) label=t!(locale, logs.line) />
                    <button type="button" class="button button--small" on:click=move |_| view.open.set(None)>
                        {t!(locale, action.close)}
                    </button>
                </div>
            }
        })
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows of a bounded buffer")]
fn to_rows(pixels: f64) -> usize {
    (pixels.max(0.0) / ROW) as usize
}

#[allow(clippy::cast_precision_loss, reason = "rows of a bounded buffer")]
fn to_height(rows: usize) -> f64 {
    rows as f64 * ROW
}

/// Where to scroll so that a row is in the middle.
fn to_pixels(place: usize, height: f64) -> i32 {
    whole_pixels(to_height(place) - height / 2.0)
}

#[allow(clippy::cast_possible_truncation, reason = "rows of a bounded buffer")]
fn whole_pixels(pixels: f64) -> i32 {
    pixels.max(0.0) as i32
}
