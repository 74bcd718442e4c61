use billpay_model::resource::{Outputs, owner_tags};
use serde_json::{Value, json};

use super::*;
use crate::kind::{Base, KindInfo, Usual};

fn kinds() -> Kinds {
    let kind = |name: &'static str, stands_on, global| KindInfo {
        name,
        component: "house",
        aws_type: "",
        immutable: &[],
        stands_on,
        constraints: &[],
        create_first: name == "subnet",
        named: false,
        global,
        holds_data: false,
        gives_access: &[],
        usual: Usual::QUICK,
    };
    let kinds = [
        kind("vpc", &[] as &[_], false),
        kind("subnet", const { &[Base::held("vpc")] }, false),
        kind("ip", &[], false),
        kind("nat", const { &[Base::held("subnet"), Base::held("ip")] }, false),
        kind("role", &[], true),
    ];
    kinds.into_iter().map(|kind| (kind.name, kind)).collect()
}

fn found(address: &str, id: &str, owner: Owner, evidence: Evidence, attrs: Value) -> Observed {
    let outputs = Outputs::from([("id".to_string(), id.to_string())]);
    Observed { outputs, owner, evidence, ..Observed::new(address.parse().unwrap(), id, attrs) }
}

fn legacy() -> Owner {
    Owner::Legacy { has_region: false }
}

/// Settles a snapshot; returns what became of each id, and the conflicts.
fn settled(resources: Vec<Observed>, keep: &[&str]) -> (BTreeMap<String, Owner>, Vec<Conflict>) {
    let mut snapshot = Snapshot { resources };
    let keep = keep.iter().map(|id| id.to_string()).collect();
    let conflicts = settle(&mut snapshot, &kinds(), &keep, &|found| found.attempt.as_deref() == Some("mine"));
    (snapshot.resources.into_iter().map(|one| (one.id, one.owner)).collect(), conflicts)
}

fn is_copy(owner: &Owner) -> bool {
    matches!(owner, Owner::Copy { .. })
}

#[test]
fn one_with_evidence_is_ours_and_one_without_is_a_conflict() {
    let vpc = |owner, evidence| vec![found("house/vpc", "vpc-1", owner, evidence, json!({}))];
    for (owner, evidence) in [
        (Owner::Ours, Evidence::Unique),
        (Owner::Ours, Evidence::Name),
        (Owner::Legacy { has_region: false }, Evidence::Name),
    ] {
        let (owners, conflicts) = settled(vpc(owner, evidence), &[]);
        assert_eq!((&owners["vpc-1"], conflicts.as_slice()), (&Owner::Ours, &[][..]));
    }
    for (owner, evidence) in
        [(Owner::Ours, Evidence::Part), (legacy(), Evidence::Part), (legacy(), Evidence::Nothing)]
    {
        let (owners, conflicts) = settled(vpc(owner, evidence), &[]);
        assert_eq!(owners["vpc-1"], Owner::Undecided);
        assert!(
            matches!(conflicts.as_slice(), [Conflict::Unproven { id, .. }] if id == "vpc-1"),
            "{conflicts:?}"
        );
    }
}

#[test]
fn being_part_of_ours_is_evidence_and_carries_over() {
    let resources = vec![
        found("house/vpc", "vpc-1", legacy(), Evidence::Name, json!({})),
        found("house/subnet.a", "subnet-1", legacy(), Evidence::Part, json!({"vpc": "vpc-1"})),
        found("house/nat.a", "nat-1", legacy(), Evidence::Part, json!({"subnet": "subnet-1"})),
    ];
    let (owners, conflicts) = settled(resources, &[]);
    assert!(conflicts.is_empty() && owners.values().all(|owner| *owner == Owner::Ours), "{owners:?}");
}

