//! `ceremony check`: the definition and every file it names.

use super::{Common, Trouble, launch, transactions};
use crate::definition::Folder;
use crate::plan::{Hazard, grouped};

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

fn hazards(all: &[Hazard]) {
    for group in grouped(all).into_iter().filter(|group| !group.first.accepted) {
        let hazard = group.first;
        let perhaps = if hazard.perhaps { ", if the DO block gets there" } else { "" };
        let more = if group.lines.len() > 1 { format!(" ({})", group.places()) } else { String::new() };
        outln!("warning: {}: {}: {}{perhaps}{more}", hazard.at, hazard.class.word(), hazard.what);
        outln!("  why:  {} ({})", hazard.why, hazard.rule);
        outln!("  next: {}", hazard.next);
    }
    match all.iter().filter(|hazard| hazard.accepted).count() {
        0 => {}
        1 => outln!("1 hazard is accepted in its file (squawk-ignore)"),
        count => outln!("{count} hazards are accepted in their files (squawk-ignore)"),
    }
}
