//! Terminals: what is typed and printed, and that nothing runs on when nobody is there.

use std::collections::BTreeSet;
use std::time::Duration;

use api::permission::ProjectRole;
use api::terminal::{Input, Output, WINDOW_BYTES};
use sea_orm::{EntityTrait as _, QueryOrder as _};

use crate::fake_engine::{Behaviour, ContainerSpec, FakeEngine, Stream, StreamKind, Target};
use crate::logs::{World, app_container};
use crate::support::{Client, Running, Socket, eventually};

const EXEC: &str = "/api/v1/clusters/local/containers/web/exec";

struct Terminals {
    engine: FakeEngine,
    admin: Client,
    state: server::services::State,
    running: Running,
}

impl Terminals {
    async fn new() -> Self {
        let engine = FakeEngine::start().await;
        engine.add_container(&ContainerSpec::new("web", "busybox:local"));
        Self::with(engine).await
    }

    async fn with(engine: FakeEngine) -> Self {
        let world = World::with(engine).await;
        let admin = world.portal.admin().await;
        let state = world.portal.state.clone();
        Self { engine: world.engine, admin, state, running: world.portal.serve() }
    }

    async fn open(&self, path: &str) -> Socket {
        Socket::open(self.running.address, &self.admin, path).await.unwrap()
    }

    /// The audit entries of terminals: action, result, detail.
    async fn audited(&self) -> Vec<(String, String, String)> {
        let entries = server::db::audit::Entity::find().order_by_asc(server::db::audit::Column::Id);
        let entries = entries.all(self.state.db.read()).await.unwrap();
        let of_terminals = entries.into_iter().filter(|entry| entry.action.starts_with("terminal."));
        of_terminals.map(|entry| (entry.action, entry.result, entry.detail)).collect()
    }

    async fn all_closed(&self) {
        eventually("no terminal is open", async || self.state.terminals.open() == 0).await;
        assert_eq!(self.engine.running_execs(), 0, "a program was left behind");
    }
}

/// Reads output until it contains `wanted`, or the end with its exit code.
async fn read_until(socket: &mut Socket, wanted: &str) -> (String, Option<i32>) {
    let mut printed = String::new();
    while let Some(message) = socket.next().await {
        match Output::decode(&message) {
            Some(Output::Data(bytes)) => {
                printed.push_str(&String::from_utf8_lossy(bytes));
                socket.send(Input::Acknowledge(u32::try_from(bytes.len()).unwrap()).encode()).await;
            }
            Some(Output::Ended(code)) => return (printed, Some(code)),
            Some(Output::Notice(message)) => panic!("{}", message.text(api::Language::English)),
            None => panic!("{message:?}"),
        }
        if !wanted.is_empty() && printed.contains(wanted) {
            break;
        }
    }
    (printed, None)
}

#[tokio::test]
async fn what_is_typed_is_done_in_its_order_and_the_exit_code_is_told() {
    let terminals = Terminals::new().await;
    let mut socket = terminals.open(&format!("{EXEC}?columns=100&rows=40")).await;
    for number in 0..50 {
        // Quoted, so that what the terminal echoes is not what the program prints.
        socket.send(Input::Data(format!("echo 'line'-{number}-\n").as_bytes()).encode()).await;
    }
    socket.send(Input::Data(b"exit 7\n").encode()).await;
    let (printed, code) = read_until(&mut socket, "").await;
    assert_eq!(code, Some(7), "{printed}");
    let mut rest = printed.as_str();
    for number in 0..50 {
        let line = format!("line-{number}-");
        rest = rest.split_once(&line).unwrap_or_else(|| panic!("{line:?} is not in its place: {printed}")).1;
    }
    assert_eq!(socket.closed().await, Some(1000));
    terminals.all_closed().await;
    let audited = terminals.audited().await;
    assert_eq!(audited.iter().map(|entry| entry.0.as_str()).collect::<Vec<_>>(), ["terminal.open", "terminal.close"]);
    assert!(audited[1].2.contains("input_bytes=") && audited[1].2.contains("seconds="), "{}", audited[1].2);
    terminals.running.stop().await;
}

#[tokio::test]
async fn a_new_size_reaches_the_program() {
    let terminals = Terminals::new().await;
    let mut socket = terminals.open(&format!("{EXEC}?columns=91&rows=33")).await;
    socket.send(Input::Data(b"stty size\n").encode()).await;
    read_until(&mut socket, "33 91").await;
    socket.send(Input::Resize { columns: 120, rows: 50 }.encode()).await;
    terminals.engine.wait_for("the resize", |journal| journal.text().contains("w=120")).await;
    socket.send(Input::Data(b"stty size\n").encode()).await;
    read_until(&mut socket, "50 120").await;
    drop(socket);
    terminals.all_closed().await;
    terminals.running.stop().await;
}

