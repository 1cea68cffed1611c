//! The rig: a relay on loopback between the real program and a real server. It speaks enough of the protocol to know
//! message from message, and at a chosen byte of a chosen conversation something happens to the wire or the server.

use crate::wire::{Message, Startup, pid_of_key, refusal};
use std::collections::VecDeque;
use std::io::{BufReader, BufWriter, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the program to the server.
    Up,
    /// Back.
    Down,
}

/// Where in a conversation something happens.
#[derive(Clone, Debug)]
pub enum At {
    /// Before this byte of this message, counted from 0; beyond its end: as soon as it is passed on.
    Byte(Way, usize, usize),
    /// Before the statement that holds these words, when it is to be run; it was analysed by then.
    Query(&'static str),
    /// Before the server's word that this statement is done.
    Answer(&'static str),
}

/// What happens.
#[derive(Clone)]
pub enum Fault {
    /// Every connection breaks. The wire is there again at once.
    Cut,
    /// Nothing comes through any more, new connections neither, until the rig is healed.
    Dark,
    /// From now on the server does not hear that a client is gone.
    Deaf,
    /// The conversation's backend gets this signal, and is gone before anything else is passed on.
    Backend(rustix::process::Signal),
    /// Something is done to the whole server. Nobody gets through meanwhile.
    Server(Arc<dyn Fn() + Send + Sync>),
    /// The server never hears this message; the program gets this error for it. A fatal one ends the conversation.
    Refuse(&'static str, bool),
    /// The server hears this statement instead.
    Instead(&'static str),
}

/// A fault, and where it strikes.
#[derive(Clone)]
pub struct Point {
    /// The `application_name` of the conversation.
    pub who: String,
    pub at: At,
    pub fault: Fault,
}

/// A conversation that was listened to.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub who: String,
    /// Kind, length in bytes, and the text of what holds SQL.
    pub up: Vec<(char, usize, String)>,
    pub down: Vec<(char, usize, String)>,
}

#[derive(Default)]
struct State {
    points: VecDeque<Point>,
    struck: Vec<String>,
    heard: Vec<Heard>,
    dark: bool,
    /// Somebody is at work on the server: nobody gets through.
    busy: bool,
    ends: Vec<(TcpStream, TcpStream)>,
    /// The server goes on believing in its clients.
    deaf: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    target: Mutex<u16>,
    over: AtomicBool,
}

/// A relay. Everything is cut when it is dropped.
pub struct Rig {
    shared: Arc<Shared>,
    pub port: u16,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Waits until there is a wire and nobody is at work on the server.
    fn open(&self) {
        let wait = |state: &mut State| (state.dark || state.busy) && !self.over.load(Ordering::SeqCst);
        drop(self.changed.wait_while(self.state(), wait).unwrap());
    }

    fn cut(&self) {
        for (near, far) in self.state().ends.drain(..) {
            let _ = near.shutdown(Shutdown::Both);
            let _ = far.shutdown(Shutdown::Both);
        }
    }
}

impl Rig {
    /// Passes everything on to a port of this machine.
    pub fn new(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { target: Mutex::new(target), ..Shared::default() });
        let ours = shared.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if ours.over.load(Ordering::SeqCst) {
                    return;
                }
                let shared = ours.clone();
                std::thread::spawn(move || connect(&shared, near));
            }
        });
        Self { shared, port }
    }

    pub fn url(&self, password: &str) -> String {
        format!("postgresql://postgres:{password}@127.0.0.1:{}/postgres", self.port)
    }

    /// From now on another server is behind it.
    pub fn leads_to(&self, target: u16) {
        *self.shared.target.lock().unwrap() = target;
        self.shared.cut();
    }

    /// One more thing to happen. A conversation takes the first point that is meant for it.
    pub fn plan(&self, who: &str, at: At, fault: Fault) {
        self.shared.state().points.push_back(Point { who: who.to_owned(), at, fault });
    }

    /// What struck, and where, since this was last asked.
    pub fn struck(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().struck)
    }

    /// Whether something struck that was not asked for yet.
    pub fn has_struck(&self) -> bool {
        !self.shared.state().struck.is_empty()
    }

    /// All conversations that were begun, as far as they went.
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.state().heard.clone()
    }

    /// The wire goes dark by hand.
    pub fn go_dark(&self) {
        self.shared.state().dark = true;
    }

    /// The wire is whole again. What was under way is lost.
    pub fn heal(&self) {
        self.shared.cut();
        self.shared.state().dark = false;
        self.shared.changed.notify_all();
    }

    /// The server hears that the clients are gone.
    pub fn let_go(&self) {
        self.shared.state().deaf = false;
        self.shared.cut();
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.shared.changed.notify_all();
        self.shared.cut();
        self.let_go();
        // The listener's thread looks up.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// One conversation.
struct Talk {
    shared: Arc<Shared>,
    number: usize,
    who: String,
    point: Mutex<Option<Point>>,
    pid: AtomicI32,
    /// The statement whose answer is waited for was passed on.
    asked: AtomicBool,
    near: TcpStream,
    far: TcpStream,
}

fn connect(shared: &Arc<Shared>, mut near: TcpStream) {
    shared.open();
    let target = *shared.target.lock().unwrap();
    let Ok(startup) = Startup::read(&mut near) else { return };
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", target)) else { return };
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let who = startup.name;
    let (number, point) = {
        let mut state = shared.state();
        let ends = (near.try_clone().unwrap(), far.try_clone().unwrap());
        state.ends.push(ends);
        state.heard.push(Heard { who: who.clone(), ..Heard::default() });
        let mine = state.points.iter().position(|point| point.who == who);
        (state.heard.len() - 1, mine.and_then(|at| state.points.remove(at)))
    };
    if far.write_all(&startup.bytes).is_err() {
        return;
    }
    let talk = Arc::new(Talk {
        shared: shared.clone(),
        number,
        who,
        point: Mutex::new(point),
        pid: AtomicI32::new(0),
        asked: AtomicBool::new(false),
        near: near.try_clone().unwrap(),
        far: far.try_clone().unwrap(),
    });
    let other = talk.clone();
    std::thread::spawn(move || {
        let (from, to) = (other.near.try_clone().unwrap(), other.far.try_clone().unwrap());
        other.pass(Way::Up, from, to);
        if !other.shared.state().deaf {
            let _ = other.far.shutdown(Shutdown::Write);
        }
    });
    talk.pass(Way::Down, far, near);
    let _ = talk.near.shutdown(Shutdown::Write);
}

impl Talk {
    fn pass(&self, way: Way, from: TcpStream, to: TcpStream) {
        let (mut from, mut to) = (BufReader::new(from), BufWriter::new(to));
        let mut next = 0;
        loop {
            let Ok(message) = Message::read(&mut from) else { return };
            // How many rows there are differs from time to time: nothing is counted by them.
            let row = way == Way::Down && message.kind() == 'D';
            let ordinal = if row { usize::MAX } else { next };
            next += usize::from(!row);
            if let Some(pid) = pid_of_key(&message) {
                self.pid.store(pid, Ordering::SeqCst);
            }
            self.note(way, &message);
            match self.struck_in(way, ordinal, &message) {
                None => {
                    if to.write_all(&message.0).is_err() {
                        return;
                    }
                }
                Some((point, byte)) => {
                    let cut = byte.min(message.0.len());
                    if to.write_all(&message.0[..cut]).and_then(|()| to.flush()).is_err() {
                        return;
                    }
                    if !self.strike(&point, &message, way, ordinal, cut) {
                        return;
                    }
                    if to.write_all(&message.0[cut..]).is_err() {
                        return;
                    }
                }
            }
            if from.buffer().is_empty() && to.flush().is_err() {
                return;
            }
            self.shared.open();
        }
    }

    fn note(&self, way: Way, message: &Message) {
        let mut state = self.shared.state();
        let heard = &mut state.heard[self.number];
        if way == Way::Down && message.kind() == 'D' {
            return;
        }
        let list = if way == Way::Up { &mut heard.up } else { &mut heard.down };
        list.push((message.kind(), message.0.len(), message.words()));
    }

    /// The point of this conversation, if it is in this message, and before which byte.
    fn struck_in(&self, way: Way, ordinal: usize, message: &Message) -> Option<(Point, usize)> {
        let mut slot = self.point.lock().unwrap();
        let byte = match &slot.as_ref()?.at {
            At::Byte(on, number, byte) => (*on == way && *number == ordinal).then_some(*byte)?,
            At::Query(words) => (message.kind() == 'Q' && message.words().contains(words)).then_some(0)?,
            At::Answer(words) if way == Way::Up => {
                if message.kind() == 'Q' && message.words() == *words {
                    self.asked.store(true, Ordering::SeqCst);
                }
                return None;
            }
            At::Answer(_) => (message.kind() == 'C' && self.asked.load(Ordering::SeqCst)).then_some(0)?,
        };
        slot.take().map(|point| (point, byte))
    }

    /// Does it; `false` when this message is not passed on any further.
    fn strike(&self, point: &Point, message: &Message, way: Way, ordinal: usize, byte: usize) -> bool {
        let shared = &self.shared;
        let head: String = message.words().chars().take(40).collect();
        let place = format!("{} {way:?} {ordinal}+{byte} {} {head}", self.who, message.kind());
        let done = |shared: &Shared| shared.state().struck.push(place.clone());
        match &point.fault {
            Fault::Cut => {
                done(shared);
                shared.cut();
                false
            }
            Fault::Dark => {
                shared.state().dark = true;
                done(shared);
                shared.open();
                false
            }
            Fault::Deaf => {
                shared.state().deaf = true;
                done(shared);
                true
            }
            Fault::Backend(signal) => {
                end_process(self.pid.load(Ordering::SeqCst), *signal);
                done(shared);
                true
            }
            Fault::Server(work) => {
                shared.state().busy = true;
                work();
                shared.cut();
                shared.state().busy = false;
                done(shared);
                shared.changed.notify_all();
                false
            }
            Fault::Refuse(sqlstate, fatal) => {
                done(shared);
                self.refuse(message, sqlstate, *fatal);
                false
            }
            Fault::Instead(sql) => {
                done(shared);
                let _ = (&self.far).write_all(&Message::query(sql).0);
                // The rest of the conversation goes on by another pair of hands.
                let (from, to) = (self.near.try_clone().unwrap(), self.far.try_clone().unwrap());
                self.pass(Way::Up, from, to);
                false
            }
        }
    }

    /// An error in the server's place.
    fn refuse(&self, message: &Message, sqlstate: &str, fatal: bool) {
        let _ = (&self.near).write_all(&refusal(sqlstate, fatal));
        if fatal {
            let _ = self.near.shutdown(Shutdown::Both);
            let _ = self.far.shutdown(Shutdown::Both);
            return;
        }
        assert_eq!(message.kind(), 'Q', "only a whole question can be answered");
        let (from, to) = (self.near.try_clone().unwrap(), self.far.try_clone().unwrap());
        self.pass(Way::Up, from, to);
    }
}

/// Ends a process of a server that this test started, and waits until it is gone.
pub fn end_process(pid: i32, signal: rustix::process::Signal) {
    let Some(process) = rustix::process::Pid::from_raw(pid) else { return };
    let _ = rustix::process::kill_process(process, signal);
    crate::room::until("the backend is gone", || crate::server::is_gone(pid).then_some(()));
}
