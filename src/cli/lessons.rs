//! What `--help` teaches of each subcommand: when one needs it, an example, exit codes, files.

use super::topics;
use clap::Command;
use std::fmt::Write as _;

/// What is said of a subcommand beside its options.
struct Lesson {
    name: &'static str,
    when: &'static str,
    examples: &'static [&'static str],
    /// Which exit codes it has, and when, if not 0 and 2 alone.
    codes: &'static str,
    files: &'static str,
}

/// Headings, and the subcommands under them. One that is under none stands under "More".
const GROUPS: &[(&str, &[&str])] = &[
    ("Drive", &["run", "rehearse", "resume", "rollback"]),
    ("Look", &["list", "watch", "replay", "report", "compare"]),
    ("Prove", &["check", "plan", "verify"]),
    ("Sign", &["review", "sign"]),
    ("Write", &["runbook", "config", "themes", "completions", "man"]),
];

const LESSONS: &[Lesson] = &[
    Lesson {
        name: "run",
        when: "to start over beside sessions that are still open, or to run in a pipeline. \
               Without --headless it is the cockpit, as `ceremony` alone.",
        examples: &[
            "ceremony run",
            "ceremony run --url postgresql://postgres:secret@127.0.0.1:54322/postgres",
            "ceremony run --headless --answers answers.toml",
            "ceremony run --headless --yes        # practice: every gate is confirmed",
        ],
        codes: "0 closed with a pass, 3 a gate waits for an answer, 4 closed with another verdict, 5 the world is stopped",
        files: "sessions/TIME-CEREMONY/ is made beside the definition. An answers file is a \
               TOML table of gates and the words that answer them: `ceremony help gates`.",
    },
    Lesson {
        name: "rehearse",
        when: "before the real run: its times become estimates at the gates, and budgets that \
               stop what takes much longer. Nothing happens to the target itself.",
        examples: &["ceremony rehearse", "ceremony rehearse --headless --repeat 3"],
        codes: "as `ceremony run`, and 4 when repeated rehearsals did not do the same",
        files: "rehearsal.json in the session's folder; it counts for the very same files only.",
    },
    Lesson {
        name: "resume",
        when: "after q, a crash, a lost terminal, a stop: at a gate it goes on at the gate, at a \
               stop at its next stage. What was in flight is settled by the ledger in the \
               database, never by guessing.",
        examples: &[
            "ceremony resume latest",
            "ceremony resume sessions/20260117-0900",
            "ceremony resume latest --headless --answers answers.toml",
        ],
        codes: "as `ceremony run`; 6 when the record cannot be trusted",
        files: "goes on writing session.jsonl in the session's folder.",
    },
    Lesson {
        name: "rollback",
        when: "when everything has to be undone, also after the end. A gate asks first, and a \
               second one names the tables whose rows die.",
        examples: &["ceremony rollback latest"],
        codes: "as `ceremony run`; 4 once everything is undone, for that is no pass",
        files: "backup/ in the session's folder keeps rows that die, with a script that puts them back.",
    },
    Lesson {
        name: "replay",
        when: "to see what happened and why: the same screen, entry by entry, forward and back. \
               It connects to nothing.",
        examples: &["ceremony replay latest"],
        codes: "0, or 6 when the record cannot be trusted",
        files: "reads session.jsonl, plan.json and files/ of the session.",
    },
    Lesson {
        name: "report",
        when: "when the ceremony is over: what was done, what was observed, and the verdict that \
               follows from it.",
        examples: &[
            "ceremony report latest",
            "ceremony report latest --format html",
            "ceremony report latest --format all",
        ],
        codes: "0, or 6 when the record cannot be trusted",
        files: "writes report.md into the session's folder, and to standard output; report.html, \
               report.json, report.junit.xml or session.cast with --format.",
    },
    Lesson {
        name: "verify",
        when: "before a name is put under a record: does it chain, are the files those it names, \
               does the core decide the same again? And with --signers: is it signed off?",
        examples: &[
            "ceremony verify latest",
            "ceremony verify latest --signers allowed_signers",
            "ceremony verify latest --head 'lusab babad gutih tugad'",
        ],
        codes: "0 as recorded (and signed off), 2 another format, 6 not as recorded, 7 not signed off",
        files: "reads session.jsonl, plan.json, files/, backup/, signoff/ and the reports of the session.",
    },
    Lesson {
        name: "list",
        when: "to find a session again. It reads the first and last entries only and checks \
               nothing: `ceremony verify` does.",
        examples: &["ceremony list", "ceremony list --json | jq -r '.[] | select(.running) | .dir'"],
        codes: "",
        files: "reads session.jsonl of every folder in sessions/.",
    },
    Lesson {
        name: "watch",
        when: "while somebody else drives: the same screen, live. `i` puts your initials under a \
               step, Ctrl-C stops the world.",
        examples: &["ceremony watch latest", "ceremony watch latest --operator bea"],
        codes: "0, or 6 when the record cannot be trusted",
        files: "reads session.jsonl as it grows; speaks to the driver through a socket beside it.",
    },
    Lesson {
        name: "compare",
        when: "to see whether the real run did what its rehearsal did, or two operators the same.",
        examples: &["ceremony compare sessions/20260117-rehearsal latest", "ceremony compare A B --plain"],
        codes: "0 the same in what counts, 8 not so, 6 when a record cannot be trusted",
        files: "reads session.jsonl, plan.json and files/ of both.",
    },
    Lesson {
        name: "review",
        when: "to go through a session as a lead does, without signing: everything bad first, then \
               each claim with its evidence.",
        examples: &["ceremony review latest", "ceremony review latest --as rita"],
        codes: "0, or 6 when the record cannot be trusted",
        files: "keeps what was opened in review/ of the session.",
    },
    Lesson {
        name: "sign",
        when: "when the session is closed: on a screen, or with --approve, --reject or --withdraw \
               without one. The key is your own; it is not copied anywhere.",
        examples: &[
            "ceremony sign latest --role lead --as ada@example.com",
            "ceremony sign latest --role reviewer --as rita --key ~/.ssh/id_ed25519 --approve",
        ],
        codes: "0 signed, 7 the policy does not let you, 6 when the record cannot be trusted",
        files: "writes signoff/NNN-ROLE-NAME.json and its .sig, and report.md if it is missing.",
    },
    Lesson {
        name: "config",
        when: "to see every setting, its value, and whether an option, the environment or your file \
               says so.",
        examples: &["ceremony config"],
        codes: "",
        files: "$XDG_CONFIG_HOME/ceremony/config.toml",
    },
    Lesson {
        name: "themes",
        when: "to choose how the cockpit looks, or to check a theme of your own.",
        examples: &["ceremony themes", "ceremony --theme high-contrast"],
        codes: "",
        files: "$XDG_CONFIG_HOME/ceremony/themes/NAME.toml",
    },
    Lesson {
        name: "check",
        when: "after each change of the definition or a script: mistakes, files that are not the \
               reviewed ones, and what the scripts can hurt.",
        examples: &["ceremony check", "ceremony check --definition other/ceremony.toml"],
        codes: "0 nothing is wrong (warnings may be), 2 something is",
        files: "",
    },
    Lesson {
        name: "plan",
        when: "to read the order of migrations, steps and rollback before anything is started.",
        examples: &["ceremony plan"],
        codes: "",
        files: "",
    },
    Lesson {
        name: "runbook",
        when: "after a change of the definition, so that the document on paper is the one that \
               runs; with --check in a pipeline.",
        examples: &["ceremony runbook", "ceremony runbook --check"],
        codes: "0, or 4 when --check finds an old one",
        files: "the definition names the document.",
    },
    Lesson {
        name: "completions",
        when: "once, for the shell you use. They complete subcommands, options and sessions.",
        examples: &[
            "ceremony completions bash > ~/.local/share/bash-completion/completions/ceremony",
            "ceremony completions zsh > ~/.zfunc/_ceremony      # a folder in $fpath",
            "ceremony completions fish > ~/.config/fish/completions/ceremony.fish",
        ],
        codes: "",
        files: "",
    },
    Lesson {
        name: "man",
        when: "to install manual pages, or to read them: `man ./man/ceremony.1`.",
        examples: &["ceremony man --dir man", "ceremony man | man -l -"],
        codes: "",
        files: "ceremony.1, and ceremony-SUBCOMMAND.1 for each.",
    },
];

