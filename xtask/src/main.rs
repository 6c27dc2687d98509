//! Builds both halves of the portal and holds the checks that cargo does not have. `make` is its door.

mod assets;
mod build;
mod check;
mod dev;
mod javascript;
mod module;
mod project;
mod stamp;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use build::Profile;
use project::{Project, Result};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, runs and checks Gantry")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the browser half, the server and the site's files
    Build {
        /// Optimise both halves and compress the files as far as they go
        #[arg(long)]
        release: bool,
    },
    /// Build the browser half and the site's files only, for tests that bring the server
    Site,
    /// Build, then serve on this machine
    Run {
        /// Passed to `gantry`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build and serve, and do it again when a file changes; open pages reload by themselves
    Dev,
    /// Check the licences of everything that is built in, and that every declared dependency is used
    Check,
}

fn main() -> ExitCode {
    match Project::find().and_then(|project| perform(&project, Arguments::parse().task)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn perform(project: &Project, task: Task) -> Result<()> {
    match task {
        Task::Build { release } => build::both(project, if release { Profile::Release } else { Profile::Dev }),
        Task::Site => build::site(project, Profile::Dev),
        Task::Run { arguments } => {
            build::both(project, Profile::Dev)?;
            build::replace_by_server(project, &arguments)
        }
        Task::Dev => dev::watch(project),
        Task::Check => check::all(project),
    }
}
