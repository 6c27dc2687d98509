//! What the planner answers, case by case.

use api::container::{ContainerState, Health};

use super::*;
use crate::services::deploy::model::{ActualResource, Names};

fn service(name: &str) -> DesiredService {
    DesiredService {
        name: name.into(),
        replicas: 1,
        hash: "new".into(),
        names: Names::Numbered(format!("shop-{name}-")),
        ..DesiredService::default()
    }
}

fn wanted(services: Vec<DesiredService>) -> Desired {
    Desired { services, ..Desired::default() }
}

fn container(service: &str, number: u32, hash: &str) -> ActualContainer {
    ActualContainer {
        id: format!("{service}{number}{hash}"),
        name: format!("shop-{service}-{number}"),
        service: service.into(),
        number,
        hash: hash.into(),
        image_id: "sha256:1".into(),
        state: ContainerState::Running,
        health: None,
        exit_code: None,
        networks: vec!["shop_default".into()],
        host_ports: Vec::new(),
        anonymous_volumes: false,
        created_at: 0,
    }
}

fn exited(mut container: ActualContainer, code: i64) -> ActualContainer {
    (container.state, container.exit_code) = (ContainerState::Exited, Some(code));
    container
}

fn there(containers: Vec<ActualContainer>) -> Actual {
    Actual { containers, ..Actual::default() }
}

/// Each step that writes as a short line.
fn lines(plan: &Plan) -> Vec<String> {
    plan.steps()
        .filter(|step| step.act.writes())
        .map(|step| {
            let what = match &step.act {
                Act::Create { .. } => "create",
                Act::Replace { order, .. } if order.is_stop_first() => "replace stop-first",
                Act::Replace { .. } => "replace start-first",
                Act::Start { .. } => "start",
                Act::Restart { .. } => "restart",
                Act::Stop { .. } => "stop",
                Act::Rename { .. } => "rename",
                Act::Remove { successor: Some(_), .. } => "remove later",
                Act::Remove { .. } => "remove",
                Act::CreateNetwork => "create network",
                Act::CreateVolume => "create volume",
                Act::RemoveNetwork { .. } => "remove network",
                Act::RemoveVolume => "remove volume",
                Act::Keep { .. } | Act::KeepNetwork | Act::KeepVolume => unreachable!("does not write"),
            };
            format!("{what} {}", step.name)
        })
        .collect()
}

fn asked(desired: &Desired, actual: &Actual) -> Vec<String> {
    lines(&plan(desired, actual))
}

fn resource(name: &str, hash: &str) -> DesiredResource {
    DesiredResource { name: name.into(), external: false, hash: hash.into() }
}

fn found(name: &str, hash: &str) -> ActualResource {
    ActualResource { id: format!("id-{name}"), name: name.into(), hash: Some(hash.into()), ours: true }
}

#[test]
fn an_app_that_is_not_there_gets_its_network_volume_and_containers_in_this_order() {
    let mut desired = wanted(vec![service("db"), DesiredService { replicas: 2, ..service("web") }]);
    desired.networks = vec![resource("shop_default", "n")];
    desired.volumes = vec![resource("shop_data", "v")];
    assert_eq!(
        asked(&desired, &Actual::default()),
        [
            "create network shop_default",
            "create volume shop_data",
            "create shop-db-1",
            "create shop-web-1",
            "create shop-web-2"
        ]
    );
}

#[test]
fn a_converged_app_has_nothing_to_write() {
    let mut desired = wanted(vec![service("db"), service("web")]);
    desired.networks = vec![resource("shop_default", "n")];
    let mut actual = there(vec![container("db", 1, "new"), container("web", 1, "new")]);
    actual.networks = vec![found("shop_default", "n")];
    assert!(plan(&desired, &actual).is_noop());
    desired.purpose = Purpose::Reconcile;
    assert!(plan(&desired, &actual).is_noop());
}

