//! A source that remembers and one that does not give the same fact, as long as what is remembered may stand; random, and the same in every run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_evidence::{REMEMBER_DENIED, REMEMBER_FAILING, REMEMBER_NOTHING, REMEMBER_VERIFIED, Trust};
use portcullis_model::{Fact, FactError, FactStatus, NodeId};
use portcullis_support::{FakeRegistry, Reply, Sample, index};
use rcgen::KeyPair;

use crate::instance::p256;
use crate::world::{NAME, World, app, attach, load, name, rule, signature};

const SEQUENCES: u64 = 12;
const STEPS: usize = 60;
/// Time passes in these, so that nothing ends just when it is asked for: no time in the model is near a multiple.
const TICK: Duration = Duration::from_millis(3_500);

/// A small generator (xorshift64*): the same sequences in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).expect("31 bits") % limit
    }
}

/// What somebody is told: status and document, or an error.
type Told = Result<(FactStatus, Option<String>), String>;

fn told(answer: Result<Fact, FactError>) -> Told {
    let text = |fact: Fact| (fact.status, fact.document.map(|document| document.to_json(NodeId::ROOT)));
    answer.map(text).map_err(|error| error.message)
}

/// For how long an answer may stand, as the documentation says it.
fn stands(told: &Told) -> Duration {
    match told {
        Ok((FactStatus::Verified, _)) => REMEMBER_VERIFIED,
        Ok(_) => REMEMBER_NOTHING,
        Err(message) if message.contains("(403") => REMEMBER_DENIED,
        Err(_) => REMEMBER_FAILING,
    }
}

/// What the registry shows at the moment.
#[derive(Default)]
struct Shown {
    /// Signatures that are there, by image and key.
    signatures: BTreeSet<(usize, usize)>,
    /// What it says instead, at a bad time.
    bad: Option<u16>,
}

/// Two images, two keys, every signature ready to be shown or taken away.
struct Registry {
    fake: FakeRegistry,
    digests: Vec<String>,
    shown: Arc<Mutex<Shown>>,
}

impl Registry {
    async fn start(keys: &[KeyPair]) -> Self {
        let fake = FakeRegistry::start().await;
        let shown = Arc::<Mutex<Shown>>::default();
        let mut digests = Vec::new();
        for image in 0..2 {
            let subject = app(&image.to_string());
            let digest = fake.push(NAME, None, &subject);
            let all: Vec<Sample> = keys.iter().map(|key| attach(&fake, &subject, &signature(&digest, key))).collect();
            let (own, path) = (Arc::clone(&shown), format!("/referrers/{digest}"));
            fake.rule(move |asked| {
                let shown = own.lock().expect("no panic");
                let there = |key: &usize| shown.signatures.contains(&(image, *key));
                asked.path.ends_with(&path).then(|| match shown.bad {
                    Some(status) => Reply::error(status, "BAD"),
                    None => {
                        let list: Vec<_> = (0..all.len()).filter(there).map(|key| all[key].descriptor()).collect();
                        let list = index(&list);
                        Reply::new(200, &list.media_type, &list.bytes)
                    }
                })
            });
            digests.push(digest);
        }
        Self { fake, digests, shown }
    }
}

#[tokio::test]
async fn a_remembered_fact_is_the_fact_as_long_as_it_may_stand_a33_n60() {
    let (mut remembered, mut asked) = (0, 0);
    for seed in 1..=SEQUENCES {
        let (hits, all) = sequence(seed).await;
        remembered += hits;
        asked += all;
    }
    println!("{remembered} of {asked} answers were remembered");
    assert!(remembered * 5 > asked && remembered * 5 < asked * 4, "{remembered} of {asked}: both must be tried");
}

/// How many answers were remembered, of how many.
async fn sequence(seed: u64) -> (usize, usize) {
    let keys = [p256(), p256()];
    let registry = Registry::start(&keys).await;
    let evidence = || World::evidence(&registry.fake.host());
    let world = World::of(evidence());
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut revoked = [false; 2];
    let trust = |which: usize, revoked: bool| -> Arc<Trust> {
        let mut rule = rule(&[("a", &keys[which])]);
        rule.keys[0].revoked = revoked;
        world.store.keep(load(&rule))
    };
    let mut trusts = [trust(0, false), trust(1, false)];
    // What may be remembered: by image and trust, what was told and at which time.
    let mut model: BTreeMap<(usize, String), (Told, Duration)> = BTreeMap::new();
    let (mut now, mut hits, mut all) = (Duration::ZERO, 0, 0);
    for step in 0..STEPS {
        let (image, key) = (chance.below(2), chance.below(2));
        match chance.below(10) {
            0 => drop(registry.shown.lock().expect("no panic").signatures.insert((image, key))),
            1 => drop(registry.shown.lock().expect("no panic").signatures.remove(&(image, key))),
            2 => registry.shown.lock().expect("no panic").bad = [None, None, Some(403), Some(500)][chance.below(4)],
            3 => {
                let ticks = [1, 2, 4, 172][chance.below(4)];
                now += ticks * TICK;
                world.clock.pass(ticks * TICK);
            }
            4 => {
                revoked[key] = !revoked[key];
                trusts[key] = trust(key, revoked[key]);
            }
            _ => {
                let (name, trust) = (name(&registry.fake.host(), &registry.digests[image]), &trusts[key]);
                let fresh = told(world.beside(evidence()).ask(&name, trust).await);
                let before = registry.fake.log().len();
                let answer = told(world.ask(&name, trust).await);
                let sent = registry.fake.log().len() - before;
                let entry = (image, trust.digest().to_owned());
                let standing = model.get(&entry).filter(|(told, since)| now - *since < stands(told));
                all += 1;
                match standing {
                    Some((told, _)) => {
                        hits += 1;
                        assert_eq!(sent, 0, "seed {seed}, step {step}: it was remembered, and nobody need be asked");
                        same(told, &answer, seed, step);
                    }
                    None => {
                        assert!(sent > 0, "seed {seed}, step {step}: nothing was there to be remembered");
                        assert_eq!(answer, fresh, "seed {seed}, step {step}");
                        model.insert(entry, (fresh, now));
                    }
                }
            }
        }
    }
    (hits, all)
}

/// The same status and the same bytes; an error says besides how old it is.
fn same(first: &Told, later: &Told, seed: u64, step: usize) {
    match (first, later) {
        (Err(first), Err(later)) => {
            assert!(later.starts_with(first) && later.contains("(this was looked up"), "{seed}, {step}: {later}");
        }
        (first, later) => assert_eq!(first, later, "seed {seed}, step {step}"),
    }
}
