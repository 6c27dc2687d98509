//! The names people choose, and what is allowed in them.

use crate::message::Message;

/// The longest name of an app, project or cluster, in bytes (a DNS label, RFC 1035).
pub const MAX_NAME_LENGTH: usize = 63;
/// The shortest password, in characters.
pub const MIN_PASSWORD_LENGTH: usize = 12;
/// The longest password, in bytes; hashing a longer one would cost more than it protects.
pub const MAX_PASSWORD_LENGTH: usize = 256;

/// Checks the name of an app, project or cluster: lower-case letters, digits and inner hyphens, beginning with a letter
/// or digit. Compose project names and DNS labels are both satisfied by it.
pub fn check_name(name: &str) -> Result<(), Message> {
    if name.is_empty() {
        return Err(Message::new("name.empty"));
    }
    if name.len() > MAX_NAME_LENGTH {
        return Err(Message::new("name.long").with("limit", MAX_NAME_LENGTH));
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match name.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(Message::new("name.character").with("character", c)),
        None if name.starts_with('-') || name.ends_with('-') => Err(Message::new("name.hyphen")),
        None => Ok(()),
    }
}

/// Checks a user name: 1 to 63 letters, digits, `.`, `_` or `-`, beginning with a letter or digit.
pub fn check_username(name: &str) -> Result<(), Message> {
    if name.is_empty() {
        return Err(Message::new("name.empty"));
    }
    if name.len() > MAX_NAME_LENGTH {
        return Err(Message::new("name.long").with("limit", MAX_NAME_LENGTH));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match name.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(Message::new("username.character").with("character", c)),
        None if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) => Err(Message::new("username.start")),
        None => Ok(()),
    }
}

/// Checks a new password: length only (NIST SP 800-63B asks for no character classes), and not the user name.
pub fn check_password(password: &str, username: &str) -> Result<(), Message> {
    if password.chars().count() < MIN_PASSWORD_LENGTH {
        return Err(Message::new("password.short").with("limit", MIN_PASSWORD_LENGTH));
    }
    if password.len() > MAX_PASSWORD_LENGTH {
        return Err(Message::new("password.long").with("limit", MAX_PASSWORD_LENGTH));
    }
    if !username.is_empty() && password.to_lowercase().contains(&username.to_lowercase()) && username.len() > 3 {
        return Err(Message::new("password.username"));
    }
    let first = password.chars().next();
    if password.chars().all(|c| Some(c) == first) {
        return Err(Message::new("password.repeated"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_labels() {
        for good in ["a", "web-1", "1password"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a b", "a/b", "ü", &"a".repeat(64), "a\n", ";touch"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_is_long_enough_and_no_echo_of_the_name() {
        assert_eq!(check_password("correct horse", "ada"), Ok(()));
        assert_eq!(check_password("密码要足够长才行哦一二三", "ada"), Ok(()));
        for bad in ["", "short", "aaaaaaaaaaaaa", "administrator1"] {
            assert!(check_password(bad, "administrator").is_err(), "{bad}");
        }
        assert!(check_password(&"ab".repeat(200), "ada").is_err());
    }

    #[test]
    fn a_username_cannot_carry_markup_or_control_characters() {
        for bad in ["<b>", "a\u{1b}[31m", ".a", "a b", ""] {
            assert!(check_username(bad).is_err(), "{bad:?}");
        }
        assert_eq!(check_username("Ada.Lovelace_1"), Ok(()));
    }
}
