//! An idle hour at a gate: the loop behind the cockpit notices it with the next key, and asks again.

mod support;

use ceremony::driver::Message;
use ceremony::driver::live::{Left, Stage, run};
use ceremony::runner::clock::Clock;
use ceremony::runner::fake::FakeRunner;
use ceremony::runner::{Recorded, Runner};
use ceremony::session::*;
use ceremony::time::Moment;
use ceremony::tui::{Cockpit, TermEvent, Theme};
use crossterm::event::KeyCode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::mpsc::{SyncSender, sync_channel};
use support::World;

const IDLE_US: u64 = 900_000_000;

/// The fake world, heard through the channel; once its probes ran, the terminal goes away.
struct Piped {
    runner: FakeRunner,
    mouth: SyncSender<Message>,
}

impl Runner for Piped {
    fn start(&mut self, effect: Effect, recorded: &Recorded) {
        let last = matches!(effect, Effect::Recheck { .. });
        self.runner.start(effect, recorded);
        for outcome in self.runner.pending.drain(..) {
            self.mouth.send(Message::Outcome(outcome)).unwrap();
        }
        if last {
            self.mouth.send(Message::TermGone).unwrap();
        }
    }
}

/// The screen, and how many frames it still takes: a loop that waits for nothing comes to an end.
struct Screen(Terminal<TestBackend>, u32);

impl Stage for Screen {
    fn draw(&mut self, draw: &mut dyn FnMut(&mut ratatui::Frame<'_>)) -> std::io::Result<()> {
        self.1 = self.1.checked_sub(1).ok_or(std::io::ErrorKind::TimedOut)?;
        self.0.draw(draw).unwrap();
        Ok(())
    }

    fn suspend(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Keys at a gate behind the preflight, so many microseconds apart; what was decided from there on.
fn keys_at_a_gate(apart_us: &[u64], code: KeyCode) -> Vec<String> {
    let mut world = World::new(support::shipped_plan(), 1);
    // Its wall clock is the one that the loop reads afterwards.
    world.wall_off_us = Clock::starting_at(0).now().wall.as_micros() - world.now().wall.as_micros();
    world.command(Command::Open { header: Box::new(support::header()) });
    while !matches!(&world.drive.session.phase, Phase::Gate(gate) if gate.step == "apply/foundations") {
        if world.deliver().is_none() {
            let answer = world.right_answer().unwrap();
            world.command(answer);
        }
    }
    let clock = Clock::starting_at(world.clock_us);
    let (mouth, inbox) = sync_channel(1024);
    let mut at = clock.now();
    for apart in apart_us {
        at = Moment { mono_us: at.mono_us + apart, ..at };
        mouth.send(Message::Term(TermEvent::Key(code.into()), at)).unwrap();
    }
    if apart_us.iter().all(|apart| *apart < IDLE_US) {
        mouth.send(Message::TermGone).unwrap();
    }
    let mut runner = Piped { runner: world.runner, mouth };
    let mut cockpit = Cockpit::new(Theme::dark(), true);
    let mut screen = Screen(Terminal::new(TestBackend::new(80, 24)).unwrap(), 200);
    let before = world.drive.transcript.lines.len();
    let first = Command::Note { words: "begin".to_owned() };
    let left = run(&mut world.drive, &mut runner, (first, None), (&mut cockpit, &mut screen), &inbox, clock);
    assert_eq!(left, Left::Gone);
    let lines = world.drive.transcript.lines.iter().skip(before);
    let mut lines: Vec<String> =
        lines.map(|line| line.text.clone()).filter(|line| !line.contains("begin")).collect();
    // The record's last word; nothing is asked anew of somebody who is not there.
    assert_eq!(lines.pop().as_deref(), Some("interrupted: the terminal is gone, and nobody drives any more"));
    lines
}

#[test]
fn a_key_after_an_idle_quarter_of_an_hour_asks_the_probes_again() {
    let lines = keys_at_a_gate(&[1_000_000, IDLE_US + 2_000_000], KeyCode::Char('k'));
    assert!(lines[0].starts_with("interrupted: nobody touched a key for 15 min"), "{lines:?}");
    assert_eq!(lines[1], "before 'apply/foundations' the probes run again");
}

#[test]
fn keys_that_come_in_time_interrupt_nothing() {
    let lines = keys_at_a_gate(&[1_000_000, IDLE_US - 1_000_000, IDLE_US - 1_000_000], KeyCode::Char('k'));
    assert!(lines.is_empty(), "{lines:?}");
}
