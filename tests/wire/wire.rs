//! As much of PostgreSQL's protocol as the rig needs. <https://www.postgresql.org/docs/15/protocol-message-formats.html>

use std::io::{self, Read, Write};

/// The code of a request to cancel, in place of a version.
const CANCEL: u32 = 80_877_102;
/// Of a question for TLS, or for GSS: no.
const NO: [u32; 2] = [80_877_103, 80_877_104];

/// The first message of a conversation.
pub struct Startup {
    pub bytes: Vec<u8>,
    /// The `application_name`, or `cancel`.
    pub name: String,
}

impl Startup {
    pub fn read(from: &mut (impl Read + Write)) -> io::Result<Self> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let mut bytes = length.to_vec();
        bytes.resize(u32::from_be_bytes(length) as usize, 0);
        from.read_exact(&mut bytes[4..])?;
        let code = u32::from_be_bytes(bytes[4..8].try_into().unwrap());
        if NO.contains(&code) {
            from.write_all(b"N")?;
            return Self::read(from);
        }
        if code == CANCEL {
            return Ok(Self { bytes, name: "cancel".to_owned() });
        }
        let mut parts = bytes[8..].split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let mut name = String::new();
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            if key == "application_name" {
                name = value.into_owned();
            }
        }
        Ok(Self { bytes, name })
    }
}

/// Any later message: kind, length, body.
pub struct Message(pub Vec<u8>);

impl Message {
    pub fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut head = [0; 5];
        from.read_exact(&mut head)?;
        let length = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize;
        let mut bytes = head.to_vec();
        bytes.resize(length + 1, 0);
        from.read_exact(&mut bytes[5..])?;
        Ok(Self(bytes))
    }

    pub fn query(sql: &str) -> Self {
        let mut bytes = vec![b'Q'];
        bytes.extend((sql.len() as u32 + 5).to_be_bytes());
        bytes.extend(sql.as_bytes());
        bytes.push(0);
        Self(bytes)
    }

    pub fn kind(&self) -> char {
        char::from(self.0[0])
    }

    /// The text of what holds SQL, a tag, or an error; nothing of anything else.
    pub fn words(&self) -> String {
        match self.kind() {
            'Q' | 'P' | 'C' | 'E' => {
                String::from_utf8_lossy(&self.0[5..]).replace('\0', " ").trim().to_owned()
            }
            _ => String::new(),
        }
    }
}

/// Who the backend says it is.
pub fn pid_of_key(message: &Message) -> Option<i32> {
    (message.kind() == 'K' && message.0.len() == 13)
        .then(|| i32::from_be_bytes(message.0[5..9].try_into().unwrap()))
}

/// An ErrorResponse, and that a failed transaction is ready, unless it is fatal.
pub fn refusal(sqlstate: &str, fatal: bool) -> Vec<u8> {
    let severity = if fatal { "FATAL" } else { "ERROR" };
    let mut body = Vec::new();
    for (field, text) in
        [(b'S', severity), (b'V', severity), (b'C', sqlstate), (b'M', "this was said by the rig")]
    {
        body.push(field);
        body.extend(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    let mut bytes = vec![b'E'];
    bytes.extend((body.len() as u32 + 4).to_be_bytes());
    bytes.extend(body);
    if !fatal {
        bytes.extend(b"Z\0\0\0\x05E");
    }
    bytes
}
