//! Networks: model, addresses, routes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::container::{Container, string_map, strings};
use super::filter::Filters;
use super::journal::Request;
use super::state::{Shared, State, stamp};
use super::wire::{Answer, EngineError, empty, fail, ok};

/// A container's place in a network.
#[derive(Debug, Clone, Default)]
pub struct Endpoint {
    /// What the caller asked: aliases, links, fixed addresses, driver options.
    pub asked: Value,
    pub network_id: String,
    /// Empty while the container does not run.
    pub endpoint_id: String,
    pub address: String,
    pub gateway: String,
    pub mac: String,
}

/// A network.
#[derive(Debug, Clone)]
pub struct Network {
    pub id: String,
    pub name: String,
    pub driver: String,
    pub created: OffsetDateTime,
    pub labels: BTreeMap<String, String>,
    pub options: Value,
    pub internal: bool,
    pub attachable: bool,
    pub ipv6: bool,
    pub ipam_driver: String,
    pub ipam_options: Value,
    /// `{Subnet, Gateway}` items.
    pub ipam_config: Value,
    pub predefined: bool,
}

impl Network {
    /// Whether containers on it get addresses.
    pub fn has_addresses(&self) -> bool {
        !matches!(self.driver.as_str(), "host" | "null")
    }

    /// `172.18.0.0/16` as its first address and prefix length.
    fn subnet(&self) -> Option<(u32, u8)> {
        let text = self.ipam_config[0]["Subnet"].as_str()?;
        let (address, length) = text.split_once('/')?;
        let address: std::net::Ipv4Addr = address.parse().ok()?;
        Some((u32::from(address), length.parse().ok()?))
    }

    pub fn prefix_length(&self) -> u8 {
        self.subnet().map_or(0, |(_, length)| length)
    }
}

impl State {
    pub fn network(&self, reference: &str) -> Option<&Network> {
        let named = |network: &&Network| network.id == reference || network.name == reference;
        self.networks.iter().find(named).or_else(|| {
            let mut fitting = self.networks.iter().filter(|n| n.id.starts_with(reference));
            let one = fitting.next().filter(|_| !reference.is_empty());
            one.filter(|_| fitting.next().is_none())
        })
    }

    pub fn add_predefined_networks(&mut self) {
        for (name, driver) in [("bridge", "bridge"), ("host", "host"), ("none", "null")] {
            let id = self.new_id();
            let bridge = name == "bridge";
            let options = json!({
                "com.docker.network.bridge.default_bridge": "true",
                "com.docker.network.bridge.enable_icc": "true",
                "com.docker.network.bridge.enable_ip_masquerade": "true",
                "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
                "com.docker.network.bridge.name": "docker0",
                "com.docker.network.driver.mtu": "1500",
            });
            self.networks.push(Network {
                id,
                name: name.into(),
                driver: driver.into(),
                created: OffsetDateTime::now_utc(),
                labels: BTreeMap::new(),
                options: if bridge { options } else { json!({}) },
                internal: false,
                attachable: false,
                ipv6: false,
                ipam_driver: "default".into(),
                ipam_options: Value::Null,
                ipam_config: if bridge {
                    json!([{ "Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1" }])
                } else {
                    json!([])
                },
                predefined: true,
            });
        }
    }

