//! The `gantry` binary.

use std::process::ExitCode;

/// The hash of a password takes 19 MiB for a moment. glibc's allocator keeps them for good, once for each of its arenas;
/// this one gives them back.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match server::cli::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
