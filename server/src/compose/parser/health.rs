//! `healthcheck`.

use crate::compose::{
    diagnostic::code,
    keys,
    model::{HealthTest, Healthcheck},
    read::At,
};

pub fn healthcheck(at: &At<'_>) -> Option<Healthcheck> {
    let fields = at.fields(&keys::HEALTHCHECK)?;
    let mut test = fields.get("test").and_then(|at| test_of(&at));
    if fields.boolean("disable") == Some(true) {
        test = Some(HealthTest::Disabled);
    }
    Some(Healthcheck {
        test,
        interval: fields.duration("interval"),
        timeout: fields.duration("timeout"),
        retries: fields.integer("retries", 0, i64::from(u16::MAX)).and_then(|retries| u32::try_from(retries).ok()),
        start_period: fields.duration("start_period"),
        start_interval: fields.duration("start_interval"),
    })
}

fn test_of(at: &At<'_>) -> Option<HealthTest> {
    if at.is_scalar() {
        let line = at.text()?;
        if line.trim().is_empty() {
            at.error(code::HEALTH_TEST_EMPTY, vec![]);
            return None;
        }
        return Some(HealthTest::Shell(line));
    }
    if !at.is_list() {
        at.error_value(code::EXPECTED_TEXT_OR_LIST);
        return None;
    }
    let mut words = at.texts().into_iter();
    let Some(form) = words.next() else {
        at.error(code::HEALTH_TEST_EMPTY, vec![]);
        return None;
    };
    let rest: Vec<String> = words.collect();
    match (form.as_str(), rest.as_slice()) {
        ("NONE", _) => Some(HealthTest::Disabled),
        ("CMD" | "CMD-SHELL", []) => {
            at.error(code::HEALTH_TEST_EMPTY, vec![]);
            None
        }
        ("CMD", _) => Some(HealthTest::Command(rest)),
        ("CMD-SHELL", [line]) => Some(HealthTest::Shell(line.clone())),
        _ => {
            at.error(code::HEALTH_TEST_FORM, vec![("value", crate::compose::path::shorten(&form))]);
            None
        }
    }
}
