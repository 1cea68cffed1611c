//! From options to a session that can be driven: definition, guard, server, folder, record, world.

use super::purpose::{Purpose, copied, rehearsed, sessions};
use super::target::{Target, Wanted, same_server};
use super::{Common, DEFINITION, Trouble};
use crate::definition::{Ceremony, Diagnostic, Migration, Script, Transaction, load};
use crate::driver::{Drive, Message, follow};
use crate::journal::FORMAT;
use crate::journal::file::JournalFile;
use crate::plan::{Hazard, Plan};
use crate::runner::clock::{Clock, session_id};
use crate::runner::files::DiskFolder;
use crate::runner::git;
use crate::runner::rehearsal::Copy;
use crate::runner::session_folder::{self, Origin};
use crate::runner::witnesses::Ear;
use crate::runner::world::{Setup, SharedServer, World, voice};
use crate::session::*;
use crate::view::Transcript;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Messages that may wait for the driver, each with up to 64 KiB of output, which take some times that in memory.
const INBOX_MAX: usize = 16;

/// A session ready to be driven.
pub struct Launched {
    /// State and record.
    pub drive: Drive<JournalFile>,
    /// The real world.
    pub world: World,
    /// What the driver hears.
    pub inbox: Receiver<Message>,
    /// Where others speak to the driver.
    pub mouth: SyncSender<Message>,
    /// The session's clock.
    pub clock: Clock,
    /// The session's folder.
    pub folder: PathBuf,
    /// The first command: open or resume.
    pub first: Command,
    /// Stops the embedded server when it goes.
    pub server: SharedServer,
    /// For a rehearsal: the copy it is held on, dropped when it goes.
    pub copy: Option<Copy>,
    /// Hears witnesses as long as it lives; `None` where there are no sockets.
    pub ear: Option<Ear>,
    /// Writes the log as long as it lives.
    pub log: tracing_appender::non_blocking::WorkerGuard,
}

/// What this program is, for somebody who starts it where there is nothing to do.
pub fn there_is_a_definition(common: &Common) -> Result<(), Trouble> {
    if common.definition.exists() || common.definition != Path::new(DEFINITION) {
        return Ok(());
    }
    Err(Trouble::usage(
        format!("there is no {} here", DEFINITION),
        "ceremony drives PostgreSQL migrations step by step, as a ceremony.toml describes them: which migrations, \
         which checks, and the way back",
        "go to the folder that has one, or name it: ceremony --definition DIR/ceremony.toml; `ceremony list DIR` \
         lists sessions, `ceremony --help` says more",
    ))
}

/// The definition named by the options, and its folder.
pub fn definition(common: &Common) -> Result<(DiskFolder, String, Ceremony), Trouble> {
    there_is_a_definition(common)?;
    let path = &common.definition;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Some(name), Ok(folder)) = (name, DiskFolder::new(parent)) else {
        return Err(Trouble::usage(
            format!("there is no definition '{}'", path.display()),
            "a ceremony is run from a ceremony.toml",
            "go to the folder that has one, or name it with --definition FILE",
        ));
    };
    let ceremony = load(&folder, &name).map_err(|problems| Trouble::definition(&problems))?;
    let problems = scripts(&ceremony);
    if !problems.is_empty() {
        return Err(Trouble::definition(&problems));
    }
    Ok((folder, name, ceremony))
}

