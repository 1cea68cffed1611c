//! What a statement that cannot be in a transaction works on, read from its tokens, so that it can be looked up.

use super::scan::{Scanner, Token, TokenKind};

/// A name as it was written, perhaps with its schema: `public."Idx"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As written, ready for `to_regclass`.
    pub sql: String,
    /// Its last part as the catalog has it.
    pub last: String,
}

/// What REINDEX … CONCURRENTLY goes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reindexed {
    /// One index.
    Index(Name),
    /// Every index of a table.
    Table(Name),
    /// A schema or the whole database.
    Many,
}

/// What a statement works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `CREATE INDEX CONCURRENTLY name ON table …`.
    CreateIndex {
        /// Of the index.
        name: Name,
        /// Of the table.
        table: Name,
        /// `UNIQUE` or nothing.
        unique: &'static str,
        /// What stands behind the table's name.
        rest: String,
        /// Whether it says IF NOT EXISTS.
        lenient: bool,
    },
    /// `DROP INDEX CONCURRENTLY name`; whether it says IF EXISTS.
    DropIndex(Name, bool),
    /// `REINDEX … CONCURRENTLY`.
    Reindex(Reindexed),
    /// `ALTER TABLE parent DETACH PARTITION child CONCURRENTLY`.
    Detach {
        /// The partitioned table.
        parent: Name,
        /// The partition.
        child: Name,
    },
    /// `CREATE DATABASE`, or `DROP DATABASE` when `false`.
    Database(Name, bool),
    /// `CREATE TABLESPACE`, or `DROP TABLESPACE` when `false`.
    Tablespace(Name, bool),
    /// It may always be run again: VACUUM, CLUSTER, plain REINDEX.
    Repeatable,
    /// ALTER SYSTEM: it may always be run again, and it is about the whole server.
    Setting,
    /// Nothing that can be looked up.
    Other,
}

impl Target {
    /// Whether it is about the whole server and not about one database.
    pub fn is_server_wide(&self, rule: &str) -> bool {
        matches!(self, Self::Database(..) | Self::Tablespace(..) | Self::Setting)
            || rule.starts_with("ALTER DATABASE")
    }
}

/// A reader over the tokens that are SQL.
struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let is_sql = |kind| !matches!(kind, TokenKind::Space | TokenKind::Comment | TokenKind::Semicolon);
        let tokens = Scanner::new(text).filter(|token| is_sql(token.kind)).collect();
        Self { text, tokens, at: 0 }
    }

    fn raw(&self) -> &'a str {
        self.tokens.get(self.at).map_or("", |token| &self.text[token.range.clone()])
    }

    /// Takes this keyword if it is next.
    fn take(&mut self, word: &str) -> bool {
        let plain = self.tokens.get(self.at).is_some_and(|token| token.kind == TokenKind::Word);
        let found = plain && self.raw().eq_ignore_ascii_case(word);
        self.at += usize::from(found);
        found
    }

    fn take_all(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        let all = words.iter().all(|word| self.take(word));
        if !all {
            self.at = start;
        }
        all
    }

    fn is_over(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn rest(&self) -> String {
        self.tokens.get(self.at).map_or_else(String::new, |token| self.text[token.range.start..].to_owned())
    }

    /// Steps over an option list in parentheses.
    fn skip_options(&mut self) {
        if self.tokens.get(self.at).is_some_and(|token| token.kind == TokenKind::Open) {
            while !self.is_over() && self.tokens[self.at].kind != TokenKind::Close {
                self.at += 1;
            }
            self.at += 1;
        }
    }

    fn name(&mut self) -> Option<Name> {
        let mut sql = String::new();
        loop {
            let token = self.tokens.get(self.at)?;
            let raw = &self.text[token.range.clone()];
            let last = match token.kind {
                TokenKind::Word => raw.to_lowercase(),
                TokenKind::Name if raw.starts_with('"') => raw[1..].strip_suffix('"')?.replace("\"\"", "\""),
                _ => return None,
            };
            sql.push_str(raw);
            self.at += 1;
            if self.tokens.get(self.at).is_none_or(|token| token.kind != TokenKind::Dot) {
                return Some(Name { sql, last });
            }
            sql.push('.');
            self.at += 1;
        }
    }
}

/// What the statement works on.
pub(super) fn of(sql: &str) -> Target {
    let mut reader = Reader::new(sql);
    read(&mut reader).unwrap_or(Target::Other)
}

/// Whether the statement only sets something for the connection.
pub(super) fn is_setting(sql: &str) -> bool {
    let mut reader = Reader::new(sql);
    if reader.take("RESET") {
        return true;
    }
    reader.take("SET") && !reader.take("LOCAL") && !reader.take("CONSTRAINTS")
}

