//! SPDX 2 as tag-value text, written as the JSON form of the same document.

use serde_json::Value;

use crate::{Unreadable, shown};

/// Where a tag stands in the JSON form.
#[derive(Clone, Copy, PartialEq)]
enum To {
    /// A member of the document.
    Document(&'static str),
    /// Among `creationInfo.creators`.
    Creator,
    /// Another member of `creationInfo`.
    Creation(&'static str),
    /// Opens a package, a file, a snippet, a licence, an annotation.
    Opens(&'static str, &'static str),
    /// A member of whatever is open.
    Member(&'static str),
    /// The same, but a list of texts.
    List(&'static str),
    /// The same, but true or false.
    Bool(&'static str),
    Checksum,
    External,
    Relationship,
    /// Known, and nothing that is read.
    Left,
}

/// The tags of SPDX 2.3 (annex of the specification), by what they become.
fn tag(name: &str) -> Option<To> {
    Some(match name {
        "SPDXVersion" => To::Document("spdxVersion"),
        "DataLicense" => To::Document("dataLicense"),
        "DocumentName" => To::Document("name"),
        "DocumentNamespace" => To::Document("documentNamespace"),
        "DocumentComment" => To::Document("comment"),
        "SPDXID" => To::Member("SPDXID"),
        "Creator" => To::Creator,
        "Created" => To::Creation("created"),
        "LicenseListVersion" => To::Creation("licenseListVersion"),
        "CreatorComment" => To::Creation("comment"),
        "PackageName" => To::Opens("packages", "name"),
        "FileName" => To::Opens("files", "fileName"),
        "SnippetSPDXID" => To::Opens("snippets", "SPDXID"),
        "LicenseID" => To::Opens("hasExtractedLicensingInfos", "licenseId"),
        "PackageVersion" => To::Member("versionInfo"),
        "PackageFileName" => To::Member("packageFileName"),
        "PackageSupplier" => To::Member("supplier"),
        "PackageOriginator" => To::Member("originator"),
        "PackageDownloadLocation" => To::Member("downloadLocation"),
        "PackageHomePage" => To::Member("homepage"),
        "PackageSourceInfo" => To::Member("sourceInfo"),
        "SnippetFromFileSPDXID" => To::Member("snippetFromFile"),
        "SnippetName" => To::Member("name"),
        "LicenseInfoInSnippet" => To::List("licenseInfoInSnippets"),
        "PackageLicenseConcluded" | "LicenseConcluded" | "SnippetLicenseConcluded" => To::Member("licenseConcluded"),
        "PackageLicenseDeclared" => To::Member("licenseDeclared"),
        "PackageLicenseComments" | "LicenseComments" => To::Member("licenseComments"),
        "PackageCopyrightText" | "FileCopyrightText" => To::Member("copyrightText"),
        "PackageSummary" => To::Member("summary"),
        "PackageDescription" => To::Member("description"),
        "PackageComment" | "FileComment" | "LicenseComment" => To::Member("comment"),
        "PrimaryPackagePurpose" => To::Member("primaryPackagePurpose"),
        "ReleaseDate" => To::Member("releaseDate"),
        "BuiltDate" => To::Member("builtDate"),
        "ValidUntilDate" => To::Member("validUntilDate"),
        "FilesAnalyzed" => To::Bool("filesAnalyzed"),
        "PackageLicenseInfoFromFiles" => To::List("licenseInfoFromFiles"),
        "PackageAttributionText" | "FileAttributionText" => To::List("attributionTexts"),
        "FileType" => To::List("fileTypes"),
        "LicenseInfoInFile" => To::List("licenseInfoInFiles"),
        "FileContributor" => To::List("fileContributors"),
        "FileNotice" => To::Member("noticeText"),
        "ExtractedText" => To::Member("extractedText"),
        "LicenseName" => To::Member("name"),
        "LicenseCrossReference" => To::List("seeAlsos"),
        "PackageChecksum" | "FileChecksum" => To::Checksum,
        "ExternalRef" => To::External,
        "Relationship" => To::Relationship,
        "ExternalDocumentRef"
        | "PackageVerificationCode"
        | "ExternalRefComment"
        | "RelationshipComment"
        | "FileDependency"
        | "ArtifactOfProjectName"
        | "ArtifactOfProjectHomePage"
        | "ArtifactOfProjectURI"
        | "Annotator"
        | "AnnotationDate"
        | "AnnotationType"
        | "SPDXREF"
        | "AnnotationComment"
        | "SnippetByteRange"
        | "SnippetLineRange"
        | "SnippetLicenseComments"
        | "SnippetCopyrightText"
        | "SnippetComment"
        | "SnippetAttributionText"
        | "Reviewer"
        | "ReviewDate"
        | "ReviewComment" => To::Left,
        _ => return None,
    })
}

/// Whether a text is SPDX tag-value: the first line that says anything is its version.
pub(super) fn is(text: &str) -> bool {
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines.find(|line| !line.is_empty() && !line.starts_with('#')).is_some_and(|line| line.starts_with("SPDXVersion:"))
}

/// Writes a tag-value document as JSON.
///
/// # Errors
/// A line that is no tag, a tag that nobody knows, one that may stand once and stands twice, text that does not end.
pub(super) fn to_json(text: &str) -> Result<String, Unreadable> {
    let mut writer = Writer::default();
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let number = index + 1;
        let wrong = |what: String| Unreadable::new(format!("SPDX tag-value, line {number}: {what}"));
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (name, value) = trimmed.split_once(':').ok_or_else(|| wrong("expected `Tag: value`".to_owned()))?;
        let mut value = value.trim().to_owned();
        if let Some(start) = value.strip_prefix("<text>") {
            let mut whole = start.to_owned();
            let mut ended = start.contains("</text>");
            while !ended {
                let (_, more) = lines.next().ok_or_else(|| wrong("`<text>` without `</text>`".to_owned()))?;
                ended = more.contains("</text>");
                whole.push('\n');
                whole.push_str(more);
            }
            let (inside, behind) = whole.split_once("</text>").unwrap_or((&whole, ""));
            if !behind.trim().is_empty() {
                return Err(wrong("something follows `</text>`".to_owned()));
            }
            value = inside.to_owned();
        }
        let to = tag(name).ok_or_else(|| wrong(format!("`{}` is no tag of SPDX 2", shown(name))))?;
        writer.take(to, &value).map_err(wrong)?;
    }
    Ok(writer.finish())
}

/// A map while it is written: members in order, lists gathered.
#[derive(Default)]
struct Open {
    members: Vec<(&'static str, String)>,
    lists: Vec<(&'static str, Vec<String>)>,
}

impl Open {
    fn member(&mut self, name: &'static str, json: String) -> Result<(), String> {
        if self.members.iter().any(|(known, _)| *known == name) {
            return Err(format!("`{name}` is said twice"));
        }
        self.members.push((name, json));
        Ok(())
    }

    fn push(&mut self, name: &'static str, json: String) {
        match self.lists.iter_mut().find(|(known, _)| *known == name) {
            Some((_, list)) => list.push(json),
            None => self.lists.push((name, vec![json])),
        }
    }

    fn json(&self) -> String {
        let mut parts: Vec<String> = self.members.iter().map(|(name, json)| format!("{}:{json}", text(name))).collect();
        parts.extend(self.lists.iter().map(|(name, list)| format!("{}:[{}]", text(name), list.join(","))));
        format!("{{{}}}", parts.join(","))
    }
}

#[derive(Default)]
struct Writer {
    document: Open,
    creation: Open,
    open: Option<(&'static str, Open)>,
}

impl Writer {
    fn here(&mut self) -> &mut Open {
        match &mut self.open {
            Some((_, open)) => open,
            None => &mut self.document,
        }
    }

    fn close(&mut self) {
        if let Some((list, mut open)) = self.open.take() {
            if list == "snippets" {
                // Only the JSON form requires a name, and spells out where a snippet begins and ends, which nobody reads here.
                if !open.members.iter().any(|(name, _)| *name == "name") {
                    open.members.push(("name", text("")));
                }
                let end = |name| format!("{}:{{\"offset\":1,\"reference\":\"SPDXRef-DOCUMENT\"}}", text(name));
                open.push("ranges", format!("{{{},{}}}", end("startPointer"), end("endPointer")));
            }
            self.document.push(list, open.json());
        }
    }

    fn take(&mut self, to: To, value: &str) -> Result<(), String> {
        match to {
            To::Document(name) => self.document.member(name, text(value)),
            To::Creation(name) => self.creation.member(name, text(value)),
            To::Creator => {
                self.creation.push("creators", text(value));
                Ok(())
            }
            To::Opens(list, name) => {
                self.close();
                let mut open = Open::default();
                open.member(name, text(value))?;
                self.open = Some((list, open));
                Ok(())
            }
            To::Member(name) => self.here().member(name, text(value)),
            To::List(name) => {
                self.here().push(name, text(value));
                Ok(())
            }
            To::Bool(name) => match value.to_ascii_lowercase().as_str() {
                "true" | "false" => self.here().member(name, value.to_ascii_lowercase()),
                _ => Err(format!("`{}` is neither true nor false", shown(value))),
            },
            To::Checksum => {
                let (algorithm, digest) = value.split_once(':').ok_or("expected `SHA256: digest`")?;
                let json =
                    format!("{{\"algorithm\":{},\"checksumValue\":{}}}", text(algorithm.trim()), text(digest.trim()));
                self.here().push("checksums", json);
                Ok(())
            }
            To::External => {
                let [category, kind, locator] = three(value).ok_or("expected `CATEGORY type locator`")?;
                let names = (text(category), text(kind), text(locator));
                let json = format!(
                    "{{\"referenceCategory\":{},\"referenceType\":{},\"referenceLocator\":{}}}",
                    names.0, names.1, names.2
                );
                self.here().push("externalRefs", json);
                Ok(())
            }
            To::Relationship => {
                let [from, kind, to] = three(value).ok_or("expected `SPDXRef-a TYPE SPDXRef-b`")?;
                let ends = (text(from), text(kind), text(to));
                let json = format!(
                    "{{\"spdxElementId\":{},\"relationshipType\":{},\"relatedSpdxElement\":{}}}",
                    ends.0, ends.1, ends.2
                );
                self.document.push("relationships", json);
                Ok(())
            }
            To::Left => Ok(()),
        }
    }

    fn finish(mut self) -> String {
        self.close();
        if !self.creation.members.is_empty() || !self.creation.lists.is_empty() {
            self.document.members.push(("creationInfo", self.creation.json()));
        }
        self.document.json()
    }
}

fn three(value: &str) -> Option<[&str; 3]> {
    let mut words = value.split_whitespace();
    let three = [words.next()?, words.next()?, words.next()?];
    words.next().is_none().then_some(three)
}

fn text(value: &str) -> String {
    Value::from(value).to_string()
}
