//! One-time links: `/api/v1/users/{user}/password-link`, `/api/v1/invitation`, and the form behind `/invite`.

use api::permission::SystemRole;
use api::user::PasswordLink;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use server::auth::secret;
use server::db;
use time::Duration;

use super::{
    INVITATION, USERS, administrator, choice, invite, lets_in, me, my_id, new_link, patch, reason, sign_in, signed_in,
    token_of, user, wrong_fields,
};
use crate::support::{PASSWORD, each_database};

const NEW: &str = "a quite different sentence";

#[tokio::test]
async fn an_account_is_made_with_a_link_that_works_once() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        let made = ada.post(USERS, &json!({"username": "eve"})).await.expect(201);
        let link: PasswordLink = serde_json::from_slice(&made.body).unwrap();
        assert_eq!((link.user.username.as_str(), link.user.role), ("eve", SystemRole::Member));
        assert!(link.link.starts_with(&portal.state.config.http.public_url.to_string()), "{}", link.link);
        let lasts = link.expires_at - link.user.created_at;
        assert!((lasts - Duration::hours(72)).abs() < Duration::minutes(1), "{lasts}");
        let made = made.json();
        assert_eq!(made["user"]["state"], "invited");
        let token = token_of(&made);
        assert!(!ada.get(USERS).await.expect(200).text().contains(&token), "it is shown this once");
        sign_in(&portal, "eve", "").await.expect(401);
        sign_in(&portal, "eve", &token).await.expect(401);

        let eve = portal.anonymous();
        eve.post(INVITATION, &choice(&token, PASSWORD)).await.expect(204);
        let told = me(&eve).await;
        assert_eq!((&told["user"]["username"], &told["user"]["role"]), (&"eve".into(), &"member".into()));
        assert_eq!(told["user"]["state"], "active");
        signed_in(&portal, "eve", PASSWORD).await;

        let again = portal.anonymous();
        let refused = again.post(INVITATION, &choice(&token, NEW)).await.expect(403);
        assert_eq!(reason(&refused), "forbidden.password-link");
        assert_eq!(again.session_cookie(), None);
        sign_in(&portal, "eve", NEW).await.expect(401);
        for wrong in ["", "x", &token[1..], &format!("{token}x")] {
            let answer = portal.anonymous().post(INVITATION, &choice(wrong, NEW)).await.expect(403);
            assert_eq!(answer.body, refused.body, "nobody learns which links there were");
        }
    })
    .await;
}

#[tokio::test]
async fn a_link_sets_the_password_and_ends_what_the_account_had_open() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        portal.account("eve", SystemRole::Member).await;
        let old = signed_in(&portal, "eve", PASSWORD).await;
        let cookie = old.session_cookie().unwrap();
        let program = portal.token("eve", SystemRole::Member).await;
        let token = new_link(&ada, &my_id(&old).await).await;
        assert!(lets_in(&portal, &cookie).await, "a link that nobody used changes nothing");
        program.get("/api/v1/me").await.expect(200);

        let browser = portal.anonymous();
        browser.post(INVITATION, &choice(&token, NEW)).await.expect(204);
        assert!(!lets_in(&portal, &cookie).await);
        program.get("/api/v1/me").await.expect(401);
        sign_in(&portal, "eve", PASSWORD).await.expect(401);
        assert_eq!(me(&browser).await["user"]["username"], "eve");
        signed_in(&portal, "eve", NEW).await;
        assert_eq!(me(&ada).await["user"]["username"], "ada", "others notice nothing");
    })
    .await;
}

#[tokio::test]
async fn whoever_is_signed_in_already_goes_on_as_the_owner_of_the_link() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        portal.account("eve", SystemRole::Member).await;
        let eve = signed_in(&portal, "eve", PASSWORD).await;
        let id = my_id(&eve).await;
        let (own, another) = (new_link(&ada, &id).await, invite(&ada, "bob").await.1);
        for (browser, token, name) in [(&eve, own, "eve"), (&ada, another, "bob")] {
            let before = browser.session_cookie().unwrap();
            browser.post(INVITATION, &choice(&token, NEW)).await.expect(204);
            assert_eq!(me(browser).await["user"]["username"], name);
            assert!(!lets_in(&portal, &before).await, "the id changes at each sign-in");
        }
        ada.get(USERS).await.expect(403);
    })
    .await;
}