/// The command line with everything that is taught.
pub(super) fn taught(command: Command) -> Command {
    let groups = groups(&command);
    let command = LESSONS.iter().fold(command, |command, lesson| {
        command.mut_subcommand(lesson.name, |sub| {
            sub.after_help(format!("When and how: ceremony help {}", lesson.name))
                .after_long_help(text(lesson))
        })
    });
    command
        .help_template(
            "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}Options:\n{options}{after-help}",
        )
        .before_help(groups)
        .after_help(format!(
            "Topics, with `ceremony help TOPIC`: {}\n\n{}",
            topics::names(),
            topics::exit_codes()
        ))
}

/// What is said of a subcommand: headings, words, and whether their lines stay as they are.
pub(super) fn sections(name: &str) -> Vec<(&'static str, String, bool)> {
    let Some(lesson) = LESSONS.iter().find(|lesson| lesson.name == name) else { return Vec::new() };
    let codes = if lesson.codes.is_empty() { "0 done" } else { lesson.codes };
    let mut sections = vec![
        ("When", lesson.when.to_owned(), false),
        ("Examples", lesson.examples.join("\n"), true),
        ("Exit codes", format!("{codes}; 2 wrong usage, 1 unexpected error."), false),
    ];
    if !lesson.files.is_empty() {
        sections.push(("Files", lesson.files.to_owned(), false));
    }
    sections
}

