//! What holds of every quantity and every image name, whatever is written.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_rational::BigRational;
use portcullis_model::{Amount, AmountState, ImageState};
use portcullis_subject::{image, quantity};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases in every run, unless `PROPTEST_RNG_SEED` says other ones; `PROPTEST_CASES` says how many.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(8);
    }
    config
}

const SUFFIXES: [(&str, u32, i32); 16] = [
    ("n", 10, -9),
    ("u", 10, -6),
    ("m", 10, -3),
    ("", 10, 0),
    ("k", 10, 3),
    ("M", 10, 6),
    ("G", 10, 9),
    ("T", 10, 12),
    ("P", 10, 15),
    ("E", 10, 18),
    ("Ki", 2, 10),
    ("Mi", 2, 20),
    ("Gi", 2, 30),
    ("Ti", 2, 40),
    ("Pi", 2, 50),
    ("Ei", 2, 60),
];

/// A quantity as text, and what it means as a number without end: base and exponent of its suffix, and its digits.
fn written() -> impl Strategy<Value = (String, BigRational)> {
    let suffix = prop_oneof![
        3 => prop::sample::select(SUFFIXES.to_vec()).prop_map(|(text, base, power)| (text.to_owned(), base, power)),
        1 => (-12..22i32, prop::bool::ANY).prop_map(|(power, large)| (format!("{}{power}", if large { 'E' } else { 'e' }), 10, power)),
    ];
    ("[+-]?", "[0-9]{1,22}", prop::option::of("[0-9]{0,12}"), suffix).prop_map(
        |(sign, whole, fraction, (suffix, base, power))| {
            let places = fraction.as_ref().map_or(0, String::len);
            let point = if fraction.is_some() { "." } else { "" };
            let fraction = fraction.unwrap_or_default();
            let digits: BigInt = format!("{whole}{fraction}").parse().expect("digits");
            let raised = |base: u32, power: i32| {
                let whole = BigRational::from(BigInt::from(base).pow(power.unsigned_abs()));
                if power < 0 { whole.recip() } else { whole }
            };
            let value =
                BigRational::from(digits) * raised(10, -i32::try_from(places).expect("few")) * raised(base, power);
            (format!("{sign}{whole}{point}{fraction}{suffix}"), if sign == "-" { -value } else { value })
        },
    )
}

fn nanos(amount: Amount) -> BigInt {
    BigInt::from(amount.whole) * 1_000_000_000 + amount.nanos
}

/// Rounded away from zero to a billionth and held at the ends of the range.
fn meant(value: &BigRational, binary: bool) -> BigInt {
    let scaled = value * BigRational::from(BigInt::from(1_000_000_000));
    let rounded = if scaled < BigRational::from(BigInt::from(0)) { scaled.floor() } else { scaled.ceil() }.to_integer();
    let end: BigInt = BigInt::from(i64::MAX) * 1_000_000_000;
    // apimachinery holds binary quantities at the largest whole number already.
    let (least, most) =
        if binary { (-end.clone(), end) } else { (BigInt::from(i64::MIN) * 1_000_000_000, end + 999_999_999) };
    rounded.clamp(least, most)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn reads_a_quantity_as_the_number_that_is_written((text, value) in written()) {
        let amount = quantity::parse(&text).expect("a quantity");
        prop_assert_eq!(nanos(amount), meant(&value, text.ends_with('i')), "{}", text);
    }

    #[test]
    fn orders_quantities_as_numbers((left, first) in written(), (right, second) in written()) {
        let ordered = quantity::compare(quantity::amount(&left), quantity::amount(&right));
        let expected = meant(&first, left.ends_with('i')).cmp(&meant(&second, right.ends_with('i')));
        prop_assert_eq!(ordered, Some(expected), "{} and {}", left, right);
        let back = quantity::compare(quantity::amount(&right), quantity::amount(&left));
        prop_assert_eq!(back, ordered.map(Ordering::reverse));
    }

    #[test]
    fn writes_a_canonical_form_that_means_the_same_and_is_its_own((text, _) in written()) {
        let (amount, notation) = quantity::parse_with_notation(&text).expect("a quantity");
        let canonical = quantity::format(amount, notation);
        let (again, notation) = quantity::parse_with_notation(&canonical).expect("a canonical quantity");
        prop_assert_eq!(again, amount, "{} as {}", text, canonical);
        prop_assert_eq!(quantity::format(again, notation), canonical, "{}", text);
    }

    #[test]
    fn rounds_up_to_thousandths_once((text, _) in written()) {
        let amount = quantity::amount(&text);
        let rounded = quantity::round_up_milli(amount);
        prop_assert_eq!(quantity::round_up_milli(rounded), rounded);
        let (before, after) = (nanos(amount), nanos(rounded));
        let end = amount.whole == i64::MAX || amount.whole == i64::MIN;
        let grown = if amount.whole < 0 { &before - &after } else { &after - &before };
        prop_assert!(end || (BigInt::from(0)..BigInt::from(1_000_000)).contains(&grown), "{} grew by {}", text, grown);
        prop_assert!(end || rounded.nanos.is_multiple_of(1_000_000));
    }

    #[test]
    fn reads_no_text_in_two_ways(text in "[-+0-9.eEnumkKMGTPi ]{0,12}|\\PC{0,8}") {
        match quantity::parse_with_notation(&text) {
            Err(error) => prop_assert!(!error.to_string().is_empty()),
            Ok((amount, notation)) => {
                prop_assert_eq!(amount.state, AmountState::Exact);
                let canonical = quantity::format(amount, notation);
                prop_assert_eq!(quantity::amount(&canonical), amount, "{} as {}", text, canonical);
            }
        }
        prop_assert_eq!(quantity::compare(quantity::amount(&text), Amount::ABSENT), None);
    }
}

