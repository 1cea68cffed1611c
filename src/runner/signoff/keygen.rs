//! ssh-keygen, for what is not done in this process: keys of other kinds, hardware, and the last word on a signature.

use super::KeyTrouble;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const INSTALL: &str = "install it (Debian: openssh-client), or use an ed25519 or ecdsa-p256 key";

/// Signs with `ssh-keygen -Y sign`, which asks on the terminal for what it needs. Returns the armored signature.
pub(super) fn sign(key: &Path, namespace: &str, bytes: &[u8]) -> Result<String, KeyTrouble> {
    let trouble = |why: String, next: &str| {
        KeyTrouble::new(format!("ssh-keygen does not sign with {}", key.display()), why, next)
    };
    let unusable = |error: io::Error| trouble(error.to_string(), "mend the folder for temporary files");
    let folder = tempfile::tempdir().map_err(unusable)?;
    let file = folder.path().join("statement");
    std::fs::write(&file, bytes).map_err(unusable)?;
    let mut command = Command::new("ssh-keygen");
    command.env_remove("PGPASSWORD").env_remove("DATABASE_URL");
    command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(key).arg(&file);
    let output = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| trouble(error.to_string(), INSTALL))?;
    if !output.status.success() {
        return Err(trouble(said(&output), "look whether the key is there, and its hardware plugged in"));
    }
    std::fs::read_to_string(folder.path().join("statement.sig")).map_err(unusable)
}

/// Whether `signature` is one of `bytes`, whoever made it.
///
/// # Errors
/// In words, when it is not, or ssh-keygen is not there.
pub(super) fn check(signature: &str, namespace: &str, bytes: &[u8]) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("statement.sig");
    std::fs::write(&file, signature).map_err(|error| error.to_string())?;
    let mut command = Command::new("ssh-keygen");
    command.env_remove("PGPASSWORD").env_remove("DATABASE_URL");
    command.args(["-Y", "check-novalidate", "-n", namespace, "-s"]).arg(&file);
    match fed(command, bytes) {
        Err(error) => Err(format!("a key of this kind is checked by ssh-keygen: {error}; {INSTALL}")),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("ssh-keygen: {}", said(&output))),
    }
}

/// What `ssh-keygen -Y verify` is given beside the statement.
pub(super) struct Asked<'a> {
    pub signers: &'a str,
    pub principal: &'a str,
    pub namespace: &'a str,
    /// Such as 20261231235959Z.
    pub time: String,
    pub signature: &'a str,
    pub bytes: &'a [u8],
}

/// Whether ssh-keygen takes it too; `Ok` when there is no ssh-keygen to ask.
///
/// # Errors
/// In its own words, when it does not.
pub(super) fn verify(asked: &Asked<'_>) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("signers"), asked.signers).map_err(|error| error.to_string())?;
    std::fs::write(path("sig"), asked.signature).map_err(|error| error.to_string())?;
    let mut command = Command::new("ssh-keygen");
    command.env_remove("PGPASSWORD").env_remove("DATABASE_URL");
    command.args(["-Y", "verify", "-I", asked.principal, "-n", asked.namespace]);
    command.arg("-f").arg(path("signers")).arg("-s").arg(path("sig"));
    command.arg(format!("-Overify-time={}", asked.time));
    match fed(command, asked.bytes) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("ssh-keygen does not take it: {}", said(&output))),
    }
}

/// Whether a key is on a binary list of revoked ones.
pub(super) fn is_revoked(list: &Path, key: &str) -> Result<bool, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("key.pub");
    std::fs::write(&file, format!("{key}\n")).map_err(|error| error.to_string())?;
    let mut command = Command::new("ssh-keygen");
    command.env_remove("PGPASSWORD").env_remove("DATABASE_URL");
    command.arg("-Q").arg("-f").arg(list).arg(&file).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("ssh-keygen: {error}; {INSTALL}"))?;
    Ok(!output.status.success())
}

fn fed(mut command: Command, bytes: &[u8]) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // One that has seen enough and left is judged by its exit code.
        let _ = input.write_all(bytes);
    }
    child.wait_with_output()
}

fn said(output: &Output) -> String {
    let all = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
    let text = String::from_utf8_lossy(&all);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() { output.status.to_string() } else { lines.join("; ") }
}
