//! Answers that are behind: reads that don't show changes yet, and resources that are still on their way.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::http::Message;
use super::operation::{Operation, Protocol};

/// States of resources that are ready, and those in which they are on their way.
const STATES: [(&str, &str); 3] = [
    ("\"status\": \"ACTIVE\"", "\"status\": \"CREATING\""),
    ("\"status\":\"ACTIVE\"", "\"status\":\"CREATING\""),
    ("<state>available</state>", "<state>pending</state>"),
];

/// The answers of the past, as far as they may be given again.
#[derive(Default)]
pub struct Stale {
    pub lag: Duration,
    pub transition: Duration,
    /// Moments of changes.
    changes: Vec<Instant>,
    /// The last answers to each read, the newest last.
    answers: HashMap<Vec<u8>, Vec<(Instant, Vec<u8>)>>,
}

impl Stale {
    /// Notes a call and its answer, and returns the answer that is given.
    pub fn seen(&mut self, operation: &Operation, request: &Message, answer: Message) -> Vec<u8> {
        let now = Instant::now();
        if operation.writes {
            self.changes.push(now);
            return answer.bytes;
        }
        let bytes = self.underway(operation, answer, now);
        if self.lag.is_zero() || !matches!(operation.protocol, Protocol::Ec2 | Protocol::Query) {
            return bytes;
        }
        let Some(shown) = now.checked_sub(self.lag) else { return bytes };
        let key = [request.target().as_bytes(), b" ", request.body()].concat();
        let answers = self.answers.entry(key).or_default();
        answers.push((now, bytes.clone()));
        // The oldest that is not too old, and has the last change that must show.
        let last = self.changes.iter().copied().filter(|change| *change <= shown).max();
        answers.retain(|(at, _)| *at > shown && last.is_none_or(|last| *at > last));
        answers.first().map_or(bytes, |(_, bytes)| bytes.clone())
    }

    /// Shows what was ready as on its way, for a while after each change.
    fn underway(&self, operation: &Operation, answer: Message, now: Instant) -> Vec<u8> {
        let is_recent =
            self.changes.last().is_some_and(|change| now.duration_since(*change) < self.transition);
        let is_state = matches!(operation.protocol, Protocol::RestJson)
            || operation.name == "ec2 DescribeNatGateways"
            || operation.name == "ec2 DescribeVpcEndpoints";
        let is_whole = answer.header("transfer-encoding").is_none();
        if !is_recent || !is_state || !is_whole {
            return answer.bytes;
        }
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        let changed = STATES.iter().fold(text, |text, (ready, underway)| text.replace(ready, underway));
        answer.with_body(changed.into_bytes())
    }
}
