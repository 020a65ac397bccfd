//! Load against the bare server: every review is sent at its time, counted once, and its time counts from when it was due.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis_load::{
    Answered, Authority, Client, Fleet, Plan, Question, Summary, Target, learn, pod, run, serve_bare,
};
use tokio::net::TcpListener;

struct Here(PathBuf);

impl Here {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("portcullis-load-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn bare(here: &Here) -> Target {
    let authority = Authority::write(&here.0);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let target = Target::new(listener.local_addr().expect("an address"), &authority.certificate);
    tokio::spawn(async move { serve_bare(listener, &authority.certificate, &authority.key).await });
    target
}

fn pods(number: usize, allowed: bool) -> Arc<Vec<Question>> {
    let question = |n| Question::new(&pod("shop", &format!("web-{n}"), 2, Some("1"), 2_000), allowed);
    Arc::new((0..number).map(question).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_every_review_once_and_reads_its_answer() {
    let here = Here::new("once");
    let target = bare(&here).await;
    let (questions, stop) = (pods(7, true), Arc::new(AtomicBool::new(false)));
    let plan = Plan::new(500.0, Duration::from_secs(1)).over(8);
    let open = Summary::of(&run(&target, &questions, &plan, &stop).await);
    assert_eq!((open.sent, open.right, open.unsent), (500, 500, 0), "{open:?}");
    let closed = Fleet::connect(&target, &questions, &plan).await.as_fast_as_it_goes(&stop).await;
    let closed = Summary::of(&closed);
    assert!(closed.sent > 8 && closed.right == closed.sent && closed.unsent == 0, "{closed:?}");
    let wrong = Summary::of(&run(&target, &pods(1, false), &Plan::new(20.0, Duration::from_secs(1)), &stop).await);
    assert_eq!((wrong.sent, wrong.wrongly_allowed), (20, 20), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_when_it_is_told_to() {
    let here = Here::new("told");
    let target = bare(&here).await;
    let (questions, stop) = (pods(1, true), Arc::new(AtomicBool::new(false)));
    let told = Arc::clone(&stop);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        told.store(true, Ordering::Relaxed);
    });
    let an_hour = Plan::new(100.0, Duration::from_secs(3_600));
    let seen = Summary::of(&run(&target, &questions, &an_hour, &stop).await);
    assert!(seen.sent > 0 && seen.right == seen.sent && seen.unsent == 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_waiting_from_when_a_review_was_due_and_what_was_never_sent() {
    // Takes connections and never answers: each of the two connections waits for all of its patience.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address: SocketAddr = silent.local_addr().expect("an address");
    let here = Here::new("due");
    let authority = Authority::write(&here.0);
    let target = Target::new(address, &authority.certificate);
    let plan = Plan::new(20.0, Duration::from_secs(1)).over(2).waiting(Duration::from_millis(500));
    let seen = run(&target, &pods(1, true), &plan, &Arc::new(AtomicBool::new(false))).await;
    let lost = |answered: &Answered| matches!(answered, Answered::Lost(why) if why.starts_with("no answer within"));
    assert!(seen.sent.len() >= 2 && seen.sent.iter().all(|one| lost(&one.answered)), "{seen:?}");
    assert!(seen.unsent > 0 && seen.unsent + seen.sent.len() as u64 == 20, "{seen:?}");
    // The third found no connection at its time, so it waited for the first before it waited for itself.
    let third = seen.sent.iter().find(|one| one.due == Duration::from_millis(100)).expect("the third");
    assert!(third.took > Duration::from_millis(700), "{third:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn learns_what_a_server_says_and_keeps_it_in_a_file() {
    let here = Here::new("learn");
    let target = bare(&here).await;
    let reviews: Vec<_> = (0..3).map(|n| pod("shop", &format!("web-{n}"), 1, None, 1_000)).collect();
    let learned = learn(&target, &reviews).await.expect("answers");
    let file = here.0.join("questions.jsonl");
    Client::new("none".as_ref(), &here.0.join("tls.crt"), &learned, &file);
    let read = Client::questions(&file).expect("our own file");
    assert_eq!(read.len(), 3);
    assert!(
        read.iter().zip(&learned).all(|(one, other)| one.uid == other.uid && one.allowed && one.body == other.body)
    );
    std::fs::write(&file, "{\"allowed\": true, \"review\": {}}\n").expect("a file");
    let refused = Client::questions(&file).expect_err("no review");
    assert!(refused.ends_with("questions.jsonl: a review without a uid"), "{refused}");
}
