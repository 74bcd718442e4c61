//! The journal: what is written is read back, whatever the store does meanwhile.

use std::sync::Arc;
use std::time::Duration;

use billpay_model::event::Event;
use billpay_model::store::ObjectStore;
use billpay_state::journal::{Intent, Journal, RunResult, RunStart, run_name};
use jiff::Timestamp;
use tokio::time::sleep;

use crate::faulty::{Faulty, Memory};
use crate::runtime;

fn journal(objects: Arc<dyn ObjectStore>) -> Journal {
    Journal::new(objects, "123456789012/billpay/dev/runs")
}

fn start(second: i64) -> RunStart {
    let at = Timestamp::from_second(1_796_000_000 + second).unwrap();
    let intent = |address: &str| Intent { address: address.into(), action: "create".into(), id: None };
    RunStart {
        schema: String::new(),
        run: run_name(at, "0123456789abcdef"),
        claim: 1,
        attempts: "0123456789abcdef".into(),
        command: "provision".into(),
        principal: "me".into(),
        host: "here".into(),
        run_url: None,
        version: "0.1.0".into(),
        at,
        intents: vec![intent("network/vpc"), intent("network/subnet.a")],
    }
}

fn finished(id: usize) -> Event {
    let (address, action) = ("network/vpc".parse().unwrap(), "create".to_string());
    Event::Finished { address, action, id: format!("vpc-{id}"), seconds: 0.5 }
}

#[test]
fn steps_are_read_back_in_order_although_answers_are_lost() {
    for seed in 0..50 {
        runtime().block_on(async {
            let memory = Arc::new(Memory::default());
            let faulty = Arc::new(Faulty::new(memory.clone(), seed));
            let written = journal(faulty.clone()).begin(start(0)).await.expect("nothing is wrong yet");
            faulty.disturb();
            for id in 0..40 {
                written.note(&Event::Waited);
                written.note(&finished(id));
                sleep(Duration::from_millis(700)).await;
            }
            // The end is one call, which may fail.
            let _ = written.end(RunResult::Done).await;
            let journal = journal(memory);
            let runs = journal.runs().await.unwrap();
            assert_eq!(runs, [start(0).run]);
            let record = journal.read(&runs[0]).await.unwrap().expect("the run");
            let events: Vec<Event> = record.steps.into_iter().map(|step| step.event).collect();
            assert_eq!(events, (0..40).map(finished).collect::<Vec<_>>(), "seed {seed}");
        });
    }
}

#[test]
fn a_run_that_can_not_be_written_does_not_begin_and_one_that_goes_on_says_so_in_the_end() {
    runtime().block_on(async {
        let faulty = Arc::new(Faulty::new(Arc::new(Memory::default()), 1));
        faulty.fail(true);
        assert!(journal(faulty.clone()).begin(start(0)).await.is_err());
        faulty.fail(false);
        let written = journal(faulty.clone()).begin(start(1)).await.expect("it is there again");
        faulty.fail(true);
        written.note(&finished(1));
        sleep(Duration::from_secs(60)).await;
        written.end(RunResult::Done).await.expect_err("it could not be written");
    });
}

#[test]
fn the_newest_runs_are_kept_and_another_versions_are_not_read() {
    runtime().block_on(async {
        let memory = Arc::new(Memory::default());
        let journal = journal(memory.clone());
        for second in 0..203 {
            journal.begin(start(second)).await.unwrap().end(RunResult::Failed).await.unwrap();
        }
        let runs = journal.runs().await.unwrap();
        assert_eq!((runs.len(), &runs[0]), (200, &start(202).run), "the newest first");
        let of_another = br#"{"schema": "billpay/state/run/v2"}"#;
        let key = format!("123456789012/billpay/dev/runs/{}/start", start(900).run);
        memory.write(&key, of_another).await.unwrap();
        assert_eq!(journal.read(&start(900).run).await.unwrap(), None);
        // A part that can't be read is not taken for none.
        memory.write(&format!("123456789012/billpay/dev/runs/{}/end", start(201).run), b"{").await.unwrap();
        assert_eq!(journal.read(&start(201).run).await.unwrap(), None);
        assert_eq!(
            journal.read(&start(202).run).await.unwrap().unwrap().end.unwrap().result,
            RunResult::Failed
        );
    });
}
