//! A PostgreSQL server in a temporary folder, for these tests only.

use super::{Endpoint, Host, Secret};
use std::net::{IpAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

const PASSWORD: &str = "pässword with 'quotes'";

pub struct Server {
    folder: tempfile::TempDir,
    port: u16,
}

/// One server for all tests that do not harm it; it stops with the last of them.
pub fn shared() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap();
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(Server::start());
        *shared = Arc::downgrade(&server);
        server
    })
}

impl Server {
    pub fn start() -> Self {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { folder, port };
        let path = server.folder.path();
        std::fs::write(path.join("password"), PASSWORD).unwrap();
        for file in [path, &path.join("password")] {
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o700)).unwrap();
            if let Some((uid, gid)) = server_user() {
                chown(file, Some(uid), Some(gid)).unwrap();
            }
        }
        let password = path.join("password");
        server.program("initdb", &["-N", "-A", "scram-sha-256", "-U", "postgres", "-E", "UTF8"], |initdb| {
            initdb.arg("--no-locale").arg("--pwfile").arg(password).arg("-D").arg(path.join("data"));
        });
        let options =
            format!("-p {port} -k {} -c listen_addresses=127.0.0.1,::1 -c fsync=off", path.display());
        server.program("pg_ctl", &["-w", "start", "-o", &options], |pg_ctl| {
            pg_ctl.arg("-D").arg(path.join("data")).arg("-l").arg(path.join("log"));
        });
        server
    }

    pub fn tcp(&self) -> Endpoint {
        Endpoint {
            host: Host::Address(IpAddr::from([127, 0, 0, 1])),
            port: self.port,
            user: "postgres".into(),
            password: Some(Secret::new(PASSWORD)),
            database: "postgres".into(),
            unproven: None,
        }
    }

    pub fn socket(&self) -> Endpoint {
        Endpoint { host: Host::Socket(self.folder.path().to_owned()), ..self.tcp() }
    }

    /// Stops the server as a crash would.
    pub fn kill(&self) {
        let data = self.folder.path().join("data");
        self.program("pg_ctl", &["-w", "-m", "immediate", "stop"], |pg_ctl| {
            pg_ctl.arg("-D").arg(data);
        });
    }

    fn program(&self, name: &str, arguments: &[&str], more: impl FnOnce(&mut Command)) {
        let mut command = Command::new(bin_folder().join(name));
        command.args(arguments).current_dir("/").env_clear().env("LC_ALL", "C");
        command.stdout(std::process::Stdio::null());
        more(&mut command);
        if let Some((uid, gid)) = server_user() {
            command.uid(uid).gid(gid);
        }
        assert!(command.status().unwrap().success(), "{command:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.folder.path().join("data/postmaster.pid").exists() {
            self.kill();
        }
    }
}

/// The user `postgres`, if this process is root and so must not run a server itself.
fn server_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd.lines().find(|line| line.starts_with("postgres:")).unwrap();
    let mut fields = line.split(':').skip(2).map(|field| field.parse().unwrap());
    Some((fields.next().unwrap(), fields.next().unwrap()))
}

fn bin_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("PG_BINDIR") {
        return folder.into();
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.retain(|folder: &PathBuf| Path::new(folder).join("initdb").exists());
    folders.sort();
    folders.pop().unwrap_or_else(|| {
        let output = Command::new("pg_config").arg("--bindir").output().unwrap();
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    })
}
