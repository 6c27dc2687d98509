//! Templates: Compose files with questions.

use api::List;
use api::template::Template;
use api::token::Scope;

use super::Error;
use crate::auth::Caller;
use crate::compose;

/// The built-in templates; whoever is signed in may see them.
pub fn list(caller: &Caller) -> Result<List<Template>, Error> {
    caller.require_scope(Scope::Read)?;
    let items = compose::templates().to_vec();
    Ok(List { total: items.len() as u64, items, next: None, age_ms: None })
}
