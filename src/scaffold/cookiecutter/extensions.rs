//! Jinja extensions that are Python code of the template or of others, called over a pipe.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

use billpay_host::{program, temporary};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::hooks;
use crate::TemplateFolder;

const PROGRAM: &str = include_str!("extensions.py");

/// Names that extensions add to the templates' language.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Names {
    pub filters: Vec<String>,
    pub tests: Vec<String>,
    pub tags: Vec<String>,
    pub functions: Vec<String>,
    pub values: Map<String, Value>,
}

/// A Python that has loaded extensions; it ends when this is dropped.
pub struct Extensions {
    pub extension_names: Names,
    python: Mutex<Python>,
    /// The template, where the extensions are imported from.
    _folder: TempDir,
}

struct Python {
    child: Child,
    calls: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Drop for Python {
    fn drop(&mut self) {
        // At the end of its calls it ends by itself; a loop in it would not.
        self.calls.take();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Python {
    fn answer(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        let length = self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
        if length == 0 {
            return Err("Python ended: it needs jinja2, `python3 -m pip install jinja2`".to_string());
        }
        let answer: Value = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(error.to_string()),
            None => answer.get("value").cloned().ok_or_else(|| "Python gave no answer".to_string()),
        }
    }
}

impl Extensions {
    /// Loads extensions by their names (`module.Class`) in a Python beside the template's files.
    pub fn load(template: &TemplateFolder, names: &[String]) -> Result<Extensions, String> {
        let to_message = |error: std::io::Error| error.to_string();
        let folder = temporary::directory("extensions").map_err(to_message)?;
        let files = folder.path().join("template");
        super::staging::write_template(template, &files).map_err(to_message)?;
        let program = folder.path().join("extensions.py");
        fs::write(&program, PROGRAM).map_err(to_message)?;
        let mut child =
            start(&program, &files, names).map_err(|error| format!("python3 can't be started: {error}"))?;
        let (calls, answers) = (child.stdin.take(), child.stdout.take());
        let Some(answers) = answers else { return Err("Python has no output".to_string()) };
        let mut python = Python { child, calls, answers: BufReader::new(answers) };
        let extension_names = serde_json::from_value(python.answer()?).map_err(|error| error.to_string())?;
        Ok(Extensions { extension_names, python: Mutex::new(python), _folder: folder })
    }

    /// Calls one of the filters, tests or functions (`kind`: `filters`, `tests`, `globals`).
    pub fn call(
        &self,
        kind: &str,
        name: &str,
        args: &[Value],
        named: &Map<String, Value>,
    ) -> Result<Value, String> {
        let mut python = self.python.lock().unwrap_or_else(PoisonError::into_inner);
        let call = json!({"kind": kind, "name": name, "args": args, "named": named});
        let Some(calls) = &mut python.calls else { return Err("Python has ended".to_string()) };
        writeln!(calls, "{call}").and_then(|()| calls.flush()).map_err(|error| error.to_string())?;
        python.answer()
    }
}

fn start(program: &Path, files: &Path, names: &[String]) -> std::io::Result<Child> {
    let mut command = program::isolated("python3", &hooks::variables())?;
    command.arg(program).arg(files).args(names).current_dir(files);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
}
