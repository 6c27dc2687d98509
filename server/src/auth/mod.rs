//! Who is asking: passwords, sessions, tokens, and the limits on guessing.

mod attempts;
mod caller;
mod password;
pub mod provider;
pub mod secret;
pub mod session;
pub mod totp;

pub use attempts::{Attempts, Limit};
pub use caller::{Caller, Credential};
pub use password::{Overloaded, Passwords};

/// The session's cookie over http.
pub const COOKIE: &str = "gantry";
/// The session's cookie over https: browsers take it from this host only, and only over TLS.
const SECURE_COOKIE: &str = "__Host-gantry";

/// The name of the session's cookie.
pub fn cookie_name(secure: bool) -> &'static str {
    if secure { SECURE_COOKIE } else { COOKIE }
}
