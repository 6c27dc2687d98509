//! Exec instances and attaching: processes whose bytes go over an upgraded connection.

use std::io;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use futures::stream;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc, oneshot};

use super::container::{Phase, strings};
use super::journal::Request;
use super::log_routes::Follower;
use super::log_store::{Rendering, Stream, frame};
use super::shell::{Output, Process, Program, is_missing};
use super::state::{Shared, State};
use super::stream_count::{StreamGuard, StreamKind};
use super::wire::{Answer, Body, EngineError, empty, fail, full, ok, respond_stream};

/// A process in a container beside its first one.
#[derive(Debug)]
pub struct Exec {
    pub id: String,
    pub container: String,
    pub config: Value,
    pub running: bool,
    pub exit_code: Option<i64>,
    pub pid: u32,
    /// The process id as the container sees it.
    pub inner_pid: u32,
    /// Rows and columns.
    pub size: (u16, u16),
    kill: Option<oneshot::Sender<i64>>,
    /// A terminal's input stays open when its client goes, as the real engine leaves it.
    held_stdin: Option<mpsc::Sender<Bytes>>,
}

impl Exec {
    pub fn argv(&self) -> Vec<String> {
        strings(&self.config["Cmd"])
    }

    fn tty(&self) -> bool {
        self.config["Tty"] == true
    }
}

fn missing(id: &str) -> EngineError {
    EngineError::new(404, format!("No such exec instance: {id}"))
}

fn not_running(shared: &Shared, id: &str) -> EngineError {
    let word = if shared.is_28() { "container" } else { "Container" };
    EngineError::new(409, format!("{word} {id} is not running"))
}

/// `POST /containers/{id}/exec`.
pub fn create(shared: &Arc<Shared>, reference: &str, body: &Value) -> Answer {
    let argv = strings(&body["Cmd"]);
    if argv.is_empty() {
        return fail(400, "No exec command specified");
    }
    let mut state = shared.lock();
    let container = state.container(reference)?;
    let id = container.id.clone();
    match container.phase {
        Phase::Running => {}
        Phase::Paused => {
            return fail(409, format!("Container {id} is paused, unpause the container before exec"));
        }
        Phase::Restarting => {
            return fail(409, format!("Container {id} is restarting, wait until the container is running"));
        }
        _ => return Err(not_running(shared, &id)),
    }
    let exec = state.new_id();
    let inner_pid = 6 + u32::try_from(state.execs.len()).unwrap_or(0) + 1;
    state.execs.insert(
        exec.clone(),
        Exec {
            id: exec.clone(),
            container: id.clone(),
            config: body.clone(),
            running: false,
            exit_code: None,
            pid: 0,
            inner_pid,
            size: (24, 80),
            kill: None,
            held_stdin: None,
        },
    );
    if let Some(container) = state.containers.get_mut(&id) {
        container.execs.push(exec.clone());
    }
    let action = format!("exec_create: {}", argv.join(" "));
    shared.emit_container(&mut state, &id, &action, &[("execID", &exec)]);
    ok(201, &json!({ "Id": exec }))
}

/// `GET /exec/{id}/json`.
pub fn inspect(shared: &Shared, id: &str) -> Answer {
    let state = shared.lock();
    let exec = state.execs.get(id).ok_or_else(|| missing(id))?;
    let argv = exec.argv();
    ok(
        200,
        &json!({
            "ID": exec.id, "Running": exec.running, "ExitCode": exec.exit_code,
            "ProcessConfig": {
                "tty": exec.tty(), "entrypoint": argv[0], "arguments": argv[1..],
                "privileged": exec.config["Privileged"] == true,
            },
            "OpenStdin": exec.config["AttachStdin"] == true,
            "OpenStderr": exec.config["AttachStderr"] == true,
            "OpenStdout": exec.config["AttachStdout"] == true,
            "CanRemove": false, "ContainerID": exec.container, "DetachKeys": "", "Pid": exec.pid,
        }),
    )
}

/// `POST /exec/{id}/resize` and `POST /containers/{id}/resize` read their size alike.
pub fn size_of(request: &Request) -> Result<(u16, u16), EngineError> {
    let number = |name: &str| {
        let text = request.query(name).unwrap_or_default();
        let word = format!("strconv.Atoi: parsing \"{text}\": invalid syntax");
        text.parse::<u16>().map_err(|_| EngineError::new(400, word))
    };
    Ok((number("h")?, number("w")?))
}

