//! The image that a question is about.

use portcullis_registry::{Digest, Repository};

use crate::failure::Failure;

/// An image by its full name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Image {
    pub(crate) repository: Repository,
    pub(crate) tag: Option<String>,
    pub(crate) digest: Option<Digest>,
}

impl Image {
    /// Reads a name as the workload view writes it: `registry/repository`, then `:tag`, `@digest` or both.
    ///
    /// # Errors
    /// For a person: what is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let wrong =
            |why: &dyn std::fmt::Display| format!("`{}` is no full name of an image: {why}", text.escape_debug());
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse().map_err(|error| wrong(&error))?)),
            None => (text, None),
        };
        let (registry, rest) = name.split_once('/').ok_or_else(|| wrong(&"it names no registry"))?;
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag.to_owned())),
            None => (rest, None),
        };
        // What a runtime pulls where nobody says which.
        let tag = tag.or_else(|| digest.is_none().then(|| "latest".to_owned()));
        let repository = Repository::new(registry, repository).map_err(|error| wrong(&error))?;
        Ok(Self { repository, tag, digest })
    }

    /// Its name with its tag: what a review resolves once.
    pub(crate) fn name_with_tag(&self) -> String {
        format!("{}:{}", self.name(), self.tag.as_deref().unwrap_or_default())
    }

    /// Why it could not be looked up, with its name where that does not stand there: a review may be about many.
    pub(crate) fn told(&self, failure: &Failure) -> String {
        let (why, name) = (failure.to_string(), self.name());
        if why.contains(&name) {
            return why;
        }
        let tag = self.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = self.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
        format!("`{name}{tag}{digest}`: {why}")
    }

    /// Its name without tag and digest.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.repository.registry(), self.repository.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_full_names_and_refuses_short_ones() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let image = Image::read(&format!("reg.example:5000/a/b:v1@{digest}")).expect("an image");
        assert_eq!((image.name().as_str(), image.tag.as_deref()), ("reg.example:5000/a/b", Some("v1")));
        assert_eq!(image.digest.map(|digest| digest.to_string()), Some(digest.clone()));
        let latest = Image::read("docker.io/library/nginx").expect("an image");
        assert_eq!((latest.tag.as_deref(), latest.digest), (Some("latest"), None));
        for bad in ["nginx:1", "docker.io/library/nginx@sha256:0", "docker.io/A:1", ""] {
            assert!(Image::read(bad).is_err(), "{bad}");
        }
    }
}
