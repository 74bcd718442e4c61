//! Finds and reads the files of specs: the only place where a spec touches the disk.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use billpay_host::file_owner::{self, OwnerError};
use billpay_host::program::in_ci;
use billpay_host::reading::{self, read_bytes};
use billpay_model::environment::Environment;
use billpay_model::findings::{Findings, SourceFile, nearest};
use jiff::civil::Date;

use crate::{EntryFile, LoadedEnvironment, Sources};

/// The file that every environment goes over.
const SHARED: &str = "shared";

/// A directory of specs: `shared.yaml`, `services/` and `frontends/` with a file for each, and
/// `<environment>.yaml` for each environment.
#[derive(Debug, Clone)]
pub struct SpecDir {
    path: PathBuf,
    /// The folder in which it was found, if nobody named it: no link may lead out of its project.
    found_in: Option<PathBuf>,
}

/// The environments of a directory, read once.
#[derive(Debug)]
pub struct LoadedEnvironments {
    /// Those that are valid, by name.
    pub all: Vec<LoadedEnvironment>,
    /// The names of those that are not.
    pub broken: Vec<String>,
}

/// Error of finding or reading a spec.
#[derive(Debug)]
pub enum SpecError {
    /// There is no such directory, or nothing in it.
    NoSpecs { path: PathBuf, searched: PathBuf },
    /// There is no such environment.
    UnknownEnvironment {
        name: String,
        known: Vec<String>,
        did_you_mean: Option<String>,
        misnamed: Option<PathBuf>,
    },
    /// A file that would hold a service or a frontend ends in `.yml`.
    Misnamed { path: PathBuf },
    /// It was found, not named, and belongs to another user.
    NotOwned(OwnerError),
    /// It was found, not named, and is a link that leads out of the project.
    LeadsOut { path: PathBuf },
    /// A file could not be read.
    Unreadable { path: PathBuf, error: io::Error },
    /// The files were read, and are wrong.
    Invalid(Box<Findings>),
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpecError::NoSpecs { path, .. } => write!(f, "there are no specs in {}", path.display()),
            SpecError::UnknownEnvironment { name, .. } => {
                write!(f, "there is no environment `{}`", name.escape_debug())
            }
            SpecError::Misnamed { path } => write!(f, "{} would not be read", path.display()),
            SpecError::NotOwned(error) => error.fmt(f),
            SpecError::LeadsOut { path } => {
                write!(f, "{} is a link that leads out of the project", path.display())
            }
            SpecError::Unreadable { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            SpecError::Invalid(findings) => match findings.problems.as_slice() {
                [only] => write!(f, "{}: {}", only.place, only.message),
                [first, rest @ ..] => {
                    write!(f, "{}: {} (and {} more)", first.place, first.message, rest.len())
                }
                [] => write!(f, "the spec is not valid"),
            },
        }
    }
}

impl From<OwnerError> for SpecError {
    fn from(error: OwnerError) -> SpecError {
        SpecError::NotOwned(error)
    }
}

impl std::error::Error for SpecError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SpecError::Unreadable { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl SpecError {
    /// Returns advice for people.
    pub fn hints(&self) -> Vec<String> {
        match self {
            SpecError::NoSpecs { searched, .. } => vec![
                match in_ci() {
                    true => format!("looked in {} alone, since CI is set", searched.display()),
                    false => format!("looked in {}", searched.display()),
                },
                "run billpay in the repository that has `environments/`, or name the directory with --specs"
                    .to_owned(),
            ],
            SpecError::UnknownEnvironment { known, did_you_mean, misnamed, .. } => {
                let meant = did_you_mean.iter().map(|name| format!("did you mean `{name}`?"));
                let misnamed =
                    misnamed.iter().map(|path| format!("{} is not read: specs end in .yaml", path.display()));
                meant.chain(misnamed).chain([format!("environments: {}", known.join(", "))]).collect()
            }
            SpecError::Misnamed { path } => {
                let right = path.with_extension("yaml");
                vec![format!("specs end in .yaml: rename it to {}", right.display())]
            }
            SpecError::NotOwned(error) => vec![error.hint(), "or name the directory with --specs".to_owned()],
            SpecError::LeadsOut { .. } => {
                vec!["name the directory with --specs if it is to be followed".to_owned()]
            }
            SpecError::Unreadable { .. } | SpecError::Invalid(_) => Vec::new(),
        }
    }
}

impl SpecDir {
    /// Opens a directory of specs.
    ///
    /// # Errors
    /// Fails if the directory is missing, can't be read, or has no environment.
    pub fn open(path: impl Into<PathBuf>) -> Result<SpecDir, SpecError> {
        SpecDir { path: path.into(), found_in: None }.with_environments()
    }

