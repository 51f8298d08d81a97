//! The `certs` program: everything is in the library, so that other programs can build on it.

use std::process::ExitCode;

fn main() -> ExitCode {
    certs::cli::main()
}
