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
    Condition::compile("c", expression).expect_err(expression)
}

fn evaluate_in(review: &Review, expression: &str) -> Result<bool, String> {
    let condition = Condition::compile("c", expression).unwrap_or_else(|why| panic!("{expression}: {why}"));
    condition.holds(&Input::new(review), &mut Budget::default()).map_err(|fault| fault.to_string())
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
        "size(object.spec.containers) == 2 && object.spec.containers[0].name == 'a'",
        "object.spec.replicas == 3 && object.spec.replicas > 2 && object.spec.replicas * 2 - 1 == 5",
        "object.spec.ratio == 1.5 && object.spec.replicas == 3.0 && object.spec.replicas < 3.5",
        "object.spec.big == 9007199254740993 && object.spec.big > 9007199254740992.0",
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
        "1u == 1 && -1 < 1u && (true ? 1 : 2) == 1 && 7 % 4 == 3 && 7 / 2 == 3",
        "'ä'.size() == 1 && b'abc' == b'abc' && 1 != '1' && null != false",
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
        "['a', 1].exists(x, x == 1)",
    ] {
        assert_eq!(holds(expression), Ok(true), "{expression}");
    }
    assert_eq!(holds("object.zzz || false"), Err("failed: no such key: `zzz`".into()));
    assert_eq!(holds("[0, 2].all(x, 1 / x >= 0)"), Err("failed: division by zero".into()));
}

#[test]
fn fails_where_something_is_missing_or_of_another_type() {
    for (expression, why) in [
        ("object.spec.zzz == 1", "failed: no such key: `zzz`"),
        ("object.metadata.name.first == 'w'", "failed: a string has no field `first`"),
        ("oldObject.spec.x == 1", "failed: a null has no field `spec`"),
        ("has(oldObject.spec)", "failed: a null has no field `spec`"),
        ("object.spec.containers[7].name == 'a'", "failed: index out of bounds"),
        ("object.spec.containers[-1].name == 'a'", "failed: index out of bounds"),
        ("object.spec.replicas", "failed: it gives a int, not `true` or `false`"),
        ("object.spec.replicas + '1' == ''", "failed: `+` is not defined for int and string"),
        ("object.spec.replicas > '1'", "failed: `>` is not defined for int and string"),
        ("9223372036854775807 + object.spec.replicas > 0", "failed: a number is out of range"),
        ("object.spec.replicas.exists(x, true)", "failed: a int has no items"),
        ("object.spec.replicas.startsWith('a')", "failed: `startsWith` cannot be called on these types"),
        ("int('x') == 1", "failed: `int` cannot read its argument"),
        (
            "quantity('1e40').isGreaterThan(quantity('1'))",
            "failed: a quantity of more digits than can be compared exactly",
        ),
        ("quantity('99999999999999999999') == quantity('1')", "failed: a quantity beyond 2^63"),
        ("object.metadata.name in 'web'", "failed: `in` is not defined for string and string"),
        ("{'a': 1, 'a': 2}.a == 1", "failed: a map has one key twice"),
        ("!object.metadata.name", "failed: `!` is not defined for string"),
    ] {
        assert_eq!(holds(expression), Err(why.into()), "{expression}");
    }
}

#[test]
fn refuses_at_load_what_could_only_fail() {
    for (expression, why) in [
        ("objekt.x", "uses the unknown name `objekt`; did you mean `object`?"),
        ("zebra", "uses the unknown name `zebra`; known are `object`, `oldObject` and `request`"),
        (
            "authorizer.path('/x').check('get').allowed()",
            "uses `authorizer`, which is not supported here: use `object`, `oldObject` or `request`",
        ),
        ("params.x == 1", "uses `params`, which is not supported here: use `object`, `oldObject` or `request`"),
        (
            "namespaceObject.metadata.name == 'x'",
            "uses `namespaceObject`, which is not supported here: use `object`, `oldObject` or `request`",
        ),
        ("variables.x", "uses `variables`, which is not supported here: use `object`, `oldObject` or `request`"),
        ("request.object.spec == 1", "uses the unknown field `request.object`; use `object`"),
        ("request.operatoin == 'x'", "uses the unknown field `request.operatoin`; did you mean `operation`?"),
        ("object.name.startWith('x')", "calls the unknown function `.startWith()`; did you mean `startsWith`?"),
        ("'%s'.format(['x']) == 'x'", "calls `.format()`, which is not known or not supported here"),
        ("url('http://x') == 1", "calls `url()`, which is not known or not supported here"),
        ("'a'.contains() == true", "calls `.contains()` with 0 argument(s) in a way that it cannot be called"),
        (
            "object.?spec.orValue(1) == 1",
            "uses optional fields (`.?` or `[?`), which are not supported here: write `has(a.b) && a.b == ..`",
        ),
        (
            "object[?'spec'].hasValue()",
            "uses optional fields (`.?` or `[?`), which are not supported here: write `has(a.b) && a.b == ..`",
        ),
        ("'a'.matches('(')", "has a pattern that does not compile: `(`"),
        (
            "'a'.matches(object.pattern)",
            "calls `matches` with a pattern that is not a literal, which is not supported here",
        ),
        ("'a'.matches('(\\\\w{100}){100}')", "has a pattern that takes more than 262144 bytes"),
        ("'text'", "must give `true` or `false`, and gives a string"),
        ("[true]", "must give `true` or `false`, and gives a list"),
        ("object", "must give `true` or `false`, and gives an object"),
        ("object.a + object.b", "must give `true` or `false`, and gives something else"),
        ("object.a.map(x, x)", "must give `true` or `false`, and gives a list"),
        ("Foo{a: 1} == 1", "makes a message `Foo`, which is not supported here"),
        ("object.a.exists(x, y)", "uses the unknown name `y`; known are `object`, `oldObject` and `request`"),
    ] {
        assert_eq!(refused(expression), why, "{expression}");
    }
    assert_eq!(refused(&"a".repeat(8193)), "is longer than 8192 bytes");
    assert_eq!(refused(&format!("object{}", ".a".repeat(200))), "has more than 100 steps inside each other");
}