#[tokio::test]
async fn when_the_browser_goes_the_program_ends_and_that_is_recorded() {
    let terminals = Terminals::new().await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut socket = terminals.open(EXEC).await;
        socket.send(Input::Data(b"echo ready\n").encode()).await;
        read_until(&mut socket, "ready").await;
        sockets.push(socket);
    }
    assert_eq!(terminals.engine.running_execs(), 3);
    drop(sockets);
    terminals.all_closed().await;
    let audited = terminals.audited().await;
    assert_eq!(audited.iter().filter(|entry| entry.0 == "terminal.close" && entry.1 == "done").count(), 3);
    terminals.running.stop().await;
}

#[tokio::test]
async fn a_flood_waits_for_the_browser_and_not_in_memory() {
    let terminals = Terminals::new().await;
    let mut socket = terminals.open(EXEC).await;
    let length = 8 * 1024 * 1024;
    socket.send(Input::Data(format!("flood {length}\n").as_bytes()).encode()).await;
    let mut received = 0;
    let mut unread = 0;
    while let Some(message) = socket.next_within(Duration::from_millis(1_500)).await {
        unread += message.len() - 1;
    }
    assert!(unread <= WINDOW_BYTES + 64 * 1024, "{unread} bytes came without any acknowledgement");
    received += unread;
    socket.send(Input::Acknowledge(u32::try_from(unread).unwrap()).encode()).await;
    while received < length {
        let message = socket.next().await.unwrap();
        let Some(Output::Data(bytes)) = Output::decode(&message) else { panic!() };
        received += bytes.len();
        socket.send(Input::Acknowledge(u32::try_from(bytes.len()).unwrap()).encode()).await;
    }
    drop(socket);
    terminals.all_closed().await;
    terminals.running.stop().await;
}

#[tokio::test]
async fn an_account_has_so_many_terminals_and_a_stopping_server_ends_them_all() {
    let terminals = Terminals::new().await;
    let mut sockets = Vec::new();
    for _ in 0..server::services::terminal::MAX_OPEN {
        sockets.push(terminals.open(EXEC).await);
    }
    assert_eq!(Socket::open(terminals.running.address, &terminals.admin, EXEC).await.err(), Some(429));
    terminals.engine.wait_streams(StreamKind::Exec, server::services::terminal::MAX_OPEN).await;
    let closing = futures::future::join_all(sockets.into_iter().map(Socket::closed));
    let (codes, ()) = tokio::join!(closing, terminals.running.stop());
    assert!(codes.iter().all(|code| *code == Some(1012)), "{codes:?}");
    assert_eq!(terminals.engine.running_execs(), 0);
}

#[tokio::test]
async fn the_shells_of_a_container_are_found_without_running_anything() {
    let engine = FakeEngine::start().await;
    let shells = |names: &[&str]| Behaviour {
        shells: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..Behaviour::default()
    };
    engine.behave(Target::Name("web".into()), shells(&["bash", "sh"]));
    engine.behave(Target::Name("bare".into()), shells(&[]));
    engine.add_container(&ContainerSpec::new("web", "busybox:local"));
    engine.add_container(&ContainerSpec::new("bare", "busybox:local"));
    engine.add_container(&ContainerSpec::new("stopped", "busybox:local").stopped());
    let terminals = Terminals::with(engine).await;
    let path = |name: &str, what: &str| format!("/api/v1/clusters/local/containers/{name}/{what}");
    let found = terminals.admin.get(&path("web", "shells")).await.expect(200).json();
    assert_eq!(found, serde_json::json!(["/bin/bash", "/bin/sh"]));
    assert_eq!(terminals.admin.get(&path("bare", "shells")).await.expect(200).json(), serde_json::json!([]));
    assert_eq!(terminals.engine.requests().count("POST", "/containers/*/exec"), 0);
    let refused = async |path: String| Socket::open(terminals.running.address, &terminals.admin, &path).await.err();
    assert_eq!(refused(path("bare", "exec")).await, Some(409));
    assert_eq!(refused(path("stopped", "exec")).await, Some(409));
    assert_eq!(refused(path("missing", "exec")).await, Some(404));
    assert_eq!(refused(path("web", "exec?columns=0")).await, Some(400));
    assert_eq!(refused(path("web", "exec?user=a%20b")).await, Some(400));
    assert_eq!(refused(path("web", "exec?privileged=true")).await, Some(400));
    terminals.admin.get(&path("web", "exec")).await.expect(426);
    terminals.running.stop().await;
}

