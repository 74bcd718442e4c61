//! Work of people on an environment, with the program that they use, in an account of
//! its own for each test. The AWS CLI looks, not our code.

mod admission;
mod approval;
mod coexistence;
mod drift;
mod foreign;
mod from_nothing;
mod interrupted;
mod inventory;
mod lock;
mod lookalike_makers;
mod lookalikes;
mod loopholes;
mod names;
mod offers;
mod ownership;
mod protection;
mod readback;
mod readback_iam;
mod rehearsal;
mod rollback;
mod saved_plans;
mod selection;
mod spec_changes;
mod state;
mod tagging;
mod takeover;
