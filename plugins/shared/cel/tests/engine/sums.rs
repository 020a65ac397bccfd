//! Sums and differences of quantities, against rational numbers without end.

use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::json;

use crate::trees::judge;

const NANOS: u32 = 1_000_000_000;
const SUFFIXES: [(&str, u32, i32); 19] = [
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
    ("e21", 10, 21),
    ("e-10", 10, -10),
    ("e15", 10, 15),
    ("Ki", 2, 10),
    ("Mi", 2, 20),
    ("Gi", 2, 30),
    ("Ti", 2, 40),
    ("Pi", 2, 50),
    ("Ei", 2, 60),
];

/// The same cases in every run, unless `PROPTEST_RNG_SEED` says other ones; `PROPTEST_CASES` says how many.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(8);
    }
    config
}

/// Where a sum is held: a quarter of what 128 bits can say, in billionths.
fn held(nanos: BigInt) -> BigInt {
    let most = BigInt::from(i128::MAX / 4);
    nanos.clamp(-most.clone(), most)
}

/// A quantity as text, and what apimachinery takes it for, in billionths: rounded away from zero, and what is binary held at
/// 2^63-1.
fn written() -> impl Strategy<Value = (String, BigInt)> {
    let digits = prop_oneof!["[0-9]{1,3}", "[0-9]{1,20}", "922337203685477580[0-9]", "9007199254740[0-9]{3}"];
    ("-?", digits, "(\\.[0-9]{0,12})?", prop::sample::select(SUFFIXES.to_vec())).prop_map(
        |(sign, whole, fraction, (suffix, base, power))| {
            let ten = |power: usize| BigInt::from(10).pow(u32::try_from(power).expect("few"));
            let places = fraction.len().saturating_sub(1);
            let digits: BigInt = format!("{whole}{}", fraction.trim_start_matches('.')).parse().expect("digits");
            let unit = BigInt::from(base).pow(power.unsigned_abs());
            let unit = if power < 0 { BigRational::new(1.into(), unit) } else { unit.into() };
            let value = BigRational::new(digits * NANOS, ten(places)) * unit;
            let nanos = held(value.ceil().to_integer());
            let end = BigInt::from(i64::MAX) * NANOS;
            let nanos = if base == 2 { nanos.min(end) } else { nanos };
            (format!("{sign}{whole}{fraction}{suffix}"), if sign.is_empty() { nanos } else { -nanos })
        },
    )
}

/// A decimal with all of its billionths.
fn spelled(nanos: &BigInt) -> String {
    let (sign, digits) = if *nanos < BigInt::ZERO { ("-", -nanos) } else { ("", nanos.clone()) };
    format!("{sign}{}.{:0>9}", &digits / NANOS, (&digits % NANOS).to_string())
}

fn said(expression: &str) -> String {
    judge(&json!({ "expression": expression })).shown()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn adds_and_subtracts_quantities_as_numbers_a17b((one, first) in written(), (other, second) in written()) {
        let (sum, difference) = (held(&first + &second), held(&first - &second));
        let is = |method: &str, expected: &BigInt| format!("quantity('{one}').{method}(quantity('{other}')).compareTo(quantity('{}'))", spelled(expected));
        let back = format!("quantity('{other}').add(quantity('{one}')).compareTo(quantity('{}'))", spelled(&sum));
        let expression = format!("[{}, {}, {back}]", is("add", &sum), is("sub", &difference));
        prop_assert_eq!(said(&expression), "[0,0,0]", "{}", expression);
    }

    #[test]
    fn tells_a_whole_sum_as_the_number_that_it_is((one, first) in written(), number in prop_oneof![any::<i64>(), -9i64..9]) {
        let sum = held(&first + BigInt::from(number) * NANOS);
        let added = format!("quantity('{one}').add({number})");
        let expression = format!("{added}.compareTo(quantity('{}')) == 0 && (!{added}.isInteger() || string({added}.asInteger()) + '.000000000' == '{}')", spelled(&sum), spelled(&sum));
        prop_assert_eq!(said(&expression), "true", "{}", expression);
    }
}
