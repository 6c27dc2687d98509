//! The audit log for collectors of logs: RFC 5424, over UDP (RFC 5426), TCP (RFC 6587) or a socket of this machine.

use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use api::Message;
use api::audit::{AuditEntry, AuditResult};
use time::format_description::well_known::Rfc3339;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket, UnixDatagram, lookup_host};

use crate::config::SyslogAddress;

/// The facility local0 with the severity "informational", and for what was refused "notice".
const INFO: u8 = 16 * 8 + 6;
const NOTICE: u8 = 16 * 8 + 5;
/// The longest MSGID.
const LONGEST_ID: usize = 32;

/// Sends entries; `host` is what the collector knows the portal by.
pub async fn send(address: &SyslogAddress, host: &str, entries: &[AuditEntry]) -> Result<(), Message> {
    let messages: Vec<String> = entries.iter().map(|entry| message(host, entry)).collect();
    let sent = match address {
        SyslogAddress::Udp(to) => udp(to, &messages).await,
        SyslogAddress::Tcp(to) => tcp(to, &messages).await,
        SyslogAddress::Unix(path) => unix(path, &messages).await,
    };
    sent.map_err(|cause| Message::new("audit-forward.syslog").with("target", address).with("cause", cause))
}

async fn udp(to: &str, messages: &[String]) -> io::Result<()> {
    let to = lookup_host(to).await?.next().ok_or(io::ErrorKind::NotFound)?;
    let from = match to {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(from).await?;
    socket.connect(to).await?;
    for message in messages {
        socket.send(message.as_bytes()).await?;
    }
    Ok(())
}

async fn tcp(to: &str, messages: &[String]) -> io::Result<()> {
    let mut stream = TcpStream::connect(to).await?;
    let mut frames = String::new();
    for message in messages {
        let _ = write!(frames, "{} {message}", message.len());
    }
    stream.write_all(frames.as_bytes()).await?;
    // There is no answer, but a collector that has read to the end closes its half, and one that breaks resets.
    stream.shutdown().await?;
    let mut rest = [0; 256];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

async fn unix(path: &std::path::Path, messages: &[String]) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    for message in messages {
        socket.send(message.as_bytes()).await?;
    }
    Ok(())
}

fn message(host: &str, entry: &AuditEntry) -> String {
    let (priority, result) = match entry.result {
        AuditResult::Done => (INFO, "done"),
        AuditResult::Refused => (NOTICE, "refused"),
        AuditResult::Failed => (INFO, "failed"),
    };
    let at = entry.at.format(&Rfc3339).unwrap_or_else(|_| "-".to_owned());
    let action: String = entry.action.chars().filter(char::is_ascii_graphic).take(LONGEST_ID).collect();
    let mut text = format!("<{priority}>1 {at} {host} gantry - {action} [gantry@32473");
    let id = entry.id.to_string();
    for (name, value) in [
        ("user", entry.username.as_str()),
        ("address", &entry.address),
        ("target", &entry.target),
        ("project", entry.project.as_deref().unwrap_or_default()),
        ("result", result),
        ("id", &id),
    ] {
        let _ = write!(text, " {name}=\"{}\"", parameter(value));
    }
    text.push(']');
    if !entry.detail.is_empty() {
        let _ = write!(text, " {}", one_line(&entry.detail));
    }
    text
}

/// A parameter's value as RFC 5424, 6.3.3 wants it.
fn parameter(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in one_line(value).chars() {
        if matches!(c, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A text without anything that ends a line or moves a terminal's cursor.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_whatever_stands_in_it() {
        let entry = AuditEntry {
            id: api::Ulid::nil(),
            at: api::OffsetDateTime::UNIX_EPOCH,
            username: "a\r\n<134>1 \"b\\]c\u{1b}[2J".to_owned(),
            user: None,
            address: "192.0.2.1".to_owned(),
            action: "session.create".to_owned(),
            target: "\u{2028}名".to_owned(),
            project: Some("shop".to_owned()),
            result: AuditResult::Refused,
            detail: "x\ny]".to_owned(),
        };
        let expected = concat!(
            "<133>1 1970-01-01T00:00:00Z gantry.example gantry - session.create [gantry@32473 ",
            r#"user="a\\r\\n<134>1 \"b\\\]c\\u{1b}[2J" address="192.0.2.1" target="\\u{2028}名" "#,
            r#"project="shop" result="refused" id="00000000000000000000000000"] x\ny]"#,
        );
        assert_eq!(message("gantry.example", &entry), expected);
        let done = AuditEntry { result: AuditResult::Done, detail: String::new(), ..entry };
        let told = message("gantry.example", &done);
        assert!(told.starts_with("<134>1 ") && told.ends_with("\"]"), "{told}");
    }
}
