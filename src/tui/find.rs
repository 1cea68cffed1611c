//! Searching in the pane in focus: what is looked for, where it is, and which place is next.

use super::paint::Canvas;
use super::place::Tab;
use crate::view::{Tone, clean_line, width};
use ratatui::layout::{Position, Rect};
use std::ops::Range;

/// More places than this are not told apart.
const HITS_MAX: usize = 100_000;
/// More than this is nothing to look for.
const LETTERS_MAX: usize = 200;

/// What is searched in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Tab(Tab),
    Help,
}

/// What is looked for. Without a capital letter, capitals do not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needle {
    text: String,
    exact: bool,
}

impl Needle {
    fn of(query: &str) -> Self {
        Self { text: query.to_owned(), exact: query.chars().any(char::is_uppercase) }
    }

    /// Whether it is anywhere in `hay`.
    pub fn is_in(&self, hay: &str) -> bool {
        let (needle, bytes) = (self.text.as_bytes(), hay.as_bytes());
        let Some(first) = needle.first() else { return false };
        if self.exact {
            return hay.contains(&self.text);
        }
        if !(self.text.is_ascii() && hay.is_ascii()) {
            return hay.to_lowercase().contains(&self.text);
        }
        let starts = bytes.len().saturating_sub(needle.len() - 1);
        (0..starts).any(|at| {
            bytes[at].eq_ignore_ascii_case(first) && bytes[at..at + needle.len()].eq_ignore_ascii_case(needle)
        })
    }

    /// How many of `symbols`, which stand side by side, it covers from the first one on.
    fn covers(&self, symbols: &[String]) -> Option<usize> {
        let mut rest = self.text.as_str();
        for (count, symbol) in symbols.iter().enumerate() {
            if rest.is_empty() {
                return Some(count);
            }
            let folded;
            let symbol = if self.exact {
                symbol
            } else {
                folded = symbol.to_lowercase();
                &folded
            };
            rest = rest.strip_prefix(symbol.as_str()).filter(|_| !symbol.is_empty())?;
        }
        rest.is_empty().then_some(symbols.len())
    }
}

/// Where to go next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Want {
    #[default]
    Stay,
    /// The first place from where the search began on.
    Nearest,
    Next,
    Previous,
}

/// A search, and what was found when its pane was drawn last.
#[derive(Debug, Default)]
pub(super) struct Find {
    /// The words are typed.
    pub typing: bool,
    query: String,
    sight: Option<Sight>,
    needle: Needle,
    /// Where the pane stood when the search began.
    origin: Option<usize>,
    /// Places, smallest first; what a place is, the pane says.
    hits: Vec<usize>,
    /// The place that is shown.
    here: Option<usize>,
    want: Want,
    /// What was searched: a stamp of the content, and up to where.
    searched: Option<(u64, usize)>,
}

impl Find {
    /// Begins a search.
    pub fn start(&mut self, sight: Sight) {
        *self = Self { typing: true, sight: Some(sight), ..Self::default() };
    }

    /// Ends it; nothing is marked any more.
    pub fn leave(&mut self) {
        *self = Self::default();
    }

    /// Keeps what was typed, if there is something.
    pub fn confirm(&mut self) {
        self.typing = false;
        if self.query.is_empty() {
            self.leave();
        }
    }

    /// Whether something is looked for in `sight`.
    pub fn is_on(&self, sight: Sight) -> bool {
        self.sight == Some(sight) && !self.query.is_empty()
    }

    /// Adds what was typed or pasted, as one line.
    pub fn add(&mut self, text: &str) {
        let room = LETTERS_MAX.saturating_sub(self.query.chars().count());
        let line = text.split(['\n', '\r']).next().unwrap_or_default();
        self.query.extend(line.chars().filter(|c| !c.is_control()).take(room));
        self.changed();
    }

    /// Takes a letter away, or all of them.
    pub fn rub(&mut self, all: bool) {
        if all {
            self.query.clear();
        } else {
            self.query.pop();
        }
        self.changed();
    }

    fn changed(&mut self) {
        (self.needle, self.want) = (Needle::of(&self.query), Want::Nearest);
        (self.searched, self.here) = (None, None);
        self.hits.clear();
    }

    /// Goes to the next place when the pane is drawn again, or to the one before.
    pub fn go(&mut self, on: bool) {
        self.want = if on { Want::Next } else { Want::Previous };
    }

    /// The line at the bottom: what is looked for, and which place of how many is shown.
    pub fn words(&self) -> (String, String) {
        let count = match (self.hits.len(), self.here) {
            _ if self.query.is_empty() => String::new(),
            (0, _) => "nothing found".to_owned(),
            (count, here) => {
                let at = here.map_or(0, |here| self.hits.partition_point(|hit| *hit <= here));
                let more = if count == HITS_MAX { "+" } else { "" };
                format!("{at}/{count}{more}")
            }
        };
        (clean_line(&self.query), count)
    }

