//! Finds PostgreSQL's server programs on this machine.

use super::ServerError;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the server programs are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPrograms {
    /// The folder that has `initdb` and `postgres`.
    pub bindir: PathBuf,
    /// Such as `15.18`.
    pub version: String,
}

impl ServerPrograms {
    /// The path of one of the programs; whether it is there is not checked (clients may be missing).
    pub fn program(&self, name: &str) -> PathBuf {
        self.bindir.join(name)
    }
}

/// Folders with one subfolder a version, and where the programs are in those.
const VERSIONED: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/Library/PostgreSQL", "", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// Finds the programs: in `bindir_override`, else in `PG_BINDIR` (each of these alone, if given), else where
/// `pg_config --bindir` says, in the usual folders (newest first), on the PATH.
///
/// # Errors
/// When `initdb` or `postgres` is missing, with the line that installs them here.
pub fn find_programs(bindir_override: Option<&Path>) -> Result<ServerPrograms, ServerError> {
    let named =
        bindir_override.map(Path::to_path_buf).or_else(|| env::var_os("PG_BINDIR").map(PathBuf::from));
    if let Some(bindir) = named {
        return examine(&bindir).ok_or_else(|| missing(&format!("not both in {}", bindir.display())));
    }
    candidates()
        .iter()
        .find_map(|bindir| examine(bindir))
        .ok_or_else(|| missing("neither pg_config, the usual folders nor the PATH lead to them"))
}

fn candidates() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = pg_config().into_iter().collect();
    for (folder, prefix, bin) in VERSIONED {
        found.extend(versions(Path::new(folder), prefix).into_iter().map(|it| it.join(bin)));
    }
    found.extend(["/opt/homebrew/opt/postgresql/bin", "/usr/local/pgsql/bin"].map(PathBuf::from));
    found.extend(env::var_os("PATH").iter().flat_map(env::split_paths).filter(|it| it.is_absolute()));
    found
}

fn pg_config() -> Option<PathBuf> {
    let output = without_secrets(&mut Command::new("pg_config")).arg("--bindir").output().ok()?;
    let bindir = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && bindir.starts_with('/')).then(|| PathBuf::from(bindir.trim_end()))
}

/// Subfolders that end in a version number, the highest first.
fn versions(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(Vec<u32>, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version: Option<Vec<u32>> =
                name.strip_prefix(prefix)?.split('.').map(|it| it.parse().ok()).collect();
            Some((version?, entry.path()))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

fn examine(bindir: &Path) -> Option<ServerPrograms> {
    let runs = |name: &str| {
        fs::metadata(bindir.join(name)).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    };
    if !runs("initdb") || !runs("postgres") {
        return None;
    }
    let output =
        without_secrets(&mut Command::new(bindir.join("postgres"))).arg("--version").output().ok()?;
    let words = String::from_utf8(output.stdout).ok()?;
    // postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
    let version = words.split_whitespace().find(|it| it.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(ServerPrograms { bindir: bindir.to_path_buf(), version: version.to_owned() })
}

fn missing(why: &str) -> ServerError {
    ServerError::new(
        "PostgreSQL's server programs (initdb and postgres) are not found",
        why,
        format!(
            "install them ({}), or name their folder in PG_BINDIR; or name a running local database with --url",
            install_line()
        ),
    )
}

fn install_line() -> &'static str {
    if cfg!(target_os = "macos") {
        return "brew install postgresql@17";
    }
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let is = |names: &[&str]| {
        system
            .lines()
            .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
            .flat_map(|ids| ids.trim_matches('"').split(' '))
            .any(|id| names.contains(&id))
    };
    match () {
        () if is(&["debian", "ubuntu"]) => "sudo apt-get install postgresql",
        () if is(&["fedora", "rhel", "centos"]) => "sudo dnf install postgresql-server",
        () if is(&["arch"]) => "sudo pacman -S postgresql",
        () if is(&["alpine"]) => "sudo apk add postgresql",
        () if is(&["suse", "opensuse"]) => "sudo zypper install postgresql-server",
        () => "the package is often called postgresql or postgresql-server",
    }
}

/// Where a password may stand is nothing for children.
fn without_secrets(command: &mut Command) -> &mut Command {
    command.env_remove("PGPASSWORD").env_remove("DATABASE_URL")
}