#[test]
fn of_two_the_one_that_the_rest_stands_on_is_ours() {
    let resources = |nat: &str| {
        vec![
            found("house/ip.a", "ip-1", Owner::Ours, Evidence::Name, json!({})),
            found("house/ip.a", "ip-2", Owner::Ours, Evidence::Name, json!({})),
            found("house/nat.a", "nat-1", Owner::Ours, Evidence::Unique, json!({"ip": nat})),
        ]
    };
    let (owners, conflicts) = settled(resources("ip-2"), &[]);
    assert_eq!(owners["ip-2"], Owner::Ours);
    assert!(is_copy(&owners["ip-1"]) && conflicts.is_empty());

    let (owners, conflicts) = settled(resources("ip-9"), &[]);
    assert_eq!((&owners["ip-1"], &owners["ip-2"]), (&Owner::Undecided, &Owner::Undecided));
    let [Conflict::Several { ids, .. }] = conflicts.as_slice() else { panic!("{conflicts:?}") };
    assert_eq!(ids, &["ip-1", "ip-2"]);

    let (owners, conflicts) = settled(resources("ip-9"), &["ip-1"]);
    assert_eq!(owners["ip-1"], Owner::Ours);
    assert_eq!(owners["ip-2"], Owner::Released { of: "ip-1".to_string() });
    assert!(conflicts.is_empty());
}

#[test]
fn the_old_and_the_new_one_of_a_replacement_are_both_ours() {
    let subnet = |id, evidence| found("house/subnet.a", id, Owner::Ours, evidence, json!({}));
    let several = || {
        vec![
            subnet("subnet-1", Evidence::Unique),
            subnet("subnet-2", Evidence::Unique),
            subnet("subnet-3", Evidence::Name),
        ]
    };
    let (owners, conflicts) = settled(several(), &[]);
    assert!(conflicts.is_empty());
    assert_eq!((&owners["subnet-1"], &owners["subnet-2"]), (&Owner::Ours, &Owner::Ours));
    assert!(is_copy(&owners["subnet-3"]));
}

#[test]
fn of_two_networks_made_at_once_a_person_chooses() {
    let vpc = |id| found("house/vpc", id, Owner::Ours, Evidence::Unique, json!({}));
    let (_, conflicts) = settled(vec![vpc("vpc-1"), vpc("vpc-2")], &[]);
    assert!(matches!(conflicts.as_slice(), [Conflict::Several { .. }]), "{conflicts:?}");
}

#[test]
fn a_lone_one_without_marks_beside_marked_ones_has_to_be_connected() {
    let ip = || found("house/ip.a", "ip-1", Owner::Ours, Evidence::Name, json!({}));
    let vpc = || found("house/vpc", "vpc-1", Owner::Ours, Evidence::Unique, json!({}));
    let (_, conflicts) = settled(vec![ip(), vpc()], &[]);
    assert!(matches!(conflicts.as_slice(), [Conflict::Unproven { id, .. }] if id == "ip-1"), "{conflicts:?}");
    let nat = found("house/nat.a", "nat-1", Owner::Ours, Evidence::Unique, json!({"ip": "ip-1"}));
    let (owners, conflicts) = settled(vec![ip(), vpc(), nat], &[]);
    assert!(conflicts.is_empty() && owners["ip-1"] == Owner::Ours);
    let mut sent = ip();
    sent.attempt = Some("an-earlier-run-3".to_string());
    assert!(settled(vec![sent, vpc()], &[]).1.is_empty());
}

#[test]
fn only_a_second_one_of_this_process_is_a_duplicate() {
    for (attempt, is_duplicate) in [(Some("mine"), true), (Some("another's"), false), (None, false)] {
        let mut second = found("house/ip.a", "ip-2", Owner::Ours, Evidence::Name, json!({}));
        second.attempt = attempt.map(str::to_string);
        let first = found("house/ip.a", "ip-1", Owner::Ours, Evidence::Unique, json!({}));
        let (owners, conflicts) = settled(vec![first, second], &[]);
        assert!(conflicts.is_empty());
        assert_eq!(owners["ip-1"], Owner::Ours);
        assert_eq!(matches!(owners["ip-2"], Owner::Duplicate { .. }), is_duplicate, "{attempt:?}");
        assert_eq!(is_copy(&owners["ip-2"]), !is_duplicate, "{attempt:?}");
    }
}

#[test]
fn a_global_one_of_version_0_1_is_ours_only_beside_what_is_in_the_region() {
    let role = |owner| found("house/role.a", "role-a", owner, Evidence::Name, json!({}));
    let vpc = || found("house/vpc", "vpc-1", legacy(), Evidence::Name, json!({}));
    let (owners, conflicts) = settled(vec![role(legacy()), vpc()], &[]);
    assert!(conflicts.is_empty() && owners["role-a"] == Owner::Ours);
    let (_, conflicts) = settled(vec![role(legacy())], &[]);
    assert!(matches!(conflicts.as_slice(), [Conflict::NoRegion { .. }]), "{conflicts:?}");
    let (owners, conflicts) = settled(vec![role(Owner::Legacy { has_region: true })], &[]);
    assert!(conflicts.is_empty() && owners["role-a"] == Owner::Ours);
}

