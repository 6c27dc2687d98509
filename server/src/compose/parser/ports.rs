//! `ports` and `expose`.

use std::net::IpAddr;

use crate::compose::{
    context::MAX_PORTS,
    diagnostic::{Code, code},
    keys,
    model::{ExposedPort, Port, PortMode, PortRange, Protocol},
    read::At,
    units,
};

pub fn ports(at: &At<'_>) -> Vec<Port> {
    let mut ports = Vec::new();
    for item in at.items() {
        if item.is_map() {
            ports.extend(long(&item));
            continue;
        }
        let Some(text) = item.any_text() else { continue };
        match short(&text) {
            Ok(spec) if item.ctx.take_ports(spec.count()) => ports.extend(spec.ports()),
            Ok(_) => {
                item.error(code::PORTS_TOO_MANY, vec![("limit", MAX_PORTS.to_string())]);
                break;
            }
            Err(code) => item.error_value(code),
        }
    }
    ports
}

pub fn expose(at: &At<'_>) -> Vec<ExposedPort> {
    let mut exposed = Vec::new();
    for item in at.items() {
        let Some(text) = item.any_text() else { continue };
        let read = || {
            let (range, protocol) = protocol(&text)?;
            Ok((range_of(range).map_err(|code| code.unwrap_or(code::PORT_INVALID))?, protocol))
        };
        match read() {
            Ok((range, _)) if range.first == 0 => item.error_value(code::PORT_INVALID),
            Ok((range, protocol)) => {
                if !item.ctx.take_ports(usize::from(range.last - range.first) + 1) {
                    item.error(code::PORTS_TOO_MANY, vec![("limit", MAX_PORTS.to_string())]);
                    break;
                }
                exposed.extend((range.first..=range.last).map(|target| ExposedPort { target, protocol }));
            }
            Err(code) => item.error_value(code),
        }
    }
    exposed
}

struct Short {
    host_ip: Option<IpAddr>,
    published: Option<PortRange>,
    target: PortRange,
    protocol: Protocol,
}

impl Short {
    /// How many ports of containers or of the host it names, whichever are more.
    fn count(&self) -> usize {
        width(self.target).max(self.published.map_or(1, width))
    }

    fn ports(&self) -> impl Iterator<Item = Port> {
        let single_target = self.target.first == self.target.last;
        (self.target.first..=self.target.last).zip(0_u16..).map(move |(target, offset)| Port {
            target,
            published: self.published.map(|range| {
                if single_target {
                    return range;
                }
                PortRange { first: range.first + offset, last: range.first + offset }
            }),
            host_ip: self.host_ip,
            protocol: self.protocol,
            mode: PortMode::Ingress,
            name: None,
            app_protocol: None,
        })
    }
}

fn width(range: PortRange) -> usize {
    usize::from(range.last - range.first) + 1
}

/// `[[address:]published:]target[/protocol]`.
fn short(text: &str) -> Result<Short, Code> {
    let (rest, protocol) = protocol(text)?;
    let (host, target) = match rest.rsplit_once(':') {
        Some((host, target)) => (Some(host), target),
        None => (None, rest),
    };
    let (host_ip, published) = match host {
        None => (None, ""),
        Some(host) => match host.rsplit_once(':') {
            Some((address, published)) => (Some(address), published),
            None => (None, host),
        },
    };
    let host_ip = host_ip.map(address).transpose()?;
    let invalid = |code: Option<Code>| code.unwrap_or(code::PORT_INVALID);
    let target = range_of(target).map_err(invalid)?;
    let published = match published {
        "" | "0" => None,
        range => Some(range_of(range).map_err(invalid)?),
    };
    if target.first == 0 || published.is_some_and(|range| range.first == 0) {
        return Err(code::PORT_INVALID);
    }
    let length = |range: PortRange| range.last - range.first;
    if published.is_some_and(|range| length(target) > 0 && length(range) != length(target)) {
        return Err(code::PORT_RANGE_LENGTH);
    }
    Ok(Short { host_ip, published, target, protocol })
}

fn address(text: &str) -> Result<IpAddr, Code> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| code::PORT_ADDRESS)
}

fn protocol(text: &str) -> Result<(&str, Protocol), Code> {
    match text.split_once('/') {
        None => Ok((text, Protocol::Tcp)),
        Some((rest, name)) => Ok((rest, protocol_named(name).ok_or(code::PORT_PROTOCOL)?)),
    }
}

fn protocol_named(name: &str) -> Option<Protocol> {
    [Protocol::Tcp, Protocol::Udp, Protocol::Sctp].into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name))
}

/// `80` or `80-90`.
fn range_of(text: &str) -> Result<PortRange, Option<Code>> {
    let port = |text: &str| units::integer(text).and_then(|port| u16::try_from(port).ok()).ok_or(None);
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (port(first)?, port(last)?),
        None => (port(text)?, port(text)?),
    };
    if first > last { Err(Some(code::PORT_RANGE_ORDER)) } else { Ok(PortRange { first, last }) }
}

fn long(at: &At<'_>) -> Option<Port> {
    let fields = at.fields(&keys::PORT)?;
    let target = fields.need("target")?.integer(1, 65_535);
    let mut published = None;
    if let Some(at) = fields.get("published") {
        match at.any_text()?.as_str() {
            "" | "0" => {}
            text => match range_of(text) {
                Ok(range) if range.first > 0 => published = Some(range),
                Ok(_) => at.error_value(code::PORT_INVALID),
                Err(code) => at.error_value(code.unwrap_or(code::PORT_INVALID)),
            },
        }
    }
    let host_ip = fields.get("host_ip").and_then(|at| match address(&at.any_text()?) {
        Ok(address) => Some(address),
        Err(code) => {
            at.error_value(code);
            None
        }
    });
    let protocol = fields.get("protocol").and_then(|at| {
        let found = protocol_named(&at.any_text()?);
        if found.is_none() {
            at.error_value(code::PORT_PROTOCOL);
        }
        found
    });
    let mode = fields.get("mode").and_then(|at| at.one_of(&[("ingress", PortMode::Ingress), ("host", PortMode::Host)]));
    if !at.ctx.take_ports(published.map_or(1, width)) {
        at.error(code::PORTS_TOO_MANY, vec![("limit", MAX_PORTS.to_string())]);
        return None;
    }
    Some(Port {
        target: u16::try_from(target?).ok()?,
        published,
        host_ip,
        protocol: protocol.unwrap_or_default(),
        mode: mode.unwrap_or_default(),
        name: fields.text("name"),
        app_protocol: fields.text("app_protocol"),
    })
}