#[test]
fn changed_settings_or_another_image_replace_a_container() {
    let desired = wanted(vec![service("web")]);
    let plan_config = plan(&desired, &there(vec![container("web", 1, "old")]));
    assert_eq!(lines(&plan_config), ["replace start-first shop-web-1"]);
    assert_eq!(plan_config.services[0].steps[0].reason.key, "plan.replace.config.start-first");

    let image = wanted(vec![DesiredService { image_id: Some("sha256:2".into()), ..service("web") }]);
    let plan_image = plan(&image, &there(vec![container("web", 1, "new")]));
    assert_eq!(lines(&plan_image), ["replace start-first shop-web-1"]);
    assert_eq!(plan_image.services[0].steps[0].reason.key, "plan.replace.image.start-first");
}

#[test]
fn data_without_a_name_is_never_shared_by_two_copies() {
    let old = ActualContainer { anonymous_volumes: true, ..container("db", 1, "old") };
    assert_eq!(asked(&wanted(vec![service("db")]), &there(vec![old])), ["replace stop-first shop-db-1"]);
}

#[test]
fn scaling_down_takes_the_highest_numbers_and_scaling_up_fills_the_gaps() {
    let all = there((1..=4).map(|n| container("web", n, "new")).collect());
    let two = wanted(vec![DesiredService { replicas: 2, ..service("web") }]);
    assert_eq!(asked(&two, &all), ["remove shop-web-4", "remove shop-web-3"]);
    let gap = there(vec![container("web", 1, "new"), container("web", 3, "new")]);
    let three = wanted(vec![DesiredService { replicas: 3, ..service("web") }]);
    assert_eq!(asked(&three, &gap), ["create shop-web-2"]);
}

#[test]
fn a_service_that_is_gone_is_removed_last_but_first_where_it_is_in_the_way() {
    let old = ActualContainer { host_ports: vec!["80/tcp".into()], ..container("old", 1, "x") };
    let web = service("web");
    let actual = there(vec![old]);
    assert_eq!(asked(&wanted(vec![web.clone()]), &actual), ["create shop-web-1", "remove shop-old-1"]);
    let port = DesiredService { host_ports: vec!["80/tcp".into()], ..web };
    assert_eq!(asked(&wanted(vec![port]), &actual), ["remove shop-old-1", "create shop-web-1"]);
}

#[test]
fn what_a_crash_left_half_made_is_cleaned_before_anything_is_made() {
    let half = ActualContainer {
        state: ContainerState::Created,
        id: "half".into(),
        name: "abc_shop-web-1".into(),
        ..container("web", 1, "new")
    };
    let desired = wanted(vec![service("web")]);
    assert_eq!(asked(&desired, &there(vec![half.clone()])), ["remove abc_shop-web-1", "create shop-web-1"]);
    let both = there(vec![container("web", 1, "old"), half]);
    assert_eq!(asked(&desired, &both), ["remove abc_shop-web-1", "replace start-first shop-web-1"]);
}

#[test]
fn a_new_copy_left_by_a_crash_is_adopted_and_the_old_one_goes_once_it_is_ready() {
    let new = ActualContainer { name: "abc_shop-web-1".into(), ..container("web", 1, "new") };
    let both = there(vec![container("web", 1, "old"), new]);
    let adopted = ["remove later shop-web-1", "rename shop-web-1"];
    assert_eq!(asked(&wanted(vec![service("web")]), &both), adopted);

    let back = wanted(vec![DesiredService { hash: "old".into(), ..service("web") }]);
    assert_eq!(asked(&back, &both), ["remove later abc_shop-web-1"], "going back keeps the one that serves");
}

