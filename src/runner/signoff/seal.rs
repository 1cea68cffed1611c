//! A signature looked at: is it one of these bytes, by whom, and may they?

use super::keygen::{self, Asked};
use super::keys::is_ours;
use super::revoked::Revoked;
use crate::signoff::signers::AllowedSigners;
use crate::signoff::{Predicate, Refused, namespace};
use ssh_key::{HashAlg, PublicKey, SshSig};

/// What the one who checks brings along.
#[derive(Clone, Debug)]
pub struct Checker {
    text: String,
    signers: AllowedSigners,
    revoked: Option<Revoked>,
}

impl Checker {
    /// A checker with a file of allowed signers, and perhaps a list of revoked keys.
    ///
    /// # Errors
    /// In words, with the line that cannot be understood.
    pub fn new(text: &str, revoked: Option<Revoked>) -> Result<Self, String> {
        let signers =
            AllowedSigners::read(text).map_err(|bad| format!("line {}: {}", bad.number, bad.what))?;
        for (number, key) in signers.keys() {
            let parsed = PublicKey::from_openssh(key).map_err(|error| format!("line {number}: {error}"))?;
            if openssh(&parsed).as_deref() != Some(key) {
                return Err(format!("line {number}: the key is not written as ssh-keygen writes it"));
            }
        }
        Ok(Self { text: text.to_owned(), signers, revoked })
    }
}

/// The fingerprint of the key that made `signature`, and what is wrong with it, if anything. Without a checker, any
/// key may sign.
pub fn inspect(
    signature: &str,
    bytes: &[u8],
    said: &Predicate,
    checker: Option<&Checker>,
) -> (String, Option<Refused>) {
    let sig = match SshSig::from_pem(signature) {
        Ok(sig) => sig,
        Err(error) => {
            let what = format!("it cannot be read ({error}); certificates are not understood");
            return (String::new(), Some(Refused::Signature(what)));
        }
    };
    let key = PublicKey::from(sig.public_key().clone());
    let print = key.fingerprint(HashAlg::Sha256).to_string();
    let doubt = doubts(&sig, &key, signature, bytes, said, checker).err();
    (print, doubt)
}

fn doubts(
    sig: &SshSig,
    key: &PublicKey,
    signature: &str,
    bytes: &[u8],
    said: &Predicate,
    checker: Option<&Checker>,
) -> Result<(), Refused> {
    let wanted = namespace(said.role);
    // First whether it is one of these bytes at all: only then is its namespace somebody's word.
    if is_ours(&key.algorithm()) {
        key.verify(sig.namespace(), bytes, sig)
            .map_err(|_| Refused::Signature("it is not one of these bytes".to_owned()))?;
    } else {
        keygen::check(signature, sig.namespace(), bytes).map_err(Refused::Signature)?;
    }
    if sig.namespace() != wanted {
        return Err(Refused::Namespace(sig.namespace().to_owned()));
    }
    let Some(checker) = checker else { return Ok(()) };
    let text = openssh(key).ok_or_else(|| Refused::Signature("its key cannot be written".to_owned()))?;
    if let Some(list) = &checker.revoked
        && list.has(key, &text).map_err(Refused::UnknownSigner)?
    {
        return Err(Refused::Revoked);
    }
    checker.signers.allow(&said.principal, &text, &wanted, said.time)?;
    // ssh-keygen has the last word where it is there.
    let time = format!("{}{}", said.time.compact().replace('-', ""), 'Z');
    let asked = Asked {
        signers: &checker.text,
        principal: &said.principal,
        namespace: &wanted,
        time,
        signature,
        bytes,
    };
    keygen::verify(&asked).map_err(Refused::UnknownSigner)
}

/// `ssh-ed25519 AAAA…`, without a comment.
fn openssh(key: &PublicKey) -> Option<String> {
    PublicKey::from(key.key_data().clone()).to_openssh().ok()
}
