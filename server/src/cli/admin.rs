//! `gantry admin`: whoever can write the database may get back in. Passwords come from the terminal or from standard
//! input, never from the command line, where other users of the machine could read them.

use std::io::{BufRead as _, IsTerminal as _};

use api::Language;
use clap::Subcommand;

use super::Error;
use crate::config::Config;
use crate::services::{self, two_factor, user};
use crate::startup;

/// What to repair.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set an account's password (read from standard input), end its sessions and revoke its tokens.
    ResetPassword {
        /// The account.
        username: String,
    },
    /// Make an administrator; the password is read from standard input.
    CreateAdmin {
        /// The name of the new account.
        username: String,
    },
    /// Switch two-factor sign-in off for an account whose device is lost, and end its sessions.
    DisableMfa {
        /// The account.
        username: String,
    },
}

/// Does it. The server may be running: it reads accounts with each request.
pub async fn run(config: Config, command: Command) -> Result<(), Error> {
    startup::make_data_dir(&config.data.dir).map_err(Error::of)?;
    let state = startup::state(config).await.map_err(Error::of)?;
    match command {
        Command::ResetPassword { username } => {
            let works = user::reset_password(&state, &username, read_password()?).await.map_err(explain)?;
            println!("The password of {username} is changed; its sessions have ended and its tokens are revoked.");
            if !works {
                println!(
                    "But {username} cannot sign in with it: password sign-in is restricted to break-glass accounts. \
                     Make one with `gantry admin create-admin`, or let a break-glass administrator make {username} one."
                );
            }
        }
        Command::CreateAdmin { username } => {
            let made = user::create_admin(&state, &username, read_password()?).await.map_err(explain)?;
            println!("The administrator {username} is made.");
            if made.break_glass {
                println!("It is a break-glass account, because password sign-in is restricted to such accounts.");
            }
        }
        Command::DisableMfa { username } => {
            two_factor::reset_from_console(&state, &username).await.map_err(explain)?;
            println!("Two-factor sign-in of {username} is off; its sessions have ended.");
        }
    }
    Ok(())
}

fn read_password() -> Result<String, Error> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return rpassword::prompt_password("New password: ").map_err(Error::of);
    }
    let mut line = String::new();
    input.lock().read_line(&mut line).map_err(Error::of)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn explain(error: services::Error) -> Error {
    let text = match &error {
        services::Error::Invalid(fields) => {
            fields.iter().map(|field| field.message.text(Language::English)).collect::<Vec<_>>().join(" ")
        }
        services::Error::Conflict(message) | services::Error::Unavailable(message) => message.text(Language::English),
        other => other.to_string(),
    };
    Error(text)
}