    /// Searches `places` and returns the one to show, if it is another one than before. `has` says whether a place has
    /// it; `stamp` changes with what was there already, and what only grew is searched where it is new. `stands` is
    /// the place at which the pane stands.
    pub fn search(
        &mut self,
        sight: Sight,
        (stamp, places, stands): (Option<u64>, Range<usize>, usize),
        has: impl Fn(usize, &Needle) -> bool,
    ) -> Option<usize> {
        if !self.is_on(sight) {
            if self.sight == Some(sight) {
                self.origin.get_or_insert(stands);
            }
            return None;
        }
        let origin = *self.origin.get_or_insert(stands);
        let known = self.searched.filter(|(of, _)| Some(*of) == stamp).map(|(_, to)| to);
        if known.is_none() {
            self.hits.clear();
        }
        let gone = self.hits.partition_point(|hit| *hit < places.start);
        self.hits.drain(..gone);
        let from = known.unwrap_or(places.start).max(places.start);
        let room = HITS_MAX.saturating_sub(self.hits.len());
        let needle = &self.needle;
        self.hits.extend((from..places.end).filter(|at| has(*at, needle)).take(room));
        self.searched = stamp.map(|stamp| (stamp, places.end));
        self.step(origin, stands)
    }

    fn step(&mut self, origin: usize, stands: usize) -> Option<usize> {
        let want = std::mem::take(&mut self.want);
        let first = self.hits.first().copied();
        let from = self.here.unwrap_or(stands);
        let after = |place: usize| self.hits.get(self.hits.partition_point(|hit| *hit < place)).copied();
        let next = match want {
            Want::Stay => return None,
            Want::Nearest => after(origin).or(first),
            Want::Next => after(from + 1).or(first),
            Want::Previous => {
                let before = self.hits.partition_point(|hit| *hit < from);
                self.hits[..before].last().or(self.hits.last()).copied()
            }
        };
        self.here = next;
        next
    }

    /// Marks what is looked for in the cells of a pane; `current` is the row of the place that is shown.
    pub fn paint(&self, canvas: &mut Canvas<'_, '_>, area: Rect, sight: Sight, current: Option<usize>) {
        if !self.is_on(sight) {
            return;
        }
        for (index, line) in area.intersection(canvas.frame.area()).rows().enumerate() {
            let tone = if current == Some(index) { Tone::Call } else { Tone::Warn };
            let style = canvas.theme.badge(tone);
            let mut symbols = Vec::new();
            let mut columns = Vec::new();
            let mut x = line.x;
            while x < line.right() {
                let symbol = canvas.buffer().cell(Position::new(x, line.y)).map_or(" ", |cell| cell.symbol());
                let wide = u16::try_from(width(symbol)).unwrap_or(1).max(1);
                symbols.push(symbol.to_owned());
                columns.push((x, wide));
                x += wide;
            }
            let mut at = 0;
            while at < symbols.len() {
                let count = self.needle.covers(&symbols[at..]).unwrap_or(0);
                for &(x, wide) in &columns[at..at + count] {
                    canvas.style(Rect { x, width: wide, ..line }.intersection(line), style);
                }
                at += count.max(1);
            }
        }
    }

    /// The row of the window that shows the current place, for [`Self::paint`].
    pub fn row_of(&self, sight: Sight, top: usize) -> Option<usize> {
        self.here.filter(|_| self.is_on(sight))?.checked_sub(top)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGHT: Sight = Sight::Tab(Tab::Output);

    fn typed(query: &str) -> Find {
        let mut find = Find::default();
        find.start(SIGHT);
        find.add(query);
        find
    }

    fn look(find: &mut Find, lines: &[&str], stands: usize) -> Option<usize> {
        find.search(SIGHT, (None, 0..lines.len(), stands), |at, needle| needle.is_in(lines[at]))
    }

    #[test]
    fn places_are_counted_and_gone_through() {
        let lines = ["a key", "none", "KEY", "key key", "no"];
        let mut find = typed("key");
        assert_eq!(look(&mut find, &lines, 1), Some(2), "the nearest from where it began");
        assert_eq!(find.words(), ("key".to_owned(), "2/3".to_owned()));
        find.go(true);
        assert_eq!(look(&mut find, &lines, 0), Some(3));
        find.go(true);
        assert_eq!(look(&mut find, &lines, 0), Some(0), "round the end");
        find.go(false);
        assert_eq!(look(&mut find, &lines, 0), Some(3));
        assert_eq!(look(&mut find, &lines, 0), None, "it stays");
        let mut find = typed("KEY");
        assert_eq!(look(&mut find, &lines, 0), Some(2), "capitals are meant");
        assert_eq!(find.words().1, "1/1");
        let mut find = typed("nowhere");
        assert_eq!(look(&mut find, &lines, 0), None);
        assert_eq!(find.words().1, "nothing found");
        assert!(typed("ÄR").needle.is_in("WÄRE") && typed("är").needle.is_in("WÄRE"));
    }

    #[test]
    fn what_only_grew_is_not_searched_again() {
        let mut find = typed("x");
        let searched = std::cell::RefCell::new(Vec::new());
        let mut look = |places: Range<usize>| {
            find.search(SIGHT, (Some(1), places, 0), |at, _| {
                searched.borrow_mut().push(at);
                at % 2 == 0
            });
            find.hits.clone()
        };
        assert_eq!(look(0..4), [0, 2]);
        assert_eq!(look(2..6), [2, 4]);
        assert_eq!(*searched.borrow(), [0, 1, 2, 3, 4, 5]);
    }
}
