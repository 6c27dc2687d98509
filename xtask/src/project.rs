//! Where things lie, and how child processes are started.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// What a task answers. The text of the error is shown to the person as it is.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Variables that cargo sets for xtask and that would make cargo rebuild `ring` and all above it if a cargo that xtask
/// starts inherited them, and variables that would replace the flags of `.cargo/config.toml` or rename the output.
const NOT_INHERITED: &[&str] = &[
    "CARGO_CRATE_NAME",
    "CARGO_PRIMARY_PACKAGE",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "LEPTOS_OUTPUT_NAME",
];
const NOT_INHERITED_PREFIXES: &[&str] = &["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];

/// The workspace on this machine.
pub struct Project {
    /// The folder of the workspace manifest.
    pub root: PathBuf,
    /// Where cargo builds into.
    pub target: PathBuf,
}

impl Project {
    /// Finds the workspace that this xtask belongs to.
    pub fn find() -> Result<Self> {
        let manifest_dir =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(env::current_dir, |dir| Ok(PathBuf::from(dir)))?;
        let root = manifest_dir
            .ancestors()
            .find(|folder| folder.join("Cargo.lock").is_file())
            .ok_or("no Cargo.lock above this folder: run `cargo xtask` inside the project")?
            .to_path_buf();
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
        Ok(Self { root, target })
    }

    /// A cargo command that does not inherit what xtask's own cargo set.
    pub fn cargo(&self) -> Command {
        let mut command = self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        for (name, _) in env::vars_os() {
            let inherited =
                name.to_str().is_none_or(|name| NOT_INHERITED_PREFIXES.iter().all(|prefix| !name.starts_with(prefix)));
            if !inherited {
                command.env_remove(name);
            }
        }
        command
    }

    /// A command that runs in the project's folder.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }
}

/// Runs a command to its end; its failure is an error that names it.
pub fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let status = command.status().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("`{program}` is not installed, or not in PATH"),
        _ => format!("`{program}` could not be started: {error}"),
    })?;
    if status.success() { Ok(()) } else { Err(format!("`{program} {arguments}` failed ({status})").into()) }
}

/// Every file below a folder, in a fixed order.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes a file only when its content is another, so that nothing that depends on its time is made again.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|present| present == content) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(true)
}
