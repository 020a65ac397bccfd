//! How the fake registry lets people in, and its token service at `/token`.

use crate::asked::Asked;
use crate::reply::Reply;

/// Who gets in.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Everybody.
    #[default]
    Open,
    /// `Basic` with this header.
    Basic(String),
    /// `Bearer` with a token from `/token` or elsewhere.
    Bearer {
        /// The realm in the challenge; empty for our own `/token`.
        realm: String,
        /// The `Basic` header that the token service wants; nothing for everybody.
        basic: Option<String>,
        /// The refresh token that the token service takes in a form.
        refresh: Option<String>,
        /// How long a token is good, in seconds.
        expires_in: u64,
    },
}

/// The token for a scope.
fn token(scope: &str) -> String {
    format!("token-for-{}", scope.replace([':', '/', ' '], "-"))
}

/// Why a request is turned away; nothing where it may come in.
pub(crate) fn turn_away(auth: &Auth, asked: &Asked, base: &str) -> Option<Reply> {
    let shown = asked.header("authorization").unwrap_or_default();
    match auth {
        Auth::Open => None,
        Auth::Basic(header) if shown == header => None,
        Auth::Basic(_) => Some(Reply::error(401, "UNAUTHORIZED").with("WWW-Authenticate", "Basic realm=\"fake\"")),
        Auth::Bearer { realm, .. } => {
            let scope = scope_of(&asked.path);
            if shown == format!("Bearer {}", token(&scope))
                || (asked.path == "/v2/" && shown.starts_with("Bearer token-for-"))
            {
                return None;
            }
            let own = format!("{base}/token");
            let realm = if realm.is_empty() { &own } else { realm };
            let challenge = format!("Bearer realm=\"{realm}\",service=\"fake\",scope=\"{scope}\"");
            Some(Reply::error(401, "UNAUTHORIZED").with("WWW-Authenticate", &challenge))
        }
    }
}

/// The right to pull from the repository of a path.
fn scope_of(path: &str) -> String {
    let name = path.strip_prefix("/v2/").unwrap_or_default();
    let end = ["/manifests/", "/blobs/", "/referrers/"].iter().filter_map(|kind| name.rfind(kind)).max();
    end.map(|end| format!("repository:{}:pull", &name[..end])).unwrap_or_default()
}

/// What `/token` says.
pub(crate) fn issue(auth: &Auth, asked: &Asked) -> Reply {
    let Auth::Bearer { basic, refresh, expires_in, .. } = auth else { return Reply::error(404, "NOT_FOUND") };
    let shown = asked.header("authorization");
    let refreshed = refresh.is_some() && asked.method == "POST" && asked.field("refresh_token") == *refresh;
    if !refreshed && (basic.is_some() || refresh.is_some()) && (basic.is_none() || shown != basic.as_deref()) {
        return Reply::error(401, "UNAUTHORIZED");
    }
    let scope = asked.field("scope").unwrap_or_default();
    let body = serde_json::json!({"token": token(&scope), "expires_in": expires_in});
    Reply::new(200, "application/json", body.to_string())
}
