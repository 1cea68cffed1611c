//! Sessions on disk: found, looked at by their first and last entries alone, and named by a part of their name.

use super::purpose;
use super::{Common, Trouble};
use crate::journal::torn::is_torn;
use crate::journal::{FILE_NAME, FORMAT, format_of};
use crate::runner::files::in_words;
use crate::runner::rehearsal;
use crate::session::{Event, Header, Mode};
use crate::time::Timestamp;
use crate::view::{Glance, SessionKind, Standing};
use serde::Deserialize;
use std::cmp::Reverse;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// So much of a record's beginning and of its end is read at first; the end again and larger, if it says too little.
const PIECE_BYTES: u64 = 128 * 1024;
/// What a record's end does not say within so much is not looked for.
const PIECE_BYTES_MAX: u64 = 32 << 20;

/// Stands for the newest session.
const LATEST: &str = "latest";

/// A folder that may be a session's.
pub struct Found {
    /// As it can be named on the command line.
    pub dir: PathBuf,
    /// What was seen of it, or why nothing was.
    pub seen: Result<Glance, String>,
}

impl Found {
    /// Name of its folder.
    pub fn name(&self) -> String {
        self.dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn opened(&self) -> Option<Timestamp> {
        self.seen.as_ref().ok().map(|glance| glance.opened)
    }
}

/// An entry without its cause, which can be long.
#[derive(Deserialize)]
struct Brief {
    n: u64,
    t: Timestamp,
    m: u64,
    events: Vec<Event>,
}

/// Where the sessions of the definition are kept, as set or beside it.
pub fn folder(common: &Common) -> PathBuf {
    purpose::sessions(common, common.definition.parent().unwrap_or(Path::new("")))
}

/// Every session in `folder`, the newest first, and last what cannot be read. A folder that is not there has none.
///
/// # Errors
/// When the folder cannot be listed.
pub fn all(folder: &Path) -> io::Result<Vec<Found>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found: Vec<Found> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .map(|dir| Found { seen: glance(&dir), dir })
        .collect();
    found.sort_by_cached_key(|found| Reverse((found.opened(), found.name())));
    Ok(found)
}

/// What the session in `dir` shows from outside.
pub fn glance(dir: &Path) -> Result<Glance, String> {
    let path = dir.join(FILE_NAME);
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => format!("it has no {FILE_NAME}"),
        _ => format!("{FILE_NAME}: {}", in_words(&error)),
    };
    // A pipe would keep whoever opens it waiting.
    if !std::fs::metadata(&path).map_err(failed)?.is_file() {
        return Err(format!("its {FILE_NAME} is no file"));
    }
    let mut file = File::open(&path).map_err(failed)?;
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    let header = header(&mut file)?;
    let (end, torn, standing, operator) = end(&mut file, length)?;
    let held = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let rehearsed = header.copy_of.is_some() || dir.join(rehearsal::FILE).exists();
    Ok(Glance {
        kind: match header.mode {
            _ if rehearsed || name.contains("-rehearsal") => SessionKind::Rehearsal,
            Mode::Live => SessionKind::Live,
            Mode::Practice => SessionKind::Practice,
        },
        name,
        id: header.session,
        ceremony: header.ceremony,
        on_a_copy: header.copy_of.is_some(),
        target: header.target.full(),
        operator: operator.unwrap_or(header.operator),
        opened: header.opened,
        last: end.t,
        driven_us: end.m,
        entries: end.n,
        standing,
        held,
        signatures: signatures(dir),
        torn,
    })
}

fn header(file: &mut File) -> Result<Header, String> {
    let mut bytes = Vec::new();
    let mut window = PIECE_BYTES;
    loop {
        let read = file.take(window - bytes.len() as u64).read_to_end(&mut bytes);
        let count = read.map_err(|error| format!("{FILE_NAME}: {}", in_words(&error)))?;
        if let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
            if let Some(format) = format_of(&bytes[..at]).filter(|format| *format != u64::from(FORMAT)) {
                return Err(format!("its record has format {format}; this version knows format {FORMAT}"));
            }
            let brief: Brief = serde_json::from_slice(&bytes[..at])
                .map_err(|error| format!("its first line is no entry: {error}"))?;
            let header = brief.events.into_iter().find_map(|event| match event {
                Event::Opened { header } => Some(*header),
                _ => None,
            });
            return header.ok_or_else(|| "its record does not begin with an opening".to_owned());
        }
        match (count, bytes.is_empty()) {
            (0, true) => return Err("its record is empty: it ended before it was opened".to_owned()),
            (0, false) => return Err("its first line was torn: it ended before it was opened".to_owned()),
            _ if window >= PIECE_BYTES_MAX => return Err("its first line does not end".to_owned()),
            _ => window *= 2,
        }
    }
}

