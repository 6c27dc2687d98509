//! Reading and changing an engine's containers, networks and volumes.

use std::collections::BTreeMap;
use std::time::Duration;

use api::client::Query;
use api::cluster::DiskUsage;
use api::container::{ContainerDetail, ContainerNetwork, ContainerState, Health, Mount, Port};
use api::network::Network;
use api::volume::Volume;
use bollard::models::{NetworkConnectRequest, NetworkDisconnectRequest};
use bollard::query_parameters::{
    KillContainerOptions, RemoveContainerOptions, RemoveVolumeOptions, RenameContainerOptions, RestartContainerOptions,
    StopContainerOptions, UploadToContainerOptions,
};
use bytes::Bytes;
use http::Method;

use super::client::segment;
use super::cluster::Cluster;
use super::error::Error;
use super::spec::{ContainerSpec, FileSpec, LABEL_APP, NetworkAttachment, NetworkSpec, VolumeSpec};
use super::{convert, create, wire};

/// What an engine does to end a container that was made without a time to end.
const DEFAULT_GRACE_SECS: u64 = 10;
/// What a call may take beyond the time it asked the engine to wait.
const BEYOND_GRACE: Duration = Duration::from_secs(10);

/// How long a measurement of the disk is good.
const DISK_USAGE_KEPT: Duration = Duration::from_mins(1);

/// A container of an app as the engine tells it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActualContainer {
    /// The engine's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The image as it was asked for.
    pub image: String,
    /// The image's id.
    pub image_id: String,
    /// What it is doing.
    pub state: ContainerState,
    /// What its health check says.
    pub health: Option<Health>,
    /// The code it ended with.
    pub exit_code: Option<i64>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The networks it is in.
    pub networks: Vec<ContainerNetwork>,
    /// Its ports; those on the host only while it runs.
    pub ports: Vec<Port>,
    /// What is mounted in it.
    pub mounts: Vec<Mount>,
    /// When it was made.
    pub created_at: api::OffsetDateTime,
}

impl Cluster {
    /// A container with everything its page shows; by id or name.
    pub async fn inspect_container(&self, id: &str) -> Result<ContainerDetail, Error> {
        let path = format!("/containers/{}/json", segment(id)?);
        let inspect = self.call("inspect", async |client| client.get(&path, &Query::new()).await).await?;
        Ok(convert::container_detail(inspect))
    }

    /// The engine's own description of a container.
    pub async fn inspect_container_raw(&self, id: &str) -> Result<serde_json::Value, Error> {
        let path = format!("/containers/{}/json", segment(id)?);
        self.call("inspect", async |client| client.get(&path, &Query::new()).await).await
    }

    /// The containers of an app of ours (its ULID), of any state, straight from the engine.
    pub async fn list_app_containers(&self, app: &str) -> Result<Vec<ActualContainer>, Error> {
        self.list_labelled(&format!("{LABEL_APP}={app}")).await
    }

    /// The containers with a label (`name` or `name=value`), of any state, straight from the engine.
    pub async fn list_labelled(&self, label: &str) -> Result<Vec<ActualContainer>, Error> {
        let filters = serde_json::json!({ "label": [label] });
        let query = Query::new().with("all", true).with("filters", filters);
        let deadline = self.shared.settings.periods.list;
        let rows: Vec<wire::ContainerRow> =
            self.long_call("list", deadline, async |client| client.get("/containers/json", &query).await).await?;
        let actual = |row| {
            let row = convert::container_row(row);
            ActualContainer {
                id: row.id,
                name: row.name,
                image: row.image,
                image_id: row.image_id,
                state: row.state,
                health: row.health,
                exit_code: row.exit_code,
                labels: row.labels,
                networks: row.networks,
                ports: row.ports,
                mounts: row.mounts,
                created_at: row.created_at,
            }
        };
        Ok(rows.into_iter().map(actual).collect())
    }

