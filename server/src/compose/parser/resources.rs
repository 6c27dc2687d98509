//! Limits, devices and ulimits: `deploy.resources` and the service's own older keys in one form.

use std::collections::BTreeMap;

use crate::compose::{
    diagnostic::code,
    fields::Fields,
    keys,
    model::{Blkio, Device, DeviceRequest, Resources, Ulimit},
    path::shorten,
    read::At,
};

const ANY: (i64, i64) = (i64::MIN, i64::MAX);

pub fn resources(service: &Fields<'_>, requests: &mut Vec<DeviceRequest>) -> Resources {
    let of = |key: &'static str, min: i64, max: i64| service.integer(key, min, max);
    let mut found = Resources {
        nano_cpus: service.get("cpus").and_then(|at| at.nano_cpus()),
        memory_bytes: service.bytes("mem_limit"),
        memory_reservation_bytes: service.bytes("mem_reservation"),
        memory_swap_bytes: service.get("memswap_limit").and_then(|at| at.bytes_or_unlimited()),
        memory_swappiness: of("mem_swappiness", 0, 100),
        pids: of("pids_limit", -1, i64::MAX),
        cpuset: service.get("cpuset").and_then(|at| at.any_text()),
        cpu_shares: of("cpu_shares", 0, i64::MAX),
        cpu_quota_us: microseconds(service, "cpu_quota"),
        cpu_period_us: microseconds(service, "cpu_period"),
        cpu_rt_period_us: microseconds(service, "cpu_rt_period"),
        cpu_rt_runtime_us: microseconds(service, "cpu_rt_runtime"),
        shm_bytes: service.bytes("shm_size"),
        oom_kill_disable: service.boolean("oom_kill_disable"),
        oom_score_adj: of("oom_score_adj", -1000, 1000),
        blkio: service.get("blkio_config").and_then(|at| blkio(&at)),
        ..Resources::default()
    };
    if let Some(gpus) = service.get("gpus") {
        requests.extend(gpu_requests(&gpus));
    }
    let deploy = service.get("deploy").filter(At::is_map).and_then(|at| at.node.as_map().map(|_| at));
    let Some(section) = deploy.and_then(|at| at.entries().into_iter().find(|(key, _)| *key == "resources")) else {
        return found;
    };
    if section.1.node.is_null() {
        return found;
    }
    let Some(section) = section.1.fields(&keys::RESOURCES) else { return found };
    if let Some(limits) = section.get("limits").and_then(|at| at.fields(&keys::LIMITS)) {
        agree(service, &limits, "cpus", "cpus", &mut found.nano_cpus, At::nano_cpus);
        agree(service, &limits, "mem_limit", "memory", &mut found.memory_bytes, At::bytes);
        agree(service, &limits, "pids_limit", "pids", &mut found.pids, |at| at.integer(-1, i64::MAX));
    }
    if let Some(reserved) = section.get("reservations").and_then(|at| at.fields(&keys::RESERVATIONS)) {
        found.reserved_nano_cpus = reserved.get("cpus").and_then(|at| at.nano_cpus());
        agree(service, &reserved, "mem_reservation", "memory", &mut found.memory_reservation_bytes, At::bytes);
        for at in reserved.get("devices").map(|at| at.items()).unwrap_or_default() {
            requests.extend(device_request(&at, true));
        }
        found.generic = reserved.get("generic_resources").map(|at| generic(&at)).unwrap_or_default();
    }
    found
}

/// Takes the value under `deploy.resources`; the service's own key may only say the same.
fn agree<'a>(
    service: &Fields<'a>,
    section: &Fields<'a>,
    old: &'a str,
    new: &'a str,
    value: &mut Option<i64>,
    read: impl Fn(&At<'a>) -> Option<i64>,
) {
    let Some(at) = section.get(new) else { return };
    let found = read(&at);
    if found.is_some() && value.is_some_and(|known| found != Some(known)) {
        let first = service.get(old).map(|at| at.path()).unwrap_or_default();
        at.error(code::CONFLICTING_VALUES, vec![("first", first), ("second", at.path())]);
    }
    *value = found.or(*value);
}

/// A number of microseconds or a duration.
fn microseconds(service: &Fields<'_>, key: &'static str) -> Option<i64> {
    let at = service.get(key)?;
    if at.node.as_text().is_some_and(|text| text.ends_with('s')) {
        return at.duration().and_then(|duration| i64::try_from(duration.as_micros()).ok());
    }
    at.integer(-1, i64::MAX)
}

fn generic(at: &At<'_>) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for item in at.items() {
        let spec = item.entries().into_iter().find(|(key, _)| *key == "discrete_resource_spec");
        let Some((_, spec)) = spec else {
            item.error(code::MISSING_KEY, vec![("key", "discrete_resource_spec".to_owned())]);
            continue;
        };
        let (mut kind, mut number) = (None, None);
        for (key, at) in spec.entries() {
            match key {
                "kind" => kind = at.text(),
                "value" => number = at.integer(0, i64::MAX),
                _ if key.starts_with("x-") => {}
                _ => at.ctx.error(at.key_mark(), at.path(), code::UNKNOWN_KEY, vec![("key", shorten(key))]),
            }
        }
        found.extend(kind.zip(number));
    }
    found
}

fn gpu_requests(at: &At<'_>) -> Vec<DeviceRequest> {
    if at.is_scalar() {
        let all =
            || DeviceRequest { capabilities: vec!["gpu".to_owned()], count: Some(-1), ..DeviceRequest::default() };
        return at.one_of(&[("all", ())]).map(|()| all()).into_iter().collect();
    }
    at.items().iter().filter_map(|at| device_request(at, false)).collect()
}

