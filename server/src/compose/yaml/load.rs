//! Builds the tree from the parser's events, within limits that hold whatever the text says.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{Entry, MAX_TEXT_BYTES, Map, Mark, MergeTag, Node, Scalar, Value};
use crate::compose::diagnostic::{Code, code};

/// How deep lists and mappings may be nested.
const MAX_DEPTH: usize = 64;
/// How many nodes the tree may have once aliases are expanded.
pub const MAX_NODES: usize = 100_000;
/// How much text the tree may hold once aliases are expanded, in bytes.
const MAX_TREE_BYTES: usize = 4 * MAX_TEXT_BYTES;

/// Something wrong at a place, before the place has a path.
#[derive(Debug)]
pub struct Problem {
    pub mark: Mark,
    pub code: Code,
    pub params: Vec<(&'static str, String)>,
}

/// The tree of a YAML text. `None` where the text is empty; problems make the tree unusable.
pub fn load(text: &str, file: u16) -> Result<Option<Node>, Vec<Problem>> {
    let start = Mark { file, line: 1, column: 1 };
    if text.len() > MAX_TEXT_BYTES {
        return Err(vec![problem(start, code::TEXT_TOO_LONG, [("limit", MAX_TEXT_BYTES.to_string())])]);
    }
    if let Some(found) = control_character(text, file) {
        return Err(vec![found]);
    }
    let mut builder = Builder::new(file);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let step = match event {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => Err(syntax(file, &error)),
        };
        if let Err(fatal) = step {
            builder.problems.push(fatal);
            break;
        }
    }
    if builder.problems.is_empty() { Ok(builder.root) } else { Err(builder.problems) }
}

