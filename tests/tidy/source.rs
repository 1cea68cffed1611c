//! Rust text as the walls see it: without comments, texts and tests; which paths it names, and where.

use std::ops::Range;

/// The text with comments and the contents of texts and characters replaced by blanks, line for line.
pub fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => comment_end(&chars, at),
            '"' => text_end(&chars, at),
            'r' | 'b' | 'c' if !follows_a_word(&chars, at) => raw_end(&chars, at).unwrap_or(at),
            '\'' => character_end(&chars, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

fn follows_a_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |length| at + length)
}

fn comment_end(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

fn text_end(chars: &[char], mut at: usize) -> usize {
    at += 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// The end of `r"…"`, `r#"…"#`, `br"…"`, `cr"…"`; `b"…"` and `b'…'` begin with a letter that may stay.
fn raw_end(chars: &[char], at: usize) -> Option<usize> {
    let from = at + usize::from(chars[at] != 'r');
    if chars.get(from) != Some(&'r') {
        return None;
    }
    let hashes = chars[from + 1..].iter().take_while(|c| **c == '#').count();
    let open = from + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closed = |end: &usize| {
        chars[*end] == '"' && chars[end + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    Some((open + 1..chars.len()).find(closed).map_or(chars.len(), |end| end + 1 + hashes))
}

/// `'x'` and `'\n'` are characters, `'x` is a lifetime.
fn character_end(chars: &[char], at: usize) -> Option<usize> {
    if chars.get(at + 1) == Some(&'\\') {
        let end = chars[at + 3..].iter().take(10).position(|c| *c == '\'')?;
        return Some(at + 3 + end + 1);
    }
    (chars.get(at + 2) == Some(&'\'')).then_some(at + 3)
}

/// Code without what is only compiled for tests: `#[cfg(test)]` and the item after it become blanks, line for line.
pub fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(from) = out.find("#[cfg(test)]") {
        let body = out[from..].find('{').map_or(out.len(), |at| from + at);
        let declared = out[from..].find(';').map_or(out.len(), |at| from + at + 1);
        let to = if declared < body { declared } else { block_end(&out, body) };
        let blank: String = out[from..to].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(from..to, &blank);
    }
    out
}

fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, c) in code[open..].char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            return open + at + c.len_utf8();
        }
    }
    code.len()
}

/// The number of the line that the byte `at` is on.
pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where `word` stands alone, not as a part of a longer one.
pub fn words<'t>(code: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let end = at + word.len();
        let (first, last) = (word.starts_with(part), word.ends_with(part));
        let within = first && code[..*at].ends_with(part) || last && code[end..].starts_with(part);
        !within
    })
}

/// Every path in `code` that begins with `root`, such as `crate` or `std`: with its place, without the root, and with
/// `{…}` taken apart, so that `use crate::{time::Moment, view}` names `time::Moment` and `view`.
pub fn paths(code: &str, root: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in words(code, root) {
        let before = code[..at].trim_end();
        let is_field = before.ends_with('.') && !before.ends_with("..");
        if is_field || (before.ends_with("::") && !begins_a_path(before)) {
            continue;
        }
        let mut tree = Tree { code, at: at + root.len(), found: Vec::new() };
        let is_used = before.ends_with("use") || before.ends_with(['{', ',']);
        if tree.eat("::") {
            tree.branch(String::new());
        } else if is_used && code[tree.at..].trim_start().starts_with([';', ',', '}']) {
            tree.found.push(String::new());
        }
        found.extend(tree.found.into_iter().map(|path| (at, path)));
    }
    found
}

/// A path may begin with `::`, after nothing that could go before it.
fn begins_a_path(before: &str) -> bool {
    let before = before.trim_end_matches("::").trim_end();
    !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '>') || before.ends_with("use")
}

struct Tree<'t> {
    code: &'t str,
    at: usize,
    found: Vec<String>,
}

impl Tree<'_> {
    fn eat(&mut self, wanted: &str) -> bool {
        let rest = self.code[self.at..].trim_start();
        let there = rest.starts_with(wanted);
        if there {
            self.at = self.code.len() - rest.len() + wanted.len();
        }
        there
    }

    fn word(&mut self) -> Range<usize> {
        let rest = self.code[self.at..].trim_start();
        let from = self.code.len() - rest.len();
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at = from + length;
        from..self.at
    }

    fn branch(&mut self, path: String) {
        if self.eat("{") {
            while !self.eat("}") && self.at < self.code.len() {
                self.branch(path.clone());
                if self.eat("as") {
                    self.word();
                }
                if !self.eat(",") && !self.code[self.at..].trim_start().starts_with('}') {
                    return;
                }
            }
            return;
        }
        if self.eat("*") {
            return self.found.push(path);
        }
        let word = self.word();
        if word.is_empty() {
            return self.found.push(path);
        }
        let path = if path.is_empty() {
            self.code[word].to_owned()
        } else {
            format!("{path}::{}", &self.code[word])
        };
        if self.eat("::") { self.branch(path) } else { self.found.push(path) }
    }
}

#[test]
fn comments_texts_and_characters_are_blanks() {
    for (text, code) in [
        ("a // crate::x\nb", "a            \nb"),
        ("a /* x /* y */ z */ b", "a                   b"),
        (r#"f("a\"b", 'x', '\'', 'y)"#, "f(      ,    ,     , 'y)"),
        ("r##\"a\"#b\"## c", "            c"),
        ("for_r\"x\"", "for_r   "),
        ("br\"x\" b\"y\" 'a: &'b", "      b    'a: &'b"),
        ("\"a\nb\" c", "  \n   c"),
    ] {
        assert_eq!(code_of(text), code.to_owned(), "{text}");
    }
}

#[test]
fn what_is_for_tests_is_left_out() {
    let code = "a\n#[cfg(test)]\nmod tests;\nb\n#[cfg(test)]\nmod t {\n fn f() { x }\n}\nc";
    assert_eq!(without_tests(code).split_whitespace().collect::<String>(), "abc");
    assert_eq!(without_tests(code).matches('\n').count(), code.matches('\n').count());
}

#[test]
fn use_trees_are_taken_apart() {
    let named = |code| paths(code, "crate").into_iter().map(|(_, path)| path).collect::<Vec<_>>();
    assert_eq!(
        named("use crate::{time::Moment, view::{self, Ink as I}, plan::*};"),
        ["time::Moment", "view::self", "view::Ink", "plan"]
    );
    assert_eq!(
        named("let a: crate::time::Moment = crate::plan::f::<u8>(x.crate);"),
        ["time::Moment", "plan::f"]
    );
    let serde = |code| paths(code, "serde").len();
    let code =
        "use serde; use ::serde::de; a::serde::b; serde_json::c; serde::d(); let serde = 1; use {serde};";
    assert_eq!(serde(code), 4);
}
