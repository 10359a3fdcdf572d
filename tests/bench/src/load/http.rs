//! HTTP/1.1 by hand: one request after the other over a connection that stays open.

use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Exchange, Requests};

/// The request for a path.
pub(crate) fn get(path: &str) -> Bytes {
    Bytes::from(format!("GET {path} HTTP/1.1\r\nHost: log\r\n\r\n"))
}

/// The server answered, but not well. The connection can go on.
#[derive(Debug, thiserror::Error)]
#[error("the server answered {status}: {body:?}")]
pub(crate) struct Refused {
    status: u16,
    body: Bytes,
}

/// One connection.
pub(crate) struct Http {
    stream: TcpStream,
    requests: Requests,
    read: BytesMut,
}

impl Http {
    /// So many connections.
    ///
    /// # Errors
    /// The server can not be reached.
    pub(crate) async fn connect(
        address: &str,
        requests: &Requests,
        connections: usize,
    ) -> anyhow::Result<Vec<Http>> {
        let mut workers = Vec::with_capacity(connections);
        for _ in 0..connections {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (requests, read) = (Requests::clone(requests), BytesMut::new());
            workers.push(Http { stream, requests, read });
        }
        Ok(workers)
    }

    /// Reads on until there are `len` bytes.
    async fn read_to(&mut self, len: usize) -> anyhow::Result<()> {
        self.read.reserve(len.saturating_sub(self.read.len()));
        while self.read.len() < len {
            self.read_more().await?;
        }
        Ok(())
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.read).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

impl Exchange for Http {
    async fn exchange(&mut self, number: usize) -> anyhow::Result<Bytes> {
        self.stream.write_all(&(self.requests)(number)).await?;
        let end = loop {
            match end_of_head(&self.read) {
                Some(end) => break end,
                None => self.read_more().await?,
            }
        };
        let head = self.read.split_to(end);
        let (status, len) = read_head(std::str::from_utf8(&head)?)?;
        self.read_to(len).await?;
        let body = self.read.split_to(len).freeze();
        if status == 200 { Ok(body) } else { Err(Refused { status, body }.into()) }
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    const END: &[u8] = b"\r\n\r\n";
    bytes.windows(END.len()).position(|window| window == END).map(|start| start + END.len())
}

/// Status of an answer, and length of its body.
fn read_head(head: &str) -> anyhow::Result<(u16, usize)> {
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status.context("an answer without a status")?.parse()?;
    let len = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim())
    });
    Ok((status, len.context("an answer without a length")?.parse()?))
}

#[cfg(test)]
mod tests {
    use super::{end_of_head, read_head};

    #[test]
    fn heads_are_read() {
        let head = "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 12\r\n\r\n";
        assert_eq!(end_of_head(head.as_bytes()), Some(head.len()));
        assert_eq!(read_head(head).unwrap(), (200, 12));
        let missing = "HTTP/1.1 404 Not Found\r\ncontent-length: 1\r\n\r\n";
        assert_eq!(read_head(missing).unwrap(), (404, 1));
        assert!(read_head("HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
