//! What runs ended with and met, to see that the simulation reaches what it should, and for the table.

use crate::support::World;
use ceremony::session::*;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Met(BTreeMap<String, u64>);

impl Met {
    pub fn add(&mut self, what: &str, count: u64) {
        if count > 0 {
            *self.0.entry(what.to_owned()).or_default() += count;
        }
    }

    /// How often; every name that begins so is counted.
    pub fn of(&self, what: &str) -> u64 {
        self.0.iter().filter(|(name, _)| name.starts_with(what)).map(|(_, count)| count).sum()
    }

    pub fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|(name, count)| self.add(&name, count));
    }

    /// Everything, in one line.
    pub fn words(&self) -> String {
        self.0.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    }

    /// A line of the scenario was carried out: what happened to the world.
    pub fn line(&mut self, line: &str) {
        let line = line.strip_prefix("b: ").unwrap_or(line);
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "dies" => self.add(&format!("died {}", rest.split(' ').next().unwrap_or_default()), 1),
            "torn" => self.add("died between inputs", 1),
            "lost" | "twice" | "later" | "late" | "swap" => self.add(&format!("outcome {verb}"), 1),
            "disk-full" => self.add("append failed", 1),
            "clock-set" | "clock-gap" => self.add("clock jumped", 1),
            "server" => self.add(&format!("server {rest}"), 1),
            "ledger-older" => self.add("database back", 1),
            "witness-stop" => self.add("witness STOP", 1),
            _ => {}
        }
    }

    pub fn events(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::UnitRequested { work: UnitWork::Mend, .. } => self.add("unit mended", 1),
                Event::UnitRequested { work: UnitWork::LeaveOut, .. } => self.add("unit left out", 1),
                Event::Witnessed { .. } => self.add("initials", 1),
                Event::RecheckFinished { why: None } => self.add("probes passed again", 1),
                Event::RecheckFinished { why: Some(_) } => self.add("probes barred", 1),
                Event::FoundHalfWay { .. } => self.add("half-way", 1),
                Event::Settled { step: Some((_, true)) } => self.add("in doubt, had happened", 1),
                Event::Settled { step: Some((_, false)) } => self.add("in doubt, had not", 1),
                Event::Refused { .. } => self.add("refused", 1),
                Event::LetGo { halt: Some(halt), .. } if halt.why.contains("nobody knows whether") => {
                    self.add("unit unknown", 1);
                }
                Event::StepReopened { why, .. } if why.contains("holds it") => {
                    self.add("race, fence held", 1)
                }
                Event::StepReopened { why, .. } if why.contains("already applied") => {
                    self.add("race, applied by the other", 1);
                }
                Event::StepReopened { why, .. } if why.contains("another server") => {
                    self.add("another server refused", 1);
                }
                Event::Halted { halt } => self.halted(halt),
                _ => {}
            }
        }
    }

    fn halted(&mut self, halt: &Halt) {
        let cause = match halt.cause {
            HaltCause::Condition(condition) => format!("halt {}", condition.number()),
            HaltCause::Operator => "halt by STOP".to_owned(),
            HaltCause::Witness => "halt by witness".to_owned(),
            HaltCause::Rule => "halt by rule".to_owned(),
        };
        self.add(&cause, 1);
        self.add("back in time found", u64::from(halt.why.contains("back in time")));
        self.add("another ledger found", u64::from(halt.why.contains("not this session's")));
    }

    pub fn end(&mut self, world: &World) {
        let session = &world.drive.session;
        self.add("inputs", world.fed.0);
        self.add("events", world.fed.1);
        self.add("crashes", world.deaths);
        self.add(&format!("verdict {}", session.verdict().word()), 1);
        let back = session.migrations.iter().filter(|it| matches!(it, MigrationState::RolledBack(_)));
        self.add("rolled back", back.count() as u64);
    }
}
