//! Every promise of the breakers.

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const RULES: BreakerRules = BreakerRules { faults: 3, rest: SECOND };

struct World {
    breakers: Arc<Breakers>,
    said: Arc<Said>,
    began: Instant,
}

#[derive(Default)]
struct Said(Mutex<Vec<String>>);

impl BreakerWatcher for Said {
    fn opened(&self, policy: &Called, namespace: &str, message: &str) {
        self.0.lock().expect("whole").push(format!("opened {} in {namespace}: {message}", policy.1));
    }

    fn closed(&self, policy: &Called, namespace: &str, why: &str) {
        self.0.lock().expect("whole").push(format!("closed {} in {namespace}, because {why}", policy.1));
    }

    fn open(&self, policy: &Called, count: usize) {
        self.0.lock().expect("whole").push(format!("{count} of {}", policy.1));
    }
}

fn called(policy: &str) -> Called {
    ("set".into(), policy.into())
}

impl World {
    fn new() -> Self {
        let said = Arc::new(Said::default());
        let breakers = Breakers::new(RULES, Some(Arc::clone(&said) as Arc<dyn BreakerWatcher>));
        Self { breakers: Arc::new(breakers), said, began: Instant::now() }
    }

    /// Calls a policy where its breaker lets it; whether it was called.
    fn call(&self, policy: &str, namespace: &str, after: Duration, faults: bool) -> bool {
        let (policy, now) = (called(policy), self.began + after);
        let subject = Subject { policy: &policy, plugin: "p@sha256:1", namespace };
        let trial = match self.breakers.admit(subject, now) {
            Admission::Refused { .. } => return false,
            Admission::Call => None,
            Admission::Trial(trial) => Some(trial),
        };
        match faults {
            true => self.breakers.faulted(subject, trial.as_ref(), FailureKind::Trap, "it trapped", now),
            false => self.breakers.judged(subject, trial.as_ref()),
        }
        true
    }

    /// Faults as often as it takes until its breaker opens.
    fn open(&self, policy: &str, namespace: &str, after: Duration) {
        for _ in 0..RULES.faults {
            assert!(self.call(policy, namespace, after, true));
        }
    }

    fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.said.0.lock().expect("whole"))
    }
}

#[test]
fn forgets_what_is_in_no_set_any_more_and_what_nobody_asks_for() {
    let world = World::new();
    world.open("bad", "shop", Duration::ZERO);
    world.said();
    world.breakers.keep(&Sets::default(), world.began);
    let gone = "closed bad in shop, because it is in no policy set any more, or its plugin is another one";
    assert_eq!(world.said(), ["0 of bad", gone]);
    assert!(world.call("bad", "shop", Duration::ZERO, true), "it begins anew");
    assert_eq!(world.breakers.remembered.load(Ordering::SeqCst), 1);
}

#[test]
fn opens_after_faults_in_a_row_and_closes_after_a_trial_that_judges() {
    let world = World::new();
    assert!((0..3).all(|_| world.call("bad", "shop", Duration::ZERO, true)));
    assert_eq!(world.said(), ["1 of bad", "opened bad in shop: it trapped"]);
    assert!(!world.call("bad", "shop", SECOND / 2, false), "it rests");
    assert!(world.call("bad", "shop", SECOND, false), "the trial");
    assert_eq!(world.said(), ["0 of bad", "closed bad in shop, because a trial judged"]);
    assert!(world.call("bad", "shop", SECOND, true), "one fault is none of three in a row");
    assert_eq!(world.breakers.remembered.load(Ordering::SeqCst), 1);
}

#[test]
fn counts_only_faults_in_a_row() {
    let world = World::new();
    for _ in 0..10 {
        assert!(world.call("bad", "shop", Duration::ZERO, true) && world.call("bad", "shop", Duration::ZERO, true));
        assert!(world.call("bad", "shop", Duration::ZERO, false));
    }
    assert_eq!(world.said(), [""; 0]);
}

#[test]
fn takes_a_policy_away_from_nobody_but_the_namespace_whose_objects_it_faults_at() {
    let world = World::new();
    world.open("bad", "attacker", Duration::ZERO);
    assert!(!world.call("bad", "attacker", Duration::ZERO, false));
    assert!(world.call("bad", "victim", Duration::ZERO, false), "another namespace");
    assert!(world.call("good", "attacker", Duration::ZERO, false), "another policy");
    let (policy, now) = (called("bad"), world.began);
    let newer = Subject { policy: &policy, plugin: "p@sha256:2", namespace: "attacker" };
    assert!(matches!(world.breakers.admit(newer, now), Admission::Call), "another plugin under the same name");
}

#[test]
fn tries_once_at_a_time_and_rests_longer_after_each_trial_that_faults() {
    let world = World::new();
    world.open("bad", "shop", Duration::ZERO);
    let policy = called("bad");
    let subject = Subject { policy: &policy, plugin: "p@sha256:1", namespace: "shop" };
    let mut at = SECOND;
    for rest in [2, 4, 8, 16, 16, 16] {
        let now = world.began + at;
        let trial = trial_of(world.breakers.admit(subject, now));
        assert!(matches!(world.breakers.admit(subject, now), Admission::Refused { .. }), "one trial at a time");
        world.breakers.faulted(subject, Some(&trial), FailureKind::Timeout, "it spent its 50 ms", now);
        let early = world.breakers.admit(subject, now + SECOND * rest - SECOND / 10);
        let Admission::Refused { kind, message } = early else { unreachable!("it rests {rest} s") };
        assert_eq!(kind, FailureKind::Timeout);
        assert!(message.ends_with("the last time it spent its 50 ms"), "{message}");
        at += SECOND * rest;
    }
}

