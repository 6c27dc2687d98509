//! The fields that adding and changing a provider share.

use api::{
    Problem,
    permission::SystemRole,
    provider::{CreateProvider, FirstSignIn, Provider, ProviderKind, UpdateProvider},
};
use leptos::prelude::*;

use super::newcomers_word;
use crate::{
    components::{
        card::Card,
        field::{CheckField, LinesField, SelectField, TextField},
    },
    i18n::{t, use_locale},
    pages::users::role_word,
};

/// What can be chosen for newcomers, by what the form calls it.
const NEWCOMERS: [(&str, FirstSignIn); 3] =
    [("refuse", FirstSignIn::Refuse), ("approve", FirstSignIn::Approve), ("create", FirstSignIn::Create)];
/// The roles, likewise.
const ROLES: [(&str, SystemRole); 2] = [("member", SystemRole::Member), ("admin", SystemRole::Admin)];

/// What is written in the form, as the contract has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    /// Another secret, or an empty one for none at all; absent where it stays as it is.
    pub secret: Option<String>,
    pub scopes: Vec<String>,
    pub groups_claim: String,
    pub admin_groups: Vec<String>,
    pub first_sign_in: FirstSignIn,
    pub first_role: SystemRole,
}

impl From<&Provider> for Draft {
    fn from(provider: &Provider) -> Self {
        Self {
            name: provider.name.clone(),
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            secret: None,
            scopes: provider.scopes.clone(),
            groups_claim: provider.groups_claim.clone().unwrap_or_default(),
            admin_groups: provider.admin_groups.clone(),
            first_sign_in: provider.first_sign_in,
            first_role: provider.first_role,
        }
    }
}

impl Draft {
    /// The request that adds it.
    pub fn create(self, kind: ProviderKind, slug: String) -> CreateProvider {
        CreateProvider {
            slug,
            name: self.name,
            kind,
            issuer: self.issuer,
            client_id: self.client_id,
            client_secret: self.secret.filter(|secret| !secret.is_empty()),
            scopes: self.scopes,
            groups_claim: Some(self.groups_claim).filter(|claim| !claim.is_empty()),
            admin_groups: self.admin_groups,
            first_sign_in: self.first_sign_in,
            first_role: self.first_role,
        }
    }

    /// The request that changes `before` to it; what is the same is left out.
    pub fn changes(self, before: &Self) -> UpdateProvider {
        fn other<T: PartialEq>(now: T, before: &T) -> Option<T> {
            (now != *before).then_some(now)
        }
        UpdateProvider {
            name: other(self.name, &before.name),
            issuer: other(self.issuer, &before.issuer),
            client_id: other(self.client_id, &before.client_id),
            client_secret: self.secret,
            scopes: other(self.scopes, &before.scopes),
            groups_claim: other(self.groups_claim, &before.groups_claim),
            admin_groups: other(self.admin_groups, &before.admin_groups),
            first_sign_in: other(self.first_sign_in, &before.first_sign_in),
            first_role: other(self.first_role, &before.first_role),
            enabled: None,
        }
    }
}

/// The form while it is filled in.
#[derive(Clone, Copy)]
pub(super) struct Form {
    kind: ProviderKind,
    name: RwSignal<String>,
    issuer: RwSignal<String>,
    client_id: RwSignal<String>,
    secret: RwSignal<String>,
    without_secret: RwSignal<bool>,
    scopes: RwSignal<String>,
    groups_claim: RwSignal<String>,
    admin_groups: RwSignal<String>,
    first_sign_in: RwSignal<String>,
    first_role: RwSignal<String>,
    /// What was wrong with it last time.
    pub problem: RwSignal<Option<Problem>>,
    /// Whether it is being sent.
    pub busy: RwSignal<bool>,
}

impl Form {
    /// A form that begins with a draft.
    pub fn new(kind: ProviderKind, draft: &Draft) -> Self {
        let text = || RwSignal::new(String::new());
        let form = Self {
            kind,
            name: text(),
            issuer: text(),
            client_id: text(),
            secret: text(),
            without_secret: RwSignal::new(false),
            scopes: text(),
            groups_claim: text(),
            admin_groups: text(),
            first_sign_in: text(),
            first_role: text(),
            problem: RwSignal::new(None),
            busy: RwSignal::new(false),
        };
        form.fill(draft);
        form
    }

