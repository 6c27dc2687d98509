//! Templates: Compose files with questions.

use serde::{Deserialize, Serialize};

use crate::client::{Client, Path};
use crate::list::List;
use crate::message::Message;
use crate::problem::Problem;

/// A template of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Template {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: Message,
    /// What it is good for.
    pub description: Message,
    /// The Compose file.
    pub compose: String,
    /// What it asks.
    pub questions: Vec<Question>,
}

/// A question of a template: a variable of its Compose file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Question {
    /// The variable's name.
    pub variable: String,
    /// What is asked.
    pub label: Message,
    /// The answer to begin with.
    pub default: String,
    /// Whether it needs an answer.
    pub required: bool,
    /// Whether the answer is not to be shown; the console offers a random one.
    pub secret: bool,
}

impl Client {
    /// The built-in templates.
    pub async fn list_templates(&self) -> Result<List<Template>, Problem> {
        self.get(Path::new(&["templates"])).await
    }
}
