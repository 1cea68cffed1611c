//! Reads TOML tables key by key, remembers what was asked for, and collects every mistake instead of stopping.

use super::diagnostic::{Diagnostic, Place};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// So many problems are said; nobody reads more, and each costs a look through the text.
const PROBLEMS_MAX: usize = 200;

/// The text being read and the problems found so far.
pub(super) struct Reading<'a> {
    pub file: &'a str,
    pub text: &'a str,
    pub problems: Vec<Diagnostic>,
}

/// A value and where it stands in the text.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub value: T,
    pub span: Range<usize>,
}

impl Reading<'_> {
    pub fn problem(
        &mut self,
        span: &Range<usize>,
        what: impl Into<String>,
        why: impl Into<String>,
        next: impl Into<String>,
    ) {
        if self.problems.len() >= PROBLEMS_MAX {
            return;
        }
        let at = Place::of(self.file, self.text, span.start);
        self.problems.push(Diagnostic { at, what: what.into(), why: why.into(), next: next.into() });
    }
}

/// One table of the definition; `done` reports the keys nobody asked for.
pub(super) struct Table<'t, 'i> {
    name: String,
    table: &'t DeTable<'i>,
    pub span: Range<usize>,
    known: Vec<&'static str>,
}

impl<'t, 'i> Table<'t, 'i> {
    pub fn new(name: impl Into<String>, table: &'t DeTable<'i>, span: Range<usize>) -> Self {
        Self { name: name.into(), table, span, known: Vec::new() }
    }

    /// Whether the key is there.
    pub fn has(&mut self, key: &'static str) -> bool {
        self.known.push(key);
        self.table.contains_key(key)
    }

    fn get(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.known.push(key);
        self.table.get(key)
    }

    fn required(&mut self, reading: &mut Reading<'_>, key: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        let value = self.get(key);
        if value.is_none() {
            reading.problem(
                &self.span,
                format!("{} has no '{key}'", self.name),
                format!("'{key}' is required here"),
                format!("add a line `{key} = …`"),
            );
        }
        value
    }

