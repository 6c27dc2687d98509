//! An empty database per test: a file, or a schema of the PostgreSQL server for tests.

use std::sync::Arc;

use sea_orm::{ConnectionTrait as _, Database as SeaOrm};
use server::db::{Db, Target};
use tempfile::TempDir;

/// A database that is empty at first. Clones are the same database.
#[derive(Clone)]
pub struct Database {
    /// The data directory that goes with it.
    pub dir: Arc<TempDir>,
    /// The address of the schema, where it is PostgreSQL.
    pub url: Option<String>,
}

impl Database {
    /// A SQLite file.
    pub fn sqlite() -> Self {
        Self { dir: Arc::new(tempfile::tempdir().unwrap()), url: None }
    }

    /// One of each kind there is to test with.
    pub async fn every() -> Vec<Self> {
        let mut all = vec![Self::sqlite()];
        if let Some(server) = std::env::var("GANTRY_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty()) {
            all.push(Self::postgres(&server).await);
        }
        all
    }

    async fn postgres(server: &str) -> Self {
        let schema = format!("test_{}", ulid::Ulid::generate().to_string().to_lowercase());
        let maintenance = SeaOrm::connect(server).await.expect("the PostgreSQL server for tests answers");
        maintenance.execute_unprepared(&format!("CREATE SCHEMA {schema}")).await.unwrap();
        maintenance.close().await.unwrap();
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options[search_path]={schema}");
        Self { dir: Arc::new(tempfile::tempdir().unwrap()), url: Some(url) }
    }

    /// Where the server finds it.
    pub fn target(&self) -> Target {
        match &self.url {
            Some(url) => Target::Postgres(url.clone()),
            None => Target::Sqlite(self.dir.path().join("gantry.db")),
        }
    }

    /// Opens it past the portal.
    pub async fn open(&self) -> Db {
        Db::open(&self.target()).await.unwrap()
    }
}