/// What keeps scripts from being run at all: psql commands, unclosed quotes, transaction control, several queries, or
/// nothing to run in a migration or in its way back.
fn scripts(ceremony: &Ceremony) -> Vec<Diagnostic> {
    use crate::runner::postgres::split::{arrange, split, units};
    let one = ceremony.queries.iter().map(|query| (&query.script, true));
    let many = ceremony
        .migrations
        .iter()
        .flat_map(|migration| [&migration.script, &migration.rollback.script])
        .chain(ceremony.negatives.iter().map(|negative| &negative.script))
        .chain(&ceremony.target.baseline)
        .map(|script| (script, false));
    let mut problems = Vec::new();
    for (script, single) in one.chain(many) {
        let found = match split(&script.file, &script.text, script.first_line) {
            Ok(found) => found,
            Err(more) => {
                problems.extend(more);
                continue;
            }
        };
        if script.transaction == Transaction::None {
            problems.extend(units(&script.text, &found.statements).err().unwrap_or_default());
            continue;
        }
        match arrange(&script.text, &found.statements) {
            Err(more) => problems.extend(more),
            Ok(arranged) if single && arranged.body.len() != 1 => {
                let at = found.statements.get(1).map(|statement| statement.at.clone()).unwrap_or_default();
                problems.push(Diagnostic {
                    at: crate::definition::Place { file: script.file.clone(), ..at },
                    what: format!("{} has {} statements", script.name(), arranged.body.len()),
                    why: "a query section is judged by one result".to_owned(),
                    next: "write exactly one SELECT there".to_owned(),
                });
            }
            Ok(_) => {}
        }
    }
    problems.extend(ceremony.migrations.iter().flat_map(nothing_to_run));
    problems.sort();
    problems.dedup();
    problems
}

/// Comments alone change nothing, and undo nothing.
fn nothing_to_run(migration: &Migration) -> Vec<Diagnostic> {
    use crate::runner::postgres::split::{arrange, split, units};
    let is_empty = |script: &Script| {
        let found = split(&script.file, &script.text, script.first_line).ok()?.statements;
        Some(match script.transaction {
            Transaction::One => arrange(&script.text, &found).ok()?.body.is_empty(),
            Transaction::None => units(&script.text, &found).ok()?.iter().all(|unit| unit.body.is_empty()),
        })
    };
    let ways = [(&migration.script, "migration"), (&migration.rollback.script, "the rollback of")];
    ways.into_iter()
        .filter(|(script, _)| is_empty(script) == Some(true))
        .map(|(script, what)| Diagnostic {
            at: crate::definition::Place { file: script.file.clone(), line: script.first_line, column: 1 },
            what: format!("{what} '{}' has no statement in {}", migration.id, script.name()),
            why: "a step that runs nothing would pass and be recorded as done".to_owned(),
            next: "write its SQL, or take the migration out of the definition".to_owned(),
        })
        .collect()
}

/// What a grammar of PostgreSQL does not accept in the migrations; the server has the last word.
pub fn warnings(ceremony: &Ceremony) -> Vec<Diagnostic> {
    let scripts = ceremony
        .migrations
        .iter()
        .flat_map(|migration| [&migration.script, &migration.rollback.script])
        .chain(ceremony.queries.iter().map(|query| &query.script));
    scripts
        .filter_map(|script| {
            crate::runner::postgres::split::split(&script.file, &script.text, script.first_line).ok()
        })
        .flat_map(|found| found.warnings)
        .collect()
}

/// What the scripts show of hazards.
pub fn hazards(ceremony: &Ceremony) -> Vec<Hazard> {
    use crate::runner::postgres::split::hazards;
    let migrations = ceremony.migrations.iter();
    migrations
        .flat_map(|it| [hazards(&it.script, false), hazards(&it.rollback.script, true)])
        .flatten()
        .collect()
}

