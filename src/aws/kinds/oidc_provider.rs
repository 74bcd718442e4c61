//! IAM OIDC providers: GitHub's, which the environments of an account share, and the
//! cluster's own.

use async_trait::async_trait;
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, Constraint, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity, Ownership, is_protected};
use billpay_engine::permit::Permit;
use billpay_model::access::STS_AUDIENCE;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names::{self, GITHUB_ISSUER};
use billpay_model::resource::{ID_TAG, Owner, Ref, Tags};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::support::iam;
use super::support::owned::{self, TagChanges};
use super::{addresses, role};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, tags};
use crate::{Explain, Optional};

pub struct OidcProvider;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    /// Host and path of the issuer: its URL without `https://`, as IAM keeps it.
    issuer: Ref,
    /// Audiences of its tokens.
    clients: Vec<String>,
    tags: Tags,
}

/// Says on a shared provider that an environment uses it; project and environment follow, and the
/// value is the region. Version 0.1 wrote the environment alone, with an address as value.
const CLAIM_TAG: &str = "billpay:claim/";
/// Says on a shared provider that billpay made it, and so may delete it after the last claim.
const MADE_TAG: &str = "billpay:made";

/// Returns the key of this environment's claim on a shared provider.
fn claim_key(env: &Environment) -> String {
    format!("{CLAIM_TAG}{}/{}", env.project, env.environment)
}

/// Returns the key of a claim that version 0.1 wrote for an environment of this name.
fn legacy_key(environment: &str) -> String {
    format!("{CLAIM_TAG}{environment}")
}

/// Returns the tags that this environment writes on a provider that it shares.
fn claim_tags(env: &Environment) -> Tags {
    Tags::from([(claim_key(env), env.region.clone())])
}

#[async_trait]
impl Kind for OidcProvider {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "oidc-provider",
        component: "iam",
        aws_type: "AWS::IAM::OIDCProvider",
        immutable: &["issuer"],
        gives_access: &["issuer", "clients"],
        stands_on: &[Base::used("cluster")],
        constraints: &[Constraint::Unique(&["issuer"])],
        create_first: false,
        named: false,
        global: true,
        holds_data: false,
        usual: Usual::QUICK,
    };
    /// The issuer of a cluster is AWS's choice; the `Name` tag is the cluster's.
    fn fits(env: &Environment, _: &Address, name: &str) -> Fit {
        Fit::nameless(name, &names::cluster(env))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let clients = vec![STS_AUDIENCE.to_string()];
        let github = Attrs { issuer: GITHUB_ISSUER.into(), clients: clients.clone(), tags: claim_tags(env) };
        let address = addresses::cluster_oidc_provider();
        let tags = tags(env, &address, &names::cluster(env));
        let own = Attrs { issuer: Ref::output(&addresses::cluster(), "issuer_host"), clients, tags };
        vec![Desire::new(addresses::github_oidc_provider(), github), Desire::new(address, own)]
    }

    /// IAM allows one provider a URL and account, and few accounts have more than a handful.
    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let known =
            look.wanted.first().map(|(_, wanted)| wanted.issuer.text()).filter(|text| !text.is_empty());
        let arns = match (look.only, known) {
            (Some(_), Some(issuer)) => vec![names::oidc_provider_arn(cx.env, issuer)],
            _ => {
                let list = cx.aws.iam.list_open_id_connect_providers().send().await;
                let list = list.at("iam:ListOpenIDConnectProviders")?.open_id_connect_provider_list;
                list.unwrap_or_default().into_iter().filter_map(|provider| provider.arn).collect()
            }
        };
        let providers = try_join_all(arns.iter().map(|arn| read(cx, arn))).await?;
        let mut found = vec![];
        for provider in providers.into_iter().flatten() {
            found.extend(match provider.issuer == GITHUB_ISSUER {
                true => shared(cx, provider).await?,
                false => own(cx, provider, &look),
            });
        }
        found.retain(|found: &Found<Attrs>| look.only.is_none_or(|only| found.address == *only));
        Ok(found)
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let issuer = new.attrs.issuer.text().to_string();
        let arn = names::oidc_provider_arn(cx.env, &issuer);
        let mut tags = new.attrs.tags.clone();
        if issuer != GITHUB_ISSUER {
            tags.insert(ID_TAG.to_string(), arn.clone());
        } else {
            tags.insert(MADE_TAG.to_string(), "true".to_string());
            if let Some(there) = read(cx, &arn).await? {
                return join(cx, there, new.attrs).await;
            }
        }
        let made = cx
            .aws
            .iam
            .create_open_id_connect_provider()
            .url(format!("https://{issuer}"))
            .set_client_id_list(Some(new.attrs.clients.clone()))
            .set_tags(Some(iam::to_tags(&tags)?))
            .send()
            .await
            .at("iam:CreateOpenIDConnectProvider");
        match made {
            Ok(_) => Ok(Found::new(new.address, &arn, new.attrs).output("arn", arn)),
            // Another environment was quicker.
            Err(failure) if failure.class == FailureClass::Exists && issuer == GITHUB_ISSUER => {
                match read(cx, &arn).await? {
                    Some(there) => join(cx, there, new.attrs).await,
                    None => Err(failure),
                }
            }
            Err(failure) => Err(failure),
        }
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        set_clients(cx, &found.id, &found.attrs.clients, &wanted.clients).await?;
        let changes = TagChanges::new(&found.attrs.tags, &wanted.tags).with_id(found, &wanted.tags);
        let arn = &found.id;
        changes.apply(|set| tag(cx, arn, set), |unset| untag(cx, arn, unset)).await?;
        Ok(Progress::Done)
    }

    /// Gives up this environment's claim on a shared provider. Whoever holds the last one
    /// deletes it, if billpay made it; if that is cut short, it is found without a claim.
    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let (arn, call) = (&found.id, "iam:DeleteOpenIDConnectProvider");
        let Some(live) = read(cx, arn).await? else { return Ok(Progress::Done) };
        if found.address != addresses::github_oidc_provider() {
            owned::prove_deletable(cx, &found.address, arn, &live.tags, permit, call)?;
            return delete(cx, arn).await;
        }
        owned::check_protection(is_protected(&live.tags), arn, permit, call)?;
        let mut given_up = vec![claim_key(cx.env)];
        let legacy = legacy_key(&cx.env.environment);
        if live.tags.contains_key(&legacy) && !role::github_roles(cx).await?.has_another(cx) {
            given_up.push(legacy);
        }
        if live.may_go_without(cx, &given_up).await? {
            return delete(cx, arn).await;
        }
        untag(cx, arn, given_up).await?;
        match read(cx, arn).await? {
            Some(left) if left.may_go_without(cx, &[]).await? => delete(cx, arn).await,
            _ => Ok(Progress::Done),
        }
    }
}

