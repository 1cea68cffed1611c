//! The ear: a socket in the session's folder through which those who watch speak to the process that drives.
//!
//! One line of JSON asks, one line of JSON answers. The process that drives stays the one writer of the record.

mod say;

pub use say::{driven, say};

use crate::session::{Command, Refusal, Witness};
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, oneshot};

/// Within the session's folder.
pub const SOCKET: &str = "live.sock";
/// Bytes of a line, at most.
const LINE_MAX: usize = 4096;
/// Witnesses who are listened to at a time; the others wait in the system's queue.
const TOGETHER_MAX: usize = 16;
/// A witness has so long to say the line, and to take the answer.
const LINE_PATIENCE: Duration = Duration::from_secs(2);
/// The driver has so long to answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

/// What a witness says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Word {
    /// Initials under a step.
    Initials {
        /// As the witness calls themselves.
        name: String,
        /// The letters.
        initials: String,
        /// The step; `None` is the current one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// The attempt that was looked at; `None` is the newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
    },
    /// STOP.
    Stop {
        /// As the witness calls themselves.
        name: String,
    },
}

impl Word {
    /// What it asks of the core, by the account with this number.
    fn command(self, uid: u32) -> Command {
        match self {
            Self::Initials { name, initials, step, attempt } => {
                Command::Witness { by: Witness { name, uid }, initials, step, attempt }
            }
            Self::Stop { name } => Command::WitnessStop { by: Witness { name, uid } },
        }
    }
}

/// What is said back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
enum Answer {
    /// It is in the record.
    Taken {
        /// Number of the entry.
        entry: u64,
    },
    /// It is not.
    Refused {
        /// Why not.
        refusal: Refusal,
    },
}

/// Hears the driver's answer: the entry in which the word stands, or why it stands in none.
pub type Reply = Box<dyn FnOnce(Result<u64, Refusal>) + Send>;
/// Passes a word on to the driver; may wait for it. False when nobody drives any more.
pub type Hear = dyn Fn(Command, Reply) -> bool + Send + Sync;

fn refusal(what: &str, why: impl Into<String>, next: &str) -> Refusal {
    Refusal { what: what.to_owned(), why: why.into(), next: next.to_owned() }
}

/// A path through which a socket in `folder` is reached however long the folder's own path is: addresses of sockets
/// have room for about 107 bytes.
fn short(folder: &std::fs::File, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()))
}

/// Listens as long as it lives.
#[derive(Debug)]
pub struct Ear {
    folder: PathBuf,
    close: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Ear {
    /// Listens in `folder`, whose record the caller has locked: a socket that is there was left by a process that is
    /// gone, and is replaced.
    ///
    /// # Errors
    /// When the file system has no sockets, or a thread cannot be started.
    pub fn open(folder: &Path, hear: Arc<Hear>) -> io::Result<Self> {
        let listener = bind(folder)?;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (close, closed) = oneshot::channel();
        let thread = std::thread::Builder::new().name("witnesses".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = listen(listener, hear) => {}
                    _ = closed => {}
                }
            });
            // A word that waits for a driver who is gone is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { folder: folder.to_owned(), close: Some(close), thread: Some(thread) })
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        drop(self.close.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        // It is ours: the record was locked all the time.
        let _ = std::fs::remove_file(self.folder.join(SOCKET));
    }
}

/// Made in a private folder of its own and moved into place, so that at no moment others can connect.
fn bind(folder: &Path) -> io::Result<StdListener> {
    let home = tempfile::Builder::new().prefix(".live-").tempdir_in(folder)?;
    let opened = std::fs::File::open(home.path())?;
    let listener = StdListener::bind(short(&opened, "s"))?;
    let made = home.path().join("s");
    std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(made, folder.join(SOCKET))?;
    Ok(listener)
}

