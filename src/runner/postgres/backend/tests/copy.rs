//! Rows sent to the server.

use super::server::shared;
use super::*;
use std::io::{Cursor, Read};

/// Gives `left` lines, then fails if it must.
struct Lines {
    left: usize,
    breaks: bool,
}

impl Read for Lines {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 && self.breaks {
            return Err(std::io::Error::other("the disk is gone"));
        }
        let lines = self.left.min(out.len() / 2);
        out[..lines * 2].copy_from_slice(&b"7\n".repeat(lines));
        self.left -= lines;
        Ok(lines * 2)
    }
}

#[tokio::test]
async fn copy_in_streams_and_its_errors_leave_the_connection_whole() {
    let server = shared();
    let backend = &mut connect(&server).await;
    run(backend, "CREATE TEMP TABLE t (a int CHECK (a <> 3), b text)").await.unwrap();
    let copy = "COPY t FROM STDIN";
    let rows = "1\tż\\n\\\\.\n2\t\\N\n";
    assert_eq!(backend.copy_in(copy, &mut Cursor::new(rows)).await.unwrap(), 2);
    assert_eq!(
        backend.value("SELECT string_agg(t::text, ';') FROM t").await.unwrap(),
        some("(1,\"ż\n\\\\.\");(2,)")
    );
    assert_eq!(backend.copy_in(copy, &mut Cursor::new("")).await.unwrap(), 0);

    run(backend, "CREATE TEMP TABLE many (a int)").await.unwrap();
    let mut lines = Lines { left: 1_000_000, breaks: false };
    assert_eq!(backend.copy_in("COPY many FROM STDIN", &mut lines).await.unwrap(), 1_000_000);

    let refused = backend.copy_in(copy, &mut Cursor::new("3\tx\n".repeat(100_000))).await;
    assert_eq!(refusal(refused).0, "23514");
    let refused = backend.copy_in(copy, &mut Cursor::new("one\tx\n")).await;
    assert_eq!(refusal(refused).0, "22P02");
    assert_eq!(refusal(backend.copy_in("COPY missing FROM STDIN", &mut Cursor::new(rows)).await).0, "42P01");
    let mut lines = Lines { left: 200_000, breaks: true };
    let broken = backend.copy_in("COPY many FROM STDIN", &mut lines).await;
    assert!(matches!(&broken, Err(DbError::Unusable(why)) if why.contains("the disk is gone")), "{broken:?}");
    assert!(matches!(backend.copy_in("SELECT 1", &mut Cursor::new("")).await, Err(DbError::Unusable(_))));
    // A script's own COPY is refused as before.
    assert_eq!(refusal(run(backend, copy).await).0, "57014");
    assert_eq!(backend.value("SELECT count(*) FROM many").await.unwrap(), some("1000000"));
    assert_eq!(backend.value("SELECT count(*) FROM t").await.unwrap(), some("2"));
}
