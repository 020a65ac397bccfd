//! What is known of a value before it is there: CEL's types, and which of them goes where.

use std::collections::BTreeMap;

/// A type, by its number in a [`Types`].
pub type Ty = u32;

/// What a type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Anything; known when it is evaluated.
    Dyn,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// 64 bits with a sign.
    Int,
    /// 64 bits without a sign.
    Uint,
    /// A floating-point number.
    Double,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// A span of time.
    Duration,
    /// A moment.
    Timestamp,
    /// The type of a value; of any value.
    Type,
    /// A list of items.
    List(Ty),
    /// A map from keys to values.
    Map(Ty, Ty),
    /// A value or none.
    Optional(Ty),
    /// One of Kubernetes' own: see [`OPAQUE`].
    Opaque(u8),
    /// A structure with known fields, by its number.
    Struct(u8),
    /// To be found out.
    Param(u32),
}

/// Kubernetes' own types: the letter in signatures, and the name.
pub const OPAQUE: [(u8, &str); 6] = [
    (b'q', "kubernetes.Quantity"),
    (b'p', "net.IP"),
    (b'c', "net.CIDR"),
    (b'U', "kubernetes.URL"),
    (b'v', "kubernetes.Semver"),
    (b'F', "kubernetes.NamedFormat"),
];

/// The types that always have the same number.
const SIMPLE: [Kind; 11] = [
    Kind::Dyn,
    Kind::Null,
    Kind::Bool,
    Kind::Int,
    Kind::Uint,
    Kind::Double,
    Kind::Text,
    Kind::Bytes,
    Kind::Duration,
    Kind::Timestamp,
    Kind::Type,
];

/// Anything.
pub const DYN: Ty = 0;
/// `null`.
pub const NULL: Ty = 1;
/// `true` or `false`.
pub const BOOL: Ty = 2;
/// A whole number.
pub const INT: Ty = 3;
/// A whole number without sign.
pub const UINT: Ty = 4;
/// A floating-point number.
pub const DOUBLE: Ty = 5;
/// A text.
pub const TEXT: Ty = 6;
/// Bytes.
pub const BYTES: Ty = 7;
/// A span of time.
pub const DURATION: Ty = 8;
/// A moment.
pub const TIMESTAMP: Ty = 9;
/// The type of something.
pub const TYPE: Ty = 10;

/// The deepest type that is looked at; what is deeper counts as anything.
const MOST_DEPTH: u32 = 12;

/// All types of one expression, and what was found out about those that were open.
#[derive(Debug)]
pub struct Types {
    kinds: Vec<Kind>,
    /// The number of each type that is not open.
    numbers: BTreeMap<Kind, Ty>,
    /// What each open type turned out to be.
    found: Vec<Option<Ty>>,
    /// What was found since, and what was known before: to be undone where it leads nowhere.
    trail: Vec<(u32, Option<Ty>)>,
}

impl Default for Types {
    fn default() -> Self {
        let numbers = SIMPLE.into_iter().zip(0..).collect();
        Self { kinds: SIMPLE.to_vec(), numbers, found: Vec::new(), trail: Vec::new() }
    }
}

impl Types {
    /// The number of a type.
    pub fn of(&mut self, kind: Kind) -> Ty {
        if let Some(known) = self.numbers.get(&kind) {
            return *known;
        }
        let number = self.kinds.len() as Ty;
        self.kinds.push(kind);
        self.numbers.insert(kind, number);
        number
    }

    /// An open type.
    pub fn open(&mut self) -> Ty {
        let number = self.found.len() as u32;
        self.found.push(None);
        self.kinds.push(Kind::Param(number));
        (self.kinds.len() - 1) as Ty
    }

    /// What a type is, as far as it was found out.
    pub fn kind(&self, ty: Ty) -> Kind {
        self.kinds[self.real(ty) as usize]
    }

    fn real(&self, mut ty: Ty) -> Ty {
        while let Kind::Param(number) = self.kinds[ty as usize] {
            match self.found[number as usize] {
                Some(found) if found != ty => ty = found,
                _ => break,
            }
        }
        ty
    }

