//! The keys of a service that no other file is about.

use super::*;
use crate::compose::{Condition, DeviceRequest, HealthTest, Link, PullPolicy, RestartPolicy, Ulimit};
use std::time::Duration;

#[test]
fn commands_are_words_however_they_are_written() {
    let words = |lines: &str| service(lines).command;
    assert_eq!(words("command: nginx -g 'daemon off;'").unwrap(), ["nginx", "-g", "daemon off;"]);
    assert_eq!(words("command: [nginx, -g, daemon off;]").unwrap(), ["nginx", "-g", "daemon off;"]);
    assert_eq!(words("command: []"), Some(vec![]));
    assert_eq!(words("command: ''"), Some(vec![]));
    assert_eq!(words("command:"), None);
    assert_eq!(service("entrypoint: /bin/sh -c").entrypoint.unwrap(), ["/bin/sh", "-c"]);
    assert_eq!(service_errors("command: \"echo 'a\""), "4:14 services.a.command command_quote");
    assert_eq!(service_errors("command: [sleep, 10]"), "4:22 services.a.command[1] expected_text_quote");
    assert_eq!(service_errors("command: {a: b}"), "4:14 services.a.command expected_text_or_list");
}

#[test]
fn the_environment_is_one_map() {
    let pairs = |service: &Service| {
        let pair = |(key, value): (&String, &Option<String>)| format!("{key}={}", value.as_deref().unwrap_or("<none>"));
        service.environment.iter().map(pair).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        pairs(&service("environment: {A: 1, B: 'x=y', C: true, D: 1.50, E: '', F: }")),
        "A=1 B=x=y C=true D=1.50 E= F=<none>"
    );
    assert_eq!(pairs(&service("environment: [A=1, B=x=y, C=, D, A=2]")), "A=2 B=x=y C= D=<none>");
    let parsed = parse(&source(&file_of("environment: [D]")), &vars(&[("D", "given")])).unwrap();
    assert_eq!(pairs(&parsed.project.services["a"]), "D=given");
    assert_eq!(service_errors("environment:\n- A: 1"), "5:7 services.a.environment[0] entry_is_mapping");
    assert_eq!(service_errors("environment: ['=x']"), "4:19 services.a.environment[0] key_value_empty");
    assert_eq!(service_errors("environment: A=1"), "4:18 services.a.environment expected_list_or_mapping");
    assert_eq!(service_errors("environment: {A: [1]}"), "4:22 services.a.environment.A expected_text");
}

#[test]
fn dependencies_say_what_they_wait_for() {
    let file = |depends: &str| {
        format!("services:\n  a:\n    image: i\n    depends_on: {depends}\n  b: {{image: i}}\n  c: {{image: i}}\n")
    };
    let of = |depends: &str| read(&file(depends)).project.services["a"].depends_on.clone();
    let found = of("[b, c]");
    assert_eq!(
        (found.len(), found["b"].condition, found["b"].required, found["b"].restart),
        (2, Condition::Started, true, false)
    );
    let found = of(
        "{b: {condition: service_healthy, restart: true}, c: {condition: service_completed_successfully, required: false}}",
    );
    assert_eq!((found["b"].condition, found["b"].restart), (Condition::Healthy, true));
    assert_eq!((found["c"].condition, found["c"].required), (Condition::Completed, false));
    for (depends, found) in [
        ("[nobody]", "4:18 services.a.depends_on[0] service_undefined"),
        ("[bb]", "4:18 services.a.depends_on[0] service_undefined_suggest"),
        ("[a]", "4:18 services.a.depends_on[0] service_itself\n4:5 services.a.depends_on dependency_cycle"),
        ("{b: {}}", "4:21 services.a.depends_on.b missing_key"),
        ("{b: {condition: ready}}", "4:33 services.a.depends_on.b.condition expected_one_of"),
        ("b", "4:17 services.a.depends_on expected_list_or_mapping"),
    ] {
        let mut lines: Vec<String> = errors(&file(depends)).lines().map(str::to_owned).collect();
        lines.sort();
        let mut expected: Vec<&str> = found.lines().collect();
        expected.sort_unstable();
        assert_eq!(lines, expected, "{depends}");
    }
}

#[test]
fn waiting_for_health_needs_a_check() {
    let text = "services:\n  a:\n    image: i\n    depends_on: {b: {condition: service_healthy}}\n  b: {image: i, healthcheck: {disable: true}}\n";
    assert_eq!(errors(text), "4:5 services.a.depends_on health_unchecked");
}

