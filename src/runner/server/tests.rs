//! The embedded server against the real programs of this machine; without them these tests fail.

use super::*;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

fn programs() -> ServerPrograms {
    find_programs(None).unwrap_or_else(|error| panic!("{error}"))
}

fn start(home: &Path) -> Embedded {
    Embedded::start(&programs(), home, "calendar").unwrap_or_else(|error| panic!("{error}"))
}

/// What psql prints for a query, over TCP with `password`.
fn query(server: &Embedded, password: &str, sql: &str) -> Result<String, String> {
    let output = Command::new(programs().program("psql"))
        .args(["-X", "-At", "-h", "127.0.0.1", "-U", "postgres", "-d", "calendar", "-c", sql])
        .args(["-p", &server.port().to_string()])
        .env("PGPASSWORD", password)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn ask(server: &Embedded, sql: &str) -> String {
    query(server, server.password().expose(), sql).unwrap_or_else(|error| panic!("{error}"))
}

fn pid_of(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let (_never, timer) = channel::<()>();
    for _ in 0..1_000 {
        if condition() {
            return;
        }
        let _ = timer.recv_timeout(Duration::from_millis(10));
    }
    panic!("in 10 s: not {what}");
}

fn gone(pid: u32) -> bool {
    test_kill_process(pid_of(pid)).is_err()
}

#[test]
fn starts_fresh_and_keeps_its_data_and_port_over_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let mut server = start(home.path());
    assert!(server.fresh() && server.alive());
    assert_eq!(ask(&server, "SHOW server_encoding"), "UTF8");
    assert_eq!(ask(&server, "SHOW listen_addresses"), "127.0.0.1");
    assert_eq!(ask(&server, "SELECT lower('Ä')"), "ä");
    ask(&server, "CREATE TABLE t AS SELECT 7 AS n");
    let (port, socket_folder) = (server.port(), server.socket_folder().to_path_buf());
    assert!(socket_folder.join(format!(".s.PGSQL.{port}")).as_os_str().len() < 100);
    server.stop().unwrap();
    assert!(!server.alive() && !socket_folder.exists());
    drop(server);

    let server = start(home.path());
    assert!(!server.fresh());
    assert_eq!(server.port(), port);
    assert_eq!(ask(&server, "SELECT n FROM t"), "7");
}

#[test]
fn other_users_of_the_machine_do_not_get_in() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let server = start(home.path());
    let refused = query(&server, "wrong", "SELECT 1").unwrap_err();
    assert!(refused.contains("password authentication failed"), "{refused}");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(server.socket_folder()), 0o700);
    assert_eq!(mode(&home.path().join("server.json")), 0o600);
    assert_eq!(mode(&home.path().join("server.log")), 0o600);
    assert_eq!(mode(server.data_folder()), 0o700);
    assert!(!format!("{server:?}").contains(server.password().expose()));
}

#[test]
fn comes_back_after_its_main_process_was_killed() {
    let home = tempfile::tempdir().unwrap();
    let mut server = start(home.path());
    ask(&server, "CREATE TABLE t AS SELECT 7 AS n");
    let pid = server.pid();
    kill_process(pid_of(pid), Signal::KILL).unwrap();
    wait_until("noticed", || gone(pid));
    wait_until("noticed", || !Path::new(&format!("/proc/{pid}")).exists());
    while server.alive() {
        std::thread::yield_now();
    }
    drop(server);
    let server = start(home.path());
    assert_eq!(ask(&server, "SELECT n FROM t"), "7");
}

#[test]
fn a_pid_file_that_names_somebody_else_is_no_obstacle() {
    let home = tempfile::tempdir().unwrap();
    let server = start(home.path());
    let data = server.data_folder().to_path_buf();
    let pid_file = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let own = server.pid().to_string();
    drop(server);
    // A process of the server's user that is alive: any other server would do, here one of our own.
    let other_home = tempfile::tempdir().unwrap();
    let other = start(other_home.path());
    std::fs::write(data.join("postmaster.pid"), pid_file.replacen(&own, &other.pid().to_string(), 1))
        .unwrap();
    let server = start(home.path());
    assert_eq!(ask(&server, "SELECT 1") + &ask(&other, "SELECT 2"), "12");
}

#[test]
fn two_at_once_are_two_and_nothing_is_left_of_them() {
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (one, two) = (start(homes[0].path()), start(homes[1].path()));
    assert_ne!(one.port(), two.port());
    let again = Embedded::start(&programs(), homes[0].path(), "calendar").unwrap_err();
    assert!(again.what.contains("already in use"), "{again}");
    let pids = [one.pid(), two.pid()];
    drop((one, two));
    assert!(pids.iter().all(|pid| gone(*pid)));
}

#[test]
fn a_taken_port_is_not_insisted_on() {
    let home = tempfile::tempdir().unwrap();
    let port = start(home.path()).port();
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let server = start(home.path());
    assert_ne!(server.port(), port);
    assert_eq!(ask(&server, "SELECT 1"), "1");
}

#[test]
fn a_home_that_the_servers_user_cannot_reach_is_no_obstacle() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let server = start(home.path());
    ask(&server, "CREATE TABLE t AS SELECT 7 AS n");
    let data = server.data_folder().to_path_buf();
    let elsewhere = rustix::process::geteuid().is_root();
    assert_eq!(data.starts_with("/var/tmp"), elsewhere, "{}", data.display());
    drop(server);
    let server = start(home.path());
    assert_eq!(ask(&server, "SELECT n FROM t"), "7");
    drop(server);
    if elsewhere {
        std::fs::remove_dir_all(data.parent().unwrap()).unwrap();
    }
}

/// Started by the next test in a process of its own.
#[test]
#[ignore = "only as a helper"]
fn helper_that_is_killed() {
    let home = PathBuf::from(std::env::var_os("CEREMONY_TEST_HOME").unwrap());
    let server = start(&home);
    println!("\nserver {}", server.pid());
    let (_never, forever) = channel::<()>();
    let _ = forever.recv_timeout(Duration::from_secs(60));
}

#[test]
fn the_server_does_not_outlive_a_killed_cockpit() {
    let home = tempfile::tempdir().unwrap();
    let mut cockpit = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "runner::server::tests::helper_that_is_killed", "--ignored", "--nocapture"])
        .env("CEREMONY_TEST_HOME", home.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(cockpit.stdout.take().unwrap()).lines();
    let pid =
        lines.map_while(Result::ok).find_map(|line| line.strip_prefix("server ")?.parse().ok()).unwrap();
    assert!(!gone(pid));
    cockpit.kill().unwrap();
    cockpit.wait().unwrap();
    wait_until("gone with its cockpit", || gone(pid));

    let server = start(home.path());
    assert_eq!(ask(&server, "SELECT 1"), "1");
}

#[test]
fn what_is_missing_is_said_in_three_parts() {
    let empty = tempfile::tempdir().unwrap();
    let error = find_programs(Some(empty.path())).unwrap_err();
    assert!(error.what.contains("initdb and postgres"), "{error}");
    assert!(error.why.contains(&empty.path().display().to_string()), "{error}");
    assert!(error.next.contains("install") && error.next.contains("PG_BINDIR"), "{error}");
}

#[test]
fn a_broken_home_is_an_error_with_the_servers_words() {
    let home = tempfile::tempdir().unwrap();
    let server = start(home.path());
    let data = server.data_folder().to_path_buf();
    drop(server);
    std::fs::write(data.join("postgresql.conf"), "nonsense = (").unwrap();
    let error = Embedded::start(&programs(), home.path(), "calendar").unwrap_err();
    assert!(error.why.contains("syntax error in file"), "{error}");
}