/// `POST /exec/{id}/resize`.
pub fn resize(shared: &Shared, request: &Request, id: &str) -> Answer {
    let size = size_of(request)?;
    let mut state = shared.lock();
    let exec = state.execs.get_mut(id).ok_or_else(|| missing(id))?;
    if !exec.running {
        return fail(500, "timeout waiting for exec session ready");
    }
    exec.size = size;
    shared.beat();
    Ok(empty(200))
}

/// `POST /exec/{id}/start`.
pub fn start(shared: &Arc<Shared>, id: &str, body: &Value, upgrade: Option<OnUpgrade>) -> Answer {
    let mut state = shared.lock();
    let exec = state.execs.get(id).ok_or_else(|| missing(id))?;
    let (argv, tty, stdin_wanted) = (exec.argv(), exec.tty(), exec.config["AttachStdin"] == true);
    let container = exec.container.clone();
    let detach = body["Detach"] == true;
    if !state.containers.get(&container).is_some_and(|c| c.phase == Phase::Running) {
        return Err(not_running(shared, &container));
    }
    let framed = body["Tty"] != true;
    if exec.running || exec.exit_code.is_some() {
        let text = format!("Error: Exec command {id} has already run\n");
        return if detach {
            fail(409, text.trim().trim_start_matches("Error: "))
        } else {
            Ok(answer_text(shared, upgrade, text))
        };
    }
    let action = format!("exec_start: {}", argv.join(" "));
    shared.emit_container(&mut state, &container, &action, &[("execID", id)]);
    if is_missing(&argv[0]) {
        if let Some(exec) = state.execs.get_mut(id) {
            exec.exit_code = Some(126);
        }
        let text = format!(
            "OCI runtime exec failed: exec failed: unable to start container process: exec: \"{}\": executable file not found in $PATH: unknown\r\n",
            argv[0]
        );
        let bytes = if framed { frame(Stream::Stdout, text.as_bytes()) } else { text.into() };
        return Ok(answer_text(shared, upgrade, bytes));
    }

    let (stdin, input) = mpsc::channel(64);
    let (out, output) = mpsc::channel(16);
    let (kill, killed) = oneshot::channel();
    let interrupt = Arc::new(Notify::new());
    let pid = state.new_pid();
    let Some(exec) = state.execs.get_mut(id) else {
        return Err(missing(id));
    };
    exec.running = true;
    exec.pid = pid;
    exec.kill = Some(kill);
    if tty {
        exec.held_stdin = Some(stdin.clone());
    }
    let mut process = Process::new(shared, &container, input, Output::Pipe(out.clone()), tty);
    process.inner_pid = exec.inner_pid;
    process.exec = Some(id.to_owned());
    process.interrupt = Arc::clone(&interrupt);
    drop(state);
    let program = Program::of(&argv, stdin_wanted);
    let (work, exec_id) = (Arc::clone(shared), id.to_owned());
    shared.spawn(async move {
        let code = tokio::select! {
            code = process.run(program) => code,
            code = killed => code.unwrap_or(137),
        };
        work.end_exec(&exec_id, code);
    });
    if detach {
        return Ok(empty(200));
    }
    // Weak, or the output would never end.
    let echo = tty.then(|| Echo::Pipe(out.downgrade()));
    let keyboard = Keyboard {
        stdin: if stdin_wanted { Stdin::Exec(stdin) } else { Stdin::None },
        interrupt,
        echo,
        line: BytesMut::new(),
    };
    let source = Source::Exec { output, framed };
    let guard = shared.enter(StreamKind::Exec);
    Ok(connect(shared, upgrade, keyboard, source, guard))
}

impl Shared {
    /// Ends an exec's process.
    pub fn kill_exec(&self, state: &mut State, id: &str, code: i64) {
        if let Some(kill) = state.execs.get_mut(id).and_then(|exec| exec.kill.take()) {
            let _ = kill.send(code);
        }
    }

