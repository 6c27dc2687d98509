//! The `gantry` program as a process.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use api::portal::{PasswordSignIn, PortalSettings};
use sea_orm::EntityTrait as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const DEADLINE: Duration = Duration::from_secs(60);

fn gantry(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
    command.args(arguments).env_clear().kill_on_drop(true).stdin(Stdio::null());
    command
}

async fn output(mut command: Command) -> Output {
    tokio::time::timeout(DEADLINE, command.output()).await.expect("it ends").unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Server {
    fn start(dir: &Path, listen: &str) -> Self {
        let mut command = gantry(&["serve", "--listen", listen, "--data-dir", dir.to_str().unwrap(), "--log", "warn"]);
        command.env("DOCKER_HOST", format!("unix://{}/no-engine.sock", dir.display()));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The link on the console.
    async fn setup_link(&mut self) -> String {
        let find = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if line.contains("/setup?token=") {
                    return line.trim().to_owned();
                }
            }
            panic!("the server ended without a link")
        };
        tokio::time::timeout(DEADLINE, find).await.expect("the link is printed")
    }

    async fn terminate(mut self) -> std::process::ExitStatus {
        let pid = self.child.id().unwrap().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
        tokio::time::timeout(DEADLINE, self.child.wait()).await.expect("it ends").unwrap()
    }
}

async fn is_healthy(listen: &str) -> bool {
    output(gantry(&["healthcheck", "--listen", listen])).await.status.success()
}

/// What asks a portal that is a process of its own.
fn client() -> reqwest::Client {
    // Whichever came first in this process will do.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

#[tokio::test]
async fn it_serves_prints_the_link_until_setup_and_ends_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let listen = format!("127.0.0.1:{}", free_port());
    assert!(!is_healthy(&listen).await);
    let mut server = Server::start(&data, &listen);
    let link = server.setup_link().await;
    assert!(link.starts_with(&format!("http://{listen}/setup?token=")), "{link}");
    super::support::eventually("it is ready", async || is_healthy(&listen).await).await;

    let second = output(gantry(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()])).await;
    assert!(!second.status.success());
    assert!(text(&second.stderr).contains("Another Gantry is running"), "{}", text(&second.stderr));

    let token = link.split_once("token=").unwrap().1;
    let body = serde_json::json!({"token": token, "username": "ada", "password": "correct horse battery"});
    let client = client();
    let made = client.post(format!("http://{listen}/api/v1/setup")).json(&body).send().await.unwrap();
    assert_eq!(made.status(), 201);
    assert!(server.terminate().await.success());

    let again = Server::start(&data, &listen);
    super::support::eventually("it is ready again", async || is_healthy(&listen).await).await;
    let closed = client.post(format!("http://{listen}/api/v1/setup")).json(&body).send().await.unwrap();
    assert_eq!(closed.status(), 404);
    let mut lines = again.lines;
    let mut child = again.child;
    child.kill().await.unwrap();
    while let Some(line) = lines.next_line().await.unwrap() {
        assert!(!line.contains("/setup"), "no link once there is an administrator: {line}");
    }
}

#[tokio::test]
async fn the_settings_are_shown_with_their_origin_and_without_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gantry.toml");
    std::fs::write(&file, "sample_interval_secs = 5\n").unwrap();
    let mut command = gantry(&["config", "--config", file.to_str().unwrap(), "--log", "debug"]);
    command.env("GANTRY_DATABASE_URL", "postgres://gantry:hunter2@db/gantry");
    let shown = text(&output(command).await.stdout);
    let line = |key: &str| shown.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert!(line("sample_interval_secs").ends_with(&format!("file {}", file.display())), "{shown}");
    assert!(line("log ").contains("debug") && line("log ").ends_with("flag --log"), "{shown}");
    assert!(line("listen").ends_with("default"), "{shown}");
    assert!(line("database_url").ends_with("env GANTRY_DATABASE_URL"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn bad_settings_are_refused_with_their_source() {
    let mut command = gantry(&["serve"]);
    command.env("GANTRY_LISTEN", "nowhere");
    let refused = output(command).await;
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("listen (env GANTRY_LISTEN)"), "{}", text(&refused.stderr));
    let mut command = gantry(&["serve"]);
    command.env("GANTRY_LISTN", "127.0.0.1:0");
    let refused = text(&output(command).await.stderr);
    assert!(refused.contains("GANTRY_LISTN") && refused.contains("GANTRY_LISTEN"), "{refused}");
}

#[tokio::test]
async fn while_password_sign_in_is_restricted_a_new_administrator_is_a_break_glass_account() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let admin = async |command: &str, username: &str| {
        let arguments = ["admin", command, username, "--data-dir", data.to_str().unwrap(), "--log", "warn"];
        let mut command = gantry(&arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"correct horse battery\n").await.unwrap();
        let done = tokio::time::timeout(DEADLINE, child.wait_with_output()).await.expect("it ends").unwrap();
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout)
    };
    let told = admin("create-admin", "ada").await;
    assert!(!told.contains("break-glass"), "{told}");
    let told = admin("reset-password", "ada").await;
    assert!(!told.contains("cannot sign in"), "{told}");

    let db = server::db::Db::open(&server::db::Target::Sqlite(data.join("gantry.db"))).await.unwrap();
    let restricted = PortalSettings { password_sign_in: PasswordSignIn::BreakGlass, ..PortalSettings::default() };
    db.write(async |txn| server::db::setting::put_portal(txn, &restricted).await).await.unwrap();
    let told = admin("create-admin", "rescue").await;
    assert!(told.contains("It is a break-glass account"), "{told}");
    let told = admin("reset-password", "rescue").await;
    assert!(!told.contains("cannot sign in"), "{told}");
    let told = admin("reset-password", "ada").await;
    assert!(told.contains("is changed") && told.contains("ada cannot sign in with it"), "{told}");
    for (username, expected) in [("ada", false), ("rescue", true)] {
        let account = server::db::user::find_by_name(db.read(), username).await.unwrap().unwrap();
        assert_eq!(account.user.break_glass, expected, "{username}");
    }
}

