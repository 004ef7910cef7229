//! Frames: a byte for the kind, four for the length, and so many bytes. What is longer than its
//! kind may be, or of another kind than is expected, is refused before it is read.

use std::io::{self, Read, Write};

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// Parent → child: the job, as JSON. Its settings and attachments follow as bytes.
    Request,
    /// Bytes that an earlier frame announced.
    Bytes,
    /// Child → parent: something happened, as JSON.
    Event,
    /// Child → parent: the end, as JSON. The SVG follows as bytes if there is one.
    End,
}

impl FrameKind {
    /// Most bytes of such a frame.
    pub(crate) fn most(self) -> u32 {
        match self {
            Self::Request => 1 << 20,
            Self::Bytes => 64 << 20,
            Self::Event => 4 << 20,
            Self::End => 2 << 20,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Request => b'R',
            Self::Bytes => b'B',
            Self::Event => b'E',
            Self::End => b'Z',
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Request, Self::Bytes, Self::Event, Self::End]
            .into_iter()
            .find(|kind| kind.code() == code)
    }
}

const HEADER: usize = 5;

/// What is wrong with what came, or kept it from coming.
#[derive(Debug, Error)]
pub(crate) enum FrameError {
    /// It ended before, or within, a frame.
    #[error("it ended before it was complete")]
    Ended,
    /// The other end cannot be read or written.
    #[error("{0}")]
    Io(io::Error),
    /// A frame of another kind, or of none.
    #[error("it sent something that no frame begins with, or out of turn")]
    OutOfTurn,
    /// Longer than its kind may be.
    #[error("it announced {length} bytes where at most {most} are read")]
    TooLong {
        /// Bytes announced.
        length: u32,
        /// Most bytes.
        most: u32,
    },
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Ended,
            _ => Self::Io(error),
        }
    }
}

/// The header of a frame, if it may be as long.
fn header(kind: FrameKind, length: usize) -> Result<[u8; HEADER], FrameError> {
    let most = kind.most();
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    if length > most {
        return Err(FrameError::TooLong { length, most });
    }
    let [a, b, c, d] = length.to_le_bytes();
    Ok([kind.code(), a, b, c, d])
}

/// What a header says, if it is one of those that are expected.
fn announced(header: [u8; HEADER], expected: &[FrameKind]) -> Result<(FrameKind, u32), FrameError> {
    let [code, a, b, c, d] = header;
    let kind = FrameKind::from_code(code)
        .filter(|kind| expected.contains(kind))
        .ok_or(FrameError::OutOfTurn)?;
    let (length, most) = (u32::from_le_bytes([a, b, c, d]), kind.most());
    if length > most {
        return Err(FrameError::TooLong { length, most });
    }
    Ok((kind, length))
}

/// Writes a frame.
pub(crate) fn write(
    output: &mut impl Write,
    kind: FrameKind,
    bytes: &[u8],
) -> Result<(), FrameError> {
    output.write_all(&header(kind, bytes.len())?)?;
    output.write_all(bytes)?;
    output.flush()?;
    Ok(())
}

/// Reads a frame of the kind.
pub(crate) fn read(input: &mut impl Read, kind: FrameKind) -> Result<Vec<u8>, FrameError> {
    let mut head = [0; HEADER];
    input.read_exact(&mut head)?;
    let (_, length) = announced(head, &[kind])?;
    let mut bytes = Vec::new();
    let read = input.take(u64::from(length)).read_to_end(&mut bytes)?;
    complete(bytes, read, length)
}

/// Writes a frame without blocking.
pub(crate) async fn send(
    output: &mut (impl AsyncWrite + Unpin),
    kind: FrameKind,
    bytes: &[u8],
) -> Result<(), FrameError> {
    output.write_all(&header(kind, bytes.len())?).await?;
    output.write_all(bytes).await?;
    output.flush().await?;
    Ok(())
}

/// Reads a frame of one of the kinds without blocking.
pub(crate) async fn receive(
    input: &mut (impl AsyncRead + Unpin),
    expected: &[FrameKind],
) -> Result<(FrameKind, Vec<u8>), FrameError> {
    let mut head = [0; HEADER];
    input.read_exact(&mut head).await?;
    let (kind, length) = announced(head, expected)?;
    // Grows with what comes, not with what is announced.
    let mut bytes = Vec::new();
    let read = input
        .take(u64::from(length))
        .read_to_end(&mut bytes)
        .await?;
    Ok((kind, complete(bytes, read, length)?))
}

fn complete(bytes: Vec<u8>, read: usize, length: u32) -> Result<Vec<u8>, FrameError> {
    if u32::try_from(read) == Ok(length) {
        Ok(bytes)
    } else {
        Err(FrameError::Ended)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes: Vec<u8>) {
            let mut wire = Vec::new();
            write(&mut wire, FrameKind::Bytes, &bytes).unwrap();
            prop_assert_eq!(read(&mut &*wire, FrameKind::Bytes).unwrap(), bytes);
            for end in 0..wire.len() {
                let cut = read(&mut &wire[..end], FrameKind::Bytes);
                prop_assert!(matches!(cut, Err(FrameError::Ended)));
            }
        }

        #[test]
        fn noise_is_refused(noise: Vec<u8>) {
            // Either it is a frame by accident, or an error; never a panic.
            let _ = read(&mut &*noise, FrameKind::End);
        }
    }

    #[test]
    fn length_and_turn_are_checked_before_anything_is_read() {
        let long = [b'E', 0xff, 0xff, 0xff, 0xff];
        assert!(matches!(
            read(&mut &long[..], FrameKind::Event),
            Err(FrameError::TooLong {
                length: u32::MAX,
                ..
            })
        ));
        let early = [b'B', 0, 0, 0, 0];
        assert!(matches!(
            read(&mut &early[..], FrameKind::Event),
            Err(FrameError::OutOfTurn)
        ));
        let large = vec![0; 5 << 20];
        assert!(matches!(
            write(&mut Vec::new(), FrameKind::Event, &large),
            Err(FrameError::TooLong { .. })
        ));
    }
}
