//! Sending the audit log to where the settings say, in order, at least once, each place behind a position of its own.

mod syslog;
mod webhook;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::Message;
use api::audit::{AuditEntry, AuditForwarding};
use api::permission::Permission;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use ulid::Ulid;

use super::{Error, State};
use crate::auth::Caller;
use crate::config::{AuditConfig, SyslogAddress, without_path};
use crate::db;
use crate::db::audit::Filter;
use crate::db::setting::{AUDIT_SYSLOG_POSITION, AUDIT_WEBHOOK_POSITION};
use crate::outbound::Outbound;
use webhook::Webhook;

/// The entries that are sent at once.
const AT_ONCE: u64 = 100;
/// How long a place may take for them.
const DEADLINE: Duration = Duration::from_secs(20);
/// The longest pause after failures, as a multiple of the first one.
const LONGEST_PAUSE: u32 = 64;

/// Where the audit log is sent to.
#[derive(Debug)]
pub struct Forwarding(Vec<Arc<Target>>);

/// A place that the audit log is sent to.
#[derive(Debug)]
pub struct Target {
    way: Way,
    recorded: Arc<Notify>,
    tries: Mutex<Tries>,
}

#[derive(Debug)]
enum Way {
    Syslog(SyslogAddress, String),
    Webhook(Webhook),
}

/// How the last tries went.
#[derive(Debug, Default)]
struct Tries {
    failed: u32,
    again_at: Option<Instant>,
    last_error: Option<Message>,
}

/// How far a place is, as it is kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Position {
    id: Ulid,
    at: i64,
}

impl Forwarding {
    /// The places that the settings name; `host` is what collectors know the portal by.
    pub fn new(config: &AuditConfig, host: &str, outbound: &Outbound) -> Self {
        let syslog = config.syslog.clone().map(|address| Way::Syslog(address, host.to_owned()));
        let webhook = config.webhook.clone().map(|url| {
            Way::Webhook(Webhook { url, secret: config.webhook_secret.clone(), outbound: outbound.clone() })
        });
        let target = |way| Arc::new(Target { way, recorded: Arc::default(), tries: Mutex::default() });
        Self([syslog, webhook].into_iter().flatten().map(target).collect())
    }

    /// The places.
    pub fn targets(&self) -> &[Arc<Target>] {
        &self.0
    }

    /// Says that something was recorded.
    pub(super) fn nudge(&self) {
        for target in &self.0 {
            target.recorded.notify_one();
        }
    }
}

impl Target {
    /// The name of the task that sends.
    pub fn task(&self) -> &'static str {
        match self.way {
            Way::Syslog(..) => "audit-syslog",
            Way::Webhook(_) => "audit-webhook",
        }
    }

    /// What is told when something was recorded.
    pub fn recorded(&self) -> Arc<Notify> {
        self.recorded.clone()
    }

    /// The place, without what may be secret.
    fn name(&self) -> String {
        match &self.way {
            Way::Syslog(address, _) => address.to_string(),
            Way::Webhook(webhook) => without_path(&webhook.url),
        }
    }

    fn key(&self) -> &'static str {
        match self.way {
            Way::Syslog(..) => AUDIT_SYSLOG_POSITION,
            Way::Webhook(_) => AUDIT_WEBHOOK_POSITION,
        }
    }

    async fn position(&self, state: &State) -> Result<Option<Position>, Error> {
        let kept = db::setting::get(state.db.read(), self.key()).await?;
        let position = kept.map(|text| serde_json::from_str(&text)).transpose();
        position.map_err(|error| Error::Internal(format!("the setting {}: {error}", self.key())))
    }

    /// Sends entries; a place that does not take all of them is sent them again.
    async fn send(&self, entries: &[AuditEntry]) -> Result<(), Message> {
        let sending = async {
            match &self.way {
                Way::Syslog(address, host) => syslog::send(address, host, entries).await,
                Way::Webhook(webhook) => webhook.send(entries).await,
            }
        };
        let late = || Message::new("audit-forward.timeout").with("seconds", DEADLINE.as_secs());
        tokio::time::timeout(DEADLINE, sending).await.map_err(|_| late())?
    }

    fn lock(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a place what it does not have yet, unless a pause after a failure is not over.
pub async fn run(state: &State, target: &Target) -> Result<(), Error> {
    if target.lock().again_at.is_some_and(|at| Instant::now() < at) {
        return Ok(());
    }
    let sent = send_rest(state, target).await;
    if let Err(error) = &sent {
        let mut tries = target.lock();
        let factor = 2_u32.saturating_pow(tries.failed).min(LONGEST_PAUSE);
        tries.failed = tries.failed.saturating_add(1);
        tries.again_at = Some(Instant::now() + state.operations.timing().forward * factor);
        tries.last_error = Some(told(error));
    }
    sent
}

async fn send_rest(state: &State, target: &Target) -> Result<(), Error> {
    let mut position = target.position(state).await?;
    while !state.stopping.token.is_cancelled() {
        let after = position.map(|position| position.id);
        let entries = db::audit::next(state.db.read(), &Filter::default(), after, AT_ONCE).await?;
        let Some(last) = entries.last() else { break };
        target.send(&entries).await.map_err(Error::Unavailable)?;
        let taken = Position { id: last.id, at: db::now() };
        let text = serde_json::to_string(&taken).map_err(|error| Error::Internal(error.to_string()))?;
        state.db.write(async |txn| db::setting::put(txn, target.key(), text).await).await?;
        position = Some(taken);
        *target.lock() = Tries::default();
    }
    *target.lock() = Tries::default();
    Ok(())
}

/// What people are told of an error.
fn told(error: &Error) -> Message {
    match error {
        Error::Unavailable(message) | Error::NoSpace(message) => message.clone(),
        _ => Message::new("problem.internal.detail"),
    }
}

/// How every place is doing.
pub async fn list(state: &State, caller: &Caller) -> Result<Vec<AuditForwarding>, Error> {
    caller.require(Permission::ManagePortal, None)?;
    let mut all = Vec::new();
    for target in state.forwarding.targets() {
        let position = target.position(state).await?;
        let after = position.map(|position| position.id);
        all.push(AuditForwarding {
            target: target.name(),
            position: after,
            behind: db::audit::count_behind(state.db.read(), after).await?,
            last_error: target.lock().last_error.clone(),
            last_sent_at: position.map(|position| db::time(position.at)),
        });
    }
    Ok(all)
}
