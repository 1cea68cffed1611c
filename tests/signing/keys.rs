//! Keys of every kind: in the agent, locked, of kinds that only ssh-keygen knows, and none.

use crate::desk::{Desk, Ended};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// A statement is written by the time so many looks have passed.
const LOOKS_MAX: usize = 2_000;

/// An agent of the test's own.
struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(desk: &Desk) -> Self {
        let socket = desk.path("agent");
        let mut command = Command::new("ssh-agent");
        command.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null());
        let child = command.spawn().expect("ssh-agent is needed: apt-get install openssh-client");
        let agent = Self { child, socket };
        let (_never, timer) = channel::<()>();
        for _ in 0..LOOKS_MAX {
            if UnixStream::connect(&agent.socket).is_ok() {
                return agent;
            }
            let _ = timer.recv_timeout(Duration::from_millis(5));
        }
        panic!("waited in vain until the agent listens");
    }

    fn add(&self, desk: &Desk, options: &[&str], name: &str) {
        let mut command = Command::new("ssh-add");
        command.arg("-q").args(options).arg(desk.path(name)).env("SSH_AUTH_SOCK", &self.socket);
        Ended::of(&command.stdin(Stdio::null()).output().unwrap()).with(0, &[]);
    }

    /// `ceremony sign` as operator ada, with this agent.
    fn sign(&self, desk: &Desk, options: &[&str]) -> Ended {
        let mut command = desk.program(&["sign", "session", "--role", "operator", "--as", "ada"]);
        command.args(options).env("SSH_AUTH_SOCK", &self.socket);
        Ended::of(&command.output().unwrap())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const OPERATOR: &str = "001-operator-ada.json";
const SPACE: &str = "operator.ceremony-signoff.v1";

#[test]
fn the_agents_key() {
    let desk = Desk::new();
    let agent = Agent::start(&desk);
    agent.sign(&desk, &["--approve"]).with(2, &["the agent has no key", "ssh-add"]);
    agent.add(&desk, &[], "ada");
    agent.sign(&desk, &["--approve"]).with(0, &["signed "]);
    desk.stock(OPERATOR, "ada", SPACE).with(0, &["Good"]);

    // Of several, one is named.
    agent.add(&desk, &[], "rita");
    let reject = ["--reject", "no", "--cite", "1"];
    agent
        .sign(&desk, &reject)
        .with(2, &["the agent has 2 keys", "ecdsa-sha2-nistp256 SHA256:", "rita", "--key"]);
    let ada = desk.path("ada.pub").display().to_string();
    agent.sign(&desk, &[&reject[..], &["--key", &ada]].concat()).with(0, &[]);
    desk.stock("002-operator-ada.json", "ada", SPACE).with(0, &["Good"]);
    let lena = desk.path("lena.pub").display().to_string();
    agent
        .sign(&desk, &["--withdraw", "x", "--key", &lena])
        .with(2, &["the agent does not have the key SHA256:", "it has 2 others"]);
    // An ecdsa key of the agent.
    desk.review("rita", 100);
    let rita = desk.path("rita.pub").display().to_string();
    let mut command =
        desk.program(&["sign", "session", "--role", "reviewer", "--as", "rita", "--key", &rita]);
    command.args(["--reject", "no", "--cite", "2"]).env("SSH_AUTH_SOCK", &agent.socket);
    Ended::of(&command.output().unwrap()).with(0, &[]);
    desk.stock("003-reviewer-rita.json", "rita", "reviewer.ceremony-signoff.v1").with(0, &["Good"]);

    // No agent at all, and one that is gone.
    desk.call(&["sign", "session", "--role", "operator", "--as", "ada", "--withdraw", "x"])
        .with(2, &["there is no key to sign with", "SSH_AUTH_SOCK names no agent"]);
    let mut command =
        desk.program(&["sign", "session", "--role", "operator", "--as", "ada", "--withdraw", "x"]);
    command.env("SSH_AUTH_SOCK", desk.path("nowhere"));
    Ended::of(&command.output().unwrap()).with(2, &["the agent does not answer"]);
}

#[test]
fn kinds_that_ssh_keygen_signs_and_checks() {
    let desk = Desk::new();
    for (name, options) in [
        ("rsa", &["-t", "rsa", "-b", "2048", "-N", ""][..]),
        ("p384", &["-t", "ecdsa", "-b", "384", "-N", ""]),
    ] {
        let desk = desk.again();
        desk.make_key(name, options);
        desk.allow(&format!("ada {}", desk.public(name)));
        let key = desk.path(name).display().to_string();
        let arguments = ["sign", "session", "--role", "operator", "--as", "ada", "--approve", "--key", &key];
        desk.call(&arguments).with(0, &["signed "]);
        desk.verify(&[]).with(7, &["001 operator ada approves: counts"]);
        desk.stock(OPERATOR, "ada", SPACE).with(0, &["Good"]);
        // And they see what is wrong.
        let file = desk.signoff(OPERATOR);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("\"reason\": \"\"", "\"reason\": \"x\"")).unwrap();
        desk.verify(&[]).with(7, &["its signature does not hold"]);
    }
    // By the agent.
    desk.make_key("rsa", &["-t", "rsa", "-b", "2048", "-N", ""]);
    desk.allow(&format!("ada {}", desk.public("rsa")));
    let agent = Agent::start(&desk);
    agent.add(&desk, &[], "rsa");
    agent.sign(&desk, &["--approve"]).with(0, &[]);
    desk.verify(&[]).with(7, &["001 operator ada approves: counts"]);
}

