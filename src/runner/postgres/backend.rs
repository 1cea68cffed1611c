//! The one way to talk to a PostgreSQL server: a single connection whose every answer is read off the wire tap.
//!
//! sqlx logs in and drives the conversation; tags, rows, columns, notices and errors come from the [`Tap`].
//! Every call has a deadline; after one the connection is dropped. A future that was dropped leaves the backend
//! half-way through an answer: every later call says [`DbError::Lost`]; [`Backend::close`] it.

mod answer;
mod cancel;
mod copy;
mod identity;
mod near;

pub use super::endpoint::{DbError, Endpoint, Host, Position, Secret};
pub use super::tap::Wire;
pub use cancel::Canceller;

use super::endpoint::in_words;
use super::tap::Tap;
pub use super::wire::RowLimits;
use super::wire::{Event, Wanted, message};
use crate::runner::guard::door::Door;
use crate::session::{ErrorCard, Meaning, ResultSet, meaning};
use answer::{Answer, Ears};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::fmt;
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;

/// How long [`Backend::close`] waits for the server.
const CLOSE_MAX: Duration = Duration::from_secs(2);
/// The longest text [`Backend::value`] returns, bytes.
pub const VALUE_BYTES_MAX: usize = 16 << 20;

/// How long an answer may take where nothing else was agreed.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// What the next call may expect.
enum Health {
    Ready,
    /// An answer is being read, or its reader was dropped.
    Busy,
    /// Why.
    Lost(String),
}

/// A connection to a server. Dropping it closes the socket without a word; the server notices when it next writes
/// or, with `client_connection_check_interval`, sooner.
pub struct Backend {
    conn: PgConnection,
    tap: Tap,
    canceller: Canceller,
    server: String,
    status: u8,
    health: Health,
    answer_max: Duration,
    /// What shows that the server is on this machine.
    near: String,
}

impl Backend {
    /// Connects and logs in, without TLS, with `DateStyle` ISO, `TimeZone` UTC and UTF-8, and makes sure that the
    /// server is on this machine.
    ///
    /// # Errors
    /// [`DbError::NotLocal`] when that is not shown, unless [`Endpoint::unproven`] says why not.
    /// [`DbError::Server`] when the server refuses (such as 28P01, or 57P03 while it starts or stops),
    /// [`DbError::Lost`] when it does not answer within `deadline` or breaks off (57P01, 57P02, 08xxx).
    pub async fn connect(
        endpoint: &Endpoint,
        application_name: &str,
        deadline: Duration,
    ) -> Result<Self, DbError> {
        let connect = async {
            let door = Door::at(endpoint);
            let mut backend = Self::establish(endpoint, application_name).await?;
            backend.near = backend.prove_near(endpoint, door).await?;
            Ok(backend)
        };
        match timeout(deadline, connect).await {
            Ok(result) => result,
            Err(_) => {
                let ms = deadline.as_millis();
                Err(DbError::Lost(format!("no connection to {endpoint} within {ms} ms")))
            }
        }
    }

    async fn establish(endpoint: &Endpoint, application_name: &str) -> Result<Self, DbError> {
        if [endpoint.user.as_str(), &endpoint.database, application_name]
            .iter()
            .any(|text| text.contains('\0'))
        {
            return Err(DbError::Unusable("names of a connection cannot contain a NUL character".to_owned()));
        }
        let mut tap = Tap::open(endpoint, application_name).await?;
        let options = options(endpoint, &tap);
        let mut answer = Answer::default();
        let mut ears = Ears::deaf();
        let done = attend(&mut tap, PgConnection::connect_with(&options), &mut answer, &mut ears).await;
        let Ok(conn) = done else {
            answer.take_waiting(&mut tap, &mut ears);
            return Err(refused(endpoint, answer));
        };
        // The last words of the log-in may still be on their way from the tap's own task.
        while (answer.key.is_none() || answer.status.is_none()) && answer.closed.is_none() {
            let event = tap.next().await;
            answer.take(event, &mut ears);
        }
        tap.connected();
        let Some((pid, secret)) = answer.key else {
            return Err(DbError::Lost(format!("{endpoint} did not say which backend it is")));
        };
        Ok(Self {
            conn,
            tap,
            canceller: Canceller::new(endpoint, pid, secret),
            server: endpoint.to_string(),
            status: answer.status.unwrap_or(b'I'),
            health: Health::Ready,
            answer_max: ANSWER_MAX,
            near: String::new(),
        })
    }

    /// The server's process for this connection, as it said itself.
    pub fn pid(&self) -> i32 {
        self.canceller.pid()
    }

    /// The two ends of the connection, for whoever judges whether it is the right server.
    pub fn wire(&self) -> Wire {
        self.tap.wire()
    }

