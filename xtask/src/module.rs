//! What the compiler leaves of the browser half becomes what browsers load: cut into parts, bound to JavaScript, shrunk.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::Options;

use crate::{
    build::Profile,
    javascript,
    project::{Project, Result, run},
    stamp::hex,
};

/// The names that Leptos looks for: what loads the parts, and which files each part needs.
const LOADER: &str = "__wasm_split.______________________.js";
const MANIFEST: &str = "__wasm_split_manifest.json";

/// Makes the files of `/pkg` from the compiled module.
pub fn finish(project: &Project, profile: Profile, module: &Path) -> Result<()> {
    let folder = profile.site(project).join("pkg");
    fs::create_dir_all(&folder)?;
    remove_parts(&folder)?;
    let main = module.with_file_name("app_main.wasm");
    let compiled = fs::read(module)?;
    let mut options = Options::new(&compiled);
    let link = format!("./{LOADER}");
    options.output_dir = &folder;
    options.main_out_path = &main;
    options.link_name = &link;
    options.main_module = "./gantry.js";
    let cut = wasm_split_cli_support::transform(options)
        .map_err(|error| format!("the browser half could not be cut into parts: {error:#}"))?;
    Bindgen::new()
        .input_path(&main)
        .out_name("gantry")
        .web(true)
        .map_err(|error| error.to_string())?
        .keep_lld_exports(true)
        .demangle(false)
        .typescript(false)
        .omit_default_module_path(true)
        .generate(&folder)
        .map_err(|error| format!("the bindings for the browser could not be made: {error:#}"))?;
    if profile == Profile::Release {
        shrink(project, &folder.join("gantry_bg.wasm"), &cut.split_modules)?;
    }
    name_by_content(&folder, &cut.split_modules, cut.prefetch_map)
}

/// The parts of an earlier build, and their compressed twins.
fn remove_parts(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if ["split_", "chunk_", "__wasm_split"].iter().any(|start| name.starts_with(start)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Binaryen takes out what LLVM leaves: a third of what travels.
fn shrink(project: &Project, main: &Path, parts: &[PathBuf]) -> Result<()> {
    let folder = project.root.join("xtask/binaryen");
    javascript::install(project, &folder, "Installing Binaryen, which makes the browser half smaller")?;
    eprintln!("Making the browser half smaller");
    let features =
        ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];
    for module in parts.iter().map(PathBuf::as_path).chain([main]) {
        let smaller = module.with_extension("smaller");
        let mut command = project.command(folder.join("node_modules/.bin/wasm-opt"));
        command.args(["-Oz", "--quiet"]).args(features.map(|feature| format!("--enable-{feature}")));
        run(command.arg(module).arg("-o").arg(&smaller))?;
        fs::rename(smaller, module)?;
    }
    Ok(())
}

/// Gives each part its hash as a name: a page that was opened before an update never gets a part of the new build, which
/// would not fit its module.
fn name_by_content(folder: &Path, parts: &[PathBuf], mut needed: HashMap<String, Vec<String>>) -> Result<()> {
    let loader = folder.join(LOADER);
    let mut script = fs::read_to_string(&loader)?;
    for part in parts {
        let stem = part.file_stem().unwrap_or_default().to_string_lossy();
        let hash = hex(&Sha256::digest(fs::read(part)?)[..8]);
        let name = format!("{stem}.{hash}");
        let (old, new) = (format!("\"./{stem}.wasm\""), format!("\"./{name}.wasm\""));
        if !script.contains(&old) {
            return Err(format!("{LOADER} does not load {stem}.wasm").into());
        }
        script = script.replace(&old, &new);
        for file in needed.values_mut().flatten().filter(|file| **file == stem) {
            file.clone_from(&name);
        }
        fs::rename(part, folder.join(format!("{name}.wasm")))?;
    }
    fs::write(loader, script)?;
    Ok(fs::write(folder.join(MANIFEST), serde_json::to_vec(&needed)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_loaded_and_listed_by_their_content() {
        let folder = std::env::temp_dir().join(format!("gantry-parts-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let part = folder.join("split_lists.wasm");
        fs::write(&part, "code").unwrap();
        fs::write(folder.join(LOADER), "fetch(new URL(\"./split_lists.wasm\", import.meta.url))").unwrap();
        let needed = HashMap::from([("lists".to_owned(), vec!["split_lists".to_owned()])]);
        name_by_content(&folder, &[part], needed).unwrap();
        let manifest: HashMap<String, Vec<String>> =
            serde_json::from_slice(&fs::read(folder.join(MANIFEST)).unwrap()).unwrap();
        let name = &manifest["lists"][0];
        assert!(name.starts_with("split_lists.") && name.len() == "split_lists.".len() + 16, "{name}");
        assert_eq!(fs::read_to_string(folder.join(format!("{name}.wasm"))).unwrap(), "code");
        assert!(fs::read_to_string(folder.join(LOADER)).unwrap().contains(&format!("./{name}.wasm")));
        remove_parts(&folder).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir(folder).unwrap();
    }
}
