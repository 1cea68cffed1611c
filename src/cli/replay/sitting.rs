//! A reader before a record: where one is, how it plays, what is looked for, and what was seen of it.

use crate::driver::replay::{Again, Find, Place, Playback, Reading, Reel, Unreadable, were_shown};
use crate::time::Moment;
use crate::tui::{Cockpit, Deck, Seek};
use crate::view::{Reviewing, TimelineKind, TimelineMark, grouped, next_mark, previous_mark};

/// What marks are narrowed to.
enum Sought {
    All,
    Kind(TimelineKind),
    Words(Find),
}

pub(super) struct Sitting {
    pub reel: Reel,
    pub reading: Reading,
    playback: Playback,
    again: Again,
    sought: Sought,
    /// A hit that is not known yet is gone to when it is: on (true) or back.
    awaited: Option<bool>,
    /// While it plays: the entry behind which it has not stopped since.
    from: Option<usize>,
    marks: Vec<TimelineMark>,
    /// The cockpit does not have them yet.
    marks_are_new: bool,
    /// What the marks were made of: how far the record is known, notes, hits.
    made_of: (usize, usize, usize),
    opened_us: u64,
    news: Option<String>,
}

impl Sitting {
    /// Stands at the first entry.
    pub fn new(mut reel: Reel, reading: Reading) -> Result<Self, Unreadable> {
        let again = Again::start(reel.pages()?, reel.plan().clone());
        reel.seek(1);
        let opened_us = reel.moment(1).mono_us;
        let mut sitting = Self {
            reel,
            reading,
            playback: Playback::default(),
            again,
            sought: Sought::All,
            awaited: None,
            from: None,
            marks: Vec::new(),
            marks_are_new: true,
            made_of: (0, 0, 0),
            opened_us,
            news: None,
        };
        sitting.make_marks();
        Ok(sitting)
    }

    pub fn is_playing(&self) -> bool {
        self.playback.is_playing()
    }

    /// When the entry that is shown was decided.
    pub fn moment(&mut self) -> Moment {
        self.reel.moment(self.reel.at())
    }

    /// Trouble with the record.
    pub fn error(&self) -> Option<String> {
        if let Some(misfit) = self.reel.misfit() {
            let n = misfit.at + 1;
            return Some(format!("entry {n}: {}; what is before it is shown", misfit.what));
        }
        self.again.found().map(|(n, what)| format!("entry {n}: {what}"))
    }

    /// What there is to say once, unasked.
    pub fn news(&mut self) -> Option<String> {
        self.news.take()
    }

    /// Tells the cockpit what belongs to the timeline.
    pub fn show(&mut self, cockpit: &mut Cockpit) {
        let found = match &self.sought {
            Sought::Words(find) => find.count(),
            _ => 0,
        };
        let made_of = (self.reel.marks().1, self.reading.review().notes.len(), found);
        if self.made_of != made_of {
            self.made_of = made_of;
            self.make_marks();
        }
        if std::mem::take(&mut self.marks_are_new) {
            cockpit.set_marks(self.marks.clone());
        }
        let since_us = self.moment().mono_us.saturating_sub(self.opened_us);
        let review = self.reading.review();
        let of = self.reel.len() as u64;
        cockpit.set_reviewing(Reviewing {
            speed: self.playback.speed(),
            pauses: self.playback.pauses(),
            since_us,
            sought: self.sought_words(),
            reader: review.reader.clone(),
            seen: (review.seen_of(of), of),
            notes: review.notes.clone(),
            again: (!self.again.is_over()).then(|| self.again.progress()),
            way: self.reel.on_the_way(),
            trouble: self.reading.trouble().map(str::to_owned),
        });
    }

    fn sought_words(&self) -> String {
        match &self.sought {
            Sought::All => String::new(),
            Sought::Kind(kind) => format!("{}s only", kind.word()),
            Sought::Words(find) => {
                let rank = find.rank(self.reel.at() as u64).map(|at| format!(" {at} of"));
                let cut = if find.is_cut() { "more than " } else { "" };
                let count = grouped(find.count() as u64);
                let (looked, of) = find.progress();
                let so_far = match find.is_over() {
                    true => String::new(),
                    false => format!(", {} % read", looked * 100 / of.max(1)),
                };
                format!("“{}”{} {cut}{count}{so_far}", find.words(), rank.unwrap_or_default())
            }
        }
    }

