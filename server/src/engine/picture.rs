//! What is known of an engine: an immutable snapshot that pages read without asking the engine.

use std::collections::HashMap;
use std::sync::Arc;

use api::OffsetDateTime;
use api::cluster::{ClusterCounts, EngineFacts};
use api::container::{Container, ContainerState, Health};
use api::image::Image;
use api::network::Network;
use api::volume::Volume;

/// A snapshot of an engine.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// The containers, by name.
    pub containers: Vec<Arc<Container>>,
    /// The images, by first name, nameless ones last.
    pub images: Vec<Arc<Image>>,
    /// The networks, by name.
    pub networks: Vec<Arc<Network>>,
    /// The volumes, by name.
    pub volumes: Vec<Arc<Volume>>,
    /// What the engine says of itself.
    pub facts: Option<Arc<EngineFacts>>,
    /// The engine's own id.
    pub engine_id: String,
    /// When the picture was last known to be true.
    pub as_of: Option<OffsetDateTime>,
    /// Places in `containers`, in the order of the ids.
    by_id: Vec<u32>,
    /// What belongs to each of `containers` and is nobody's business outside.
    pub(super) extras: Vec<Extra>,
}

/// What the portal knows of a container beyond the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extra {
    /// Its first process on the engine's machine; 0 where unknown or not running.
    pub(super) pid: u32,
}

/// Why a name means no single container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// No object has it.
    Unknown,
    /// Several ids begin with it.
    Ambiguous,
}

impl Picture {
    /// A picture of containers in any order; the counts of images, networks and volumes are filled in.
    pub(super) fn new(
        mut containers: Vec<(Arc<Container>, Extra)>,
        mut images: Vec<Arc<Image>>,
        mut networks: Vec<Arc<Network>>,
        mut volumes: Vec<Arc<Volume>>,
    ) -> Self {
        containers.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name).then_with(|| a.id.cmp(&b.id)));
        images.sort_by(|a, b| {
            let key = |image: &Image| (image.tags.is_empty(), image.tags.first().cloned(), image.id.clone());
            key(a).cmp(&key(b))
        });
        networks.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.id.cmp(&b.id)));
        volumes.sort_by(|a, b| a.name.cmp(&b.name));
        let (containers, extras): (Vec<_>, Vec<_>) = containers.into_iter().unzip();
        count_users(&containers, &mut images, &mut networks, &mut volumes);
        let mut by_id: Vec<u32> = (0..u32::try_from(containers.len()).unwrap_or(u32::MAX)).collect();
        by_id.sort_by(|a, b| containers[*a as usize].id.cmp(&containers[*b as usize].id));
        Self { containers, images, networks, volumes, by_id, extras, ..Self::default() }
    }

    /// The container with this id.
    pub fn container(&self, id: &str) -> Option<&Arc<Container>> {
        self.place(id).map(|place| &self.containers[place])
    }

    /// The container with this id, name, or beginning of an id.
    pub fn find_container(&self, reference: &str) -> Result<&Arc<Container>, Lookup> {
        if let Some(container) = self.container(reference) {
            return Ok(container);
        }
        if let Ok(place) = self.containers.binary_search_by(|container| container.name.as_str().cmp(reference)) {
            return Ok(&self.containers[place]);
        }
        if reference.is_empty() || !reference.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Lookup::Unknown);
        }
        let id = |place: &u32| self.containers[*place as usize].id.as_str();
        let first = self.by_id.partition_point(|place| id(place) < reference);
        let mut fitting = self.by_id[first..].iter().take_while(|place| id(place).starts_with(reference));
        match (fitting.next(), fitting.next()) {
            (Some(place), None) => Ok(&self.containers[*place as usize]),
            (Some(_), Some(_)) => Err(Lookup::Ambiguous),
            (None, _) => Err(Lookup::Unknown),
        }
    }

    /// The image with this id (with or without `sha256:`), beginning of an id, name, or name by digest. A name without a
    /// tag means `latest`; Docker Hub's prefixes may be left out or written.
    pub fn find_image(&self, reference: &str) -> Result<&Arc<Image>, Lookup> {
        let short = short_name(reference);
        let tagged = if short.contains('@') || short.rsplit('/').next().is_some_and(|last| last.contains(':')) {
            short.to_owned()
        } else {
            format!("{short}:latest")
        };
        let named = |image: &&Arc<Image>| {
            image.id == reference
                || image.tags.iter().any(|tag| short_name(tag) == tagged)
                || image.digests.iter().any(|digest| short_name(digest) == short)
        };
        if let Some(image) = self.images.iter().find(named) {
            return Ok(image);
        }
        let hex = reference.strip_prefix("sha256:").unwrap_or(reference);
        if hex.len() < 4 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Lookup::Unknown);
        }
        let begins = |image: &&Arc<Image>| image.id.trim_start_matches("sha256:").starts_with(hex);
        let mut fitting = self.images.iter().filter(begins);
        match (fitting.next(), fitting.next()) {
            (Some(image), None) => Ok(image),
            (Some(_), Some(_)) => Err(Lookup::Ambiguous),
            (None, _) => Err(Lookup::Unknown),
        }
    }

    /// The network with this id or name.
    pub fn find_network(&self, reference: &str) -> Option<&Arc<Network>> {
        let by_id = self.networks.iter().find(|network| network.id == reference);
        by_id.or_else(|| self.networks.iter().find(|network| network.name == reference))
    }

    /// The volume with this name.
    pub fn find_volume(&self, name: &str) -> Option<&Arc<Volume>> {
        self.volumes.binary_search_by(|volume| volume.name.as_str().cmp(name)).ok().map(|place| &self.volumes[place])
    }

    /// The containers that use an image.
    pub fn users_of_image<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Arc<Container>> {
        self.containers.iter().filter(move |container| container.image_id == id)
    }

    /// How many of what there is.
    pub fn counts(&self) -> ClusterCounts {
        let count = |fits: &dyn Fn(&Container) -> bool| self.containers.iter().filter(|c| fits(c)).count() as u64;
        ClusterCounts {
            containers_running: count(&|c| c.state == ContainerState::Running),
            containers: self.containers.len() as u64,
            containers_unhealthy: count(&|c| c.health == Some(Health::Unhealthy)),
            images: self.images.len() as u64,
            networks: self.networks.len() as u64,
            volumes: self.volumes.len() as u64,
            nodes: u64::from(self.facts.is_some()),
        }
    }

    pub(super) fn extra(&self, id: &str) -> Extra {
        self.place(id).and_then(|place| self.extras.get(place).copied()).unwrap_or_default()
    }

    fn place(&self, id: &str) -> Option<usize> {
        let found = self.by_id.binary_search_by(|place| self.containers[*place as usize].id.as_str().cmp(id)).ok()?;
        Some(self.by_id[found] as usize)
    }
}

