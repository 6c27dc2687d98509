//! Two-factor sign-in: `/api/v1/me/two-factor`, the code at sign-in, and its form.

use api::OffsetDateTime;
use api::permission::SystemRole;
use axum::http::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use server::db;

use crate::people::{me, my_id, reason, user, wrong_fields};
use crate::support::{Answer, Client, PASSWORD, TestPortal, each_database};

const OWN: &str = "/api/v1/me/two-factor";
const CONFIRM: &str = "/api/v1/me/two-factor/confirm";
const RECOVERY_CODES: &str = "/api/v1/me/two-factor/recovery-codes";
const SESSION: &str = "/api/v1/session";
const STEP_SECS: u64 = 30;

fn current_step() -> u64 {
    u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap() / STEP_SECS
}

fn code_at(secret: &str, step: u64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    totp_rs::Builder::new().with_secret(secret).build().unwrap().generate(step * STEP_SECS).to_string()
}

/// What the app shows now.
fn code(secret: &str) -> String {
    code_at(secret, current_step())
}

/// What it shows neither now nor soon.
fn wrong_code(secret: &str) -> String {
    let step = current_step();
    let right: Vec<_> = (step - 3..=step + 3).map(|step| code_at(secret, step)).collect();
    (0..).map(|number| format!("{number:06}")).find(|code| !right.contains(code)).unwrap()
}

async fn execute(portal: &TestPortal, sql: &str) -> u64 {
    let done = portal.state.db.write(async |txn| txn.execute_unprepared(sql).await.map_err(db::Error::from)).await;
    done.unwrap().rows_affected()
}

/// Lets the code of this moment work although it was used.
async fn forget_steps(portal: &TestPortal) {
    assert!(execute(portal, "UPDATE two_factors SET last_step = 0").await > 0);
}

async fn sign_in(portal: &TestPortal, username: &str, password: &str, code: Option<&str>) -> Answer {
    let mut body = json!({"username": username, "password": password});
    if let Some(code) = code {
        body["code"] = code.into();
    }
    portal.anonymous().post(SESSION, &body).await
}

/// A browser of an account without two-factor sign-in.
async fn entered(portal: &TestPortal, username: &str) -> Client {
    let mut browser = portal.anonymous();
    browser.post(SESSION, &json!({"username": username, "password": PASSWORD})).await.expect(204);
    browser.csrf_token = me(&browser).await["csrf_token"].as_str().map(str::to_owned);
    browser
}

/// An account with a password, and a browser in which it is signed in.
async fn person(portal: &TestPortal, username: &str) -> Client {
    portal.account(username, SystemRole::Member).await;
    entered(portal, username).await
}

fn proof() -> Value {
    json!({"password": PASSWORD})
}

