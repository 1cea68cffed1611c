//! The server's folders and files: home, data, password, socket folder, and what is kept for the next start.

use super::account::{Account, command};
use super::{Kept, ServerError, ServerPrograms};
use crate::journal::plain;
use crate::runner::postgres::endpoint::Secret;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

/// Who may connect: over the private socket whoever gets to it, over TCP on this machine with the password.
const HBA: &str = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";

pub(super) fn check_database_name(name: &str) -> Result<(), ServerError> {
    if !name.is_empty() && name.len() <= 63 && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(ServerError::new(
        format!("the embedded server cannot have a database named {name:?}"),
        "PostgreSQL takes names of 1 to 63 bytes, and control characters help nobody",
        "name it in plain letters",
    ))
}

/// The folder with its full path, made for us alone if it is not there; as root the server's user may pass through.
pub(super) fn make_home(home: &Path) -> Result<PathBuf, ServerError> {
    let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
    let make = || {
        DirBuilder::new().recursive(true).create(home)?;
        // Whatever the process's mask says.
        fs::set_permissions(home, Permissions::from_mode(mode))
    };
    let made = match home.symlink_metadata() {
        Ok(facts) if facts.is_dir() => Ok(()),
        Ok(_) => Err(io::Error::other("it is a link or a file, not a folder of this session")),
        Err(_) => make(),
    };
    made.and_then(|()| home.canonicalize())
        .map_err(|e| ServerError::io(format!("cannot make the folder {}", home.display()), &e))
}

pub(super) fn lock(home: &Path) -> Result<File, ServerError> {
    let path = home.join("server.lock");
    let file = private_file(&path, OpenOptions::new().write(true).create(true))
        .map_err(|e| ServerError::io(format!("cannot open {}", path.display()), &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServerError::new(
            "the embedded server of this session is already in use",
            format!("another cockpit holds the lock on {}", path.display()),
            "end the other cockpit, or start a session of its own",
        )),
        Err(TryLockError::Error(e)) => Err(ServerError::io(format!("cannot lock {}", path.display()), &e)),
    }
}

fn private_file(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    plain::open_to_write(options.mode(0o600), path)
}

pub(super) fn read_kept(home: &Path) -> Result<Option<Kept>, ServerError> {
    let path = home.join("server.json");
    let broken = |why: String| {
        ServerError::new(
            format!("{} cannot be read", path.display()),
            why,
            "move the file away: the server then gets a new password and port, and its data in the usual place",
        )
    };
    match plain::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| broken(e.to_string())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(broken(e.to_string())),
    }
}

/// Written whole or not at all, mode 0600.
pub(super) fn write_kept(home: &Path, kept: &Kept) -> Result<(), ServerError> {
    let path = home.join("server.json");
    let write = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(home)?; // mode 0600
        file.write_all(&serde_json::to_vec_pretty(kept)?)?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        File::open(home)?.sync_all()
    };
    write().map_err(|e| ServerError::io(format!("cannot write {}", path.display()), &e))
}

/// 256 random bits.
pub(super) fn random_password() -> Result<Secret, ServerError> {
    let mut bytes = [0_u8; 32];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|e| ServerError::io("cannot read /dev/urandom", &e))?;
    Ok(Secret::new(hex(&bytes)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Where data lies: in `home`, or under `/var/tmp` where the server's user cannot get to `home`.
pub(super) fn data_folder(home: &Path, account: Option<&Account>) -> Result<PathBuf, ServerError> {
    let Some(account) = account.filter(|it| !it.can_reach(home)) else { return Ok(home.join("data")) };
    // Never the folder of an earlier session: that its home was deleted does not make its data ours.
    let mut bytes = [0_u8; 8];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|e| ServerError::io("cannot read /dev/urandom", &e))?;
    let folder = Path::new("/var/tmp").join(format!("ceremony-{}", hex(&bytes)));
    make_owned(&folder, Some(account))?;
    Ok(folder.join("data"))
}

/// A folder with mode 0700 of the server's user. One that is there already must be exactly that.
fn make_owned(folder: &Path, account: Option<&Account>) -> Result<(), ServerError> {
    let failed = |e: &io::Error| ServerError::io(format!("cannot make the folder {}", folder.display()), e);
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(failed(&e)),
        _ => {}
    }
    let meta = fs::symlink_metadata(folder).map_err(|e| failed(&e))?;
    let ours = rustix::process::geteuid().as_raw();
    let owner = account.map_or(ours, |it| it.uid);
    if !meta.is_dir() || (meta.uid() != ours && meta.uid() != owner) || meta.mode() & 0o077 != 0 {
        return Err(ServerError::new(
            format!("the folder {} is not ours", folder.display()),
            "somebody else made it, or others can look into it",
            "remove it if you know what it is, or use another session folder",
        ));
    }
    account.map_or(Ok(()), |it| chown(folder, Some(it.uid), Some(it.gid)).map_err(|e| failed(&e)))
}

