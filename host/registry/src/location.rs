//! Where redirects and links may lead.

use hyper::Uri;

use crate::name::checked_host;

/// Puts a reference in a `Location` or `Link` header and the URL that it came with together (RFC 3986, section 5), for
/// http and https only.
pub(crate) fn join(base: &Uri, reference: &str) -> Result<Uri, &'static str> {
    const LONGEST: usize = 8 * 1024;
    if reference.len() > LONGEST {
        return Err("it is too long");
    }
    if reference.contains('\\') {
        // Browsers take it for a slash, and parsers of URLs do not.
        return Err("it has a backslash in it");
    }
    let reference = reference.split('#').next().unwrap_or_default();
    let origin = format!(
        "{}://{}",
        base.scheme_str().unwrap_or_default(),
        base.authority().map_or("", |authority| authority.as_str())
    );
    let text = if reference.contains("://") && !reference.starts_with(['/', '?', '.']) {
        reference.to_owned()
    } else if let Some(rest) = reference.strip_prefix("//") {
        format!("{}://{rest}", base.scheme_str().unwrap_or_default())
    } else if reference.starts_with('/') {
        format!("{origin}{reference}")
    } else if reference.starts_with('?') {
        format!("{origin}{}{reference}", base.path())
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{origin}{folder}/{reference}")
    };
    let url: Uri = text.parse().map_err(|_| "it is no URL")?;
    let authority = url.authority().ok_or("it is no URL")?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err("it is neither http nor https");
    }
    if authority.as_str().contains('@') {
        return Err("it has a user name in it");
    }
    checked_host(authority.as_str()).map_err(|_| "its host is no host name")?;
    Ok(url)
}

/// Whether two URLs have one scheme, host and port.
pub(crate) fn same_origin(one: &Uri, other: &Uri) -> bool {
    let host = |url: &Uri| {
        let port = url.port_u16().unwrap_or(if url.scheme_str() == Some("http") { 80 } else { 443 });
        (url.scheme_str().map(str::to_owned), url.host().map(str::to_ascii_lowercase), port)
    };
    host(one) == host(other)
}

/// The target of the link to the next page in a `Link` header (RFC 8288): `</v2/...>; rel="next"`.
pub(crate) fn next_page(header: &str) -> Result<Option<String>, &'static str> {
    let mut rest = header.trim();
    while !rest.is_empty() {
        let (target, after) =
            rest.strip_prefix('<').and_then(|rest| rest.split_once('>')).ok_or("its `Link` header cannot be read")?;
        // A comma ends the parameters; one within quotes does not matter, as we only look for `rel`.
        let (parameters, next) = after.split_once(",").map_or((after, ""), |(one, rest)| (one, rest.trim_start()));
        let is_next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let relations = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel")
                && relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Ok(Some(target.to_owned()));
        }
        rest = next;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_next_page_and_refuses_what_is_no_link() {
        let next = |header| next_page(header).map(Option::unwrap_or_default);
        assert_eq!(next("</v2/a?n=1>; rel=\"next\"").as_deref(), Ok("/v2/a?n=1"));
        assert_eq!(next("<a>; rel=prev, <b>; title=\"x\"; REL=\"last Next\"").as_deref(), Ok("b"));
        assert_eq!(next("<a>; rel=prev").as_deref(), Ok(""));
        assert_eq!(next("").as_deref(), Ok(""));
        assert!(next("a; rel=next").is_err() && next("<a; rel=next").is_err());
    }

    #[test]
    fn knows_an_origin_however_it_is_written() {
        let same =
            |one: &'static str, other: &'static str| same_origin(&Uri::from_static(one), &Uri::from_static(other));
        assert!(same("https://A.example/x", "https://a.example:443/y"));
        assert!(
            !same("https://a.example/x", "http://a.example/x")
                && !same("https://a.example/", "https://a.example:8443/")
        );
    }

    #[test]
    fn follows_references_to_http_only_and_to_hosts_only() {
        let base = Uri::from_static("https://a.example:5000/v2/x/referrers/y?n=1");
        let joined = |reference: &str| join(&base, reference).map(|url| url.to_string());
        assert_eq!(joined("/v2/z?last=1#f").as_deref(), Ok("https://a.example:5000/v2/z?last=1"));
        assert_eq!(joined("?last=1").as_deref(), Ok("https://a.example:5000/v2/x/referrers/y?last=1"));
        assert_eq!(joined("z").as_deref(), Ok("https://a.example:5000/v2/x/referrers/z"));
        assert_eq!(joined("//b.example/z").as_deref(), Ok("https://b.example/z"));
        assert_eq!(joined("http://b.example/z").as_deref(), Ok("http://b.example/z"));
        for bad in [
            "file:///etc/passwd",
            "https://u@b.example/",
            "https:///x",
            "https://127.1/",
            "gopher://a/",
            "https://a b/",
            "https://[::1",
        ] {
            assert!(joined(bad).is_err(), "{bad}");
        }
    }
}
