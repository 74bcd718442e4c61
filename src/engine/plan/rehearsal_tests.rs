//! Rehearsals over a small made-up cloud: a network, plots in it with ranges, houses on the plots,
//! and what is inside the houses.

use billpay_model::resource::{Evidence, resolve};
use serde_json::{Value, json};

use super::*;
use crate::kind::{Base, Constraint, KindInfo, Usual};
use crate::plan::{Action, Goal, Selection, plan};

fn kinds() -> Kinds {
    let kind = |name, immutable, stands_on, constraints, create_first| KindInfo {
        name,
        component: "town",
        aws_type: "",
        immutable,
        gives_access: &[],
        stands_on,
        constraints,
        create_first,
        named: name == "house",
        global: false,
        holds_data: false,
        usual: Usual::QUICK,
    };
    const PLOT: &[Constraint] = &[
        Constraint::Disjoint { range: "range", within: "network" },
        Constraint::Inside { range: "range", within: "network", of: "range" },
    ];
    const HOUSE: &[Constraint] =
        &[Constraint::Bound { through: "plots", attribute: "network" }, Constraint::Unique(&["numbers"])];
    let kinds = [
        kind("network", &["range"] as &[_], const { &[] as &[Base] }, &[], false),
        kind("plot", &["network", "range"], const { &[Base::held("network")] }, PLOT, true),
        kind("house", &["style"], const { &[Base::held("plot")] }, HOUSE, false),
        kind("room", &["house"], const { &[Base::parent("house")] }, &[], false),
        kind("cellar", &["house"], const { &[Base::held("house")] }, &[], false),
    ];
    kinds.into_iter().map(|kind| (kind.name, kind)).collect()
}

fn want(address: &str, attrs: Value) -> Desired {
    Desired { address: address.parse().unwrap(), attrs, after: BTreeSet::new() }
}

fn link(address: &str) -> Value {
    json!({"link": address, "output": "id"})
}

/// A resource that names its house by a text that is known before the house is there.
fn inside(address: &str) -> Desired {
    Desired { after: ["town/house".parse().unwrap()].into(), ..want(address, json!({"house": "h"})) }
}

fn town() -> Vec<Desired> {
    vec![
        want("town/network", json!({"range": "10.0.0.0/16"})),
        want("town/plot.a", json!({"network": link("town/network"), "range": "10.0.1.0/24"})),
        want("town/plot.b", json!({"network": link("town/network"), "range": "10.0.2.0/24"})),
        want(
            "town/house",
            json!({"name": "h", "plots": [link("town/plot.a"), link("town/plot.b")], "style": 1, "numbers": [1]}),
        ),
        inside("town/room"),
        inside("town/cellar"),
    ]
}

/// Everything as it was wanted, each with its address for an id.
fn built(desired: &[Desired]) -> Snapshot {
    let observed = |want: &Desired| {
        let id = if want.address.kind() == "house" { "h".to_string() } else { want.address.name() };
        let id_of = |address: &Address, _: &str| Some(address.name());
        let outputs = Outputs::from([("id".to_string(), id.clone())]);
        let observed = Observed::new(want.address.clone(), id, resolve(&want.attrs, &id_of));
        Observed { outputs, evidence: Evidence::Unique, ..observed }
    };
    Snapshot { resources: desired.iter().map(observed).collect() }
}

fn rehearsed(
    goal: Goal,
    desired: &[Desired],
    snapshot: &Snapshot,
    attached: &[Attachment],
) -> (Plan, Vec<String>) {
    let kinds = kinds();
    let plan = plan("dev", goal, &Selection::default(), desired, snapshot, &kinds).unwrap();
    let conflicts = rehearse(&plan, snapshot, attached, &kinds).unwrap();
    let told = conflicts.iter().map(|conflict| match conflict {
        Conflict::CannotEnd { address, obstacle, blockers, .. } => {
            let ids: Vec<&str> = blockers.iter().map(|blocker| blocker.id.as_str()).collect();
            format!("{} {obstacle:?} {}", address.name(), ids.join(","))
        }
        other => panic!("{other:?}"),
    });
    let told = told.collect();
    (plan, told)
}

fn range(desired: &mut [Desired], index: usize, range: &str) {
    desired[index].attrs["range"] = range.into();
}

#[test]
fn what_can_end_is_not_refused() {
    let snapshot = built(&town());
    for goal in [Goal::Converge, Goal::Destroy] {
        assert_eq!(rehearsed(goal, &town(), &snapshot, &[]).1, [] as [&str; 0]);
        assert_eq!(rehearsed(goal, &town(), &Snapshot::default(), &[]).1, [] as [&str; 0]);
    }
    let mut moved = town();
    range(&mut moved, 1, "10.0.3.0/24");
    assert_eq!(rehearsed(Goal::Converge, &moved, &snapshot, &[]).1, [] as [&str; 0]);
}

