//! The portal under test.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use api::permission::{ProjectRole, SystemRole};
use api::token::Scope;
use axum::Router;
use server::auth::secret;
use server::config::{Config, Sources};
use server::db;
use server::services::State;
use server::startup::{self, Portal};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Client, Database};

/// The password of every account that [`TestPortal::account`] makes.
pub const PASSWORD: &str = "correct horse battery";

/// The portal under test.
pub struct TestPortal {
    /// Its services' state, to arrange and to look at what requests leave behind.
    pub state: State,
    /// What it answers.
    pub router: Router,
    /// The address it answers to from the start, and listens on once [`TestPortal::serve`] was called.
    pub address: SocketAddr,
    /// Its database.
    pub database: Database,
    portal: Portal,
    listener: std::net::TcpListener,
    settings: Vec<(String, String)>,
}

/// A portal that is served on a socket.
pub struct Running {
    /// Where.
    pub address: SocketAddr,
    /// Removed when the last one lets go of it.
    _database: Database,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops it as SIGTERM does, and waits until it has ended.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap();
    }
}

impl TestPortal {
    /// The portal on a database, with settings as environment variables.
    pub async fn start(database: Database, settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::with(database, settings).await
    }

    /// Another instance on the same database with the same settings.
    pub async fn another(&self) -> Self {
        Self::with(self.database.clone(), self.settings.clone()).await
    }

    async fn with(database: Database, settings: Vec<(String, String)>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let no_engine = database.dir.path().join("no-engine.sock");
        let mut variables = BTreeMap::from([
            ("GANTRY_LISTEN".to_owned(), address.to_string()),
            ("GANTRY_DATA_DIR".to_owned(), database.dir.path().display().to_string()),
            ("GANTRY_DOCKER_HOST".to_owned(), format!("unix://{}", no_engine.display())),
            ("GANTRY_DATABASE_URL".to_owned(), database.url.clone().unwrap_or_default()),
        ]);
        variables.extend(settings.iter().cloned());
        let config = Config::load(&Sources { variables, ..Sources::default() }).unwrap();
        let portal = startup::build_with(config, super::quick()).await.unwrap();
        let (state, router) = (portal.state.clone(), portal.router.clone());
        Self { state, router, address, database, portal, listener, settings }
    }

    /// Serves it on its socket.
    pub fn serve(self) -> Running {
        self.listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(self.listener).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let portal = self.portal;
        let task = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            startup::serve(listener, portal, stopped).await.unwrap();
        });
        Running { address: self.address, _database: self.database, stop, task }
    }

    /// Nobody.
    pub fn anonymous(&self) -> Client {
        Client::new(self.router.clone(), self.address)
    }

    /// A browser in which an administrator is signed in.
    pub async fn admin(&self) -> Client {
        self.signed_in("admin", SystemRole::Admin, None).await
    }

    /// A browser in which a member of the portal without any project is signed in.
    pub async fn outsider(&self, username: &str) -> Client {
        self.signed_in(username, SystemRole::Member, None).await
    }

    /// A browser in which a member of a project is signed in; the project is made where it is absent.
    pub async fn member(&self, username: &str, project: &str, role: ProjectRole) -> Client {
        self.signed_in(username, SystemRole::Member, Some((project, role))).await
    }

    /// A program with a token of an account, which is made where it is absent.
    pub async fn token(&self, username: &str, role: SystemRole) -> Client {
        self.token_for(username, role, &Scope::ALL).await
    }

    /// The same with some scopes only.
    pub async fn token_for(&self, username: &str, role: SystemRole, scopes: &[Scope]) -> Client {
        let user = self.user(username, role).await;
        let token_secret = format!("{}{}", api::token::TOKEN_PREFIX, secret::random().unwrap());
        let created_at = api::OffsetDateTime::now_utc();
        let token = api::token::Token {
            id: api::Ulid::generate(),
            name: "test".to_owned(),
            scopes: scopes.to_vec(),
            created_at,
            expires_at: created_at + time::Duration::days(1),
            last_used_at: None,
        };
        let hash = secret::hash(&token_secret);
        self.state.db.write(async |txn| db::token::insert(txn, user, &token, hash).await).await.unwrap();
        self.anonymous().with_token(&token_secret)
    }

    /// Makes an account with [`PASSWORD`].
    pub async fn account(&self, username: &str, role: SystemRole) -> api::Ulid {
        let hash = self.state.passwords.hash(PASSWORD.to_owned()).await.unwrap();
        self.state.db.write(async |txn| db::user::insert(txn, username, hash, role).await).await.unwrap().id
    }

    /// The project of this name, made where it is absent.
    pub async fn project(&self, name: &str) -> api::Ulid {
        match db::project::find_by_name(self.state.db.read(), name).await.unwrap() {
            Some(project) => project.id,
            None => self.state.db.write(async |txn| db::project::insert(txn, name).await).await.unwrap().id,
        }
    }

    /// Makes an app that was never deployed; the project is made where it is absent.
    pub async fn app(&self, project: &str, name: &str) {
        self.project(project).await;
        let project = db::project::find_by_name(self.state.db.read(), project).await.unwrap().unwrap();
        self.state.db.write(async |txn| db::app::insert(txn, &project, name, "local").await).await.unwrap();
    }

    async fn signed_in(&self, username: &str, role: SystemRole, project: Option<(&str, ProjectRole)>) -> Client {
        let user = self.user(username, role).await;
        if let Some((project, role)) = project {
            let project = self.project(project).await;
            let inserted =
                self.state.db.write(async |txn| db::project::insert_membership(txn, user, project, role).await).await;
            inserted.unwrap();
        }
        self.anonymous().with_session_of(&self.state, user).await
    }

    /// The account of this name; made without a usable password where it is absent, because hashing is slow.
    async fn user(&self, username: &str, role: SystemRole) -> api::Ulid {
        if let Some(account) = db::user::find_by_name(self.state.db.read(), username).await.unwrap() {
            return account.user.id;
        }
        let inserted =
            self.state.db.write(async |txn| db::user::insert(txn, username, "none".to_owned(), role).await).await;
        inserted.unwrap().id
    }
}
