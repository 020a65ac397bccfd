//! Callers who misuse HTTP/2: streams that are reset at once, and heads that never end.

use std::time::{Duration, Instant};

use portcullis_load::Target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::connections::tls;
use crate::experiment::Outcome;
use crate::flood::after;
use crate::frames::{endless_head, more_of_it, preface, reset};
use crate::machine::files;
use crate::world::World;

/// Callers at once.
const CALLERS: usize = 8;
/// Streams that one connection resets at most, and frames that it adds to a head at most (64 MB): a server that bears so
/// many bears any number.
const STREAMS: u32 = 20_000;
const FRAMES: usize = 4_000;
/// How long one connection is kept up.
const LONGEST: Duration = Duration::from_secs(20);

/// What one connection came to: how much it could send until it was let go, or that it never was.
type Ended = Option<usize>;

/// Sends until the server hangs up, and counts.
async fn until_let_go(target: Target, mut next: impl FnMut(usize) -> Option<Vec<u8>>) -> std::io::Result<Ended> {
    let stream = tls(&target, &[b"h2"]).await?;
    let (mut reading, mut writing) = tokio::io::split(stream);
    let mut listening = tokio::spawn(async move {
        let mut some = [0; 4096];
        while reading.read(&mut some).await.is_ok_and(|count| count > 0) {}
    });
    writing.write_all(&preface()).await?;
    let mut sent = 0;
    while let Some(bytes) = next(sent) {
        tokio::select! {
            _ = &mut listening => return Ok(Some(sent)),
            written = writing.write_all(&bytes) => if written.is_err() { return Ok(Some(sent)) },
        }
        sent += 1;
    }
    // Everything is sent; now it is the server's turn.
    let let_go = tokio::time::timeout(LONGEST, listening).await.is_ok();
    Ok(let_go.then_some(sent))
}

/// Holds one of both: every caller begins again as soon as it is let go.
fn held(world: &World, what: &'static str, next: fn(usize) -> Option<Vec<u8>>) -> Outcome {
    let server = world.serve(&world.default_set(), &[]);
    let target = world.target(&server);
    let questions = world.questions(&target);
    let before = files(&server);
    let lasts = world.either(Duration::from_secs(2), Duration::from_secs(15));
    let seen = world.load(&target, &questions).during(|notes| {
        let memory = server.resources().map_or(0, |resources| resources.memory >> 20);
        let until = Instant::now() + lasts;
        let ended = world.runtime.block_on(async {
            let mut callers = JoinSet::new();
            for _ in 0..CALLERS {
                let target = target.clone();
                callers.spawn(async move {
                    let mut ended = Vec::new();
                    while Instant::now() < until {
                        match until_let_go(target.clone(), next).await {
                            Ok(one) => ended.push(one),
                            // No connection, or none that lasts: the next one tells.
                            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                        }
                    }
                    ended
                });
            }
            callers.join_all().await.concat()
        });
        let most = ended.iter().flatten().max().copied().unwrap_or_default();
        let later = server.resources().map_or(0, |resources| resources.memory >> 20);
        notes.remarks.push(format!("{} connections let go, after {most} {what} at most", ended.len()));
        notes.remarks.push(format!("{memory} MiB before, {later} MiB after"));
        if ended.is_empty() || ended.contains(&None) {
            notes.complaints.push("a connection was never let go".into());
        }
    });
    Outcome::Held(after(seen, &server, before))
}

pub fn rapid_reset(world: &World) -> Outcome {
    held(world, "resets", |sent| {
        let stream = u32::try_from(sent).ok().filter(|sent| *sent < STREAMS)?;
        Some(reset(stream * 2 + 1))
    })
}

pub fn continuations(world: &World) -> Outcome {
    held(world, "frames", |sent| match sent {
        0 => Some(endless_head(1)),
        _ => (sent < FRAMES).then(|| more_of_it(1)),
    })
}
