//! A ceremony without a screen: answers from a file or a flag, one line per event, an exit code that says how it ended.

use super::{Drive, Journal, Message, batch, start, witness};
use crate::journal::file::JournalError;
use crate::plan::Plan;
use crate::runner::Runner;
use crate::runner::clock::Clock;
use crate::session::*;
use crate::view::clean_line;
use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError, TryRecvError};
use std::time::Duration;

/// How a headless run ended. The numbers are the exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Pass, or pass with waivers.
    Passed = 0,
    /// A gate has no answer; the session can be resumed.
    Waiting = 3,
    /// Closed with another verdict.
    Failed = 4,
    /// The world is stopped and nobody answers the escalation; the session can be resumed.
    Stopped = 5,
}

/// Where the answers come from.
#[derive(Clone, Debug)]
pub enum Answers {
    /// Every gate is confirmed. Such a session is practice.
    Yes,
    /// Gate ids to words, each used once, in order. `{phrase}` and `{target}` are filled in. At a stop the ids are
    /// `assess`, `decide` (whose words begin with the decision and a colon) and `document`.
    File(BTreeMap<String, Vec<String>>),
}

impl Answers {
    /// Reads an answers file: a TOML table of strings or lists of strings.
    ///
    /// # Errors
    /// In words, when it is not that.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
        let mut answers = BTreeMap::new();
        for (gate, value) in table {
            let words: Option<Vec<String>> = match &value {
                toml::Value::String(one) => Some(vec![one.clone()]),
                toml::Value::Array(list) => {
                    list.iter().map(|item| item.as_str().map(str::to_owned)).collect()
                }
                _ => None,
            };
            let words = words.ok_or_else(|| format!("'{gate}' is neither a text nor a list of texts"))?;
            answers.insert(gate, words);
        }
        // Found now and not in the middle of a stop.
        for words in answers.get("decide").into_iter().flatten() {
            decision(words).ok_or_else(|| {
                format!(
                    "'decide' must be resume, roll back or abandon, a colon and the reason, and not '{words}'"
                )
            })?;
        }
        Ok(Self::File(answers))
    }

    /// The first gate id that the plan never asks for: a typing error that would leave a gate without its answer.
    pub fn unknown(&self, plan: &Plan) -> Option<&str> {
        let Self::File(answers) = self else { return None };
        let others = ["rollback", "rollback delete", "assess", "decide", "document"];
        answers.keys().map(String::as_str).find(|id| {
            let step = id.strip_suffix(" commit").unwrap_or(id);
            !others.contains(id) && plan.find(step).is_none()
        })
    }

    fn take(&mut self, id: &str) -> Option<String> {
        let Self::File(answers) = self else { return None };
        let list = answers.get_mut(id)?;
        (!list.is_empty()).then(|| list.remove(0))
    }

    /// The command that answers what `session` waits for; `None` when there is no answer.
    fn command(&mut self, session: &Session) -> Option<Command> {
        match &session.phase {
            // Nobody looks: probes that did not pass would be tried for ever.
            Phase::Gate(gate) if session.is_broken_for(gate.kind) => None,
            Phase::Gate(gate) => {
                // Nobody looks: a step that was open again would be tried for ever.
                let again = gate.kind == GateKind::Start
                    && session.step_state(&gate.step).is_some_and(|state| state.blocked.is_some());
                let words = match self {
                    Self::Yes if again => return None,
                    Self::Yes => gate.phrase.clone(),
                    Self::File(_) => self
                        .take(&gate.id)?
                        .replace("{phrase}", &gate.phrase)
                        .replace("{target}", &session.address),
                };
                if gate.kind.can_be_declined() && words == "discard" {
                    return Some(Command::Discard);
                }
                Some(Command::Answer { gate: gate.id.clone(), words })
            }
            Phase::Stopped => match session.escalation.as_ref()?.next? {
                Stage::Assess => Some(Command::Assess { words: self.take("assess")? }),
                Stage::Decide => {
                    let (decision, words) = decision(&self.take("decide")?)?;
                    Some(Command::Decide { decision, words })
                }
                Stage::Document => Some(Command::Document { words: self.take("document")? }),
                Stage::Stop | Stage::Execute => None,
            },
            _ => None,
        }
    }
}

/// `roll back: the data is wrong`.
fn decision(words: &str) -> Option<(Decision, String)> {
    let (decision, reason) = words.split_once(':')?;
    let reason = reason.trim();
    (!reason.is_empty()).then_some((Decision::of_word(decision.trim())?, reason.to_owned()))
}

