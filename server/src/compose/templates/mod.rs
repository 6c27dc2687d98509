//! The built-in templates: Compose files with questions.

use std::sync::OnceLock;

use api::{
    Message,
    template::{Question, Template},
};

/// A template's id, its file, and what it asks: the variable, the default, whether it is a secret.
/// A question without a default needs an answer.
type Built = (&'static str, &'static str, &'static [(&'static str, Option<&'static str>, bool)]);

const PORT: (&str, Option<&str>, bool) = ("PORT", Some("8081"), false);

const BUILT_IN: &[Built] = &[
    (
        "web",
        include_str!("web.yaml"),
        &[PORT, ("TITLE", Some("It works"), false), ("NGINX_TAG", Some("1.29-alpine"), false)],
    ),
    ("whoami", include_str!("whoami.yaml"), &[PORT, ("NAME", Some("whoami"), false)]),
    (
        "postgres",
        include_str!("postgres.yaml"),
        &[
            ("POSTGRES_PASSWORD", None, true),
            ("POSTGRES_USER", Some("app"), false),
            ("POSTGRES_DB", Some("app"), false),
            ("PORT", Some("5432"), false),
            ("POSTGRES_TAG", Some("17-alpine"), false),
        ],
    ),
    (
        "redis",
        include_str!("redis.yaml"),
        &[("REDIS_PASSWORD", None, true), ("PORT", Some("6379"), false), ("REDIS_TAG", Some("8-alpine"), false)],
    ),
    ("wordpress", include_str!("wordpress.yaml"), &[("DB_PASSWORD", None, true), PORT]),
    (
        "monitoring",
        include_str!("monitoring.yaml"),
        &[
            ("ADMIN_PASSWORD", None, true),
            ("ADMIN_USER", Some("admin"), false),
            ("PORT", Some("3000"), false),
            ("RETENTION", Some("15d"), false),
        ],
    ),
    (
        "gitea",
        include_str!("gitea.yaml"),
        &[
            ("PORT", Some("3000"), false),
            ("SSH_PORT", Some("2222"), false),
            ("URL", Some("http://localhost:3000/"), false),
        ],
    ),
    ("demo", include_str!("demo.yaml"), &[PORT, ("COPIES", Some("3"), false)]),
];

/// The built-in templates. Titles are `template.<id>.title`, descriptions `template.<id>.description` and questions
/// `template.question.<variable in lower case>` in the catalogues.
pub fn templates() -> &'static [Template] {
    static TEMPLATES: OnceLock<Vec<Template>> = OnceLock::new();
    TEMPLATES.get_or_init(|| BUILT_IN.iter().map(template).collect())
}

/// The template of this id.
pub fn template_by_id(id: &str) -> Option<&'static Template> {
    templates().iter().find(|template| template.id == id)
}

fn template((id, compose, questions): &Built) -> Template {
    Template {
        id: (*id).to_owned(),
        title: Message::new(format!("template.{id}.title")),
        description: Message::new(format!("template.{id}.description")),
        compose: (*compose).to_owned(),
        questions: questions
            .iter()
            .map(|(variable, default, secret)| Question {
                variable: (*variable).to_owned(),
                label: Message::new(format!("template.question.{}", variable.to_ascii_lowercase())),
                default: default.unwrap_or_default().to_owned(),
                required: default.is_none(),
                secret: *secret,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use api::Language;

    use super::*;
    use crate::compose::{Source, parse, startup_order, variables};

    fn source(template: &Template) -> Source {
        Source { text: template.compose.clone(), ..Source::default() }
    }

    #[test]
    fn every_template_is_read_without_a_finding_once_its_questions_are_answered() {
        assert!((6..=8).contains(&templates().len()));
        for template in templates() {
            let required = template.questions.iter().filter(|question| question.required);
            let answers: BTreeMap<_, _> =
                required.map(|question| (question.variable.clone(), "p$1 'x'".to_owned())).collect();
            let parsed =
                parse(&source(template), &answers).unwrap_or_else(|found| panic!("{}: {found:?}", template.id));
            assert_eq!(parsed.warnings, [], "{}", template.id);
            startup_order(&parsed.project).unwrap();
            if !answers.is_empty() {
                let found = parse(&source(template), &BTreeMap::new()).unwrap_err();
                assert_eq!(found[0].code, "variable_required_because", "{}", template.id);
            }
        }
    }

    #[test]
    fn the_questions_are_the_variables_of_the_file() {
        for template in templates() {
            let used: BTreeMap<_, _> =
                variables(&source(template)).unwrap().into_iter().map(|used| (used.name.clone(), used)).collect();
            let asked: BTreeSet<_> = template.questions.iter().map(|question| &question.variable).collect();
            assert_eq!(asked, used.keys().collect(), "{}", template.id);
            for question in &template.questions {
                let used = &used[&question.variable];
                assert_eq!(question.required, used.required, "{} {}", template.id, question.variable);
                assert_eq!(
                    question.default,
                    used.default.clone().unwrap_or_default(),
                    "{} {}",
                    template.id,
                    question.variable
                );
            }
        }
    }

    #[test]
    fn every_template_has_its_texts_and_an_id_of_its_own() {
        let ids: BTreeSet<_> = templates().iter().map(|template| template.id.as_str()).collect();
        assert_eq!(ids.len(), templates().len());
        for template in templates() {
            assert_eq!(template_by_id(&template.id), Some(template));
            let labels = template.questions.iter().map(|question| &question.label);
            for message in labels.chain([&template.title, &template.description]) {
                for language in [Language::English, Language::Chinese] {
                    assert!(
                        api::message::catalogue(language).contains_key(message.key.as_str()),
                        "{} {language:?}",
                        message.key
                    );
                }
            }
        }
    }
}
