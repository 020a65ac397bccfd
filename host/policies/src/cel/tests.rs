//! CEL: what it means, what is refused, and what it may cost.

use portcullis_model::{Document, NamespaceLabels, Request, Review, Subject, SubjectKind};

use super::*;
use crate::sample::json;

fn review(object: &str) -> Review {
    Review {
        subject: Subject {
            kind_of: SubjectKind::Object,
            api_version: String::new(),
            kind: String::new(),
            namespace: String::new(),
            name: String::new(),
            place: None,
            occurrence: None,
        },
        request: Request { operation: "CREATE".into(), name: "web".into(), ..Request::default() },
        object: (!object.is_empty()).then(|| json(object)),
        old_object: None,
        options: None,
        request_document: None,
        namespace: NamespaceLabels::None,
        mode: None,
        time: 0,
        notices: Vec::new(),
        file: None,
    }
}

fn refused(expression: &str) -> String {
    Condition::compile("c", expression).expect_err(expression).to_string()
}

fn evaluate_in(review: &Review, expression: &str) -> Result<bool, String> {
    let condition = Condition::compile("c", expression).unwrap_or_else(|why| panic!("{expression}: {why}"));
    Judge::new(&Input::new(review)).holds(&condition).map_err(|fault| fault.to_string())
}

const POD: &str = r#"{"metadata":{"name":"web","labels":{"app":"a"}},"spec":{"replicas":3,"ratio":1.5,"big":9007199254740993,
    "flag":true,"nothing":null,"containers":[{"name":"a","image":"docker.io/nginx"},{"name":"b","image":"quay.io/x"}],"memory":"1Gi"}}"#;

fn holds(expression: &str) -> Result<bool, String> {
    evaluate_in(&review(POD), expression)
}

#[test]
fn means_what_cel_means() {
    for expression in [
        "object.metadata.name == 'web'",
        "object['metadata']['name'] == 'web' && has(object.spec) && !has(object.status)",
        "object.spec.containers.all(c, c.image.contains('/'))",
        "object.spec.containers.exists(c, c.image.startsWith('quay.io/'))",
        "object.spec.containers.exists_one(c, c.name == 'a')",
        "object.spec.containers.map(c, c.name) == ['a', 'b']",
        "object.spec.containers.filter(c, c.name != 'a').size() == 1",
        "object.spec.containers.map(c, c.name.size() > 0, c.name)[1] == 'b'",
        "object.spec.?zzz.orValue(1) == 1 && !object[?'status'].hasValue()",
        "!has(oldObject.spec) && !!object.spec.flag && 'a1'.matches(object.metadata.name.replace('web', '[a-z]1'))",
        "'%s-%d'.format(['a', 1]) == 'a-1' && url('https://a.example/b').getHost() == 'a.example'",
        "size(object.spec.containers) == 2 && object.spec.containers[0].name == 'a'",
        "object.spec.replicas == 3 && object.spec.replicas > 2 && object.spec.replicas * 2 - 1 == 5",
        "object.spec.ratio == 1.5 && object.spec.replicas == 3.0 && object.spec.replicas < 3.5",
        "object.spec.big == 9007199254740993 && object.spec.big >= 9007199254740992.0",
        "object.spec.flag && object.spec.nothing == null",
        "'app' in object.metadata.labels && !('x' in object.metadata.labels)",
        "object.metadata.labels.all(key, key.matches('^[a-z]+$'))",
        "oldObject == null",
        "request.operation == 'CREATE' && request.name == 'web' && !has(request.namespace)",
        "request.userInfo.username == '' && !('system:masters' in request.userInfo.groups)",
        "quantity(object.spec.memory).isGreaterThan(quantity('500Mi'))",
        "quantity('1') == quantity('1000m') && isQuantity('1Gi') && !isQuantity('x')",
        "object.metadata.name.upperAscii() == 'WEB' && 'a,b'.split(',') == ['a', 'b'] && ['a', 'b'].join('-') == 'a-b'",
        "sets.contains(['a', 'b'], ['a']) && ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.1.1.1')",
        "semver('1.2.3').isLessThan(semver('1.10.0')) && 'abc'.substring(1) == 'bc' && 'x-y'.replace('-', '+') == 'x+y'",
        "timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-02T00:00:00Z')",
        "duration('1h') > duration('1m') && int('7') == 7 && string(7) == '7' && dyn(1) == 1",
        "'nginx:1.2'.find('[0-9]+') == '1' && 'a1b2'.findAll('[0-9]') == ['1', '2']",
        "{'a': 1}.a == 1 && {'a': [1]} == {'a': [1]} && {'a': 1} != {'a': 2} && [1, 2] + [3] == [1, 2, 3]",
        "[[1, 2], [3]].map(x, x.map(y, y + 1)) == [[2, 3], [4]]",
        "1u == dyn(1) && -1 < 1u && (true ? 1 : 2) == 1 && 7 % 4 == 3 && 7 / 2 == 3",
        "'ä'.size() == 1 && b'abc' == b'abc' && 1 != dyn('1') && null != dyn(false)",
    ] {
        assert_eq!(holds(expression), Ok(true), "{expression}");
    }
}

