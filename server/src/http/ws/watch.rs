//! The watch socket: what changed, at most ten times a second.

use std::collections::HashSet;
use std::time::Duration;

use api::watch::{Change, WatchQuery};
use axum::extract::State as FromState;
use axum::extract::ws::Message;
use axum::response::Response;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{End, Event, Link, accept};
use crate::auth::Caller;
use crate::http::extract::Query;
use crate::http::problem::Failure;
use crate::services::watch::Watcher;
use crate::services::{self, State};

/// Changes within this time come in one message.
const GATHER: Duration = Duration::from_millis(100);

/// The routes of this noun.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(watch))
}

/// A WebSocket that says what changed: each text message is a JSON array of changes the caller may know of.
#[utoipa::path(get, path = "/api/v1/watch", tag = "watch", params(WatchQuery),
    responses((status = 101, description = "Arrays of changes", body = Vec<Change>)))]
async fn watch(
    FromState(state): FromState<State>,
    caller: Caller,
    Query(query): Query<WatchQuery>,
    upgrade: Option<super::Upgrade>,
) -> Result<Response, Failure> {
    let watcher = services::watch::open(&state, &caller, query.after)?;
    let upgrade = super::required(upgrade)?;
    let refresh = watcher.audience();
    let may_stay = move |_: &State, caller: &Caller| refresh.set(caller);
    Ok(accept(upgrade.0, state, caller, may_stay, |link| serve(link, watcher)))
}

async fn serve(mut link: Link, mut watcher: Watcher) -> (Link, End) {
    let end = run(&mut link, &mut watcher).await;
    (link, end)
}

async fn run(link: &mut Link, watcher: &mut Watcher) -> End {
    let mut seen: HashSet<Change> = HashSet::new();
    let mut waiting: Vec<Change> = Vec::new();
    let mut since = Instant::now();
    loop {
        let ripe = !waiting.is_empty() && since.elapsed() >= GATHER;
        let wake = if waiting.is_empty() || ripe { Instant::now() + Duration::from_hours(1) } else { since + GATHER };
        tokio::select! {
            event = link.next(ripe) => match event {
                Ok(Event::Ready) => {
                    seen.clear();
                    let text = serde_json::to_string(&std::mem::take(&mut waiting)).unwrap_or_default();
                    if let Err(end) = link.send(Message::Text(text.into())) {
                        return end;
                    }
                }
                Ok(Event::Bytes(_)) => {}
                Err(end) => return end,
            },
            change = watcher.next() => {
                let Some(change) = change else { return End::Stopping };
                if waiting.is_empty() {
                    since = Instant::now();
                }
                // A reader that takes nothing learns in the end only that everything may have changed.
                if waiting.len() >= services::watch::MOST_WAITING {
                    waiting = vec![services::watch::everything()];
                    seen.clear();
                } else if seen.insert(change.clone()) {
                    waiting.push(change);
                }
            }
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}
