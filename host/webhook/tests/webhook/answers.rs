//! What a caller is told: denials, warnings, and what is wrong with a review that is none.

use std::sync::Arc;

use portcullis_model::Facts;
use serde_json::{Value, json};

use crate::world::{ask, call, config, message, policy, response, review, spec, webhook, webhook_with};

fn annotations(response: &Value) -> Vec<&str> {
    response["auditAnnotations"].as_object().map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// What no policy here wants.
fn lease(namespace: &str) -> Value {
    let mut lease = review(namespace);
    lease["request"]["kind"] = json!({"group": "coordination.k8s.io", "version": "v1", "kind": "Lease"});
    lease["request"]["resource"] = json!({"group": "coordination.k8s.io", "version": "v1", "resource": "leases"});
    lease["request"]["object"] =
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}});
    lease
}

#[tokio::test]
async fn allows_what_no_policy_refuses() {
    let answer = ask(&webhook(&[policy("content", "")]), &review("shop")).await;
    assert_eq!((&answer["allowed"], &answer["warnings"]), (&json!(true), &Value::Null));
    assert_eq!(annotations(&answer), ["decisions", "modes", "policy-sets", "verdicts"]);
    let id = answer["auditAnnotations"]["decisions"].as_str().expect("a text");
    assert!(id.starts_with("a=sha256:") && id.len() == "a=sha256:".len() + 64, "{id}");
    assert_eq!(answer["auditAnnotations"]["modes"], "a=compliance");
    assert!(answer["auditAnnotations"]["policy-sets"].as_str().expect("a text").starts_with("a=sha256:"));
}

#[tokio::test]
async fn denies_by_name_of_policy_rule_and_field() {
    let answer = ask(&webhook(&[policy("loud", "")]), &review("shop")).await;
    assert_eq!(
        (&answer["status"]["code"], &answer["status"]["reason"], &answer["status"]["status"]),
        (&json!(403), &json!("Forbidden"), &json!("Failure"))
    );
    assert_eq!(
        message(&answer),
        "Pod `shop/web` is denied by 1 finding\n\
         - policy `a/loud`, rule `broken` (high), field `spec.containers[0].image`: the image\\u{1b}[31m\\nis wrong"
    );
    assert_eq!(answer["auditAnnotations"]["verdicts"], "a=deny");
}

#[tokio::test]
async fn warns_in_sandbox_and_lets_the_change_in() {
    let answer = ask(&webhook(&[policy("loud", "")]), &review("play")).await;
    assert_eq!(answer["allowed"], true);
    assert_eq!(answer["warnings"][0], "a/loud, broken, spec.containers[0].image: the image\\u{1b}[31m\\nis wrong");
    assert_eq!(answer["auditAnnotations"]["modes"], "a=sandbox");
}

#[tokio::test]
async fn judges_in_compliance_where_nobody_knows_the_namespace() {
    // A18b
    let webhook = webhook(&[policy("loud", "")]);
    for namespace in ["nowhere", "bare"] {
        assert_eq!(ask(&webhook, &review(namespace)).await["allowed"], false, "{namespace}");
    }
}

#[tokio::test]
async fn says_in_a_denial_and_a_warning_that_labels_could_not_be_read() {
    let why = "(the labels of namespace `nowhere` could not be read: \
               the labels that were given name no namespace `nowhere`; compliance holds)";
    let denied = ask(&webhook(&[policy("loud", "")]), &review("nowhere")).await;
    assert!(message(&denied).ends_with(&format!("\n{why}")), "{denied}");
    let warns = policy("loud", ", effect: {compliance: warn}");
    let warned = ask(&webhook(std::slice::from_ref(&warns)), &review("nowhere")).await;
    assert_eq!((&warned["allowed"], &warned["warnings"][0]), (&json!(true), &json!(why)));
    assert_eq!(warned["warnings"].as_array().map(Vec::len), Some(2), "{warned}");

    // Who is known, who is not warned, and whom no policy faces needs no such words.
    for namespace in ["bare", "shop"] {
        let answer = ask(&webhook(&[policy("loud", "")]), &review(namespace)).await;
        assert!(!answer.to_string().contains("could not be read"), "{answer}");
    }
    assert_eq!(ask(&webhook(&[policy("content", "")]), &review("nowhere")).await["warnings"], Value::Null);
    let answer = ask(&webhook(&[policy("loud", "")]), &lease("nowhere")).await;
    assert_eq!(answer.as_object().map(serde_json::Map::len), Some(2), "{answer}");

    // A set that would have been milder says it by itself; nothing is said twice.
    let mild = format!("{{mode: {{namespaceLabel: mode, default: sandbox}}, policies: [{warns}]}}");
    let told = ask(&webhook_with(&[&mild], Arc::new(Facts::none()), config()), &review("nowhere")).await;
    assert_eq!(told.to_string().matches("name no namespace `nowhere`").count(), 1, "{told}");
}

