//! What the planner has to know about a kind of resource: plain facts, no behaviour.

/// The facts about a kind that planning and scheduling need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindInfo {
    /// Short name, the part of an address behind the slash: `subnet`.
    pub name: &'static str,
    /// Component that its resources belong to: `network`.
    pub component: &'static str,
    /// Service prefix and type as people know it: `AWS::EC2::Subnet`.
    pub aws_type: &'static str,
    /// Attributes that AWS can't change in place; a difference in one replaces the resource.
    pub immutable: &'static [&'static str],
    /// Attributes that decide who may do or reach what; empty for a kind that gives no access.
    pub gives_access: &'static [&'static str],
    /// Kinds whose resources this kind's resources may stand on; they go after these when deleted.
    pub stands_on: &'static [&'static str],
    /// Whether a replacement is made before the old one goes (its name then carries a generation).
    pub create_first: bool,
    /// Set where AWS knows the resources by a name that billpay computes: under another name, the
    /// environment's tags are a copy.
    pub named: bool,
    /// Set where AWS keeps the resources outside all regions.
    pub global: bool,
    pub usual: Usual,
}

/// How long AWS usually takes, seconds; used to put the longest path first and to tell people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    pub create: u32,
    pub update: u32,
    pub delete: u32,
}

impl Usual {
    /// A kind whose calls return when the work is done.
    pub const QUICK: Usual = Usual { create: 1, update: 1, delete: 1 };
}