    /// The type with everything that was found out put in; what is still open is anything.
    pub fn closed(&mut self, ty: Ty) -> Ty {
        self.put_in(ty, true, MOST_DEPTH)
    }

    /// The type with everything put in that was found out until now; what is still open stays open.
    pub fn so_far(&mut self, ty: Ty) -> Ty {
        self.put_in(ty, false, MOST_DEPTH)
    }

    fn put_in(&mut self, ty: Ty, close: bool, depth: u32) -> Ty {
        if depth == 0 {
            return DYN;
        }
        let real = self.real(ty);
        let kind = match self.kinds[real as usize] {
            Kind::Param(_) if close => Kind::Dyn,
            Kind::List(item) => Kind::List(self.put_in(item, close, depth - 1)),
            Kind::Map(key, value) => {
                Kind::Map(self.put_in(key, close, depth - 1), self.put_in(value, close, depth - 1))
            }
            Kind::Optional(inner) => Kind::Optional(self.put_in(inner, close, depth - 1)),
            _ => return real,
        };
        self.of(kind)
    }

    /// What a variable of this type counts as where it is named: of Kubernetes' own types only the shape is kept.
    pub fn of_variable(&mut self, ty: Ty) -> Ty {
        let kind = match self.kind(ty) {
            Kind::List(item) => Kind::List(self.of_variable(item)),
            Kind::Map(key, value) => Kind::Map(self.of_variable(key), self.of_variable(value)),
            Kind::Optional(_) | Kind::Opaque(_) | Kind::Struct(_) | Kind::Type | Kind::Param(_) => Kind::Dyn,
            kind => kind,
        };
        self.of(kind)
    }

    /// Whether a value of type `one` can stand where `other` is wanted; remembers what that says about open types.
    pub fn goes(&mut self, one: Ty, other: Ty) -> bool {
        self.all_go(&[one], &[other])
    }

    /// The same for several at once.
    pub fn all_go(&mut self, ones: &[Ty], others: &[Ty]) -> bool {
        let mark = self.trail.len();
        let fine = ones.len() == others.len()
            && ones.iter().zip(others).all(|(&one, &other)| self.assign(one, other, MOST_DEPTH));
        if !fine {
            for (number, before) in self.trail.drain(mark..).rev() {
                self.found[number as usize] = before;
            }
        }
        fine
    }

