//! A tiny scripted shell: what `exec`, `attach` and containers with a shell command run.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use futures::future::BoxFuture;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;

use super::container::Container;
use super::log_store::Stream;
use super::state::Shared;

/// What process runs.
#[derive(Debug, Clone)]
pub enum Program {
    /// Runs until a signal comes: every command the shell does not know.
    Daemon,
    /// A shell that reads its input.
    Interactive,
    Script(String),
    Command(Vec<String>),
}

const COMMANDS: [&str; 22] = [
    "echo", "printf", "exit", "sleep", "cat", "flood", "command", "which", "true", "false", ":", "test", "[", "kill",
    "exec", "trap", "stty", "pwd", "id", "env", "hostname", "whoami",
];

impl Program {
    pub fn of(argv: &[String], stdin: bool) -> Self {
        let Some(first) = argv.first() else {
            return Self::Daemon;
        };
        let name = base(first);
        match (is_shell(name), argv.get(1).map(String::as_str)) {
            // Real shells look through /proc for the processes with a marker.
            (true, Some("-c")) if argv.len() == 6 && argv[2].contains("GANTRY_EXEC=") => {
                Self::Command(vec!["kill".into(), format!("-{}", argv[5]), argv[4].clone()])
            }
            (true, Some("-c")) => Self::Script(argv.get(2).cloned().unwrap_or_default()),
            (true, _) if stdin => Self::Interactive,
            // A shell without input ends at once.
            (true, _) => Self::Script(String::new()),
            (false, _) if COMMANDS.contains(&name) => Self::Command(argv.to_vec()),
            _ => Self::Daemon,
        }
    }
}

fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "ash" | "bash" | "dash" | "zsh")
}

/// Commands whose name starts with `nosuch` are in no image.
pub fn is_missing(program: &str) -> bool {
    base(program).starts_with("nosuch")
}

/// Whether a container has a program: its shells, and what the shell knows.
pub fn has(container: &Container, name: &str) -> bool {
    let usual = || vec!["sh".into(), "ash".into()];
    let shells: Vec<String> = container.behaviour.shells.clone().unwrap_or_else(usual);
    shells.iter().any(|shell| shell == name) || COMMANDS.contains(&name)
}

/// The result of a health check's command: false for `false` and `exit N`, else true.
pub fn probe(test: &[String]) -> bool {
    let words: Vec<&str> = test.iter().skip(1).flat_map(|part| part.split_whitespace()).collect();
    !matches!(words[..], ["false", ..] | ["sh", "-c", "false"])
        && !words.windows(2).any(|pair| pair[0] == "exit" && pair[1] != "0")
}

/// Where a process prints.
pub enum Output {
    /// Into the log of its container.
    Log,
    /// To whoever started it; dropped silently when nobody reads any more.
    Pipe(mpsc::Sender<(Stream, Bytes)>),
}

/// A running process.
pub struct Process {
    pub shared: Arc<Shared>,
    pub container: String,
    pub stdin: mpsc::Receiver<Bytes>,
    pub output: Output,
    pub tty: bool,
    pub inner_pid: u32,
    /// Ctrl-C.
    pub interrupt: Arc<Notify>,
    pub exec: Option<String>,
    status: i64,
    rest: BytesMut,
    ended: Option<i64>,
}

/// Starts the first process of a container; its end is the container's.
pub fn spawn_main(shared: &Arc<Shared>, container: &mut Container, program: Program) -> AbortHandle {
    let (stdin, input) = mpsc::channel(64);
    if container.config["OpenStdin"] == true {
        container.stdin = Some(stdin);
    }
    let process = Process::new(shared, &container.id, input, Output::Log, container.tty());
    let (shared, id, run) = (Arc::clone(shared), container.id.clone(), container.run);
    let work = Arc::clone(&shared);
    shared.spawn(async move {
        let code = process.run(program).await;
        work.die(&mut work.lock(), &id, run, code);
    })
}

impl Process {
    pub fn new(shared: &Arc<Shared>, container: &str, stdin: mpsc::Receiver<Bytes>, output: Output, tty: bool) -> Self {
        Self {
            shared: Arc::clone(shared),
            container: container.into(),
            stdin,
            output,
            tty,
            inner_pid: 1,
            interrupt: Arc::default(),
            exec: None,
            status: 0,
            rest: BytesMut::new(),
            ended: None,
        }
    }

