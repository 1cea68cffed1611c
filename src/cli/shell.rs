//! What a shell and `man` want: completions that know sessions, and manual pages; both from the command line itself.

use super::parse::command_for_shells;
use super::{Trouble, command, lessons, topics};
use clap::Command;
use std::path::Path;

/// The shells that completions can be written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    /// GNU bash 4.4 or later.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

/// What is completed for a session in bash, beside what the generator makes: it would take any folder.
const BASH: &str = r#"
_ceremony_sessions() {
    _ceremony "$@"
    local cur="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" word
    [[ $cur == -* || $previous == --* ]] && return 0
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$word" in
            SUBCOMMANDS)
                local session
                COMPREPLY=( $(compgen -W "latest" -- "$cur") )
                for session in sessions/*/session.jsonl; do
                    session="${session%/session.jsonl}"
                    [[ -e $session && $session == "$cur"* ]] && COMPREPLY+=("$session")
                done
                [[ ${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=( $(compgen -d -- "$cur") )
                return 0
                ;;
            help)
                COMPREPLY+=( $(compgen -W "TOPICS" -- "$cur") )
                return 0
                ;;
        esac
    done
}

complete -F _ceremony_sessions -o nosort -o bashdefault -o default ceremony
"#;

const ZSH: &str = r#"
_ceremony_session() {
    local -a found
    found=(latest sessions/*/session.jsonl(N:h))
    compadd -a found || _files -/
}
"#;

const FISH: &str = r#"
function __ceremony_sessions
    echo latest
    for record in sessions/*/session.jsonl
        string replace -r '/session\.jsonl$' '' -- $record
    end
end
complete -c ceremony -n "__fish_seen_subcommand_from SUBCOMMANDS" -a "(__ceremony_sessions)"
complete -c ceremony -n "__fish_seen_subcommand_from help" -f -a "TOPICS"
"#;

pub(super) fn completions(shell: Shell) -> Result<u8, Trouble> {
    // A reader that has left is no trouble.
    super::out::as_made(script(shell).as_bytes());
    Ok(0)
}

fn script(shell: Shell) -> String {
    use clap_complete::{Shell as Kind, generate};
    let kind = match shell {
        Shell::Bash => Kind::Bash,
        Shell::Zsh => Kind::Zsh,
        Shell::Fish => Kind::Fish,
    };
    let mut command = command_for_shells();
    let names = of_sessions(&command);
    let mut bytes = Vec::new();
    generate(kind, &mut command, "ceremony", &mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let topics = topics::names().replace(',', "");
    let filled = |more: &str, names: &str| more.replace("SUBCOMMANDS", names).replace("TOPICS", &topics);
    match shell {
        Shell::Bash => text + &filled(BASH, &names.join("|")),
        Shell::Fish => text + &filled(FISH, &names.join(" ")),
        Shell::Zsh => {
            let lines = text.lines().map(|line| match line.contains("The session\\:") {
                true => line.replace("_files -/", "_ceremony_session"),
                false => line.to_owned(),
            });
            let text = lines.collect::<Vec<_>>().join("\n") + "\n";
            // Before the first function: the end of the script calls one of them.
            match text.find("\n_ceremony() {") {
                Some(at) => format!("{}\n{}{}", &text[..at], ZSH.trim_start(), &text[at..]),
                None => text,
            }
        }
    }
}

/// The subcommands whose argument is a session.
fn of_sessions(command: &Command) -> Vec<String> {
    let takes_one = |sub: &&Command| {
        let dir = sub.get_positionals().find(|arg| arg.get_id() == "dir" && arg.is_required_set());
        dir.is_some()
    };
    command.get_subcommands().filter(takes_one).map(|sub| sub.get_name().to_owned()).collect()
}

/// Into `dir` one page for each subcommand; without it, the page of the whole.
pub(super) fn man(dir: Option<&Path>) -> Result<u8, Trouble> {
    let mut root = command();
    root.build();
    let Some(dir) = dir else {
        let bytes = page(&root).map_err(|error| Trouble::unexpected(&error))?;
        super::out::as_made(&bytes);
        return Ok(0);
    };
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(dir)?;
        std::fs::write(dir.join("ceremony.1"), page(&root)?)?;
        for sub in root.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
            let name = format!("ceremony-{}", sub.get_name());
            std::fs::write(dir.join(format!("{name}.1")), page(sub)?)?;
        }
        Ok(())
    };
    write().map_err(|error| {
        Trouble::usage(
            format!("cannot write manual pages into {}", dir.display()),
            crate::runner::files::in_words(&error),
            "name another folder with --dir DIR, or mend this one",
        )
    })?;
    outln!("written to {}; read one with: man {}/ceremony.1", dir.display(), dir.display());
    Ok(0)
}

/// A page: what the parser knows, and what is taught beside it.
fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    use clap_mangen::roff::{Roff, roman};
    let man = clap_mangen::Man::new(command.clone()).section("1").manual("ceremony");
    let mut bytes = Vec::new();
    man.render_title(&mut bytes)?;
    man.render_name_section(&mut bytes)?;
    man.render_synopsis_section(&mut bytes)?;
    man.render_description_section(&mut bytes)?;
    man.render_options_section(&mut bytes)?;
    let mut sections = lessons::sections(command.get_name());
    if sections.is_empty() {
        man.render_subcommands_section(&mut bytes)?;
        sections = topics::sections();
    }
    let mut roff = Roff::new();
    for (heading, words, as_it_is) in sections {
        roff.control("SH", [heading.to_uppercase().as_str()]);
        if as_it_is {
            roff.control("nf", []);
            for line in words.lines() {
                roff.text([roman(line)]);
            }
            roff.control("fi", []);
        } else {
            roff.text([roman(words)]);
        }
    }
    roff.to_writer(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // Not every troff reads UTF-8; all of them know a character by its number.
    let plain =
        text.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\[u{:04X}]", u32::from(c)) });
    Ok(plain.collect::<String>().into_bytes())
}
