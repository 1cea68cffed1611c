//! A desk with a closed session on it, people with keys, and the tools they use.

use crate::support::{World, header, root};
use ceremony::definition::load;
use ceremony::driver::replay::Player;
use ceremony::plan::Plan;
use ceremony::review::Review;
use ceremony::runner::files::DiskFolder;
use ceremony::runner::session_folder::{Origin, fill};
use ceremony::session::{Command as Asked, Mode, Phase};
use ceremony::signoff::{Statement, must_be_opened, namespace};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// How a program ended.
pub struct Ended {
    pub code: Option<i32>,
    pub said: String,
}

impl Ended {
    pub fn of(output: &Output) -> Self {
        let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        Self { code: output.status.code(), said: String::from_utf8_lossy(&said).into_owned() }
    }

    #[track_caller]
    pub fn with(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "exit code\n{}", self.said);
        for words in words {
            assert!(self.said.contains(words), "'{words}' is not said in:\n{}", self.said);
        }
        self
    }
}

pub struct Desk {
    folder: TempDir,
}

impl Desk {
    /// The shipped ceremony, held live and closed.
    pub fn new() -> Self {
        Self::with(Mode::Live, |text| text)
    }

    /// One with another definition.
    pub fn with(mode: Mode, change: impl FnOnce(String) -> String) -> Self {
        let folder = TempDir::with_prefix("signing-").unwrap();
        let desk = Self { folder };
        let shipped = load(&DiskFolder::new(root()).unwrap(), "ceremony.toml").unwrap();
        for file in shipped.files.keys() {
            let to = desk.path("definition").join(file);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(root().join(file), to).unwrap();
        }
        let toml = desk.path("definition/ceremony.toml");
        fs::write(&toml, change(fs::read_to_string(&toml).unwrap())).unwrap();
        desk.hold(mode);
        for person in ["ada", "rita", "lena", "mallory"] {
            desk.make_key(person, &["-t", if person == "rita" { "ecdsa" } else { "ed25519" }, "-N", ""]);
        }
        desk.allow(&["ada", "rita", "lena"].map(|name| format!("{name} {}", desk.public(name))).join("\n"));
        desk
    }

    /// The same desk once more, to do something else to it.
    pub fn again(&self) -> Self {
        let folder = TempDir::with_prefix("signing-").unwrap();
        let copied = Command::new("cp").arg("-a").arg(self.path(".")).arg(folder.path()).status().unwrap();
        assert!(copied.success());
        Self { folder }
    }

    /// Holds the ceremony in the fake world and leaves its folder as the program would.
    fn hold(&self, mode: Mode) {
        let from = DiskFolder::new(&self.path("definition")).unwrap();
        let plan = Arc::new(Plan::new(load(&from, "ceremony.toml").unwrap()));
        let session = self.session();
        fs::create_dir(&session).unwrap();
        let origin =
            Origin { folder: self.path("definition"), definition: "ceremony.toml".to_owned(), url: None };
        let mut header = header();
        header.plan = fill(&session, &from, &plan, &origin).unwrap();
        header.inputs = plan.ceremony.files.clone();
        header.mode = mode;
        let mut world = World::new(plan, 1);
        world.command(Asked::Open { header: Box::new(header) });
        while !matches!(world.drive.session.phase, Phase::Closed(_)) {
            if world.deliver().is_none() {
                let answer = world.right_answer().expect("a gate on the way");
                world.command(answer);
            }
        }
        fs::write(session.join("session.jsonl"), &world.drive.journal.bytes).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn session(&self) -> PathBuf {
        self.path("session")
    }

    /// A statement's or signature's path.
    pub fn signoff(&self, name: &str) -> PathBuf {
        self.session().join("signoff").join(name)
    }

    pub fn make_key(&self, name: &str, options: &[&str]) {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-C", name, "-f"]).arg(self.path(name)).args(options).stdin(Stdio::null());
        let output = command.output().expect("ssh-keygen is needed: apt-get install openssh-client");
        Ended::of(&output).with(0, &[]);
    }

    /// `ssh-ed25519 AAAA… name`.
    pub fn public(&self, name: &str) -> String {
        fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap().trim().to_owned()
    }

    pub fn allow(&self, lines: &str) {
        fs::write(self.path("signers"), format!("{lines}\n")).unwrap();
    }

    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ceremony"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env_remove("SSH_AUTH_SOCK");
        command
    }

