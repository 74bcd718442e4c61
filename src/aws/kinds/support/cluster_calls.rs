//! Calls that change a cluster: their steps and their parameters.

use aws_sdk_eks::types::{AuthenticationMode, LogSetup, LogType, Logging};
use billpay_model::failure::{Failure, FailureClass};

/// Logs are switched on and off; one that isn't named stays as it is.
pub fn logging(had: &[String], wanted: &[String]) -> Logging {
    let setup = |on: bool, logs: Vec<&String>| {
        let types = logs.into_iter().map(|log| LogType::from(log.as_str())).collect();
        LogSetup::builder().enabled(on).set_types(Some(types)).build()
    };
    let off: Vec<&String> = had.iter().filter(|log| !wanted.contains(log)).collect();
    let mut setups = vec![];
    if !wanted.is_empty() {
        setups.push(setup(true, wanted.iter().collect()));
    }
    if !off.is_empty() {
        setups.push(setup(false, off));
    }
    Logging::builder().set_cluster_logging(Some(setups)).build()
}

/// The authentication modes to go through: one at a time, and only towards `API`.
pub fn modes(from: &str, to: &str) -> Vec<AuthenticationMode> {
    let path = [AuthenticationMode::ConfigMap, AuthenticationMode::ApiAndConfigMap, AuthenticationMode::Api];
    let behind = path.into_iter().skip_while(|mode| mode.as_str() != from).skip(1);
    let mut modes: Vec<AuthenticationMode> = behind.collect();
    modes.truncate(modes.iter().position(|mode| mode.as_str() == to).map_or(0, |last| last + 1));
    modes
}

/// Minor versions that the nodes of a cluster may lag behind it before Kubernetes stops
/// supporting them.
const SKEW: u32 = 3;

/// Major and minor of a Kubernetes version.
fn minor(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Returns whether a version is the one before another.
pub fn is_one_back(from: &str, to: &str) -> bool {
    minor(from).zip(minor(to)).is_some_and(|(from, to)| from.0 == to.0 && from.1 == to.1 + 1)
}

/// The versions to go through: up by one minor at a time, or back by one.
pub fn versions(from: &str, to: &str) -> Result<Vec<String>, Failure> {
    let refuse = |why: String| Err(Failure::new(FailureClass::Invalid, "eks:UpdateClusterVersion", why));
    let (Some((major, old)), Some((wanted_major, new))) = (minor(from), minor(to)) else {
        return refuse(format!("`{from}` or `{to}` is not a Kubernetes version"));
    };
    if is_one_back(from, to) {
        return Ok(vec![to.to_string()]);
    }
    if major != wanted_major || new < old {
        return refuse(format!(
            "the cluster is at {from} and can't go back to {to}: EKS takes it back by one minor version, within \
             7 days of an upgrade; set cluster.version to \"{from}\" or later"
        ));
    }
    if new > old + SKEW {
        return refuse(format!(
            "from {from} to {to} the nodes would be left too far behind: go to {major}.{} first",
            old + SKEW
        ));
    }
    Ok((old + 1..=new).map(|minor| format!("{major}.{minor}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_go_up_one_minor_at_a_time_and_back_by_one() {
        assert_eq!(versions("1.36", "1.35").unwrap(), ["1.35"]);
        assert_eq!(versions("1.36", "1.36").unwrap(), Vec::<String>::new());
        assert_eq!(versions("1.34", "1.36").unwrap(), ["1.35", "1.36"]);
        for (from, to, says) in [
            ("1.36", "1.34", "can't go back"),
            ("2.0", "1.36", "can't go back"),
            ("1.31", "1.36", "go to 1.34 first"),
            ("1.36", "x", "`x`"),
        ] {
            let failure = versions(from, to).unwrap_err();
            assert_eq!(failure.class, FailureClass::Invalid);
            assert!(failure.message.contains(says), "{}", failure.message);
        }
    }

    #[test]
    fn authentication_goes_through_each_mode() {
        let path = |from| modes(from, "API").iter().map(|mode| mode.as_str().to_string()).collect::<Vec<_>>();
        assert_eq!(path("CONFIG_MAP"), ["API_AND_CONFIG_MAP", "API"]);
        assert_eq!(path("API_AND_CONFIG_MAP"), ["API"]);
        assert_eq!(path("API"), Vec::<String>::new());
    }

    #[test]
    fn logs_are_switched_off_by_name() {
        let logs = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let logging = logging(&logs(&["api", "audit"]), &logs(&["audit"]));
        let setups = logging.cluster_logging();
        assert_eq!((setups[0].enabled, setups[0].types()), (Some(true), &[LogType::Audit][..]));
        assert_eq!((setups[1].enabled, setups[1].types()), (Some(false), &[LogType::Api][..]));
    }
}