    /// Gives a running container its place in a network.
    pub fn plug(&mut self, container: &str, network_name: &str) -> Result<(), EngineError> {
        let Some(network) = self.network(network_name).cloned() else {
            return fail(404, format!("network {network_name} not found"));
        };
        let endpoint_id = self.new_id();
        let mut endpoint =
            Endpoint { asked: Value::Null, network_id: network.id.clone(), endpoint_id, ..Endpoint::default() };
        if let Some((base, _)) = network.subnet() {
            let taken: Vec<String> = self
                .containers
                .values()
                .filter_map(|c| c.networks.get(&network.name))
                .map(|e| e.address.clone())
                .collect();
            let asked = self.containers.get(container).and_then(|c| {
                c.networks.get(&network.name)?.asked["IPAMConfig"]["IPv4Address"].as_str().map(str::to_owned)
            });
            let free = (base + 2..).map(|a| std::net::Ipv4Addr::from(a).to_string());
            let address = match asked {
                Some(asked) if taken.contains(&asked) => return fail(403, "Address already in use"),
                Some(asked) => asked,
                None => free.into_iter().find(|address| !taken.contains(address)).unwrap_or_default(),
            };
            let parts: Vec<u8> = address.split('.').filter_map(|p| p.parse().ok()).collect();
            endpoint.mac = match parts[..] {
                [a, b, c, d] => format!("02:42:{a:02x}:{b:02x}:{c:02x}:{d:02x}"),
                _ => String::new(),
            };
            endpoint.address = address;
            endpoint.gateway = network.ipam_config[0]["Gateway"].as_str().unwrap_or_default().into();
        }
        if let Some(container) = self.containers.get_mut(container) {
            let short = container.id[..12].to_owned();
            let place = container.networks.entry(network.name.clone()).or_default();
            endpoint.asked = std::mem::take(&mut place.asked);
            if !network.predefined {
                let mut aliases = strings(&endpoint.asked["Aliases"]);
                if !aliases.contains(&short) {
                    aliases.push(short);
                }
                if !endpoint.asked.is_object() {
                    endpoint.asked = json!({});
                }
                endpoint.asked["Aliases"] = json!(aliases);
            }
            *place = endpoint;
        }
        Ok(())
    }

    fn free_subnet(&self, limit: Option<usize>) -> Option<(String, String)> {
        let taken: Vec<&str> = self.networks.iter().filter_map(|n| n.ipam_config[0]["Subnet"].as_str()).collect();
        let docker = (17..32).map(|b| (format!("172.{b}.0.0/16"), format!("172.{b}.0.1")));
        let home = (0..16).map(|c| {
            let c = c * 16;
            (format!("192.168.{c}.0/20"), format!("192.168.{c}.1"))
        });
        let more =
            (0..=255).flat_map(|b| (0..=255).map(move |c| (format!("10.{b}.{c}.0/24"), format!("10.{b}.{c}.1"))));
        docker
            .chain(home)
            .chain(more)
            .take(limit.unwrap_or(usize::MAX))
            .find(|(subnet, _)| !taken.contains(&subnet.as_str()))
    }

    pub fn members(&self, network: &Network) -> Vec<(&Container, &Endpoint)> {
        self.newest()
            .filter_map(|c| Some((c, c.networks.get(&network.name)?)))
            .filter(|(_, endpoint)| !endpoint.endpoint_id.is_empty())
            .collect()
    }
}

fn network_json(shared: &Shared, state: &State, network: &Network, with_members: bool) -> Value {
    let mut members = serde_json::Map::new();
    if with_members {
        for (container, endpoint) in state.members(network) {
            let address = if endpoint.address.is_empty() {
                String::new()
            } else {
                format!("{}/{}", endpoint.address, network.prefix_length())
            };
            members.insert(
                container.id.clone(),
                json!({
                    "Name": container.name, "EndpointID": endpoint.endpoint_id,
                    "MacAddress": endpoint.mac, "IPv4Address": address, "IPv6Address": "",
                }),
            );
        }
    }
    let mut value = json!({
        "Name": network.name, "Id": network.id, "Created": stamp(Some(network.created)),
        "Scope": "local", "Driver": network.driver, "EnableIPv6": network.ipv6,
        "IPAM": {
            "Driver": network.ipam_driver, "Options": network.ipam_options,
            "Config": network.ipam_config,
        },
        "Internal": network.internal, "Attachable": network.attachable, "Ingress": false,
        "ConfigFrom": { "Network": "" }, "ConfigOnly": false, "Containers": members,
        "Options": network.options, "Labels": network.labels,
    });
    if shared.is_28() {
        value["EnableIPv4"] = json!(true);
    }
    value
}

