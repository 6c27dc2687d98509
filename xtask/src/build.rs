//! Both halves: `app` for the browser with its bindings, and the server.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    assets, javascript, module,
    project::{Project, Result, run},
    stamp::Inputs,
};

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// How much work the build puts into its products.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build.
    Dev,
    /// Quick to run and small to load.
    Release,
}

impl Profile {
    fn wasm(self) -> &'static str {
        match self {
            Self::Dev => "wasm-dev",
            Self::Release => "wasm-release",
        }
    }

    fn server(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    fn server_folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }

    /// The files that the server gives to browsers: beside the server, where it looks for them.
    pub fn site(self, project: &Project) -> PathBuf {
        project.target.join(self.server_folder()).join("site")
    }

    /// What remembers from what the site was made.
    pub fn stamps(self, project: &Project) -> PathBuf {
        project.target.join(self.server_folder()).join("site-stamps")
    }

    /// The name under which what was made is remembered.
    pub fn name(self) -> &'static str {
        self.server_folder()
    }
}

/// Builds everything that `gantry serve` needs.
pub fn both(project: &Project, profile: Profile) -> Result<()> {
    site(project, profile)?;
    server(project, profile)
}

/// Builds what the server gives to browsers.
pub fn site(project: &Project, profile: Profile) -> Result<()> {
    // Stamps of a site that somebody deleted would leave the new one empty.
    let stamps = profile.stamps(project);
    if !profile.site(project).is_dir() && stamps.is_dir() {
        fs::remove_dir_all(stamps)?;
    }
    browser(project, profile)?;
    javascript::bundle(project, profile)?;
    assets::complete(project, profile)
}

/// Builds `app` for the browser, with its JavaScript bindings.
pub fn browser(project: &Project, profile: Profile) -> Result<()> {
    run(project.cargo().args(["build", "--package", "gantry-app", "--lib", "--features", "hydrate"]).args([
        "--target",
        WASM_TARGET,
        "--profile",
        profile.wasm(),
    ]))?;
    let module = project.target.join(WASM_TARGET).join(profile.wasm()).join("app.wasm");
    let stamp = profile.stamps(project).join("bindings");
    Inputs::default()
        .text(profile.name())
        .files([&module])
        .make(&stamp, || module::finish(project, profile, &module))?;
    Ok(())
}

/// Builds the `gantry` binary.
pub fn server(project: &Project, profile: Profile) -> Result<()> {
    run(project.cargo().args(["build", "--package", "gantry-server", "--bin", "gantry", "--profile", profile.server()]))
}

/// Where the built `gantry` lies.
pub fn server_binary(project: &Project, profile: Profile) -> PathBuf {
    project.target.join(profile.server_folder()).join("gantry")
}

/// `gantry serve`, as this build made it.
pub fn server_command(project: &Project, profile: Profile) -> Command {
    let mut command = project.command(server_binary(project, profile));
    command.arg("serve");
    command
}

/// Becomes `gantry serve`, so that signals reach it directly.
pub fn replace_by_server(project: &Project, arguments: &[String]) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = server_command(project, Profile::Dev).args(arguments).exec();
    Err(format!("gantry could not be started: {error}").into())
}
