//! The real world: carries effects out on the database and the machine, one attempt at a time.

use super::clock::Clock;
use super::fault;
use super::files::DiskFolder;
use super::postgres::attempt::{Attempt, CONNECT_MAX, Room};
use super::postgres::backend::{Backend, DbError, Endpoint};
use super::postgres::ledger;
use super::postgres::patience::CANNOT_CONNECT_NOW;
use super::postgres::radar::Radar;
use super::postgres::step::Word;
use super::postgres::stop::Stop;
use super::server::Embedded;
use super::suite::SuiteRoom;
use super::{Recorded, Runner};
use crate::definition::StepKind;
use crate::journal::FILE_NAME;
use crate::journal::heads::recorded_at;
use crate::plan::{Check, Plan, Step, StepRef};
use crate::session::*;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often a server of the session's own is asked for a connection, five times a second.
const REVIVE_TRIES: u32 = 50;
/// How long the ledger's reader waits for a dead program's backend to let go of the fence.
const SETTLE_MAX: Duration = Duration::from_secs(20);

/// A server of the session's own, shared with the attempt that may have to start it again.
pub type SharedServer = Arc<Mutex<Option<Embedded>>>;

/// Starts the session's own server; an error in words.
pub type Restart = Arc<dyn Fn() -> Result<Embedded, String> + Send + Sync>;

/// What the real world is made of.
pub struct Setup {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The target.
    pub endpoint: Endpoint,
    /// The folder of the definition.
    pub folder: DiskFolder,
    /// The session's folder.
    pub session: PathBuf,
    /// Whether it is a rehearsal.
    pub rehearsal: bool,
    /// The server programs' folder, for psql.
    pub programs: Option<PathBuf>,
    /// The clock of the session.
    pub clock: Clock,
    /// The session's own server, and how to start it again.
    pub server: SharedServer,
    /// Starts the session's own server again after it died; `None` when the target is somebody else's.
    pub restart: Option<Restart>,
}

/// The attempt in flight.
struct Active {
    id: AttemptId,
    stop: Arc<Stop>,
    words: mpsc::Sender<Word>,
    task: tokio::task::JoinHandle<()>,
}

/// Carries out effects; see [`Runner`].
pub struct World {
    room: Arc<Room>,
    server: SharedServer,
    restart: Option<Restart>,
    outcomes: Arc<dyn Fn(Outcome) + Send + Sync>,
    runtime: tokio::runtime::Runtime,
    active: Option<Active>,
}

/// A voice into a bounded channel: when the driver is busy, the speaker waits, and with it the server.
pub fn voice<M: Send + 'static>(
    sender: SyncSender<M>,
    wrap: impl Fn(Outcome) -> M + Send + Sync + 'static,
) -> Arc<dyn Fn(Outcome) + Send + Sync> {
    Arc::new(move |outcome| match sender.try_send(wrap(outcome)) {
        Ok(()) | Err(TrySendError::Disconnected(_)) => {}
        Err(TrySendError::Full(message)) => {
            // The driver is gone when this fails; then nobody listens any more.
            let _ = tokio::task::block_in_place(|| sender.send(message));
        }
    })
}

impl World {
    /// Makes the world. `outcomes` hears everything that is reported.
    ///
    /// # Errors
    /// When the runtime's threads cannot be started.
    pub fn new(setup: Setup, outcomes: Arc<dyn Fn(Outcome) + Send + Sync>) -> std::io::Result<Self> {
        let runtime = fault::runtime()?;
        let clock = setup.clock;
        let room = Room {
            suites: SuiteRoom {
                folder: setup.folder.root().to_owned(),
                scratch: setup.session.clone(),
                programs: setup.programs,
                lock_timeout_ms: setup.plan.ceremony.limits.lock_timeout_ms,
            },
            plan: setup.plan,
            endpoint: setup.endpoint,
            folder: setup.folder,
            session: setup.session,
            rehearsal: setup.rehearsal,
            presence: Default::default(),
            now_us: Box::new(move || clock.now().mono_us),
            connections: OnceLock::new(),
        };
        Ok(Self {
            room: Arc::new(room),
            server: setup.server,
            restart: setup.restart,
            outcomes,
            runtime,
            active: None,
        })
    }

    fn speaker(&self, attempt: &AttemptId) -> Arc<dyn Fn(Report) + Send + Sync> {
        let outcomes = self.outcomes.clone();
        let attempt = attempt.clone();
        Arc::new(move |report| outcomes(Outcome { attempt: attempt.clone(), report }))
    }

