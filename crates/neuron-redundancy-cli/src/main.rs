//! The command `neuron-redundancy`: maps a result to an exit code; everything else is in the library.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set by the first Ctrl-C; the second one ends the process.
static CANCELLED: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    // Without a handler Ctrl-C ends the process at once, which is also right.
    let _ = ctrlc::set_handler(|| {
        if CANCELLED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    neuron_redundancy_cli::run(std::env::args_os(), &mut std::io::stdout(), &mut std::io::stderr(), &CANCELLED)
}
