//! The composition root: makes the adapters and hands them to the command line.

use std::process::ExitCode;

use billpay_aws::connector::{AwsConnector, UserLocalAws};
use billpay_core::Ports;

fn main() -> ExitCode {
    billpay_cli::main(|specs, is_local| Ports {
        connector: Box::new(AwsConnector { is_local }),
        sites: Box::new(AwsConnector { is_local }),
        local: Box::new(UserLocalAws),
        specs,
    })
}
