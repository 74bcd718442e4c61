//! The benchmark: `cargo test --test bench`, or with ` -- --without-terraform`; with
//! ` -- --trace` it only shows when each call of a plan without changes begins and ends.
//!
//! Prints calls, times and memory of billpay for the dev environment, and those of Terraform
//! for the same resources in the same run, through the same kind of proxy and on the same
//! emulated AWS. It judges nothing but what it says beside each figure; times depend on the
//! machine and on what else runs on it.

#[path = "../support/mod.rs"]
mod support;

mod billpay;
mod report;
mod terraform;

use std::time::Duration;

use billpay::Life;
use report::Report;
use terraform::Terraform;

fn main() {
    if std::env::args().any(|arg| arg == "--trace") {
        return report::trace(&Life::measure("dev", Duration::from_millis(200)).no_op_plan);
    }
    let terraform = match std::env::args().any(|arg| arg == "--without-terraform") {
        true => Err("left out as asked".to_string()),
        false => Terraform::find(),
    };
    let mut report = Report::default();
    report.start(billpay::start_up_times());
    for milliseconds in [0, 50, 200] {
        println!("billpay, {milliseconds} ms a call …");
        report.life(milliseconds, Life::measure("dev", Duration::from_millis(milliseconds)));
    }
    println!("billpay, what prod costs to look at …");
    report.prod(billpay::plans_of_prod());
    match terraform {
        Ok(terraform) => {
            println!("Terraform, 0 ms a call: some minutes …");
            let life = terraform.life();
            let fits = life.apply.wall < Duration::from_secs(150);
            report.terraform(life);
            if fits {
                println!("Terraform, 50 ms a call …");
                report.terraform_slow(terraform.apply(Duration::from_millis(50)));
            }
        }
        Err(why) => report.note(format!("Terraform was not measured: {why}")),
    }
    report.print();
}
