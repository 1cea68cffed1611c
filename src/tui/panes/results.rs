//! Results: one table at a time, the latest unless another is chosen; a cursor on its cells, a cell or a row opened.

use crate::tui::find::Sight;
use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Pane, Scene, Tab};
use crate::view::{Row, Table, Tone, result_opened, results, wrap};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

const SIGHT: Sight = Sight::Tab(Tab::Results);

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    let tables = &scene.transcript.tables;
    let Some((at, table)) = ui.table(scene) else {
        let row =
            Row::of(Tone::Dim, "No query has returned yet: preflight and verification queries show here.");
        canvas.rows(area, &wrap(&[row], usize::from(area.width)), 0);
        return;
    };
    ui.grid.show(table);
    search(ui, table);
    if ui.opened && !table.result.rows.is_empty() {
        return opened(canvas, area, ui, table);
    }
    let (row, column) = ui.grid.at;
    let here = match table.result.rows.len() {
        0 => String::new(),
        _ => format!("row {} column {}  ", row + 1, column + 1),
    };
    let others = if tables.len() > 1 { "  [ ] others" } else { "" };
    let count = format!("{} of {}", at + 1, tables.len());
    let keys = [
        format!("{here}Enter opens  {count}{others}"),
        format!("{here}{count}{others}"),
        format!("{here}{count}"),
        here.trim_end().to_owned(),
    ];
    let columns = usize::from(area.width);
    let (title, verdict) = crate::view::results_head(table);
    let mut rows = wrap(&[title.cut(0, columns * 2)], columns);
    rows.extend(wrap(&[verdict.cut(0, columns * 2 - columns / 6)], columns).into_iter().take(2));
    rows.push(Row::new());
    // Below it stand the heads of the columns and a rule.
    let heads = rows.len() + 2;
    let height = usize::from(area.height).saturating_sub(heads);
    let window = ui.grid.window(&mut ui.scrolls[Tab::Results as usize], height, columns);
    let view = results(table, window, ui.grid.widths());
    rows.push(view.head.clone());
    rows.push(Row::of(Tone::Dim, &"─".repeat(view.head.width().min(columns))));
    rows.extend(view.rows);
    canvas.rows(area, &rows, 0);
    let heads = u16::try_from(heads).unwrap_or(0).min(area.height);
    let body = Rect { y: area.y + heads, height: area.height - heads, ..area };
    ui.find.paint(canvas, body, SIGHT, None);
    if ui.focus == Pane::Work
        && let Some(&(_, x, wide)) = view.columns.iter().rfind(|(at, ..)| *at == ui.grid.at.1)
        && let Some(row) = ui.grid.at.0.checked_sub(window.top)
    {
        let [x, row, wide] = [x, row, wide].map(|at| u16::try_from(at).unwrap_or(u16::MAX));
        let cell =
            Rect { x: body.x.saturating_add(x), y: body.y.saturating_add(row), width: wide, height: 1 };
        canvas.style(cell.intersection(body), Style::new().add_modifier(Modifier::REVERSED));
    }
    footnote(canvas, area, &keys);
    canvas.scrollbar(body, &ui.scrolls[Tab::Results as usize]);
}

/// Looks through the cells, row by row; a place is a cell.
fn search(ui: &mut Cockpit, table: &Table) {
    let columns = table.result.columns.len().max(1);
    let places = 0..table.result.rows.len() * columns;
    let stands = ui.grid.at.0 * columns + ui.grid.at.1;
    let found = ui.find.search(SIGHT, (Some(table.entry), places, stands), |place, needle| {
        let value = table.result.rows[place / columns].get(place % columns);
        value.and_then(Option::as_deref).is_some_and(|text| needle.is_in(text))
    });
    if let Some(place) = found {
        ui.grid.at = (place / columns, place % columns);
    }
}

/// The cell under the cursor as a whole, or its row.
fn opened(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, table: &Table) {
    let (row, column) = ui.grid.at;
    let columns = usize::from(area.width);
    let height = usize::from(area.height);
    if ui.grid.whole_row {
        let rows = wrap(&result_opened(table, row), columns);
        let mut scroll = ui.grid.opened;
        let top = scroll.fit(rows.len(), height, None);
        canvas.rows(area, &rows[top..], 0);
        ui.grid.opened = scroll;
    } else {
        let name = table.result.columns.get(column).map_or("", |column| column.name.as_str());
        let value = table.result.rows.get(row).and_then(|row| row.get(column)?.as_deref());
        let bytes = value.map_or_else(String::new, |text| format!("  {} bytes", text.len()));
        let head = Row::of(Tone::Strong, name).say(Tone::Dim, &format!("  row {}{bytes}", row + 1));
        canvas.row(area, &head, 0);
        let cut = 2.min(area.height);
        let body = Rect { y: area.y + cut, height: area.height - cut, ..area };
        let mut scroll = ui.grid.opened;
        let rows = ui.grid.cell_rows(value, columns);
        let top = scroll.fit(rows.len(), usize::from(body.height), None);
        canvas.rows(body, &rows[top..rows.len().min(top + height)], 0);
        ui.grid.opened = scroll;
    }
    let others =
        if ui.grid.whole_row { "← → other rows  r its cell" } else { "← → other cells  r whole row" };
    ui.find.paint(canvas, area, SIGHT, None);
    footnote(
        canvas,
        area,
        &[format!("{others}  y copies  Esc back"), others.to_owned(), "Esc back".to_owned()],
    );
    canvas.scrollbar(area, &ui.grid.opened);
}

/// On the lower edge of the frame around `area`: the longest of these that fits.
fn footnote(canvas: &mut Canvas<'_, '_>, area: Rect, ways: &[String]) {
    let place = Rect { x: area.x.saturating_sub(2), width: area.width + 3, height: area.height + 1, ..area };
    let fits = |words: &&String| crate::view::width(words) + 6 <= usize::from(place.width);
    if let Some(words) = ways.iter().find(fits) {
        canvas.footnote(place, &Row::of(Tone::Dim, words));
    }
}