#[test]
fn sharing_and_linking_need_the_other_service_first() {
    let text = "services:\n  a: {image: i, network_mode: 'service:b', ipc: 'service:c', links: ['d:db', e], volumes_from: ['f:ro', 'container:x']}\n  b: {image: i}\n  c: {image: i}\n  d: {image: i}\n  e: {image: i}\n  f: {image: i}\n";
    let a = read(text).project.services["a"].clone();
    assert_eq!(a.depends_on.keys().cloned().collect::<String>(), "bcdef");
    assert!(a.depends_on["b"].restart);
    assert_eq!(a.links[0], Link { service: "d".to_owned(), alias: "db".to_owned() });
    assert_eq!(a.links[1].alias, "e");
    assert!(a.volumes_from[0].read_only && a.volumes_from[0].service.as_deref() == Some("f"));
    assert_eq!(a.volumes_from[1].container.as_deref(), Some("x"));
    assert!(a.networks.is_empty());
    assert_eq!(service_errors("pid: 'service:nobody'"), "4:10 services.a.pid service_undefined");
    assert_eq!(service_errors("volumes_from: ['x:rx']"), "4:20 services.a.volumes_from[0] volumes_from_invalid");
    assert_eq!(service_errors("links: ['a:b:c']"), "4:13 services.a.links[0] link_invalid");
}

#[test]
fn health_checks_have_one_form() {
    let check = |lines: &str| service(lines).healthcheck.unwrap();
    let full = check(
        "healthcheck: {test: curl -f x, interval: 1m30s, timeout: 10s, retries: 3, start_period: 40s, start_interval: 500ms}",
    );
    assert_eq!(full.test, Some(HealthTest::Shell("curl -f x".to_owned())));
    assert_eq!(full.engine_test(), ["CMD-SHELL", "curl -f x"]);
    assert_eq!((full.interval, full.start_interval), (Some(Duration::from_secs(90)), Some(Duration::from_millis(500))));
    assert_eq!(
        (full.timeout, full.retries, full.start_period),
        (Some(Duration::from_secs(10)), Some(3), Some(Duration::from_secs(40)))
    );
    assert_eq!(check("healthcheck: {test: [CMD-SHELL, curl -f x]}").test, full.test);
    assert_eq!(check("healthcheck: {test: [CMD, curl, -f]}").engine_test(), ["CMD", "curl", "-f"]);
    assert!(check("healthcheck: {test: [NONE]}").is_disabled());
    assert!(check("healthcheck: {disable: true}").is_disabled());
    assert_eq!(check("healthcheck: {interval: 5s}").engine_test(), Vec::<String>::new());
    for (lines, found) in [
        ("{test: [curl, x]}", "4:25 services.a.healthcheck.test health_test_form"),
        ("{test: [CMD-SHELL, a, b]}", "4:25 services.a.healthcheck.test health_test_form"),
        ("{test: []}", "4:25 services.a.healthcheck.test health_test_empty"),
        ("{test: [CMD]}", "4:25 services.a.healthcheck.test health_test_empty"),
        ("{test: ' '}", "4:25 services.a.healthcheck.test health_test_empty"),
        ("{interval: 30}", "4:29 services.a.healthcheck.interval expected_duration"),
        ("{retries: many}", "4:28 services.a.healthcheck.retries expected_integer"),
    ] {
        assert_eq!(service_errors(&format!("healthcheck: {lines}")), found, "{lines}");
    }
}

#[test]
fn restart_policies_are_one_setting() {
    let policy = |lines: &str| service(lines).restart.unwrap();
    assert_eq!(service("").restart, None, "not the same as no");
    assert_eq!(policy("restart: no"), RestartPolicy::No);
    assert_eq!(policy("restart: \"no\""), RestartPolicy::No);
    assert_eq!(policy("restart: always"), RestartPolicy::Always);
    assert_eq!(policy("restart: unless-stopped"), RestartPolicy::UnlessStopped);
    assert_eq!(policy("restart: on-failure"), RestartPolicy::OnFailure(None));
    assert_eq!(policy("restart: on-failure:5"), RestartPolicy::OnFailure(Some(5)));
    assert_eq!(
        policy("deploy: {restart_policy: {condition: on-failure, max_attempts: 5}}"),
        RestartPolicy::OnFailure(Some(5))
    );
    assert_eq!(policy("deploy: {restart_policy: {condition: none}}"), RestartPolicy::No);
    assert_eq!(policy("deploy: {restart_policy: {}}"), RestartPolicy::Always);
    assert_eq!(policy("restart: always\ndeploy: {restart_policy: {condition: none}}"), RestartPolicy::No);
    assert_eq!(
        warnings(&file_of("restart: always\ndeploy: {restart_policy: {condition: none}}")),
        "4:5 services.a.restart restart_conflict"
    );
    assert_eq!(
        warnings(&file_of("deploy: {restart_policy: {delay: 5s}}")),
        "4:31 services.a.deploy.restart_policy.delay swarm_only"
    );
    for wrong in ["never", "on-failure:x", "always:3", "false", "'on-failure:'"] {
        assert_eq!(
            service_errors(&format!("restart: {wrong}")).split(' ').next_back(),
            Some("restart_invalid"),
            "{wrong}"
        );
    }
}

