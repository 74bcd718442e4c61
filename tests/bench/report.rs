//! The figures as a table, each beside what the project aims at.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::billpay::{Life, Measured};
use crate::projects::Projects;
use crate::terraform;
use crate::trees::Trees;
use billpay_testkit::proxy::Calls;

#[derive(Default)]
pub struct Report {
    start: Vec<Duration>,
    /// By milliseconds of delay.
    lives: Vec<(u64, Life)>,
    prod: Option<Measured>,
    terraform: Option<terraform::Life>,
    terraform_slow: Option<Measured>,
    notes: Vec<String>,
}

impl Report {
    pub fn start(&mut self, times: Vec<Duration>) {
        self.start = times;
    }

    pub fn life(&mut self, milliseconds: u64, life: Life) {
        self.lives.push((milliseconds, life));
    }

    pub fn prod(&mut self, plan: Measured) {
        self.prod = Some(plan);
    }

    pub fn terraform(&mut self, life: terraform::Life) {
        self.terraform = Some(life);
    }

    pub fn terraform_slow(&mut self, apply: Measured) {
        self.terraform_slow = Some(apply);
    }

    pub fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    fn at(&self, milliseconds: u64) -> &Life {
        let found = self.lives.iter().find(|(delay, _)| *delay == milliseconds);
        &found.expect("a delay that was measured").1
    }

    pub fn print(&self) {
        let profile = if cfg!(debug_assertions) { "unoptimised" } else { "optimised" };
        println!("\nbillpay ({profile} build), dev, on the local AWS\n");
        self.print_runs();
        self.print_aims();
        self.print_calls();
        self.notes.iter().for_each(|note| println!("{note}"));
    }

    /// Calls and time of every run.
    fn print_runs(&self) {
        println!("{:<34}{:>8}{:>8}{:>8}{:>10}", "", "calls", "reads", "writes", "seconds");
        for (delay, life) in &self.lives {
            row(&format!("apply, {delay} ms a call"), &life.apply);
            row(&format!("no-op plan, {delay} ms"), &life.no_op_plan);
            row(&format!("destroy, {delay} ms"), &life.destroy);
        }
        if let Some(prod) = &self.prod {
            row("no-op plan of prod, 0 ms", prod);
        }
        if let Some(life) = &self.terraform {
            row(&format!("Terraform apply ({} resources), 0 ms", life.resources), &life.apply);
            row("Terraform no-op plan, 0 ms", &life.no_op_plan);
            row("Terraform destroy, 0 ms", &life.destroy);
        }
        if let Some(apply) = &self.terraform_slow {
            row("Terraform apply, 50 ms", apply);
        }
        println!();
    }

    /// Each figure beside its aim.
    fn print_aims(&self) {
        let mut aims = Aims::default();
        let (quick, slow) = (self.at(0), self.at(200));
        let reads = quick.apply.calls.reads().saturating_sub(quick.first_plan.calls.reads());
        let writes = quick.apply.calls.writes();
        aims.most("apply: reads beyond its plan", reads as f64, writes as f64, "as many as writes");
        if let Some(terraform) = &self.terraform {
            let (ours, theirs) = (&quick.apply, &terraform.apply);
            let calls = ours.calls.total() as f64 / theirs.calls.total() as f64;
            aims.most("apply: calls ÷ Terraform's", calls, 0.5, "");
            aims.most("apply: wall ÷ Terraform's, 0 ms", seconds(ours) / seconds(theirs), 0.1, "");
        }
        if let Some(theirs) = &self.terraform_slow {
            aims.most(
                "apply: wall ÷ Terraform's, 50 ms",
                seconds(&self.at(50).apply) / seconds(theirs),
                0.1,
                "",
            );
        }
        aims.most("no-op plan: round trips at 200 ms", seconds(&slow.no_op_plan) / 0.2, 5.0, "");
        for (delay, life) in &self.lives {
            let (apply, path) = (&life.apply, life.apply.figure("critical_path_seconds"));
            let limit = if *delay == 200 { 1.10 } else { f64::INFINITY };
            aims.most(
                &format!("apply: wall ÷ critical path, {delay} ms"),
                apply.figure("seconds") / path,
                limit,
                "",
            );
            let plan = seconds(&life.first_plan);
            let whole = seconds(apply) / (path + plan);
            aims.most(&format!("… of the whole process with its plan, {delay} ms"), whole, limit, "");
        }
        let middle = self.start[self.start.len() / 2].as_secs_f64() * 1000.0;
        aims.most("`--help`: fastest of 20, ms", self.start[0].as_secs_f64() * 1000.0, f64::INFINITY, "");
        aims.most("`--help`: median of 20, ms", middle, 10.0, "");
        aims.most("apply: peak memory, MB", quick.apply.peak_mb, 100.0, "");
        aims.print();
    }