/// `GET /networks`.
pub fn list(shared: &Shared, request: &Request) -> Answer {
    let known = ["driver", "id", "label", "name", "scope", "type", "dangling"];
    let filters = Filters::parse(shared, request.query("filters"), &known)?;
    let state = shared.lock();
    let networks: Vec<Value> = state
        .networks
        .iter()
        .filter(|n| {
            filters.none_or("name", |v| n.name.contains(v))
                && filters.none_or("id", |v| n.id.starts_with(v))
                && filters.none_or("driver", |v| n.driver == v)
                && filters.none_or("scope", |v| v == "local")
                && filters.none_or("type", |v| (v == "builtin") == n.predefined)
                && filters.none_or("dangling", |v| (v == "true") == (!n.predefined && state.members(n).is_empty()))
                && filters.all_labels(&n.labels)
        })
        // The list leaves the members out, as the engine does since 1.28.
        .map(|n| network_json(shared, &state, n, false))
        .collect();
    ok(200, &Value::Array(networks))
}

fn found<'a>(state: &'a State, reference: &str) -> Result<&'a Network, EngineError> {
    let missing = || EngineError::new(404, format!("network {reference} not found"));
    state.network(reference).ok_or_else(missing)
}

/// `GET /networks/{id}`.
pub fn inspect(shared: &Shared, reference: &str) -> Answer {
    let state = shared.lock();
    let network = found(&state, reference)?;
    ok(200, &network_json(shared, &state, network, true))
}

/// `POST /networks/create`.
pub fn create(shared: &Shared, body: &Value) -> Answer {
    let name = body["Name"].as_str().unwrap_or_default();
    let driver = body["Driver"].as_str().filter(|d| !d.is_empty()).unwrap_or("bridge");
    let mut state = shared.lock();
    if name.is_empty() {
        return fail(400, "invalid network name: name is empty");
    }
    if let Some(existing) = state.networks.iter().find(|n| n.name == name) {
        if existing.predefined {
            return fail(403, format!("operation is not permitted on predefined {name} network "));
        }
        if body["CheckDuplicate"].as_bool().unwrap_or(false) || shared.is_28() {
            return fail(409, format!("network with name {name} already exists"));
        }
    }
    if !["bridge", "host", "null", "macvlan", "ipvlan", "overlay"].contains(&driver) {
        return fail(404, format!("plugin \"{driver}\" not found"));
    }
    if driver == "overlay" {
        return fail(
            403,
            "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.",
        );
    }
    let mut ipam_config = body["IPAM"]["Config"].clone();
    if ipam_config.as_array().is_none_or(Vec::is_empty) {
        let Some((subnet, gateway)) = state.free_subnet(shared.options.network_limit) else {
            let text = "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network";
            let text_28 = "all predefined address pools have been fully subnetted";
            return fail(500, if shared.is_28() { text_28 } else { text });
        };
        ipam_config = json!([{ "Subnet": subnet, "Gateway": gateway }]);
    }
    let id = state.new_id();
    let network = Network {
        id: id.clone(),
        name: name.into(),
        driver: driver.into(),
        created: OffsetDateTime::now_utc(),
        labels: string_map(&body["Labels"]),
        options: if body["Options"].is_object() { body["Options"].clone() } else { json!({}) },
        internal: body["Internal"].as_bool().unwrap_or(false),
        attachable: body["Attachable"].as_bool().unwrap_or(false),
        ipv6: body["EnableIPv6"].as_bool().unwrap_or(false),
        ipam_driver: body["IPAM"]["Driver"].as_str().unwrap_or("default").into(),
        ipam_options: body["IPAM"]["Options"].clone(),
        ipam_config,
        predefined: false,
    };
    state.networks.push(network);
    let attributes = [("name", name), ("type", driver)];
    shared.emit_other(&mut state, "network", "create", &id, &attributes);
    ok(201, &json!({ "Id": id, "Warning": "" }))
}

