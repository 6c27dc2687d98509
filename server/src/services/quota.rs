//! The quotas of projects. What is wanted of each app counts, not what happens to run: while an operation is under way
//! the larger of what the app was and what it becomes, and what remains wanted when it has ended.

use api::Message;
use api::permission::Permission;
use api::quota::{ProjectQuota, Quota, Usage, size_text};
use sea_orm::ConnectionTrait;
use ulid::Ulid;

use super::audit::{Outcome, audit_in};
use super::deploy::desired::{Prepared, replicas};
use super::deploy::prepare;
use super::{Error, State, project};
use crate::auth::Caller;
use crate::compose::{Project, Resources, Service};
use crate::db;
use crate::db::app::Intent;
use crate::db::operation::Request;
use crate::db::quota::Amounts;

/// The engine's own period where a file gives only `cpu_quota`, in microseconds.
const CPU_PERIOD_US: u64 = 100_000;
/// What an audit entry keeps of a quota, in characters, so that what was before never crowds out what is now.
const AUDITED: usize = 2_000;

/// The quota of a project and what is used of it.
pub async fn get(state: &State, caller: &Caller, project: &str) -> Result<ProjectQuota, Error> {
    let project = project::find(state, caller, Permission::ViewApp, project).await?;
    let quota = db::quota::find(state.db.read(), project.id).await?;
    Ok(ProjectQuota { quota, usage: usage(state.db.read(), project.id).await? })
}

/// Replaces the quota of a project. It limits its administrators, too, so they may not.
pub async fn set(state: &State, caller: &Caller, name: &str, mut quota: Quota) -> Result<ProjectQuota, Error> {
    let project = project::find(state, caller, Permission::ManagePortal, name).await?;
    let mut problems = quota.problems();
    if let Some(clusters) = &mut quota.clusters {
        for (place, cluster) in clusters.iter().enumerate().filter(|(_, name)| state.clusters.get(name).is_none()) {
            let message = Message::new("quota.cluster.unknown").with("cluster", cluster);
            problems.push(api::FieldProblem::new(format!("clusters[{place}]"), message));
        }
        clusters.sort();
        clusters.dedup();
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let (before, usage) = state
        .db
        .write(async |txn| {
            if !db::project::hold(txn, project.id).await? {
                return Err(Error::not_found("project", name));
            }
            let before = db::quota::find(txn, project.id).await?;
            db::quota::put(txn, project.id, &quota).await?;
            Ok::<_, Error>((before, usage(txn, project.id).await?))
        })
        .await?;
    let detail = format!("before={} after={}", audited(&before), audited(&quota));
    audit_in(state, Some(name), caller, "quota.update", name, Outcome::Done, &detail).await;
    Ok(ProjectQuota { quota, usage })
}

fn audited(quota: &Quota) -> String {
    serde_json::to_string(quota).unwrap_or_default().chars().take(AUDITED).collect()
}

async fn usage(connection: &impl ConnectionTrait, project: Ulid) -> Result<Usage, db::Error> {
    let used = sum(db::quota::counted(connection, project).await?.into_values());
    let Amounts { cpus_milli, memory_bytes, containers, volumes } = used;
    #[expect(clippy::cast_precision_loss, reason = "beyond nine billion processors")]
    let cpus = cpus_milli as f64 / 1_000.0;
    Ok(Usage { cpus, memory_bytes, containers, volumes })
}

fn sum(amounts: impl Iterator<Item = Amounts>) -> Amounts {
    amounts.fold(Amounts::default(), Amounts::plus)
}

/// What is asked for an app.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The cluster.
    pub cluster: &'a str,
    /// The model of its Compose file.
    pub model: &'a Project,
    /// The rest of what is wanted.
    pub intent: &'a Intent,
    /// Whether it is a release. Anything else is judged only where it asks for more than the app has.
    pub is_release: bool,
}

/// Why a quota does not allow what is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field of the request.
    pub field: String,
    /// For people.
    pub message: Message,
}