    /// The calls of a plan without changes, dev beside prod, and those of an apply.
    fn print_calls(&self) {
        let plan = &self.at(0).no_op_plan.calls;
        if let Some(prod) = &self.prod {
            println!("Calls of a no-op plan (what grows from dev to prod grows with resources):");
            println!("{:<60}{:>8}{:>8}", "", "dev", "prod");
            let prod = prod.calls.by_name();
            let of = |name: &str, list: &[(String, usize)]| {
                list.iter().find(|(other, _)| other == name).map_or(0, |(_, count)| *count)
            };
            for (name, count) in plan.by_name() {
                println!("{name:<60}{count:>8}{:>8}", of(&name, &prod));
            }
            println!();
        }
        let first = self.at(0).first_plan.calls.by_name();
        println!("Calls of an apply beyond its plan:");
        for (name, count) in beyond(&self.at(0).apply.calls, &first) {
            println!("{name:<60}{count:>8}");
        }
        println!();
    }
}

/// Prints the begin and end of each call of a no-op plan, from the begin of its process, in milliseconds, how often each
/// call is made in each run, and the figures of the apply. Each call takes 200 ms more.
pub fn trace(life: &Life) {
    let measured = &life.no_op_plan;
    let mut calls = measured.calls.0.clone();
    calls.sort_by_key(|call| call.begun);
    let since = |at: Instant| at.duration_since(measured.begun).as_millis();
    for call in calls {
        println!("{:>6} {:>6}  {} {}", since(call.begun), since(call.ended), call.name, call.status);
    }
    println!("{:>6}         end\n", measured.wall.as_millis());
    let runs = [&life.first_plan, &life.apply, &life.no_op_plan, &life.destroy];
    let counts = runs.map(|run| run.calls.by_name().into_iter().collect::<BTreeMap<String, usize>>());
    let names: BTreeSet<&String> = counts.iter().flat_map(BTreeMap::keys).collect();
    println!("{:<60}{:>12}{:>8}{:>12}{:>8}", "", "first plan", "apply", "no-op plan", "destroy");
    for name in names {
        let [first, apply, no_op, destroy] =
            counts.each_ref().map(|run| run.get(name).copied().unwrap_or_default());
        println!("{name:<60}{first:>12}{apply:>8}{no_op:>12}{destroy:>8}");
    }
    let [first, apply, no_op, destroy] = runs.map(|run| run.calls.total());
    println!("{:<60}{first:>12}{apply:>8}{no_op:>12}{destroy:>8}", "all");
    let [first, apply, no_op, destroy] = runs.map(|run| run.calls.reads());
    println!("{:<60}{first:>12}{apply:>8}{no_op:>12}{destroy:>8}", "reads");
    let apply = &life.apply;
    let path = apply.figure("critical_path_seconds");
    println!(
        "\napply: {:.2} of its critical path, at most {:.0} MB",
        apply.figure("seconds") / path,
        apply.peak_mb
    );
    println!("no-op plan: {:.1} round trips", seconds(&life.no_op_plan) / 0.2);
}