    /// The networks, straight from the engine.
    pub async fn list_networks(&self) -> Result<Vec<Network>, Error> {
        let deadline = self.shared.settings.periods.list;
        let rows: Vec<wire::NetworkRow> = self
            .long_call("list networks", deadline, async |client| client.get("/networks", &Query::new()).await)
            .await?;
        Ok(rows.into_iter().map(convert::network_row).collect())
    }

    /// The volumes, straight from the engine.
    pub async fn list_volumes(&self) -> Result<Vec<Volume>, Error> {
        let deadline = self.shared.settings.periods.list;
        let list: wire::VolumeList = self
            .long_call("list volumes", deadline, async |client| client.get("/volumes", &Query::new()).await)
            .await?;
        Ok(list.volumes.into_iter().map(convert::volume_row).collect())
    }

    /// The disk the engine uses; it can take seconds to measure, and is measured once a minute at most.
    pub async fn disk_usage(&self) -> Result<DiskUsage, Error> {
        let mut kept = self.shared.disk.lock().await;
        if let Some((_, usage)) = kept.as_ref().filter(|(at, _)| at.elapsed() < DISK_USAGE_KEPT) {
            return Ok(usage.clone());
        }
        let deadline = Duration::from_secs(25);
        let usage = self
            .long_call("disk usage", deadline, async |client| client.get("/system/df", &Query::new()).await)
            .await?;
        let usage = convert::disk_usage(&usage);
        *kept = Some((tokio::time::Instant::now(), usage.clone()));
        Ok(usage)
    }

    /// Creates a container and joins all its networks, without starting it; gives its id. A container whose networks
    /// cannot be joined is taken away again.
    pub async fn create_container(&self, spec: &ContainerSpec) -> Result<String, Error> {
        let id = self.long_call("create", Duration::from_mins(1), async |client| {
            let mut body = serde_json::to_value(create::container(spec, client.version)?)?;
            // Before API 1.44 the address stands beside the image, not in the network.
            if client.version < (1, 44)
                && let Some(mac) = spec.networks.first().and_then(|network| network.mac.as_ref())
            {
                body["MacAddress"] = mac.as_str().into();
            }
            let query = Query::new().with("name", &spec.name).optional("platform", spec.platform.as_ref());
            let answer = client.tell(Method::POST, "/containers/create", &query, &body).await?;
            Ok(serde_json::from_slice::<wire::Created>(&answer)?.id)
        });
        let id = id.await?;
        if spec.network_mode.is_none() {
            for network in spec.networks.iter().skip(1) {
                if let Err(error) = self.connect_network(&id, network).await {
                    let _ = self.remove_container(&id, true, true).await;
                    return Err(error);
                }
            }
        }
        Ok(id)
    }

    /// Starts a container; one that runs already is fine.
    pub async fn start(&self, id: &str) -> Result<(), Error> {
        let id = segment(id)?;
        self.long_call("start", Duration::from_mins(1), async |client| {
            Ok(client.docker.start_container(id, None).await?)
        })
        .await
    }

    /// Stops a container, which is killed after `grace_secs` (its own setting where absent); one that does not run is
    /// fine.
    pub async fn stop(&self, id: &str, grace_secs: Option<u64>) -> Result<(), Error> {
        let id = segment(id)?;
        let t = grace_secs.and_then(|secs| i32::try_from(secs).ok());
        let deadline = self.stop_deadline(id, grace_secs).await;
        self.long_call("stop", deadline, async |client| {
            Ok(client.docker.stop_container(id, Some(StopContainerOptions { signal: None, t })).await?)
        })
        .await
    }

    /// Stops and starts a container.
    pub async fn restart(&self, id: &str, grace_secs: Option<u64>) -> Result<(), Error> {
        let id = segment(id)?;
        let t = grace_secs.and_then(|secs| i32::try_from(secs).ok());
        let deadline = self.stop_deadline(id, grace_secs).await + Duration::from_secs(30);
        self.long_call("restart", deadline, async |client| {
            Ok(client.docker.restart_container(id, Some(RestartContainerOptions { signal: None, t })).await?)
        })
        .await
    }