/// What was read as one would write it.
fn printed(image: &ImageState) -> Option<String> {
    let ImageState::Exact { registry, repository, tag, digest } = image else { return None };
    let tag = tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
    let digest = digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
    Some(format!("{registry}/{repository}{tag}{digest}"))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn reads_every_name_of_an_image_in_its_parts(
        registry in prop::option::of("([a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?\\.){1,3}[a-zA-Z]{2,5}(:[0-9]{1,5})?|localhost(:[0-9]{1,5})?|\\[[0-9a-f]{0,4}:[0-9a-f:]{1,8}\\](:[0-9]{1,4})?"),
        repository in "[a-z0-9]{1,6}((\\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,6}){0,3}",
        tag in prop::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"),
        digest in prop::option::of("sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}"),
    ) {
        let name = registry.as_ref().map_or(repository.clone(), |registry| format!("{registry}/{repository}"));
        // The first segment of a path is a registry where it looks like one.
        prop_assume!(registry.is_some() || !repository.contains('/') || !repository.split('/').next().is_some_and(|first| first.contains('.') || first == "localhost"));
        let text = format!("{name}{}{}", tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default(), digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default());
        let read = image::parse(&text);
        let ImageState::Exact { registry: host, repository: path, tag: its_tag, digest: its_digest } = &read else {
            return Err(TestCaseError::fail(format!("{text}: {read:?}")));
        };
        let expected = registry.map_or("docker.io".to_owned(), |registry| registry.to_ascii_lowercase());
        prop_assert_eq!(host, &expected);
        prop_assert!(path.ends_with(&repository), "{}: {}", text, path);
        prop_assert_eq!((its_tag, its_digest), (&tag, &digest));
        prop_assert_eq!(image::parse(&printed(&read).expect("a name")), read);
    }

    #[test]
    fn normalises_a_name_once_and_no_further(text in "[a-zA-Z0-9./:@_\\[\\]-]{0,40}|(docker\\.io/|DOCKER\\.IO/|index\\.docker\\.io/|LOCALHOST/|a\\.b:1/)?[a-z/]{1,8}(:[a-z]{0,3})?|\\PC{0,12}") {
        let read = image::parse(&text);
        if let (Some(printed), ImageState::Exact { registry, .. }) = (printed(&read), &read) {
            // `Team/app` is on the registry `team`, which no lower-case text can say without a port.
            let hostly = registry.contains(['.', ':']) || registry == "localhost";
            prop_assert!(!hostly || image::parse(&printed) == read, "{} as {}", text, printed);
            prop_assert_eq!(registry.to_ascii_lowercase(), registry.clone());
        }
    }
}
