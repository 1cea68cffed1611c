//! From events of the terminal to actions: the context finds the row of the keymap, the row says what happens.

use super::keymap::{Context, Do, Key, lookup};
use super::paint::Scroll;
use super::words::Purpose;
use super::*;
use crate::session::Stage;
use crossterm::event::KeyEvent;

impl Cockpit {
    /// Takes an event of the terminal; returns what the operator wants.
    pub fn on_event(
        &mut self,
        event: &TermEvent,
        session: &Session,
        transcript: &Transcript,
        status: &Status<'_>,
    ) -> Vec<Action> {
        let scene = Scene { session, transcript, status };
        self.sync(&scene);
        match event {
            TermEvent::Key(key) => self.on_key(key, &scene),
            TermEvent::Paste(text) => {
                self.on_paste(text);
                Vec::new()
            }
            TermEvent::Resize(..) => {
                self.answer.rest(status.now);
                Vec::new()
            }
            TermEvent::Mouse(mouse) => {
                self.ring.touched(status.now);
                self.on_mouse(*mouse, &scene);
                Vec::new()
            }
            TermEvent::FocusGained | TermEvent::FocusLost => {
                self.ring.focus(*event == TermEvent::FocusGained, status.now);
                Vec::new()
            }
        }
    }

    pub(super) fn on_paste(&mut self, text: &str) {
        if self.sheet.open {
            self.sheet.paste(text);
        } else if self.find.typing {
            self.find.add(text);
        } else if let Some((_, prompt)) = &mut self.reading.prompt {
            prompt.take(text);
        } else if self.words.open.is_some() {
            self.words.paste(text);
        } else if self.answer.typing {
            self.answer.text.clear();
            self.say("pasted text is not taken: a gate is answered by hand, letter by letter");
        } else {
            self.say("pasted text is not taken here");
        }
    }

    fn on_key(&mut self, event: &KeyEvent, scene: &Scene<'_>) -> Vec<Action> {
        let Some(key) = Key::of(event) else {
            return Vec::new();
        };
        (self.message, self.notice, self.told) = (None, None, None);
        self.ring.touched(scene.status.now);
        if let Some(act) = lookup(key, &self.contexts(scene)) {
            return self.act(act, scene);
        }
        if self.small {
            return Vec::new();
        }
        if self.sheet.open {
            self.sheet.key(event);
        } else if self.find.typing {
            key.typed().inspect(|letter| self.find.add(letter.encode_utf8(&mut [0; 4])));
        } else if let Some((_, prompt)) = &mut self.reading.prompt {
            if let Some(letter) = key.typed() {
                prompt.take(letter.encode_utf8(&mut [0; 4]));
            }
        } else if self.initials.is_some() {
            key.typed().into_iter().for_each(|letter| self.initials_letter(letter));
        } else if self.words.open.is_some() {
            self.words.key(event);
        } else if self.palette.open {
            self.palette.key(event);
        } else if self.answer.typing
            && let Some(letter) = key.typed()
            && let Err(why) = self.answer.letter(letter, scene.status.now)
        {
            self.say(why);
        }
        Vec::new()
    }

    /// The contexts that are active, the closest one first.
    pub(super) fn contexts(&self, scene: &Scene<'_>) -> Vec<Context> {
        let mut contexts = vec![Context::Always];
        if scene.now() {
            contexts.push(Context::Drive);
        }
        if self.small {
            // Nothing is answered that cannot be read.
            return contexts;
        }
        if self.palette.open {
            contexts.push(Context::Palette);
            return contexts;
        }
        contexts.extend(
            self.contexts_below(scene)
                .into_iter()
                .filter(|context| !contexts.contains(context))
                .collect::<Vec<_>>(),
        );
        contexts
    }