    /// Writes a draft into the form, if the page is still there.
    pub fn fill(self, draft: &Draft) {
        let texts = [
            (self.name, draft.name.clone()),
            (self.issuer, draft.issuer.clone()),
            (self.client_id, draft.client_id.clone()),
            (self.secret, draft.secret.clone().unwrap_or_default()),
            (self.scopes, draft.scopes.join(" ")),
            (self.groups_claim, draft.groups_claim.clone()),
            (self.admin_groups, draft.admin_groups.join("\n")),
            (self.first_sign_in, key_of(&NEWCOMERS, draft.first_sign_in)),
            (self.first_role, key_of(&ROLES, draft.first_role)),
        ];
        for (field, text) in texts {
            let _ = field.try_set(text);
        }
        let _ = self.without_secret.try_set(false);
    }

    /// What is written now.
    pub fn draft(self) -> Draft {
        let text = |field: RwSignal<String>| field.with(|text| text.trim().to_owned());
        let secret = text(self.secret);
        Draft {
            name: text(self.name),
            issuer: text(self.issuer),
            client_id: text(self.client_id),
            secret: if self.without_secret.get() { Some(String::new()) } else { non_empty(secret) },
            scopes: self.scopes.with(|text| text.split_whitespace().map(str::to_owned).collect()),
            groups_claim: text(self.groups_claim),
            admin_groups: self
                .admin_groups
                .with(|text| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()),
            first_sign_in: value_of(&NEWCOMERS, &self.first_sign_in.get()).unwrap_or_default(),
            first_role: value_of(&ROLES, &self.first_role.get()).unwrap_or(SystemRole::Member),
        }
    }
}

fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn key_of<T: PartialEq + Copy>(all: &[(&str, T)], wanted: T) -> String {
    all.iter().find(|(_, value)| *value == wanted).map_or_else(String::new, |(key, _)| (*key).to_owned())
}

fn value_of<T: Copy>(all: &[(&str, T)], wanted: &str) -> Option<T> {
    all.iter().find(|(key, _)| *key == wanted).map(|(_, value)| *value)
}

/// How the provider is reached, and what the portal is to it.
#[component]
pub(super) fn ConnectionFields(
    /// The form.
    form: Form,
    /// Whether a secret is kept already.
    #[prop(default = Signal::stored(false))]
    has_secret: Signal<bool>,
    /// What stands below the name.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let locale = use_locale();
    let problem = Signal::from(form.problem);
    let is_openid = form.kind == ProviderKind::Oidc;
    let secret = move || {
        // The field is another one when a secret is kept, because its hint and its placeholder are.
        let kept = has_secret.get();
        let hint = match (kept, is_openid) {
            (true, _) => t!(locale, providers.secret_kept_hint),
            (false, true) => t!(locale, providers.secret_hint),
            (false, false) => "",
        };
        view! {
            <TextField
                name="client_secret"
                label=t!(locale, providers.secret)
                value=form.secret
                kind="password"
                autocomplete="new-password"
                hint=hint
                placeholder=if kept { t!(locale, providers.secret_kept) } else { "" }
                required=!kept && !is_openid
                problem
            />
            {(kept && is_openid)
                .then(|| {
                    view! { <CheckField label=t!(locale, providers.secret_none) value=form.without_secret /> }
                })}
        }
    };
    view! {
        <Card title=t!(locale, providers.connection)>
            <div class="form">
                <TextField
                    name="name"
                    label=t!(locale, providers.name)
                    value=form.name
                    hint=t!(locale, providers.name_hint)
                    required=true
                    problem
                />
                {children.map(|children| children())}
                <TextField
                    name="issuer"
                    label=t!(locale, providers.issuer)
                    value=form.issuer
                    hint=if is_openid { t!(locale, providers.issuer_hint) } else { t!(locale, providers.server_hint) }
                    placeholder="https://id.example.com"
                    required=true
                    problem
                />
                <TextField
                    name="client_id"
                    label=t!(locale, providers.client_id)
                    value=form.client_id
                    hint=t!(locale, providers.client_id_hint)
                    required=true
                    problem
                />
                {secret}
            </div>
        </Card>
    }
}