#[test]
fn two_live_copies_of_a_stop_first_service_are_never_left() {
    let stop_first = DesiredService { order: Order::StopFirstVolume, ..service("db") };
    let new = ActualContainer { name: "abc_shop-db-1".into(), ..container("db", 1, "new") };
    let both = there(vec![container("db", 1, "old"), new.clone()]);
    assert_eq!(asked(&wanted(vec![stop_first.clone()]), &both), ["remove shop-db-1", "rename shop-db-1"]);

    let stopped = there(vec![exited(container("db", 1, "old"), 0), new]);
    let back = DesiredService { hash: "old".into(), ..stop_first };
    assert_eq!(asked(&wanted(vec![back]), &stopped), ["remove abc_shop-db-1", "start shop-db-1"]);
}

#[test]
fn a_container_that_died_is_started_again_and_one_that_was_removed_is_made_again() {
    let desired = Desired { purpose: Purpose::Reconcile, ..wanted(vec![service("web")]) };
    assert_eq!(asked(&desired, &there(vec![exited(container("web", 1, "new"), 137)])), ["start shop-web-1"]);
    assert_eq!(asked(&desired, &Actual::default()), ["create shop-web-1"]);
}

#[test]
fn the_reconciler_leaves_alone_what_may_stay_ended() {
    let cases = [
        (Restart::No, false, 1),
        (Restart::No, false, 0),
        (Restart::Unsaid, false, 0),
        (Restart::OnFailure(Some(3)), false, 1),
        (Restart::OnFailure(None), false, 0),
        (Restart::Unsaid, true, 1),
        (Restart::Unsaid, true, 0),
    ];
    for (restart, one_shot, code) in cases {
        let job = DesiredService { restart, one_shot, ..service("job") };
        let desired = Desired { purpose: Purpose::Reconcile, ..wanted(vec![job]) };
        let actual = there(vec![exited(container("job", 1, "new"), code)]);
        assert!(plan(&desired, &actual).is_noop(), "{restart:?} one_shot={one_shot} code={code}");
    }
    for (restart, code) in [(Restart::Always, 0), (Restart::Always, 1), (Restart::OnFailure(None), 137)] {
        let web = DesiredService { restart, ..service("web") };
        let desired = Desired { purpose: Purpose::Reconcile, ..wanted(vec![web]) };
        assert_eq!(asked(&desired, &there(vec![exited(container("web", 1, "new"), code)])), ["start shop-web-1"]);
    }
}

#[test]
fn a_removed_job_is_run_again_by_a_deployment_only() {
    let job = DesiredService { one_shot: true, ..service("job") };
    let mut desired = wanted(vec![job]);
    assert_eq!(asked(&desired, &Actual::default()), ["create shop-job-1"]);
    desired.purpose = Purpose::Reconcile;
    assert!(plan(&desired, &Actual::default()).is_noop());
}

#[test]
fn the_engine_restarting_a_container_is_left_to_it() {
    let restarting = ActualContainer { state: ContainerState::Restarting, ..container("web", 1, "new") };
    let desired = Desired { purpose: Purpose::Reconcile, ..wanted(vec![service("web")]) };
    assert!(plan(&desired, &there(vec![restarting])).is_noop());
}

#[test]
fn a_stopped_app_is_stopped_from_its_dependents_down_and_stays_so() {
    let need = |condition| Need { service: "db".into(), condition, required: true, restart: false };
    let stop = |name: &str| DesiredService { wish: Wish::Stop, ..service(name) };
    let web = DesiredService { depends_on: vec![need(Condition::Healthy)], ..stop("web") };
    let desired = wanted(vec![stop("db"), web]);
    let both = there(vec![container("db", 1, "new"), container("web", 1, "new")]);
    let stopping = plan(&desired, &both);
    assert_eq!(lines(&stopping), ["stop shop-db-1", "stop shop-web-1"]);
    assert_eq!(stopping.services[0].after[0].service, "web", "the database goes after those who use it");
    assert!(stopping.services[1].after.is_empty());

    let stopped = there(vec![exited(container("db", 1, "new"), 137), exited(container("web", 1, "new"), 0)]);
    assert!(plan(&desired, &stopped).is_noop());
    assert!(plan(&desired, &Actual::default()).is_noop(), "nothing is made only to be stopped");
}