#[test]
fn lets_a_deciding_side_outweigh_an_error() {
    for expression in [
        "object.zzz || true",
        "true || object.zzz",
        "!(object.zzz && false)",
        "[0, 1].exists(x, 1 / x == 1)",
        "!([0, 2].all(x, 1 / x > 0))",
        "[dyn('a'), dyn(1)].exists(x, x == 1)",
    ] {
        assert_eq!(holds(expression), Ok(true), "{expression}");
    }
    assert_eq!(holds("object.zzz || false"), Err("failed: no such key: zzz; where it may be missing, write `object.?zzz.orValue(..)`, or ask `has(object.zzz)` first".into()));
    assert_eq!(holds("[0, 2].all(x, 1 / x >= 0)"), Err("failed: division by zero".into()));
}

#[test]
fn fails_where_something_is_missing_or_of_another_type() {
    for (expression, why) in [
        (
            "object.spec.zzz == 1",
            "failed: no such key: zzz; where it may be missing, write `object.spec.?zzz.orValue(..)`, or ask `has(object.spec.zzz)` first",
        ),
        ("object.metadata.name.first == 'w'", "failed: no such key: first: there is a string instead of a map"),
        ("oldObject.spec.x == 1", "failed: no such key: spec: there is null instead of a map"),
        ("object.spec.containers[7].name == 'a'", "failed: index out of bounds: 7"),
        ("object.spec.containers[-1].name == 'a'", "failed: index out of bounds: -1"),
        ("object.spec.replicas + dyn('1') == ''", "failed: no such overload"),
        ("object.spec.replicas > dyn('1')", "failed: no such overload"),
        ("9223372036854775807 + object.spec.replicas > 0", "failed: integer overflow"),
        ("object.spec.replicas.exists(x, true)", "failed: got `int`, expected a list or a map"),
        ("object.spec.replicas.startsWith('a')", "failed: no such overload"),
        ("int(object.metadata.name) == 1", "failed: type conversion error from 'string' to 'int'"),
        ("object.metadata.name in object.metadata.name", "failed: no such overload"),
        ("!object.metadata.name", "failed: no such overload"),
    ] {
        assert_eq!(holds(expression), Err(why.into()), "{expression}");
    }
}

