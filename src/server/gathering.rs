//! What a connection writes, gathered until it can not go on, and sent together.
//!
//! HTTP/2 writes each answer by itself. A system call for each costs more than most answers do, and so does
//! sending as soon as one answer is there when others are about to be.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Bytes that are gathered, at most.
const MOST: usize = 32 << 10;
/// Bytes that are sent without being copied, if none are gathered before them.
const LARGE: usize = 4 << 10;

/// A socket whose writes are gathered. They are sent by [`Outgoing`] alone.
pub(super) struct Gathering {
    reading: OwnedReadHalf,
    outgoing: Outgoing,
}

/// What was written and is to be sent.
#[derive(Clone)]
pub(super) struct Outgoing(Arc<Mutex<Gathered>>);

struct Gathered {
    writing: OwnedWriteHalf,
    bytes: Vec<u8>,
    /// How many of the bytes are sent already.
    sent: usize,
}

impl Gathering {
    /// Gathers what is written to a socket.
    pub(super) fn new(socket: TcpStream) -> (Gathering, Outgoing) {
        let (reading, writing) = socket.into_split();
        let outgoing =
            Outgoing(Arc::new(Mutex::new(Gathered { writing, bytes: Vec::new(), sent: 0 })));
        (Gathering { reading, outgoing: outgoing.clone() }, outgoing)
    }
}

impl Outgoing {
    /// Does the work of a connection, and sends what it writes.
    ///
    /// Whenever it can go on, all else that can goes on first, and so more is gathered.
    ///
    /// # Errors
    /// The peer does not take what is sent.
    pub(super) async fn sent_for<F: Future>(self, connection: F) -> io::Result<F::Output> {
        let mut connection = pin!(connection);
        let mut is_its_turn = true;
        let output = poll_fn(|context| {
            is_its_turn = !is_its_turn;
            if !is_its_turn {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let output = connection.as_mut().poll(context);
            match self.gathered().poll_send(context) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                _ => output.map(Ok),
            }
        })
        .await?;
        poll_fn(|context| self.gathered().poll_send(context)).await?;
        Ok(output)
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathered {
    /// Sends all that is gathered.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.bytes.len() {
            let rest = &self.bytes[self.sent..];
            match ready!(Pin::new(&mut self.writing).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.sent += sent,
            }
        }
        self.bytes.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = parts.iter().map(|part| part.len()).sum();
        if self.bytes.len() + length > MOST {
            ready!(self.poll_send(context))?;
        }
        if self.bytes.is_empty() && length >= LARGE {
            return Pin::new(&mut self.writing).poll_write_vectored(context, parts);
        }
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        Poll::Ready(Ok(length))
    }
}

impl AsyncRead for Gathering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reading).poll_read(context, buffer)
    }
}

impl AsyncWrite for Gathering {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.outgoing.gathered().poll_write(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.outgoing.gathered().poll_write(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Does nothing: it is sent as soon as the connection can not go on.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut gathered = self.outgoing.gathered();
        ready!(gathered.poll_send(context))?;
        Pin::new(&mut gathered.writing).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;

    /// Both ends of a connection, of which one gathers.
    async fn connected() -> (TcpStream, Gathering, Outgoing) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let (gathering, outgoing) = Gathering::new(socket);
        (peer, gathering, outgoing)
    }

    /// Bytes that tell their places.
    fn bytes(range: std::ops::Range<usize>) -> Vec<u8> {
        range.map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    #[tokio::test]
    async fn everything_arrives_once_and_in_order_however_slowly_it_is_read() {
        let (mut peer, mut gathering, outgoing) = connected().await;
        let lengths = [1, 17, LARGE, 9, MOST - 5, 5, 6, MOST + 1, 3, 1 << 20, 2];
        let total: usize = 20 * lengths.iter().sum::<usize>();
        let writing = outgoing.sent_for(async {
            let mut next = 0;
            for length in lengths.iter().cycle().take(20 * lengths.len()) {
                gathering.write_all(&bytes(next..next + length)).await.unwrap();
                gathering.flush().await.unwrap();
                next += length;
            }
            gathering.shutdown().await.unwrap();
        });
        let reading = async {
            let (mut all, mut some) = (Vec::new(), vec![0; 100_000]);
            loop {
                match peer.read(&mut some).await.unwrap() {
                    0 => return all,
                    read => all.extend_from_slice(&some[..read]),
                }
                tokio::task::yield_now().await;
            }
        };
        let (written, read) = tokio::join!(writing, reading);
        written.unwrap();
        assert!(read == bytes(0..total), "{} bytes of {total}", read.len());
    }

    #[tokio::test]
    async fn what_is_written_last_is_sent_without_a_word() {
        let (mut peer, mut gathering, outgoing) = connected().await;
        outgoing.sent_for(async { gathering.write_all(b"last").await.unwrap() }).await.unwrap();
        drop(gathering);
        let mut read = Vec::new();
        peer.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, b"last");
    }

    #[tokio::test]
    async fn a_connection_ends_when_its_peer_is_gone() {
        let (peer, mut gathering, outgoing) = connected().await;
        peer.set_zero_linger().unwrap();
        drop(peer);
        let endless = async {
            loop {
                if gathering.write_all(&[0; 100]).await.is_err() {
                    std::future::pending::<()>().await;
                }
                tokio::task::yield_now().await;
            }
        };
        let ended: io::Result<()> = outgoing.sent_for(endless).await;
        assert!(ended.is_err());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn answers_that_are_there_together_are_sent_together() {
        let (_peer, _gathering, outgoing) = connected().await;
        let gathered = tokio::spawn(async {
            let (answer, mut answers) = mpsc::channel(10);
            let connection = tokio::spawn(outgoing.sent_for(async move {
                let mut gathered = Vec::new();
                answers.recv_many(&mut gathered, 10).await;
                gathered
            }));
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            for number in 0..10 {
                let answer = answer.clone();
                tokio::spawn(async move { answer.send(number).await });
            }
            connection.await.unwrap().unwrap()
        });
        let mut gathered = gathered.await.unwrap();
        gathered.sort_unstable();
        assert_eq!(gathered, (0..10).collect::<Vec<_>>());
    }
}
