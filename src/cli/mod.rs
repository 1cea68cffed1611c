//! The command line: one file a subcommand, and what they share.

/// Prints a line. A reader that has left (`| head`) is no reason to panic and lose the exit code.
macro_rules! outln {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($argument)*);
    }};
}

mod check;
mod launch;
mod live;
mod plan;
mod purpose;
mod rehearse;
mod replay;
mod report;
mod review;
mod run;
mod runbook;
mod target;
mod transactions;
mod trouble;
mod verify;

pub use trouble::Trouble;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A terminal cockpit for PostgreSQL migration ceremonies.
///
/// Without a subcommand it opens the cockpit on ./ceremony.toml. Without --url it starts its own PostgreSQL for the
/// session, from the server programs on this machine.
#[derive(Debug, Parser)]
#[command(name = "ceremony", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Sub>,
}

const EXIT_CODES: &str = "Exit codes: 0 pass or done, 1 unexpected error, 2 wrong usage or definition, 3 a gate waits \
for an answer, 4 closed with another verdict, 5 the world is stopped, 6 a record that cannot be trusted.";

/// What every subcommand understands.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The definition.
    #[arg(long, global = true, value_name = "FILE", default_value = "ceremony.toml")]
    pub definition: PathBuf,
    /// A local database, postgresql://user:password@127.0.0.1:port/database; never one elsewhere.
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// The folder of the new session [default: sessions/TIME-CEREMONY beside the definition].
    #[arg(long, global = true, value_name = "DIR")]
    pub session: Option<PathBuf>,
    /// Estimates and budgets from this rehearsal's folder [default: the newest rehearsal of the very same files].
    #[arg(long, global = true, value_name = "DIR")]
    pub rehearsal: Option<PathBuf>,
    /// Who drives [default: $USER].
    #[arg(long, global = true, value_name = "NAME")]
    pub operator: Option<String>,
    /// Draw with ASCII only.
    #[arg(long, global = true)]
    pub ascii: bool,
    /// For a light terminal.
    #[arg(long, global = true)]
    pub light: bool,
}

/// How gates are answered without a screen.
#[derive(Clone, Debug, Args)]
pub struct Headless {
    /// No screen: one line per event, answers from --answers or --yes.
    #[arg(long)]
    headless: bool,
    /// A TOML table: gate ids to the words that answer them.
    #[arg(long, value_name = "FILE", requires = "headless", conflicts_with = "yes")]
    answers: Option<PathBuf>,
    /// Confirm every gate. The session is marked as practice.
    #[arg(long, requires = "headless")]
    yes: bool,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Start a ceremony (the same as no subcommand, and the only one that can be headless from the start).
    Run(Headless),
    /// Hold the whole ceremony on a throw-away copy of the target: what it takes becomes estimates and budgets.
    Rehearse {
        /// Without a screen: every gate is confirmed, one line per event.
        #[arg(long)]
        headless: bool,
        /// Rehearse so many times and compare what came out: `random()` and `now()` make migrations differ.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
        repeat: u32,
    },
    /// Go on with a session that was left.
    Resume {
        /// The session's folder.
        dir: PathBuf,
        #[command(flatten)]
        headless: Headless,
    },
    /// Undo everything a session applied, last migration first.
    Rollback {
        /// The session's folder.
        dir: PathBuf,
        #[command(flatten)]
        headless: Headless,
    },
    /// Look at a session again, forward and back.
    Replay {
        /// The session's folder.
        dir: PathBuf,
    },
    /// Go through a session as who signs it does: everything bad, then every claim with its evidence.
    Review {
        /// The session's folder.
        dir: PathBuf,
        /// Say what would be signed in this capacity; nothing is.
        #[arg(long, hide = true, value_parser = review::role)]
        role: Option<crate::signoff::Role>,
        /// Who reads [default: --operator].
        #[arg(long = "as", value_name = "NAME")]
        reader: Option<String>,
    },
    /// Write the execution report of a session, with the verdict that follows from its record.
    Report {
        /// The session's folder.
        dir: PathBuf,
    },
    /// Check a session's record: chain, files, decisions.
    Verify {
        /// The session's folder.
        dir: PathBuf,
    },
    /// Check the definition and every file it names.
    Check,
    /// Show what would be done, in order, without doing it.
    Plan,
    /// Write the runbook from the definition.
    Runbook {
        /// Only say whether the one on disk is current (exit code 4 if not).
        #[arg(long)]
        check: bool,
    },
}

/// Runs the program; returns its exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let common = cli.common;
    let result = match cli.command {
        None => live::start(&common),
        Some(Sub::Run(headless)) if headless.headless => run::start(&common, &headless),
        Some(Sub::Run(_)) => live::start(&common),
        Some(Sub::Rehearse { headless, repeat }) => rehearse::start(&common, headless, repeat),
        Some(Sub::Resume { dir, headless }) => run::reopen(&common, &dir, &headless, false),
        Some(Sub::Rollback { dir, headless }) => run::reopen(&common, &dir, &headless, true),
        Some(Sub::Replay { dir }) => replay::start(&common, &dir),
        Some(Sub::Review { dir, role, reader }) => review::look(&common, &dir, role, reader),
        Some(Sub::Report { dir }) => report::write(&dir),
        Some(Sub::Verify { dir }) => verify::check(&dir),
        Some(Sub::Check) => check::check(&common),
        Some(Sub::Plan) => plan::show(&common),
        Some(Sub::Runbook { check }) => runbook::write(&common, check),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::from(trouble.code)
        }
    }
}
