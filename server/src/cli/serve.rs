//! `gantry serve`.

use std::io::Write as _;

use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::Error;
use crate::config::{Config, LogConfig};
use crate::startup::{self, DataDir};

/// Serves until the process is told to stop.
pub async fn run(config: Config) -> Result<(), Error> {
    log(&config.log)?;
    // Held until the end.
    let _lock = DataDir::open(&config.data).await.map_err(Error::of)?;
    let http = config.http.clone();
    let portal = startup::build(config).await.map_err(Error::of)?;
    let listener = TcpListener::bind(http.listen).await.map_err(|error| {
        Error(format!("Cannot listen on {}: {error}. Choose another address with --listen.", http.listen))
    })?;
    if let Some(link) = startup::setup_link(&portal.state).await.map_err(Error::of)? {
        announce(&format!("\n  Make the first administrator with this link (it works once):\n\n  {link}\n\n"));
    }
    tracing::info!(listen = %http.listen, url = %http.public_url, "Gantry serves");
    startup::serve(listener, portal, stop_signal()).await.map_err(Error::of)?;
    tracing::info!("Gantry has stopped");
    Ok(())
}

/// To the console, not to the log: the link is a secret.
fn announce(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

fn log(config: &LogConfig) -> Result<(), Error> {
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|error| Error(format!("log: `{}` is no filter: {error}. Try `info`.", config.filter)))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let done = if config.json { builder.json().try_init() } else { builder.try_init() };
    done.map_err(Error::of)
}

/// Resolves when the process is told to stop.
async fn stop_signal() {
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
