//! Well-known providers: what the form begins with, and where the portal is registered there.

use api::{
    permission::SystemRole,
    provider::{FirstSignIn, ProviderKind},
};

use super::form::Draft;
use crate::i18n::{Locale, Text, t};

/// The preset that says nothing but the protocol.
const GENERIC: &str = "generic";

/// A well-known provider.
pub(super) struct Preset {
    /// Its name in the page's address.
    pub key: &'static str,
    /// What it is called; also what its button says at first.
    pub title: Text,
    /// Where the portal is registered there.
    pub hint: Text,
    /// How it says who somebody is.
    pub kind: ProviderKind,
    issuer: &'static str,
    scopes: &'static [&'static str],
    groups_claim: &'static str,
}

const OPENID: Preset = Preset {
    key: GENERIC,
    title: |l| t!(l, presets.generic),
    hint: |l| t!(l, presets.generic_hint),
    kind: ProviderKind::Oidc,
    issuer: "",
    scopes: &["profile", "email"],
    groups_claim: "groups",
};

/// The presets in the order in which they are offered.
pub(super) static PRESETS: [Preset; 7] = [
    Preset {
        key: "keycloak",
        title: |l| t!(l, presets.keycloak),
        hint: |l| t!(l, presets.keycloak_hint),
        issuer: "https://HOST/realms/REALM",
        ..OPENID
    },
    Preset {
        key: "entra",
        title: |l| t!(l, presets.entra),
        hint: |l| t!(l, presets.entra_hint),
        issuer: "https://login.microsoftonline.com/TENANT-ID/v2.0",
        // Only with it can be asked again later who is in which group.
        scopes: &["profile", "email", "offline_access"],
        ..OPENID
    },
    Preset {
        key: "google",
        title: |l| t!(l, presets.google),
        hint: |l| t!(l, presets.google_hint),
        issuer: "https://accounts.google.com",
        groups_claim: "",
        ..OPENID
    },
    Preset {
        key: "gitlab",
        title: |l| t!(l, presets.gitlab),
        hint: |l| t!(l, presets.gitlab_hint),
        issuer: "https://gitlab.com",
        groups_claim: "groups_direct",
        ..OPENID
    },
    Preset {
        key: "github",
        title: |l| t!(l, presets.github),
        hint: |l| t!(l, presets.github_hint),
        kind: ProviderKind::Github,
        issuer: "https://github.com",
        scopes: &["read:user", "read:org"],
        groups_claim: "",
    },
    Preset {
        key: "gitee",
        title: |l| t!(l, presets.gitee),
        hint: |l| t!(l, presets.gitee_hint),
        kind: ProviderKind::Gitee,
        issuer: "https://gitee.com",
        scopes: &["user_info"],
        groups_claim: "",
    },
    OPENID,
];

/// The preset of that name.
pub(super) fn find(key: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.key == key)
}

impl Preset {
    /// The slug that the form begins with.
    pub fn slug(&self) -> &'static str {
        if self.key == GENERIC { "" } else { self.key }
    }

    /// What the form begins with.
    pub fn draft(&self, locale: Locale) -> Draft {
        Draft {
            name: if self.key == GENERIC { String::new() } else { (self.title)(locale).to_owned() },
            issuer: self.issuer.to_owned(),
            client_id: String::new(),
            secret: None,
            scopes: self.scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            groups_claim: self.groups_claim.to_owned(),
            admin_groups: Vec::new(),
            first_sign_in: FirstSignIn::Refuse,
            first_role: SystemRole::Member,
        }
    }
}

#[cfg(test)]
mod tests {
    use api::name::check_name;

    use super::*;

    #[test]
    fn every_preset_is_found_by_its_name_and_begins_with_a_slug_that_is_allowed() {
        for preset in &PRESETS {
            assert_eq!(find(preset.key).map(|it| it.issuer), Some(preset.issuer));
            let named = preset.key != GENERIC;
            assert_eq!(check_name(preset.slug()).is_ok(), named, "{}", preset.key);
            assert_eq!(preset.draft(Locale::en).name.is_empty(), !named, "{}", preset.key);
        }
        assert!(find("no such preset").is_none());
    }
}
