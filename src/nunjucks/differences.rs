//! Differences from the portal's rendering.

/// One way in which the portal and we differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    pub name: &'static str,
    pub reason: &'static str,
}

/// All that is known. In each case we refuse, with the place, what the portal would render.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "random",
        reason: "`random` needs --seed, so that an update renders the same again, and chooses by it",
    },
    Difference {
        name: "half-character",
        reason: "a text cut inside of a character beyond U+FFFF can't be kept in a UTF-8 file",
    },
    Difference {
        name: "regular-expression",
        reason: "no looking ahead or behind, no references to groups, \\B, \\c, octal escapes, and no `i` or wide \
                 characters beyond ASCII and U+FFFF, where the two kinds of expressions differ",
    },
    Difference {
        name: "sort-mixed",
        reason: "texts, numbers and what is undefined have no order in one list: what comes out depends on the way of sorting",
    },
    Difference {
        name: "functions-as-values",
        reason: "macros and functions can't be put into lists or objects",
    },
    Difference {
        name: "depth",
        reason: "brackets, blocks, operators and macros lie in one another less deep than there",
    },
    Difference {
        name: "radix",
        reason: "toString takes numbers beyond 2^53 with radixes that are powers of two and with 10 alone",
    },
    Difference {
        name: "hosts",
        reason: "parseRepoUrl and projectSlug take every host; the portal takes those in its settings",
    },
    Difference {
        name: "test-without-name",
        reason: "after `is` a name has to come; the portal takes anything else for the test `undefined`",
    },
    Difference { name: "odd-paths", reason: "pick takes paths like `a.b[0].c`, not those with empty parts" },
];
