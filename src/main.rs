//! The program: everything is in the library, so that tests reach it.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

use std::process::ExitCode;

fn main() -> ExitCode {
    ceremony::runner::private::keep_to_ourselves();
    if let Err(error) = color_eyre::install() {
        eprintln!("warning: {error}");
    }
    // After color_eyre, so that the terminal is given back before it reports.
    ceremony::tui::terminal::restore_on_panic(ceremony::runner::fault::is_told);
    ceremony::cli::main()
}
