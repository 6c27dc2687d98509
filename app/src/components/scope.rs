//! Scopes of tokens and robots: to choose and to show.

use api::{Problem, token::Scope};
use leptos::prelude::*;

use super::{
    facts::Pills,
    field::{CheckField, FieldProblemView, field_problem},
};
use crate::i18n::{Locale, t, use_locale};

/// Which scopes are chosen in a form.
#[derive(Clone, Copy)]
pub struct ChosenScopes([(Scope, RwSignal<bool>); 4]);

impl ChosenScopes {
    /// With these to begin with.
    pub fn new(first: &[Scope]) -> Self {
        Self(Scope::ALL.map(|scope| (scope, RwSignal::new(first.contains(&scope)))))
    }

    /// Chooses these and no others.
    pub fn set(self, chosen: &[Scope]) {
        for (scope, value) in self.0 {
            value.set(chosen.contains(&scope));
        }
    }

    /// The chosen ones.
    pub fn get(self) -> Vec<Scope> {
        self.0.into_iter().filter(|(_, value)| value.get_untracked()).map(|(scope, _)| scope).collect()
    }
}

/// The choice of scopes in a form.
#[component]
pub fn ScopeFields(
    /// Which are chosen.
    scopes: ChosenScopes,
    /// Which there are to choose from.
    offered: &'static [Scope],
    /// What was wrong with the form last time.
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    let locale = use_locale();
    let field = move |(scope, value): (Scope, RwSignal<bool>)| {
        let (label, hint) = words(locale, scope);
        view! { <CheckField label value hint /> }
    };
    view! {
        <fieldset class="form">
            <legend class="field__label">{t!(locale, scopes.title)}</legend>
            {scopes.0.into_iter().filter(|(scope, _)| offered.contains(scope)).map(field).collect_view()}
            {move || field_problem(problem.read().as_ref(), "scopes").map(|text| view! { <FieldProblemView text /> })}
        </fieldset>
    }
}

/// Scopes in a table.
#[component]
pub fn ScopePills(
    /// The scopes.
    scopes: Vec<Scope>,
) -> impl IntoView {
    let locale = use_locale();
    let texts: Vec<String> = scopes.into_iter().map(|scope| words(locale, scope).0.to_owned()).collect();
    view! { <Pills texts /> }
}

/// What a scope is called, and what it allows.
fn words(locale: Locale, scope: Scope) -> (&'static str, &'static str) {
    match scope {
        Scope::Read => (t!(locale, scopes.read), t!(locale, scopes.read_detail)),
        Scope::Deploy => (t!(locale, scopes.deploy), t!(locale, scopes.deploy_detail)),
        Scope::Registry => (t!(locale, scopes.registry), t!(locale, scopes.registry_detail)),
        Scope::Admin => (t!(locale, scopes.admin), t!(locale, scopes.admin_detail)),
    }
}
