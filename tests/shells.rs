//! Completions loaded by real shells, manual pages rendered by the real formatter, where they are installed.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

fn ceremony(folder: &Path, words: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_ceremony")).args(words).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a program says; `None` if it is not installed.
fn ask(program: &str, words: &[&str], folder: &Path) -> Option<Output> {
    let output = Command::new(program)
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("HOME", folder)
        .env("MANROFFOPT", "")
        .output();
    match output {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        other => Some(other.unwrap()),
    }
}

#[track_caller]
fn said(output: Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && err.is_empty(), "{out}\n{err}");
    out.into_owned()
}

/// A folder with two sessions, something that is none, and the completions of `shell`.
fn room(shell: &str) -> TempDir {
    let room = TempDir::with_prefix("ceremony-").unwrap();
    for name in ["one", "two"] {
        fs::create_dir_all(room.path().join("sessions").join(name)).unwrap();
        fs::write(room.path().join("sessions").join(name).join("session.jsonl"), "").unwrap();
    }
    fs::create_dir_all(room.path().join("sessions/none")).unwrap();
    fs::write(room.path().join("script"), ceremony(room.path(), &["completions", shell])).unwrap();
    room
}

/// What bash offers behind `words`, of which the last is being typed.
fn in_bash(folder: &Path, words: &[&str]) -> Vec<String> {
    let list: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let (last, before) = (words.len() - 1, words[words.len() - 2]);
    let script = format!(
        "source ./script && complete -p ceremony | grep -q _ceremony_sessions && COMP_WORDS=({}) COMP_CWORD={last} \
         && _ceremony_sessions ceremony '{}' '{before}' && printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        list.join(" "),
        words[last],
    );
    let output =
        ask("bash", &["--norc", "-c", &script], folder).expect("bash is on every system that has this");
    said(output).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_subcommands_options_and_sessions() {
    let room = room("bash");
    let offers = |words: &[&str]| in_bash(room.path(), words);
    assert_eq!(offers(&["ceremony", "resume", ""]), ["latest", "sessions/one", "sessions/two"]);
    assert_eq!(offers(&["ceremony", "replay", "sessions/t"]), ["sessions/two"]);
    assert_eq!(offers(&["ceremony", "verify", "sess"]), ["sessions/one", "sessions/two"]);
    assert_eq!(offers(&["ceremony", "rollb"]), ["rollback"]);
    assert_eq!(offers(&["ceremony", "completions", "z"]), ["zsh"]);
    assert!(offers(&["ceremony", "help", "ga"]).contains(&"gates".to_owned()));
    let options = offers(&["ceremony", "verify", "--"]);
    assert!(options.contains(&"--definition".to_owned()), "{options:?}");
    assert!(!options.contains(&"--url".to_owned()), "it is not taken there: {options:?}");
    assert!(!offers(&["ceremony", ""]).contains(&"warden".to_owned()));
}

#[test]
fn fish_completes_sessions_too() {
    let room = room("fish");
    let Some(output) = ask("fish", &["--no-execute", "script"], room.path()) else {
        return looks_whole(room.path(), "function ", "\nend\n");
    };
    said(output);
    let output =
        ask("fish", &["--no-config", "-c", "source script; complete -C 'ceremony resume '"], room.path());
    let text = said(output.unwrap());
    for offer in ["latest", "sessions/one", "sessions/two"] {
        assert!(text.lines().any(|line| line.starts_with(offer)), "{offer} is not offered\n{text}");
    }
    assert!(!text.contains("sessions/none\n"), "{text}");
}

#[test]
fn zsh_reads_its_completions() {
    let room = room("zsh");
    let text = fs::read_to_string(room.path().join("script")).unwrap();
    assert!(text.starts_with("#compdef ceremony\n"));
    assert_eq!(text.matches("_ceremony_session'").count(), 7, "one for each subcommand that takes a session");
    match ask("zsh", &["-f", "-n", "script"], room.path()) {
        Some(output) => drop(said(output)),
        None => looks_whole(room.path(), "_ceremony_session() {", "compdef _ceremony ceremony"),
    }
}

/// Without the shell: the script begins and ends as it should, and no placeholder is left in it.
fn looks_whole(folder: &Path, begins: &str, ends: &str) {
    let text = fs::read_to_string(folder.join("script")).unwrap();
    assert!(text.contains(begins) && text.contains(ends), "{text}");
    assert!(!text.contains("SUBCOMMANDS") && !text.contains("TOPICS"), "{text}");
}

#[test]
fn manual_pages_render() {
    let room = TempDir::with_prefix("ceremony-").unwrap();
    ceremony(room.path(), &["man", "--dir", "man"]);
    let mut pages: Vec<String> = fs::read_dir(room.path().join("man"))
        .unwrap()
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    assert!(pages.contains(&"ceremony.1".to_owned()) && pages.contains(&"ceremony-resume.1".to_owned()));
    assert!(!pages.iter().any(|page| page.contains("warden") || page.contains("help")), "{pages:?}");
    for page in &pages {
        let path = format!("man/{page}");
        let Some(output) = ask("groff", &["-man", "-Tutf8", "-P-cbu", "-ww", &path], room.path()) else {
            assert!(fs::read_to_string(room.path().join(&path)).unwrap().contains(".TH "), "{page}");
            continue;
        };
        let text = said(output);
        assert!(text.contains("NAME") && text.contains("SYNOPSIS"), "{page}\n{text}");
    }
    // On standard output it is the page of the whole, with what the cockpit itself goes by.
    let page = ceremony(room.path(), &["man"]);
    assert_eq!(page, fs::read_to_string(room.path().join("man/ceremony.1")).unwrap());
    for words in ["EXIT CODES", "a record that cannot be trusted", "ceremony\\-resume(1)"] {
        assert!(page.contains(words), "{words}\n{page}");
    }
}
