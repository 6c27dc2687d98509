//! Sessions: kept in the database, unused ones end after 12 hours, all after 7 days.

use std::collections::HashMap;
use std::net::IpAddr;

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::{Expiry, Session, SessionStore, session_store};
use ulid::Ulid;

use super::secret;
use crate::db::{self, Db};

/// How long a session lives at most.
pub const LIFETIME: Duration = Duration::days(7);
/// How long a session may be unused.
pub const IDLE: Duration = Duration::hours(12);
/// How exactly the last use is kept.
const TOUCH_EVERY: Duration = Duration::minutes(1);

const USER: &str = "user";
const CSRF: &str = "csrf";
const ADDRESS: &str = "address";
const BROWSER: &str = "browser";
const IDENTITY: &str = "identity";
/// What is kept of a browser's name for itself, in characters.
const LONGEST_BROWSER: usize = 255;

/// What a signed-in session holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Whose session it is.
    pub user_id: Ulid,
    /// The session's key in the database.
    pub key: String,
    /// What its writes must carry.
    pub csrf_token: String,
    /// With whom at a provider it began, where it did.
    pub identity: Option<Ulid>,
}

/// Where a session begins.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The client's address.
    pub address: IpAddr,
    /// What the browser says it is.
    pub browser: Option<String>,
    /// With whom at a provider it begins, where it does: it ends with that.
    pub identity: Option<Ulid>,
}

/// Where a session began, as its values in the database tell.
pub fn origin(data: &str) -> (Option<String>, Option<String>) {
    let values: HashMap<String, serde_json::Value> = serde_json::from_str(data).unwrap_or_default();
    let text = |name: &str| values.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    (text(ADDRESS), text(BROWSER))
}

/// Signs the session in: a new id, a new CSRF token.
pub async fn start(session: &Session, user: Ulid, origin: Origin) -> Result<(), String> {
    let csrf_token = secret::random().map_err(|error| error.to_string())?;
    let run = async {
        session.cycle_id().await?;
        session.insert(USER, user.to_string()).await?;
        session.insert(CSRF, csrf_token).await?;
        session.insert(ADDRESS, origin.address.to_canonical().to_string()).await?;
        if let Some(browser) = origin.browser {
            session.insert(BROWSER, browser.chars().take(LONGEST_BROWSER).collect::<String>()).await?;
        }
        session.remove_value(IDENTITY).await?;
        if let Some(identity) = origin.identity {
            session.insert(IDENTITY, identity.to_string()).await?;
        }
        session.set_expiry(Some(Expiry::AtDateTime(OffsetDateTime::now_utc() + LIFETIME)));
        Ok::<_, tower_sessions::session::Error>(())
    };
    run.await.map_err(|error| error.to_string())
}

/// Gives the session a new id after its owner has proved again who it is.
pub async fn renew(session: &Session) -> Result<(), String> {
    session.cycle_id().await.map_err(|error| error.to_string())?;
    session.set_expiry(Some(Expiry::AtDateTime(OffsetDateTime::now_utc() + LIFETIME)));
    Ok(())
}

/// Ends the session and removes its cookie.
pub async fn end(session: &Session) -> Result<(), String> {
    session.flush().await.map_err(|error| error.to_string())
}

/// What the session holds, where it is signed in.
pub async fn read(session: &Session) -> Result<Option<Signed>, String> {
    let read = async {
        let user: Option<String> = session.get(USER).await?;
        let csrf: Option<String> = session.get(CSRF).await?;
        let identity: Option<String> = session.get(IDENTITY).await?;
        Ok::<_, tower_sessions::session::Error>(user.zip(csrf).map(|(user, csrf)| (user, csrf, identity)))
    };
    let Some((user, csrf_token, identity)) = read.await.map_err(|error| error.to_string())? else { return Ok(None) };
    let (Ok(user_id), Some(id)) = (user.parse(), session.id()) else { return Ok(None) };
    let Ok(identity) = identity.map(|identity| identity.parse()).transpose() else { return Ok(None) };
    Ok(Some(Signed { user_id, key: key(&id), csrf_token, identity }))
}

/// The key in the database of the session with this id.
fn key(id: &Id) -> String {
    secret::hash(&id.to_string())
}

/// The store of tower-sessions on our database.
#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

impl Store {
    /// A store in `db`.
    pub fn new(db: Db) -> Self {
        Self { db }
    }
}

fn model(record: &Record) -> session_store::Result<db::session::Model> {
    let data = serde_json::to_string(&record.data).map_err(|error| session_store::Error::Encode(error.to_string()))?;
    let user_id = record.data.get(USER).and_then(|value| value.as_str()).map(str::to_owned);
    let now = db::now();
    Ok(db::session::Model {
        id: key(&record.id),
        user_id,
        data,
        created_at: now,
        seen_at: now,
        expires_at: db::millis(record.expiry_date),
    })
}

fn backend(error: db::Error) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Store {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        loop {
            let row = model(record)?;
            match self.db.write(async |txn| db::session::insert(txn, row).await).await {
                Err(db::Error::Duplicate(_)) => record.id = Id::default(),
                other => return other.map_err(backend),
            }
        }
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let row = model(record)?;
        self.db.write(async |txn| db::session::upsert(txn, row).await).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let now = db::now();
        let key = key(id);
        let idle_since = now - millis(IDLE);
        let Some(row) = db::session::find(self.db.read(), &key, now, idle_since).await.map_err(backend)? else {
            return Ok(None);
        };
        if now - row.seen_at >= millis(TOUCH_EVERY) {
            let db = self.db.clone();
            tokio::spawn(async move {
                // A full or busy database must not keep people from reading; the next request notes it again.
                let _ = db.write(async |txn| db::session::touch(txn, &key, now).await).await;
            });
        }
        let data = serde_json::from_str(&row.data).map_err(|error| session_store::Error::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date: db::time(row.expires_at) }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let key = key(id);
        self.db.write(async |txn| db::session::delete(txn, &key).await).await.map_err(backend)
    }
}

/// A duration as the database counts.
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.whole_milliseconds()).unwrap_or(i64::MAX)
}
