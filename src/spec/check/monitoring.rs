//! Alarms, who is told of them, and what all of it may cost.

use billpay_model::environment::{AlarmUnit, Environment};

use super::{Finding, item, value};

pub(super) fn check(env: &Environment) -> Vec<Finding> {
    let mut found = Vec::new();
    let metrics: Vec<String> = env
        .monitoring
        .metrics
        .iter()
        .flat_map(|(namespace, names)| names.iter().map(move |name| format!("{namespace}/{name}")))
        .collect();
    for (name, alarm) in &env.monitoring.alarms {
        if !metrics.contains(&alarm.metric) {
            let spot = value(["monitoring", "alarms", name, "metric"]);
            let message = format!(
                "the alarm `{name}` watches `{}`, which is not under `monitoring.metrics`",
                alarm.metric
            );
            found.push(
                Finding::error("unknown-metric", spot, message)
                    .known(&alarm.metric, &metrics)
                    .given(["monitoring", "metrics"]),
            );
        }
        let in_range = match alarm.unit {
            AlarmUnit::Percent => (0.0..=100.0).contains(&alarm.above),
            AlarmUnit::Milliseconds => alarm.above >= 0.0,
        };
        if !in_range {
            let spot = value(["monitoring", "alarms", name, "above"]);
            found.push(
                Finding::error(
                    "out-of-range",
                    spot,
                    format!("the alarm `{name}` could never change its state"),
                )
                .related(value(["monitoring", "alarms", name, "unit"]), "in this unit"),
            );
        }
    }
    for (index, address) in env.monitoring.notify.iter().enumerate() {
        if !is_address(address) {
            let spot = item(["monitoring", "notify"], index);
            found.push(Finding::error("bad-address", spot, format!("`{address}` is not an e-mail address")));
        }
    }
    let cost = &env.cost;
    if cost.monthly_min > cost.monthly_max {
        let message = format!(
            "`monthly_min` is {}, more than `monthly_max`, which is {}",
            cost.monthly_min, cost.monthly_max
        );
        found.push(
            Finding::error("min-over-max", value(["cost", "monthly_min"]), message)
                .related(value(["cost", "monthly_max"]), "the most there may be"),
        );
    }
    found
}

fn is_address(text: &str) -> bool {
    match text.split_once('@') {
        Some((name, domain)) => {
            !name.is_empty()
                && domain.contains('.')
                && !domain.contains('@')
                && !text.contains(char::is_whitespace)
        }
        None => false,
    }
}