#[test]
fn refuses_at_load_what_could_only_fail() {
    for (expression, why, column) in [
        ("objekt.x", "there is no `objekt` here; did you mean `object`?", 1),
        ("zebra", "there is no `zebra` here", 1),
        (
            "authorizer.path('/x').check('get').allowed()",
            "`authorizer` is not known to `matchConditions` here: use `object`, `oldObject` or `request`",
            1,
        ),
        (
            "true || params.x == 1",
            "`params` is not known to `matchConditions` here: use `object`, `oldObject` or `request`",
            9,
        ),
        (
            "namespaceObject.metadata.name == 'x'",
            "`namespaceObject` is not known to `matchConditions` here: use `object`, `oldObject` or `request`",
            1,
        ),
        (
            "variables.x",
            "`variables` is not known to `matchConditions` here: use `object`, `oldObject` or `request`",
            1,
        ),
        ("request.object.spec == 1", "kubernetes.AdmissionRequest has no field `object`: write `object` alone", 9),
        (
            "request.operatoin == 'x'",
            "kubernetes.AdmissionRequest has no field `operatoin`: did you mean `operation`?",
            9,
        ),
        ("object.name.startWith('x')", "there is no function `.startWith()`: did you mean `startsWith`?", 13),
        ("request.name == 1", "`==` cannot be applied to string and int", 14),
        ("'a'.contains() == true", "`contains` takes 1 arguments, not 0", 5),
        ("'a'.matches('(')", "invalid pattern `(`: missing closing )", 13),
        ("'text'", "must evaluate to bool but got string", 1),
        ("[true]", "must evaluate to bool but got list(bool)", 1),
        (
            "object.spec.paused",
            "must evaluate to bool but got dyn, which is not known before it is evaluated; compare it, as in `.. == true`",
            1,
        ),
        ("object.a.map(x, x)", "must evaluate to bool but got list(dyn)", 1),
        ("Foo{a: 1} == 1", "messages cannot be built here: write a map with its keys in quotes", 4),
        ("object.a.exists(x, y)", "there is no `y` here; did you mean `x`?", 20),
    ] {
        let why = format!("does not compile: {why} (line 1, column {column} of the expression)");
        assert_eq!(refused(expression), why, "{expression}");
    }
    assert_eq!(refused(&"a".repeat(8193)), "is longer than 8192 bytes");
    let deep = format!("{}true{}", "(".repeat(251), ")".repeat(251));
    let why = "does not compile: the expression is nested more than 250 deep (line 1, column 252 of the expression)";
    assert_eq!(refused(&deep), why);
    let large = ["'a'.matches('(a{1000}){9}')"; 10].join(" || ");
    let why = "has patterns that take more than 1048576 bytes: use fewer repetitions such as `{100}`";
    assert_eq!(refused(&large), why);
}

#[test]
fn reads_runs_of_signs_as_the_api_server_does() {
    for expression in [
        "!!(object.spec.flag) == true && !(!object.spec.flag) && !(!(!false))",
        "! // a comment\n !object.spec.flag == true",
        "--5 == 5 && - -object.spec.replicas == 3 && 1 in--[1, 2]",
        "-(-object.spec.replicas) == 3 && object.spec.replicas - -1 == 4 && 1 --1 == 2",
        "object.spec.containers.size() - -object.spec.replicas == 5 && [1][0] - -1 == 2 && 1e-1 < 1.0",
        r"'!!' != '--' && '!!' == '!!' && r'\!!' == '\\!!' && '\'!!' != '''-- --'''",
        "\"!!\" == '!!' && b'!!' == b'!!' // !! --",
        "object.metadata.name != 'a' // it's !!\n && !false",
        r"'\x41\u0041\U00000041\101\n' == 'AAAA\n'",
    ] {
        assert_eq!(holds(expression), Ok(true), "{expression}");
    }
}

#[test]
fn survives_expressions_made_to_break_the_parser() {
    let deep = |open: &str, close: &str, times: usize| format!("{}true{}", open.repeat(times), close.repeat(times));
    for expression in [
        deep("(", ")", 4000),
        deep("[", "]", 4000),
        deep("!-", "", 4000),
        deep("true?", ":true", 600),
        deep("size(", ")", 1000),
        format!("object{}", ".a".repeat(4000)),
        format!("object{}", "[0]".repeat(2600)),
        format!("1{}", "+1".repeat(4000)),
        "\u{0}".into(),
        "'".into(),
        "\u{202e}object".into(),
        "9999999999999999999999999 == 1".into(),
        "".into(),
        "// only a comment".into(),
        "has(object)".into(),
        "object.exists(1, true)".into(),
        "{1: 2, }".into(),
        "object.has(x.y)".into(),
        "'\\ud800' == 'a'".into(),
    ] {
        let shown: String = expression.chars().take(30).collect();
        assert!(Condition::compile("c", &expression).is_err(), "{shown}");
    }
}

