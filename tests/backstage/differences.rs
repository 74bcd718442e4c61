//! Where we refuse what the portal renders, or the other way round, and why it stays so.

use billpay::adapter::nunjucks::Difference;

pub const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "undefined",
        reason: "the portal prints nothing for what is not defined; here a misspelled name is an error at its place",
    },
    Difference {
        name: "unknown key",
        reason: "the portal passes over keys of `spec` and of steps that it doesn't know; here they are errors",
    },
    Difference {
        name: "broken expression",
        reason: "the portal leaves an input as it is written when its expression is wrong; here that is an error",
    },
    Difference {
        name: "two files, one path",
        reason: "of two files that get the same name, the portal keeps the one that its disk lists first",
    },
    Difference {
        name: "path",
        reason: "names that Windows can't have, that lead into `.git` or `.billpay`, or that differ only in case",
    },
    Difference {
        name: "unknown answer",
        reason: "the portal passes over answers that nothing asks for; here they are taken for misspelled ones",
    },
    Difference {
        name: "full path",
        reason: "`fs:readdir` gives the path of the portal's temporary folder, another one each time",
    },
    Difference {
        name: "outside into files",
        reason: "the dry run makes up what an outside step gives; here no file is made from that",
    },
    Difference {
        name: "later step",
        reason: "the portal takes what a later step gives for nothing; here it is an error",
    },
    Difference {
        name: "excluding pattern",
        reason: "patterns with `!(…)` and with named classes (`[[:alpha:]]`, which the portal gets wrong) aren't read",
    },
    Difference {
        name: "condition of a link",
        reason: "the portal shows a link whose `if` stands for nothing, against its own description; we don't",
    },
    Difference {
        name: "duplicate step",
        reason: "two steps with one id: the portal keeps what the second one gives",
    },
    Difference {
        name: "wait's input",
        reason: "the dry run doesn't look at the input of steps that it passes over; the real run refuses it, and so do we",
    },
    Difference {
        name: "only in the portal",
        reason: "`user`, `secrets`, `environment` and `context` are empty or random in the dry run, and known in the portal only",
    },
];