    /// From now on an answer may take so long; one that takes longer costs the connection. 30 s at first.
    pub fn answers_within(&mut self, answer_max: Duration) {
        self.answer_max = answer_max;
    }

    /// A handle that stops the running statement from anywhere.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// `I` idle, `T` in a transaction, `E` in a failed one, as of the last answer.
    pub fn transaction_status(&self) -> u8 {
        self.status
    }

    /// Runs exactly one statement and returns its command tag (empty for an empty statement). Rows are dropped by
    /// the tap as they stream by; notices are delivered while it runs.
    ///
    /// # Errors
    /// [`DbError`]. The server analyses the text first and refuses several statements (42601) before any of them
    /// ran. COPY FROM STDIN ends in an error of the server (57014), COPY TO STDOUT is run and its data dropped.
    pub async fn run(
        &mut self,
        sql: &str,
        on_notice: &mut (dyn FnMut(ErrorCard) + Send),
    ) -> Result<String, DbError> {
        let answer = self.query(sql, Wanted::default(), &mut Ears::new(on_notice)).await?;
        Ok(answer.tag)
    }

    /// Runs one statement and returns its first `rows_max` rows as text, each cell cut to `cell_bytes_max` bytes, and
    /// its command tag. All rows are counted; memory does not grow with their number or size.
    ///
    /// # Errors
    /// As [`Backend::run`].
    pub async fn rows(
        &mut self,
        sql: &str,
        rows_max: usize,
        cell_bytes_max: usize,
        on_notice: &mut (dyn FnMut(ErrorCard) + Send),
    ) -> Result<(ResultSet, String), DbError> {
        let rows_max = u64::try_from(rows_max).unwrap_or(u64::MAX);
        self.rows_within(sql, RowLimits { rows_max, cell_bytes_max, bytes_max: usize::MAX }, on_notice).await
    }

    /// As [`Backend::rows`], with a limit for all rows together.
    ///
    /// # Errors
    /// As [`Backend::run`].
    pub async fn rows_within(
        &mut self,
        sql: &str,
        rows: RowLimits,
        on_notice: &mut (dyn FnMut(ErrorCard) + Send),
    ) -> Result<(ResultSet, String), DbError> {
        let wanted = Wanted { rows, ..Wanted::default() };
        let answer = self.query(sql, wanted, &mut Ears::new(on_notice)).await?;
        let result = ResultSet { columns: answer.columns, rows: answer.rows, total: answer.total };
        Ok((result, answer.tag))
    }

