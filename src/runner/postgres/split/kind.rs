//! Says what a statement is from its first words: rows, transaction control, not for a transaction.

use super::Kind;
use super::scan::{Token, TokenKind};

/// The words of a statement outside of parentheses, in upper case; what is no word keeps its place.
struct Words<'a> {
    words: Vec<Option<std::borrow::Cow<'a, str>>>,
}

impl<'a> Words<'a> {
    fn new(text: &'a str, tokens: &[Token]) -> Self {
        let mut depth = 0_usize;
        let mut words = Vec::new();
        for token in tokens {
            match token.kind {
                TokenKind::Open => {
                    words.extend((depth == 0).then_some(Some("(".into())));
                    depth += 1;
                }
                TokenKind::Close => depth = depth.saturating_sub(1),
                TokenKind::Space | TokenKind::Comment | TokenKind::Semicolon => {}
                _ if depth > 0 => {}
                TokenKind::Comma => words.push(Some(",".into())),
                TokenKind::Word => {
                    let word = &text[token.range.clone()];
                    let upper = word.bytes().any(|b| b.is_ascii_lowercase());
                    words.push(Some(if upper { word.to_ascii_uppercase().into() } else { word.into() }));
                }
                _ => words.push(None),
            }
        }
        Words { words }
    }

    fn at(&self, index: usize) -> &str {
        self.words.get(index).and_then(|word| word.as_deref()).unwrap_or("")
    }

    fn starts(&self, wanted: &[&str]) -> bool {
        wanted.iter().enumerate().all(|(index, word)| self.at(index) == *word)
    }

    fn len(&self) -> usize {
        self.words.len()
    }

    fn find(&self, word: &str) -> Option<usize> {
        (0..self.len()).find(|index| self.at(*index) == word)
    }

    fn has(&self, word: &str) -> bool {
        self.find(word).is_some()
    }

    /// Whether `first` stands somewhere directly before `second`.
    fn has_pair(&self, first: &str, second: &str) -> bool {
        (0..self.len()).any(|index| self.at(index) == first && self.at(index + 1) == second)
    }
}

/// How rows travel that are not written in the statement itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CopyStream {
    FromStdin,
    ToStdout,
}

/// Whether the statement is a COPY between server and client.
pub(super) fn copy_stream(text: &str, tokens: &[Token]) -> Option<CopyStream> {
    let words = Words::new(text, tokens);
    if words.at(0) != "COPY" {
        None
    } else if words.has_pair("FROM", "STDIN") || words.has_pair("FROM", "STDOUT") {
        Some(CopyStream::FromStdin)
    } else if words.has_pair("TO", "STDOUT") || words.has_pair("TO", "STDIN") {
        Some(CopyStream::ToStdout)
    } else {
        None
    }
}

/// What the statement is.
pub(super) fn kind_of(text: &str, tokens: &[Token]) -> Kind {
    let words = Words::new(text, tokens);
    if let Some(kind) = transaction_control(&words) {
        return kind;
    }
    // An option list in parentheses is not among the words: REINDEX (CONCURRENTLY) TABLE t.
    if let Some(rule) = outside_transaction(&words, text, tokens) {
        return Kind::OutsideTransaction(rule);
    }
    if gives_rows(&words) { Kind::Rows } else { Kind::Plain }
}

fn transaction_control(words: &Words<'_>) -> Option<Kind> {
    let optional = usize::from(matches!(words.at(1), "WORK" | "TRANSACTION"));
    let rest = 1 + optional;
    let kind = match words.at(0) {
        "BEGIN" if words.len() == rest => Kind::Begin,
        "START" if words.at(1) == "TRANSACTION" && words.len() == 2 => Kind::Begin,
        "COMMIT" if words.at(1) == "PREPARED" => Kind::OutsideTransaction("COMMIT PREPARED"),
        "ROLLBACK" if words.at(1) == "PREPARED" => Kind::OutsideTransaction("ROLLBACK PREPARED"),
        "COMMIT" if words.len() == rest => Kind::Commit,
        "COMMIT" if words.len() == rest + 3 && words.at(rest) == "AND" && words.at(rest + 1) == "NO" => {
            Kind::Commit
        }
        "BEGIN" | "COMMIT" | "ROLLBACK" | "ABORT" | "END" | "SAVEPOINT" | "RELEASE" => {
            Kind::OtherTransactionControl
        }
        "START" | "PREPARE" if words.at(1) == "TRANSACTION" => Kind::OtherTransactionControl,
        "SET" if words.at(1) == "TRANSACTION" => Kind::OtherTransactionControl,
        "SET" if matches!(words.at(1), "LOCAL" | "SESSION") && words.at(2) == "TRANSACTION" => {
            Kind::OtherTransactionControl
        }
        "SET" if words.starts(&["SET", "SESSION", "CHARACTERISTICS"]) => Kind::OtherTransactionControl,
        _ => return None,
    };
    Some(kind)
}

