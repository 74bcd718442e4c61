//! The benchmark: `cargo test --test bench`, or with ` -- --without-terraform`; with
//! ` -- --trace` it only shows when each call of a plan without changes begins and ends, and the calls of
//! each run by name; with ` -- --trees` it only measures rendered trees; with ` -- --projects`, projects from templates; with
//! ` -- --rehearsals`, how long plans of a thousand resources are rehearsed; with ` -- --growth`, how planning grows.
//!
//! Prints calls, times and memory of billpay for the dev environment, and those of Terraform
//! for the same resources in the same run, through the same kind of proxy and on the same
//! emulated AWS. It judges nothing but what it says beside each figure; times depend on the
//! machine and on what else runs on it.

mod billpay;
mod projects;
mod rehearsal;
mod report;
mod terraform;
mod trees;

use std::time::Duration;

use billpay::Life;
use projects::Projects;
use rehearsal::Rehearsal;
use report::Report;
use terraform::Terraform;
use trees::Trees;

/// Arguments of the benchmark.
const ARGUMENTS: [&str; 6] =
    ["--trace", "--trees", "--projects", "--rehearsals", "--growth", "--without-terraform"];

fn main() {
    let unknown = std::env::args().skip(1).find(|arg| !ARGUMENTS.contains(&arg.as_str()));
    assert!(unknown.is_none(), "{unknown:?} is none of: {}", ARGUMENTS.join(", "));
    if std::env::args().any(|arg| arg == "--trace") {
        return report::trace(&Life::measure("dev", Duration::from_millis(200)));
    }
    let trees = || [1, 200].map(Trees::measure);
    if std::env::args().any(|arg| arg == "--trees") {
        return report::trees(&trees());
    }
    let projects = || [200, 1000, 10_000].map(Projects::measure);
    if std::env::args().any(|arg| arg == "--projects") {
        return report::projects(&projects());
    }
    let rehearsals = || rehearsal::print(&Rehearsal::measure(1000));
    if std::env::args().any(|arg| arg == "--rehearsals") {
        return rehearsals();
    }
    if std::env::args().any(|arg| arg == "--growth") {
        return rehearsal::growth();
    }
    let mut report = Report::default();
    report.start(billpay::start_up_times());
    for milliseconds in [0, 50, 200] {
        println!("billpay, {milliseconds} ms a call …");
        report.life(milliseconds, Life::measure("dev", Duration::from_millis(milliseconds)));
    }
    println!("billpay, what prod costs to look at …");
    report.prod(billpay::plans_of_prod());
    if let Err(why) = measure_terraform(&mut report) {
        report.note(format!("Terraform was not measured (to its end): {why}"));
    }
    report.print();
    report::trees(&trees());
    report::projects(&projects());
    rehearsals();
    rehearsal::growth();
}

/// Measures Terraform as far as it gets; says why it didn't get further.
fn measure_terraform(report: &mut Report) -> Result<(), String> {
    if std::env::args().any(|arg| arg == "--without-terraform") {
        return Err("left out as asked".to_string());
    }
    let terraform = Terraform::find()?;
    println!("Terraform, 0 ms a call: some minutes …");
    let life = terraform.life()?;
    let slow = life.apply.wall > Duration::from_secs(150);
    report.terraform(life);
    if slow {
        return Err("its apply at 50 ms was left out: it would take more than some minutes".to_string());
    }
    println!("Terraform, 50 ms a call …");
    report.terraform_slow(terraform.apply(Duration::from_millis(50))?);
    Ok(())
}
