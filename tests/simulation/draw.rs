//! What happens next to a world, drawn from a seed, as a line of the scenarios' language.

use crate::support::World;
use ceremony::runner::fake::Seed;
use ceremony::session::*;

/// What kind of ceremony a seed is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The shipped one.
    Shipped,
    /// With scripts that run without a transaction.
    Stepwise,
    /// With steps that ask for a witness.
    Witnessed,
    /// Two operators on one database.
    Two,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Shipped, Self::Stepwise, Self::Witnessed, Self::Two];

    fn plan(self, number: u64) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Stepwise => "stepwise",
            Self::Witnessed => "witnessed",
            Self::Two => ["shipped", "stepwise"][(number % 2) as usize],
        }
    }
}

pub struct Draw {
    seed: Seed,
    others: Seed,
    kind: Kind,
    crash_once_in: u64,
    odd_once_in: u64,
    tampers: bool,
}

impl Draw {
    /// The draw of a seed, and the lines its world begins with.
    pub fn new(kind: Kind, number: u64) -> (Self, Vec<String>) {
        let mut seed = Seed(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let (plan, first, second) = (kind.plan(number), seed.below(1 << 32), seed.below(1 << 32));
        let faults = [0, 400, 120, 40][seed.below(4) as usize];
        let mut lines = vec![format!("world {plan} {first} {faults}")];
        if kind == Kind::Two {
            lines.push(format!("second {plan} {second} {faults}"));
        }
        let draw = Self {
            others: Seed(number ^ 0x0077_6974_6e65_7373),
            kind,
            crash_once_in: [0, 200, 60][seed.below(3) as usize],
            odd_once_in: [0, 150, 30][seed.below(3) as usize],
            tampers: kind != Kind::Two && seed.once_in(8),
            seed,
        };
        (draw, lines)
    }

    pub fn next(&mut self, world: &World) -> String {
        match &world.other {
            Some(other) if self.seed.once_in(2) => format!("b: {}", self.line(other)),
            _ => self.line(world),
        }
    }

    /// Whether a run may end here.
    pub fn is_over(&mut self, world: &World) -> bool {
        let over = |world: &World| {
            matches!(world.drive.session.phase, Phase::Closed(_)) && world.runner.pending.is_empty()
        };
        over(world) && world.other.as_deref().is_none_or(over) && self.seed.once_in(3)
    }

    fn line(&mut self, world: &World) -> String {
        if let Some(line) = self.witness(world) {
            return line;
        }
        let keep = self.seed.below(1 << 16);
        if world.poisoned && self.seed.once_in(3) {
            return format!("torn {keep}");
        }
        if self.seed.once_in(self.crash_once_in) {
            let points = ["decided", "appended", "synced", "applied", "begun"];
            return match self.seed.below(7) {
                at @ 0..5 => format!("dies {} {keep}", points[at as usize]),
                _ => format!("torn {keep}"),
            };
        }
        if self.seed.once_in(self.odd_once_in) {
            return self.odd(world, keep);
        }
        if !world.runner.pending.is_empty() && !self.seed.once_in(40) {
            return "deliver".to_owned();
        }
        self.command(world, keep)
    }

    /// What should not happen: to outcomes, clocks, disk and server.
    fn odd(&mut self, world: &World, keep: u64) -> String {
        let at = self.seed.below(world.runner.pending.len() as u64);
        let alone = self.kind != Kind::Two;
        match self.seed.below(16) {
            0 => format!("lost {at}"),
            1 | 2 => format!("twice {at}"),
            3 | 4 => format!("later {at}"),
            5..8 => format!("late {at}"),
            8 => format!("swap {at}"),
            9 => format!("disk-full {keep}"),
            10 => format!("clock-set {}", [3_600, -3_600, -1, 86_400][self.seed.below(4) as usize]),
            11 => format!("clock-gap {}", self.seed.below(40_000)),
            12 if alone => "server restarts".to_owned(),
            13 if self.tampers => ["server other", "server standby"][self.seed.below(2) as usize].to_owned(),
            14 if self.tampers && self.seed.once_in(3) => "ledger-older".to_owned(),
            15 if self.tampers && self.seed.once_in(6) => "server promoted".to_owned(),
            _ if world.away.is_some() => "server other".to_owned(),
            _ => format!("late {at}"),
        }
    }

    /// A command: mostly the right one, sometimes any.
    fn command(&mut self, world: &World, keep: u64) -> String {
        let session = &world.drive.session;
        let decision = ["resume", "resume", "roll back", "abandon"][self.seed.below(4) as usize];
        if self.seed.once_in(40) {
            let any = [
                "stop",
                "discard",
                "answer because",
                "assess because",
                "document ",
                "rollback",
                "note because",
                "open",
                "interrupted suspended",
                "deviate sign-off | because | because | because",
            ];
            return match self.seed.below(any.len() as u64 + 1) as usize {
                at if at < any.len() => any[at].to_owned(),
                _ => format!("decide {decision}: because"),
            };
        }
        match &session.phase {
            Phase::Unopened => "open".to_owned(),
            Phase::Gate(_) => "answer".to_owned(),
            // An outcome was lost: the operator presses STOP, or ends the program.
            Phase::Running(_) if world.runner.pending.is_empty() && self.seed.once_in(3) => {
                format!("torn {keep}")
            }
            Phase::Running(_) if self.seed.once_in(8) => "stop".to_owned(),
            Phase::Running(_) => "note because".to_owned(),
            Phase::Stopped => match session.escalation.as_ref().and_then(|escalation| escalation.next) {
                Some(Stage::Assess) => "assess because".to_owned(),
                Some(Stage::Decide) => format!("decide {decision}: because"),
                _ => "document because".to_owned(),
            },
            Phase::Closed(_) => "rollback".to_owned(),
        }
    }

    /// What somebody who watches might send at any time; in a plan that asks for witnesses they come to every gate.
    fn witness(&mut self, world: &World) -> Option<String> {
        let session = &world.drive.session;
        let seed = &mut self.others;
        let wanted = session.waits_for_witness() && seed.once_in(2);
        if !wanted && !seed.once_in(30) {
            return None;
        }
        let name = ["bea", "cleo", "ada", "-", "dan"][seed.below(5) as usize];
        if !wanted && seed.once_in(20) {
            return Some(format!("witness-stop {name}"));
        }
        let letters = if seed.once_in(9) { "-" } else { "XY" };
        let steps = &session.plan.steps;
        let step = &steps[seed.below(steps.len() as u64) as usize].id;
        let step = if wanted || seed.once_in(2) { "-" } else { step };
        let attempt = seed.below(40).to_string();
        let attempt = if wanted || !seed.once_in(4) { "-" } else { &attempt };
        Some(format!("initials {name} {letters} {step} {attempt}"))
    }
}
