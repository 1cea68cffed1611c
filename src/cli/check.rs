//! `ceremony check`: the definition and every file it names.

use super::{Common, Trouble, launch, transactions};
use crate::definition::Folder;
use crate::plan::{Hazard, HazardClass, HazardGroup, grouped};
use std::collections::BTreeMap;

pub(super) fn check(common: &Common) -> Result<u8, Trouble> {
    let (folder, name, ceremony) = launch::definition(common)?;
    let mut changed = 0;
    for input in &ceremony.inputs {
        let sum = folder.read(&input.path).map(|file| file.sha256).unwrap_or_default();
        if sum != input.sha256 {
            changed += 1;
            outln!("error: {name}:{}:1: {} is not the reviewed file", input.line, input.path);
            outln!("  why:  its sha256 is {sum}, the definition has {}", input.sha256);
            outln!("  next: have the change reviewed, then write sha256 = \"{sum}\" there");
        }
    }
    let transactions = transactions::look(&ceremony);
    for warning in launch::warnings(&ceremony).into_iter().chain(transactions.warnings) {
        outln!("warning: {}: {}", warning.at, warning.what);
        outln!("  why:  {}", warning.why);
        outln!("  next: {}", warning.next);
    }
    hazards(&launch::hazards(&ceremony));
    for note in &transactions.notes {
        outln!("note: {note}");
    }
    if changed > 0 {
        return Ok(2);
    }
    outln!(
        "{name}: {} migrations, {} queries, {} negative checks, {} suites, {} files, all as reviewed",
        ceremony.migrations.len(),
        ceremony.queries.len(),
        ceremony.negatives.len(),
        ceremony.suites.len(),
        ceremony.files.len()
    );
    Ok(0)
}

/// The worst first; what has the same reason and the same advice shares them.
fn hazards(all: &[Hazard]) {
    let mut open: Vec<HazardGroup<'_>> =
        grouped(all).into_iter().filter(|group| !group.first.accepted).collect();
    let mut found: BTreeMap<HazardClass, usize> = BTreeMap::new();
    for group in &open {
        *found.entry(group.first.class).or_default() += 1;
    }
    while !open.is_empty() {
        let Hazard { class, why, rule, next, .. } = open[0].first;
        let like = |group: &HazardGroup<'_>| (&group.first.why, &group.first.next) == (why, next);
        let (alike, others): (Vec<_>, Vec<_>) = open.into_iter().partition(like);
        for group in &alike {
            let first = group.first;
            let perhaps = if first.perhaps { ", if the DO block gets there" } else { "" };
            let more = if group.lines.len() > 1 { format!(" ({})", group.places()) } else { String::new() };
            outln!("warning: {}: {}: {}{perhaps}{more}", first.at, class.word(), first.what);
        }
        outln!("  why:  {why} ({rule})");
        outln!("  next: {next}");
        open = others;
    }
    let counted: Vec<String> =
        found.iter().map(|(class, count)| format!("{count} {}", class.word())).collect();
    if !counted.is_empty() {
        outln!("hazards: {}; nothing of it stops a ceremony, the gates show it", counted.join(", "));
    }
    match all.iter().filter(|hazard| hazard.accepted).count() {
        0 => {}
        1 => outln!("1 hazard is accepted in its file (squawk-ignore)"),
        count => outln!("{count} hazards are accepted in their files (squawk-ignore)"),
    }
}
