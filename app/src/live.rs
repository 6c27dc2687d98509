//! What keeps pages true: the one watch socket of the page, and the clock.

use std::{cell::RefCell, rc::Rc, time::Duration};

use api::watch::{Change, ChangeKind, WatchQuery, watch_path};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use crate::{boot::use_boot, browser, paths};

/// Changes that come close together make one refetch.
const QUIET: Duration = Duration::from_millis(300);
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(10);
/// How the server closes a socket whose caller may not be here any more (RFC 6455, section 7.4.1).
const REVOKED: u16 = 1008;

const KINDS: [ChangeKind; 9] = [
    ChangeKind::App,
    ChangeKind::Cluster,
    ChangeKind::Container,
    ChangeKind::Event,
    ChangeKind::Image,
    ChangeKind::Network,
    ChangeKind::Node,
    ChangeKind::Operation,
    ChangeKind::Volume,
];

/// The kinds in a set of bits.
const fn bit(kind: ChangeKind) -> u16 {
    match kind {
        ChangeKind::App => 1,
        ChangeKind::Cluster => 1 << 1,
        ChangeKind::Container => 1 << 2,
        ChangeKind::Event => 1 << 3,
        ChangeKind::Image => 1 << 4,
        ChangeKind::Network => 1 << 5,
        ChangeKind::Node => 1 << 6,
        ChangeKind::Operation => 1 << 7,
        ChangeKind::Volume => 1 << 8,
        ChangeKind::All => u16::MAX,
    }
}

/// Signals of what changed.
#[derive(Clone, Copy)]
pub struct Live {
    triggers: StoredValue<[Trigger; 9]>,
    connected: RwSignal<bool>,
}

impl Live {
    /// Makes the current effect run again when something of these kinds changes.
    pub fn track(self, kinds: &[ChangeKind]) {
        let Some(triggers) = self.triggers.try_get_value() else { return };
        for (kind, trigger) in KINDS.iter().zip(triggers) {
            if kinds.contains(kind) {
                trigger.track();
            }
        }
    }

    /// Whether changes arrive; `true` until the first connection fails.
    pub fn connected(self) -> Signal<bool> {
        self.connected.into()
    }

    /// Refetches everything on the page, for example after an action of this page.
    pub fn refetch_all(self) {
        self.notify(u16::MAX);
    }

    fn notify(self, changed: u16) {
        let Some(triggers) = self.triggers.try_get_value() else { return };
        for (kind, trigger) in KINDS.iter().zip(triggers) {
            if changed & bit(*kind) != 0 {
                trigger.notify();
            }
        }
    }
}

/// The page's signals of what changed.
pub fn use_live() -> Live {
    use_context().unwrap_or_else(new_live)
}

fn new_live() -> Live {
    Live { triggers: StoredValue::new(std::array::from_fn(|_| Trigger::new())), connected: RwSignal::new(true) }
}

/// Gives the signals to everything inside, and in the browser keeps the socket open.
pub fn provide_live() -> Live {
    let live = new_live();
    provide_context(live);
    let position = use_boot().position;
    Effect::new(move |_| {
        let (pending, retry) = (RefCell::new(0), RefCell::new(FIRST_RETRY));
        connect(&Rc::new(Watch { live, pending, retry }), Some(position));
    });
    live
}

struct Watch {
    live: Live,
    /// Changes that are told when it gets quiet, or when somebody looks again.
    pending: RefCell<u16>,
    retry: RefCell<Duration>,
}

impl Watch {
    fn add(self: &Rc<Self>, changed: u16) {
        let before = self.pending.replace_with(|pending| *pending | changed);
        if before == 0 && changed != 0 {
            let watch = self.clone();
            browser::after(QUIET, move || watch.tell());
        }
    }

    fn tell(self: &Rc<Self>) {
        if browser::is_hidden() {
            let watch = self.clone();
            browser::after(Duration::from_secs(2), move || watch.tell());
            return;
        }
        self.live.notify(self.pending.replace(0));
    }
}

