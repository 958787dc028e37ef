//! The CLI: a thin front on the library. Only it prints, and only it knows exit codes.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
