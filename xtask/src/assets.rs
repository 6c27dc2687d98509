//! The site's files beside the two halves: the stylesheet, the public folder, and the compressed twins.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use crate::{
    build::Profile,
    javascript,
    project::{Project, Result, files_below, write_if_changed},
    stamp::Inputs,
};

/// Sheets that come before the components, in this order; the rest follows by name.
const FIRST_SHEETS: &[&str] = &["tokens.css", "base.css", "layout.css"];
const COMPRESSED: &[&str] = &["wasm", "js", "css", "svg", "json", "html", "txt"];
const SMALLEST_COMPRESSED_BYTES: u64 = 512;

/// Makes the site complete and compresses it.
pub fn complete(project: &Project, profile: Profile) -> Result<()> {
    copy_public(project, profile)?;
    stylesheet(project, profile)?;
    compress(project, profile)
}

/// Joins `style/**/*.css` into one sheet.
pub fn stylesheet(project: &Project, profile: Profile) -> Result<()> {
    let folder = project.root.join("style");
    let sheets = in_order(&folder, files_below(&folder)?);
    let product = profile.site(project).join("pkg/gantry.css");
    let stamp = profile.stamps(project).join("stylesheet");
    Inputs::default().text(profile.name()).files(&sheets).make(&stamp, || {
        let mut joined = String::new();
        for sheet in &sheets {
            joined.push_str(&fs::read_to_string(sheet)?);
            joined.push('\n');
        }
        write_if_changed(&product, joined.as_bytes())?;
        if profile == Profile::Release {
            javascript::minify_stylesheet(project, &product)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn in_order(folder: &Path, files: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut sheets: Vec<_> =
        files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "css")).collect();
    sheets.sort_by_key(|sheet| {
        let place = FIRST_SHEETS.iter().position(|first| sheet == &folder.join(first));
        (place.unwrap_or(FIRST_SHEETS.len()), sheet.clone())
    });
    sheets
}

fn copy_public(project: &Project, profile: Profile) -> Result<()> {
    let folder = project.root.join("public");
    for file in files_below(&folder)? {
        write_if_changed(&profile.site(project).join(file.strip_prefix(&folder)?), &fs::read(&file)?)?;
    }
    Ok(())
}

fn compress(project: &Project, profile: Profile) -> Result<()> {
    let site = profile.site(project);
    let stamps = profile.stamps(project);
    for file in files_below(&site)? {
        let wanted = file.extension().is_some_and(|extension| COMPRESSED.iter().any(|wanted| extension == *wanted));
        if !wanted {
            continue;
        }
        let relative = file.strip_prefix(&site)?.to_string_lossy().replace('/', "_");
        let (stamp, twin) = (stamps.join(relative), beside(&file, "br"));
        if !twin.exists() && fs::metadata(&file)?.len() >= SMALLEST_COMPRESSED_BYTES && stamp.exists() {
            // A part of the browser half that is back: its twin went with it.
            fs::remove_file(&stamp)?;
        }
        Inputs::default().text(profile.name()).files([&file]).make(&stamp, || {
            let content = fs::read(&file)?;
            if content.len() as u64 >= SMALLEST_COMPRESSED_BYTES {
                fs::write(twin, brotli(&content, profile)?)?;
                fs::write(beside(&file, "gz"), gzip(&content, profile)?)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn beside(file: &Path, extension: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn brotli(content: &[u8], profile: Profile) -> Result<Vec<u8>> {
    let quality = match profile {
        Profile::Dev => 5,
        Profile::Release => 11,
    };
    let parameters = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(content: &[u8], profile: Profile) -> Result<Vec<u8>> {
    let level = match profile {
        Profile::Dev => flate2::Compression::fast(),
        Profile::Release => flate2::Compression::best(),
    };
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_before_layout_and_components_follow_by_name() {
        let folder = Path::new("style");
        let names = ["table.css", "layout.css", "button.css", "tokens.css", "note.md", "components/menu.css"];
        let sheets = in_order(folder, names.iter().map(|name| folder.join(name)).collect());
        let expected = ["tokens.css", "layout.css", "button.css", "components/menu.css", "table.css"];
        assert_eq!(sheets, expected.map(|name| folder.join(name)));
    }
}
