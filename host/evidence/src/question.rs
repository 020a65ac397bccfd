//! One question about evidence, as a plugin writes it: what about, under which trust, and what is to be looked for.

use portcullis_model::{ABOUT_FILE, Query};
use serde_json::{Map, Value};

use crate::image::Image;
use crate::{SAST, SBOM, SIGNATURE};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Who signed it.
    Signature,
    /// What SBOMs say of it.
    Sbom,
    /// What SARIF reports say of it.
    Sast,
}

impl Kind {
    /// The kind of the fact.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Signature => SIGNATURE,
            Self::Sbom => SBOM,
            Self::Sast => SAST,
        }
    }
}

/// What it is asked about.
#[derive(Clone, Debug)]
pub(crate) enum About {
    /// An image.
    Image(Image),
    /// The file that holds what is judged.
    File,
}

/// Whose attestations count where an image is an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of the index.
    Index,
    /// Those of its platforms, which are looked up as well.
    Platforms,
}

/// One question, read.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) kind: Kind,
    pub(crate) about: About,
    /// Whether it names a trust; without one nobody's signature counts, and no registry need be asked.
    pub(crate) trusts: bool,
    /// Whether a file of the caller's is enough where one was given.
    pub(crate) local: bool,
    pub(crate) scope: Scope,
    /// What is to be looked for in what is found.
    pub(crate) ask: Map<String, Value>,
}

impl Question {
    /// Reads a query.
    ///
    /// # Errors
    /// For a person: what is wrong with it.
    pub(crate) fn read(query: &Query) -> Result<Self, String> {
        let kind = match query.kind.as_str() {
            SIGNATURE => Kind::Signature,
            SBOM => Kind::Sbom,
            SAST => Kind::Sast,
            other => return Err(format!("nobody here knows facts of the kind `{}`", other.escape_debug())),
        };
        let arguments: Value = serde_json::from_str(&query.arguments).unwrap_or_default();
        let about = match arguments["image"].as_str() {
            _ if arguments["about"] == ABOUT_FILE => About::File,
            Some(name) => About::Image(Image::read(name)?),
            None => return Err("the question has no `image`".to_owned()),
        };
        let scope = match arguments["scope"].as_str() {
            None | Some("index") => Scope::Index,
            Some("platforms" | "either") => Scope::Platforms,
            Some(other) => return Err(format!("the question has the scope `{}`", other.escape_debug())),
        };
        let trusts = arguments["trust"].is_string();
        let local = arguments["local"] == "accept";
        let ask = arguments["ask"].as_object().cloned().unwrap_or_default();
        Ok(Self { kind, about, trusts, local, scope, ask })
    }

    /// The digest of the report that results are compared with.
    pub(crate) fn baseline(&self) -> Option<&str> {
        self.ask.get("baseline")?.get("digest")?.as_str()
    }

    /// The image that it is about.
    pub(crate) fn image(&self) -> Option<&Image> {
        match &self.about {
            About::Image(image) => Some(image),
            About::File => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, arguments: &str) -> Result<Question, String> {
        Question::read(&Query::new(kind, arguments))
    }

    #[test]
    fn reads_what_plugins_ask() {
        let asked =
            read("sbom", r#"{"image":"a.example/b:1","trust":"t","scope":"either","ask":{"types":["library"]}}"#)
                .expect("a question");
        assert_eq!((asked.kind, asked.trusts, asked.local, asked.scope), (Kind::Sbom, true, false, Scope::Platforms));
        assert_eq!(asked.image().map(Image::name_with_tag).as_deref(), Some("a.example/b:1"));
        assert_eq!(asked.ask["types"][0], "library");
        let local = read("sast", r#"{"about":"file","local":"accept"}"#).expect("a question");
        assert!(local.local && !local.trusts && local.image().is_none());
    }

    #[test]
    fn refuses_what_is_no_question() {
        assert_eq!(read("weather", "{}").expect_err("no kind"), "nobody here knows facts of the kind `weather`");
        assert_eq!(read("sbom", r#"{"trust":"t"}"#).expect_err("no subject"), "the question has no `image`");
        let scope = read("sbom", r#"{"image":"a.example/b:1","scope":"all"}"#).expect_err("no scope");
        assert_eq!(scope, "the question has the scope `all`");
    }
}
