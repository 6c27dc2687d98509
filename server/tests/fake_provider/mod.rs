//! A scripted identity provider on a port of its own: OpenID Connect with discovery, and the APIs of GitHub and Gitee.
//! It keeps the rules that real ones keep (one use per code, PKCE, the same redirect address, refresh tokens that
//! rotate), and cheats where a test tells it to.

mod accounts;
mod key;
mod openid;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{self, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;
use url::Url;

pub use key::Key;

/// What the provider calls the portal.
pub const CLIENT_ID: &str = "gantry-client";
/// What the portal proves itself with.
pub const CLIENT_SECRET: &str = "canary-of-the-client";
/// The path of the OpenID issuer, as Keycloak has it.
const REALM: &str = "/realms/corp";

type Shared = Arc<Mutex<Script>>;

/// A change of something on its way out.
pub type Edit = Option<Box<dyn Fn(&mut Value) + Send>>;
/// Makes the signature of a token's first two parts.
pub type Sign = Option<Box<dyn Fn(&str) -> Vec<u8> + Send>>;

/// A change by a function.
pub fn edit(change: impl Fn(&mut Value) + Send + 'static) -> Edit {
    Some(Box::new(change))
}

/// A change that sets one member.
pub fn set(name: &'static str, value: Value) -> Edit {
    edit(move |all| all[name] = value.clone())
}

/// A change that takes one member away.
pub fn without(name: &'static str) -> Edit {
    edit(move |all| {
        all.as_object_mut().unwrap().remove(name);
    })
}

/// Where the provider does not keep to the rules.
#[derive(Default)]
pub struct Cheat {
    /// Changes what discovery tells.
    pub metadata: Edit,
    /// Changes the parameters of the way back.
    pub callback: Edit,
    /// Changes the head of the token.
    pub header: Edit,
    /// Changes the claims of the token.
    pub claims: Edit,
    /// Signs the token in another way.
    pub sign: Sign,
    /// Changes the answer with the tokens.
    pub token: Edit,
    /// Changes what is told of the person besides the token.
    pub userinfo: Edit,
    /// Whole answers by path.
    pub answers: BTreeMap<String, Reply>,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The `Location`, where it leads elsewhere.
    pub location: Option<String>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A body with a status.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, location: None, body: body.into() }
    }

    /// Sends elsewhere.
    pub fn redirect(to: impl Into<String>) -> Self {
        Self { status: 302, location: Some(to.into()), body: String::new() }
    }
}

/// Somebody who was sent back with a code.
struct Code {
    redirect_uri: String,
    challenge: String,
    nonce: Option<String>,
}

/// What the provider knows and does, and what it saw.
pub struct Script {
    /// What it calls itself as an OpenID provider.
    pub issuer: String,
    /// Who is signed in at the provider: the claims of the token.
    pub person: Value,
    /// What is told of that person besides the token.
    pub userinfo: Value,
    /// The same person at GitHub or Gitee.
    pub account: Value,
    /// The organisations of that account.
    pub organisations: Value,
    /// The teams of that account.
    pub teams: Value,
    /// What signs.
    pub key: Key,
    /// The keys that are published.
    pub published: Vec<Value>,
    /// Whether refresh tokens are given.
    pub refreshes: bool,
    /// Where it cheats.
    pub cheat: Cheat,
    /// The parameters of each request to authorize.
    pub departures: Vec<HashMap<String, String>>,
    /// The fields of each call of the token endpoint.
    pub exchanges: Vec<HashMap<String, String>>,
    /// How often each path was called.
    pub hits: BTreeMap<String, usize>,
    codes: HashMap<String, Code>,
    access_tokens: HashSet<String>,
    refresh_tokens: HashSet<String>,
}

impl Script {
    fn new(issuer: String) -> Self {
        let key = Key::new("first");
        Self {
            issuer,
            person: json!({
                "sub": "subject-of-grace", "preferred_username": "grace", "name": "Grace Hopper",
                "email": "grace@corp.example", "email_verified": true,
            }),
            userinfo: json!({}),
            account: json!({"id": 583_231, "login": "grace", "name": "Grace Hopper", "email": "grace@corp.example"}),
            organisations: json!([]),
            teams: json!([]),
            published: vec![key.jwk()],
            key,
            refreshes: false,
            cheat: Cheat::default(),
            departures: Vec::new(),
            exchanges: Vec::new(),
            hits: BTreeMap::new(),
            codes: HashMap::new(),
            access_tokens: HashSet::new(),
            refresh_tokens: HashSet::new(),
        }
    }

