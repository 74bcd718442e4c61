//! Tests of what an edit adds.

use super::*;

const PATH: &str = ".github/workflows/a.yml";
const PLAIN: &str = "\
on: [push, pull_request]
permissions: { contents: read }
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - uses: acme/tool@0123456789012345678901234567890123456789
      - run: make
";

fn added(before: &str, after: &str) -> Vec<String> {
    added_rights(PATH, Some(before.as_bytes()), after.as_bytes())
}

#[test]
fn each_right_that_an_edit_adds_is_said_in_words() {
    for (from, to, said) in [
        ("[push, pull_request]", "[push, pull_request_target]", "started by `pull_request_target`"),
        ("[push, pull_request]", "workflow_run", "started by `workflow_run`"),
        ("[push, pull_request]", "{ push: , issue_comment: { types: [created] } }", "`issue_comment`"),
        ("[push, pull_request]", "{ schedule: [{ cron: '0 0 * * *' }] }", "`schedule`"),
        ("on: [", "'on': [repository_dispatch, ", "`repository_dispatch`"),
        ("on: [", "\"on\": [issues, ", "`issues`"),
        ("{ contents: read }", "{ contents: write }", "the job `build` may write `contents`"),
        ("{ contents: read }", "{ contents: read, actions: read }", "may read `actions`"),
        ("{ contents: read }", "{ id-token: write }", "log in elsewhere"),
        ("{ contents: read }", "write-all", "may write everything"),
        ("{ contents: read }", "read-all", "may read everything"),
        ("permissions: { contents: read }\n", "", "by default"),
        ("build:\n", "build:\n    permissions: { packages: write }\n", "may write `packages`"),
        ("run: make", "run: make ${{ secrets.TOKEN }}", "reads the secret `TOKEN`"),
        ("run: make", "run: make ${{ Secrets['token'] }}", "reads the secret `TOKEN`"),
        ("run: make", "run: make ${{ toJSON( secrets ) }}", "reads all secrets"),
        ("run: make", "run: make\n        if: secrets.KEY != ''", "reads the secret `KEY`"),
        ("jobs:\n", "env: { A: '${{ secrets.A }}' }\njobs:\n", "every job (`env`) reads the secret `A`"),
        ("build:\n", "build:\n    environment: production\n", "uses the environment `production`"),
        ("build:\n", "build:\n    environment: { name: x, url: y }\n", "uses the environment `x`"),
        ("ubuntu-24.04", "self-hosted", "runs on `self-hosted`"),
        ("ubuntu-24.04", "[self-hosted, linux]", "runs on"),
        ("ubuntu-24.04", "{ group: large }", "runs on"),
        ("ubuntu-24.04", "${{ inputs.runner }}", "runs on"),
        ("actions/checkout@v4", "evil/checkout@v4", "calls `evil/checkout@v4`, whose owner"),
        ("actions/checkout@v4", "docker://evil", "calls `evil`, whose owner"),
        ("build:\n", "build:\n    container: evil/x:1\n", "calls `evil/x:1`"),
        ("build:\n", "build:\n    services: { db: { image: evil/db } }\n", "calls `evil/db`"),
        ("@0123456789012345678901234567890123456789", "@main", "no longer at a commit"),
        (
            "jobs:\n",
            "jobs:\n  call: { uses: acme/x/.github/workflows/y.yml@v1, secrets: inherit }\n",
            "passes all secrets on",
        ),
        ("jobs:\n", "jobs: [\n", "can't be read"),
        ("jobs:\n", "jobs:\n  build: {}\n", "can't be read"),
        ("{ contents: read }", "{ contents: admin }", "can't be read"),
    ] {
        assert!(PLAIN.contains(from), "{from}");
        let after = PLAIN.replacen(from, to, 1);
        let all = added(PLAIN, &after);
        assert!(all.iter().any(|right| right.contains(said)), "{to}: {all:?}");
        // What is there already is not added by a change of something else.
        if Rights::read(Kind::Workflow, after.as_bytes()).is_ok() {
            assert_eq!(
                added(&after, &after.replace("run: make", "run: make all")),
                Vec::<String>::new(),
                "{to}"
            );
        }
    }
}

#[test]
fn what_others_start_is_held_to_its_condition_and_its_code() {
    let guarded = PLAIN
        .replace("on: [push, pull_request]", "on: pull_request_target")
        .replace("build:\n", "build:\n    if: github.actor == 'bot'\n");
    for (from, to, said) in [
        ("    if: github.actor == 'bot'\n", "", "runs without a condition"),
        ("== 'bot'", "!= ''", "runs if `github.actor != ''`"),
        (
            "checkout@v4\n",
            "checkout@v4\n        with: { ref: '${{ github.head_ref }}' }\n",
            "a pull request brings",
        ),
    ] {
        let all = added(&guarded, &guarded.replacen(from, to, 1));
        assert!(all.len() == 1 && all[0].contains(said), "{to}: {all:?}");
    }
    assert_eq!(added(&guarded, &guarded.replace("run: make", "run: make all")), Vec::<String>::new());
    // Where only members start it, a condition is no guard.
    let usual = PLAIN.replace("build:\n", "build:\n    if: github.actor == 'bot'\n");
    assert_eq!(added(&usual, PLAIN), Vec::<String>::new());
}

