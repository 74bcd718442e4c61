//! Intended differences to the portal, and the reasons for which they stay.

use billpay_nunjucks::Difference;

pub const DIFFERENCES: &[Difference] = &[
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
        reason: "`fs:readdir` gives the path of the portal's temporary folder, another one each time; here it is undefined",
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
];