#[test]
fn certificates_are_refused() {
    let desk = Desk::new();
    desk.approve("operator", "ada").with(0, &[]);
    desk.make_key("authority", &["-t", "ed25519", "-N", ""]);
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-q", "-I", "ada", "-n", "ada", "-s"])
        .arg(desk.path("authority"))
        .arg(desk.path("ada.pub"));
    assert!(command.status().unwrap().success());
    let agent = Agent::start(&desk);
    agent.add(&desk, &[], "ada");
    fs::remove_file(desk.signoff(&format!("{OPERATOR}.sig"))).unwrap();
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-q", "-Y", "sign", "-n", SPACE, "-f"])
        .arg(desk.path("ada-cert.pub"))
        .arg(desk.signoff(OPERATOR));
    command.env("SSH_AUTH_SOCK", &agent.socket).stdin(Stdio::null());
    Ended::of(&command.output().unwrap()).with(0, &[]);
    desk.allow(&format!("ada cert-authority {}\nada {}", desk.public("authority"), desk.public("ada")));
    desk.verify(&[]).with(7, &["its signature does not hold", "0 of 1 operator"]);
}

#[test]
fn keys_that_cannot_be_used() {
    let desk = Desk::new();
    let refused = |words: &[&str]| {
        desk.approve("operator", "ada").with(2, words);
        assert!(!desk.signoff(OPERATOR).exists());
    };
    let file = desk.path("ada");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    refused(&["others can read it (mode 644)", "chmod 600"]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, "no key\n").unwrap();
    refused(&["ssh-keygen does not sign with", "why:", "next:"]);
    fs::remove_file(&file).unwrap();
    refused(&["cannot use the key"]);
    // Locked, and nobody to ask: the program has no terminal here.
    desk.make_key("locked", &["-t", "ed25519", "-N", "swordfish"]);
    let locked = desk.path("locked").display().to_string();
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(env!("CARGO_BIN_EXE_ceremony")).current_dir(desk.path(""));
    command.args(["sign", "session", "--role", "operator", "--as", "ada", "--approve", "--key", &locked]);
    let ended = Ended::of(&command.stdin(Stdio::null()).output().unwrap());
    ended.with(2, &["stays locked", "there is no terminal", "ssh-add"]);
}