    fn end_exec(&self, id: &str, code: i64) {
        let mut state = self.lock();
        let Some(exec) = state.execs.get_mut(id) else {
            return;
        };
        exec.running = false;
        exec.exit_code = Some(code);
        exec.kill = None;
        exec.held_stdin = None;
        let container = exec.container.clone();
        let code = code.to_string();
        let extra = [("execID", id), ("exitCode", code.as_str())];
        self.emit_container(&mut state, &container, "exec_die", &extra);
    }
}

/// `POST /containers/{id}/attach`.
pub fn attach(shared: &Arc<Shared>, request: &Request, reference: &str, upgrade: Option<OnUpgrade>) -> Answer {
    let mut state = shared.lock();
    let container = state.container(reference)?;
    let id = container.id.clone();
    if container.phase == Phase::Paused {
        return fail(409, format!("container {id} is paused, unpause the container before attach"));
    }
    let tty = container.tty();
    let stream = request.flag("stream");
    let end = container.log.end();
    let next = if request.flag("logs") { container.log.first() } else { end };
    let waiting = matches!(container.phase, Phase::Created);
    let follower = Follower {
        shared: Arc::clone(shared),
        id: id.clone(),
        next,
        end: (!stream).then_some(end),
        run: container.run + u64::from(waiting),
        how: Rendering {
            stdout: request.flag("stdout"),
            stderr: request.flag("stderr"),
            timestamps: false,
            framed: !tty,
            since: i64::MIN,
            until: i64::MAX,
        },
        guard: None,
    };
    let keyboard = Keyboard {
        stdin: if request.flag("stdin") && container.config["OpenStdin"] == true {
            Stdin::Container(Arc::clone(shared), id.clone())
        } else {
            Stdin::None
        },
        interrupt: Arc::default(),
        echo: tty.then(|| Echo::Log(Arc::clone(shared), id.clone())),
        line: BytesMut::new(),
    };
    shared.emit_container(&mut state, &id, "attach", &[]);
    drop(state);
    let guard = shared.enter(StreamKind::Attach);
    Ok(connect(shared, upgrade, keyboard, Source::Log(follower), guard))
}

/// Where the bytes for the client come from.
enum Source {
    Exec { output: mpsc::Receiver<(Stream, Bytes)>, framed: bool },
    Log(Follower),
}

impl Source {
    async fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::Exec { output, framed } => {
                let (stream, data) = output.recv().await?;
                Some(if *framed { frame(stream, &data) } else { data })
            }
            Self::Log(follower) => follower.read().await,
        }
    }
}

enum Echo {
    Pipe(mpsc::WeakSender<(Stream, Bytes)>),
    Log(Arc<Shared>, String),
}

/// The process that gets the input.
enum Stdin {
    None,
    Exec(mpsc::Sender<Bytes>),
    /// The first process of a container, which may not have started yet.
    Container(Arc<Shared>, String),
}

impl Stdin {
    async fn sender(&self) -> Option<mpsc::Sender<Bytes>> {
        match self {
            Self::None => None,
            Self::Exec(stdin) => Some(stdin.clone()),
            Self::Container(shared, id) => {
                shared
                    .until(|state| match state.containers.get(id) {
                        Some(c) if c.phase == Phase::Created => None,
                        Some(c) => Some(c.stdin.clone()),
                        None => Some(None),
                    })
                    .await
            }
        }
    }

    /// The end of the input.
    fn close(&mut self) {
        if let Self::Container(shared, id) = self
            && let Some(container) = shared.lock().containers.get_mut(id)
            && container.config["StdinOnce"] == true
        {
            container.stdin = None;
        }
        *self = Self::None;
    }
}

/// The client's input; with a terminal it is edited in lines and echoed.
struct Keyboard {
    stdin: Stdin,
    interrupt: Arc<Notify>,
    echo: Option<Echo>,
    line: BytesMut,
}