/// Drives until the ceremony is over or nobody answers.
///
/// # Errors
/// When the record cannot be written any more.
pub fn run<J: Journal>(
    drive: &mut Drive<J>,
    runner: &mut dyn Runner,
    (first, asked): (Command, Option<Command>),
    answers: &mut Answers,
    inbox: &Receiver<Message>,
    clock: Clock,
    out: &mut dyn Write,
) -> Result<Ended, JournalError> {
    let mut printed = drive.transcript.entries;
    let (mut signals, mut told) = (0, 0);
    let mut ear = Ear { inbox, waiting: VecDeque::new(), other: None };
    let mut first = Some(Input::Command(first));
    let mut asked = asked.map(Input::Command);
    loop {
        // What was asked for on the command line waits until the session can hear it.
        let free = matches!(drive.session.phase, Phase::Gate(_) | Phase::Closed(_));
        let input = match first.take().or_else(|| asked.take_if(|_| free)) {
            Some(input) => input,
            None => {
                if drive.session.waits_for_witness() && told != drive.transcript.entries {
                    let _ = writeln!(out, "      next: {}", clean_line(&drive.session.what_is_next()));
                    told = drive.transcript.entries;
                }
                match next(&drive.session, answers, &mut ear, &mut signals) {
                    Ok(Heard::Input(input)) => input,
                    Ok(Heard::Word(word)) => {
                        witness::hear(drive, runner, word, clock.now())?;
                        printed = print(drive, printed, out);
                        continue;
                    }
                    Err(ended) => return Ok(ended),
                }
            }
        };
        let effects = drive.feed(input, clock.now())?;
        start(runner, effects, drive);
        printed = print(drive, printed, out);
        if let Phase::Closed(verdict) = drive.session.phase
            && asked.is_none()
        {
            return Ok(if verdict.is_good() { Ended::Passed } else { Ended::Failed });
        }
        // Wrong words would be refused for ever.
        if drive.session.refusal.is_some() && matches!(drive.session.phase, Phase::Gate(_)) {
            return Ok(Ended::Waiting);
        }
    }
}

/// The inbox; output that waits there is joined, in order.
struct Ear<'i> {
    inbox: &'i Receiver<Message>,
    waiting: VecDeque<Input>,
    /// What came behind it.
    other: Option<Message>,
}

impl Ear<'_> {
    fn wait(&mut self) -> Result<Message, RecvError> {
        self.ready().map_or_else(|| self.inbox.recv().map(|message| self.joined(message)), Ok)
    }

    fn wait_for(&mut self, limit: Duration) -> Result<Message, RecvTimeoutError> {
        let inbox = self.inbox;
        self.ready().map_or_else(|| inbox.recv_timeout(limit).map(|message| self.joined(message)), Ok)
    }

    fn look(&mut self) -> Result<Message, TryRecvError> {
        let inbox = self.inbox;
        self.ready().map_or_else(|| inbox.try_recv().map(|message| self.joined(message)), Ok)
    }

    fn ready(&mut self) -> Option<Message> {
        match self.waiting.pop_front() {
            Some(Input::Outcome(outcome)) => Some(Message::Outcome(outcome)),
            _ => self.other.take(),
        }
    }

    /// This message, with the output that goes on where it ends.
    fn joined(&mut self, message: Message) -> Message {
        let Message::Outcome(outcome) = message else { return message };
        let mut bytes = batch::bytes(&outcome);
        batch::push(&mut self.waiting, outcome);
        while bytes < batch::BYTES_PER_TURN
            && let Ok(next) = self.inbox.try_recv()
        {
            let Message::Outcome(outcome) = next else {
                self.other = Some(next);
                break;
            };
            bytes += batch::bytes(&outcome).max(batch::BYTES_PER_TURN / 256);
            batch::push(&mut self.waiting, outcome);
        }
        self.ready().unwrap_or(Message::TermGone)
    }
}

enum Heard {
    Input(Input),
    Word(witness::Word),
}

/// What is heard next: an answer where one is waited for, otherwise the inbox.
fn next(
    session: &Session,
    answers: &mut Answers,
    ear: &mut Ear<'_>,
    signals: &mut u32,
) -> Result<Heard, Ended> {
    let waits = match &session.phase {
        // Leaving now would cut the command short that tells the team.
        _ if session.telling => None,
        Phase::Gate(_) => Some(Ended::Waiting),
        Phase::Stopped => Some(Ended::Stopped),
        _ => None,
    };
    loop {
        // Where an answer is waited for, what arrived meanwhile goes first: a lost connection, a signal.
        let message = match waits {
            None => ear.wait().map_err(|_| Ended::Stopped)?,
            // The server has its own deadline for an open transaction, and nobody has one at a start gate.
            Some(ended) if session.waits_for_witness() => {
                let limit = Duration::from_millis(session.plan.ceremony.limits.answer_timeout_ms);
                ear.wait_for(limit).map_err(|_| ended)?
            }
            Some(ended) => match ear.look() {
                Ok(message) => message,
                Err(_) => {
                    let command = answers.command(session).ok_or(ended)?;
                    return Ok(Heard::Input(Input::Command(command)));
                }
            },
        };
        match message {
            Message::Outcome(outcome) => return Ok(Heard::Input(Input::Outcome(outcome))),
            Message::Witness(word) => return Ok(Heard::Word(word)),
            Message::Signal(_) => {
                *signals += 1;
                // STOP, then terminate; whoever asks a third time wants out.
                if *signals > 2 {
                    return Err(Ended::Stopped);
                }
                return Ok(Heard::Input(Input::Command(Command::Stop)));
            }
            Message::Term(..) | Message::TermGone | Message::Said(_) => {}
        }
    }
}

fn print<J>(drive: &Drive<J>, after: u64, out: &mut dyn Write) -> u64 {
    let lines = drive.transcript.lines.iter().rev().take_while(|line| line.entry > after);
    let fresh: Vec<_> = lines.collect();
    for line in fresh.into_iter().rev() {
        let step = if line.step.is_empty() { "-".to_owned() } else { clean_line(&line.step) };
        // A closed pipe must not end a ceremony.
        let _ =
            writeln!(out, "{:>5} {} {step}: {}", line.entry, line.at.wall.clock(), clean_line(&line.text));
    }
    if let Some(refusal) = &drive.session.refusal
        && drive.transcript.entries > after
    {
        let _ = writeln!(out, "      next: {}", clean_line(&refusal.next));
    }
    let _ = out.flush();
    drive.transcript.entries
}
