//! OpenVEX: which vulnerabilities affect a product, by the word of somebody.

use std::borrow::Cow;

use portcullis_model::parse_time;
use serde_json::{Map, Value, json};

use crate::{Kind, MOST_PRODUCTS, MOST_STATEMENTS, Piece, Text, Unreadable, shown};

/// What a VEX document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whose word it is.
    pub author: Option<String>,
    /// Of when, in seconds: the last update, or the time of issue.
    pub timestamp_seconds: Option<i64>,
    /// The first [`MOST_STATEMENTS`] statements, one for each vulnerability, in order.
    pub statements: Vec<Statement>,
    /// How many more there are.
    pub more: usize,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Name of the vulnerability.
    pub vulnerability: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// `not_affected`, `affected`, `fixed`, `under_investigation`.
    pub status: String,
    /// Why it does not affect: one of OpenVEX's words, or a sentence.
    pub justification: Option<String>,
    /// The products, one entry for each of their names.
    pub products: Vec<Product>,
    /// Of when, in seconds.
    pub timestamp_seconds: Option<i64>,
    /// Where it stands.
    pub pointer: String,
}

/// A product by one of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// A package URL, a digest, or what else names it.
    pub id: String,
    /// Names of the parts of this product that the statement is about; none: all of it.
    pub subcomponents: Vec<String>,
}

const STATUS: [&str; 4] = ["not_affected", "affected", "fixed", "under_investigation"];

/// Words for why a vulnerability does not affect (OpenVEX 0.2.0).
const JUSTIFICATIONS: [&str; 5] = [
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
];

/// Reads an OpenVEX document, 0.0.1 to 0.2.0.
///
/// # Errors
/// It is none; a statement without vulnerability, with a status that nobody knows, or `not_affected` without saying why; more
/// products in one statement than [`MOST_PRODUCTS`], which cutting would change the meaning of.
pub fn read(text: &[u8]) -> Result<Reading, Unreadable> {
    let text = Text::read(text)?;
    let root = text.root();
    let context = root.get_str("@context").unwrap_or_default();
    if !(context.starts_with("https://openvex.dev/ns")) {
        return Err(Unreadable::at(
            "/@context",
            "its `@context` is not that of OpenVEX (https://openvex.dev/ns/v0.2.0)",
        ));
    }
    let time = |piece: Piece<'_>| {
        let text = piece.get_str("last_updated").or_else(|| piece.get_str("timestamp"));
        text.and_then(|text| parse_time(&text))
    };
    let issued = time(root);
    let list = root.get("statements").filter(|list| list.kind() == Kind::List);
    let list =
        list.ok_or_else(|| Unreadable::at("/statements", "an OpenVEX document without `statements` says nothing"))?;
    let mut reading = Reading {
        author: root.get("author").and_then(Piece::shown),
        timestamp_seconds: issued,
        statements: Vec::new(),
        more: 0,
    };
    for (index, piece) in list.elements().enumerate() {
        let mut statement = statement(piece, format!("/statements/{index}"))?;
        statement.timestamp_seconds = time(piece).or(issued);
        if reading.statements.len() < MOST_STATEMENTS {
            reading.statements.push(statement);
        } else {
            reading.more += 1;
        }
    }
    Ok(reading)
}

fn statement(piece: Piece<'_>, pointer: String) -> Result<Statement, Unreadable> {
    let wrong = |what: &str| Unreadable::at(pointer.clone(), what);
    let vulnerability = piece.get("vulnerability");
    // A text up to 0.0.1, a map since 0.2.0.
    let name = vulnerability.and_then(|one| one.str().or_else(|| one.get_str("name")).or_else(|| one.get_str("@id")));
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| wrong("a statement about no vulnerability"))?;
    let status = piece.get_str("status").unwrap_or_default();
    if !STATUS.contains(&&*status) {
        return Err(wrong("`status` is none of `not_affected`, `affected`, `fixed`, `under_investigation`"));
    }
    let said = |name: &str| piece.get_str(name).filter(|text| !text.trim().is_empty()).map(|text| shown(&text));
    let justification = said("justification");
    if justification.as_deref().is_some_and(|word| !JUSTIFICATIONS.contains(&word)) {
        return Err(wrong("`justification` is no word that OpenVEX knows"));
    }
    let justification = justification.or_else(|| said("impact_statement"));
    if &*status == "not_affected" && justification.is_none() {
        return Err(wrong("`not_affected` without `justification` or `impact_statement`"));
    }
    let aliases = vulnerability.into_iter().flat_map(|one| one.list("aliases"));
    let products = products(piece).ok_or_else(|| wrong("it names too many products"))?;
    Ok(Statement {
        vulnerability: shown(&name),
        aliases: aliases.filter_map(Piece::shown).take(crate::MOST_MAKERS).collect(),
        status: status.into_owned(),
        justification,
        products,
        timestamp_seconds: None,
        pointer,
    })
}

/// The products of a statement, with the parts of each. Up to 0.0.1 parts stood in the statement, about every product. Nothing
/// where there are too many: each name of a product counts, and its parts with it.
fn products(piece: Piece<'_>) -> Option<Vec<Product>> {
    let mut common = Vec::new();
    piece.list("subcomponents").for_each(|part| ids(part, &mut common));
    let (mut products, mut count) = (Vec::new(), 0);
    for product in piece.list("products") {
        let mut names = Vec::new();
        ids(product, &mut names);
        let mut parts = common.clone();
        product.list("subcomponents").for_each(|part| ids(part, &mut parts));
        count += names.len() * (1 + parts.len());
        if count > MOST_PRODUCTS || parts.len() > MOST_PRODUCTS {
            return None;
        }
        products.extend(names.into_iter().map(|id| Product { id, subcomponents: parts.clone() }));
    }
    Some(products)
}

/// Every name of a product: a text, its `@id`, its package URLs and hashes.
fn ids(piece: Piece<'_>, ids: &mut Vec<String>) {
    let mut add = |text: Option<Cow<'_, str>>| {
        if ids.len() <= MOST_PRODUCTS {
            ids.extend(text.map(|text| shown(&text)).filter(|text| !text.is_empty()));
        }
    };
    add(piece.str());
    add(piece.get_str("@id"));
    add(piece.path(&["identifiers", "purl"]).and_then(Piece::str));
    add(piece.path(&["hashes", "sha-256"]).and_then(Piece::str).map(|hash| Cow::Owned(format!("sha256:{hash}"))));
}

fn product(product: &Product) -> Value {
    json!({"id": product.id, "subcomponents": product.subcomponents})
}

impl Reading {
    /// The members of one entry of `vex` from `author` on.
    pub fn to_json(&self) -> Map<String, Value> {
        let statements = self.statements.iter().map(|statement| {
            json!({
                "vulnerability": statement.vulnerability,
                "aliases": statement.aliases,
                "status": statement.status,
                "justification": statement.justification,
                "products": statement.products.iter().map(product).collect::<Value>(),
                "timestampSeconds": statement.timestamp_seconds,
                "pointer": statement.pointer,
            })
        });
        let members: [(&str, Value); 4] = [
            ("author", json!(self.author)),
            ("timestampSeconds", json!(self.timestamp_seconds)),
            ("statements", statements.collect()),
            ("more", json!(self.more)),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
