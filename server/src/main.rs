//! The `gantry` binary.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;

use server::config::{Config, Sources};
use server::startup;

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::load(&Sources::process(None, BTreeMap::new()))?;
    tracing_subscriber::fmt().with_env_filter(&config.log.filter).init();
    startup::make_data_dir(&config.data.dir)?;
    let listen = config.http.listen;
    let portal = startup::build(config).await?;
    let listener = tokio::net::TcpListener::bind(listen).await?;
    if let Some(link) = startup::setup_link(&portal.state).await? {
        println!("Make the first administrator: {link}");
    }
    axum::serve(listener, portal.router.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
