//! Which package URLs can be denied at all: a slip that no component ever matches would deny nothing.

use portcullis_proof::pattern;
use portcullis_sdk::nearest;

/// Types of package URLs: the published index, what was proposed for it, and what scanners write besides.
const PACKAGES: &str = "agentskills alpm ansible apk bazel bitbucket bitnami bower brew bsd cargo chef chrome \
    chrome-extension cocoapods composer conan conda cpan cran deb docker ebuild edge-extension firefox-extension fusesoc gem \
    generic getit git gitea gitee github githubactions gitlab golang hackage hex huggingface ips julia k8s luarocks maven \
    mlflow nipkg nix npm nuget oci opam openvsx otp p2 pear platformio portage powershell pub puppet pypi qpkg raku rpm \
    smartsetup spack swid swift terraform vcpkg vipm virtual vscode vscode-extension vsx yocto";
/// What people write for some of them.
const NICKNAMES: [(&str, &str); 17] = [
    ("alpm", "arch pacman"),
    ("apk", "alpine"),
    ("brew", "homebrew"),
    ("cargo", "crate crates rust"),
    ("composer", "packagist php"),
    ("cpan", "perl"),
    ("cran", "r"),
    ("deb", "apt debian dpkg ubuntu"),
    ("gem", "bundler ruby rubygem rubygems"),
    ("golang", "go gomod"),
    ("hex", "elixir erlang"),
    ("maven", "gradle java mvn"),
    ("npm", "javascript js node nodejs pnpm yarn"),
    ("nuget", "csharp dotnet"),
    ("pub", "dart flutter"),
    ("pypi", "pip pip3 python wheel"),
    ("rpm", "dnf fedora redhat rhel yum"),
];
/// Types whose packages stand in no namespace, by their published definitions.
const WITHOUT_NAMESPACE: &str = "bitnami cargo cocoapods conda cran gem hackage mlflow nuget oci pub pypi";
/// Types whose versions begin with a number, by the rules of their registries.
const NUMBERED: &str = "cargo cran gem hackage hex npm nuget pub pypi";
/// Types whose versions may be any tag, so that `1.x` may be one.
const TAGGED: &str = "bitbucket composer docker generic git gitea gitee github githubactions gitlab oci";

/// What is wrong with a package that somebody denies.
pub fn fault(text: &str) -> Option<String> {
    let parts = text.strip_prefix("pkg:").and_then(|rest| rest.split_once('/'));
    if let Some((kind, path)) = parts.filter(|(kind, path)| is_type(kind) && !path.contains(['?', '#']))
        && let Some(slip) = slip(text, &kind.to_ascii_lowercase(), path)
    {
        return Some(slip);
    }
    let is_segment = |segment: &str| !segment.is_empty() && !segment.contains("**");
    let sound =
        |(kind, path): (&str, &str)| is_type(kind) && path.split('/').all(is_segment) && !path.contains(['?', '#']);
    if !parts.is_some_and(sound) || pattern::fault(text).is_some() {
        return Some(format!(
            "`{}` is no package; write one such as `pkg:npm/left-pad`, `pkg:npm/left-pad@1.3.0` or `pkg:maven/org.example/*`",
            text.escape_debug()
        ));
    }
    let (kind, path) = parts?;
    let near = package_type(kind)?;
    Some(format!("`{kind}` is no type of package URLs; did you mean `pkg:{near}/{path}`?"))
}

fn is_type(kind: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    !kind.is_empty() && kind.bytes().all(word)
}

/// What people write who know other notations: ranges, another sign before the version, a namespace or a `v` where there is none.
fn slip(text: &str, kind: &str, path: &str) -> Option<String> {
    let is = |kinds: &str| kinds.split(' ').any(|one| one == kind);
    // An `@` at the start of a segment is the one of a scope.
    let at = path.rfind('@').filter(|at| *at > 0 && path.as_bytes()[at - 1] != b'/');
    let (path, version) = at.map_or((path, ""), |at| (&path[..at], &path[at + 1..]));
    let (shown, name) = (text.escape_debug(), path.rsplit('/').next().unwrap_or_default());
    let odd = |c: char| matches!(c, '<' | '>' | '=' | '|' | ',') || c.is_whitespace();
    let early = name.find(|c| odd(c) || matches!(c, '^' | '!')).map(|at| name[..at].trim_end_matches('~'));
    let is_wild = |part: &str| part.eq_ignore_ascii_case("x");
    if early.is_some()
        || version.contains(odd)
        || version.starts_with(['^', '~', '!', '[', '('])
        || !is(TAGGED) && version.split('.').any(is_wild)
    {
        let base = &path[..path.len() - name.len() + early.unwrap_or(name).len()];
        return Some(format!(
            "`{shown}` is no version and no pattern of them: there are no ranges; write one as in `pkg:{kind}/{base}@1.3.0`, some of them as in `pkg:{kind}/{base}@1.*`, or leave the version out"
        ));
    }
    if let Some((before, behind)) = name.rsplit_once(':').filter(|(before, _)| !before.ends_with(':'))
        && !is("cpan generic nix swid")
    {
        let base = &path[..path.len() - name.len() + before.len()];
        let number = behind.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit() || c == '*');
        let sign = if number { '@' } else { '/' };
        return Some(format!(
            "`{shown}` has a `:` in the name of a package; did you mean `pkg:{kind}/{base}{sign}{behind}`?"
        ));
    }
    if is(WITHOUT_NAMESPACE) && path.contains('/') && path.split('/').all(|segment| !segment.is_empty()) {
        return Some(format!(
            "`{shown}` never matches: packages of `{kind}` have no namespace; did you mean `pkg:{kind}/{name}`?"
        ));
    }
    let number =
        version.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '*'));
    let number = number.filter(|_| is(NUMBERED))?;
    Some(format!("`{shown}` never matches: versions of `{kind}` have no `v`; write `pkg:{kind}/{path}@{number}`"))
}

/// The published type that somebody meant who wrote another one. One that is like none of them may be private.
fn package_type(written: &str) -> Option<&'static str> {
    let known: Vec<&str> = PACKAGES.split_whitespace().collect();
    let lower = written.to_ascii_lowercase();
    if known.contains(&lower.as_str()) {
        return None;
    }
    let nickname = NICKNAMES.iter().find(|(_, names)| names.split(' ').any(|name| name == lower));
    nickname.map(|(name, _)| *name).or_else(|| nearest(&lower, &known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_people_say_for_a_type_of_packages() {
        for (written, meant) in [("pip", "pypi"), ("node", "npm"), ("GO", "golang"), ("nmp", "npm"), ("mavne", "maven")]
        {
            assert_eq!(package_type(written), Some(meant), "{written}");
        }
        for good in ["npm", "PyPI", "oci", "vscode-extension", "acme-internal"] {
            assert_eq!(package_type(good), None, "{good}");
        }
    }
}
