//! The audit log on its way to a webhook and to syslog: `/api/v1/audit/forwarding`, and what arrives.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use api::audit::{AuditEntry, AuditForwarding, AuditResult};
use ring::hmac;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram};

use crate::support::{Client, Database, TestPortal, eventually};

const FORWARDING: &str = "/api/v1/audit/forwarding";
const SECRET: &str = "canary-of-the-webhook";
/// The webhook of the tests is on this machine.
const LOOPBACK: (&str, &str) = ("GANTRY_PROVIDER_NETWORKS", "127.0.0.0/8");
/// A name that nobody has, and that would be three records, or none.
const HOSTILE: &str = "a\r\n<134>1 \"]\\ b\u{1b}[2J";

/// What a webhook does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    Answer(u16),
    Reset,
}

/// A request that it got.
#[derive(Clone, Debug)]
struct Told {
    plan: Plan,
    headers: BTreeMap<String, String>,
    body: String,
}

#[derive(Default)]
struct Script {
    plans: VecDeque<Plan>,
    told: Vec<Told>,
}

/// A scripted webhook. It takes everything once its plans are at their end.
struct Webhook {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
}

impl Webhook {
    async fn start(plans: &[Plan]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Mutex::new(Script { plans: plans.iter().copied().collect(), told: Vec::new() }));
        let shared = script.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream, &shared).await;
            }
        });
        Self { address, script }
    }

    fn url(&self) -> String {
        format!("http://{}/canary-of-the-path", self.address)
    }

    fn told(&self) -> Vec<Told> {
        self.script.lock().unwrap().told.clone()
    }

    /// The entries that it said it took.
    fn taken(&self) -> Vec<AuditEntry> {
        let told = self.told().into_iter().filter(|told| told.plan == Plan::Answer(204));
        told.flat_map(|told| told.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
            .collect()
    }

    async fn portal(&self, database: Database) -> TestPortal {
        let url = self.url();
        let settings = [LOOPBACK, ("GANTRY_AUDIT_WEBHOOK", &url), ("GANTRY_AUDIT_WEBHOOK_SECRET", SECRET)];
        TestPortal::start(database, &settings).await
    }
}

