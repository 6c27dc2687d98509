//! Templates: Compose files with questions.

use api::List;
use api::template::Template;

use crate::auth::Caller;
use crate::compose;

/// The built-in templates; whoever is signed in may see them.
pub fn list(_caller: &Caller) -> List<Template> {
    let items = compose::templates().to_vec();
    List { total: items.len() as u64, items, next: None, age_ms: None }
}
