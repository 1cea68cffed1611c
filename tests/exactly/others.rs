//! D6, D7: what answers like a server for a ceremony and is none: a pooler, and versions that nobody knows here.

use crate::effort::figures;
use crate::mini::*;
use crate::room::*;
use ceremony::runner::server::{Embedded, ServerPrograms, find_programs};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A pooler on a port of its own, before somebody's server.
struct Pooler {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Pooler {
    fn new(server: &Own, mode: &str) -> Self {
        let folder = TempDir::with_prefix("ceremony-pooler-").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = |name: &str| folder.path().join(name);
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir = {}\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = {mode}\n\
             ignore_startup_parameters = extra_float_digits,application_name,options\n",
            server.port(),
            folder.path().display(),
            path("users").display()
        );
        fs::write(path("pooler.ini"), text).unwrap();
        fs::write(path("users"), format!("\"postgres\" \"{}\"\n", server.password())).unwrap();
        let program =
            ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].into_iter().find(|it| Path::new(it).exists());
        let program = program.expect("install pgbouncer: apt-get install pgbouncer");
        let mut command = Command::new(program);
        command
            .arg("-q")
            .arg(path("pooler.ini"))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // It refuses to run as root, as the server does.
        if rustix::process::geteuid().is_root() {
            let (uid, gid) = server.user();
            for file in [folder.path().to_owned(), path("pooler.ini"), path("users")] {
                chown(file, Some(uid), Some(gid)).unwrap();
            }
            command.uid(uid).gid(gid);
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let child = command.spawn().unwrap();
        until("the pooler listens", || TcpStream::connect(("127.0.0.1", port)).ok());
        Self { child, port, _folder: folder }
    }

    fn urls(&self, server: &Own) -> [String; 2] {
        let user = format!("postgresql://postgres:{}", server.password());
        [
            format!("{user}@127.0.0.1:{}/postgres", self.port),
            format!("{user}@localhost:{}/postgres", self.port),
        ]
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_pooler_is_refused_by_name_whatever_it_pools() {
    let server = used();
    let unproven = "[target]\nunproven = \"a virtual machine of this desk\"";
    let mut refused = 0;
    for mode in ["transaction", "session", "statement"] {
        let pooler = Pooler::new(&server, mode);
        // It does answer.
        assert_eq!(psql(pooler.port, server.password(), &["-c", "SELECT 1"]), "1");
        for (url, more) in pooler.urls(&server).iter().zip(["", unproven]) {
            let room = mini_with(GOOD, more);
            let ended = run_on(&room, url, &room.yes().with("backup", &["{phrase}"]));
            assert!(matches!(ended.code, Some(2 | 3)), "{mode} {more}: {}", ended.said());
            contains(&ended.said(), &["a pooler stands between us and the server", "past the pooler"]);
            assert_eq!(server.ask(LEFT), NOTHING);
            refused += 1;
        }
    }
    figures(
        "D6",
        &format!(
            "3 modes, each also with its exception in the definition: {refused} of {refused} refused by name"
        ),
    );
}

/// The server's own programs, saying that they are of another version.
fn of_version(programs: &ServerPrograms, major: &str, folder: &Path) -> ServerPrograms {
    let real = &programs.version;
    let (old, rest) = real.split_at(real.find('.').unwrap());
    assert_eq!(old.len(), major.len());
    let bytes = fs::read(programs.program("postgres")).unwrap();
    let said = format!("{major}{rest}").into_bytes();
    let mut patched = bytes.clone();
    for at in 0..bytes.len() - real.len() {
        if bytes[at..].starts_with(real.as_bytes()) {
            patched[at..at + said.len()].copy_from_slice(&said);
        }
    }
    assert_ne!(bytes, patched, "the program does not say its version {real}");
    let file = folder.join("postgres");
    fs::write(&file, patched).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    ServerPrograms { bindir: folder.to_owned(), version: format!("{major}{rest}") }
}

#[test]
fn a_version_that_nobody_knows_here_is_refused() {
    let programs = find_programs(None).unwrap();
    let folder = TempDir::with_prefix("ceremony-version-").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let home = folder.path().join("server");
    let data = Embedded::start(&programs, &home, "postgres").unwrap().data_folder().to_owned();
    for (major, words) in [("13", "is too old: 14 to 18 are known"), ("99", "is too new: 14 to 18 are known")]
    {
        let bases = fs::read_dir(data.join("base")).unwrap().map(|entry| entry.unwrap().path());
        for file in bases.chain([data.clone()]).map(|it| it.join("PG_VERSION")) {
            fs::write(file, format!("{major}\n")).unwrap();
        }
        let server =
            Embedded::start(&of_version(&programs, major, folder.path()), &home, "postgres").unwrap();
        let url = format!(
            "postgresql://postgres:{}@127.0.0.1:{}/postgres",
            server.password().expose(),
            server.port()
        );
        let room = mini(GOOD);
        let ended = run_on(&room, &url, &room.yes().with("backup", &["{phrase}"])).with(3);
        contains(
            &ended.said(),
            &["the server is not fit for a ceremony: PostgreSQL", words, "a version that is known"],
        );
        assert!(room.halts().is_empty(), "nothing was touched");
        assert_eq!(
            psql(server.port(), server.password().expose(), &["-c", "SELECT to_regclass('ceremony.ledger')"]),
            ""
        );
    }
    figures("D7", "a server that says 13 and one that says 99: both refused, nothing touched");
}
