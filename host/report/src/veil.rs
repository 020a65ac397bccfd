//! A line of a text that nobody could read, with everything hidden that may be a Secret's.
//!
//! What could not be read could not be masked by its meaning either, and no search for the word `Secret` is safe from
//! escapes, tags or an end that comes too early. So values are never shown, whatever the text is.

/// What holds a notation together and is shown.
const STRUCTURE: &str = "{}[],:\"'-";
/// The longest key of Kubernetes that is shown: the name part of a label has 63 characters.
const LONGEST_KEY: usize = 63;
/// Words that are the fields of many manifests: shown wherever they stand whole.
const COMMON_WORDS: &[&str] = &[
    "annotations",
    "apiVersion",
    "args",
    "command",
    "containers",
    "cpu",
    "data",
    "env",
    "image",
    "initContainers",
    "items",
    "kind",
    "labels",
    "limits",
    "list",
    "matchLabels",
    "memory",
    "metadata",
    "name",
    "namespace",
    "ports",
    "replicas",
    "requests",
    "resources",
    "selector",
    "spec",
    "stringData",
    "template",
    "value",
    "valueFrom",
    "volumeMounts",
    "volumes",
];
/// What opens and joins the actions of a Go template; names behind a `.` or a `$` are shown as well.
const TEMPLATE_WORDS: &[&str] = &[
    "and", "default", "define", "else", "empty", "end", "eq", "if", "include", "indent", "ne", "nindent", "not", "or",
    "quote", "range", "required", "template", "toYaml", "trim", "with",
];

/// The line with `*` in place of what may be a value; as many characters as before. Shown are blanks, brackets, quotes,
/// commas and colons, the key in front, well-known field names, and a template's `{{ … }}` without its texts.
pub(crate) fn veiled(line: &str, from_its_beginning: bool) -> String {
    let mut shown: Vec<bool> = line.chars().map(|c| c.is_whitespace() || STRUCTURE.contains(c)).collect();
    let chars: Vec<char> = line.chars().collect();
    let mut show = |from: usize, until: usize| shown[from..until].fill(true);
    if let Some((from, until)) = from_its_beginning.then(|| leading_key(&chars)).flatten() {
        show(from, until);
    }
    let mut at = 0;
    while at < chars.len() {
        if chars[at..].starts_with(&['{', '{']) {
            let end = (at..chars.len()).find(|&end| chars[end..].starts_with(&['}', '}']));
            if let Some(end) = end {
                template(&chars, at, end, &mut show);
                at = end + 2;
                continue;
            }
        }
        let end = word_end(&chars, at);
        let apart = |c: Option<&char>| c.is_none_or(|c| c.is_whitespace() || (*c != '-' && STRUCTURE.contains(*c)));
        let whole = (at > 0 || from_its_beginning) && apart(chars[..at].last()) && apart(chars.get(end));
        if whole && is_one_of(COMMON_WORDS, &chars[at..end]) {
            show(at, end);
        }
        at = end.max(at + 1);
    }
    chars.iter().zip(&shown).map(|(&c, &shown)| if shown { c } else { '*' }).collect()
}

/// The key at the beginning of a line, after its indentation and the `- ` of lists: plain, and with its colon.
fn leading_key(chars: &[char]) -> Option<(usize, usize)> {
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let mut from = chars.iter().take_while(|c| c.is_whitespace()).count();
    while let ['-', ' ', ..] = chars[from..] {
        from += 2 + chars[from + 2..].iter().take_while(|&&c| c == ' ').count();
    }
    let length = chars[from..].iter().take_while(|&&c| is_key(c)).count();
    let rest = &chars[from + length..];
    let colon = rest.iter().take_while(|&&c| c == ' ').count();
    let ends = rest.get(colon) == Some(&':') && rest.get(colon + 1).is_none_or(|next| next.is_whitespace());
    (ends && (1..=LONGEST_KEY).contains(&length)).then_some((from, from + length))
}

/// Shows an action from its `{{` to before its `}}`: its words, but no text in quotes.
fn template(chars: &[char], start: usize, end: usize, show: &mut impl FnMut(usize, usize)) {
    show(start, start + 2);
    show(end, end + 2);
    let mut quote = None;
    let mut at = start + 2;
    while at < end {
        let c = chars[at];
        let word = word_end(chars, at).min(end);
        match quote {
            Some(open) if open == c => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if matches!(c, '|' | '(' | ')' | '=') => show(at, at + 1),
            None if matches!(c, '.' | '$') => {
                let path = |c: &&char| c.is_alphanumeric() || matches!(c, '.' | '_' | '$');
                let path_end = at + chars[at..end].iter().take_while(path).count();
                show(at, path_end);
                at = path_end;
                continue;
            }
            None if is_one_of(TEMPLATE_WORDS, &chars[at..word]) => show(at, word),
            None => {}
        }
        at = if quote.is_none() { word.max(at + 1) } else { at + 1 };
    }
}

fn word_end(chars: &[char], at: usize) -> usize {
    at + chars[at..].iter().take_while(|&&c| c.is_alphanumeric() || c == '_').count()
}

fn is_one_of(words: &[&str], word: &[char]) -> bool {
    !word.is_empty() && words.iter().any(|known| known.chars().eq(word.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::veiled;

    #[test]
    fn hides_the_values_of_whatever_could_not_be_read() {
        for (line, expected) in [
            (
                "{apiVersion: v1, stringData: {password: \"hunter77\" x",
                "{apiVersion: **, stringData: {********: \"********\" *",
            ),
            ("!!str data: {a: hunter2", "***** data: {*: *******"),
            (
                "{\"kind\":\"S\\u0065cret\",\"d\\u0061ta\":{\"a\":\"hunter2\"},}",
                "{\"kind\":\"***********\",\"*********\":{\"*\":\"*******\"},}",
            ),
            ("!!binary ZGF0YQ==: {a: b}", "******** ********: {*: *}"),
            ("  password: hünter2 #1", "  password: ******* **"),
            ("password hunter2", "******** *******"),
            ("  - - image: nginx", "  - - image: *****"),
            ("x: my-data-x data", "x: **-****-* data"),
            ("dsn: postgres://me:hunter2@db", "dsn: ********:****:**********"),
            ("postgres://me:hunter2@db", "********:****:**********"),
            ("\tname: x", "\tname: *"),
        ] {
            assert_eq!(veiled(line, true), expected);
        }
        assert_eq!(veiled("hunter2: x", false), "*******: *", "the end of a longer line");
    }

    #[test]
    fn shows_a_template_but_none_of_its_texts() {
        for (line, expected) in [
            ("  image: {{ .Values.image }}:v1", "  image: {{ .Values.image }}:**"),
            ("{{- if $.Values.x }}", "{{- if $.Values.x }}"),
            ("  a: {{ default \"hunter2\" .Values.a | quote }}", "  a: {{ default \"*******\" .Values.a | quote }}"),
            ("{{ hunter2 }} {{ 'x }}", "{{ ******* }} {{ '* }}"),
            ("{{ hunter2", "{{ *******"),
        ] {
            assert_eq!(veiled(line, true), expected);
        }
    }

    #[test]
    fn survives_every_beginning_of_a_line() {
        let line = "- - {{ if \"ä }} :{{}} {{ `x` }}: - -";
        for (end, _) in line.char_indices() {
            assert_eq!(veiled(&line[..end], true).chars().count(), line[..end].chars().count());
        }
    }
}
