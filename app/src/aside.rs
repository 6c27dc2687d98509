//! What a page carries that Leptos need not touch: rows and data of megabytes, which it would escape and copy several
//! times over. A mark stands for rows until the page is sent; data follow behind the document.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use leptos::prelude::Owner;
use serde::Serialize;

/// The id of the element with data begins so.
const DATA: &str = "data-";
/// Data are written in pieces of this size, which need not be moved when more follows.
const PIECE_BYTES: usize = 64 * 1024;

/// What is beside one page while it is rendered.
#[derive(Clone)]
pub struct Aside(Arc<Mutex<Kept>>);

struct Kept {
    mark: String,
    html: Vec<Bytes>,
    data: Vec<Vec<Bytes>>,
    owners: Vec<Owner>,
}

impl Aside {
    /// Nothing yet. Nobody may guess `secret`: a text with the mark in it would be replaced.
    pub fn new(secret: &str) -> Self {
        let mark = format!("<!--{secret} ");
        Self(Arc::new(Mutex::new(Kept { mark, html: Vec::new(), data: Vec::new(), owners: Vec::new() })))
    }

    /// Keeps HTML; what is given stands for it in the page.
    pub(crate) fn html(&self, html: Bytes) -> String {
        let mut kept = self.kept();
        kept.html.push(html);
        format!("{}{}-->", kept.mark, kept.html.len() - 1)
    }

    /// Keeps data; gives the id of the element that will carry them.
    pub(crate) fn data(&self, json: Json) -> String {
        let mut kept = self.kept();
        kept.data.push(json.0);
        format!("{DATA}{}", kept.data.len() - 1)
    }

    /// Keeps what owns the signals of the page until [`Aside::clear`].
    pub(crate) fn keep(&self, owners: impl Iterator<Item = Owner>) {
        self.kept().owners.extend(owners);
    }

    /// Lets go of everything. Whoever made it must call this when the page is done or given up: the owners know it too.
    pub fn clear(&self) {
        let owners = {
            let mut kept = self.kept();
            (kept.html, kept.data) = (Vec::new(), Vec::new());
            std::mem::take(&mut kept.owners)
        };
        drop(owners);
    }

    /// The whole page in pieces, from what was rendered.
    pub fn assemble(&self, page: &Bytes) -> Vec<Bytes> {
        let Kept { mark, html, data, .. } = &mut *self.kept();
        let (mut pieces, mut from) = (Vec::new(), 0);
        for at in memchr::memmem::find_iter(page, mark.as_bytes()) {
            let number = page[at + mark.len()..].split(|byte| *byte == b'-').next().unwrap_or_default();
            let number = std::str::from_utf8(number).unwrap_or_default();
            let Some(html) = number.parse().ok().and_then(|number: usize| html.get_mut(number)) else { continue };
            pieces.extend([page.slice(from..at), std::mem::take(html)]);
            from = at + mark.len() + number.len() + "-->".len();
        }
        pieces.push(page.slice(from..));
        for (number, json) in std::mem::take(data).into_iter().enumerate() {
            pieces.push(format!("<script type=\"application/json\" id=\"{DATA}{number}\">").into());
            pieces.extend(json);
            pieces.push("</script>".into());
        }
        pieces
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value as JSON that cannot end the element it stands in.
#[derive(Default)]
pub(crate) struct Json(Vec<Bytes>);

impl Json {
    pub fn of(value: &impl Serialize) -> Self {
        let mut pieces = Pieces { done: Vec::new(), piece: Vec::new() };
        if serde_json::to_writer(&mut pieces, value).is_err() {
            return Self::default();
        }
        pieces.finish();
        Self(pieces.done)
    }
}

struct Pieces {
    done: Vec<Bytes>,
    piece: Vec<u8>,
}

impl Pieces {
    fn finish(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        if memchr::memchr(b'<', &piece).is_none() {
            self.done.push(piece.into());
            return;
        }
        // In JSON it only stands in texts, where the escape means the same.
        let mut escaped = Vec::with_capacity(piece.len() + 64);
        for byte in piece {
            if byte == b'<' { escaped.extend_from_slice(b"\\u003c") } else { escaped.push(byte) }
        }
        self.done.push(escaped.into());
    }
}

impl io::Write for Pieces {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.piece.capacity() - self.piece.len() < bytes.len() {
            if !self.piece.is_empty() {
                self.finish();
            }
            self.piece.reserve_exact(PIECE_BYTES.max(bytes.len()));
        }
        self.piece.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_stands_where_its_mark_was_and_data_behind_the_page() {
        let aside = Aside::new("s3cret");
        let (first, second) = (aside.html("<tr>1</tr>".into()), aside.html("<tr>2</tr>".into()));
        assert_eq!(aside.data(Json::of(&[1])), "data-0");
        assert_eq!(aside.data(Json::of(&["</script>"])), "data-1");
        let page = format!("<p><!--guessed 0--></p>{second}<hr>{first}");
        assert_eq!(
            aside.assemble(&page.into()).concat(),
            b"<p><!--guessed 0--></p><tr>2</tr><hr><tr>1</tr>\
              <script type=\"application/json\" id=\"data-0\">[1]</script>\
              <script type=\"application/json\" id=\"data-1\">[\"\\u003c/script>\"]</script>"
        );
    }

    #[test]
    fn large_data_are_whole_over_many_pieces() {
        let texts: Vec<String> = (0..20_000).map(|number| format!("{number} <b>")).collect();
        let json = Json::of(&texts);
        assert!(json.0.len() > 3);
        assert_eq!(serde_json::from_slice::<Vec<String>>(&json.0.concat()).unwrap(), texts);
        let long = "x".repeat(3 * PIECE_BYTES);
        assert_eq!(Json::of(&long).0.concat().len(), long.len() + 2);
    }
}
