//! A terminal in a container: xterm.js over the terminal socket, with flow control.

use api::{
    Message,
    terminal::{Input, Output},
};
use js_sys::{Object, Uint8Array};
use leptos::{html, prelude::*, task::spawn_local};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsValue;

use super::icon::{Icon, IconView};
use crate::{
    i18n::{language, t, use_locale},
    module::{self, Handle},
    socket::{Socket, SocketEvent},
};

/// How a terminal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Connecting,
    Open,
    Ended(i32),
    Lost,
}

/// A terminal on the socket at `path`, for as long as it is shown.
#[component]
pub fn Terminal(
    /// The socket's path with its query.
    path: String,
) -> impl IntoView {
    let locale = use_locale();
    let element = NodeRef::<html::Div>::new();
    let terminal = StoredValue::new(None::<SendWrapper<Handle>>);
    let socket = StoredValue::new(None::<SendWrapper<Socket>>);
    let (state, notice) = (RwSignal::new(State::Connecting), RwSignal::new(None::<Message>));
    let tell = move |input: Input<'_>| {
        socket.try_with_value(|socket| socket.as_ref().map(|it| it.send(&input.encode())));
    };
    let resize = move |columns: u16, rows: u16| tell(Input::Resize { columns, rows });
    // The terminal says when bytes were drawn; only then the server may send more.
    let show = move |bytes: &[u8]| {
        let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let drawn = module::once(move || tell(Input::Acknowledge(count)));
        terminal.try_with_value(|it| it.as_ref().map(|it| it.call("write", &[Uint8Array::from(bytes).into(), drawn])));
    };
    let hear = move |event: SocketEvent| match event {
        SocketEvent::Opened => {
            let _ = state.try_set(State::Open);
            terminal.try_with_value(|it| {
                let Some(it) = it else { return };
                let size = |name| it.get(name).as_f64().map_or(0, to_cells);
                resize(size("columns"), size("rows"));
                it.call("focus", &[]);
            });
        }
        SocketEvent::Binary(bytes) => match Output::decode(&bytes) {
            Some(Output::Data(bytes)) => show(bytes),
            Some(Output::Ended(code)) => {
                let _ = state.try_set(State::Ended(code));
            }
            Some(Output::Notice(message)) => {
                let _ = notice.try_set(Some(message));
            }
            None => {}
        },
        SocketEvent::Text(_) => {}
        SocketEvent::Closed(_) => {
            if state.try_get_untracked().is_some_and(|state| !matches!(state, State::Ended(_))) {
                let _ = state.try_set(State::Lost);
            }
        }
    };
    Effect::new(move |_| {
        let Some(element) = element.get() else { return };
        let options = Object::new();
        module::set(&options, "dark", module::is_dark());
        let typed = move |text: JsValue| {
            if let Some(text) = text.as_string() {
                tell(Input::Data(text.as_bytes()));
            }
        };
        module::set(&options, "onData", module::callback(typed));
        let raw = move |bytes: JsValue| tell(Input::Data(&Uint8Array::new(&bytes).to_vec()));
        module::set(&options, "onBinary", module::callback(raw));
        let sized = move |columns: JsValue, rows: JsValue| {
            resize(columns.as_f64().map_or(0, to_cells), rows.as_f64().map_or(0, to_cells));
        };
        module::set(&options, "onResize", module::callback2(sized));
        let path = path.clone();
        spawn_local(async move {
            let Ok(handle) = module::open("terminal", &element, &options).await else { return };
            if terminal.try_set_value(Some(SendWrapper::new(handle))).is_none() {
                let _ = socket.try_set_value(Socket::open(&path, hear).map(SendWrapper::new));
            }
        });
    });
    on_cleanup(move || {
        terminal.try_with_value(|it| it.as_ref().and_then(|it| it.call("dispose", &[])));
    });
    view! {
        <div class="terminal">
            <div class="terminal__screen" node_ref=element></div>
            <p class="terminal__foot" role="status">
                {move || match state.get() {
                    State::Connecting => t!(locale, terminal.connecting).to_owned(),
                    State::Open => t!(locale, terminal.open).to_owned(),
                    State::Ended(code) => t!(locale, terminal.ended, code = code.to_string()),
                    State::Lost => t!(locale, terminal.lost).to_owned(),
                }}
            </p>
            {move || {
                notice
                    .get()
                    .map(|message| {
                        view! {
                            <div class="notice notice--warn" role="alert">
                                <IconView icon=Icon::Warn />
                                <div class="notice__body">
                                    <p>{message.text(language(locale))}</p>
                                </div>
                            </div>
                        }
                    })
            }}
        </div>
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size in cells")]
fn to_cells(size: f64) -> u16 {
    size.clamp(0.0, 10_000.0) as u16
}
