//! What a suite is told of the world: where the target is, where programs are, and nothing else.

use super::SuiteRoom;
use crate::runner::postgres::backend::{Endpoint, Host};
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Lies in the session folder while a suite runs.
pub(in crate::runner) const PASSWORD_FILE: &str = "pgpass";

/// The program in the children's PATH; a path with a slash is relative to the definition's folder.
pub(in crate::runner) fn find(program: &str, environment: &[(OsString, OsString)], folder: &Path) -> PathBuf {
    if program.contains('/') {
        return folder.join(program);
    }
    let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.clone());
    std::env::split_paths(&path.unwrap_or_default())
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| PathBuf::from(program))
}

/// Children get the target and nothing else of what could redirect or betray them. The password goes into a file
/// that only this user can read, never into an argument or a variable.
pub(in crate::runner) fn environment(
    room: &SuiteRoom,
    endpoint: &Endpoint,
) -> std::io::Result<Vec<(OsString, OsString)>> {
    let mut all: Vec<(OsString, OsString)> = ["HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "SHELL"]
        .iter()
        .filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)))
        .collect();
    let outer = std::env::var_os("PATH").unwrap_or_default();
    let folders = room.programs.iter().cloned().chain(std::env::split_paths(&outer));
    let path = std::env::join_paths(folders).unwrap_or(outer);
    let host = match &endpoint.host {
        Host::Address(address) => address.to_string(),
        Host::Socket(folder) => folder.display().to_string(),
    };
    let mut add = |name: &str, value: OsString| all.push((name.into(), value));
    add("PATH", path);
    add("PGHOST", host.into());
    add("PGPORT", endpoint.port.to_string().into());
    add("PGUSER", endpoint.user.clone().into());
    add("PGDATABASE", endpoint.database.clone().into());
    add("PGCONNECT_TIMEOUT", "10".into());
    // As the program itself connects. Else a ticket of Kerberos would be asked for, of a server that is elsewhere.
    add("PGGSSENCMODE", "disable".into());
    add("PGSSLMODE", "disable".into());
    add("PGREQUIREAUTH", "!password".into());
    // Somebody's own settings may lead a client anywhere.
    for name in ["PSQLRC", "PGSERVICEFILE", "PGSYSCONFDIR"] {
        add(name, "/dev/null".into());
    }
    add("PGAPPNAME", "ceremony suite".into());
    // A suite that waits for somebody else's lock in silence looks like one that hangs.
    // And the server is to notice when it is killed, also while it waits.
    let options =
        format!("-c lock_timeout={} -c client_connection_check_interval=1000", room.lock_timeout_ms);
    add("PGOPTIONS", options.into());
    if let Some(password) = &endpoint.password {
        let file = room.scratch.join(PASSWORD_FILE);
        let _ = std::fs::remove_file(&file);
        let escaped = password.expose().replace('\\', "\\\\").replace(':', "\\:");
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)?
            .write_all(format!("*:*:*:*:{escaped}\n").as_bytes())?;
        add("PGPASSFILE", file.into());
    } else {
        add("PGPASSFILE", "/dev/null".into());
    }
    Ok(all)
}