/// A log that is never on the screen.
fn log(session: &Path) -> Result<tracing_appender::non_blocking::WorkerGuard, Trouble> {
    let failed = |error: String| {
        Trouble::usage(
            format!("cannot write the log: {error}"),
            "every session keeps a log",
            "mend the folder",
        )
    };
    // Made first: the appender complains on the terminal about a folder that is not there yet.
    let folder = session.join("log");
    session_folder::make_private(&folder).map_err(|error| failed(error.to_string()))?;
    session_folder::only_plain_files(&folder).map_err(|error| failed(error.to_string()))?;
    let appender = tracing_appender::rolling::Builder::new()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .filename_prefix("ceremony")
        .filename_suffix("log")
        .max_log_files(14)
        .build(session.join("log"))
        .map_err(|error| failed(error.to_string()))?;
    let (writer, guard) = tracing_appender::non_blocking(appender);
    let filter = tracing_subscriber::EnvFilter::try_from_env("CEREMONY_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn"));
    // A second session in one process (as tests have) keeps the first log.
    let _ = tracing_subscriber::fmt()
        .with_writer(move || super::out::Log(writer.clone()))
        .with_ansi(false)
        .with_env_filter(filter)
        .try_init();
    Ok(guard)
}

/// A new session.
pub fn open(common: &Common, purpose: Purpose) -> Result<Launched, Trouble> {
    let (folder, name, ceremony) = definition(common)?;
    // Looked for before a folder is made that the next try would find in its way.
    let wanted = Wanted::of(common, &ceremony)?;
    let rehearsed = rehearsed(common, &folder, &ceremony, purpose)?;
    let id = session_id();
    let clock = Clock::starting_at(0);
    let session = match &common.session {
        Some(named) => purpose.folder(named),
        None => {
            let stem = format!("{}-{}", clock.now().wall.compact(), ceremony.id.replace('/', "-"));
            purpose.free_folder(&sessions(common, folder.root()), &stem)
        }
    };
    session_folder::create(&session).map_err(|error| Trouble::folder(&session, &error))?;
    let session = session.canonicalize().map_err(|error| Trouble::folder(&session, &error))?;
    let origin = Origin { folder: folder.root().to_owned(), definition: name.clone(), url: wanted.url() };
    let hazards = hazards(&ceremony);
    let mut plan = Plan::new(ceremony);
    plan.rehearsal = rehearsed;
    plan.hazards = Some(hazards);
    let planned = session_folder::fill(&session, &folder, &plan, &origin)
        .map_err(|error| Trouble::folder(&session, &error))?;
    let log = log(&session)?;
    let mut target = wanted.ready(&session, &plan.ceremony)?;
    let source = target.endpoint.database.clone();
    let (copy, how) = if purpose.is_rehearsal() && !target.embedded {
        let made = copied(&mut target, &id, (folder.root(), &session), &plan.ceremony.limits)?;
        (Some(made.0), Some(made.1))
    } else {
        (None, None)
    };
    let header = Header {
        format: FORMAT,
        session: id,
        ceremony: plan.ceremony.id.clone(),
        definition: name,
        inputs: plan.ceremony.files.clone(),
        plan: planned,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        git: git::state(folder.root()),
        operator: super::operator::name(common),
        mode: if purpose == Purpose::Real { Mode::Live } else { Mode::Practice },
        target: TargetName {
            address: target.endpoint.to_string(),
            database: target.endpoint.database.clone(),
            user: target.endpoint.user.clone(),
            embedded: target.embedded,
        },
        opened: clock.now().wall,
        copy_of: copy.is_some().then_some(source),
        copied: how,
    };
    let journal = JournalFile::create(&session).map_err(Trouble::journal)?;
    let drive = Drive::new(Session::new(Arc::new(plan)), Transcript::default(), journal);
    let first = Command::Open { header: Box::new(header) };
    let launched =
        Assembly { drive, target, folder, session, clock, first, log, rehearsal: purpose.is_rehearsal() };
    Ok(Launched { copy, ..launched.assemble()? })
}

