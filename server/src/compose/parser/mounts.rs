//! `volumes`, `tmpfs` and `volumes_from` of a service, and the file's own volumes.

use std::collections::{BTreeMap, HashSet};

use super::{Scope, external};
use crate::compose::{
    diagnostic::code,
    fields::Fields,
    keys::{self, Section},
    model::{Mount, MountKind, Propagation, Recursive, SelinuxLabel, Volume, VolumesFrom},
    path::shorten,
    read::At,
    units,
};

const PROPAGATIONS: &[(&str, Propagation)] = &[
    ("private", Propagation::Private),
    ("rprivate", Propagation::Rprivate),
    ("shared", Propagation::Shared),
    ("rshared", Propagation::Rshared),
    ("slave", Propagation::Slave),
    ("rslave", Propagation::Rslave),
];
const SELINUX: &[(&str, SelinuxLabel)] = &[("z", SelinuxLabel::Shared), ("Z", SelinuxLabel::Private)];

pub fn volume(at: &At<'_>) -> Option<Volume> {
    if at.node.is_null() {
        return Some(Volume::default());
    }
    let fields = at.fields(&keys::VOLUME)?;
    let (external, old_name) = external(&fields);
    Some(Volume {
        name: fields.text("name").or(old_name),
        external,
        driver: fields.text("driver"),
        driver_opts: fields.key_texts("driver_opts"),
        labels: fields.key_texts("labels"),
    })
}

/// `volumes` and then `tmpfs`.
pub fn mounts(service: &Fields<'_>, scope: &Scope<'_>) -> Vec<Mount> {
    let mut mounts = Vec::new();
    let mut targets = HashSet::new();
    let mut keep = |at: &At<'_>, mount: Option<Mount>| {
        let Some(mount) = mount else { return };
        if targets.insert(mount.target.clone()) {
            mounts.push(mount);
        } else {
            at.error(code::MOUNT_TWICE, vec![("target", shorten(&mount.target))]);
        }
    };
    for at in service.get("volumes").map(|at| at.items()).unwrap_or_default() {
        let mount = if at.is_map() { long(&at) } else { short(&at, scope) };
        if let Some(Mount { kind: MountKind::Volume { source: Some(name), .. }, .. }) = &mount
            && !scope.volumes.contains_key(name.as_str())
        {
            at.error(code::VOLUME_UNDEFINED, vec![("name", shorten(name))]);
        }
        keep(&at, mount);
    }
    for at in service.get("tmpfs").map(|at| at.items_or_one()).unwrap_or_default() {
        keep(&at, tmpfs(&at));
    }
    mounts
}

/// An absolute path without `.`, `..` and doubled slashes; not the root itself.
fn target(at: &At<'_>, text: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if !text.starts_with('/') || parts.is_empty() {
        at.error(code::VOLUME_TARGET, vec![("value", shorten(text))]);
        return None;
    }
    Some(format!("/{}", parts.join("/")))
}

/// A path of the node. There is no folder a relative one could start from.
fn bind_source(at: &At<'_>, text: &str) -> Option<String> {
    if is_windows(text) {
        at.error(code::BIND_WINDOWS, vec![("value", shorten(text))]);
        return None;
    }
    if !text.starts_with('/') {
        at.error(code::BIND_RELATIVE, vec![("value", shorten(text))]);
        return None;
    }
    Some(text.to_owned())
}

fn is_windows(text: &str) -> bool {
    let mut letters = text.chars();
    let drive = letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.next() == Some(':');
    text.starts_with("\\\\") || (drive && matches!(letters.next(), Some('\\' | '/')))
}

