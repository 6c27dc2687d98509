//! The typed keys of the message catalogues, written by `build.rs`.

#![allow(dead_code, unused_imports, reason = "the generated module offers every text and macro, used or not")]

include!(concat!(env!("OUT_DIR"), "/i18n.rs"));

pub use i18n::*;
