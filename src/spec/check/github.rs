//! Trust in GitHub's workflows, and the length of the documents that say so.

use std::collections::{BTreeMap, BTreeSet};

use billpay_model::environment::{Environment, Frontend};
use billpay_model::{access, names};

use super::{Finding, Spot, item, key, value};

pub(super) fn check(env: &Environment) -> Vec<Finding> {
    let mut found = duplicates(env);
    found.extend(env.frontends.iter().filter_map(|(name, frontend)| wide_trust(env, name, frontend)));
    found.extend(ids(env));
    found.extend(trust(env));
    found.extend(permissions(env));
    found
}

fn duplicates(env: &Environment) -> Vec<Finding> {
    let repositories = &env.github.repositories;
    let again = repositories.iter().enumerate().filter(|(index, name)| repositories[..*index].contains(name));
    let finding = |(index, name): (usize, &String)| {
        let spot = item(["github", "repositories"], index);
        Finding::error("duplicate", spot, format!("`{name}` is there twice"))
    };
    again.map(finding).collect()
}

/// Finds a repository that deploys services only because it is among those of the platform.
fn wide_trust(env: &Environment, name: &str, frontend: &Frontend) -> Option<Finding> {
    let repository = frontend.repository.as_ref()?;
    let index = env.github.repositories.iter().position(|shared| shared == repository)?;
    let deploys_services =
        env.services.values().any(|service| service.repository.as_ref() == Some(repository));
    (!deploys_services).then(|| {
        let message = format!("workflows of `{repository}` deploy services, too, and not only `{name}`");
        Finding::warning("wide-trust", item(["github", "repositories"], index), message)
            .related(value(["frontends", name, "repository"]), "with this alone they deploy frontends only")
            .help("take it out of `github.repositories`, once its pipelines are those of this version")
    })
}

/// An id of a repository, and where the spec has it.
struct Id<'e> {
    spot: Spot,
    /// The resource that the id is of, where that is said.
    repository: Option<&'e String>,
    id: &'e String,
}

fn all_ids(env: &Environment) -> Vec<Id<'_>> {
    let shared = env.github.repository_ids.iter().flatten().map(|(repository, id)| Id {
        spot: value(["github", "repository_ids", repository]),
        repository: Some(repository),
        id,
    });
    let services = env.services.iter().filter_map(|(name, service)| {
        let spot = value(["services", name, "repository_id"]);
        Some(Id { spot, repository: service.repository.as_ref(), id: service.repository_id.as_ref()? })
    });
    let frontends = env.frontends.iter().filter_map(|(name, frontend)| {
        let spot = value(["frontends", name, "repository_id"]);
        Some(Id { spot, repository: frontend.repository.as_ref(), id: frontend.repository_id.as_ref()? })
    });
    shared.chain(services).chain(frontends).collect()
}

/// Finds ids that let nobody in: of no repository, without the organization's, of two repositories, or two of one.
fn ids(env: &Environment) -> Vec<Finding> {
    let mut found = vec![];
    let organization = format!("`gh api users/{} --jq .id` prints it", env.github.organization);
    let trusted: BTreeSet<&String> =
        names::service_repositories(env).into_iter().chain(names::frontend_repositories(env)).collect();
    let mut known: BTreeMap<&String, Id<'_>> = BTreeMap::new();
    for one in all_ids(env) {
        let Some(repository) = one.repository else {
            let finding = Finding::error("incomplete", one.spot, "the id is of no repository");
            found.push(finding.help("say with `repository` which one it is of"));
            continue;
        };
        if !trusted.contains(repository) {
            let message = format!("`{repository}` is none of the repositories that may deploy");
            found.push(
                Finding::error("unknown-repository", one.spot.clone(), message)
                    .known(repository, trusted.iter().copied())
                    .given(["github", "repositories"]),
            );
        }
        if env.github.organization_id.is_none() {
            let message =
                format!("GitHub names `{repository}` with this id and the organization's, which is missing");
            found.push(
                Finding::error("incomplete", one.spot.clone(), message)
                    .help(format!("add `organization_id` under `github`: {organization}"))
                    .given(["github", "organization_id"]),
            );
        }
        let same = known.iter().find(|(other, first)| **other != repository && first.id == one.id);
        if let Some((other, first)) = same {
            let message = format!("`{repository}` and `{other}` can't both have the id {}", one.id);
            let finding = Finding::error("two-repositories", one.spot.clone(), message);
            found.push(finding.related(first.spot.clone(), "the other one"));
        }
        match known.get(repository) {
            Some(first) if first.id != one.id => {
                let message = format!("`{repository}` has the id {} here and {} elsewhere", one.id, first.id);
                let related = first.spot.clone();
                found.push(Finding::error("two-ids", one.spot, message).related(related, "elsewhere"));
            }
            Some(_) => {}
            None => drop(known.insert(repository, one)),
        }
    }
    found
}

/// Finds trust policies that IAM would refuse for their length.
fn trust(env: &Environment) -> Vec<Finding> {
    let services = (names::github_role(env), names::github_subjects(env), value(["github", "repositories"]));
    let named = env.frontends.iter().find(|(_, frontend)| frontend.repository.is_some());
    let frontends = named.map(|(name, _)| {
        let spot = value(["frontends", name, "repository"]);
        (names::github_frontends_role(env), names::github_frontends_subjects(env), spot)
    });
    let long = |(role, subjects, spot): (String, Vec<String>, Spot)| {
        let count = subjects.len();
        let size = access::size(&access::trust_github(env, subjects));
        (size > access::TRUST).then(|| {
            let what = format!("the trust policy of the role `{role}`, with {count} subjects,");
            too_long(spot, &what, size, access::TRUST)
                .help("name fewer repositories: services can share one, and a frontend's is named by the frontend alone")
                .help("an id is of use only where GitHub's tokens carry it; each makes a second subject of its repository")
        })
    };
    [services].into_iter().chain(frontends).filter_map(long).collect()
}

/// Finds permissions that IAM would refuse for their length.
fn permissions(env: &Environment) -> Vec<Finding> {
    let mut found = vec![];
    for (name, service) in &env.services {
        let size = access::service(env, service).map_or(0, |document| access::size(&document));
        if size > access::INLINE {
            let what = format!("the policy of the service `{name}`");
            found.push(
                too_long(key(["services", name]), &what, size, access::INLINE)
                    .help("let it read fewer `secrets` and `buckets`, or divide it: each is in the policy by its name")
                    .help("the namespaces under `monitoring.metrics` are in it, too"),
            );
        }
    }
    let roles = [
        (names::github_role(env), access::github(env)),
        (names::github_frontends_role(env), access::github_frontends(env)),
    ];
    for (role, document) in roles {
        let size = access::size(&document);
        if size > access::INLINE {
            let what = format!("the policy of the role `{role}`, which names the buckets of its frontends,");
            found.push(too_long(key(["frontends"]), &what, size, access::INLINE).help(
                "frontends with a `repository` and those without are deployed by different roles: divide them, or have fewer",
            ));
        }
    }
    found
}

fn too_long(spot: Spot, what: &str, size: usize, limit: usize) -> Finding {
    let message = format!("{what} would have {size} characters; IAM takes {limit}");
    Finding::error("document-too-long", spot, message)
}
