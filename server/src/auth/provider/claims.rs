//! Reading who somebody is out of claims.

use serde_json::{Map, Value};

use super::Person;

/// The claims of a token or of the user info.
pub type Claims = Map<String, Value>;

/// The longest subject: OpenID Connect Core 1.0, section 2.
const LONGEST_SUBJECT: usize = 255;
/// The most groups that are kept, and the longest name of one.
const MOST_GROUPS: usize = 1_000;
const LONGEST_GROUP: usize = 256;

/// Adds what the user info says to what the token said, which comes first.
pub fn merge(told: &mut Claims, info: Claims) -> Result<(), String> {
    if told.get("sub").is_some_and(|subject| info.get("sub") != Some(subject)) {
        return Err("its user info is of another person".to_owned());
    }
    for (name, value) in info {
        told.entry(name).or_insert(value);
    }
    Ok(())
}

/// Who the claims are about.
pub fn person(claims: &Claims, groups_claim: Option<&str>) -> Result<Person, String> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT || subject.chars().any(char::is_control) {
        return Err("it does not say who it is".to_owned());
    }
    let usernames = ["preferred_username", "nickname", "email", "name"].into_iter().filter_map(text);
    let label = text("email").or_else(|| text("preferred_username")).or_else(|| text("name")).unwrap_or(subject);
    Ok(Person {
        subject: subject.to_owned(),
        label: label.chars().filter(|char| !char.is_control()).take(LONGEST_GROUP).collect(),
        usernames: usernames.map(str::to_owned).collect(),
        groups: groups_claim.and_then(|path| find(claims, path)).map(groups).unwrap_or_default(),
        refresh_token: None,
    })
}

/// The claim of this very name, else the one at the end of the path.
fn find<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let mut parts = path.split('.');
    let first = claims.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

fn groups(value: &Value) -> Vec<String> {
    let all = match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ => Vec::new(),
    };
    let usable = all.into_iter().filter(|group| !group.is_empty() && group.len() <= LONGEST_GROUP);
    usable.take(MOST_GROUPS).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        value.as_object().unwrap().clone()
    }

    fn groups_of(value: Value, path: &str) -> Vec<String> {
        person(&claims(value), Some(path)).unwrap().groups
    }

    #[test]
    fn groups_stand_under_a_name_or_at_the_end_of_a_path() {
        let all = json!({
            "sub": "1", "groups": ["/eng", "/ops"], "https://x.example/groups": ["named"], "one": "alone",
            "realm_access": {"roles": ["nested"]}, "realm_access.roles": ["literal"], "number": 5, "mixed": ["a", 5, ""],
        });
        assert_eq!(groups_of(all.clone(), "groups"), ["/eng", "/ops"]);
        assert_eq!(groups_of(all.clone(), "https://x.example/groups"), ["named"]);
        assert_eq!(groups_of(all.clone(), "one"), ["alone"]);
        assert_eq!(groups_of(all.clone(), "realm_access.roles"), ["literal"], "the very name comes first");
        assert_eq!(groups_of(all.clone(), "mixed"), ["a"]);
        for nothing in ["number", "missing", "groups.roles", "realm_access", ""] {
            assert_eq!(groups_of(all.clone(), nothing), [""; 0], "{nothing}");
        }
        assert_eq!(groups_of(json!({"sub": "1", "a": {"b": {"c": ["deep"]}}}), "a.b.c"), ["deep"]);
    }

    #[test]
    fn the_subject_says_who_it_is_and_nothing_else_does() {
        let told = claims(json!({"sub": "42", "email": "ada@x.example", "preferred_username": "ada", "name": "Ada L"}));
        let ada = person(&told, None).unwrap();
        assert_eq!((ada.subject.as_str(), ada.label.as_str()), ("42", "ada@x.example"));
        assert_eq!(ada.usernames, ["ada", "ada@x.example", "Ada L"]);
        for nobody in [
            json!({"email": "ada@x.example"}),
            json!({"sub": ""}),
            json!({"sub": 5}),
            json!({"sub": "x".repeat(256)}),
            json!({"sub": "1\u{0}"}),
        ] {
            assert!(person(&claims(nobody.clone()), None).is_err(), "{nobody}");
        }
    }

    #[test]
    fn the_user_info_adds_and_never_replaces() {
        let mut told = claims(json!({"sub": "1", "email": "signed@x.example"}));
        merge(&mut told, claims(json!({"sub": "1", "email": "other@x.example", "groups": ["a"]}))).unwrap();
        assert_eq!(told["email"], "signed@x.example");
        assert_eq!(told["groups"], json!(["a"]));
        assert!(merge(&mut told, claims(json!({"sub": "2"}))).is_err());
        assert!(merge(&mut told, claims(json!({}))).is_err());
    }
}
