//! The database itself: migrations, durability, and what happens when it is busy, full or newer.

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::json;
use server::db::{self, Db, Error, Target, migrate};

use crate::support::{Database, TestPortal, each_database, eventually};

async fn value(db: &Db, sql: &str) -> String {
    let statement = Statement::from_string(db.backend(), sql);
    let row = db.read().query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index::<String>(0).or_else(|_| row.try_get_by_index::<i32>(0).map(|it| it.to_string())).unwrap()
}

#[tokio::test]
async fn migrations_run_once_and_again_without_harm() {
    for database in Database::every().await {
        let db = database.open().await;
        assert!(!migrate::is_current(&db).await.unwrap());
        migrate::run(&db).await.unwrap();
        assert!(migrate::is_current(&db).await.unwrap());
        migrate::run(&db).await.unwrap();
        assert!(migrate::is_current(&db).await.unwrap());
    }
}

#[tokio::test]
async fn two_instances_may_migrate_at_once() {
    for database in Database::every().await {
        let (one, two) = (database.open().await, database.open().await);
        let (one, two) = tokio::join!(migrate::run(&one), migrate::run(&two));
        one.unwrap();
        two.unwrap();
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    each_database(async |portal| {
        let insert = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 1)";
        portal.state.db.write(async |txn| txn.execute_unprepared(insert).await.map_err(Error::from)).await.unwrap();
        let db = portal.database.open().await;
        let refused = migrate::run(&db).await.unwrap_err();
        assert_eq!(refused, Error::Newer("m9999_future".to_owned()));
        assert!(refused.to_string().contains("newer version"));
        portal.anonymous().get("/readyz").await.expect(503);
        portal.anonymous().get("/healthz").await.expect(200);
        let remove = "DELETE FROM seaql_migrations WHERE version = 'm9999_future'";
        portal.state.db.write(async |txn| txn.execute_unprepared(remove).await.map_err(Error::from)).await.unwrap();
        portal.anonymous().get("/readyz").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn sqlite_keeps_what_it_acknowledged() {
    let database = Database::sqlite();
    let db = database.open().await;
    assert_eq!(db.backend(), DbBackend::Sqlite);
    assert_eq!(value(&db, "PRAGMA journal_mode").await, "wal");
    assert_eq!(value(&db, "PRAGMA foreign_keys").await, "1");
    let synchronous = async |txn: &sea_orm::DatabaseTransaction| {
        let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA synchronous");
        let row = txn.query_one_raw(statement).await?.unwrap();
        Ok::<_, Error>(row.try_get_by_index::<i32>(0)?)
    };
    assert_eq!(db.write(synchronous).await.unwrap(), 2, "FULL");
    let write = db.read().execute_unprepared("CREATE TABLE x (y int)").await;
    assert!(write.is_err(), "readers cannot write");
}

#[tokio::test]
async fn an_error_undoes_the_whole_transaction() {
    each_database(async |portal| {
        let db = &portal.state.db;
        let outcome = db
            .write(async |txn| {
                db::project::insert(txn, "half").await?;
                Err::<(), _>(Error::Other("no".to_owned()))
            })
            .await;
        assert_eq!(outcome, Err(Error::Other("no".to_owned())));
        assert_eq!(db::project::find_by_name(db.read(), "half").await.unwrap(), None);
        db.write(async |txn| db::project::insert(txn, "twice").await).await.unwrap();
        let again = db.write(async |txn| db::project::insert(txn, "twice").await).await;
        assert!(matches!(again, Err(Error::Duplicate(_))), "{again:?}");
    })
    .await;
}

#[tokio::test]
async fn while_another_process_holds_sqlite_reads_go_on_and_writes_say_when_to_come_back() {
    let portal = TestPortal::start(Database::sqlite(), &[]).await;
    let browser = portal.admin().await;
    browser.get("/api/v1/me").await.expect(200);
    let other = Db::open(&portal.database.target()).await.unwrap();
    let held = other.begin().await.unwrap();
    let wish = json!({"name": "ci", "days": 7});
    let (write, read) = tokio::join!(browser.post("/api/v1/tokens", &wish), browser.get("/api/v1/me"));
    read.expect(200);
    let write = write.expect(503);
    assert_eq!(write.json()["type"], "/problems/unavailable");
    assert!(write.header("retry-after").parse::<u64>().unwrap() > 0);
    held.rollback().await.unwrap();
    assert_eq!(browser.get("/api/v1/tokens").await.json()["total"], 0, "no partial state");
    browser.post("/api/v1/tokens", &json!({"name": "ci", "days": 7})).await.expect(201);
}

#[tokio::test]
async fn a_postgresql_schema_has_one_server_at_a_time() {
    for database in Database::every().await {
        let Some(url) = &database.url else { continue };
        let first = server::db::hold(url).await.unwrap().expect("nobody has it");
        assert!(server::db::hold(url).await.unwrap().is_none(), "the first one has it");
        for other in Database::every().await {
            if let Some(other) = &other.url {
                assert!(server::db::hold(other).await.unwrap().is_some(), "another schema is another server's");
            }
        }
        drop(first);
        eventually("the first one is gone", async || server::db::hold(url).await.unwrap().is_some()).await;
    }
}

#[tokio::test]
async fn a_full_database_refuses_writes_and_recovers() {
    let portal = TestPortal::start(Database::sqlite(), &[]).await;
    let browser = portal.admin().await;
    let pragma = async |sql: &str| {
        let run = async |txn: &sea_orm::DatabaseTransaction| txn.execute_unprepared(sql).await.map_err(Error::from);
        portal.state.db.write(run).await.unwrap();
    };
    pragma("PRAGMA max_page_count = 1").await;
    let name = "x".repeat(60);
    let mut full = None;
    for _ in 0..100 {
        let answer = browser.post("/api/v1/tokens", &json!({"name": name, "days": 7})).await;
        if answer.status != 201 {
            full = Some(answer);
            break;
        }
    }
    let full = full.expect("the database fills up").expect(507);
    assert_eq!(full.json()["type"], "/problems/no-space");
    browser.get("/api/v1/tokens").await.expect(200);
    pragma("PRAGMA max_page_count = 1000000").await;
    browser.delete("/api/v1/session").await.expect(204);
    assert_eq!(value(&portal.state.db, "PRAGMA integrity_check").await, "ok");
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_says_why() {
    let missing = Target::Sqlite("/dev/null/gantry.db".into());
    assert!(Db::open(&missing).await.is_err());
    let nobody = Target::Postgres("postgres://gantry@127.0.0.1:1/gantry".to_owned());
    let error = Db::open(&nobody).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable(_) | Error::Busy(_)), "{error:?}");
}