impl Ask<'_> {
    fn running(&self) -> impl Iterator<Item = (&str, &Service, u64)> {
        let services = self.model.services.iter();
        let counted = services.map(move |(name, service)| {
            let copies = if Prepared::is_wanted(name, self.intent) { replicas(name, service, self.intent) } else { 0 };
            (name.as_str(), service, u64::from(copies))
        });
        counted.filter(|(.., copies)| *copies > 0)
    }

    fn amounts(&self) -> Amounts {
        let volumes = self.model.volumes.values().filter(|volume| !volume.external).count() as u64;
        let copies = self.running().map(|(_, service, copies)| Amounts {
            cpus_milli: cpus_milli(&service.resources).unwrap_or_default().saturating_mul(copies),
            memory_bytes: memory_bytes(&service.resources).unwrap_or_default().saturating_mul(copies),
            containers: copies,
            volumes: 0,
        });
        sum(copies).plus(Amounts { volumes, ..Amounts::default() })
    }
}

/// What is limited; the engine takes 0 and less for no limit.
fn limit(value: Option<i64>) -> Option<u64> {
    value.and_then(|value| u64::try_from(value).ok()).filter(|value| *value > 0)
}

fn cpus_milli(resources: &Resources) -> Option<u64> {
    if let Some(nanos) = limit(resources.nano_cpus) {
        return Some(nanos.div_ceil(1_000_000));
    }
    let period = limit(resources.cpu_period_us).unwrap_or(CPU_PERIOD_US);
    Some(limit(resources.cpu_quota_us)?.saturating_mul(1_000).div_ceil(period))
}

fn memory_bytes(resources: &Resources) -> Option<u64> {
    limit(resources.memory_bytes)
}

/// The quota of a project as one of its apps meets it.
#[derive(Clone, Debug)]
pub struct Account {
    quota: Quota,
    own: Amounts,
    others: Amounts,
}

impl Account {
    /// As it is now; a new app has nothing of its own.
    pub async fn read(connection: &impl ConnectionTrait, project: Ulid, app: Ulid) -> Result<Self, db::Error> {
        let quota = db::quota::find(connection, project).await?;
        let mut counted = db::quota::counted(connection, project).await?;
        let own = counted.remove(&app).unwrap_or_default();
        Ok(Self { quota, own, others: sum(counted.into_values()) })
    }

    /// The first reason why the app cannot have what is asked for.
    pub fn refusal(&self, ask: &Ask<'_>) -> Option<Refusal> {
        let asked = ask.amounts();
        if !ask.is_release && asked.most(self.own) == self.own {
            return None;
        }
        self.cluster(ask).or_else(|| self.unlimited(ask)).or_else(|| self.ports(ask)).or_else(|| self.exceeded(asked))
    }

    fn cluster(&self, ask: &Ask<'_>) -> Option<Refusal> {
        let granted = self.quota.clusters.as_ref()?;
        if granted.iter().any(|name| name == ask.cluster) {
            return None;
        }
        let message = if granted.is_empty() {
            Message::new("quota.cluster.none")
        } else {
            Message::new("quota.cluster.other").with("granted", granted.join(", "))
        };
        Some(Refusal { field: "cluster".to_owned(), message: message.with("cluster", ask.cluster) })
    }

    /// A copy without a limit could take everything.
    fn unlimited(&self, ask: &Ask<'_>) -> Option<Refusal> {
        ask.running().find_map(|(name, service, _)| {
            let (field, key) = if self.quota.cpus.is_some() && cpus_milli(&service.resources).is_none() {
                ("cpus", "quota.limit.cpus")
            } else if self.quota.memory_bytes.is_some() && memory_bytes(&service.resources).is_none() {
                ("memory", "quota.limit.memory")
            } else {
                return None;
            };
            let field = format!("services.{name}.deploy.resources.limits.{field}");
            Some(in_file(&field, Message::new(key)))
        })
    }

    fn ports(&self, ask: &Ask<'_>) -> Option<Refusal> {
        let quota = &self.quota;
        if quota.ports.is_empty() {
            return None;
        }
        let ranges = quota.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        ask.running().find_map(|(name, service, _)| {
            let refused = |port: &crate::compose::Port| match port.published {
                Some(range) if quota.covers(range.first, range.last) => None,
                Some(range) => {
                    let port = api::quota::PortRange { first: range.first, last: range.last };
                    Some(Message::new("quota.port").with("port", port))
                }
                None => Some(Message::new("quota.port.any").with("port", port.target)),
            };
            let mut ports = service.ports.iter().enumerate();
            let (place, message) = ports.find_map(|(place, port)| Some((place, refused(port)?)))?;
            Some(in_file(&format!("services.{name}.ports[{place}]"), message.with("ranges", &ranges)))
        })
    }