/// A session that was left: its record is read back and gone on with.
pub fn reopen(session: &Path, common: &Common) -> Result<Launched, Trouble> {
    let missing = |error: std::io::Error| Trouble::no_session(session, &error);
    let session = session.canonicalize().map_err(missing)?;
    let origin = session_folder::origin(&session).map_err(|error| {
        Trouble::origin("what the session came from cannot be read: origin.json", &error, &session)
    })?;
    super::run::begun(&session)?;
    let (journal, found) = JournalFile::open(&session).map_err(Trouble::journal)?;
    let plan = crate::driver::replay::plan_of(&session, &found.entries).map_err(Trouble::unreadable)?;
    let header = crate::driver::replay::header_of(&found.entries);
    if header.is_some_and(|header| header.copy_of.is_some()) {
        return Err(Trouble::usage(
            "a rehearsal is not gone on with",
            "the copy it was held on went when it was left",
            "rehearse again: ceremony rehearse",
        ));
    }
    let mut state = Session::new(plan.clone());
    let mut transcript = Transcript::default();
    for entry in &found.entries {
        // Another version may decide otherwise and still go on; what does not even fit was made up.
        let same = state.decides(&entry.cause, entry.at(), &entry.events);
        if (!same && written_by_this_version(&state)) || follow(&mut state, &mut transcript, entry).is_err() {
            return Err(Trouble::divergent(&session, entry.n));
        }
    }
    let folder = DiskFolder::new(&origin.folder).map_err(|error| {
        Trouble::origin(
            format!("the ceremony's folder {} is gone", origin.folder.display()),
            &error,
            &session,
        )
    })?;
    let log = log(&session)?;
    let embedded = state.header.as_ref().is_some_and(|header| header.target.embedded);
    if embedded && common.url.is_some() {
        return Err(Trouble::usage(
            "this session has a server of its own",
            "it was opened without --url, and all that it did is there",
            "leave --url out; or start a new session on the other database",
        ));
    }
    let wanted = if embedded {
        Wanted::own()?
    } else {
        let url = common.url.clone().or(origin.url);
        Wanted::of(&Common { url, ..common.clone() }, &plan.ceremony)?
    };
    let target = wanted.ready(&session, &plan.ceremony)?;
    same_server(&target.endpoint, &state)?;
    let clock = Clock::starting_at(found.entries.last().map_or(0, |entry| entry.m));
    let first = Command::Resume {
        operator: super::operator::name(common),
        torn_bytes: found.torn as u64,
        address: target.endpoint.to_string(),
    };
    let drive = Drive::new(state, transcript, journal);
    Assembly { drive, target, folder, session, clock, first, log, rehearsal: false }.assemble()
}

/// The way back, unless the session is on it already: then it asks for the rest of it by itself.
pub fn way_back(session: &Session) -> Option<Command> {
    session.undo.is_empty().then_some(Command::RollBack)
}

fn written_by_this_version(session: &Session) -> bool {
    session.header.as_ref().is_none_or(|header| header.tool == env!("CARGO_PKG_VERSION"))
}

/// Everything that a session is driven with.
struct Assembly {
    drive: Drive<JournalFile>,
    target: Target,
    folder: DiskFolder,
    session: PathBuf,
    clock: Clock,
    first: Command,
    log: tracing_appender::non_blocking::WorkerGuard,
    rehearsal: bool,
}

impl Assembly {
    fn assemble(self) -> Result<Launched, Trouble> {
        let Self { mut drive, target, folder, session, clock, first, log, rehearsal } = self;
        drive.mask = super::masked::mask(&target.endpoint, &drive.session.plan.ceremony);
        let (mouth, inbox) = sync_channel(INBOX_MAX);
        let setup = Setup {
            plan: drive.session.plan.clone(),
            endpoint: target.endpoint,
            folder,
            session: session.clone(),
            programs: target.programs,
            clock,
            server: target.server.clone(),
            restart: target.restart,
            rehearsal,
        };
        let world = World::new(setup, voice(mouth.clone(), Message::Outcome))
            .map_err(|error| Trouble::folder(&session, &error))?;
        tracing::info!(session = %session.display(), "session ready");
        let server = target.server;
        let ear = super::watch::ear(&session, mouth.clone());
        let (folder, copy) = (session, None);
        Ok(Launched { drive, world, inbox, mouth, clock, folder, first, server, copy, ear, log })
    }
}