fn trial_of(admission: Admission) -> Trial {
    match admission {
        Admission::Trial(trial) => trial,
        other => unreachable!("no trial: {other:?}"),
    }
}

#[test]
fn waits_for_no_trial_that_is_lost() {
    let world = World::new();
    world.open("bad", "shop", Duration::ZERO);
    let (policy, now) = (called("bad"), world.began + SECOND);
    let subject = Subject { policy: &policy, plugin: "p@sha256:1", namespace: "shop" };
    let lost = trial_of(world.breakers.admit(subject, now));
    assert!(matches!(world.breakers.admit(subject, now), Admission::Refused { .. }));
    // Its caller has gone, or its deadline passed before it could show anything.
    drop(lost);
    let next = trial_of(world.breakers.admit(subject, now));
    world.breakers.judged(subject, Some(&next));
    // Open once more, with a trial under way: the one that is over takes nothing from it.
    world.open("bad", "shop", SECOND);
    let other = trial_of(world.breakers.admit(subject, now + SECOND));
    drop(next);
    assert!(matches!(world.breakers.admit(subject, now + SECOND), Admission::Refused { .. }));
    drop(other);
}

#[test]
fn takes_nothing_for_a_trial_that_began_before_it_opened() {
    let world = World::new();
    let (policy, now) = (called("bad"), world.began);
    let subject = Subject { policy: &policy, plugin: "p@sha256:1", namespace: "shop" };
    assert!(matches!(world.breakers.admit(subject, now), Admission::Call));
    world.open("bad", "shop", Duration::ZERO);
    world.breakers.judged(subject, None);
    assert!(matches!(world.breakers.admit(subject, now), Admission::Refused { .. }));
    world.breakers.faulted(subject, None, FailureKind::Trap, "it trapped", now + SECOND / 2);
    trial_of(world.breakers.admit(subject, now + SECOND));
}

#[test]
fn counts_every_fault_of_many_threads_and_opens_once() {
    for _ in 0..200 {
        let world = World::new();
        let called = std::thread::scope(|scope| {
            let call = || world.call("bad", "shop", Duration::ZERO, true);
            let threads: Vec<_> = (0..5).map(|_| scope.spawn(call)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).filter(|called| *called).count()
        });
        // Those that began before it opened go on.
        assert!((3..=5).contains(&called), "{called}");
        assert_eq!(world.said(), ["1 of bad", "opened bad in shop: it trapped"]);
        let trials = std::thread::scope(|scope| {
            let call = || world.call("bad", "shop", SECOND, true);
            let threads: Vec<_> = (0..5).map(|_| scope.spawn(call)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).filter(|called| *called).count()
        });
        assert_eq!(trials, 1);
    }
}

#[test]
fn forgets_what_nobody_asks_for_so_that_nothing_is_shown_as_open_for_ever() {
    let world = World::new();
    world.open("bad", "gone", Duration::ZERO);
    assert!(world.call("good", "shop", FORGOTTEN - SECOND, false));
    assert_eq!(world.said(), ["1 of bad", "opened bad in gone: it trapped"]);
    assert!(world.call("good", "shop", FORGOTTEN + SWEEP, false));
    assert_eq!(world.said(), ["0 of bad", "closed bad in gone, because nobody asked for it any more"]);
    assert_eq!(world.breakers.remembered.load(Ordering::SeqCst), 0);
    // Who is still refused is not forgotten.
    world.open("bad", "shop", FORGOTTEN);
    let policy = called("bad");
    let subject = Subject { policy: &policy, plugin: "p@sha256:1", namespace: "shop" };
    let trial = trial_of(world.breakers.admit(subject, world.began + FORGOTTEN + SECOND));
    assert!(!world.call("bad", "shop", FORGOTTEN * 3, false), "its trial is under way");
    drop(trial);
}

#[test]
fn never_opens_where_nobody_wants_it_and_remembers_a_bounded_number() {
    let never = Arc::new(Breakers::new(BreakerRules { faults: 0, ..RULES }, None));
    let (policy, now) = (called("bad"), Instant::now());
    for _ in 0..100 {
        let subject = Subject { policy: &policy, plugin: "p", namespace: "shop" };
        assert!(matches!(never.admit(subject, now), Admission::Call));
        never.faulted(subject, None, FailureKind::Trap, "it trapped", now);
    }
    let world = World::new();
    world.open("bad", "open", Duration::ZERO);
    for number in 0..REMEMBERED + 10 {
        world.call("bad", &format!("namespace-{number}"), SECOND / 10, true);
    }
    assert_eq!(world.breakers.remembered.load(Ordering::SeqCst), REMEMBERED);
    assert!(!world.call("bad", "open", SECOND / 2, false), "an open one stays where closed ones can go");
}
