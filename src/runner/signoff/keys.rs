//! The signer's own key: in a file, in the agent, or in hardware. No private key is kept anywhere.

use super::agent::Agent;
use super::{KeyTrouble, keygen, passphrase};
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, LineEnding, PrivateKey, PublicKey, Signature, SshSig};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A key file may not be larger than this many bytes.
const KEY_BYTES_MAX: u64 = 64 * 1024;
/// So often a passphrase is asked for.
const TRIES: usize = 3;

/// Which key signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyChoice {
    /// The only one of the agent.
    Agent,
    /// A private key, or a public one whose private half the agent has.
    File(PathBuf),
}

/// Signs `bytes` in `namespace`; returns the armored signature. May ask for a passphrase on the terminal.
///
/// # Errors
/// When the key is not there, locked, or of a kind that nobody can sign with.
pub fn sign(choice: &KeyChoice, namespace: &str, bytes: &[u8]) -> Result<String, KeyTrouble> {
    match choice {
        KeyChoice::Agent => by_agent(None, namespace, bytes),
        KeyChoice::File(path) => {
            let text = key_file(path)?;
            match std::str::from_utf8(&text).ok().and_then(|text| PublicKey::from_openssh(text.trim()).ok()) {
                Some(public) => by_agent(Some(&public), namespace, bytes),
                None => by_file(path, &text, namespace, bytes),
            }
        }
    }
}

/// Whether signatures of this kind are made and checked in this process.
pub(super) fn is_ours(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Ed25519 | Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 })
}

fn key_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyTrouble> {
    let what = || format!("cannot use the key {}", path.display());
    let next = "name a private key that only you can read, such as ~/.ssh/id_ed25519";
    let facts = std::fs::metadata(path).map_err(|error| KeyTrouble::new(what(), error.to_string(), next))?;
    if !facts.is_file() || facts.len() > KEY_BYTES_MAX {
        return Err(KeyTrouble::new(what(), "it is not a key's file", next));
    }
    let text = std::fs::read(path).map(Zeroizing::new);
    let text = text.map_err(|error| KeyTrouble::new(what(), error.to_string(), next))?;
    let is_private = text.windows(12).any(|window| window == b"PRIVATE KEY-");
    if is_private && facts.mode() & 0o077 != 0 {
        return Err(KeyTrouble::new(
            what(),
            format!("others can read it (mode {:03o})", facts.mode() & 0o777),
            format!("chmod 600 {}", path.display()),
        ));
    }
    Ok(text)
}

fn by_file(path: &Path, text: &[u8], namespace: &str, bytes: &[u8]) -> Result<String, KeyTrouble> {
    let Ok(key) = PrivateKey::from_openssh(text) else {
        // Another format, or a kind that this process does not know.
        return keygen::sign(path, namespace, bytes);
    };
    if !is_ours(&key.algorithm()) {
        return keygen::sign(path, namespace, bytes);
    }
    let key = if key.is_encrypted() { unlocked(path, &key)? } else { key };
    let made = key.sign(namespace, HashAlg::Sha512, bytes).and_then(|made| made.to_pem(LineEnding::LF));
    made.map_err(|error| {
        KeyTrouble::new(format!("{} does not sign", path.display()), error.to_string(), "use another key")
    })
}

fn unlocked(path: &Path, key: &PrivateKey) -> Result<PrivateKey, KeyTrouble> {
    let what = || format!("the key {} stays locked", path.display());
    for _ in 0..TRIES {
        let typed = passphrase::ask(&format!("Passphrase for {}: ", path.display())).map_err(|error| {
            KeyTrouble::new(
                what(),
                format!("there is no terminal to ask for its passphrase on ({error})"),
                format!("`ssh-add {0}`, then name it as --key {0}.pub", path.display()),
            )
        })?;
        let Some(typed) = typed else {
            return Err(KeyTrouble::new(
                what(),
                "the question was broken off",
                "sign again when you want to",
            ));
        };
        if let Ok(key) = key.decrypt(&*typed) {
            return Ok(key);
        }
    }
    Err(KeyTrouble::new(
        what(),
        format!("{TRIES} wrong passphrases"),
        "look the passphrase up, then sign again",
    ))
}

fn by_agent(wanted: Option<&PublicKey>, namespace: &str, bytes: &[u8]) -> Result<String, KeyTrouble> {
    let mut agent = Agent::connect(wanted.is_some())?;
    let keys = agent.keys()?;
    let key = match (wanted, keys.as_slice()) {
        (Some(wanted), keys) => {
            keys.iter().find(|key| key.key_data() == wanted.key_data()).ok_or_else(|| {
                KeyTrouble::new(
                    format!("the agent does not have the key {}", fingerprint(wanted)),
                    format!("it has {} others", keys.len()),
                    "add it with `ssh-add`, or name the private key itself",
                )
            })?
        }
        (None, [only]) => only,
        (None, []) => {
            return Err(KeyTrouble::new(
                "the agent has no key to sign with",
                "nothing was added to it",
                "`ssh-add`, or name a key with --key FILE",
            ));
        }
        (None, several) => return Err(which_one(several)),
    };
    if !is_ours(&key.algorithm()) {
        return with_public_file(key, |file| keygen::sign(file, namespace, bytes));
    }
    let garbled = |error: ssh_key::Error| {
        KeyTrouble::new("the agent's signature cannot be used", error.to_string(), "use --key FILE")
    };
    let data = SshSig::signed_data(namespace, HashAlg::Sha512, bytes).map_err(garbled)?;
    let made = agent.sign(key, &data)?;
    let signature = Signature::try_from(made.as_slice()).map_err(garbled)?;
    SshSig::new(key.key_data().clone(), namespace, HashAlg::Sha512, signature)
        .and_then(|made| made.to_pem(LineEnding::LF))
        .map_err(garbled)
}

fn fingerprint(key: &PublicKey) -> String {
    format!("{} {}", key.fingerprint(HashAlg::Sha256), key.comment())
}

fn which_one(keys: &[PublicKey]) -> KeyTrouble {
    let list: Vec<String> =
        keys.iter().map(|key| format!("{} {}", key.algorithm().as_str(), fingerprint(key))).collect();
    KeyTrouble::new(
        format!("the agent has {} keys", keys.len()),
        format!("which one is meant cannot be guessed: {}", list.join("; ")),
        "name its public half: --key ~/.ssh/id_ed25519.pub (all of them: `ssh-add -L`)",
    )
}

/// ssh-keygen takes a public key's file and asks the agent for the rest.
fn with_public_file(
    key: &PublicKey,
    work: impl FnOnce(&Path) -> Result<String, KeyTrouble>,
) -> Result<String, KeyTrouble> {
    let unusable = |error: String| {
        KeyTrouble::new("the agent's key cannot be handed to ssh-keygen", error, "use --key FILE")
    };
    let folder = tempfile::tempdir().map_err(|error| unusable(error.to_string()))?;
    let file = folder.path().join("key.pub");
    let text = key.to_openssh().map_err(|error| unusable(error.to_string()))?;
    std::fs::write(&file, text).map_err(|error| unusable(error.to_string()))?;
    work(&file)
}