#[tokio::test]
async fn a_newer_link_ends_the_older_one() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        let (id, first) = invite(&ada, "eve").await;
        let (_, of_another) = invite(&ada, "bob").await;
        let second = new_link(&ada, &id).await;
        let refused = portal.anonymous().post(INVITATION, &choice(&first, NEW)).await.expect(403);
        assert_eq!(reason(&refused), "forbidden.password-link");
        portal.anonymous().post(INVITATION, &choice(&second, NEW)).await.expect(204);
        portal.anonymous().post(INVITATION, &choice(&of_another, NEW)).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_use_a_link_at_the_same_time_one_gets_in() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        let (_, token) = invite(&ada, "eve").await;
        let other = portal.another().await;
        let (one, two) = (portal.anonymous(), other.anonymous());
        let (mine, yours) = (choice(&token, PASSWORD), choice(&token, NEW));
        let (first, second) = tokio::join!(one.post(INVITATION, &mine), two.post(INVITATION, &yours));
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        let (works, not) = if statuses == [204, 403] { (PASSWORD, NEW) } else { (NEW, PASSWORD) };
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 403], "{} {}", first.text(), second.text());
        sign_in(&portal, "eve", works).await.expect(204);
        sign_in(&portal, "eve", not).await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn a_link_of_a_disabled_or_deleted_account_and_one_that_is_too_old_do_not_work() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        let refused = async |token: &str| {
            let browser = portal.anonymous();
            let answer = browser.post(INVITATION, &choice(token, NEW)).await.expect(403);
            assert_eq!(reason(&answer), "forbidden.password-link");
            assert_eq!(browser.session_cookie(), None);
        };
        let (eve, token) = invite(&ada, "eve").await;
        patch(&ada, &user(&eve), &json!({"disabled": true})).await.expect(200);
        refused(&token).await;
        refused(&new_link(&ada, &eve).await).await;
        patch(&ada, &user(&eve), &json!({"disabled": false})).await.expect(200);
        let token = new_link(&ada, &eve).await;
        ada.delete(&user(&eve)).await.expect(204);
        refused(&token).await;

        let (_, token) = invite(&ada, "bob").await;
        let expire = async |at: i64| {
            let sql = format!("UPDATE password_links SET expires_at = {at}");
            let expire = portal.state.db.write(async |txn| txn.execute_unprepared(&sql).await.map_err(db::Error::from));
            assert_eq!(expire.await.unwrap().rows_affected(), 1);
        };
        expire(db::now() - 1).await;
        refused(&token).await;
        expire(db::now() + 60_000).await;
        portal.anonymous().post(INVITATION, &choice(&token, NEW)).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn a_password_that_is_refused_is_named_and_the_link_still_works() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        let (_, token) = invite(&ada, "grace").await;
        let long = "ab".repeat(200);
        for password in ["", "short", "aaaaaaaaaaaaaaaa", "Grace is my name", long.as_str()] {
            let browser = portal.anonymous();
            let refused = browser.post(INVITATION, &choice(&token, password)).await.expect(400);
            assert_eq!(wrong_fields(&refused), ["password"], "{password}");
            assert_eq!(browser.session_cookie(), None);
        }
        let more = json!({"token": token, "password": PASSWORD, "role": "admin"});
        assert_eq!(wrong_fields(&portal.anonymous().post(INVITATION, &more).await.expect(400)), ["role"]);
        portal.anonymous().post(INVITATION, &choice(&token, PASSWORD)).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn of_a_link_only_the_hash_is_kept() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        let (id, token) = invite(&ada, "eve").await;
        let found = async |text: &str| db::password_link::find(portal.state.db.read(), text, db::now()).await.unwrap();
        assert_eq!(found(&secret::hash(&token)).await.map(|user| user.to_string()), Some(id));
        assert_eq!(found(&token).await, None);
    })
    .await;
}

#[tokio::test]
async fn guessing_links_is_slowed_for_the_address_and_for_no_other() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        let (_, token) = invite(&ada, "eve").await;
        let guesser = portal.anonymous().from_peer("203.0.113.5");
        let mut refused = None;
        for number in 0..60 {
            let answer = guesser.post(INVITATION, &choice(&format!("guess-{number}"), NEW)).await;
            if answer.status == 429 {
                assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
                refused = Some(number);
                break;
            }
            answer.expect(403);
        }
        assert!(refused.is_some(), "nobody stopped the guessing");
        guesser.post(INVITATION, &choice(&token, NEW)).await.expect(429);
        portal.anonymous().from_peer("203.0.113.6").post(INVITATION, &choice(&token, NEW)).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn an_invitation_is_taken_without_javascript() {
    each_database(async |portal| {
        let ada = administrator(&portal, "ada").await;
        let made = ada.post(USERS, &json!({"username": "grace"})).await.expect(201).json();
        let link = url::Url::parse(made["link"].as_str().unwrap()).unwrap();
        let token = token_of(&made);
        let browser = portal.anonymous();
        let page = browser.get(&format!("{}?{}", link.path(), link.query().unwrap())).await.expect(200);
        let form_token = browser.cookie("gantry_form").expect("the form's cookie");
        assert!(page.text().contains(&form_token) && page.text().contains(&token), "the form repeats both");

        let send = async |csrf_token: &str, token: &str, password: &str, again: &str| {
            let fields =
                [("csrf_token", csrf_token), ("token", token), ("password", password), ("password_confirm", again)];
            browser.post_form("/auth/invite", &fields).await.expect(303).header("location").to_owned()
        };
        for (csrf_token, given, password, again, error) in [
            ("guess", &*token, PASSWORD, PASSWORD, "form"),
            (&*form_token, &*token, PASSWORD, NEW, "password.mismatch"),
            (&*form_token, &*token, "short", "short", "password.short"),
            (&*form_token, &*token, "grace is my name", "grace is my name", "password.username"),
            (&*form_token, "guess", PASSWORD, PASSWORD, "token"),
        ] {
            let location = send(csrf_token, given, password, again).await;
            let address = url::Url::parse(&format!("http://portal{location}")).unwrap();
            let of = |name: &str| address.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
            assert_eq!((address.path(), &*of("error"), &*of("token")), ("/invite", error, given), "{location}");
            assert_eq!(browser.session_cookie(), None);
        }
        assert_eq!(send(&form_token, &token, PASSWORD, PASSWORD).await, "/");
        assert_eq!(me(&browser).await["user"]["username"], Value::from("grace"));

        let late = portal.anonymous();
        late.get("/login").await.expect(200);
        let csrf = late.cookie("gantry_form").unwrap();
        let fields =
            [("csrf_token", csrf.as_str()), ("token", token.as_str()), ("password", NEW), ("password_confirm", NEW)];
        let location = late.post_form("/auth/invite", &fields).await.expect(303).header("location").to_owned();
        assert!(location.starts_with("/invite?") && location.contains("error=token"), "{location}");
        assert_eq!(late.session_cookie(), None);
    })
    .await;
}