#[test]
fn pull_policies_are_read() {
    let policy = |text: &str| service(&format!("pull_policy: {text}")).pull_policy;
    assert_eq!(service("").pull_policy, PullPolicy::Missing);
    assert_eq!(policy("if_not_present"), PullPolicy::Missing);
    assert_eq!((policy("always"), policy("never")), (PullPolicy::Always, PullPolicy::Never));
    assert_eq!((policy("daily"), policy("every_12h")), (PullPolicy::EverySecs(86_400), PullPolicy::EverySecs(43_200)));
    assert_eq!(policy("refresh\npull_refresh_after: 1h"), PullPolicy::EverySecs(3_600));
    assert_eq!(service_errors("pull_policy: sometimes"), "4:18 services.a.pull_policy pull_policy_invalid");
    assert_eq!(service_errors("pull_policy: build"), "4:18 services.a.pull_policy pull_policy_invalid");
}

#[test]
fn extra_hosts_are_one_map() {
    let hosts = |lines: &str| service(lines).extra_hosts;
    let expected = hosts("extra_hosts: {h: 10.0.0.1, g: host-gateway, v6: ['::1', 10.0.0.2]}");
    assert_eq!(expected["v6"], ["::1", "10.0.0.2"]);
    assert_eq!(hosts("extra_hosts: ['h=10.0.0.1', 'g:host-gateway', 'v6=[::1]', 'v6:10.0.0.2']"), expected);
    for wrong in ["'h'", "'h=name'", "'=1.2.3.4'", "'h h=1.2.3.4'"] {
        assert_eq!(
            service_errors(&format!("extra_hosts: [{wrong}]")),
            "4:19 services.a.extra_hosts[0] extra_host_invalid"
        );
    }
}

#[test]
fn devices_and_device_requests_are_told_apart() {
    let found = service(
        "devices: ['/dev/a', '/dev/b:/dev/c', '/dev/d:/dev/e:r', '/dev/f:rw', {source: /dev/g, permissions: r}, 'vendor.com/gpu=all']\ngpus: all",
    );
    let lines: Vec<_> = found
        .devices
        .iter()
        .map(|device| format!("{} {} {}", device.source, device.target, device.permissions))
        .collect();
    assert_eq!(
        lines,
        ["/dev/a /dev/a rwm", "/dev/b /dev/c rwm", "/dev/d /dev/e r", "/dev/f /dev/f rw", "/dev/g /dev/g r"]
    );
    let gpu = DeviceRequest { capabilities: vec!["gpu".to_owned()], count: Some(-1), ..DeviceRequest::default() };
    let cdi = DeviceRequest {
        driver: Some("cdi".to_owned()),
        device_ids: vec!["vendor.com/gpu=all".to_owned()],
        ..DeviceRequest::default()
    };
    assert_eq!(found.device_requests.len(), 2);
    assert!(found.device_requests.contains(&gpu) && found.device_requests.contains(&cdi));
    for wrong in ["dev", "/dev/a:b", "/dev/a:/dev/b:x", "/dev/a:/dev/b:r:w"] {
        assert_eq!(
            service_errors(&format!("devices: ['{wrong}']")),
            "4:15 services.a.devices[0] device_invalid",
            "{wrong}"
        );
    }
}

