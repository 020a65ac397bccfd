//! Answers before the deadline, whatever is slow; shown by what is said, not by a stopwatch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_model::{Answers, Fact, FactSource, FactStatus, Facts, Query, Resolved};
use portcullis_webhook::WebhookConfig;
use serde_json::{Value, json};

use crate::world::{Silent, ask, call, config, message, policy, response, review, spec, webhook, webhook_with};

/// A call that grants this much.
async fn within(webhook: &portcullis_webhook::Webhook, namespace: &str, timeout: &'static str) -> Value {
    let mut call = call(review(namespace).to_string());
    call.timeout = Some(timeout);
    response(&webhook.answer(call).await)
}

#[tokio::test]
async fn names_the_slow_policy_and_denies_before_the_caller_gives_up_a57() {
    let webhook = webhook(&[policy("content", ""), policy("burns", "")]);
    let begun = Instant::now();
    let answer = within(&webhook, "shop", "2s").await;
    // The guest has ten minutes; only the deadline can have ended it.
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_eq!((&answer["status"]["code"], &answer["status"]["reason"]), (&json!(504), &json!("Timeout")));
    let text = message(&answer);
    assert!(text.starts_with("Pod `shop/web` is denied: 1 policy could not be judged\n"), "{text}");
    assert!(text.contains("`a/burns`") && text.contains("(timeout)"), "{text}");
}

#[tokio::test]
async fn lets_a_slow_policy_only_warn_where_its_set_says_so() {
    let webhook = webhook(&[policy("burns", ", onError: {compliance: warn}")]);
    let answer = within(&webhook, "shop", "1s").await;
    assert_eq!(answer["allowed"], true);
    assert!(answer["warnings"][0].as_str().expect("a warning").contains("`a/burns` not judged (timeout)"), "{answer}");
    assert_eq!(within(&webhook, "play", "1s").await["allowed"], true, "sandbox");
}

#[tokio::test]
async fn keeps_what_other_policies_found_beside_a_slow_one_a60() {
    let webhook = webhook(&[policy("loud", ""), policy("burns", "")]);
    let answer = within(&webhook, "shop", "1s").await;
    assert_eq!(answer["status"]["code"], 403);
    let text = message(&answer);
    assert!(text.starts_with("Pod `shop/web` is denied by 1 finding; 1 policy could not be judged\n"), "{text}");
}

#[tokio::test]
async fn caps_whatever_the_caller_grants() {
    let config = WebhookConfig { max_review_time: Duration::from_millis(300), ..config() };
    let webhook = webhook_with(&[&spec(&[policy("burns", "")])], Arc::new(Facts::none()), config);
    assert_eq!(within(&webhook, "shop", "500h").await["status"]["code"], 504);
    assert_eq!(within(&webhook, "shop", "nonsense").await["status"]["code"], 504);
}

#[tokio::test]
async fn judges_without_facts_that_never_come() {
    // X03: the policy that asked fails with its own kind; the other one has judged.
    let grants = ", grants: [signature]";
    let policies = spec(&[policy("loud", ""), policy("asks", grants)]);
    let webhook = webhook_with(&[&policies], Arc::new(Silent), config());
    let answer = within(&webhook, "shop", "1s").await;
    let text = message(&answer);
    assert!(text.contains("denied by 1 finding; 1 policy could not be judged"), "{text}");
    assert!(
        text.contains(
            "`a/asks` not judged (fact): the fact `signature` could not be looked up: the review's time was over"
        ),
        "{text}"
    );
}

