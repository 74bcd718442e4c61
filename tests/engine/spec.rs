//! Made-up specs: some resources, each standing on earlier ones.

use std::collections::BTreeSet;

use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::resource::Desired;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::kinds::{self, Known, known};

/// One resource of a made-up environment: its kind, what it stands on (earlier ones), its shape.
#[derive(Debug, Clone)]
pub struct Sketch {
    pub kind: &'static str,
    pub on: BTreeSet<usize>,
    pub shape: u8,
    pub color: u8,
}

impl Sketch {
    pub fn new(kind: &'static str, on: &[usize]) -> Sketch {
        Sketch { kind, on: on.iter().copied().collect(), shape: 0, color: 0 }
    }
}

/// Generates fewer than `most` resources of some kinds.
pub fn sketches(
    kinds: impl Strategy<Value = &'static str> + 'static,
    most: usize,
) -> impl Strategy<Value = Vec<Sketch>> {
    let one = (kinds, proptest::collection::btree_set(0..most, 0..3), 0u8..3, 0u8..3);
    let one = one.prop_map(|(kind, on, shape, color)| Sketch { kind, on, shape, color });
    proptest::collection::vec(one, 1..most)
}

pub fn address(index: usize, sketch: &Sketch) -> Address {
    Address::of("house", sketch.kind, format!("n{index}"))
}

/// The resources that an environment is to have.
pub fn desired(env: &Environment, sketches: &[Sketch]) -> Vec<Desired> {
    let want = |(index, sketch): (usize, &Sketch)| {
        let on: Vec<Value> = sketch
            .on
            .iter()
            .filter(|&&below| below < index)
            .map(|&below| json!({"link": address(below, &sketches[below]), "output": "id"}))
            .collect();
        let address = address(index, sketch);
        let tags = kinds::tags(env, &address);
        let mut attrs = json!({"on": on, "shape": sketch.shape, "color": sketch.color, "tags": tags});
        if known(sketch.kind) == Known::Name {
            attrs["name"] = kinds::name(env, &address).into();
        }
        Desired { address, attrs, after: BTreeSet::new() }
    };
    sketches.iter().enumerate().map(want).collect()
}