    fn make_marks(&mut self) {
        self.marks_are_new = true;
        let (marks, _) = self.reel.marks();
        let own = || Reviewing::note_marks(&self.reading.review().notes);
        self.marks = match &self.sought {
            Sought::All => {
                let mut all = [marks.to_vec(), own()].concat();
                all.sort_by_key(|mark| mark.entry);
                all
            }
            Sought::Kind(TimelineKind::Own) => own(),
            Sought::Kind(kind) => marks.iter().copied().filter(|mark| mark.kind == *kind).collect(),
            Sought::Words(find) => {
                let mark = |entry| TimelineMark { entry, kind: TimelineKind::Hit };
                find.all().into_iter().map(mark).collect()
            }
        };
    }

    /// The frame of the entry is on the screen.
    pub fn was_drawn(&mut self, cockpit: &Cockpit, now_us: u64) {
        let at = self.reel.at();
        let from = self.from.replace(at).unwrap_or(at);
        if at > 0 && cockpit.shows_entry() {
            let run = were_shown(from, at, |n| self.reel.is_plain(n));
            let first = if run { from + 1 } else { at };
            self.reading.see(first..=at);
            self.reading.keep_sometimes(now_us);
        }
        if !self.is_playing() {
            self.from = None;
        }
    }

    /// What goes on beside the screen, as long as there is time; whether there is more.
    pub fn work(&mut self, has_time: impl Fn() -> bool) -> bool {
        while self.reel.work() {
            if !has_time() {
                return true;
            }
        }
        false
    }

    /// Whether something goes on in other threads that the screen tells of.
    pub fn is_busy(&self) -> bool {
        let finding = matches!(&self.sought, Sought::Words(find) if !find.is_over());
        finding || self.awaited.is_some() || !self.again.is_over()
    }

    /// How long until the next entry is due, if it plays.
    pub fn patience_us(&self, now_us: u64) -> Option<u64> {
        self.playback.patience_us(now_us)
    }

    /// Moves on by itself: plays, or goes to a hit that was waited for.
    pub fn go_on(&mut self, now_us: u64) {
        if let Some(on) = self.awaited {
            self.seek_hit(on);
        }
        if self.reel.on_the_way().is_some() || !self.is_playing() {
            return;
        }
        let (at, of) = (self.reel.at(), self.reel.len());
        let plain: Vec<bool> = (at..=at + 1 + PLAIN_AHEAD).map(|n| self.reel.is_plain(n)).collect();
        let reel = &mut self.reel;
        let gap = |n: usize| gap_us(reel, n);
        let is_plain = |n: usize| plain.get(n - at).is_some_and(|plain| *plain);
        let to = self.playback.advance((at, of), now_us, gap, is_plain);
        if to != at {
            self.reel.seek(to);
        }
    }

    /// Another entry, or playing.
    pub fn seek(&mut self, seek: Seek, now_us: u64) {
        let (at, of) = (self.reel.at(), self.reel.len());
        self.awaited = None;
        if seek == Seek::PlayPause {
            if self.is_playing() || at >= of {
                self.playback.pause();
            } else {
                let gap = gap_us(&mut self.reel, at);
                self.from = Some(at);
                self.playback.play(now_us, gap);
            }
            return;
        }
        let entry = |found: Option<u64>, otherwise: usize| {
            found.and_then(|entry| usize::try_from(entry).ok()).unwrap_or(otherwise)
        };
        let to = match seek {
            Seek::NextMark | Seek::PreviousMark if matches!(self.sought, Sought::Words(_)) => {
                return self.seek_hit(seek == Seek::NextMark);
            }
            Seek::Forward(count) => at + count,
            Seek::Back(count) => at.saturating_sub(count),
            Seek::First | Seek::PlayPause => 1,
            Seek::Last => of,
            Seek::NextMark if matches!(self.sought, Sought::Kind(_)) => self.next(true),
            Seek::PreviousMark if matches!(self.sought, Sought::Kind(_)) => self.next(false),
            Seek::NextMark => entry(next_mark(&self.marks, at as u64), of),
            Seek::PreviousMark => entry(previous_mark(&self.marks, at as u64), 1),
        };
        self.go_to(to);
    }