#[tokio::test]
async fn a_lost_device_is_no_lost_account() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let disable = async || {
        let data = data.to_str().unwrap();
        output(gantry(&["admin", "disable-mfa", "ada", "--data-dir", data, "--log", "warn"])).await
    };
    let absent = disable().await;
    assert!(!absent.status.success() && text(&absent.stderr).contains("`ada`"), "{}", text(&absent.stderr));
    let db = server::db::Db::open(&server::db::Target::Sqlite(data.join("gantry.db"))).await.unwrap();
    let role = api::permission::SystemRole::Admin;
    let user = db.write(async |txn| server::db::user::insert(txn, "ada", "none".to_owned(), role).await).await.unwrap();
    assert!(!disable().await.status.success(), "there is nothing to switch off");
    let switched_on = db.write(async |txn| {
        server::db::two_factor::put(txn, user.id, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").await?;
        server::db::user::set_two_factor(txn, user.id, Some(server::db::now())).await
    });
    switched_on.await.unwrap();
    let done = disable().await;
    assert!(done.status.success() && text(&done.stdout).contains("ada"), "{}", text(&done.stderr));
    let account = server::db::user::find(db.read(), user.id).await.unwrap().unwrap();
    assert!(!account.user.two_factor);
    assert_eq!(server::db::two_factor::secret(db.read(), user.id).await.unwrap(), None);
    let entries = server::db::audit::Entity::find().all(db.read()).await.unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.username.as_str())).collect();
    assert_eq!(actions, [("two-factor.reset", "console")]);
}

#[tokio::test]
async fn a_locked_out_owner_gets_back_in() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let admin = async |command: &str, password: &str| {
        let mut command = gantry(&["admin", command, "ada", "--data-dir", data.to_str().unwrap(), "--log", "warn"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).await.unwrap();
        tokio::time::timeout(DEADLINE, child.wait_with_output()).await.expect("it ends").unwrap()
    };
    let absent = admin("reset-password", "correct horse battery").await;
    assert!(!absent.status.success() && text(&absent.stderr).contains("`ada`"), "{}", text(&absent.stderr));
    let weak = admin("create-admin", "short").await;
    assert!(!weak.status.success() && text(&weak.stderr).contains("too short"), "{}", text(&weak.stderr));
    assert!(admin("create-admin", "correct horse battery").await.status.success());
    assert!(!admin("create-admin", "correct horse battery").await.status.success(), "the name is taken");
    assert!(admin("reset-password", "a quite different sentence").await.status.success());
    let db = server::db::Db::open(&server::db::Target::Sqlite(data.join("gantry.db"))).await.unwrap();
    let entries = server::db::audit::Entity::find().all(db.read()).await.unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.username.as_str())).collect();
    assert_eq!(actions, [("user.create", "console"), ("password.reset", "console")]);

    let listen = format!("127.0.0.1:{}", free_port());
    let server = Server::start(&data, &listen);
    super::support::eventually("it is ready", async || is_healthy(&listen).await).await;
    let client = client();
    let sign_in = async |password: &str| {
        let body = serde_json::json!({"username": "ada", "password": password});
        client.post(format!("http://{listen}/api/v1/session")).json(&body).send().await.unwrap().status()
    };
    assert_eq!(sign_in("correct horse battery").await, 401);
    assert_eq!(sign_in("a quite different sentence").await, 204);
    assert!(server.terminate().await.success());
}
