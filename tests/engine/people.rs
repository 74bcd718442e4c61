//! Acts of people, modules and restores in an account, apart from billpay.

use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::resource::{
    ADDRESS_TAG, ATTEMPT_TAG, ENVIRONMENT_TAG, ID_TAG, Outputs, PROJECT_TAG, PROTECTED_TAG, REGION_TAG, Tags,
    resolve,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::account::{Account, Origin, Thing, region_of, thing};
use crate::kinds::{KINDS, Known, known};
use crate::spec::{Sketch, desired};
use crate::world::is_own;

/// An act of a person. Numbers pick among what is there, modulo how many there are.
#[derive(Debug, Clone)]
pub enum Act {
    Copy(Copied),
    /// Makes something foreign under a name that a spec wants, perhaps with another thing's tags.
    TakeName {
        pick: usize,
        tags_of: Option<usize>,
    },
    /// Takes all tags off one of ours: it is given away.
    GiveAway {
        pick: usize,
    },
    /// Takes some tags off one of ours, which it stays.
    Strip {
        pick: usize,
        tags: &'static [&'static str],
    },
    Rename {
        pick: usize,
    },
    Delete {
        pick: usize,
    },
    Protect {
        pick: usize,
        value: &'static str,
    },
}

/// A new foreign thing with tags of another one.
#[derive(Debug, Clone)]
pub struct Copied {
    pick: usize,
    tags: CopiedTags,
    with_id: bool,
    with_attempt: bool,
    name: Name,
    /// Set where it stands on what the original stands on.
    is_beside: bool,
    /// The kind that it is of, by its number, if it is another one.
    kind: Option<usize>,
    is_elsewhere: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CopiedTags {
    All,
    /// Those of version 0.1.
    OldTwo,
    /// All but the address, as default tags of a module.
    NoAddress,
    NoRegion,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Copied,
    Other,
    None,
}

fn copied() -> impl Strategy<Value = Copied> {
    let tags = prop_oneof![
        5 => Just(CopiedTags::All),
        2 => Just(CopiedTags::OldTwo),
        1 => Just(CopiedTags::NoAddress),
        1 => Just(CopiedTags::NoRegion),
    ];
    let name = prop_oneof![3 => Just(Name::Copied), 2 => Just(Name::Other), 1 => Just(Name::None)];
    let kind = prop_oneof![5 => Just(None), 1 => (0..KINDS.len()).prop_map(Some)];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), proptest::bool::weighted(0.15));
    (any::<usize>(), tags, name, kind, flags).prop_map(|(pick, tags, name, kind, flags)| {
        let (with_id, with_attempt, is_beside, is_elsewhere) = flags;
        Copied { pick, tags, with_id, with_attempt, name, is_beside, kind, is_elsewhere }
    })
}

/// The tags that people take off one of ours.
const STRIPPED: [&[&str]; 5] =
    [&[ID_TAG], &[ID_TAG, ATTEMPT_TAG], &[PROJECT_TAG, REGION_TAG], &[PROJECT_TAG], &["Name"]];

pub fn acts() -> impl Strategy<Value = Act> {
    let pick = any::<usize>;
    prop_oneof![
        6 => copied().prop_map(Act::Copy),
        1 => (pick(), proptest::option::of(pick())).prop_map(|(pick, tags_of)| Act::TakeName { pick, tags_of }),
        1 => pick().prop_map(|pick| Act::GiveAway { pick }),
        2 => (pick(), 0..STRIPPED.len()).prop_map(|(pick, tags)| Act::Strip { pick, tags: STRIPPED[tags] }),
        1 => pick().prop_map(|pick| Act::Rename { pick }),
        1 => pick().prop_map(|pick| Act::Delete { pick }),
        1 => (pick(), prop_oneof![3 => Just("true"), 1 => Just("perhaps")])
            .prop_map(|(pick, value)| Act::Protect { pick, value }),
    ]
}

/// Picks one of some things, if there are any.
fn pick<T>(among: Vec<T>, number: usize) -> Option<T> {
    let count = among.len();
    among.into_iter().nth(number.checked_rem(count)?)
}

/// Does what a person does. Returns what that was, if there was anything to do it to.
pub fn act(
    account: &Account,
    act: &Act,
    env: &Environment,
    sketches: &[Sketch],
    regions: [&str; 2],
) -> Option<&'static str> {
    let things: Vec<Thing> = account.alive().into_iter().filter(Thing::stays).collect();
    let ours = || things.iter().filter(|one| is_own(&one.origin, env)).cloned().collect::<Vec<Thing>>();
    match act {
        Act::Copy(copied) => {
            let tagged = things.iter().filter(|one| one.address().is_some()).cloned().collect();
            copy(account, copied, pick(tagged, copied.pick)?, regions)
        }
        Act::TakeName { pick: number, tags_of } => {
            let named = desired(env, sketches).into_iter().filter(|want| want.attrs["name"].is_string());
            let want = pick(named.collect(), *number)?;
            let kind = kind_of(&want.address);
            let region = region_of(kind, &env.region);
            let (key, id) = account.next_id(kind, region, want.attrs["name"].as_str());
            if account.get(&key).is_some() {
                return None;
            }
            let mut taken = thing(key, id.clone(), kind, region, Origin::Foreign);
            taken.attrs = json!({"on": [], "shape": 0, "color": 0, "name": id});
            let others = things.iter().filter(|one| one.address().is_some_and(|at| at != want.address));
            if let Some(other) = tags_of.and_then(|number| pick(others.collect(), number)) {
                taken.tags = other.tags.clone();
            }
            account.put(taken);
            Some("took a name")
        }
        Act::GiveAway { pick: number } => {
            account.edit(&pick(ours(), *number)?.key, |thing| {
                thing.tags.retain(|key, _| !key.starts_with("billpay:"));
                thing.origin = Origin::Foreign;
            });
            Some("gave one of ours away")
        }
        Act::Strip { pick: number, tags } => {
            account.edit(&pick(ours(), *number)?.key, |thing| {
                thing.tags.retain(|key, _| !tags.contains(&key.as_str()))
            });
            Some("took some tags off one of ours")
        }
        Act::Rename { pick: number } => {
            account.edit(&pick(ours(), *number)?.key, |thing| {
                thing.tags.insert("Name".to_string(), "renamed by hand".to_string());
            });
            Some("changed a Name")
        }
        Act::Delete { pick: number } => {
            let loose = ours().into_iter().filter(|one| !things.iter().any(|other| other.stands_on(one)));
            account.remove(&pick(loose.collect(), *number)?.key);
            Some("deleted one of ours")
        }
        Act::Protect { pick: number, value } => {
            account.edit(&pick(things.clone(), *number)?.key, |thing| {
                thing.tags.insert(PROTECTED_TAG.to_string(), value.to_string());
            });
            Some("protected something")
        }
    }
}