/// The last entry, whether something torn follows it, where the session stands, and who resumed it last.
fn end(file: &mut File, length: u64) -> Result<(Brief, bool, Standing, Option<String>), String> {
    let failed = |error: io::Error| format!("{FILE_NAME}: {}", in_words(&error));
    let mut window = PIECE_BYTES;
    loop {
        let from = length.saturating_sub(window);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from)).map_err(failed)?;
        file.take(length - from).read_to_end(&mut bytes).map_err(failed)?;
        // The first line of a piece from the middle is only half there.
        let begin = if from == 0 {
            0
        } else {
            bytes.iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| at + 1)
        };
        let whole = whole_lines(&bytes, begin, from)?;
        let lines: Vec<&[u8]> =
            bytes[begin..whole].split(|b| *b == b'\n').filter(|line| !line.is_empty()).collect();
        let (last, standing) = read_back(&lines)?;
        let enough = last.is_some() && standing.is_known();
        if enough || from == 0 || window >= PIECE_BYTES_MAX {
            let last = last.ok_or("its last line is too long to be looked at")?;
            return Ok((last, whole < bytes.len(), standing, resumed_by(&lines)));
        }
        window *= 4;
    }
}

/// Where the whole lines end in a piece of a record that begins at byte `from`, its first whole line at `begin`.
fn whole_lines(bytes: &[u8], begin: usize, from: u64) -> Result<usize, String> {
    let after = |part: &[u8]| part.iter().rposition(|b| *b == b'\n').map_or(begin, |at| at + 1).max(begin);
    let whole = after(bytes);
    if whole < bytes.len() {
        let torn = is_torn(&bytes[whole..], from + whole as u64);
        return if torn { Ok(whole) } else { Err("its last line has no end of line".to_owned()) };
    }
    // Of a line with an end the one that was never written is told by its zeros.
    let last = after(&bytes[..whole.saturating_sub(1)]);
    let torn = bytes[last..].contains(&0) && is_torn(&bytes[last..], from + last as u64);
    Ok(if torn { last } else { whole })
}

/// Reads as many entries from the end as it takes to say where the session stands.
fn read_back(lines: &[&[u8]]) -> Result<(Option<Brief>, Standing), String> {
    let mut briefs: Vec<Brief> = Vec::new();
    let mut standing = Standing::default();
    for line in lines.iter().rev() {
        let brief: Brief = serde_json::from_slice(line).map_err(|error| {
            let near = briefs
                .last()
                .map_or("its last line".to_owned(), |later| format!("the line before entry {}", later.n));
            format!("{near} is no entry: {error}")
        })?;
        let says_something = {
            let mut alone = Standing::default();
            brief.events.iter().for_each(|event| alone.take(event));
            alone != Standing::Unknown
        };
        briefs.push(brief);
        if says_something {
            standing = Standing::default();
            briefs.iter().rev().flat_map(|brief| &brief.events).for_each(|event| standing.take(event));
            if standing.is_known() {
                break;
            }
        }
    }
    Ok((briefs.into_iter().next(), standing))
}

