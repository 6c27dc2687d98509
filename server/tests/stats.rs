//! Samples: taken from the engine, kept, added up, and thinned out for charts.

use api::permission::ProjectRole;
use api::stats::{StatsPoint, StatsSeries};
use server::db::sample::{self, Selection};
use server::monitor::{Kind, Sample, Subject};

use crate::fake_engine::{Behaviour, ContainerSpec, FakeEngine, Target};
use crate::logs::{World, app_container};
use crate::support::{Database, Socket, eventually};

fn subject(object: &str) -> Subject {
    Subject { cluster: "local".into(), kind: Kind::Container, object: object.into() }
}

fn sample_of(app: Option<(&str, &str)>) -> Sample {
    Sample {
        point: StatsPoint::default(),
        app: app.map(|(project, app)| (project.to_owned(), app.to_owned())),
        cpu_limit_percent: 200.0,
        memory_limit_bytes: 0,
    }
}

#[tokio::test]
async fn a_series_has_the_averages_of_its_steps_and_an_app_the_sum_of_its_containers() {
    for database in Database::every().await {
        let db = database.open().await;
        server::db::migrate::run(&db).await.unwrap();
        let shop = Some(("default", "shop"));
        let subjects =
            [(subject("a"), sample_of(shop)), (subject("b"), sample_of(shop)), (subject("c"), sample_of(None))];
        let added = db
            .write(async |txn| sample::insert_series(txn, subjects.iter().map(|(of, sample)| (of, sample))).await)
            .await
            .unwrap();
        let point = |at: i64, cpu_percent: f32, memory_bytes: u64| StatsPoint {
            at,
            cpu_percent,
            memory_bytes,
            network_rx_bytes_per_sec: 3.0,
            ..StatsPoint::default()
        };
        let mut rows = Vec::new();
        for tick in 0..8_640 {
            let at = 1_000_000_000 + tick * 10;
            for (number, (_, series)) in added.iter().enumerate() {
                // `b` was down for an hour.
                if number != 1 || !(3_600..7_200).contains(&(tick * 10)) {
                    let cpu = if tick % 2 == 0 { 10.0 } else { 30.0 };
                    rows.push((*series, point(at, cpu, 1024 * 1024 * (number as u64 + 1))));
                }
            }
        }
        for part in rows.chunks(9_000) {
            db.write(async |txn| sample::insert(txn, part).await).await.unwrap();
        }
        // The clock was set back: the second is there already.
        db.write(async |txn| sample::insert(txn, &rows[..3]).await).await.unwrap();
        let (from, to) = (1_000_000_000 - 10, 1_000_000_000 + 86_400);
        let step = sample::step(86_400, 10);
        let (one, app) = (subject("b"), Selection::App { cluster: "local", project: "default", app: "shop" });
        let points = sample::points(db.read(), Selection::One(&one), from, to, step).await.unwrap();
        assert!(points.len() <= 300 && points.len() > 250, "{} points", points.len());
        assert!(points.is_sorted_by_key(|point| point.at));
        let longest = points.windows(2).map(|pair| pair[1].at - pair[0].at).max().unwrap();
        assert!((3_600 - step..3_600 + 2 * step).contains(&longest), "the gap is {longest} s");
        assert!(points.iter().all(|point| (9.0..31.0).contains(&point.cpu_percent)));
        let middle = &points[points.len() - 10];
        assert!((middle.cpu_percent - 20.0).abs() < 1.0, "{middle:?}");
        assert_eq!(middle.memory_bytes, 2 * 1024 * 1024);
        let points = sample::points(db.read(), app, from, to, step).await.unwrap();
        let during = points.iter().find(|point| point.at > 1_000_000_000 + 5_000).unwrap();
        assert_eq!((during.memory_bytes, points.last().unwrap().memory_bytes), (1024 * 1024, 3 * 1024 * 1024));
        assert!((points.last().unwrap().cpu_percent - 40.0).abs() < 2.0);
        let live = sample::points(db.read(), Selection::One(&one), to - 900, to, 10).await.unwrap();
        assert_eq!(live.len(), 89);
        // What is old goes, and what has no samples any more as well.
        assert!(!db.write(async |txn| sample::delete_before(txn, to - 3_600).await).await.unwrap());
        assert_eq!(sample::points(db.read(), Selection::One(&one), from, to, 10).await.unwrap().len(), 360);
        assert!(db.write(async |txn| sample::delete_before(txn, to).await).await.unwrap());
        assert!(sample::find_series(db.read()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn containers_are_sampled_shown_and_streamed() {
    let engine = FakeEngine::start().await;
    let uses = |cores: f64, megabytes: u64| Behaviour {
        cpu_cores: Some(cores),
        memory_bytes: Some(megabytes * 1024 * 1024),
        ..Behaviour::default()
    };
    engine.behave(Target::Name("shop-*".into()), uses(0.5, 40));
    engine.behave(Target::Name("other".into()), uses(1.0, 10));
    engine.add_container(&app_container("shop-web-1", "shop-team", "shop", "web"));
    engine.add_container(&app_container("shop-web-2", "shop-team", "shop", "web"));
    engine.add_container(&ContainerSpec::new("other", "busybox:local"));
    let world = World::with(engine).await;
    let admin = world.portal.admin().await;
    let guest = world.portal.member("gus", "shop-team", ProjectRole::Guest).await;
    let foreign = world.portal.member("bea", "bank", ProjectRole::Admin).await;
    world.portal.app("shop-team", "shop").await;
    let container = "/api/v1/clusters/local/containers/shop-web-1/stats";
    let app = "/api/v1/projects/shop-team/apps/shop/stats";
    let series =
        async |path: &str| -> StatsSeries { serde_json::from_value(guest.get(path).await.expect(200).json()).unwrap() };
    eventually("there are points", async || series(app).await.at.len() >= 2).await;
    let (one, sum) = (series(container).await, series(app).await);
    for used in [&one, &sum] {
        assert_eq!((used.to - used.from, used.step_secs > 0), (900, true));
        assert!(used.cpu_limit_percent >= 100.0);
    }
    let last = |values: &[u64]| *values.last().unwrap() / (1024 * 1024);
    assert!(last(&one.memory_bytes) > 0);
    // Each container is sampled at its own moment, and what it uses varies a little.
    assert!(last(&sum.memory_bytes).abs_diff(2 * last(&one.memory_bytes)) <= 8, "{:?}", sum.memory_bytes);
    assert!(one.cpu_percent.iter().any(|percent| *percent > 1.0), "{:?}", one.cpu_percent);
    let day: StatsSeries = series(&format!("{container}?range=day")).await;
    assert_eq!(day.to - day.from, 86_400);
    guest.get(&format!("{container}?range=week")).await.expect(400);
    guest.get("/api/v1/clusters/local/containers/other/stats").await.expect(404);
    guest.get("/api/v1/clusters/local/nodes/x/stats").await.expect(403);
    foreign.get(container).await.expect(404);
    foreign.get(app).await.expect(404);
    admin.get("/api/v1/clusters/local/nodes/nowhere/stats").await.expect(404);
    let cluster = world.portal.state.clusters.get("local").unwrap().clone();
    let node = cluster.picture().facts.as_ref().unwrap().hostname.clone();
    let node = format!("/api/v1/clusters/local/nodes/{node}/stats");
    let series: StatsSeries = serde_json::from_value(admin.get(&node).await.expect(200).json()).unwrap();
    assert!(series.memory_limit_bytes > 0 && series.memory_bytes.iter().all(|bytes| *bytes > 0));
    let running = world.portal.serve();
    for (who, path) in [(&guest, container), (&guest, app), (&admin, node.as_str())] {
        let mut socket = Socket::open(running.address, who, path).await.unwrap();
        let first: StatsPoint = serde_json::from_slice(&socket.next().await.unwrap()).unwrap();
        let second: StatsPoint = serde_json::from_slice(&socket.next().await.unwrap()).unwrap();
        assert!(second.at > first.at && second.memory_bytes > 0);
    }
    running.stop().await;
}
