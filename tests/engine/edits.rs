//! Random edits of a real spec: no plan that the rehearsal accepts fails in a cloud that keeps to
//! AWS's rules, and none that it refuses would have ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use billpay_aws::kinds;
use billpay_engine::attempts::OpenAttempts;
use billpay_engine::engine::Proposal;
use billpay_engine::guard::AlwaysAllow;
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Action, Attachment, Conflict, Goal, Kinds, Obstacle, Selection};
use billpay_engine::{ApplyOptions, Error, Outcome, apply, survey};
use billpay_model::environment::{Capacity, Environment, Nat};
use billpay_model::resource::{Observed, Status};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::histories::in_shards;
use crate::rules::RuleCloud;
use crate::world::Counts;
use billpay_model::event::Silent;

/// An edit of the spec, or something that happens in the account. Numbers choose among what is there.
#[derive(Debug, Clone)]
enum Edit {
    /// The network's range and all in it.
    Network(u8),
    /// One subnet's range: another one, a neighbour's, a larger one.
    Range {
        private: bool,
        zone: usize,
        to: u8,
    },
    /// Two subnets exchange their ranges.
    Exchange {
        private: bool,
    },
    Zones(u8),
    ZoneLetters(u8),
    Nat(u8),
    Endpoint,
    ClusterName(u8),
    Version(u8),
    NodeType(u8),
    NodeGroup(u8),
    Fargate,
    Addon(u8),
    Service(u8),
    Frontend(u8),
    /// The domains of two frontends are exchanged, or one is given or taken.
    Domain(u8),
    Bucket(u8),
    /// Something breaks and has to be made anew.
    Break(usize),
    /// Somebody attaches something.
    Attach(usize),
    Detach,
    Destroy,
}

fn edits() -> impl Strategy<Value = Edit> {
    prop_oneof![
        2 => (0u8..3).prop_map(Edit::Network),
        4 => (any::<bool>(), 0usize..3, 0u8..6)
            .prop_map(|(private, zone, to)| Edit::Range { private, zone, to }),
        2 => any::<bool>().prop_map(|private| Edit::Exchange { private }),
        2 => (2u8..4).prop_map(Edit::Zones),
        1 => (0u8..3).prop_map(Edit::ZoneLetters),
        3 => (0u8..3).prop_map(Edit::Nat),
        1 => Just(Edit::Endpoint),
        1 => (0u8..2).prop_map(Edit::ClusterName),
        1 => (0u8..2).prop_map(Edit::Version),
        2 => (0u8..2).prop_map(Edit::NodeType),
        2 => (0u8..2).prop_map(Edit::NodeGroup),
        2 => Just(Edit::Fargate),
        1 => (0u8..3).prop_map(Edit::Addon),
        2 => (0u8..3).prop_map(Edit::Service),
        2 => (0u8..3).prop_map(Edit::Frontend),
        3 => (0u8..4).prop_map(Edit::Domain),
        2 => (0u8..2).prop_map(Edit::Bucket),
        3 => any::<usize>().prop_map(Edit::Break),
        3 => any::<usize>().prop_map(Edit::Attach),
        2 => Just(Edit::Detach),
        1 => Just(Edit::Destroy),
    ]
}

/// Puts an entry into a map, or takes it out.
fn toggle<T: Clone>(map: &mut BTreeMap<String, T>, name: &str, like: &T) {
    if map.remove(name).is_none() {
        map.insert(name.to_string(), like.clone());
    }
}

