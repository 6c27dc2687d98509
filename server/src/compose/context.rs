//! What every reader shares: the variables, the supplied files, the budgets and the findings.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashSet},
};

use super::{
    Source,
    diagnostic::{Code, Diagnostic, Severity, code},
    yaml::{Mark, Problem},
};

/// How many findings of each severity are kept.
const MAX_FINDINGS: usize = 100;
/// How much text of supplied files may go into the model, in bytes.
const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;
/// How many port mappings one file may have after ranges are written out.
pub const MAX_PORTS: usize = 20_000;

/// What a message's placeholders stand for.
pub type Params = Vec<(&'static str, String)>;

/// Shared by all readers of one parse.
pub struct Context<'a> {
    pub source: &'a Source,
    pub variables: &'a BTreeMap<String, String>,
    supplied: BTreeMap<String, &'a str>,
    files: RefCell<Vec<String>>,
    errors: RefCell<Vec<Diagnostic>>,
    warnings: RefCell<Vec<Diagnostic>>,
    seen: RefCell<HashSet<(Mark, &'static str, Params)>>,
    file_bytes: Cell<usize>,
    ports: Cell<usize>,
}

impl<'a> Context<'a> {
    pub fn new(source: &'a Source, variables: &'a BTreeMap<String, String>) -> Self {
        Self {
            supplied: source.files.iter().map(|(path, text)| (normalise("", path), text.as_str())).collect(),
            source,
            variables,
            files: RefCell::new(vec![String::new()]),
            errors: RefCell::default(),
            warnings: RefCell::default(),
            seen: RefCell::default(),
            file_bytes: Cell::new(0),
            ports: Cell::new(0),
        }
    }

    /// A number for a supplied file, for its marks.
    pub fn file_number(&self, path: &str) -> u16 {
        let mut files = self.files.borrow_mut();
        let known = files.iter().position(|known| known == path).unwrap_or_else(|| {
            files.push(path.to_owned());
            files.len() - 1
        });
        u16::try_from(known).unwrap_or(u16::MAX)
    }

    /// The path of a marked file; empty for the Compose file itself.
    pub fn file_path(&self, number: u16) -> String {
        self.files.borrow().get(usize::from(number)).cloned().unwrap_or_default()
    }

    /// A path written in a file, seen from the Compose file: `./a/../b.env` is `b.env`.
    pub fn resolve_path(&self, from: Mark, path: &str) -> String {
        let base = self.file_path(from.file);
        normalise(base.rsplit_once('/').map_or("", |(folder, _)| folder), path)
    }

    /// The text of a supplied file, by its resolved path.
    pub fn supplied_file(&self, path: &str) -> Option<&'a str> {
        self.supplied.get(path).copied()
    }

    pub fn error(&self, mark: Mark, path: String, code: Code, params: Params) {
        self.push(Severity::Error, mark, path, code, params);
    }

    pub fn warn(&self, mark: Mark, path: String, code: Code, params: Params) {
        self.push(Severity::Warning, mark, path, code, params);
    }

    pub fn problems(&self, problems: Vec<Problem>) {
        for problem in problems {
            self.error(problem.mark, String::new(), problem.code, problem.params);
        }
    }

    fn push(&self, severity: Severity, mark: Mark, path: String, code: Code, params: Params) {
        debug_assert!(
            params.len() == code.params.len() && params.iter().all(|(name, _)| code.params.contains(name)),
            "{} takes {:?}",
            code.id,
            code.params
        );
        let list = if severity == Severity::Error { &self.errors } else { &self.warnings };
        let mut list = list.borrow_mut();
        if list.len() > MAX_FINDINGS {
            return;
        }
        // An alias shows the same text in many places; it is wrong once.
        if !self.seen.borrow_mut().insert((mark, code.id, params.clone())) {
            return;
        }
        let (code, params) = if list.len() == MAX_FINDINGS {
            (code::TOO_MANY_FINDINGS, vec![("limit", MAX_FINDINGS.to_string())])
        } else {
            (code, params)
        };
        let file = (mark.file != 0).then(|| self.file_path(mark.file));
        let params = params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        list.push(Diagnostic { file, line: mark.line, column: mark.column, path, severity, code: code.id, params });
    }

    /// Whether further errors would not be kept, so that nobody looks for what to say about them.
    pub fn is_full(&self) -> bool {
        self.errors.borrow().len() > MAX_FINDINGS
    }

    pub fn has_errors(&self) -> bool {
        !self.errors.borrow().is_empty()
    }

    /// The errors (followed by the warnings) in the order of the file, or only the warnings.
    pub fn finish(self) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let (mut errors, mut warnings) = (self.errors.into_inner(), self.warnings.into_inner());
        let place = |found: &Diagnostic| (found.file.clone(), found.line, found.column);
        errors.sort_by_key(place);
        warnings.sort_by_key(place);
        if errors.is_empty() {
            return Ok(warnings);
        }
        errors.append(&mut warnings);
        Err(errors)
    }

    /// Counts text of supplied files; false once there is too much of it.
    pub fn take_file_bytes(&self, bytes: usize) -> bool {
        self.file_bytes.set(self.file_bytes.get().saturating_add(bytes));
        self.file_bytes.get() <= MAX_FILE_BYTES
    }

    pub fn file_limit() -> String {
        MAX_FILE_BYTES.to_string()
    }

    /// Counts port mappings; false once there are too many.
    pub fn take_ports(&self, ports: usize) -> bool {
        self.ports.set(self.ports.get().saturating_add(ports));
        self.ports.get() <= MAX_PORTS
    }
}

fn normalise(folder: &str, path: &str) -> String {
    let absolute = path.starts_with('/');
    let folder = if absolute { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}
