//! The little of the agent's protocol that signing needs: its keys, and a signature by one of them,
//! <https://datatracker.ietf.org/doc/html/draft-miller-ssh-agent>.

use super::KeyTrouble;
use super::wire::{Wire, put};
use ssh_key::PublicKey;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// An answer is not larger than this many bytes.
const ANSWER_BYTES_MAX: u32 = 256 * 1024;
/// Some agents ask a person before they sign.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection to the agent.
pub(super) struct Agent(UnixStream);

impl Agent {
    /// The agent of `SSH_AUTH_SOCK`; `wanted` when it is for the private half of a public key.
    pub fn connect(wanted: bool) -> Result<Self, KeyTrouble> {
        let next = "start one (`eval $(ssh-agent); ssh-add`), or name a key with --key FILE";
        let path = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
        let why = if wanted {
            "the key that is named is a public one, and SSH_AUTH_SOCK names no agent that has its private half"
        } else {
            "no --key is given and SSH_AUTH_SOCK names no agent"
        };
        let path = path.ok_or_else(|| KeyTrouble::new("there is no key to sign with", why, next))?;
        let connected = UnixStream::connect(&path).and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        connected.map(Self).map_err(|error| {
            KeyTrouble::new(
                "the agent does not answer",
                format!("{}, which SSH_AUTH_SOCK names: {error}", path.display()),
                next,
            )
        })
    }

    /// Its keys with their comments; those of kinds that nobody here can read are left out.
    pub fn keys(&mut self) -> Result<Vec<PublicKey>, KeyTrouble> {
        let answer = self.ask(REQUEST_IDENTITIES, &[], IDENTITIES_ANSWER)?;
        let mut wire = Wire(&answer);
        let count = wire.number().ok_or_else(garbled)?;
        let mut keys = Vec::new();
        for _ in 0..count {
            let blob = wire.string().ok_or_else(garbled)?;
            let comment = String::from_utf8_lossy(wire.string().ok_or_else(garbled)?).into_owned();
            if let Ok(mut key) = PublicKey::from_bytes(blob) {
                key.set_comment(comment);
                keys.push(key);
            }
        }
        Ok(keys)
    }

    /// A signature, as the protocol writes it, over `data`.
    pub fn sign(&mut self, key: &PublicKey, data: &[u8]) -> Result<Vec<u8>, KeyTrouble> {
        let mut request = Vec::new();
        put(&mut request, &key.to_bytes().map_err(|_| garbled())?);
        put(&mut request, data);
        request.extend_from_slice(&0_u32.to_be_bytes());
        let answer = self.ask(SIGN_REQUEST, &request, SIGN_RESPONSE)?;
        Wire(&answer).string().map(<[u8]>::to_vec).ok_or_else(garbled)
    }

    /// Sends a message and reads the answer, without its first byte.
    fn ask(&mut self, kind: u8, body: &[u8], wanted: u8) -> Result<Vec<u8>, KeyTrouble> {
        let mut message = vec![kind];
        message.extend_from_slice(body);
        let mut framed = Vec::new();
        put(&mut framed, &message);
        let answer = self.exchange(&framed).map_err(|error| {
            KeyTrouble::new("the agent does not answer", error.to_string(), "try it again, or use --key FILE")
        })?;
        match answer.split_first() {
            Some((first, rest)) if *first == wanted => Ok(rest.to_vec()),
            _ => Err(KeyTrouble::new(
                "the agent refuses",
                "it has no such key, is locked, or somebody said no",
                "look with `ssh-add -l`, unlock it with `ssh-add -X`",
            )),
        }
    }

    fn exchange(&mut self, framed: &[u8]) -> io::Result<Vec<u8>> {
        self.0.write_all(framed)?;
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length > ANSWER_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its answer is too long"));
        }
        let mut answer = vec![0; length as usize];
        self.0.read_exact(&mut answer)?;
        Ok(answer)
    }
}

fn garbled() -> KeyTrouble {
    KeyTrouble::new("the agent's answer cannot be read", "it does not follow the protocol", "use --key FILE")
}
