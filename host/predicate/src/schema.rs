//! One published JSON schema, compiled once, and its judgement of a text that stays where it is.

use std::cell::Cell;
use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Registry, ValidationError, Validator};
use serde_json::{Value, json};

use crate::judged::{Judged, Marked};
use crate::{Piece, shown};

/// A schema, formats checked.
pub struct Schema {
    validator: Validator<Marked>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Schema")
    }
}

/// One thing that is wrong by a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer of the value.
    pub pointer: String,
    /// What is wrong with it.
    pub what: String,
}

/// What is wrong by a schema: the first, and how many; about [`crate::MAX_FAULTS_COUNTED`] at most are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first ones.
    pub first: Vec<Fault>,
    /// How many there are.
    pub count: usize,
}

impl Schema {
    /// Compiles a schema; `beside` are the ones that it refers to, each with its address. Nothing is ever fetched.
    ///
    /// # Errors
    /// What is wrong with the schema; ours are compiled by a test.
    pub fn compile(schema: &str, beside: &[(&str, &str)]) -> Result<Self, String> {
        let mut registry = Registry::new();
        for (address, schema) in beside {
            registry = registry.add(*address, parsed(schema)?).map_err(|error| error.to_string())?;
        }
        let registry = registry.prepare().map_err(|error| error.to_string())?;
        // The engine without look-around: linear in the text, whatever a stranger writes.
        let options = jsonschema::options_for::<Marked>()
            .with_registry(&registry)
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .should_validate_formats(true)
            .with_format("idn-email", is_idn_email)
            .offline();
        let validator = options.build(&parsed(schema)?).map_err(|error| error.to_string())?;
        Ok(Self { validator })
    }

    /// Judges a value with everything in it; at most `most` faults are kept.
    pub fn check(&self, piece: Piece<'_>, most: usize) -> Faults {
        let told = Cell::new(0);
        let judged = Judged::new(piece, &told);
        if self.validator.is_valid(judged) {
            return Faults::default();
        }
        told.set(0);
        let mut faults = Faults::default();
        for error in self.validator.iter_errors(judged) {
            faults.count += 1;
            if faults.first.len() < most {
                faults.first.push(fault(piece, &error));
            }
        }
        if faults.count == 0 {
            // The verdict is never taken back by the words.
            faults.count = 1;
            faults.first.push(Fault { pointer: piece.pointer(), what: "it does not keep the schema".to_owned() });
        }
        faults
    }

    /// Whether a value keeps the schema.
    pub fn is_valid(&self, piece: Piece<'_>) -> bool {
        self.validator.is_valid(Judged::new(piece, &Cell::new(0)))
    }
}

/// Whether a text is an address of e-mail, with letters beyond ASCII or without: what the library knows of them costs it some
/// 20 crates, and what is left is a plain address once every such letter is one of ASCII.
fn is_idn_email(text: &str) -> bool {
    static EMAIL: LazyLock<Option<Validator>> = LazyLock::new(|| {
        jsonschema::options().should_validate_formats(true).offline().build(&json!({"format": "email"})).ok()
    });
    let plain: String = text.chars().map(|c| if c.is_ascii() { c } else { 'a' }).collect();
    EMAIL.as_ref().is_some_and(|email| email.is_valid(&Value::String(plain)))
}

fn parsed(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn fault(judged: Piece<'_>, error: &ValidationError<'_>) -> Fault {
    let error = nearest(error);
    let index = error.instance().as_u64().and_then(|index| u32::try_from(index).ok());
    let piece = judged.sibling(index.unwrap_or(judged.index()));
    Fault { pointer: piece.pointer(), what: shown(&what(error.kind())) }
}

/// Of a value that fits none of several shapes, the complaint about the shape that it comes closest to: the one that fails
/// deepest in the document.
fn nearest<'e>(error: &'e ValidationError<'e>) -> &'e ValidationError<'e> {
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) = error.kind() else {
        return error;
    };
    let index = |error: &ValidationError<'_>| error.instance().as_u64();
    let deeper = context.iter().filter_map(|shape| match shape.as_slice() {
        [only] if index(only) > index(error) => Some(only),
        _ => None,
    });
    match deeper.max_by_key(|error| index(error)) {
        Some(inner) => nearest(inner),
        None => error,
    }
}

fn what(kind: &ValidationErrorKind) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Required { property } => format!("lacks `{}`", property.as_str().unwrap_or_default()),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let names: Vec<&str> = unexpected.iter().take(3).map(String::as_str).collect();
            format!("has members that the schema does not know: `{}`", names.join("`, `"))
        }
        Kind::Type { kind } => match kind {
            TypeKind::Single(kind) => format!("is no {kind}"),
            TypeKind::Multiple(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(|kind| kind.to_string()).collect();
                format!("is none of {}", kinds.join(", "))
            }
        },
        Kind::Enum { options } => one_of(options),
        Kind::Constant { expected_value } => format!("is not {expected_value}"),
        Kind::Format { format } => format!("is no {format}"),
        Kind::Pattern { pattern } => format!("does not look like `{pattern}`"),
        Kind::MinLength { limit } => format!("is shorter than {limit}"),
        Kind::MaxLength { limit } => format!("is longer than {limit}"),
        Kind::MinItems { limit } => format!("has fewer than {limit} entries"),
        Kind::MaxItems { limit } => format!("has more than {limit} entries"),
        Kind::Minimum { limit } | Kind::ExclusiveMinimum { limit } => format!("is below {limit}"),
        Kind::Maximum { limit } | Kind::ExclusiveMaximum { limit } => format!("is above {limit}"),
        Kind::UniqueItems => "has an entry twice".to_owned(),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => no_shape(context),
        Kind::OneOfMultipleValid { .. } => "has several shapes of which the schema allows one".to_owned(),
        Kind::PropertyNames { .. } => "has a member whose name the schema refuses".to_owned(),
        Kind::FalseSchema => "may not be here".to_owned(),
        _ => "does not keep the schema".to_owned(),
    }
}

/// What keeps a value from the first of several shapes, where that is one thing: the first is the plain one.
fn no_shape(shapes: &[Vec<ValidationError<'_>>]) -> String {
    let none = "has none of the shapes that the schema allows";
    match shapes.first().map(Vec::as_slice) {
        Some([only])
            if !matches!(
                only.kind(),
                ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. }
            ) =>
        {
            format!("{}, and {none} besides", what(only.kind()))
        }
        _ => none.to_owned(),
    }
}

fn one_of(options: &Value) -> String {
    let options: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if options.is_empty() || options.len() > 8 {
        return "is none of the words that the schema knows".to_owned();
    }
    format!("is none of `{}`", options.join("`, `"))
}
