//! The same template and answers through the portal's scaffolder and through ours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use billpay_scaffold::backstage::open;
use billpay_scaffold::{
    Answers, Entry, ProjectTemplate, RenderOptions, Rendering, TemplateError, TemplateFolder,
};
use serde_json::{Value, json};

use crate::corpus::{self, Expected, Given};
use crate::differences::DIFFERENCES;
use crate::portal::Portal;
use crate::{options, render_error};

/// Result of either side, to be compared.
#[derive(Debug, PartialEq, Default)]
pub struct Made {
    /// The bytes, as text where they are, and whether the file can be run.
    pub files: BTreeMap<String, (String, bool)>,
    pub folders: BTreeSet<String>,
    pub said: Vec<(String, String)>,
}

#[test]
#[ignore = "full tier: installs Backstage's scaffolder, and runs every template through it"]
fn the_portal_makes_the_same_trees() {
    let mut portal = Portal::start();
    let mut wrong = vec![];
    let mut used = BTreeSet::new();
    let (mut same, mut refused, mut files) = (0, 0, 0);
    for case in corpus::all() {
        for given in &case.answers {
            let name = format!("{}, {}", case.name, given.name);
            let options = RenderOptions { strict: case.strict, ..options() };
            let (ours, answers) = ours_with(&case.folder, given, &options);
            let theirs = theirs(&mut portal, &case.folder, &answers);
            match (&given.expected, ours, theirs) {
                (Expected::Same, Ok(ours), Ok(theirs)) if ours == theirs => {
                    same += 1;
                    files += ours.files.len();
                }
                (Expected::RefusedByBoth, Err(_), Err(_)) => refused += 1,
                (Expected::OnlyThePortal(difference), Err(_), Ok(_)) => {
                    used.insert(difference.clone());
                }
                (Expected::SaidOtherwise(difference), Ok(ours), Ok(theirs))
                    if ours.said != theirs.said
                        && (&ours.files, &ours.folders) == (&theirs.files, &theirs.folders) =>
                {
                    used.insert(difference.clone());
                }
                (Expected::OtherFiles(difference), Ok(ours), Ok(theirs))
                    if ours.files != theirs.files && ours.said == theirs.said =>
                {
                    used.insert(difference.clone());
                }
                (Expected::Same, Ok(ours), Ok(theirs)) => {
                    wrong.push(format!("{name}:\n{}", differs(&ours, &theirs)))
                }
                (expected, ours, theirs) => {
                    let short = |side: Result<Made, String>| match side {
                        Ok(made) => format!("makes {:?}, says {:?}", made.files.keys(), made.said),
                        Err(why) => format!("refuses: {why}"),
                    };
                    let (ours, theirs) = (short(ours), short(theirs));
                    wrong.push(format!("{name}, {expected:?}:\n  ours:   {ours}\n  theirs: {theirs}"));
                }
            }
        }
    }
    for difference in DIFFERENCES {
        println!("differs: {}: {}", difference.name, difference.reason);
    }
    println!("{same} the same ({files} files), {refused} refused by both, {} differences", used.len());
    let named: BTreeSet<String> = DIFFERENCES.iter().map(|difference| difference.name.to_string()).collect();
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n\n"));
    assert_eq!(used, named, "a difference that no template shows, or that isn't named");
}

/// Returns our result, and the answers that the portal gets: complete ones, as its form gives them.
pub fn ours(folder: &TemplateFolder, given: &Given) -> (Result<Made, String>, Answers) {
    ours_with(folder, given, &options())
}

fn ours_with(
    folder: &TemplateFolder,
    given: &Given,
    options: &RenderOptions,
) -> (Result<Made, String>, Answers) {
    let template = match open(folder) {
        Ok(template) => template,
        Err(error) => return (Err(render_error(&error)), given.answers.clone()),
    };
    match template.complete(&given.answers) {
        Err(error) => (Err(render_error(&error)), given.answers.clone()),
        Ok(answers) => (template.render(&answers, options, &mut |_| ()).map(made).map_err(shown), answers),
    }
}

