//! A line of a text that nobody could read, with everything hidden that may be a Secret's.
//!
//! What could not be read could not be masked by its meaning either, and no search for the word `Secret` is safe from
//! escapes, tags or an end that comes too early. So values are never shown, whatever the text is.

/// What holds a notation together and is shown.
const STRUCTURE: &str = "{}[],:\"'-";
/// Words that are the fields of many manifests: shown wherever they stand whole. No other key is: where a text is broken,
/// a line of a Secret's block scalar looks like one (`hunter2: y`).
const COMMON_WORDS: &[&str] = &[
    "allowPrivilegeEscalation",
    "annotations",
    "apiVersion",
    "args",
    "automountServiceAccountToken",
    "capabilities",
    "command",
    "configMap",
    "configMapKeyRef",
    "configMapRef",
    "containerPort",
    "containers",
    "cpu",
    "creationTimestamp",
    "data",
    "drop",
    "emptyDir",
    "env",
    "envFrom",
    "ephemeralContainers",
    "fieldRef",
    "group",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPath",
    "hostPort",
    "http",
    "image",
    "imagePullPolicy",
    "imagePullSecrets",
    "ingress",
    "initContainers",
    "items",
    "jobTemplate",
    "key",
    "kind",
    "labels",
    "limits",
    "list",
    "livenessProbe",
    "matchExpressions",
    "matchLabels",
    "memory",
    "metadata",
    "mode",
    "mountPath",
    "name",
    "namespace",
    "nodeSelector",
    "operator",
    "path",
    "plugin",
    "policies",
    "port",
    "ports",
    "privileged",
    "protocol",
    "readOnly",
    "readOnlyRootFilesystem",
    "readinessProbe",
    "replicas",
    "requests",
    "resources",
    "restartPolicy",
    "roleRef",
    "rules",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "schedule",
    "seccompProfile",
    "secretKeyRef",
    "secretName",
    "secretRef",
    "securityContext",
    "selector",
    "serviceAccountName",
    "serviceName",
    "settings",
    "spec",
    "startupProbe",
    "status",
    "strategy",
    "stringData",
    "subjects",
    "targetPort",
    "template",
    "tolerations",
    "type",
    "updateStrategy",
    "value",
    "valueFrom",
    "values",
    "verbs",
    "version",
    "volumeClaimTemplates",
    "volumeMounts",
    "volumes",
];
/// What opens and joins the actions of a Go template; names behind a `.` or a `$` are shown as well.
const TEMPLATE_WORDS: &[&str] = &[
    "and", "default", "define", "else", "empty", "end", "eq", "if", "include", "indent", "ne", "nindent", "not", "or",
    "quote", "range", "required", "template", "toYaml", "trim", "with",
];

/// The line with `*` in place of what may be a value; as many characters as before. Shown are blanks, brackets, quotes,
/// commas and colons, well-known field names, and a template's `{{ … }}` without its texts.
pub(crate) fn veiled(line: &str, from_its_beginning: bool) -> String {
    let mut shown: Vec<bool> = line.chars().map(|c| c.is_whitespace() || STRUCTURE.contains(c)).collect();
    let chars: Vec<char> = line.chars().collect();
    let mut show = |from: usize, until: usize| shown[from..until].fill(true);
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
            ("  password: hünter2 #1", "  ********: ******* **"),
            ("password hunter2", "******** *******"),
            ("  - - image: nginx", "  - - image: *****"),
            ("x: my-data-x data", "*: **-****-* data"),
            ("dsn: postgres://me:hunter2@db", "***: ********:****:**********"),
            ("postgres://me:hunter2@db", "********:****:**********"),
            ("\tname: x", "\tname: *"),
        ] {
            assert_eq!(veiled(line, true), expected);
        }
        assert_eq!(veiled("hunter2: x", false), "*******: *", "the end of a longer line");
    }

    #[test]
    fn hides_what_looks_like_a_key_in_a_broken_block_scalar_of_a_secret() {
        for (line, expected) in [
            ("   hunter2: y", "   *******: *"),
            ("- hunter2: x", "- *******: *"),
            ("hunter2.com/key: x", "*******.***/***: *"),
            ("  hunter2 : ", "  ******* : "),
            ("  metadata: {hunter2: x}", "  metadata: {*******: *}"),
        ] {
            assert_eq!(veiled(line, true), expected.replace(['.', '/'], "*"));
        }
    }

    #[test]
    fn shows_a_template_but_none_of_its_texts() {
        for (line, expected) in [
            ("  image: {{ .Values.image }}:v1", "  image: {{ .Values.image }}:**"),
            ("{{- if $.Values.x }}", "{{- if $.Values.x }}"),
            ("  a: {{ default \"hunter2\" .Values.a | quote }}", "  *: {{ default \"*******\" .Values.a | quote }}"),
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