    fn exceeded(&self, asked: Amounts) -> Option<Refusal> {
        let Self { quota, own, others } = self;
        let cpus_limit = limit_milli(quota);
        let amounts: [Limited; 4] = [
            (
                "quota.exceeded.containers",
                [asked.containers, own.containers, others.containers],
                quota.containers,
                number,
            ),
            ("quota.exceeded.cpus", [asked.cpus_milli, own.cpus_milli, others.cpus_milli], cpus_limit, cpus),
            (
                "quota.exceeded.memory",
                [asked.memory_bytes, own.memory_bytes, others.memory_bytes],
                quota.memory_bytes,
                size_text,
            ),
            ("quota.exceeded.volumes", [asked.volumes, own.volumes, others.volumes], quota.volumes, number),
        ];
        amounts.into_iter().find_map(|(key, [asked, own, others], limit, text)| {
            let limit = limit?;
            if asked <= own || others.saturating_add(asked) <= limit {
                return None;
            }
            let message = Message::new(key).with("used", text(others)).with("asked", text(asked));
            Some(Refusal { field: "compose".to_owned(), message: message.with("limit", text(limit)) })
        })
    }
}

/// The message's key; what is asked, one's own and the others'; the limit; how an amount is written.
type Limited = (&'static str, [u64; 3], Option<u64>, fn(u64) -> String);

fn in_file(field: &str, message: Message) -> Refusal {
    Refusal { field: format!("compose.{field}"), message: message.with("field", field) }
}

fn number(count: u64) -> String {
    count.to_string()
}

fn cpus(milli: u64) -> String {
    match (milli / 1_000, milli % 1_000) {
        (whole, 0) => whole.to_string(),
        (whole, rest) => format!("{whole}.{rest:03}").trim_end_matches('0').to_owned(),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked when the quota was set")]
fn limit_milli(quota: &Quota) -> Option<u64> {
    quota.cpus.map(|cpus| (cpus * 1_000.0).round() as u64)
}

/// Counts an app with what is asked for, or refuses it. The project has to be held by the transaction, so that others
/// count it, too; and the operation has to be in it, so that the app is nobody else's.
pub async fn claim(txn: &impl ConnectionTrait, project: Ulid, app: Ulid, ask: &Ask<'_>) -> Result<(), Error> {
    let account = Account::read(txn, project, app).await?;
    if let Some(refusal) = account.refusal(ask) {
        return Err(Error::Forbidden(refusal.message));
    }
    Ok(db::quota::count(txn, project, app, account.own.most(ask.amounts())).await?)
}

/// Counts an app with what remains wanted of it, at the end of an operation. Where an update was left half-way, copies
/// of both releases run, so the larger stays counted.
pub async fn settle(txn: &impl ConnectionTrait, app: Ulid) -> Result<(), db::Error> {
    let Some(found) = db::app::find(txn, app).await?.filter(|app| !app.intent.paused) else { return Ok(()) };
    match wanted(txn, app, &found.cluster, found.release, &found.intent).await? {
        Some(amounts) => db::quota::recount(txn, app, amounts).await,
        None => Ok(()),
    }
}

/// Counts the apps that an earlier version made.
pub async fn catch_up(state: &State) -> Result<(), Error> {
    for app in db::app::list(state.db.read()).await? {
        if db::quota::is_counted(state.db.read(), app.id).await? {
            continue;
        }
        let asked = match db::operation::find_unfinished(state.db.read(), app.id).await?.map(|found| found.request) {
            Some(Request::App { after, .. }) => after.unwrap_or_default(),
            _ => db::operation::Wanted::default(),
        };
        let mut amounts = Amounts::default();
        for (release, intent) in [(app.release, &app.intent), (asked.release, &asked.intent)] {
            let found = wanted(state.db.read(), app.id, &app.cluster, release, intent).await?;
            amounts = amounts.most(found.unwrap_or_default());
        }
        state.db.write(async |txn| db::quota::count(txn, app.project_id, app.id, amounts).await).await?;
    }
    Ok(())
}

/// What a release asks for; `None` where it cannot be read any more.
async fn wanted(
    connection: &impl ConnectionTrait,
    app: Ulid,
    cluster: &str,
    release: Option<u32>,
    intent: &Intent,
) -> Result<Option<Amounts>, db::Error> {
    let Some(number) = release else { return Ok(Some(Amounts::default())) };
    let release = db::release::find(connection, app, number).await?;
    let Some(parsed) = release.and_then(|release| prepare::parse(&release.content).ok()) else {
        tracing::warn!(%app, release = number, "a release cannot be read, so the quota counts what it did before");
        return Ok(None);
    };
    Ok(Some(Ask { cluster, model: &parsed.project, intent, is_release: false }.amounts()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use api::quota::PortRange;

    use super::*;
    use crate::compose::{Source, parse};

    fn model(text: &str) -> Project {
        let source = Source { text: text.to_owned(), ..Source::default() };
        parse(&source, &BTreeMap::new()).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).project
    }

    fn amounts(text: &str, intent: &Intent) -> Amounts {
        Ask { cluster: "local", model: &model(text), intent, is_release: true }.amounts()
    }

    fn of(cpus_milli: u64, memory_bytes: u64, containers: u64, volumes: u64) -> Amounts {
        Amounts { cpus_milli, memory_bytes, containers, volumes }
    }

    const SHOP: &str = "services:
  web: {image: a, mem_limit: 64m, cpus: 0.25, deploy: {replicas: 3}}
  db: {image: b, deploy: {resources: {limits: {cpus: '1.5', memory: 1g}}}}
  job: {image: c, cpu_quota: 50000, scale: 0}
volumes: {data: {}, more: {}, theirs: {external: true}}
";

    #[test]
    fn copies_that_are_wanted_count_with_their_limits() {
        const MIB: u64 = 1 << 20;
        let mut intent = Intent::default();
        assert_eq!(amounts(SHOP, &intent), of(2_250, (3 * 64 + 1_024) * MIB, 4, 2));
        intent.replicas.extend([("web".to_owned(), 1), ("job".to_owned(), 2)]);
        assert_eq!(amounts(SHOP, &intent), of(250 + 1_500 + 2 * 500, (64 + 1_024) * MIB, 4, 2));
        intent.stopped_services.insert("db".to_owned());
        assert_eq!(amounts(SHOP, &intent), of(250 + 2 * 500, 64 * MIB, 3, 2));
        intent.stopped = true;
        assert_eq!(amounts(SHOP, &intent), of(0, 0, 0, 2), "volumes stay");
    }

    #[test]
    fn no_limit_and_a_limit_of_nothing_are_the_same() {
        for lines in ["tty: true", "cpus: 0", "mem_limit: 0", "cpu_quota: -1"] {
            let text = format!("services: {{web: {{image: a, {lines}}}}}");
            assert_eq!(amounts(&text, &Intent::default()), of(0, 0, 1, 0), "{lines}");
        }
        let period = "services: {web: {image: a, cpu_quota: 50000, cpu_period: 200000}}";
        assert_eq!(amounts(period, &Intent::default()).cpus_milli, 250);
    }

    #[test]
    fn what_asks_for_no_more_than_the_app_has_passes_a_lower_quota() {
        let model = model("services: {web: {image: a, ports: ['80:80']}}");
        let quota = Quota {
            containers: Some(0),
            cpus: Some(0.0),
            ports: vec![PortRange { first: 81, last: 90 }],
            clusters: Some(Vec::new()),
            ..Quota::default()
        };
        let account = Account { quota, own: of(0, 0, 1, 0), others: of(0, 0, 5, 0) };
        let intent = Intent::default();
        let ask = Ask { cluster: "local", model: &model, intent: &intent, is_release: false };
        assert_eq!(account.refusal(&ask), None);
        let fields = |account: &Account, ask: &Ask<'_>| account.refusal(ask).map(|refusal| refusal.field);
        let release = Ask { is_release: true, ..ask };
        assert_eq!(fields(&account, &release).as_deref(), Some("cluster"));
        let mut account = account;
        account.quota.clusters = None;
        let limit = "compose.services.web.deploy.resources.limits.cpus";
        assert_eq!(fields(&account, &release).as_deref(), Some(limit));
        account.quota.cpus = None;
        assert_eq!(fields(&account, &release).as_deref(), Some("compose.services.web.ports[0]"));
        account.quota.ports.clear();
        assert_eq!(fields(&account, &release), None, "the very copies that it has");
        account.own = Amounts::default();
        assert_eq!(fields(&account, &ask).as_deref(), Some("compose"));
    }

    #[test]
    fn processors_are_written_without_needless_digits() {
        assert_eq!([0, 1, 250, 1_500, 2_000].map(cpus), ["0", "0.001", "0.25", "1.5", "2"]);
    }
}