    async fn stop_deadline(&self, id: &str, grace_secs: Option<u64>) -> Duration {
        let grace = match grace_secs {
            Some(secs) => secs,
            None => self.own_grace(id).await.unwrap_or(DEFAULT_GRACE_SECS),
        };
        Duration::from_secs(grace.min(24 * 3600)) + BEYOND_GRACE
    }

    async fn own_grace(&self, id: &str) -> Option<u64> {
        self.inspect_container_raw(id).await.ok()?["Config"]["StopTimeout"].as_u64()
    }

    /// Sends a signal to a container's first process; one that does not run is fine.
    pub async fn kill(&self, id: &str, signal: &str) -> Result<(), Error> {
        let id = segment(id)?;
        let options = KillContainerOptions { signal: signal.to_owned() };
        let killed = self.call("kill", async |client| Ok(client.docker.kill_container(id, Some(options)).await?)).await;
        settled(killed, &["is not running", "not running"])
    }

    /// Freezes a container; a frozen one is fine.
    pub async fn pause(&self, id: &str) -> Result<(), Error> {
        let id = segment(id)?;
        let paused = self.call("pause", async |client| Ok(client.docker.pause_container(id).await?)).await;
        settled(paused, &["already paused"])
    }

    /// Thaws a container; one that is not frozen is fine.
    pub async fn unpause(&self, id: &str) -> Result<(), Error> {
        let id = segment(id)?;
        let thawed = self.call("unpause", async |client| Ok(client.docker.unpause_container(id).await?)).await;
        settled(thawed, &["is not paused"])
    }

    /// Gives a container another name.
    pub async fn rename(&self, id: &str, name: &str) -> Result<(), Error> {
        let id = segment(id)?;
        let options = RenameContainerOptions { name: name.to_owned() };
        self.call("rename", async |client| Ok(client.docker.rename_container(id, options).await?)).await
    }

    /// Removes a container; a running one only with `force`, its anonymous volumes only with `volumes`. One that is
    /// gone, or on its way, is fine.
    pub async fn remove_container(&self, id: &str, force: bool, volumes: bool) -> Result<(), Error> {
        let id = segment(id)?;
        let options = RemoveContainerOptions { v: volumes, force, link: false };
        let removed = self
            .long_call("remove", Duration::from_mins(1), async |client| {
                Ok(client.docker.remove_container(id, Some(options)).await?)
            })
            .await;
        match settled(removed, &["is already in progress"]) {
            Err(Error::NotFound(_)) => Ok(()),
            other => other,
        }
    }

    /// Puts files into a container that was created and not yet started.
    pub async fn put_files(&self, id: &str, files: &[FileSpec]) -> Result<(), Error> {
        let id = segment(id)?;
        let archive = archive(files)?;
        self.long_call("put files", Duration::from_mins(1), async |client| {
            let options = UploadToContainerOptions { path: "/".to_owned(), ..UploadToContainerOptions::default() };
            Ok(client.docker.upload_to_container(id, Some(options), bollard::body_full(archive)).await?)
        })
        .await
    }

    /// Creates a network and gives its id.
    pub async fn create_network(&self, spec: &NetworkSpec) -> Result<String, Error> {
        self.long_call("create network", Duration::from_secs(30), async |client| {
            Ok(client.docker.create_network(create::network(spec, client.version)).await?.id)
        })
        .await
    }

    /// Removes a network by id or name; one that is gone is fine.
    pub async fn remove_network(&self, id: &str) -> Result<(), Error> {
        let id = segment(id)?;
        let removed = self.long_call("remove network", Duration::from_secs(30), async |client| {
            Ok(client.docker.remove_network(id).await?)
        });
        match removed.await {
            Err(Error::NotFound(_)) => Ok(()),
            other => other,
        }
    }

