//! Settings: what an option, the environment, a person's own file or the default says, and which of them it was.

#[cfg(test)]
mod tests;

use super::{Common, Trouble};
use crate::definition::{Diagnostic, Place, nearest};
use crate::tui::{Bell, Depth};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Flag,
    Text,
    Path,
    OneOf(&'static [&'static str]),
}

/// Every setting: its key in the file (`CEREMONY_` and its capitals in the environment) and what it may be.
const KEYS: [(&str, Kind); 10] = [
    ("theme", Kind::Text),
    ("colors", Kind::OneOf(&["auto", "none", "16", "256", "true"])),
    ("ascii", Kind::Flag),
    ("mouse", Kind::Flag),
    ("motion", Kind::Flag),
    ("bell", Kind::OneOf(&["off", "bell", "desktop"])),
    ("operator", Kind::Text),
    ("sessions", Kind::Path),
    ("signers", Kind::Path),
    ("key", Kind::Path),
];

/// Where a setting comes from; a later one gives way to an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An option of the command line.
    Option(&'static str),
    /// A variable of the environment.
    Environment(String),
    /// A line of the file.
    File(Place),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(option) => write!(f, "option {option}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(at) => write!(f, "{at}"),
            Self::Default => write!(f, "default"),
        }
    }
}

/// Every setting that somebody made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    made: BTreeMap<&'static str, (String, Source)>,
    /// What the terminal and the system say where nobody did.
    defaults: BTreeMap<&'static str, String>,
    /// The folder of the file, whether it is there or not.
    pub folder: Option<PathBuf>,
}

/// What settings are made from.
struct Given<'g> {
    options: Vec<(&'static str, String, &'static str)>,
    variable: &'g dyn Fn(&str) -> Option<String>,
    file: Option<(PathBuf, String)>,
    folder: Option<PathBuf>,
}

impl Settings {
    /// The settings of this call.
    ///
    /// # Errors
    /// When the file or a variable is not as it must be.
    pub fn read(common: &Common) -> Result<Self, Trouble> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let folder = folder(&variable);
        let path = folder.as_ref().map(|folder| folder.join("config.toml"));
        let file = match path.as_ref().map(std::fs::read_to_string) {
            Some(Ok(text)) => path.zip(Some(text)),
            Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Trouble::usage(
                    format!("cannot read {}: {error}", path.unwrap_or_default().display()),
                    "settings that are not read could be ones that were meant to hold",
                    "mend the file, or move it away",
                ));
            }
            _ => None,
        };
        Self::of(&Given { options: options(common), variable: &variable, file, folder })
            .map_err(|problems| Trouble::settings(&problems))
    }

    fn of(given: &Given<'_>) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut made = BTreeMap::new();
        if let Some((path, text)) = &given.file {
            match of_file(path, text) {
                Ok(found) => made.extend(found),
                Err(found) => problems.extend(found.iter().map(ToString::to_string)),
            }
        }
        if (given.variable)("NO_COLOR").is_some() {
            made.insert("colors", ("none".to_owned(), Source::Environment("NO_COLOR".to_owned())));
        }
        for (key, kind) in KEYS {
            let name = format!("CEREMONY_{}", key.to_ascii_uppercase());
            let Some(value) = (given.variable)(&name) else { continue };
            // Nobody sees fewer colours than asked for by accident; the other way round hurts.
            if key == "colors" && (given.variable)("NO_COLOR").is_some() {
                continue;
            }
            match understood(kind, &value) {
                Ok(()) => drop(made.insert(key, (value, Source::Environment(name)))),
                Err(wanted) => problems.push(format!(
                    "error: {name}: '{value}' is not understood\n  why:  wanted is {wanted}\n  next: mend the variable, or unset it"
                )),
            }
        }
        for (key, value, option) in &given.options {
            made.insert(key, (value.clone(), Source::Option(option)));
        }
        if problems.is_empty() {
            Ok(Self { made, defaults: defaults(given.variable), folder: given.folder.clone() })
        } else {
            Err(problems)
        }
    }

    /// The value of a setting, if it has one, and where it comes from.
    pub fn get(&self, key: &str) -> (Option<&str>, &Source) {
        match self.made.get(key) {
            Some((value, source)) => (Some(value), source),
            None => (self.defaults.get(key).map(String::as_str), &Source::Default),
        }
    }

    /// A setting that is yes or no.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).0 == Some("true")
    }

    /// A file or folder, if it is set.
    pub fn path(&self, key: &str) -> Option<PathBuf> {
        self.get(key).0.map(PathBuf::from)
    }

    /// How many colours to draw with.
    pub fn depth(&self) -> Depth {
        match self.get("colors").0 {
            Some("none") => Depth::None,
            Some("16") => Depth::Sixteen,
            Some("256") => Depth::Many,
            Some("true") => Depth::True,
            _ => {
                let variable = |name: &str| std::env::var(name).ok();
                Depth::of(None, variable("COLORTERM").as_deref(), variable("TERM").as_deref())
            }
        }
    }

    /// How a person who looks away is called.
    pub fn bell(&self) -> Bell {
        match self.get("bell").0 {
            Some("off") => Bell::Off,
            Some("desktop") => Bell::Desktop,
            _ => Bell::Bell,
        }
    }

    /// Every key with its value and where that comes from, for people.
    pub fn rows(&self) -> Vec<String> {
        KEYS.iter()
            .map(|(key, _)| {
                let (value, source) = self.get(key);
                format!("{key:<9} {:<24} {source}", value.unwrap_or("-"))
            })
            .collect()
    }
}

/// `$XDG_CONFIG_HOME/ceremony`, or `~/.config/ceremony`; a relative one does not count, as the standard has it.
fn folder(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let xdg = variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    Some(xdg.or_else(|| Some(Path::new(&variable("HOME")?).join(".config")))?.join("ceremony"))
}

