//! A theme's file, read: what is wrong in it is said with its place, all at once.

use super::color::{Rgb, SIXTEEN};
use super::{Ink, NAMES, SHIPPED, Word};
use crate::definition::{Diagnostic, Place, nearest};
use ratatui::style::{Color, Modifier};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A theme as its file has it, for any number of colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// The name it is asked for by: that of its file.
    pub name: String,
    /// What it is for, in a few words.
    pub about: String,
    pub(super) ground: Option<Ink>,
    pub(super) words: [Word; NAMES.len()],
}

/// Grounds that give off more light want dark letters.
const LIGHT: f64 = 0.18;

const WEIGHTS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

struct Reading<'t> {
    file: &'t str,
    text: &'t str,
    problems: Vec<Diagnostic>,
    given: [bool; NAMES.len()],
}

impl Sheet {
    /// Reads the theme `name` (the name of its file without `.toml`, or its path) from the text of its file.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut reading = Reading { file, text, problems: Vec::new(), given: [false; NAMES.len()] };
        let name = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".toml").to_owned();
        let mut sheet = Self { name, about: String::new(), ground: None, words: Default::default() };
        match DeTable::parse(text) {
            Ok(table) => {
                reading.sheet(&mut sheet, table.get_ref());
                reading.fill(&mut sheet);
            }
            Err(error) => reading.problem(
                error.span().unwrap_or(0..0),
                format!("not TOML: {}", error.message().trim()),
                "the text does not follow the TOML grammar, https://toml.io".to_owned(),
                "mend the line".to_owned(),
            ),
        }
        reading.problems.sort();
        if reading.problems.is_empty() { Ok(sheet) } else { Err(reading.problems) }
    }
}

impl Reading<'_> {
    fn problem(&mut self, span: Range<usize>, what: String, why: String, next: String) {
        self.problems.push(Diagnostic { at: Place::of(self.file, self.text, span.start), what, why, next });
    }

    fn unknown(&mut self, span: Range<usize>, name: &str, known: &[&str]) {
        let next = nearest(name, known).map_or_else(
            || format!("the keys here are: {}", known.join(", ")),
            |near| format!("did you mean '{near}'?"),
        );
        self.problem(span, format!("unknown key '{name}'"), "a theme has no such part".to_owned(), next);
    }

    fn wrong(&mut self, span: Range<usize>, what: &str, wanted: &str) {
        self.problem(span, what.to_owned(), format!("wanted is {wanted}"), "mend the value".to_owned());
    }

    fn sheet(&mut self, sheet: &mut Sheet, table: &DeTable<'_>) {
        for (key, value) in table.iter() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("about", DeValue::String(about)) => sheet.about = about.to_string(),
                ("about", _) => {
                    self.wrong(value.span(), "'about' is no text", "what the theme is for, in quotes")
                }
                ("ground", _) => sheet.ground = self.ink(value),
                (name, DeValue::Table(table)) if NAMES.contains(&name) => {
                    let word = self.word(table, false);
                    if let Some(at) = NAMES.iter().position(|known| *known == name) {
                        (sheet.words[at], self.given[at]) = (word, true);
                    }
                }
                (name, _) if NAMES.contains(&name) => {
                    self.wrong(
                        value.span(),
                        &format!("'{name}' is no table"),
                        "{ fg = \"#rrggbb\", bold = true }",
                    );
                }
                (name, _) => {
                    let known: Vec<&str> = ["about", "ground"].into_iter().chain(NAMES).collect();
                    self.unknown(key.span(), name, &known);
                }
            }
        }
    }

    /// What is left out looks as in the shipped theme for such a ground; without one as the terminal does.
    fn fill(&self, sheet: &mut Sheet) {
        let Some(ground) = sheet.ground.as_ref().and_then(|ink| ink.rgb) else { return };
        let base = if ground.luminance() > LIGHT { "light" } else { "dark" };
        if self.given.iter().all(|given| *given) || sheet.name == base {
            return;
        }
        let base = SHIPPED.iter().find(|(name, _)| *name == base);
        if let Some(base) = base.and_then(|(name, text)| Sheet::read(name, text).ok()) {
            let missing = sheet.words.iter_mut().zip(base.words).zip(self.given).filter(|(_, given)| !given);
            missing.for_each(|((word, base), _)| *word = base);
        }
    }

    fn word(&mut self, table: &DeTable<'_>, few: bool) -> Word {
        let mut word = Word::default();
        for (key, value) in table.iter() {
            let name = key.get_ref().as_ref();
            let weight = WEIGHTS.iter().find(|(weight, _)| *weight == name);
            match (name, value.get_ref(), weight) {
                ("fg", ..) => word.fg = self.ink(value),
                ("bg", ..) => word.bg = self.ink(value),
                ("few", DeValue::Table(table), _) if !few => {
                    word.few = Some(Box::new(self.word(table, true)))
                }
                (_, DeValue::Boolean(on), Some((_, weight))) => word.weights.set(*weight, *on),
                (_, _, Some(_)) => {
                    self.wrong(value.span(), &format!("'{name}' is neither yes nor no"), "true or false")
                }
                _ => {
                    let mut known = vec!["fg", "bg"];
                    known.extend(WEIGHTS.iter().map(|(name, _)| *name));
                    if !few {
                        known.push("few");
                    }
                    self.unknown(key.span(), name, &known);
                }
            }
        }
        word
    }

    /// One colour, or a list of forms of it.
    fn ink(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Ink> {
        let mut ink = Ink::default();
        if let DeValue::Array(forms) = value.get_ref() {
            for form in forms.iter() {
                self.form(&mut ink, form);
            }
        } else {
            self.form(&mut ink, value);
        }
        Some(ink)
    }

    fn form(&mut self, ink: &mut Ink, value: &Spanned<DeValue<'_>>) {
        const WANTED: &str = "\"#rrggbb\", a number from 16 to 255 for the palette of 256, or one of: default, black, red, green, yellow, \
             blue, magenta, cyan, white, and bright- before each of these";
        match value.get_ref() {
            DeValue::String(text) if text.starts_with('#') => match Rgb::parse(text) {
                Some(rgb) => ink.rgb = Some(rgb),
                None => self.wrong(value.span(), &format!("'{text}' is no colour"), WANTED),
            },
            DeValue::String(text) if text == "default" => ink.few = Some(Color::Reset),
            DeValue::String(text) => match SIXTEEN.iter().find(|(name, ..)| name == text) {
                Some((_, color, _)) => ink.few = Some(*color),
                None => self.wrong(value.span(), &format!("'{text}' is no colour"), WANTED),
            },
            DeValue::Integer(number) => match number.as_str().parse::<u8>() {
                Ok(at @ 16..) => ink.many = Some(at),
                _ => self.wrong(value.span(), &format!("{number} is no colour"), WANTED),
            },
            _ => self.wrong(value.span(), "this is no colour", WANTED),
        }
    }
}