/// Who went on with the session last, if that is among these lines.
fn resumed_by(lines: &[&[u8]]) -> Option<String> {
    // What a line is about stands behind number, times and one hash; only so much of each line is looked at.
    const BEGIN: usize = 260;
    let begins = |line: &&&[u8]| {
        let begin = String::from_utf8_lossy(&line[..line.len().min(BEGIN)]);
        begin.contains(r#""cause":{"input":"command","command":"resume""#)
    };
    let line = lines.iter().rfind(begins)?;
    let brief: Brief = serde_json::from_slice(line).ok()?;
    brief.events.into_iter().find_map(|event| match event {
        Event::Resumed { operator, .. } => Some(operator),
        _ => None,
    })
}

/// How many signatures lie beside the record. Nothing is said of what they are worth.
fn signatures(dir: &Path) -> usize {
    let files = std::fs::read_dir(dir.join("signoff")).into_iter().flatten().flatten();
    files.filter(|file| file.path().extension().is_some_and(|end| end == "sig")).count()
}

/// The folder that was meant: a session's folder, a file in one, `latest`, or the beginning of the name or of the id
/// of a session beside the definition.
///
/// # Errors
/// When nothing or more than one thing is meant.
pub fn named(common: &Common, given: &Path) -> Result<PathBuf, Trouble> {
    if given.is_dir() {
        // Said here, before anything is asked of the terminal or of a server.
        let record = std::fs::metadata(given.join(FILE_NAME));
        return match record.map_err(|error| Trouble::no_session(given, &error))?.is_file() {
            true => Ok(given.to_owned()),
            false => {
                Err(Trouble::no_session(given, &io::Error::other(format!("its {FILE_NAME} is no file"))))
            }
        };
    }
    if given.is_file() {
        if given.file_name().is_some_and(|name| name == FILE_NAME) {
            return Ok(given
                .parent()
                .filter(|it| !it.as_os_str().is_empty())
                .unwrap_or(Path::new("."))
                .to_owned());
        }
        return Err(Trouble::usage(
            format!("{} is a file, not the folder of a session", given.display()),
            format!("a session is a folder with a {FILE_NAME} in it"),
            format!("name the folder, or its {FILE_NAME}; `ceremony list` shows the sessions there are"),
        ));
    }
    let folder = folder(common);
    let found = all(&folder).map_err(|error| Trouble::folder(&folder, &error))?;
    if given == Path::new(LATEST) {
        let newest = found.into_iter().find(|found| found.seen.is_ok());
        return newest.map(|found| found.dir).ok_or_else(|| {
            Trouble::usage(
                "there is no latest session",
                format!("{} has none", folder.display()),
                "start one: ceremony",
            )
        });
    }
    let word = given.to_string_lossy();
    if word.is_empty() || word.contains('/') {
        return Err(missing(given, &folder, &found));
    }
    let exact = found.iter().find(|found| found.name() == word);
    let by_name = || found.iter().filter(|found| found.name().starts_with(&*word));
    let by_id =
        || found.iter().filter(|found| found.seen.as_ref().is_ok_and(|glance| glance.id.starts_with(&*word)));
    let meant: Vec<&Found> = match exact {
        Some(one) => vec![one],
        None if by_name().next().is_some() => by_name().collect(),
        None => by_id().collect(),
    };
    match meant.as_slice() {
        [] => Err(missing(given, &folder, &found)),
        [one] => Ok(one.dir.clone()),
        more => {
            let names: Vec<String> = more.iter().take(5).map(|found| found.name()).collect();
            let rest = if more.len() > 5 { ", …" } else { "" };
            Err(Trouble::usage(
                format!("'{word}' is the beginning of {} sessions", more.len()),
                format!("{}{rest}", names.join(", ")),
                "write more of the name",
            ))
        }
    }
}

fn missing(given: &Path, folder: &Path, found: &[Found]) -> Trouble {
    let what = format!("there is no session '{}'", given.display());
    let word = given.to_string_lossy();
    let names = found.iter().map(Found::name).chain([LATEST.to_owned()]);
    let alike = |name: &String| strsim::jaro_winkler(name, &word);
    let near =
        names.filter(|name| alike(name) > 0.85).max_by(|one, other| alike(one).total_cmp(&alike(other)));
    match near {
        _ if found.is_empty() => Trouble::usage(
            what,
            format!("there is no such folder, and {} has no sessions", folder.display()),
            "start one: ceremony",
        ),
        Some(near) => Trouble::usage(
            what,
            "there is no such folder, and no session's name or id begins so",
            format!("did you mean {near}?"),
        ),
        None => Trouble::usage(
            what,
            format!("there is no such folder, and none of the sessions in {} begins so", folder.display()),
            "`ceremony list` shows them; `latest` is the newest",
        ),
    }
}