fn options(common: &Common) -> Vec<(&'static str, String, &'static str)> {
    let yes = || "true".to_owned();
    let mut options = Vec::new();
    options.extend(common.light.then(|| ("theme", "light".to_owned(), "--light")));
    options.extend(common.theme.clone().map(|name| ("theme", name, "--theme")));
    options.extend(common.ascii.then(|| ("ascii", yes(), "--ascii")));
    options.extend(common.mouse.then(|| ("mouse", yes(), "--mouse")));
    options.extend(common.no_motion.then(|| ("motion", "false".to_owned(), "--no-motion")));
    options.extend(common.operator.clone().map(|name| ("operator", name, "--operator")));
    options
}

/// What the terminal says of itself.
fn defaults(variable: &dyn Fn(&str) -> Option<String>) -> BTreeMap<&'static str, String> {
    let locale = variable("LC_ALL").or_else(|| variable("LC_CTYPE")).or_else(|| variable("LANG"));
    let not_utf8 = locale.is_some_and(|locale| {
        let upper = locale.to_ascii_uppercase();
        !upper.contains("UTF-8") && !upper.contains("UTF8")
    });
    let ascii = not_utf8 || variable("TERM").as_deref() == Some("dumb");
    // "foreground;background" in the sixteen: white or bright white behind the text is a light terminal.
    let ground = variable("COLORFGBG").and_then(|value| value.rsplit(';').next().map(str::to_owned));
    let light = matches!(ground.as_deref(), Some("7" | "15"));
    [
        ("theme", if light { "light" } else { "dark" }.to_owned()),
        ("colors", "auto".to_owned()),
        ("ascii", ascii.to_string()),
        ("mouse", "false".to_owned()),
        ("motion", "true".to_owned()),
        ("bell", "bell".to_owned()),
    ]
    .into()
}

/// Whether a value is of its kind; if not, what was wanted.
fn understood(kind: Kind, value: &str) -> Result<(), String> {
    match kind {
        Kind::Flag if !matches!(value, "true" | "false") => Err("true or false".to_owned()),
        Kind::OneOf(words) if !words.contains(&value) => Err(format!("one of: {}", words.join(", "))),
        Kind::Text | Kind::Path if value.trim().is_empty() => Err("some text".to_owned()),
        _ => Ok(()),
    }
}

type Found = Vec<(&'static str, (String, Source))>;

fn of_file(path: &Path, text: &str) -> Result<Found, Vec<Diagnostic>> {
    let name = path.display().to_string();
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let mut problem = |at: usize, what: String, why: &str, next: String| {
        problems.push(Diagnostic { at: Place::of(&name, text, at), what, why: why.to_owned(), next });
    };
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let what = format!("not TOML: {}", error.message().trim());
            let why = "the text does not follow the TOML grammar, https://toml.io";
            problem(error.span().unwrap_or(0..0).start, what, why, "mend the line".to_owned());
            return Err(problems);
        }
    };
    for (key, value) in table.get_ref().iter() {
        let given = key.get_ref().as_ref();
        let Some((key, kind)) = KEYS.into_iter().find(|(known, _)| *known == given) else {
            let names = KEYS.map(|(name, _)| name);
            let next = nearest(given, &names).map_or_else(
                || format!("the keys are: {}", names.join(", ")),
                |near| format!("did you mean '{near}'?"),
            );
            let why = "a setting that is not understood is one that does not hold";
            problem(key.span().start, format!("unknown key '{given}'"), why, next);
            continue;
        };
        let word = match value.get_ref() {
            DeValue::String(word) if kind != Kind::Flag => Some(word.to_string()),
            DeValue::Boolean(on) if kind == Kind::Flag => Some(on.to_string()),
            _ => None,
        };
        let wanted = match (&word, kind) {
            (Some(word), _) => understood(kind, word).err(),
            (None, Kind::Flag) => Some("true or false, without quotes".to_owned()),
            (None, Kind::OneOf(words)) => {
                Some(format!("one of these words, in quotes: {}", words.join(", ")))
            }
            (None, _) => Some("a text in quotes".to_owned()),
        };
        match (word, wanted) {
            (Some(word), None) => {
                let word = if kind == Kind::Path { absolute(path, &word) } else { word };
                found.push((key, (word, Source::File(Place::of(&name, text, value.span().start)))));
            }
            (_, wanted) => {
                let what = format!("'{key}' is not understood");
                problem(
                    value.span().start,
                    what,
                    &format!("wanted is {}", wanted.unwrap_or_default()),
                    "mend the value".to_owned(),
                );
            }
        }
    }
    problems.sort();
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// A path in the file counts from the file's folder; `~/` is the person's own.
fn absolute(file: &Path, word: &str) -> String {
    let home =
        word.strip_prefix("~/").and_then(|rest| Some(Path::new(&std::env::var_os("HOME")?).join(rest)));
    let path = home.unwrap_or_else(|| file.parent().unwrap_or(Path::new("")).join(word));
    path.display().to_string()
}

/// `ceremony config`: what holds, and why.
pub(super) fn show(common: &Common) -> Result<u8, Trouble> {
    let settings = &common.settings;
    let path = settings.folder.as_ref().map(|folder| folder.join("config.toml"));
    match path {
        Some(path) if path.exists() => outln!("file      {}", path.display()),
        Some(path) => outln!("file      {} (not there)", path.display()),
        None => outln!("file      none: neither XDG_CONFIG_HOME nor HOME is set"),
    }
    for row in settings.rows() {
        outln!("{}", row.trim_end());
    }
    Ok(0)
}