async fn listen(listener: StdListener, hear: Arc<Hear>) {
    let Ok(listener) = UnixListener::from_std(listener) else { return };
    let room = Arc::new(Semaphore::new(TOGETHER_MAX));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let hear = hear.clone();
                tokio::spawn(async move {
                    if let Err(error) = serve(stream, hear).await {
                        tracing::debug!(%error, "a witness went away");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                // Such as too many open files: it passes, and a moment later is soon enough.
                tracing::warn!(%error, "a witness cannot be let in");
                let never = std::future::pending::<()>();
                let _ = tokio::time::timeout(Duration::from_millis(100), never).await;
            }
        }
    }
}

async fn serve(mut stream: UnixStream, hear: Arc<Hear>) -> io::Result<()> {
    // Without the system's word about the account nothing is recorded in anybody's name.
    let uid = stream.peer_cred()?.uid();
    let line = tokio::time::timeout(LINE_PATIENCE, line(&mut stream)).await;
    let answer = match line {
        // Somebody only looked whether anybody is there.
        Ok(Ok(Some(line))) if line.is_empty() => return Ok(()),
        Ok(Ok(Some(line))) => match serde_json::from_slice::<Word>(&line) {
            Ok(word) => ask(word.command(uid), hear).await,
            Err(error) => Err(refusal(
                "this is no word of a witness",
                format!("one line of JSON is understood, initials or stop; {error}"),
                "use `ceremony watch` of the same version",
            )),
        },
        Ok(Ok(None)) => Err(refusal(
            "this is no word of a witness",
            format!("a line has at most {LINE_MAX} bytes"),
            "use `ceremony watch` of the same version",
        )),
        Ok(Err(error)) => return Err(error),
        Err(_) => Err(refusal(
            "nothing was heard",
            format!("the line did not end within {} s", LINE_PATIENCE.as_secs()),
            "say it again",
        )),
    };
    if let Err(refusal) = &answer {
        tracing::info!(uid, own = geteuid().as_raw(), ?refusal, "a witness was refused");
    }
    let answer = match answer {
        Ok(entry) => Answer::Taken { entry },
        Err(refusal) => Answer::Refused { refusal },
    };
    let mut bytes = serde_json::to_vec(&answer)?;
    bytes.push(b'\n');
    tokio::time::timeout(LINE_PATIENCE, stream.write_all(&bytes)).await??;
    Ok(())
}

/// A line without its end; `None` when it is too long. What comes behind it is not read.
async fn line(stream: &mut UnixStream) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut part = [0; 512];
    loop {
        let count = stream.read(&mut part).await?;
        let end = part[..count].iter().position(|byte| *byte == b'\n');
        bytes.extend_from_slice(&part[..end.unwrap_or(count)]);
        if bytes.len() > LINE_MAX {
            return Ok(None);
        }
        if end.is_some() || count == 0 {
            return Ok(Some(bytes));
        }
    }
}

async fn ask(command: Command, hear: Arc<Hear>) -> Result<u64, Refusal> {
    let gone =
        || refusal("nobody drives this session", "its process is ending", "resume it: ceremony resume DIR");
    let (say, said) = oneshot::channel();
    let reply: Reply = Box::new(move |answer| {
        // The witness may have gone away.
        let _ = say.send(answer);
    });
    // Where many messages wait for the driver this waits too: a STOP is not turned away for a crowd.
    let heard = tokio::task::spawn_blocking(move || hear(command, reply));
    let answered = tokio::time::timeout(ANSWER_PATIENCE, async {
        if !heard.await.unwrap_or(false) {
            return Err(gone());
        }
        said.await.unwrap_or_else(|_| Err(gone()))
    });
    answered.await.unwrap_or_else(|_| {
        Err(refusal(
            "no answer yet",
            format!("the process that drives was silent for {} s", ANSWER_PATIENCE.as_secs()),
            "look whether the record goes on, then say it again",
        ))
    })
}

#[cfg(test)]
mod tests;
