//! A Compose file for just an image.

use super::{diagnostic::Diagnostic, image, parse};
use std::collections::BTreeMap;

/// The Compose text of one service that runs an image, under a valid app name.
///
/// `container_port` is published at `host_port`, or where the engine chooses.
///
/// # Errors
/// What is wrong with the name or the image, as if it stood in a file.
pub fn image_app(
    name: &str,
    image: &str,
    container_port: Option<u16>,
    host_port: Option<u16>,
) -> Result<String, Vec<Diagnostic>> {
    let image = image.trim();
    // A reference needs no quotes; anything else is shown to the reader as it is.
    let image = if image::is_reference(image) { image.to_owned() } else { quoted(image) };
    let mapping =
        container_port.map(|inside| host_port.map_or(inside.to_string(), |outside| format!("{outside}:{inside}")));
    let ports = mapping.map(|mapping| format!("    ports:\n      - \"{mapping}\"\n")).unwrap_or_default();
    let text = format!("services:\n  {}:\n    image: {image}\n    restart: unless-stopped\n{ports}", quoted_name(name));
    let source = super::Source { text, ..super::Source::default() };
    parse(&source, &BTreeMap::new())?;
    Ok(source.text)
}

fn quoted_name(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !matches!(name, "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n");
    if plain { name.to_owned() } else { quoted(name) }
}

/// In single quotes, in which YAML only doubles the quote; a `$` is doubled for Compose.
fn quoted(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("'{}'", text.replace('\'', "''").replace('$', "$$"))
}