    /// The contexts without regard to the palette, which offers what they have.
    pub(super) fn contexts_below(&self, scene: &Scene<'_>) -> Vec<Context> {
        let mut contexts = vec![Context::Always];
        if scene.now() {
            contexts.push(Context::Drive);
        }
        let modal = if self.sheet.open {
            Some(Context::Sheet)
        } else if self.find.typing {
            Some(Context::Find)
        } else if self.reading.prompt.is_some() {
            Some(Context::Prompt)
        } else if self.words.open == Some(Purpose::Beside) {
            Some(Context::Beside)
        } else if self.initials.is_some() {
            Some(Context::Initials)
        } else if self.words.open.is_some() {
            Some(Context::Words)
        } else if self.ask.is_some() {
            Some(Context::Ask)
        } else if self.help {
            Some(Context::Help)
        } else if self.choosing {
            Some(Context::Choice)
        } else if self.answer.typing {
            Some(Context::Answer)
        } else {
            None
        };
        if let Some(modal) = modal {
            contexts.extend((self.is_found() && modal == Context::Help).then_some(Context::Found));
            contexts.push(modal);
            return contexts;
        }
        contexts.extend(self.is_found().then_some(Context::Found));
        contexts.extend(self.on_result().then_some(Context::Result));
        if scene.live() {
            if let Phase::Gate(gate) = &scene.session.phase {
                contexts.push(Context::Gate);
                if gate.kind.can_be_declined() {
                    contexts.push(Context::Commit);
                }
            }
            if Purpose::of_stage(scene.session).is_some() {
                contexts.push(Context::Stopped);
            }
        }
        if self.curtain(scene) {
            contexts.push(Context::Curtain);
        }
        contexts.push(match scene.status.face {
            Face::Live => Context::Live,
            Face::Watch { .. } => Context::Watch,
            Face::Replay { .. } => Context::Replay,
        });
        contexts.push(Context::Panes);
        contexts
    }

    pub(super) fn act(&mut self, act: Do, scene: &Scene<'_>) -> Vec<Action> {
        if let Some(actions) = self.on_deck(act).or_else(|| self.on_notes(act, scene)) {
            return actions;
        }
        match act {
            Do::Stop => return vec![Action::Command(Command::Stop)],
            Do::Suspend => return vec![Action::Suspend],
            Do::Answer | Do::Discard => {
                self.looking = true;
                let started = self.answer.start(scene.session, act == Do::Discard, scene.status.now);
                if let Err(why) = started {
                    self.say(why);
                }
            }
            Do::Stage => self.start_stage(scene.session),
            Do::Look => self.looking = !self.looking,
            Do::Note => self.words.start(Purpose::Note),
            Do::Deviate => {
                let about = self.subject(scene.session);
                self.sheet.start(crate::view::deviation_draft(scene.session, about.as_deref()));
            }
            Do::RollBack => self.ask = Some(Ask::RollBack),
            Do::Initials => self.start_initials(scene.session),
            Do::Confirm | Do::Leave | Do::Rub | Do::RubAll if self.initials.is_some() => {
                return self.on_initials(act);
            }
            Do::Quit => self.ask = Some(Ask::Quit),
            Do::Yes | Do::No => return self.answer_ask(act == Do::Yes),
            Do::Palette => self.palette.show(self.contexts_below(scene)),
            Do::Help => (self.help, self.help_scroll) = (true, Scroll::default()),
            Do::Zoom => self.zoom = !self.zoom,
            Do::Confirm if self.palette.open => return self.palette_confirm(scene),
            Do::Confirm => return self.confirm(scene),
            Do::Leave => self.leave(),
            Do::FindHere | Do::FindNext(_) | Do::Pin | Do::OpenRow | Do::NextBad => self.work(act, scene),
            Do::Copy(row) => return self.copy(row, scene),
            Do::Edit => return self.edit(scene),
            Do::Rub | Do::RubAll if self.find.typing => self.find.rub(act == Do::RubAll),
            Do::RubAll if self.palette.open => self.palette.rub_all(),
            Do::Rub | Do::RubAll => self.rub(act == Do::RubAll),
            Do::Choose(at) => self.choose(at, scene.session),
            Do::Seek(_) | Do::SeekFirst | Do::SeekLast | Do::SeekMark(_) | Do::PlayPause => {
                return vec![Action::Seek(seek(act))];
            }
            _ => self.browse(act, scene),
        }
        Vec::new()
    }

