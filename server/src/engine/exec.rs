//! Programs run in containers, and the containers' own first process: byte streams both ways.

use std::pin::Pin;
use std::time::Duration;

use api::client::Query;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http::Method;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadHalf};
use tokio_util::io::ReaderStream;
use ulid::Ulid;

use super::client::segment;
use super::cluster::Cluster;
use super::error::Error;
use super::{process, wire};

/// The bytes read at once.
const CHUNK: usize = 64 * 1024;
/// How long a process may take to end after a signal.
const SIGNAL_GRACE: Duration = Duration::from_secs(1);
/// The most output of a short command.
const RUN_OUTPUT_CAP: usize = 1024 * 1024;

/// The engine takes this key sequence for "leave the terminal". Its default begins with Ctrl-P, which every shell needs;
/// nobody types this one.
const DETACH_KEYS: &str = "ctrl-^,ctrl-_,ctrl-^,ctrl-_";

/// Sends a signal to the processes whose environment has a marker, with nothing but a shell's own commands; prints `+`
/// for each.
const SIGNAL_SCRIPT: &str = r#"for d in /proc/[0-9]*; do
while IFS= read -r l || [ -n "$l" ]; do
case $l in *"GANTRY_EXEC=$1"*) kill -"$2" "${d#/proc/}" && printf +; break;; esac; l=
done < "$d/environ"; done 2>/dev/null; exit 0"#;

/// What to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecSpec {
    /// The command's words.
    pub command: Vec<String>,
    /// Who runs it: a name, an id, or `user:group`; the container's own where absent.
    pub user: Option<String>,
    /// Further environment variables, `NAME=value`.
    pub env: Vec<String>,
    /// Where it runs; the container's own place where absent.
    pub working_dir: Option<String>,
    /// With a terminal.
    pub tty: bool,
    /// The terminal's columns; 0 leaves them.
    pub columns: u16,
    /// The terminal's rows; 0 leaves them.
    pub rows: u16,
}

/// What a process prints, as it comes; it ends with the process.
pub type ExecOutput = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;
/// What a process reads.
pub type ExecInput = Pin<Box<dyn AsyncWrite + Send>>;

/// A process under way.
pub struct ExecSession {
    /// What it prints, standard output and error together.
    pub output: ExecOutput,
    /// What it reads.
    pub input: ExecInput,
    /// Its size, its end, and how to end it.
    pub control: ExecControl,
}

/// The handle of a process under way. Clones are the same process.
#[derive(Clone)]
pub struct ExecControl {
    cluster: Cluster,
    target: Target,
}

#[derive(Clone)]
enum Target {
    Exec { container: String, exec: String, marker: String },
    FirstProcess { container: String },
}

/// What came of a short command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOutput {
    /// The code it ended with.
    pub exit_code: i64,
    /// What it printed on standard output.
    pub stdout: Vec<u8>,
    /// What it printed on standard error.
    pub stderr: Vec<u8>,
}

impl Cluster {
    /// Runs a program in a running container.
    pub async fn exec(&self, container: &str, spec: &ExecSpec) -> Result<ExecSession, Error> {
        let marker = Ulid::generate().to_string();
        let (exec, upgraded) = self.start_exec(container, spec, &marker, true).await?;
        let control = ExecControl {
            cluster: self.clone(),
            target: Target::Exec { container: container.to_owned(), exec, marker },
        };
        if spec.tty && spec.columns > 0 && spec.rows > 0 {
            // Too early is an error on some engines; the browser sends its size again anyway.
            let _ = control.resize(spec.columns, spec.rows).await;
        }
        Ok(session(upgraded, spec.tty, control))
    }

    /// Runs a short command and waits for its end; output beyond 1 MiB is cut off.
    pub async fn run(&self, container: &str, command: &[&str]) -> Result<RunOutput, Error> {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        self.run_as(container, ExecSpec { command, ..ExecSpec::default() }).await
    }