#[tokio::test]
async fn combines_what_each_policy_says_a60() {
    let mild = ", onError: {compliance: warn}";
    let webhook = webhook_with(
        &[
            &spec(&[policy("traps", ""), policy("content", "")]),
            &spec(&[policy("traps", mild), policy("loud", "")]),
            &spec(&[policy("traps", mild)]),
        ],
        Arc::new(Facts::none()),
        config(),
    );
    let all = ask(&webhook, &review("shop")).await;
    assert_eq!(all["status"]["code"], 403, "a finding speaks before a failure");
    let lines: Vec<&str> = message(&all).lines().collect();
    assert_eq!(lines[0], "Pod `shop/web` is denied by 1 finding; 1 policy could not be judged");
    assert!(lines[1].starts_with("- policy `a/loud`") || lines[1].starts_with("- policy `b/loud`"), "{lines:?}");
    assert!(lines[2].starts_with("- policy `a/traps` not judged (trap): "), "{lines:?}");
    let warnings = all["warnings"].as_array().expect("warnings");
    assert!(warnings[0].as_str().expect("a text").starts_with("policy `b/traps` not judged (trap): "), "{warnings:?}");

    let by_set = |name: &'static str| {
        let mut call = call(review("shop").to_string());
        call.policy_set = Some(name);
        webhook.answer(call)
    };
    let failed = response(&by_set("a").await);
    assert_eq!((&failed["status"]["code"], &failed["status"]["reason"]), (&json!(500), &json!("InternalError")));
    assert_eq!(failed["auditAnnotations"]["verdicts"], "a=deny", "only the set that was asked");
    assert_eq!(response(&by_set("c").await)["allowed"], true, "a declared effect");
    let unknown = by_set("x").await;
    assert_eq!(unknown.status, 404);
    let text: Value = serde_json::from_slice(&unknown.body).expect("JSON");
    assert_eq!(text["message"], "there is no policy set `x`; there are `a`, `b`, `c`");
    assert_eq!((&text["kind"], &text["reason"]), (&json!("Status"), &json!("NotFound")));
}

#[tokio::test]
async fn says_nothing_about_what_no_policy_wants() {
    let answer = ask(&webhook(&[policy("loud", "")]), &lease("play")).await;
    assert_eq!(answer.as_object().map(serde_json::Map::len), Some(2), "uid and allowed: {answer}");
}

#[tokio::test]
async fn judges_deletions_and_connections_a12() {
    let webhook = webhook(&[policy("loud", "")]);
    let mut delete = review("shop");
    delete["request"]["operation"] = json!("DELETE");
    delete["request"]["oldObject"] = delete["request"]["object"].take();
    assert!(message(&ask(&webhook, &delete).await).starts_with("DELETE of Pod `shop/web` is denied by 1 finding\n"));
    for (subresource, kind) in [
        ("exec", "PodExecOptions"),
        ("attach", "PodAttachOptions"),
        ("portforward", "PodPortForwardOptions"),
        ("proxy", "PodProxyOptions"),
    ] {
        let mut connect = review("shop");
        let request = &mut connect["request"];
        request["operation"] = json!("CONNECT");
        request["subResource"] = json!(subresource);
        request["kind"]["kind"] = json!(kind);
        request["object"] = json!({"apiVersion": "v1", "kind": kind, "container": "web"});
        let answer = ask(&webhook, &connect).await;
        assert!(message(&answer).starts_with(&format!("CONNECT of {kind} `shop/web` is denied")), "{answer}");
    }
}

#[tokio::test]
async fn judges_a_dry_run_like_any_other_a13() {
    let webhook = webhook(&[policy("loud", "")]);
    let mut dry = review("shop");
    dry["request"]["dryRun"] = json!(true);
    assert_eq!(ask(&webhook, &dry).await, ask(&webhook, &review("shop")).await);
}

