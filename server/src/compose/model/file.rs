//! Configs and secrets: files that come with the app.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A config or a secret of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileObject {
    /// The engine's name for it, where the file says one.
    pub name: Option<String>,
    /// It exists already in the cluster.
    pub external: bool,
    /// What is in it; `None` only where it is external.
    pub content: Option<Content>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

impl FileObject {
    /// What the cluster calls it in the app.
    pub fn engine_name(&self, app: &str, key: &str) -> String {
        super::engine_name(self.name.as_deref(), self.external, app, key)
    }
}

/// The content of a config or secret; never printed by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Content(String);

impl Content {
    /// Wraps a text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In hexadecimal.
    pub fn sha256(&self) -> String {
        crate::compose::hash::hex(&Sha256::digest(self.0.as_bytes()))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Content({} bytes)", self.0.len())
    }
}

/// A config or secret in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMount {
    /// The key in the file's `configs` or `secrets`.
    pub source: String,
    /// The absolute path in the container.
    pub target: String,
    /// The owner.
    pub uid: Option<String>,
    /// The group.
    pub gid: Option<String>,
    /// The permissions; `None` is 0444.
    pub mode: Option<u32>,
}
