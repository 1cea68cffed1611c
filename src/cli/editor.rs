//! The terminal with its keys, and the operator's editor on it: `e` opens the file at the line.

use crate::driver::live::Stage;
use crate::runner::session_folder;
use crate::session::Place;
use crate::tui::Call;
use crate::tui::copy::osc52;
use crate::tui::terminal::{Input, Terminal};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

static OPEN: AtomicBool = AtomicBool::new(false);

/// Whether an editor has the terminal.
pub(super) fn is_open() -> bool {
    OPEN.load(Ordering::SeqCst)
}

/// A terminal whose keys are read, for a session in `folder`.
pub(super) struct Screen {
    terminal: Terminal,
    keys: Input,
    folder: PathBuf,
}

impl Screen {
    pub fn new(terminal: Terminal, keys: Input, folder: &Path) -> Self {
        Self { terminal, keys, folder: folder.to_owned() }
    }

    /// The file where the definition is, never the session's copy of it.
    fn original(&self, at: &Place) -> Result<PathBuf, String> {
        let origin = session_folder::origin(&self.folder)
            .map_err(|error| format!("the session does not say where its files came from: {error}"))?;
        let within = Path::new(&at.file).components().all(|part| matches!(part, Component::Normal(_)));
        let path = origin.folder.join(&at.file);
        if within && path.is_file() {
            Ok(path)
        } else {
            Err(format!(
                "{} is not on this machine: look at the copy in the session's files/",
                path.display()
            ))
        }
    }
}

impl Stage for Screen {
    fn draw(&mut self, draw: &mut dyn FnMut(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.terminal.draw_if_free(draw)
    }

    fn is_behind(&self) -> bool {
        self.terminal.is_behind()
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.terminal.suspend()
    }

    fn call(&mut self, call: &Call) -> io::Result<()> {
        self.terminal.call(call)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.terminal.write(&osc52(text))
    }

    fn edit(&mut self, at: &Place) -> io::Result<String> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let Some(editor) = set("VISUAL").or_else(|| set("EDITOR")) else {
            return Ok(
                "no editor is known: set VISUAL or EDITOR (such as EDITOR=vim) before starting".to_owned()
            );
        };
        let path = match self.original(at) {
            Ok(path) => path,
            Err(words) => return Ok(words),
        };
        let before = std::fs::read(&path).ok();
        let mut command = Command::new("sh");
        command.env_remove("PGPASSWORD").env_remove("DATABASE_URL");
        // A variable may hold a whole command, as with git and its kind.
        command.arg("-c").arg(format!("{editor} \"$@\"")).arg("sh").args(place_arguments(&editor, &path, at));
        #[cfg(target_os = "linux")]
        command.env(crate::runner::suite::kin::OF_THE_OPERATOR, "1");
        OPEN.store(true, Ordering::SeqCst);
        let ended = self.terminal.lend(&self.keys, || command.status());
        OPEN.store(false, Ordering::SeqCst);
        let file = &at.file;
        Ok(match ended? {
            Err(error) => format!("'{editor}' cannot be started: {error}"),
            Ok(status) if !status.success() => {
                format!("'{editor}' ended with {status}; is it the editor you want?")
            }
            Ok(_) if std::fs::read(&path).ok() == before => format!("{file} is as it was"),
            Ok(_) => format!(
                "{file} CHANGED: this session holds to the bytes it was opened with; a new one takes these"
            ),
        })
    }
}

/// How the known editors are told the place; every other one gets the file alone.
fn place_arguments(editor: &str, path: &Path, at: &Place) -> Vec<String> {
    let (file, line, column) = (path.display().to_string(), at.line, at.column.max(1));
    let program = editor.split_whitespace().next().unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    match name {
        "vi" | "vim" | "nvim" | "view" | "gvim" | "vis" | "joe" | "jed" | "mg" | "less" | "ne" | "elvis" => {
            vec![format!("+{line}"), file]
        }
        "nano" | "pico" | "rnano" => vec![format!("+{line},{column}"), file],
        "emacs" | "emacsclient" | "micro" | "kak" => vec![format!("+{line}:{column}"), file],
        "hx" | "helix" | "zed" | "subl" => vec![format!("{file}:{line}:{column}")],
        "code" | "codium" | "code-insiders" => vec!["--goto".to_owned(), format!("{file}:{line}:{column}")],
        _ => vec![file],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_editors_are_told_the_line() {
        let at = Place { file: "m/one.sql".to_owned(), line: 7, column: 3 };
        let of = |editor: &str| place_arguments(editor, Path::new("/m/one.sql"), &at).join(" ");
        assert_eq!(of("vim"), "+7 /m/one.sql");
        assert_eq!(of("/usr/bin/nano -w"), "+7,3 /m/one.sql");
        assert_eq!(of("code --wait"), "--goto /m/one.sql:7:3");
        assert_eq!(of("my-editor"), "/m/one.sql");
    }
}
