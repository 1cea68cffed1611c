//! Lines of the file, read.

use crate::time::Timestamp;

/// A whole file, free of mistakes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedSigners {
    pub(super) lines: Vec<Line>,
}

/// One line: who may sign with which key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub number: usize,
    /// Patterns, any of which fits; `!` before one refuses.
    pub principals: String,
    pub certificates: bool,
    pub namespaces: Option<String>,
    pub after: Option<Timestamp>,
    pub before: Option<Timestamp>,
    /// `ssh-ed25519 AAAA…`.
    pub key: String,
}

/// A line that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// From 1.
    pub number: usize,
    /// In words.
    pub what: String,
}

impl AllowedSigners {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// With the first line that is none.
    pub fn read(text: &str) -> Result<Self, BadLine> {
        let mut lines = Vec::new();
        for (at, text) in text.lines().enumerate() {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let bad = |what: String| BadLine { number: at + 1, what };
            let mut line = line(text).map_err(bad)?;
            line.number = at + 1;
            lines.push(line);
        }
        Ok(Self { lines })
    }

    /// The keys and the numbers of their lines: whoever has them looks whether they are keys.
    pub fn keys(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines.iter().map(|line| (line.number, line.key.as_str()))
    }
}

fn line(text: &str) -> Result<Line, String> {
    let (principals, rest) = word(text)?;
    let (mut first, mut rest) = option(rest)?;
    let mut line = Line { principals, ..Line::default() };
    if !is_key_type(&first) {
        for one in split(&first) {
            take(&mut line, one)?;
        }
        (first, rest) = option(rest)?;
    }
    if !is_key_type(&first) {
        return Err(format!("'{}' is not the type of a key", first.escape_default()));
    }
    let blob = rest.split_whitespace().next().ok_or("there is no key")?;
    line.key = format!("{first} {blob}");
    Ok(line)
}

fn is_key_type(word: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|begin| word.starts_with(begin))
        && !word.contains(['=', ',', '"'])
}

/// The first word, which may be quoted, and what comes behind it.
fn word(text: &str) -> Result<(String, &str), String> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (inside, rest) = quoted.split_once('"').ok_or("a quote is not closed")?;
        if !rest.starts_with([' ', '\t']) {
            return Err("there must be a blank behind the quoted names".to_owned());
        }
        return Ok((inside.to_owned(), rest.trim_start()));
    }
    let (word, rest) = text.split_once([' ', '\t']).ok_or("there is no key")?;
    Ok((word.to_owned(), rest.trim_start()))
}

/// The first word outside of quotes, quotes kept, and what comes behind it.
fn option(text: &str) -> Result<(String, &str), String> {
    let mut quoted = false;
    for (at, sign) in text.char_indices() {
        match sign {
            '\\' => return Err("backslashes are not understood".to_owned()),
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => return Ok((text[..at].to_owned(), text[at..].trim_start())),
            _ => {}
        }
    }
    if quoted {
        return Err("a quote is not closed".to_owned());
    }
    Ok((text.to_owned(), ""))
}

/// Options, separated by commas outside of quotes.
fn split(options: &str) -> Vec<&str> {
    let mut quoted = false;
    options
        .split(|sign: char| {
            quoted ^= sign == '"';
            sign == ',' && !quoted
        })
        .collect()
}

fn take(line: &mut Line, option: &str) -> Result<(), String> {
    if option.eq_ignore_ascii_case("cert-authority") {
        line.certificates = true;
        return Ok(());
    }
    let unknown = || format!("the option '{}' is not understood", option.escape_default());
    let (name, value) = option.split_once('=').ok_or_else(unknown)?;
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let value = value
        .filter(|value| !value.contains('"'))
        .ok_or_else(|| format!("the value of '{name}' is not in quotes"))?;
    let twice = |there: bool| if there { Err(format!("'{name}' stands there twice")) } else { Ok(()) };
    match name.to_ascii_lowercase().as_str() {
        "namespaces" => {
            twice(line.namespaces.is_some())?;
            if value.is_empty() {
                return Err("'namespaces' is empty".to_owned());
            }
            line.namespaces = Some(value.to_owned());
        }
        "valid-after" => {
            twice(line.after.is_some())?;
            line.after = Some(time_of(value)?);
        }
        "valid-before" => {
            twice(line.before.is_some())?;
            line.before = Some(time_of(value)?);
        }
        _ => return Err(unknown()),
    }
    if matches!((line.after, line.before), (Some(after), Some(before)) if before <= after) {
        return Err("it ends before it begins".to_owned());
    }
    Ok(())
}

/// `20261231Z`, `202612312359Z` or `20261231235959Z`. Without the Z it would be another moment on every machine.
///
/// # Errors
/// In words, when it is none.
pub fn time_of(text: &str) -> Result<Timestamp, String> {
    let digits = text.strip_suffix('Z').ok_or_else(|| {
        format!(
            "the time '{}' has no Z behind it: local time is another one on every machine",
            text.escape_default()
        )
    })?;
    let bad = || format!("'{}' is not a time such as 20261231Z or 20261231235959Z", text.escape_default());
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad());
    }
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or("00");
    let iso = format!(
        "\"{}-{}-{}T{}:{}:{}Z\"",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    );
    serde_json::from_str(&iso).map_err(|_| bad())
}