    /// Opens a directory of specs that nobody named, but which was found in a folder.
    ///
    /// # Errors
    /// Fails as [`SpecDir::open`] does, and if the directory is a link that leads out of `folder`'s project.
    pub fn open_found(path: impl Into<PathBuf>, folder: &Path) -> Result<SpecDir, SpecError> {
        let dir = SpecDir { path: path.into(), found_in: Some(folder.to_owned()) };
        dir.check_link(&dir.path)?;
        dir.with_environments()
    }

    /// Checks that a path of a directory that was found does not lead out of its project.
    fn check_link(&self, path: &Path) -> Result<(), SpecError> {
        match &self.found_in {
            Some(folder) if !file_owner::stays_in_project(folder, path) => {
                Err(SpecError::LeadsOut { path: path.to_owned() })
            }
            _ => Ok(()),
        }
    }

    fn read(&self, path: &Path) -> Result<SourceFile, SpecError> {
        self.check_link(path)?;
        read(path)
    }

    fn with_environments(self) -> Result<SpecDir, SpecError> {
        match self.environments()?.is_empty() {
            true => Err(self.no_specs()),
            false => Ok(self),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The environments that there are, by name.
    ///
    /// # Errors
    /// Fails if the directory is missing or can't be read.
    pub fn environments(&self) -> Result<Vec<String>, SpecError> {
        let entries = match std::fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(self.no_specs());
            }
            Err(error) => return Err(unreadable(&self.path, error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&self.path, error))?;
            let name = entry.file_name().into_string().ok();
            let name = name.as_deref().and_then(|name| name.strip_suffix(".yaml"));
            names.extend(name.filter(|name| *name != SHARED && !name.starts_with('.')).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// Reads the files of an environment.
    ///
    /// # Errors
    /// Fails if there is no such environment, or a file can't be read, leads out of the project, or ends in `.yml`.
    pub fn sources(&self, name: &str) -> Result<Sources, SpecError> {
        // Only a name that was found in the directory ever becomes part of a path.
        let known = self.environments()?;
        if !known.iter().any(|known| known == name) {
            return Err(self.unknown(name, known));
        }
        let environment = self.read(&self.path.join(format!("{name}.yaml")))?;
        let shared = match self.read(&self.path.join(format!("{SHARED}.yaml"))) {
            Ok(file) => Some(file),
            Err(SpecError::Unreadable { error, .. }) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut entries = vec![];
        for section in crate::SECTIONS {
            entries.extend(self.entries(section)?);
        }
        Ok(Sources { shared, entries, environment })
    }

    /// The files of single entries in one of the folders for them.
    fn entries(&self, section: &'static str) -> Result<Vec<EntryFile>, SpecError> {
        let folder = self.path.join(section);
        let found = match std::fs::read_dir(&folder) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            Err(error) => return Err(unreadable(&folder, error)),
        };
        let mut files = vec![];
        for file in found {
            let path = file.map_err(|error| unreadable(&folder, error))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with('.') {
                continue;
            }
            if name.ends_with(".yml") {
                // To pass it over in silence would leave its service out.
                return Err(SpecError::Misnamed { path });
            }
            if let Some(name) = name.strip_suffix(".yaml").map(str::to_owned) {
                files.push((name, path));
            }
        }
        files.sort();
        let entry =
            |(name, path): (String, PathBuf)| Ok(EntryFile { section, name, file: self.read(&path)? });
        files.into_iter().map(entry).collect()
    }

    /// Reads and checks an environment, by itself and beside the others that are valid.
    ///
    /// # Errors
    /// Fails as [`SpecDir::sources`] does, and if the environment isn't valid or clashes with another one.
    pub fn load(&self, name: &str, today: Date) -> Result<LoadedEnvironment, SpecError> {
        let loaded = crate::load(&self.sources(name)?, today).map_err(invalid)?;
        let others = self.environments()?.into_iter().filter(|other| other != name);
        let others: Vec<LoadedEnvironment> =
            others.filter_map(|other| crate::load(&self.sources(&other).ok()?, today).ok()).collect();
        let problems = crate::clashes(&loaded, &others);
        if problems.is_empty() {
            return Ok(loaded);
        }
        let mut findings = Findings { problems, files: loaded.files().to_vec() };
        let files = others.iter().flat_map(|other| other.files().to_vec()).collect();
        findings.extend(Findings { problems: vec![], files });
        Err(invalid(findings))
    }

    /// Reads and checks every environment once, for what is about several of them.
    ///
    /// `wanted` must be valid; without it, all of them. Others that are not valid are named.
    ///
    /// # Errors
    /// Fails if a wanted environment doesn't exist, isn't valid or clashes with another one, or any file can't be read.
    pub fn load_several(
        &self,
        wanted: Option<&[String]>,
        today: Date,
    ) -> Result<LoadedEnvironments, SpecError> {
        let known = self.environments()?;
        if let Some(unknown) = wanted.into_iter().flatten().find(|name| !known.contains(name)) {
            return Err(self.unknown(unknown, known));
        }
        let mut several = LoadedEnvironments { all: vec![], broken: vec![] };
        let mut findings = Findings { problems: vec![], files: vec![] };
        let must = |name: &str| wanted.is_none_or(|wanted| wanted.iter().any(|one| one == name));
        for name in known {
            match crate::load(&self.sources(&name)?, today) {
                Ok(loaded) => several.all.push(loaded),
                Err(wrong) if must(&name) => findings.extend(wrong),
                Err(_) => several.broken.push(name),
            }
        }
        let clashes = crate::clashes_among(&several.all, must);
        if !clashes.is_empty() {
            let files = several.all.iter().flat_map(|loaded| loaded.files().to_vec()).collect();
            findings.extend(Findings { problems: clashes, files });
        }
        if findings.problems.is_empty() { Ok(several) } else { Err(invalid(findings)) }
    }

    fn unknown(&self, name: &str, known: Vec<String>) -> SpecError {
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let other = self.path.join(format!("{name}.yml"));
        SpecError::UnknownEnvironment {
            name: name.to_owned(),
            did_you_mean: nearest(name, known.iter().map(String::as_str)),
            misnamed: (is_plain && other.exists()).then_some(other),
            known,
        }
    }

    fn no_specs(&self) -> SpecError {
        let searched = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        SpecError::NoSpecs { path: self.path.clone(), searched }
    }
}

/// Checks a spec that comes from no file, as those of files are checked.
///
/// # Errors
/// Fails with all findings if the spec isn't valid.
pub fn check(name: &str, env: &Environment, today: Date) -> Result<LoadedEnvironment, SpecError> {
    // JSON is YAML.
    let text = serde_json::to_string_pretty(env).map_err(|error| SpecError::Unreadable {
        path: PathBuf::from(name),
        error: io::Error::other(error),
    })?;
    let sources = Sources { shared: None, entries: vec![], environment: SourceFile::new(name, text) };
    crate::load(&sources, today).map_err(invalid)
}

/// Reads a file of another kind, as those of specs are read.
///
/// # Errors
/// Fails if the file can't be opened or read, or is no regular file.
pub fn read(path: &Path) -> Result<SourceFile, SpecError> {
    let bytes = reading::open(path)
        .and_then(|file| read_bytes(file, crate::MAX_BYTES))
        .map_err(|error| unreadable(path, error))?;
    Ok(SourceFile::new(path.display().to_string(), bytes))
}

fn unreadable(path: &Path, error: io::Error) -> SpecError {
    SpecError::Unreadable { path: path.to_owned(), error }
}

fn invalid(findings: Findings) -> SpecError {
    SpecError::Invalid(Box::new(findings))
}
