//! Where the boxes of a graph stand: layers from left to right, in an order with few crossings, level with what they
//! hang together with.

use crate::session::Session;
use std::collections::BTreeMap;

/// Rows of a box.
pub(super) const BOX: usize = 3;
/// How often the layers are gone through, there and back.
const SWEEPS: usize = 8;

/// A place in a layer: a migration, or a lane for the edges of one migration that pass by.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub migration: Option<usize>,
    /// Slots of the layer before that lead here.
    pub from: Vec<usize>,
    /// Top row.
    pub y: usize,
}

impl Slot {
    pub fn height(&self) -> usize {
        if self.migration.is_some() { BOX } else { 1 }
    }

    pub fn middle(&self) -> usize {
        self.y + self.height() / 2
    }
}

/// The layers with everything in its place.
pub(super) fn layout(session: &Session) -> Vec<Vec<Slot>> {
    let mut layers = layers(session);
    sort(&mut layers);
    place(&mut layers);
    layers
}

/// Each migration one layer behind the last of those it depends on; long edges get a lane in the layers between, one
/// for all that come from the same migration.
fn layers(session: &Session) -> Vec<Vec<Slot>> {
    let migrations = &session.plan.ceremony.migrations;
    let find = |id: &String| migrations.iter().position(|other| other.id == *id);
    let mut depth = vec![0; migrations.len()];
    for &at in &session.plan.order {
        let above = migrations[at].after.iter().filter_map(find);
        depth[at] = above.map(|dependency| depth[dependency] + 1).max().unwrap_or(0);
    }
    let count = depth.iter().max().map_or(0, |deepest| deepest + 1);
    let mut layers: Vec<Vec<Slot>> = vec![Vec::new(); count];
    let mut slot_of = vec![0; migrations.len()];
    for &at in &session.plan.order {
        slot_of[at] = layers[depth[at]].len();
        layers[depth[at]].push(Slot { migration: Some(at), from: Vec::new(), y: 0 });
    }
    let mut lanes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for &at in &session.plan.order {
        for dependency in migrations[at].after.iter().filter_map(find) {
            let mut from = slot_of[dependency];
            let between = depth[dependency] + 1..depth[at];
            for (index, layer) in layers.iter_mut().enumerate().filter(|(index, _)| between.contains(index)) {
                from = *lanes.entry((dependency, index)).or_insert_with(|| {
                    layer.push(Slot { migration: None, from: vec![from], y: 0 });
                    layer.len() - 1
                });
            }
            let slot = &mut layers[depth[at]][slot_of[at]];
            if !slot.from.contains(&from) {
                slot.from.push(from);
            }
        }
    }
    layers
}

/// Orders of all layers: slots from top to bottom.
type Orders = Vec<Vec<usize>>;

/// Slots near the middle of what they hang together with, there and back, then neighbours changed; the best is kept.
fn sort(layers: &mut [Vec<Slot>]) {
    let mut orders: Orders = layers.iter().map(|layer| (0..layer.len()).collect()).collect();
    let mut best = (crossings(layers, &orders), orders.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        let there = sweep % 2 == 0;
        let count = layers.len();
        for step in 1..count {
            let index = if there { step } else { count - 1 - step };
            pull(layers, &mut orders, index, there);
        }
        swap(layers, &mut orders);
        let now = crossings(layers, &orders);
        if now < best.0 {
            best = (now, orders.clone());
        }
    }
    let orders = best.1;
    for (index, order) in orders.iter().enumerate() {
        let sorted: Vec<Slot> = order.iter().map(|at| layers[index][*at].clone()).collect();
        if let Some(next) = layers.get_mut(index + 1) {
            for from in next.iter_mut().flat_map(|slot| &mut slot.from) {
                *from = order.iter().position(|at| at == from).unwrap_or(0);
            }
        }
        layers[index] = sorted;
    }
}

/// The slots of a layer that hang together with one of layer `index`: before it, or behind it.
fn neighbours(layers: &[Vec<Slot>], index: usize, slot: usize, before: bool) -> Vec<usize> {
    if before {
        return layers[index][slot].from.clone();
    }
    let Some(next) = layers.get(index + 1) else { return Vec::new() };
    (0..next.len()).filter(|at| next[*at].from.contains(&slot)).collect()
}

fn positions(order: &[usize]) -> Vec<usize> {
    let mut positions = vec![0; order.len()];
    for (place, slot) in order.iter().enumerate() {
        positions[*slot] = place;
    }
    positions
}

