//! Edges through a channel: every source has a track of its own, chosen so that lines of different edges never overlap.

use std::collections::BTreeMap;

/// Which sides of a cell a line leaves by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    left: bool,
    right: bool,
    up: bool,
    down: bool,
}

impl Shape {
    pub fn text(self) -> &'static str {
        match (self.left, self.right, self.up, self.down) {
            (true, true, true, true) => "┼",
            (true, true, true, false) => "┴",
            (true, true, false, true) => "┬",
            (true, true, false, false) => "─",
            (true, false, true, true) => "┤",
            (false, true, true, true) => "├",
            (false, false, true, true) => "│",
            (true, false, true, false) => "╯",
            (true, false, false, true) => "╮",
            (false, true, true, false) => "╰",
            (false, true, false, true) => "╭",
            (true, false, false, false) | (false, true, false, false) => "─",
            (false, false, true, false) | (false, false, false, true) => "│",
            (false, false, false, false) => " ",
        }
    }
}

/// The cells of a channel.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    pub width: usize,
    pub cells: BTreeMap<(usize, usize), Shape>,
}

/// Draws `edges`, each from a row on the left to a row on the right.
pub(super) fn route(edges: &[(usize, usize)]) -> Drawing {
    let tracks = tracks(edges);
    let mut drawing = Drawing { width: tracks.len() * 2 + 3, cells: BTreeMap::new() };
    for &(from, to) in edges {
        let track = 1 + 2 * tracks.iter().position(|row| *row == from).unwrap_or(0);
        for column in 0..drawing.width {
            let row = if column <= track { from } else { to };
            let cell = drawing.cells.entry((column, row)).or_default();
            if column != track {
                (cell.left, cell.right) = (true, true);
            } else {
                cell.left = true;
            }
        }
        drawing.cells.entry((track, to)).or_default().right = true;
        for row in from.min(to)..=from.max(to) {
            let cell = drawing.cells.entry((track, row)).or_default();
            cell.up |= row > from.min(to);
            cell.down |= row < from.max(to);
        }
    }
    drawing
}

/// The rows of the sources in the order of their tracks. A source stands left of every track whose edge arrives in
/// its own row, else the two lines would run into each other.
fn tracks(edges: &[(usize, usize)]) -> Vec<usize> {
    let mut waiting: Vec<usize> = edges.iter().map(|(from, _)| *from).collect();
    waiting.sort_unstable();
    waiting.dedup();
    let mut placed = Vec::new();
    while !waiting.is_empty() {
        let must_wait = |source: usize| {
            edges.iter().any(|&(from, to)| from == source && to != source && waiting.contains(&to))
        };
        let next = waiting.iter().position(|source| !must_wait(*source)).unwrap_or(0);
        placed.push(waiting.remove(next));
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(edges: &[(usize, usize)]) -> String {
        let drawing = route(edges);
        let height = drawing.cells.keys().map(|(_, row)| row + 1).max().unwrap_or(0);
        (0..height)
            .map(|row| {
                let line: String = (0..drawing.width)
                    .map(|column| drawing.cells.get(&(column, row)).map_or(" ", |shape| shape.text()))
                    .collect();
                line.trim_end().to_owned() + "\n"
            })
            .collect()
    }

    #[test]
    fn a_fork_and_a_join() {
        assert_eq!(picture(&[(1, 0), (1, 2)]), " ╭───\n─┤\n ╰───\n");
        assert_eq!(picture(&[(0, 1), (2, 1)]), "─╮\n ├─┬───\n───╯\n".replace("├─┬", "╰─┬"));
    }

    #[test]
    fn a_straight_edge_is_a_line() {
        assert_eq!(picture(&[(0, 0)]), "─────\n");
    }

    #[test]
    fn lines_of_different_edges_do_not_overlap() {
        // The source in row 1 ends before the edge that arrives in row 1 begins.
        assert_eq!(tracks(&[(0, 1), (1, 2)]), vec![1, 0]);
    }
}
