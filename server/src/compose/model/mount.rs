//! What a container mounts, and the named volumes of a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A mount of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// The absolute path inside the container.
    pub target: String,
    /// Whether the container may not write to it.
    pub read_only: bool,
    /// What is mounted.
    #[serde(flatten)]
    pub kind: MountKind,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum MountKind {
    /// A volume.
    Volume {
        /// The key in the file's `volumes`; `None` is an anonymous volume.
        source: Option<String>,
        /// Leave out what the image has at the target.
        nocopy: bool,
        /// A folder inside the volume.
        subpath: Option<String>,
        /// Labels of an anonymous volume.
        labels: BTreeMap<String, String>,
    },
    /// A path of the node.
    Bind {
        /// The absolute path on the node.
        source: String,
        /// Make the folder where it is missing.
        create_host_path: bool,
        /// How mounts travel between node and container.
        propagation: Option<Propagation>,
        /// Whether mounts below the source come along.
        recursive: Option<Recursive>,
        /// The `SELinux` label to give.
        selinux: Option<SelinuxLabel>,
    },
    /// Memory.
    Tmpfs {
        /// The largest size in bytes.
        size_bytes: Option<i64>,
        /// The permissions of the folder.
        mode: Option<u32>,
        /// Further mount options, such as `noexec`.
        options: Vec<String>,
    },
    /// The files of another image.
    Image {
        /// The image.
        source: String,
        /// A folder inside the image.
        subpath: Option<String>,
    },
}

/// How mounts travel between node and container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the kernel's own words")]
pub enum Propagation {
    Private,
    Rprivate,
    Shared,
    Rshared,
    Slave,
    Rslave,
}

/// Whether mounts below a bind mount's source come along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recursive {
    /// Yes, and read-only where the kernel can.
    Enabled,
    /// No.
    Disabled,
    /// Yes, and writable.
    Writable,
    /// Yes, and read-only or not at all.
    Readonly,
}

/// How a bind mount is labelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SelinuxLabel {
    /// Shared between containers (`z`).
    #[serde(rename = "z")]
    Shared,
    /// For this container alone (`Z`).
    #[serde(rename = "Z")]
    Private,
}

/// A named volume of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// The engine's name for it, where the file says one.
    pub name: Option<String>,
    /// It exists already and is neither made nor removed.
    pub external: bool,
    /// The driver; `None` is the engine's own.
    pub driver: Option<String>,
    /// Options for the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

impl Volume {
    /// What the engine calls it in the app.
    pub fn engine_name(&self, app: &str, key: &str) -> String {
        super::engine_name(self.name.as_deref(), self.external, app, key)
    }
}
