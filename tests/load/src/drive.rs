//! Load over kept connections: at its time whatever becomes of the earlier ones, or one after the other as fast as it goes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::{Answered, Question, Target};

/// What is sent.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Reviews a second, evenly.
    pub rate: f64,
    /// How long.
    pub duration: Duration,
    /// Connections that are kept; so many reviews are under way at most, and further ones wait for one of them.
    pub connections: usize,
    /// How long an answer is waited for, connection included, from when it is sent.
    pub patience: Duration,
}

impl Plan {
    /// So many reviews a second for so long, over as many connections as an API server may have, with its usual timeout.
    pub fn new(rate: f64, duration: Duration) -> Self {
        Self { rate, duration, connections: 64, patience: Duration::from_secs(10) }
    }

    /// The same over so many connections.
    pub fn over(self, connections: usize) -> Self {
        Self { connections, ..self }
    }

    /// The same with other patience.
    pub fn waiting(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    fn reviews(&self) -> u64 {
        (self.rate * self.duration.as_secs_f64()) as u64
    }
}

/// One review that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Which question.
    pub question: usize,
    /// When it was its time, since the beginning.
    pub due: Duration,
    /// From then until its answer was there.
    pub took: Duration,
    /// How much of this it waited for a connection that was free: the client's part.
    pub waited: Duration,
    /// What the answer is worth.
    pub answered: Answered,
}

/// Everything that was sent, in the order of the answers.
#[derive(Debug)]
pub struct Run {
    /// When it began.
    pub began: Instant,
    /// How long it lasted, until the last answer.
    pub lasted: Duration,
    /// Each review.
    pub sent: Vec<Sent>,
    /// Reviews whose time was there when it was over, and which found no connection: the load was more than the client could
    /// send.
    pub unsent: u64,
}

/// Sends the questions in turn as the plan says. Ends with the plan, or as soon as `stop` is set.
///
/// # Panics
/// There is no question.
pub async fn run(target: &Target, questions: &Arc<Vec<Question>>, plan: &Plan, stop: &Arc<AtomicBool>) -> Run {
    Fleet::new(target, questions, plan).at_its_time(stop).await
}

/// As many connections as a plan has.
pub struct Fleet {
    connections: Vec<Connection>,
    questions: Arc<Vec<Question>>,
    plan: Plan,
}

impl Fleet {
    /// Each is made when a review wants it.
    ///
    /// # Panics
    /// There is no question.
    pub fn new(target: &Target, questions: &Arc<Vec<Question>>, plan: &Plan) -> Self {
        assert!(!questions.is_empty(), "nothing to ask");
        let connections = (0..plan.connections.max(1)).map(|_| Connection::new(target)).collect();
        Self { connections, questions: Arc::clone(questions), plan: plan.clone() }
    }

    /// Makes all of them now, and asks one review over each, so that a server takes none for one that never asks.
    ///
    /// # Panics
    /// There is no question.
    pub async fn connect(target: &Target, questions: &Arc<Vec<Question>>, plan: &Plan) -> Self {
        let mut fleet = Self::new(target, questions, plan);
        let mut making = JoinSet::new();
        for mut connection in fleet.connections.drain(..) {
            let (questions, patience) = (Arc::clone(questions), plan.patience);
            making.spawn(async move {
                // Whoever wants it next makes it, and says what is wrong.
                let _ = connection.ask(&questions[0], patience).await;
                connection
            });
        }
        Self { connections: making.join_all().await, ..fleet }
    }

    /// Open loop: each review has its time, and the time of an answer counts from then, whoever was busy (no coordinated
    /// omission).
    pub async fn at_its_time(self, stop: &Arc<AtomicBool>) -> Run {
        let Self { connections, questions, plan } = self;
        let began = Instant::now();
        // What waits when the time is over has waited for so long that nobody wants it.
        let until = began + plan.duration + plan.patience;
        let state = Mutex::new(State { idle: connections, ..State::default() });
        let turn = Arc::new(Turn { state, changed: Notify::new(), questions, patience: plan.patience, began, until });
        let (clock, stop, runtime) = (Arc::clone(&turn), Arc::clone(stop), Handle::current());
        // A thread that does nothing else says when it is whose time.
        std::thread::spawn(move || clock.pace(&plan, &stop, &runtime));
        // No review is under way for longer; only a bug would let us wait until then.
        let most = until + turn.patience + LOOK;
        loop {
            let ended = turn.lock().ended();
            if let Some((due, sent)) = ended.or_else(|| (Instant::now() > most).then(|| turn.lock().given_up())) {
                return Run::of(began, due, sent);
            }
            // Nothing is lost where nobody told us in time: we look.
            let _ = tokio::time::timeout(LOOK, turn.changed.notified()).await;
        }
    }