/// `DELETE /networks/{id}`.
pub fn remove(shared: &Shared, reference: &str) -> Answer {
    let mut state = shared.lock();
    let network = found(&state, reference)?.clone();
    if network.predefined {
        return fail(403, format!("{} is a pre-defined network and cannot be removed", network.name));
    }
    let members = state.members(&network);
    if !members.is_empty() {
        let mut text =
            format!("error while removing network: network {} id {} has active endpoints", network.name, network.id);
        if shared.is_28() {
            let names: Vec<String> =
                members.iter().map(|(c, e)| format!("name:\"{}\" id:\"{}\"", c.name, &e.endpoint_id[..12])).collect();
            text = format!(
                "error while removing network: network {} has active endpoints ({})",
                network.name,
                names.join(", ")
            );
        }
        return fail(403, text);
    }
    shared.drop_network(&mut state, &network);
    Ok(empty(204))
}

impl Shared {
    fn drop_network(&self, state: &mut State, network: &Network) {
        state.networks.retain(|n| n.id != network.id);
        let attributes = [("name", network.name.as_str()), ("type", network.driver.as_str())];
        self.emit_other(state, "network", "destroy", &network.id, &attributes);
    }

    /// The event of a container joining or leaving a network.
    pub fn emit_network(&self, state: &mut State, action: &str, network: &str, container: &str) {
        let Some(network) = state.network(network).cloned() else {
            return;
        };
        let attributes = [("container", container), ("name", network.name.as_str()), ("type", network.driver.as_str())];
        self.emit_other(state, "network", action, &network.id, &attributes);
    }
}

/// `POST /networks/{id}/connect`.
pub fn connect(shared: &Arc<Shared>, reference: &str, body: &Value) -> Answer {
    let mut state = shared.lock();
    let name = found(&state, reference)?.name.clone();
    let container = state.container(body["Container"].as_str().unwrap_or_default())?;
    if container.networks.contains_key(&name) {
        return fail(403, format!("endpoint with name {} already exists in network {name}", container.name));
    }
    let (id, running) = (container.id.clone(), container.is_running());
    let endpoint = Endpoint { asked: body["EndpointConfig"].clone(), ..Endpoint::default() };
    container.networks.insert(name.clone(), endpoint);
    if running {
        if let Err(error) = state.plug(&id, &name) {
            if let Some(container) = state.containers.get_mut(&id) {
                container.networks.remove(&name);
            }
            return Err(error);
        }
        shared.emit_network(&mut state, "connect", &name, &id);
    }
    Ok(empty(200))
}

/// `POST /networks/{id}/disconnect`.
pub fn disconnect(shared: &Shared, reference: &str, body: &Value) -> Answer {
    let mut state = shared.lock();
    let name = found(&state, reference)?.name.clone();
    let container = state.container(body["Container"].as_str().unwrap_or_default())?;
    let (id, running) = (container.id.clone(), container.is_running());
    if container.networks.remove(&name).is_none() {
        return fail(
            if shared.is_28() { 403 } else { 500 },
            format!("container {id} is not connected to network {name}"),
        );
    }
    if running {
        shared.emit_network(&mut state, "disconnect", &name, &id);
    }
    shared.beat();
    Ok(empty(200))
}

/// `POST /networks/prune`.
pub fn prune(shared: &Shared, request: &Request) -> Answer {
    let filters = Filters::parse(shared, request.query("filters"), &["label", "label!", "until"])?;
    let mut state = shared.lock();
    let unused: Vec<Network> = state
        .networks
        .iter()
        .filter(|n| !n.predefined && filters.all_labels(&n.labels) && state.members(n).is_empty())
        .cloned()
        .collect();
    for network in &unused {
        shared.drop_network(&mut state, network);
    }
    shared.emit_other(&mut state, "network", "prune", "", &[("reclaimed", "0")]);
    let names: Vec<&str> = unused.iter().map(|n| n.name.as_str()).collect();
    let names = if names.is_empty() { Value::Null } else { json!(names) };
    ok(200, &json!({ "NetworksDeleted": names }))
}
