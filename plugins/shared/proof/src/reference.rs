//! One reference to an image, and how people and the host speak of it.

use portcullis_sdk::{Image, Node};

/// Where an image stands that is judged by its name alone, with nothing that uses it.
const ALONE: &str = "/spec/image";

/// A reference that could be read.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Where it stands.
    pub node: Node,
    /// Registry and repository, as patterns are compared with them.
    pub name: String,
    /// All of it, as the host is asked about it: registry, repository, tag and digest, as far as they are written.
    pub whole: String,
    /// The digest; empty where none is written.
    pub digest: String,
    image: Image,
}

impl Reference {
    /// Reads the parts of an image whose reference is one.
    pub fn of(image: Image) -> Self {
        let (tag, digest) = (image.tag(), image.digest());
        let name = format!("{}/{}", image.registry(), image.repository());
        let part = |sign: &str, text: &str| if text.is_empty() { String::new() } else { format!("{sign}{text}") };
        let whole = format!("{name}{}{}", part(":", &tag), part("@", &digest));
        Self { node: image.node(), name, whole, digest, image }
    }

    /// The image and who uses it, for messages. Most images draw none.
    pub fn shown(&self) -> String {
        shown(self.image)
    }

    /// The same reference with a digest.
    pub fn with_digest(&self, digest: &str) -> String {
        let written = self.whole.split_once('@').map_or(&*self.whole, |(written, _)| written);
        format!("{written}@{digest}")
    }
}

/// An image and who uses it: ``the image `nginx:1` of container `web` ``.
pub fn shown(image: Image) -> String {
    let shown = image.node().shown();
    match image.container() {
        None if image.node().pointer() == ALONE => format!("the image `{shown}`"),
        _ => format!("the image `{shown}` of {}", user(image)),
    }
}

/// Who uses the image.
pub fn user(image: Image) -> String {
    match image.container() {
        Some(container) => format!("{} `{}`", container.role().as_str(), container.name()),
        None => "an image volume".to_owned(),
    }
}
