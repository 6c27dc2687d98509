//! The table, and the page of the documentation that keeps it.

use std::fmt::Write as _;
use std::process::Command;

/// Where the report is kept, from the workspace's folder.
const PAGE: &str = "docs/BENCHMARKS.md";

/// One measure.
pub struct Row {
    /// What was measured.
    pub measure: String,
    /// What it should be.
    pub bar: String,
    /// The portal's figure.
    pub portal: String,
    /// The peer's figure; empty where the bar is a figure.
    pub peer: String,
    /// The portal's figure divided by the peer's.
    pub ratio: Option<f64>,
    /// Whether it is what it should be; `None` where the figure is only told.
    pub met: Option<bool>,
}

/// All measures of a run.
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// The report of these rows.
    pub fn of(rows: Vec<Row>) -> Self {
        Self { rows }
    }

    /// The rows as a Markdown table.
    pub fn table(&self) -> String {
        let mut text = "| measure | bar | Gantry | peer | ratio | |\n|---|---|---|---|---|---|\n".to_owned();
        for Row { measure, bar, portal, peer, ratio, met } in &self.rows {
            let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            let verdict = match met {
                Some(true) => "met",
                Some(false) => "**missed**",
                None => "",
            };
            let _ = writeln!(text, "| {measure} | {bar} | {portal} | {peer} | {ratio} | {verdict} |");
        }
        text
    }

    /// Writes the page.
    pub fn write(&self) {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let table = self.table();
        let facts = facts();
        let text = format!(
            "# Benchmarks\n\n\
             Written by `make bench`, which measures the portal and its peers in one run on one machine: compare the \
             ratios, not figures of different runs. A peer's figure was taken right beside the portal's.\n\n\
             {table}\n{facts}\n{HOW}"
        );
        std::fs::write(format!("{root}/{PAGE}"), text).expect("the report can be written");
        eprintln!("written: {PAGE}");
    }
}

const HOW: &str = "\
How the figures come about is in `server/benches/portal`. The portal is the optimised program with its default settings, \
in a process of its own; unless a row names Docker, its engine is the scripted one of the tests. Memory is `VmRSS`; MB \
and KB are powers of ten. Where a row has rounds, the portal and its peer take turns and the median counts.
";

/// The machine, the day, and what was compared.
fn facts() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str, mark: char| {
        let value = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(mark));
        value.map_or_else(String::new, |(_, value)| value.trim().trim_matches('"').to_owned())
    };
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let memory: f64 = field(&read("/proc/meminfo"), "MemTotal", ':').trim_end_matches(" kB").parse().unwrap_or(0.0);
    let changed = !said("git", &["status", "--porcelain", "--", ".", ":!docs/BENCHMARKS.md"]).is_empty();
    let commit = said("git", &["rev-parse", "--short", "HEAD"]);
    let docker = super::terminal::docker_version();
    let lines = [
        ("date", said("date", &["--utc", "+%Y-%m-%d"])),
        ("Gantry", format!("{commit}{}", if changed { " with uncommitted changes" } else { "" })),
        (
            "machine",
            format!(
                "{cpus} × {}, {:.0} GB, {}, Linux {}",
                field(&read("/proc/cpuinfo"), "model name", ':'),
                memory * 1024.0 / 1e9,
                field(&read("/etc/os-release"), "PRETTY_NAME", '='),
                read("/proc/sys/kernel/osrelease").trim()
            ),
        ),
        (
            "peers",
            format!(
                "{}, cockpit-podman {}, terminado {}, Docker {docker}",
                said("nginx", &["-v"]).replace("nginx version: ", ""),
                std::env::var("GANTRY_BENCH_COCKPIT_VERSION").unwrap_or_default(),
                super::terminal::terminado_version(),
            ),
        ),
    ];
    let mut text = "| | |\n|---|---|\n".to_owned();
    for (name, value) in lines {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    text
}

/// What a program prints, on one line.
pub fn said(program: &str, arguments: &[&str]) -> String {
    let Ok(output) = Command::new(program).args(arguments).output() else { return String::new() };
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).trim().to_owned()
}

/// The value in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What the run was given; `make bench` gives all of it.
pub fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this through `make bench`"))
}
