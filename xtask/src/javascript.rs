//! The JavaScript that nobody should write again (terminal, editor, API browser), bundled from npm packages.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    build::Profile,
    project::{Project, Result, files_below, run, write_if_changed},
    stamp::Inputs,
};

/// The modules that pages load, each bundled with what it imports, and what esbuild needs to be told.
const MODULES: &[(&str, &[&str])] = &[
    (
        "terminal.js",
        &["--define:document=policyDocument", "--define:window.document=policyDocument", "--inject:app/js/nonce.js"],
    ),
    ("editor.js", &[]),
    ("loader.js", &[]),
];
const API_BROWSER_FILES: &[&str] = &["swagger-ui.css", "swagger-ui-bundle.js"];

/// Bundles `app/js/*.js` and copies the API browser.
pub fn bundle(project: &Project, profile: Profile) -> Result<()> {
    install(project, &folder(project), "Installing the JavaScript packages of the terminal and the editor")?;
    let folder = folder(project);
    let sources = sources(project)?;
    let products = profile.site(project).join("js");
    let stamp = profile.stamps(project).join("javascript");
    Inputs::default().text(profile.name()).files(&sources).make(&stamp, || {
        eprintln!("Bundling the terminal and the editor");
        for (module, options) in MODULES {
            let mut esbuild = project.command(folder.join("node_modules/.bin/esbuild"));
            esbuild
                .arg(folder.join(module))
                .args(["--bundle", "--format=esm", "--target=es2022", "--loader:.css=text", "--log-level=warning"])
                .args(["--legal-comments=eof"])
                .args(*options)
                .arg(format!("--outfile={}", products.join(module).display()));
            if profile == Profile::Release {
                esbuild.arg("--minify");
            }
            run(&mut esbuild)?;
        }
        for file in API_BROWSER_FILES {
            let content = fs::read(folder.join("node_modules/swagger-ui-dist").join(file))?;
            write_if_changed(&products.join("swagger-ui").join(file), &content)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Makes a stylesheet smaller in place.
pub fn minify_stylesheet(project: &Project, sheet: &std::path::Path) -> Result<()> {
    run(project
        .command(folder(project).join("node_modules/.bin/esbuild"))
        .arg(sheet)
        .args(["--minify", "--log-level=warning", "--allow-overwrite"])
        .arg(format!("--outfile={}", sheet.display())))
}

fn folder(project: &Project) -> PathBuf {
    project.root.join("app/js")
}

fn sources(project: &Project) -> Result<Vec<PathBuf>> {
    let folder = folder(project);
    let packages = folder.join("node_modules");
    let mut sources = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.is_file() {
            sources.push(path);
        } else if path != packages {
            sources.extend(files_below(&path)?);
        }
    }
    sources.sort();
    Ok(sources)
}

/// Installs the npm packages that a folder's lock file names, unless they are there.
pub fn install(project: &Project, folder: &Path, why: &str) -> Result<()> {
    let packages = folder.join("node_modules");
    let inputs = Inputs::default().files(&[folder.join("package.json"), folder.join("package-lock.json")]);
    inputs.make(&packages.join(".gantry-stamp"), || {
        eprintln!("{why}");
        run(project.command("npm").current_dir(folder).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
    })?;
    Ok(())
}
