//! Frontends: their domains and certificates.

use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::names;

use super::{Finding, key, value};

pub(super) fn check(env: &Environment) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (name, frontend) in &env.frontends {
        let mark = names::mark(env, &Address::of("s3-cloudfront", "headers-policy", name)).chars().count();
        if let Some(excess) = mark.checked_sub(names::MARK).filter(|excess| *excess > 0) {
            found.push(
                Finding::error("name-too-long", key(["frontends", name]), format!("`{name}` is too long a name"))
                    .help(format!("shorten it by {excess}: CloudFront's headers policies say whose they are in {} characters", names::MARK)),
            );
        }
        let domain_spot = value(["frontends", name, "domain"]);
        let certificate_spot = value(["frontends", name, "certificate"]);
        match (&frontend.domain, &frontend.certificate) {
            (Some(domain), None) => found.push(
                Finding::error(
                    "no-certificate",
                    domain_spot.clone(),
                    format!("the domain `{domain}` has no certificate"),
                )
                .help(format!(
                    "add `certificate: arn:aws:acm:us-east-1:{}:certificate/…`, or leave the domain out",
                    env.account
                ))
                .given(["frontends", name, "certificate"]),
            ),
            (None, Some(_)) => found.push(
                Finding::error(
                    "no-domain",
                    certificate_spot.clone(),
                    format!("`{name}` has a certificate, but no domain that it is for"),
                )
                .help("add `domain: …`, or leave the certificate out")
                .given(["frontends", name, "domain"]),
            ),
            _ => {}
        }
        if let Some(owner) = frontend
            .certificate
            .as_deref()
            .and_then(|arn| arn.split(':').nth(4))
            .filter(|owner| *owner != env.account)
        {
            found.push(
                Finding::error(
                    "foreign-certificate",
                    certificate_spot,
                    format!("the certificate is in the account {owner}"),
                )
                .related(value(["account"]), "CloudFront takes one from its own account only"),
            );
        }
        let Some(domain) = &frontend.domain else {
            continue;
        };
        if !is_domain(domain) {
            found.push(
                Finding::error("bad-domain", domain_spot.clone(), format!("`{domain}` is not a domain name"))
                    .help(
                        "write it in lower case, without https:// and without a path: payments.billpay.com",
                    ),
            );
        }
        if let Some((_, first)) = seen.iter().find(|(other, _)| other == domain) {
            found.push(
                Finding::error(
                    "duplicate-domain",
                    domain_spot.clone(),
                    format!("`{name}` and `{first}` have the same domain"),
                )
                .related(value(["frontends", first, "domain"]), "first here"),
            );
        }
        seen.push((domain, name));
        if let Some(zone) = env
            .dns
            .as_ref()
            .map(|dns| &dns.zone)
            .filter(|zone| is_domain(zone) && is_domain(domain) && !is_in(domain, zone))
        {
            found.push(
                Finding::warning(
                    "outside-zone",
                    domain_spot,
                    format!("`{domain}` is not in the zone `{zone}`: its record is up to you"),
                )
                .related(value(["dns", "zone"]), "the zone"),
            );
        }
    }
    if let Some(dns) = env.dns.as_ref().filter(|dns| !is_domain(&dns.zone)) {
        found.push(
            Finding::error(
                "bad-domain",
                value(["dns", "zone"]),
                format!("`{}` is not a domain name", dns.zone),
            )
            .help("write it in lower case and without a dot at its end: billpay.com"),
        );
    }
    found
}

fn is_in(domain: &str, zone: &str) -> bool {
    domain == zone || domain.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        (1..=63).contains(&label.len())
            && label.chars().all(|c| edge(c) || c == '-')
            && label.starts_with(edge)
            && label.ends_with(edge)
    };
    let is_top = |label: &str| label.len() >= 2 && !label.chars().all(|c| c.is_ascii_digit());
    let labels: Vec<&str> = name.split('.').collect();
    name.len() <= 253
        && labels.len() >= 2
        && labels.iter().all(|label| is_label(label))
        && labels.last().is_some_and(|top| is_top(top))
}
