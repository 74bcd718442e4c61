//! Steps with external effects: their descriptions and the example outputs of the portal's dry run.

use serde_json::{Map, Value};

use crate::OUTPUT_PLACEHOLDER;

/// Outputs of a publishing action.
const PUBLISHED: &[&str] = &["remoteUrl", "repoContentsUrl", "commitHash"];

/// Returns the example outputs of the portal's dry run; none for unknown actions.
pub(super) fn example_outputs(action: &str) -> Map<String, Value> {
    let names: &[&str] = match action {
        "publish:github"
        | "publish:azure"
        | "publish:bitbucketCloud"
        | "publish:bitbucketServer"
        | "publish:gitea" => PUBLISHED,
        "publish:github:pull-request" => &["remoteUrl", "targetBranchName"],
        "publish:gerrit" => &["remoteUrl", "repoContentsUrl"],
        "github:repo:create" => &["remoteUrl", "repoContentsUrl"],
        "github:repo:push" => PUBLISHED,
        _ => &[],
    };
    names.iter().map(|name| ((*name).to_string(), Value::from(OUTPUT_PLACEHOLDER))).collect()
}

/// Describes the effect of a step in the portal, in one line.
pub(super) fn describe(action: &str, input: &Map<String, Value>) -> String {
    let text = |key: &str| input.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let repository = text("repoUrl").map(repository);
    let kind = action.split(':').nth(1).unwrap_or_default();
    let what = match action {
        "publish:github:pull-request"
        | "publish:gitlab:merge-request"
        | "publish:bitbucketCloud:pull-request"
        | "publish:bitbucketServer:pull-request" => {
            repository.map(|repository| format!("open a change in the repository {repository}"))
        }
        "github:repo:push" => repository.map(|repository| format!("push to the repository {repository}")),
        _ if action.starts_with("publish:") || action == "github:repo:create" => {
            repository.map(|repository| format!("make the repository {repository}"))
        }
        "catalog:register" => {
            let whole = text("catalogInfoUrl").map(str::to_string);
            let of_repository = || {
                let contents = text("repoContentsUrl").filter(|url| *url != OUTPUT_PLACEHOLDER)?;
                let path = text("catalogInfoPath").unwrap_or("/catalog-info.yaml");
                Some(format!("{}{path}", contents.trim_end_matches('/')))
            };
            let what = whole.or_else(of_repository).unwrap_or_else(|| "the new project".into());
            Some(format!("register {what} in the catalog"))
        }
        "catalog:fetch" => {
            let refs = input.get("entityRefs").and_then(Value::as_array).into_iter().flatten();
            let refs: Vec<&str> =
                text("entityRef").into_iter().chain(refs.filter_map(Value::as_str)).collect();
            Some(format!(
                "read {} from the catalog",
                if refs.is_empty() { "entities".into() } else { refs.join(", ") }
            ))
        }
        "github:actions:dispatch" => {
            let workflow = text("workflowId").unwrap_or("a workflow");
            repository.map(|repository| format!("start {workflow} in {repository}"))
        }
        _ => repository.map(|repository| format!("act on {kind} for the repository {repository}")),
    };
    match what {
        Some(what) => format!("{action} would {what}"),
        None => format!("only the portal runs {action}"),
    }
}

/// `github.com?owner=a&repo=b` as `github.com/a/b`.
fn repository(url: &str) -> String {
    let Some((host, query)) = url.split_once('?') else { return url.to_string() };
    let find = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value.to_string())
    };
    let owner = ["organization", "workspace", "project", "owner"].into_iter().filter_map(find);
    let parts: Vec<String> = [host.to_string()].into_iter().chain(owner).chain(find("repo")).collect();
    parts.join("/")
}
