//! Plans and schedules over a small made-up cloud: a base, things that stand on it, and names.

use billpay_model::resource::{Evidence, Outputs};
use serde_json::json;

use super::*;
use crate::kind::{Base, Usual};

fn kinds() -> Kinds {
    let kind = |name, immutable, stands_on, create_first, seconds| KindInfo {
        name,
        component: "house",
        aws_type: "",
        immutable,
        gives_access: &[],
        stands_on,
        constraints: &[],
        create_first,
        named: false,
        global: false,
        holds_data: false,
        usual: Usual { create: seconds, update: 1, delete: 1 },
    };
    let kinds = [
        kind("base", &["range"] as &[_], &[] as &[_], false, 2),
        kind("wall", &["base", "range"], const { &[Base::held("base")] }, false, 5),
        kind("roof", &["size"], const { &[Base::held("wall")] }, true, 60),
        kind("sign", &[], const { &[Base::held("roof")] }, false, 1),
    ];
    kinds.into_iter().map(|kind| (kind.name, kind)).collect()
}

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

fn want(address: &str, attrs: Value) -> Desired {
    Desired { address: at(address), attrs, after: BTreeSet::new() }
}

fn link(address: &str) -> Value {
    json!({"link": address, "output": "id"})
}

fn found(address: &str, id: &str, attrs: Value) -> Observed {
    let outputs = Outputs::from([("id".to_string(), id.to_string())]);
    Observed { outputs, evidence: Evidence::Unique, ..Observed::new(at(address), id, attrs) }
}

fn house() -> Vec<Desired> {
    vec![
        want("house/base", json!({"range": "10.0"})),
        want("house/wall.a", json!({"base": link("house/base"), "range": "10.1"})),
        want("house/wall.b", json!({"base": link("house/base"), "range": "10.2"})),
        want("house/roof", json!({"walls": [link("house/wall.a"), link("house/wall.b")], "size": 1})),
        want("house/sign", json!({"roof": link("house/roof"), "text": "hello"})),
    ]
}

fn built() -> Snapshot {
    Snapshot {
        resources: vec![
            found("house/base", "b-1", json!({"range": "10.0"})),
            found("house/roof", "r-1", json!({"walls": ["w-1", "w-2"], "size": 1})),
            found("house/sign", "s-1", json!({"roof": "r-1", "text": "hello"})),
            found("house/wall.a", "w-1", json!({"base": "b-1", "range": "10.1"})),
            found("house/wall.b", "w-2", json!({"base": "b-1", "range": "10.2"})),
        ],
    }
}

fn planned(goal: Goal, desired: &[Desired], snapshot: &Snapshot) -> Plan {
    plan("dev", goal, &Selection::default(), desired, snapshot, &kinds()).unwrap()
}

fn actions(plan: &Plan) -> Vec<(String, Action)> {
    let changed = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    changed.map(|change| (change.address.name(), change.action)).collect()
}

/// The steps in an order that the schedule allows, longest path first, as text.
fn order(plan: &Plan, snapshot: &Snapshot) -> Vec<String> {
    let schedule = Schedule::of(plan, snapshot, &kinds()).unwrap();
    let mut done: Vec<usize> = vec![];
    while done.len() < schedule.steps.len() {
        let open = |index: &usize| {
            !done.contains(index) && schedule.steps[*index].after.iter().all(|before| done.contains(before))
        };
        let next =
            (0..schedule.steps.len()).filter(open).max_by_key(|&index| schedule.steps[index].remaining);
        done.push(next.unwrap());
    }
    let name =
        |step: &Step| format!("{:?} {}", step.work, plan.changes[step.change].address.name()).to_lowercase();
    done.iter().map(|&index| name(&schedule.steps[index])).collect()
}

fn before(order: &[String], first: &str, second: &str) -> bool {
    let place = |name: &str| {
        order.iter().position(|step| step == name).unwrap_or_else(|| panic!("{name} in {order:?}"))
    };
    place(first) < place(second)
}

