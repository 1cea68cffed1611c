//! Others on a server: one that an operator may have, and clients that are in the middle of something.

use crate::room::BASELINE;
use ceremony::runner::server::{Embedded, find_programs};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A server of the test's own with the baseline in it, as an operator may have one.
pub struct Own {
    server: Embedded,
    folder: TempDir,
}

impl Own {
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("ceremony-server-").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let server =
            Embedded::start(&find_programs(None).unwrap(), &folder.path().join("server"), "postgres")
                .unwrap();
        let own = Self { server, folder };
        let baseline = Path::new(env!("CARGO_MANIFEST_DIR")).join(BASELINE);
        psql(own.server.port(), own.password(), &["-1", "-f", baseline.to_str().unwrap()]);
        own
    }

    pub fn password(&self) -> &str {
        self.server.password().expose()
    }

    pub fn port(&self) -> u16 {
        self.server.port()
    }

    pub fn url(&self) -> String {
        format!("postgresql://postgres:{}@127.0.0.1:{}/postgres", self.password(), self.port())
    }

    pub fn ask(&self, sql: &str) -> String {
        psql(self.port(), self.password(), &["-c", sql])
    }

    /// The ids of the user and the group it runs as.
    pub fn user(&self) -> (u32, u32) {
        let data = fs::metadata(self.server.data_folder()).unwrap();
        (data.uid(), data.gid())
    }

    /// Makes a folder the server's own.
    pub fn give(&self, folder: &Path) {
        let (uid, gid) = self.user();
        std::os::unix::fs::chown(folder, Some(uid), Some(gid)).unwrap();
        // Somebody else's temporary folder is closed to the server.
        fs::set_permissions(folder.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The same server once more, after `change` of its stopped data folder.
    pub fn started_again(self, change: impl FnOnce(&Path)) -> Self {
        let Self { server, folder } = self;
        let data = server.data_folder().to_owned();
        drop(server);
        change(&data);
        let home = folder.path().join("server");
        let server = Embedded::start(&find_programs(None).unwrap(), &home, "postgres").unwrap();
        Self { server, folder }
    }

    /// The same from another database, also while the usual one is being copied and lets nobody in.
    pub fn ask_outside(&self, sql: &str) -> String {
        psql(self.port(), self.password(), &["-d", "template1", "-c", sql])
    }

    /// Another client, in the middle of something.
    pub fn somebody(&self, sql: &str) -> Somebody {
        Somebody::new(self.port(), self.password(), sql)
    }
}

/// Another client that has done something and stays connected.
pub struct Somebody(Child);

impl Somebody {
    pub fn new(port: u16, password: &str, sql: &str) -> Self {
        let mut child =
            psql_command(port, password).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "{sql};\nSELECT 'done';").unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        while line.trim() != "done" {
            line.clear();
            assert_ne!(out.read_line(&mut line).unwrap(), 0, "the other client ended");
        }
        Self(child)
    }

    /// Sends this without waiting for its end.
    pub fn goes_on(&mut self, sql: &str) {
        writeln!(self.0.stdin.as_mut().unwrap(), "{sql};").unwrap();
    }

    pub fn leaves(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

impl Drop for Somebody {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A client of psql.
pub fn psql_command(port: u16, password: &str) -> Command {
    let mut command = Command::new(find_programs(None).unwrap().program("psql"));
    command
        .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-d", "postgres", "-p"])
        .arg(port.to_string())
        .env("PGPASSWORD", password)
        .env("PGAPPNAME", "somebody else");
    command
}

#[track_caller]
pub fn psql(port: u16, password: &str, arguments: &[&str]) -> String {
    let output = psql_command(port, password).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
