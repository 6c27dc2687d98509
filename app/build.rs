//! Turns the message catalogues in `locales/` into Rust, and refuses catalogues that do not agree with each other.

use std::{env, error::Error, fs, path::PathBuf};

use leptos_i18n_parser::parse_locales::{
    options::{Config, ParseOptions},
    parse_locales,
};

/// Every language of the console, the default first. A new language is a new file and a name here.
const LOCALES: [&str; 2] = ["en", "zh-CN"];

fn main() -> Result<(), Box<dyn Error>> {
    let manifest_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");

    let config = Config::new(LOCALES[0])?
        .add_locales(&LOCALES[1..])?
        .parse_options(ParseOptions::new().interpolate_display(true));
    let locales = parse_locales(Some(manifest_dir), config)?;
    for warning in locales.diag.warnings().iter() {
        println!("cargo::error={warning}");
    }
    for error in locales.diag.errors().iter() {
        println!("cargo::error={error}");
    }
    let attributes = "#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::expect_used)]".parse()?;
    let code = leptos_i18n_codegen::gen_code(&locales, None, false, Some(&attributes), false)?;
    fs::write(out_dir.join("i18n.rs"), code.to_string())?;
    Ok(())
}
