//! `deploy`, `scale` and resources.

use super::*;
use crate::compose::{DeployMode, FailureAction, UpdateOrder};
use std::time::Duration;

#[test]
fn copies_are_one_number() {
    let deploy = |lines: &str| service(lines).deploy;
    assert_eq!(
        (deploy("").replicas, deploy("scale: 3").replicas, deploy("deploy: {replicas: '3'}").replicas),
        (1, 3, 3)
    );
    assert_eq!(deploy("scale: 0").replicas, 0);
    assert_eq!(deploy("scale: 3\ndeploy: {replicas: 3}").replicas, 3);
    assert_eq!(deploy("deploy: {mode: global}").mode, DeployMode::Global);
    for (lines, found) in [
        ("scale: 2\ndeploy: {replicas: 3}", "4:12 services.a.scale conflicting_values"),
        ("scale: -1", "4:12 services.a.scale expected_integer"),
        ("deploy: {mode: global, replicas: 2}", "4:38 services.a.deploy.replicas replicas_global"),
        ("deploy: {mode: replicated-job}", "4:20 services.a.deploy.mode deploy_job"),
        ("deploy: {mode: all}", "4:20 services.a.deploy.mode expected_one_of"),
        ("container_name: x1\nscale: 2", "4:21 services.a.container_name container_name_replicas"),
    ] {
        assert_eq!(service_errors(lines), found, "{lines}");
    }
    let twice = "services:\n  a: {image: i, container_name: same}\n  b: {image: i, container_name: same}\n";
    assert_eq!(errors(twice), "3:33 services.b.container_name container_name_twice");
}

#[test]
fn update_policies_are_read() {
    let deploy = service(
        "deploy: {update_config: {parallelism: 2, delay: 10s, failure_action: rollback, monitor: 1m, max_failure_ratio: 0.25, order: start-first}, rollback_config: {}}",
    )
    .deploy;
    let update = deploy.update.unwrap();
    assert_eq!(
        (update.parallelism, update.delay, update.monitor),
        (2, Some(Duration::from_secs(10)), Some(Duration::from_mins(1)))
    );
    assert_eq!((update.failure_action, update.order), (Some(FailureAction::Rollback), Some(UpdateOrder::StartFirst)));
    assert!((update.max_failure_ratio - 0.25).abs() < f64::EPSILON);
    assert_eq!(deploy.rollback.unwrap().parallelism, 1);
    assert_eq!(
        service_errors("deploy: {update_config: {max_failure_ratio: 2}}").split(' ').next_back(),
        Some("expected_number")
    );
    assert_eq!(service_errors("deploy: {update_config: {order: any}}").split(' ').next_back(), Some("expected_one_of"));
}

#[test]
fn what_only_a_swarm_does_is_kept_and_named() {
    let lines = "deploy:\n  endpoint_mode: dnsrr\n  labels: {tier: web}\n  placement:\n    constraints: ['node.role == worker']\n    preferences: [{spread: node.labels.zone}]\n    max_replicas_per_node: 2\n  resources:\n    reservations:\n      cpus: '0.25'\n      generic_resources: [{discrete_resource_spec: {kind: ssd, value: 2}}]";
    assert_eq!(
        warnings(&file_of(lines)),
        "5:7 services.a.deploy.endpoint_mode swarm_only\n6:7 services.a.deploy.labels swarm_only\n\
         8:9 services.a.deploy.placement.constraints swarm_only\n9:9 services.a.deploy.placement.preferences swarm_only\n\
         10:9 services.a.deploy.placement.max_replicas_per_node swarm_only\n\
         13:11 services.a.deploy.resources.reservations.cpus reservation_only\n\
         14:11 services.a.deploy.resources.reservations.generic_resources swarm_only"
    );
    let found = service(lines);
    assert_eq!(found.deploy.placement.constraints, ["node.role == worker"]);
    assert_eq!(found.deploy.placement.spread, ["node.labels.zone"]);
    assert_eq!(found.deploy.placement.max_replicas_per_node, Some(2));
    assert_eq!((found.deploy.endpoint_mode.as_deref(), found.deploy.labels["tier"].as_str()), (Some("dnsrr"), "web"));
    assert_eq!((found.resources.reserved_nano_cpus, found.resources.generic["ssd"]), (Some(250_000_000), 2));
}

