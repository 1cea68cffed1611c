//! Reads one DataRow as it streams by and keeps no more of each cell than asked for.

use crate::session::CELL_BYTES_MIN;

/// What of the rows is worth keeping; the others are only counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowLimits {
    /// How many rows of a command.
    pub rows_max: u64,
    /// How many bytes of a cell, the "…" of a cut one included.
    pub cell_bytes_max: usize,
    /// Once the kept rows of a command hold so many bytes, the next ones are only counted. Of a row that is wider than
    /// that, each cell is kept as far as its share goes.
    pub bytes_max: usize,
}

impl RowLimits {
    /// The first row, and so much of each cell.
    pub fn one(cell_bytes_max: usize) -> Self {
        Self { rows_max: 1, cell_bytes_max, bytes_max: usize::MAX }
    }
}

/// A row's cells as text, `None` for NULL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// In the order of the columns.
    pub cells: Vec<Option<String>>,
    /// Whether a cell was cut.
    pub cut: bool,
}

impl Row {
    /// What its cells hold.
    pub(super) fn bytes(&self) -> usize {
        self.cells.iter().map(|cell| size_of::<Option<String>>() + cell.as_ref().map_or(0, String::len)).sum()
    }
}

/// Where in the row the next byte belongs.
#[derive(Debug)]
enum At {
    /// Within a number: the count of cells (2 bytes) or a cell's length (4 bytes).
    Number { bytes: [u8; 4], have: usize, want: usize },
    /// Within a cell.
    Cell { left: usize, length: usize },
}

/// A state machine over the body of one DataRow, fed in pieces of any size.
#[derive(Debug)]
pub(super) struct RowReader {
    at: At,
    cells_left: Option<u16>,
    cell_bytes_max: usize,
    row_bytes_max: usize,
    cell: Vec<u8>,
    row: Row,
}

impl RowReader {
    pub(super) fn new(limits: RowLimits) -> Self {
        let at = At::Number { bytes: [0; 4], have: 0, want: 2 };
        let RowLimits { cell_bytes_max, bytes_max, .. } = limits;
        let (cell, row) = Default::default();
        Self { at, cells_left: None, cell_bytes_max, row_bytes_max: bytes_max, cell, row }
    }

    /// Takes the next piece of the body.
    pub(super) fn feed(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() && self.cells_left != Some(0) {
            let used = match &mut self.at {
                At::Number { bytes, have, want } => {
                    let used = piece.len().min(*want - *have);
                    bytes[*have..*have + used].copy_from_slice(&piece[..used]);
                    *have += used;
                    if have == want {
                        let (bytes, want) = (*bytes, *want);
                        self.number(bytes, want);
                    }
                    used
                }
                At::Cell { left, length } => {
                    let used = piece.len().min(*left);
                    let room = self.cell_bytes_max.saturating_sub(self.cell.len());
                    self.cell.extend_from_slice(&piece[..used.min(room)]);
                    *left -= used;
                    if *left == 0 {
                        let length = *length;
                        self.end_cell(length);
                    }
                    used
                }
            };
            piece = &piece[used..];
        }
    }

    /// The row, once its message is over.
    pub(super) fn finish(self) -> Row {
        self.row
    }

    fn number(&mut self, bytes: [u8; 4], want: usize) {
        if want == 2 {
            let cells = u16::from_be_bytes([bytes[0], bytes[1]]);
            self.cells_left = Some(cells);
            let share = self.row_bytes_max / usize::from(cells).max(1);
            self.cell_bytes_max = self.cell_bytes_max.min(share.max(CELL_BYTES_MIN));
            self.expect_length();
            return;
        }
        match usize::try_from(i32::from_be_bytes(bytes)) {
            Ok(0) => self.end_cell(0),
            Ok(length) => self.at = At::Cell { left: length, length },
            Err(_) => self.push(None),
        }
    }

    fn end_cell(&mut self, length: usize) {
        let bytes = std::mem::take(&mut self.cell);
        let whole = bytes.len() == length;
        let (text, cut) = cell_text(bytes, whole, self.cell_bytes_max);
        self.row.cut |= cut;
        self.push(Some(text));
    }

