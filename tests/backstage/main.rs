//! Backstage templates: the same trees as the portal's own scaffolder makes (`same`), what is
//! wrong with a template at its place (`errors`), hostile templates (`hostile`), and the steps
//! that only the portal runs (`outside`).

mod corpus;
mod differences;
mod errors;
mod fetched;
mod generated;
mod hostile;
mod outside;
mod portal;
mod same;
mod scalars;
mod shared;

use billpay_scaffold::backstage::open;
use billpay_scaffold::{
    Answers, Entry, ProjectTemplate, RenderOptions, Rendering, TemplateError, TemplateFile, TemplateFolder,
};

/// A folder of text files.
fn folder(files: &[(&str, &str)]) -> TemplateFolder {
    let mut folder = TemplateFolder { name: "service".into(), ..TemplateFolder::default() };
    for (path, text) in files {
        put(
            &mut folder,
            path,
            Entry::File(TemplateFile { bytes: text.as_bytes().to_vec(), executable: false }),
        );
    }
    folder
}

/// Puts something into a folder, with the folders that it is in.
fn put(folder: &mut TemplateFolder, path: &str, entry: Entry) {
    for (at, _) in path.match_indices('/') {
        folder.entries.entry(path[..at].to_string()).or_insert(Entry::Folder);
    }
    folder.entries.insert(path.to_string(), entry);
}

/// A `template.yaml` with these steps, which asks for `name` and, if one likes, `note`.
fn asking(steps: &str) -> String {
    let indented: String = steps.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata:\n  name: service\nspec:\n  \
         type: service\n  parameters:\n    required: [name]\n    properties:\n      name: {{ type: string }}\n      \
         note: {{ type: string }}\n  steps:\n{indented}"
    )
}

fn options() -> RenderOptions {
    RenderOptions::PLAIN
}

/// Renders a folder with a name.
fn render(folder: &TemplateFolder, name: &str) -> Result<Rendering, TemplateError> {
    let template = open(folder)?;
    let mut answers = Answers::new();
    answers.insert("name".into(), name.into());
    let answers = template.complete(&answers)?;
    template.render(&answers, &options(), &mut |_| ())
}

/// Renders a folder with a name; what is undefined is an error.
fn render_strictly(folder: &TemplateFolder, name: &str) -> Result<Rendering, TemplateError> {
    let template = open(folder)?;
    let mut answers = Answers::new();
    answers.insert("name".into(), name.into());
    let answers = template.complete(&answers)?;
    template.render(&answers, &RenderOptions { strict: true, ..options() }, &mut |_| ())
}

/// Renders an error as people see it, places and all.
fn render_error(error: &TemplateError) -> String {
    match error {
        TemplateError::Wrong(findings) => findings.render(false),
        TemplateError::Refused { why, hints } => format!("{why}\n  {}", hints.join("\n  ")),
        TemplateError::Fetch(_) | TemplateError::Answers(_) => error.to_string(),
    }
}
