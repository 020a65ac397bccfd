//! What a policy author may set; an unknown key is an error.

use portcullis_sdk::{Bound, Quantity, Resource, Setting, packed};

/// The most numeric rules in one policy.
pub const MOST_FIELDS: usize = 100;
/// The most segments of a field's pointer.
pub const MOST_SEGMENTS: usize = 32;

packed! {
    /// From the least to the most; either may be open.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Range<'a> {
        /// The least that is allowed.
        pub min: Option<Bound<'a>>,
        /// The most that is allowed.
        pub max: Option<Bound<'a>>,
    }
}

packed! {
    /// What is asked of one resource of every container.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Demand<'a> {
        /// A request must be there.
        pub request: bool,
        /// A limit must be there.
        pub limit: bool,
        /// Requests and limits must lie in here.
        pub range: Range<'a>,
        /// The most that a limit may be, as a multiple of the request.
        pub ratio: Option<Bound<'a>>,
    }
}

packed! {
    /// The most that one workload may ask for with all its Pods.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Totals<'a> {
        /// Requested cores.
        pub cpu: Option<Bound<'a>>,
        /// Requested bytes of memory.
        pub memory: Option<Bound<'a>>,
        /// Pods.
        pub replicas: Option<i64>,
    }
}

packed! {
    /// A numeric rule over any field.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Field<'a> {
        /// JSON Pointer (RFC 6901); a segment `*` stands for every item or entry.
        pub pointer: &'a str,
        /// The number must lie in here.
        pub range: Range<'a>,
        /// Only whole numbers.
        pub integer: bool,
        /// A text such as `500m` counts as a number.
        pub quantity: bool,
        /// The field must be there.
        pub required: bool,
        /// What to tell people, before what was found.
        pub message: Option<&'a str>,
    }
}

packed! {
    /// All settings.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Settings<'a> {
        /// Of containers and Pods.
        pub cpu: Demand<'a>,
        /// Of containers and Pods.
        pub memory: Demand<'a>,
        /// Of containers.
        pub ephemeral_storage: Demand<'a>,
        /// Of claims for storage; nothing where they are not judged.
        pub storage: Option<Range<'a>>,
        /// Nothing where they are not judged.
        pub totals: Option<Totals<'a>>,
        /// Numeric rules over any field.
        pub fields: Vec<Field<'a>>,
        /// Quantities must be written as Kubernetes stores them.
        pub canonical: bool,
    }
}

impl<'a> Settings<'a> {
    /// What is asked of a resource.
    pub fn demand(&self, resource: Resource) -> &Demand<'a> {
        match resource {
            Resource::Cpu => &self.cpu,
            Resource::Memory => &self.memory,
            Resource::EphemeralStorage => &self.ephemeral_storage,
        }
    }

    /// Reads them, complaining about whatever is wrong.
    pub fn read(setting: Setting<'a>) -> Self {
        let all = setting.object(&[
            "requireRequests",
            "requireLimits",
            "cpu",
            "memory",
            "ephemeralStorage",
            "storage",
            "maxLimitRequestRatio",
            "totals",
            "fields",
            "canonicalQuantities",
        ]);
        let requests = required(&all.get("requireRequests"));
        let limits = required(&all.get("requireLimits"));
        let ratios = all.get("maxLimitRequestRatio");
        let ratios = optional(&ratios, &["cpu", "memory"]);
        let demand = |resource: Resource, key: &str| Demand {
            request: requests[resource as usize],
            limit: limits[resource as usize],
            range: range(&all.get(key)),
            ratio: ratios.as_ref().filter(|_| resource != Resource::EphemeralStorage).and_then(|ratios| {
                let ratio = ratios.get(key);
                at_least(&ratio, ratio.quantity(), Quantity::whole(1), "1")
            }),
        };
        let settings = Self {
            cpu: demand(Resource::Cpu, "cpu"),
            memory: demand(Resource::Memory, "memory"),
            ephemeral_storage: demand(Resource::EphemeralStorage, "ephemeralStorage"),
            storage: Some(all.get("storage")).filter(Setting::is_given).map(|storage| range(&storage)),
            totals: totals(&all.get("totals")),
            fields: fields(&all.get("fields")),
            canonical: all.get("canonicalQuantities").boolean().unwrap_or(false),
        };
        if setting.is_sound() && settings.asks_for_nothing() {
            setting.complain(
                "nothing would be judged: set `requireLimits: true`, or a range such as `memory: {max: 512Mi}`, or `fields`",
            );
        }
        settings
    }

    fn asks_for_nothing(&self) -> bool {
        let idle =
            |demand: &Demand<'_>| !demand.request && !demand.limit && demand.range.is_open() && demand.ratio.is_none();
        Resource::ALL.iter().all(|&resource| idle(self.demand(resource)))
            && self.storage.is_none()
            && self.totals.is_none()
            && self.fields.is_empty()
            && !self.canonical
    }
}

impl Range<'_> {
    /// Whether everything lies in it.
    pub fn is_open(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }
}