/// A provider as it was read, with all its tags.
struct Provider {
    arn: String,
    issuer: String,
    clients: Vec<String>,
    tags: Tags,
}

impl Provider {
    /// Returns whether billpay made it and nobody holds a claim, `claims` left aside. A claim of
    /// version 0.1 counts for every project whose GitHub role of that environment stands.
    async fn may_go_without(&self, cx: Context<'_>, claims: &[String]) -> Result<bool, Failure> {
        let held = |key: &&String| key.starts_with(CLAIM_TAG) && !claims.contains(key);
        let held: Vec<&String> = self.tags.keys().filter(held).collect();
        if !self.tags.contains_key(MADE_TAG) || held.iter().any(|key| key.matches('/').count() > 1) {
            return Ok(false);
        }
        if held.is_empty() {
            return Ok(true);
        }
        let roles = role::github_roles(cx).await?;
        Ok(!held.iter().any(|key| roles.stand_in(key.trim_start_matches(CLAIM_TAG))))
    }
}

/// Returns the shared provider if this environment claims it. One that billpay made and nobody
/// claims is left over from an interrupted delete; any environment may delete it.
async fn shared(cx: Context<'_>, provider: Provider) -> Result<Option<Found<Attrs>>, Failure> {
    let (ours, legacy) = (claim_key(cx.env), legacy_key(&cx.env.environment));
    let has_legacy = provider.tags.contains_key(&legacy);
    let protected = is_protected(&provider.tags);
    let owner = match provider.tags.get(&ours) {
        Some(region) if *region != cx.env.region => Owner::Elsewhere { region: region.clone() },
        Some(_) => Owner::Ours,
        None if has_legacy && role::github_roles(cx).await?.has_own(cx) => {
            Owner::Legacy { has_region: false }
        }
        None if provider.may_go_without(cx, &[]).await? => Owner::Ours,
        None => return Ok(None),
    };
    let tags = provider.tags.into_iter().filter(|(key, _)| *key == ours).collect();
    // Others may have added clients of their own, which are none of our business.
    let clients = provider.clients.into_iter().filter(|client| client == STS_AUDIENCE).collect();
    let attrs = Attrs { issuer: provider.issuer.into(), clients, tags };
    let found =
        Found::new(addresses::github_oidc_provider(), &provider.arn, attrs).output("arn", provider.arn);
    let found = found.output("claim", ours);
    Ok(Some(found.owned(Ownership { protected, ..Ownership::of(owner) })))
}

