//! What a session is opened for: the real run, practice, or a rehearsal; and what each has to do with rehearsals.

use super::target::Target;
use super::{Common, Trouble, run};
use crate::definition::{Ceremony, Limits};
use crate::plan::Rehearsal;
use crate::runner::files::DiskFolder;
use crate::runner::postgres::attempt::GRACE_MS;
use crate::runner::postgres::copy::NoCopy;
use crate::runner::postgres::stop::Stop;
use crate::runner::rehearsal::{self, Copy};
use crate::runner::suite::SuiteRoom;
use crate::session::Report;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where sessions are kept beside their definition.
pub(super) const SESSIONS: &str = "sessions";

/// Where new sessions are kept and rehearsals looked for: as set, else beside the definition.
pub fn sessions(common: &Common, beside: &Path) -> PathBuf {
    common.settings.path("sessions").unwrap_or_else(|| beside.join(SESSIONS))
}

/// What kind of session is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It counts.
    Real,
    /// A flag answers its gates.
    Practice,
    /// Practice on a throw-away copy of the target, of which budgets and estimates are kept.
    Rehearsal {
        /// Counted from 1 when it is repeated.
        turn: u32,
    },
}

impl Purpose {
    /// The folder that was named; one for each turn of a repeated rehearsal.
    pub fn folder(self, named: &Path) -> PathBuf {
        let mut name = named.to_owned().into_os_string();
        if let Self::Rehearsal { turn: turn @ 2.. } = self {
            name.push(format!("-{turn}"));
        }
        name.into()
    }

    /// A folder that is not there yet: two sessions can be opened within a second.
    pub fn free_folder(self, sessions: &Path, stem: &str) -> PathBuf {
        let word = if self.is_rehearsal() { "-rehearsal" } else { "" };
        let first = sessions.join(format!("{stem}{word}"));
        let later = (2..100).map(|number| sessions.join(format!("{stem}{word}-{number}")));
        std::iter::once(first.clone()).chain(later).find(|folder| !folder.exists()).unwrap_or(first)
    }

    pub fn is_rehearsal(self) -> bool {
        matches!(self, Self::Rehearsal { .. })
    }
}

/// The rehearsal whose budgets and estimates count: the named one, else the newest of these very files.
pub fn rehearsed(
    common: &Common,
    folder: &DiskFolder,
    ceremony: &Ceremony,
    purpose: Purpose,
) -> Result<Option<Rehearsal>, Trouble> {
    match &common.rehearsal {
        // A rehearsal is measured, not held to an earlier one.
        _ if purpose.is_rehearsal() => Ok(None),
        None => Ok(rehearsal::newest(&sessions(common, folder.root()), &ceremony.files)),
        Some(dir) => {
            let found = rehearsal::read(dir).map_err(|error| {
                Trouble::usage(
                    format!(
                        "there is no rehearsal in {}: {}",
                        dir.display(),
                        crate::runner::files::in_words(&error)
                    ),
                    "a rehearsal that came to a good end leaves a rehearsal.json in its session's folder",
                    "name the folder that `ceremony rehearse` printed, or rehearse again",
                )
            })?;
            if found.files == ceremony.files {
                return Ok(Some(found));
            }
            let differs = ceremony.files.iter().find(|(path, sum)| found.files.get(*path) != Some(sum));
            Err(Trouble::usage(
                format!("{} is a rehearsal of other files", dir.display()),
                match differs {
                    Some((path, _)) => format!("{path} has changed since"),
                    None => "it had more files".to_owned(),
                },
                "rehearse what will be run: ceremony rehearse",
            ))
        }
    }
}

/// Puts a copy in the place of the target; says how it was made. A signal ends the work and leaves nothing of it.
pub fn copied(
    target: &mut Target,
    session: &str,
    (definition, folder): (&Path, &Path),
    limits: &Limits,
) -> Result<(Copy, String), Trouble> {
    let room = SuiteRoom {
        folder: definition.to_owned(),
        scratch: folder.to_owned(),
        programs: target.programs.clone(),
        lock_timeout_ms: limits.lock_timeout_ms,
    };
    let stop = Arc::new(Stop::default());
    let asked = stop.clone();
    let signals = run::heard(move |_| {
        rehearsal::stop(&asked);
        true
    });
    let signals = signals.map_err(|error| Trouble::folder(folder, &error))?;
    let say = |report| {
        if let Report::Printed { text, .. } = report {
            text.lines().for_each(|line| errln!("{line}"));
        }
    };
    let limit_ms = limits.statement_timeout_ms + GRACE_MS;
    let made = Copy::make((&target.endpoint, session), (&room, limit_ms), &stop, &say);
    signals.close();
    let (copy, there, way, left) = made.map_err(|error| {
        let next = match &error {
            NoCopy::Blocked { next, .. } => format!("{next}, then rehearse again"),
            NoCopy::Stopped => "nothing of the copy is left; rehearse again when you like".to_owned(),
            NoCopy::Database(_) => "mend what it says, then rehearse again".to_owned(),
        };
        Trouble::usage(
            format!(
                "no rehearsal on {}/{}: {}",
                target.endpoint,
                target.endpoint.database,
                error
            ),
            "a rehearsal runs on a copy: file by file while nobody else is connected, else dumped and restored",
            next,
        )
    })?;
    for name in left {
        errln!("note: {name} was left by a rehearsal that was killed; drop it with: DROP DATABASE {name}");
    }
    errln!("rehearsing on {}, a copy of {}", there.database, target.endpoint.database);
    let how = way.of(&target.endpoint.database, &there.database);
    target.endpoint = there;
    Ok((copy, how))
}

/// Ends a rehearsal's copy; one that stays is named, so that a person can drop it.
pub fn discard(copy: Option<Copy>) {
    if let Some(Err(error)) = copy.map(|mut copy| copy.discard()) {
        errln!("warning: {error}");
    }
}