fn kind_of(address: &Address) -> &'static str {
    KINDS.iter().find(|(kind, _)| *kind == address.kind()).expect("a kind of this cloud").0
}

/// Makes a foreign thing with tags of `original`.
fn copy(account: &Account, how: &Copied, original: Thing, regions: [&str; 2]) -> Option<&'static str> {
    let kind = how.kind.map_or(original.kind, |number| KINDS[number].0);
    let home =
        if regions.contains(&original.region.as_str()) { original.region.as_str() } else { regions[0] };
    let other = if home == regions[0] { regions[1] } else { regions[0] };
    let region = region_of(kind, if how.is_elsewhere { other } else { home });
    // What AWS knows by a name can have it again only in another region.
    let name = (known(kind) == Known::Name).then(|| match how.name {
        Name::Copied if kind == original.kind && region != original.region => original.id.clone(),
        _ => format!("copy-of-{}-{}", original.id, how.pick % 10),
    });
    let (key, id) = account.next_id(kind, region, name.as_deref());
    if account.get(&key).is_some() {
        return None;
    }
    let mut copy = thing(key, id, kind, region, Origin::Foreign);
    let on = if how.is_beside { original.attrs["on"].clone() } else { json!([]) };
    copy.attrs = json!({"on": on, "shape": original.attrs["shape"], "color": original.attrs["color"]});
    if known(kind) == Known::Name {
        copy.attrs["name"] = copy.id.clone().into();
    }
    let left_out: &[&str] = match how.tags {
        CopiedTags::All => &[],
        CopiedTags::OldTwo => &[PROJECT_TAG, REGION_TAG, PROTECTED_TAG, ID_TAG, ATTEMPT_TAG],
        CopiedTags::NoAddress => &[ADDRESS_TAG],
        CopiedTags::NoRegion => &[REGION_TAG],
    };
    copy.tags = original.tags.clone();
    copy.tags.retain(|key, _| {
        let is_dropped = (key == ID_TAG && !how.with_id) || (key == ATTEMPT_TAG && !how.with_attempt);
        !left_out.contains(&key.as_str()) && !is_dropped
    });
    match how.name {
        Name::Copied => {}
        Name::Other => drop(copy.tags.insert("Name".to_string(), "a copy".to_string())),
        Name::None => drop(copy.tags.remove("Name")),
    }
    account.put(copy);
    Some(match (how.tags, kind == original.kind) {
        (_, false) => "copied tags onto another kind",
        (CopiedTags::All, _) if region != original.region => "copied all tags into another region",
        (CopiedTags::All, _) if how.with_id => "copied all tags",
        (CopiedTags::All, _) => "copied all tags but the id",
        (CopiedTags::OldTwo, _) => "copied the two old tags",
        (CopiedTags::NoAddress, _) => "copied default tags",
        (CopiedTags::NoRegion, _) => "copied tags without the region",
    })
}

/// Puts an environment there as version 0.1 left it: with two tags and the names that it computed.
pub fn plant_version_0_1(account: &Account, env: &Environment, sketches: &[Sketch]) {
    let mut made: Vec<(Address, Outputs)> = vec![];
    for want in desired(env, sketches) {
        let kind = kind_of(&want.address);
        let region = region_of(kind, &env.region);
        let (key, id) = account.next_id(kind, region, want.attrs["name"].as_str());
        if account.get(&key).is_some() {
            continue;
        }
        let output = |address: &Address, output: &str| {
            made.iter().find(|(at, _)| at == address).and_then(|(_, outputs)| outputs.get(output).cloned())
        };
        let mut attrs = resolve(&want.attrs, &output);
        // What could not be made is not stood on.
        attrs["on"].as_array_mut().expect("a list").retain(Value::is_string);
        let all: Tags = serde_json::from_value(attrs["tags"].take()).expect("tags");
        attrs.as_object_mut().expect("fields").remove("tags");
        let mut planted = thing(key.clone(), id, kind, region, Origin::of(env));
        planted.attrs = attrs;
        planted.tags = all
            .into_iter()
            .filter(|(key, _)| ["Name", ENVIRONMENT_TAG, ADDRESS_TAG].contains(&key.as_str()))
            .collect();
        account.put(planted);
        made.push((want.address, Outputs::from([("id".to_string(), key)])));
    }
}
