//! Credentials, and the hosts they may be sent to.

use std::fmt::Write as _;
use std::time::Duration;

use hyper::Uri;
use hyper::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde::Deserialize;

use crate::config::{Config, Endpoint};
use crate::credential::{Credential, bearer};
use crate::error::{Cause, quoted};
use crate::exchange::Question;
use crate::limits::{MAX_ANSWER, MAX_TOKEN, MAX_TOKEN_AGE};

/// The longest `WWW-Authenticate` header that is read, in bytes.
const MAX_CHALLENGE: usize = 8 * 1024;
/// How long a token is good that does not say so (Docker's token specification).
const TOKEN_AGE: Duration = Duration::from_secs(60);
/// How long before its end a token is no longer used.
const TOKEN_MARGIN: Duration = Duration::from_secs(10);

/// What a registry wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A user name and a password.
    Basic,
    /// A token of a token service.
    Bearer {
        /// Where it is to be had.
        realm: String,
        /// For whom.
        service: Option<String>,
        /// For what.
        scope: Option<String>,
    },
}

impl Challenge {
    /// The challenge of an answer; a token is preferred.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, &'static str> {
        let mut basic = None;
        for header in headers.get_all(WWW_AUTHENTICATE) {
            let text = header.to_str().map_err(|_| "it is no text")?;
            if text.len() > MAX_CHALLENGE {
                return Err("it is too long");
            }
            for (scheme, parameters) in schemes(text)? {
                let get = |name: &str| {
                    parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
                };
                if scheme.eq_ignore_ascii_case("bearer") {
                    let realm = get("realm").ok_or("it names no realm")?;
                    return Ok(Some(Self::Bearer { realm, service: get("service"), scope: get("scope") }));
                }
                if scheme.eq_ignore_ascii_case("basic") {
                    basic = Some(Self::Basic);
                }
            }
        }
        Ok(basic)
    }
}

/// A scheme of authentication and its parameters.
type Scheme = (String, Vec<(String, String)>);

/// Reads `Bearer realm="...",service="...", Basic realm="..."` (RFC 9110, 11.6.1).
fn schemes(text: &str) -> Result<Vec<Scheme>, &'static str> {
    let mut schemes: Vec<Scheme> = Vec::new();
    let mut rest = text.trim();
    let word_end =
        |text: &str| text.find(|one: char| one.is_ascii_whitespace() || "=,\"".contains(one)).unwrap_or(text.len());
    while !rest.is_empty() {
        let (word, after) = rest.split_at(word_end(rest));
        if word.is_empty() {
            return Err("it cannot be read");
        }
        let after = after.trim_start();
        match after.strip_prefix('=') {
            Some(value) if !schemes.is_empty() => {
                let (value, after) = parameter(value.trim_start())?;
                if let Some((_, parameters)) = schemes.last_mut() {
                    parameters.push((word.to_owned(), value));
                }
                rest = after.trim_start();
                rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
            }
            Some(_) => return Err("it cannot be read"),
            None => {
                schemes.push((word.to_owned(), Vec::new()));
                rest = after.strip_prefix(',').unwrap_or(after).trim_start();
            }
        }
    }
    Ok(schemes)
}

/// A quoted text or a word, and what comes after it.
fn parameter(text: &str) -> Result<(String, &str), &'static str> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|one: char| one.is_ascii_whitespace() || one == ',').unwrap_or(text.len());
        return Ok((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, one)) = characters.next() {
        match one {
            '"' => return Ok((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next().ok_or("it has a quote without an end")?.1),
            one => value.push(one),
        }
    }
    Err("it has a quote without an end")
}