#[test]
fn old_and_new_resource_keys_are_one_setting() {
    let old = service("cpus: 0.5\nmem_limit: 512m\nmem_reservation: 64m\npids_limit: 100").resources;
    let new =
        service("deploy: {resources: {limits: {cpus: '0.5', memory: 512M, pids: 100}, reservations: {memory: 64mb}}}")
            .resources;
    assert_eq!(old, new);
    assert_eq!((new.nano_cpus, new.memory_bytes, new.pids), (Some(500_000_000), Some(512 << 20), Some(100)));
    let both = "mem_limit: 1g\ndeploy: {resources: {limits: {memory: 512m}}}";
    assert_eq!(service_errors(both), "5:43 services.a.deploy.resources.limits.memory conflicting_values");
    assert_eq!(
        service_errors("deploy: {resources: {limits: {memory: lots}}}").split(' ').next_back(),
        Some("expected_bytes")
    );
    assert_eq!(service_errors("deploy: {resources: {limit: {}}}").split(' ').next_back(), Some("unknown_key_suggest"));
}

#[test]
fn the_engine_s_other_limits_are_read() {
    let found = service(
        "memswap_limit: -1\nmem_swappiness: 60\nshm_size: 64m\ncpuset: 0-3\ncpu_shares: 73\ncpu_quota: 50000\ncpu_period: 20ms\n\
         cpu_rt_runtime: 400ms\noom_kill_disable: true\noom_score_adj: -500\n\
         blkio_config: {weight: 300, weight_device: [{path: /dev/sda, weight: 400}], device_read_bps: [{path: /dev/sdb, rate: 12mb}], device_write_iops: [{path: /dev/sdb, rate: 30}]}",
    )
    .resources;
    assert_eq!(
        (found.memory_swap_bytes, found.memory_swappiness, found.shm_bytes),
        (Some(-1), Some(60), Some(64 << 20))
    );
    assert_eq!(
        (found.cpuset.as_deref(), found.cpu_shares, found.cpu_quota_us, found.cpu_period_us),
        (Some("0-3"), Some(73), Some(50_000), Some(20_000))
    );
    assert_eq!(
        (found.cpu_rt_runtime_us, found.oom_kill_disable, found.oom_score_adj),
        (Some(400_000), Some(true), Some(-500))
    );
    let blkio = found.blkio.unwrap();
    assert_eq!((blkio.weight, blkio.weight_device["/dev/sda"]), (Some(300), 400));
    assert_eq!((blkio.device_read_bps["/dev/sdb"], blkio.device_write_iops["/dev/sdb"]), (12 << 20, 30));
    assert_eq!(service_errors("oom_score_adj: 2000"), "4:20 services.a.oom_score_adj expected_integer");
}

#[test]
fn reserved_devices_become_requests() {
    let found = service("deploy: {resources: {reservations: {devices: [{capabilities: [gpu], driver: nvidia, device_ids: ['0', '3']}, {capabilities: [tpu], count: 2}, {capabilities: [gpu]}]}}}").device_requests;
    assert_eq!((found[0].driver.as_deref(), found[0].device_ids.len(), found[0].count), (Some("nvidia"), 2, None));
    assert_eq!((found[1].count, found[2].count), (Some(2), Some(-1)));
    let wrong =
        |device: &str| service_errors(&format!("deploy: {{resources: {{reservations: {{devices: [{device}]}}}}}}"));
    assert!(wrong("{count: 1}").ends_with("missing_key"));
    assert!(wrong("{capabilities: [gpu], count: 1, device_ids: ['0']}").ends_with("device_count_and_ids"));
}
