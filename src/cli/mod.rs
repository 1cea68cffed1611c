//! The command line: one file a subcommand, and what they share.

#[macro_use]
mod out;

mod check;
mod compare;
mod config;
mod editor;
mod launch;
mod lessons;
mod lines;
mod list;
mod live;
mod looks;
mod masked;
mod operator;
mod parse;
mod pick;
mod plan;
mod purpose;
mod rehearse;
mod replay;
mod report;
mod review;
mod run;
mod runbook;
mod sessions;
mod shell;
mod sign;
mod signed_off;
mod target;
mod topics;
mod transactions;
mod trouble;
mod verify;
mod watch;

pub use trouble::Trouble;

pub use parse::{command, knows};

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The definition, unless another one is named.
const DEFINITION: &str = "ceremony.toml";

/// A terminal cockpit for PostgreSQL migration ceremonies.
///
/// Without a subcommand it opens the cockpit on ./ceremony.toml: on a new session, or with a choice if one was left
/// open. Without --url it starts its own PostgreSQL for the session, from the server programs on this machine.
#[derive(Debug, Parser)]
#[command(name = "ceremony", version)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Sub>,
}

/// What every subcommand understands, or refuses by name (`parse`).
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The definition.
    #[arg(long, global = true, value_name = "FILE", default_value = DEFINITION)]
    pub definition: PathBuf,
    /// A local database, postgresql://user:password@127.0.0.1:port/database; never one elsewhere.
    #[arg(long, global = true, value_name = "URL", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub url: Option<String>,
    /// The folder of the new session [default: sessions/TIME-CEREMONY beside the definition].
    #[arg(long, global = true, value_name = "DIR")]
    pub session: Option<PathBuf>,
    /// Estimates and budgets from this rehearsal's folder [default: the newest rehearsal of the very same files].
    #[arg(long, global = true, value_name = "DIR")]
    pub rehearsal: Option<PathBuf>,
    /// Who drives, or who watches [default: $USER].
    #[arg(long, global = true, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub operator: Option<String>,
    /// Draw with ASCII only.
    #[arg(long, global = true)]
    pub ascii: bool,
    /// For a light terminal: --theme light.
    #[arg(long, global = true, conflicts_with = "theme")]
    pub light: bool,
    /// Colours: dark, light, high-contrast, … (`ceremony themes` lists them).
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Nothing moves on the screen but clocks.
    #[arg(long, global = true)]
    pub no_motion: bool,
    /// Click and scroll with the mouse; selecting text then needs Shift.
    #[arg(long, global = true)]
    pub mouse: bool,
    /// These options, the environment, the file and the defaults, put together.
    #[arg(skip)]
    pub settings: config::Settings,
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
    /// Start a new session, with or without a screen.
    Run(Headless),
    /// Hold the whole ceremony on a throw-away copy of the target.
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
        /// The session: its folder, the beginning of its name, or `latest`.
        #[arg(value_hint = clap::ValueHint::DirPath)]
        dir: PathBuf,
        #[command(flatten)]
        headless: Headless,
    },
    /// Undo everything a session applied, last migration first.
    Rollback {
        /// The session: its folder, the beginning of its name, or `latest`.
        #[arg(value_hint = clap::ValueHint::DirPath)]
        dir: PathBuf,
        #[command(flatten)]
        headless: Headless,
    },
    /// Follow a session that another terminal drives: look at everything, put initials under steps, press STOP.
    Watch {
        /// The session's folder.
        dir: PathBuf,
    },
    /// Put two sessions side by side: a rehearsal and the real run, or two operators.
    Compare {
        /// One session's folder.
        a: PathBuf,
        /// The other's.
        b: PathBuf,
        /// As text, also on a terminal.
        #[arg(long)]
        plain: bool,
    },
    /// Look at a session again, forward and back.
    Replay {
        /// The session: its folder, the beginning of its name, or `latest`.
        #[arg(value_hint = clap::ValueHint::DirPath)]
        dir: PathBuf,
    },
    /// Go through a session as who signs it does: everything bad, then every claim with its evidence.
    Review {
        /// The session: its folder, the beginning of its name, or `latest`.
        #[arg(value_hint = clap::ValueHint::DirPath)]
        dir: PathBuf,
        /// Say what would be signed in this capacity; nothing is.
        #[arg(long, hide = true, value_parser = review::role)]
        role: Option<crate::signoff::Role>,
        /// Who reads [default: --operator].
        #[arg(long = "as", value_name = "NAME")]
        reader: Option<String>,
    },
    /// Write the execution report of a session.
    Report {
        /// The session: its folder, the beginning of its name, or `latest`.
        #[arg(value_hint = clap::ValueHint::DirPath)]
        dir: PathBuf,
        #[command(flatten)]
        options: report::Options,
    },
    /// Check a session's record: chain, files, decisions. With --signers, also whether it is signed off.
    Verify {
        /// The session: its folder, the beginning of its name, or `latest`.
        #[arg(value_hint = clap::ValueHint::DirPath)]
        dir: PathBuf,
        #[command(flatten)]
        checked: signed_off::Checked,
    },
    /// Sign a closed session with your own SSH key, as its policy asks.
    Sign {
        /// The session: its folder, the beginning of its name, or `latest`.
        #[arg(value_hint = clap::ValueHint::DirPath)]
        dir: PathBuf,
        #[command(flatten)]
        options: sign::Options,
    },
    /// List sessions, where each stands, and what goes on with it.
    List {
        /// The folder they are in [default: sessions beside the definition].
        #[arg(value_hint = clap::ValueHint::DirPath)]
        dir: Option<PathBuf>,
        /// As a JSON array, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Check the definition and every file it names.
    Check,
    /// Show what would be done, in order, without doing it.
    Plan,
    /// Show every setting and where it comes from.
    Config,
    /// List the themes.
    Themes,
    /// Write the runbook from the definition.
    Runbook {
        /// Only say whether the one on disk is current (exit code 4 if not).
        #[arg(long)]
        check: bool,
    },
    /// Write completions for a shell to standard output.
    Completions {
        /// Which shell.
        shell: shell::Shell,
    },
    /// Write the manual pages.
    Man {
        /// One file for each subcommand into this folder; without it, ceremony.1 to standard output.
        #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
    /// Give a terminal back when the cockpit on it was killed. Started by the cockpit.
    #[command(hide = true)]
    Warden {
        /// What to say then.
        words: String,
    },
}

/// Runs the program; returns its exit code.
pub fn main() -> ExitCode {
    // Without it the system ends the program there, which the record survives as well.
    let _ = run::outlive_limits();
    let result = match parse::arguments(std::env::args_os().collect()) {
        Ok(Some(cli)) => {
            settled(cli.common, cli.command.as_ref()).and_then(|common| dispatch(common, cli.command))
        }
        Ok(None) => Ok(0),
        Err(trouble) => Err(trouble),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(trouble) => {
            out::error_as_made(&trouble.to_string());
            ExitCode::from(trouble.code)
        }
    }
}

/// With the settings read. A record can be looked at and a definition be checked whatever they are.
fn settled(mut common: Common, command: Option<&Sub>) -> Result<Common, Trouble> {
    let needless = matches!(
        command,
        Some(
            Sub::Report { .. }
                | Sub::Verify { .. }
                | Sub::List { .. }
                | Sub::Check
                | Sub::Plan
                | Sub::Runbook { .. }
                | Sub::Completions { .. }
                | Sub::Man { .. }
                | Sub::Warden { .. }
        )
    );
    let settled = config::Settings::read(&common).and_then(|settings| {
        common.settings = settings;
        looks::check(&common)
    });
    if needless { Ok(common) } else { settled.map(|()| common) }
}

fn dispatch(common: Common, command: Option<Sub>) -> Result<u8, Trouble> {
    let named = |dir: &PathBuf| sessions::named(&common, dir);
    match command {
        None => pick::start(&common),
        Some(Sub::Run(headless)) if headless.headless => run::start(&common, &headless),
        Some(Sub::Run(_)) => live::start(&common),
        Some(Sub::Rehearse { headless, repeat }) => rehearse::start(&common, headless, repeat),
        Some(Sub::Resume { dir, headless }) => run::reopen(&common, &named(&dir)?, &headless, false),
        Some(Sub::Rollback { dir, headless }) => run::reopen(&common, &named(&dir)?, &headless, true),
        Some(Sub::Compare { a, b, plain }) => compare::start(&common, (&named(&a)?, &named(&b)?), plain),
        // Who comes first waits for the first entry.
        Some(Sub::Watch { dir }) => {
            let dir = named(&dir).or_else(|trouble| if dir.is_dir() { Ok(dir) } else { Err(trouble) })?;
            watch::start(&common, &dir)
        }
        Some(Sub::Replay { dir }) => replay::start(&common, &named(&dir)?),
        Some(Sub::Review { dir, role, reader }) => review::look(&common, &named(&dir)?, role, reader),
        Some(Sub::Report { dir, options }) => report::write(&named(&dir)?, &options),
        Some(Sub::Verify { dir, checked }) => verify::check(&common, &named(&dir)?, &checked),
        Some(Sub::Sign { dir, options }) => sign::start(&common, &named(&dir)?, &options),
        Some(Sub::List { dir, json }) => list::show(&common, dir.as_deref(), json),
        Some(Sub::Check) => check::check(&common),
        Some(Sub::Config) => config::show(&common),
        Some(Sub::Themes) => looks::list(&common),
        Some(Sub::Plan) => plan::show(&common),
        Some(Sub::Runbook { check }) => runbook::write(&common, check),
        Some(Sub::Completions { shell }) => shell::completions(shell),
        Some(Sub::Man { dir }) => shell::man(dir.as_deref()),
        Some(Sub::Warden { words }) => Ok(crate::tui::warden::watch(&words)),
    }
}