#[test]
fn from_nothing_everything_is_created_in_order() {
    let empty = Snapshot::default();
    let plan = planned(Goal::Converge, &house(), &empty);
    assert_eq!(plan.counts(), Counts { create: 5, ..Counts::default() });
    let order = order(&plan, &empty);
    assert!(before(&order, "create base", "create wall.a"), "{order:?}");
    assert!(before(&order, "create wall.b", "create roof"), "{order:?}");
    assert_eq!(order.last().map(String::as_str), Some("create sign"));
}

#[test]
fn what_is_as_wanted_stays() {
    let plan = planned(Goal::Converge, &house(), &built());
    assert!(plan.is_empty(), "{:?}", actions(&plan));
}

#[test]
fn a_replacement_takes_along_what_stands_on_it_and_nothing_else() {
    let mut desired = house();
    desired[1] = want("house/wall.a", json!({"base": link("house/base"), "range": "10.9"}));
    let snapshot = built();
    let plan = planned(Goal::Converge, &desired, &snapshot);
    let expected = [("roof".to_string(), Action::Update), ("wall.a".to_string(), Action::Replace)];
    assert_eq!(actions(&plan), expected);
}

#[test]
fn what_is_made_first_is_made_before_the_old_one_goes_and_after_what_needs_it_has_moved() {
    let mut desired = house();
    desired[3] =
        want("house/roof", json!({"walls": [link("house/wall.a"), link("house/wall.b")], "size": 2}));
    let snapshot = built();
    let plan = planned(Goal::Converge, &desired, &snapshot);
    let order = order(&plan, &snapshot);
    assert_eq!(order, ["create roof", "update sign", "delete roof"]);
}

#[test]
fn a_wall_goes_only_after_the_roof_has_let_go_of_it() {
    let mut desired = house();
    desired.remove(2);
    desired[2] = want("house/roof", json!({"walls": [link("house/wall.a")], "size": 1}));
    let snapshot = built();
    let plan = planned(Goal::Converge, &desired, &snapshot);
    assert_eq!(order(&plan, &snapshot), ["update roof", "delete wall.b"]);
}

#[test]
fn destroying_goes_backwards() {
    let snapshot = built();
    let plan = planned(Goal::Destroy, &house(), &snapshot);
    let order = order(&plan, &snapshot);
    assert_eq!(order.first().map(String::as_str), Some("delete sign"));
    assert_eq!(order.last().map(String::as_str), Some("delete base"));
}

#[test]
fn a_duplicate_goes_a_released_one_loses_its_tags_and_a_copy_stays() {
    let mut snapshot = built();
    let attrs = json!({"range": "10.0", "tags": {"billpay:address": "house/base", "team": "x"}});
    let second = |id: &str, owner| Observed { owner, ..found("house/base", id, attrs.clone()) };
    snapshot.resources.push(second("b2", Owner::Duplicate { of: "b1".into() }));
    snapshot.resources.push(second("b3", Owner::Released { of: "b1".into() }));
    snapshot.resources.push(second("b4", Owner::Copy { evidence: "copied".into(), region: None }));
    let plan = planned(Goal::Converge, &house(), &snapshot);
    let of = |id: &str| plan.changes.iter().find(|change| change.id() == Some(id));
    assert_eq!(of("b2").unwrap().action, Action::Delete);
    let released = of("b3").unwrap();
    assert!(released.is_release() && released.action == Action::Update);
    assert_eq!(released.desired.as_ref().unwrap().attrs["tags"], json!({"team": "x"}));
    assert!(of("b4").is_none());
    assert_eq!(plan.foreign_resources.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["b4"]);
    assert!(plan.protected_changes().is_empty(), "{:?}", plan.protected_changes());
    // What is released is in nobody's way: it is no step that others wait for.
    let schedule = Schedule::of(&plan, &snapshot, &kinds()).unwrap();
    assert_eq!(schedule.steps.iter().filter(|step| step.work == Work::Release).count(), 1);
}

