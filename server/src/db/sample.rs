//! Samples of what containers and nodes use. All of one moment are written at once; all are kept for a day.

use std::collections::HashMap;

use api::stats::StatsPoint;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{FromQueryResult, QuerySelect, Statement};

use super::Error;
use crate::monitor::{Kind, Sample, Subject};

/// Rows in one statement; SQLite takes at most 32,766 parameters.
const ROWS_AT_ONCE: usize = 1_000;
/// The most points of a series.
pub const MAX_POINTS: i64 = 300;

/// A sample as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "samples")]
pub struct Model {
    /// Which series.
    #[sea_orm(primary_key, auto_increment = false)]
    pub series: i32,
    /// Unix seconds.
    #[sea_orm(primary_key, auto_increment = false)]
    pub at: i64,
    /// Hundredths of a percent of one processor.
    pub cpu: i32,
    /// Memory in KiB.
    pub memory_kib: i64,
    /// Bytes per second received.
    pub network_rx: i64,
    /// Bytes per second sent.
    pub network_tx: i64,
    /// Bytes per second read.
    pub disk_read: i64,
    /// Bytes per second written.
    pub disk_write: i64,
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What a series is of.
pub mod series {
    use sea_orm::entity::prelude::*;

    /// A series as it is kept.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sample_series")]
    pub struct Model {
        /// A number, because it stands in every sample.
        #[sea_orm(primary_key)]
        pub id: i32,
        /// The cluster.
        pub cluster: String,
        /// `container` or `node`.
        pub kind: String,
        /// The container's id or the node's name.
        pub object: String,
        /// The project of the app it belongs to.
        pub project: Option<String>,
        /// The name of that app.
        pub app: Option<String>,
    }