#[test]
fn a_change_that_adds_no_right_is_not_told() {
    for (from, to) in [
        ("run: make", "run: make test"),
        ("{ contents: read }", "{}"),
        ("{ contents: read }", "{ contents: none }"),
        ("[push, pull_request]", "{ push: { branches: [main] } }"),
        ("[push, pull_request]", "[push, workflow_dispatch]"),
        ("@0123456789012345678901234567890123456789", "@9876543210987654321098765432109876543210"),
        ("actions/checkout@v4", "actions/checkout@v5"),
        ("actions/checkout@v4", "./.github/actions/x"),
        ("ubuntu-24.04", "ubuntu-26.04"),
        ("run: make", "run: echo ${{ secrets.GITHUB_TOKEN }}"),
        ("run: make", "run: keep your secrets. Really"),
        ("jobs:\n", "jobs:\n  more: { runs-on: ubuntu-24.04, steps: [{ run: ls }] }\n"),
    ] {
        assert_eq!(added(PLAIN, &PLAIN.replacen(from, to, 1)), Vec::<String>::new(), "{to}");
    }
}

#[test]
fn of_a_conflict_the_side_of_the_template_is_judged() {
    let before = "jobs: { a: {} }\non: push\npermissions: { contents: read }\n";
    let marked = "jobs: { a: {} }\non: push\n<<<<<<< yours\npermissions: { issues: read }\n=======\npermissions: { packages: write }\n>>>>>>> template\n";
    let rights = added(before, marked);
    assert!(rights.len() == 1 && rights[0].contains("`packages`"), "{rights:?}");
}

#[test]
fn a_new_workflow_has_whatever_it_names() {
    let new = |path: &str, text: &[u8]| added_rights(path, None, text);
    assert_eq!(new(PATH, PLAIN.as_bytes()).len(), 1);
    let open = b"on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [] } }\n";
    assert!(new(PATH, open)[0].contains("by default"));
    let action = b"runs: { using: composite, steps: [{ uses: evil/x@v1 }] }\n";
    assert!(new("action.yml", action)[0].contains("evil/x@v1"));
    assert!(new("action.yml", b"runs: { using: node20, main: x.js }\n")[0].contains("node20"));
    assert!(new(PATH, b"\xff")[0].contains("UTF-8"));
    // A workflow is one, whatever else is in it.
    let both = format!("runs: {{ using: composite }}\n{}", PLAIN.replace("ubuntu-24.04", "self-hosted"));
    assert!(new(PATH, both.as_bytes()).iter().any(|right| right.contains("self-hosted")));
}

#[test]
fn a_secret_by_any_other_expression_than_its_name_is_all_secrets() {
    for index in
        ["'GITHUB_TOKEN' && 'KEY'", "'GITHUB_TOKEN'&&'KEY'", "format('{0}', 'X')", "github.actor", "'A''B'"]
    {
        let after = PLAIN.replace("run: make", &format!("run: \"make ${{{{ secrets[{index}] }}}}\""));
        assert_eq!(added(PLAIN, &after), ["the job `build` reads all secrets"], "{index}");
    }
    let after = PLAIN.replace("run: make", "run: \"make ${{ secrets[ 'KEY' ] }}\"");
    assert_eq!(added(PLAIN, &after), ["the job `build` reads the secret `KEY`"]);
}

