//! A WebSocket of a page: it lives as long as its handle.

use std::time::Duration;

use leptos::prelude::*;
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use crate::browser;

/// All was said: the portal closes a socket so that will tell nothing more.
const DONE: u16 = 1000;
/// The caller may no longer hear it.
const REVOKED: u16 = 1008;

/// After how long a socket that broke off is opened again.
pub const RETRY: Duration = Duration::from_secs(2);

/// Whether what was closed with this code may be opened again.
pub fn may_come_back(code: u16) -> bool {
    code != DONE && code != REVOKED
}

/// What a socket says.
pub enum SocketEvent {
    /// It is connected.
    Opened,
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// It is closed, with this code; no more events come.
    Closed(u16),
}

/// An open socket; dropping it closes it.
pub struct Socket {
    web: WebSocket,
    _opened: Closure<dyn FnMut()>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens a path of the portal.
    pub fn open(path: &str, on_event: impl Fn(SocketEvent) + Clone + 'static) -> Option<Self> {
        let location = window().location();
        let scheme = if location.protocol().is_ok_and(|it| it == "https:") { "wss" } else { "ws" };
        let socket = WebSocket::new(&format!("{scheme}://{}{path}", location.host().ok()?)).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let opened = Closure::<dyn FnMut()>::new({
            let on_event = on_event.clone();
            move || on_event(SocketEvent::Opened)
        });
        let message = Closure::<dyn FnMut(MessageEvent)>::new({
            let on_event = on_event.clone();
            move |event: MessageEvent| {
                let data = event.data();
                if let Some(text) = data.as_string() {
                    on_event(SocketEvent::Text(text));
                } else if let Ok(buffer) = data.dyn_into::<js_sys::ArrayBuffer>() {
                    on_event(SocketEvent::Binary(js_sys::Uint8Array::new(&buffer).to_vec()));
                }
            }
        });
        let closed =
            Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| on_event(SocketEvent::Closed(event.code())));
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        Some(Self { web: socket, _opened: opened, _message: message, _closed: closed })
    }

    /// Sends a binary message; nothing where the socket is not open.
    pub fn send(&self, bytes: &[u8]) {
        if self.web.ready_state() == WebSocket::OPEN {
            let _ = self.web.send_with_u8_array(bytes);
        }
    }
}

/// Keeps a socket open as long as its owner lives: one that broke off is opened again. `path` is tracked; where it gives
/// nothing there is no socket.
pub fn keep_open(path: impl Fn() -> Option<String> + 'static, on_event: impl Fn(SocketEvent) + Clone + 'static) {
    let socket = StoredValue::new(None::<SendWrapper<Socket>>);
    let again = RwSignal::new(0_u32);
    Effect::new(move |_| {
        again.track();
        let opened = path().and_then(|path| {
            let on_event = on_event.clone();
            Socket::open(&path, move |event| {
                if matches!(event, SocketEvent::Closed(code) if may_come_back(code)) {
                    browser::after(RETRY, move || {
                        let _ = again.try_update(|again| *again += 1);
                    });
                }
                on_event(event);
            })
        });
        socket.set_value(opened.map(SendWrapper::new));
    });
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.web.set_onopen(None);
        self.web.set_onmessage(None);
        self.web.set_onclose(None);
        let _ = self.web.close();
    }
}