fn pull(layers: &[Vec<Slot>], orders: &mut Orders, index: usize, there: bool) {
    let beside = if there { index.checked_sub(1) } else { Some(index + 1) };
    let Some(places) = beside.and_then(|at| orders.get(at)).map(|order| positions(order)) else { return };
    let own = positions(&orders[index]);
    let weight = |slot: &usize| {
        let near = neighbours(layers, index, *slot, there);
        match near.len() {
            // What hangs together with nothing stays where it is.
            0 => own[*slot] * 1000,
            count => near.iter().map(|at| places[*at] * 1000).sum::<usize>() / count,
        }
    };
    orders[index].sort_by_cached_key(weight);
}

/// Changes neighbours as long as that saves crossings.
fn swap(layers: &[Vec<Slot>], orders: &mut Orders) {
    for index in 0..layers.len() {
        let mut least = around(layers, orders, index);
        for at in 1..orders[index].len() {
            orders[index].swap(at - 1, at);
            let now = around(layers, orders, index);
            if now < least {
                least = now;
            } else {
                orders[index].swap(at - 1, at);
            }
        }
    }
}

fn around(layers: &[Vec<Slot>], orders: &Orders, index: usize) -> usize {
    let before = index.checked_sub(1).map_or(0, |at| between(layers, orders, at));
    before + between(layers, orders, index)
}

fn crossings(layers: &[Vec<Slot>], orders: &Orders) -> usize {
    (0..layers.len()).map(|index| between(layers, orders, index)).sum()
}

/// Crossings between a layer and the next.
fn between(layers: &[Vec<Slot>], orders: &Orders, index: usize) -> usize {
    let (Some(next), Some(order)) = (layers.get(index + 1), orders.get(index + 1)) else { return 0 };
    let (left, right) = (positions(&orders[index]), positions(order));
    let edges: Vec<(usize, usize)> = next
        .iter()
        .zip(&right)
        .flat_map(|(slot, to)| slot.from.iter().map(|from| (left[*from], *to)))
        .collect();
    let cross = |a: &(usize, usize), b: &(usize, usize)| a.0 < b.0 && a.1 > b.1;
    edges.iter().map(|a| edges.iter().filter(|b| cross(a, b)).count()).sum()
}

/// Stacks the slots of each layer, each as level as can be with those it hangs together with, within the height of
/// the tallest layer.
fn place(layers: &mut [Vec<Slot>]) {
    let tall = |layer: &[Slot]| layer.iter().map(Slot::height).sum::<usize>();
    let tallest = layers.iter().map(|layer| tall(layer)).max().unwrap_or(0);
    for layer in layers.iter_mut() {
        let mut y = (tallest - tall(layer)) / 2;
        for slot in layer {
            slot.y = y;
            y += slot.height();
        }
    }
    for round in 0..4 {
        let there = round % 2 == 1;
        for step in 0..layers.len() {
            let index = if there { step } else { layers.len() - 1 - step };
            let room = tallest - tall(&layers[index]);
            level(layers, index, there, room);
        }
    }
}

/// Puts the slots of a layer as near as can be to the middle of their neighbours without changing their order: the
/// least squares of it, by pooling those that push each other.
fn level(layers: &mut [Vec<Slot>], index: usize, there: bool, room: usize) {
    let beside = if there { index.checked_sub(1) } else { Some(index + 1) };
    // Sum of wishes, how many: in twelfths of a row, without the heights of what stands above.
    let mut pools: Vec<(isize, isize)> = Vec::new();
    let mut above = 0;
    for at in 0..layers[index].len() {
        let slot = &layers[index][at];
        let near = neighbours(layers, index, at, there);
        let middles = near.iter().filter_map(|near| Some(layers.get(beside?)?.get(*near)?.middle()));
        let middles: Vec<usize> = middles.collect();
        let wish = match middles.len() {
            0 => slot.y * 12,
            count => (middles.iter().sum::<usize>() * 12 / count).saturating_sub(slot.height() / 2 * 12),
        };
        let signed = |value: usize| isize::try_from(value).unwrap_or(isize::MAX / 100);
        let mut pool = (signed(wish) - signed(above * 12), 1);
        while let Some(last) = pools.last().filter(|last| last.0 * pool.1 > pool.0 * last.1) {
            pool = (pool.0 + last.0, pool.1 + last.1);
            pools.pop();
        }
        pools.push(pool);
        above += slot.height();
    }
    let shifts = pools.into_iter().flat_map(|(sum, count)| {
        let shift = (sum + 6 * count - 1).div_euclid(12 * count);
        std::iter::repeat_n(
            usize::try_from(shift).unwrap_or(0).min(room),
            usize::try_from(count).unwrap_or(0),
        )
    });
    let shifts: Vec<usize> = shifts.collect();
    let mut y = 0;
    for (slot, shift) in layers[index].iter_mut().zip(shifts) {
        slot.y = y + shift;
        y += slot.height();
    }
}
