//! Load over kept connections: at its time whatever becomes of the earlier ones, or one after the other as fast as it goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};

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
/// A review is sent by a task of the runtime, and one of them panicked.
pub async fn run(target: &Target, questions: &Arc<Vec<Question>>, plan: &Plan, stop: &Arc<AtomicBool>) -> Run {
    let (tell, told) = mpsc::unbounded_channel();
    let told = Arc::new(Mutex::new(told));
    let began = Instant::now();
    let clock = pace(plan.clone(), began, tell, Arc::clone(stop));
    let workers: Vec<_> = (0..plan.connections.max(1))
        .map(|_| {
            let worker = Worker {
                target: target.clone(),
                questions: Arc::clone(questions),
                patience: plan.patience,
                began,
                connection: None,
            };
            // What waits when the time is over has waited for so long that nobody wants it.
            let until = began + plan.duration + plan.patience;
            tokio::spawn(worker.work(Arc::clone(&told), until))
        })
        .collect();
    let mut sent = Vec::new();
    for worker in workers {
        sent.append(&mut worker.await.expect("a worker"));
    }
    let lasted = began.elapsed();
    let due = clock.join().expect("the clock");
    let unsent = due.saturating_sub(sent.len() as u64);
    Run { began, lasted, sent, unsent }
}

/// Says when it is whose time, from a thread that does nothing else; tells how many it was.
fn pace(
    plan: Plan,
    began: Instant,
    tell: mpsc::UnboundedSender<(u64, Duration)>,
    stop: Arc<AtomicBool>,
) -> std::thread::JoinHandle<u64> {
    std::thread::spawn(move || {
        for number in 0..plan.reviews() {
            let due = Duration::from_secs_f64(number as f64 / plan.rate);
            if let Some(early) = due.checked_sub(began.elapsed()) {
                std::thread::sleep(early);
            }
            // Nobody listens any more.
            if stop.load(Ordering::Relaxed) || tell.send((number, due)).is_err() {
                return number;
            }
        }
        plan.reviews()
    })
}

type Due = Arc<Mutex<mpsc::UnboundedReceiver<(u64, Duration)>>>;

/// One connection, made anew where it broke.
struct Worker {
    target: Target,
    questions: Arc<Vec<Question>>,
    patience: Duration,
    began: Instant,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Worker {
    async fn work(mut self, told: Due, until: Instant) -> Vec<Sent> {
        let mut sent = Vec::new();
        loop {
            let next = tokio::time::timeout_at(until.into(), async { told.lock().await.recv().await }).await;
            let Ok(Some((number, due))) = next else { return sent };
            let question = usize::try_from(number).unwrap_or_default() % self.questions.len();
            let answered = match tokio::time::timeout(self.patience, self.ask(question)).await {
                Ok(Ok(answered)) => answered,
                Ok(Err(why)) => {
                    self.connection = None;
                    Answered::Lost(why)
                }
                Err(_) => {
                    self.connection = None;
                    Answered::Lost(format!("no answer within {} s", self.patience.as_secs()))
                }
            };
            let took = self.began.elapsed().saturating_sub(due);
            sent.push(Sent { question, due, took, answered });
        }
    }

    async fn ask(&mut self, question: usize) -> Result<Answered, String> {
        let asked = self.questions[question].clone();
        let kept = match self.connection.take() {
            Some(mut kept) => kept.ready().await.is_ok().then_some(kept),
            None => None,
        };
        let was_kept = kept.is_some();
        let mut connection = match kept {
            Some(kept) => kept,
            None => self.connect().await?,
        };
        let answer = match connection.send_request(self.request(&asked)).await {
            // Never sent, because the other side hung up meanwhile: Go's client, and so the API server, asks again.
            Err(error) if was_kept && error.is_canceled() => {
                connection = self.connect().await?;
                connection.send_request(self.request(&asked)).await
            }
            answer => answer,
        };
        let answer = answer.map_err(|error| format!("no answer: {error}"))?;
        let status = answer.status().as_u16();
        let closes = answer.headers().get("connection").is_some_and(|value| value == "close");
        let body = answer.into_body().collect().await.map_err(|error| format!("half an answer: {error}"))?;
        if !closes {
            self.connection = Some(connection);
        }
        Ok(Answered::read(&asked, status, &body.to_bytes()))
    }

    fn request(&self, asked: &Question) -> Request<Full<Bytes>> {
        Request::post(&self.target.path)
            .header("host", &self.target.name)
            .header("content-type", "application/json")
            .body(Full::new(asked.body.clone()))
            .expect("a path and headers that are such")
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let Target { address, name, tls, .. } = &self.target;
        let stream = TcpStream::connect(address).await.map_err(|error| format!("no connection: {error}"))?;
        stream.set_nodelay(true).map_err(|error| format!("no connection: {error}"))?;
        let name = ServerName::try_from(name.clone()).map_err(|error| error.to_string())?;
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(tls));
        let stream = connector.connect(name, stream).await.map_err(|error| format!("no TLS: {error}"))?;
        let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| format!("no HTTP: {error}"))?;
        tokio::spawn(connection);
        Ok(sender)
    }
}
