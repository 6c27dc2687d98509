//! Providers without OpenID Connect: their user APIs say who somebody is.

use serde::Deserialize;
use url::Url;

use super::{Fault, Person, Providers, Settings};

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    #[serde(default)]
    email: Option<String>,
}

#[derive(Deserialize)]
struct Organisation {
    login: String,
}

#[derive(Deserialize)]
struct Team {
    slug: String,
    organization: Organisation,
}

impl User {
    fn person(self, groups: Vec<String>) -> Person {
        let label = self.email.filter(|email| !email.is_empty()).unwrap_or_else(|| self.login.clone());
        Person { subject: self.id.to_string(), label, usernames: vec![self.login], groups, refresh_token: None }
    }
}

/// Organisations as `name`, teams as `organisation/team`, where `read:org` was asked for.
pub async fn github(providers: &Providers, settings: &Settings, token: &str) -> Result<Person, Fault> {
    let base = settings.issuer.trim_end_matches('/');
    let base =
        if base == "https://github.com" { "https://api.github.com".to_owned() } else { format!("{base}/api/v3") };
    let user: User = providers.get(&address(&base, "user")?, Some(token)).await?;
    if !settings.scopes.iter().any(|scope| scope == "read:org") {
        return Ok(user.person(Vec::new()));
    }
    let organisations: Vec<Organisation> =
        providers.get(&address(&base, "user/orgs?per_page=100")?, Some(token)).await?;
    let teams: Vec<Team> = providers.get(&address(&base, "user/teams?per_page=100")?, Some(token)).await?;
    let teams = teams.into_iter().map(|team| format!("{}/{}", team.organization.login, team.slug));
    let groups = organisations.into_iter().map(|organisation| organisation.login).chain(teams).collect();
    Ok(user.person(groups))
}

/// Gitee tells no groups.
pub async fn gitee(providers: &Providers, settings: &Settings, token: &str) -> Result<Person, Fault> {
    let base = format!("{}/api/v5", settings.issuer.trim_end_matches('/'));
    let user: User = providers.get(&address(&base, "user")?, Some(token)).await?;
    Ok(user.person(Vec::new()))
}

fn address(base: &str, path: &str) -> Result<Url, Fault> {
    Url::parse(&format!("{base}/{path}")).map_err(|_| Fault::Unavailable("the issuer is no address".to_owned()))
}