fn beyond(calls: &Calls, plan: &[(String, usize)]) -> Vec<(String, usize)> {
    let planned = |name: &str| plan.iter().find(|(other, _)| other == name).map_or(0, |(_, count)| *count);
    let beyond = calls.by_name().into_iter();
    let beyond = beyond.map(|(name, count)| (name.clone(), count.saturating_sub(planned(&name))));
    beyond.filter(|(_, count)| *count > 0).collect()
}

fn seconds(measured: &Measured) -> f64 {
    measured.wall.as_secs_f64()
}

fn row(name: &str, measured: &Measured) {
    let calls = &measured.calls;
    println!(
        "{name:<34}{:>8}{:>8}{:>8}{:>10.2}",
        calls.total(),
        calls.reads(),
        calls.writes(),
        seconds(measured)
    );
}

#[derive(Default)]
struct Aims(Vec<String>);

impl Aims {
    fn most(&mut self, name: &str, figure: f64, limit: f64, words: &str) {
        let (aim, verdict) = match limit {
            limit if limit.is_infinite() => (String::new(), ""),
            limit => {
                let words = if words.is_empty() { String::new() } else { format!(" ({words})") };
                (format!("≤ {limit:.2}{words}"), if figure <= limit { "met" } else { "NOT MET" })
            }
        };
        self.0.push(format!("{name:<48}{figure:>10.2}   {aim:<32}{verdict}"));
    }

    fn print(&self) {
        println!("{:<48}{:>10}   aim", "", "figure");
        self.0.iter().for_each(|line| println!("{line}"));
        println!();
    }
}

/// Rendered trees: the middle of several runs each, and what Terragrunt needs to read them.
pub fn trees(trees: &[Trees]) {
    let profile = if cfg!(debug_assertions) { "unoptimised" } else { "optimised" };
    println!("\nRendered trees ({profile} build), milliseconds, middle of several runs\n");
    println!("environments  files  from nothing  again  changed  terragrunt hcl validate  aim");
    for tree in trees {
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
        let aim = if tree.environments == 1 { 50.0 } else { 2000.0 };
        println!(
            "{:>12}  {:>5}  {:>12.0}  {:>5.0}  {:>7.0}  {:>15.0} = {:>4.1} ×  from nothing {:.2} of {aim:.0} ms",
            tree.environments,
            tree.files,
            ms(tree.create),
            ms(tree.again),
            ms(tree.change),
            ms(tree.terragrunt),
            ms(tree.terragrunt) / ms(tree.create),
            ms(tree.create) / aim,
        );
    }
}

/// Projects from templates: the middle of several runs each, beside Cookiecutter and Copier.
pub fn projects(projects: &[Projects]) {
    let profile = if cfg!(debug_assertions) { "unoptimised" } else { "optimised" };
    println!("\nProjects from templates ({profile} build), milliseconds, middle of several runs\n");
    println!(
        " files  backstage template  cookiecutter template  cookiecutter itself  copier  ours of theirs (aim 0.02)"
    );
    for project in projects {
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
        let peer = |time: Option<std::time::Duration>| {
            time.map_or("-".to_string(), |time| format!("{:.0}", ms(time)))
        };
        let ratio = |ours: std::time::Duration, theirs: Option<std::time::Duration>| {
            theirs.map_or("-".to_string(), |theirs| format!("{:.3}", ms(ours) / ms(theirs)))
        };
        println!(
            "{:>6}  {:>18.1}  {:>21.1}  {:>19}  {:>6}  {} and {}",
            project.files,
            ms(project.backstage),
            ms(project.cookiecutter_by_us),
            peer(project.cookiecutter),
            peer(project.copier),
            ratio(project.cookiecutter_by_us, project.cookiecutter),
            ratio(project.backstage, project.copier),
        );
    }
}
