//! The same contract against moto, which others wrote: a second opinion on our reading of
//! the APIs. What moto can't do is listed by name, and a listed gap that works fails the test.

use billpay::adapter::aws::Endpoint;

use super::cases::CASES;
use super::{report, run};
use crate::support::values::text;
use crate::support::{Emulator, Sandbox};

/// Kinds that moto 5.2.5 can't hold through the whole contract, and why.
const GAPS: &[(&str, &str)] = &[];

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn every_kind_keeps_the_contract_in_moto_but_for_the_gaps_listed() {
    let emulator = Emulator::moto();
    let broken = run(CASES.iter().collect(), |kind| {
        // moto takes the account from the role that was assumed.
        let account = emulator.fresh_account();
        let sandbox = Sandbox::of_account(&emulator.url, &account);
        let role = format!("arn:aws:iam::{account}:role/tests");
        let session = sandbox.aws(&["sts", "assume-role", "--role-arn", &role, "--role-session-name", kind]);
        let access_key = text(&session["Credentials"]["AccessKeyId"]).to_string();
        let secret_key = "test".to_string();
        (account, Endpoint { url: emulator.url.clone(), access_key, secret_key })
    });
    println!("gaps of moto 5.2.5:");
    GAPS.iter().for_each(|(kind, why)| println!("  {kind:22} {why}"));
    let mut unexpected = broken.clone();
    let closed: Vec<&str> =
        GAPS.iter().map(|(kind, _)| *kind).filter(|kind| unexpected.remove(kind).is_none()).collect();
    assert!(unexpected.is_empty(), "{}", report(&unexpected));
    assert!(closed.is_empty(), "moto can do these now: take them out of the list of gaps: {closed:?}");
}
