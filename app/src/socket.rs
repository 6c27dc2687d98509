//! A WebSocket of a page: it lives as long as its handle.

use leptos::prelude::window;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{BinaryType, MessageEvent, WebSocket};

/// What a socket says.
pub enum SocketEvent {
    /// It is connected.
    Opened,
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// It is closed; no more events come.
    Closed,
}

/// An open socket; dropping it closes it.
pub struct Socket {
    web: WebSocket,
    _opened: Closure<dyn FnMut()>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut()>,
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
        let closed = Closure::<dyn FnMut()>::new(move || on_event(SocketEvent::Closed));
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

impl Drop for Socket {
    fn drop(&mut self) {
        self.web.set_onopen(None);
        self.web.set_onmessage(None);
        self.web.set_onclose(None);
        let _ = self.web.close();
    }
}
