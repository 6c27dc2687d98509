//! The settings of the whole portal.

use api::permission::Permission;
use api::portal::{Announcement, PasswordSignIn, PortalSettings};
use api::{Message, OffsetDateTime};
use sea_orm::DatabaseTransaction;

use super::audit::{Outcome, audit};
use super::{Error, State};
use crate::auth::Caller;
use crate::db;

/// The settings.
pub async fn get(state: &State, caller: &Caller) -> Result<PortalSettings, Error> {
    caller.require(Permission::ManagePortal, None)?;
    Ok(db::setting::portal(state.db.read()).await?)
}

/// Replaces the settings.
pub async fn set(state: &State, caller: &Caller, settings: PortalSettings) -> Result<PortalSettings, Error> {
    caller.require(Permission::ManagePortal, None)?;
    if let Some(announcement) = &settings.announcement {
        announcement.check_text().map_err(|message| Error::invalid("announcement.text", message))?;
    }
    let replaced = state
        .db
        .write(async |txn| {
            let restricts = settings.password_sign_in == PasswordSignIn::BreakGlass;
            // Held before the settings are read, so that nobody takes the last one away meanwhile.
            let ready = !restricts || is_ready(txn).await?;
            let before = db::setting::portal(txn).await?;
            if !ready && before.password_sign_in != settings.password_sign_in {
                return Err(Error::Conflict(Message::new("portal.no-break-glass")));
            }
            db::setting::put_portal(txn, &settings).await?;
            Ok(before)
        })
        .await;
    let (outcome, detail) = match &replaced {
        Ok(before) => (Outcome::Done, difference(before, &settings)),
        Err(_) => (Outcome::Refused, format!("password_sign_in={}", settings.password_sign_in.as_str())),
    };
    audit(state, caller, "portal.update", "portal", outcome, &detail).await;
    replaced?;
    Ok(settings)
}

/// What pages show to whoever opens them: an announcement only while it lasts.
pub async fn shown(state: &State) -> Result<PortalSettings, Error> {
    let settings = db::setting::portal(state.db.read()).await?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let announcement = settings.announcement.filter(|announcement| !announcement.is_over(now));
    Ok(PortalSettings { announcement, ..settings })
}

/// Whether there is another way in than a password, and an administrator for when it fails.
async fn is_ready(txn: &DatabaseTransaction) -> Result<bool, Error> {
    let has_admin = db::user::hold_admins(txn).await?.iter().any(|admin| admin.break_glass);
    Ok(has_admin && db::provider::list(txn).await?.iter().any(|provider| provider.enabled))
}

/// What an audit entry says of a change.
fn difference(before: &PortalSettings, after: &PortalSettings) -> String {
    let said = |announcement: Option<&Announcement>| {
        announcement.and_then(|it| serde_json::to_string(it).ok()).unwrap_or_else(|| "none".to_owned())
    };
    let mut parts = Vec::new();
    if before.password_sign_in != after.password_sign_in {
        parts.push(format!("password_sign_in={}", after.password_sign_in.as_str()));
    }
    if before.announcement != after.announcement {
        let (old, new) = (said(before.announcement.as_ref()), said(after.announcement.as_ref()));
        parts.push(format!("announcement={new} before={old}"));
    }
    parts.join(" ")
}