#[test]
fn of_two_of_ours_the_one_nearest_to_the_spec_stays_and_a_permit_is_needed_for_the_other() {
    let mut snapshot = built();
    snapshot.resources.push(found("house/roof", "r-0", json!({"walls": ["w-1", "w-2"], "size": 9})));
    let plan = planned(Goal::Converge, &house(), &snapshot);
    assert_eq!(actions(&plan), [("roof".to_string(), Action::Delete)]);
    let delete = plan.changes.iter().find(|change| change.action == Action::Delete).unwrap();
    let superseded = Reason::Superseded { by: "r-1".to_string() };
    assert_eq!((delete.id(), delete.reason.as_ref()), (Some("r-0"), Some(&superseded)));
    assert_eq!(plan.protected_changes(), BTreeSet::from([&at("house/roof")]));
}

#[test]
fn a_name_that_is_not_ours_is_refused_and_left_alone() {
    let mut snapshot = built();
    snapshot.resources.retain(|observed| observed.address.kind() != "sign");
    let stranger = Owner::Foreign { evidence: "it is not tagged".into() };
    snapshot.resources.push(Observed { owner: stranger, ..found("house/sign", "s-9", json!({})) });
    let converge = planned(Goal::Converge, &house(), &snapshot);
    assert!(matches!(&converge.conflicts[..], [Conflict::NotOurs { id, .. }] if id == "s-9"));
    let destroy = planned(Goal::Destroy, &house(), &snapshot);
    assert!(destroy.changes.iter().all(|change| change.id() != Some("s-9")));
}

#[test]
fn what_failed_is_replaced_and_what_is_unfinished_is_waited_for() {
    let mut snapshot = built();
    snapshot.resources[1].status = Status::Failed;
    snapshot.resources[2].status = Status::Pending;
    let plan = planned(Goal::Converge, &house(), &snapshot);
    let reason = |name: &str| plan.changes.iter().find(|c| c.address.name() == name).unwrap().reason.clone();
    assert_eq!(reason("roof"), Some(Reason::Failed));
    assert_eq!(reason("sign"), Some(Reason::Differs));
}

#[test]
fn a_selection_refuses_to_tear_what_it_leaves_out() {
    let mut desired = house();
    desired.push(want("garden/base.pond", json!({"range": "11.0"})));
    desired.push(want("garden/wall.pond", json!({"base": link("house/base"), "range": "11.1"})));
    let only = |name: &str| Selection { only: BTreeSet::from([name.to_string()]), exclude: BTreeSet::new() };
    let empty = Snapshot::default();
    let plan = plan("dev", Goal::Converge, &only("garden"), &desired, &empty, &kinds()).unwrap();
    let expected = Conflict::NeedsExcluded { address: at("garden/wall.pond"), needs: at("house/base") };
    assert_eq!(plan.conflicts, [expected]);
    let mut snapshot = built();
    snapshot.resources.push(found("garden/wall.pond", "w-9", json!({"base": "b-1", "range": "11.1"})));
    let destroy = super::plan("dev", Goal::Destroy, &only("house"), &desired, &snapshot, &kinds()).unwrap();
    let expected = Conflict::StoodOnByExcluded { address: at("house/base"), by: at("garden/wall.pond") };
    assert_eq!(destroy.conflicts, [expected]);
}

#[test]
fn what_nobody_can_assign_is_neither_changed_nor_built_upon() {
    let mut snapshot = built();
    snapshot.resources.iter_mut().for_each(|found| found.owner = Owner::Undecided);
    assert!(planned(Goal::Destroy, &house(), &snapshot).is_empty());
    let desired = vec![
        want("garden/base.pond", json!({"range": "11.0"})),
        want("house/wall.a", json!({"base": link("garden/base.pond")})),
    ];
    let owner = Owner::Undecided;
    snapshot.resources = vec![Observed { owner, ..found("garden/base.pond", "p-1", json!({})) }];
    let only = Selection { only: BTreeSet::from(["house".to_string()]), exclude: BTreeSet::new() };
    let plan = plan("dev", Goal::Converge, &only, &desired, &snapshot, &kinds()).unwrap();
    let expected = Conflict::NeedsExcluded { address: at("house/wall.a"), needs: at("garden/base.pond") };
    assert_eq!(plan.conflicts, [expected]);
}

