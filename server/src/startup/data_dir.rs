//! The data directory: for its owner only, and for one server at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::Path;

use super::Error;
use crate::config::DataConfig;
use crate::db;

const LOCK_FILE: &str = "gantry.lock";

/// The data directory and what is kept elsewhere, held until dropped.
#[derive(Debug)]
pub struct DataDir {
    _lock: Option<File>,
    _sole: Option<db::Sole>,
}

impl DataDir {
    /// Makes the directory where it is absent. A second server on the same data is refused: each would resume and
    /// carry out the other's operations.
    pub async fn open(config: &DataConfig) -> Result<Self, Error> {
        make_data_dir(&config.dir)?;
        if let Some(url) = &config.database_url {
            let held = db::hold(url).await;
            let held = held.map_err(|error| Error(format!("The database cannot be opened: {error}")))?;
            let sole = held.ok_or_else(|| {
                Error(
                    "Another Gantry is running on this database. Stop it, or give this one a database of its own."
                        .into(),
                )
            })?;
            return Ok(Self { _lock: None, _sole: Some(sole) });
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
                    "Another Gantry is running on the data directory {}. Stop it, or choose another directory \
                     with --data-dir.",
                    config.dir.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(fail(&error)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(|error| fail(&error))?;
        Ok(Self { _lock: Some(file), _sole: None })
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

    fn config(dir: &Path) -> DataConfig {
        DataConfig { dir: dir.join("data"), database_url: None }
    }

    #[tokio::test]
    async fn a_second_server_on_one_directory_is_refused_until_the_first_ends() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path());
        let first = DataDir::open(&config).await.unwrap();
        let error = DataDir::open(&config).await.unwrap_err();
        assert!(error.0.contains("Another Gantry"), "{error}");
        drop(first);
        DataDir::open(&config).await.unwrap();
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_may_look_into_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path());
        let _held = DataDir::open(&config).await.unwrap();
        let mode = std::fs::metadata(&config.dir).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