    /// The first column of the first row as text; `None` if there is no row or it is NULL.
    ///
    /// # Errors
    /// As [`Backend::rows`], and [`DbError::Unusable`] if it is longer than [`VALUE_BYTES_MAX`].
    pub async fn value(&mut self, sql: &str) -> Result<Option<String>, DbError> {
        let wanted = Wanted { rows: RowLimits::one(VALUE_BYTES_MAX), ..Wanted::default() };
        let answer = self.query(sql, wanted, &mut Ears::deaf()).await?;
        if answer.cut {
            return Err(DbError::Unusable(format!("the value is longer than {VALUE_BYTES_MAX} bytes")));
        }
        Ok(answer.rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// Says good-bye and waits for the server to close, a few seconds at most. After a dropped call it cancels what
    /// still runs and breaks the connection off.
    pub async fn close(self) {
        match self.health {
            Health::Ready => {
                let _ = timeout(CLOSE_MAX, self.conn.close()).await;
                self.tap.close(CLOSE_MAX).await;
            }
            Health::Busy => {
                let _ = self.canceller.cancel().await;
            }
            Health::Lost(_) => {}
        }
    }

    /// One statement and its answer, but not for ever: no answer in time is a lost connection.
    async fn query(&mut self, sql: &str, wanted: Wanted, ears: &mut Ears<'_>) -> Result<Answer, DbError> {
        if let Ok(answer) = timeout(self.answer_max, self.ask(sql, wanted, ears)).await {
            return answer;
        }
        let why = format!("no answer within {} ms", self.answer_max.as_millis());
        self.health = Health::Lost(why.clone());
        Err(DbError::Lost(why))
    }

    /// One statement: analysed by the extended protocol, which allows no more than one, then run by the simple
    /// protocol. Run by the extended one, rows would come in binary, which not every type can do (aclitem), and COPY
    /// FROM STDIN would cost the connection, because sqlx sends a Close after each Execute.
    async fn ask(&mut self, sql: &str, wanted: Wanted, ears: &mut Ears<'_>) -> Result<Answer, DbError> {
        if sql.contains('\0') {
            return Err(DbError::Unusable("a statement cannot contain a NUL character".to_owned()));
        }
        self.canceller.forget();
        self.analyse(sql, ears).await?;
        if self.canceller.was_asked() {
            // It came between the two and stopped neither.
            return Err(DbError::Cancelled(Box::new(cancel::before_it_ran())));
        }
        self.begin(wanted, ears)?;
        let mut answer = Answer::default();
        let statement = sqlx::raw_sql(AssertSqlSafe(sql));
        let done = attend(&mut self.tap, self.conn.execute(statement), &mut answer, ears).await;
        self.finish(done.is_ok(), answer, ears).await
    }

    /// Lets the server analyse the text, which refuses several statements and runs nothing.
    async fn analyse(&mut self, sql: &str, ears: &mut Ears<'_>) -> Result<(), DbError> {
        self.begin(Wanted { private: true, ..Wanted::default() }, ears)?;
        let mut answer = Answer::default();
        self.tap.inject(message::analyse(sql)).await;
        while !answer.is_over() {
            answer.take(self.tap.next().await, &mut Ears::deaf());
        }
        self.finish(answer.error.is_none(), answer, ears).await.map(|_| ())
    }

    /// Makes sure that nothing is under way, and hears what was said meanwhile.
    fn begin(&mut self, wanted: Wanted, ears: &mut Ears<'_>) -> Result<(), DbError> {
        let mut idle = Answer::default();
        match &self.health {
            Health::Lost(why) => return Err(DbError::Lost(why.clone())),
            Health::Busy => {
                let why = "an earlier statement was abandoned before its answer was read";
                return Err(DbError::Lost(why.to_owned()));
            }
            Health::Ready => idle.take_waiting(&mut self.tap, ears),
        }
        if let Some(why) = idle.lost() {
            self.health = Health::Lost(why.clone());
            return Err(DbError::Lost(why));
        }
        self.tap.want(wanted);
        self.health = Health::Busy;
        Ok(())
    }

    /// Reads the rest of an answer and judges it. `done` is whether sqlx is content.
    async fn finish(
        &mut self,
        done: bool,
        mut answer: Answer,
        ears: &mut Ears<'_>,
    ) -> Result<Answer, DbError> {
        answer.take_waiting(&mut self.tap, ears);
        while answer.error.is_some() && !answer.is_over() {
            answer.take(self.tap.next().await, ears);
        }
        self.status = answer.status.unwrap_or(self.status);
        self.health = Health::Ready;
        if let Some(why) = answer.lost() {
            self.health = Health::Lost(why.clone());
            if answer.error.is_some() || !done {
                return Err(DbError::Lost(why));
            }
        }
        if let Some((card, position)) = answer.error {
            return Err(match card.sqlstate == "57014" && self.canceller.was_asked() {
                true => DbError::Cancelled(Box::new(card)),
                false => DbError::Server { card: Box::new(card), position },
            });
        }
        if !done {
            let why = "the conversation with the server is out of step".to_owned();
            self.health = Health::Lost(why.clone());
            return Err(DbError::Lost(why));
        }
        Ok(answer)
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("server", &self.server)
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}

/// Waits for sqlx and listens to the tap meanwhile.
async fn attend<T>(
    tap: &mut Tap,
    work: impl Future<Output = Result<T, sqlx::Error>>,
    answer: &mut Answer,
    ears: &mut Ears<'_>,
) -> Result<T, sqlx::Error> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            event = tap.next(), if answer.closed.is_none() => {
                let asks = event == Event::CopyIn;
                answer.take(event, ears);
                if asks {
                    copy::feed(tap, answer, ears).await;
                }
            }
            result = &mut work => return result,
        }
    }
}

/// Options without anything from the environment: what cannot be set here (`PGOPTIONS`) is in the startup message,
/// which the tap replaces.
fn options(endpoint: &Endpoint, tap: &Tap) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(tap.folder())
        .port(endpoint.port)
        .username(&endpoint.user)
        .password(endpoint.password.as_ref().map_or("", Secret::expose))
        .database(&endpoint.database)
        .ssl_mode(PgSslMode::Disable)
        .statement_cache_capacity(0)
}

/// Why there is no connection.
fn refused(endpoint: &Endpoint, answer: Answer) -> DbError {
    match answer.error {
        Some((card, _)) if meaning(&card.sqlstate) == Meaning::Lost => DbError::Lost(in_words(&card)),
        Some((card, position)) => DbError::Server { card: Box::new(card), position },
        None => {
            let why = answer.closed.unwrap_or_else(|| "the way it wants to log in is not known".to_owned());
            DbError::Lost(format!("no connection to {endpoint}: {why}"))
        }
    }
}

#[cfg(test)]
mod tests;
