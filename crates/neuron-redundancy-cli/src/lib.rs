#![doc = include_str!("../README.md")]

mod args;
mod commands;
mod error;
mod output;
mod progress;

use args::{Arguments, Command};
use clap::Parser;
use error::Error;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

/// What a command works with, beside its arguments.
struct Streams<'a> {
    /// Results.
    out: &'a mut dyn Write,
    /// Progress and failures.
    err: &'a mut dyn Write,
    /// Whether the user has asked to stop.
    cancelled: &'a AtomicBool,
}

/// Runs the command line `arguments` (the program's name first): results go to `out`, all else to `err`; setting
/// `cancelled` stops the work. (Help, version and mistakes in the command line are clap's to print: they go to the
/// process's own streams, in colour where those are terminals.)
///
/// Exit codes: 0, 1 (failed: bad input, too little memory, unwritable output, cancelled), 2 (wrong use).
pub fn run<A: Into<OsString> + Clone>(
    arguments: impl IntoIterator<Item = A>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    cancelled: &AtomicBool,
) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(message) => {
            // Help and version are results; a mistake is not. clap styles both for the terminal.
            let _ = message.print();
            return ExitCode::from(if message.use_stderr() { 2 } else { 0 });
        }
    };
    let mut streams = Streams { out, err, cancelled };
    let result = match &arguments.command {
        Command::Extract(arguments) => commands::extract::run(arguments, &mut streams),
        Command::Sweep(arguments) => commands::sweep::run(arguments, &mut streams),
        Command::Apply(arguments) => commands::apply::run(arguments, &mut streams),
        Command::Inspect(arguments) => commands::inspect::run(arguments, &mut streams),
    };
    match result.and_then(|()| streams.out.flush().map_err(Error::Print)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has gone (`| head`): nobody is left to be told.
        Err(Error::Print(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(streams.err, "neuron-redundancy: {error}");
            ExitCode::FAILURE
        }
    }
}
