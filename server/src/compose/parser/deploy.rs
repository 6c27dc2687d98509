//! `deploy`, `scale` and `restart`.

use crate::compose::{
    diagnostic::code,
    fields::Fields,
    keys,
    model::{Deploy, DeployMode, FailureAction, Placement, RestartPolicy, UpdateConfig, UpdateOrder},
    path::shorten,
    read::At,
};

/// More copies than any node holds; a typing error.
const MAX_REPLICAS: i64 = 100_000;

/// `deploy` and `scale`, and the restart policy if `deploy` has one. Resources are read elsewhere.
pub fn deploy(service: &Fields<'_>) -> (Deploy, Option<RestartPolicy>) {
    let mut deploy = Deploy::default();
    let mut restart = None;
    let mut replicas = None;
    if let Some(fields) = service.get("deploy").and_then(|at| at.fields(&keys::DEPLOY)) {
        if let Some(at) = fields.get("mode") {
            if matches!(at.node.as_text(), Some("replicated-job" | "global-job")) {
                at.error(code::DEPLOY_JOB, vec![("mode", at.written())]);
            } else {
                let modes = [("replicated", DeployMode::Replicated), ("global", DeployMode::Global)];
                deploy.mode = at.one_of(&modes).unwrap_or_default();
            }
        }
        replicas = fields.get("replicas").and_then(|at| Some((count(&at)?, at)));
        deploy.update = fields.get("update_config").and_then(|at| update(&at));
        deploy.rollback = fields.get("rollback_config").and_then(|at| update(&at));
        deploy.placement = fields.get("placement").and_then(|at| placement(&at)).unwrap_or_default();
        let modes = [("vip", "vip"), ("dnsrr", "dnsrr")];
        deploy.endpoint_mode = fields.get("endpoint_mode").and_then(|at| at.one_of(&modes)).map(str::to_owned);
        deploy.labels = fields.key_texts("labels");
        restart = fields.get("restart_policy").and_then(|at| restart_policy(&at));
    }
    if let Some(at) = service.get("scale")
        && let Some(scale) = count(&at)
    {
        if let Some((other, other_at)) = &replicas
            && *other != scale
        {
            at.error(code::CONFLICTING_VALUES, vec![("first", at.path()), ("second", other_at.path())]);
        }
        replicas = Some((scale, at));
    }
    if let Some((number, at)) = replicas {
        if deploy.mode == DeployMode::Global {
            at.error(code::REPLICAS_GLOBAL, vec![]);
        }
        deploy.replicas = number;
    }
    (deploy, restart)
}

fn count(at: &At<'_>) -> Option<u32> {
    at.integer(0, MAX_REPLICAS).and_then(|count| u32::try_from(count).ok())
}

fn update(at: &At<'_>) -> Option<UpdateConfig> {
    let fields = at.fields(&keys::UPDATE)?;
    let actions =
        [("pause", FailureAction::Pause), ("continue", FailureAction::Continue), ("rollback", FailureAction::Rollback)];
    let orders = [("start-first", UpdateOrder::StartFirst), ("stop-first", UpdateOrder::StopFirst)];
    Some(UpdateConfig {
        parallelism: fields.get("parallelism").and_then(|at| count(&at)).unwrap_or(1),
        delay: fields.duration("delay"),
        failure_action: fields.get("failure_action").and_then(|at| at.one_of(&actions)),
        monitor: fields.duration("monitor"),
        max_failure_ratio: fields.get("max_failure_ratio").and_then(|at| at.ratio()).unwrap_or(0.0),
        order: fields.get("order").and_then(|at| at.one_of(&orders)),
    })
}

fn placement(at: &At<'_>) -> Option<Placement> {
    let fields = at.fields(&keys::PLACEMENT)?;
    let preferences = fields.get("preferences").map(|at| at.items()).unwrap_or_default();
    let spread = |item: &At<'_>| item.fields(&keys::PREFERENCE)?.need("spread")?.text();
    Some(Placement {
        constraints: fields.texts("constraints"),
        spread: preferences.iter().filter_map(spread).collect(),
        max_replicas_per_node: fields.get("max_replicas_per_node").and_then(|at| count(&at)),
    })
}

fn restart_policy(at: &At<'_>) -> Option<RestartPolicy> {
    let fields = at.fields(&keys::RESTART_POLICY)?;
    fields.duration("delay");
    fields.duration("window");
    let attempts = fields.get("max_attempts").and_then(|at| Some((count(&at)?, at)));
    let conditions = [("any", "any"), ("on-failure", "on-failure"), ("none", "none")];
    let condition = fields.get("condition").map_or(Some("any"), |at| at.one_of(&conditions))?;
    if condition == "on-failure" {
        return Some(RestartPolicy::OnFailure(attempts.map(|(attempts, _)| attempts).filter(|attempts| *attempts > 0)));
    }
    if let Some((_, at)) = attempts {
        at.ctx.warn(at.key_mark(), at.path(), code::SWARM_ONLY, vec![("key", "max_attempts".to_owned())]);
    }
    Some(if condition == "none" { RestartPolicy::No } else { RestartPolicy::Always })
}

/// `restart`, which gives way to `deploy.restart_policy`.
pub fn restart(service: &Fields<'_>, from_deploy: Option<RestartPolicy>) -> Option<RestartPolicy> {
    let Some(at) = service.get("restart") else { return from_deploy };
    let text = at.any_text().unwrap_or_default();
    let own = match text.split_once(':') {
        Some(("on-failure", times)) => {
            times.parse().ok().map(|times| RestartPolicy::OnFailure(Some(times).filter(|n| *n > 0)))
        }
        Some(_) => None,
        None => match text.as_str() {
            "no" => Some(RestartPolicy::No),
            "always" => Some(RestartPolicy::Always),
            "unless-stopped" => Some(RestartPolicy::UnlessStopped),
            "on-failure" => Some(RestartPolicy::OnFailure(None)),
            _ => None,
        },
    };
    let Some(own) = own else {
        at.error(code::RESTART_INVALID, vec![("value", shorten(&text))]);
        return None;
    };
    if from_deploy.is_some_and(|other| other != own) {
        at.ctx.warn(at.key_mark(), at.path(), code::RESTART_CONFLICT, vec![]);
    }
    Some(from_deploy.unwrap_or(own))
}
