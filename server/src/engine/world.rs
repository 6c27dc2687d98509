//! The supervisor's working copy of an engine, from which pictures are made.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use api::OffsetDateTime;
use api::cluster::EngineFacts;
use api::container::{Container, ContainerState};
use api::image::Image;
use api::network::Network;
use api::volume::Volume;

use super::picture::{Extra, Picture};
use super::{convert, wire};

/// What is known of an engine.
#[derive(Default)]
pub(super) struct World {
    containers: HashMap<String, Known>,
    /// Containers that went away, with the time; a list that began before may still show them.
    gone: HashMap<String, Instant>,
    images: Vec<Arc<Image>>,
    networks: Vec<Arc<Network>>,
    volumes: Vec<Arc<Volume>>,
    pub(super) facts: Option<Arc<EngineFacts>>,
    pub(super) engine_id: String,
    pub(super) as_of: Option<OffsetDateTime>,
}

struct Known {
    container: Arc<Container>,
    extra: Extra,
    /// What the last list said of it, as a hash; a row that stays the same has no news, however an engine words it.
    row: Option<u64>,
    /// When an inspection last told of it.
    inspected: Option<Instant>,
}

/// What a list brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ListNews {
    /// Containers to inspect.
    pub(super) inspect: Vec<String>,
    /// Containers that are new, changed or gone.
    pub(super) changed: Vec<String>,
}

impl World {
    /// Forgets what was inspected, after time without events.
    pub(super) fn distrust(&mut self) {
        self.gone.clear();
        for known in self.containers.values_mut() {
            (known.row, known.inspected) = (None, None);
        }
    }

    /// Takes a list of all containers that was asked for at `asked`.
    pub(super) fn take_rows(&mut self, rows: Vec<wire::ContainerRow>, asked: Instant) -> ListNews {
        let mut news = ListNews::default();
        let mut seen: HashSet<String> = HashSet::with_capacity(rows.len());
        for row in rows {
            if self.gone.get(&row.id).is_some_and(|when| *when >= asked) {
                continue;
            }
            seen.insert(row.id.clone());
            let up_secs = up_secs(&row.status);
            let row = convert::container_row(row);
            let hash = hash_of(&row);
            let Some(known) = self.containers.get_mut(&row.id) else {
                news.inspect.push(row.id.clone());
                news.changed.push(row.id.clone());
                let known =
                    Known { container: Arc::new(row), extra: Extra::default(), row: Some(hash), inspected: None };
                self.containers.insert(known.container.id.clone(), known);
                continue;
            };
            let is_news = known.row.replace(hash) != Some(hash);
            if known.inspected.is_some_and(|when| when >= asked) {
                continue;
            }
            let merged = is_news.then(|| merge(row, &known.container)).filter(|merged| *merged != *known.container);
            let restarted = up_secs
                .zip(known.container.started_at)
                .is_some_and(|(secs, started)| (OffsetDateTime::now_utc() - started).whole_seconds() > secs + 5);
            if merged.is_some() || restarted || known.inspected.is_none() {
                news.inspect.push(known.container.id.clone());
            }
            if let Some(merged) = merged {
                news.changed.push(merged.id.clone());
                known.container = Arc::new(merged);
            } else if restarted {
                news.changed.push(known.container.id.clone());
            }
        }
        self.containers.retain(|id, known| {
            let keep = seen.contains(id) || known.inspected.is_some_and(|when| when >= asked);
            if !keep {
                news.changed.push(id.clone());
            }
            keep
        });
        self.gone.retain(|_, when| *when >= asked);
        news
    }

    /// Takes an inspection; whether it changed anything.
    pub(super) fn take_inspection(&mut self, mut inspect: wire::ContainerInspect, asked: Instant) -> bool {
        if self.gone.get(&inspect.id).is_some_and(|when| *when >= asked) {
            return false;
        }
        let container = convert::container(&mut inspect);
        let extra = Extra { pid: inspect.state.pid };
        let inspected = Some(Instant::now());
        let Some(known) = self.containers.get_mut(&container.id) else {
            let known = Known { container: Arc::new(container), extra, row: None, inspected };
            self.containers.insert(known.container.id.clone(), known);
            return true;
        };
        let changed = *known.container != container;
        if changed {
            known.container = Arc::new(container);
        }
        let changed = changed || known.extra != extra;
        (known.extra, known.inspected) = (extra, inspected);
        changed
    }