#[test]
fn ends_what_costs_too_much() {
    let items: Vec<String> = (0..3000).map(|n| format!("{{\"n\":{n}}}")).collect();
    let text = "x".repeat(1_000_000);
    let object = review(&format!(r#"{{"items":[{}],"text":"{text}"}}"#, items.join(",")));
    let spent = "costs more than 1000000 steps on this object";
    let double = (0..60).map(|_| ".map(s, s + s)").collect::<String>();
    for expression in [
        "object.items.all(a, object.items.all(b, a.n + b.n >= 0))".to_owned(),
        "object.items.map(a, object.items.map(b, [a, b])).size() > 0".to_owned(),
        format!("['x']{double}[0].size() > 0"),
        "object.items.all(a, object.text.contains('y') == false)".to_owned(),
        "object.items.all(a, object.text.matches('x*y') == false)".to_owned(),
        "object.items.all(a, object.text.upperAscii() != '')".to_owned(),
        "object.items.all(a, object == object)".to_owned(),
        "object.text.replace('', object.text).size() > 0".to_owned(),
        "object.items.map(i, object.text).join(object.text).size() > 0".to_owned(),
        "object.text.split('').size() > 0 && object.items.all(x, object.text.split('').size() > 0)".to_owned(),
        "sets.contains(object.items, object.items)".to_owned(),
        "object.items.exists(x, sets.equivalent(object.items, object.items) && false) || true && object.items.all(a, object.items.all(b, true))".to_owned(),
    ] {
        let start = std::time::Instant::now();
        let answer = evaluate_in(&object, &expression);
        println!("{:>9.3?}  {expression:.70}", start.elapsed());
        assert_eq!(answer, Err(spent.into()), "{expression}");
    }
}

#[test]
fn does_not_charge_an_honest_condition_on_a_large_object() {
    let items: Vec<String> =
        (0..2000).map(|n| format!(r#"{{"name":"c{n}","image":"registry.example/app:{n}"}}"#)).collect();
    let object = review(&format!(r#"{{"spec":{{"containers":[{}]}}}}"#, items.join(",")));
    for expression in [
        "object.spec.containers.all(c, c.image.matches('^registry[.]example/') && c.name.startsWith('c'))",
        "object.spec.containers.map(c, c.name).size() == 2000",
        "object.spec.containers.filter(c, c.name.endsWith('7')).size() == 200",
    ] {
        assert_eq!(evaluate_in(&object, expression), Ok(true), "{expression}");
    }
}

#[test]
fn shows_the_request_as_kubernetes_does() {
    // A19: who asks is what the API server said, not what an object claims.
    let mut review = review(POD);
    let document: Document = json(
        r#"{"uid":"u","userInfo":{"username":"eve","groups":["dev","system:authenticated"],"extra":{"k":["v"]}},
            "requestKind":{"group":"extensions","version":"v1beta1","kind":"Deployment"},"options":{"kind":"CreateOptions"},
            "requestResource":{"group":"extensions","version":"v1beta1","resource":"deployments"},
            "object":{"secret":true}}"#,
    );
    review.request_document = Some(document);
    for expression in [
        "request.userInfo.username == 'eve' && request.userInfo.extra.k[0] == 'v'",
        "request.requestKind.version == 'v1beta1' && request.options.kind == 'CreateOptions'",
        "!request.userInfo.groups.exists(g, g == 'system:masters')",
        "!has(request.userInfo.uid) && request.requestResource.resource == 'deployments'",
        "dyn(request).requestKind.version == 'v1beta1' && [dyn(request.userInfo)].all(user, user.extra.k[0] == 'v')",
        "has(request.resource) && request.dryRun == false && request.requestKind.group == 'extensions'",
    ] {
        assert_eq!(evaluate_in(&review, expression), Ok(true), "{expression}");
    }
    assert_eq!(
        evaluate_in(&review, "request.resource.resource == 'pods'"),
        Err("failed: no such key: resource; where it may be missing, read it as `.?resource.orValue(..)`, or ask `has(..)` first".into())
    );
}

#[test]
fn sees_the_object_the_old_one_and_the_options_each_for_itself() {
    let mut review = review(r#"{"a":"object","on":false}"#);
    review.old_object = Some(json(r#"{"a":"old","b":[{"c":"deep"}],"on":true}"#));
    review.options = Some(json(r#"{"kind":"UpdateOptions","dryRun":["All"],"nothing":null}"#));
    for expression in [
        "object.a == 'object' && !has(object.b) && !object.on",
        "oldObject.a == 'old' && oldObject.b[0].c == 'deep' && oldObject.on",
        "oldObject.all(key, key in ['a', 'b', 'on']) && oldObject.size() == 3",
        "request.options.kind == 'UpdateOptions' && request.options.dryRun[0] == 'All'",
    ] {
        assert_eq!(evaluate_in(&review, expression), Ok(true), "{expression}");
    }
    // What the API server sent comes first, and counts as absent where it is null.
    let sent = |text: &str| Review { request_document: Some(json(text)), ..review.clone() };
    let own = sent(r#"{"options":{"kind":"sent"},"userInfo":{"extra":null}}"#);
    assert_eq!(evaluate_in(&own, "request.options.kind == 'sent' && !has(request.userInfo.extra)"), Ok(true));
    let none = sent(r#"{"options":null,"requestKind":null,"userInfo":null}"#);
    assert_eq!(evaluate_in(&none, "request.options.kind == 'UpdateOptions'"), Ok(true));
    assert_eq!(evaluate_in(&none, "request.requestKind.kind == '' && request.userInfo.username == ''"), Ok(true));
    review.old_object = None;
    assert_eq!(evaluate_in(&review, "oldObject == null && object != null"), Ok(true), "there is no such document");
}

#[test]
fn knows_no_namespace_only_where_none_is_named_and_nobody_knows_it() {
    let mut review = review(POD);
    review.namespace = NamespaceLabels::Unknown("nobody says which it is".into());
    let unknown = evaluate_in(&review, "request.namespace == 'shop'").expect_err("nobody knows");
    assert!(unknown.contains("nobody says which it is"), "{unknown}");
    review.request.namespace = "shop".into();
    assert_eq!(evaluate_in(&review, "request.namespace == 'shop'"), Ok(true), "only its labels are unknown");
    review.namespace = NamespaceLabels::None;
    review.request.namespace = String::new();
    assert_eq!(evaluate_in(&review, "!has(request.namespace)"), Ok(true), "it is in none");
}

#[test]
fn takes_an_expression_of_exactly_the_greatest_length() {
    let padded = |length: usize| format!("true{}", " ".repeat(length - 4));
    assert!(Condition::compile("c", &padded(MAX_EXPRESSION)).is_ok());
    assert_eq!(refused(&padded(MAX_EXPRESSION + 1)), "is longer than 8192 bytes");
}

#[test]
fn spends_one_budget_for_all_conditions_of_a_policy() {
    let items: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let object = review(&format!(r#"{{"items":[{}]}}"#, items.join(",")));
    let condition = Condition::compile("c", "object.items.all(a, object.items.all(b, b < 1000 || a == b) || true)");
    let condition = condition.expect("a condition");
    let input = Input::new(&object);
    let mut judge = Judge::new(&input);
    let answers: Vec<bool> = (0..8).map(|_| judge.holds(&condition).is_ok()).collect();
    assert!(!answers[7], "the last must find nothing left");
}

#[test]
fn evaluates_what_is_just_deep_enough() {
    let deep = |depth: usize| {
        format!("{}1{} == {}1{}", "[".repeat(depth), "]".repeat(depth), "[".repeat(depth), "]".repeat(depth))
    };
    assert_eq!(holds(&deep(25)), Ok(true));
    let deepest = (1..200).rev().find(|&depth| Condition::compile("c", &deep(depth)).is_ok());
    assert_eq!(holds(&deep(deepest.expect("a depth"))), Ok(true));
}

#[test]
fn says_of_broken_syntax_what_a_person_can_mend() {
    for (expression, why, line, column) in [
        ("object.a = 1", "`=` means nothing here; write `==` to compare", 1, 10),
        ("object.a ==\n\n= 1", "`=` means nothing here; write `==` to compare", 3, 1),
        ("object.a & true", "`&` means nothing here; write `&&`", 1, 10),
        ("object.a | true", "`|` means nothing here; write `||`", 1, 10),
        ("true and true", "`and` does not belong here: write `&&`", 1, 6),
        ("object.a ==", "expected a value, not the end", 1, 12),
        ("(true", "a `)` is missing for the `(` of column 1", 1, 6),
        ("object.a ? true", "expected `:` for the `?` of column 10, not the end", 1, 16),
        ("", "expected a value, not the end", 1, 1),
        ("true)", "`)` does not belong here", 1, 5),
        ("'a' 'b'", "a text does not belong here", 1, 5),
        ("object. ==", "expected the name of a field, not `==`", 1, 9),
        ("true;", "`;` means nothing here", 1, 5),
        ("true \u{1b}[31m", "`\\u{1b}` means nothing here", 1, 6),
        ("has(object)", "`has` takes a field, such as `has(object.spec.replicas)`", 1, 1),
        ("'\\d' == 'd'", "unknown escape `\\d`; write `\\\\` for a backslash", 1, 1),
        ("'open == 1", "the text has no end: `'` is missing", 1, 1),
    ] {
        let why = format!("does not compile: {why} (line {line}, column {column} of the expression)");
        assert_eq!(refused(expression), why, "{expression}");
    }
}