    /// The groups of the person from now on.
    pub fn groups(&mut self, groups: Value) {
        self.person["groups"] = groups;
    }

    /// Signs with a new key from now on, and publishes that alone.
    pub fn rotate(&mut self, kid: &str) {
        self.key = Key::new(kid);
        self.published = vec![self.key.jwk()];
    }

    /// No refresh token works any more.
    pub fn revoke(&mut self) {
        self.refresh_tokens.clear();
    }

    /// What discovery tells.
    pub fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let mut metadata = json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/keys"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "scopes_supported": ["openid", "profile", "email", "groups", "offline_access"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": true,
        });
        changed(&self.cheat.metadata, &mut metadata);
        metadata
    }
}

fn changed(change: &Edit, value: &mut Value) {
    if let Some(change) = change {
        change(value);
    }
}

/// The provider. It stops when it is dropped.
pub struct FakeProvider {
    /// `http://host:port`.
    pub origin: String,
    /// What it calls itself as an OpenID provider.
    pub issuer: String,
    address: SocketAddr,
    router: Router,
    shared: Shared,
    running: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

impl FakeProvider {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let origin = format!("http://{address}");
        let issuer = format!("{origin}{REALM}");
        let shared = Arc::new(Mutex::new(Script::new(issuer.clone())));
        let router = Router::new()
            .nest(REALM, openid::routes())
            .merge(accounts::routes())
            .layer(from_fn_with_state(shared.clone(), intercept))
            .with_state(shared.clone());
        let provider = Self { origin, issuer, address, router, shared, running: Mutex::default() };
        provider.serve(listener);
        provider
    }

    fn serve(&self, listener: TcpListener) {
        let (stop, stopped) = oneshot::channel::<()>();
        let router = self.router.clone();
        let task = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            axum::serve(listener, router).with_graceful_shutdown(stopped).await.unwrap();
        });
        *self.running.lock().unwrap() = Some((stop, task));
    }

    /// Stops; nobody answers at its address any more.
    pub async fn stop(&self) {
        let (stop, task) = self.running.lock().unwrap().take().unwrap();
        drop(stop);
        task.await.unwrap();
    }

    /// Starts again at the same address.
    pub async fn start_again(&self) {
        self.serve(TcpListener::bind(self.address).await.unwrap());
    }

    /// Reads or changes the script.
    pub fn script<R>(&self, act: impl FnOnce(&mut Script) -> R) -> R {
        act(&mut self.shared.lock().unwrap())
    }

    /// How often a path below the issuer was called.
    pub fn hits(&self, path: &str) -> usize {
        self.script(|script| script.hits.get(&format!("{REALM}{path}")).copied().unwrap_or_default())
    }

    /// Answers a path below the issuer in another way from now on.
    pub fn answer(&self, path: &str, reply: Reply) {
        self.script(|script| script.cheat.answers.insert(format!("{REALM}{path}"), reply));
    }

    /// A browser that was sent here, in which the person is signed in and agrees: where it is sent back to.
    pub async fn visit(&self, departure: &Url) -> Url {
        assert_eq!(departure.origin().ascii_serialization(), self.origin, "{departure}");
        let path = &departure[url::Position::BeforePath..];
        let request = http::Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 303, "{departure}");
        Url::parse(response.headers()["location"].to_str().unwrap()).unwrap()
    }
}

/// Counts each call, and gives the whole answers of the script.
async fn intercept(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let reply = {
        let mut script = shared.lock().unwrap();
        *script.hits.entry(path.clone()).or_default() += 1;
        script.cheat.answers.get(&path).cloned()
    };
    let Some(reply) = reply else { return next.run(request).await };
    let status = StatusCode::from_u16(reply.status).unwrap();
    let mut response = (status, [("content-type", "application/json")], reply.body).into_response();
    if let Some(location) = reply.location {
        response.headers_mut().insert("location", location.parse().unwrap());
    }
    response
}

/// Something nobody guesses.
fn random() -> String {
    server::auth::secret::random().unwrap()
}
