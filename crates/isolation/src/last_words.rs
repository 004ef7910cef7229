//! A child's stderr: its log. It goes into ours escaped, at debug, and not without end; the last
//! lines are kept to say why it died.

use std::collections::VecDeque;

use chat2svg_protocol::{JobId, printable};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tracing::debug;

/// Longest line; what is longer is broken.
const LINE: usize = 500;
/// Lines kept.
const KEPT: usize = 12;
/// Lines that go into our log.
const LOGGED: u64 = 500;

/// What a child said last.
#[derive(Debug, Default)]
pub(crate) struct LastWords {
    /// The line that is not complete.
    line: Vec<u8>,
    kept: VecDeque<String>,
    lines: u64,
}

impl LastWords {
    /// Listens until the child falls silent.
    pub(crate) async fn listen(&mut self, job: JobId, input: &mut (impl AsyncRead + Unpin)) {
        let mut buffer = [0; 4096];
        // A pipe that cannot be read has nothing more to say.
        while let Ok(read @ 1..) = input.read(&mut buffer).await {
            self.hear(job, buffer.get(..read).unwrap_or_default());
        }
        self.end_line(job);
    }

    fn hear(&mut self, job: JobId, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                self.end_line(job);
            } else {
                self.line.push(*byte);
                if self.line.len() >= LINE {
                    self.end_line(job);
                }
            }
        }
    }

    fn end_line(&mut self, job: JobId) {
        if self.line.is_empty() {
            return;
        }
        let line = printable(&String::from_utf8_lossy(&self.line)).into_owned();
        self.line.clear();
        self.lines += 1;
        if self.lines <= LOGGED {
            debug!(%job, line, "from the isolated process");
        }
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(line);
    }

    /// The last lines, oldest first, on one line.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<&str> = self.kept.iter().map(String::as_str).collect();
        lines.join(" | ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_bounded_and_escaped() {
        let mut words = LastWords::default();
        let job = JobId(uuid::Uuid::nil());
        words.hear(job, "x".repeat(1_000_000).as_bytes());
        assert!(words.text().len() < KEPT * (LINE + 3));
        words.hear(job, b"\nred \x1b[2J\n\nlast");
        words.end_line(job);
        assert!(
            words.text().ends_with("red \\u{1b}[2J | last"),
            "{}",
            words.text()
        );
    }
}
