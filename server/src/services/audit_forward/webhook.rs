//! The audit log for a webhook: some entries a request, one JSON object a line.

use std::fmt::{self, Write as _};

use api::Message;
use api::audit::AuditEntry;
use http::{Request, header};
use ring::hmac;
use url::Url;

use crate::config::without_path;
use crate::outbound::{self, Outbound};

/// An address that is told of every entry.
pub struct Webhook {
    /// The address; its path and query may be a secret.
    pub url: Url,
    /// What signs the bodies.
    pub secret: Option<String>,
    /// What asks it.
    pub outbound: Outbound,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Webhook").field(&without_path(&self.url)).finish()
    }
}

impl Webhook {
    /// Tells it of entries. What it answers is shown to nobody.
    pub async fn send(&self, entries: &[AuditEntry]) -> Result<(), Message> {
        let host = self.url.host_str().unwrap_or_default();
        let failed = |name: &str| Message::new(format!("audit-forward.{name}")).with("target", host);
        let lines = entries.iter().filter_map(|entry| serde_json::to_string(entry).ok());
        let body: String = lines.flat_map(|line| [line, "\n".to_owned()]).collect();
        let mut request = Request::post(self.url.as_str()).header(header::CONTENT_TYPE, "application/x-ndjson");
        if let Some(first) = entries.first() {
            request = request.header("x-gantry-delivery", first.id.to_string());
        }
        if let Some(secret) = &self.secret {
            request = request.header("x-gantry-signature", signature(secret, &body));
        }
        let request = request.body(body.into_bytes()).map_err(|_| failed("forbidden"))?;
        match self.outbound.tell(request).await {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) => Err(failed("status").with("status", status.as_u16())),
            Err(outbound::Error::Forbidden) => Err(failed("forbidden")),
            Err(_) => Err(failed("unreachable")),
        }
    }
}

/// What proves who sent a body and that nobody changed it.
fn signature(secret: &str, body: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body.as_bytes());
    let mut text = "sha256=".to_owned();
    for byte in tag.as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn a_body_is_signed_with_hmac_sha256() {
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature("Jefe", "what do ya want for nothing?"), expected);
    }
}
