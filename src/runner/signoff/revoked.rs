//! Revoked keys: a list of public keys or fingerprints, or the binary list that ssh-keygen makes.

use super::keygen;
use ssh_key::{HashAlg, PublicKey};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Keys that do not count any more, whenever they signed.
#[derive(Clone, Debug)]
pub enum Revoked {
    /// Fingerprints.
    Plain(BTreeSet<String>),
    /// A list that ssh-keygen reads.
    Binary(PathBuf),
}

impl Revoked {
    /// Reads a list.
    ///
    /// # Errors
    /// When it is not there or has a line that is neither key nor fingerprint.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes = std::fs::read(path)?;
        if bytes.starts_with(b"SSHKRL\n") {
            return Ok(Self::Binary(path.to_owned()));
        }
        let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is not text".to_owned()))?;
        let mut plain = BTreeSet::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let digest = line.strip_prefix("SHA256:").filter(|digest| digest.len() == 43);
            let key = PublicKey::from_openssh(line).ok();
            match (digest, key) {
                (Some(_), _) => plain.insert(line.to_owned()),
                (None, Some(key)) => plain.insert(key.fingerprint(HashAlg::Sha256).to_string()),
                (None, None) => {
                    return Err(wrong(format!("line {} is neither a public key nor a fingerprint", at + 1)));
                }
            };
        }
        Ok(Self::Plain(plain))
    }

    /// Whether the key is on it.
    ///
    /// # Errors
    /// In words, when nobody can tell.
    pub(super) fn has(&self, key: &PublicKey, text: &str) -> Result<bool, String> {
        match self {
            Self::Plain(plain) => Ok(plain.contains(&key.fingerprint(HashAlg::Sha256).to_string())),
            Self::Binary(path) => keygen::is_revoked(path, text),
        }
    }
}