#[test]
fn starting_wakes_what_ended_well_but_runs_no_job_twice() {
    let revive = |name: &str| DesiredService { wish: Wish::Revive, ..service(name) };
    let job = DesiredService { one_shot: true, ..revive("job") };
    let actual = there(vec![exited(container("web", 1, "new"), 0), exited(container("job", 1, "new"), 0)]);
    assert_eq!(asked(&wanted(vec![job, revive("web")]), &actual), ["start shop-web-1"]);
}

#[test]
fn a_removed_app_takes_its_networks_along_and_its_volumes_only_on_request() {
    let mut desired = wanted(vec![DesiredService { wish: Wish::Remove, ..service("web") }]);
    desired.removed = Some(false);
    let mut actual = there(vec![container("web", 1, "new"), container("gone", 1, "x")]);
    actual.networks = vec![found("shop_default", "n"), ActualResource { name: "bridge".into(), ..Default::default() }];
    actual.volumes = vec![found("shop_data", "v")];
    assert_eq!(asked(&desired, &actual), ["remove shop-web-1", "remove shop-gone-1", "remove network shop_default"]);
    desired.removed = Some(true);
    assert_eq!(asked(&desired, &actual).last().map(String::as_str), Some("remove volume shop_data"));
}

#[test]
fn a_network_with_other_settings_is_made_again_with_everything_in_it() {
    let mut desired = wanted(vec![service("web")]);
    desired.networks = vec![resource("shop_default", "n2")];
    let mut actual = there(vec![container("web", 1, "new")]);
    actual.networks = vec![found("shop_default", "n1")];
    assert_eq!(
        asked(&desired, &actual),
        ["remove shop-web-1", "remove network shop_default", "create network shop_default", "create shop-web-1"]
    );
}

#[test]
fn a_volume_with_other_settings_keeps_its_data_and_says_so() {
    let mut desired = wanted(vec![]);
    desired.volumes = vec![resource("shop_data", "v2")];
    let actual = Actual { volumes: vec![found("shop_data", "v1")], ..Actual::default() };
    let kept = plan(&desired, &actual);
    assert!(kept.is_noop());
    assert_eq!(kept.before[0].reason.key, "plan.volume.kept");
}

#[test]
fn an_external_network_or_volume_that_is_missing_stops_everything() {
    let mut desired = wanted(vec![]);
    desired.networks = vec![DesiredResource { external: true, ..resource("proxy", "") }];
    desired.volumes = vec![DesiredResource { external: true, ..resource("data", "") }];
    let keys: Vec<_> = plan(&desired, &Actual::default()).missing.into_iter().map(|message| message.key).collect();
    assert_eq!(keys, ["deploy.network.missing", "deploy.volume.missing"]);
}

#[test]
fn networks_that_are_not_wanted_any_more_go_at_the_end() {
    let mut desired = wanted(vec![service("web")]);
    desired.networks = vec![resource("shop_new", "n")];
    let mut actual = there(vec![]);
    actual.networks = vec![found("shop_old", "n")];
    assert_eq!(asked(&desired, &actual), ["create network shop_new", "create shop-web-1", "remove network shop_old"]);
}

#[test]
fn who_lives_in_anothers_namespace_moves_with_it() {
    let side = DesiredService { shares: vec!["web".into()], order: Order::StopFirstPort, ..service("side") };
    let actual = there(vec![container("web", 1, "old"), container("side", 1, "new")]);
    let both = plan(&wanted(vec![service("web"), side]), &actual);
    assert_eq!(lines(&both), ["replace start-first shop-web-1", "replace stop-first shop-side-1"]);
    assert_eq!(both.services[1].steps[0].reason.key, "plan.replace.shares.stop-first-port");
}

