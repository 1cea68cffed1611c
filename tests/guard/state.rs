//! What a server shows of who depends on it: refused, or used after typed words. And the definition's one exception.

use crate::clients::{Somebody, psql_command};
use crate::effort::figures;
use crate::program::{Ended, contains, until};
use crate::relay::Relay;
use crate::rig::*;
use crate::room::Room;
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

fn target(room: &Room, url: &str, answers: &[&str]) -> Ended {
    let yes = room.yes().with("preflight/target", answers).without("preflight/inputs");
    room.spawn(room.answered(&["run", "--session", "session", "--url", url], &yes)).end()
}

/// The program refuses this server, for these words, in spite of the definition's words for what cannot be shown.
fn refuses(url: &str, words: &str) {
    let room = Room::new();
    room.define("[target]\n", "[target]\nunproven = \"a virtual machine\"\n");
    target(&room, url, &["{phrase}"]).with(3).says(&[words, "preflight/target is open again"]);
}

fn append(data: &Path, file: &str, text: &str) {
    let path = data.join(file);
    let before = fs::read_to_string(&path).unwrap();
    fs::write(path, before + text).unwrap();
}

/// A client program of PostgreSQL that stays.
fn stays(server: &Server, program: &str, arguments: &[&str]) -> Helper {
    let mut command = Command::new(ceremony::runner::server::find_programs(None).unwrap().program(program));
    command.args(["-h", &server.address, "-p", &server.port.to_string(), "-U", "postgres"]).args(arguments);
    Helper(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

#[test]
fn a_server_that_others_depend_on_is_refused() {
    let mut seen = Vec::new();
    let mut refused = |what: &str, url: &str, words: &str| {
        refuses(url, words);
        seen.push(what.to_owned());
    };
    {
        let server = Server::start(HERE, &[], |data| fs::write(data.join("standby.signal"), "").unwrap());
        refused("a standby", &server.url(), "a standby");
    }
    {
        let server = Server::start(HERE, &["archive_mode=on", "archive_command=true"], |_| {});
        refused("archive_mode", &server.url(), "archive_mode is on");
    }
    {
        // A setting that only a managed service has.
        let server = Server::start(HERE, &["rds.extensions=plpgsql"], |_| {});
        refused(
            "a managed service's setting",
            &server.url(),
            "the setting rds.extensions of a managed service",
        );
    }
    let server = Server::start(HERE, &["wal_level=logical", "default_transaction_read_only=off"], |_| {});
    for role in ["rds_superuser", "cloudsqlsuperuser", "azure_pg_admin", "alloydbsuperuser", "neon_superuser"]
    {
        server.ask(&format!("CREATE ROLE {role}"));
        refused(role, &server.url(), &format!("the role {role} of a managed service"));
        server.ask(&format!("DROP ROLE {role}"));
    }
    server.ask("CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p WITH (connect = false)");
    refused("a subscription", &server.url(), "1 subscriptions feed it");
    server.ask("ALTER SUBSCRIPTION s SET (slot_name = NONE)");
    server.ask("DROP SUBSCRIPTION s");
    server.ask("SELECT pg_create_physical_replication_slot('standby')");
    {
        let folder = tempfile::tempdir().unwrap();
        let follows =
            stays(&server, "pg_receivewal", &["-D", folder.path().to_str().unwrap(), "-S", "standby"]);
        until("it follows", || (server.ask("SELECT count(*) FROM pg_stat_replication") == "1").then_some(()));
        refused("a follower with a slot", &server.url(), "1 standby servers follow it");
        drop(follows);
    }
    until("it is gone", || (server.ask("SELECT count(*) FROM pg_stat_replication") == "0").then_some(()));
    // A logical slot is what a stack of development has, also while it is read.
    server.ask("SELECT pg_create_logical_replication_slot('cdc', 'test_decoding')");
    let reads =
        stays(&server, "pg_recvlogical", &["-d", "postgres", "-S", "cdc", "--start", "-f", "/dev/null"]);
    until("it reads", || {
        (server.ask("SELECT count(*) FROM pg_replication_slots WHERE active AND slot_type = 'logical'")
            == "1")
            .then_some(())
    });
    let room = Room::new();
    target(&room, &server.url(), &["{phrase}"]).with(3).says(&["preflight/target: PASS"]);
    drop(reads);
    {
        // default_transaction_read_only, and what could lose a commit.
        for (setting, words) in [
            ("default_transaction_read_only=on", "read-only"),
            ("full_page_writes=off", "full_page_writes off"),
        ] {
            let server = Server::start(HERE, &[setting], |_| {});
            refused(setting, &server.url(), words);
        }
    }
    figures(
        "G6",
        &format!(
            "{} signs that others depend on a server, each refused, also with the definition's words: {}",
            seen.len(),
            seen.join(", ")
        ),
    );
}

#[test]
fn a_client_with_a_public_address_is_refused() {
    let net = Net::new();
    let public = "203.0.113.7";
    must("ip", &["-n", &net.name, "addr", "add", &format!("{public}/32"), "dev", "lo"]);
    let settings = [&format!("listen_addresses=127.0.0.1,{},{public}", net.address)[..]];
    let server = Server::start(Place { net: Some(&net), pids: false }, &settings, |_| {});
    let port = server.port.to_string();
    let within = |room: &Room| {
        let url = format!("postgresql://postgres@127.0.0.1:{port}/postgres");
        let yes = room.yes().with("preflight/target", &["{phrase}"]).without("preflight/inputs");
        let inner = room.answered(&["run", "--session", "session", "--url", &url], &yes);
        let mut command = net.command(inner.get_program().to_str().unwrap());
        command
            .args(inner.get_args())
            .current_dir(room.path(""))
            .env("USER", "ada")
            .env("XDG_CONFIG_HOME", "/nonexistent");
        room.spawn(command).end()
    };
    // In its own network the server is as near as can be.
    within(&Room::new()).with(3).says(&["preflight/target: PASS"]);
    let mut psql = net.command("psql");
    psql.args([
        "-XqAt",
        "-h",
        public,
        "-p",
        &port,
        "-U",
        "postgres",
        "-d",
        "postgres",
        "-c",
        "SELECT pg_sleep(600)",
    ]);
    let _elsewhere = Helper(psql.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    until("it is there", || {
        (server.ask("SELECT count(*) FROM pg_stat_activity WHERE client_addr = '203.0.113.7'") == "1")
            .then_some(())
    });
    within(&Room::new())
        .with(3)
        .says(&["clients from elsewhere: 203.0.113.7", "preflight/target is open again"]);
    figures("G6", "a client with a public address: refused; without it the same server passes");
}

const ASKED: &str = "check in spite of foreign servers, dblink";

#[test]
fn an_unusual_server_is_used_after_typed_words() {
    let server = Server::start(HERE, &[], |_| {});
    server.ask("CREATE EXTENSION dblink");
    server.ask("CREATE EXTENSION postgres_fdw");
    server.ask("CREATE SERVER archive FOREIGN DATA WRAPPER postgres_fdw");
    let room = Room::new();
    let asks = format!("gate 'preflight/target' asks for: {ASKED}");
    // The usual word is not enough, and nothing else of the ceremony can be had before.
    target(&room, &server.url(), &["check"])
        .with(3)
        .says(&[&asks, "it has the foreign server archive (postgres_fdw); it has the extension dblink"]);
    let again = |words: &[&str]| {
        let yes = room.yes().with("preflight/target", words).without("preflight/inputs");
        room.spawn(room.answered(&["resume", "session", "--url", &server.url()], &yes)).end()
    };
    again(&["check"]).says(&["it asks for exactly: check in spite of"]);
    again(&[ASKED]).with(3).says(&["preflight/target: PASS"]);
    room.verify().with(0);
    let finding = "acknowledged by ada: it has the foreign server archive (postgres\\_fdw); it has the extension dblink";
    contains(&room.report().replace("\\_", "_"), &[&finding.replace("\\_", "_")]);
    let words = &room.events("acknowledgement-asked")[0]["unusual"];
    assert_eq!(
        (words[0]["name"].as_str(), words[1]["name"].as_str()),
        (Some("foreign servers"), Some("dblink"))
    );
    figures(
        "G6",
        "foreign server and dblink, live: asked for by name, refused without the words, used with them, in the report",
    );
}

#[test]
fn what_a_role_may_not_see_has_to_be_acknowledged() {
    let server = Server::start(HERE, &[], |_| {});
    server.ask("CREATE ROLE plain LOGIN");
    let somebody = Somebody::new(server.port, "", "SELECT 1");
    let url = server.url().replace("postgres@", "plain@");
    let room = Room::new();
    target(&room, &url, &["check"])
        .with(3)
        .says(&["asks for: check in spite of sessions unseen", "is not shown to this role"]);
    somebody.leaves();
    let gone = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'somebody else' AND pid <> pg_backend_pid()";
    until("it is gone", || (server.ask(gone) == "0").then_some(()));
    let room = Room::new();
    target(&room, &url, &["check"]).with(3).says(&["preflight/target: PASS"]);
}

/// The one exception: what it is for, and what it is not.
#[test]
fn the_definitions_words_are_narrow_and_shown() {
    let server = Server::start(HERE, &[], |_| {});
    let words = "the database runs in a virtual machine of this laptop";
    let defined = || {
        let room = Room::new();
        room.define("[target]\n", &format!("[target]\nunproven = \"{words}\"\n"));
        room
    };
    // Not the text.
    for url in [
        "postgresql://postgres@10.0.0.5:5432/postgres",
        "postgresql://postgres@127.0.0.1:5432/postgres?host=prod",
    ] {
        target(&defined(), url, &["{phrase}"]).with(2).says(&["--url"]);
    }
    // Not the environment.
    let room = defined();
    let mut command = room.command(&["run", "--session", "session", "--headless", "--yes"]);
    room.spawn({
        command.env("PGHOSTADDR", "10.0.0.5");
        command
    })
    .end()
    .with(2)
    .says(&["PGHOSTADDR"]);
    // Not what is seen to lead elsewhere: `every_tunnel_to_another_network_is_refused` has ssh and pgbouncer. Not the
    // state: `a_server_that_others_depend_on_is_refused`.
    // It is of no effect, and not shown, where the server is shown to be here.
    let room = defined();
    target(&room, &server.url(), &["{phrase}"]).with(3);
    assert!(!room.report().contains("not shown to be local"), "nothing had to be excepted");
    // What it is for, and everywhere in what is kept of it.
    let room = defined();
    let relay = Relay::tcp(0, ("127.0.0.1", server.port));
    let url = format!("postgresql://postgres@127.0.0.1:{}/postgres", relay.port);
    let finding = format!("the server is not shown to be local; by the definition: {words}");
    target(&room, &url, &["{phrase}"]).with(3).says(&[&finding, "preflight/target: PASS"]);
    let pinned = &room.events("server-pinned")[0]["identity"]["near"];
    assert_eq!(*pinned, finding["the server is ".len()..]);
    room.verify().with(0);
    for name in ["report.md", "report.html", "report.json", "report.junit.xml"] {
        room.call(&["report", "session", "--format", "all"]).with(0);
        let text =
            fs::read_to_string(room.session().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        contains(&text, &[words]);
    }
    figures(
        "G6",
        "the exception: 2 texts, 1 variable, 3 tunnels and every sign of state refused in spite of it; said in 4 reports and the record",
    );
}

/// A server of somebody who does not show their processes is nobody's proof.
#[test]
fn an_ordinary_user_is_let_to_another_users_server() {
    let server = Server::start(HERE, &[], |_| {});
    let room = Room::new();
    let yes = room.yes().with("preflight/target", &["{phrase}"]).without("preflight/inputs");
    let inner = room.answered(&["run", "--session", "session", "--url", &server.url()], &yes);
    must("chown", &["-R", "65534:65534", room.path("").to_str().unwrap()]);
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(inner.get_program())
        .args(inner.get_args());
    command
        .current_dir(room.path(""))
        .env("USER", "ada")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("HOME", "/nonexistent");
    room.spawn(command).end().with(3).says(&["preflight/target: PASS"]);
    assert!(TcpStream::connect(("127.0.0.1", server.port)).is_ok());
    let _ = psql_command(server.port, "");
}

#[test]
fn signs_are_in_words_of_the_servers_settings() {
    // What the settings of a managed service are called is written once, in the query; here that a name of one's own is none.
    let server = Server::start(HERE, &["myapp.rds=1"], |data| {
        append(data, "postgresql.conf", "other.extensions = 'x'\n")
    });
    let room = Room::new();
    target(&room, &server.url(), &["{phrase}"]).with(3).says(&["preflight/target: PASS"]);
}
