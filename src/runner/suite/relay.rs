//! The output of a suite on its way: shown as it comes, up to a limit; counted behind it.

use crate::session::{Report, Source};
use tokio::io::{AsyncRead, AsyncReadExt};

/// So much of each stream is shown and recorded, bytes; the rest is counted.
const SHOWN_BYTES_MAX: usize = 4 << 20;
/// Largest chunk of output that is reported at once, bytes.
const CHUNK_BYTES: usize = 16 << 10;

/// The beginning of a stream.
#[derive(Debug, Default)]
pub(in crate::runner) struct Kept {
    /// At most as many bytes as were wanted.
    pub bytes: Vec<u8>,
    /// There was more.
    pub overlong: bool,
}

/// Says what a stream brings, in whole lines where possible, and keeps its first `wanted` bytes.
pub(super) async fn relay(
    stream: Option<impl AsyncRead + Unpin>,
    source: Source,
    say: &(dyn Fn(Report) + Send + Sync),
    wanted: usize,
    kept: &mut Kept,
) {
    let Some(mut stream) = stream else { return };
    let print = |bytes: &[u8]| {
        if !bytes.is_empty() {
            say(Report::Printed { source, text: crate::runner::bytes::text(bytes) });
        }
    };
    let mut waiting: Vec<u8> = Vec::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    let (mut shown, mut beyond) = (0_usize, 0_u64);
    loop {
        let count = stream.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            break;
        }
        let room = wanted.saturating_sub(kept.bytes.len());
        kept.bytes.extend_from_slice(&buffer[..count.min(room)]);
        kept.overlong |= count > room;
        let fits = count.min(SHOWN_BYTES_MAX.saturating_sub(shown));
        shown += fits;
        beyond += (count - fits) as u64;
        waiting.extend_from_slice(&buffer[..fits]);
        let whole = waiting.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let full = waiting.len() >= CHUNK_BYTES;
        let cut = if full { crate::runner::bytes::whole(&waiting) } else { whole };
        let chunk: Vec<u8> = waiting.drain(..cut).collect();
        print(&chunk);
    }
    print(&waiting);
    if beyond > 0 {
        print(format!("\n… {beyond} bytes more, not shown and not recorded\n").as_bytes());
    }
}