/// Edits a spec.
fn edit(env: &mut Environment, base: &Environment, edit: &Edit) {
    let network = &mut env.network;
    let range = |text: String| text.parse().expect("a range");
    match edit {
        Edit::Network(to) => {
            network.cidr = range(format!("10.{to}.0.0/16"));
            let moved = |ranges: &[ipnet::Ipv4Net]| {
                let moved = ranges.iter().map(|old| {
                    let [_, _, third, fourth] = old.network().octets();
                    range(format!("10.{to}.{third}.{fourth}/{}", old.prefix_len()))
                });
                moved.collect::<Vec<_>>()
            };
            network.public_subnets = moved(&network.public_subnets);
            network.private_subnets = moved(&network.private_subnets);
        }
        Edit::Range { private, zone, to } => {
            let [_, second, ..] = network.cidr.network().octets();
            let (ranges, first) = match private {
                true => (&mut network.private_subnets, 64),
                false => (&mut network.public_subnets, 128),
            };
            // Eight to a zone, so that no two that the spec names overlap; `to` 4 and 5 overlap 0.
            let third = first + 16 * u8::try_from(*zone).expect("few zones");
            ranges[*zone] = match to {
                4 => range(format!("10.{second}.{third}.0/23")),
                5 => range(format!("10.{second}.{third}.0/25")),
                to => range(format!("10.{second}.{}.0/24", third + 2 * to)),
            };
        }
        Edit::Exchange { private: true } => network.private_subnets.swap(0, 1),
        Edit::Exchange { private: false } => network.public_subnets.swap(0, 1),
        Edit::Zones(zones) => network.zones = *zones,
        Edit::ZoneLetters(to) => {
            let letters: &[&str] = [&[] as &[_], &["b", "c", "d"], &["a", "c", "b"]][usize::from(*to)];
            network.zone_letters = letters.iter().map(|letter| letter.to_string()).collect();
        }
        Edit::Nat(to) => network.nat = [Nat::None, Nat::Single, Nat::PerZone][usize::from(*to)],
        Edit::Endpoint => network.s3_endpoint = !network.s3_endpoint,
        Edit::ClusterName(to) => env.cluster.name = format!("cluster-{to}"),
        Edit::Version(to) => env.cluster.version = format!("1.3{}", 5 + to),
        Edit::NodeType(to) => {
            for group in env.cluster.nodes.values_mut() {
                group.instance_type = ["t3.medium", "t3.large"][usize::from(*to)].to_string();
                group.capacity = Capacity::OnDemand;
            }
        }
        Edit::NodeGroup(to) => {
            let group = base.cluster.nodes.values().next().expect("a group");
            toggle(&mut env.cluster.nodes, &format!("more-{to}"), group);
        }
        Edit::Fargate => {
            let profile = billpay_model::environment::FargateProfile { namespaces: vec!["jobs".to_string()] };
            toggle(&mut env.cluster.fargate, "jobs", &profile);
        }
        Edit::Addon(to) => {
            let addons: Vec<_> = base.cluster.addons.iter().collect();
            let (name, addon) = addons[usize::from(*to) % addons.len()];
            toggle(&mut env.cluster.addons, name, addon);
        }
        Edit::Service(to) => {
            let service = base.services.values().next().expect("a service");
            toggle(&mut env.services, &format!("service-{to}"), service);
        }
        Edit::Frontend(to) => {
            let frontend = base.frontends.values().next().expect("a frontend");
            toggle(&mut env.frontends, &format!("frontend-{to}"), frontend);
        }
        Edit::Domain(to) => {
            let names: Vec<String> = env.frontends.keys().cloned().collect();
            if let (0, [one, other, ..]) = (to, names.as_slice()) {
                let theirs = env.frontends[other].domain.clone();
                let ours = env.frontends.get_mut(one).expect("it is there").domain.take();
                env.frontends.get_mut(other).expect("it is there").domain = ours;
                env.frontends.get_mut(one).expect("it is there").domain = theirs;
            } else if let Some(frontend) = names.get(usize::from(to.saturating_sub(1))) {
                let domain = Some(format!("{to}.billpay.com"));
                let is_used = env.frontends.values().any(|other| other.domain == domain);
                let frontend = env.frontends.get_mut(frontend).expect("it is there");
                frontend.domain = domain.filter(|_| !is_used);
            }
            for frontend in env.frontends.values_mut() {
                let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/0a".to_string();
                frontend.certificate = frontend.domain.is_some().then_some(certificate);
            }
        }
        Edit::Bucket(to) => {
            let bucket = base.buckets.values().next().expect("a bucket");
            toggle(&mut env.buckets, &format!("bucket-{to}"), bucket);
        }
        Edit::Break(_) | Edit::Attach(_) | Edit::Detach | Edit::Destroy => {}
    }
}

