//! The comparison as rows: two columns where there is room, one below the other where there is not.

use super::{CompareItem, Comparison, Likeness, Pair};
use crate::view::ink::{Row, Tone};

/// From so many columns on, the two sessions stand side by side.
const WIDE: usize = 120;
/// What differs and does not count, in words.
pub const ASIDES: &str = "~ does not count: who, when, where, how long, sampled";

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareShow {
    /// Everything.
    All,
    /// Of what is opened only what is not the same, and how much is.
    Unlike,
    /// What differs and counts, and nothing else.
    Differing,
}

/// A row and the item it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompareRow {
    /// Index into the comparison's items.
    pub item: usize,
    /// The first row of its item.
    pub head: bool,
    /// What is shown.
    pub row: Row,
}

impl Likeness {
    /// One column.
    fn shape(self) -> &'static str {
        match self {
            Self::Same => "=",
            Self::Aside => "~",
            Self::Differs => "≠",
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Same => Tone::Dim,
            Self::Aside => Tone::Warn,
            Self::Differs => Tone::Bad,
        }
    }

    /// What is equal may be overlooked.
    fn text(self) -> Tone {
        match self {
            Self::Same => Tone::Dim,
            Self::Aside | Self::Differs => Tone::Plain,
        }
    }
}

/// How it ends, in one row.
pub fn compare_summary(comparison: &Comparison) -> Row {
    let (count, aside) = (comparison.differences(), comparison.asides());
    let row = match count {
        0 => Row::of(Tone::Good, "= equal in what counts"),
        1 => Row::of(Tone::Bad, "≠ 1 difference that counts"),
        count => Row::of(Tone::Bad, &format!("≠ {count} differences that count")),
    };
    match aside {
        0 => row,
        aside => row.say(Tone::Dim, &format!("; ~ {aside} that do not")),
    }
}

/// The rows, `columns` wide; of items for which `opened` says so with every part of them.
pub fn compare_rows(
    comparison: &Comparison,
    columns: usize,
    show: CompareShow,
    opened: impl Fn(usize) -> bool,
) -> Vec<CompareRow> {
    let mut rows = Vec::new();
    for (at, item) in comparison.items.iter().enumerate() {
        if show == CompareShow::Differing && item.likeness() != Likeness::Differs {
            continue;
        }
        let open = opened(at);
        let mut all = head(item, open, columns);
        if open {
            all.extend(opened_rows(item, columns, show));
        }
        let row = |(line, row)| CompareRow { item: at, head: line == 0, row };
        rows.extend(all.into_iter().enumerate().map(row));
    }
    rows
}

fn opened_rows(item: &CompareItem, columns: usize, show: CompareShow) -> Vec<Row> {
    let least = match show {
        CompareShow::All => Likeness::Same,
        CompareShow::Unlike => Likeness::Aside,
        CompareShow::Differing => Likeness::Differs,
    };
    let shown = item.pairs.iter().filter(|pair| pair.likeness >= least);
    let mut rows: Vec<Row> = shown.flat_map(|pair| part(pair, columns)).collect();
    let same = item.pairs.iter().filter(|pair| pair.likeness == Likeness::Same).count();
    if item.pairs.is_empty() {
        rows.push(Row::of(Tone::Dim, "   = nothing differs"));
    } else if show == CompareShow::Unlike && same > 0 {
        rows.push(Row::of(Tone::Dim, &format!("   = {same} more the same")));
    }
    rows
}

fn head(item: &CompareItem, open: bool, columns: usize) -> Vec<Row> {
    let likeness = item.likeness();
    let mark = Row::of(likeness.tone(), &format!(" {} ", likeness.shape()));
    let fold = if open { "▾ " } else { "▸ " };
    let tone = if likeness == Likeness::Same { Tone::Dim } else { Tone::Strong };
    let title = mark.say(Tone::Dim, fold).say(tone, &item.title);
    // Steps of several kinds can have one title.
    let title = if item.id.is_empty() { title } else { title.say(Tone::Dim, &format!("  {}", item.id)) };
    let (a, b) = (&item.summary.0, &item.summary.1);
    let differ = if a == b { likeness.text() } else { tone };
    if columns >= WIDE {
        return beside(&[title.cut(0, label_columns(columns))], (a, b), differ, columns);
    }
    // On a narrow screen both summaries go behind the title where they fit.
    let both = match a == b {
        true => Row::of(differ, a),
        false => Row::of(Tone::Dim, "A ").say(differ, a).say(Tone::Dim, "  B ").say(differ, b),
    };
    let room = columns.saturating_sub(both.width() + 2);
    if room >= 24.min(title.width()) {
        return vec![title.cut(0, room).pad(room + 1).join(both)];
    }
    vec![title.cut(0, columns), Row::new().pad(6).join(both).cut(0, columns)]
}

fn part(pair: &Pair, columns: usize) -> Vec<Row> {
    let likeness = pair.likeness;
    let label = Row::of(likeness.tone(), &format!("   {} ", likeness.shape()))
        .say(if likeness == Likeness::Same { Tone::Dim } else { Tone::Plain }, &pair.label);
    if columns >= WIDE {
        let label = Row { indent: 5, ..label }.wrap(label_columns(columns));
        return beside(&label, (&pair.a, &pair.b), likeness.text(), columns);
    }
    if likeness == Likeness::Same {
        return Row { indent: 8, ..label.say(Tone::Dim, ": ").say(Tone::Dim, &pair.a) }.wrap(columns);
    }
    let mut rows = Row { indent: 8, ..label }.wrap(columns);
    for (name, text) in [("A", &pair.a), ("B", &pair.b)] {
        let row = Row { indent: 10, ..Row::of(Tone::Dim, &format!("       {name}  ")) };
        rows.extend(row.say(likeness.text(), text).wrap(columns));
    }
    rows
}

/// Label and both texts in columns of their own, each wrapped within it.
fn beside(label: &[Row], (a, b): (&str, &str), tone: Tone, columns: usize) -> Vec<Row> {
    let left = label_columns(columns) + 1;
    let width = (columns - left - 4) / 2;
    let a = Row::of(tone, a).wrap(width);
    let b = Row::of(tone, b).wrap(width);
    let cell = |rows: &[Row], at: usize| rows.get(at).cloned().unwrap_or_default();
    (0..label.len().max(a.len()).max(b.len()))
        .map(|at| {
            let row = cell(label, at).pad(left).join(cell(&a, at)).pad(left + width + 1);
            row.say(Tone::Dim, "│ ").join(cell(&b, at))
        })
        .collect()
}

/// Columns of the labels, where they have a column of their own.
fn label_columns(columns: usize) -> usize {
    (columns / 3).clamp(36, 60)
}
