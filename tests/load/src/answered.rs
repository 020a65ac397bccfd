//! What an answer is worth, beside the verdict that should have come.

use serde_json::Value;

use crate::Question;

/// How one review was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// As it should be.
    Right,
    /// Let in, though it had to be denied: the one thing that may never happen.
    WronglyAllowed(String),
    /// Denied by a finding, or for no declared reason, though it had to be let in.
    WronglyDenied(String),
    /// Not judged, as declared: too much was waiting, a rate was exceeded, its time was over, or the server was ending. The
    /// status code says which: 429, 500, 503, 504. Or 403, because the labels of the namespace could not be read and the stricter
    /// mode held.
    Declared(u16, String),
    /// Let in with the warning that nothing was judged, as a policy set declares it for overload.
    Warned(String),
    /// No answer: no connection, one that broke, or no answer in time.
    Lost(String),
}

/// A denial with one of these codes says that nothing was judged.
const DECLARED: [u64; 5] = [408, 429, 500, 503, 504];
/// How the product's answers begin.
const ANSWER: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":""#;
/// What a warning has that says that nothing was judged.
const NOT_JUDGED: &str = "not judged";
/// A denial that says this took compliance for a mode that could not be known.
const NOT_READ: &str = "could not be read";

impl Answered {
    /// Reads an answer.
    pub fn read(question: &Question, status: u16, body: &[u8]) -> Self {
        let text = || String::from_utf8_lossy(body).chars().take(400).collect::<String>();
        if status != 200 {
            return if DECLARED.contains(&status.into()) {
                Self::Declared(status, text())
            } else {
                Self::WronglyDenied(format!("HTTP {status}: {}", text()))
            };
        }
        if is_plainly_right(question, body) {
            return Self::Right;
        }
        let Ok(answer) = serde_json::from_slice::<Value>(body) else {
            return Self::Lost(format!("no JSON: {}", text()));
        };
        let response = &answer["response"];
        if response["uid"] != *question.uid {
            return Self::WronglyAllowed(format!("the answer is another review's: {}", text()));
        }
        let code = response["status"]["code"].as_u64().unwrap_or_default();
        let message = response["status"]["message"].as_str().unwrap_or_default();
        let warned = response["warnings"].as_array().into_iter().flatten();
        let warned = warned.filter_map(Value::as_str).any(|warning| warning.contains(NOT_JUDGED));
        match (response["allowed"].as_bool(), question.allowed) {
            (Some(true), _) if warned => Self::Warned(text()),
            (Some(true), true) => Self::Right,
            (Some(true), false) => Self::WronglyAllowed(text()),
            (Some(false), _) if DECLARED.contains(&code) => Self::Declared(code as u16, text()),
            (Some(false), false) => Self::Right,
            (Some(false), true) if message.contains(NOT_READ) => Self::Declared(code as u16, text()),
            (Some(false), true) => Self::WronglyDenied(text()),
            (None, _) => Self::Lost(format!("no answer: {}", text())),
        }
    }
}

/// Whether the answer begins as a right one that allows, and says nowhere that something was not judged: most answers do, and
/// a client that reads each as a tree is slower than what it measures. Whatever is not plain is read.
fn is_plainly_right(question: &Question, body: &[u8]) -> bool {
    let begins = |body: &[u8]| {
        let rest = body.strip_prefix(ANSWER.as_bytes())?.strip_prefix(question.uid.as_bytes())?;
        rest.strip_prefix(br#"","allowed":true"#)
            .map(|rest| !rest.windows(NOT_JUDGED.len()).any(|at| at == NOT_JUDGED.as_bytes()))
    };
    question.allowed && begins(body) == Some(true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(allowed: bool, response: &Value) -> Answered {
        let question = Question { body: "".into(), uid: "u".into(), allowed, namespace: "shop".into() };
        Answered::read(&question, 200, json!({"response": response}).to_string().as_bytes())
    }

    #[test]
    fn tells_a_wrong_verdict_from_a_declared_one() {
        assert_eq!(read(true, &json!({"uid": "u", "allowed": true})), Answered::Right);
        assert_eq!(read(false, &json!({"uid": "u", "allowed": false, "status": {"code": 403}})), Answered::Right);
        assert!(matches!(read(false, &json!({"uid": "u", "allowed": true})), Answered::WronglyAllowed(_)));
        assert!(matches!(read(true, &json!({"uid": "v", "allowed": true})), Answered::WronglyAllowed(_)));
        let forbidden = json!({"uid": "u", "allowed": false, "status": {"code": 403}});
        assert!(matches!(read(true, &forbidden), Answered::WronglyDenied(_)));
        let busy = json!({"uid": "u", "allowed": false, "status": {"code": 429}});
        assert!(matches!(read(true, &busy), Answered::Declared(429, _)));
        let message = "denied\n(the labels of namespace `shop` could not be read: timeout; compliance holds)";
        let unread = json!({"uid": "u", "allowed": false, "status": {"code": 403, "message": message}});
        assert!(matches!(read(true, &unread), Answered::Declared(403, _)));
        assert_eq!(read(false, &unread), Answered::Right);
        let warned = json!({"uid": "u", "allowed": true, "warnings": ["[a] p: not judged: 7 reviews are waiting"]});
        assert!(matches!(read(false, &warned), Answered::Warned(_)));
    }

    #[test]
    fn takes_no_answer_for_plainly_right_that_is_not() {
        let question = |allowed| Question { body: "".into(), uid: "u".into(), allowed, namespace: "shop".into() };
        let answer = |rest: &str| format!(r#"{ANSWER}u","allowed":{rest}}}}}"#);
        let read = |allowed, rest: &str| Answered::read(&question(allowed), 200, answer(rest).as_bytes());
        assert!(is_plainly_right(&question(true), answer("true").as_bytes()));
        assert_eq!(read(true, "true"), Answered::Right);
        assert!(matches!(read(false, "true"), Answered::WronglyAllowed(_)));
        assert!(matches!(read(true, r#"true,"warnings":["p: not judged: busy"]"#), Answered::Warned(_)));
        let other = answer("true").replace(r#""u""#, r#""v""#);
        assert!(matches!(Answered::read(&question(true), 200, other.as_bytes()), Answered::WronglyAllowed(_)));
    }
}
