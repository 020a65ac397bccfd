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
    refuses_expression("(true", "column 6: expected `)` for the `(` of column 1, not the end");
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
fn takes_what_the_api_server_takes() {
    for settings in [
        r#"{"validations": [{"expression": "object.spec.?paused.orValue(true) == true", "reason": "Forbidden"}]}"#,
        r#"{"params": null, "validations": [{"expression": "params == null"}]}"#,
        r#"{"variables": [{"name": "a", "expression": "1"}, {"name": "b", "expression": "variables.a + 1"}], "validations": [{"expression": "variables.b == 2"}]}"#,
    ] {
        assert_eq!(testing::complaints::<Cel>(settings), [], "{settings}");
    }
}
