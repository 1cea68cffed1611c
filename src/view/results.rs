//! Results of queries as tables: typed alignment, a window of rows and columns, and what was made of them. Only what is
//! in the window is laid out, whatever a result holds.

use super::Table;
use super::checklist::Mark;
use super::ink::{Row, Tone, width};
use crate::session::Verdict;
use crate::time::human_duration;

/// No column is wider than this; a wide cell can be opened.
const COLUMN_MAX: usize = 40;
/// So many characters of a cell are looked at to draw it: more than a column shows, even with marks on each of them.
const CELL_CHARS: usize = COLUMN_MAX * 3 + 1;
/// Cells that are measured beforehand, over all columns.
const SAMPLE_CELLS: usize = 20_000;
/// And rows at most.
const SAMPLE_ROWS: usize = 200;
/// So much of each cell is shown where a whole row is opened, characters.
const OPENED_CHARS: usize = 2_000;

/// How wide the columns of a result are; they only grow while it is looked at, so that nothing jumps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Widths(Vec<usize>);

/// The part of a result that is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// First row.
    pub top: usize,
    /// How many rows.
    pub rows: usize,
    /// First column that is scrolled.
    pub left: usize,
    /// Columns of the screen.
    pub columns: usize,
    /// The first column stays.
    pub pinned: bool,
}

/// A result as it is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultsView {
    /// Query, number of rows, time.
    pub title: Row,
    /// The verdict beside what was wanted and seen.
    pub verdict: Row,
    /// Names of the columns.
    pub head: Row,
    /// The rows of the window.
    pub rows: Vec<Row>,
    /// The columns that are shown: which, from where, how wide.
    pub columns: Vec<(usize, usize, usize)>,
}

/// A cell as it stands in a table: `NULL` and the empty text are told apart from texts that read like them.
pub fn cell(value: Option<&str>) -> Row {
    match value {
        None => Row::of(Tone::Dim, "NULL"),
        Some("") => Row::of(Tone::Dim, "''"),
        Some(text @ ("NULL" | "''")) => Row::of(Tone::Plain, &format!("\"{text}\"")),
        Some(text) => Row::of(Tone::Plain, start(text, CELL_CHARS)),
    }
}

