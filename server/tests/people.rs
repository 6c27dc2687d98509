//! People: projects and their members, accounts, one-time links, sessions, and what becomes of their sockets.

mod accounts;
mod invitations;
mod last_admin;
mod members;
mod projects;
mod sessions;
mod sockets;

use api::permission::SystemRole;
use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestPortal};

const USERS: &str = "/api/v1/users";
const INVITATION: &str = "/api/v1/invitation";

/// A browser in which an administrator is signed in who has a password, and so can sign in again.
async fn administrator(portal: &TestPortal, username: &str) -> Client {
    portal.account(username, SystemRole::Admin).await;
    // An account that is there keeps its role.
    portal.outsider(username).await
}

/// What signing in says.
async fn sign_in(portal: &TestPortal, username: &str, password: &str) -> Answer {
    let credentials = json!({"username": username, "password": password});
    portal.anonymous().post("/api/v1/session", &credentials).await
}

/// A browser that signed in with a password.
async fn signed_in(portal: &TestPortal, username: &str, password: &str) -> Client {
    let mut browser = portal.anonymous();
    let credentials = json!({"username": username, "password": password});
    browser.post("/api/v1/session", &credentials).await.expect(204);
    browser.csrf_token = me(&browser).await["csrf_token"].as_str().map(str::to_owned);
    browser
}

/// Whether a session lets somebody in. In a browser of its own: the answer to one that has ended removes the cookie.
async fn lets_in(portal: &TestPortal, cookie: &str) -> bool {
    let browser = portal.anonymous();
    browser.set_cookie("gantry", cookie);
    let answer = browser.get("/api/v1/me").await;
    assert!([200, 401].contains(&answer.status.as_u16()), "{}", answer.text());
    answer.status == 200
}

pub async fn me(client: &Client) -> Value {
    client.get("/api/v1/me").await.expect(200).json()
}

pub async fn my_id(client: &Client) -> String {
    text(&me(client).await["user"]["id"])
}

async fn patch(client: &Client, path: &str, body: &Value) -> Answer {
    client.write(Method::PATCH, path, Some(body)).await
}

/// The path of an account.
pub fn user(id: &str) -> String {
    format!("{USERS}/{id}")
}

/// Makes an account; gives its id and the token of its link.
async fn invite(admin: &Client, username: &str) -> (String, String) {
    let made = admin.post(USERS, &json!({"username": username})).await.expect(201).json();
    (text(&made["user"]["id"]), token_of(&made))
}

/// The token of a new link for an account.
async fn new_link(admin: &Client, id: &str) -> String {
    token_of(&admin.post(&format!("{}/password-link", user(id)), &Value::Null).await.expect(201).json())
}

/// The token in the address of a link.
fn token_of(password_link: &Value) -> String {
    let link = url::Url::parse(password_link["link"].as_str().unwrap()).unwrap();
    assert_eq!(link.path(), "/invite");
    link.query_pairs().find(|(name, _)| name == "token").expect("the link has a token").1.into_owned()
}

fn choice(token: &str, password: &str) -> Value {
    json!({"token": token, "password": password})
}

/// The key of a problem's text.
pub fn reason(problem: &Answer) -> String {
    text(&problem.json()["message"]["key"])
}

/// The fields that a problem names.
pub fn wrong_fields(problem: &Answer) -> Vec<String> {
    problem.json()["fields"].as_array().unwrap().iter().map(|field| text(&field["field"])).collect()
}

/// A column of a list's items.
pub fn column(list: &Value, name: &str) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| text(&item[name])).collect()
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
