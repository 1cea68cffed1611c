//! Edges through a channel between two layers. A source has one trunk that forks, unless a fork would lie about who
//! leads where: then it has several. Lines of different edges never run into each other; where they cross, the upright
//! one goes over the other, so that only what belongs together meets.

use std::collections::{BTreeMap, BTreeSet};

/// The lines of a cell: which sides they leave it by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    left: bool,
    right: bool,
    up: bool,
    down: bool,
    /// The upright line meets the level one here; else they cross.
    meet: bool,
}

impl Shape {
    pub fn text(self) -> &'static str {
        match (self.left, self.right, self.up, self.down) {
            (.., true, true) if !self.meet => "│",
            (true, true, true, true) => "┼",
            (true, true, true, false) => "┴",
            (true, true, false, true) => "┬",
            (true, false, true, true) => "┤",
            (false, true, true, true) => "├",
            (true, false, true, false) => "╯",
            (true, false, false, true) => "╮",
            (false, true, true, false) => "╰",
            (false, true, false, true) => "╭",
            (true, _, false, false) | (_, true, false, false) => "─",
            (false, false, false, false) => " ",
            (false, false, ..) => "│",
        }
    }
}

/// The cells of a channel.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    pub width: usize,
    pub cells: BTreeMap<(usize, usize), Shape>,
}

/// An upright line with what leads to it and away from it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Trunk {
    /// The row it comes from.
    from: usize,
    /// It goes on from another trunk, and does not come from the left edge.
    after: Option<usize>,
    /// The rows it leads to; none of them is `from`.
    to: BTreeSet<usize>,
    /// It leads to another trunk, and not to the right edge.
    bent: bool,
}

impl Trunk {
    fn span(&self) -> (usize, usize) {
        let least = self.to.first().map_or(self.from, |row| self.from.min(*row));
        let most = self.to.last().map_or(self.from, |row| self.from.max(*row));
        (least, most)
    }

    fn turns(&self, row: usize) -> bool {
        row == self.from || self.to.contains(&row)
    }
}

/// Draws `edges`, each from a row on the left to a row on the right. Rows name sources and targets.
pub(super) fn route(edges: &[(usize, usize)]) -> Drawing {
    let straight: BTreeSet<usize> =
        edges.iter().filter(|(from, to)| from == to).map(|(row, _)| *row).collect();
    let mut by_source: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (from, to) in edges.iter().filter(|(from, to)| from != to) {
        by_source.entry(*from).or_default().insert(*to);
    }
    let trunk = |(from, to)| Trunk { from, after: None, to, bent: false };
    let mut trunks: Vec<Trunk> = by_source.into_iter().map(trunk).collect();
    let order = loop {
        let order = match ordered(&trunks) {
            Ok(order) => order,
            Err(stuck) => {
                loosen(&mut trunks, stuck, &straight);
                continue;
            }
        };
        let order = improved(&trunks, order);
        match lie(&trunks, &order, &straight) {
            None => break order,
            Some(Lie::Led(at)) => loosen(&mut trunks, at, &straight),
            Some(Lie::Forked(at, row)) => {
                trunks[at].to.remove(&row);
                let from = trunks[at].from;
                trunks.push(Trunk { from, after: None, to: BTreeSet::from([row]), bent: false });
            }
        }
    };
    draw(&trunks, &order, &straight)
}

/// Whether `first` must stand left of `second`, else what comes to a source's row would run into what leaves it.
fn before(trunks: &[Trunk], first: usize, second: usize) -> bool {
    trunks[second].after == Some(first)
        || (trunks[first].after.is_none() && trunks[second].to.contains(&trunks[first].from))
}