#[tokio::test]
async fn tells_what_is_wrong_with_a_review_a58_x16() {
    let webhook = webhook(&[policy("content", "")]);
    let uid = review("shop")["request"]["uid"].clone();
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut review = review("shop");
        change(&mut review);
        review.to_string()
    };
    // Each with the uid, so each is a denial that the user reads.
    let denied = [
        (
            with(&|r| r["request"]["object"] = Value::Null),
            "`/request/object` is missing: a CREATE carries the object, and an empty one cannot be judged",
        ),
        (
            with(&|r| r["request"]["object"] = json!({})),
            "`/request/object` is missing: a CREATE carries the object, and an empty one cannot be judged",
        ),
        (
            with(&|r| r["request"]["operation"] = json!("DELETE")),
            "`/request/oldObject` is missing: a DELETE carries the object as it was",
        ),
        (with(&|r| r["kind"] = json!("Review")), "`Review` is not supported here; it must be `AdmissionReview`"),
        (
            with(&|r| r["apiVersion"] = json!("admission.k8s.io/v2")),
            "`admission.k8s.io/v2` is not supported here; it must be `admission.k8s.io/v1`",
        ),
        (
            with(&|r| r["request"]["operation"] = json!("PATCH")),
            "`PATCH` is not supported here; it must be CREATE, UPDATE, DELETE or CONNECT",
        ),
        (
            review("shop").to_string().replace(r#""image":"nginx""#, r#""image":"a","image":"b""#),
            "the body is not the JSON of an AdmissionReview: the key `image` stands here twice, the first time in line 1, in line 1, column ",
        ),
        (
            review("shop").to_string().replace(r#""nginx""#, &deep),
            "the body is not the JSON of an AdmissionReview: more than ",
        ),
    ];
    for (body, expected) in denied {
        let answer = response(&webhook.answer(call(body)).await);
        assert_eq!(
            (&answer["uid"], &answer["status"]["code"], &answer["status"]["reason"]),
            (&uid, &json!(400), &json!("BadRequest"))
        );
        assert!(message(&answer).starts_with(expected), "{}", message(&answer));
    }
    // Without one, so the API server itself says what happened.
    let failed: [(Vec<u8>, &str); 9] = [
        (b"".to_vec(), "the body is not the JSON of an AdmissionReview: the text ends inside a value"),
        (b"no JSON".to_vec(), "the body is not the JSON of an AdmissionReview: "),
        (
            b"{\"a\":\xff}".to_vec(),
            "the body is not the JSON of an AdmissionReview: the text is not UTF-8 from here on, in line 1, column 6",
        ),
        (b"[]".to_vec(), "the body must be an AdmissionReview, a JSON object"),
        (b"{}".to_vec(), "`` is not supported here; it must be `AdmissionReview`"),
        (
            with(&|r| r["request"] = Value::Null).into(),
            "`/request` must be a map; a null or empty request asks nothing",
        ),
        (with(&|r| r["request"]["uid"] = json!("")).into(), "`/request/uid` is missing: the answer must repeat it"),
        (with(&|r| r["request"]["uid"] = json!(7)).into(), "`/request/uid` must be a string"),
        ("[".repeat(1_000_000).into(), "the body is not the JSON of an AdmissionReview: more than "),
    ];
    for (body, expected) in failed {
        let answer = webhook.answer(call(body)).await;
        let status: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!((answer.status, &status["kind"], &status["reason"]), (400, &json!("Status"), &json!("BadRequest")));
        assert!(status["message"].as_str().expect("a text").starts_with(expected), "{status}");
    }
}

#[tokio::test]
async fn refuses_the_version_before_in_its_own_words() {
    let mut old = review("shop");
    old["apiVersion"] = json!("admission.k8s.io/v1beta1");
    let answer = webhook(&[policy("content", "")]).answer(call(old.to_string())).await;
    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!((answer.status, &body["apiVersion"]), (200, &json!("admission.k8s.io/v1beta1")));
    assert_eq!((&body["response"]["uid"], &body["response"]["allowed"]), (&old["request"]["uid"], &json!(false)));
    assert!(message(&body["response"]).contains("register the webhook with `admissionReviewVersions: [v1]`"));
}

#[tokio::test]
async fn shows_no_value_of_a_secret() {
    let mut secret = review("shop");
    secret["request"]["kind"]["kind"] = json!("Secret");
    secret["request"]["resource"]["resource"] = json!("secrets");
    let twice =
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"p":"aHVudGVyMg==","p":"aHVudGVyMg=="}}"#;
    let body = secret.to_string().replace(&secret["request"]["object"].to_string(), twice);
    let answer = webhook(&[policy("content", "")]).answer(call(body)).await;
    assert!(response(&answer)["status"]["message"].as_str().expect("a text").contains("stands here twice"));
    assert!(!String::from_utf8_lossy(&answer.body).contains("aHVudGVyMg"));
}

#[tokio::test]
async fn bounds_what_a_denial_and_its_warnings_say() {
    let many: Vec<String> =
        (0..40).map(|index| policy("loud", "").replacen("name: loud", &format!("name: loud-{index}"), 1)).collect();
    let webhook = webhook(&many);
    let denied = ask(&webhook, &review("shop")).await;
    let text = message(&denied);
    assert!(text.len() <= 4_096 && text.lines().count() == 12, "{text}");
    assert!(
        text.starts_with("Pod `shop/web` is denied by 40 findings\n") && text.ends_with("\n- and 30 more"),
        "{text}"
    );
    let warned = ask(&webhook, &review("play")).await;
    let warnings = warned["warnings"].as_array().expect("warnings");
    assert_eq!(warnings.len(), 12);
    assert_eq!(warnings[11], "and 29 more that deny nothing");
}

#[tokio::test]
async fn judges_an_update_of_two_large_objects_a50() {
    // Two objects of 1.5 MiB, above the 2 MiB at which others refuse (X04).
    let mut large = review("shop");
    let request = &mut large["request"];
    request["operation"] = json!("UPDATE");
    request["object"]["metadata"]["annotations"] = json!({"blob": "x".repeat(3 << 19)});
    request["oldObject"] = request["object"].clone();
    assert_eq!(ask(&webhook(&[policy("content", "")]), &large).await["allowed"], true);
    let mut wide = review("shop");
    let container = wide["request"]["object"]["spec"]["containers"][0].clone();
    wide["request"]["object"]["spec"]["containers"] = Value::Array(vec![container; 10_000]);
    assert_eq!(ask(&webhook(&[policy("content", "")]), &wide).await["allowed"], true);
}
