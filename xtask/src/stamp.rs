//! Remembers what a product was made from, so that unchanged work is skipped.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::project::Result;

/// The hash of everything a product depends on.
#[derive(Default)]
pub struct Inputs(Sha256);

impl Inputs {
    /// Adds a text: a setting, a version.
    pub fn text(mut self, text: &str) -> Self {
        self.0.update(text.len().to_le_bytes());
        self.0.update(text);
        self
    }

    /// Adds the content of files; a file that is not there counts as such.
    pub fn files<'a>(mut self, files: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        for file in files {
            self = self.text(&file.to_string_lossy());
            match fs::read(file) {
                Ok(content) => self.0.update(&content),
                Err(_) => self.0.update("absent"),
            }
        }
        self
    }

    /// Runs `make` unless the product was made from the same inputs before. Says whether it ran.
    pub fn make(self, stamp: &Path, make: impl FnOnce() -> Result<()>) -> Result<bool> {
        let hash = hex(&self.0.finalize());
        if fs::read_to_string(stamp).is_ok_and(|present| present == hash) {
            return Ok(false);
        }
        make()?;
        if let Some(folder) = stamp.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(stamp, hash)?;
        Ok(true)
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
