//! What a rehearsal needs around its session: a copy of the target that goes when it ends, and its result on disk.

use super::clock::Clock;
use super::postgres::attempt::CONNECT_MAX;
use super::postgres::backend::{Backend, DbError, Endpoint};
use super::postgres::copy::{self, Job, NoCopy, Way};
use super::postgres::stop::Stop;
use super::session_folder;
use super::suite::SuiteRoom;
use crate::plan::Rehearsal;
use crate::session::Report;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// What a rehearsal leaves in its session's folder for the real run.
pub const FILE: &str = "rehearsal.json";
/// Name of every copy, followed by the process that made it and its session.
const PREFIX: &str = "ceremony_rehearsal_";
/// A file that claims to be a rehearsal may be so long, bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// A copy of the target. It is dropped with this value.
pub struct Copy {
    outside: Endpoint,
    name: String,
    there: bool,
}

/// Waits for an answer in a place that has no runtime.
fn wait<T>(work: impl Future<Output = Result<T, NoCopy>>) -> Result<T, NoCopy> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| NoCopy::Database(DbError::Lost(error.to_string())))?;
    runtime.block_on(work)
}

impl Copy {
    /// Copies the database that `endpoint` names; `limit_ms` is for one statement. Returns the copy, where it is, how it
    /// was made, and the copies that rehearsals which were killed have left on that server.
    ///
    /// # Errors
    /// When it cannot be copied, after STOP, and of the server or the connection. Then nothing is left of it.
    pub fn make(
        (endpoint, session): (&Endpoint, &str),
        (room, limit_ms): (&SuiteRoom, u64),
        stop: &Stop,
        say: &(dyn Fn(Report) + Send + Sync),
    ) -> Result<(Self, Endpoint, Way, Vec<String>), NoCopy> {
        let outside = copy::outside(endpoint);
        let tail: String = session.chars().filter(char::is_ascii_hexdigit).collect();
        let name = format!("{PREFIX}{}_{}", std::process::id(), tail.get(..12).unwrap_or(&tail));
        let clock = Clock::starting_at(0);
        let now_us = move || clock.now().mono_us;
        let (source, mark) = (endpoint, name.as_str());
        let job = Job { source, copy: &name, room, limit_ms, stop, mark, say, now_us: &now_us };
        let mut begun = Self { outside: outside.clone(), name: name.clone(), there: false };
        let (way, left) = wait(async {
            let mut backend = Backend::connect(&outside, "ceremony rehearse", CONNECT_MAX).await?;
            let mut left = copy::named(&mut backend, PREFIX).await?;
            left.retain(|name| !maker_lives(name));
            begun.there = true;
            let made = job.make(&mut backend).await;
            backend.close().await;
            made.map(|way| (way, left))
        })?;
        let there = Endpoint { database: name.clone(), ..endpoint.clone() };
        Ok((begun, there, way, left))
    }

    /// Drops the copy, whoever is connected to it. Asked again, it does nothing.
    ///
    /// # Errors
    /// Of the server or the connection; the name of the copy is in the words.
    pub fn discard(&mut self) -> Result<(), String> {
        if !std::mem::take(&mut self.there) {
            return Ok(());
        }
        let dropped = wait(async {
            let mut backend = Backend::connect(&self.outside, "ceremony rehearse", CONNECT_MAX).await?;
            let dropped = copy::discard(&mut backend, &self.name).await;
            backend.close().await;
            Ok(dropped?)
        });
        dropped.map_err(|error| format!("the copy {} could not be dropped: {error}", self.name))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = self.discard() {
            tracing::warn!(%error, copy = self.name, "the rehearsal's copy could not be dropped");
        }
    }
}

/// STOP while the copy is being made.
pub fn stop(stop: &Stop) {
    if let Some(canceller) = stop.request() {
        // What cannot be cancelled ends at its deadline.
        let lost = |error: io::Error| NoCopy::Database(DbError::Lost(error.to_string()));
        let _ = wait(async { canceller.cancel().await.map_err(lost) });
    }
}

/// Whether the process that a copy's name tells of is still there. The server is on this machine, and so is it.
fn maker_lives(name: &str) -> bool {
    let pid =
        name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next()).and_then(|pid| pid.parse().ok());
    pid.and_then(rustix::process::Pid::from_raw)
        .is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// Keeps what a rehearsal saw.
///
/// # Errors
/// Of the file system.
pub fn keep(session: &Path, rehearsal: &Rehearsal) -> io::Result<()> {
    session_folder::replace(session, FILE, &serde_json::to_vec_pretty(rehearsal)?).map(drop)
}

/// What the rehearsal in a session's folder saw.
///
/// # Errors
/// Of the file system, or when it is not what was written.
pub fn read(session: &Path) -> io::Result<Rehearsal> {
    let path = session.join(FILE);
    if std::fs::metadata(&path)?.len() > FILE_BYTES_MAX {
        return Err(io::Error::other("it is too long to be a rehearsal"));
    }
    serde_json::from_slice(&crate::journal::plain::read(&path)?).map_err(io::Error::other)
}

/// The newest rehearsal of exactly these files among the sessions in `folder`. One that cannot be read is none.
pub fn newest(folder: &Path, files: &BTreeMap<String, String>) -> Option<Rehearsal> {
    let sessions = std::fs::read_dir(folder).ok()?.flatten();
    sessions
        .filter_map(|entry| {
            let written = std::fs::metadata(entry.path().join(FILE)).ok()?.modified().ok()?;
            let found = read(&entry.path()).ok().filter(|found| found.files == *files)?;
            Some((written, found))
        })
        .max_by_key(|(written, _)| *written)
        .map(|(_, found)| found)
}
