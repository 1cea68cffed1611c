//! `ceremony list [DIR]`: the sessions there are, where each stands, and the command that goes on with it.

use super::sessions::{self, Found};
use super::{Common, Trouble, knows};
use crate::view::{Glance, Verb, json_text};
use serde_json::{Value, json};
use std::path::Path;

pub(super) fn show(common: &Common, dir: Option<&Path>, as_json: bool) -> Result<u8, Trouble> {
    let folder = dir.map_or_else(|| sessions::folder(common), Path::to_owned);
    let found = match dir {
        Some(dir) if !dir.is_dir() => {
            return Err(Trouble::usage(
                format!("there is no folder {}", dir.display()),
                "a list needs a folder with sessions in it",
                "leave it out for ./sessions, or name one",
            ));
        }
        _ => sessions::all(&folder).map_err(|error| Trouble::folder(&folder, &error))?,
    };
    if as_json {
        let all: Vec<Value> = found.iter().map(as_value).collect();
        let text = json_text(&Value::Array(all).to_string());
        super::out::as_made(format!("{text}\n").as_bytes());
        return Ok(0);
    }
    if found.is_empty() {
        outln!("no sessions in {}", folder.display());
        outln!("next: ceremony   (opens the cockpit on a new one)");
        return Ok(0);
    }
    for found in &found {
        let dir = quoted(&found.dir);
        match &found.seen {
            Ok(glance) => {
                outln!("{}", heading(glance));
                outln!("    {}", glance.state());
                outln!("    ceremony {} {dir}", next(glance));
            }
            Err(why) => {
                outln!("DAMAGED  {}", found.name());
                outln!("    {why}");
                outln!("    ceremony verify {dir}");
            }
        }
    }
    Ok(0)
}

fn next(glance: &Glance) -> &'static str {
    glance.next(|verb| knows(verb.word())).word()
}

fn heading(glance: &Glance) -> String {
    let kind = match glance.kind {
        crate::view::SessionKind::Live => String::new(),
        kind => format!(", {}", kind.word()),
    };
    format!(
        "{:<8} {} {}  {}  by {}, driven {}{kind}",
        glance.word(),
        glance.opened.date(),
        glance.opened.clock(),
        glance.ceremony,
        glance.operator,
        glance.driven(),
    )
}

fn as_value(found: &Found) -> Value {
    let dir = found.dir.display().to_string();
    match &found.seen {
        Err(why) => {
            json!({"dir": dir, "state": "damaged", "why": why, "next": ["ceremony", Verb::Verify.word(), dir]})
        }
        Ok(glance) => json!({
            "dir": dir,
            "session": glance.id,
            "ceremony": glance.ceremony,
            "kind": glance.kind.word(),
            "target": glance.target,
            "operator": glance.operator,
            "opened": glance.opened,
            "last": glance.last,
            "driven_us": glance.driven_us,
            "entries": glance.entries,
            "state": glance.word().to_lowercase(),
            "words": glance.state(),
            "running": glance.held,
            "signatures": glance.signatures,
            "torn": glance.torn,
            "next": ["ceremony", next(glance), dir],
        }),
    }
}

/// A path as a shell takes it.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@,%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
