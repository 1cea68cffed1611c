//! Words with a meaning for the eye: the rows that panes are made of. Whatever is said here is cleaned on the way in.

use super::clean::{clean, strict};
use unicode_width::UnicodeWidthChar;

/// What a piece of text means; the theme gives it a style.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary text.
    #[default]
    Plain,
    /// Labels, rules, what may be overlooked.
    Dim,
    /// What must not be overlooked.
    Strong,
    /// As wanted.
    Good,
    /// Needs attention.
    Warn,
    /// Not as wanted.
    Bad,
    /// Happening now.
    Live,
    /// A person's turn: gates, keys, phrases.
    Call,
    /// A word of SQL.
    Keyword,
    /// A string of SQL.
    Literal,
    /// Stands for a character that is not drawn.
    Danger,
}

/// A run of text with one tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Clean text.
    pub text: String,
    /// What it means.
    pub tone: Tone,
}

/// A row of a pane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Columns by which a row that is wrapped is set in.
    pub indent: usize,
    /// From left to right.
    pub pieces: Vec<Piece>,
}

/// Columns that clean text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

impl Row {
    /// An empty row.
    pub fn new() -> Self {
        Self::default()
    }

    /// A row of one piece.
    pub fn of(tone: Tone, text: &str) -> Self {
        Self::new().say(tone, text)
    }

    /// A label in a column of its own and what belongs to it.
    pub fn labelled(label: &str, tone: Tone, text: &str) -> Self {
        const LABEL: usize = 8;
        let row = Self { indent: LABEL, pieces: Vec::new() };
        row.say(Tone::Dim, &format!("{label:<LABEL$}")).say(tone, text)
    }

    /// Adds text by Rule C; with [`Row::exact`] the only way in, so nothing foreign reaches a screen.
    #[must_use]
    pub fn say(self, tone: Tone, text: &str) -> Self {
        self.spans(tone, clean(text, false))
    }

    /// Adds text by Rule S, for what must not be mistaken for something else: hosts, paths, phrases, names to confirm.
    #[must_use]
    pub fn exact(self, tone: Tone, text: &str) -> Self {
        self.spans(tone, strict(text))
    }

    fn spans(mut self, tone: Tone, spans: Vec<super::clean::Span>) -> Self {
        for span in spans {
            if !span.text.is_empty() {
                let tone = if span.danger { Tone::Danger } else { tone };
                self.pieces.push(Piece { text: span.text, tone });
            }
        }
        self
    }

    /// Adds spaces up to a column.
    #[must_use]
    pub fn pad(self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width());
        self.say(Tone::Plain, &" ".repeat(missing))
    }

    /// Adds another row's pieces.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|piece| width(&piece.text)).sum()
    }

    /// The text without tones.
    pub fn plain(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }

    fn chars(&self) -> impl Iterator<Item = (char, Tone)> + '_ {
        self.pieces.iter().flat_map(|piece| piece.text.chars().map(|c| (c, piece.tone)))
    }

    fn collect(chars: impl IntoIterator<Item = (char, Tone)>) -> Self {
        let mut row = Self::new();
        for (c, tone) in chars {
            match row.pieces.last_mut() {
                Some(piece) if piece.tone == tone => piece.text.push(c),
                _ => row.pieces.push(Piece { text: String::from(c), tone }),
            }
        }
        row
    }

    /// The row from column `skip` on, at most `columns` wide, with `…` where something is cut away.
    #[must_use]
    pub fn cut(&self, skip: usize, columns: usize) -> Self {
        if columns == 0 {
            return Self::new();
        }
        let whole = self.width();
        if skip == 0 && whole <= columns {
            return self.clone();
        }
        let (cut_left, cut_right) = (skip > 0 && whole > 0, whole.saturating_sub(skip) > columns);
        let first = skip + usize::from(cut_left);
        let last = skip + columns - usize::from(cut_right);
        let mut shown = Vec::new();
        if cut_left {
            shown.push(('…', Tone::Dim));
        }
        let (mut column, mut kept) = (0, false);
        for (c, tone) in self.chars() {
            let wide = c.width().unwrap_or(0);
            // A mark goes with the letter that carries it.
            kept = if wide == 0 { kept } else { column >= first && column + wide <= last };
            if kept {
                shown.push((c, tone));
            }
            column += wide;
        }
        if cut_right && columns > usize::from(cut_left) {
            shown.push(('…', Tone::Dim));
        }
        Self::collect(shown)
    }

    /// The row broken at spaces into rows of at most `columns`.
    pub fn wrap(&self, columns: usize) -> Vec<Self> {
        if columns == 0 || self.width() <= columns {
            return vec![self.clone()];
        }
        let indent = if self.indent * 2 < columns { self.indent } else { 0 };
        let mut rows = Vec::new();
        let all: Vec<(char, Tone)> = self.chars().collect();
        let mut rest = all.as_slice();
        while !rest.is_empty() {
            let margin = if rows.is_empty() { 0 } else { indent };
            let (mut used, mut fits) = (margin, 0);
            for (c, _) in rest {
                used += c.width().unwrap_or(0);
                if used > columns {
                    break;
                }
                fits += 1;
            }
            let mut end = fits.max(1);
            if end < rest.len() {
                let floor = if rows.is_empty() { indent } else { 0 };
                // A space right behind the last column is as good a place as one within.
                let space = rest[..=end].iter().rposition(|(c, _)| *c == ' ');
                end = space.filter(|at| *at > floor).unwrap_or(end);
            }
            let (line, tail) = rest.split_at(end.min(rest.len()));
            rows.push(Self::collect(
                std::iter::repeat_n((' ', Tone::Plain), margin).chain(line.iter().copied()),
            ));
            let blank = tail.iter().take_while(|(c, _)| *c == ' ').count();
            rest = &tail[blank..];
        }
        rows
    }
}

/// All rows wrapped.
pub fn wrap(rows: &[Row], columns: usize) -> Vec<Row> {
    rows.iter().flat_map(|row| row.wrap(columns)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_marks_both_ends() {
        let row = Row::of(Tone::Plain, "abcdefghij");
        assert_eq!(row.cut(0, 10).plain(), "abcdefghij");
        assert_eq!(row.cut(0, 5).plain(), "abcd…");
        assert_eq!(row.cut(3, 4).plain(), "…ef…");
        assert_eq!(row.cut(7, 4).plain(), "…ij");
        assert_eq!(row.cut(0, 0).plain(), "");
        for columns in 0..12 {
            for skip in 0..12 {
                assert!(row.cut(skip, columns).width() <= columns.max(1));
            }
        }
    }

    #[test]
    fn wrapped_rows_fit_and_keep_every_word() {
        let row =
            Row::labelled("why", Tone::Plain, "a verification query returns what it should not 日本日本");
        for columns in 1..80 {
            let rows = row.wrap(columns);
            assert!(columns < 2 || rows.iter().all(|row| row.width() <= columns), "{columns}");
            let words = |text: String| text.split_whitespace().collect::<String>();
            let all: String = rows.iter().map(Row::plain).collect();
            assert_eq!(words(all), words(row.plain()));
        }
    }
}