/// As the author wrote it: `128Mi to 512Mi`, `at least 128Mi`, `at most 512Mi`.
impl std::fmt::Display for Range<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.min, &self.max) {
            (Some(min), Some(max)) => write!(f, "{} to {}", min.written, max.written),
            (Some(min), None) => write!(f, "at least {}", min.written),
            (None, Some(max)) => write!(f, "at most {}", max.written),
            (None, None) => f.write_str("anything"),
        }
    }
}

/// `true` means CPU and memory; a list names the resources.
fn required(setting: &Setting<'_>) -> [bool; 3] {
    if setting.is_given() && !setting.is_list() && !setting.is_boolean() {
        setting.expected("`true`, `false` or a list such as `[memory]`");
        return [false; 3];
    }
    if !setting.is_list() {
        let both = setting.boolean().unwrap_or(false);
        return [both, both, false];
    }
    let mut required = [false; 3];
    for item in setting.items() {
        let words = Resource::ALL.map(Resource::as_str);
        let position = item.word(&words).and_then(|word| words.iter().position(|known| *known == word));
        if let Some(position) = position {
            required[position] = true;
        }
    }
    required
}

fn optional<'a, 'k>(setting: &Setting<'a>, known: &'k [&'k str]) -> Option<portcullis_sdk::Object<'a, 'k>> {
    setting.is_given().then(|| setting.object(known))
}

fn range<'a>(setting: &Setting<'a>) -> Range<'a> {
    let Some(object) = optional(setting, &["min", "max"]) else { return Range { min: None, max: None } };
    let min = object.get("min");
    let min = at_least(&min, min.quantity(), Quantity::ZERO, "0");
    let range = Range { min, max: object.get("max").quantity() };
    if range.is_open() && !object.get("min").is_given() && !object.get("max").is_given() {
        setting.complain("the range needs `min`, `max` or both");
    }
    refuse_upside_down(setting, &range);
    range
}

fn refuse_upside_down(setting: &Setting<'_>, range: &Range<'_>) {
    if let (Some(min), Some(max)) = (&range.min, &range.max)
        && min.quantity > max.quantity
    {
        setting.complain(format!("`min` ({}) is more than `max` ({})", min.written, max.written));
    }
}

fn at_least<'a>(setting: &Setting<'_>, bound: Option<Bound<'a>>, least: Quantity, shown: &str) -> Option<Bound<'a>> {
    if bound.as_ref().is_some_and(|bound| bound.quantity < least) {
        setting.complain(format!("must be at least {shown}"));
    }
    bound
}

fn totals<'a>(setting: &Setting<'a>) -> Option<Totals<'a>> {
    let object = optional(setting, &["cpu", "memory", "replicas"])?;
    let totals = Totals {
        cpu: object.get("cpu").quantity(),
        memory: object.get("memory").quantity(),
        replicas: object.get("replicas").integer(0, i64::from(i32::MAX)),
    };
    let given = ["cpu", "memory", "replicas"].iter().any(|key| object.get(key).is_given());
    if !given {
        setting.complain("the totals need `cpu`, `memory` or `replicas`");
    }
    Some(totals)
}

fn fields<'a>(setting: &Setting<'a>) -> Vec<Field<'a>> {
    let items = setting.items();
    if items.len() > MOST_FIELDS {
        setting.complain(format!("more than {MOST_FIELDS} fields: use a second policy"));
        return Vec::new();
    }
    items.iter().filter_map(field).collect()
}

fn field<'a>(setting: &Setting<'a>) -> Option<Field<'a>> {
    let object = setting.object(&["pointer", "min", "max", "integer", "quantity", "required", "message"]);
    let pointer = object.require("pointer");
    let text = pointer.text()?;
    if let Some(fault) = pointer_fault(text) {
        pointer.complain(format!("`{}` is not a pointer: {fault}", text.escape_debug()));
    }
    let range = Range { min: object.get("min").quantity(), max: object.get("max").quantity() };
    refuse_upside_down(setting, &range);
    let field = Field {
        pointer: text,
        range,
        integer: object.get("integer").boolean().unwrap_or(false),
        quantity: object.get("quantity").boolean().unwrap_or(false),
        required: object.get("required").boolean().unwrap_or(false),
        message: object.get("message").text(),
    };
    let given = ["min", "max", "integer", "required"].iter().any(|key| object.get(key).is_given());
    if !given {
        setting.complain("the field needs `min`, `max`, `integer: true` or `required: true`");
    }
    Some(field)
}

fn pointer_fault(pointer: &str) -> Option<String> {
    let escaped = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1', '2']));
    if !pointer.starts_with('/') {
        Some("it must start with `/`, such as `/spec/replicas`".to_owned())
    } else if pointer.split('/').count() > MOST_SEGMENTS + 1 {
        Some(format!("it has more than {MOST_SEGMENTS} segments"))
    } else if !escaped {
        Some("after `~` only `0` (for `~`), `1` (for `/`) or `2` (for `*`) may stand".to_owned())
    } else {
        None
    }
}
