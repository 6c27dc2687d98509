//! Finding anything by its name.

use api::List;
use api::overview::{Target, TargetKind};
use api::permission::Permission;
use api::search::Found;
use api::token::Scope;

use super::listing::{begins, contains};
use super::{Error, State, node};
use crate::auth::Caller;
use crate::db;
use crate::engine::Cluster;

/// The most that is found.
const MOST: usize = 20;
/// The longest text that is searched for.
const LONGEST: usize = 200;

/// What the caller may see whose name or id contains every word of `q`; the best come first.
pub async fn search(state: &State, caller: &Caller, q: &str) -> Result<List<Found>, Error> {
    caller.require_scope(Scope::Read)?;
    let words: Vec<_> = q.chars().take(LONGEST).collect::<String>().split_whitespace().map(str::to_lowercase).collect();
    let mut hits = Hits { words, found: Vec::new() };
    if !hits.words.is_empty() {
        for app in db::app::list(state.db.read()).await?.into_iter().filter(|app| caller.sees(&app.project)) {
            hits.offer(TargetKind::App, &app.name, &app.name, Some(&app.cluster), Some(&app.project), || {
                app.project.clone()
            });
        }
        for cluster in state.clusters.iter() {
            hits.offer_cluster(cluster, caller);
        }
    }
    let total = hits.found.len() as u64;
    hits.found.sort_by(|(a, found), (b, other)| a.cmp(b).then_with(|| found.target.name.cmp(&other.target.name)));
    let items = hits.found.into_iter().take(MOST).map(|(_, found)| found).collect();
    Ok(List { items, total, next: None, age_ms: None })
}

/// How good a hit is: less is better.
type Rank = (u8, u8);

struct Hits {
    words: Vec<String>,
    found: Vec<(Rank, Found)>,
}

impl Hits {
    fn offer_cluster(&mut self, cluster: &Cluster, caller: &Caller) {
        let (picture, name) = (cluster.picture(), Some(cluster.name()));
        let all = caller.may(Permission::ViewCluster, None);
        for container in &picture.containers {
            let project = container.project.as_deref();
            if all || project.is_some_and(|project| caller.sees(project)) {
                self.offer(TargetKind::Container, &container.id, &container.name, name, project, || {
                    container.image.clone()
                });
            }
        }
        if !all {
            return;
        }
        for image in &picture.images {
            let tag = image.tags.first().or(image.digests.first()).unwrap_or(&image.id);
            self.offer(TargetKind::Image, &image.id, tag, name, None, || image.tags.get(1..).unwrap_or(&[]).join(", "));
        }
        for network in &picture.networks {
            self.offer(TargetKind::Network, &network.id, &network.name, name, None, || network.driver.clone());
        }
        for volume in &picture.volumes {
            self.offer(TargetKind::Volume, &volume.name, &volume.name, name, None, || volume.driver.clone());
        }
        if let Some(node) = node::of(cluster) {
            self.offer(TargetKind::Node, &node.id, &node.name, name, None, || node.engine.operating_system.clone());
        }
        if let Some(name) = name {
            self.offer(TargetKind::Cluster, name, name, Some(name), None, || cluster.endpoint());
        }
    }

    fn offer(
        &mut self,
        kind: TargetKind,
        id: &str,
        name: &str,
        cluster: Option<&str>,
        project: Option<&str>,
        detail: impl FnOnce() -> String,
    ) {
        let Some(rank) = rank(&self.words, kind, id, name) else { return };
        let target = Target {
            kind,
            id: id.to_owned(),
            name: name.to_owned(),
            cluster: cluster.map(str::to_owned),
            project: project.map(str::to_owned),
        };
        self.found.push((rank, Found { target, detail: detail() }));
    }
}

fn rank(words: &[String], kind: TargetKind, id: &str, name: &str) -> Option<Rank> {
    if !words.iter().all(|word| contains(name, word) || begins(id, word)) {
        return None;
    }
    let lower = name.to_lowercase();
    let best = words.first().map_or(3, |word| {
        if lower == *word {
            0
        } else if lower.starts_with(word.as_str()) {
            1
        } else if lower.contains(word.as_str()) {
            2
        } else {
            3
        }
    });
    let order = match kind {
        TargetKind::App => 0,
        TargetKind::Container => 1,
        TargetKind::Image => 2,
        TargetKind::Volume => 3,
        TargetKind::Network => 4,
        TargetKind::Node | TargetKind::Cluster | TargetKind::Operation => 5,
    };
    Some((best, order))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(q: &str, name: &str) -> Option<Rank> {
        let words: Vec<_> = q.split_whitespace().map(str::to_owned).collect();
        rank(&words, TargetKind::Container, "0123456789abcdef", name)
    }

    #[test]
    fn the_whole_name_goes_before_its_beginning_and_that_before_its_middle() {
        assert!(of("web", "web") < of("web", "web-1"));
        assert!(of("web", "web-1") < of("web", "shop-web"));
        assert!(of("web", "shop-web") < of("0123", "shop-web"));
        assert_eq!(of("012", "shop-web"), None, "three letters of an id are no hit");
        assert_eq!(of("web nobody", "shop-web"), None);
        assert!(of("shop web", "Web-of-the-Shop").is_some());
    }
}