/// The rule by which PostgreSQL refuses the statement inside a transaction block, where the text alone shows it.
fn outside_transaction(words: &Words<'_>, text: &str, tokens: &[Token]) -> Option<&'static str> {
    match (words.at(0), words.at(1)) {
        ("CREATE", "INDEX") if words.at(2) == "CONCURRENTLY" => Some("CREATE INDEX CONCURRENTLY"),
        ("CREATE", "UNIQUE") if words.at(3) == "CONCURRENTLY" => Some("CREATE INDEX CONCURRENTLY"),
        ("CREATE", "DATABASE") => Some("CREATE DATABASE"),
        ("CREATE", "TABLESPACE") => Some("CREATE TABLESPACE"),
        ("CREATE", "SUBSCRIPTION") if !without_slot(text, tokens) => {
            Some("CREATE SUBSCRIPTION with a replication slot")
        }
        ("DROP", "INDEX") if words.at(2) == "CONCURRENTLY" => Some("DROP INDEX CONCURRENTLY"),
        ("DROP", "DATABASE") => Some("DROP DATABASE"),
        ("DROP", "TABLESPACE") => Some("DROP TABLESPACE"),
        ("ALTER", "SYSTEM") => Some("ALTER SYSTEM"),
        ("ALTER", "DATABASE") if words.has_pair("SET", "TABLESPACE") => {
            Some("ALTER DATABASE … SET TABLESPACE")
        }
        ("ALTER", "TABLE") if words.has_pair("DETACH", "PARTITION") && words.has("CONCURRENTLY") => {
            Some("ALTER TABLE … DETACH PARTITION … CONCURRENTLY")
        }
        ("REINDEX", _) => reindex(words, text, tokens),
        ("VACUUM", _) => Some("VACUUM"),
        ("CLUSTER", "") if words.len() == 1 => Some("CLUSTER of all tables"),
        ("CLUSTER", "VERBOSE" | "(") if words.len() == 2 => Some("CLUSTER of all tables"),
        ("DISCARD", "ALL") => Some("DISCARD ALL"),
        _ => None,
    }
}

fn reindex(words: &Words<'_>, text: &str, tokens: &[Token]) -> Option<&'static str> {
    let named = if words.at(1) == "(" { 2 } else { 1 };
    match words.at(named) {
        _ if words.at(named + 1) == "CONCURRENTLY" => Some("REINDEX CONCURRENTLY"),
        _ if named == 2 && option_is_on(text, tokens, "CONCURRENTLY") => Some("REINDEX CONCURRENTLY"),
        "DATABASE" => Some("REINDEX DATABASE"),
        "SYSTEM" => Some("REINDEX SYSTEM"),
        "SCHEMA" => Some("REINDEX SCHEMA"),
        _ => None,
    }
}

/// The value of an option in parentheses, in upper case and without quotes; an option without a value is `""`.
fn option_value(text: &str, tokens: &[Token], option: &str) -> Option<String> {
    let mut inner = tokens
        .iter()
        .filter(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment))
        .skip_while(|token| token.kind != TokenKind::Open)
        .map(|token| (token.kind, text[token.range.clone()].trim_matches('\'').to_ascii_uppercase()));
    inner.find(|(kind, word)| *kind == TokenKind::Word && word == option)?;
    let value = inner.find(|(_, word)| word != "=");
    Some(match value {
        Some((TokenKind::Comma | TokenKind::Close, _)) | None => String::new(),
        Some((_, word)) => word,
    })
}

fn option_is_on(text: &str, tokens: &[Token], option: &str) -> bool {
    option_value(text, tokens, option).is_some_and(|value| !is_off(&value))
}

fn without_slot(text: &str, tokens: &[Token]) -> bool {
    ["CREATE_SLOT", "CONNECT"]
        .iter()
        .any(|option| option_value(text, tokens, option).is_some_and(|value| is_off(&value)))
}

fn is_off(value: &str) -> bool {
    matches!(value, "FALSE" | "OFF" | "NO" | "0")
}

fn gives_rows(words: &Words<'_>) -> bool {
    let main = if words.at(0) == "WITH" { main_verb(words) } else { 0 };
    match words.at(main) {
        // SELECT … INTO makes a table and gives no rows.
        "SELECT" => !words.has("INTO"),
        "VALUES" | "TABLE" | "(" | "EXPLAIN" | "SHOW" | "FETCH" | "EXECUTE" | "CALL" => true,
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => words.has("RETURNING"),
        _ => false,
    }
}

/// Where the statement behind `WITH name AS (…), …` starts. A name may be spelled like a verb.
fn main_verb(words: &Words<'_>) -> usize {
    let mut name_follows = true;
    for index in 1..words.len() {
        match words.at(index) {
            "RECURSIVE" if index == 1 => {}
            "," => name_follows = true,
            _ if name_follows => name_follows = false,
            "SELECT" | "VALUES" | "TABLE" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" => return index,
            _ => {}
        }
    }
    0
}
