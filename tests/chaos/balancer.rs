//! A trivial TCP balancer: each new connection goes to the next replica that is in it and takes one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// Ends with the runtime that it was started on.
pub struct Balancer {
    /// Where it listens.
    pub address: SocketAddr,
    replicas: Arc<Vec<Replica>>,
}

struct Replica {
    address: SocketAddr,
    is_in: AtomicBool,
}

impl Balancer {
    /// In front of these.
    pub fn start(runtime: &Runtime, replicas: &[SocketAddr]) -> Self {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("loopback");
        let address = listener.local_addr().expect("an address");
        let replica = |address: &SocketAddr| Replica { address: *address, is_in: AtomicBool::new(true) };
        let replicas: Arc<Vec<Replica>> = Arc::new(replicas.iter().map(replica).collect());
        runtime.spawn(accept(listener, Arc::clone(&replicas)));
        Self { address, replicas }
    }

    /// Whether new connections go there, as the controller of endpoints decides by readiness.
    pub fn set(&self, replica: usize, is_in: bool) {
        self.replicas[replica].is_in.store(is_in, Ordering::SeqCst);
    }
}

async fn accept(listener: TcpListener, replicas: Arc<Vec<Replica>>) {
    let turn = Arc::new(AtomicUsize::new(0));
    while let Ok((mut client, _)) = listener.accept().await {
        let (replicas, turn) = (Arc::clone(&replicas), Arc::clone(&turn));
        tokio::spawn(async move {
            // Whoever goes away is missed by nobody.
            let _ = client.set_nodelay(true);
            let Some(mut server) = connect(&replicas, turn.fetch_add(1, Ordering::Relaxed)).await else { return };
            let _ = server.set_nodelay(true);
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        });
    }
}

/// The first that takes a connection, beginning with the one whose turn it is.
async fn connect(replicas: &[Replica], turn: usize) -> Option<TcpStream> {
    for step in 0..replicas.len() {
        let replica = &replicas[(turn + step) % replicas.len()];
        if replica.is_in.load(Ordering::SeqCst)
            && let Ok(stream) = TcpStream::connect(replica.address).await
        {
            return Some(stream);
        }
    }
    None
}
