//! From arguments to what is asked for: each subcommand takes the options that mean something to it, and says so of
//! the others.

use super::{Cli, Trouble, lessons, topics};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};
use std::ffi::OsString;

/// The shared options that a subcommand takes. One that is not in this table takes them all.
const TAKES: &[(&str, &[&str])] = &[
    (
        "rehearse",
        &["definition", "url", "session", "operator", "ascii", "light", "theme", "no_motion", "mouse"],
    ),
    ("resume", &["definition", "url", "operator", "ascii", "light", "theme", "no_motion", "mouse"]),
    ("rollback", &["definition", "url", "operator", "ascii", "light", "theme", "no_motion", "mouse"]),
    ("replay", &["definition", "operator", "ascii", "light", "theme", "no_motion", "mouse"]),
    ("report", &["definition"]),
    ("verify", &["definition"]),
    ("watch", &["definition", "operator", "ascii", "light", "theme", "no_motion", "mouse"]),
    ("compare", &["definition", "ascii", "light", "theme", "no_motion", "mouse"]),
    ("review", &["definition", "operator", "ascii", "light", "theme", "no_motion", "mouse"]),
    ("sign", &["definition", "ascii", "light", "theme", "no_motion", "mouse"]),
    ("config", &["operator", "ascii", "light", "theme", "no_motion", "mouse"]),
    ("themes", &["ascii", "light", "theme"]),
    ("list", &["definition"]),
    ("check", &["definition"]),
    ("plan", &["definition"]),
    ("runbook", &["definition"]),
    ("completions", &[]),
    ("man", &[]),
    ("warden", &[]),
];

/// Why an option is not taken.
const WHY_NOT: &[(&str, &str)] = &[
    ("definition", "it has nothing to do with a ceremony"),
    ("url", "it connects to no database"),
    ("session", "it opens no new session"),
    ("rehearsal", "it opens no new session that an earlier rehearsal could say something about"),
    ("operator", "nobody drives anything there"),
    ("ascii", "it has no screen"),
    ("light", "it has no screen"),
    ("theme", "it has no screen"),
    ("no_motion", "it has no screen"),
    ("mouse", "it has no screen"),
];

/// The whole command line, with what `--help`, the completions and the manual pages say.
pub fn command() -> Command {
    let mut command = Cli::command();
    let shared: Vec<Arg> = command.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    for (name, _) in TAKES {
        command = command.mut_subcommand(name, |sub| {
            let others = shared.iter().filter(|arg| !is_taken(name, arg.get_id().as_str()));
            // The same option again, out of sight: it is still understood, and then refused by name.
            others.fold(sub, |sub, arg| sub.arg(arg.clone().hide(true)))
        });
    }
    lessons::taught(command)
}

/// The same for completions: each subcommand with the options that it takes and no others, and nothing hidden.
pub(super) fn command_for_shells() -> Command {
    let bare = Cli::command();
    let own = |arg: &Arg| arg.clone().global(false);
    let shared: Vec<Arg> = bare.get_arguments().filter(|arg| arg.is_global_set()).map(own).collect();
    let subs = bare.get_subcommands().filter(|sub| !sub.is_hide_set()).map(|sub| {
        let taken = shared.iter().filter(|arg| is_taken(sub.get_name(), arg.get_id().as_str()));
        sub.clone().args(taken.cloned())
    });
    Command::new("ceremony")
        .version(env!("CARGO_PKG_VERSION"))
        .args(bare.get_arguments().map(own))
        .subcommands(subs)
}

/// Whether there is such a subcommand.
pub fn knows(name: &str) -> bool {
    Cli::command().find_subcommand(name).is_some()
}

/// What is asked for; `None` if it was help, which is printed.
///
/// # Errors
/// When it is not understood.
pub(super) fn arguments(arguments: Vec<OsString>) -> Result<Option<Cli>, Trouble> {
    if let Some(text) = topics::asked(&arguments) {
        super::out::as_made(format!("{}\n", text.trim_end()).as_bytes());
        return Ok(None);
    }
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => return Err(not_understood(&error)),
        Err(help) => {
            // A reader that has left is no trouble.
            let _ = help.print();
            return Ok(None);
        }
    };
    only_what_is_taken(&matches)?;
    Cli::from_arg_matches(&matches).map(Some).map_err(|error| not_understood(&error))
}

