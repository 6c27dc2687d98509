//! The settings of the whole portal that administrators change in the console.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::client::{Client, Method, Path};
use crate::message::Message;
use crate::problem::Problem;

/// The longest text of an announcement, in characters.
pub const MAX_ANNOUNCEMENT_LENGTH: usize = 500;

/// The settings of the portal. A change replaces all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PortalSettings {
    /// What every page says at its top; nothing where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<Announcement>,
    /// Who may sign in with a password.
    pub password_sign_in: PasswordSignIn,
}

/// A text that stands above every page, also above the sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// The text: at most 500 characters, among them line breaks but no other control characters.
    pub text: String,
    /// How pressing it is.
    pub tone: AnnouncementTone,
    /// When it disappears; it stays where absent.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub until: Option<OffsetDateTime>,
}

/// How pressing an announcement is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AnnouncementTone {
    /// Good to know; everybody can put it away.
    #[default]
    Info,
    /// It stays in view.
    Warning,
}

/// Who may sign in with a password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PasswordSignIn {
    /// Everybody who has one.
    #[default]
    Everybody,
    /// Break-glass accounts only; the others sign in with an identity provider.
    BreakGlass,
}

impl PasswordSignIn {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everybody => "everybody",
            Self::BreakGlass => "break-glass",
        }
    }

    /// Whether a password lets somebody in who has a break-glass account, or has none.
    pub fn is_open_to(self, break_glass: bool) -> bool {
        break_glass || self == Self::Everybody
    }
}

impl Announcement {
    /// Checks the text.
    pub fn check_text(&self) -> Result<(), Message> {
        if self.text.trim().is_empty() {
            return Err(Message::new("portal.announcement.empty"));
        }
        if self.text.chars().count() > MAX_ANNOUNCEMENT_LENGTH {
            return Err(Message::new("portal.announcement.long").with("limit", MAX_ANNOUNCEMENT_LENGTH));
        }
        if self.text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(Message::new("portal.announcement.character"));
        }
        Ok(())
    }

    /// Whether it is over at a moment, in Unix seconds.
    pub fn is_over(&self, now: i64) -> bool {
        self.until.is_some_and(|until| until.unix_timestamp() <= now)
    }

    /// Whether somebody put it away, by the mark that the browser remembers. A warning stays.
    pub fn is_put_away(&self, mark: Option<&str>) -> bool {
        self.tone == AnnouncementTone::Info && mark == Some(self.mark().as_str())
    }

    /// What a browser remembers this text by when somebody puts it away: another text is shown again.
    pub fn mark(&self) -> String {
        // FNV-1a: it protects nothing, and is the same on both sides.
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        format!("{:016x}", self.text.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
    }
}

impl Client {
    /// The settings of the portal.
    pub async fn portal(&self) -> Result<PortalSettings, Problem> {
        self.get(Path::new(&["portal"])).await
    }

    /// Replaces the settings of the portal.
    pub async fn set_portal(&self, settings: &PortalSettings) -> Result<PortalSettings, Problem> {
        self.call(Method::Put, Path::new(&["portal"]), settings).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Announcement {
        Announcement { text: text.to_owned(), tone: AnnouncementTone::Info, until: None }
    }

    #[test]
    fn a_text_is_there_short_and_without_control_characters() {
        let reason = |text: &str| said(text).check_text().err().map(|message| message.key);
        assert_eq!(reason("Back at 9.\n维护中 <b>"), None);
        assert_eq!(reason(&"维".repeat(MAX_ANNOUNCEMENT_LENGTH)), None);
        assert_eq!(reason(&"a".repeat(MAX_ANNOUNCEMENT_LENGTH + 1)).as_deref(), Some("portal.announcement.long"));
        for text in ["", " \n "] {
            assert_eq!(reason(text).as_deref(), Some("portal.announcement.empty"), "{text:?}");
        }
        for text in ["a\rb", "a\tb", "a\0", "\u{1b}[31m", "\u{85}x"] {
            assert_eq!(reason(text).as_deref(), Some("portal.announcement.character"), "{text:?}");
        }
    }

    #[test]
    fn it_is_over_from_its_moment_on() {
        let until = OffsetDateTime::from_unix_timestamp(1_000).unwrap();
        let ends = Announcement { until: Some(until), ..said("a") };
        assert!(!ends.is_over(999) && ends.is_over(1_000) && !said("a").is_over(i64::MAX));
    }

    #[test]
    fn another_text_has_another_mark() {
        assert_eq!(said("a").mark(), said("a").mark());
        assert_ne!(said("a").mark(), said("b").mark());
        let mark = said("a").mark();
        let warning = Announcement { tone: AnnouncementTone::Warning, ..said("a") };
        assert!(said("a").is_put_away(Some(&mark)) && !warning.is_put_away(Some(&mark)));
        assert!(!said("b").is_put_away(Some(&mark)) && !said("a").is_put_away(None));
        assert_eq!(said("").mark(), "cbf29ce484222325", "the published start of FNV-1a");
    }

    #[test]
    fn settings_say_all_and_nothing_else() {
        let read = |json: &str| serde_json::from_str::<PortalSettings>(json).ok();
        assert_eq!(read(r#"{"password_sign_in": "everybody"}"#), Some(PortalSettings::default()));
        assert_eq!(read("{}"), None);
        assert_eq!(read(r#"{"password_sign_in": "everybody", "more": 1}"#), None);
        for who in [PasswordSignIn::Everybody, PasswordSignIn::BreakGlass] {
            assert_eq!(serde_json::to_value(who).unwrap(), who.as_str());
        }
    }
}