    /// A container is gone; whether it was known.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        self.gone.insert(id.to_owned(), Instant::now());
        self.containers.remove(id).is_some()
    }

    /// Takes a list of all images; whether it changed anything.
    pub(super) fn take_images(&mut self, rows: Vec<wire::ImageRow>) -> bool {
        let rows = rows.into_iter().map(convert::image_row);
        replace(&mut self.images, rows, |image| &image.id, |row, old| row.containers = old.containers)
    }

    /// Takes a list of all networks; whether it changed anything.
    pub(super) fn take_networks(&mut self, rows: Vec<wire::NetworkRow>) -> bool {
        let rows = rows.into_iter().map(convert::network_row);
        replace(&mut self.networks, rows, |network| &network.id, |row, old| row.containers = old.containers)
    }

    /// Takes a list of all volumes; whether it changed anything.
    pub(super) fn take_volumes(&mut self, list: wire::VolumeList) -> bool {
        let rows = list.volumes.into_iter().map(convert::volume_row);
        replace(&mut self.volumes, rows, |volume| &volume.name, |row, old| row.used_by.clone_from(&old.used_by))
    }

    /// The picture of what is known now.
    pub(super) fn picture(&mut self) -> Picture {
        let containers = self.containers.values().map(|known| (known.container.clone(), known.extra)).collect();
        let mut picture = Picture::new(containers, self.images.clone(), self.networks.clone(), self.volumes.clone());
        // The counts are filled in now; keeping them keeps unchanged objects in their place.
        self.images.clone_from(&picture.images);
        self.networks.clone_from(&picture.networks);
        self.volumes.clone_from(&picture.volumes);
        picture.facts.clone_from(&self.facts);
        picture.engine_id.clone_from(&self.engine_id);
        picture.as_of = self.as_of;
        picture
    }
}

/// A row with what only inspections tell, taken from what was known.
fn merge(mut row: Container, old: &Container) -> Container {
    if row.created_at.unix_timestamp() == old.created_at.unix_timestamp() {
        row.created_at = old.created_at;
    }
    if row.image_id == old.image_id {
        // A list shows the id once the name means another image.
        row.image.clone_from(&old.image);
    }
    if row.state == old.state {
        (row.started_at, row.finished_at, row.oom_killed) = (old.started_at, old.finished_at, old.oom_killed);
        row.exit_code = row.exit_code.or(old.exit_code);
        row.health = row.health.or(old.health);
    } else if matches!(row.state, ContainerState::Exited | ContainerState::Paused | ContainerState::Dead) {
        row.started_at = old.started_at;
    }
    for network in &mut row.networks {
        if let Some(known) = old.networks.iter().find(|known| known.name == network.name) {
            network.aliases.clone_from(&known.aliases);
        }
    }
    row
}

fn hash_of(row: &Container) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&row.name, &row.image, &row.image_id, row.state, row.health, row.exit_code, &row.labels).hash(&mut hasher);
    for port in &row.ports {
        (port.container_port, &port.protocol, port.host_port, &port.host_ip).hash(&mut hasher);
    }
    for network in &row.networks {
        (&network.name, &network.ip_address).hash(&mut hasher);
    }
    for mount in &row.mounts {
        (&mount.source, &mount.target, mount.read_only).hash(&mut hasher);
    }
    hasher.finish()
}

/// The most seconds a running container is up, from a status such as `Up 5 minutes`.
fn up_secs(status: &str) -> Option<i64> {
    let mut words = status.strip_prefix("Up ")?.split_ascii_whitespace();
    let first = words.next()?;
    let (count, unit) = match first {
        "Less" => return Some(1),
        "About" => match words.next()? {
            "a" | "an" => (1, words.next()?),
            count => (count.parse().ok()?, words.next()?),
        },
        count => (count.parse::<i64>().ok()?, words.next()?),
    };
    let unit = match unit.trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        "week" => 604_800,
        "month" => 2_678_400,
        "year" => 31_622_400,
        _ => return None,
    };
    Some((count + 1) * unit)
}

