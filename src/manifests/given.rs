//! The environment variables that billpay gives to every container.

use billpay_model::environment::{Environment, Service};
use billpay_model::names;

/// The variables of a service, in order; two with one name are the same.
pub fn variables(env: &Environment, name: &str, service: &Service) -> Vec<(String, String)> {
    let mut variables = vec![
        ("BILLPAY_PROJECT".to_owned(), env.project.clone()),
        ("BILLPAY_ENVIRONMENT".to_owned(), env.environment.clone()),
        ("BILLPAY_SERVICE".to_owned(), name.to_owned()),
        ("AWS_REGION".to_owned(), env.region.clone()),
        ("SERVER_PORT".to_owned(), service.port.to_string()),
    ];
    variables.extend(service.needs.iter().map(|need| (url(need), format!("http://{need}"))));
    let secrets = service.secrets.iter().flatten();
    variables.extend(secrets.map(|secret| (place(secret), names::secret(env, secret))));
    variables
}

/// Two secrets of a service whose places would be in one variable.
pub fn same_variable(service: &Service) -> Option<(&str, &str)> {
    let secrets = service.secrets.as_deref().unwrap_or_default();
    let twice = |(at, secret): (usize, &'_ String)| {
        secrets[..at]
            .iter()
            .position(|other| other != secret && place(other) == place(secret))
            .map(|first| (first, at))
    };
    let (first, second) = secrets.iter().enumerate().find_map(twice)?;
    Some((&secrets[first], &secrets[second]))
}

/// The variable with the address of a service: `BACKEND_API_URL`.
fn url(service: &str) -> String {
    format!("{}_URL", variable(service))
}

/// The variable with the name of a secret in Secrets Manager: `BILLPAY_JWT_SECRET_SECRET`.
fn place(secret: &str) -> String {
    format!("{}_SECRET", variable(secret))
}

fn variable(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let begin = if name.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
    format!("{begin}{}", name.chars().map(letter).collect::<String>())
}
