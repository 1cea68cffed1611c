//! Named sections of SQL files, and the files themselves: each is read once.

use super::model::Script;
use super::reader::{At, Reading};
use super::{FileBytes, Folder};
use std::collections::BTreeMap;

/// The line that opens a section.
const MARK: &str = "-- @section ";

/// The files read so far.
pub(super) struct Files<'f> {
    folder: &'f dyn Folder,
    read: BTreeMap<String, Result<FileBytes, String>>,
    /// SHA-256 by path.
    pub sums: BTreeMap<String, String>,
}

impl<'f> Files<'f> {
    pub fn new(folder: &'f dyn Folder) -> Self {
        Self { folder, read: BTreeMap::new(), sums: BTreeMap::new() }
    }

    /// The file's checksum, after reporting what keeps it from being read.
    pub fn sum(&mut self, reading: &mut Reading<'_>, path: &At<String>) -> Option<String> {
        if path.value.is_empty() {
            return None;
        }
        let folder = self.folder;
        let read = self.read.entry(path.value.clone()).or_insert_with(|| folder.read(&path.value));
        match read {
            Ok(file) => {
                self.sums.insert(path.value.clone(), file.sha256.clone());
                Some(file.sha256.clone())
            }
            Err(error) => {
                let error = error.clone();
                reading.problem(
                    &path.span,
                    format!("cannot read '{}': {error}", path.value),
                    "paths are relative to the definition's folder and stay beneath it",
                    "put the file there, or correct the path",
                );
                None
            }
        }
    }

    /// The SQL of `path.sql` or `path.sql#section`.
    pub fn script(&mut self, reading: &mut Reading<'_>, reference: &At<String>) -> Script {
        let (path, section) = match reference.value.split_once('#') {
            Some((path, section)) => (path.to_owned(), Some(section.to_owned())),
            None => (reference.value.clone(), None),
        };
        let nothing =
            Script { file: path.clone(), section: section.clone(), first_line: 1, ..Script::default() };
        let path = At { value: path, span: reference.span.clone() };
        if self.sum(reading, &path).is_none() {
            return nothing;
        }
        let Some(Ok(file)) = self.read.get(&path.value) else { return nothing };
        let Ok(text) = std::str::from_utf8(&file.bytes) else {
            reading.problem(
                &path.span,
                format!("'{}' is not UTF-8", path.value),
                "SQL is sent as UTF-8",
                "save the file as UTF-8",
            );
            return nothing;
        };
        let Some(name) = section else { return Script { text: text.to_owned(), ..nothing } };
        match find(text, &name) {
            Some((first_line, text)) => Script { first_line, text: text.to_owned(), ..nothing },
            None => {
                let names: Vec<&str> = names(text).collect();
                let next = super::reader::nearest(&name, &names).map_or_else(
                    || format!("add a line `{MARK}{name}`, or use one of: {}", names.join(", ")),
                    |near| format!("did you mean '{near}'?"),
                );
                reading.problem(
                    &path.span,
                    format!("'{}' has no section '{name}'", path.value),
                    format!("a section starts with a line `{MARK}NAME`"),
                    next,
                );
                nothing
            }
        }
    }
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix(MARK)).map(str::trim)
}

/// The text of section `name` and the line at which it starts, from 1.
fn find<'t>(text: &'t str, name: &str) -> Option<(usize, &'t str)> {
    let mut start = None;
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let next = offset + line.len();
        if let Some(found) = line.strip_prefix(MARK) {
            if let Some((first_line, from)) = start {
                return Some((first_line, &text[from..offset]));
            }
            if found.trim() == name {
                start = Some((index + 2, next));
            }
        }
        offset = next;
    }
    start.map(|(first_line, from)| (first_line, &text[from..]))
}
