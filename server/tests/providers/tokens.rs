//! Tokens that lie, and keys that change.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

use super::{CALLBACK, World, each_world, name_of, parameter, with_parameter};
use crate::fake_provider::{CLIENT_ID, CLIENT_SECRET, Cheat, Edit, Key, Reply, Sign, edit, set, without};

const OTHER: &str = "https://evil.example";

/// A change that sets a time to `secs` from now.
fn from_now(name: &'static str, secs: i64) -> Edit {
    edit(move |claims| claims[name] = (time::OffsetDateTime::now_utc().unix_timestamp() + secs).into())
}

fn cheat(world: &World, cheat: Cheat) {
    world.idp.script(|script| script.cheat = cheat);
}

/// Signs in after a provider that cheats was mended: what failed before failed for its own reason.
async fn an_honest_one_works(world: &World) {
    cheat(world, Cheat::default());
    assert_eq!(name_of(&world.signed_in().await).await, "grace");
}

#[tokio::test]
async fn a_token_with_wrong_claims_gets_nobody_in() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let slash = format!("{}/", world.idp.issuer);
        let cheats: Vec<(&str, Edit)> = vec![
            ("another issuer", set("iss", json!(OTHER))),
            ("nearly the issuer", set("iss", json!(slash))),
            ("no issuer", without("iss")),
            ("another audience", set("aud", json!("somebody-else"))),
            ("other audiences", set("aud", json!(["somebody-else", "and-another"]))),
            ("nearly the audience", set("aud", json!(CLIENT_ID.to_uppercase()))),
            ("an empty audience", set("aud", json!([]))),
            ("no audience", without("aud")),
            ("for somebody else's use", set("azp", json!("somebody-else"))),
            (
                "for somebody else's use among several",
                edit(|claims| {
                    claims["aud"] = json!([CLIENT_ID, "somebody-else"]);
                    claims["azp"] = json!("somebody-else");
                }),
            ),
            ("too late", from_now("exp", -90)),
            ("for ever", without("exp")),
            ("a time that is none", set("exp", json!("tomorrow"))),
            ("too early", from_now("nbf", 90)),
            ("of the future", from_now("iat", 90)),
            ("of no time", without("iat")),
            ("nobody", without("sub")),
            ("an empty name", set("sub", json!(""))),
            ("a number for a name", set("sub", json!(7))),
            ("no object", edit(|claims| *claims = json!([1, 2, 3]))),
        ];
        for (what, claims) in cheats {
            cheat(&world, Cheat { claims, ..Cheat::default() });
            world.cheated(401, what).await;
        }
        an_honest_one_works(&world).await;
    })
    .await;
}

#[tokio::test]
async fn clocks_may_differ_a_little() {
    each_world(async |world| {
        world.enable(json!({})).await;
        for claims in [from_now("exp", -30), from_now("nbf", 30), from_now("iat", 30), set("aud", json!([CLIENT_ID]))] {
            cheat(&world, Cheat { claims, ..Cheat::default() });
            assert_eq!(name_of(&world.signed_in().await).await, "grace");
        }
    })
    .await;
}

