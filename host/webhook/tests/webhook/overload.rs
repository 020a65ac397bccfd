//! Too much to do, and policies that fault: who is served, who is turned away, and by what effect.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use portcullis_cluster::Namespaces;
use portcullis_document::{ReadLimits, read_yaml};
use portcullis_gate::{BreakerRules, Gate};
use portcullis_model::{Facts, Source};
use portcullis_policies::RateLimits;
use portcullis_webhook::{Webhook, WebhookConfig, metrics};
use serde_json::{Value, json};

use crate::world::{Silent, ask, call, config, message, policy, response, review, sets, spec, webhook_with};

/// One counter or gauge by its name and labels as they are written; other tests of this process count, too.
fn metric(series: &str) -> u64 {
    let text = metrics::install("1.2.3", "abc").expect("metrics").render();
    text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok()).unwrap_or_default()
}

/// One set that is asked alone.
async fn ask_set(webhook: &Webhook, set: &'static str, timeout: &'static str, namespace: &str) -> Value {
    let mut call = call(review(namespace).to_string());
    (call.policy_set, call.timeout) = (Some(set), Some(timeout));
    response(&webhook.answer(call).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn judges_one_namespace_while_the_storm_of_another_is_shed_a50_a54() {
    let config = WebhookConfig { workers: 1, queue: 4, ..config() };
    let specs = [spec(&[policy("burns", "")]), spec(&[policy("loud", "")])];
    let webhook = webhook_with(&[&specs[0], &specs[1]], Arc::new(Facts::none()), config);
    let (told, mut codes) = tokio::sync::mpsc::unbounded_channel();
    let before = metric(r#"portcullis_shed_total{policy_set="a",reason="queue_full",verdict="deny"}"#);
    let storm: Vec<_> = (0..20)
        .map(|_| {
            let (webhook, told) = (Arc::clone(&webhook), told.clone());
            tokio::spawn(async move {
                let answer = ask_set(&webhook, "a", "8s", "shop").await;
                let _ = told.send(answer["status"]["code"].as_u64());
            })
        })
        .collect();
    // One of them burns a thread and four wait; everybody else is told so at once.
    for _ in 0..15 {
        assert_eq!(codes.recv().await, Some(Some(429)));
    }
    // Another namespace finds a place, a thread, and its judgement.
    for _ in 0..10 {
        let answer = ask_set(&webhook, "b", "60s", "bare").await;
        assert_eq!(answer["status"]["code"], 403, "{answer}");
    }
    assert!(storm.iter().any(|one| !one.is_finished()), "the storm is not over");
    let shed = metric(r#"portcullis_shed_total{policy_set="a",reason="queue_full",verdict="deny"}"#);
    assert!(shed >= before + 15, "{shed} after {before}");
    for one in storm {
        one.await.expect("an answer");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_the_labels_once_more_where_overload_would_let_in_by_them_a18_a50() {
    let config = WebhookConfig { workers: 1, queue: 1, ..config() };
    let webhook = webhook_with(&[&spec(&[policy("burns", "")])], Arc::new(Facts::none()), config);
    let all: Vec<_> = (0..8)
        .map(|_| {
            let webhook = Arc::clone(&webhook);
            tokio::spawn(async move { ask_set(&webhook, "a", "3s", "play").await })
        })
        .collect();
    let mut shed = 0;
    for one in all {
        let answer = one.await.expect("an answer");
        // Whoever had a place and no thread in all that time was not shed: his time was over, and his labels were never read.
        if answer["status"]["code"] == 504 {
            continue;
        }
        assert_eq!((&answer["allowed"], &answer["auditAnnotations"]["modes"]), (&json!(true), &json!("a=sandbox")));
        let words = "nothing was judged, 1 policy is left out: 1 reviews are waiting already";
        shed += usize::from(answer["warnings"][0].as_str().is_some_and(|warning| warning.starts_with(words)));
    }
    assert!(shed >= 6, "{shed}");
}

/// A review at which `fragile` breaks.
fn breaking(namespace: &str) -> Value {
    let mut review = review(namespace);
    review["request"]["object"]["spec"]["name"] = json!("x");
    review
}

fn with_breakers(policies: &[String], rest: Duration) -> Arc<Webhook> {
    let config = WebhookConfig { breakers: BreakerRules { faults: 3, rest }, ..config() };
    webhook_with(&[&spec(policies)], Arc::new(Facts::none()), config)
}

#[tokio::test]
async fn leaves_out_a_policy_that_faults_again_and_again_and_goes_on_with_the_others_a51_a60() {
    let webhook = with_breakers(&[policy("fragile", ""), policy("loud", "")], Duration::from_secs(3_600));
    for _ in 0..3 {
        let answer = ask(&webhook, &breaking("shop")).await;
        assert!(message(&answer).contains("`a/fragile` not judged (trap): plugin `fragile` trapped"), "{answer}");
    }
    let answer = ask(&webhook, &review("shop")).await;
    let words = "policy `a/fragile` not judged (trap): was not called: it failed 3 times in a row in this namespace and rests until a trial shows that it judges again; the last time plugin `fragile` trapped";
    assert!(message(&answer).contains(words), "{answer}");
    assert!(message(&answer).contains("policy `a/loud`, rule `broken`"), "{answer}");
    // Nobody else loses the policy by it.
    let other = ask(&webhook, &review("bare")).await;
    assert!(!message(&other).contains("fragile") && message(&other).contains("a/loud"), "{other}");
}

#[tokio::test]
async fn applies_what_the_policy_declares_while_it_rests_and_says_so_a51() {
    let mild = policy("fragile", ", onError: {compliance: warn}");
    let webhook = with_breakers(&[mild], Duration::from_secs(3_600));
    for _ in 0..4 {
        let answer = ask(&webhook, &breaking("shop")).await;
        assert_eq!(answer["allowed"], true);
        assert!(answer["warnings"][0].as_str().expect("a warning").contains("`a/fragile` not judged (trap)"));
    }
    let told = ask(&webhook, &review("shop")).await["warnings"][0].to_string();
    assert!(told.contains("was not called: it failed 3 times in a row"), "{told}");
}

#[tokio::test]
async fn calls_a_policy_again_once_a_trial_has_judged_a51() {
    let rest = Duration::from_millis(1);
    let trying = policy("fragile", "").replacen("fragile", "tried", 1);
    let webhook = with_breakers(&[trying], rest);
    let open = r#"portcullis_breaker_open{policy_set="a",policy="tried"}"#;
    let opened = r#"portcullis_breaker_opened_total{policy_set="a",policy="tried"}"#;
    assert_eq!((metric(open), metric(opened)), (0, 0));
    for _ in 0..3 {
        ask(&webhook, &breaking("shop")).await;
    }
    assert_eq!((metric(open), metric(opened)), (1, 1));
    tokio::time::sleep(rest * 20).await;
    assert_eq!(ask(&webhook, &review("shop")).await["allowed"], true, "the trial");
    assert_eq!((metric(open), metric(opened)), (0, 1));
    for _ in 0..2 {
        let answer = ask(&webhook, &breaking("shop")).await;
        assert!(message(&answer).contains("trapped"), "{answer}");
    }
    assert_eq!((metric(open), metric(opened)), (0, 1), "it counts anew");
}

#[tokio::test]
async fn forgets_the_breaker_of_a_policy_that_is_gone_with_its_set() {
    let left = policy("fragile", "").replacen("fragile", "left", 1);
    let webhook = with_breakers(&[left], Duration::from_secs(3_600));
    for _ in 0..3 {
        ask(&webhook, &breaking("shop")).await;
    }
    let open = r#"portcullis_breaker_open{policy_set="a",policy="left"}"#;
    webhook.tidy();
    assert_eq!(metric(open), 1, "a reload of the same changes nothing");
    webhook.gate().replace(sets(&[&spec(&[policy("content", "")])]));
    webhook.tidy();
    assert_eq!(metric(open), 0);
}

#[tokio::test]
async fn blames_no_policy_for_what_was_shed() {
    let blameless = policy("content", "").replacen("content", "blameless", 1);
    let answer = beyond(&spec(&[blameless]), "shop").await;
    assert_eq!(answer["status"]["code"], 429);
    assert_eq!(metric(r#"portcullis_faults_total{policy_set="a",policy="blameless",kind="timeout"}"#), 0);
}

/// The codes of reviews of 2.5 MB each that wait for facts at the same time.
async fn codes_of_waiting(webhook: &Arc<Webhook>, namespaces: &[&str]) -> Vec<Value> {
    let asked = namespaces.iter().map(|namespace| {
        let (webhook, mut review) = (Arc::clone(webhook), review(namespace));
        review["request"]["object"]["metadata"]["annotations"] = json!({"padding": "x".repeat(2_500_000)});
        tokio::spawn(async move {
            let mut call = call(review.to_string());
            call.timeout = Some("5s");
            response(&webhook.answer(call).await)["status"]["code"].clone()
        })
    });
    let mut codes = Vec::new();
    for asked in asked.collect::<Vec<_>>() {
        codes.push(asked.await.expect("an answer"));
    }
    codes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bounds_what_waits_for_a_registry_that_never_answers_a42_a50() {
    let asking = spec(&[policy("asks", ", grants: [signature]")]);
    let webhook = webhook_with(&[&asking], Arc::new(Silent), config());
    let mut codes = codes_of_waiting(&webhook, &["shop", "shop", "shop", "bare"]).await;
    assert_eq!(codes.pop(), Some(json!(500)), "another tenant waits as long as he may");
    codes.sort_by_key(Value::as_u64);
    assert_eq!(codes, [json!(429), json!(500), json!(500)]);
    assert_eq!(codes_of_waiting(&webhook, &["shop"]).await, [json!(500)], "the room is given back");
}

/// Rates by these lines of a spec.
fn rates(spec: &str) -> RateLimits {
    let text =
        format!("{{apiVersion: portcullis.dev/v1alpha1, kind: RateLimits, metadata: {{name: a}}, spec: {spec}}}");
    let document = read_yaml(&Source::new("rates.yaml", text), &ReadLimits::default()).expect("YAML").remove(0);
    RateLimits::parse(&document).unwrap_or_else(|complaints| panic!("{}", complaints[0]))
}

/// Two at once, and then one a minute.
const TINY: &str = "tiers: [{name: tiny, reviewsPerMinute: 1, burst: 2}]";

/// A webhook in front of namespaces with a mode and a tier each.
fn limited(specs: &[&str], limits: &str) -> Arc<Webhook> {
    let labels = |mode: &str, tier: &str| {
        BTreeMap::from([("mode".to_owned(), mode.to_owned()), ("portcullis.dev/tier".to_owned(), tier.to_owned())])
    };
    let namespaces = Namespaces::fixed(BTreeMap::from([
        ("play".to_owned(), labels("sandbox", "tiny")),
        ("shop".to_owned(), labels("compliance", "tiny")),
        ("free".to_owned(), labels("compliance", "unlimited")),
        ("other".to_owned(), labels("compliance", "no such tier")),
    ]));
    let gate = Arc::new(Gate::new(sets(specs), Arc::new(Facts::none())));
    let config = WebhookConfig { rate_limits: Some(rates(limits)), ..config() };
    Webhook::new(gate, namespaces, config).expect("a webhook")
}

#[tokio::test]
async fn turns_away_what_a_namespace_sends_beyond_its_tier_and_nobody_else_a54() {
    let webhook = limited(&[&spec(&[policy("content", "")])], &format!("{{{TINY}}}"));
    for _ in 0..2 {
        assert_eq!(ask(&webhook, &review("shop")).await["allowed"], true);
    }
    let answer = ask(&webhook, &review("shop")).await;
    let status = &answer["status"];
    assert_eq!((&status["code"], &status["reason"]), (&json!(429), &json!("TooManyRequests")));
    assert_eq!(status["details"]["retryAfterSeconds"], 60);
    let words = "the namespace sends more reviews than its tier `tiny` allows, 1 reviews a minute and 2 at once; change less at once, or ask for another tier (the namespace's label `portcullis.dev/tier`)";
    assert!(message(&answer).ends_with(&format!("is denied: 1 policy could not be judged\n- {words}")), "{answer}");
    // Whoever is free, has no tier, is not known, or is in no namespace at all.
    for namespace in ["free", "other", "nowhere", ""] {
        for _ in 0..4 {
            let answer = ask(&webhook, &review(namespace)).await;
            assert_ne!(answer["status"]["code"], 429, "{namespace}: {answer}");
        }
    }
    // Other rates hold from the next review on.
    webhook.limit(rates("{tiers: [{name: tiny, reviewsPerDay: 1000000}]}"));
    assert_eq!(ask(&webhook, &review("shop")).await["allowed"], true);
}

#[tokio::test]
async fn gives_the_default_tier_to_whoever_has_none_of_his_own_a54() {
    let webhook = limited(&[&spec(&[policy("content", "")])], &format!("{{default: tiny, {TINY}}}"));
    for namespace in ["shop", "other", "nowhere"] {
        let mut codes = Vec::new();
        for _ in 0..3 {
            codes.push(ask(&webhook, &review(namespace)).await["status"]["code"].as_u64());
        }
        assert_eq!(codes, [None, None, Some(429)], "{namespace}");
    }
    for namespace in ["free", ""] {
        for _ in 0..4 {
            let answer = ask(&webhook, &review(namespace)).await;
            assert_ne!(answer["status"]["code"], 429, "{namespace}: {answer}");
        }
    }
}

/// The answer to a review beyond the tier of its namespace.
async fn beyond(spec: &str, namespace: &str) -> Value {
    let webhook = limited(&[spec], &format!("{{{TINY}}}"));
    for _ in 0..2 {
        assert_eq!(ask(&webhook, &review(namespace)).await["allowed"], true);
    }
    ask(&webhook, &review(namespace)).await
}

#[tokio::test]
async fn lets_the_set_say_what_overload_does_and_warns_where_it_lets_in_a50_a60() {
    let plain = spec(&[policy("content", "")]);
    assert_eq!(beyond(&plain, "shop").await["status"]["code"], 429, "compliance denies");
    let sandbox = beyond(&plain, "play").await;
    assert_eq!(sandbox["allowed"], true, "sandbox lets in");
    let words =
        "nothing was judged, 1 policy is left out: the namespace sends more reviews than its tier `tiny` allows, ";
    assert!(sandbox["warnings"][0].as_str().expect("a warning").starts_with(words), "{sandbox}");
    assert_eq!(sandbox["warnings"].as_array().map(Vec::len), Some(1));

    let turned = plain.replacen('{', "{onOverload: {sandbox: deny, compliance: warn}, ", 1);
    assert_eq!(beyond(&turned, "play").await["status"]["code"], 429);
    let shed = r#"portcullis_shed_total{policy_set="a",reason="rate_limited",verdict="allow"}"#;
    let before = metric(shed);
    let let_in = beyond(&turned, "shop").await;
    assert_eq!((&let_in["allowed"], &let_in["status"]), (&json!(true), &Value::Null));
    assert!(let_in["warnings"][0].as_str().expect("a warning").starts_with(words), "{let_in}");
    assert_eq!(let_in["auditAnnotations"]["verdicts"], "a=allow");
    assert_eq!(let_in["auditAnnotations"]["not-judged"], "a=rate_limited");
    assert!(metric(shed) > before);

    // A deadline is no overload: there `onError` holds.
    let slow = format!("{{onOverload: {{compliance: warn}}, policies: [{}]}}", policy("burns", ""));
    let webhook = webhook_with(&[&slow], Arc::new(Facts::none()), config());
    assert_eq!(ask_set(&webhook, "a", "1s", "shop").await["status"]["code"], 504);
}