/// What is asked of the provider, and what that makes of people.
#[component]
pub(super) fn PeopleFields(
    /// The form.
    form: Form,
) -> impl IntoView {
    let locale = use_locale();
    let problem = Signal::from(form.problem);
    let is_openid = form.kind == ProviderKind::Oidc;
    let newcomers = NEWCOMERS.map(|(key, policy)| (key.to_owned(), newcomers_word(locale, policy).to_owned())).to_vec();
    let makes = Memo::new(move |_| value_of(&NEWCOMERS, &form.first_sign_in.get()) != Some(FirstSignIn::Refuse));
    let role = move || {
        makes.get().then(|| {
            let roles = ROLES.map(|(key, role)| (key.to_owned(), role_word(locale, role).to_owned())).to_vec();
            view! {
                <SelectField
                    name="first_role"
                    label=t!(locale, providers.first_role)
                    value=form.first_role
                    options=roles
                />
            }
        })
    };
    view! {
        <Card title=t!(locale, providers.people)>
            <div class="form">
                <div class="stack stack--tight">
                    <SelectField
                        name="first_sign_in"
                        label=t!(locale, providers.newcomers)
                        value=form.first_sign_in
                        options=newcomers
                    />
                    <p class="field__hint">{t!(locale, providers.newcomers_hint)}</p>
                </div>
                {role}
                <TextField
                    name="scopes"
                    label=t!(locale, providers.scopes)
                    value=form.scopes
                    hint=if is_openid { t!(locale, providers.scopes_hint) } else { t!(locale, providers.rights_hint) }
                    problem
                />
                {is_openid
                    .then(|| {
                        view! {
                            <TextField
                                name="groups_claim"
                                label=t!(locale, providers.groups_claim)
                                value=form.groups_claim
                                hint=t!(locale, providers.groups_claim_hint)
                                placeholder="groups"
                                problem
                            />
                        }
                    })}
                {(form.kind != ProviderKind::Gitee)
                    .then(|| {
                        view! {
                            <LinesField
                                name="admin_groups"
                                label=t!(locale, providers.admin_groups)
                                value=form.admin_groups
                                hint=t!(locale, providers.admin_groups_hint)
                                problem
                            />
                        }
                    })}
            </div>
        </Card>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            name: "Corp".into(),
            issuer: "https://id.example.com".into(),
            client_id: "gantry".into(),
            secret: None,
            scopes: vec!["profile".into()],
            groups_claim: "groups".into(),
            admin_groups: vec!["ops".into()],
            first_sign_in: FirstSignIn::Approve,
            first_role: SystemRole::Member,
        }
    }

    #[test]
    fn only_what_is_another_is_sent() {
        let nothing = serde_json::to_value(draft().changes(&draft())).unwrap();
        assert_eq!(nothing, serde_json::json!({}));
        let edited = Draft { secret: Some(String::new()), groups_claim: String::new(), ..draft() };
        let changes = serde_json::to_value(edited.changes(&draft())).unwrap();
        assert_eq!(changes, serde_json::json!({"client_secret": "", "groups_claim": ""}));
    }

    #[test]
    fn what_is_left_empty_is_absent_in_a_new_provider() {
        let empty = Draft { secret: Some(String::new()), groups_claim: String::new(), ..draft() };
        let create = empty.create(ProviderKind::Oidc, "corp".into());
        assert_eq!((create.client_secret, create.groups_claim), (None, None));
        let full = Draft { secret: Some("s".into()), ..draft() }.create(ProviderKind::Oidc, "corp".into());
        assert_eq!((full.client_secret.as_deref(), full.groups_claim.as_deref()), (Some("s"), Some("groups")));
    }

    #[test]
    fn a_form_says_what_was_written_into_it_line_by_line() {
        let owner = Owner::new();
        owner.with(|| {
            let groups = vec!["Domain Admins".to_owned(), "/eng/*".to_owned()];
            let begun = Draft { admin_groups: groups, scopes: vec!["a".into(), "b".into()], ..draft() };
            let form = Form::new(ProviderKind::Oidc, &begun);
            assert_eq!(untrack(|| form.draft()), begun);
            form.admin_groups.set(" ops \n\n dev ".to_owned());
            form.without_secret.set(true);
            let written = untrack(|| form.draft());
            assert_eq!(written.admin_groups, ["ops", "dev"]);
            assert_eq!(written.secret.as_deref(), Some(""));
        });
    }
}
