//! The policy of a project on what may run. `deploy::policy` judges by it.

use std::path::absolute;

use api::permission::Permission;
use api::policy::{ProjectPolicy, SetProjectPolicy, overlap};
use api::{FieldProblem, Message};

use super::audit::{Outcome, audit_in};
use super::{Error, State, project};
use crate::auth::Caller;
use crate::db;

/// What an audit entry keeps of a policy, in characters, so that what was before never crowds out what is now.
const AUDITED: usize = 2_000;

/// The policy of a project.
pub async fn get(state: &State, caller: &Caller, project: &str) -> Result<ProjectPolicy, Error> {
    let project = project::find(state, caller, Permission::ViewApp, project).await?;
    Ok(db::policy::find(state.db.read(), project.id).await?)
}

/// Replaces the policy of a project. It gives the hosts away, so project administrators may not.
pub async fn set(state: &State, caller: &Caller, name: &str, set: SetProjectPolicy) -> Result<ProjectPolicy, Error> {
    let project = project::find(state, caller, Permission::ManagePortal, name).await?;
    let policy = set.into_policy().map_err(Error::Invalid)?;
    let problems = own(state, &policy);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let before = state
        .db
        .write(async |txn| {
            if !db::project::hold(txn, project.id).await? {
                return Err(Error::not_found("project", name));
            }
            let before = db::policy::find(txn, project.id).await?;
            db::policy::put(txn, project.id, &policy).await?;
            Ok::<_, Error>(before)
        })
        .await?;
    let detail = format!("before={} after={}", audited(&before), audited(&policy));
    audit_in(state, Some(name), caller, "policy.update", name, Outcome::Done, &detail).await;
    Ok(policy)
}

/// The folders that would give away the portal's own data or an engine's socket.
fn own(state: &State, policy: &ProjectPolicy) -> Vec<FieldProblem> {
    let data = absolute(&state.config.data.dir).ok().map(|dir| dir.display().to_string());
    let socket = |endpoint: String| endpoint.strip_prefix("unix://").map(str::to_owned);
    let sockets = state.clusters.iter().filter_map(|cluster| socket(cluster.endpoint()));
    let own: Vec<String> = data.into_iter().chain(sockets).collect();
    let is_own = |root: &str| own.iter().any(|path| overlap(root, path));
    let roots = policy.bind_roots.iter().enumerate().filter(|(_, root)| is_own(root));
    roots.map(|(place, _)| FieldProblem::new(format!("bind_roots[{place}]"), Message::new("policy.root.own"))).collect()
}

fn audited(policy: &ProjectPolicy) -> String {
    serde_json::to_string(policy).unwrap_or_default().chars().take(AUDITED).collect()
}