    /// No relation is queried through the entity.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The number of every series, by its subject.
pub async fn find_series(connection: &impl ConnectionTrait) -> Result<HashMap<Subject, i32>, Error> {
    let kind = |name: &str| if name == Kind::Node.as_str() { Kind::Node } else { Kind::Container };
    let all = series::Entity::find().all(connection).await?;
    Ok(all
        .into_iter()
        .map(|row| (Subject { cluster: row.cluster, kind: kind(&row.kind), object: row.object }, row.id))
        .collect())
}

/// Adds series, and gives their numbers.
pub async fn insert_series<'a>(
    connection: &impl ConnectionTrait,
    new: impl Iterator<Item = (&'a Subject, &'a Sample)>,
) -> Result<Vec<(Subject, i32)>, Error> {
    let mut added = Vec::new();
    for (subject, sample) in new {
        let (project, app) = sample.app.clone().unzip();
        let row = series::ActiveModel {
            cluster: Set(subject.cluster.clone()),
            kind: Set(subject.kind.as_str().to_owned()),
            object: Set(subject.object.clone()),
            project: Set(project),
            app: Set(app),
            ..Default::default()
        };
        let row = row.insert(connection).await?;
        added.push((subject.clone(), row.id));
    }
    Ok(added)
}

/// Adds samples; those whose second is there already (the clock was set back) are left out.
pub async fn insert(connection: &impl ConnectionTrait, samples: &[(i32, StatsPoint)]) -> Result<(), Error> {
    for part in samples.chunks(ROWS_AT_ONCE) {
        let rows = part.iter().map(|(series, point)| ActiveModel {
            series: Set(*series),
            at: Set(point.at),
            cpu: Set(i32::try_from(whole(point.cpu_percent * 100.0)).unwrap_or(i32::MAX)),
            memory_kib: Set(i64::try_from(point.memory_bytes / 1024).unwrap_or(i64::MAX)),
            network_rx: Set(whole(point.network_rx_bytes_per_sec)),
            network_tx: Set(whole(point.network_tx_bytes_per_sec)),
            disk_read: Set(whole(point.disk_read_bytes_per_sec)),
            disk_write: Set(whole(point.disk_write_bytes_per_sec)),
        });
        let conflict = OnConflict::columns([Column::Series, Column::At]).do_nothing().to_owned();
        Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(connection).await?;
    }
    Ok(())
}

#[allow(clippy::cast_possible_truncation)] // beyond an exabyte a second the figure is wrong anyway
fn whole(value: f32) -> i64 {
    value.round() as i64
}

/// Removes samples before a second, and series without any. Whether series went.
pub async fn delete_before(connection: &impl ConnectionTrait, at: i64) -> Result<bool, Error> {
    // By series, so that the key is used.
    for id in
        series::Entity::find().select_only().column(series::Column::Id).into_tuple::<i32>().all(connection).await?
    {
        Entity::delete_many().filter(Column::Series.eq(id)).filter(Column::At.lt(at)).exec(connection).await?;
    }
    let backend = connection.get_database_backend();
    let empty = "DELETE FROM sample_series WHERE NOT EXISTS (SELECT 1 FROM samples WHERE series = sample_series.id)";
    let gone = connection.execute_raw(Statement::from_string(backend, empty)).await?;
    Ok(gone.rows_affected() > 0)
}

/// Which series to sum up.
#[derive(Clone, Copy, Debug)]
pub enum Selection<'a> {
    /// One thing's.
    One(&'a Subject),
    /// Those of all containers of an app, also of those that are gone.
    App {
        /// The cluster.
        cluster: &'a str,
        /// The project.
        project: &'a str,
        /// The app's name.
        app: &'a str,
    },
}

#[derive(FromQueryResult)]
struct Row {
    at: i64,
    cpu: f64,
    memory: f64,
    rx: f64,
    tx: f64,
    disk_read: f64,
    disk_write: f64,
}

/// The distance of the points of a series over so many seconds, sampled every `interval` seconds.
pub fn step(seconds: i64, interval: i64) -> i64 {
    let interval = interval.max(1);
    let least = (seconds + MAX_POINTS - 2) / (MAX_POINTS - 1);
    (least + interval - 1) / interval * interval
}

/// The averages of every `step` seconds in between `from` and `to`; of several series their sum.
pub async fn points(
    connection: &impl ConnectionTrait,
    selection: Selection<'_>,
    from: i64,
    to: i64,
    step: i64,
) -> Result<Vec<StatsPoint>, Error> {
    let find = series::Entity::find().select_only().column(series::Column::Id);
    let find = match selection {
        Selection::One(subject) => find
            .filter(series::Column::Object.eq(&subject.object))
            .filter(series::Column::Cluster.eq(&subject.cluster))
            .filter(series::Column::Kind.eq(subject.kind.as_str())),
        Selection::App { cluster, project, app } => find
            .filter(series::Column::Project.eq(project))
            .filter(series::Column::App.eq(app))
            .filter(series::Column::Cluster.eq(cluster)),
    };
    let ids: Vec<i32> = find.into_tuple().all(connection).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let average = |column: &str, name: &str| format!("CAST(AVG({column}) AS DOUBLE PRECISION) AS {name}");
    let columns = [
        average("cpu", "cpu"),
        average("memory_kib", "memory"),
        average("network_rx", "rx"),
        average("network_tx", "tx"),
        average("disk_read", "disk_read"),
        average("disk_write", "disk_write"),
    ]
    .join(", ");
    // Only numbers are put into the text.
    let sql = format!(
        "SELECT MAX(at) AS at, {columns} FROM (
            SELECT at, SUM(cpu) AS cpu, SUM(memory_kib) AS memory_kib, SUM(network_rx) AS network_rx,
                SUM(network_tx) AS network_tx, SUM(disk_read) AS disk_read, SUM(disk_write) AS disk_write
            FROM samples WHERE series IN ({ids}) AND at > {from} AND at <= {to} GROUP BY at
        ) AS moments GROUP BY at / {step} ORDER BY 1"
    );
    let rows = Row::find_by_statement(Statement::from_string(connection.get_database_backend(), sql));
    Ok(rows.all(connection).await?.into_iter().map(point).collect())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a chart needs no more digits; nothing is negative
fn point(row: Row) -> StatsPoint {
    StatsPoint {
        at: row.at,
        cpu_percent: (row.cpu / 100.0) as f32,
        memory_bytes: (row.memory * 1024.0) as u64,
        network_rx_bytes_per_sec: row.rx as f32,
        network_tx_bytes_per_sec: row.tx as f32,
        disk_read_bytes_per_sec: row.disk_read as f32,
        disk_write_bytes_per_sec: row.disk_write as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_range_has_more_points_than_a_chart_can_show() {
        for interval in [1, 2, 5, 7, 10, 15, 60] {
            for seconds in [900, 3_600, 86_400] {
                let step = step(seconds, interval);
                assert_eq!(step % interval, 0);
                assert!(seconds / step < MAX_POINTS, "{seconds} s every {interval} s");
            }
        }
        assert_eq!(step(900, 10), 10);
        assert_eq!(step(3_600, 10), 20);
    }
}
