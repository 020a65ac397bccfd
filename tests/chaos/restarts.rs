//! Replicas that are killed, and replicas that are restarted in order.

use std::thread::sleep;
use std::time::Duration;

use portcullis_load::Server;

use crate::balancer::Balancer;
use crate::experiment::Outcome;
use crate::row::Permits;
use crate::world::{Load, World};

/// How long the place of a killed replica is empty.
const EMPTY: Duration = Duration::from_secs(1);
/// How late a balancer hears that a replica is not ready any more; less than the time for which a server that was told to end
/// still takes connections.
const HEARSAY: Duration = Duration::from_millis(500);
/// How long a server may take to end in order.
const ORDERLY: Duration = Duration::from_secs(60);

/// Two replicas behind a balancer.
struct Pair {
    set: String,
    replicas: [Option<Server>; 2],
    balancer: Balancer,
}

impl Pair {
    fn start(world: &World) -> Self {
        let set = world.default_set();
        let replicas = [(); 2].map(|()| world.serve(&set, &[]));
        let balancer = Balancer::start(&world.runtime, &[replicas[0].reviews, replicas[1].reviews]);
        Self { set, replicas: replicas.map(Some), balancer }
    }

    fn load<'a>(&self, world: &'a World) -> Load<'a> {
        let target = world.target(self.replicas[0].as_ref().expect("a replica")).through(self.balancer.address);
        let questions = world.questions(&target);
        world.load(&target, &questions)
    }

    /// Takes one out of its place; where it was.
    fn take(&mut self, at: usize) -> (Server, (std::net::SocketAddr, std::net::SocketAddr)) {
        let server = self.replicas[at].take().expect("a replica");
        let place = (server.reviews, server.ops);
        (server, place)
    }
}

/// One of two is gone without a word.
pub fn kill_one(world: &World) -> Outcome {
    let mut pair = Pair::start(world);
    let load = Load { permits: Permits { lost_one_in: 2, ..Permits::default() }, ..pair.load(world) };
    Outcome::Held(load.during(|notes| {
        let (server, place) = pair.take(0);
        server.kill();
        notes.broken();
        sleep(EMPTY);
        pair.replicas[0] = Some(world.again(&pair.set, place));
    }))
}

/// Both are gone at once.
pub fn kill_both(world: &World) -> Outcome {
    let mut pair = Pair::start(world);
    let load = Load { permits: Permits { lost_one_in: 2, ..Permits::default() }, ..pair.load(world) };
    Outcome::Held(load.during(|notes| {
        let gone = [0, 1].map(|at| pair.take(at));
        let places = gone.map(|(server, place)| {
            server.kill();
            place
        });
        notes.broken();
        let mut back = places.into_iter().map(|place| Some(world.again(&pair.set, place)));
        pair.replicas = [back.next().flatten(), back.next().flatten()];
    }))
}

/// Each in its turn is told to end and comes back; nothing is lost.
pub fn rolling(world: &World) -> Outcome {
    let mut pair = Pair::start(world);
    let load = pair.load(world);
    Outcome::Held(load.during(|notes| {
        for at in 0..2 {
            let (server, place) = pair.take(at);
            std::thread::scope(|scope| {
                let ending = scope.spawn(|| server.terminate(ORDERLY));
                sleep(HEARSAY);
                pair.balancer.set(at, false);
                match ending.join().expect("no panic") {
                    Some(0) => {}
                    status => notes.complaints.push(format!("it ended with {status:?}")),
                }
            });
            pair.replicas[at] = Some(world.again(&pair.set, place));
            pair.balancer.set(at, true);
        }
    }))
}
