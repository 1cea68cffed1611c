//! Results of queries as tables: typed alignment, a window of rows and columns, and what was made of them.

use super::Table;
use super::checklist::Mark;
use super::ink::{Row, Tone};
use crate::session::Verdict;
use crate::time::human_duration;

/// No column is wider than this; a wide cell can be opened.
const COLUMN_MAX: usize = 40;

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
    /// How many rows can be scrolled through.
    pub total: usize,
}

fn cell(value: Option<&str>) -> Row {
    match value {
        None => Row::of(Tone::Dim, "NULL"),
        Some("") => Row::of(Tone::Dim, "''"),
        Some(text) => Row::of(Tone::Plain, text),
    }
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

/// The window of `rows` rows from `top` on, the columns from `left` on.
pub fn results(table: &Table, top: usize, rows: usize, left: usize) -> ResultsView {
    let (title, verdict) = results_head(table);
    let result = &table.result;
    let shown = result.rows.get(top.min(result.rows.len())..).unwrap_or_default();
    let shown = &shown[..rows.min(shown.len())];
    let skip = left.min(result.columns.len().saturating_sub(1));
    let mut head = Row::new();
    let mut body: Vec<Row> = vec![Row::new(); shown.len()];
    for (at, column) in result.columns.iter().enumerate().skip(skip) {
        let name = Row::of(Tone::Strong, &column.name);
        let cells: Vec<Row> = shown.iter().map(|row| cell(row.get(at).and_then(Option::as_deref))).collect();
        let wide = cells.iter().map(Row::width).chain([name.width()]).max().unwrap_or(1).clamp(1, COLUMN_MAX);
        let fit = |text: Row| {
            let text = text.cut(0, wide);
            let lead = if column.numeric { wide - text.width().min(wide) } else { 0 };
            Row::of(Tone::Plain, &" ".repeat(lead)).join(text).pad(wide)
        };
        let rule = if at == skip { "" } else { " │ " };
        head = head.say(Tone::Dim, rule).join(fit(name));
        for (line, cell) in body.iter_mut().zip(cells) {
            *line = std::mem::take(line).say(Tone::Dim, rule).join(fit(cell));
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
    if missing > 0 && top + rows > result.rows.len() {
        body.push(Row::of(Tone::Dim, &format!("… {missing} more rows were counted and not kept")));
    }
    ResultsView { title, verdict, head, rows: body, total: result.rows.len() }
}

/// One row opened: every column on a line of its own, nothing cut.
pub fn result_opened(table: &Table, at: usize) -> Vec<Row> {
    let (title, verdict) = results_head(table);
    let mut rows =
        vec![title, verdict, Row::of(Tone::Dim, &format!("row {} of {}", at + 1, table.result.rows.len()))];
    let Some(values) = table.result.rows.get(at) else { return rows };
    let wide = table.result.columns.iter().map(|column| Row::of(Tone::Plain, &column.name).width()).max();
    let wide = wide.unwrap_or(0).min(COLUMN_MAX);
    for (column, value) in table.result.columns.iter().zip(values) {
        let name = Row::of(Tone::Strong, &column.name).cut(0, wide).pad(wide).say(Tone::Dim, " │ ");
        let mut first = Row { indent: wide + 3, ..name };
        for line in value.as_deref().unwrap_or("NULL").lines() {
            rows.push(first.say(Tone::Plain, &line.replace('\t', "    ")));
            first = Row { indent: wide + 3, pieces: Vec::new() }.pad(wide).say(Tone::Dim, " │ ");
        }
    }
    rows
}
