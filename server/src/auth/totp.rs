//! Codes of authenticator apps (RFC 6238: SHA-1, six digits, 30 seconds), and the recovery codes beside them.

use qrcode::QrCode;
use qrcode::render::svg;
use rand::TryRng as _;
use totp_rs::{Builder, Secret};

use super::secret::{self, NoRandomness};

/// How many recovery codes an account gets.
pub const RECOVERY_CODES: usize = 10;
/// What apps call the portal.
const ISSUER: &str = "Gantry";
/// Bits of a secret as RFC 4226 recommends, in bytes.
const SECRET_BYTES: usize = 20;
/// 80 bits: nobody guesses them, so their hash needs no salt and no work.
const RECOVERY_BYTES: usize = 10;
/// In Base32.
const RECOVERY_LENGTH: usize = 16;
const DIGITS: usize = 6;
/// Nobody types more, spaces and all.
const LONGEST: usize = 64;
const PICTURE_PIXELS: u32 = 200;

/// What somebody typed as a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Six digits of an app.
    App(String),
    /// A recovery code, by its hash.
    Recovery(String),
}

impl Code {
    /// Reads a code, however it is grouped; nothing that can be none.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if plain.len() == DIGITS && plain.bytes().all(|byte| byte.is_ascii_digit()) {
            Some(Self::App(plain))
        } else if plain.len() == RECOVERY_LENGTH && plain.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Some(Self::Recovery(secret::hash(&plain.to_ascii_lowercase())))
        } else {
            None
        }
    }
}

/// A new secret, in Base32 as apps take it.
pub fn new_secret() -> Result<String, NoRandomness> {
    random_base32::<SECRET_BYTES>()
}

/// A new recovery code as it is shown. Its hash is that of what [`Code::read`] makes of it.
pub fn new_recovery_code() -> Result<String, NoRandomness> {
    let plain = random_base32::<RECOVERY_BYTES>()?.to_ascii_lowercase();
    let groups: Vec<&str> = [0..4, 4..8, 8..12, 12..16].into_iter().filter_map(|part| plain.get(part)).collect();
    Ok(groups.join("-"))
}

/// The step whose code this is, of those around `now`: the current one, the one before or the one after.
pub fn step_of(secret: &str, digits: &str, now_secs: u64) -> Option<u64> {
    let secret = Secret::try_from_base32(secret).ok()?;
    Builder::new().with_secret(secret).build().ok()?.check(digits, now_secs)
}

/// The address that apps understand.
pub fn address(username: &str, secret: &str) -> String {
    // A user name holds nothing that an address would have to escape.
    format!("otpauth://totp/{ISSUER}:{username}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits=6&period=30")
}

/// An address as a picture to scan: an `<svg>` that can stand in a page. `None` where it is too long for one.
pub fn picture(address: &str) -> Option<String> {
    let code = QrCode::new(address).ok()?;
    let svg = code.render::<svg::Color>().min_dimensions(PICTURE_PIXELS, PICTURE_PIXELS).build();
    svg.find("<svg").and_then(|start| svg.get(start..)).map(str::to_owned)
}

fn random_base32<const BYTES: usize>() -> Result<String, NoRandomness> {
    let mut bytes = [0_u8; BYTES];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(Secret::from(bytes.to_vec()).to_base32())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B: `12345678901234567890`.
    const OF_THE_RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn codes_are_those_of_the_rfc() {
        for (secs, digits) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(step_of(OF_THE_RFC, digits, secs), Some(secs / 30), "{digits}");
        }
    }

    #[test]
    fn a_code_holds_a_step_before_and_a_step_after_its_own() {
        let (digits, secs) = ("081804", 1_111_111_109);
        for (at, found) in [(secs - 30, true), (secs + 30, true), (secs - 60, false), (secs + 60, false)] {
            assert_eq!(step_of(OF_THE_RFC, digits, at), found.then_some(secs / 30), "{at}");
        }
        assert_eq!(step_of(OF_THE_RFC, "081805", secs), None);
        assert_eq!(step_of("no base32!", digits, secs), None);
    }

    #[test]
    fn what_is_typed_may_be_grouped() {
        assert_eq!(Code::read(" 081 804 "), Some(Code::App("081804".to_owned())));
        let shown = new_recovery_code().unwrap();
        assert_eq!(shown.len(), RECOVERY_LENGTH + 3);
        let read = Code::read(&shown).unwrap();
        assert_eq!(read, Code::Recovery(secret::hash(&shown.replace('-', ""))));
        assert_eq!(Code::read(&shown.to_uppercase().replace('-', " ")), Some(read));
        for none in ["", "12345", "1234567", "12345a", "abcd-efgh-ijkl", &"1".repeat(1_000), "一二三四五六"] {
            assert_eq!(Code::read(none), None, "{none}");
        }
    }

    #[test]
    fn secrets_differ_and_have_the_length_that_the_rfc_recommends() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(one, other);
        assert_eq!(Secret::try_from_base32(&one).unwrap().as_bytes().len(), 20);
        assert_ne!(new_recovery_code().unwrap(), new_recovery_code().unwrap());
    }

    #[test]
    fn the_picture_stands_in_a_page_that_allows_no_styles() {
        let svg = picture(&address("ada", OF_THE_RFC)).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"), "{svg}");
        assert!(!svg.contains("style") && !svg.contains("<script"));
    }
}
