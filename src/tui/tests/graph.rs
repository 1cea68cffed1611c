//! The graph: boxes and lines that never run into each other, and walking among them.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn picture(nodes: &[(&str, &[&str])]) -> String {
    let world = World::new("T");
    let graph = crate::view::graph(&super::super::fixture::graph_of(nodes), world.now());
    let mut cells = vec![vec![' '; graph.width]; graph.height];
    for run in &graph.runs {
        for (at, c) in run.row.plain().chars().enumerate() {
            assert_eq!(cells[run.y][run.x + at], ' ', "two things in one cell");
            cells[run.y][run.x + at] = c;
        }
    }
    cells.into_iter().map(|line| line.into_iter().collect::<String>().trim_end().to_owned() + "\n").collect()
}

#[test]
fn graphs() {
    let diamond: &[(&str, &[&str])] = &[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])];
    let passing: &[(&str, &[&str])] = &[
        ("base", &[]),
        ("left", &["base"]),
        ("right", &["base"]),
        ("deep", &["left"]),
        ("top", &["deep", "right", "base"]),
    ];
    let apart: &[(&str, &[&str])] = &[("one", &[]), ("two", &[]), ("three", &["two"])];
    insta::assert_snapshot!("graphs", [diamond, passing, apart].map(picture).join("\n"));
}

/// A picture of so many migrations, each behind those that `after` names by number.
fn numbered(count: usize, after: impl Fn(usize) -> Vec<usize>) -> String {
    let ids: Vec<String> = (0..count).map(|at| format!("node-{at}")).collect();
    let after: Vec<Vec<&str>> =
        (0..count).map(|at| after(at).into_iter().map(|from| ids[from].as_str()).collect()).collect();
    let nodes: Vec<(&str, &[&str])> =
        ids.iter().map(String::as_str).zip(after.iter().map(Vec::as_slice)).collect();
    let text = picture(&nodes);
    assert!(ids.iter().all(|id| text.contains(id.as_str())), "{text}");
    text
}

#[test]
fn graphs_of_the_usual_kinds() {
    let chain = numbered(3, |at| at.checked_sub(1).into_iter().collect());
    let fork = numbered(6, |at| if at == 0 { vec![] } else { vec![0] });
    let ladder = numbered(6, |at| if at < 2 { vec![] } else { vec![at - 2, at / 2 * 2 - 2, at / 2 * 2 - 1] });
    insta::assert_snapshot!("graph_chain", chain);
    insta::assert_snapshot!("graph_fork", fork);
    insta::assert_snapshot!("graph_ladder", ladder);
}

#[test]
fn thirty_nodes_are_drawn() {
    let after = |at: usize| (0..at).filter(|from| *from + 3 == at || from * 2 + 1 == at).collect();
    insta::assert_snapshot!("graph_thirty", numbered(30, after));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// No box runs into another or into a line: `picture` looks at each cell.
    #[test]
    fn any_graph_is_drawn(links in prop::collection::vec(any::<prop::sample::Index>(), 0..40), count in 1_usize..31) {
        let mut after = vec![BTreeSet::new(); count];
        for pair in links.chunks(2) {
            let [a, b] = [pair[0], pair[pair.len() - 1]].map(|index| index.index(count));
            if a != b {
                after[a.max(b)].insert(a.min(b));
            }
        }
        numbered(count, |at| after[at].iter().copied().collect());
    }
}

#[test]
fn one_walks_from_box_to_box() {
    let nodes: &[(&str, &[&str])] = &[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])];
    let world = World::new("T");
    let graph = crate::view::graph(&super::super::fixture::graph_of(nodes), world.now());
    let walk = |from, way| graph.beside(Some(from), way);
    let upper =
        graph.places.iter().filter(|place| [1, 2].contains(&place.migration)).min_by_key(|place| place.y);
    let upper = upper.unwrap().migration;
    let lower = 3 - upper;
    assert_eq!(graph.beside(None, (0, 1)), Some(0));
    assert_eq!(walk(upper, (0, 1)), Some(lower));
    assert_eq!(walk(lower, (0, -1)), Some(upper));
    assert_eq!(walk(upper, (-8, 0)), Some(0));
    assert_eq!(walk(lower, (8, 0)), Some(3));
    assert_eq!(walk(3, (8, 0)), Some(3), "there is nothing beyond");
}
