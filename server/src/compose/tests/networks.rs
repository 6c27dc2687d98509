//! Networks.

use super::*;
use crate::compose::NetworkMode;

fn file(lines: &str) -> String {
    format!("{}networks:\n  front:\n  back:\n", file_of(lines))
}

#[test]
fn a_service_without_networks_joins_the_default_one() {
    let parsed = read(&file(""));
    assert_eq!(parsed.project.services["a"].networks.keys().collect::<Vec<_>>(), ["default"]);
    assert!(parsed.project.networks.contains_key("default"));
    let parsed = read(&file("networks: [front]"));
    assert_eq!(parsed.project.services["a"].networks.keys().collect::<Vec<_>>(), ["front"]);
    assert!(!parsed.project.networks.contains_key("default"));
    let parsed = read(&file("networks: {front: , default: }"));
    assert!(parsed.project.networks.contains_key("default"));
}

#[test]
fn attachments_are_read() {
    let found = read(&file(
        "networks: {back: , front: {aliases: [w], ipv4_address: 172.28.0.5, ipv6_address: '2001:db8::5', link_local_ips: [169.254.1.1], mac_address: '02:42:ac:11:65:43', driver_opts: {o: 1}, priority: 10, gw_priority: 1, interface_name: eth9}}",
    ));
    let front = &found.project.services["a"].networks["front"];
    assert_eq!((front.aliases[0].as_str(), front.priority, front.gw_priority), ("w", 10, 1));
    assert_eq!(front.ipv4_address.unwrap().to_string(), "172.28.0.5");
    assert_eq!(front.ipv6_address.unwrap().to_string(), "2001:db8::5");
    assert_eq!((front.link_local_ips.len(), front.driver_opts["o"].as_str()), (1, "1"));
    assert_eq!(
        (front.mac_address.as_deref(), front.interface_name.as_deref()),
        (Some("02:42:ac:11:65:43"), Some("eth9"))
    );
    let first = read(&file("mac_address: '02:42:ac:11:65:43'\nnetworks: {back: , front: {priority: 5}}"));
    assert!(first.project.services["a"].networks["front"].mac_address.is_some());
    assert!(first.project.services["a"].networks["back"].mac_address.is_none());
}

#[test]
fn wrong_attachments_are_told() {
    for (lines, found) in [
        ("networks: [nowhere]", "4:16 services.a.networks[0] network_undefined"),
        ("networks: {nowhere: }", "4:16 services.a.networks.nowhere network_undefined"),
        ("networks: {front: {ipv4_address: '::1'}}", "4:38 services.a.networks.front.ipv4_address network_address"),
        ("networks: {front: {alias: [a]}}", "4:24 services.a.networks.front.alias unknown_key_suggest"),
        ("networks: {front: yes please}", "4:23 services.a.networks.front expected_mapping"),
        ("networks: front", "4:15 services.a.networks expected_mapping"),
        ("mac_address: nonsense", "4:18 services.a.mac_address mac_address"),
        ("network_mode: host\nnetworks: [front]", "5:5 services.a.networks network_mode_and_networks"),
        ("network_mode: 'container:x'\nports: [80]", "5:5 services.a.ports network_mode_ports"),
    ] {
        assert_eq!(errors(&file(lines)), found, "{lines}");
    }
    assert_eq!(
        warnings(&file("network_mode: host\nports: ['80:80']")),
        "5:5 services.a.ports network_mode_ports_ignored"
    );
}

#[test]
fn network_modes_are_told_apart() {
    let mode = |text: &str| service(&format!("network_mode: '{text}'")).network_mode.unwrap();
    assert_eq!(
        [mode("none"), mode("host"), mode("bridge")],
        [NetworkMode::None, NetworkMode::Host, NetworkMode::Bridge]
    );
    assert_eq!(mode("container:x"), NetworkMode::Container("x".to_owned()));
    assert_eq!(mode("other"), NetworkMode::Named("other".to_owned()));
}

#[test]
fn networks_of_the_file_are_read() {
    let text = "services: {a: {image: i}}\nnetworks:\n  n: {driver: overlay, internal: true, attachable: true, enable_ipv6: true, driver_opts: {a: b}, labels: {l: m}, ipam: {driver: default, options: {o: p}, config: [{subnet: 172.28.0.0/16, ip_range: 172.28.5.0/24, gateway: 172.28.0.1, aux_addresses: {h: 172.28.0.9}}]}}\n  e: {external: true, name: outside}\n";
    let project = read(text).project;
    let network = &project.networks["n"];
    assert!(
        network.internal && network.attachable && network.enable_ipv6 == Some(true) && network.enable_ipv4.is_none()
    );
    let ipam = network.ipam.as_ref().unwrap();
    assert_eq!((ipam.config[0].subnet.as_deref(), ipam.options["o"].as_str()), (Some("172.28.0.0/16"), "p"));
    assert_eq!(ipam.config[0].aux_addresses["h"].to_string(), "172.28.0.9");
    assert_eq!(
        (network.engine_name("app", "n"), project.networks["e"].engine_name("app", "e")),
        ("app_n".to_owned(), "outside".to_owned())
    );
    for (network, code) in [
        ("{ipam: {config: [{subnet: 10.0.0.0}]}}", "network_subnet"),
        ("{ipam: {config: [{subnet: 10.0.0.0/33}]}}", "network_subnet"),
        ("{ipam: {config: [{gateway: gw}]}}", "network_address"),
    ] {
        assert!(
            errors(&format!("services: {{a: {{image: i}}}}\nnetworks: {{n: {network}}}\n")).ends_with(code),
            "{network}"
        );
    }
}