    async fn run_as(&self, container: &str, spec: ExecSpec) -> Result<RunOutput, Error> {
        let deadline = self.shared.settings.periods.call;
        let run = async {
            let (exec, upgraded) = self.start_exec(container, &spec, "", false).await?;
            let mut io = TokioIo::new(upgraded);
            let mut result = RunOutput::default();
            while let Some((stderr, bytes)) = read_frame(&mut io).await? {
                let output = if stderr { &mut result.stderr } else { &mut result.stdout };
                output.extend_from_slice(&bytes[..bytes.len().min(RUN_OUTPUT_CAP - output.len())]);
            }
            result.exit_code = self.inspect_exec(&exec).await?.exit_code.unwrap_or(-1);
            Ok(result)
        };
        tokio::time::timeout(deadline, run)
            .await
            .unwrap_or(Err(Error::Timeout { call: "exec", after_secs: deadline.as_secs() }))
    }

    /// Connects to a container's first process. What it printed before is in its log.
    pub async fn attach(&self, container: &str) -> Result<ExecSession, Error> {
        let path = format!("/containers/{}/attach", segment(container)?);
        let inspect = self.inspect_container_raw(container).await?;
        let tty = inspect["Config"]["Tty"].as_bool().unwrap_or(false);
        let query = Query::new().with("stream", true).with("stdin", true).with("stdout", true).with("stderr", true);
        let query = query.with("detachKeys", DETACH_KEYS);
        let upgraded =
            self.call("attach", async |client| client.hijack(&path, &query, &serde_json::json!({})).await).await?;
        let target = Target::FirstProcess { container: container.to_owned() };
        Ok(session(upgraded, tty, ExecControl { cluster: self.clone(), target }))
    }

