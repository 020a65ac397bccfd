//! One file to its text, and its text to documents.

use std::path::Path;
use std::sync::Arc;

use portcullis_document::{ReadLimits, decode, read_json, read_yaml};
use portcullis_model::{Document, ReviewedFile, Source, sha256_hex};
use portcullis_report::InputError;

use crate::error::render_hint;
use crate::inputs::InputFile;

/// A file whose text is in hand, or why it is not.
pub(crate) struct FileContent {
    /// The file.
    pub(crate) file: InputFile,
    /// Its text.
    pub(crate) source: Result<Arc<Source>, InputError>,
    /// The file as whoever may have signed it knows it; nothing where it could not be read.
    pub(crate) signed: Option<Arc<ReviewedFile>>,
}

/// Reads and decodes one file.
pub(crate) fn read(file: &InputFile, limits: &ReadLimits) -> FileContent {
    let bytes = file.read().map_err(InputError::from);
    let signed = bytes.as_ref().ok().map(|bytes| reviewed(&file.shown, bytes));
    let decoded = |bytes| decode(&file.shown, bytes, limits).map_err(|error| input_error(&error).in_file(&file.shown));
    FileContent { file: file.clone(), source: bytes.and_then(decoded), signed }
}

/// A file as whoever may have signed it knows it.
pub(crate) fn reviewed(path: &str, bytes: &[u8]) -> Arc<ReviewedFile> {
    Arc::new(ReviewedFile { path: path.to_owned(), digest: sha256_hex(bytes) })
}

impl FileContent {
    /// The documents of the text: JSON where it begins as JSON does, else YAML.
    pub(crate) fn documents(&self, limits: &ReadLimits) -> Result<Vec<Document>, InputError> {
        let source = self.source.as_ref().map_err(Clone::clone)?;
        let json = source.text().trim_start().starts_with('{');
        if !json {
            return read_yaml(source, limits).map_err(|error| self.told(&error));
        }
        match read_json(source, limits) {
            Ok(document) => Ok(vec![document]),
            // A flow mapping of YAML begins as JSON does, and a stream of JSON texts is read as kubectl reads it.
            Err(_) => read_yaml(source, limits).map_err(|error| self.told(&error)),
        }
    }

    /// Whether the text is one JSON value rather than YAML.
    pub(crate) fn is_json(&self, limits: &ReadLimits) -> bool {
        let json =
            |source: &Arc<Source>| source.text().trim_start().starts_with('{') && read_json(source, limits).is_ok();
        self.source.as_ref().is_ok_and(json)
    }

    /// Whether somebody could read an object in a text that we cannot read: it has the word that every object has, or one of the
    /// notations in which that could be written otherwise.
    pub(crate) fn may_be_a_manifest(&self) -> bool {
        const SIGNS: [&str; 7] = ["apiVersion", "\\u", "\\x", "\\U", "\\\n", "\\\r", "binary"];
        self.source.as_ref().map_or(true, |source| SIGNS.iter().any(|sign| source.text().contains(sign)))
    }

    /// Whether a text without documents has more than blanks, comments and `---`, as `null` has; a JSON text always should.
    pub(crate) fn says_nothing_aloud(&self) -> bool {
        let Ok(source) = &self.source else { return false };
        let json = Path::new(&self.file.shown).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        let blank = |line: &str| {
            let line = line.trim();
            let rest = line.strip_prefix("---").map_or(line, str::trim);
            rest.is_empty() || rest.starts_with(['#', '%']) || rest == "..."
        };
        json || !source.text().lines().all(blank)
    }

    fn told(&self, error: &portcullis_document::Error) -> InputError {
        let told = input_error(error).in_file(&self.file.shown);
        match &self.file.chart {
            // Whatever the reader complains about in a chart's template, rendering the chart is the way out.
            Some(chart) => told.hint(render_hint(chart)),
            None => told,
        }
    }
}

fn input_error(error: &portcullis_document::Error) -> InputError {
    let mut told = InputError::new(error.to_string());
    if let Some(place) = error.place() {
        told = told.at(place);
    }
    match error.hint() {
        Some(hint) => told.hint(hint),
        None => told,
    }
}
