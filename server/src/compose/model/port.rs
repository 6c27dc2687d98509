//! Ports, published and exposed.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// One port of the container and where it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// The port inside the container.
    pub target: u16,
    /// The port or the range to choose from on the host; `None` lets the engine choose any.
    pub published: Option<PortRange>,
    /// The host's address to bind; `None` is all of them.
    pub host_ip: Option<IpAddr>,
    /// The transport.
    pub protocol: Protocol,
    /// How Swarm publishes it; a single engine makes no difference.
    pub mode: PortMode,
    /// A name for people.
    pub name: Option<String>,
    /// The protocol spoken over it, such as `http`.
    pub app_protocol: Option<String>,
}

/// A port inside the container that is only documented.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExposedPort {
    /// The port inside the container.
    pub target: u16,
    /// The transport.
    pub protocol: Protocol,
}

/// From `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortRange {
    /// The lowest port.
    pub first: u16,
    /// The highest port; the same as `first` for one port.
    pub last: u16,
}

impl PortRange {
    /// The port, where it is exactly one.
    pub fn single(self) -> Option<u16> {
        (self.first == self.last).then_some(self.first)
    }
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// As the engine writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

/// How Swarm publishes a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortMode {
    /// On every node, through the routing mesh.
    #[default]
    Ingress,
    /// On the node the container runs on.
    Host,
}