    /// Closed loop: every connection asks as soon as it has its answer, for as long as the plan says; its rate does not
    /// count. How much a server can do, and not how long anybody would wait.
    pub async fn as_fast_as_it_goes(self, stop: &Arc<AtomicBool>) -> Run {
        let Self { connections, questions, plan } = self;
        let began = Instant::now();
        let until = began + plan.duration;
        let next = Arc::new(AtomicU64::new(0));
        let mut askers = JoinSet::new();
        for mut connection in connections {
            let (questions, next, stop) = (Arc::clone(&questions), Arc::clone(&next), Arc::clone(stop));
            askers.spawn(async move {
                let mut sent = Vec::new();
                while Instant::now() < until && !stop.load(Ordering::Relaxed) {
                    let question = at(next.fetch_add(1, Ordering::Relaxed), &questions);
                    let due = began.elapsed();
                    let answered = connection.ask(&questions[question], plan.patience).await;
                    let took = began.elapsed().saturating_sub(due);
                    sent.push(Sent { question, due, took, waited: Duration::ZERO, answered });
                }
                sent
            });
        }
        let sent = askers.join_all().await.concat();
        Run::of(began, sent.len() as u64, sent)
    }
}

impl Run {
    fn of(began: Instant, due: u64, sent: Vec<Sent>) -> Self {
        let lasted = sent.iter().map(|one| one.due + one.took).max().unwrap_or_default();
        let unsent = due.saturating_sub(sent.len() as u64);
        Self { began, lasted, sent, unsent }
    }
}

/// How often somebody looks whether it is over.
const LOOK: Duration = Duration::from_millis(50);

/// Which question is the one of this number.
fn at(number: u64, questions: &[Question]) -> usize {
    usize::try_from(number).unwrap_or_default() % questions.len()
}

/// An open loop under way.
struct Turn {
    state: Mutex<State>,
    changed: Notify,
    questions: Arc<Vec<Question>>,
    patience: Duration,
    began: Instant,
    until: Instant,
}

#[derive(Default)]
struct State {
    /// Taken and put back at the end, as a client's pool does: few reviews use few connections.
    idle: Vec<Connection>,
    /// Reviews whose time is there, each with its number.
    waiting: VecDeque<(u64, Duration)>,
    /// Connections in use.
    busy: usize,
    sent: Vec<Sent>,
    /// Reviews whose time was there, once no other will be.
    due: Option<u64>,
}

impl State {
    fn ended(&mut self) -> Option<(u64, Vec<Sent>)> {
        let due = self.due.filter(|_| self.busy == 0)?;
        Some((due, std::mem::take(&mut self.sent)))
    }

    fn given_up(&mut self) -> (u64, Vec<Sent>) {
        (self.due.unwrap_or_default(), std::mem::take(&mut self.sent))
    }
}

impl Turn {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pace(self: &Arc<Self>, plan: &Plan, stop: &AtomicBool, runtime: &Handle) {
        let mut due = 0;
        for number in 0..plan.reviews() {
            let time = Duration::from_secs_f64(number as f64 / plan.rate);
            if let Some(early) = time.checked_sub(self.began.elapsed()) {
                std::thread::sleep(early);
            }
            if stop.load(Ordering::Relaxed) {
                break;
            }
            due += 1;
            let mut state = self.lock();
            match state.idle.pop() {
                Some(connection) => {
                    state.busy += 1;
                    drop(state);
                    runtime.spawn(Arc::clone(self).serve(connection, number, time));
                }
                None => state.waiting.push_back((number, time)),
            }
        }
        self.lock().due = Some(due);
        self.changed.notify_one();
    }

    /// Asks this review, and those that wait for a connection meanwhile.
    async fn serve(self: Arc<Self>, mut connection: Connection, mut number: u64, mut due: Duration) {
        loop {
            let question = at(number, &self.questions);
            let waited = self.began.elapsed().saturating_sub(due);
            let answered = connection.ask(&self.questions[question], self.patience).await;
            let took = self.began.elapsed().saturating_sub(due);
            let mut state = self.lock();
            state.sent.push(Sent { question, due, took, waited, answered });
            let next = state.waiting.pop_front().filter(|_| Instant::now() < self.until);
            let Some(next) = next else {
                state.idle.push(connection);
                state.busy -= 1;
                drop(state);
                self.changed.notify_one();
                return;
            };
            drop(state);
            (number, due) = next;
        }
    }
}
