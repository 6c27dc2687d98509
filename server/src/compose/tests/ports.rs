//! `ports` and `expose`.

use super::*;
use crate::compose::{ExposedPort, Port, PortMode, Protocol};

/// `address:published->target/protocol` of every port.
fn ports(lines: &str) -> String {
    let line = |port: &Port| {
        let ip = port.host_ip.map(|ip| format!("{ip}|")).unwrap_or_default();
        let published = port.published.map_or("any".to_owned(), |range| match range.single() {
            Some(port) => port.to_string(),
            None => format!("{}-{}", range.first, range.last),
        });
        format!("{ip}{published}->{}/{}", port.target, port.protocol.as_str())
    };
    service(lines).ports.iter().map(line).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_short_form_is_read() {
    for (short, long) in [
        ("80", "any->80/tcp"),
        ("'80'", "any->80/tcp"),
        ("8080:80", "8080->80/tcp"),
        ("22:22", "22->22/tcp"),
        ("'8080:80/udp'", "8080->80/udp"),
        ("80/TCP", "any->80/tcp"),
        ("'127.0.0.1:8080:80'", "127.0.0.1|8080->80/tcp"),
        ("'127.0.0.1::80'", "127.0.0.1|any->80/tcp"),
        ("'[::1]:8080:80/sctp'", "::1|8080->80/sctp"),
        ("'::1:8080:80'", "::1|8080->80/tcp"),
        ("'0:80'", "any->80/tcp"),
        ("3000-3002", "any->3000/tcp any->3001/tcp any->3002/tcp"),
        ("9090-9091:8080-8081", "9090->8080/tcp 9091->8081/tcp"),
        ("'0.0.0.0:9090-9099:80'", "0.0.0.0|9090-9099->80/tcp"),
        ("65535:65535", "65535->65535/tcp"),
    ] {
        assert_eq!(ports(&format!("ports: [{short}]")), long, "{short}");
    }
}

#[test]
fn wrong_short_forms_are_told_apart() {
    for (short, code) in [
        ("0", "port_invalid"),
        ("65536", "port_invalid"),
        ("a:80", "port_invalid"),
        ("'80:'", "port_invalid"),
        ("''", "port_invalid"),
        ("-80", "port_invalid"),
        ("80-", "port_invalid"),
        ("0-5:0-5", "port_invalid"),
        ("'host:80:80'", "port_address"),
        ("'1.2.3:80:80'", "port_address"),
        ("80/http", "port_protocol"),
        ("80/tcp/udp", "port_protocol"),
        ("90-80", "port_range_order"),
        ("9000-9001:80-82", "port_range_length"),
        ("9000:80-82", "port_range_length"),
    ] {
        assert_eq!(service_errors(&format!("ports: [{short}]")), format!("4:13 services.a.ports[0] {code}"), "{short}");
    }
    assert_eq!(service_errors("ports: 80:80"), "4:12 services.a.ports expected_list");
}

#[test]
fn the_long_form_says_the_same() {
    let long = "ports:\n- target: 80\n  published: '8080'\n  host_ip: 127.0.0.1\n  protocol: udp\n  mode: host\n  name: web\n  app_protocol: http\n- {target: '53', published: 5000-5010}";
    let ports = service(long).ports;
    assert_eq!(ports[0].mode, PortMode::Host);
    assert_eq!((ports[0].name.as_deref(), ports[0].app_protocol.as_deref()), (Some("web"), Some("http")));
    let short = service("ports: ['127.0.0.1:8080:80/udp', '5000-5010:53']").ports;
    assert_eq!(Port { mode: PortMode::Ingress, name: None, app_protocol: None, ..ports[0].clone() }, short[0]);
    assert_eq!(ports[1], short[1]);
}

#[test]
fn wrong_long_forms_are_told_at_their_key() {
    for (long, found) in [
        ("{published: 80}", "4:13 services.a.ports[0] missing_key"),
        ("{target: 0}", "4:22 services.a.ports[0].target expected_integer"),
        ("{target: 80, published: x}", "4:37 services.a.ports[0].published port_invalid"),
        ("{target: 80, protocol: icmp}", "4:36 services.a.ports[0].protocol port_protocol"),
        ("{target: 80, mode: bridge}", "4:32 services.a.ports[0].mode expected_one_of"),
        ("{target: 80, host_ip: here}", "4:35 services.a.ports[0].host_ip port_address"),
        ("{target: 80, publish: 80}", "4:26 services.a.ports[0].publish unknown_key_suggest"),
    ] {
        assert_eq!(service_errors(&format!("ports: [{long}]")), found, "{long}");
    }
}

#[test]
fn exposed_ports_are_only_listed() {
    let found = service("expose: [3000, '8000/udp', 90-91]").expose;
    let port = |target, protocol| ExposedPort { target, protocol };
    assert_eq!(
        found,
        [port(3000, Protocol::Tcp), port(8000, Protocol::Udp), port(90, Protocol::Tcp), port(91, Protocol::Tcp)]
    );
    assert_eq!(service_errors("expose: ['80:80']"), "4:14 services.a.expose[0] port_invalid");
}

#[test]
fn two_services_on_one_port_of_the_node_give_a_warning() {
    let text = |first: &str, second: &str| {
        format!("services:\n  a:\n    image: i\n    ports: ['{first}']\n  b:\n    image: i\n    ports: ['{second}']\n")
    };
    assert_eq!(warnings(&text("80:80", "80:8080")), "7:5 services.b.ports port_taken");
    assert_eq!(warnings(&text("80:80", "127.0.0.1:80:8080")), "7:5 services.b.ports port_taken");
    for (first, second) in
        [("80:80", "80:80/udp"), ("127.0.0.1:80:80", "127.0.0.2:80:80"), ("80", "80"), ("80:80", "81:80")]
    {
        assert_eq!(warnings(&text(first, second)), "", "{first} {second}");
    }
}

#[test]
fn all_ranges_together_have_a_limit() {
    assert_eq!(service("ports: ['10000-20000:10000-20000/udp']").ports.len(), 10_001);
    assert_eq!(service_errors("ports: [1-20000, 1-1]"), "4:22 services.a.ports[1] ports_too_many");
    assert_eq!(service_errors("expose: [1-20000, 1-1]"), "4:23 services.a.expose[1] ports_too_many");
}