/// Whether shared option `id` means something to a subcommand. What neither table names does.
fn is_taken(sub: &str, id: &str) -> bool {
    let takes = TAKES.iter().find(|(name, _)| *name == sub);
    takes.is_none_or(|(_, takes)| takes.contains(&id)) || !WHY_NOT.iter().any(|(other, _)| *other == id)
}

fn only_what_is_taken(matches: &ArgMatches) -> Result<(), Trouble> {
    let Some((name, _)) = matches.subcommand() else { return Ok(()) };
    let given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    match WHY_NOT.iter().find(|(id, _)| !is_taken(name, id) && given(id)) {
        None => Ok(()),
        Some((id, why)) => Err(Trouble::usage(
            format!("`ceremony {name}` does not take --{id}"),
            why,
            format!("leave it out; `ceremony help {name}` says what it takes"),
        )),
    }
}

/// The parser's own words, in three parts.
pub(super) fn not_understood(error: &clap::Error) -> Trouble {
    let text = error.to_string();
    let mut parts = text.split("\n\n").map(str::trim);
    let what = parts.next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(what).split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut why, mut next) = ("the command line is not understood".to_owned(), None);
    for part in parts {
        if let Some(usage) = part.strip_prefix("Usage: ") {
            why = format!("it is used so: {}", usage.split_whitespace().collect::<Vec<_>>().join(" "));
        } else if let Some(tip) = part.strip_prefix("tip: ") {
            next.get_or_insert(tip.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    Trouble::usage(what, why, next.unwrap_or_else(|| "`ceremony --help` shows every subcommand".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &str) -> Result<Option<Cli>, String> {
        let words = words.split_whitespace().map(OsString::from).collect();
        arguments(words).map_err(|trouble| trouble.to_string())
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
        let shared: Vec<String> = Cli::command()
            .get_arguments()
            .filter(|arg| arg.is_global_set())
            .map(|arg| arg.get_id().to_string())
            .collect();
        for id in TAKES.iter().flat_map(|(_, takes)| *takes) {
            assert!(shared.iter().any(|one| one == id), "{id} is no shared option");
        }
        for (name, _) in TAKES {
            assert!(knows(name), "{name} is no subcommand");
        }
    }

    #[test]
    fn an_option_that_means_nothing_is_refused_before_and_behind_the_subcommand() {
        for words in ["ceremony verify x --url postgresql://a", "ceremony --url postgresql://a verify x"] {
            let refused = parsed(words).unwrap_err();
            assert!(refused.contains("`ceremony verify` does not take --url"), "{refused}");
            assert!(
                refused.contains("why:  it connects to no database") && refused.contains("next: "),
                "{refused}"
            );
        }
        let cli = parsed("ceremony --session s --operator ada run --headless --yes").unwrap().unwrap();
        assert_eq!(cli.common.session.unwrap().to_str(), Some("s"));
        let cli = parsed("ceremony resume x --url u --light").unwrap().unwrap();
        assert!(cli.common.light && cli.common.url.as_deref() == Some("u"));
    }

    #[test]
    fn what_is_not_understood_has_three_parts() {
        for words in [
            "ceremony verfy x",
            "ceremony verify",
            "ceremony run --yes",
            "ceremony --urk x",
            "ceremony rehearse --repeat 0",
        ] {
            let refused = parsed(words).unwrap_err();
            let lines: Vec<&str> = refused.lines().collect();
            assert_eq!(lines.len(), 3, "{refused}");
            assert!(lines[0].starts_with("error: ") && lines[0].len() > 12, "{refused}");
            assert!(lines[1].starts_with("  why:  ") && lines[2].starts_with("  next: "), "{refused}");
        }
    }
}