/// The trunks from left to right, or one of those that wait for each other.
fn ordered(trunks: &[Trunk]) -> Result<Vec<usize>, usize> {
    let mut waiting: Vec<usize> = (0..trunks.len()).collect();
    let mut placed = Vec::new();
    while !waiting.is_empty() {
        let free = |at: &usize| waiting.iter().all(|other| other == at || !before(trunks, *other, *at));
        let Some(next) = waiting.iter().position(free) else {
            // One that is on a circle, and not only behind it: from any, back through what it waits for.
            let mut at = waiting[0];
            for _ in 0..waiting.len() {
                at = waiting
                    .iter()
                    .copied()
                    .find(|other| *other != at && before(trunks, *other, at))
                    .unwrap_or(at);
            }
            return Err(at);
        };
        placed.push(waiting.remove(next));
    }
    Ok(placed)
}

/// Takes a trunk out of a circle: by giving each of its targets a trunk, then by a bend in a row where nothing else is.
fn loosen(trunks: &mut Vec<Trunk>, at: usize, straight: &BTreeSet<usize>) {
    let from = trunks[at].from;
    if trunks[at].to.len() > 1 {
        let rest: Vec<usize> = trunks[at].to.iter().copied().skip(1).collect();
        for row in rest {
            trunks[at].to.remove(&row);
            trunks.push(Trunk { from, after: None, to: BTreeSet::from([row]), bent: false });
        }
        return;
    }
    let Some(to) = trunks[at].to.first().copied() else { return };
    let taken = |row: &usize| straight.contains(row) || trunks.iter().any(|trunk| trunk.turns(*row));
    let middle = from.midpoint(to);
    let near = (0..).flat_map(|away: usize| [middle.checked_sub(away), Some(middle + away)]).flatten();
    let Some(row) = near.into_iter().find(|row| !taken(row)) else { return };
    trunks[at] = Trunk { from, after: None, to: BTreeSet::from([row]), bent: true };
    trunks.push(Trunk { from: row, after: Some(at), to: BTreeSet::from([to]), bent: false });
}

/// What is wrong where a trunk meets somebody else's line.
enum Lie {
    /// It leads to other rows than this one too, and so would the other line seem to do.
    Forked(usize, usize),
    /// Its source's line goes on behind it, and the other line would seem to lead back and on with it.
    Led(usize),
}

/// A place where a trunk meets somebody else's line that comes from the left, and would mislead who follows that one.
fn lie(trunks: &[Trunk], order: &[usize], straight: &BTreeSet<usize>) -> Option<Lie> {
    for (place, &at) in order.iter().enumerate() {
        let trunk = &trunks[at];
        let met = |row: &usize| {
            straight.contains(row) || order[..place].iter().any(|other| trunks[*other].to.contains(row))
        };
        let Some(row) = trunk.to.iter().copied().find(|row| met(row)) else { continue };
        if trunk.to.len() > 1 {
            return Some(Lie::Forked(at, row));
        }
        let behind = || order[place + 1..].iter().map(|other| &trunks[*other]);
        let goes_on = straight.contains(&trunk.from)
            || behind().any(|other| other.after.is_none() && other.from == trunk.from);
        if trunk.after.is_none() && goes_on {
            return Some(Lie::Led(at));
        }
    }
    None
}

/// How often two neighbours cross each other's level lines.
fn crossings(left: &Trunk, right: &Trunk) -> usize {
    let over = |trunk: &Trunk, row: usize| {
        let (least, most) = trunk.span();
        least <= row && row <= most && !trunk.turns(row)
    };
    usize::from(over(left, right.from)) + left.to.iter().filter(|row| over(right, **row)).count()
}

/// Neighbours change places as long as that saves crossings.
fn improved(trunks: &[Trunk], mut order: Vec<usize>) -> Vec<usize> {
    for _ in 0..order.len() {
        let mut better = false;
        for at in 1..order.len() {
            let (first, second) = (order[at - 1], order[at]);
            let [left, right] = [first, second].map(|at| &trunks[at]);
            if !before(trunks, first, second) && crossings(right, left) < crossings(left, right) {
                order.swap(at - 1, at);
                better = true;
            }
        }
        if !better {
            break;
        }
    }
    order
}