fn text(lesson: &Lesson) -> String {
    let mut text = String::new();
    for (heading, words, as_it_is) in sections(lesson.name) {
        let lines = if as_it_is { words.lines().map(str::to_owned).collect() } else { wrapped(&words) };
        let _ = writeln!(text, "{heading}:");
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// Words in lines that fit a terminal of 80 columns behind two spaces.
fn wrapped(words: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= 76 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Every subcommand with what it does, under its heading.
fn groups(command: &Command) -> String {
    let about = |name: &str| {
        let sub = command.find_subcommand(name).filter(|sub| !sub.is_hide_set())?;
        Some(format!("  {name:<12} {}\n", sub.get_about().map(ToString::to_string).unwrap_or_default()))
    };
    let mut text = String::new();
    for (heading, names) in GROUPS {
        let lines: String = names.iter().copied().filter_map(about).collect();
        if !lines.is_empty() {
            let _ = writeln!(text, "{heading}:\n{lines}");
        }
    }
    let grouped = |name: &str| GROUPS.iter().any(|(_, names)| names.contains(&name));
    let others = command.get_subcommands().map(Command::get_name).filter(|name| !grouped(name));
    let more: String = others.filter_map(about).collect();
    let _ = write!(text, "More:\n{more}  {:<12} Explain a subcommand or a topic\n", "help");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lesson without a subcommand would become one.
    #[test]
    fn every_lesson_is_about_something() {
        let bare = <super::super::Cli as clap::CommandFactory>::command();
        for lesson in LESSONS {
            assert!(bare.find_subcommand(lesson.name).is_some(), "{}", lesson.name);
        }
    }

    #[test]
    fn help_at_80_columns() {
        let render = |words: &[&str]| {
            let mut all = vec!["ceremony"];
            all.extend(words);
            let command = super::super::command().term_width(80);
            command.try_get_matches_from(all).unwrap_err().render().to_string()
        };
        for (name, words) in [
            ("short", vec!["-h"]),
            ("long", vec!["--help"]),
            ("run_short", vec!["run", "-h"]),
            ("run", vec!["run", "--help"]),
            ("resume", vec!["help", "resume"]),
            ("verify", vec!["verify", "--help"]),
            ("list", vec!["list", "--help"]),
        ] {
            let text = render(&words);
            // Of a line that cannot be broken only the words of an example.
            let long =
                text.lines().find(|line| line.chars().count() > 80 && !line.starts_with("  ceremony "));
            assert_eq!(long, None, "{name}");
            insta::assert_snapshot!(format!("help_{name}"), text);
        }
    }
}