    fn run(&mut self, step: &str, attempt: AttemptId, pin: Option<Box<Identity>>, recorded: &Recorded) {
        let say = self.speaker(&attempt);
        let Some(found) = self.room.plan.find(step) else {
            let (what, next) = (format!("the plan has no step '{step}'"), "report this as a bug".to_owned());
            say(Report::Failed { failure: Failure::Blocked { what, next } });
            return;
        };
        let step = match found {
            StepRef::Forward(at) => self.room.plan.steps[at].clone(),
            StepRef::Back(at) => self.room.plan.rollback[at].clone(),
        };
        let (words, mut heard) = mpsc::channel(1);
        let work = self.attempt(step, &attempt, pin, recorded);
        let stop = work.stop.clone();
        let task = self.runtime.spawn(async move {
            let radar = Radar::start(&work);
            let step = async {
                match work.step.kind {
                    StepKind::Apply | StepKind::Reapply | StepKind::RollBack => {
                        work.migrate(&mut heard).await
                    }
                    StepKind::Drill => work.drill().await,
                    _ => work.look().await,
                }
            };
            // The step is dropped where it stands, and its connection with it.
            let either = async {
                tokio::select! { biased; ended = step => ended, lost = work.pulse() => Err(lost) }
            };
            let result = fault::told(either).await;
            drop(radar);
            if let Err(failure) = result {
                say(Report::Failed { failure: work.stopped_or(failure) });
            }
        });
        self.active = Some(Active { id: attempt, stop, words, task });
    }

    fn attempt(
        &self,
        step: Step,
        id: &AttemptId,
        pin: Option<Box<Identity>>,
        recorded: &Recorded,
    ) -> Attempt {
        Attempt {
            room: self.room.clone(),
            step,
            id: id.clone(),
            pin: pin.map(|pin| *pin),
            recorded: recorded.clone(),
            stop: Arc::new(Stop::default()),
            sight: Arc::default(),
            say: self.speaker(id),
        }
    }

    /// Probes as a step of their own, which is in no plan.
    fn recheck(
        &mut self,
        id: AttemptId,
        pin: Option<Box<Identity>>,
        checks: Vec<Check>,
        recorded: &Recorded,
    ) {
        let name = "probes again".to_owned();
        let step = Step {
            id: name.clone(),
            kind: StepKind::Preflight,
            title: name.clone(),
            phase: name,
            migration: None,
            checks,
            witness: false,
        };
        let work = self.attempt(step, &id, pin, recorded);
        let (stop, say) = (work.stop.clone(), work.say.clone());
        let task = self.runtime.spawn(async move {
            if let Err(failure) = fault::told(work.recheck()).await {
                say(Report::Failed { failure: work.stopped_or(failure) });
            }
        });
        self.active = Some(Active { id, stop, words: mpsc::channel(1).0, task });
    }

    fn word(&mut self, attempt: &AttemptId, word: Word) {
        let reached = self
            .active
            .as_ref()
            .is_some_and(|active| active.id == *attempt && active.words.try_send(word).is_ok());
        if !reached {
            let failure = Failure::Connection { what: "the transaction was gone".to_owned() };
            self.speaker(attempt)(Report::Failed { failure });
        }
    }

    fn stop(&mut self, attempt: &AttemptId, terminate: bool) {
        let Some(active) = self.active.as_ref().filter(|active| active.id == *attempt) else { return };
        let Some(canceller) = active.stop.request() else { return };
        let endpoint = self.room.endpoint.clone();
        self.runtime.spawn(async move {
            if let Err(error) = canceller.cancel().await {
                tracing::warn!(%error, "the cancel request did not get through");
            }
            if !terminate {
                return;
            }
            match Backend::connect(&endpoint, "ceremony stop", CONNECT_MAX).await {
                Ok(backend) if !canceller.is_of_the_server_of(&backend) => {
                    tracing::warn!("another server is there now: the backend was not terminated");
                    backend.close().await;
                }
                Ok(mut backend) => {
                    let sql = format!("SELECT pg_catalog.pg_terminate_backend({})", canceller.pid());
                    if let Err(error) = backend.value(&sql).await {
                        tracing::warn!(%error, "the backend was not terminated");
                    }
                    backend.close().await;
                }
                Err(error) => tracing::warn!(%error, "no connection to terminate the backend"),
            }
        });
    }

    fn settle(&mut self, attempt: &AttemptId) {
        // Whatever is still in flight here must not go on behind the back of what is read now.
        if let Some(active) = self.active.take() {
            active.stop.request();
            active.task.abort();
        }
        let say = self.speaker(attempt);
        let room = self.room.clone();
        let (server, restart) = (self.server.clone(), self.restart.clone());
        let session = attempt.session.clone();
        self.runtime.spawn(async move {
            let settled = fault::told(async {
                let lost = |what| Failure::Connection { what };
                let (rows, server) = settle(&room, &server, restart.as_ref()).await.map_err(lost)?;
                let record = record_at(&room, &session, &rows).map_err(lost)?;
                say(Report::Settled { rows, server: Some(Box::new(server)), record });
                Ok(())
            });
            if let Err(failure) = settled.await {
                say(Report::Failed { failure });
            }
        });
    }

    /// Ends what runs; a transaction that waits for its word is rolled back.
    pub fn shut_down(mut self) {
        if let Some(active) = self.active.take() {
            active.stop.request();
            drop(active.words);
            let ended = async { tokio::time::timeout(Duration::from_secs(3), active.task).await };
            let _ = self.runtime.block_on(ended);
        }
        let left = async { tokio::time::timeout(Duration::from_secs(1), self.room.presence.leave()).await };
        let _ = self.runtime.block_on(left);
        self.runtime.shutdown_timeout(Duration::from_secs(1));
    }
}