    /// Puts a container into a network.
    pub async fn connect_network(&self, id: &str, network: &NetworkAttachment) -> Result<(), Error> {
        let (id, name) = (segment(id)?, segment(&network.name)?);
        let joined = self.long_call("connect network", Duration::from_secs(30), async |client| {
            let request = NetworkConnectRequest {
                container: id.to_owned(),
                endpoint_config: Some(create::endpoint(network, client.version)),
            };
            Ok(client.docker.connect_network(name, request).await?)
        });
        settled(joined.await, &["already exists in network", "is already connected"])
    }

    /// Takes a container out of a network.
    pub async fn disconnect_network(&self, id: &str, network: &str) -> Result<(), Error> {
        let (id, name) = (segment(id)?, segment(network)?);
        let left = self.long_call("disconnect network", Duration::from_secs(30), async |client| {
            let request = NetworkDisconnectRequest { container: id.to_owned(), force: Some(true) };
            Ok(client.docker.disconnect_network(name, request).await?)
        });
        settled(left.await, &["is not connected"])
    }

    /// Creates a volume; one of that name that exists stays as it is.
    pub async fn create_volume(&self, spec: &VolumeSpec) -> Result<(), Error> {
        self.long_call("create volume", Duration::from_secs(30), async |client| {
            client.docker.create_volume(create::volume(spec)).await?;
            Ok(())
        })
        .await
    }

    /// Removes a volume with its data; one that is gone is fine.
    pub async fn remove_volume(&self, name: &str) -> Result<(), Error> {
        let name = segment(name)?;
        let removed = self.long_call("remove volume", Duration::from_secs(30), async |client| {
            Ok(client.docker.remove_volume(name, None::<RemoveVolumeOptions>).await?)
        });
        match removed.await {
            Err(Error::NotFound(_)) => Ok(()),
            other => other,
        }
    }
}

/// Takes a refusal for success whose words say that all is as asked already.
fn settled(result: Result<(), Error>, words: &[&str]) -> Result<(), Error> {
    match result {
        Err(
            Error::Conflict(message)
            | Error::Other { message, .. }
            | Error::InvalidSpec(message)
            | Error::NotFound(message),
        ) if words.iter().any(|word| message.contains(word)) => Ok(()),
        other => other,
    }
}

/// A tar of files with absolute paths.
fn archive(files: &[FileSpec]) -> Result<Bytes, Error> {
    let mut builder = tar::Builder::new(Vec::new());
    for file in files {
        let path = file.path.trim_start_matches('/');
        if path.is_empty() || path.split('/').any(|part| part == "..") {
            return Err(Error::InvalidSpec(format!("{:?} is no path for a file", file.path)));
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(file.bytes.len() as u64);
        header.set_mode(file.mode);
        header.set_uid(u64::from(file.uid));
        header.set_gid(u64::from(file.gid));
        builder.append_data(&mut header, path, file.bytes.as_slice())?;
    }
    Ok(builder.into_inner()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_cannot_leave_its_folder() {
        let file = |path: &str| FileSpec { path: path.to_owned(), bytes: vec![1], mode: 0o400, uid: 0, gid: 0 };
        for wrong in ["", "/", "/a/../b"] {
            assert!(archive(&[file(wrong)]).is_err(), "{wrong}");
        }
        let bytes = archive(&[file("/etc/app.conf")]).unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap().to_str(), Some("etc/app.conf"));
        assert_eq!(entry.header().mode().unwrap(), 0o400);
    }

    #[test]
    fn what_is_so_already_is_no_failure() {
        let conflict = || Err(Error::Conflict("Container abc is already paused".to_owned()));
        assert_eq!(settled(conflict(), &["already paused"]), Ok(()));
        assert!(settled(conflict(), &["is not paused"]).is_err());
    }
}