    pub fn call(&self, arguments: &[&str]) -> Ended {
        Ended::of(&self.program(arguments).output().unwrap())
    }

    /// `ceremony sign` with a person's own key file.
    pub fn sign(&self, role: &str, name: &str, options: &[&str]) -> Ended {
        let key = self.path(name).display().to_string();
        let mut all = vec!["sign", "session", "--role", role, "--as", name, "--key", &key];
        all.extend_from_slice(options);
        self.call(&all)
    }

    pub fn approve(&self, role: &str, name: &str) -> Ended {
        self.sign(role, name, &["--approve"])
    }

    pub fn verify(&self, options: &[&str]) -> Ended {
        let mut all = vec!["verify", "session", "--signers", "signers"];
        all.extend_from_slice(options);
        self.call(&all)
    }

    /// The stock script, which knows nothing of the program.
    pub fn script(&self) -> Ended {
        self.script_with(&[])
    }

    pub fn script_with(&self, more: &[&str]) -> Ended {
        let mut command = Command::new("sh");
        command.arg(root().join("docs/check-session.sh")).args(["session", "signers"]).args(more);
        let output = command.current_dir(self.folder.path()).stdin(Stdio::null()).output().unwrap();
        Ended::of(&output)
    }

    /// `name` had so much of the record on the screen, and opened everything that must be.
    pub fn review(&self, name: &str, percent: u64) {
        let player = Player::open(&self.session()).unwrap();
        let entries = player.entries().len() as u64;
        let mut review = Review::of(name);
        (1..=(entries * percent).div_ceil(100)).for_each(|n| review.see(n));
        review.opened = must_be_opened(&player.session).into_iter().collect();
        fs::create_dir_all(self.session().join("review")).unwrap();
        let file = self.session().join(format!("review/{name}.json"));
        fs::write(file, serde_json::to_vec(&review).unwrap()).unwrap();
    }

    /// Operator, reviewer and lead approve.
    pub fn all_sign(&self) {
        self.review("rita", 100);
        self.review("lena", 0);
        self.approve("operator", "ada").with(0, &[]);
        self.approve("reviewer", "rita").with(0, &[]);
        self.approve("lead", "lena").with(0, &[]);
        self.verify(&[]).with(0, &["signed off by the policy"]);
    }

    /// Changes what a statement says and has it signed anew, as somebody with the key could without the program.
    pub fn forge(&self, name: &str, key: &str, change: impl FnOnce(&mut Statement)) {
        self.forge_in(name, key, None, change);
    }

    pub fn forge_in(&self, name: &str, key: &str, space: Option<&str>, change: impl FnOnce(&mut Statement)) {
        let mut statement = Statement::read(&fs::read(self.signoff(name)).unwrap()).unwrap();
        change(&mut statement);
        fs::write(self.signoff(name), statement.bytes().unwrap()).unwrap();
        let space = space.map_or_else(|| namespace(statement.predicate.role), str::to_owned);
        self.resign(name, key, &space);
    }

    /// `ssh-keygen -Y sign`.
    pub fn resign(&self, name: &str, key: &str, space: &str) {
        let _ = fs::remove_file(self.signoff(&format!("{name}.sig")));
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-Y", "sign", "-n", space, "-f"]).arg(self.path(key)).arg(self.signoff(name));
        Ended::of(&command.stdin(Stdio::null()).output().unwrap()).with(0, &[]);
    }

    /// `ssh-keygen -Y verify`, as a person would type it.
    pub fn stock(&self, name: &str, principal: &str, space: &str) -> Ended {
        let mut command = Command::new("ssh-keygen");
        command.args(["-Y", "verify", "-I", principal, "-n", space, "-f", "signers", "-s"]);
        command.arg(self.signoff(&format!("{name}.sig"))).current_dir(self.folder.path());
        command.stdin(fs::File::open(self.signoff(name)).unwrap());
        Ended::of(&command.output().unwrap())
    }
}
