//! A person's own settings in the real program: file, theme, mouse, bell.

use crate::pty::Screen;
use crate::room::Ceremony;
use std::path::Path;

/// A folder of settings beside the ceremony.
fn settings(ceremony: &Ceremony, config: &str, theme: &str) -> std::path::PathBuf {
    let folder = ceremony.folder().join("settings");
    std::fs::create_dir_all(folder.join("ceremony/themes")).unwrap();
    std::fs::write(folder.join("ceremony/config.toml"), config).unwrap();
    std::fs::write(folder.join("ceremony/themes/mine.toml"), theme).unwrap();
    folder
}

fn start(ceremony: &Ceremony, settings: &Path) -> Screen {
    let session = ceremony.session();
    let mut command = ceremony.command(&["--session", session.to_str().unwrap()]);
    command.env("XDG_CONFIG_HOME", settings);
    Screen::spawn(command, 120, 40, session)
}

fn count(raw: &[u8], what: &str) -> usize {
    raw.windows(what.len()).filter(|window| *window == what.as_bytes()).count()
}

#[test]
fn mouse_bell_operator_and_a_theme_of_ones_own() {
    let ceremony = Ceremony::copy();
    let config =
        "theme = \"mine\"\nmouse = true\nbell = \"desktop\"\noperator = \"lovelace\"\nmotion = false\n";
    let folder = settings(&ceremony, config, "ground = \"#010203\"\nplain = { fg = \"#fefdfc\" }\n");
    let mut screen = start(&ceremony, &folder);
    screen.wait_for_gate();
    assert!(screen.has("lovelace"), "{}", screen.text());
    assert!(count(&screen.raw, "\x1b[?1000h") > 0 && count(&screen.raw, "\x1b[?1004h") > 0);
    assert!(count(&screen.raw, "48;2;1;2;3") > 0, "the ground of the theme");
    assert_eq!(count(&screen.raw, "\x1b]9;"), 0, "somebody is there");
    // A click on a tab.
    let text = screen.text();
    let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains("5 Evidence")).unwrap();
    let column = line.split("5 Evidence").next().unwrap().chars().count();
    screen.send(&format!("\x1b[<0;{};{}M\x1b[<0;{};{}m", column + 2, row + 1, column + 2, row + 1));
    screen.wait_for_words("Nothing was observed yet");
    // Away: the gate that waits calls, once.
    screen.send("\x1b[O");
    screen.wait_for("a notification", |screen| count(&screen.raw, "\x1b]9;ceremony: a gate waits") == 1);
    screen.send("\x1b[I");
    screen.confirm();
    screen.wait_for_words("1/18 steps");
    let left = screen.quit();
    left.assert_restored();
    assert_eq!(count(&left.raw, "\x1b]9;"), 1, "once for each gate, and only for who is away");
    for off in ["\x1b[?1000l", "\x1b[?1004l"] {
        assert!(count(&left.raw, off) > 0, "{off:?} is given back");
    }
    ceremony.wait_until_gone();
}

#[test]
fn a_bad_theme_is_said_and_does_not_stop_anybody() {
    let ceremony = Ceremony::copy();
    let folder = settings(&ceremony, "theme = \"mine\"\n", "good = { fg = \"gren\" }\n");
    let mut screen = start(&ceremony, &folder);
    screen.wait_for_gate();
    screen.wait_for_words("dark theme instead: mine.toml:1:15: 'gren' is no colour");
    screen.confirm();
    screen.wait_for_words("1/18 steps");
    screen.quit().assert_restored();
    ceremony.wait_until_gone();
}

/// Without a terminal: exit code and what was said.
fn ask(ceremony: &Ceremony, folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ceremony"))
        .args(arguments)
        .env("XDG_CONFIG_HOME", folder)
        .env("CEREMONY_BELL", "off")
        .env_remove("NO_COLOR")
        .current_dir(ceremony.folder())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn settings_say_where_they_come_from_and_what_is_wrong() {
    let ceremony = Ceremony::copy();
    let folder = settings(&ceremony, "theme = \"light\"\nmouse = true\n", "");
    let (code, said) = ask(&ceremony, &folder, &["--theme", "plain", "config"]);
    assert_eq!(code, Some(0), "{said}");
    for (key, value, source) in [
        ("theme", "plain", "option --theme"),
        ("mouse", "true", "config.toml:2:9"),
        ("bell", "off", "environment CEREMONY_BELL"),
        ("motion", "true", "default"),
    ] {
        let row = said.lines().find(|row| row.starts_with(key)).unwrap_or_default();
        assert!(row.contains(value) && row.ends_with(source), "{key}: {row}\n{said}");
    }
    let (code, said) = ask(&ceremony, &folder, &["themes"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("* light") && said.contains("  mine") && said.contains("  high-contrast"),
        "{said}"
    );
    let folder = settings(&ceremony, "thme = \"light\"\n", "");
    let (code, said) = ask(&ceremony, &folder, &["run", "--headless", "--yes"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("config.toml:1:1: unknown key 'thme'") && said.contains("did you mean 'theme'?"),
        "{said}"
    );
    assert!(!ceremony.folder().join("sessions").exists(), "nothing was started");
    // What looks at the definition or a record does not need them.
    assert_eq!(ask(&ceremony, &folder, &["check"]).0, Some(0));
    let (code, said) = ask(&ceremony, &folder, &["--theme", "lihgt", "run", "--headless", "--yes"]);
    assert_eq!(code, Some(2), "{said}");
}
