//! The cursor in a result: a cell, the window around it, and what of it is opened.

use super::keymap::PAGE;
use super::paint::Scroll;
use crate::view::{Row, Table, Widths, Window, cell_rows};

/// Which result is looked at: number of its entry, name.
type Which = (u64, String);

/// Where one is in the result that is shown. What is kept of it is forgotten when another result is shown.
#[derive(Debug, Default)]
pub(super) struct Grid {
    /// The cell: row, column.
    pub at: (usize, usize),
    /// First column that is scrolled.
    left: usize,
    /// The first column stays.
    pub pinned: bool,
    /// What is opened is a row and not a cell.
    pub whole_row: bool,
    /// Of what is opened.
    pub opened: Scroll,
    rows: usize,
    columns: usize,
    page: usize,
    which: Option<Which>,
    widths: Widths,
    /// The rows of the cell that is opened, for a cell and a width.
    cell: Option<((usize, usize), usize, Vec<Row>)>,
}

impl Grid {
    /// Takes the result that is shown; another one is begun at its first cell.
    pub fn show(&mut self, table: &Table) {
        let same =
            self.which.as_ref().is_some_and(|(entry, query)| *entry == table.entry && *query == table.query);
        if !same {
            let pinned = self.pinned;
            *self = Self { pinned, widths: Widths::of(table), ..Self::default() };
            self.which = Some((table.entry, table.query.clone()));
        }
        (self.rows, self.columns) = (table.result.rows.len(), table.result.columns.len());
        self.at.0 = self.at.0.min(self.rows.saturating_sub(1));
        self.at.1 = self.at.1.min(self.columns.saturating_sub(1));
    }

    /// The window of `rows` rows and `columns` columns of the screen in which the cursor is seen.
    pub fn window(&mut self, scroll: &mut Scroll, rows: usize, columns: usize) -> Window {
        self.page = rows.max(1);
        let last = self.at.0;
        scroll.top = scroll.top.clamp((last + 1).saturating_sub(self.page), last);
        let top = scroll.fit(self.rows, rows, None);
        let window = Window { top, rows, left: self.left, columns, pinned: self.pinned };
        self.left = self.widths.reveal(window, self.at.1);
        Window { left: self.left, ..window }
    }

    pub fn widths(&mut self) -> &mut Widths {
        &mut self.widths
    }

    /// Moves by rows; pages as in the keymap.
    pub fn by_rows(&mut self, rows: isize) {
        let page = isize::try_from(self.page).unwrap_or(1);
        let rows = if rows.abs() == PAGE { rows.signum() * page } else { rows };
        self.at.0 = self.at.0.saturating_add_signed(rows).min(self.rows.saturating_sub(1));
        self.opened = Scroll::default();
    }

    /// Moves by columns of the result.
    pub fn by_columns(&mut self, columns: isize) {
        self.at.1 = self.at.1.saturating_add_signed(columns.signum()).min(self.columns.saturating_sub(1));
        self.opened = Scroll::default();
    }

    /// The rows of the cell under the cursor, made once for a width.
    pub fn cell_rows(&mut self, value: Option<&str>, columns: usize) -> &[Row] {
        let known = self.cell.as_ref().is_some_and(|(at, wide, _)| *at == self.at && *wide == columns);
        if !known {
            self.cell = Some((self.at, columns, cell_rows(value, columns)));
        }
        self.cell.as_ref().map_or(&[], |(.., rows)| rows)
    }
}
