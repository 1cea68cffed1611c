//! Which tables and indexes a script makes itself, and which statement is about which: what is new hurts nobody.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};
use std::ops::Range;

/// A name as the server reads it: schema and name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name(Option<String>, String);

impl Name {
    fn of(path: &SyntaxNode) -> Self {
        let mut parts = vec![String::new()];
        let mut quoted = false;
        for character in path.text().to_string().chars() {
            match character {
                '"' => quoted = !quoted,
                '.' if !quoted => parts.push(String::new()),
                _ if !quoted && character.is_whitespace() => {}
                _ => {
                    let character = if quoted { character } else { character.to_ascii_lowercase() };
                    if let Some(last) = parts.last_mut() {
                        last.push(character);
                    }
                }
            }
        }
        let name = parts.pop().unwrap_or_default();
        Self(parts.pop(), name)
    }

    fn shown(&self) -> String {
        let Self(schema, name) = self;
        schema.as_ref().map_or_else(|| name.clone(), |schema| format!("{schema}.{name}"))
    }

    fn same(&self, other: &Self) -> bool {
        let schemas = self.0.as_ref().zip(other.0.as_ref());
        self.1 == other.1 && schemas.is_none_or(|(one, other)| one == other)
    }
}

/// What the statements of a script are about.
#[derive(Default)]
pub(super) struct Names {
    /// Made by the script: where, and what.
    made: Vec<(usize, Name)>,
    /// Of each other statement the tables or indexes it works on.
    works_on: Vec<(Range<usize>, Vec<Name>)>,
    /// Of each statement that alters a table or builds an index the table.
    tables: Vec<(Range<usize>, Name)>,
    /// Tables that a new table points at.
    points_at: Vec<(usize, Name)>,
}

impl Names {
    pub(super) fn of(file: &ast::SourceFile) -> Self {
        let mut names = Self::default();
        for statement in file.stmts() {
            let node = statement.syntax();
            let range = usize::from(node.text_range().start())..usize::from(node.text_range().end());
            let relation = |it: Option<ast::TableRelationName>| {
                let path = it.and_then(|it| it.table_name_ref()).and_then(|it| it.path_ref());
                path.map(|path| Name::of(path.syntax())).into_iter().collect::<Vec<_>>()
            };
            let works_on = match &statement {
                ast::Stmt::CreateTable(table) => {
                    let path = table.table_name().and_then(|it| it.path());
                    names.made.extend(path.map(|path| (range.start, Name::of(path.syntax()))));
                    names.points(node);
                    continue;
                }
                ast::Stmt::CreateIndex(index) => {
                    let name = index.index().map(|it| (range.start, Name::of(it.syntax())));
                    names.made.extend(name);
                    relation(index.table_relation_name())
                }
                ast::Stmt::AlterTable(table) => relation(table.table_relation_name()),
                ast::Stmt::DropTable(drop) => {
                    let paths = drop.table_name_refs().filter_map(|it| it.path_ref());
                    paths.map(|path| Name::of(path.syntax())).collect()
                }
                ast::Stmt::DropIndex(drop) => {
                    let paths = drop.index_refs().filter_map(|it| it.path_ref());
                    paths.map(|path| Name::of(path.syntax())).collect()
                }
                _ => Vec::new(),
            };
            if let (ast::Stmt::AlterTable(_) | ast::Stmt::CreateIndex(_), [table]) = (&statement, &*works_on)
            {
                names.tables.push((range.clone(), table.clone()));
            }
            names.works_on.push((range, works_on));
        }
        names
    }

    fn points(&mut self, table: &SyntaxNode) {
        for node in table.descendants() {
            let key = ast::ForeignKeyConstraint::cast(node.clone()).and_then(|it| it.table_name_ref());
            let reference = ast::ReferencesConstraint::cast(node.clone()).and_then(|it| it.table());
            if let Some(path) = key.or(reference).and_then(|it| it.path_ref()) {
                let offset = usize::from(path.syntax().text_range().start());
                self.points_at.push((offset, Name::of(path.syntax())));
            }
        }
    }

    fn is_made_before(&self, offset: usize, name: &Name) -> bool {
        self.made.iter().any(|(at, made)| *at <= offset && made.same(name))
    }

    /// Whether the statement around `offset` works only on what the script made before.
    pub(super) fn is_about_new(&self, offset: usize) -> bool {
        let around = self.works_on.iter().find(|(range, _)| range.contains(&offset));
        around.is_some_and(|(range, names)| {
            !names.is_empty() && names.iter().all(|name| self.is_made_before(range.start, name))
        })
    }

    /// The one table that the statement around `offset` alters or builds an index on.
    pub(super) fn table(&self, offset: usize) -> Option<String> {
        let (_, name) = self.tables.iter().find(|(range, _)| range.contains(&offset))?;
        Some(name.shown())
    }

    /// Tables that were there before and that new tables point at, once each.
    pub(super) fn referenced(&self) -> impl Iterator<Item = (usize, String)> {
        let old = self.points_at.iter().filter(|(offset, name)| !self.is_made_before(*offset, name));
        let mut said: Vec<&Name> = Vec::new();
        let old: Vec<_> = old
            .filter(|(_, name)| {
                let new = !said.iter().any(|other| other.same(name));
                said.push(name);
                new
            })
            .map(|(offset, name)| (*offset, name.shown()))
            .collect();
        old.into_iter()
    }
}
