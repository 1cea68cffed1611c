//! Sessions beside each other: what each is, where it stands, and what is next, in words.

use super::checklist::Mark;
use super::ink::{Row, Tone};
use super::standing::Standing;
use crate::session::{Stage, Verdict};
use crate::time::{Timestamp, human_duration};

/// What a session was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// It counts.
    Live,
    /// A flag answered its gates.
    Practice,
    /// It was held on a throw-away copy.
    Rehearsal,
}

impl SessionKind {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Practice => "practice",
            Self::Rehearsal => "rehearsal",
        }
    }
}

/// What can be done about a session from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Go on with it.
    Resume,
    /// Look on while somebody drives it.
    Watch,
    /// Look at it again.
    Replay,
    /// Read its report.
    Report,
    /// Put a name under it.
    Sign,
    /// Check its record.
    Verify,
}

impl Verb {
    /// The subcommand.
    pub fn word(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::Watch => "watch",
            Self::Replay => "replay",
            Self::Report => "report",
            Self::Sign => "sign",
            Self::Verify => "verify",
        }
    }
}

/// A session as its first and last entries show it. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Name of its folder.
    pub name: String,
    /// The session's id.
    pub id: String,
    /// Id of the ceremony.
    pub ceremony: String,
    /// What it was opened for.
    pub kind: SessionKind,
    /// Whether it was held on a copy that is gone by now, so that nobody can go on with it.
    pub on_a_copy: bool,
    /// The database.
    pub target: String,
    /// Who drove it last.
    pub operator: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// When its last entry was written.
    pub last: Timestamp,
    /// How long it was driven, microseconds.
    pub driven_us: u64,
    /// Entries in the record.
    pub entries: u64,
    /// Where it stands.
    pub standing: Standing,
    /// Somebody has its record open to write.
    pub held: bool,
    /// Signatures beside the record.
    pub signatures: usize,
    /// The last line was torn by a crash.
    pub torn: bool,
}

impl Glance {
    /// Whether somebody can go on with it, now or once it is free.
    pub fn is_open(&self) -> bool {
        !matches!(self.standing, Standing::Closed(_)) && !self.on_a_copy
    }

    /// What is done about it next; `can` says which verbs there are.
    pub fn next(&self, can: impl Fn(Verb) -> bool) -> Verb {
        let wanted = match &self.standing {
            _ if self.held => Verb::Watch,
            Standing::Closed(verdict) => {
                let to_sign = verdict.is_good() && self.kind == SessionKind::Live && self.signatures == 0;
                if to_sign { Verb::Sign } else { Verb::Report }
            }
            _ if self.on_a_copy => Verb::Report,
            _ => Verb::Resume,
        };
        match wanted {
            Verb::Watch if !can(wanted) => Verb::Replay,
            Verb::Sign if !can(wanted) => Verb::Report,
            other => other,
        }
    }

    /// Its state in words, with what makes it so.
    pub fn state(&self) -> String {
        let words = match &self.standing {
            Standing::Unknown => "it does not say where it stands".to_owned(),
            Standing::Opened => "opened".to_owned(),
            Standing::Gate { id } => format!("waiting at gate {id}"),
            Standing::Running { step } if self.held => match step {
                Some(step) => step.clone(),
                None => "looking at the ledger or the surroundings".to_owned(),
            },
            Standing::Running { step: Some(step) } => format!("left in the middle of {step}"),
            Standing::Running { step: None } => "left while the ledger was read".to_owned(),
            Standing::Stopped { why, stage } => {
                let at = stage_words(*stage);
                match why {
                    Some((step, why)) => format!("stopped at {step}: {why}; {at}"),
                    None => format!("stopped; {at}"),
                }
            }
            Standing::Closed(verdict) => {
                let signed = match self.signatures {
                    0 => String::new(),
                    1 => ", signed".to_owned(),
                    count => format!(", signed {count} times"),
                };
                format!("closed: {}{signed}", verdict.word())
            }
        };
        match (self.held, self.on_a_copy && !matches!(self.standing, Standing::Closed(_))) {
            (true, _) => format!("running now: {words}"),
            (false, true) => format!("a rehearsal that was left ({words})"),
            (false, false) => words,
        }
    }

    /// One word for the state, for a narrow column.
    pub fn word(&self) -> &'static str {
        match &self.standing {
            _ if self.held => "RUNNING",
            Standing::Closed(Verdict::PassWithWaivers) => "WAIVED",
            Standing::Closed(verdict) => verdict.word(),
            Standing::Stopped { .. } => "STOPPED",
            _ => "OPEN",
        }
    }

    fn tone(&self) -> Tone {
        match &self.standing {
            _ if self.held => Tone::Live,
            Standing::Closed(verdict) => Mark::of(*verdict).tone(),
            Standing::Stopped { .. } => Tone::Bad,
            _ => Tone::Call,
        }
    }

    /// How long it was driven, in words.
    pub fn driven(&self) -> String {
        human_duration(self.driven_us)
    }

    /// One line of a list that is chosen from.
    pub fn line(&self) -> Row {
        Row::of(self.tone(), &format!("{:<9}", self.word()))
            .say(Tone::Strong, &format!("{} {}  ", self.opened.date(), &self.opened.clock()[..5]))
            .say(Tone::Dim, &format!("{}  ", self.operator))
            .say(if self.kind == SessionKind::Live { Tone::Plain } else { Tone::Dim }, &self.plain_state())
    }

    fn plain_state(&self) -> String {
        match self.kind {
            SessionKind::Live => self.state(),
            kind => format!("{}, {}", kind.word(), self.state()),
        }
    }
}

fn stage_words(stage: Stage) -> String {
    match stage {
        Stage::Execute => "what was decided is being done".to_owned(),
        stage => format!("next is stage {}", stage.word()),
    }
}
