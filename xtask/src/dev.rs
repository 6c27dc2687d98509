//! Builds and serves again when a file changes, and tells open pages to reload.

use std::{
    env,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Child,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use notify::{EventKind, RecursiveMode, Watcher};
use tungstenite::{Message, WebSocket};

use crate::{
    build::{self, Profile},
    project::{Project, Result},
};

const WATCHED: &[&str] = &["api", "app", "migrations", "server", "style", "public", "Cargo.toml", "Cargo.lock"];
/// Where pages that carry Leptos' reload script listen; `LeptosOptions` has the same default.
const RELOAD_ADDRESS: &str = "127.0.0.1:3001";
/// Where `gantry serve` listens when nobody tells it otherwise.
const DEFAULT_ADDRESS: &str = "127.0.0.1:8080";
/// Editors write a file in several steps: what comes within this time is one change.
const QUIET: Duration = Duration::from_millis(100);

type Pages = Arc<Mutex<Vec<WebSocket<TcpStream>>>>;

/// Builds, serves, and does both again at every change until it is interrupted.
pub fn watch(project: &Project) -> Result<()> {
    let (sender, changes) = mpsc::channel::<PathBuf>();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_)) {
            for path in event.paths {
                let _ = sender.send(path);
            }
        }
    })?;
    for name in WATCHED {
        watcher.watch(&project.root.join(name), RecursiveMode::Recursive)?;
    }
    let pages = reload_server()?;
    let mut server = None;
    loop {
        match build::both(project, Profile::Dev) {
            Ok(()) => {
                stop(server.take())?;
                server = Some(build::server_command(project, Profile::Dev).env("LEPTOS_WATCH", "true").spawn()?);
                if let Some(server) = &mut server {
                    wait_until_listening(server)?;
                }
                reload(&pages);
            }
            Err(error) => {
                eprintln!("error: {error}\nWaiting for the next change; the last good build goes on serving.");
            }
        }
        wait_for_change(&changes)?;
    }
}

fn wait_for_change(changes: &mpsc::Receiver<PathBuf>) -> Result<()> {
    loop {
        let path = changes.recv()?;
        if is_source(&path) {
            eprintln!("{} changed", path.display());
            while changes.recv_timeout(QUIET).is_ok() {}
            return Ok(());
        }
    }
}

fn is_source(path: &Path) -> bool {
    let hidden =
        path.file_name().and_then(|name| name.to_str()).is_none_or(|name| name.starts_with('.') || name.ends_with('~'));
    !hidden && !path.components().any(|part| part.as_os_str() == "node_modules")
}

fn stop(server: Option<Child>) -> Result<()> {
    if let Some(mut server) = server {
        server.kill()?;
        server.wait()?;
    }
    Ok(())
}

/// A page that reloads too early shows the browser's own error, and never reloads again.
fn wait_until_listening(server: &mut Child) -> Result<()> {
    let address = env::var("GANTRY_LISTEN").unwrap_or_else(|_| DEFAULT_ADDRESS.to_owned());
    while TcpStream::connect(&address).is_err() && server.try_wait()?.is_none() {
        thread::sleep(QUIET);
    }
    Ok(())
}

fn reload_server() -> Result<Pages> {
    let listener =
        TcpListener::bind(RELOAD_ADDRESS).map_err(|error| format!("{RELOAD_ADDRESS} (live reload): {error}"))?;
    let pages = Pages::default();
    let accepted = Arc::clone(&pages);
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            if let Ok(page) = tungstenite::accept(connection)
                && let Ok(mut pages) = accepted.lock()
            {
                pages.push(page);
            }
        }
    });
    Ok(pages)
}

fn reload(pages: &Pages) {
    if let Ok(mut pages) = pages.lock() {
        for mut page in pages.drain(..) {
            let _ = page.send(Message::text(r#"{"all":"reload"}"#));
            let _ = page.flush();
        }
    }
}