#[test]
fn tags_name_the_owner() {
    let env = billpay_testkit::example("dev");
    let tags = |pairs: &[(&str, &str)]| -> Tags {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    };
    let base = [(ENVIRONMENT_TAG, "dev"), (ADDRESS_TAG, "network/vpc")];
    let with = |more: &[(&'static str, &'static str)]| tags(&[&base[..], more].concat());
    let address: Address = "network/vpc".parse().unwrap();
    let ours = with(&[(PROJECT_TAG, "billpay"), (REGION_TAG, "us-east-1")]);
    assert_eq!(claim(&env, &ours), Claim::Ours(address.clone()));
    for (more, has_region) in
        [(&[][..], false), (&[(PROJECT_TAG, "billpay")], false), (&[(REGION_TAG, "us-east-1")], true)]
    {
        assert_eq!(claim(&env, &with(more)), Claim::Legacy { address: address.clone(), has_region });
    }
    let elsewhere = with(&[(PROJECT_TAG, "billpay"), (REGION_TAG, "eu-west-1")]);
    assert!(matches!(claim(&env, &elsewhere), Claim::Elsewhere { region, .. } if region == "eu-west-1"));
    assert!(matches!(claim(&env, &with(&[(PROJECT_TAG, "acme")])), Claim::Others { .. }));
    assert!(matches!(claim(&env, &tags(&[(ENVIRONMENT_TAG, "DEV")])), Claim::Others { .. }));
    assert_eq!(claim(&env, &tags(&[(ENVIRONMENT_TAG, "dev")])), Claim::Nothing);
    assert_eq!(claim(&env, &tags(&[(ENVIRONMENT_TAG, "dev"), (ADDRESS_TAG, "vpc")])), Claim::Nothing);
}

#[test]
fn a_protection_that_cannot_be_read_protects() {
    let tags = |value: &str| Tags::from([(PROTECTED_TAG.to_string(), value.to_string())]);
    assert!(is_protected(&tags("true")) && is_protected(&tags("no")) && is_protected(&tags("")));
    assert!(!is_protected(&tags("false")) && !is_protected(&Tags::new()));
}

/// The owner and the evidence of a found resource with some tags, whose name should be `dev-a`.
fn judged(kind: &str, id: &str, pairs: &[(&str, &str)]) -> (Owner, Evidence) {
    let env = billpay_testkit::example("dev");
    let mut tags = owner_tags(&env);
    tags.extend(pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())));
    let address = format!("house/{kind}.a");
    tags.insert(ADDRESS_TAG.to_string(), address.clone());
    let fits = |_: &Environment, _: &Address, name: &str| Fit::whole(name, "dev-a");
    let owners = owners(&env, &kinds()[kind], &Identity::new(id, &tags), &fits, None, None);
    let [(at, ownership)] = owners.as_slice() else { panic!("{owners:?}") };
    assert_eq!(at.to_string(), address);
    (ownership.owner.clone(), ownership.evidence)
}

#[test]
fn only_a_name_or_an_own_id_is_evidence() {
    use billpay_model::resource::{ATTEMPT_TAG, ID_TAG};
    assert_eq!(judged("vpc", "vpc-1", &[("Name", "dev-a")]), (Owner::Ours, Evidence::Name));
    assert_eq!(judged("vpc", "vpc-1", &[(ID_TAG, "vpc-1")]), (Owner::Ours, Evidence::Unique));
    let copies = [("Name", "a copy"), (ATTEMPT_TAG, "run-1")];
    assert_eq!(judged("vpc", "vpc-1", &copies), (Owner::Ours, Evidence::Nothing));
    assert!(is_copy(&judged("vpc", "vpc-1", &[("Name", "dev-a"), (ID_TAG, "vpc-9")]).0));
}

#[test]
fn a_copy_in_no_region_does_not_show_where_the_environment_lives() {
    let there = (REGION_TAG, "eu-west-1");
    let elsewhere = Owner::Elsewhere { region: "eu-west-1".to_string() };
    assert_eq!(judged("role", "r-1", &[there, ("Name", "dev-a")]).0, elsewhere);
    assert!(is_copy(&judged("role", "r-1", &[there, ("Name", "a copy")]).0));
}