/// On a machine without OpenSSH our own kinds are signed and checked all the same, and others are refused.
#[test]
fn without_ssh_keygen() {
    let desk = Desk::new();
    let bare = |desk: &Desk, arguments: &[&str]| {
        Ended::of(&desk.program(arguments).env("PATH", desk.path("nowhere")).output().unwrap())
    };
    let verify = ["verify", "session", "--signers", "signers"];
    desk.review("rita", 100);
    desk.review("lena", 100);
    for (role, name) in [("operator", "ada"), ("reviewer", "rita"), ("lead", "lena")] {
        let key = desk.path(name).display().to_string();
        bare(&desk, &["sign", "session", "--role", role, "--as", name, "--key", &key, "--approve"])
            .with(0, &[]);
    }
    bare(&desk, &verify).with(0, &["signed off"]);
    let file = desk.signoff("003-lead-lena.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"reason\": \"\"", "\"reason\": \"x\"")).unwrap();
    bare(&desk, &verify).with(7, &["it is not one of these bytes"]);
    fs::write(&file, text).unwrap();

    desk.make_key("rsa", &["-t", "rsa", "-b", "2048", "-N", ""]);
    let key = desk.path("rsa").display().to_string();
    let reject = ["--role", "witness", "--as", "walter", "--key", &key, "--reject", "no", "--cite", "1"];
    let arguments = [&["sign", "session"][..], &reject].concat();
    bare(&desk, &arguments).with(2, &["ssh-keygen does not sign", "openssh-client"]);
    desk.call(&arguments).with(0, &[]);
    bare(&desk, &verify).with(7, &["a key of this kind is checked by ssh-keygen", "the rejection by walter"]);
}

/// Types `typed` at the question for the passphrase; returns what was on the terminal.
fn type_in(desk: &Desk, typed: &[&str]) -> (u32, String) {
    let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 200, ..PtySize::default() }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ceremony"));
    let key = desk.path("locked").display().to_string();
    command.args(["sign", "session", "--role", "operator", "--as", "ada", "--approve", "--key", &key]);
    command.cwd(desk.path(""));
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut writer = pair.master.take_writer().unwrap();
    let (tell, told) = channel();
    let reading = std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            if tell.send(String::from_utf8_lossy(&buffer[..count]).into_owned()).is_err() {
                break;
            }
        }
    });
    let (mut screen, mut asked) = (String::new(), 0);
    loop {
        match told.recv_timeout(Duration::from_secs(60)) {
            Ok(more) => screen.push_str(&more),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => panic!("nothing came any more after:\n{screen}"),
        }
        while asked < screen.matches("Passphrase for ").count() && screen.trim_end().ends_with(':') {
            if let Some(words) = typed.get(asked) {
                writer.write_all(words.as_bytes()).unwrap();
            }
            asked += 1;
        }
    }
    reading.join().unwrap();
    (child.wait().unwrap().exit_code(), screen)
}

#[test]
fn a_passphrase_is_asked_for_without_showing_it() {
    let desk = Desk::new();
    desk.make_key("locked", &["-t", "ed25519", "-N", "swordfish"]);
    desk.allow(&format!("ada {}", desk.public("locked")));
    let (code, screen) = type_in(&desk, &["tuna\r", "\u{3}"]);
    assert_eq!(code, 2, "{screen}");
    assert!(screen.contains("stays locked") && screen.contains("broken off"), "{screen}");
    let (code, screen) = type_in(&desk, &["tuna\r", "swordfisj\u{7f}h\r"]);
    assert_eq!(code, 0, "{screen}");
    assert_eq!(screen.matches("Passphrase for ").count(), 2, "{screen}");
    assert!(!screen.contains("swordfis") && !screen.contains("tuna"), "{screen}");
    desk.stock(OPERATOR, "ada", SPACE).with(0, &["Good"]);
    let folder = fs::read_to_string(desk.signoff(OPERATOR)).unwrap();
    assert!(!folder.contains("PRIVATE KEY"), "no private key is kept");
}
