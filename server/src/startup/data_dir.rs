//! The data directory: for its owner only, and for one server at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::Path;

use super::Error;
use crate::config::DataConfig;

const LOCK_FILE: &str = "gantry.lock";

/// The data directory, held until dropped.
#[derive(Debug)]
pub struct DataDir {
    _lock: Option<File>,
}

impl DataDir {
    /// Makes the directory where it is absent. With SQLite, a second server on it is refused; with PostgreSQL several
    /// instances are welcome.
    pub fn open(config: &DataConfig) -> Result<Self, Error> {
        make_data_dir(&config.dir)?;
        if config.database_url.is_some() {
            return Ok(Self { _lock: None });
        }
        let path = config.dir.join(LOCK_FILE);
        let fail = |error: &std::io::Error| Error(format!("The lock file {} cannot be used: {error}", path.display()));
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(|error| fail(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error(format!(
                    "Another Gantry is running on the data directory {}. Stop it, choose another directory with \
                     --data-dir, or use PostgreSQL to run several instances.",
                    config.dir.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(fail(&error)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(|error| fail(&error))?;
        Ok(Self { _lock: Some(file) })
    }
}

/// Makes the data directory, readable by its owner only.
pub fn make_data_dir(dir: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| Error(format!("The data directory {} cannot be made: {error}", dir.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(dir: &Path, database_url: Option<&str>) -> DataConfig {
        DataConfig { dir: dir.join("data"), database_url: database_url.map(str::to_owned) }
    }

    #[test]
    fn a_second_server_on_one_directory_is_refused_until_the_first_ends() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), None);
        let first = DataDir::open(&config).unwrap();
        let error = DataDir::open(&config).unwrap_err();
        assert!(error.0.contains("Another Gantry"), "{error}");
        drop(first);
        DataDir::open(&config).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_look_into_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), None);
        let _held = DataDir::open(&config).unwrap();
        let mode = std::fs::metadata(&config.dir).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn several_servers_may_share_postgres() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), Some("postgres://localhost/gantry"));
        let _first = DataDir::open(&config).unwrap();
        DataDir::open(&config).unwrap();
    }
}