/// Puts `rows` in the place of `kept`; rows equal to what was known keep their place in memory.
fn replace<T: PartialEq>(
    kept: &mut Vec<Arc<T>>,
    rows: impl Iterator<Item = T>,
    key: impl Fn(&T) -> &String,
    carry: impl Fn(&mut T, &T),
) -> bool {
    let mut old: HashMap<String, Arc<T>> = kept.drain(..).map(|item| (key(&item).clone(), item)).collect();
    let mut changed = false;
    for mut row in rows {
        let known = old.remove(key(&row));
        if let Some(known) = &known {
            carry(&mut row, known);
        }
        kept.push(match known {
            Some(known) if *known == row => known,
            _ => {
                changed = true;
                Arc::new(row)
            }
        });
    }
    changed || !old.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, state: &str, status: &str) -> wire::ContainerRow {
        wire::ContainerRow {
            id: id.to_owned(),
            names: vec![format!("/{id}")],
            state: state.to_owned(),
            status: status.to_owned(),
            ..Default::default()
        }
    }

    fn inspection(id: &str, state: &str, exit_code: i64) -> wire::ContainerInspect {
        let mut inspect = wire::ContainerInspect { id: id.to_owned(), name: format!("/{id}"), ..Default::default() };
        inspect.state.status = state.to_owned();
        inspect.state.exit_code = exit_code;
        inspect.state.oom_killed = exit_code == 137;
        inspect.state.started_at =
            OffsetDateTime::now_utc().format(&time::format_description::well_known::Rfc3339).unwrap();
        inspect
    }

    #[test]
    fn a_list_without_news_asks_for_no_inspection() {
        let mut world = World::default();
        let rows = || vec![row("a", "running", "Up 2 seconds"), row("b", "exited", "Exited (1) 3 hours ago")];
        let news = world.take_rows(rows(), Instant::now());
        assert_eq!((news.inspect.len(), news.changed.len()), (2, 2));
        let asked = Instant::now();
        assert!(world.take_inspection(inspection("a", "running", 0), asked));
        assert!(world.take_inspection(inspection("b", "exited", 1), asked));
        assert_eq!(world.take_rows(rows(), Instant::now()), ListNews::default());
    }

    #[test]
    fn a_container_that_died_unseen_is_news_and_keeps_what_is_known() {
        let mut world = World::default();
        world.take_rows(vec![row("a", "running", "Up 2 seconds")], Instant::now());
        world.take_inspection(inspection("a", "running", 0), Instant::now());
        let news = world.take_rows(vec![row("a", "exited", "Exited (137) 1 second ago")], Instant::now());
        assert_eq!((news.inspect, news.changed), (vec!["a".to_owned()], vec!["a".to_owned()]));
        let picture = world.picture();
        assert_eq!(picture.containers[0].exit_code, Some(137));
        assert!(picture.containers[0].started_at.is_some());
        world.take_inspection(inspection("a", "exited", 137), Instant::now());
        assert!(world.picture().containers[0].oom_killed);
    }

    #[test]
    fn a_list_asked_for_earlier_neither_removes_nor_revives() {
        let mut world = World::default();
        let asked = Instant::now();
        world.take_inspection(inspection("new", "running", 0), Instant::now());
        world.take_inspection(inspection("old", "running", 0), Instant::now());
        assert!(world.remove("old"));
        let news = world.take_rows(vec![row("old", "running", "Up 1 hour")], asked);
        assert_eq!(news, ListNews::default());
        assert_eq!(world.picture().containers.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["new"]);
        assert!(!world.take_inspection(inspection("old", "running", 0), asked), "an answer on its way revives nothing");
        let news = world.take_rows(Vec::new(), Instant::now());
        assert_eq!(news.changed, ["new"]);
    }

    #[test]
    fn a_restart_without_an_event_shows_in_the_time_it_is_up() {
        let mut world = World::default();
        world.take_rows(vec![row("a", "running", "Up 3 hours")], Instant::now());
        let mut inspect = inspection("a", "running", 0);
        inspect.state.started_at = "2020-01-01T00:00:00Z".to_owned();
        world.take_inspection(inspect, Instant::now());
        let news = world.take_rows(vec![row("a", "running", "Up 6 years")], Instant::now());
        assert_eq!(news, ListNews::default());
        let news = world.take_rows(vec![row("a", "running", "Up 2 seconds")], Instant::now());
        assert_eq!(news.inspect, ["a"]);
    }

    #[test]
    fn the_time_up_is_read_from_every_wording() {
        for (text, secs) in [
            ("Up Less than a second", Some(1)),
            ("Up 1 second", Some(2)),
            ("Up About a minute", Some(120)),
            ("Up 5 minutes (healthy)", Some(360)),
            ("Up About an hour", Some(7_200)),
            ("Up 2 weeks", Some(3 * 604_800)),
            ("Exited (0) 1 second ago", None),
            ("Up", None),
            ("Up x y", None),
        ] {
            assert_eq!(up_secs(text), secs, "{text}");
        }
    }

    #[test]
    fn unchanged_objects_keep_their_place_in_memory() {
        let mut world = World::default();
        let rows = || vec![wire::ImageRow { id: "sha256:i".to_owned(), ..Default::default() }];
        let mut using = row("a", "running", "Up 1 second");
        using.image_id = "sha256:i".to_owned();
        world.take_rows(vec![using], Instant::now());
        assert!(world.take_images(rows()));
        let first = world.picture();
        assert_eq!(first.images[0].containers, 1);
        assert!(!world.take_images(rows()));
        assert!(Arc::ptr_eq(&first.images[0], &world.picture().images[0]));
        assert!(world.take_images(Vec::new()));
    }
}