/// `[source:]target[:options]`.
fn short(at: &At<'_>, scope: &Scope<'_>) -> Option<Mount> {
    let text = at.text()?;
    // A volume may have the name of a drive.
    let is_volume = text.split_once(":/").is_some_and(|(name, _)| scope.volumes.contains_key(name));
    if is_windows(&text) && !is_volume {
        at.error(code::BIND_WINDOWS, vec![("value", shorten(&text))]);
        return None;
    }
    let parts: Vec<&str> = text.split(':').collect();
    let (source, path, options) = match parts.as_slice() {
        [path] => (None, *path, ""),
        [source, path] => (Some(*source), *path, ""),
        [source, path, options] => (Some(*source), *path, *options),
        _ => {
            at.error_value(code::VOLUME_INVALID);
            return None;
        }
    };
    if parts.contains(&"") {
        at.error_value(code::VOLUME_INVALID);
        return None;
    }
    let target = target(at, path)?;
    let mut read_only = false;
    let mut nocopy_option = false;
    let (mut propagation_option, mut selinux_option) = (None, None);
    for option in options.split(',').filter(|option| !option.is_empty()) {
        let find = |known: &str| known == option;
        match option {
            "ro" => read_only = true,
            "rw" => read_only = false,
            "nocopy" => nocopy_option = true,
            "cached" | "delegated" | "consistent" => at.warn(code::NO_EFFECT_CONSISTENCY, vec![]),
            _ => {
                let propagation = PROPAGATIONS.iter().find(|(name, _)| find(name));
                let selinux = SELINUX.iter().find(|(name, _)| find(name));
                if propagation.is_none() && selinux.is_none() {
                    at.error(code::VOLUME_OPTION, vec![("value", shorten(option))]);
                }
                propagation_option = propagation.map(|(_, value)| *value).or(propagation_option);
                selinux_option = selinux.map(|(_, value)| *value).or(selinux_option);
            }
        }
    }
    let kind = match source {
        Some(source) if source.starts_with(['.', '/', '~']) => MountKind::Bind {
            source: bind_source(at, source)?,
            create_host_path: true,
            propagation: propagation_option,
            recursive: None,
            selinux: selinux_option,
        },
        source => MountKind::Volume {
            source: source.map(str::to_owned),
            nocopy: nocopy_option,
            subpath: None,
            labels: BTreeMap::new(),
        },
    };
    Some(Mount { target, read_only, kind })
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Volume,
    Bind,
    Tmpfs,
    Image,
}

fn long(at: &At<'_>) -> Option<Mount> {
    let fields = at.fields(&keys::MOUNT)?;
    let kind_at = fields.need("type")?;
    if matches!(kind_at.node.as_text(), Some("npipe" | "cluster")) {
        kind_at.error_value(code::VOLUME_TYPE_UNSUPPORTED);
        return None;
    }
    let kinds = [("volume", Kind::Volume), ("bind", Kind::Bind), ("tmpfs", Kind::Tmpfs), ("image", Kind::Image)];
    let kind = kind_at.one_of(&kinds)?;
    let target = fields.need("target").and_then(|at| target(&at, &at.text()?));
    let read_only = fields.boolean("read_only").unwrap_or(false);
    let options = |key: &'static str, section: &Section, mine: Kind| {
        let at = fields.get(key)?;
        if mine != kind {
            let params = vec![("key", key.to_owned()), ("type", kind_at.written())];
            at.ctx.error(at.key_mark(), at.path(), code::VOLUME_OPTIONS_MISPLACED, params);
            return None;
        }
        at.fields(section)
    };
    let bind = options("bind", &keys::MOUNT_BIND, Kind::Bind);
    let volume = options("volume", &keys::MOUNT_VOLUME, Kind::Volume);
    let tmpfs = options("tmpfs", &keys::MOUNT_TMPFS, Kind::Tmpfs);
    let image = options("image", &keys::MOUNT_IMAGE, Kind::Image);
    let kind = match kind {
        Kind::Bind => {
            let source = fields.need("source").and_then(|at| bind_source(&at, &at.text()?));
            let choose = [
                ("enabled", Recursive::Enabled),
                ("disabled", Recursive::Disabled),
                ("writable", Recursive::Writable),
                ("readonly", Recursive::Readonly),
            ];
            let bind = bind.as_ref();
            MountKind::Bind {
                create_host_path: bind.and_then(|bind| bind.boolean("create_host_path")).unwrap_or(true),
                propagation: bind.and_then(|bind| bind.get("propagation")?.one_of(PROPAGATIONS)),
                recursive: bind.and_then(|bind| bind.get("recursive")?.one_of(&choose)),
                selinux: bind.and_then(|bind| bind.get("selinux")?.one_of(SELINUX)),
                source: source?,
            }
        }
        Kind::Volume => MountKind::Volume {
            source: fields.text("source").filter(|source| !source.is_empty()),
            nocopy: volume.as_ref().and_then(|volume| volume.boolean("nocopy")).unwrap_or(false),
            subpath: volume.as_ref().and_then(|volume| volume.text("subpath")),
            labels: volume.as_ref().map(|volume| volume.key_texts("labels")).unwrap_or_default(),
        },
        Kind::Tmpfs => MountKind::Tmpfs {
            size_bytes: tmpfs.as_ref().and_then(|tmpfs| tmpfs.bytes("size")),
            mode: tmpfs.as_ref().and_then(|tmpfs| tmpfs.get("mode")?.file_mode()),
            options: Vec::new(),
        },
        Kind::Image => MountKind::Image {
            source: fields.need("source").and_then(|at| at.text())?,
            subpath: image.as_ref().and_then(|image| image.text("subpath")),
        },
    };
    Some(Mount { target: target?, read_only, kind })
}