fn own(cx: Context<'_>, provider: Provider, look: &Look<'_, Attrs>) -> Option<Found<Attrs>> {
    let wanted = look.wanted(|wanted| wanted.issuer.text() == provider.issuer).map(|(address, _)| address);
    let (address, ownership) =
        cx.owner_of::<OidcProvider>(&Identity::new(&provider.arn, &provider.tags), wanted, look.only)?;
    if address == addresses::github_oidc_provider() {
        return None;
    }
    // One of another cluster: from before `cluster.name` was changed, or another project's.
    let is_elses = provider.tags.get("Name").is_some_and(|name| *name != names::cluster(cx.env));
    let ownership = match wanted {
        None if is_elses => Ownership {
            owner: Owner::Copy { evidence: "it is another cluster's".to_string(), region: None },
            ..ownership
        },
        _ => ownership,
    };
    let attrs =
        Attrs { issuer: provider.issuer.into(), clients: provider.clients, tags: cx.managed(provider.tags) };
    Some(Found::new(address, &provider.arn, attrs).owned(ownership).output("arn", provider.arn))
}

/// Adds this environment's claim to a provider that is there, whoever made it.
async fn join(cx: Context<'_>, there: Provider, wanted: Attrs) -> Result<Found<Attrs>, Failure> {
    let had: Vec<String> = there.clients.into_iter().filter(|client| client == STS_AUDIENCE).collect();
    tag(cx, &there.arn, wanted.tags.clone()).await?;
    set_clients(cx, &there.arn, &had, &wanted.clients).await?;
    Ok(Found::new(addresses::github_oidc_provider(), &there.arn, wanted).output("arn", there.arn))
}

async fn read(cx: Context<'_>, arn: &str) -> Result<Option<Provider>, Failure> {
    let call = cx.aws.iam.get_open_id_connect_provider().open_id_connect_provider_arn(arn);
    let answer = call.send().await.at("iam:GetOpenIDConnectProvider").optional()?;
    let Some(answer) = answer else { return Ok(None) };
    let mut clients = answer.client_id_list.unwrap_or_default();
    clients.sort();
    let issuer = arn.split_once(":oidc-provider/").map(|(_, issuer)| issuer).unwrap_or_default();
    Ok(Some(Provider {
        arn: arn.to_string(),
        issuer: issuer.to_string(),
        clients,
        tags: iam::tags(answer.tags),
    }))
}

async fn delete(cx: Context<'_>, arn: &str) -> Result<Progress, Failure> {
    let call = cx.aws.iam.delete_open_id_connect_provider().open_id_connect_provider_arn(arn);
    call.send().await.at("iam:DeleteOpenIDConnectProvider")?;
    Ok(Progress::Done)
}

async fn set_clients(cx: Context<'_>, arn: &str, had: &[String], wanted: &[String]) -> Result<(), Failure> {
    for client in wanted.iter().filter(|client| !had.contains(client)) {
        let call = cx.aws.iam.add_client_id_to_open_id_connect_provider();
        let call = call.open_id_connect_provider_arn(arn).client_id(client);
        call.send().await.at("iam:AddClientIDToOpenIDConnectProvider")?;
    }
    for client in had.iter().filter(|client| !wanted.contains(client)) {
        let call = cx.aws.iam.remove_client_id_from_open_id_connect_provider();
        let call = call.open_id_connect_provider_arn(arn).client_id(client);
        call.send().await.at("iam:RemoveClientIDFromOpenIDConnectProvider")?;
    }
    Ok(())
}

async fn tag(cx: Context<'_>, arn: &str, tags: Tags) -> Result<(), Failure> {
    let call = cx.aws.iam.tag_open_id_connect_provider().open_id_connect_provider_arn(arn);
    call.set_tags(Some(iam::to_tags(&tags)?)).send().await.at("iam:TagOpenIDConnectProvider").map(drop)
}

async fn untag(cx: Context<'_>, arn: &str, keys: Vec<String>) -> Result<(), Failure> {
    let call = cx.aws.iam.untag_open_id_connect_provider().open_id_connect_provider_arn(arn);
    call.set_tag_keys(Some(keys)).send().await.at("iam:UntagOpenIDConnectProvider").optional().map(drop)
}