#[test]
fn ranges_that_meet_are_refused_while_something_holds_them() {
    let (mut exchanged, mut grown, mut outside) = (town(), town(), town());
    range(&mut exchanged, 1, "10.0.2.0/24");
    range(&mut exchanged, 2, "10.0.1.0/24");
    range(&mut grown, 1, "10.0.0.0/23");
    range(&mut outside, 1, "10.1.0.0/24");
    let told = |desired: &[Desired], snapshot: &Snapshot| rehearsed(Goal::Converge, desired, snapshot, &[]).1;
    let snapshot = built(&town());
    let expected = [
        r#"plot.a Overlaps { range: "10.0.2.0/24" } plot.b"#,
        r#"plot.b Overlaps { range: "10.0.1.0/24" } plot.a"#,
    ];
    assert_eq!(told(&exchanged, &snapshot), expected);
    assert_eq!(told(&grown, &snapshot), [r#"plot.a Overlaps { range: "10.0.0.0/23" } plot.a"#]);
    let expected = [r#"plot.a Outside { range: "10.1.0.0/24", network: "10.0.0.0/16" } network"#];
    assert_eq!(told(&outside, &snapshot), expected);
    // What nobody can read may overlap anything.
    let mut unreadable = built(&town());
    let owner = Owner::Copy { evidence: "it is somebody's".to_string(), region: None };
    let theirs = Observed { id: "plot.x".to_string(), owner, ..unreadable.resources[2].clone() };
    unreadable.resources.push(theirs);
    unreadable.resources[6].attrs["range"] = "10.0.2".into();
    let mut moved = town();
    range(&mut moved, 1, "10.0.9.0/24");
    assert_eq!(told(&moved, &unreadable), [r#"plot.a Overlaps { range: "10.0.9.0/24" } plot.x"#]);
    // With nothing on them, the old ones make room.
    let bare = built(&town()[..3]);
    assert_eq!(told(&exchanged[..3], &bare), [] as [&str; 0]);
    assert_eq!(told(&grown[..3], &bare), [] as [&str; 0]);
}

#[test]
fn a_network_moves_only_without_what_is_bound_to_it() {
    let mut moved = town();
    range(&mut moved, 0, "10.1.0.0/16");
    range(&mut moved, 1, "10.1.1.0/24");
    range(&mut moved, 2, "10.1.2.0/24");
    let told = rehearsed(Goal::Converge, &moved, &built(&town()), &[]).1;
    assert_eq!(told, [r#"house Bound { attribute: "network" } network"#], "only the root is told");
    assert_eq!(rehearsed(Goal::Converge, &moved[..3], &built(&town()[..3]), &[]).1, [] as [&str; 0]);
}

#[test]
fn what_goes_with_its_base_is_created_and_what_holds_it_is_replaced() {
    let mut restyled = town();
    restyled[3].attrs["style"] = 2.into();
    let (plan, told) = rehearsed(Goal::Converge, &restyled, &built(&town()), &[]);
    assert_eq!(told, [] as [&str; 0]);
    let actions: Vec<(String, Action)> =
        plan.changes.iter().map(|change| (change.address.name(), change.action)).collect();
    let expected = |name: &str, action| assert!(actions.contains(&(name.to_string(), action)), "{actions:?}");
    expected("house", Action::Replace);
    expected("room", Action::Create);
    expected("cellar", Action::Replace);
    expected("plot.a", Action::NoOp);
}

#[test]
fn a_value_is_handed_over_and_never_exchanged() {
    let houses = |first: &[u8], second: &[u8]| {
        let house = |key: &str, numbers: &[u8]| {
            want(&format!("town/house.{key}"), json!({"name": key, "plots": [], "numbers": numbers}))
        };
        vec![house("a", first), house("b", second)]
    };
    let mut snapshot = built(&houses(&[1], &[2]));
    snapshot.resources.iter_mut().for_each(|one| one.id = one.address.name());
    let told = |desired: &[Desired]| rehearsed(Goal::Converge, desired, &snapshot, &[]).1;
    assert_eq!(told(&houses(&[], &[1])), [] as [&str; 0]);
    assert_eq!(told(&houses(&[2], &[])), [] as [&str; 0]);
    let expected = [
        r#"house.a Taken { attribute: "numbers", value: "2" } house.b"#,
        r#"house.b Taken { attribute: "numbers", value: "1" } house.a"#,
    ];
    assert_eq!(told(&houses(&[2], &[1])), expected);
}

#[test]
fn what_others_attached_is_named_where_it_is_in_the_way() {
    let snapshot = built(&town());
    let attached =
        [Attachment { to: ("plot".into(), "plot.a".into()), id: "tent-1".into(), what: "tent".into() }];
    assert_eq!(rehearsed(Goal::Destroy, &town(), &snapshot, &attached).1, ["plot.a Held tent-1"]);
    assert_eq!(rehearsed(Goal::Converge, &town(), &snapshot, &attached).1, [] as [&str; 0]);
}

#[test]
fn a_thousand_resources_are_rehearsed() {
    let mut desired = vec![want("town/network", json!({"range": "10.0.0.0/8"}))];
    for index in 0..999 {
        let (high, low) = (index / 250, index % 250);
        let attrs = json!({"network": link("town/network"), "range": format!("10.{high}.{low}.0/24")});
        desired.push(want(&format!("town/plot.p{index}"), attrs));
    }
    assert_eq!(rehearsed(Goal::Destroy, &desired, &built(&desired), &[]).1, [] as [&str; 0]);
}
