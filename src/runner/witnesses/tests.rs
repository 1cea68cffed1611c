//! Words over a real socket: taken, refused, garbage, silence, crowds, long paths, what a killed process left.

use super::*;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream as Stream;
use std::sync::Mutex;
use std::sync::mpsc;

type Heard = Arc<Mutex<Vec<Command>>>;

/// An ear whose driver takes everything but what 'refuse' says.
fn ear(folder: &Path) -> (Ear, Heard) {
    let heard = Heard::default();
    let kept = heard.clone();
    let hear = move |command: Command, reply: Reply| {
        let refused = matches!(&command, Command::WitnessStop { by } if by.name == "refuse");
        kept.lock().unwrap().push(command);
        reply(if refused { Err(refusal("a", "b", "c")) } else { Ok(7) });
        true
    };
    (Ear::open(folder, Arc::new(hear)).unwrap(), heard)
}

fn stop(name: &str) -> Word {
    Word::Stop { name: name.to_owned() }
}

#[test]
fn a_word_is_taken_or_refused_and_the_system_says_whose_it_is() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!driven(folder.path()));
    assert_eq!(say(folder.path(), &stop("bea")).unwrap_err().why, "nobody drives this session now");
    let (ear, heard) = ear(folder.path());
    assert!(driven(folder.path()));
    assert_eq!(say(folder.path(), &stop("bea")), Ok(7));
    assert_eq!(say(folder.path(), &stop("refuse")), Err(refusal("a", "b", "c")));
    let initials = Word::Initials {
        name: "bea".to_owned(),
        initials: "BW".to_owned(),
        step: Some("apply/foundations".to_owned()),
        attempt: Some(3),
    };
    assert_eq!(say(folder.path(), &initials), Ok(7));
    let uid = rustix::process::getuid().as_raw();
    let by = |name: &str| Witness { name: name.to_owned(), uid };
    let wanted = [
        Command::WitnessStop { by: by("bea") },
        Command::WitnessStop { by: by("refuse") },
        Command::Witness {
            by: by("bea"),
            initials: "BW".to_owned(),
            step: Some("apply/foundations".to_owned()),
            attempt: Some(3),
        },
    ];
    assert_eq!(*heard.lock().unwrap(), wanted);
    drop(ear);
    assert!(!driven(folder.path()) && !folder.path().join(SOCKET).exists());
}

#[test]
fn only_its_owner_gets_in_however_long_the_path_is_and_whatever_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let deep = (0..12).fold(folder.path().to_owned(), |path, _| path.join("a-rather-long-name-of-a-folder"));
    std::fs::create_dir_all(&deep).unwrap();
    assert!(deep.as_os_str().len() > 300);
    // A process that was killed leaves its socket; nobody listens.
    let opened = std::fs::File::open(&deep).unwrap();
    drop(StdListener::bind(short(&opened, SOCKET)).unwrap());
    assert!(deep.join(SOCKET).exists() && !driven(&deep));
    let (_ear, _) = ear(&deep);
    assert_eq!(say(&deep, &stop("bea")), Ok(7));
    let mode = std::fs::metadata(deep.join(SOCKET)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let left: Vec<_> = deep.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [SOCKET], "nothing else is left there");
}

fn raw(folder: &Path) -> Stream {
    let opened = std::fs::File::open(folder).unwrap();
    Stream::connect(short(&opened, SOCKET)).unwrap()
}

fn answer_to(folder: &Path, bytes: &[u8]) -> String {
    let mut stream = raw(folder);
    // It may be shut in our face before all is written.
    let _ = stream.write_all(bytes);
    let mut line = String::new();
    let _ = BufReader::new(stream).read_line(&mut line);
    line
}

#[test]
fn garbage_reaches_nobody_and_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (_ear, heard) = ear(folder.path());
    let huge = vec![b'x'; 1 << 20];
    for bytes in [
        b"GET / HTTP/1.1\r\n\r\n".as_slice(),
        b"\xff\xfe\x00\n",
        b"{}\n",
        b"{\"word\":\"stop\",\"name\":\"bea\",\"uid\":0}\n",
        b"{\"word\":\"open\"}\n",
        b"[[[[[[[[\n",
    ] {
        let answer = answer_to(folder.path(), bytes);
        assert!(answer.contains("no word of a witness"), "{answer}");
    }
    let answer = answer_to(folder.path(), &huge);
    assert!(answer.is_empty() || answer.contains("at most"), "{answer}");
    assert_eq!(*heard.lock().unwrap(), []);
    assert_eq!(say(folder.path(), &stop("bea")), Ok(7));
}

#[test]
fn who_hangs_is_let_go_and_others_are_heard() {
    let folder = tempfile::tempdir().unwrap();
    let (_ear, heard) = ear(folder.path());
    // More than are listened to at a time, none of whom says a word.
    let silent: Vec<Stream> = (0..TOGETHER_MAX * 2).map(|_| raw(folder.path())).collect();
    assert_eq!(say(folder.path(), &stop("bea")), Ok(7), "after the silent ones were let go");
    assert_eq!(heard.lock().unwrap().len(), 1);
    let mut line = String::new();
    BufReader::new(&silent[0]).read_line(&mut line).unwrap();
    assert!(line.contains("did not end within"), "{line}");
}

#[test]
fn a_driver_who_ends_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, inbox) = mpsc::sync_channel::<Reply>(0);
    let ear = Ear::open(folder.path(), Arc::new(move |_, reply| sender.send(reply).is_ok())).unwrap();
    drop(inbox);
    assert_eq!(say(folder.path(), &stop("bea")).unwrap_err().what, "nobody drives this session");
    drop(ear);
}