    /// Something else of a reader; what there is to say about it.
    pub fn deck(&mut self, deck: Deck, now: Moment) -> Option<String> {
        self.awaited = None;
        match deck {
            Deck::Faster(steps) => self.playback.faster(steps),
            Deck::Pauses => self.playback.turn_pauses(),
            Deck::Pause => self.playback.pause(),
            Deck::Filter(step) => self.filter(step),
            Deck::AllMarks => self.seek_for(Sought::All),
            Deck::Entry(n) => self.go_to(usize::try_from(n).unwrap_or(usize::MAX)),
            Deck::GoTo(text) => match Place::read(&text) {
                Ok(place) => {
                    let to = place.entry(&mut self.reel);
                    self.go_to(to);
                }
                Err(why) => return Some(why),
            },
            Deck::Find(words) if words.is_empty() => self.seek_for(Sought::All),
            Deck::Find(words) => {
                let pages = match self.reel.pages() {
                    Ok(pages) => pages,
                    Err(error) => return Some(error.to_string()),
                };
                self.playback.pause();
                let find = Find::start(pages, self.reel.plan().clone(), &words, self.reel.at() + 1);
                self.seek_for(Sought::Words(find));
                self.seek_hit(true);
            }
            Deck::Note(words) => {
                let entry = self.reel.at();
                return Some(match self.reading.note(entry, now.wall, &words) {
                    Ok(()) => format!("kept beside the record, at entry {entry}: tab 7 has your notes"),
                    Err(why) => why,
                });
            }
        }
        None
    }

    fn seek_for(&mut self, sought: Sought) {
        (self.sought, self.awaited) = (sought, None);
        self.make_marks();
    }

    fn filter(&mut self, step: isize) {
        let all = TimelineKind::FILTERS;
        let here = match self.sought {
            Sought::Kind(kind) => all.iter().position(|other| *other == kind).map_or(0, |at| at + 1),
            _ => 0,
        };
        let count = all.len() + 1;
        let to = if step > 0 { here + 1 } else { here + count - 1 } % count;
        self.seek_for(to.checked_sub(1).map_or(Sought::All, |at| Sought::Kind(all[at])));
    }

    /// The next or previous mark of the kind that is looked for; where there is none it says so.
    fn next(&mut self, on: bool) -> usize {
        let at = self.reel.at();
        let found =
            if on { next_mark(&self.marks, at as u64) } else { previous_mark(&self.marks, at as u64) };
        if let (None, Sought::Kind(kind)) = (found, &self.sought) {
            let way = if on { "behind" } else { "before" };
            self.news =
                Some(format!("no {} {way} entry {at}: f looks for another kind, Esc for all", kind.word()));
        }
        found.and_then(|n| usize::try_from(n).ok()).unwrap_or(at)
    }

    fn seek_hit(&mut self, on: bool) {
        let Sought::Words(find) = &self.sought else {
            self.awaited = None;
            return;
        };
        let at = self.reel.at() as u64;
        let over = find.is_over();
        match find.beside(at, on) {
            Some(n) => {
                self.awaited = None;
                self.go_to(usize::try_from(n).unwrap_or(usize::MAX));
            }
            // The search goes on and may still find one there.
            None if !over => self.awaited = Some(on),
            None => {
                self.awaited = None;
                let way = if on { "behind" } else { "before" };
                let words = find.words();
                self.news = Some(match find.count() {
                    0 => {
                        format!("nothing in the record says “{words}”: / looks for other words, Esc ends it")
                    }
                    1 if find.rank(at).is_some() => {
                        format!("“{words}” is said nowhere else: Esc ends the search")
                    }
                    _ => format!(
                        "“{words}” is not said {way} entry {at}: {} goes the other way",
                        if on { "N" } else { "n" }
                    ),
                });
            }
        }
    }

    fn go_to(&mut self, to: usize) {
        self.playback.pause();
        self.from = None;
        self.reel.seek(to.clamp(1, self.reel.len().max(1)));
    }
}

/// So many entries are looked at ahead, to see what a frame may pass over.
const PLAIN_AHEAD: usize = crate::driver::replay::RUN_MAX + 1;

/// The time between entry `n` and the next one.
fn gap_us(reel: &mut Reel, n: usize) -> u64 {
    let next = reel.moment(n + 1).mono_us;
    next.saturating_sub(reel.moment(n).mono_us)
}