    fn push(&mut self, cell: Option<String>) {
        self.row.cells.push(cell);
        self.cells_left = self.cells_left.map(|left| left.saturating_sub(1));
        self.expect_length();
    }

    fn expect_length(&mut self) {
        self.at = At::Number { bytes: [0; 4], have: 0, want: 4 };
    }
}

/// Bytes as text of at most `bytes_max` bytes, cut between characters and marked with "…" if something is left
/// out; bytes that are not UTF-8 become `\xNN`.
fn cell_text(mut bytes: Vec<u8>, whole: bool, bytes_max: usize) -> (String, bool) {
    if !whole
        && let Err(error) = std::str::from_utf8(&bytes)
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to()); // half a character
    }
    let mut text =
        String::from_utf8(bytes).unwrap_or_else(|error| crate::runner::bytes::text(error.as_bytes()));
    let cut = !whole || text.len() > bytes_max;
    if cut {
        text.truncate(text.floor_char_boundary(bytes_max.saturating_sub('…'.len_utf8())));
        text.push('…');
    }
    (text, cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(cells: &[Option<&[u8]>]) -> Vec<u8> {
        let mut body = u16::try_from(cells.len()).unwrap().to_be_bytes().to_vec();
        for cell in cells {
            let length = cell.map_or(-1, |bytes| i32::try_from(bytes.len()).unwrap());
            body.extend(length.to_be_bytes());
            body.extend(cell.unwrap_or_default());
        }
        body
    }

    fn read(cells: &[Option<&[u8]>], cell_bytes_max: usize, step: usize) -> Row {
        let mut reader = RowReader::new(RowLimits::one(cell_bytes_max));
        body(cells).chunks(step).for_each(|piece| reader.feed(piece));
        reader.finish()
    }

    #[test]
    fn null_empty_and_text_in_pieces_of_any_size() {
        let cells: [Option<&[u8]>; 5] = [None, Some(b""), Some("żółw".as_bytes()), Some(b"x\xffy"), None];
        for step in 1..40 {
            let row = read(&cells, 100, step);
            let texts: Vec<_> = row.cells.iter().map(Option::as_deref).collect();
            assert_eq!(texts, [None, Some(""), Some("żółw"), Some("x\\xFFy"), None], "pieces of {step}");
            assert!(!row.cut);
        }
        assert_eq!(read(&[], 10, 1), Row::default());
    }

    #[test]
    fn a_wide_row_is_shared_out() {
        let cell = vec![b'x'; 4000];
        let kept = |columns: usize| {
            let limits = RowLimits { rows_max: 1, cell_bytes_max: 4096, bytes_max: 1 << 20 };
            let mut reader = RowReader::new(limits);
            reader.feed(&body(&vec![Some(cell.as_slice()); columns]));
            let row = reader.finish();
            let longest = row.cells.iter().flatten().map(String::len).max();
            assert_eq!(row.cells.len(), columns);
            assert!(row.cells.iter().flatten().all(|cell| row.cut == cell.ends_with('…')));
            let whole = |cell: &String| crate::session::is_whole(cell, columns);
            assert_eq!(row.cells.iter().flatten().all(whole), !row.cut, "{columns}");
            longest.unwrap_or_default()
        };
        assert_eq!([1, 256, 257, 1_600, 32_767].map(kept), [4_000, 4_000, 4_000, 655, 64]);
    }

    #[test]
    fn a_long_cell_is_cut_between_characters() {
        let long = "żółw żółw"; // 15 bytes
        for max in 3..20 {
            let row = read(&[Some(long.as_bytes()), Some(b"abc")], max, 1);
            let first = row.cells[0].as_deref().unwrap();
            assert!(first.len() <= max, "{max}: {first}");
            assert_eq!(row.cut, max < 15);
            assert_eq!(first == long, max >= 15);
            assert!(long.starts_with(first.trim_end_matches('…')), "{max}: {first}");
            assert_eq!(row.cells[1].as_deref(), Some("abc"));
        }
    }
}