/// Reads one request and answers it as planned.
async fn answer(mut stream: TcpStream, script: &Mutex<Script>) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
    let (head, length, start) = loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let headers: BTreeMap<_, _> = head
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            let length: usize = headers["content-length"].parse().unwrap();
            break (headers, length, head.len() + 4);
        }
    };
    while bytes.len() < start + length {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        bytes.extend_from_slice(&buffer[..read]);
    }
    let body = String::from_utf8(bytes[start..].to_vec()).unwrap();
    let plan = script.lock().unwrap().plans.pop_front().unwrap_or(Plan::Answer(204));
    script.lock().unwrap().told.push(Told { plan, headers: head, body });
    if let Plan::Answer(status) = plan {
        let location = "location: http://127.0.0.1:1/\r\n";
        let answer = format!(
            "HTTP/1.1 {status} X\r\n{location}connection: close\r\ncontent-length: 21\r\n\r\ncanary-of-the-answer!"
        );
        let answer = if status == 204 { "HTTP/1.1 204 X\r\nconnection: close\r\n\r\n".to_owned() } else { answer };
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// The whole log, oldest first.
async fn log(client: &Client) -> Vec<AuditEntry> {
    let answer = client.get("/api/v1/audit/export").await.expect(200);
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn forwarding(client: &Client) -> Vec<AuditForwarding> {
    serde_json::from_slice(&client.get(FORWARDING).await.expect(200).body).unwrap()
}

async fn all_sent(client: &Client) {
    eventually("everything is sent", async || {
        forwarding(client).await.iter().all(|to| to.behind == 0 && to.last_error.is_none())
    })
    .await;
}

async fn make_projects(client: &Client, names: &[&str]) {
    for name in names {
        client.post("/api/v1/projects", &json!({ "name": name })).await.expect(201);
    }
}

async fn sign_in_as(portal: &TestPortal, username: &str) {
    let credentials = json!({"username": username, "password": "a wrong guess"});
    portal.anonymous().post("/api/v1/session", &credentials).await.expect(401);
}

#[tokio::test]
async fn a_webhook_gets_every_entry_once_and_in_order_through_failures_and_a_restart() {
    for database in Database::every().await {
        let failures = [Plan::Answer(500), Plan::Reset, Plan::Answer(302), Plan::Answer(404), Plan::Reset];
        let hook = Webhook::start(&failures).await;
        let portal = hook.portal(database.clone()).await;
        let admin = portal.admin().await;
        make_projects(&admin, &["alpha", "beta"]).await;
        sign_in_as(&portal, HOSTILE).await;
        make_projects(&admin, &["gamma"]).await;
        all_sent(&admin).await;

        assert_eq!(hook.taken(), log(&admin).await);
        assert_eq!(hook.taken().len(), 4);
        let told = hook.told();
        assert_eq!(told[..5].iter().map(|told| told.plan).collect::<Vec<_>>(), failures);
        let first = hook.taken()[0].id.to_string();
        assert!(told[..6].iter().all(|told| told.headers["x-gantry-delivery"] == first), "the same again: {told:?}");
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        for told in &told {
            assert_eq!(told.headers["content-type"], "application/x-ndjson");
            let tag: String =
                hmac::sign(&key, told.body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(told.headers["x-gantry-signature"], format!("sha256={tag}"));
            let line: AuditEntry = serde_json::from_str(told.body.lines().next().unwrap()).unwrap();
            assert_eq!(told.headers["x-gantry-delivery"], line.id.to_string());
        }
        let [to]: [AuditForwarding; 1] = forwarding(&admin).await.try_into().unwrap();
        assert_eq!(to.position, hook.taken().last().map(|entry| entry.id));
        assert!(to.last_sent_at.is_some());
        assert_eq!(to.target, format!("http://{}/***", hook.address));
        portal.serve().stop().await;

        let portal = hook.portal(database).await;
        let admin = portal.admin().await;
        make_projects(&admin, &["delta"]).await;
        all_sent(&admin).await;
        assert_eq!(hook.taken(), log(&admin).await, "nothing twice, nothing left out");
        assert_eq!(hook.taken().len(), 5);
        portal.serve().stop().await;
    }
}

#[tokio::test]
async fn a_webhook_that_is_down_is_sent_what_it_missed_and_its_answers_are_shown_to_nobody() {
    for database in Database::every().await {
        let hook = Webhook::start(&[Plan::Answer(418); 4]).await;
        let portal = hook.portal(database).await;
        let admin = portal.admin().await;
        make_projects(&admin, &["alpha"]).await;
        eventually("it was told why", async || forwarding(&admin).await[0].last_error.is_some()).await;
        let names: Vec<_> = (0..120).map(|number| format!("user-{number}")).collect();
        for name in &names {
            admin.post("/api/v1/users", &json!({ "username": name })).await.expect(201);
        }
        let shown = admin.get(FORWARDING).await.expect(200).text();
        for secret in ["canary", SECRET, "of-the-answer"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        all_sent(&admin).await;
        assert_eq!(hook.taken(), log(&admin).await);
        assert!(hook.told().iter().all(|told| told.body.lines().count() <= 100));
        portal.serve().stop().await;
    }
}

#[tokio::test]
async fn a_webhook_on_this_machine_is_never_called_without_an_exception_and_says_why() {
    for database in Database::every().await {
        let hook = Webhook::start(&[]).await;
        let url = hook.url();
        let portal = TestPortal::start(database, &[("GANTRY_AUDIT_WEBHOOK", &url)]).await;
        let admin = portal.admin().await;
        make_projects(&admin, &["alpha"]).await;
        eventually("it says why", async || forwarding(&admin).await[0].last_error.is_some()).await;
        let [to]: [AuditForwarding; 1] = forwarding(&admin).await.try_into().unwrap();
        let why = to.last_error.unwrap();
        assert_eq!(why.key, "audit-forward.forbidden");
        assert!(why.text(api::Language::English).contains("provider_networks"));
        assert_eq!((to.behind, to.position, to.last_sent_at), (1, None, None));
        assert!(hook.told().is_empty());
        portal.serve().stop().await;
    }
}

#[tokio::test]
async fn nothing_is_sent_where_the_settings_name_nobody() {
    let portal = TestPortal::start(Database::sqlite(), &[]).await;
    assert_eq!(forwarding(&portal.admin().await).await, []);
    portal.outsider("eve").await.get(FORWARDING).await.expect(403);
}

/// A message of syslog, taken apart as RFC 5424 says.
#[derive(Debug)]
struct Record {
    priority: String,
    action: String,
    parameters: BTreeMap<String, String>,
    detail: String,
}

fn parse(message: &str) -> Record {
    assert!(!message.chars().any(char::is_control), "one record: {message:?}");
    let mut words = message.splitn(7, ' ');
    let mut word = || words.next().unwrap_or_else(|| panic!("{message}"));
    let priority = word().strip_suffix(">1").unwrap().trim_start_matches('<').to_owned();
    let at = word();
    assert!(time::OffsetDateTime::parse(at, &time::format_description::well_known::Rfc3339).is_ok(), "{at}");
    assert_eq!((word(), word(), word()), ("127.0.0.1", "gantry", "-"));
    let action = word().to_owned();
    let rest = word().strip_prefix("[gantry@32473").unwrap();
    let (mut parameters, mut chars) = (BTreeMap::new(), rest.chars());
    loop {
        match chars.next() {
            Some(']') => break,
            Some(' ') => {}
            other => panic!("{other:?} in {message}"),
        }
        let name: String = chars.by_ref().take_while(|c| *c != '=').collect();
        assert_eq!(chars.next(), Some('"'), "{message}");
        let mut value = String::new();
        loop {
            match chars.next().unwrap() {
                '"' => break,
                '\\' => value.push(chars.next().unwrap()),
                c => {
                    assert_ne!(c, ']', "{message}");
                    value.push(c);
                }
            }
        }
        parameters.insert(name, value);
    }
    let detail = chars.as_str().strip_prefix(' ').unwrap_or_default().to_owned();
    Record { priority, action, parameters, detail }
}

/// What a collector got says the same as the log.
fn check(messages: &[String], entries: &[AuditEntry]) {
    assert_eq!(messages.len(), entries.len());
    let visible = |text: &str| text.replace('\r', "\\r").replace('\n', "\\n").replace('\u{1b}', "\\u{1b}");
    for (message, entry) in messages.iter().zip(entries) {
        let record = parse(message);
        let (priority, result) = match entry.result {
            AuditResult::Refused => ("133", "refused"),
            AuditResult::Done => ("134", "done"),
            AuditResult::Failed => ("134", "failed"),
        };
        assert_eq!((record.priority.as_str(), record.action.as_str()), (priority, entry.action.as_str()));
        let project = entry.project.clone().unwrap_or_default();
        for (name, value) in [
            ("id", &entry.id.to_string()),
            ("user", &visible(&entry.username)),
            ("target", &visible(&entry.target)),
            ("address", &entry.address),
            ("project", &project),
            ("result", &result.to_owned()),
        ] {
            assert_eq!(&record.parameters[name], value, "{name} of {message}");
        }
        assert_eq!(record.detail, visible(&entry.detail));
    }
    assert!(entries.iter().any(|entry| entry.username == HOSTILE), "{entries:?}");
}

type Messages = Arc<Mutex<Vec<String>>>;

async fn each_collector(address: &str, messages: &Messages) {
    for database in Database::every().await {
        messages.lock().unwrap().clear();
        let portal = TestPortal::start(database, &[("GANTRY_AUDIT_SYSLOG", address)]).await;
        let admin = portal.admin().await;
        make_projects(&admin, &["alpha"]).await;
        sign_in_as(&portal, HOSTILE).await;
        admin.put("/api/v1/projects/alpha/members/admin", &json!({"role": "guest"})).await.expect(200);
        let entries = log(&admin).await;
        eventually("all arrived", async || messages.lock().unwrap().len() >= entries.len()).await;
        all_sent(&admin).await;
        check(&messages.lock().unwrap(), &entries);
        assert_eq!(forwarding(&admin).await[0].target, address);
        portal.serve().stop().await;
    }
}

#[tokio::test]
async fn a_collector_gets_every_entry_by_udp() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = format!("udp://{}", socket.local_addr().unwrap());
    let messages = Messages::default();
    let kept = messages.clone();
    tokio::spawn(async move {
        let mut buffer = vec![0; 65_536];
        while let Ok(length) = socket.recv(&mut buffer).await {
            kept.lock().unwrap().push(String::from_utf8(buffer[..length].to_vec()).unwrap());
        }
    });
    each_collector(&address, &messages).await;
}

#[tokio::test]
async fn a_collector_gets_every_entry_by_a_socket_of_this_machine() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let socket = UnixDatagram::bind(&path).unwrap();
    let messages = Messages::default();
    let kept = messages.clone();
    tokio::spawn(async move {
        let mut buffer = vec![0; 65_536];
        while let Ok(length) = socket.recv(&mut buffer).await {
            kept.lock().unwrap().push(String::from_utf8(buffer[..length].to_vec()).unwrap());
        }
    });
    each_collector(&format!("unix://{}", path.display()), &messages).await;
}

#[tokio::test]
async fn a_collector_gets_every_entry_by_tcp_also_when_it_breaks_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let messages = Messages::default();
    let kept = messages.clone();
    tokio::spawn(async move {
        let mut breaks = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            if breaks < 2 {
                // What is not read when it closes is told to the sender.
                breaks += 1;
                let _ = stream.read(&mut [0]).await;
                continue;
            }
            let mut frames = Vec::new();
            stream.read_to_end(&mut frames).await.unwrap();
            let mut rest = frames.as_slice();
            while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
                let length: usize = std::str::from_utf8(&rest[..space]).unwrap().parse().unwrap();
                let message = &rest[space + 1..space + 1 + length];
                kept.lock().unwrap().push(String::from_utf8(message.to_vec()).unwrap());
                rest = &rest[space + 1 + length..];
            }
            assert!(rest.is_empty());
        }
    });
    each_collector(&address, &messages).await;
}