#[test]
fn refuses_runs_of_signs_that_the_parser_would_halve() {
    let not = "has two `!` in a row, which cannot be read here: write `!(!x)`, or `x`";
    let minus = "has two signs `-` in a row, which cannot be read here: write `-(-x)`, or `x`";
    let nested = format!("{}true{}", "!!(".repeat(60), ")".repeat(60));
    for (expression, why) in [
        ("!!object.spec.flag", not),
        ("! !object.spec.flag", not),
        ("!\t\n!object.spec.flag", not),
        ("!!!object.spec.flag", not),
        ("! // a comment\n !object.spec.flag", not),
        ("'a' != 'b' && !!true", not),
        ("'\\'' == '' || !!true", not),
        ("r'\\' == '' || !!true // '", not),
        ("'''a'b''' == '' || !!true", not),
        ("!#!true", not),
        (nested.as_str(), not),
        ("--object.spec.replicas == 3", minus),
        ("- -object.spec.replicas == 3", minus),
        ("--5 == 5", minus),
        ("1 - - -object.spec.replicas == 3", minus),
        ("1 in--[1]", minus),
        ("'open == 1", "has a string that does not end"),
        ("object.`a", "has a name in backticks that does not end"),
        ("'\\d' == 'd'", "has a string with an unknown escape: write a backslash as `\\\\`, or the string as `r'..'`"),
    ] {
        assert_eq!(refused(expression), why, "{expression}");
    }
    for expression in [
        "!(!object.spec.flag) && !(!(!false))",
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
    let spent = "costs more than 2500000 steps on this object";
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
            "object":{"secret":true}}"#,
    );
    review.request_document = Some(document);
    for expression in [
        "request.userInfo.username == 'eve' && request.userInfo.extra.k[0] == 'v'",
        "request.requestKind.version == 'v1beta1' && request.options.kind == 'CreateOptions'",
        "!request.userInfo.groups.exists(g, g == 'system:masters')",
        "!('object' in request) && !('uid' in request)",
        "!has(request.resource) && request.dryRun == false",
    ] {
        assert_eq!(evaluate_in(&review, expression), Ok(true), "{expression}");
    }
    assert_eq!(
        evaluate_in(&review, "request.resource.resource == 'pods'"),
        Err("failed: no such key: `resource`".into())
    );
}

#[test]
fn spends_one_budget_for_all_conditions_of_a_policy() {
    let items: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let object = review(&format!(r#"{{"items":[{}]}}"#, items.join(",")));
    let condition = Condition::compile("c", "object.items.all(a, object.items.all(b, b < 1000 || a == b) || true)");
    let condition = condition.expect("a condition");
    let input = Input::new(&object);
    let mut budget = Budget::default();
    let answers: Vec<bool> = (0..8).map(|_| condition.holds(&input, &mut budget).is_ok()).collect();
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
    for (expression, why) in [
        ("object.a = 1", "does not compile: `=` is no operator; write `==` (line 1, column 10 of the expression)"),
        ("object.a ==\n\n= 1", "does not compile: `=` is no operator; write `==` (line 3, column 1 of the expression)"),
        ("object.a & true", "does not compile: `&` is no operator; write `&&` (line 1, column 10 of the expression)"),
        ("object.a | true", "does not compile: `|` is no operator; write `||` (line 1, column 10 of the expression)"),
        ("true and true", "does not compile: `and` is no operator; write `&&` (line 1, column 6 of the expression)"),
        ("object.a ==", "does not compile: the expression ends too early (line 1, column 12 of the expression)"),
        (
            "(true",
            "does not compile: the expression ends too early: a `)` is missing (line 1, column 6 of the expression)",
        ),
        ("object.a ? true", "does not compile: the expression ends too early (line 1, column 16 of the expression)"),
        ("", "does not compile: the expression ends too early (line 1, column 1 of the expression)"),
        ("true)", "does not compile: `)` cannot stand here (line 1, column 5 of the expression)"),
        ("'a' 'b'", "does not compile: `'b'` cannot stand here (line 1, column 5 of the expression)"),
        ("object. ==", "does not compile: `. ==` cannot stand here (line 1, column 9 of the expression)"),
        ("true;", "does not compile: `;` cannot stand here (line 1, column 5 of the expression)"),
        ("true \u{1b}[31m", "does not compile: `\\u{1b}` cannot stand here (line 1, column 6 of the expression)"),
        ("has(object)", "does not compile: invalid argument to has() macro (line 1, column 5 of the expression)"),
    ] {
        assert_eq!(refused(expression), why, "{expression}");
    }
}