#[test]
fn the_rest_is_taken_as_it_is() {
    let found = service(
        "hostname: h\ndomainname: d\nuser: '1000:1000'\ngroup_add: [mail, 100]\nworking_dir: /w\ninit: true\ntty: true\nstdin_open: 'true'\n\
         stop_signal: SIGINT\nstop_grace_period: 1m30s\ncap_add: [NET_ADMIN]\ncap_drop: [ALL]\nprivileged: true\nread_only: true\n\
         security_opt: ['no-new-privileges:true']\nsysctls: [net.core.somaxconn=1024]\ndns: 1.1.1.1\ndns_search: [a, b]\ndns_opt: [use-vc]\n\
         ipc: host\npid: host\nuts: host\ncgroup: host\ncgroup_parent: p\nuserns_mode: host\nruntime: runc\nplatform: linux/amd64\n\
         annotations: {a: b}\nstorage_opt: {size: 1G}\nlogging: {driver: json-file, options: {max-size: 10m, max-file: 3}}\n\
         ulimits: {nproc: 64, nofile: {soft: 10, hard: 20}, core: -1}\ndevice_cgroup_rules: ['c 1:3 mr']\nlabels: [a=b, c]\ncontainer_name: web_1",
    );
    assert_eq!(found.group_add, ["mail", "100"]);
    assert_eq!(found.stop_grace_period, Some(Duration::from_secs(90)));
    assert!(found.tty && found.stdin_open && found.privileged && found.read_only && found.init == Some(true));
    assert_eq!(found.sysctls["net.core.somaxconn"], "1024");
    assert_eq!((found.dns, found.dns_search), (vec!["1.1.1.1".to_owned()], vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(found.logging.unwrap().options["max-file"], "3");
    assert_eq!(found.ulimits["nproc"], Ulimit { soft: 64, hard: 64 });
    assert_eq!(found.ulimits["nofile"], Ulimit { soft: 10, hard: 20 });
    assert_eq!((found.labels["a"].as_str(), found.labels["c"].as_str()), ("b", ""));
    assert_eq!((found.cap_add, found.cap_drop), (vec!["NET_ADMIN".to_owned()], vec!["ALL".to_owned()]));
    assert_eq!(found.storage_opt["size"], "1G");
    assert_eq!([found.hostname, found.domainname, found.user].map(Option::unwrap), ["h", "d", "1000:1000"]);
    assert_eq!([found.ipc, found.pid, found.uts, found.cgroup, found.userns_mode].map(Option::unwrap), ["host"; 5]);
    assert_eq!([found.cgroup_parent, found.runtime, found.platform].map(Option::unwrap), ["p", "runc", "linux/amd64"]);
    assert_eq!(
        [found.working_dir, found.stop_signal, found.container_name].map(Option::unwrap),
        ["/w", "SIGINT", "web_1"]
    );
    assert_eq!(
        (found.annotations["a"].as_str(), found.security_opt.len(), found.device_cgroup_rules.len()),
        ("b", 1, 1)
    );
}

#[test]
fn wrong_types_name_the_expected_one() {
    for (lines, found) in [
        ("tty: 1", "4:10 services.a.tty expected_boolean"),
        ("hostname: [a]", "4:15 services.a.hostname expected_text"),
        ("hostname: true", "4:15 services.a.hostname expected_text_quote"),
        ("cap_add: NET_ADMIN", "4:14 services.a.cap_add expected_list"),
        ("logging: json-file", "4:14 services.a.logging expected_mapping"),
        ("stop_grace_period: 10", "4:24 services.a.stop_grace_period expected_duration"),
        ("shm_size: big", "4:15 services.a.shm_size expected_bytes"),
        ("cgroup: shared", "4:13 services.a.cgroup expected_one_of"),
        ("ulimits: {nofile: {soft: 5, hard: 3}}", "4:23 services.a.ulimits.nofile ulimit_soft_hard"),
        ("ulimits: {nofile: {soft: 5}}", "4:23 services.a.ulimits.nofile missing_key"),
        ("dns: {a: b}", "4:10 services.a.dns expected_text_or_list"),
    ] {
        assert_eq!(service_errors(lines), found, "{lines}");
    }
    assert_eq!(errors("services: {a: {image: 5}}"), "1:23 services.a.image expected_text_quote");
    assert_eq!(errors("services: {a: {image: 'No Image'}}"), "1:23 services.a.image image_invalid");
    assert_eq!(errors("services:\n  a:\n    tty: true\n"), "2:3 services.a image_missing");
    assert_eq!(errors("services:\n  a:\n"), "2:3 services.a image_missing");
}

#[test]
fn what_works_otherwise_gives_a_warning() {
    for (lines, found) in [
        ("tty: yes", "4:10 services.a.tty boolean_spelling"),
        ("attach: false", "4:5 services.a.attach no_effect_attach"),
        ("labels: {com.docker.compose.project: x}", "4:42 services.a.labels.com.docker.compose.project label_reserved"),
    ] {
        assert_eq!(warnings(&file_of(lines)), found, "{lines}");
    }
}
