//! Image references as subjects hold them.

use portcullis_model::ImageState;
use portcullis_subject::image;
use portcullis_support::Dice;

use crate::kind::{Answer, Kind};
use crate::mutate::{self, pick};

/// Image references.
pub struct Images;

impl Kind for Images {
    fn name(&self) -> &'static str {
        "image"
    }

    fn make(&self, dice: &mut Dice) -> Vec<String> {
        let text = text(dice);
        vec![if dice.once_in(6) { mutate::characters(dice, &text, "aA0:/@.-_[]% \u{e4}") } else { text }]
    }

    fn ours(&self, asked: &[String]) -> Result<String, String> {
        match image::parse(&asked[0]) {
            ImageState::Exact { registry, repository, tag, digest } => {
                Ok(format!("{registry} {repository} {} {}", tag.unwrap_or_default(), digest.unwrap_or_default()))
            }
            ImageState::Absent => Err("absent".to_owned()),
            ImageState::Unreadable(why) => Err(why),
        }
    }

    fn classes(&self) -> &'static [&'static str] {
        &["no-host", "upper-case-host"]
    }

    fn class(&self, asked: &[String], ours: &Result<String, String>, theirs: &Answer) -> Option<&'static str> {
        let Answer::Accepted(theirs, _) = theirs else { return None };
        let (domain, rest) = theirs.split_once(' ')?;
        match ours {
            Ok(ours) if domain.contains(|c: char| c.is_ascii_uppercase()) => {
                (*ours == in_lower_case(domain, rest)).then_some("upper-case-host")
            }
            // The library finds no registry at all then.
            Err(why) if domain.is_empty() => {
                let first = asked[0].split('/').next()?;
                (*why == format!("the registry `{first}` is not a host name")).then_some("no-host")
            }
            _ => None,
        }
    }
}

/// The same reference with a registry in lower case, as the library would have it.
fn in_lower_case(domain: &str, rest: &str) -> String {
    let domain = domain.to_ascii_lowercase();
    let domain = if domain == "index.docker.io" { "docker.io" } else { &*domain };
    let path = rest.split(' ').next().unwrap_or_default();
    let official = if domain == "docker.io" && !path.contains('/') { "library/" } else { "" };
    format!("{domain} {official}{rest}")
}

fn text(dice: &mut Dice) -> String {
    const DOMAINS: [&str; 34] = [
        "",
        "",
        "",
        "docker.io/",
        "index.docker.io/",
        "registry-1.docker.io/",
        "DOCKER.IO/",
        "Index.Docker.io/",
        "localhost/",
        "LOCALHOST/",
        "localhost:5000/",
        "registry.example/",
        "registry.example:443/",
        "registry.example:/",
        "registry.example:x/",
        "registry.example:99999/",
        "REGISTRY.example:5000/",
        "[::1]/",
        "[::1]:5000/",
        "[fe80::1%25eth0]/",
        "[2001:DB8::1]:80/",
        "[::1:5000/",
        "[]/",
        "10.0.0.1/",
        "10.0.0.1:5000/",
        "xn--bcher-kva.example/",
        "b\u{fc}cher.example/",
        "my_registry.example/",
        "-a.example/",
        "a-.example/",
        "a..example/",
        "user@registry.example/",
        "https://registry.example/",
        "a.example./",
    ];
    const SEGMENTS: [&str; 28] = [
        "nginx",
        "library",
        "team",
        "app",
        "a",
        "0",
        "a.b",
        "a_b",
        "a__b",
        "a___b",
        "a-b",
        "a--b",
        "a---b",
        "a.-b",
        "a..b",
        "-a",
        "a-",
        ".a",
        "a.",
        "_a",
        "A",
        "Team",
        "",
        "..",
        ".",
        "a b",
        "\u{430}pp",
        "library",
    ];
    let mut text = (pick(dice, &DOMAINS)).to_owned();
    let count = 1 + dice.below(3);
    let segments: Vec<&str> =
        (0..count).map(|_| if dice.once_in(4) { pick(dice, &SEGMENTS) } else { SEGMENTS[dice.below(13)] }).collect();
    text += &segments.join("/");
    if dice.once_in(25) {
        text += "/";
        text += &"a".repeat(pick(dice, &[120, 240, 246, 247, 248, 249, 250, 253, 254, 255, 256]));
    }
    if dice.once_in(2) {
        text += ":";
        text += pick(dice, &["1", "latest", "v1.2-3_x", "", "_", "-a", ".a", "a.", "A", "a:b", "a/b", "\u{e4}", " "]);
        if dice.once_in(12) {
            text += &"t".repeat(125 + dice.below(5));
        }
    }
    if dice.once_in(3) {
        text += "@";
        text += pick(
            dice,
            &[
                "sha256:",
                "sha256:",
                "sha256:",
                "sha512:",
                "sha384:",
                "sha1:",
                "md5:",
                "SHA256:",
                "sha256",
                "",
                "multihash+base58:",
                "sha256:sha256:",
                "a.b:",
                "blake3:",
            ],
        );
        let length = pick(dice, &[64, 64, 64, 128, 96, 40, 63, 65, 32, 31, 0]);
        let digit = pick(dice, &["a", "0", "f", "a", "A", "g"]);
        text += &digit.repeat(length);
    }
    if dice.once_in(60) {
        text = "0123456789abcdef".repeat(4);
    }
    text
}
