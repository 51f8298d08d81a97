//! The `certs` program: everything is in the library, so that other programs can build on it.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// The buffers that age and other libraries pass keys through are not theirs to wipe: all memory is wiped when it is given back.
#[global_allocator]
static WIPING: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    certs::verbs::main()
}