impl Keyboard {
    async fn type_in(&mut self, bytes: &[u8]) {
        let Some(stdin) = self.stdin.sender().await else {
            return;
        };
        if self.echo.is_none() {
            let _ = stdin.send(Bytes::copy_from_slice(bytes)).await;
            return;
        }
        let mut echo = BytesMut::new();
        for byte in bytes {
            match byte {
                b'\r' | b'\n' => {
                    echo.put_slice(b"\r\n");
                    self.line.put_u8(b'\n');
                    self.show(&mut echo).await;
                    let _ = stdin.send(self.line.split().freeze()).await;
                }
                // Ctrl-D: what is typed so far; nothing typed is the end of input.
                4 => {
                    let _ = stdin.send(self.line.split().freeze()).await;
                }
                3 => {
                    echo.put_slice(b"^C\r\n");
                    self.line.clear();
                    self.interrupt.notify_waiters();
                }
                8 | 127 => {
                    if !self.line.is_empty() {
                        self.line.truncate(self.line.len() - 1);
                        echo.put_slice(b"\x08 \x08");
                    }
                }
                _ => {
                    self.line.put_u8(*byte);
                    echo.put_u8(*byte);
                }
            }
        }
        self.show(&mut echo).await;
    }

    async fn show(&self, text: &mut BytesMut) {
        let text = text.split().freeze();
        match &self.echo {
            Some(Echo::Pipe(pipe)) if !text.is_empty() => {
                if let Some(pipe) = pipe.upgrade() {
                    let _ = pipe.send((Stream::Stdout, text)).await;
                }
            }
            Some(Echo::Log(shared, id)) if !text.is_empty() => {
                shared.print_text(&mut shared.lock(), id, Stream::Stdout, &text);
            }
            _ => {}
        }
    }
}

const RAW: &str = "application/vnd.docker.raw-stream";

fn connect(
    shared: &Arc<Shared>,
    upgrade: Option<OnUpgrade>,
    keyboard: Keyboard,
    source: Source,
    guard: StreamGuard,
) -> Response<Body> {
    let Some(upgrade) = upgrade else {
        // Without an upgrade there is output only; the keyboard is held so that input does not end.
        let start = (source, guard, keyboard);
        return respond_stream(
            RAW,
            stream::unfold(start, |(mut source, guard, keyboard)| async move {
                let bytes = source.next().await?;
                Some((Ok::<_, io::Error>(bytes), (source, guard, keyboard)))
            }),
        );
    };
    let mut down = shared.down.subscribe();
    shared.spawn(async move {
        let _guard = guard;
        if let Ok(connection) = upgrade.await {
            let (reader, writer) = tokio::io::split(TokioIo::new(connection));
            tokio::select! {
                () = session(reader, writer, keyboard, source) => {}
                _ = down.changed() => {}
            }
        }
    });
    switching()
}

fn switching() -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(RAW));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("tcp"));
    response
}

type Reader = tokio::io::ReadHalf<TokioIo<hyper::upgrade::Upgraded>>;
type Writer = tokio::io::WriteHalf<TokioIo<hyper::upgrade::Upgraded>>;

/// Carries bytes both ways until the process ends or the client breaks off.
async fn session(mut reader: Reader, mut writer: Writer, mut keyboard: Keyboard, mut source: Source) {
    let terminal = keyboard.echo.is_some();
    let input = async move {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match reader.read(&mut buffer).await {
                Ok(0) => {
                    // Plain input may be half closed: the output goes on. Else the client is gone.
                    if terminal || matches!(keyboard.stdin, Stdin::None) {
                        return;
                    }
                    keyboard.stdin.close();
                    std::future::pending::<()>().await;
                }
                Ok(count) => keyboard.type_in(&buffer[..count]).await,
                Err(_) => return,
            }
        }
    };
    let output = async {
        while let Some(bytes) = source.next().await {
            if writer.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = writer.shutdown().await;
    };
    tokio::select! {
        () = input => {}
        () = output => {}
    }
}

fn answer_text(shared: &Arc<Shared>, upgrade: Option<OnUpgrade>, text: impl Into<Bytes>) -> Response<Body> {
    let (sender, output) = mpsc::channel(1);
    let _ = sender.try_send((Stream::Stdout, text.into()));
    drop(sender);
    let keyboard = Keyboard { stdin: Stdin::None, interrupt: Arc::default(), echo: None, line: BytesMut::new() };
    let source = Source::Exec { output, framed: false };
    let guard = shared.enter(StreamKind::Exec);
    connect(shared, upgrade, keyboard, source, guard)
}