    fn wrong(&self, reading: &mut Reading<'_>, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        reading.problem(
            &value.span(),
            format!("'{key}' of {} is {}, not {wanted}", self.name, value.get_ref().type_str()),
            format!("'{key}' must be {wanted}"),
            format!("write {wanted} there"),
        );
    }

    /// A required string; empty after a problem was reported.
    pub fn string(&mut self, reading: &mut Reading<'_>, key: &'static str) -> At<String> {
        let span = self.span.clone();
        let nothing = At { value: String::new(), span };
        let Some(value) = self.required(reading, key) else { return nothing };
        match value.get_ref().as_str() {
            Some("") => {
                reading.problem(
                    &value.span(),
                    format!("'{key}' of {} is empty", self.name),
                    "an empty text says nothing to the operator",
                    "write the text, or leave the whole entry out",
                );
                nothing
            }
            Some(text) => At { value: text.to_owned(), span: value.span() },
            None => {
                self.wrong(reading, key, value, "a string");
                nothing
            }
        }
    }

    pub fn string_or(
        &mut self,
        reading: &mut Reading<'_>,
        key: &'static str,
        default: Option<&str>,
    ) -> Option<At<String>> {
        match self.table.get(key) {
            None => {
                self.known.push(key);
                default.map(|text| At { value: text.to_owned(), span: self.span.clone() })
            }
            Some(_) => Some(self.string(reading, key)),
        }
    }

    /// An optional whole number within `range`.
    pub fn number(
        &mut self,
        reading: &mut Reading<'_>,
        key: &'static str,
        range: Range<u64>,
        default: u64,
    ) -> u64 {
        let Some(value) = self.get(key) else { return default };
        let parsed = value
            .get_ref()
            .as_integer()
            .and_then(|number| u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok());
        match parsed {
            Some(number) if range.contains(&number) => number,
            _ => {
                self.wrong(
                    reading,
                    key,
                    value,
                    &format!("a whole number from {} to {}", range.start, range.end - 1),
                );
                default
            }
        }
    }

    /// An optional `true` or `false`.
    pub fn flag(&mut self, reading: &mut Reading<'_>, key: &'static str, default: bool) -> bool {
        let Some(value) = self.get(key) else { return default };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong(reading, key, value, "true or false");
            default
        })
    }

    /// An optional list of strings.
    pub fn strings(&mut self, reading: &mut Reading<'_>, key: &'static str) -> Vec<At<String>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong(reading, key, value, "a list of strings");
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in list.iter() {
            match item.get_ref().as_str() {
                Some(text) => found.push(At { value: text.to_owned(), span: item.span() }),
                None => self.wrong(reading, key, item, "a string"),
            }
        }
        found
    }

    /// An optional list of lists of strings; `None` when it is not that.
    pub fn string_rows(&mut self, reading: &mut Reading<'_>, key: &'static str) -> Option<Vec<Vec<String>>> {
        let value = self.get(key)?;
        let rows = value.get_ref().as_array().map(|list| {
            list.iter()
                .map(|row| {
                    let cells = row.get_ref().as_array()?;
                    cells.iter().map(|cell| cell.get_ref().as_str().map(str::to_owned)).collect()
                })
                .collect::<Option<Vec<Vec<String>>>>()
        });
        let rows = rows.flatten();
        if rows.is_none() {
            self.wrong(reading, key, value, "a list of rows, each a list of strings");
        }
        rows
    }

    /// One of the `choices` by name; the first of them after a problem.
    pub fn choice<T: Copy>(
        &mut self,
        reading: &mut Reading<'_>,
        key: &'static str,
        choices: &[(&'static str, T)],
        default: Option<T>,
    ) -> T {
        if let (Some(default), None) = (default, self.table.get(key)) {
            self.known.push(key);
            return default;
        }
        let given = self.string(reading, key);
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == given.value) {
            return *choice;
        }
        if !given.value.is_empty() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            reading.problem(
                &given.span,
                format!("'{}' is not a value of '{key}' of {}", given.value, self.name),
                format!("the ones there are: {}", names.join(", ")),
                nearest(&given.value, &names).map_or_else(
                    || "choose one of these".to_owned(),
                    |near| format!("did you mean '{near}'?"),
                ),
            );
        }
        choices[0].1
    }

    /// The raw value, for keys that take several shapes.
    pub fn value(
        &mut self,
        reading: &mut Reading<'_>,
        key: &'static str,
    ) -> Option<&'t Spanned<DeValue<'i>>> {
        self.required(reading, key)
    }

    /// A sub-table; a missing one is a problem when `required`.
    pub fn table(
        &mut self,
        reading: &mut Reading<'_>,
        key: &'static str,
        required: bool,
    ) -> Option<Table<'t, 'i>> {
        let value = if required { self.required(reading, key)? } else { self.get(key)? };
        match value.get_ref().as_table() {
            Some(table) => Some(Table::new(format!("[{key}]"), table, value.span())),
            None => {
                self.wrong(reading, key, value, "a table");
                None
            }
        }
    }

    /// All `[[key]]` tables in their order.
    pub fn tables(&mut self, reading: &mut Reading<'_>, key: &'static str) -> Vec<Table<'t, 'i>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong(reading, key, value, &format!("written as [[{key}]]"));
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in list.iter() {
            match item.get_ref().as_table() {
                Some(table) => found.push(Table::new(format!("[[{key}]]"), table, item.span())),
                None => self.wrong(reading, key, item, "a table"),
            }
        }
        found
    }

    /// Reports every key that nobody asked for, with the nearest one that exists.
    pub fn done(self, reading: &mut Reading<'_>) {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) {
                continue;
            }
            let next = nearest(name, &self.known).map_or_else(
                || format!("remove it; the keys of {} are: {}", self.name, self.known.join(", ")),
                |near| format!("did you mean '{near}'?"),
            );
            reading.problem(
                &key.span(),
                format!("unknown key '{name}' in {}", self.name),
                "a key that is not understood could be a safeguard that is not in force",
                next,
            );
        }
    }
}

/// The name most like `given`, if any is near.
pub fn nearest<'n>(given: &str, names: &[&'n str]) -> Option<&'n str> {
    names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(given, name), *name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}