    /// Whether the container has a file; nothing runs in it for that.
    pub async fn has_file(&self, container: &str, file: &str) -> Result<bool, Error> {
        let path = format!("/containers/{}/archive", segment(container)?);
        let query = Query::new().with("path", file);
        match self.call("stat", async |client| client.head(&path, &query).await).await {
            Ok(()) => Ok(true),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn start_exec(
        &self,
        container: &str,
        spec: &ExecSpec,
        marker: &str,
        stdin: bool,
    ) -> Result<(String, Upgraded), Error> {
        let path = format!("/containers/{}/exec", segment(container)?);
        let mut env = spec.env.clone();
        if !marker.is_empty() {
            env.push(format!("GANTRY_EXEC={marker}"));
        }
        let mut body = serde_json::json!({
            "AttachStdin": stdin, "AttachStdout": true, "AttachStderr": true,
            "Tty": spec.tty, "Cmd": spec.command, "Env": env, "DetachKeys": DETACH_KEYS,
        });
        if let Some(user) = &spec.user {
            body["User"] = user.as_str().into();
        }
        if let Some(dir) = &spec.working_dir {
            body["WorkingDir"] = dir.as_str().into();
        }
        self.call("exec", async |client| {
            let answer = client.tell(Method::POST, &path, &Query::new(), &body).await?;
            let exec = serde_json::from_slice::<wire::Created>(&answer)?.id;
            let start = format!("/exec/{}/start", segment(&exec)?);
            let body = serde_json::json!({ "Detach": false, "Tty": spec.tty });
            let upgraded = client.hijack(&start, &Query::new(), &body).await?;
            Ok((exec, upgraded))
        })
        .await
    }

    async fn inspect_exec(&self, exec: &str) -> Result<wire::ExecInspect, Error> {
        let path = format!("/exec/{}/json", segment(exec)?);
        self.call("inspect exec", async |client| client.get(&path, &Query::new()).await).await
    }
}

impl ExecControl {
    /// Gives the terminal another size.
    pub async fn resize(&self, columns: u16, rows: u16) -> Result<(), Error> {
        let path = match &self.target {
            Target::Exec { exec, .. } => format!("/exec/{}/resize", segment(exec)?),
            Target::FirstProcess { container } => format!("/containers/{}/resize", segment(container)?),
        };
        let query = Query::new().with("h", rows).with("w", columns);
        self.cluster
            .call("resize", async |client| {
                client.tell(Method::POST, &path, &query, &serde_json::json!({})).await.map(drop)
            })
            .await
    }

    /// The code the process ended with; `None` while it runs.
    pub async fn exit_code(&self) -> Result<Option<i64>, Error> {
        match &self.target {
            Target::Exec { exec, .. } => {
                let exec = self.cluster.inspect_exec(exec).await?;
                Ok(if exec.running { None } else { Some(exec.exit_code.unwrap_or(-1)) })
            }
            Target::FirstProcess { container } => {
                let state = &self.cluster.inspect_container_raw(container).await?["State"];
                let running = state["Running"].as_bool().unwrap_or(false);
                Ok(if running { None } else { state["ExitCode"].as_i64() })
            }
        }
    }

    /// Ends the process and what it started: a hang-up first, then a request to end, then a kill, a second apart. A
    /// container's first process is left alone. Engines end no exec by themselves, not even when its connection breaks.
    pub async fn kill(&self) -> Result<(), Error> {
        let Target::Exec { exec, marker, .. } = &self.target else { return Ok(()) };
        let Some(state) = self.exec_state().await? else { return Ok(()) };
        let is_here = self.cluster.shared.client()?.is_local() && process::is_marked(state.pid, marker);
        for signal in ["HUP", "TERM", "KILL"] {
            if self.signal(signal, is_here).await? == 0 && !self.is_running(exec).await? {
                return Ok(());
            }
            let until = tokio::time::Instant::now() + SIGNAL_GRACE;
            while tokio::time::Instant::now() < until {
                if !self.is_running(exec).await? {
                    // What it started may take its time, or have been told to stay.
                    if self.signal("0", is_here).await? == 0 {
                        return Ok(());
                    }
                    if !is_here {
                        break;
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Err(Error::Timeout { call: "kill", after_secs: 3 * SIGNAL_GRACE.as_secs() })
    }

    async fn is_running(&self, exec: &str) -> Result<bool, Error> {
        match self.cluster.inspect_exec(exec).await {
            Ok(state) => Ok(state.running),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What the engine knows of the program; `None` where it has forgotten it.
    async fn exec_state(&self) -> Result<Option<wire::ExecInspect>, Error> {
        let Target::Exec { exec, .. } = &self.target else { return Ok(None) };
        match self.cluster.inspect_exec(exec).await {
            Ok(state) => Ok(Some(state)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a signal to the process and what it started (`0` sends none), and counts them.
    async fn signal(&self, signal: &str, is_here: bool) -> Result<usize, Error> {
        let Target::Exec { container, marker, .. } = &self.target else { return Ok(0) };
        if is_here {
            let (marker, signal) = (marker.clone(), signal.to_owned());
            return Ok(tokio::task::spawn_blocking(move || process::signal(&marker, &signal)).await.unwrap_or(0));
        }
        let words = ["sh", "-c", SIGNAL_SCRIPT, "sh", marker, signal];
        let script = ExecSpec {
            command: words.iter().map(|word| (*word).to_owned()).collect(),
            user: Some("0".to_owned()),
            ..ExecSpec::default()
        };
        match self.cluster.run_as(container, script).await {
            Ok(ran) => Ok(String::from_utf8_lossy(&ran.stdout).matches('+').count()),
            // A container that does not run any more has no processes.
            Err(Error::NotFound(_) | Error::Conflict(_)) => Ok(0),
            Err(error) => Err(error),
        }
    }
}

fn session(upgraded: Upgraded, raw: bool, control: ExecControl) -> ExecSession {
    let (reader, writer) = tokio::io::split(TokioIo::new(upgraded));
    let output: ExecOutput = if raw {
        Box::pin(ReaderStream::with_capacity(reader, CHUNK).map(|chunk| chunk.map_err(Error::from)))
    } else {
        Box::pin(futures::stream::try_unfold(reader, |mut reader: ReadHalf<_>| async move {
            Ok(read_frame(&mut reader).await?.map(|(_, bytes)| (bytes, reader)))
        }))
    };
    ExecSession { output, input: Box::pin(writer), control }
}

/// The next frame of a stream without a terminal: whether it is standard error, and its bytes; `None` at the end.
async fn read_frame(reader: &mut (impl AsyncRead + Unpin)) -> Result<Option<(bool, Bytes)>, Error> {
    /// No engine sends larger ones.
    const LARGEST: usize = 16 * 1024 * 1024;
    let mut header = [0; 8];
    match reader.read_exact(&mut header).await {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
    if header[0] > 2 || length > LARGEST {
        return Err(Error::Garbage("a stream without frames".to_owned()));
    }
    let mut bytes = BytesMut::zeroed(length);
    reader.read_exact(&mut bytes).await?;
    Ok(Some((header[0] == 2, bytes.freeze())))
}
