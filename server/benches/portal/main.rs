//! `make bench`: the optimised portal as a process of its own, measured beside its peers in one run.
//!
//! The engine is the tests' scripted one where the portal's own costs are asked for, and a real Docker engine where the
//! engine is part of the question. Names of rows as arguments run only these; the report is written when all ran.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measurement that fails ends the run, and figures are rounded when they are shown"
)]

mod apps;
#[path = "../../tests/fake_engine/mod.rs"]
mod fake_engine;
mod log;
mod memory;
mod page;
mod portal;
mod report;
mod terminal;

use report::{Report, Row};

/// What runs a group of rows.
type Measure = fn() -> futures::future::LocalBoxFuture<'static, Vec<Row>>;

/// The groups of rows in the order of the report.
const GROUPS: [(&str, Measure); 7] = [
    ("memory", || Box::pin(memory::idle())),
    ("page", || Box::pin(page::weight())),
    ("render", || Box::pin(page::rendering())),
    ("log", || Box::pin(log::throughput())),
    ("viewer", || Box::pin(memory::silent_viewer())),
    ("terminal", || Box::pin(terminal::throughput())),
    ("apps", || Box::pin(apps::reconciling())),
];

#[tokio::main]
async fn main() {
    let wanted: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let known = |name: &String| GROUPS.iter().any(|(group, _)| group == name);
    assert!(wanted.iter().all(known), "the rows are {:?}", GROUPS.map(|(group, _)| group));
    let mut rows = Vec::new();
    for (name, measure) in GROUPS {
        if wanted.is_empty() || wanted.iter().any(|it| it == name) {
            eprintln!("measuring: {name}");
            rows.extend(measure().await);
        }
    }
    let report = Report::of(rows);
    println!("{}", report.table());
    if wanted.is_empty() {
        report.write();
    }
}