/// Signatures by a function.
fn signs(sign: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Sign {
    Some(Box::new(sign))
}

/// Signatures with a shared secret.
fn hmac_with(secret: &[u8]) -> Sign {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    signs(move |input| hmac::sign(&key, input.as_bytes()).as_ref().to_vec())
}

fn signed_with(key: &Key) -> Sign {
    let key = key.clone();
    signs(move |input| key.sign(input))
}

#[tokio::test]
async fn a_token_that_the_provider_did_not_sign_gets_nobody_in() {
    each_world(async |world| {
        // A provider that says it uses these is not believed either.
        let algorithms = || set("id_token_signing_alg_values_supported", json!(["ES256", "HS256", "none"]));
        cheat(&world, Cheat { metadata: algorithms(), ..Cheat::default() });
        world.enable(json!({})).await;
        let (honest, thief) = (world.idp.script(|script| script.key.clone()), Key::new("first"));
        let unsigned = || signs(|_| Vec::new());
        let alg = |name: &'static str| set("alg", json!(name));
        let jwk = honest.jwk().to_string();
        let cheats: Vec<(&str, Edit, Sign)> = vec![
            ("unsigned", alg("none"), unsigned()),
            ("unsigned in capitals", alg("NONE"), unsigned()),
            ("unsigned without a key", edit(|head| *head = json!({"alg": "none"})), unsigned()),
            ("the signature is left out", None, unsigned()),
            ("signed by a stranger who took the key's name", None, signed_with(&thief)),
            ("a signature of something else", None, {
                let key = honest.clone();
                signs(move |_| key.sign("something else"))
            }),
            ("the public key as the secret", alg("HS256"), hmac_with(&honest.point())),
            ("the public key in PEM as the secret", alg("HS256"), hmac_with(honest.pem().as_bytes())),
            ("the public key in JSON as the secret", alg("HS256"), hmac_with(jwk.as_bytes())),
            ("the client secret", alg("HS256"), hmac_with(CLIENT_SECRET.as_bytes())),
            ("an empty secret", alg("HS256"), hmac_with(b"")),
            ("the client secret, for no key", edit(|head| *head = json!({"alg": "HS256"})), {
                hmac_with(CLIENT_SECRET.as_bytes())
            }),
            ("an algorithm that nobody knows", alg("XX999"), None),
            ("another algorithm of the same key", alg("ES384"), None),
            (
                "the stranger's key inside",
                {
                    let jwk = thief.jwk();
                    edit(move |head| head["jwk"] = jwk.clone())
                },
                signed_with(&thief),
            ),
            (
                "the stranger's key inside and nothing else",
                {
                    let jwk = thief.jwk();
                    edit(move |head| *head = json!({"alg": "ES256", "jwk": jwk}))
                },
                signed_with(&thief),
            ),
        ];
        for (what, header, sign) in cheats {
            cheat(&world, Cheat { header, sign, ..Cheat::default() });
            world.cheated(401, what).await;
        }
        an_honest_one_works(&world).await;
    })
    .await;
}

#[tokio::test]
async fn keys_come_from_the_providers_own_list_and_from_nowhere_else() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let thief = Key::new("of-the-thief");
        let address = format!("{}/stolen-keys", world.idp.issuer);
        for name in ["jku", "x5u", "kid"] {
            let address = address.clone();
            cheat(
                &world,
                Cheat {
                    header: edit(move |head| {
                        head["kid"] = json!("of-the-thief");
                        head[name] = json!(address);
                    }),
                    sign: signed_with(&thief),
                    ..Cheat::default()
                },
            );
            world.cheated(401, name).await;
        }
        for kid in ["../../first", "first\0", "' OR 1=1 --", ""] {
            let header = edit(move |head| head["kid"] = json!(kid));
            cheat(&world, Cheat { header, sign: signed_with(&thief), ..Cheat::default() });
            world.cheated(401, kid).await;
        }
        assert_eq!(world.idp.hits("/stolen-keys"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_not_for_signatures_signs_nothing() {
    each_world(async |world| {
        let wrong = Key::new("for-encryption");
        let mut jwk = wrong.jwk();
        jwk["use"] = json!("enc");
        world.idp.script(|script| script.published.push(jwk));
        world.enable(json!({})).await;
        let header = set("kid", json!("for-encryption"));
        cheat(&world, Cheat { header, sign: signed_with(&wrong), ..Cheat::default() });
        world.cheated(401, "a key for encryption").await;
        an_honest_one_works(&world).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_no_token_gets_nobody_in() {
    each_world(async |world| {
        world.enable(json!({})).await;
        let part = URL_SAFE_NO_PAD.encode("{}");
        let (nothing, long) = (format!("{part}.{part}.{part}"), "x".repeat(100_000));
        for token in ["", "x", "a.b", "a.b.c", "....", nothing.as_str(), long.as_str()] {
            let token = token.to_owned();
            cheat(&world, Cheat { token: edit(move |all| all["id_token"] = json!(token)), ..Cheat::default() });
            world.cheated(401, "no token").await;
        }
        for id_token in [without("id_token"), set("id_token", Value::Null)] {
            cheat(&world, Cheat { token: id_token, ..Cheat::default() });
            world.cheated(401, "a token is missing").await;
        }
        // The token for calls is not the token that says who it is.
        let token = edit(|all| all["id_token"] = all["access_token"].clone());
        cheat(&world, Cheat { token, ..Cheat::default() });
        world.cheated(401, "the access token").await;
        an_honest_one_works(&world).await;
    })
    .await;
}

#[tokio::test]
async fn a_code_that_the_provider_refuses_gets_nobody_in() {
    each_world(async |world| {
        world.enable(json!({})).await;
        for (error, status) in
            [("invalid_grant", 401), ("invalid_request", 401), ("canary", 401), ("invalid_client", 503)]
        {
            let body = json!({"error": error, "error_description": "<b>canary</b>"});
            world.idp.answer("/token", Reply::new(400, body.to_string()));
            let browser = world.browser();
            let answer = world.sign_in(&browser).await;
            assert!(!answer.text().contains("canary"), "{}", answer.text());
            world.refused(&browser, answer, status, error).await;
        }
        cheat(&world, Cheat::default());
        // A stolen code in the browser of the thief: its own state and cookie, the victim's code.
        let (victim, thief) = (world.browser(), world.browser());
        let code = parameter(&world.way_back(&victim).await, "code");
        let back = with_parameter(&world.way_back(&thief).await, "code", Some(&code));
        let before = world.idp.script(|script| script.exchanges.len());
        let answer = thief.get(&super::path_of(&back)).await;
        world.refused(&thief, answer, 401, "the code belongs to another challenge").await;
        assert_eq!(world.idp.script(|script| script.exchanges.len()), before + 1, "the provider judged it");
        an_honest_one_works(&world).await;
    })
    .await;
}

#[tokio::test]
async fn a_wrong_client_secret_is_found_by_the_trial() {
    each_world(async |world| {
        let made = super::described(&world.idp, json!({"client_secret": "wrong"}));
        world.admin.post(super::PROVIDERS, &made).await.expect(201);
        let trial = world.try_at(&world.idp, super::CORP).await;
        assert!(trial["problem"]["key"].is_string(), "{trial}");
        assert!(trial["subject"].is_null(), "{trial}");
        let refused = super::patch(&world.admin, super::CORP, &json!({"enabled": true})).await.expect(409);
        assert_eq!(super::reason(&refused), "provider.untested");
    })
    .await;
}

#[tokio::test]
async fn the_code_is_exchanged_with_the_verifier_and_the_same_address() {
    each_world(async |world| {
        world.enable(json!({})).await;
        world.signed_in().await;
        world.signed_in().await;
        let exchanges = world.idp.script(|script| script.exchanges.clone());
        let verifiers: BTreeSet<_> = exchanges.iter().map(|fields| fields["code_verifier"].clone()).collect();
        assert_eq!(verifiers.len(), 3, "with the trial; each is new");
        for fields in exchanges {
            assert_eq!(fields["grant_type"], "authorization_code");
            assert_eq!(fields["redirect_uri"], format!("http://{}{CALLBACK}", world.portal.address));
            assert!((43..=128).contains(&fields["code_verifier"].len()));
        }
    })
    .await;
}

#[tokio::test]
async fn after_the_keys_have_changed_the_first_sign_in_works() {
    each_world(async |world| {
        world.enable(json!({})).await;
        world.signed_in().await;
        let before = world.idp.hits("/keys");
        world.idp.script(|script| script.rotate("second"));
        for _ in 0..3 {
            assert_eq!(name_of(&world.signed_in().await).await, "grace");
        }
        assert_eq!(world.idp.hits("/keys"), before + 1, "the keys were read again once");
    })
    .await;
}

#[tokio::test]
async fn a_key_that_was_withdrawn_signs_nothing() {
    each_world(async |world| {
        world.enable(json!({})).await;
        world.signed_in().await;
        let old = world.idp.script(|script| {
            let old = script.key.clone();
            script.rotate("second");
            old
        });
        world.signed_in().await;
        let header = set("kid", json!("first"));
        cheat(&world, Cheat { header, sign: signed_with(&old), ..Cheat::default() });
        let browser = world.browser();
        super::is_page(&world.sign_in(&browser).await, 401, "the old key");
        browser.get("/api/v1/me").await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn a_flood_of_unknown_keys_reads_the_list_once() {
    each_world(async |world| {
        world.enable(json!({})).await;
        world.signed_in().await;
        let before = world.idp.hits("/keys");
        for number in 0..6 {
            let header = edit(move |head| head["kid"] = json!(format!("unknown-{number}")));
            cheat(&world, Cheat { header, ..Cheat::default() });
            let browser = world.browser();
            super::is_page(&world.sign_in(&browser).await, 401, "an unknown key");
            browser.get("/api/v1/me").await.expect(401);
        }
        assert_eq!(world.idp.hits("/keys"), before + 1);
        an_honest_one_works(&world).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_told_besides_the_token_is_of_the_same_person() {
    each_world(async |world| {
        world.idp.script(|script| script.userinfo = json!({"groups": ["ops"]}));
        world.enable(json!({"groups_claim": "groups", "admin_groups": ["ops"]})).await;
        for (what, userinfo) in [
            ("somebody else", set("sub", json!("subject-of-eve"))),
            ("nobody", without("sub")),
            ("nearly the same", set("sub", json!("Subject-of-grace"))),
        ] {
            cheat(&world, Cheat { userinfo, ..Cheat::default() });
            world.cheated(401, what).await;
        }
        an_honest_one_works(&world).await;
    })
    .await;
}