#[tokio::test]
async fn asks_for_facts_and_judges_with_them() {
    let facts = portcullis_document::read_json_text(
        r#"{"apiVersion":"portcullis.dev/v1alpha1","kind":"RecordedFacts","facts":[{"kind":"signature","arguments":{},"status":"absent"}]}"#,
        &portcullis_document::ReadLimits::default(),
    );
    let facts = portcullis_subject::facts_from(&facts.expect("JSON")).expect("facts");
    let policies = spec(&[policy("asks", ", grants: [signature]")]);
    let webhook = webhook_with(&[&policies], Arc::new(facts), config());
    assert_eq!(ask(&webhook, &review("shop")).await["allowed"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_away_what_does_not_fit_the_queue_with_the_declared_effect() {
    let config = WebhookConfig { workers: 1, queue: 1, ..config() };
    let strict = spec(&[policy("burns", "")]);
    let webhook = webhook_with(&[&strict], Arc::new(Facts::none()), config.clone());
    let busy = |webhook: &Arc<portcullis_webhook::Webhook>| {
        let webhook = Arc::clone(webhook);
        tokio::spawn(async move { within(&webhook, "shop", "3s").await })
    };
    // One burns, one waits; more than that is turned away at once, with one second to come back in.
    let all: Vec<_> = (0..8).map(|_| busy(&webhook)).collect();
    let mut codes = Vec::new();
    for one in all {
        let answer = one.await.expect("an answer");
        let code = answer["status"]["code"].as_u64().expect("a denial");
        if code == 429 {
            assert_eq!(answer["status"]["details"]["retryAfterSeconds"], 1);
            assert!(message(&answer).contains("`--queue`"), "{answer}");
        }
        codes.push(code);
    }
    // The second one is turned away as well where it comes before a thread has taken the first.
    let late = codes.iter().filter(|code| **code == 504).count();
    assert!((1..=2).contains(&late), "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 429).count(), 8 - late, "{codes:?}");

    let mild = spec(&[policy("burns", ", onError: {compliance: warn}")]);
    let webhook = webhook_with(&[&mild], Arc::new(Facts::none()), config);
    let all: Vec<_> = (0..4).map(|_| busy(&webhook)).collect();
    for one in all {
        assert_eq!(one.await.expect("an answer")["allowed"], true);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_in_time_while_every_thread_is_busy_with_something_else() {
    // X02, A57: the second review is never judged, and nobody waits for the first one's end to say so.
    let config = WebhookConfig { workers: 1, ..config() };
    let webhook = webhook_with(&[&spec(&[policy("burns", "")])], Arc::new(Facts::none()), config);
    let first = {
        let webhook = Arc::clone(&webhook);
        tokio::spawn(async move { within(&webhook, "shop", "5s").await })
    };
    // A second one that comes to the thread before the first is slow itself; the next one finds it taken.
    let mut waited = false;
    for _ in 0..3 {
        let second = within(&webhook, "shop", "1s").await;
        assert!(!first.is_finished());
        assert_eq!(second["status"]["code"], 504);
        waited |= message(&second).contains("the time for the review was over before a thread was free to judge it");
    }
    assert!(waited);
    assert!(message(&first.await.expect("an answer")).contains("`a/burns`"));
}

/// A bug in the host's own code.
struct Broken;

impl FactSource for Broken {
    fn look_up<'a>(&'a self, _: &'a [Query], _: &'a Resolved) -> Answers<'a> {
        Box::pin(async { panic!("a bug") })
    }
}

#[tokio::test]
async fn denies_and_lives_on_when_its_own_code_panics() {
    let policies = spec(&[policy("asks", ", grants: [signature]")]);
    let webhook = webhook_with(&[&policies], Arc::new(Broken), config());
    for _ in 0..2 {
        let answer = within(&webhook, "shop", "10s").await;
        assert_eq!((&answer["allowed"], &answer["status"]["code"]), (&json!(false), &json!(500)));
        assert!(message(&answer).contains("(trap): a bug in Portcullis stopped the judgement; please report it"));
    }
    assert_eq!(within(&webhook, "play", "10s").await["allowed"], true, "its declared effect in sandbox");
}

/// Says of nothing what it is, and counts the look-ups of each review by what that review remembers.
#[derive(Default)]
struct Remembers(std::sync::Mutex<Vec<usize>>);

impl FactSource for Remembers {
    fn look_up<'a>(&'a self, queries: &'a [Query], review: &'a Resolved) -> Answers<'a> {
        let before = (0..).take_while(|number: &usize| review.get(&number.to_string()).is_some()).count();
        review.keep(before.to_string(), Ok("sha256:0".into()));
        self.0.lock().expect("no panic").push(before);
        let absent = |query: &Query| Ok(Fact { query: query.clone(), status: FactStatus::Absent, document: None });
        Box::pin(std::future::ready(queries.iter().map(absent).collect()))
    }
}

#[tokio::test]
async fn all_rounds_and_policy_sets_of_one_review_share_what_names_meant_n48() {
    let policies = [policy("asks", ", grants: [signature]"), policy("asks-too", ", grants: [signature]")].join(", ");
    let at_once = format!("{{mode: {{namespaceLabel: mode}}, policies: [{policies}]}}");
    let in_turn = format!("{{mode: {{namespaceLabel: mode}}, failFast: {{compliance: true}}, policies: [{policies}]}}");
    let facts = Arc::new(Remembers::default());
    for (specs, rounds) in [(&[&*at_once][..], 1), (&[&*in_turn], 2), (&[&*at_once, &*in_turn], 1)] {
        facts.0.lock().expect("no panic").clear();
        let webhook = webhook_with(specs, Arc::clone(&facts) as Arc<dyn FactSource>, config());
        for _ in 0..2 {
            assert_eq!(within(&webhook, "shop", "10s").await["allowed"], true);
        }
        let seen = facts.0.lock().expect("no panic").clone();
        let each: Vec<usize> = (0..rounds).collect();
        assert_eq!(seen, [&*each, &*each].concat(), "the second review knows nothing of the first");
    }
}