fn read(reader: &mut Reader<'_>) -> Option<Target> {
    if reader.take("VACUUM") || reader.take("CLUSTER") {
        return Some(Target::Repeatable);
    }
    if reader.take_all(&["ALTER", "SYSTEM"]) {
        return Some(Target::Setting);
    }
    if reader.take("REINDEX") {
        return reindex(reader);
    }
    if reader.take_all(&["ALTER", "TABLE"]) {
        reader.take_all(&["IF", "EXISTS"]);
        reader.take("ONLY");
        let parent = reader.name()?;
        let child = reader.take_all(&["DETACH", "PARTITION"]).then(|| reader.name())??;
        return Some(Target::Detach { parent, child });
    }
    let create = reader.take("CREATE");
    if !create && !reader.take("DROP") {
        return None;
    }
    let unique = if reader.take("UNIQUE") { "UNIQUE" } else { "" };
    if reader.take_all(&["INDEX", "CONCURRENTLY"]) {
        return if create { create_index(reader, unique) } else { drop_index(reader) };
    }
    let database = reader.take("DATABASE");
    if !database && !reader.take("TABLESPACE") {
        return None;
    }
    reader.take_all(&["IF", "EXISTS"]);
    let name = reader.name()?;
    Some(if database { Target::Database(name, create) } else { Target::Tablespace(name, create) })
}

fn create_index(reader: &mut Reader<'_>, unique: &'static str) -> Option<Target> {
    let lenient = reader.take_all(&["IF", "NOT", "EXISTS"]);
    // CREATE INDEX CONCURRENTLY ON t: no name.
    if reader.take("ON") {
        return None;
    }
    let name = reader.name()?;
    if !reader.take("ON") {
        return None;
    }
    reader.take("ONLY");
    let table = reader.name()?;
    let rest = reader.rest();
    Some(Target::CreateIndex { name, table, unique, rest, lenient })
}

fn drop_index(reader: &mut Reader<'_>) -> Option<Target> {
    let lenient = reader.take_all(&["IF", "EXISTS"]);
    let name = reader.name()?;
    reader.take("RESTRICT");
    reader.is_over().then_some(Target::DropIndex(name, lenient))
}

fn reindex(reader: &mut Reader<'_>) -> Option<Target> {
    let start = reader.at;
    reader.skip_options();
    let options: String = (start..reader.at.min(reader.tokens.len()))
        .map(|at| &reader.text[reader.tokens[at].range.clone()])
        .collect();
    let what = reader.raw().to_ascii_uppercase();
    reader.at += 1;
    let concurrently = reader.take("CONCURRENTLY") || options.to_ascii_uppercase().contains("CONCURRENTLY");
    if !concurrently {
        return Some(Target::Repeatable);
    }
    let scope = match what.as_str() {
        "INDEX" => Reindexed::Index(reader.name()?),
        "TABLE" => Reindexed::Table(reader.name()?),
        _ => Reindexed::Many,
    };
    Some(Target::Reindex(scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(sql: &str, last: &str) -> Name {
        Name { sql: sql.to_owned(), last: last.to_owned() }
    }

    #[test]
    fn what_statements_work_on() {
        let cases = [
            ("CREATE INDEX CONCURRENTLY a ON t (x)", ("a", "t", "", "(x)", false)),
            (
                "create unique index concurrently if not exists \"A b\" on only public.T using btree (lower(x)) where y",
                ("\"A b\"", "public.T", "UNIQUE", "using btree (lower(x)) where y", true),
            ),
        ];
        for (sql, (index, table, unique, rest, lenient)) in cases {
            let Target::CreateIndex { name, table: on, unique: is, rest: behind, lenient: may } = of(sql)
            else {
                panic!("{sql}: {:?}", of(sql));
            };
            assert_eq!(
                (name.sql.as_str(), on.sql.as_str(), is, behind.as_str(), may),
                (index, table, unique, rest, lenient)
            );
        }
        assert_eq!(of("CREATE INDEX CONCURRENTLY ON t (x)"), Target::Other);
        assert_eq!(
            of("DROP INDEX CONCURRENTLY IF EXISTS public.\"A\"\"b\" RESTRICT"),
            Target::DropIndex(name("public.\"A\"\"b\"", "A\"b"), true)
        );
        assert_eq!(of("DROP INDEX CONCURRENTLY a, b"), Target::Other);
        assert_eq!(
            of("REINDEX (VERBOSE, CONCURRENTLY) TABLE s.t"),
            Target::Reindex(Reindexed::Table(name("s.t", "t")))
        );
        assert_eq!(of("REINDEX INDEX CONCURRENTLY I"), Target::Reindex(Reindexed::Index(name("I", "i"))));
        assert_eq!(of("REINDEX DATABASE CONCURRENTLY d"), Target::Reindex(Reindexed::Many));
        assert_eq!(of("REINDEX SCHEMA s"), Target::Repeatable);
        assert_eq!(of("VACUUM (ANALYZE) t"), Target::Repeatable);
        assert_eq!(of("ALTER SYSTEM SET work_mem = '4MB'"), Target::Setting);
        assert_eq!(
            of("ALTER TABLE ONLY p DETACH PARTITION s.c CONCURRENTLY"),
            Target::Detach { parent: name("p", "p"), child: name("s.c", "c") }
        );
        assert_eq!(of("DROP DATABASE IF EXISTS x"), Target::Database(name("x", "x"), false));
        assert_eq!(of("CREATE TABLESPACE x LOCATION '/x'"), Target::Tablespace(name("x", "x"), true));
        assert_eq!(of("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p"), Target::Other);
        assert!(is_setting("SET search_path = x") && is_setting("RESET ROLE"));
        assert!(!is_setting("SET LOCAL a = 1") && !is_setting("SELECT 1"));
    }
}