/// An image's name without the prefixes that Docker Hub implies.
fn short_name(name: &str) -> &str {
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

/// Fills in how many containers use what; objects that stay equal keep their place in memory.
fn count_users(
    containers: &[Arc<Container>],
    images: &mut [Arc<Image>],
    networks: &mut [Arc<Network>],
    volumes: &mut [Arc<Volume>],
) {
    let mut of_image: HashMap<&str, u64> = HashMap::new();
    let mut of_network: HashMap<&str, u64> = HashMap::new();
    let mut of_volume: HashMap<&str, Vec<&str>> = HashMap::new();
    for container in containers {
        *of_image.entry(&container.image_id).or_default() += 1;
        for network in &container.networks {
            *of_network.entry(&network.name).or_default() += 1;
        }
        for mount in container.mounts.iter().filter(|mount| mount.kind == "volume") {
            of_volume.entry(&mount.source).or_default().push(&container.name);
        }
    }
    for image in images {
        let count = of_image.get(image.id.as_str()).copied().unwrap_or(0);
        if image.containers != count {
            Arc::make_mut(image).containers = count;
        }
    }
    for network in networks {
        let count = of_network.get(network.name.as_str()).copied().unwrap_or(0);
        if network.containers != count {
            Arc::make_mut(network).containers = count;
        }
    }
    for volume in volumes {
        let users = of_volume.get(volume.name.as_str()).map_or(&[][..], Vec::as_slice);
        if volume.used_by != users {
            Arc::make_mut(volume).used_by = users.iter().map(|name| (*name).to_owned()).collect();
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::engine::{convert, wire};

    pub(crate) fn a_container(id: &str, name: &str, image_id: &str) -> Arc<Container> {
        let mut container = convert::container_row(wire::ContainerRow::default());
        container.id = id.to_owned();
        container.name = name.to_owned();
        container.image_id = image_id.to_owned();
        Arc::new(container)
    }

    fn an_image(id: &str, tags: &[&str]) -> Arc<Image> {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Arc::new(convert::image_row(wire::ImageRow { id: id.to_owned(), repo_tags: tags, ..Default::default() }))
    }

    fn picture() -> Picture {
        let containers = [("aa11", "web"), ("aa22", "db"), ("bb33", "aa1")]
            .map(|(id, name)| (a_container(id, name, "sha256:ffff0000"), Extra::default()));
        let images = vec![
            an_image("sha256:ffff0000", &["web:1", "registry:5000/team/web:1"]),
            an_image("sha256:eeee0000", &["docker.io/library/nginx:latest"]),
            an_image("sha256:dddd0000", &[]),
        ];
        Picture::new(containers.to_vec(), images, Vec::new(), Vec::new())
    }

    #[test]
    fn containers_are_found_by_id_name_and_beginning() {
        let picture = picture();
        let name = |reference| picture.find_container(reference).map(|container| container.name.as_str());
        assert_eq!(name("aa11"), Ok("web"));
        assert_eq!(name("db"), Ok("db"));
        assert_eq!(name("b"), Ok("aa1"), "an id's beginning");
        assert_eq!(name("aa1"), Ok("aa1"), "a name goes before an id's beginning");
        assert_eq!(name("aa"), Err(Lookup::Ambiguous));
        assert_eq!(name(""), Err(Lookup::Unknown));
        assert_eq!(name("zz"), Err(Lookup::Unknown));
        assert_eq!(picture.containers.iter().map(|c| &c.name).collect::<Vec<_>>(), ["aa1", "db", "web"]);
    }

    #[test]
    fn images_are_found_by_every_spelling_of_their_name() {
        let picture = picture();
        let id = |reference| picture.find_image(reference).map(|image| &image.id[7..11]);
        for spelling in ["nginx", "nginx:latest", "library/nginx", "docker.io/library/nginx:latest", "eeee"] {
            assert_eq!(id(spelling), Ok("eeee"), "{spelling}");
        }
        assert_eq!(id("registry:5000/team/web:1"), Ok("ffff"));
        assert_eq!(id("sha256:dddd"), Ok("dddd"));
        assert_eq!(id("web"), Err(Lookup::Unknown), "web:latest does not exist");
        assert_eq!(id("registry:5000/team/web"), Err(Lookup::Unknown));
        assert_eq!(picture.find_image("web:1").unwrap().containers, 3);
        assert!(picture.images[2].tags.is_empty(), "nameless images come last");
    }
}