async fn settle(
    room: &Room,
    server: &SharedServer,
    restart: Option<&Restart>,
) -> Result<(Vec<LedgerRow>, Identity), String> {
    let words = |error: DbError| error.to_string();
    let mut backend = connected(room, server, restart).await?;
    let read = async {
        // A dead program's backend may still be at work: only under the fence is the answer final.
        let mut beat = tokio::time::interval(Duration::from_millis(200));
        while !ledger::try_lock(&mut backend, ledger::Lock::Fence).await.map_err(words)? {
            beat.tick().await;
        }
        let server = backend.identity().await.map_err(words)?;
        let rows = ledger::rows(&mut backend, &room.plan.ceremony.id).await.map_err(words)?;
        backend.close().await;
        Ok((rows, server))
    };
    if let Ok(rows) = tokio::time::timeout(SETTLE_MAX, read).await {
        return rows;
    }
    let holder = async {
        let mut backend = Backend::connect(&room.endpoint, "ceremony settle", CONNECT_MAX).await.ok()?;
        let holder = ledger::holder(&mut backend, ledger::Lock::Fence).await.ok().flatten();
        backend.close().await;
        holder
    };
    let holder = holder.await.unwrap_or_else(|| "unknown".to_owned());
    Err(format!(
        "a backend is still running and has held this database for more than {} s: {holder}; let it end, or end it",
        SETTLE_MAX.as_secs()
    ))
}

/// The record on disk at each entry that this session's rows name.
fn record_at(room: &Room, session: &str, rows: &[LedgerRow]) -> Result<Vec<RecordedAt>, String> {
    let ours = |row: &&LedgerRow| row.attempt.strip_prefix(session).is_some_and(|rest| rest.starts_with('/'));
    let wanted = rows.iter().filter(ours).filter_map(|row| Some(row.recorded.as_ref()?.entry)).collect();
    let path = room.session.join(FILE_NAME);
    let found = std::fs::File::open(&path).and_then(|file| recorded_at(BufReader::new(file), &wanted));
    found.map_err(|error| format!("the record cannot be read: {}: {error}", path.display()))
}

/// A connection for the ledger. A server of the session's own is started again if it died; one that is dying just
/// now still counts as alive, so a lost connection is tried again for a while.
async fn connected(room: &Room, server: &SharedServer, restart: Option<&Restart>) -> Result<Backend, String> {
    let mut beat = tokio::time::interval(Duration::from_millis(200));
    for _ in 0..REVIVE_TRIES {
        beat.tick().await;
        tokio::task::block_in_place(|| revive(server, restart))?;
        match Backend::connect(&room.endpoint, "ceremony settle", CONNECT_MAX).await {
            Ok(backend) => return Ok(backend),
            Err(DbError::Lost(_)) if restart.is_some() => {}
            Err(DbError::Server { card, .. }) if card.sqlstate == CANNOT_CONNECT_NOW => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Err(format!("the session's own server does not come back at {}", room.endpoint))
}

/// Starts the session's own server again if it died.
fn revive(server: &SharedServer, restart: Option<&Restart>) -> Result<(), String> {
    let Some(restart) = restart else { return Ok(()) };
    let mut slot = server.lock().map_err(|_| "the server's handle is lost".to_owned())?;
    if slot.as_mut().is_some_and(Embedded::alive) {
        return Ok(());
    }
    let port = slot.as_ref().map(Embedded::port);
    // The dead one must let go of its folder before another starts there.
    drop(slot.take());
    let again = restart()?;
    let now = again.port();
    let moved = port.filter(|port| *port != now);
    *slot = Some(again);
    if let Some(port) = moved {
        return Err(format!(
            "the server is up again, but on port {now} instead of {port}, which somebody else took: leave and `ceremony resume`"
        ));
    }
    Ok(())
}

impl Runner for World {
    fn start(&mut self, effect: Effect, recorded: &Recorded) {
        match effect {
            Effect::Run { step, attempt, pin, .. } => self.run(&step, attempt, pin, recorded),
            Effect::Recheck { attempt, pin, checks } => self.recheck(attempt, pin, checks, recorded),
            Effect::Commit { attempt } => self.word(&attempt, Word::Commit),
            Effect::Discard { attempt } => self.word(&attempt, Word::Discard),
            Effect::Unit { attempt, work } => self.word(&attempt, Word::Unit(work)),
            Effect::Cancel { attempt } => self.stop(&attempt, false),
            Effect::Terminate { attempt } => self.stop(&attempt, true),
            Effect::Settle { attempt } => self.settle(&attempt),
            Effect::Tell { attempt, text } => {
                let say = self.speaker(&attempt);
                let room = self.room.clone();
                self.runtime.spawn(async move {
                    let folder = room.folder.root();
                    say(super::notify::tell(&room.plan.ceremony.notify, folder, &text).await);
                });
            }
        }
    }
}
