//! Asks squawk's linter what a script does that can hurt; nothing it says stops anything, the operator reads it.

mod flat;
mod names;
mod rules;
#[cfg(test)]
mod tests;

use super::{Kind, Lines, Statement, grammar};
use crate::definition::Script;
use crate::plan::{Hazard, HazardClass};
use flat::Flat;
use names::Names;
use rules::MEANINGS;
use squawk_linter::{Linter, LinterSettings, Rule, Violation};
use squawk_syntax::SourceFile;

/// A hazard on its way: where it stands in the text, and what it is.
struct Seen {
    offset: usize,
    end: usize,
    rule: String,
    class: HazardClass,
    what: String,
    why: String,
    next: String,
}

/// What `script` shows of hazards, in the order of its text. Rules about what others lose are not asked of a script
/// that undoes.
pub fn hazards(script: &Script, undoes: bool) -> Vec<Hazard> {
    let Ok(split) = super::split(&script.file, &script.text, script.first_line) else { return Vec::new() };
    let statements = &split.statements;
    let text = script.text.as_str();
    let found = grammar::with_room(|| look(text, statements, undoes));
    let seen = found.unwrap_or_else(|| {
        statements
            .first()
            .map(|first| vec![unseen(first.range.start, "the file could not be looked at")])
            .unwrap_or_default()
    });
    let lines = Lines::new(&script.file, text, script.first_line);
    let ignores = ignores(text);
    let mut hazards: Vec<Hazard> = Vec::new();
    for seen in seen.into_iter().chain(unknown_names(&ignores)) {
        let line = text[..seen.offset].matches('\n').count();
        let around = statements.iter().find(|statement| statement.range.contains(&seen.offset));
        hazards.push(Hazard {
            script: script.name(),
            at: lines.place(seen.offset),
            statement: around.map_or_else(|| lines.place(seen.offset), |statement| statement.at.clone()),
            perhaps: seen.class != HazardClass::Unseen
                && around.is_some_and(|it| flat::is_do(&text[it.range.clone()])),
            accepted: ignores.iter().any(|ignore| ignore.covers(line, &seen.rule)),
            rule: seen.rule,
            class: seen.class,
            what: seen.what,
            why: seen.why,
            next: seen.next,
        });
    }
    hazards.sort_by(|one, other| (&one.at, one.class).cmp(&(&other.at, other.class)));
    hazards
}

fn unseen(offset: usize, what: impl Into<String>) -> Seen {
    Seen {
        offset,
        end: offset,
        rule: "not-looked-into".to_owned(),
        class: HazardClass::Unseen,
        what: what.into(),
        why: "What it does is not known before it runs.".to_owned(),
        next: "read it yourself".to_owned(),
    }
}

fn look(text: &str, statements: &[Statement], undoes: bool) -> Vec<Seen> {
    let Flat { sql, unseen: mut seen } = flat::flat(text, statements);
    let parse = SourceFile::parse(&sql);
    let mut doubtful: Vec<usize> = Vec::new();
    for error in parse.errors() {
        let offset = usize::from(error.range().start());
        let start = statements.iter().find(|it| it.range.start <= offset && offset <= it.range.end);
        let start = start.map_or(offset, |statement| statement.range.start);
        if !doubtful.contains(&start) && start < text.len() {
            doubtful.push(start);
            seen.push(unseen(start, "a statement that the grammar does not accept"));
        }
    }
    let mut linter = Linter::from(MEANINGS.iter().map(|meaning| meaning.rule));
    // PostgreSQL 15, the linter's default: the server is not known yet, and newer ones lock no more.
    linter.settings = LinterSettings {
        assume_in_transaction: !statements.iter().any(|it| matches!(it.kind, Kind::OutsideTransaction(_))),
        ..LinterSettings::default()
    };
    let violations = linter.lint(&parse, &sql);
    let names = Names::of(&parse.tree());
    seen.extend(violations.iter().filter_map(|violation| meant(violation, undoes, &names)));
    seen.extend(names.referenced().map(|(offset, table)| Seen {
        offset,
        end: offset,
        rule: Rule::AddingForeignKeyConstraint.to_string(),
        class: HazardClass::Lock,
        what: format!("a new foreign key locks {table} against writes until COMMIT"),
        why: "The table it points at is locked (SHARE ROW EXCLUSIVE) from here to COMMIT.".to_owned(),
        next: "commit soon: others can read that table meanwhile, not write".to_owned(),
    }));
    without_shadows(seen)
}

