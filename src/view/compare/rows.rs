//! The comparison as rows: two columns where there is room, one below the other where there is not.

use super::{CompareItem, Comparison, Likeness, Pair};
use crate::view::ink::{Row, Tone};

/// From so many columns on, the two sessions stand side by side.
const WIDE: usize = 120;
/// Columns of the labels, where they have a column of their own.
const LABEL: usize = 36;

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
        aside => row.say(Tone::Dim, &format!("; ~ {aside} that do not: who, when, where, how long, sampled")),
    }
}

/// The rows, `columns` wide; of items for which `opened` says so with every part of them.
pub fn compare_rows(
    comparison: &Comparison,
    columns: usize,
    only_differences: bool,
    opened: impl Fn(usize) -> bool,
) -> Vec<CompareRow> {
    let mut rows = Vec::new();
    for (at, item) in comparison.items.iter().enumerate() {
        if only_differences && item.likeness() != Likeness::Differs {
            continue;
        }
        let open = opened(at);
        let mut all = head(item, open, columns);
        if open {
            let shown = item.pairs.iter().filter(|it| !only_differences || it.likeness == Likeness::Differs);
            all.extend(shown.flat_map(|pair| part(pair, columns)));
            if item.pairs.is_empty() {
                all.push(Row::of(Tone::Dim, "      nothing differs"));
            }
        }
        let row = |(line, row)| CompareRow { item: at, head: line == 0, row };
        rows.extend(all.into_iter().enumerate().map(row));
    }
    rows
}

fn head(item: &CompareItem, open: bool, columns: usize) -> Vec<Row> {
    let likeness = item.likeness();
    let mark = Row::of(likeness.tone(), &format!(" {} ", likeness.shape()));
    let fold = if open { "▾ " } else { "▸ " };
    let tone = if likeness == Likeness::Same { Tone::Dim } else { Tone::Strong };
    let title = mark.say(Tone::Dim, fold).say(tone, &item.title);
    let (a, b) = (&item.summary.0, &item.summary.1);
    let differ = if a == b { likeness.text() } else { tone };
    if columns >= WIDE {
        return beside(&title, (a, b), differ, columns);
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
fn beside(label: &Row, (a, b): (&str, &str), tone: Tone, columns: usize) -> Vec<Row> {
    let width = (columns - LABEL - 5) / 2;
    let label = Row { indent: 8, ..label.clone() }.wrap(LABEL);
    let a = Row::of(tone, a).wrap(width);
    let b = Row::of(tone, b).wrap(width);
    let cell = |rows: &[Row], at: usize| rows.get(at).cloned().unwrap_or_default();
    (0..label.len().max(a.len()).max(b.len()))
        .map(|at| {
            let row = cell(&label, at).pad(LABEL + 1).join(cell(&a, at)).pad(LABEL + 1 + width + 1);
            row.say(Tone::Dim, "│ ").join(cell(&b, at))
        })
        .collect()
}