#[test]
fn a_circle_is_named() {
    let desired = vec![
        want("house/wall.a", json!({"base": link("house/wall.b")})),
        want("house/wall.b", json!({"base": link("house/wall.a")})),
    ];
    let error = plan("dev", Goal::Converge, &Selection::default(), &desired, &Snapshot::default(), &kinds());
    let text = error.unwrap_err().to_string();
    assert!(text.ends_with("house/wall.a → house/wall.b → house/wall.a"), "{text}");
}

#[test]
fn the_same_plan_agrees_with_itself_and_not_with_another() {
    let plan = planned(Goal::Converge, &house(), &built());
    assert!(plan.differs_from(&plan).is_empty());
    let mut snapshot = built();
    snapshot.resources[2].attrs = json!({"roof": "r-1", "text": "changed by hand"});
    let other = planned(Goal::Converge, &house(), &snapshot);
    assert_eq!(plan.differs_from(&other), BTreeSet::from([at("house/sign")]));
}

#[test]
fn what_goes_back_in_its_version_goes_before_what_it_stands_on() {
    let versions = |base: &str, wall: &str, sign: &str| {
        let after = |mut desired: Desired, needs: &[&str]| {
            desired.after = needs.iter().map(|need| at(need)).collect();
            desired
        };
        vec![
            want("house/base", json!({"version": base})),
            after(want("house/wall", json!({"version": wall})), &["house/base", "house/sign"]),
            after(want("house/sign", json!({"version": sign})), &["house/base"]),
        ]
    };
    let snapshot = |desired: &[Desired]| Snapshot {
        resources: desired
            .iter()
            .map(|want| found(&want.address.to_string(), &want.address.name(), want.attrs.clone()))
            .collect(),
    };
    let order = |from: [&str; 3], to: [&str; 3]| {
        let (had, wanted) = (versions(from[0], from[1], from[2]), versions(to[0], to[1], to[2]));
        let snapshot = snapshot(&had);
        let kinds = kinds();
        let plan = plan("dev", Goal::Converge, &Selection::default(), &wanted, &snapshot, &kinds).unwrap();
        let schedule = Schedule::of(&plan, &snapshot, &kinds).unwrap();
        let names = schedule
            .order()
            .into_iter()
            .map(|step| plan.changes[schedule.steps[step].change].address.name().to_string());
        names.collect::<Vec<_>>()
    };
    // The wall needs the sign, and both need the base.
    assert_eq!(order(["1.35", "1.35", "v1"], ["1.36", "1.36", "v2"]), ["base", "sign", "wall"]);
    assert_eq!(order(["1.36", "1.36", "v2"], ["1.35", "1.35", "v1"]), ["wall", "base", "sign"]);
    // A wall that had not followed yet follows afterwards.
    assert_eq!(order(["1.36", "1.34", "v2"], ["1.35", "1.35", "v2"]), ["base", "wall"]);
}

#[test]
fn conflicts_keep_their_names_in_json() {
    let address = || -> Address { "house/wall".parse().expect("an address") };
    let (id, key, why) = (String::new, String::new, String::new);
    let conflicts = [
        Conflict::NotOurs { address: address(), id: id(), evidence: why(), key: key() },
        Conflict::Unproven { address: address(), id: id(), key: key(), commands: vec![] },
        Conflict::NoRegion { address: address(), id: id(), commands: vec![] },
        Conflict::Several { address: address(), ids: vec![] },
        Conflict::Refused { address: address(), why: why() },
        Conflict::NeedsExcluded { address: address(), needs: address() },
        Conflict::StoodOnByExcluded { address: address(), by: address() },
    ];
    let kinds = conflicts.map(|conflict| serde_json::to_value(conflict).expect("JSON")["kind"].clone());
    let names =
        ["not-ours", "unproven", "no-region", "several", "refused", "needs-excluded", "stood-on-by-excluded"];
    assert_eq!(kinds, names.map(Value::from));
}
