//! The same adapter on a real engine, where `GANTRY_TEST_DOCKER_HOST` names one that has the image `busybox:local`
//! (`make test` sets it up).

use std::time::Duration;

use api::container::{ContainerState, Health};
use futures::StreamExt;
use server::changes::Changes;
use server::engine::{
    Cluster, ContainerSpec, Endpoint, Error, ExecSpec, FileSpec, HealthcheckSpec, LogOptions, MountSpec,
    NetworkAttachment, NetworkSpec, Periods, PortSpec, Settings, Tail, VolumeSpec,
};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

/// The engine, and what the test made on it, taken away at the end.
struct Real {
    cluster: Cluster,
    name: String,
}

impl Real {
    /// The engine of the tests.
    async fn engine(test: &str) -> Self {
        let host = std::env::var("GANTRY_TEST_DOCKER_HOST").expect("GANTRY_TEST_DOCKER_HOST names an engine");
        let settings = Settings {
            endpoint: Some(Endpoint::parse(&host, false, None).unwrap()),
            sockets: Vec::new(),
            periods: Periods::default(),
        };
        let cluster = Cluster::look_after("local", settings, Changes::default());
        let mut connected = cluster.connected();
        timeout(PATIENCE, connected.wait_for(|connected| *connected)).await.expect("the engine answers").unwrap();
        let real = Self { cluster, name: format!("gantry-{test}-{}", std::process::id()) };
        real.clean().await;
        real
    }

    fn spec(&self, command: &str) -> ContainerSpec {
        ContainerSpec {
            name: self.name.clone(),
            image: "busybox:local".into(),
            command: Some(vec!["sh".into(), "-c".into(), command.into()]),
            init: Some(true),
            labels: [("dev.gantry.test".to_owned(), self.name.clone())].into(),
            ..ContainerSpec::default()
        }
    }

    async fn run(&self, command: &str) -> String {
        let id = self.cluster.create_container(&self.spec(command)).await.unwrap();
        self.cluster.start(&id).await.unwrap();
        id
    }

    async fn until(&self, what: &str, fits: impl Fn(&api::container::Container) -> bool) {
        let mut pictures = self.cluster.pictures();
        let seen = pictures.wait_for(|picture| picture.find_container(&self.name).is_ok_and(|row| fits(row)));
        if timeout(PATIENCE, seen).await.is_err() {
            panic!("waited too long until {what}: {:?}", self.cluster.picture().find_container(&self.name));
        }
    }

