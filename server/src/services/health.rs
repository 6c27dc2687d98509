//! Whether the server can serve.

use std::time::Duration;

use api::Message;

use super::{Error, State};
use crate::db;

const DEADLINE: Duration = Duration::from_secs(5);

/// Asks the database, and checks that its schema is this version's.
pub async fn check(state: &State) -> Result<(), Error> {
    let unavailable = || Error::Unavailable(Message::new("unavailable.database"));
    let current =
        tokio::time::timeout(DEADLINE, db::migrate::is_current(&state.db)).await.map_err(|_| unavailable())??;
    if current { Ok(()) } else { Err(unavailable()) }
}