fn problem<const N: usize>(mark: Mark, code: Code, params: [(&'static str, String); N]) -> Problem {
    Problem { mark, code, params: params.into() }
}

fn syntax(file: u16, error: &ScanError) -> Problem {
    let marker = error.marker();
    let mark = Mark { file, line: count(marker.line()), column: count(marker.col() + 1) };
    problem(mark, code::YAML_SYNTAX, [("detail", error.info().to_owned())])
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The parser takes NUL for the end of the text, so what YAML forbids is refused before it sees it.
fn control_character(text: &str, file: u16) -> Option<Problem> {
    let is_bad =
        |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || c == '\u{fffe}' || c == '\u{ffff}';
    let at = text.find(is_bad)?;
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    let found = text[at..].chars().next().map_or(0, u32::from);
    let mark = Mark { file, line: count(line), column: count(column) };
    Some(problem(mark, code::YAML_CONTROL, [("character", format!("U+{found:04X}"))]))
}

struct Builder {
    file: u16,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Anchored>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    bytes: usize,
    problems: Vec<Problem>,
}

struct Frame {
    mark: Mark,
    anchor: usize,
    tag: MergeTag,
    nodes_before: usize,
    bytes_before: usize,
    height: usize,
    open: Open,
}

enum Open {
    List(Vec<Node>),
    Map { map: Map, key: Option<(String, Mark, bool)>, merge: Option<(Mark, Node)> },
}

/// A finished node with its weight, for aliases to copy.
struct Anchored {
    node: Node,
    plain: bool,
    nodes: usize,
    bytes: usize,
    height: usize,
}

impl Builder {
    fn new(file: u16) -> Self {
        Self {
            file,
            stack: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            documents: 0,
            nodes: 0,
            bytes: 0,
            problems: Vec::new(),
        }
    }

    fn mark(&self, span: Span) -> Mark {
        Mark { file: self.file, line: count(span.start.line()), column: count(span.start.col() + 1) }
    }

    fn charge(&mut self, mark: Mark, nodes: usize, bytes: usize) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.nodes > MAX_NODES {
            return Err(problem(mark, code::YAML_NODES, [("limit", MAX_NODES.to_string())]));
        }
        if self.bytes > MAX_TREE_BYTES {
            return Err(problem(mark, code::YAML_SIZE, [("limit", MAX_TREE_BYTES.to_string())]));
        }
        Ok(())
    }

    fn deeper(&self, mark: Mark, levels: usize) -> Result<(), Problem> {
        if self.stack.len() + levels > MAX_DEPTH {
            return Err(problem(mark, code::YAML_DEPTH, [("limit", MAX_DEPTH.to_string())]));
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        let mark = self.mark(span);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 { Err(problem(mark, code::YAML_DOCUMENTS, [])) } else { Ok(()) }
            }
            Event::Alias(id) => self.alias(id, mark),
            Event::Scalar(text, style, anchor, tag) => {
                self.charge(mark, 1, text.len())?;
                let (tag, forced) = self.tag(tag.as_deref(), mark);
                let plain = style == ScalarStyle::Plain && forced != Some(Forced::Text);
                let is_null = plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let bytes = text.len();
                let value =
                    if is_null { Value::Null } else { Value::Scalar(Scalar { text: text.into_owned(), plain }) };
                let node = Node { mark, tag, value };
                self.anchor(anchor, &node, plain, 1, bytes, 0)?;
                self.place(node, plain, 0)
            }
            Event::SequenceStart(anchor, tag) => self.open(mark, anchor, tag.as_deref(), Open::List(Vec::new())),
            Event::MappingStart(anchor, tag) => {
                self.open(mark, anchor, tag.as_deref(), Open::Map { map: Map::new(), key: None, merge: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
        }
    }

    fn open(&mut self, mark: Mark, anchor: usize, tag: Option<&Tag>, open: Open) -> Result<(), Problem> {
        self.deeper(mark, 1)?;
        let (nodes_before, bytes_before) = (self.nodes, self.bytes);
        self.charge(mark, 1, 0)?;
        let (tag, _) = self.tag(tag, mark);
        self.stack.push(Frame { mark, anchor, tag, nodes_before, bytes_before, height: 0, open });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let value = match frame.open {
            Open::List(items) => Value::List(items),
            Open::Map { mut map, merge, .. } => {
                if let Some((mark, source)) = merge
                    && !merge_into(&mut map, source)
                {
                    self.problems.push(problem(mark, code::YAML_MERGE, []));
                }
                Value::Map(map)
            }
        };
        let height = frame.height + 1;
        let (nodes, bytes) = (self.nodes - frame.nodes_before, self.bytes - frame.bytes_before);
        let node = Node { mark: frame.mark, tag: frame.tag, value };
        self.anchor(frame.anchor, &node, false, nodes, bytes, height)?;
        self.place(node, false, height)
    }

    /// Keeps a copy for aliases; the copy counts, or nested anchors could multiply a large tree.
    fn anchor(
        &mut self,
        id: usize,
        node: &Node,
        plain: bool,
        nodes: usize,
        bytes: usize,
        height: usize,
    ) -> Result<(), Problem> {
        if id == 0 {
            return Ok(());
        }
        self.charge(node.mark, nodes, bytes)?;
        self.anchors.insert(id, Anchored { node: node.clone(), plain, nodes, bytes, height });
        Ok(())
    }

    fn alias(&mut self, id: usize, mark: Mark) -> Result<(), Problem> {
        let Some(anchored) = self.anchors.get(&id) else {
            return Err(problem(mark, code::YAML_ALIAS, []));
        };
        let (nodes, bytes, height, plain) = (anchored.nodes, anchored.bytes, anchored.height, anchored.plain);
        self.deeper(mark, height)?;
        self.charge(mark, nodes, bytes)?;
        let node = self.anchors.get(&id).map(|anchored| anchored.node.clone());
        node.map_or(Ok(()), |node| self.place(node, plain, height))
    }

    /// Puts a finished node where the innermost open list or mapping wants it.
    fn place(&mut self, node: Node, plain: bool, height: usize) -> Result<(), Problem> {
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.height = frame.height.max(height);
        match &mut frame.open {
            Open::List(items) => items.push(node),
            Open::Map { map, key, merge } => match key.take() {
                None => {
                    let mark = node.mark;
                    let text = match node.value {
                        Value::Scalar(scalar) => scalar.text,
                        Value::Null => String::new(),
                        Value::List(_) | Value::Map(_) => return Err(problem(mark, code::YAML_KEY, [])),
                    };
                    *key = Some((text, mark, plain));
                }
                Some((text, mark, key_plain)) if text == "<<" && key_plain => {
                    if let Some((first, _)) = merge {
                        let params = [("key", text), ("line", first.line.to_string())];
                        self.problems.push(problem(mark, code::DUPLICATE_KEY, params));
                    } else {
                        *merge = Some((mark, node));
                    }
                }
                Some((text, mark, _)) => {
                    if let Some(first) = map.get(&text) {
                        let params = [("key", text), ("line", first.key.line.to_string())];
                        self.problems.push(problem(mark, code::DUPLICATE_KEY, params));
                    } else {
                        map.insert(text, Entry { key: mark, node });
                    }
                }
            },
        }
        Ok(())
    }

    fn tag(&mut self, tag: Option<&Tag>, mark: Mark) -> (MergeTag, Option<Forced>) {
        let Some(tag) = tag else { return (MergeTag::Merge, None) };
        if tag.is_yaml_core_schema() {
            match tag.suffix.as_str() {
                "str" => return (MergeTag::Merge, Some(Forced::Text)),
                "int" | "float" | "bool" | "null" | "map" | "seq" => return (MergeTag::Merge, None),
                _ => {}
            }
        } else if tag.handle == "!" {
            match tag.suffix.as_str() {
                "reset" => return (MergeTag::Reset, None),
                "override" => return (MergeTag::Override, None),
                "" => return (MergeTag::Merge, Some(Forced::Text)),
                _ => {}
            }
        }
        self.problems.push(problem(mark, code::YAML_TAG, [("tag", tag.to_string())]));
        (MergeTag::Merge, None)
    }
}

#[derive(PartialEq)]
enum Forced {
    Text,
}

/// `<<`: what the mapping says itself wins, then the first source that says it.
fn merge_into(map: &mut Map, source: Node) -> bool {
    let sources = match source.value {
        Value::Map(source) => vec![source],
        Value::List(items) => {
            let mut sources = Vec::with_capacity(items.len());
            for item in items {
                let Value::Map(source) = item.value else { return false };
                sources.push(source);
            }
            sources
        }
        Value::Null => Vec::new(),
        Value::Scalar(_) => return false,
    };
    for (key, entry) in sources.into_iter().flatten() {
        map.entry(key).or_insert(entry);
    }
    true
}