/// Does what happens in an account.
fn happen<'a>(cloud: RuleCloud<'a>, edit: &Edit) -> RuleCloud<'a> {
    let (mut resources, mut attachments) = (cloud.resources(), cloud.attachments.clone());
    match edit {
        Edit::Break(choice) => {
            // What is no more than a setting of something else can't break.
            let breaks = |one: &&mut Observed| {
                ["cluster", "node-group", "fargate-profile", "subnet", "nat-gateway", "addon"]
                    .contains(&one.address.kind())
            };
            let mut those: Vec<&mut Observed> = resources.iter_mut().filter(breaks).collect();
            let count = those.len().max(1);
            if let Some(one) = those.get_mut(choice % count) {
                one.status = Status::Failed;
            }
        }
        Edit::Attach(choice) => {
            let holds = |one: &&Observed| {
                ["vpc", "subnet", "security-group", "cluster", "bucket", "policy"]
                    .contains(&one.address.kind())
            };
            let those: Vec<&Observed> = resources.iter().filter(holds).collect();
            if let Some(one) = those.get(choice % those.len().max(1)) {
                let to = (one.address.kind().to_string(), one.id.clone());
                let id = format!("thing-{choice}");
                attachments.push(Attachment { to, id, what: "thing of others".to_string() });
            }
        }
        Edit::Detach => attachments.clear(),
        _ => return cloud,
    }
    let (seed, serial) = (cloud.seed.load(Ordering::Relaxed), cloud.serial.load(Ordering::Relaxed));
    RuleCloud::new(&cloud.env, cloud.kinds, resources, attachments, seed, serial)
}

/// Applies a plan; `None` where its steps wait for one another in a circle.
async fn run(cloud: &RuleCloud<'_>, proposal: &Proposal) -> Option<Outcome> {
    let env = &cloud.env;
    let options = ApplyOptions {
        permit: Permit::confirmed(env, &env.environment),
        ..ApplyOptions::new(8, CancellationToken::new(), Arc::new(AlwaysAllow))
    };
    match apply(cloud, proposal, &options, &Silent).await {
        Err(Error::Cycle(_)) => None,
        outcome => Some(outcome.expect("it begins")),
    }
}

/// Lives through the edits of an environment that has been made: some at a time, between two runs.
async fn live(history: &[Vec<Edit>], mut cloud: RuleCloud<'_>, base: &Environment, counts: &Counts) {
    for step in history {
        let is_destroy = step.iter().any(|edit| matches!(edit, Edit::Destroy));
        let goal = if is_destroy { Goal::Destroy } else { Goal::Converge };
        let before = cloud.env.clone();
        for edit in step {
            self::edit(&mut cloud.env, base, edit);
            cloud = happen(cloud, edit);
        }
        let survey =
            survey(&cloud, &BTreeSet::new(), &OpenAttempts::default()).await.expect("it can be read");
        let proposal = match survey.plan(&cloud, goal, &Selection::default()).await {
            Ok(proposal) => proposal,
            Err(error) => panic!("{step:?}: {error}"),
        };
        let plan = &proposal.plan;
        if plan.conflicts.is_empty() {
            let outcome = run(&cloud, &proposal).await.expect("it has an order");
            let failed: Vec<String> = outcome
                .failed
                .iter()
                .map(|failed| format!("{}: {}", failed.address, failed.failure))
                .collect();
            assert!(outcome.is_complete(), "{step:?} was accepted and failed: {failed:#?}");
            let forbidden = cloud.forbidden.swap(0, Ordering::Relaxed);
            assert_eq!(forbidden, 0, "{step:?} was accepted and ran into the rules");
            let after = crate::edits::survey(&cloud, &BTreeSet::new(), &OpenAttempts::default())
                .await
                .expect("it can be read");
            let left = after.plan_offline(&cloud, goal, &Selection::default()).expect("a plan");
            assert!(
                left.is_empty(),
                "{step:?}: still to do: {:#?}",
                left.changes.iter().filter(|change| change.action != Action::NoOp).collect::<Vec<_>>()
            );
            let replaced = plan.counts().replace > 0;
            counts.add(if replaced { "accepted, with replacements" } else { "accepted" }, 1);
            continue;
        }
        for conflict in &plan.conflicts {
            counts.add(format!("refused: {}", cause(conflict)), 1);
        }
        // The same plan without the refusal, in a copy of the account.
        let copy = cloud.copy();
        let mut blind = proposal.clone();
        blind.plan.conflicts.clear();
        let outcome = run(&copy, &blind).await;
        assert!(
            outcome.is_none_or(|outcome| !outcome.is_complete()),
            "{step:?} was refused and would have ended: {:#?}",
            plan.conflicts
        );
        cloud.env = before;
    }
}