/// The kinds that a message names; a message this page does not understand means anything may have changed.
fn changed_kinds(message: &str) -> u16 {
    match serde_json::from_str::<Vec<Change>>(message) {
        Ok(changes) => changes.iter().fold(0, |all, change| all | bit(change.kind)),
        Err(_) => u16::MAX,
    }
}

/// Opens the socket: the first from the position of the page on, a later one (after which all is read again) from now.
fn connect(watch: &Rc<Watch>, after: Option<u64>) {
    let location = window().location();
    let scheme = if location.protocol().is_ok_and(|it| it == "https:") { "wss" } else { "ws" };
    let host = location.host().unwrap_or_default();
    let address = format!("{scheme}://{host}{}?{}", watch_path().as_str(), WatchQuery { after }.to_query().as_str());
    let Ok(socket) = WebSocket::new(&address) else { return };

    let opened = Closure::<dyn FnMut()>::new({
        let watch = watch.clone();
        move || {
            *watch.retry.borrow_mut() = FIRST_RETRY;
            let lost = watch.live.connected.try_get_untracked() == Some(false);
            let _ = watch.live.connected.try_set(true);
            if lost {
                watch.add(u16::MAX);
            }
        }
    });
    let message = Closure::<dyn FnMut(MessageEvent)>::new({
        let watch = watch.clone();
        move |event: MessageEvent| watch.add(event.data().as_string().map_or(u16::MAX, |text| changed_kinds(&text)))
    });
    let closed = Closure::<dyn FnMut(CloseEvent)>::new({
        let watch = watch.clone();
        move |event: CloseEvent| {
            if event.code() == REVOKED {
                browser::leave_for(&paths::sign_in(&browser::current_address()));
                return;
            }
            let wait = watch.retry.replace_with(|wait| (*wait * 2).min(LONGEST_RETRY));
            let _ = watch.live.connected.try_set(false);
            let watch = watch.clone();
            browser::after(wait, move || connect(&watch, None));
        }
    });
    socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
    socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
    socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
    // The browser keeps them as long as the socket, which lives as long as the page.
    opened.forget();
    message.forget();
    closed.forget();
}

/// The clock of the page: absent on the server and in the first render, so that both draw the same.
#[derive(Clone, Copy)]
pub struct Clock {
    second: RwSignal<Option<i64>>,
    slow: RwSignal<Option<i64>>,
}

impl Clock {
    /// Unix seconds, every second.
    pub fn second(self) -> Signal<Option<i64>> {
        self.second.into()
    }

    /// Unix seconds, every five seconds: enough for the ages in a table.
    pub fn slow(self) -> Signal<Option<i64>> {
        self.slow.into()
    }
}

/// The clock of the page.
pub fn use_clock() -> Clock {
    use_context().unwrap_or_else(|| Clock { second: RwSignal::new(None), slow: RwSignal::new(None) })
}

/// Gives the clock to everything inside; it begins to go in the browser.
pub fn provide_clock() {
    let clock = Clock { second: RwSignal::new(None), slow: RwSignal::new(None) };
    provide_context(clock);
    Effect::new(move |_| {
        let tick = move || {
            if browser::is_hidden() {
                return;
            }
            let now = browser::now();
            let _ = clock.second.try_set(Some(now));
            if clock.slow.try_get_untracked().flatten().is_none_or(|last| now - last >= 5) {
                let _ = clock.slow.try_set(Some(now));
            }
        };
        tick();
        let _ = set_interval_with_handle(tick, Duration::from_secs(1));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_its_kinds_and_an_unknown_one_means_everything() {
        let both = r#"[{"kind":"container","id":"a"},{"kind":"app"}]"#;
        assert_eq!(changed_kinds(both), bit(ChangeKind::Container) | bit(ChangeKind::App));
        assert_eq!(changed_kinds(r#"[{"kind":"all"}]"#), u16::MAX);
        assert_eq!(changed_kinds(r#"[{"kind":"of-tomorrow"}]"#), u16::MAX);
        assert_eq!(changed_kinds("[]"), 0);
    }

    #[test]
    fn every_kind_has_its_own_bit() {
        let all = KINDS.iter().fold(0, |all: u16, kind| all + bit(*kind));
        assert_eq!(all, (1 << KINDS.len()) - 1);
    }
}
