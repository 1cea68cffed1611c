//! Nothing but `cli/out`, the terminal and the loop without a screen writes to standard output or error.

use crate::support::root;
use std::path::Path;

/// Files that may, and why.
const MAY: [(&str, &str); 7] = [
    ("src/cli/out.rs", "cleans on the way"),
    ("src/tui/terminal.rs", "the cockpit's own sequences"),
    ("src/cli/lines.rs", "cleans its last lines; the loop without a screen cleans the others"),
    ("src/tui/pen.rs", "paints what the cockpit made"),
    ("src/tui/warden.rs", "gives the terminal back; its words were cleaned"),
    ("src/main.rs", "before anything foreign was read"),
    ("src/cli/run.rs", "hands it to the loop without a screen, which cleans each line"),
];

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// Words of code by which text reaches a terminal.
fn ways_out(code: &str) -> Vec<&'static str> {
    let ways = ["println!", "eprintln!", "print!", "eprint!", "io::stdout()", "io::stderr()", "dbg!"];
    let stands = |way: &&&str| {
        code.match_indices(**way).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            let asks = ["is_terminal", "fcntl"]
                .iter()
                .any(|word| code[at..].chars().take(40).collect::<String>().contains(word));
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_') && !asks
        })
    };
    ways.iter().filter(stands).copied().collect()
}

#[test]
fn there_is_one_way_out() {
    let mut all = Vec::new();
    files(&root().join("src"), &mut all);
    let mut seen = 0;
    for path in all {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".rs") || name.contains("test") || MAY.iter().any(|(may, _)| *may == name) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        let code = code.split("#[cfg(test)]").next().unwrap();
        assert_eq!(
            ways_out(code),
            Vec::<&str>::new(),
            "{name}: say it through outln! or errln!, which clean it"
        );
        seen += 1;
    }
    assert!(seen > 200 && !ways_out("fn f() { println!(\"x\") }").is_empty());
}