    /// Runs to the end; gives the exit code.
    pub async fn run(mut self, program: Program) -> i64 {
        match program {
            Program::Daemon => std::future::pending().await,
            Program::Script(text) => self.script(text).await,
            Program::Command(words) => self.command(words).await,
            Program::Interactive => self.interactive().await,
        }
        self.ended.unwrap_or(self.status)
    }

    async fn interactive(&mut self) {
        while self.ended.is_none() {
            if self.tty {
                self.write(Stream::Stdout, b"/ # ").await;
            }
            let Some(line) = self.read_line().await else {
                return;
            };
            self.script(line).await;
        }
    }

    async fn read_line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line = self.rest.split_to(end + 1);
                return Some(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            match self.stdin.recv().await {
                Some(chunk) if !chunk.is_empty() => self.rest.put_slice(&chunk),
                _ => return None,
            }
        }
    }

    async fn write(&mut self, stream: Stream, text: &[u8]) {
        let text = if self.tty {
            let mut out = BytesMut::with_capacity(text.len() + 8);
            for byte in text {
                if *byte == b'\n' {
                    out.put_u8(b'\r');
                }
                out.put_u8(*byte);
            }
            out.freeze()
        } else {
            Bytes::copy_from_slice(text)
        };
        self.write_raw(stream, text).await;
    }

    async fn write_raw(&mut self, stream: Stream, text: Bytes) {
        let stream = if self.tty { Stream::Stdout } else { stream };
        match &self.output {
            Output::Log => {
                let mut state = self.shared.lock();
                self.shared.print_text(&mut state, &self.container, stream, &text);
            }
            // Output without a reader is lost, and the process goes on.
            Output::Pipe(pipe) => {
                let _ = pipe.send((stream, text)).await;
            }
        }
    }

    /// Runs statements parted by `;`, `&&`, `||` and line feeds, and `while true; do …; done`.
    fn script(&mut self, text: String) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let tokens = tokens(&text);
            let mut at = 0;
            let mut skip = false;
            while at < tokens.len() && self.ended.is_none() {
                if let Some((body, end)) = loop_body(&tokens, at) {
                    let body = body.join(" ");
                    while self.ended.is_none() {
                        self.script(body.clone()).await;
                        tokio::task::yield_now().await;
                    }
                    at = end;
                    continue;
                }
                let end = tokens[at..].iter().position(|t| is_separator(t)).map_or(tokens.len(), |n| at + n);
                if !skip && end > at {
                    let words = tokens[at..end].iter().map(|t| self.expand(t)).collect();
                    self.command(words).await;
                }
                skip = match tokens.get(end).map(String::as_str) {
                    Some("&&") => self.status != 0,
                    Some("||") => self.status == 0,
                    _ => false,
                };
                at = end + 1;
            }
        })
    }

    fn expand(&self, token: &str) -> String {
        if let Some(literal) = token.strip_prefix('\'') {
            return literal.to_owned();
        }
        let mut text = token.replace("$$", &self.inner_pid.to_string()).replace("$?", &self.status.to_string());
        if text.contains('$') {
            for (name, value) in self.environment() {
                text = text.replace(&format!("${{{name}}}"), &value).replace(&format!("${name}"), &value);
            }
        }
        text
    }

    fn environment(&self) -> Vec<(String, String)> {
        let state = self.shared.lock();
        let env = state.containers.get(&self.container).map(|c| super::container::strings(&c.config["Env"]));
        env.unwrap_or_default()
            .iter()
            .filter_map(|e| e.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect()
    }

    async fn command(&mut self, mut words: Vec<String>) {
        let mut stream = Stream::Stdout;
        let mut quiet = false;
        words.retain(|word| match word.as_str() {
            ">&2" | "1>&2" => {
                stream = Stream::Stderr;
                false
            }
            "2>&1" | "2>/dev/null" => false,
            ">/dev/null" => {
                quiet = true;
                false
            }
            _ => true,
        });
        let interrupt = Arc::clone(&self.interrupt);
        tokio::select! {
            biased;
            () = interrupt.notified() => self.status = 130,
            () = self.simple(&words, stream, quiet) => {}
        }
    }

    async fn simple(&mut self, words: &[String], stream: Stream, quiet: bool) {
        let Some(first) = words.first() else {
            return;
        };
        let name = base(first).to_owned();
        let rest = &words[1..];
        let argument = rest.first().map_or("", String::as_str).to_owned();
        self.status = 0;
        let mut text = String::new();
        match name.as_str() {
            "echo" => {
                let (plain, words) = match rest.first().map(String::as_str) {
                    Some("-n") => (true, &rest[1..]),
                    _ => (false, rest),
                };
                text = words.join(" ");
                if !plain {
                    text.push('\n');
                }
            }
            "printf" => {
                let bytes = unescape(&argument);
                self.write(stream, &bytes).await;
            }
            "exit" => self.ended = Some(argument.parse().unwrap_or(self.status)),
            "sleep" => {
                let seconds = argument.parse().unwrap_or(f64::MAX);
                if seconds > 1e9 {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(self.shared.seconds(seconds)).await;
            }
            "cat" => {
                let early = self.rest.split().freeze();
                if !early.is_empty() {
                    self.write(stream, &early).await;
                }
                while let Some(chunk) = self.stdin.recv().await.filter(|chunk| !chunk.is_empty()) {
                    self.write(stream, &chunk).await;
                }
            }
            "flood" => self.flood(argument.parse().unwrap_or(0)).await,
            "command" | "which" => {
                let wanted = rest.iter().find(|word| !word.starts_with('-'));
                let wanted = wanted.map_or("", String::as_str);
                if self.has(wanted) {
                    text = format!("/bin/{}\n", base(wanted));
                } else {
                    self.status = 127;
                }
            }
            "test" | "[" => {
                let path = rest.get(1).map_or("", String::as_str);
                self.status = i64::from(!self.has(path));
            }
            "true" | ":" => {}
            "false" => self.status = 1,
            "kill" => {
                let signal = rest
                    .first()
                    .and_then(|word| word.strip_prefix('-'))
                    .and_then(super::lifecycle::signal_number)
                    .unwrap_or(15);
                let Some(pid) = rest.last().map(|word| word.parse::<u32>()) else { return };
                if let Ok(pid) = pid {
                    self.status = i64::from(!self.kill(Some(pid), signal));
                } else {
                    let signal = if argument == "-0" { 0 } else { signal };
                    text = "+".repeat(self.kill_marked(rest.last().map_or("", String::as_str), signal));
                }
            }
            "exec" => match Program::of(rest, true) {
                Program::Script(text) => {
                    self.script(text).await;
                    self.ended = Some(self.ended.unwrap_or(self.status));
                }
                Program::Interactive => {
                    Box::pin(self.interactive()).await;
                    self.ended = Some(self.ended.unwrap_or(self.status));
                }
                Program::Command(words) => {
                    Box::pin(self.command(words)).await;
                    self.ended = Some(self.ended.unwrap_or(self.status));
                }
                Program::Daemon if is_missing(&argument) => self.status = 127,
                Program::Daemon => std::future::pending().await,
            },
            "trap" => {
                if argument.is_empty() {
                    let mut state = self.shared.lock();
                    if let Some(container) = state.containers.get_mut(&self.container) {
                        container.ignores_sigterm = true;
                    }
                }
            }
            "stty" => {
                let (rows, columns) = self.size();
                text = format!("{rows} {columns}\n");
            }
            "pwd" => text = "/\n".into(),
            "id" => text = "uid=0(root) gid=0(root)\n".into(),
            "whoami" => text = "root\n".into(),
            "hostname" => text = format!("{}\n", &self.container[..12]),
            "env" => {
                for (key, value) in self.environment() {
                    text.push_str(&format!("{key}={value}\n"));
                }
            }
            shell if is_shell(shell) && self.has(shell) => match Program::of(words, true) {
                Program::Script(script) => {
                    let outer = self.ended.take();
                    self.script(script).await;
                    self.status = self.ended.take().unwrap_or(self.status);
                    self.ended = outer;
                }
                _ => Box::pin(self.interactive()).await,
            },
            _ => {
                self.status = 127;
                let message = format!("sh: {name}: not found\n");
                self.write(Stream::Stderr, message.as_bytes()).await;
            }
        }
        if !quiet && !text.is_empty() {
            self.write(stream, text.as_bytes()).await;
        }
    }

    async fn flood(&mut self, bytes: u64) {
        let line = [&[b'x'; 62][..], b"\r\n"].concat();
        let block = Bytes::from(line.repeat(512));
        let mut left = bytes;
        while left > 0 {
            let size = left.min(block.len() as u64);
            let chunk = block.slice(..usize::try_from(size).unwrap_or(0));
            self.write_raw(Stream::Stdout, chunk).await;
            left -= size;
            tokio::task::yield_now().await;
        }
    }

    fn has(&self, program: &str) -> bool {
        let state = self.shared.lock();
        state.containers.get(&self.container).is_some_and(|container| has(container, base(program)))
    }

    fn kill_marked(&self, marker: &str, signal: i64) -> usize {
        let mut state = self.shared.lock();
        let has_marker = |env: &serde_json::Value| {
            let entries = env.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
            entries.filter_map(|entry| entry.strip_prefix("GANTRY_EXEC=")).any(|value| value == marker)
        };
        let marked: Vec<String> = state
            .execs
            .values()
            .filter(|exec| exec.container == self.container && exec.running && has_marker(&exec.config["Env"]))
            .map(|exec| exec.id.clone())
            .collect();
        for id in marked.iter().filter(|_| signal != 0) {
            self.shared.kill_exec(&mut state, id, 128 + signal);
        }
        marked.len()
    }

    fn kill(&self, pid: Option<u32>, signal: i64) -> bool {
        let mut state = self.shared.lock();
        let exec = state
            .execs
            .values()
            .find(|e| e.container == self.container && e.running && Some(e.inner_pid) == pid)
            .map(|e| e.id.clone());
        match exec {
            Some(id) if signal != 0 => self.shared.kill_exec(&mut state, &id, 128 + signal),
            Some(_) => {}
            None => return false,
        }
        true
    }

    fn size(&self) -> (u16, u16) {
        let state = self.shared.lock();
        match &self.exec {
            Some(exec) => state.execs.get(exec).map_or((0, 0), |e| e.size),
            None => state.containers.get(&self.container).map_or((0, 0), |c| c.tty_size),
        }
    }
}

fn is_separator(token: &str) -> bool {
    matches!(token, ";" | "&&" | "||")
}

/// The body of `while …; do BODY; done` at a place, and where the text goes on.
fn loop_body(tokens: &[String], at: usize) -> Option<(Vec<String>, usize)> {
    if tokens[at] != "while" {
        return None;
    }
    let start = at + tokens[at..].iter().position(|t| t == "do")? + 1;
    let end = start + tokens[start..].iter().rposition(|t| t == "done")?;
    let body = tokens[start..end]
        .iter()
        .map(|token| match token.strip_prefix('\'') {
            Some(literal) => format!("'{literal}'"),
            None => token.clone(),
        })
        .collect();
    Some((body, end + 1))
}

/// Words and separators; text from single quotes keeps a `'` before it, so that it is not expanded.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                let word = word.get_or_insert_with(|| "'".into());
                word.extend(chars.by_ref().take_while(|c| *c != '\''));
            }
            '"' => {
                let word = word.get_or_insert_with(String::new);
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    match (c, chars.peek()) {
                        ('\\', Some('"' | '\\' | '$')) => word.extend(chars.next()),
                        _ => word.push(c),
                    }
                }
            }
            ' ' | '\t' => found.extend(word.take()),
            ';' | '\n' => {
                found.extend(word.take());
                found.push(";".into());
            }
            '&' | '|' if chars.peek() == Some(&c) => {
                chars.next();
                found.extend(word.take());
                found.push(format!("{c}{c}"));
            }
            _ => word.get_or_insert_with(String::new).push(c),
        }
    }
    found.extend(word);
    found
}

/// `\n`, `\t`, `\r`, `\\`, `\xHH` and octal `\NNN`.
fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (byte, size) = match (bytes[at], bytes.get(at + 1)) {
            (b'\\', Some(b'n')) => (b'\n', 2),
            (b'\\', Some(b't')) => (b'\t', 2),
            (b'\\', Some(b'r')) => (b'\r', 2),
            (b'\\', Some(b'\\')) => (b'\\', 2),
            (b'\\', Some(b'x')) => {
                let hex = text.get(at + 2..at + 4).unwrap_or_default();
                (u8::from_str_radix(hex, 16).unwrap_or(b'?'), 4)
            }
            (b'\\', Some(b'0'..=b'7')) => {
                let digits = bytes[at + 1..].iter().take(3).take_while(|b| (b'0'..=b'7').contains(*b)).count();
                let octal = &text[at + 1..at + 1 + digits];
                (u8::from_str_radix(octal, 8).unwrap_or(b'?'), digits + 1)
            }
            (byte, _) => (byte, 1),
        };
        out.push(byte);
        at += size;
    }
    out
}