fn meant(violation: &Violation, undoes: bool, names: &Names) -> Option<Seen> {
    let meaning = MEANINGS.iter().find(|meaning| meaning.rule == violation.code)?;
    let (offset, end) = (usize::from(violation.text_range.start()), usize::from(violation.text_range.end()));
    if undoes && meaning.up_only || names.is_about_new(offset) {
        return None;
    }
    Some(Seen {
        offset,
        end,
        rule: violation.code.to_string(),
        class: meaning.class,
        what: match names.table(offset) {
            Some(table) => meaning.what.replace("its table", &table),
            None => meaning.what.to_owned(),
        },
        why: violation.message.clone(),
        next: meaning.next.to_owned(),
    })
}

/// A constraint of a kind that has a rule of its own is a new constraint too: said once.
fn without_shadows(mut seen: Vec<Seen>) -> Vec<Seen> {
    let general = Rule::ConstraintMissingNotValid.to_string();
    let special: Vec<usize> = seen
        .iter()
        .filter(|it| it.class == HazardClass::Lock && it.rule != general)
        .map(|it| it.offset)
        .collect();
    seen.retain(|it| {
        it.rule != general || !special.iter().any(|offset| (it.offset..it.end).contains(offset))
    });
    seen
}

/// A comment `squawk-ignore` (for its line and the next) or `squawk-ignore-file`.
struct Ignore {
    line: usize,
    offset: usize,
    file: bool,
    rules: Vec<String>,
}

impl Ignore {
    fn covers(&self, line: usize, rule: &str) -> bool {
        let near = self.file || self.line == line || self.line + 1 == line;
        near && (self.rules.iter().any(|named| named == rule) || self.file && self.rules.is_empty())
    }
}

fn ignores(text: &str) -> Vec<Ignore> {
    let mut found = Vec::new();
    let mut offset = 0;
    for (line, words) in text.split_inclusive('\n').enumerate() {
        let comment = words.find("--").or_else(|| words.find("/*"));
        let body = comment.map_or("", |at| words[at + 2..].trim_start());
        let (file, rest) = match (body.strip_prefix("squawk-ignore-file"), body.strip_prefix("squawk-ignore"))
        {
            (Some(rest), _) => (true, Some(rest)),
            (None, rest) => (false, rest),
        };
        if let Some(rest) = rest {
            let rest = rest.split("--").next().unwrap_or_default().trim().trim_end_matches("*/");
            let rules = rest.split(',').map(|rule| rule.trim().to_owned()).filter(|rule| !rule.is_empty());
            found.push(Ignore { line, offset: offset + comment.unwrap_or(0), file, rules: rules.collect() });
        }
        offset += words.len();
    }
    found
}

/// An ignore that names no rule accepts nothing, which whoever wrote it must know.
fn unknown_names(ignores: &[Ignore]) -> Vec<Seen> {
    let names = ignores.iter().flat_map(|ignore| ignore.rules.iter().map(|rule| (ignore.offset, rule)));
    names
        .filter(|(_, rule)| Rule::try_from(rule.as_str()).is_err())
        .map(|(offset, rule)| Seen {
            offset,
            end: offset,
            rule: Rule::UnusedIgnore.to_string(),
            class: HazardClass::Other,
            what: format!("squawk-ignore names no rule: '{}'", rule.escape_default()),
            why: "Nothing is accepted by it.".to_owned(),
            next: "take the rule's name from `ceremony check`".to_owned(),
        })
        .collect()
}