fn shown(error: TemplateError) -> String {
    render_error(&error)
}

pub fn made(rendering: Rendering) -> Made {
    let files = rendering.project.files.into_iter();
    Made {
        files: files.map(|(path, file)| (path.to_string(), (text(&file.bytes), file.executable))).collect(),
        folders: rendering.project.folders.into_iter().map(|path| path.to_string()).collect(),
        said: rendering.said,
    }
}

/// Bytes as text, so that a difference can be read.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

pub fn theirs(portal: &mut Portal, folder: &TemplateFolder, answers: &Answers) -> Result<Made, String> {
    theirs_with(portal, folder, answers, None)
}

/// Returns what the portal makes where the repository `https://git.acme.test/acme/parts` is in a folder.
pub fn theirs_with(
    portal: &mut Portal,
    folder: &TemplateFolder,
    answers: &Answers,
    hosted: Option<&Path>,
) -> Result<Made, String> {
    let template = folder.file("template.yaml").map(|file| text(&file.bytes)).unwrap_or_default();
    let files: Vec<Value> = folder
        .entries
        .iter()
        .filter_map(|(path, entry)| match entry {
            Entry::File(file) => {
                Some(json!({"path": path, "hex": hex(&file.bytes), "executable": file.executable}))
            }
            _ => None,
        })
        .collect();
    let folders: Vec<&String> = folder
        .entries
        .iter()
        .filter(|(_, entry)| matches!(entry, Entry::Folder))
        .map(|(path, _)| path)
        .collect();
    let request = json!({"template": template, "values": answers, "files": files, "folders": folders, "hosted": hosted});
    let answer = portal.ask(&request);
    if answer["status"] != 200 {
        return Err(answer["error"].as_str().unwrap_or("no reason").to_string());
    }
    // The dry run knows no other name of a template than this.
    let name = open(folder).map(|template| template.about().name.clone()).unwrap_or_default();
    let named = |text: String| text.replace("template:default/dry-run", &format!("template:default/{name}"));
    let mut made = Made::default();
    for file in answer["files"].as_array().expect("files") {
        let bytes: Vec<u8> = unhex(file["hex"].as_str().expect("bytes"));
        let executable = file["executable"].as_bool().unwrap_or_default();
        made.files.insert(file["path"].as_str().expect("a path").into(), (named(text(&bytes)), executable));
    }
    let folders = answer["folders"].as_array().expect("folders").iter();
    made.folders = folders.filter_map(Value::as_str).map(str::to_string).collect();
    made.said = said(&answer["output"]);
    Ok(made)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("digits"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("a byte")).collect()
}

fn said(output: &Value) -> Vec<(String, String)> {
    let word = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let mut said = vec![];
    for (list, keys) in [("links", ["url", "entityRef"]), ("text", ["content", "content"])] {
        for item in output[list].as_array().into_iter().flatten() {
            let content = word(&item[keys[0]]).or_else(|| word(&item[keys[1]])).unwrap_or_default();
            said.push((word(&item["title"]).unwrap_or_else(|| content.clone()), content));
        }
    }
    for (key, value) in output.as_object().into_iter().flatten() {
        if key != "links" && key != "text" {
            said.extend(word(value).map(|value| (key.clone(), value)));
        }
    }
    said
}

pub fn differs(ours: &Made, theirs: &Made) -> String {
    let mut lines = vec![];
    let paths: BTreeSet<&String> = ours.files.keys().chain(theirs.files.keys()).collect();
    for path in paths {
        let (our, their) = (ours.files.get(path), theirs.files.get(path));
        if our != their {
            lines.push(format!("  {path}\n    ours:   {our:?}\n    theirs: {their:?}"));
        }
    }
    if ours.folders != theirs.folders {
        lines.push(format!("  folders\n    ours:   {:?}\n    theirs: {:?}", ours.folders, theirs.folders));
    }
    if ours.said != theirs.said {
        lines.push(format!("  said\n    ours:   {:?}\n    theirs: {:?}", ours.said, theirs.said));
    }
    lines.join("\n")
}