fn codes_of(answer: &Value) -> Vec<String> {
    let codes = answer["recovery_codes"].as_array().unwrap();
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// Switches it on; gives the secret and the recovery codes.
async fn enable(portal: &TestPortal, browser: &Client) -> (String, Vec<String>) {
    let begun = browser.post(OWN, &proof()).await.expect(201).json();
    let secret = begun["secret"].as_str().unwrap().to_owned();
    let made = browser.post(CONFIRM, &json!({"code": code(&secret)})).await.expect(200).json();
    forget_steps(portal).await;
    (secret, codes_of(&made))
}

async fn disable(browser: &Client, password: &str) -> Answer {
    browser.write(Method::DELETE, OWN, Some(&json!({"password": password}))).await
}

async fn state_of(browser: &Client) -> (bool, u64) {
    let state = browser.get(OWN).await.expect(200).json();
    (state["enabled"].as_bool().unwrap(), state["recovery_codes_left"].as_u64().unwrap())
}

#[tokio::test]
async fn the_password_alone_opens_nothing_once_it_is_on() {
    each_database(async |portal| {
        let ada = person(&portal, "ada").await;
        assert_eq!(state_of(&ada).await, (false, 0));
        let (secret, codes) = enable(&portal, &ada).await;
        assert_eq!(state_of(&ada).await, (true, 10));
        assert_eq!(codes.len(), 10);
        assert_eq!(me(&ada).await["user"]["two_factor"], true);

        let browser = portal.anonymous();
        let asked = browser.post(SESSION, &json!({"username": "ada", "password": PASSWORD})).await.expect(401);
        assert_eq!(asked.json()["type"], "/problems/code-needed");
        assert_eq!(reason(&asked), "session.code-needed");
        assert_eq!(browser.session_cookie(), None);
        browser.get("/api/v1/me").await.expect(401);

        let now = code(&secret);
        let unknown = sign_in(&portal, "eve", "not her password", None).await.expect(401);
        for code in [None, Some(now.as_str())] {
            let refused = sign_in(&portal, "ada", "not her password", code).await.expect(401);
            assert_eq!(refused.body, unknown.body, "who lacks the password learns nothing of codes");
        }
        let wrong = sign_in(&portal, "ada", PASSWORD, Some(&wrong_code(&secret))).await.expect(401);
        assert_eq!(wrong.body, unknown.body);
        for nonsense in ["", "12345", "abc", &"1".repeat(1_000)] {
            sign_in(&portal, "ada", PASSWORD, Some(nonsense)).await.expect(401);
        }
        sign_in(&portal, "ADA", PASSWORD, Some(&code(&secret))).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn a_code_works_once_and_one_step_around_its_own() {
    each_database(async |portal| {
        let ada = person(&portal, "ada").await;
        let begun = ada.post(OWN, &proof()).await.expect(201).json();
        let secret = begun["secret"].as_str().unwrap().to_owned();
        let first = code(&secret);
        ada.post(CONFIRM, &json!({"code": first})).await.expect(200);
        sign_in(&portal, "ada", PASSWORD, Some(&first)).await.expect(401);
        forget_steps(&portal).await;
        sign_in(&portal, "ada", PASSWORD, Some(&first)).await.expect(204);
        sign_in(&portal, "ada", PASSWORD, Some(&first)).await.expect(401);

        for (offset, status) in [(-2, 401), (-1, 204), (0, 204), (1, 204), (2, 401)] {
            loop {
                forget_steps(&portal).await;
                let before = current_step();
                let code = code_at(&secret, before.checked_add_signed(offset).unwrap());
                let answer = sign_in(&portal, "ada", PASSWORD, Some(&code)).await;
                // Only what began and ended in the same step tells something.
                if current_step() == before {
                    answer.expect(status);
                    break;
                }
            }
        }
        forget_steps(&portal).await;
        let step = current_step();
        let (earlier, later) = (code_at(&secret, step), code_at(&secret, step + 1));
        sign_in(&portal, "ada", PASSWORD, Some(&later)).await.expect(204);
        sign_in(&portal, "ada", PASSWORD, Some(&earlier)).await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_use_a_code_at_the_same_time_one_gets_in() {
    each_database(async |portal| {
        let ada = person(&portal, "ada").await;
        let (secret, codes) = enable(&portal, &ada).await;
        let other = portal.another().await;
        for code in [code(&secret), codes[0].clone()] {
            let (one, two) = tokio::join!(
                sign_in(&portal, "ada", PASSWORD, Some(&code)),
                sign_in(&other, "ada", PASSWORD, Some(&code)),
            );
            let mut statuses = [one.status.as_u16(), two.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 401], "{} {}", one.text(), two.text());
        }
    })
    .await;
}

#[tokio::test]
async fn a_recovery_code_works_once_and_new_ones_end_the_old() {
    each_database(async |portal| {
        let ada = person(&portal, "ada").await;
        let (_, codes) = enable(&portal, &ada).await;
        let typed = codes[0].to_uppercase().replace('-', " ");
        sign_in(&portal, "ada", PASSWORD, Some(&typed)).await.expect(204);
        sign_in(&portal, "ada", PASSWORD, Some(&codes[0])).await.expect(401);
        assert_eq!(state_of(&ada).await, (true, 9));

        let refused = ada.post(RECOVERY_CODES, &json!({"password": "not her password"})).await.expect(400);
        assert_eq!(wrong_fields(&refused), ["password"]);
        assert_eq!(state_of(&ada).await, (true, 9));
        let renewed = codes_of(&ada.post(RECOVERY_CODES, &proof()).await.expect(201).json());
        assert_eq!(state_of(&ada).await, (true, 10));
        sign_in(&portal, "ada", PASSWORD, Some(&codes[1])).await.expect(401);
        sign_in(&portal, "ada", PASSWORD, Some(&renewed[0])).await.expect(204);

        let bob = person(&portal, "bob").await;
        enable(&portal, &bob).await;
        sign_in(&portal, "bob", PASSWORD, Some(&renewed[1])).await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn guessing_codes_is_slowed_for_the_account_and_for_nobody_else() {
    each_database(async |portal| {
        let ada = person(&portal, "ada").await;
        let (secret, codes) = enable(&portal, &ada).await;
        portal.account("bob", SystemRole::Member).await;
        let wrong = wrong_code(&secret);
        for _ in 0..8 {
            // That the password is right forgets no wrong code.
            sign_in(&portal, "ada", PASSWORD, None).await.expect(401);
            sign_in(&portal, "ada", PASSWORD, Some(&wrong)).await.expect(401);
        }
        for code in [None, Some(code(&secret)), Some(codes[0].clone())] {
            let refused = sign_in(&portal, "ada", PASSWORD, code.as_deref()).await.expect(429);
            assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
        }
        assert_eq!(state_of(&ada).await, (true, 10), "a refused try uses no code up");
        sign_in(&portal, "bob", PASSWORD, None).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn switching_it_on_needs_the_password_and_a_right_code() {
    each_database(async |portal| {
        let ada = person(&portal, "ada").await;
        let refused = ada.post(OWN, &json!({"password": "not her password"})).await.expect(400);
        assert_eq!(wrong_fields(&refused), ["password"]);
        let early = ada.post(CONFIRM, &json!({"code": "123456"})).await.expect(409);
        assert_eq!(reason(&early), "two-factor.not-begun");
        assert_eq!(reason(&disable(&ada, PASSWORD).await.expect(409)), "two-factor.off");
        assert_eq!(reason(&ada.post(RECOVERY_CODES, &proof()).await.expect(409)), "two-factor.off");
        let program = portal.token("ada", SystemRole::Member).await;
        assert_eq!(program.get(OWN).await.expect(200).json()["enabled"], false);
        for (path, body) in [(OWN, proof()), (CONFIRM, json!({"code": "123456"})), (RECOVERY_CODES, proof())] {
            assert_eq!(reason(&program.post(path, &body).await.expect(403)), "forbidden.session-only");
        }
        assert_eq!(reason(&disable(&program, PASSWORD).await.expect(403)), "forbidden.session-only");

        let first = ada.post(OWN, &proof()).await.expect(201).json();
        let second = ada.post(OWN, &proof()).await.expect(201).json();
        let [old, secret] = [&first, &second].map(|begun| begun["secret"].as_str().unwrap().to_owned());
        assert_ne!(old, secret);
        let address = url::Url::parse(second["otpauth_url"].as_str().unwrap()).unwrap();
        assert_eq!((address.scheme(), address.host_str(), address.path()), ("otpauth", Some("totp"), "/Gantry:ada"));
        assert!(address.query_pairs().any(|(name, value)| name == "secret" && value == secret.as_str()));
        assert!(second["qr_svg"].as_str().unwrap().starts_with("<svg"));
        sign_in(&portal, "ada", PASSWORD, None).await.expect(204);

        for code in [code(&old), wrong_code(&secret), "a-b-c".to_owned()] {
            let refused = ada.post(CONFIRM, &json!({"code": code})).await.expect(400);
            assert_eq!((wrong_fields(&refused), state_of(&ada).await), (vec!["code".to_owned()], (false, 0)));
        }
        ada.post(CONFIRM, &json!({"code": code(&secret)})).await.expect(200);
        assert_eq!(reason(&ada.post(OWN, &proof()).await.expect(409)), "two-factor.on");
        assert_eq!(reason(&ada.post(CONFIRM, &json!({"code": code(&secret)})).await.expect(409)), "two-factor.on");
        sign_in(&portal, "ada", PASSWORD, None).await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn an_account_without_a_password_is_told_so_as_for_a_wrong_one() {
    each_database(async |portal| {
        let ada = person(&portal, "ada").await;
        assert_eq!(execute(&portal, "UPDATE users SET password_hash = '', external = TRUE").await, 1);
        let refused = ada.post(OWN, &json!({"password": ""})).await.expect(400);
        assert_eq!(wrong_fields(&refused), ["password"]);
    })
    .await;
}

#[tokio::test]
async fn switching_it_off_needs_the_password() {
    each_database(async |portal| {
        let ada = person(&portal, "ada").await;
        let (secret, codes) = enable(&portal, &ada).await;
        assert_eq!(wrong_fields(&disable(&ada, "not her password").await.expect(400)), ["password"]);
        sign_in(&portal, "ada", PASSWORD, None).await.expect(401);
        disable(&ada, PASSWORD).await.expect(204);
        assert_eq!(state_of(&ada).await, (false, 0));
        sign_in(&portal, "ada", PASSWORD, None).await.expect(204);

        let (again, _) = enable(&portal, &ada).await;
        assert_ne!(again, secret);
        for old in [code(&secret), codes[0].clone()] {
            sign_in(&portal, "ada", PASSWORD, Some(&old)).await.expect(401);
        }
    })
    .await;
}

#[tokio::test]
async fn the_other_sessions_end_and_tokens_go_on() {
    each_database(async |portal| {
        let ada = person(&portal, "ada").await;
        let elsewhere = entered(&portal, "ada").await;
        let bob = person(&portal, "bob").await;
        let program = portal.token("ada", SystemRole::Member).await;
        let before = ada.session_cookie();
        enable(&portal, &ada).await;
        elsewhere.get("/api/v1/me").await.expect(401);
        assert_eq!(me(&ada).await["user"]["username"], "ada");
        assert_ne!(ada.session_cookie(), before, "the id changes with what the session stands for");
        program.get("/api/v1/me").await.expect(200);
        bob.get("/api/v1/me").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn an_administrator_helps_whoever_lost_the_device() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let ada = person(&portal, "ada").await;
        enable(&portal, &ada).await;
        let path = format!("{}/two-factor", user(&my_id(&ada).await));
        let listed = admin.get("/api/v1/users?q=ada").await.expect(200).json();
        assert_eq!(listed["items"][0]["two_factor"], true);
        person(&portal, "eve").await.delete(&path).await.expect(403);
        sign_in(&portal, "ada", PASSWORD, None).await.expect(401);

        admin.delete(&path).await.expect(204);
        ada.get("/api/v1/me").await.expect(401);
        sign_in(&portal, "ada", PASSWORD, None).await.expect(204);
        let listed = admin.get("/api/v1/users?q=ada").await.expect(200).json();
        assert_eq!(listed["items"][0]["two_factor"], false);
        assert_eq!(reason(&admin.delete(&path).await.expect(404)), "not-found.two-factor");
        let audit = admin.get("/api/v1/audit?action=two-factor.reset").await.expect(200).json();
        assert_eq!(audit["total"], 1);
        assert_eq!((&audit["items"][0]["username"], &audit["items"][0]["target"]), (&"admin".into(), &"ada".into()));
    })
    .await;
}

#[tokio::test]
async fn what_happens_is_recorded_and_no_secret_is_told_again() {
    each_database(async |portal| {
        let admin = portal.admin().await;
        let ada = person(&portal, "ada").await;
        let (secret, codes) = enable(&portal, &ada).await;
        sign_in(&portal, "ada", PASSWORD, None).await.expect(401);
        sign_in(&portal, "ada", PASSWORD, Some(&wrong_code(&secret))).await.expect(401);
        sign_in(&portal, "ada", PASSWORD, Some(&codes[0])).await.expect(204);
        ada.post(RECOVERY_CODES, &proof()).await.expect(201);
        disable(&ada, PASSWORD).await.expect(204);
        let entries = admin.get("/api/v1/audit?user=ada&limit=100").await.expect(200);
        let mut told: Vec<_> = entries.json()["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| ["action", "result", "detail"].map(|name| entry[name].as_str().unwrap().to_owned()).join(" "))
            .collect();
        told.reverse();
        assert_eq!(
            told,
            [
                "session.create done ",
                "two-factor.begin done ",
                "two-factor.enable done ",
                "session.begin done ",
                "session.create refused code",
                "session.create done recovery code",
                "recovery-codes.create done ",
                "two-factor.disable done ",
            ]
        );
        enable(&portal, &ada).await;
        let mut answers = vec![entries.text()];
        for (client, path) in [(&ada, "/api/v1/me"), (&ada, OWN), (&admin, "/api/v1/users"), (&ada, "/account")] {
            answers.push(client.get(path).await.expect(200).text());
        }
        let kept = db::two_factor::secret(portal.state.db.read(), my_id(&ada).await.parse().unwrap()).await.unwrap();
        let plain = codes.iter().map(|code| code.replace('-', ""));
        for secret in codes.iter().cloned().chain(plain).chain([secret, kept.unwrap()]) {
            assert!(answers.iter().all(|answer| !answer.contains(&secret)), "{secret}");
        }
    })
    .await;
}

/// What a browser gets that sends the form of the sign-in page.
async fn send_password(browser: &Client, username: &str) -> Answer {
    browser.get("/login").await.expect(200);
    let token = browser.cookie("gantry_form").unwrap();
    let fields =
        [("csrf_token", token.as_str()), ("username", username), ("password", PASSWORD), ("next", "/apps?tab=all")];
    browser.post_form("/auth/login", &fields).await.expect(303)
}

/// Where a browser is sent after the form with the code.
async fn send_code(browser: &Client, code: &str) -> String {
    let token = browser.cookie("gantry_form").unwrap();
    let fields = [("csrf_token", token.as_str()), ("code", code), ("next", "/apps?tab=all")];
    browser.post_form("/auth/code", &fields).await.expect(303).header("location").to_owned()
}

const ENDED: &str = "/login?error=code-ended&next=%2Fapps%3Ftab%3Dall";
const WRONG: &str = "/login?error=code&step=code&next=%2Fapps%3Ftab%3Dall";

#[tokio::test]
async fn the_code_is_asked_for_without_javascript() {
    each_database(async |portal| {
        let ada = person(&portal, "ada").await;
        let (secret, codes) = enable(&portal, &ada).await;
        let browser = portal.anonymous();
        let asked = send_password(&browser, "ada").await;
        assert_eq!(asked.header("location"), "/login?step=code&next=%2Fapps%3Ftab%3Dall");
        let cookie = asked.header("set-cookie");
        for part in ["gantry_code=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=300"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(browser.session_cookie(), None);
        let page = browser.get(asked.header("location")).await.expect(200).text();
        assert!(page.contains("/auth/code") && page.contains("one-time-code") && page.contains("numeric"), "{page}");
        assert!(page.contains("step=recovery"));

        let now = code(&secret);
        let fields = [("csrf_token", "guess"), ("code", now.as_str()), ("next", "/")];
        let foreign = browser.post_form("/auth/code", &fields).await.expect(303);
        assert_eq!(foreign.header("location"), "/login?error=form&step=code&next=%2F");
        assert_eq!(send_code(&browser, &wrong_code(&secret)).await, WRONG);
        assert_eq!(browser.session_cookie(), None);
        assert!(browser.get(WRONG).await.expect(200).text().contains("role=\"alert\""));
        assert_eq!(send_code(&browser, &code(&secret)).await, "/apps?tab=all");
        assert_eq!(me(&browser).await["user"]["username"], "ada");
        assert_eq!(browser.cookie("gantry_code"), None);

        let other = portal.anonymous();
        send_password(&other, "ada").await;
        assert_eq!(send_code(&other, &codes[0]).await, "/apps?tab=all");
        assert_eq!(me(&other).await["user"]["username"], "ada");
        let nobody = portal.anonymous();
        let unknown = send_password(&nobody, "eve").await;
        assert!(unknown.header("location").starts_with("/login?error=credentials&"));
        assert_eq!(nobody.cookie("gantry_code"), None);
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_that_waits_belongs_to_its_browser_and_to_its_minutes() {
    each_database(async |portal| {
        let ada = person(&portal, "ada").await;
        let (secret, codes) = enable(&portal, &ada).await;
        let browser = portal.anonymous();
        send_password(&browser, "ada").await;
        let cookie = browser.cookie("gantry_code").unwrap();

        let thief = portal.anonymous();
        thief.get("/login").await.expect(200);
        for foreign in ["", "guess", &cookie[1..]] {
            thief.set_cookie("gantry_code", foreign);
            assert_eq!(send_code(&thief, &code(&secret)).await, ENDED);
        }
        assert_eq!(thief.session_cookie(), None);
        assert_eq!(send_code(&browser, &code(&secret)).await, "/apps?tab=all");
        thief.set_cookie("gantry_code", &cookie);
        assert_eq!(send_code(&thief, &codes[0]).await, ENDED, "it ends with the sign-in");

        let late = portal.anonymous();
        send_password(&late, "ada").await;
        assert_eq!(execute(&portal, &format!("UPDATE pending_codes SET expires_at = {}", db::now() - 1)).await, 1);
        assert_eq!(send_code(&late, &codes[0]).await, ENDED);
        assert_eq!(late.session_cookie(), None);
        server::services::session::delete_ended(&portal.state).await.unwrap();
        assert_eq!(execute(&portal, "DELETE FROM pending_codes").await, 0, "what is too late is cleaned up");
        assert_eq!(state_of(&ada).await, (true, 10), "none of this used a code up");
    })
    .await;
}

#[tokio::test]
async fn after_five_wrong_codes_the_password_is_asked_for_again() {
    each_database(async |portal| {
        let ada = person(&portal, "ada").await;
        let (secret, _) = enable(&portal, &ada).await;
        let browser = portal.anonymous();
        send_password(&browser, "ada").await;
        let cookie = browser.cookie("gantry_code").unwrap();
        let wrong = wrong_code(&secret);
        for _ in 0..4 {
            assert_eq!(send_code(&browser, &wrong).await, WRONG);
        }
        assert_eq!(send_code(&browser, &wrong).await, ENDED);
        assert_eq!(browser.cookie("gantry_code"), None);
        browser.set_cookie("gantry_code", &cookie);
        assert_eq!(send_code(&browser, &code(&secret)).await, ENDED);
        assert_eq!(browser.session_cookie(), None);
        send_password(&browser, "ada").await;
        for _ in 0..3 {
            assert_eq!(send_code(&browser, &wrong).await, WRONG);
        }
        let limited = send_code(&browser, &code(&secret)).await;
        assert_eq!(limited, "/login?error=limited&step=code&next=%2Fapps%3Ftab%3Dall");
    })
    .await;
}

#[tokio::test]
async fn a_password_link_leads_to_the_code_and_not_around_it() {
    const NEW: &str = "a quite different sentence";
    each_database(async |portal| {
        let admin = portal.admin().await;
        let ada = person(&portal, "ada").await;
        let (secret, codes) = enable(&portal, &ada).await;
        let path = format!("{}/password-link", user(&my_id(&ada).await));
        let link = async || {
            let made = admin.post(&path, &Value::Null).await.expect(201).json();
            made["link"].as_str().unwrap().split_once("token=").unwrap().1.to_owned()
        };
        let waits = portal.anonymous();
        send_password(&waits, "ada").await;

        let browser = portal.anonymous();
        browser.post("/api/v1/invitation", &json!({"token": link().await, "password": NEW})).await.expect(204);
        assert_eq!(browser.session_cookie(), None);
        assert_eq!(send_code(&waits, &codes[0]).await, ENDED, "the password it stood for is another now");
        let asked = sign_in(&portal, "ada", NEW, None).await.expect(401);
        assert_eq!(reason(&asked), "session.code-needed");
        sign_in(&portal, "ada", NEW, Some(&code(&secret))).await.expect(204);

        let token = link().await;
        browser.get(&format!("/invite?token={token}")).await.expect(200);
        let form_token = browser.cookie("gantry_form").unwrap();
        let fields = [
            ("csrf_token", form_token.as_str()),
            ("token", token.as_str()),
            ("password", PASSWORD),
            ("password_confirm", PASSWORD),
        ];
        let chosen = browser.post_form("/auth/invite", &fields).await.expect(303);
        assert_eq!(chosen.header("location"), "/login");
        assert_eq!(browser.session_cookie(), None);
        sign_in(&portal, "ada", PASSWORD, None).await.expect(401);
        sign_in(&portal, "ada", PASSWORD, Some(&codes[1])).await.expect(204);
    })
    .await;
}