    fn assign(&mut self, one: Ty, other: Ty, depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return true };
        let (a, b) = (self.kinds[one as usize], self.kinds[other as usize]);
        if let Kind::Param(number) = b {
            let (valid, known) = self.substitute(one, other, number, depth);
            if valid || known {
                return valid;
            }
        }
        if let Kind::Param(number) = a {
            return self.substitute(other, one, number, depth).0;
        }
        match (a, b) {
            (Kind::Dyn, _) | (_, Kind::Dyn) => true,
            (Kind::Null, wanted) | (wanted, Kind::Null) => matches!(
                wanted,
                Kind::Null | Kind::Optional(_) | Kind::Opaque(_) | Kind::Struct(_) | Kind::Duration | Kind::Timestamp
            ),
            (Kind::List(x), Kind::List(y)) | (Kind::Optional(x), Kind::Optional(y)) => self.assign(x, y, depth),
            (Kind::Map(k, v), Kind::Map(l, w)) => self.assign(k, l, depth) && self.assign(v, w, depth),
            _ => a == b,
        }
    }

    /// Whether the open type `open` can be `ty`, and whether something was known of it already.
    fn substitute(&mut self, ty: Ty, open: Ty, number: u32, depth: u32) -> (bool, bool) {
        if ty == open {
            return (true, true);
        }
        if let Some(found) = self.found[number as usize] {
            if found == ty {
                return (true, true);
            }
            if self.assign(ty, found, depth) {
                let general = self.more_general(ty, found);
                if !self.occurs(open, general, depth) {
                    self.note(number, general);
                }
                return (true, true);
            }
            return (false, true);
        }
        if self.occurs(open, ty, depth) {
            return (false, false);
        }
        self.note(number, ty);
        (true, false)
    }

    fn note(&mut self, number: u32, ty: Ty) {
        self.trail.push((number, self.found[number as usize]));
        self.found[number as usize] = Some(ty);
    }

    fn occurs(&self, open: Ty, within: Ty, depth: u32) -> bool {
        if open == within || depth == 0 {
            // What is too deep to be looked at counts as anything, so that nothing is in it.
            return open == within;
        }
        match self.kinds[within as usize] {
            Kind::Param(number) => self.found[number as usize].is_some_and(|found| self.occurs(open, found, depth - 1)),
            Kind::List(inner) | Kind::Optional(inner) => self.occurs(open, inner, depth - 1),
            Kind::Map(key, value) => self.occurs(open, key, depth - 1) || self.occurs(open, value, depth - 1),
            _ => false,
        }
    }

    /// The one of two types that go together which says less.
    pub fn more_general(&self, one: Ty, other: Ty) -> Ty {
        if self.says_no_more(one, other, MOST_DEPTH) { one } else { other }
    }

    fn says_no_more(&self, one: Ty, other: Ty, depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return true };
        match (self.kinds[one as usize], self.kinds[other as usize]) {
            (Kind::Dyn | Kind::Param(_), _) => true,
            (_, Kind::Dyn | Kind::Param(_)) => false,
            (Kind::List(a), Kind::List(b)) | (Kind::Optional(a), Kind::Optional(b)) => self.says_no_more(a, b, depth),
            (Kind::Map(k, v), Kind::Map(l, w)) => self.says_no_more(k, l, depth) && self.says_no_more(v, w, depth),
            (a, b) => a == b,
        }
    }

    /// As CEL writes it: `list(int)`.
    pub fn shown(&self, ty: Ty) -> String {
        self.shown_to(ty, MOST_DEPTH)
    }

    fn shown_to(&self, ty: Ty, depth: u32) -> String {
        let Some(depth) = depth.checked_sub(1) else { return "dyn".to_owned() };
        match self.kind(ty) {
            Kind::Dyn | Kind::Param(_) => "dyn".to_owned(),
            Kind::Null => "null".to_owned(),
            Kind::Bool => "bool".to_owned(),
            Kind::Int => "int".to_owned(),
            Kind::Uint => "uint".to_owned(),
            Kind::Double => "double".to_owned(),
            Kind::Text => "string".to_owned(),
            Kind::Bytes => "bytes".to_owned(),
            Kind::Duration => "duration".to_owned(),
            Kind::Timestamp => "timestamp".to_owned(),
            Kind::Type => "type".to_owned(),
            Kind::List(item) => format!("list({})", self.shown_to(item, depth)),
            Kind::Map(key, value) => format!("map({}, {})", self.shown_to(key, depth), self.shown_to(value, depth)),
            Kind::Optional(inner) => format!("optional({})", self.shown_to(inner, depth)),
            Kind::Opaque(number) => OPAQUE[usize::from(number)].1.to_owned(),
            Kind::Struct(number) => crate::request::STRUCTS[usize::from(number)].name.to_owned(),
        }
    }

    /// Reads one type of a signature (`functions.rs`); `params` are the open types behind `A` and `B`.
    pub fn read(&mut self, signature: &mut std::slice::Iter<'_, u8>, params: &[Ty; 2]) -> Ty {
        let letter = signature.next().copied().unwrap_or_default();
        match letter {
            b'b' => BOOL,
            b'i' => INT,
            b'u' => UINT,
            b'd' => DOUBLE,
            b's' => TEXT,
            b'y' => BYTES,
            b'D' => DURATION,
            b'T' => TIMESTAMP,
            b't' => TYPE,
            b'A' => params[0],
            b'B' => params[1],
            b'L' => {
                let item = self.read(signature, params);
                self.of(Kind::List(item))
            }
            b'O' => {
                let inner = self.read(signature, params);
                self.of(Kind::Optional(inner))
            }
            b'M' => {
                let (key, value) = (self.read(signature, params), self.read(signature, params));
                self.of(Kind::Map(key, value))
            }
            letter => match OPAQUE.iter().position(|(known, _)| *known == letter) {
                Some(number) => self.of(Kind::Opaque(number as u8)),
                None => DYN,
            },
        }
    }
}
