//! A network that can be cut, or be slow: passes connections to a port on.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// Between two looks whether something has changed.
const LOOK: Duration = Duration::from_millis(20);

/// Pieces on a slow way at once.
const ON_THE_WAY: usize = 4096;

/// How it passes bytes on.
#[derive(Debug, Default)]
struct State {
    /// Nothing passes; nobody is told.
    is_cut: AtomicBool,
    /// How long each piece is held up, in milliseconds.
    delay: AtomicU64,
    is_over: AtomicBool,
}

impl State {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn wait_while_cut(&self) {
        while self.is_cut.load(Ordering::Relaxed) && !self.is_over() {
            thread::sleep(LOOK);
        }
    }
}

/// Passes connections on until dropped.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// Takes connections for a port of this machine.
    pub(crate) fn to(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let passing = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if passing.is_over() {
                    return;
                }
                let passing = Arc::clone(&passing);
                thread::spawn(move || connect(&client, target, &passing));
            }
        });
        Self { port, state }
    }

    /// Cuts the network, or mends it.
    pub(crate) fn cut(&self, is_cut: bool) {
        self.state.is_cut.store(is_cut, Ordering::Relaxed);
    }

    /// Makes it slow.
    pub(crate) fn delay(&self, delay: Duration) {
        let delay = u64::try_from(delay.as_millis()).unwrap();
        self.state.delay.store(delay, Ordering::Relaxed);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Relaxed);
        // Whoever waits for a connection looks.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn connect(client: &TcpStream, target: u16, state: &Arc<State>) {
    state.wait_while_cut();
    // The server may be gone; then the client is let go.
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else {
        return;
    };
    let (Ok(from_client), Ok(to_server)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    let upwards = Arc::clone(state);
    thread::spawn(move || pass(from_client, &to_server, &upwards));
    pass(server, client, state);
}

/// Bytes, and when they arrive.
type Piece = (Instant, Vec<u8>);

/// Passes bytes on. A slow way takes as much as a fast one: each piece is late by itself.
fn pass(mut from: TcpStream, to: &TcpStream, state: &Arc<State>) {
    let _ = from.set_read_timeout(Some(LOOK));
    let Ok(own) = to.try_clone() else {
        return;
    };
    let (sender, pieces) = sync_channel(ON_THE_WAY);
    let arriving = Arc::clone(state);
    let arrival = thread::spawn(move || arrive(own, &pieces, &arriving));
    let mut piece = vec![0; 64 << 10];
    while !state.is_over() {
        state.wait_while_cut();
        let length = match from.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                continue;
            }
            Err(_) => break,
        };
        let delay = Duration::from_millis(state.delay.load(Ordering::Relaxed));
        let due = Instant::now() + delay;
        if sender.send((due, piece[..length].to_vec())).is_err() {
            break;
        }
    }
    drop(sender);
    let _ = arrival.join();
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

fn arrive(mut to: TcpStream, pieces: &Receiver<Piece>, state: &State) {
    for (due, piece) in pieces {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        state.wait_while_cut();
        if to.write_all(&piece).is_err() {
            return;
        }
    }
}