#[tokio::test]
async fn only_developers_of_the_project_open_terminals_and_only_while_they_are() {
    let engine = FakeEngine::start().await;
    engine.add_container(&app_container("shop-web-1", "shop-team", "shop", "web"));
    engine.add_container(&ContainerSpec::new("web", "busybox:local"));
    let world = World::with(engine).await;
    let guest = world.portal.member("gus", "shop-team", ProjectRole::Guest).await;
    let foreign = world.portal.member("bea", "bank", ProjectRole::Admin).await;
    let developer = world.portal.member("dev", "shop-team", ProjectRole::Developer).await;
    let state = world.portal.state.clone();
    let running = world.portal.serve();
    let ours = "/api/v1/clusters/local/containers/shop-web-1";
    for (who, status) in [(&guest, 403), (&foreign, 404)] {
        for what in ["exec", "attach"] {
            assert_eq!(Socket::open(running.address, who, &format!("{ours}/{what}")).await.err(), Some(status));
        }
    }
    assert_eq!(Socket::open(running.address, &developer, EXEC).await.err(), Some(404));
    assert_eq!(world.engine.requests().count("POST", "/containers/*/exec"), 0);
    let mut socket = Socket::open(running.address, &developer, &format!("{ours}/exec")).await.unwrap();
    socket.send(Input::Data(b"echo ready\n").encode()).await;
    read_until(&mut socket, "ready").await;
    developer.delete("/api/v1/session").await.expect(204);
    assert_eq!(socket.closed().await, Some(1008));
    eventually("no terminal is open", async || state.terminals.open() == 0).await;
    assert_eq!(world.engine.running_execs(), 0);
    running.stop().await;
}

#[tokio::test]
async fn another_user_than_the_containers_own_is_a_right_of_its_own() {
    let engine = FakeEngine::start().await;
    engine.add_container(&app_container("shop-web-1", "shop-team", "shop", "web").with("User", "app"));
    let world = World::with(engine).await;
    let developer = world.portal.member("dev", "shop-team", ProjectRole::Developer).await;
    let lead = world.portal.member("pia", "shop-team", ProjectRole::Admin).await;
    let state = world.portal.state.clone();
    let running = world.portal.serve();
    let path = |user: &str| format!("/api/v1/clusters/local/containers/shop-web-1/exec?user={user}");
    let refused = ["root", "0", "app:root", "1000"];
    for user in refused {
        assert_eq!(Socket::open(running.address, &developer, &path(user)).await.err(), Some(403), "{user}");
    }
    assert_eq!(world.engine.requests().count("POST", "/containers/*/exec"), 0);

    let mut sockets = Vec::new();
    for (who, user) in [(&developer, "app"), (&lead, "root")] {
        let mut socket = Socket::open(running.address, who, &path(user)).await.unwrap();
        socket.send(Input::Data(b"echo ready\n").encode()).await;
        read_until(&mut socket, "ready").await;
        sockets.push(socket);
    }
    assert!(world.engine.requests().count("POST", "/containers/*/exec") >= 2);
    let users: BTreeSet<String> = world.engine.look(|state| {
        let users = state.execs.values().filter_map(|exec| exec.config["User"].as_str());
        users.filter(|user| !user.is_empty()).map(str::to_owned).collect()
    });
    assert_eq!(users.into_iter().collect::<Vec<_>>(), ["app", "root"]);
    let entries = server::db::audit::newest(state.db.read(), 100).await.unwrap();
    let told = entries.iter().filter(|entry| entry.action == "terminal.open" && entry.result == "refused");
    assert_eq!(told.filter(|entry| entry.detail.contains("user=")).count(), refused.len());

    let user = server::db::user::find_by_name(state.db.read(), "pia").await.unwrap().unwrap().user.id;
    let project = server::db::project::find_by_name(state.db.read(), "shop-team").await.unwrap().unwrap().id;
    let role = ProjectRole::Developer;
    let demoted = state.db.write(async |txn| server::db::project::put_membership(txn, user, project, role).await).await;
    demoted.unwrap();
    assert_eq!(sockets.pop().unwrap().closed().await, Some(1008), "who is a developer now is root no longer");
    eventually("one terminal is left", async || state.terminals.open() == 1).await;
    drop(sockets);
    eventually("no terminal is open", async || state.terminals.open() == 0).await;
    assert_eq!(world.engine.running_execs(), 0);
    running.stop().await;
}

#[tokio::test]
async fn the_first_process_is_attached_to_and_left_alone() {
    for tty in [true, false] {
        let engine = FakeEngine::start().await;
        let shell = ContainerSpec::new("web", "busybox:local").with("Cmd", serde_json::json!(["sh"]));
        engine.add_container(&shell.with("Tty", tty).with("OpenStdin", true));
        let terminals = Terminals::with(engine).await;
        let mut socket = terminals.open("/api/v1/clusters/local/containers/web/attach").await;
        socket.send(Input::Data(b"echo from-inside\n").encode()).await;
        read_until(&mut socket, "from-inside").await;
        drop(socket);
        terminals.all_closed().await;
        // An engine notices that its reader has gone when there is something to read.
        terminals.engine.log_line("web", Stream::Stdout, "still here");
        terminals.engine.wait_streams(StreamKind::Attach, 0).await;
        assert_eq!(terminals.engine.phase("web"), Some(crate::fake_engine::Phase::Running));
        terminals.running.stop().await;
    }
}
