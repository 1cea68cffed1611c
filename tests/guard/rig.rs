//! Networks of the test's own, servers in them or in process namespaces, and asking the guard about each.

use crate::clients::{psql, psql_command};
use crate::program::until;
use crate::room::processes_in;
use ceremony::runner::postgres::backend::{Backend, DbError};
use ceremony::runner::postgres::endpoint::{Endpoint, Host};
use ceremony::runner::server::find_programs;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tempfile::TempDir;

/// Runs to a good end, or says what is missing.
#[track_caller]
pub fn must(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output
        .unwrap_or_else(|error| panic!("{program}: {error}; install it (iproute2, util-linux, openssh)"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Network namespaces and servers of another user are root's to make.
#[track_caller]
pub fn must_be_root() {
    assert!(
        rustix::process::geteuid().is_root(),
        "this test makes namespaces and servers of another user: run it as root"
    );
}

/// A network namespace of this test process, with one wire to it.
pub struct Net {
    pub name: String,
    /// Its end of the wire.
    pub address: String,
}

impl Net {
    /// Made once; gone with [`Net::remove`] or the machine.
    pub fn new() -> Self {
        must_be_root();
        static MADE: AtomicU32 = AtomicU32::new(0);
        let (pid, nth) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let name = format!("ceremony{pid}-{nth}");
        let (high, low) = (64 + pid / 256 % 128, pid % 256);
        let near = format!("10.{high}.{low}.{}", 4 * (nth % 64) + 1);
        let address = format!("10.{high}.{low}.{}", 4 * (nth % 64) + 2);
        let (here, there) = (format!("cg{pid}-{nth}"), format!("cn{pid}-{nth}"));
        must("ip", &["netns", "add", &name]);
        let net = Self { name, address };
        must("ip", &["link", "add", &here, "type", "veth", "peer", "name", &there, "netns", &net.name]);
        must("ip", &["addr", "add", &format!("{near}/30"), "dev", &here]);
        must("ip", &["link", "set", &here, "up"]);
        net.ip(&["addr", "add", &format!("{}/30", net.address), "dev", &there]);
        net.ip(&["link", "set", &there, "up"]);
        net.ip(&["link", "set", "lo", "up"]);
        net
    }

    fn ip(&self, arguments: &[&str]) {
        must("ip", &[&["-n", &self.name], arguments].concat());
    }

    /// A command in it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

/// The user the servers run as: PostgreSQL refuses root.
fn account() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let found = ["postgres", "nobody"].iter().find_map(|name| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map(|field| field.parse().ok());
        Some((numbers.next()??, numbers.next()??))
    });
    found.expect("a user postgres or nobody")
}

/// A command as that user.
pub fn as_server(program: &Path) -> Vec<String> {
    let (user, group) = account();
    ["setpriv", &format!("--reuid={user}"), &format!("--regid={group}"), "--clear-groups"]
        .map(str::to_owned)
        .into_iter()
        .chain([program.display().to_string()])
        .collect()
}

/// A data folder with the baseline in it that every server starts from; gone with the last one.
fn template() -> Arc<TempDir> {
    static TEMPLATE: Mutex<Weak<TempDir>> = Mutex::new(Weak::new());
    let mut kept = TEMPLATE.lock().unwrap_or_else(PoisonError::into_inner);
    kept.upgrade().unwrap_or_else(|| {
        let folder = Arc::new(TempDir::with_prefix("ceremony-guard-").unwrap());
        give(folder.path());
        let data = folder.path().join("data");
        make_data(&data);
        let mut server = Server::on(HERE, free_port(), &[], &data, None);
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/calendar/baseline.sql");
        psql(server.port, "", &["-1", "-f", file]);
        server.stop();
        *kept = Arc::downgrade(&folder);
        folder
    })
}

/// A new cluster: one with an identifier of its own.
pub fn make_data(data: &Path) {
    let _ = fs::remove_dir_all(data);
    let initdb = as_server(&find_programs(None).unwrap().program("initdb"));
    let mut arguments: Vec<&str> = initdb[1..].iter().map(String::as_str).collect();
    arguments.extend(["-A", "trust", "-U", "postgres", "--no-sync", "-D", data.to_str().unwrap()]);
    must(&initdb[0], &arguments);
    let hba = "local all all trust\nhost all all all trust\nlocal replication all trust\nhost replication all all trust\n";
    fs::write(data.join("pg_hba.conf"), hba).unwrap();
}

/// Makes a folder the servers' own.
pub fn give(folder: &Path) {
    let (user, group) = account();
    chown(folder, Some(user), Some(group)).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A free port of this machine.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// In which namespaces a server lives.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// `None`: this machine's network.
    pub net: Option<&'a Net>,
    /// Process ids of its own, as in a container.
    pub pids: bool,
}

/// This machine, as it is.
pub const HERE: Place<'static> = Place { net: None, pids: false };

/// A server without a password.
pub struct Server {
    child: Child,
    sockets: TempDir,
    data: PathBuf,
    /// Its own data, and what it was copied from.
    _kept: Option<(TempDir, Arc<TempDir>)>,
    pub address: String,
    pub port: u16,
}

impl Server {
    pub fn start(place: Place<'_>, settings: &[&str], change: impl FnOnce(&Path)) -> Self {
        Self::start_at(place, free_port(), settings, change)
    }

    pub fn start_at(place: Place<'_>, port: u16, settings: &[&str], change: impl FnOnce(&Path)) -> Self {
        must_be_root();
        let (folder, template) = (TempDir::with_prefix("ceremony-guard-").unwrap(), template());
        give(folder.path());
        let data = folder.path().join("data");
        must("cp", &["-a", template.path().join("data").to_str().unwrap(), data.to_str().unwrap()]);
        change(&data);
        Self::on(place, port, settings, &data, Some((folder, template)))
    }

    fn on(
        place: Place<'_>,
        port: u16,
        settings: &[&str],
        data: &Path,
        kept: Option<(TempDir, Arc<TempDir>)>,
    ) -> Self {
        let sockets = TempDir::with_prefix("ceremony-guard-").unwrap();
        give(sockets.path());
        let address = place.net.map_or("127.0.0.1", |net| &net.address).to_owned();
        let mut words: Vec<String> = Vec::new();
        if let Some(net) = place.net {
            words.extend(["ip", "netns", "exec", &net.name].map(str::to_owned));
        }
        if place.pids {
            words.extend(["unshare", "--pid", "--fork", "--mount-proc"].map(str::to_owned));
        }
        words.extend(as_server(&find_programs(None).unwrap().program("postgres")));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg("-D").arg(data).arg("-p").arg(port.to_string());
        let listens = [
            format!("listen_addresses={address}"),
            format!("unix_socket_directories={}", sockets.path().display()),
        ];
        for setting in listens.iter().map(String::as_str).chain(settings.iter().copied()) {
            command.args(["-c", setting]);
        }
        let log = fs::File::create(sockets.path().join("log")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let server = Self { child, sockets, data: data.to_owned(), _kept: kept, address, port };
        until("the server answers", || {
            let mut psql = psql_command(port, "");
            psql.args(["-h", &server.address, "-c", "SELECT 1"]).stdout(Stdio::null()).stderr(Stdio::null());
            psql.status().unwrap().success().then_some(())
        });
        server
    }

    /// The folder of its socket.
    pub fn sockets(&self) -> &Path {
        self.sockets.path()
    }

    pub fn socket(&self) -> PathBuf {
        self.sockets.path().join(format!(".s.PGSQL.{}", self.port))
    }

    pub fn data(&self) -> PathBuf {
        self.data.clone()
    }

    pub fn url(&self) -> String {
        format!("postgresql://postgres@{}:{}/postgres", self.address, self.port)
    }

    #[track_caller]
    pub fn ask(&self, sql: &str) -> String {
        let output = psql_command(self.port, "").args(["-h", &self.address, "-c", sql]).output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Its main process, whatever was started around it.
    fn main(&self) -> Option<Pid> {
        let all = processes_in(&self.data);
        let parent = |pid: &i32| -> Option<i32> {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
        };
        let main = all.iter().find(|pid| parent(pid).is_some_and(|parent| !all.contains(&parent)));
        main.and_then(|pid| Pid::from_raw(*pid))
    }

    /// Its main process, at once and without a word; its port is free then.
    pub fn kill_main(&mut self) {
        let main = self.main().expect("a main process");
        kill_process(main, Signal::KILL).unwrap();
        self.child.wait().unwrap();
    }

    /// Says good-bye to its clients and ends.
    pub fn stop(&mut self) {
        if let Some(main) = self.main() {
            let _ = kill_process(main, Signal::INT);
        }
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(main) = self.main() {
            let _ = kill_process(main, Signal::QUIT);
        }
        let _ = self.child.wait();
        // What it started ends by itself, and must not write into a folder that is being removed.
        let data = self.data.clone();
        until("the server's processes are gone", || processes_in(&data).is_empty().then_some(()));
    }
}

/// A helper program, ended with the test.
pub struct Helper(pub Child);

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

pub fn endpoint(host: Host, port: u16) -> Endpoint {
    let (user, database) = ("postgres".to_owned(), "postgres".to_owned());
    Endpoint { host, port, user, password: None, database, unproven: None }
}

pub fn here(port: u16) -> Endpoint {
    endpoint(Host::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)), port)
}

/// What the guard says of an endpoint: what shows that it is here, or why it is refused.
pub fn asked(endpoint: &Endpoint) -> Result<String, String> {
    run(async {
        match Backend::connect(endpoint, "ceremony-test", Duration::from_secs(20)).await {
            Ok(mut backend) => {
                let near = backend.identity().await.unwrap().near;
                backend.close().await;
                Ok(near)
            }
            Err(DbError::NotLocal(refused)) => Err(refused.why),
            Err(other) => panic!("neither let through nor refused by the guard: {other:?}"),
        }
    })
}