    async fn clean(&self) {
        for container in self.cluster.list_labelled(&format!("dev.gantry.test={}", self.name)).await.unwrap() {
            self.cluster.remove_container(&container.id, true, true).await.unwrap();
        }
        self.cluster.remove_network(&self.name).await.unwrap();
        self.cluster.remove_volume(&self.name).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "not part of this run: wants an engine at GANTRY_TEST_DOCKER_HOST, which `make test` gives it"]
async fn a_container_lives_and_the_picture_follows() {
    let real = Real::engine("life").await;
    let cluster = &real.cluster;
    let mut spec = real.spec("while true; do sleep 1; done");
    spec.healthcheck = Some(HealthcheckSpec {
        test: vec!["CMD-SHELL".into(), "test -f /tmp/well".into()],
        interval_nanos: Some(500_000_000),
        retries: Some(1),
        ..HealthcheckSpec::default()
    });
    let id = cluster.create_container(&spec).await.unwrap();
    real.until("it is created", |row| row.state == ContainerState::Created).await;
    cluster.start(&id).await.unwrap();
    cluster.start(&id).await.unwrap();
    real.until("it is unhealthy", |row| row.health == Some(Health::Unhealthy)).await;
    cluster.run(&id, &["touch", "/tmp/well"]).await.unwrap();
    real.until("it is healthy", |row| row.health == Some(Health::Healthy)).await;
    cluster.pause(&id).await.unwrap();
    cluster.pause(&id).await.unwrap();
    real.until("it is paused", |row| row.state == ContainerState::Paused).await;
    cluster.unpause(&id).await.unwrap();
    cluster.unpause(&id).await.unwrap();
    cluster.kill(&id, "SIGKILL").await.unwrap();
    cluster.kill(&id, "SIGKILL").await.unwrap();
    real.until("it was killed", |row| row.state == ContainerState::Exited && row.exit_code == Some(137)).await;
    cluster.restart(&id, Some(1)).await.unwrap();
    real.until("it runs", |row| row.state == ContainerState::Running && row.exit_code.is_none()).await;
    cluster.stop(&id, Some(1)).await.unwrap();
    cluster.stop(&id, Some(1)).await.unwrap();
    let events = cluster.events();
    assert!(events.iter().all(|event| !event.action.starts_with("exec")), "health checks make no noise");
    assert!(events.iter().any(|event| event.action == "die" && event.id == id));
    cluster.remove_container(&id, false, true).await.unwrap();
    cluster.remove_container(&id, false, true).await.unwrap();
    let mut pictures = cluster.pictures();
    timeout(PATIENCE, pictures.wait_for(|picture| picture.container(&id).is_none())).await.unwrap().unwrap();
    real.clean().await;
}

#[tokio::test]
#[ignore = "not part of this run: wants an engine at GANTRY_TEST_DOCKER_HOST, which `make test` gives it"]
async fn networks_volumes_ports_and_files_are_as_asked() {
    let real = Real::engine("parts").await;
    let cluster = &real.cluster;
    let network = NetworkSpec { name: real.name.clone(), ..NetworkSpec::default() };
    cluster.create_network(&network).await.unwrap();
    cluster.create_volume(&VolumeSpec { name: real.name.clone(), ..VolumeSpec::default() }).await.unwrap();
    let join = |name: &str, alias: Option<&str>| NetworkAttachment {
        name: name.into(),
        aliases: alias.map(str::to_owned).into_iter().collect(),
        ..NetworkAttachment::default()
    };
    let spec = ContainerSpec {
        networks: vec![join(&real.name, Some("web")), join("bridge", None)],
        mounts: vec![MountSpec::Volume {
            name: Some(real.name.clone()),
            target: "/data".into(),
            read_only: false,
            nocopy: false,
            subpath: None,
        }],
        ports: vec![PortSpec { container_port: 80, ..PortSpec::default() }],
        memory_bytes: Some(64 << 20),
        nano_cpus: Some(500_000_000),
        ..real.spec("cat /run/secrets/key; echo ok > /data/file; while true; do sleep 1; done")
    };
    let id = cluster.create_container(&spec).await.unwrap();
    let file = FileSpec { path: "/run/secrets/key".into(), bytes: b"s3cret\n".to_vec(), mode: 0o400, uid: 0, gid: 0 };
    cluster.put_files(&id, &[file]).await.unwrap();
    cluster.start(&id).await.unwrap();
    real.until("it has ports", |row| row.ports.iter().any(|port| port.host_port.is_some())).await;
    let detail = cluster.inspect_container(&id).await.unwrap();
    assert_eq!((detail.memory_limit_bytes, detail.cpu_limit), (Some(64 << 20), Some(0.5)));
    assert_eq!(detail.container.networks.len(), 2);
    assert_eq!(detail.container.mounts[0].source, real.name);
    let output = cluster.run(&id, &["cat", "/run/secrets/key", "/data/file"]).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "s3cret\nok\n");

    let taken = detail.container.ports.iter().find_map(|port| port.host_port).unwrap();
    let second = ContainerSpec {
        name: format!("{}-2", real.name),
        ports: vec![PortSpec { container_port: 80, host_port: Some(taken), ..PortSpec::default() }],
        ..real.spec("sleep 60")
    };
    let other = cluster.create_container(&second).await.unwrap();
    let refused = cluster.start(&other).await.expect_err("the port is taken");
    assert!(matches!(refused, Error::PortInUse { port, .. } if port == taken), "{refused:?}");
    assert!(matches!(cluster.remove_volume(&real.name).await, Err(Error::Conflict(_))));
    assert!(cluster.remove_network(&real.name).await.is_err());
    real.clean().await;
}

#[tokio::test]
#[ignore = "not part of this run: wants an engine at GANTRY_TEST_DOCKER_HOST, which `make test` gives it"]
async fn a_log_is_complete_and_in_order() {
    let real = Real::engine("log").await;
    for tty in [false, true] {
        let mut spec = real.spec("i=0; while [ $i -lt 2000 ]; do echo \"line $i\"; i=$((i+1)); done; echo bad >&2");
        spec.tty = tty;
        let id = real.cluster.create_container(&spec).await.unwrap();
        real.cluster.start(&id).await.unwrap();
        let options = LogOptions { follow: true, ..LogOptions::default() };
        let lines: Vec<_> = timeout(PATIENCE, async {
            real.cluster.logs(&id, &options).await.unwrap().map(Result::unwrap).collect().await
        })
        .await
        .unwrap();
        let text = |line: &server::engine::LogFrame| String::from_utf8_lossy(&line.bytes).into_owned();
        let numbered: Vec<_> = lines.iter().map(text).filter(|line| line.starts_with("line ")).collect();
        assert_eq!(numbered.len(), 2_000);
        assert!(numbered.iter().enumerate().all(|(number, line)| *line == format!("line {number}")), "tty {tty}");
        assert_eq!(lines.iter().filter(|line| line.stderr).count(), usize::from(!tty));
        assert!(lines.iter().all(|line| line.time_nanos > 0));
        let tail = LogOptions { tail: Tail::Last(3), ..LogOptions::default() };
        assert_eq!(real.cluster.logs(&id, &tail).await.unwrap().count().await, 3);
        real.clean().await;
    }
}

