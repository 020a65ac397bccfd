//! Connections that only take place: silent ones, slow ones, and ones that are closed by half.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use portcullis_load::{Server, Target, pod};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::client::TlsStream;

use crate::experiment::Outcome;
use crate::flood::after;
use crate::machine::files;
use crate::questions::Expect;
use crate::row::Permits;
use crate::world::{Load, Notes, World};

/// Connections that say nothing, where there are descriptors for so many.
const IDLE: usize = 5_000;
/// Descriptors that everything else needs.
const OTHERS: u64 = 800;
/// Callers of the slow kinds.
const SLOW: usize = 200;
/// How often one of them sends a byte.
const BYTE: Duration = Duration::from_millis(250);
/// How long the server may bear one of them: far more than the bounds that it has.
const BORNE: Duration = Duration::from_secs(60);
/// How long somebody waits who comes while every place is taken.
const WAITS: Duration = Duration::from_secs(60);

/// A connection over TLS with these protocols.
pub async fn tls(target: &Target, protocols: &[&[u8]]) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(target.address).await?;
    stream.set_nodelay(true)?;
    let mut config = (*target.tls).clone();
    config.alpn_protocols = protocols.iter().map(|one| one.to_vec()).collect();
    let name = ServerName::try_from(target.name.clone()).map_err(std::io::Error::other)?;
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// As many descriptors as this process may have; how many those are.
fn descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, what is there has to do.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// So many, or as many as there are descriptors for, which is said.
fn bounded(wanted: usize, notes: &mut Notes) -> usize {
    let room = usize::try_from(descriptors().saturating_sub(OTHERS)).unwrap_or(usize::MAX);
    if room < wanted {
        notes.remarks.push(format!("only {room} connections: `ulimit -n`"));
    }
    wanted.min(room)
}

/// So many callers at once, each of whom does that until all of them are told to stop; the sum of what they tell.
async fn callers<F>(count: usize, lasts: Duration, call: impl Fn(Instant) -> F) -> usize
where
    F: Future<Output = usize> + Send + 'static,
{
    let (until, mut all) = (Instant::now() + lasts, JoinSet::new());
    for _ in 0..count {
        all.spawn(call(until));
    }
    all.join_all().await.into_iter().sum()
}

/// Takes what comes until the connection ends or the time is over.
async fn hangs_up(stream: &mut (impl AsyncReadExt + Unpin), until: Instant) -> bool {
    let mut some = [0; 1024];
    let reading = async { while stream.read(&mut some).await.is_ok_and(|count| count > 0) {} };
    tokio::time::timeout_at(until.into(), reading).await.is_ok()
}

/// Asks over new connections while that goes on.
fn ask_beside(
    world: &World,
    target: &Target,
    notes: &mut Notes,
    work: impl Future<Output = usize> + Send + 'static,
) -> usize {
    let work = world.runtime.spawn(work);
    let mut slowest = Duration::ZERO;
    while !work.is_finished() {
        let question = portcullis_load::Question::new(&pod("shop", "endless", 1, None, 0), false);
        let began = Instant::now();
        notes.beside.push((Expect::Judged, world.ask_within(target, question, WAITS)));
        slowest = slowest.max(began.elapsed());
        std::thread::sleep(Duration::from_millis(300));
    }
    notes.remarks.push(format!("over a new connection meanwhile at most {:.1} s", slowest.as_secs_f64()));
    world.runtime.block_on(work).expect("the callers")
}

/// Connections without a word.
pub fn idle(world: &World) -> Outcome {
    let server = world.serve(&world.default_set(), &[]);
    let (target, before) = (world.target(&server), files(&server));
    let questions = world.questions(&target);
    // A new connection of the load waits among thousands that come each second, first of all in the kernel's queue.
    let permits = Permits { lost_one_in: 1_000, ..Permits::default() };
    let seen = Load { permits, ..world.load(&target, &questions) }.during(|notes| {
        let count = bounded(world.either(600, IDLE), notes);
        let lasts = world.either(Duration::from_secs(3), Duration::from_secs(30));
        let address = target.address;
        let made = ask_beside(
            world,
            &target,
            notes,
            callers(count, lasts, move |until| async move {
                let mut made = 0;
                while Instant::now() < until {
                    let connecting = tokio::time::timeout_at(until.into(), TcpStream::connect(address)).await;
                    let Ok(Ok(mut stream)) = connecting else { continue };
                    made += 1;
                    hangs_up(&mut stream, until).await;
                }
                made
            }),
        );
        notes.remarks.push(format!("{count} at once, {made} in all"));
    });
    Outcome::Held(after(seen, &server, before))
}