#[test]
fn expressions_are_compared_with_what_they_stand_for() {
    let matrix = "    strategy: { matrix: { x: [qa] } }\n";
    for used in [
        "    runs-on: '${{ matrix.x }}'\n",
        "    runs-on: 'ubuntu-${{ matrix.x }}'\n",
        "    environment: '${{ matrix.x }}'\n    runs-on: ubuntu-24.04\n",
        "    container: '${{ matrix.x }}'\n    runs-on: ubuntu-24.04\n",
        "    services: { a: { image: 'a/b:${{ matrix.x }}' } }\n    runs-on: ubuntu-24.04\n",
    ] {
        let before = PLAIN.replace("    runs-on: ubuntu-24.04\n", &format!("{matrix}{used}"));
        let all = added(&before, &before.replace("[qa]", "[production]"));
        assert!(all.len() == 1 && all[0].contains("production"), "{used}: {all:?}");
    }
    for (on, value) in [
        ("{ workflow_dispatch: { inputs: { e: { default: qa } } } }", "${{ inputs.e }}"),
        ("{ workflow_call: { inputs: { e: { default: qa } } } }", "${{ inputs['e'] }}"),
    ] {
        let before = PLAIN.replace("[push, pull_request]", on);
        let before = before.replace("build:\n", &format!("build:\n    environment: \"{value}\"\n"));
        let all = added(&before, &before.replace("default: qa", "default: production"));
        assert!(all.len() == 1 && all[0].contains("production"), "{on}: {all:?}");
    }
    let before = PLAIN.replace(
        "build:\n",
        "a: { runs-on: ubuntu-24.04, outputs: { e: qa } }\n  build:\n    needs: a\n    environment: '${{ needs.a.outputs.e }}'\n",
    );
    let all = added(&before, &before.replace("e: qa", "e: production"));
    assert!(all.len() == 1 && all[0].contains("production"), "{all:?}");
    let before =
        "on: push\npermissions: {}\njobs: { a: { uses: ./.github/workflows/b.yml, with: { e: qa } } }\n";
    let all = added(before, &before.replace("e: qa", "e: production"));
    assert_eq!(all, ["the job `a` passes `{\"e\":\"production\"}` to `./.github/workflows/b.yml`"]);
    assert_eq!(added(before, &before.replace(", with: { e: qa }", "")).len(), 1);
}

#[test]
fn what_is_checked_out_from_elsewhere_is_called() {
    let with = |with: &str| {
        let after = format!("checkout@v4\n        with: {{ {with} }}\n");
        added(PLAIN, &PLAIN.replace("checkout@v4\n", &after))
    };
    assert!(with("repository: evil/x, path: e")[0].contains("calls `evil/x`, whose owner"));
    assert!(with("repository: evil/x, ref: main")[0].contains("calls `evil/x@main`, whose owner"));
    assert!(with("repository: '${{ github.event.x }}'")[0].contains("whose owner"));
    let exact = with("repository: evil/x, ref: '0123456789012345678901234567890123456789'");
    assert!(exact.len() == 1 && !exact[0].contains("whose owner"), "{exact:?}");
    assert_eq!(with("repository: '${{ github.repository }}', ref: main"), Vec::<String>::new());
}

#[test]
fn guards_of_what_others_start_are_missed() {
    let guarded = "\
on: pull_request_target
permissions: {}
jobs:
  check: { runs-on: ubuntu-24.04, steps: [] }
  build:
    needs: [check]
    environment: reviewed
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
        if: github.actor == 'bot'
      - run: make
";
    for (from, to, said) in [
        ("    needs: [check]\n", "", "no longer waits for `check`"),
        ("    environment: reviewed\n", "", "no longer held to the environment `reviewed`"),
        ("        if: github.actor == 'bot'\n", "", "no longer runs only if"),
        (
            "== 'bot'\n      - run: make\n",
            "!= ''\n      - run: make\n        if: github.actor == 'bot'\n",
            "no longer runs only if",
        ),
        ("@v4\n", "@v4\n        with: { ref: \"${{ github['event'].x }}\" }\n", "a pull request brings"),
        ("@v4\n", "@v4\n        with: { ref: refs/pull/1/merge }\n", "a pull request brings"),
    ] {
        let all = added(guarded, &guarded.replacen(from, to, 1));
        assert!(all.len() == 1 && all[0].contains(said), "{to}: {all:?}");
    }
    let head = "@v4\n        with: { repository: '${{ github.event.pull_request.head.repo.full_name }}' }\n";
    let all = added(guarded, &guarded.replacen("@v4\n", head, 1));
    assert!(all.iter().any(|right| right.contains("a pull request brings")), "{all:?}");
    // Another condition for a step beside is none less.
    let more = guarded.replace("run: make", "run: make\n        if: success()");
    assert_eq!(added(guarded, &more), Vec::<String>::new());
}

#[test]
fn a_new_name_is_for_the_same_kind_with_the_same_triggers() {
    let other = PLAIN.replace("pull_request]", "workflow_dispatch]");
    let action = b"runs: { using: composite, steps: [] }\n";
    assert!(may_be_renamed((PATH, PLAIN.as_bytes()), (".github/workflows/b.yml", PLAIN.as_bytes())));
    assert!(!may_be_renamed((PATH, PLAIN.as_bytes()), (PATH, other.as_bytes())));
    assert!(!may_be_renamed((PATH, PLAIN.as_bytes()), ("x/action.yml", action)));
    assert!(may_be_renamed(("y/action.yml", action), ("x/action.yml", action)));
}

#[test]
fn workflows_and_actions_are_known_by_their_paths() {
    for path in [".github/workflows/a.yml", "x/.github/workflows/a.YAML", "action.yml", "a/b/action.yaml"] {
        assert!(has_rights(path), "{path}");
    }
    for path in [".github/dependabot.yml", "workflows/a.yml", "a/reaction.yml", ".github/workflows/a.md"] {
        assert!(!has_rights(path), "{path}");
    }
}
