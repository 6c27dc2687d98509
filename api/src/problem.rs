//! What went wrong, as RFC 9457 problem details.

use serde::{Deserialize, Serialize};

use crate::message::{Language, Message};

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A failed request. `detail` is a sentence in the caller's language that says what happened, why and what to do;
/// `message` is the same by key, for programs and for showing it again in another language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{status} {detail}")]
pub struct Problem {
    /// A stable name for this kind of problem, for example `/problems/not-found`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few words.
    pub title: String,
    /// The HTTP status code.
    pub status: u16,
    /// A sentence that a person can act on.
    pub detail: String,
    /// The detail by key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// What is wrong with which field of the input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
}

/// What is wrong with one field of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// The field as a path, for example `name` or `compose.services.web.ports[0]`.
    pub field: String,
    /// What is wrong, in the caller's language.
    pub detail: String,
    /// The same by key.
    pub message: Message,
    /// The line in a text field, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in that line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl FieldProblem {
    /// A problem of a field; its text is filled in when the problem is shown.
    pub fn new(field: impl Into<String>, message: Message) -> Self {
        Self { field: field.into(), detail: String::new(), message, line: None, column: None }
    }

    /// The place in a text field.
    #[must_use]
    pub fn at(mut self, line: u32, column: u32) -> Self {
        (self.line, self.column) = (Some(line), Some(column));
        self
    }
}

impl Problem {
    /// A problem of the kind `name` (the last part of its type) with `message` as detail, in English.
    pub fn new(status: u16, name: &str, message: Message) -> Self {
        let title = Message::new(format!("problem.{name}.title"));
        Self {
            kind: format!("/problems/{name}"),
            title: title.text(Language::English),
            status,
            detail: message.text(Language::English),
            message: Some(message),
            fields: Vec::new(),
        }
    }

    /// Adds the fields that are wrong.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldProblem>) -> Self {
        self.fields = fields;
        self.localized(Language::English)
    }

    /// The last part of the type, for example `not-found`.
    pub fn name(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or_default()
    }

    /// The same problem with its texts in `language`.
    #[must_use]
    pub fn localized(mut self, language: Language) -> Self {
        self.title = Message::new(format!("problem.{}.title", self.name())).text(language);
        if let Some(message) = &self.message {
            self.detail = message.text(language);
        }
        for field in &mut self.fields {
            field.detail = field.message.text(language);
        }
        self
    }

    /// The portal could not be reached, or its answer was cut off.
    pub fn unreachable(cause: impl ToString) -> Self {
        Self::new(503, "unreachable", Message::new("problem.unreachable.detail").with("cause", cause))
    }

    /// The answer was not what this client understands.
    pub fn unreadable(cause: impl ToString) -> Self {
        Self::new(502, "unreadable", Message::new("problem.unreadable.detail").with("cause", cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_speaks_the_language_it_is_shown_in() {
        let problem = Problem::unreachable("connection refused");
        assert!(problem.detail.contains("connection refused"));
        let chinese = problem.clone().localized(Language::Chinese);
        assert_ne!(chinese.title, problem.title);
        assert!(chinese.detail.contains("connection refused"));
        assert_eq!(chinese.localized(Language::English), problem);
    }

    #[test]
    fn the_type_is_serialized_under_its_rfc_name() {
        let json = serde_json::to_value(Problem::unreachable("x")).unwrap();
        assert_eq!(json["type"], "/problems/unreachable");
        assert_eq!(json["status"], 503);
    }
}