/// Connections that ask once and then stand.
pub fn standing(world: &World) -> Outcome {
    let server = world.serve(&world.default_set(), &[]);
    let (target, before) = (world.target(&server), files(&server));
    let questions = world.questions(&target);
    // A review may meet the end of a connection that stood idle: HTTP/1.1 has no word for that.
    let permits = Permits { lost_one_in: 100, ..Permits::default() };
    let seen = Load { permits, ..world.load(&target, &questions) }.during(|notes| {
        let count = bounded(world.either(300, 2_500), notes);
        let lasts = world.either(Duration::from_secs(4), Duration::from_secs(40));
        let shared = target.clone();
        let made = ask_beside(
            world,
            &target,
            notes,
            callers(count, lasts, move |until| {
                let target = shared.clone();
                async move {
                    let mut made = 0;
                    while Instant::now() < until {
                        let connecting = tokio::time::timeout_at(until.into(), tls(&target, &[b"http/1.1"])).await;
                        let Ok(Ok(mut stream)) = connecting else { continue };
                        if stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.is_ok() {
                            made += 1;
                            hangs_up(&mut stream, until).await;
                        }
                    }
                    made
                }
            }),
        );
        notes.remarks.push(format!("{count} at once, {made} in all"));
    });
    Outcome::Held(after(seen, &server, before))
}

/// Callers who send this and then a byte now and then; each must be let go.
fn slow(world: &World, head: &'static str) -> Outcome {
    let server = world.serve(&world.default_set(), &[]);
    let (target, before) = (world.target(&server), files(&server));
    let questions = world.questions(&target);
    let (count, lasts) = world.either((40, Duration::from_secs(2)), (SLOW, BORNE));
    let borne = Arc::new(AtomicUsize::new(0));
    let seen = world.load(&target, &questions).during(|notes| {
        let (shared, counted) = (target.clone(), Arc::clone(&borne));
        let let_go = ask_beside(
            world,
            &target,
            notes,
            callers(count, lasts, move |until| {
                let (target, borne) = (shared.clone(), Arc::clone(&counted));
                async move {
                    let Ok(stream) = tls(&target, &[b"http/1.1"]).await else { return 0 };
                    let (mut reading, mut writing) = tokio::io::split(stream);
                    if writing.write_all(head.as_bytes()).await.is_err() {
                        return 1;
                    }
                    let dripping = async {
                        while writing.write_all(b"y").await.is_ok() {
                            tokio::time::sleep(BYTE).await;
                        }
                    };
                    tokio::select! {
                        gone = hangs_up(&mut reading, until) => {
                            borne.fetch_add(usize::from(!gone), Ordering::SeqCst);
                            usize::from(gone)
                        }
                        () = dripping => 1,
                    }
                }
            }),
        );
        notes.remarks.push(format!("{count} at once, {let_go} let go"));
        let borne = borne.load(Ordering::SeqCst);
        if !world.short && borne > 0 {
            notes.complaints.push(format!("{borne} were borne for {} s", BORNE.as_secs()));
        }
    });
    Outcome::Held(after(seen, &server, before))
}

pub fn slow_heads(world: &World) -> Outcome {
    slow(world, "POST /validate HTTP/1.1\r\nhost: localhost\r\nx: ")
}

pub fn slow_bodies(world: &World) -> Outcome {
    slow(
        world,
        "POST /validate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{",
    )
}

/// Callers who end their half: after a whole review, in its body, in its head, and in the handshake.
pub fn half_closed(world: &World) -> Outcome {
    let server = world.serve(&world.default_set(), &[]);
    let (target, before) = (world.target(&server), files(&server));
    let questions = world.questions(&target);
    let body = pod("shop", "endless", 1, None, 0).to_string();
    let head = format!(
        "POST /validate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let whole = Arc::new([head, body].concat().into_bytes());
    let seen = world.load(&target, &questions).during(|notes| {
        let (count, lasts) = world.either((16, Duration::from_secs(2)), (64, Duration::from_secs(15)));
        let shared = target.clone();
        let closed = ask_beside(
            world,
            &target,
            notes,
            callers(count, lasts, move |until| {
                let (target, whole) = (shared.clone(), Arc::clone(&whole));
                async move {
                    let (mut closed, lengths) = (0, [whole.len(), whole.len() / 2, 40, 0]);
                    while Instant::now() < until {
                        let Ok(mut stream) = tls(&target, &[b"http/1.1"]).await else { continue };
                        let some = &whole[..lengths[closed % lengths.len()]];
                        if stream.write_all(some).await.is_ok() && stream.shutdown().await.is_ok() {
                            hangs_up(&mut stream, until).await;
                        }
                        closed += 1;
                    }
                    closed
                }
            }),
        );
        notes.remarks.push(format!("{closed} closed by half"));
    });
    Outcome::Held(gone(after(seen, &server, before), &server))
}

/// Whether the server still stands.
fn gone(mut seen: crate::row::Seen, server: &Server) -> crate::row::Seen {
    if !server.is_ready() {
        seen.complaints.push("the server is not ready".into());
    }
    seen
}