/// `path[:options]`, such as `/run:size=64m,mode=1777,noexec`.
fn tmpfs(at: &At<'_>) -> Option<Mount> {
    let text = at.text()?;
    let (path, listed) = text.split_once(':').unwrap_or((&text, ""));
    let target = target(at, path)?;
    let (mut size_bytes, mut mode, mut options, mut read_only) = (None, None, Vec::new(), false);
    for option in listed.split(',').filter(|option| !option.is_empty()) {
        let wrong = || at.error(code::TMPFS_OPTION, vec![("value", shorten(option))]);
        match option.split_once('=') {
            Some(("size", size)) => {
                size_bytes = units::bytes(size);
                if size_bytes.is_none() {
                    wrong();
                }
            }
            Some(("mode", octal)) => {
                mode = u32::from_str_radix(octal, 8).ok().filter(|mode| *mode <= 0o7777);
                if mode.is_none() {
                    wrong();
                }
            }
            None if option == "ro" => read_only = true,
            None if option == "rw" => read_only = false,
            Some(("uid" | "gid" | "nr_inodes" | "nr_blocks" | "mpol", _)) => options.push(option.to_owned()),
            None if option.chars().all(|c| c.is_ascii_lowercase()) => options.push(option.to_owned()),
            _ => wrong(),
        }
    }
    Some(Mount { target, read_only, kind: MountKind::Tmpfs { size_bytes, mode, options } })
}

/// `service[:ro]` or `container:name[:ro]`.
pub fn volumes_from<'a>(at: &At<'a>) -> Vec<(At<'a>, VolumesFrom)> {
    let mut found = Vec::new();
    for at in at.items() {
        let Some(text) = at.text() else { continue };
        let (is_container, rest) = match text.strip_prefix("container:") {
            Some(rest) => (true, rest),
            None => (false, text.as_str()),
        };
        let (name, mode) = rest.split_once(':').unwrap_or((rest, "rw"));
        if name.is_empty() || !matches!(mode, "ro" | "rw") {
            at.error_value(code::VOLUMES_FROM_INVALID);
            continue;
        }
        let name = name.to_owned();
        let (service, container) = if is_container { (None, Some(name)) } else { (Some(name), None) };
        found.push((at, VolumesFrom { service, container, read_only: mode == "ro" }));
    }
    found
}
