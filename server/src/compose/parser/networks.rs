//! The file's networks, and how a service joins them.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use super::{DEFAULT_NETWORK, Scope, external};
use crate::compose::{
    diagnostic::code,
    fields::Fields,
    keys,
    model::{Ipam, IpamPool, Network, NetworkAttachment, NetworkMode},
    path::shorten,
    read::At,
};

pub fn network(at: &At<'_>) -> Option<Network> {
    if at.node.is_null() {
        return Some(Network::default());
    }
    let fields = at.fields(&keys::NETWORK)?;
    let (external, old_name) = external(&fields);
    Some(Network {
        name: fields.text("name").or(old_name),
        external,
        driver: fields.text("driver"),
        driver_opts: fields.key_texts("driver_opts"),
        ipam: fields.get("ipam").and_then(|at| ipam(&at)),
        internal: fields.boolean("internal").unwrap_or(false),
        attachable: fields.boolean("attachable").unwrap_or(false),
        enable_ipv4: fields.boolean("enable_ipv4"),
        enable_ipv6: fields.boolean("enable_ipv6"),
        labels: fields.key_texts("labels"),
    })
}

fn ipam(at: &At<'_>) -> Option<Ipam> {
    let fields = at.fields(&keys::IPAM)?;
    let pools = fields.get("config").map(|at| at.items()).unwrap_or_default();
    Some(Ipam {
        driver: fields.text("driver"),
        config: pools.iter().filter_map(ipam_pool).collect(),
        options: fields.key_texts("options"),
    })
}

fn ipam_pool(at: &At<'_>) -> Option<IpamPool> {
    let fields = at.fields(&keys::IPAM_CONFIG)?;
    let taken = fields.get("aux_addresses").map(|at| at.entries()).unwrap_or_default();
    Some(IpamPool {
        subnet: fields.get("subnet").and_then(|at| subnet(&at)),
        ip_range: fields.get("ip_range").and_then(|at| subnet(&at)),
        gateway: fields.get("gateway").and_then(|at| address(&at)),
        aux_addresses: taken.into_iter().filter_map(|(host, at)| Some((host.to_owned(), address(&at)?))).collect(),
    })
}

fn subnet(at: &At<'_>) -> Option<String> {
    let text = at.text()?;
    let valid = text.split_once('/').is_some_and(|(address, bits)| {
        let most = match address.parse() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        bits.parse::<u8>().is_ok_and(|bits| bits <= most)
    });
    if !valid {
        at.error_value(code::NETWORK_SUBNET);
    }
    valid.then_some(text)
}

fn address<T: FromStr>(at: &At<'_>) -> Option<T> {
    let found = at.any_text()?.parse().ok();
    if found.is_none() {
        at.error_value(code::NETWORK_ADDRESS);
    }
    found
}

pub fn mac_address(at: &At<'_>) -> Option<String> {
    let text = at.any_text()?;
    let parts: Vec<&str> = text.split([':', '-']).collect();
    let valid =
        parts.len() == 6 && parts.iter().all(|part| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit()));
    if !valid {
        at.error_value(code::MAC_ADDRESS);
    }
    valid.then_some(text)
}

/// What the service joins; the default network where it says nothing.
pub fn attachments(service: &Fields<'_>, scope: &Scope<'_>) -> BTreeMap<String, NetworkAttachment> {
    let mut joined = BTreeMap::new();
    if let Some(at) = service.get("networks") {
        let named: Vec<(String, At<'_>)> = if at.is_list() {
            at.items().into_iter().filter_map(|item| Some((item.text()?, item))).collect()
        } else {
            at.entries().into_iter().map(|(name, at)| (name.to_owned(), at)).collect()
        };
        for (name, at) in named {
            if name != DEFAULT_NETWORK && !scope.networks.contains_key(name.as_str()) {
                at.ctx.error(at.key_mark(), at.path(), code::NETWORK_UNDEFINED, vec![("name", shorten(&name))]);
            }
            let attachment = if at.is_map() { attachment(&at) } else { plain(&at) };
            joined.insert(name, attachment.unwrap_or_default());
        }
    }
    if joined.is_empty() {
        joined.insert(DEFAULT_NETWORK.to_owned(), NetworkAttachment::default());
    }
    joined
}

/// A name in a list, or a key without a value.
fn plain(at: &At<'_>) -> Option<NetworkAttachment> {
    let is_list_item = at.key_mark() == at.node.mark;
    if !at.node.is_null() && !is_list_item {
        at.error_value(code::EXPECTED_MAPPING);
    }
    None
}

fn attachment(at: &At<'_>) -> Option<NetworkAttachment> {
    let fields = at.fields(&keys::SERVICE_NETWORK)?;
    let local = fields.get("link_local_ips").map(|at| at.items()).unwrap_or_default();
    Some(NetworkAttachment {
        aliases: fields.texts("aliases"),
        ipv4_address: fields.get("ipv4_address").and_then(|at| address::<Ipv4Addr>(&at)),
        ipv6_address: fields.get("ipv6_address").and_then(|at| address::<Ipv6Addr>(&at)),
        link_local_ips: local.iter().filter_map(address).collect(),
        mac_address: fields.get("mac_address").and_then(|at| mac_address(&at)),
        driver_opts: fields.key_texts("driver_opts"),
        priority: fields.integer("priority", i64::MIN, i64::MAX).unwrap_or(0),
        gw_priority: fields.integer("gw_priority", i64::MIN, i64::MAX).unwrap_or(0),
        interface_name: fields.text("interface_name"),
    })
}

pub fn network_mode(at: &At<'_>) -> Option<NetworkMode> {
    let text = at.text()?;
    Some(match text.as_str() {
        "none" => NetworkMode::None,
        "host" => NetworkMode::Host,
        "bridge" | "default" => NetworkMode::Bridge,
        _ => match text.split_once(':') {
            Some(("service", name)) => NetworkMode::Service(name.to_owned()),
            Some(("container", name)) => NetworkMode::Container(name.to_owned()),
            _ => NetworkMode::Named(text),
        },
    })
}
