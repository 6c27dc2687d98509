//! The containers page: what it weighs, what it needs JavaScript for, and how often the server can render it.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::fake_engine::{ContainerSpec, FakeEngine};
use super::portal::{Portal, eventually};
use super::report::{Row, given, median};

const ROWS_WEIGHED: usize = 100;
/// The weight of cockpit-podman 67's own files, for where its package cannot be had.
const COCKPIT_STATED_BYTES: u64 = 575_000;
const ROWS_RENDERED: usize = 1_000;
const ROUNDS: usize = 3;
const ROUND_SECS: u32 = 8;

/// Adds containers as a team's machine has them: apps of five services, images of a registry, published ports.
pub fn containers(engine: &FakeEngine, count: usize) {
    const SERVICES: [&str; 5] = ["web", "worker", "database", "cache", "mail"];
    for number in 0..count {
        let (app, service) = (format!("shop-{:03}", number / SERVICES.len()), SERVICES[number % SERVICES.len()]);
        let image = format!("registry.example/shop/{service}:1.{}", number % 7);
        let port = json!([{ "HostPort": (20_000 + number).to_string() }]);
        let spec = ContainerSpec::new(&format!("{app}-{service}-1"), &image)
            .label("com.docker.compose.project", &app)
            .label("com.docker.compose.service", service)
            .with("ExposedPorts", json!({ "8080/tcp": {} }))
            .with("HostConfig", json!({ "PortBindings": { "8080/tcp": port } }));
        engine.add_container(&spec);
    }
}

fn path(rows: usize) -> String {
    format!("/clusters/local/containers?limit={rows}")
}

/// The bytes of a cold load in Chromium, and the rows that are there without JavaScript.
pub async fn weight() -> Vec<Row> {
    let engine = FakeEngine::start().await;
    containers(&engine, ROWS_WEIGHED);
    let portal = Portal::with_containers(&engine.host(), ROWS_WEIGHED as u64).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/portal/cold_load.mjs");
    let output = Command::new("node")
        .arg(script)
        .env("BENCH_ADDRESS", format!("http://{}", portal.address))
        .env("BENCH_PATH", path(ROWS_WEIGHED))
        .env("BENCH_COOKIE", &portal.cookie)
        .env("BENCH_CHROMIUM", given("GANTRY_TEST_CHROMIUM"))
        .stderr(Stdio::inherit())
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "the page could not be loaded in Chromium");
    let load: Value = serde_json::from_slice(&output.stdout).unwrap();
    let files = load["files"].as_array().unwrap();
    for file in files {
        eprintln!("  {:>7} bytes {}", file["bytes"], file["url"].as_str().unwrap());
    }
    let bytes: u64 = files.iter().map(|file| file["bytes"].as_u64().unwrap()).sum();
    let rows = load["rows_without_javascript"].as_u64().unwrap();
    let (cockpit, source) = cockpit_bytes();
    let ratio = bytes as f64 / cockpit as f64;
    let kilobytes = |bytes: u64| format!("{:.0} KB", bytes as f64 / 1e3);
    vec![
        Row {
            measure: format!("containers page, {ROWS_WEIGHED} rows: bytes of a cold load"),
            bar: "≤ 1.0×, 0.5× is the goal".into(),
            portal: format!("{} in {} files", kilobytes(bytes), files.len()),
            peer: format!("cockpit-podman {} ({source})", kilobytes(cockpit)),
            ratio: Some(ratio),
            met: Some(ratio <= 1.0),
        },
        Row {
            measure: format!("containers page, {ROWS_WEIGHED} rows: visible with JavaScript off"),
            bar: format!("{ROWS_WEIGHED}"),
            portal: format!("{rows}"),
            peer: String::new(),
            ratio: None,
            met: Some(rows == ROWS_WEIGHED as u64),
        },
    ]
}

/// What a browser loads of cockpit-podman's own files, compressed as its package has them.
fn cockpit_bytes() -> (u64, &'static str) {
    let folder = given("GANTRY_BENCH_COCKPIT");
    let size = |name: &str| fs::metadata(Path::new(&folder).join(name)).map(|file| file.len());
    match (size("index.js.gz"), size("index.css.gz")) {
        (Ok(script), Ok(style)) => (script + style, "its JS and CSS, measured"),
        _ => (COCKPIT_STATED_BYTES, "as stated for version 67; its package could not be had"),
    }
}

/// Requests a second of a large page, against nginx giving out the same bytes.
pub async fn rendering() -> Vec<Row> {
    let engine = FakeEngine::start().await;
    containers(&engine, ROWS_RENDERED);
    let portal = Portal::with_containers(&engine.host(), ROWS_RENDERED as u64).await;
    let page = portal.text(&path(ROWS_RENDERED)).await;
    let rows = page.matches("<tr").count();
    assert!(rows > ROWS_RENDERED, "the page has {rows} rows");
    let nginx = Nginx::start(&page).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let url = format!("http://{}{}", portal.address, path(ROWS_RENDERED));
        ours.push(requests_per_second(&url, Some(&portal.cookie)).await);
        theirs.push(requests_per_second(&nginx.url, None).await);
    }
    let refused: u64 = ours.iter().map(|&(_, refused)| refused).sum();
    let ours = median(ours.into_iter().map(|(answers, _)| answers).collect());
    let theirs = median(theirs.into_iter().map(|(answers, _)| answers).collect());
    vec![Row {
        measure: format!(
            "{ROWS_RENDERED}-row containers page ({:.1} MB) rendered on the server",
            page.len() as f64 / 1e6
        ),
        bar: "≥ 0.1 of nginx".into(),
        portal: format!("{ours:.1} requests/s, {refused} refused"),
        peer: format!("nginx, same bytes: {theirs:.0} requests/s"),
        ratio: Some(ours / theirs),
        met: Some(ours / theirs >= 0.1),
    }]
}

/// The good answers in a second, and how many answers were not good.
async fn requests_per_second(url: &str, cookie: Option<&str>) -> (f64, u64) {
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c25", "--timeout", "30s", "-d"]).arg(format!("{ROUND_SECS}s"));
    if let Some(cookie) = cookie {
        wrk.arg("-H").arg(format!("Cookie: {cookie}"));
    }
    let output = wrk.arg(url).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Socket errors"), "{text}");
    let number = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)?.trim().parse::<f64>().ok());
    let all = number("Requests/sec:").unwrap_or_else(|| panic!("wrk said: {text}"));
    let refused = number("Non-2xx or 3xx responses:").unwrap_or_default();
    (all - refused / f64::from(ROUND_SECS), refused as u64)
}

/// nginx with one file. Dropping it ends it, workers and all.
struct Nginx {
    url: String,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let id = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(id) = id {
            let _ = kill_process(id, Signal::TERM);
        }
    }
}

impl Nginx {
    async fn start(page: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        // Its workers are somebody else where it is started by root.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("page.html"), page).unwrap();
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let place = folder.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary: Vec<_> = temporary.iter().map(|kind| format!("{kind}_temp_path {place}/{kind};")).collect();
        let settings = format!(
            "daemon off; pid {place}/pid; error_log {place}/error.log; worker_processes auto; events {{}}
             http {{ {} default_type text/html; access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
             server {{ listen {address}; root {place}; }} }}",
            temporary.join(" ")
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, settings).unwrap();
        let log = folder.path().join("error.log");
        let child = Command::new("nginx").arg("-e").arg(log).arg("-c").arg(&file).spawn().unwrap();
        let url = format!("http://{address}/page.html");
        eventually("nginx gives out the page", async || {
            reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        Self { url, child, _folder: folder }
    }
}
