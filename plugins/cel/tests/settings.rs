//! What the plugin says about settings that it refuses.

use cel::Cel;
use portcullis_sdk::testing;

fn refuses(settings: &str, pointer: &str, message: &str) {
    let complaints = testing::complaints::<Cel>(settings);
    let found: Vec<_> = complaints.iter().map(|c| (c.pointer.as_str(), c.message.as_str())).collect();
    assert_eq!(found, [(pointer, message)], "{settings}");
}

fn refuses_expression(expression: &str, message: &str) {
    let settings = serde_json::json!({"validations": [{"expression": expression}]}).to_string();
    refuses(&settings, "/validations/0/expression", message);
}

#[test]
fn refuses_settings_with_a_place_and_a_way_out() {
    refuses("{}", "", "`validations` is missing");
    refuses(r#"{"validations": []}"#, "/validations", "nothing would be judged: write at least one `expression`");
    refuses(
        r#"{"validations": [{"expresion": "true", "expression": "true"}]}"#,
        "/validations/0/expresion",
        "unknown setting `expresion`: did you mean `expression`?",
    );
    let valid = r#""validations": [{"expression": "true"}]"#;
    refuses(
        &format!(r#"{{{valid}, "failurePolicy": "fail"}}"#),
        "/failurePolicy",
        "must be one of `Fail`, `Ignore`, not the text `fail`",
    );
    refuses(
        &format!(r#"{{{valid}, "variables": [{{"name": "a-b", "expression": "1"}}]}}"#),
        "/variables/0/name",
        "`a-b` is no name: write letters, digits and `_`, such as `image_names`",
    );
    refuses(
        &format!(
            r#"{{{valid}, "matchConditions": [{{"name": "a", "expression": "true"}}, {{"name": "a", "expression": "true"}}]}}"#
        ),
        "/matchConditions/1/name",
        "`a` stands here twice",
    );
    refuses(
        r#"{"validations": [{"expression": "true", "messageExpression": "1"}]}"#,
        "/validations/0/messageExpression",
        "column 1: must evaluate to string but got int",
    );
    refuses(
        r#"{"validations": [{"expression": "true", "reason": "Unauthorized"}]}"#,
        "/validations/0/reason",
        "must be one of `Forbidden`, `Invalid`, `RequestEntityTooLarge`, not the text `Unauthorized`",
    );
}

#[test]
fn refuses_expressions_that_could_never_be_judged() {
    refuses_expression("objekt.spec == 1", "column 1: there is no `objekt` here; did you mean `object`?");
    refuses_expression(
        "object.spec.name.startWith('a')",
        "column 18: there is no function `.startWith()`: did you mean `startsWith`?",
    );
    refuses_expression("'a'.contains('a', 'b')", "column 5: `contains` takes 1 arguments, not 2");
    refuses_expression("1 + 'a' == 2", "column 3: `+` cannot be applied to int and string");
    refuses_expression(
        "object.spec.paused",
        "column 1: must evaluate to bool but got dyn, which is not known before it is evaluated; compare it, as in `.. == true`",
    );
    refuses_expression("'a'.matches('[')", "column 13: invalid pattern `[`: missing closing ]");
    refuses_expression("params.max > 1", "column 1: there are no `params`: the policy gives none");
    refuses_expression(
        "variables.x == 1",
        "column 11: there is no variable `x`: variables can name only those that stand before them",
    );
    refuses_expression("(true", "column 6: a `)` is missing for the `(` of column 1");
    refuses_expression("true = true", "column 6: `=` means nothing here; write `==` to compare");
}

#[test]
fn refuses_what_a_plugin_is_not_told() {
    refuses_expression(
        "authorizer.group('').resource('pods').check('create').allowed()",
        "column 1: `authorizer` asks the API server what somebody may do, which no plugin can: remove it",
    );
    let told = "is not known to a plugin: it sees the operation, names, kind, resource, user and groups";
    refuses_expression("request.userInfo.uid == 'a'", &format!("column 18: `uid` of kubernetes.UserInfo {told}"));
    refuses_expression(
        "request.requestKind.kind == 'a'",
        &format!("column 9: `requestKind` of kubernetes.AdmissionRequest {told}"),
    );
    refuses_expression(
        "namespaceObject.spec.finalizers.size() == 0",
        &format!("column 17: `spec` of kubernetes.Namespace {told}"),
    );
    refuses_expression(
        "cel.bind(x, 1, x == 1)",
        "column 4: there is no function `cel.bind`: `cel.bind` is not offered to policies; put it into `variables`",
    );
}

#[test]
fn refuses_what_params_by_value_do_not_have() {
    let refuses = |params: &str, expression: &str, message: &str| {
        let params: serde_json::Value = serde_json::from_str(params).expect("JSON");
        let settings = serde_json::json!({"params": params, "validations": [{"expression": expression}]}).to_string();
        refuses(&settings, "/validations/0/expression", message);
    };
    let teams = r#"{"teams": ["a", "b"], "limits": {"cpu": 1}}"#;
    refuses(
        teams,
        "has(object.metadata.labels.team) && object.metadata.labels.team in params.team",
        "column 75: `params` has no `team`; did you mean `teams`?",
    );
    refuses(
        teams,
        "object.spec.c.all(c, params.team.exists(t, t == c))",
        "column 29: `params` has no `team`; did you mean `teams`?",
    );
    refuses(teams, "object.x > params.limits.cpus", "column 26: `params.limits` has no `cpus`; did you mean `cpu`?");
    refuses(
        teams,
        "params.maximum > object.x && true",
        "column 8: `params` has no `maximum`, but `limits`, `teams`; add it, or read it as `params.?maximum.orValue(..)`",
    );
    refuses(
        "{}",
        "params.max > object.x",
        "column 8: `params` has no `max`: it is empty; add it, or read it as `params.?max.orValue(..)`",
    );
    let variable = r#"{"params": {"teams": []}, "variables": [{"name": "v", "expression": "params.team"}], "validations": [{"expression": "variables.v == 1"}]}"#;
    self::refuses(variable, "/variables/0/expression", "column 8: `params` has no `team`; did you mean `teams`?");
}

#[test]
fn takes_params_that_an_expression_knows_to_be_missing() {
    for expression in [
        "has(params.team) && params.team == object.x",
        "!has(params.team) || object.x in params.team",
        "params.?team.orValue([]).size() == 0",
        "'team' in params && params.team == object.x",
        "params[?'team'].hasValue() ? params.team == 1 : true",
        "params.mode == 'a' ? params.teams == object.x : params.team == object.x",
        "params.mode == 'a' || object.x in params.team",
        "object.x in params.team || params.mode == 'a'",
        "params.modes.exists(m, m == 'b') && object.x == params.team",
        "object.kind == 'Pod' || object.x == params.maximum",
        "object.?x.orValue(params.maximum) == 1",
        "[{'team': 1}].all(params, params.team == 1)",
        "params.teams[0].team == 'a'",
        "has(params.none.team)",
        "params.mode.team == 1",
    ] {
        let params = serde_json::json!({"teams": ["a"], "mode": "a", "modes": ["a"]});
        let settings = serde_json::json!({"params": params, "validations": [{"expression": expression}]}).to_string();
        assert_eq!(testing::complaints::<Cel>(&settings), [], "{expression}");
    }
    let guarded = r#"{"params": {"teams": []}, "variables": [{"name": "v", "expression": "params.team"}], "validations": [{"expression": "has(params.team) ? variables.v == 1 : true"}]}"#;
    assert_eq!(testing::complaints::<Cel>(guarded), []);
    // The API server takes a policy whose params lack a field: each of its objects may have others.
    let object = r#"{"params": {"apiVersion": "v1", "kind": "ConfigMap", "data": {}}, "validations": [{"expression": "params.dat.x == 'a'"}]}"#;
    assert_eq!(testing::complaints::<Cel>(object), []);
}

#[test]
fn says_what_is_written_here_for_the_words_of_other_languages() {
    for (expression, message) in [
        ("object.spec.name.match('x')", "column 18: there is no function `.match()`: did you mean `matches`?"),
        ("object.spec?.replicas == 1", "column 12: write `.?replicas` instead of `?.replicas`"),
        ("not object.x", "column 1: there is no `not` here: write `!` in front of what it denies"),
        ("not(object.x)", "column 1: there is no function `not()`: write `!(..)`"),
        ("len(object.x) > 1", "column 1: there is no function `len()`: did you mean `size`?"),
        ("self.spec.x == 1", "column 1: there is no `self` here: did you mean `object`?"),
        ("input.spec.x == 1", "column 1: there is no `input` here: did you mean `object`?"),
        ("resource.spec.x == 1", "column 1: there is no `resource` here: did you mean `object`?"),
        (
            "request.object.spec.x == 1",
            "column 9: kubernetes.AdmissionRequest has no field `object`: write `object` alone",
        ),
        (
            "object.spec.x.forEach(c, c.y == 1)",
            "column 15: there is no function `.forEach()`: did you mean `all`, `exists`, `map` or `filter`?",
        ),
        ("object.spec.x.any(c, c.y == 1)", "column 15: there is no function `.any()`: did you mean `exists`?"),
        (
            "all(object.spec.x, c, c.y == 1)",
            "column 1: there is no function `all()`: it is called on a list, as in `object.spec.containers.all(c, ..)`",
        ),
        (
            "object.metadata.labels.app.kubernetes.io/name == 'x'",
            "column 24: a key that is no name stands in brackets and quotes: write `object.metadata.labels['app.kubernetes.io/name']`",
        ),
        (
            "object.metadata.labels.my-app.startsWith('x')",
            "column 24: a key that is no name stands in brackets and quotes: write `object.metadata.labels['my-app']`",
        ),
        ("object.x.all(c, c.y == 1", "column 25: a `)` is missing for the `all(` of column 10"),
        ("object.x[0", "column 11: a `]` is missing for the `[` of column 9"),
        ("object.x / y == 1", "column 12: there is no `y` here"),
        ("object.x?. y : 1", "column 12: there is no `y` here"),
    ] {
        refuses_expression(expression, message);
    }
}

#[test]
fn takes_what_the_api_server_takes() {
    for settings in [
        r#"{"validations": [{"expression": "object.spec.?paused.orValue(true) == true", "reason": "Forbidden"}]}"#,
        r#"{"params": null, "validations": [{"expression": "params == null"}]}"#,
        r#"{"variables": [{"name": "a", "expression": "1"}, {"name": "b", "expression": "variables.a + 1"}], "validations": [{"expression": "variables.b == 2"}]}"#,
    ] {
        assert_eq!(testing::complaints::<Cel>(settings), [], "{settings}");
    }
}
