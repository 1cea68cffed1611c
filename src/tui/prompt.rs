//! A line that asks for a few words: typed below everything, Enter takes it, Esc leaves it.

use crate::view::{Row, Tone, clean};

/// No line is longer.
const LETTERS_MAX: usize = 200;

/// A line that is being typed.
#[derive(Debug)]
pub(super) struct Prompt {
    title: &'static str,
    text: String,
}

impl Prompt {
    /// An empty line; `title` says what is asked.
    pub fn new(title: &'static str) -> Self {
        Self { title, text: String::new() }
    }

    /// What was typed so far.
    pub fn text(&self) -> &str {
        self.text.trim()
    }

    /// Takes letters, typed or pasted; what would act on a screen is left out.
    pub fn take(&mut self, letters: &str) {
        for span in clean(letters, false).into_iter().filter(|span| !span.danger) {
            let room = LETTERS_MAX.saturating_sub(self.text.chars().count());
            self.text.extend(span.text.chars().take(room));
        }
    }

    /// Takes one letter away; false when there is none.
    pub fn rub(&mut self) -> bool {
        self.text.pop().is_some()
    }

    /// Takes all letters away.
    pub fn rub_all(&mut self) {
        self.text.clear();
    }

    /// The line, its end always in sight.
    pub fn row(&self, columns: usize) -> Row {
        let front = Row::of(Tone::Call, &format!(" {}: ", self.title));
        let typed = Row::of(Tone::Strong, &self.text).say(Tone::Live, "_");
        let help = "   Enter takes it · Esc leaves";
        let room = columns.saturating_sub(front.width());
        let hidden = typed.width().saturating_sub(room);
        let row = front.join(typed.cut(hidden, room));
        if row.width() + help.len() <= columns { row.say(Tone::Dim, help) } else { row }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_typed_and_its_end_is_seen() {
        let mut prompt = Prompt::new("find");
        prompt.take("tim");
        prompt.take("e\u{1b}[2Jout\n");
        assert!(prompt.text().starts_with("time") && !prompt.text().contains('\u{1b}'));
        prompt.rub_all();
        assert!(!prompt.rub());
        prompt.take(&"x".repeat(300));
        prompt.take("y");
        assert_eq!(prompt.text().len(), LETTERS_MAX);
        for columns in 0..260 {
            let row = prompt.row(columns);
            assert!(row.width() <= columns.max(7), "{columns}");
            assert!(columns < 10 || row.plain().contains('_'), "{columns}: {}", row.plain());
        }
    }
}