/// Whom to ask for a token, and how.
pub(crate) fn token_question(
    config: &Config,
    endpoint: &Endpoint,
    challenge: &Challenge,
    credential: Option<&Credential>,
) -> Result<Question<'static>, Cause> {
    let unclear = |why: &str| Cause::Challenge { registry: endpoint.host.clone(), why: why.to_owned() };
    let Challenge::Bearer { realm, service, scope } = challenge else { return Err(unclear("it names no realm")) };
    let url = checked_realm(config, endpoint, realm)?;
    let mut fields = Vec::new();
    if let Some(service) = service {
        fields.push(("service", service.as_str()));
    }
    let scope = scope_of(endpoint, scope.as_deref());
    fields.push(("scope", scope.as_str()));
    let mut question = Question {
        url,
        accept: "application/json",
        authorization: None,
        form: None,
        // Somebody else than the one we checked would get the credentials.
        redirects: 0,
        limit: MAX_ANSWER,
        what: "the answer of the token service",
    };
    match credential {
        Some(Credential::Identity { token }) => {
            fields.extend([("grant_type", "refresh_token"), ("client_id", "portcullis"), ("refresh_token", token)]);
            question.form = Some(encoded(&fields));
        }
        credential => {
            question.authorization = credential.and_then(Credential::basic);
            let joint = if question.url.query().is_some() { '&' } else { '?' };
            let text = format!("{}{joint}{}", question.url, encoded(&fields));
            question.url = text.parse().map_err(|_| unclear("its realm is no URL"))?;
        }
    }
    Ok(question)
}

/// The URL of the token service, if it may be asked.
fn checked_realm(config: &Config, endpoint: &Endpoint, realm: &str) -> Result<Uri, Cause> {
    let unclear = |why: &str| Cause::Challenge { registry: endpoint.host.clone(), why: why.to_owned() };
    let base: Uri = format!("{}://{}/", endpoint.scheme(), endpoint.host).parse().map_err(|_| unclear("no host"))?;
    if !realm.starts_with("https://") && !realm.starts_with("http://") {
        return Err(unclear("its realm is no URL"));
    }
    let url = crate::location::join(&base, realm).map_err(|_| unclear("its realm is no URL"))?;
    let host = url.authority().map(|authority| authority.as_str().to_ascii_lowercase()).unwrap_or_default();
    let host = host.strip_suffix(":443").unwrap_or(&host);
    if !config.allows_realm(&endpoint.host, host) {
        return Err(Cause::ForeignRealm { registry: endpoint.registry.clone(), realm: quoted(host) });
    }
    if url.scheme_str() != Some("https") && !config.host(host).is_some_and(|host| host.plain_http) {
        return Err(unclear("its realm is not HTTPS"));
    }
    Ok(url)
}

/// The right to pull from this repository. What the registry asks for is taken where it is the right to pull and nothing
/// more: some have other names for their repositories.
fn scope_of(endpoint: &Endpoint, asked: Option<&str>) -> String {
    let is_pull = |scope: &str| {
        let parts: Vec<&str> = scope.split(':').collect();
        matches!(parts.as_slice(), ["repository", name, .., "pull"] if !name.is_empty())
    };
    match asked {
        Some(asked) if asked.len() <= 1_024 && !asked.is_empty() && asked.split(' ').all(is_pull) => asked.to_owned(),
        _ => format!("repository:{}:pull", endpoint.name),
    }
}

