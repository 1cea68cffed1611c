//! The words of SQL told apart, also where a comment or a text goes on over lines.

use super::ink::{Row, Tone};

const KEYWORDS: &str = " add after all alter and any array as before begin between by cascade case check column comment commit \
    concurrently conflict constraint create cross declare default delete desc distinct do drop each else elsif end exception exclude \
    execute exists extension false for foreign from full function grant group having if in index inner insert into is join key \
    language left like limit lock loop not null of on or order outer perform policy primary procedure raise references rename \
    replace restrict return returning returns revoke right role rollback row schema select sequence set table then to trigger true \
    truncate type union unique update using validate values view when where with ";
/// A longer word is none of them.
const KEYWORD_MAX: usize = 12;

/// What a line of SQL starts in the middle of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// Comments that are open, in each other.
    comments: usize,
    /// A text between single quotes.
    text: bool,
    /// The tag of the text between dollars, whose inside is shown as code.
    dollars: Option<String>,
}

impl Inside {
    /// Reads over a line.
    pub fn pass(&mut self, line: &str) {
        self.tokens(line, |_, _| {});
    }

    /// Adds a line to `row`, its words told apart.
    pub fn highlight(&mut self, mut row: Row, line: &str) -> Row {
        self.tokens(line, |text, tone| row = std::mem::take(&mut row).say(tone, text));
        row
    }

    fn tokens(&mut self, line: &str, mut hear: impl FnMut(&str, Tone)) {
        let mut rest = line;
        while !rest.is_empty() {
            let (end, tone) = self.token(rest);
            let (token, after) = rest.split_at(end);
            hear(token, tone);
            rest = after;
        }
    }

    /// The bytes of the first token of `rest`, which is not empty, and what it is.
    fn token(&mut self, rest: &str) -> (usize, Tone) {
        if self.comments > 0 {
            let (open, close) = (rest.find("/*"), rest.find("*/"));
            return match (open, close) {
                (Some(open), close) if close.is_none_or(|close| open < close) => {
                    self.comments += 1;
                    (open + 2, Tone::Dim)
                }
                (_, Some(close)) => {
                    self.comments -= 1;
                    (close + 2, Tone::Dim)
                }
                _ => (rest.len(), Tone::Dim),
            };
        }
        if let Some(tag) = &self.dollars
            && rest.starts_with(tag.as_str())
        {
            let end = tag.len();
            // An apostrophe in prose between dollars ends with it.
            (self.dollars, self.text) = (None, false);
            return (end, Tone::Literal);
        }
        if self.text {
            return self.text_to_its_end(rest, 0);
        }
        let first = rest.chars().next().unwrap_or(' ');
        if rest.starts_with("--") {
            (rest.len(), Tone::Dim)
        } else if rest.starts_with("/*") {
            self.comments = 1;
            (2, Tone::Dim)
        } else if first == '\'' {
            self.text = true;
            self.text_to_its_end(rest, 1)
        } else if first == '$'
            && self.dollars.is_none()
            && let Some(end) = dollar_tag(rest)
        {
            self.dollars = Some(rest[..end].to_owned());
            (end, Tone::Literal)
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let word = &rest[..end];
            let known = end <= KEYWORD_MAX && KEYWORDS.contains(&format!(" {} ", word.to_lowercase()));
            (end, if known { Tone::Keyword } else { Tone::Plain })
        } else {
            let starts = |at: usize, c: char| {
                is_word(c)
                    || matches!(c, '\'' | '$')
                    || rest[at..].starts_with("--")
                    || rest[at..].starts_with("/*")
            };
            let next = rest.char_indices().skip(1).find(|(at, c)| starts(*at, *c));
            (next.map_or(rest.len(), |(at, _)| at), Tone::Plain)
        }
    }

    /// To the closing quote, or to the closing dollars around it.
    fn text_to_its_end(&mut self, rest: &str, from: usize) -> (usize, Tone) {
        let close = rest[from..].find('\'').map(|at| from + at + 1);
        let dollars = self.dollars.as_ref().and_then(|tag| rest.find(tag.as_str()));
        let end = match (close, dollars) {
            (Some(close), dollars) if dollars.is_none_or(|at| close <= at) => {
                self.text = false;
                close
            }
            (_, Some(at)) => at,
            _ => rest.len(),
        };
        (end, Tone::Literal)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The bytes of `$tag$` at the start of `text`.
fn dollar_tag(text: &str) -> Option<usize> {
    let close = text[1..].find('$')?;
    let tag = &text[1..=close];
    let good = tag.chars().all(is_word) && !tag.starts_with(|c: char| c.is_ascii_digit());
    good.then_some(close + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A letter for each character's tone.
    fn tones(lines: &[&str]) -> Vec<String> {
        let mut inside = Inside::default();
        let letter = |tone| match tone {
            Tone::Keyword => 'k',
            Tone::Literal => 's',
            Tone::Dim => 'c',
            _ => '.',
        };
        let mut tones_of = |line: &str| {
            let mut tones = String::new();
            inside.tokens(line, |text, tone| tones.extend(text.chars().map(|_| letter(tone))));
            assert_eq!(tones.chars().count(), line.chars().count());
            tones
        };
        lines.iter().map(|line| tones_of(line)).collect()
    }

    #[test]
    fn comments_and_texts_go_on_over_lines() {
        assert_eq!(
            tones(&["select 'a", "-- b' from t -- c", "/* x /* y", "z */ in */ set"]),
            ["kkkkkk.ss", "sssss.kkkk...cccc", "ccccccccc", "cccccccccc.kkk"]
        );
    }

    #[test]
    fn dollars_end_what_is_open_in_them() {
        assert_eq!(tones(&["do $x$ it's", "so $x$ end $1"]), ["kk.sss...ss", "ssssss.kkk..."]);
        assert_eq!(tones(&["", "$", "ä'ö"]), ["", ".", ".ss"]);
    }
}