/// The first characters of a text that may be very long.
fn start(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

fn count(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

/// What stands above a result: its name and what was made of it.
pub fn results_head(table: &Table) -> (Row, Row) {
    // What no query returned took no time.
    let took = (table.elapsed_us > 0).then(|| format!(", {}", human_duration(table.elapsed_us)));
    let title = Row::of(Tone::Strong, &table.query)
        .say(Tone::Dim, &format!("  {}{}", count(table.result.total), took.unwrap_or_default()));
    let verdict = match &table.judged {
        None => Row::of(Tone::Dim, "shown; nothing rests on it"),
        Some((verdict, wanted, seen)) => {
            let mark = Mark::of(*verdict);
            let row = Row::of(mark.tone(), &format!("{} {} ", mark.shape(), mark.word()));
            if *verdict == Verdict::Pass && wanted == seen {
                row.say(Tone::Plain, &format!("{seen}, as expected"))
            } else {
                row.say(Tone::Dim, &format!("wanted {wanted}, "))
                    .say(Tone::Plain, &format!("observed {seen}"))
            }
        }
    };
    (title, verdict)
}

impl Widths {
    /// The widths of a result's columns, from its heads and a sample of its rows.
    pub fn of(table: &Table) -> Self {
        let result = &table.result;
        let heads = result
            .columns
            .iter()
            .map(|column| width_of(&Row::of(Tone::Plain, start(&column.name, CELL_CHARS))));
        let mut widths = Self(heads.collect());
        let wanted = (SAMPLE_CELLS / result.columns.len().max(1)).clamp(1, SAMPLE_ROWS);
        let step = (result.rows.len() / wanted).max(1);
        for row in result.rows.iter().step_by(step) {
            for at in 0..widths.0.len() {
                widths.see(at, row);
            }
        }
        widths
    }

    fn see(&mut self, at: usize, row: &[Option<String>]) {
        if let Some(known) = self.0.get_mut(at)
            && *known < COLUMN_MAX
        {
            *known = width_of(&cell(row.get(at).and_then(Option::as_deref))).max(*known);
        }
    }

    /// The columns that a window shows: which, from where, how wide. The last one may be cut.
    fn shown(&self, window: Window) -> Vec<(usize, usize, usize)> {
        let pinned = (window.pinned && window.left > 0).then_some(0);
        let mut shown = Vec::new();
        let mut x = 0;
        for at in pinned.into_iter().chain(window.left..self.0.len()) {
            if x >= window.columns {
                break;
            }
            shown.push((at, x, self.0[at]));
            x += self.0[at] + RULE.len();
        }
        shown
    }

    /// The first column that must be scrolled to, so that column `at` is whole in the window.
    pub fn reveal(&self, window: Window, at: usize) -> usize {
        if at < window.left {
            return at;
        }
        let mut left = window.left;
        while left < at {
            let shown = self.shown(Window { left, ..window });
            if shown.iter().any(|&(column, x, wide)| column == at && x + wide <= window.columns) {
                break;
            }
            left += 1;
        }
        left
    }
}

/// What stands between two columns; as many cells as bytes here.
const RULE: &str = " | ";

fn width_of(row: &Row) -> usize {
    row.width().clamp(1, COLUMN_MAX)
}

/// A window of a result.
pub fn results(table: &Table, window: Window, widths: &mut Widths) -> ResultsView {
    let (title, verdict) = results_head(table);
    let result = &table.result;
    let from = window.top.min(result.rows.len());
    let shown = &result.rows[from..result.rows.len().min(from.saturating_add(window.rows))];
    for (at, ..) in widths.shown(window) {
        shown.iter().for_each(|row| widths.see(at, row));
    }
    let columns = widths.shown(window);
    let mut head = Row::new();
    let mut body: Vec<Row> = vec![Row::new(); shown.len()];
    for &(at, x, wide) in &columns {
        let column = &result.columns[at];
        let fit = |text: Row| {
            let text = text.cut(0, wide);
            let lead = if column.numeric { wide - text.width().min(wide) } else { 0 };
            Row::of(Tone::Plain, &" ".repeat(lead)).join(text).pad(wide)
        };
        let rule = if x == 0 { "" } else { " │ " };
        head = head.say(Tone::Dim, rule).join(fit(Row::of(Tone::Strong, start(&column.name, CELL_CHARS))));
        for (line, row) in body.iter_mut().zip(shown) {
            let cell = fit(cell(row.get(at).and_then(Option::as_deref)));
            *line = std::mem::take(line).say(Tone::Dim, rule).join(cell);
        }
    }
    if result.total == 0 {
        let good = table.judged.as_ref().is_none_or(|(verdict, ..)| verdict.is_good());
        body.push(match good {
            true => Row::of(Tone::Good, "(0 rows, as expected)"),
            false => Row::of(Tone::Bad, "(0 rows)"),
        });
    }
    let missing = result.total.saturating_sub(result.rows.len() as u64);
    if missing > 0 && window.top + window.rows > result.rows.len() {
        body.push(Row::of(Tone::Dim, &format!("… {missing} more rows were counted and not kept")));
    }
    ResultsView { title, verdict, head, rows: body, columns }
}

/// One row opened: every column on a line of its own, only very long cells cut.
pub fn result_opened(table: &Table, at: usize) -> Vec<Row> {
    let (title, verdict) = results_head(table);
    let mut rows =
        vec![title, verdict, Row::of(Tone::Dim, &format!("row {} of {}", at + 1, table.result.rows.len()))];
    let Some(values) = table.result.rows.get(at) else { return rows };
    let wide = table.result.columns.iter().map(|column| width(&column.name)).max();
    let wide = wide.unwrap_or(0).min(COLUMN_MAX);
    for (column, value) in table.result.columns.iter().zip(values) {
        let name = Row::of(Tone::Strong, &column.name).cut(0, wide).pad(wide).say(Tone::Dim, " │ ");
        let mut first = Row { indent: wide + 3, ..name };
        let plain = match value.as_deref() {
            None | Some("" | "NULL" | "''") => {
                rows.push(first.join(cell(value.as_deref())));
                continue;
            }
            Some(text) => text,
        };
        let brief = start(plain, OPENED_CHARS);
        for line in brief.lines() {
            rows.push(first.say(Tone::Plain, &line.replace('\t', "    ")));
            first = Row { indent: wide + 3, pieces: Vec::new() }.pad(wide).say(Tone::Dim, " │ ");
        }
        if brief.len() < plain.len() {
            let more = format!("… {} bytes in all: Enter on the cell shows them", plain.len());
            rows.push(first.say(Tone::Dim, &more));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Column, ResultSet};

    fn table(columns: usize, rows: Vec<Vec<Option<String>>>) -> Table {
        let columns = (0..columns).map(|at| Column { name: format!("c{at}"), numeric: at == 0 }).collect();
        let total = rows.len() as u64;
        let result = ResultSet { columns, rows, total };
        Table { entry: 1, step: "s".into(), query: "q".into(), result, elapsed_us: 0, judged: None }
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn nothing_and_empty_and_their_lookalikes_differ() {
        let shown = [None, Some(""), Some("NULL"), Some("''")].map(|value| cell(value).plain());
        assert_eq!(shown, ["NULL", "''", "\"NULL\"", "\"''\""]);
    }

    #[test]
    fn columns_are_scrolled_one_by_one_and_the_first_can_stay() {
        let row = (0..20).map(|at| some(&format!("value {at}"))).collect();
        let table = table(20, vec![row]);
        let mut widths = Widths::of(&table);
        let window = Window { rows: 5, columns: 32, left: 3, pinned: true, ..Window::default() };
        let view = results(&table, window, &mut widths);
        let shown: Vec<usize> = view.columns.iter().map(|(at, ..)| *at).collect();
        assert_eq!(shown, [0, 3, 4, 5]);
        assert!(view.rows[0].plain().starts_with("value 0 │ value 3 │ value 4"), "{}", view.rows[0].plain());
        // Whole, at the right end; and back again.
        assert_eq!(widths.reveal(window, 10), 9);
        assert_eq!(widths.reveal(window, 2), 2);
    }

    #[test]
    fn widths_grow_with_what_is_seen_and_never_shrink() {
        let mut rows: Vec<Vec<Option<String>>> = (0..1000).map(|_| vec![some("x"), some("y")]).collect();
        rows[777][1] = some("much wider than that");
        let table = table(2, rows);
        let mut widths = Widths::of(&table);
        assert_eq!(widths.0, [2, 2], "a sample does not see everything");
        let window = Window { rows: 10, columns: 80, ..Window::default() };
        results(&table, Window { top: 770, ..window }, &mut widths);
        assert_eq!(widths.0, [2, 20]);
        results(&table, window, &mut widths);
        assert_eq!(widths.0, [2, 20]);
    }
}