/// `a=b&c=d`.
fn encoded(fields: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

#[derive(Deserialize)]
struct TokenText {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
}

/// The header in the answer of a token service, and how long it is good.
pub(crate) fn token_in(body: &[u8]) -> Result<(HeaderValue, Duration), Cause> {
    // A parser's words could quote a token.
    let unreadable =
        |why: &str| Cause::Unreadable { what: "the answer of the token service".to_owned(), why: why.to_owned() };
    let text: TokenText = serde_json::from_slice(body).map_err(|_| unreadable("it is not JSON of a token"))?;
    let token = text.token.filter(|token| !token.is_empty()).or(text.access_token).unwrap_or_default();
    if token.is_empty() || token.len() > MAX_TOKEN {
        return Err(unreadable("it has no token, or too long a one"));
    }
    let header = bearer(&token).ok_or_else(|| unreadable("its token has characters that no header may have"))?;
    let age = text.expires_in.map_or(TOKEN_AGE, Duration::from_secs).min(MAX_TOKEN_AGE);
    Ok((header, age.saturating_sub(TOKEN_MARGIN.min(age / 2))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint {
            registry: "a.example".to_owned(),
            host: "a.example".to_owned(),
            name: "team/app".to_owned(),
            plain_http: false,
        }
    }

    fn bearer_of(realm: &str, scope: Option<&str>) -> Challenge {
        Challenge::Bearer {
            realm: realm.to_owned(),
            service: Some("a & b".to_owned()),
            scope: scope.map(str::to_owned),
        }
    }

    #[test]
    fn reads_challenges_and_prefers_tokens() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(text).expect("a header"));
            Challenge::of(&headers)
        };
        let expected = Challenge::Bearer {
            realm: "https://a.example/t,x".to_owned(),
            service: Some("s".to_owned()),
            scope: Some("repository:a:pull,push".to_owned()),
        };
        let text =
            r#"Basic realm="x y", Bearer realm="https://a.example/t,x",service=s , scope="repository:a:pull,push""#;
        assert_eq!(read(text), Ok(Some(expected)));
        assert_eq!(read("Basic"), Ok(Some(Challenge::Basic)));
        assert_eq!(read(r#"basic realm="a \"quoted\" one""#), Ok(Some(Challenge::Basic)));
        assert_eq!(read("Negotiate abc"), Ok(None));
        for bad in ["Bearer", "=x", r#"Bearer realm="x"#, r#"Bearer realm="\"#, ",", r#"Bearer service="x""#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a41_asks_no_foreign_token_service() {
        let config = Config::default();
        let ask = |realm: &str| {
            token_question(&config, &endpoint(), &bearer_of(realm, None), None).map(|one| one.url.to_string())
        };
        let scope = "service=a%20%26%20b&scope=repository%3Ateam%2Fapp%3Apull";
        assert_eq!(ask("https://auth.a.example/t?x=y"), Ok(format!("https://auth.a.example/t?x=y&{scope}")));
        assert_eq!(ask("https://a.example:443/t"), Ok(format!("https://a.example:443/t?{scope}")));
        for foreign in [
            "https://evil.example/t",
            "https://a.example.evil.example/",
            "https://169.254.169.254/latest",
            "https://auth.docker.io/token",
        ] {
            assert!(matches!(ask(foreign), Err(Cause::ForeignRealm { .. })), "{foreign}");
        }
        for bad in [
            "http://a.example/t",
            "/t",
            "//a.example/t",
            "file:///etc/passwd",
            "https://u:p@a.example/",
            "https://a.example\\@evil.example/",
        ] {
            assert!(matches!(ask(bad), Err(Cause::Challenge { .. })), "{bad}");
        }
    }

    #[test]
    fn asks_for_the_right_to_pull_and_nothing_more() {
        let own = "repository:team/app:pull";
        let asked = |scope| scope_of(&endpoint(), Some(scope));
        assert_eq!(asked("repository:other/name:pull"), "repository:other/name:pull");
        for more in
            ["repository:team/app:pull,push", "registry:catalog:*", "repository:a:pull repository:b:delete", "", "x"]
        {
            assert_eq!(asked(more), own, "{more}");
        }
    }

    #[test]
    fn takes_tokens_of_any_age_and_keeps_none_too_long() {
        let age = |text: &str| token_in(text.as_bytes()).map(|(_, age)| age.as_secs());
        assert_eq!(age(r#"{"token": "x"}"#), Ok(50));
        assert_eq!(age(r#"{"token": "", "access_token": "x", "expires_in": 4}"#), Ok(2));
        assert_eq!(age(r#"{"token": "x", "expires_in": 18446744073709551615}"#), Ok(MAX_TOKEN_AGE.as_secs() - 10));
        for bad in ["", "{}", "[]", r#"{"token": "a\nb"}"#, r#"{"token": "geheim", "token": "x"}"#, r#"{"token": 1}"#] {
            let error = age(bad).expect_err(bad);
            assert!(!error.to_string().contains("geheim"));
        }
    }
}
