//! Made-up values through printing, `dump`, conditions and operators, beside the portal.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::peer::{Case, portal};

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-1000i32..1000).prop_map(f64::from),
        any::<i64>().prop_map(|number| number as f64),
        proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO,
        (any::<i32>(), 0u32..12).prop_map(|(number, places)| f64::from(number) / 10f64.powi(places as i32)),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(|number| json!(number)),
        "[ -~\\n\\tà-ÿ]{0,12}".prop_map(Value::String),
        "[0-9.eE+-]{0,6}".prop_map(Value::String),
        Just(json!("")),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::vec(("[a-z0-9]{1,3}", inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

const TEMPLATES: &[&str] = &[
    "${{ values.a }}",
    "${{ values.a | dump }}",
    "${{ values.a | dump(2) }}",
    "{% if values.a %}yes{% else %}no{% endif %}",
    "${{ values.a == values.b }} ${{ values.a === values.b }}",
    "${{ values.a + values.b }}",
    "${{ values.a ~ values.b }}",
    "${{ values.a < values.b }} ${{ values.a >= values.b }}",
    "${{ values.a - values.b }} ${{ values.a * values.b }} ${{ values.a / values.b }} ${{ values.a % values.b }}",
    "${{ -values.a }} ${{ values.a // values.b }}",
    "${{ values.a and values.b }} ${{ values.a or values.b }} ${{ not values.a }}",
    "{% for x in values.a %}${{ x }},{% else %}none{% endfor %}",
    "{% for k, v in values.a %}${{ k }}=${{ v | dump }},{% else %}none{% endfor %}",
    "${{ values.a | string | int(0) }} ${{ values.a | string | float(0) }}",
    "${{ values.a | default('x', true) }}",
    "${{ values.a | length }}",
    "${{ values.a | join('-') }}",
    "${{ values.a | list | dump }}",
    "${{ values.a | string | upper | title | trim | replace('A', 'b') }}",
    "${{ values.a | string | truncate(5) }}|${{ values.a | string | urlencode }}|${{ values.a | string | escape }}",
    "${{ values.a | string | wordcount }}|${{ values.a | string | center(9) }}|${{ values.a | string | striptags }}",
    "${{ values.n | round }} ${{ values.n | round(2) }} ${{ values.n | abs }}",
    "${{ values.n.toFixed(3) }} ${{ values.n.toPrecision(5) }} ${{ values.n.toExponential(3) }}",
    "${{ values.n.toString(16) }}",
    "${{ values.n.toString(2) }}",
    "${{ values.n }} ${{ values.n.toExponential() }}",
    "${{ values.b in values.a }}",
    "${{ values.a | string | replace(r/[a-m0-3]+/g, '<$&>') }}",
    "${{ (values.a | string).split(r/\\W/) | dump }}",
];

/// Cases that are the same in each run.
fn cases(count: usize) -> Vec<Case> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (value(), value(), number());
    let mut cases = vec![];
    for _ in 0..count {
        let (a, b, n) = strategy.new_tree(&mut runner).expect("a value").current();
        for template in TEMPLATES {
            cases.push(Case::new(*template, &json!({"values": {"a": a, "b": b, "n": n}})));
        }
    }
    cases
}

#[test]
#[ignore = "full tier: installs the portal's packages and runs its engine"]
fn made_up_values_are_rendered_as_the_portal_does() {
    let cases = cases(400);
    let mut wrong = String::new();
    let (mut same, mut refused, mut count) = (0, 0, 0);
    for (case, theirs) in cases.iter().zip(portal(&cases)) {
        match (case.ours(), theirs) {
            (Ok(ours), Ok(theirs)) if ours == theirs => same += 1,
            (Err(_), Err(_)) => refused += 1,
            // Nothing at all, where something would be printed.
            (Err(error), Ok(_)) if error.to_string().contains("is not defined") => refused += 1,
            // A length of what has none.
            (Err(error), Ok(_)) if error.to_string().contains("has no length") => refused += 1,
            (ours, theirs) => {
                count += 1;
                if count <= 40 {
                    let _ = writeln!(wrong, "{} {}\n  {ours:?}\n  {theirs:?}", case.template, case.context);
                }
            }
        }
    }
    println!("{same} the same, {refused} refused, of {}", cases.len());
    assert_eq!(count, 0, "{wrong}");
    assert!(same > cases.len() / 2);
}
