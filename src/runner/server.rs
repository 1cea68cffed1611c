//! The embedded server: a PostgreSQL of our own for a session, private, and gone when we are gone.
//!
//! How it is kept to ourselves: the superuser's password is random and lies 0600 in the session's folder; TCP listens
//! on 127.0.0.1 only and asks for that password (SCRAM); the socket asks for none and lies in a folder with mode 0700.
//!
//! How it never stays behind: the server is a child of a small shell that holds the read end of a pipe whose write
//! end is ours. When we end, also by SIGKILL, the pipe closes and the shell stops the server. (A parent-death signal
//! would be tied to one thread, and is cleared by the change of user.) The shell has its own process group, so that
//! Ctrl-C in the terminal is not for it. A start on a folder in which an old server still runs stops that one first.

mod account;
mod postmaster;
mod programs;
mod setup;
#[cfg(test)]
mod tests;

pub use programs::{ServerPrograms, find_programs};

use super::postgres::endpoint::Secret;
use account::Account;
use postmaster::{Postmaster, StartFailure};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

/// How often another port is tried when somebody else took the chosen one in between.
const PORTS_TRIED_MAX: usize = 5;

/// Why there is no embedded server, in three parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    /// What went wrong.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do about it.
    pub next: String,
}

impl ServerError {
    fn new(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        ServerError { what: what.into(), why: why.into(), next: next.into() }
    }

    fn io(what: impl Into<String>, error: &io::Error) -> Self {
        Self::new(what, error.to_string(), "check that the folder is on a local disk, writable and not full")
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  why:  {}\n  next: {}", self.what, self.why, self.next)
    }
}

impl std::error::Error for ServerError {}

/// What is kept in `server.json` in the home folder, mode 0600, for the next start.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    data: PathBuf,
    port: u16,
    socket_folder: Option<PathBuf>,
    #[serde(with = "in_custody")]
    password: Secret,
    databases: Vec<String>,
}

/// The one place where a password is written: the private file beside its data.
mod in_custody {
    use super::Secret;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Embedded {
    postmaster: Postmaster,
    kept: Kept,
    socket_folder: PathBuf,
    fresh: bool,
    /// Held as long as the server runs, so that a second start on the same home is refused.
    _lock: File,
}

impl Embedded {
    /// Starts the server whose things lie in `home`, after making them if they are not there: data, `server.json`,
    /// `server.log`. Makes sure that `database` exists. As root, the server runs as user `postgres` or else `nobody`,
    /// and its data lies in `home` if that user can get there, else under `/var/tmp`.
    ///
    /// # Errors
    /// With the server's own words where it has said something.
    pub fn start(programs: &ServerPrograms, home: &Path, database: &str) -> Result<Embedded, ServerError> {
        setup::check_database_name(database)?;
        let home = setup::make_home(home)?;
        let lock = setup::lock(&home)?;
        let account = Account::of_the_server()?;
        let mut kept = match setup::read_kept(&home)? {
            Some(kept) if kept.data.exists() => kept,
            _ => Kept {
                data: setup::data_folder(&home, account.as_ref())?,
                port: 0,
                socket_folder: None,
                password: setup::random_password()?,
                databases: Vec::new(),
            },
        };
        postmaster::settle_leftover(&kept.data)?;
        if let Some(folder) = kept.socket_folder.take() {
            setup::remove_socket_folder(&folder);
        }
        let fresh = setup::make_data(programs, account.as_ref(), &mut kept, database)?;
        setup::write_kept(&home, &kept)?;

        let socket_folder = setup::make_socket_folder(account.as_ref())?;
        kept.socket_folder = Some(socket_folder.clone());
        let started = start_on_a_free_port(programs, account.as_ref(), &mut kept, &socket_folder, &home);
        let postmaster = started.inspect_err(|_| setup::remove_socket_folder(&socket_folder))?;
        // From here on, dropping stops the server.
        let embedded = Embedded { postmaster, kept, socket_folder, fresh, _lock: lock };
        setup::write_kept(&home, &embedded.kept)?;
        Ok(embedded)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.kept.port
    }

    /// The folder of the unix socket; only the server's user and root get in.
    pub fn socket_folder(&self) -> &Path {
        &self.socket_folder
    }

    /// Of the superuser `postgres`, needed on TCP.
    pub fn password(&self) -> &Secret {
        &self.kept.password
    }

    /// The data folder.
    pub fn data_folder(&self) -> &Path {
        &self.kept.data
    }

    /// Whether the data was made by this start.
    pub fn fresh(&self) -> bool {
        self.fresh
    }

    /// Whether the server's main process is still there.
    pub fn alive(&mut self) -> bool {
        self.postmaster.alive()
    }

    /// The id of the server's main process.
    pub fn pid(&self) -> u32 {
        self.postmaster.pid()
    }

    /// Stops the server: fast, then at once, then by force. Does nothing if it has stopped.
    ///
    /// # Errors
    /// When it is still there after all of that.
    pub fn stop(&mut self) -> Result<(), ServerError> {
        let stopped = self.postmaster.stop();
        if stopped.is_ok() {
            setup::remove_socket_folder(&self.socket_folder);
        }
        stopped
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // Nobody is left to tell; the shell and the next start on this home are the second net.
        let _ = self.stop();
    }
}

/// The port of the last time if it is free, else one that the system gives.
fn start_on_a_free_port(
    programs: &ServerPrograms,
    account: Option<&Account>,
    kept: &mut Kept,
    socket_folder: &Path,
    home: &Path,
) -> Result<Postmaster, ServerError> {
    let log = home.join("server.log");
    let mut said = String::new();
    for _ in 0..PORTS_TRIED_MAX {
        kept.port = free_port(kept.port).map_err(|e| ServerError::io("no port is free on 127.0.0.1", &e))?;
        match Postmaster::start(programs, account, &kept.data, kept.port, socket_folder, &log) {
            Ok(postmaster) => return Ok(postmaster),
            Err(StartFailure::PortTaken(words)) => (said, kept.port) = (words, 0),
            Err(StartFailure::Other(error)) => return Err(error),
        }
    }
    Err(ServerError::new(
        format!("the embedded server found no free port in {PORTS_TRIED_MAX} tries"),
        said,
        "start again; if it goes on, look for a program that takes every port on 127.0.0.1",
    ))
}

fn free_port(wanted: u16) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted));
    let listener = match listener {
        Err(_) if wanted != 0 => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)),
        other => other,
    }?;
    Ok(listener.local_addr()?.port())
}