/// Makes the data folder, sets the password and makes the database, each if that has not been done; says whether
/// the data is new. Killed in between, the next start does the rest.
pub(super) fn make_data(
    programs: &ServerPrograms,
    account: Option<&Account>,
    kept: &mut Kept,
    database: &str,
) -> Result<bool, ServerError> {
    let fresh = !kept.data.join("PG_VERSION").exists();
    if fresh {
        kept.databases.clear();
        initdb(programs, account, &kept.data)?;
    }
    let mut commands = Vec::new();
    if kept.databases.is_empty() {
        commands.push(format!("ALTER ROLE postgres PASSWORD '{}'", kept.password.expose()));
        kept.databases.push("postgres".into());
    }
    if !kept.databases.iter().any(|it| it == database) {
        commands.push(format!("CREATE DATABASE \"{}\"", database.replace('"', "\"\"")));
        kept.databases.push(database.into());
    }
    for sql in commands {
        single_user(programs, account, &kept.data, &sql)?;
    }
    Ok(fresh)
}

/// Made beside its place and moved there when it is whole.
fn initdb(programs: &ServerPrograms, account: Option<&Account>, data: &Path) -> Result<(), ServerError> {
    let new = data.with_extension("new");
    let failed = |e: &io::Error| ServerError::io(format!("cannot make {}", data.display()), e);
    let mut said = String::new();
    // Not every system has C.UTF-8; the plain C locale is everywhere.
    for locale in ["C.UTF-8", "C"] {
        if new.exists() {
            fs::remove_dir_all(&new).map_err(|e| failed(&e))?;
        }
        make_owned(&new, account)?;
        let output = command(&programs.program("initdb"), account)
            .args(["--no-sync", "--encoding=UTF8", "--username=postgres", "--auth=trust", "--lc-messages=C"])
            .arg(format!("--locale={locale}"))
            .arg("--pgdata")
            .arg(&new)
            .output()
            .map_err(|e| failed(&e))?;
        if output.status.success() {
            fs::write(new.join("pg_hba.conf"), HBA).map_err(|e| failed(&e))?;
            return fs::rename(&new, data).map_err(|e| failed(&e));
        }
        said = words(&output);
    }
    Err(ServerError::new(
        "initdb could not make the embedded server's data",
        said,
        format!("check that {} is on a local disk, writable and not full", data.display()),
    ))
}

/// Runs one command in the server's single-user mode, which listens nowhere.
fn single_user(
    programs: &ServerPrograms,
    account: Option<&Account>,
    data: &Path,
    sql: &str,
) -> Result<(), ServerError> {
    let run = || -> io::Result<Output> {
        let mut child = command(&programs.program("postgres"), account)
            .args(["--single", "-c", "exit_on_error=true", "-c", "log_statement=none", "-D"])
            .arg(data)
            .arg("postgres")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(format!("{sql}\n").as_bytes())?;
        }
        child.wait_with_output()
    };
    let output = run().map_err(|e| ServerError::io("cannot run postgres in single-user mode", &e))?;
    let said = words(&output);
    if output.status.success() || said.contains("already exists") {
        return Ok(());
    }
    let action = sql.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    Err(ServerError::new(
        format!("the embedded server could not be prepared ({action})"),
        // The statement may hold the password.
        said.lines().filter(|line| !line.contains("STATEMENT:")).collect::<Vec<_>>().join("\n"),
        "end whatever else uses its data folder, or use a new session folder",
    ))
}

fn words(output: &Output) -> String {
    let all = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
    String::from_utf8_lossy(&all).trim().to_owned()
}

/// A new folder in /tmp: the path of a socket is limited to 107 bytes, and a session's folder may be anywhere.
pub(super) fn make_socket_folder(account: Option<&Account>) -> Result<PathBuf, ServerError> {
    let failed = |e: &io::Error| ServerError::io("cannot make a folder for the server's socket in /tmp", e);
    let mut builder = tempfile::Builder::new();
    let private = Permissions::from_mode(0o700);
    let folder = builder.prefix("ceremony-").rand_bytes(12).permissions(private).tempdir_in("/tmp");
    let folder = folder.map_err(|e| failed(&e))?;
    if let Some(account) = account {
        chown(folder.path(), Some(account.uid), Some(account.gid)).map_err(|e| failed(&e))?;
    }
    Ok(folder.keep())
}

/// Removes the sockets in it and the folder; anything else keeps it. The server removes its sockets unless killed.
pub(super) fn remove_socket_folder(folder: &Path) {
    if !folder.starts_with("/tmp") {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(b".s.PGSQL.") {
            // What cannot be removed keeps the folder, an empty one in /tmp.
            let _ = fs::remove_file(entry.path());
        }
    }
    let _ = fs::remove_dir(folder);
}