    fn rub(&mut self, all: bool) {
        match &mut self.reading.prompt {
            Some((_, prompt)) if all => prompt.rub_all(),
            Some((_, prompt)) => {
                // With nothing left to take away it is left, as in other programs.
                if !prompt.rub() {
                    self.reading.prompt = None;
                }
            }
            None if all => self.answer.text.clear(),
            None => drop(self.answer.text.pop()),
        }
    }

    fn answer_ask(&mut self, yes: bool) -> Vec<Action> {
        match self.ask.take() {
            Some(Ask::Quit) if yes => vec![Action::Quit],
            Some(Ask::RollBack) if yes => vec![Action::Command(Command::RollBack)],
            _ => Vec::new(),
        }
    }

    pub(super) fn start_stage(&mut self, session: &Session) {
        match Purpose::of_stage(session) {
            Some(Stage::Assess) => self.words.start(Purpose::Assess),
            Some(Stage::Document) => self.words.start(Purpose::Document),
            Some(Stage::Decide) => self.choosing = true,
            _ => return,
        }
        self.looking = false;
    }

    fn choose(&mut self, at: usize, session: &Session) {
        let Some(decision) = Self::decision(at) else { return };
        if decision == Decision::RollBack && !session.anything_applied() {
            self.say("nothing is applied, so there is nothing to roll back: resume or abandon");
            return;
        }
        self.choosing = false;
        self.words.start(Purpose::Decide(decision));
    }

    fn confirm(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if self.sheet.open {
            let command = self.sheet.confirm();
            self.message = command.as_ref().err().cloned();
            return command.into_iter().map(Action::Command).collect();
        }
        if self.find.typing {
            self.find.confirm();
            return Vec::new();
        }
        if let Some(actions) = self.confirm_deck() {
            return actions;
        }
        if self.words.open.is_some() {
            return match self.words.confirm() {
                Some(command) => vec![Action::Command(command)],
                None => {
                    self.say("there are no words yet: write a sentence, then Ctrl-D");
                    Vec::new()
                }
            };
        }
        if let Err(why) = self.answer.pace(scene.status.now) {
            self.say(why);
            return Vec::new();
        }
        if self.answer.text.trim().is_empty() {
            self.say("Enter alone does nothing: type the phrase first");
            return Vec::new();
        }
        let Phase::Gate(gate) = &scene.session.phase else { return Vec::new() };
        let words = self.answer.text.trim().to_owned();
        if gate.kind.can_be_declined() && words == "discard" {
            return vec![Action::Command(Command::Discard)];
        }
        vec![Action::Command(Command::Answer { gate: gate.id.clone(), words })]
    }

    fn leave(&mut self) {
        if self.sheet.open {
            self.sheet.open = false;
        } else if self.palette.open {
            self.palette.close();
        } else if self.reading.prompt.take().is_some() {
        } else if self.find.typing || self.is_found() {
            self.find.leave();
        } else if self.on_result() && self.opened {
            self.opened = false;
        } else if self.words.open.is_some() {
            self.words.open = None;
        } else if self.help {
            self.help = false;
        } else if self.choosing {
            self.choosing = false;
        } else {
            self.answer.leave();
        }
    }
}

fn seek(act: Do) -> Seek {
    match act {
        Do::Seek(entries) if entries < 0 => Seek::Back(entries.unsigned_abs()),
        Do::Seek(entries) => Seek::Forward(entries.unsigned_abs()),
        Do::SeekFirst => Seek::First,
        Do::SeekLast => Seek::Last,
        Do::SeekMark(way) if way < 0 => Seek::PreviousMark,
        Do::SeekMark(_) => Seek::NextMark,
        _ => Seek::PlayPause,
    }
}