#[tokio::test]
#[ignore = "not part of this run: wants an engine at GANTRY_TEST_DOCKER_HOST, which `make test` gives it"]
async fn a_line_longer_than_an_entry_of_the_engine_stays_one_line() {
    let real = Real::engine("long").await;
    for tty in [false, true] {
        let mut spec = real.spec("head -c 40000 /dev/zero | tr '\\0' x; echo; echo end");
        spec.tty = tty;
        let id = real.cluster.create_container(&spec).await.unwrap();
        real.cluster.start(&id).await.unwrap();
        real.until("it ended", |row| row.state == ContainerState::Exited).await;
        let stream = real.cluster.logs(&id, &LogOptions::default()).await.unwrap();
        let lines: Vec<_> = stream.map(|line| line.unwrap().bytes).collect().await;
        assert_eq!(lines.iter().map(|line| line.len()).collect::<Vec<_>>(), [40_000, 3], "tty {tty}");
        assert!(lines[0].iter().all(|byte| *byte == b'x'));
        real.clean().await;
    }
}

#[tokio::test]
#[ignore = "not part of this run: wants an engine at GANTRY_TEST_DOCKER_HOST, which `make test` gives it"]
async fn a_terminal_works_and_its_processes_end_with_it() {
    let real = Real::engine("exec").await;
    let id = real.run("while true; do sleep 1; done").await;
    let shell = ExecSpec { command: vec!["sh".into()], tty: true, columns: 91, rows: 27, ..ExecSpec::default() };
    let mut session = real.cluster.exec(&id, &shell).await.unwrap();
    session.control.resize(91, 27).await.unwrap();
    session.input.write_all(b"stty size; printf '\\001\\002xy'; echo done\n").await.unwrap();
    let mut seen = Vec::new();
    let has = |seen: &[u8], text: &[u8]| seen.windows(text.len()).any(|window| window == text);
    while !has(&seen, b"27 91") || !has(&seen, b"\x01\x02xydone") {
        let chunk = timeout(PATIENCE, session.output.next()).await;
        let chunk = chunk.unwrap_or_else(|_| panic!("{:?}", String::from_utf8_lossy(&seen)));
        seen.extend_from_slice(&chunk.expect("output").unwrap());
    }
    session.input.write_all(b"sleep 4321 & sleep 4321\n").await.unwrap();
    let sleepers = async || {
        let output = real.cluster.run(&id, &["sh", "-c", "ps | grep -c '[s]leep 4321' || true"]).await.unwrap();
        String::from_utf8_lossy(&output.stdout).trim().parse::<u32>().unwrap()
    };
    timeout(PATIENCE, async { while sleepers().await < 2 {} }).await.expect("the sleepers run");
    drop((session.input, session.output));
    timeout(PATIENCE, session.control.kill()).await.unwrap().unwrap();
    assert_eq!(sleepers().await, 0, "nothing of the terminal is left");
    assert!(session.control.exit_code().await.unwrap().is_some());
    session.control.kill().await.unwrap();
    real.clean().await;
}

#[tokio::test]
#[ignore = "not part of this run: wants an engine at GANTRY_TEST_DOCKER_HOST, which `make test` gives it"]
async fn samples_grow_with_what_is_used() {
    let real = Real::engine("stats").await;
    let id = real.run("while true; do :; done").await;
    real.until("it is inspected", |row| row.started_at.is_some()).await;
    let first = real.cluster.stats_once(&id).await.unwrap();
    let busy = async {
        loop {
            let next = real.cluster.stats_once(&id).await.unwrap();
            if next.cpu_nanos > first.cpu_nanos && next.at_nanos > first.at_nanos {
                return next;
            }
        }
    };
    let next = timeout(PATIENCE, busy).await.expect("it uses the processor");
    assert!(next.memory_bytes > 0);
    real.clean().await;
}

#[tokio::test]
#[ignore = "not part of this run: wants an engine at GANTRY_TEST_DOCKER_HOST, which `make test` gives it"]
async fn images_are_inspected_tagged_and_removed() {
    let real = Real::engine("image").await;
    let tag = format!("{}:1", real.name);
    let detail = real.cluster.inspect_image("busybox:local").await.unwrap();
    assert!(!detail.layers.is_empty() && detail.image.size_bytes > 0);
    real.cluster.tag_image("busybox:local", &tag).await.unwrap();
    assert_eq!(real.cluster.image_digest(&tag).await.unwrap(), Some(detail.image.id.clone()));
    real.cluster.remove_image(&tag, false).await.unwrap();
    assert_eq!(real.cluster.image_digest(&tag).await.unwrap(), None);
    assert!(real.cluster.disk_usage().await.unwrap().images.count > 0);
    real.clean().await;
}