fn cause(conflict: &Conflict) -> &'static str {
    match conflict {
        Conflict::CannotEnd { obstacle, blockers, .. } => match obstacle {
            Obstacle::Held if blockers.iter().any(|blocker| blocker.address.is_none()) => "held by others",
            Obstacle::Held => "held by its own",
            Obstacle::Taken { .. } => "taken",
            Obstacle::Overlaps { .. } => "overlaps",
            Obstacle::Outside { .. } => "outside",
            Obstacle::Bound { .. } => "bound",
        },
        conflict => panic!("{conflict:?}"),
    }
}

/// Every situation that a thousand histories have to come to.
const SITUATIONS: &[&str] = &[
    "accepted",
    "accepted, with replacements",
    "refused: bound",
    "refused: held by its own",
    "refused: held by others",
    "refused: overlaps",
    "refused: taken",
];

/// Makes an environment.
async fn made(kinds: &Kinds, env: &Environment) -> Vec<Observed> {
    let cloud = RuleCloud::new(env, kinds, vec![], vec![], 0, 0);
    let survey = survey(&cloud, &BTreeSet::new(), &OpenAttempts::default()).await.expect("it can be read");
    let proposal = survey.plan(&cloud, Goal::Converge, &Selection::default()).await.expect("a plan");
    let outcome = run(&cloud, &proposal).await.expect("it has an order");
    assert!(outcome.is_complete(), "{:?}", outcome.failed);
    cloud.resources()
}

/// A small environment, and its resources as they were made.
fn start(kinds: &Kinds) -> (Environment, Vec<Observed>) {
    let mut base = crate::dev();
    // Fewer of the same; the histories add and remove some.
    base.services.retain(|name, _| name == "backend-api");
    base.frontends.retain(|name, _| ["payment", "admin"].contains(&name.as_str()));
    (base.secrets, base.cluster.access) = Default::default();
    for frontend in base.frontends.values_mut() {
        frontend.certificate = Some("arn:aws:acm:us-east-1:123456789012:certificate/0a".to_string());
    }
    for (name, domain) in [("admin", "1.billpay.com"), ("payment", "2.billpay.com")] {
        base.frontends.get_mut(name).expect("it is there").domain = Some(domain.to_string());
    }
    let made = crate::runtime().block_on(made(kinds, &base));
    (base, made)
}

/// Edits of a spec, as many as [`in_shards`] takes.
#[test]
fn an_accepted_plan_ends_and_a_refused_one_would_not_have() {
    let kinds = kinds::kinds();
    let (base, made) = start(&kinds);
    let step = || proptest::collection::vec(edits(), 1..4);
    let histories = || (proptest::collection::vec(step(), 1..4), any::<u32>());
    in_shards(histories, SITUATIONS, |(history, seed), counts| {
        let cloud = RuleCloud::new(&base, &kinds, made.clone(), vec![], seed, made.len());
        crate::runtime().block_on(live(&history, cloud, &base, counts));
    });
}

/// A failed subnet's NAT gateway is replaced in the run that moves a zone: its route table lets go
/// of the old one only after the new one is there.
#[test]
fn what_only_uses_a_resource_does_not_hold_it() {
    let kinds = kinds::kinds();
    let (base, mut made) = start(&kinds);
    let fails =
        |one: &&mut Observed| one.address.name() == "subnet.public-a" || one.address.kind() == "cluster";
    made.iter_mut().filter(fails).for_each(|one| one.status = Status::Failed);
    let cloud = RuleCloud::new(&base, &kinds, made, vec![], 0, 1_000);
    let counts = Counts::default();
    crate::runtime().block_on(live(&[vec![Edit::ZoneLetters(2)]], cloud, &base, &counts));
    assert_eq!(counts.get("accepted, with replacements"), 1, "{}", counts.report());
}

/// A circle has a reason: the steps that can't be ordered are walked as far as they go.
#[test]
fn a_network_that_moves_while_a_zone_leaves_is_refused_with_the_reason() {
    let kinds = kinds::kinds();
    let (base, made) = start(&kinds);
    let cloud = RuleCloud::new(&base, &kinds, made, vec![], 0, 1_000);
    let counts = Counts::default();
    let step = vec![Edit::Network(1), Edit::ZoneLetters(2)];
    crate::runtime().block_on(live(&[step], cloud, &base, &counts));
    assert!(counts.get("refused: bound") > 0, "{}", counts.report());
}
