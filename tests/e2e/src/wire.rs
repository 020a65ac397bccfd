//! A way to a server that tests can turn, hold and cut: what a Service is to its endpoints.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Forwards each new connection to the server that is current when it is opened.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    server: Mutex<Option<SocketAddr>>,
    held: AtomicBool,
    closed: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Wire {
    /// Listens on a free port of loopback.
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("it was bound");
        let state = Arc::new(State {
            server: Mutex::new(Some(server)),
            held: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            open: Mutex::new(Vec::new()),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.closed.load(Ordering::SeqCst) {
                    break;
                }
                shared.forward(stream);
            }
        });
        Self { address, state }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// New connections go there from now on; those that are open stay where they are.
    pub fn turn(&self, server: SocketAddr) {
        *self.state.server.lock().expect("nobody panics while holding it") = Some(server);
    }

    /// Holds all bytes, in both directions, until told otherwise.
    pub fn hold(&self, held: bool) {
        self.state.held.store(held, Ordering::SeqCst);
    }

    /// Cuts every open connection.
    pub fn cut(&self) {
        for stream in self.state.open.lock().expect("nobody panics while holding it").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        self.state.held.store(false, Ordering::SeqCst);
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn forward(self: &Arc<Self>, client: TcpStream) {
        let server = *self.server.lock().expect("nobody panics while holding it");
        // A server that nobody listens on refuses the client too: the connection is closed.
        let Some(server) = server.and_then(|server| TcpStream::connect(server).ok()) else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let Ok([client2, server2, client3, server3]) = copies([&client, &server, &client, &server]) else { return };
        self.open.lock().expect("nobody panics while holding it").extend([client3, server3]);
        let (there, back) = (Arc::clone(self), Arc::clone(self));
        std::thread::spawn(move || there.pump(client, server));
        std::thread::spawn(move || back.pump(server2, client2));
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            while self.held.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = (to.shutdown(Shutdown::Write), from.shutdown(Shutdown::Read));
    }
}

fn copies(streams: [&TcpStream; 4]) -> std::io::Result<[TcpStream; 4]> {
    let [a, b, c, d] = streams;
    Ok([a.try_clone()?, b.try_clone()?, c.try_clone()?, d.try_clone()?])
}