#[test]
fn a_dependent_that_asks_for_it_restarts_after_its_dependency_was_replaced() {
    let need = Need { service: "db".into(), condition: Condition::Started, required: true, restart: true };
    let web = DesiredService { depends_on: vec![need], ..service("web") };
    let actual = there(vec![container("db", 1, "old"), container("web", 1, "new")]);
    assert_eq!(
        asked(&wanted(vec![service("db"), web]), &actual),
        ["replace start-first shop-db-1", "restart shop-web-1"]
    );
}

#[test]
fn a_restart_touches_what_was_asked_for_and_nothing_else() {
    let mut desired = wanted(vec![DesiredService { replicas: 2, ..service("web") }]);
    desired.restart = BTreeSet::from(["web1new".to_owned()]);
    let actual = there(vec![container("web", 1, "new"), container("web", 2, "new")]);
    assert_eq!(asked(&desired, &actual), ["restart shop-web-1"]);
}

#[test]
fn an_update_left_half_way_on_purpose_is_not_finished_behind_somebodys_back() {
    let mut desired = wanted(vec![DesiredService { replicas: 2, ..service("web") }]);
    desired.accept_stale = true;
    desired.purpose = Purpose::Reconcile;
    let actual = there(vec![container("web", 1, "new"), container("web", 2, "old")]);
    assert!(plan(&desired, &actual).is_noop());
}

#[test]
fn a_wrong_name_left_by_a_crash_is_put_right() {
    let actual = there(vec![ActualContainer { name: "abc_shop-web-1".into(), ..container("web", 1, "new") }]);
    assert_eq!(asked(&wanted(vec![service("web")]), &actual), ["rename shop-web-1"]);
}

#[test]
fn applying_a_plan_leads_to_a_state_without_a_plan() {
    // whatever is there, one round of honest execution is enough
    let states = [ContainerState::Running, ContainerState::Exited, ContainerState::Created, ContainerState::Dead];
    for order in [Order::StartFirst, Order::StopFirst] {
        for mask in 0..256_u32 {
            let desired = wanted(vec![DesiredService { replicas: 2, order, ..service("web") }]);
            let mut actual = Actual::default();
            for bit in 0..4_u32 {
                let pick = (mask >> (2 * bit)) & 3;
                let hash = if bit % 2 == 0 { "new" } else { "old" };
                let mut c = container("web", bit / 2 + 1, hash);
                c.state = states[usize::try_from(pick).unwrap()];
                c.exit_code = (c.state == ContainerState::Exited).then_some(1);
                c.name = format!("x{bit}_shop-web");
                actual.containers.push(c);
            }
            simulate(&plan(&desired, &actual), &mut actual);
            assert!(plan(&desired, &actual).is_noop(), "order {order:?}, mask {mask}: {actual:?}");
            assert_eq!(actual.containers.len(), 2);
        }
    }
}

/// Does to `actual` what an engine would do.
fn simulate(plan: &Plan, actual: &mut Actual) {
    for step in plan.steps() {
        let service = step.service.clone().unwrap_or_default();
        match &step.act {
            Act::Create { number } => {
                let name = step.name.clone();
                actual.containers.push(ActualContainer { name, ..container(&service, *number, "new") });
            }
            Act::Replace { number, old, .. } => {
                actual.containers.retain(|c| c.id != *old);
                let name = step.name.clone();
                actual.containers.push(ActualContainer { name, ..container(&service, *number, "new") });
            }
            Act::Remove { id, .. } => actual.containers.retain(|c| c.id != *id),
            Act::Start { id, .. } => {
                let started = actual.containers.iter_mut().find(|c| c.id == *id).unwrap();
                (started.state, started.exit_code, started.health) =
                    (ContainerState::Running, None, Some(Health::Healthy));
            }
            Act::Rename { id } => {
                actual.containers.iter_mut().find(|c| c.id == *id).unwrap().name.clone_from(&step.name);
            }
            _ => {}
        }
    }
}