fn draw(trunks: &[Trunk], order: &[usize], straight: &BTreeSet<usize>) -> Drawing {
    let mut drawing = Drawing { width: order.len().max(1) * 2 + 3, cells: BTreeMap::new() };
    let mut track = vec![0; trunks.len()];
    for (place, at) in order.iter().enumerate() {
        track[*at] = 1 + 2 * place;
    }
    let edge = drawing.width;
    let mut level = |row: usize, from: Option<usize>, to: Option<usize>| {
        for column in from.unwrap_or(0)..to.map_or(edge, |to| to + 1) {
            let cell = drawing.cells.entry((column, row)).or_default();
            cell.left |= Some(column) != from;
            cell.right |= Some(column) != to;
        }
    };
    straight.iter().for_each(|row| level(*row, None, None));
    for (at, trunk) in trunks.iter().enumerate() {
        level(trunk.from, trunk.after.map(|before| track[before]), Some(track[at]));
        if !trunk.bent {
            trunk.to.iter().for_each(|row| level(*row, Some(track[at]), None));
        }
    }
    for (at, trunk) in trunks.iter().enumerate() {
        let (least, most) = trunk.span();
        for row in least..=most {
            let cell = drawing.cells.entry((track[at], row)).or_default();
            cell.up |= row > least;
            cell.down |= row < most;
            cell.meet |= trunk.turns(row);
        }
    }
    drawing
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        let join = picture(&[(0, 1), (2, 1)]);
        assert!(join == "─╮\n ╰─┬───\n───╯\n" || join == "───╮\n ╭─┴───\n─╯\n", "{join}");
    }

    #[test]
    fn a_straight_edge_is_a_line() {
        assert_eq!(picture(&[(0, 0)]), "─────\n");
    }

    #[test]
    fn lines_of_different_edges_do_not_overlap() {
        // The source in row 1 ends before the edge that arrives in row 1 begins.
        assert_eq!(picture(&[(0, 1), (1, 2)]), "───╮\n─╮ ╰───\n ╰─────\n");
    }

    #[test]
    fn two_that_change_places_bend() {
        let text = picture(&[(0, 3), (3, 0)]);
        assert_eq!(ends(&route(&[(0, 3), (3, 0)]), 0), BTreeSet::from([3]), "{text}");
    }

    #[test]
    fn a_crossing_is_no_meeting() {
        let text = picture(&[(0, 4), (2, 2)]);
        assert_eq!(text, "─╮\n │\n─│───\n │\n ╰───\n");
    }

    /// Where one can come to who goes from the left edge to the right and never back.
    fn ends(drawing: &Drawing, from: usize) -> BTreeSet<usize> {
        let shape =
            |column: usize, row: usize| drawing.cells.get(&(column, row)).copied().unwrap_or_default();
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![(0, from)];
        while let Some((column, row)) = open.pop() {
            if !seen.insert((column, row)) {
                continue;
            }
            let cell = shape(column, row);
            if column + 1 == drawing.width {
                found.insert(row);
                continue;
            }
            if cell.right {
                assert!(shape(column + 1, row).left, "a line breaks off");
                open.push((column + 1, row));
            }
            for down in [false, true].into_iter().filter(|_| cell.meet) {
                let mut at = row;
                while if down { shape(column, at).down } else { shape(column, at).up } {
                    at = if down { at + 1 } else { at - 1 };
                    let cell = shape(column, at);
                    assert!(if down { cell.up } else { cell.down }, "a line breaks off");
                    if cell.meet && cell.right {
                        open.push((column + 1, at));
                    }
                }
            }
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn who_follows_a_line_comes_where_it_leads(pairs in prop::collection::btree_set((0_usize..9, 0_usize..9), 1..16)) {
            // Boxes are three rows high: their middles, and lanes in between.
            let edges: Vec<(usize, usize)> = pairs.into_iter().map(|(from, to)| (from * 3 + 1, to * 3 + 1 + to % 2)).collect();
            let drawing = route(&edges);
            for (from, _) in &edges {
                let wanted: BTreeSet<usize> = edges.iter().filter(|edge| edge.0 == *from).map(|edge| edge.1).collect();
                prop_assert_eq!(ends(&drawing, *from), wanted, "from {}:\n{}", from, picture(&edges));
            }
        }
    }
}
