//! From what an expression read to the place of a finding.

use portcullis_cel::{Shown, nearest_key};
use portcullis_sdk::{Finding, Kind, Node};

/// The most keys that are compared with a missing one: each is a question to the host.
const MOST_BESIDE: u32 = 64;

/// Puts a finding at the deepest place that holds everything it is made of: a node, or a field that a node lacks.
pub(crate) fn at(finding: impl FnOnce(Node) -> Finding, shown: &[Shown], object: Node) -> Finding {
    match shown {
        [] => finding(Node::NONE),
        [Shown::Node(node)] => finding(Node::numbered(*node)),
        [Shown::Missing(node, key)] => {
            let node = Node::numbered(*node);
            finding(node).missing(format!("/{}", escaped(key)))
        }
        many => finding(common(many, object)),
    }
}

/// The key or position of what lacks a field.
pub(crate) fn holder(shown: &[Shown]) -> Option<String> {
    match shown {
        [Shown::Missing(node, _)] => {
            let pointer = Node::numbered(*node).pointer();
            pointer.rsplit('/').next().map(|last| last.replace("~1", "/").replace("~0", "~"))
        }
        _ => None,
    }
}

/// The key that stands where another one was asked for and is nearly the same.
pub(crate) fn near(shown: &[Shown]) -> Option<String> {
    let [Shown::Missing(node, key)] = shown else { return None };
    let node = Node::numbered(*node);
    let keys: Vec<String> = (0..node.len().min(MOST_BESIDE)).map(|position| node.key_at(position)).collect();
    nearest_key(key, keys.iter().map(String::as_str)).map(str::to_owned)
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The deepest node that all of them lie in.
fn common(shown: &[Shown], object: Node) -> Node {
    let pointer = |shown: &Shown| match shown {
        Shown::Node(node) => Node::numbered(*node).pointer(),
        Shown::Missing(node, _) => Node::numbered(*node).pointer(),
    };
    let first = pointer(&shown[0]);
    let mut segments: Vec<&str> = first.split('/').skip(1).collect();
    for other in &shown[1..] {
        let other = pointer(other);
        let same = segments.iter().zip(other.split('/').skip(1)).take_while(|(one, other)| **one == *other).count();
        segments.truncate(same);
    }
    segments.iter().fold(object, |node, segment| match node.kind() {
        Kind::List => node.at(segment.parse().unwrap_or(u32::MAX)),
        _ => node.find(&segment.replace("~1", "/").replace("~0", "~")),
    })
}
