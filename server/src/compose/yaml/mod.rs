//! YAML text as a tree in which every node knows its place.

mod load;

use indexmap::IndexMap;

pub use load::{MAX_NODES, Problem, load};

/// The longest text that is read, in bytes.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// A place: a file (0 is the Compose file itself), a line and a column, both counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark {
    pub file: u16,
    pub line: u32,
    pub column: u32,
}

/// Compose's own tags, which say how a value meets the one it is merged onto.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MergeTag {
    #[default]
    Merge,
    Reset,
    Override,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    pub mark: Mark,
    pub tag: MergeTag,
    pub value: Value,
}

/// The three shapes of YAML, and nothing.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Map),
}

/// The text of a scalar. `plain` text may also mean a number or a truth value; quoted text is only text.
#[derive(Clone, Debug)]
pub struct Scalar {
    pub text: String,
    pub plain: bool,
}

/// Entries in the order of the file.
pub type Map = IndexMap<String, Entry>;

/// A value and where its key stands.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: Mark,
    pub node: Node,
}

impl Node {
    pub fn text(mark: Mark, text: String) -> Self {
        Self { mark, tag: MergeTag::Merge, value: Value::Scalar(Scalar { text, plain: false }) }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// What the tree weighs in memory: its nodes, and one more for every 64 bytes of text.
    pub fn weight(&self) -> usize {
        1 + match &self.value {
            Value::Null => 0,
            Value::Scalar(scalar) => scalar.text.len() / 64,
            Value::List(items) => items.iter().map(Node::weight).sum(),
            Value::Map(map) => map.iter().map(|(key, entry)| key.len() / 64 + entry.node.weight()).sum(),
        }
    }
}