fn device_request(at: &At<'_>, needs_capabilities: bool) -> Option<DeviceRequest> {
    let fields = at.fields(&keys::DEVICE_REQUEST)?;
    if needs_capabilities {
        fields.need("capabilities")?;
    }
    let mut capabilities = fields.texts("capabilities");
    if !needs_capabilities && !capabilities.iter().any(|capability| capability == "gpu") {
        capabilities.push("gpu".to_owned());
    }
    let device_ids = fields.texts("device_ids");
    let count = fields
        .get("count")
        .and_then(|at| if at.node.as_text() == Some("all") { Some(-1) } else { at.integer(-1, 10_000) });
    if count.is_some() && !device_ids.is_empty() {
        at.error(code::DEVICE_COUNT_AND_IDS, vec![]);
    }
    Some(DeviceRequest {
        capabilities,
        driver: fields.text("driver"),
        count: count.or(device_ids.is_empty().then_some(-1)),
        device_ids,
        options: fields.key_texts("options"),
    })
}

/// `devices`; a name like `vendor.com/gpu=all` is a request to the engine's device interface.
pub fn devices(at: &At<'_>, requests: &mut Vec<DeviceRequest>) -> Vec<Device> {
    let mut devices = Vec::new();
    for item in at.items() {
        let device = if item.is_map() { long_device(&item) } else { short_device(&item, requests) };
        devices.extend(device);
    }
    devices
}

fn short_device(at: &At<'_>, requests: &mut Vec<DeviceRequest>) -> Option<Device> {
    let text = at.text()?;
    if !text.starts_with('/') && text.contains('/') && text.contains('=') {
        requests.push(DeviceRequest {
            driver: Some("cdi".to_owned()),
            device_ids: vec![text],
            ..DeviceRequest::default()
        });
        return None;
    }
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, permissions) = match parts.as_slice() {
        [source] => (*source, *source, "rwm"),
        [source, second] if is_permissions(second) => (*source, *source, *second),
        [source, target] => (*source, *target, "rwm"),
        [source, target, permissions] => (*source, *target, *permissions),
        _ => ("", "", ""),
    };
    if !source.starts_with('/') || !target.starts_with('/') || !is_permissions(permissions) {
        at.error_value(code::DEVICE_INVALID);
        return None;
    }
    Some(Device { source: source.to_owned(), target: target.to_owned(), permissions: permissions.to_owned() })
}

fn is_permissions(text: &str) -> bool {
    !text.is_empty() && text.len() <= 3 && text.chars().all(|c| "rwm".contains(c))
}

fn long_device(at: &At<'_>) -> Option<Device> {
    let fields = at.fields(&keys::DEVICE)?;
    let source = fields.need("source")?.text()?;
    let permissions = fields.text("permissions").unwrap_or_else(|| "rwm".to_owned());
    let target = fields.text("target").unwrap_or_else(|| source.clone());
    if !source.starts_with('/') || !is_permissions(&permissions) {
        at.error(code::DEVICE_INVALID, vec![("value", shorten(&format!("{source}:{target}:{permissions}")))]);
        return None;
    }
    Some(Device { source, target, permissions })
}

pub fn ulimits(at: &At<'_>) -> BTreeMap<String, Ulimit> {
    let mut ulimits = BTreeMap::new();
    for (name, at) in at.entries() {
        let limit = if at.is_map() {
            let Some(fields) = at.fields(&keys::ULIMIT) else { continue };
            let number = |key: &'static str| fields.need(key)?.integer(-1, ANY.1);
            number("soft").zip(number("hard")).map(|(soft, hard)| Ulimit { soft, hard })
        } else {
            at.integer(-1, ANY.1).map(|both| Ulimit { soft: both, hard: both })
        };
        let Some(limit) = limit else { continue };
        if limit.hard != -1 && (limit.soft > limit.hard || limit.soft == -1) {
            let params = vec![("soft", limit.soft.to_string()), ("hard", limit.hard.to_string())];
            at.error(code::ULIMIT_SOFT_HARD, params);
        }
        ulimits.insert(name.to_owned(), limit);
    }
    ulimits
}

fn blkio(at: &At<'_>) -> Option<Blkio> {
    let fields = at.fields(&keys::BLKIO)?;
    let weight = |at: &At<'_>| at.integer(10, 1000).and_then(|weight| u16::try_from(weight).ok());
    let weights = fields.get("weight_device").map(|at| at.items()).unwrap_or_default();
    let rates = |key: &'static str, bytes: bool| -> BTreeMap<String, i64> {
        let items = fields.get(key).map(|at| at.items()).unwrap_or_default();
        let rate = |item: &At<'_>| {
            let fields = item.fields(&keys::BLKIO_RATE)?;
            let path = fields.need("path")?.text()?;
            let at = fields.need("rate")?;
            Some((path, if bytes { at.bytes()? } else { at.integer(0, i64::MAX)? }))
        };
        items.iter().filter_map(rate).collect()
    };
    let weight_of = |item: &At<'_>| {
        let fields = item.fields(&keys::BLKIO_WEIGHT)?;
        Some((fields.need("path")?.text()?, weight(&fields.need("weight")?)?))
    };
    Some(Blkio {
        weight: fields.get("weight").and_then(|at| weight(&at)),
        weight_device: weights.iter().filter_map(weight_of).collect(),
        device_read_bps: rates("device_read_bps", true),
        device_write_bps: rates("device_write_bps", true),
        device_read_iops: rates("device_read_iops", false),
        device_write_iops: rates("device_write_iops", false),
    })
}
