//! Which bytes of a conversation are tried: all, but of a long message only its edges and its middle.

use crate::rig::{At, Heard, Rig, Way};

/// Longer messages are looks of the program's own, all alike to the wire.
const LONG: usize = 700;
const EDGE: usize = 48;

/// A byte of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    pub way: Way,
    pub message: usize,
    pub byte: usize,
}

impl Spot {
    pub fn at(self) -> At {
        At::Byte(self.way, self.message, self.byte)
    }
}

/// The newest conversation of that name that came to its end.
pub fn heard(rig: &Rig, who: &str) -> Heard {
    let all = rig.heard();
    let whole = |heard: &Heard| heard.up.last().is_some_and(|(kind, _, _)| *kind == 'X');
    let found = all.into_iter().rfind(|heard| heard.who == who && whole(heard));
    found.unwrap_or_else(|| panic!("nobody said '{who}'"))
}

/// Every byte that is worth a try, in order; the last of each message is its end.
fn all(list: &[(char, usize, String)], way: Way) -> Vec<Spot> {
    let mut spots = Vec::new();
    for (message, (_, length, _)) in list.iter().enumerate() {
        let middle = length / 2;
        let wanted = |byte: &usize| {
            *length <= LONG || *byte < EDGE || byte + EDGE > *length || (middle..middle + 8).contains(byte)
        };
        spots.extend((0..=*length).filter(wanted).map(|byte| Spot { way, message, byte }));
    }
    spots
}

/// So many of them, evenly.
fn some(spots: &[Spot], count: usize) -> Vec<Spot> {
    let count = count.min(spots.len());
    (0..count).map(|at| spots[(at * spots.len() + spots.len() / 2) / count]).collect()
}

/// Spots before COMMIT was sent, and spots from there to its answer, so many of each. Of the latter, those where the
/// outcome is in doubt come first.
pub fn of(heard: &Heard, before: usize, in_doubt: usize) -> (Vec<Spot>, Vec<Spot>) {
    let last = |list: &[(char, usize, String)], kind: char| {
        list.iter().rposition(|(is, _, words)| *is == kind && words == "COMMIT").expect("a COMMIT")
    };
    let (asked, said) = (last(&heard.up, 'Q'), last(&heard.down, 'C'));
    let up = all(&heard.up[..asked], Way::Up);
    let down = all(&heard.down[..said], Way::Down);
    let mut early = some(&up, before - before / 3);
    early.extend(some(&down, before / 3));
    let mut late = Vec::new();
    let answer = all(&heard.down[said..=said + 1], Way::Down);
    let question = all(&heard.up[asked..=asked], Way::Up);
    late.extend(answer.iter().map(|spot| Spot { message: spot.message + said, ..*spot }));
    late.extend(question.iter().map(|spot| Spot { message: spot.message + asked, ..*spot }));
    (early, some(&late, in_doubt))
}
