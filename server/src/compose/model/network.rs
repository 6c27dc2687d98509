//! Networks and how a service joins them.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde::{Deserialize, Serialize};

/// A network of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// The engine's name for it, where the file says one.
    pub name: Option<String>,
    /// It exists already and is neither made nor removed.
    pub external: bool,
    /// The driver; `None` is the engine's own choice.
    pub driver: Option<String>,
    /// Options for the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Address management.
    pub ipam: Option<Ipam>,
    /// Without a way out.
    pub internal: bool,
    /// Containers outside of Swarm services may join.
    pub attachable: bool,
    /// Whether IPv4 is on; `None` is the engine's default.
    pub enable_ipv4: Option<bool>,
    /// Whether IPv6 is on; `None` is the engine's default.
    pub enable_ipv6: Option<bool>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

impl Network {
    /// What the engine calls it in the app.
    pub fn engine_name(&self, app: &str, key: &str) -> String {
        super::engine_name(self.name.as_deref(), self.external, app, key)
    }
}

/// Address management of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipam {
    /// The driver; `None` is the engine's own.
    pub driver: Option<String>,
    /// The pools.
    pub config: Vec<IpamPool>,
    /// Options for the driver.
    pub options: BTreeMap<String, String>,
}

/// A pool of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpamPool {
    /// In CIDR notation.
    pub subnet: Option<String>,
    /// In CIDR notation.
    pub ip_range: Option<String>,
    /// The router's address.
    pub gateway: Option<IpAddr>,
    /// Addresses that are taken, by host name.
    pub aux_addresses: BTreeMap<String, IpAddr>,
}

/// How a service joins a network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetworkAttachment {
    /// Further names of the service there.
    pub aliases: Vec<String>,
    /// A fixed address.
    pub ipv4_address: Option<Ipv4Addr>,
    /// A fixed address.
    pub ipv6_address: Option<Ipv6Addr>,
    /// Link-local addresses.
    pub link_local_ips: Vec<IpAddr>,
    /// A fixed hardware address.
    pub mac_address: Option<String>,
    /// Options for the network's driver.
    pub driver_opts: BTreeMap<String, String>,
    /// The network with the highest number is joined first.
    pub priority: i64,
    /// The network with the highest number has the default route.
    pub gw_priority: i64,
    /// The name of the interface in the container.
    pub interface_name: Option<String>,
}

/// A service's network outside of the file's networks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkMode {
    /// None at all.
    None,
    /// The node's own.
    Host,
    /// The engine's default bridge.
    Bridge,
    /// That of another service's container.
    Service(String),
    /// That of any container.
    Container(String),
    /// A network of the engine, by name.
    Named(String),
}
