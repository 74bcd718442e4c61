//! Facts about a kind of resource that planning needs: no behaviour.

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
    pub stands_on: &'static [Base],
    /// Rules of AWS about the resources of this kind.
    pub constraints: &'static [Constraint],
    /// Set where a replacement is made before the old one goes (its name then carries a generation).
    pub create_first: bool,
    /// Set where AWS knows the resources by a name that billpay computes: under another name, the
    /// environment's tags are a copy.
    pub named: bool,
    /// Set where AWS keeps the resources outside all regions.
    pub global: bool,
    /// Set if it holds people's data, which goes with it.
    pub holds_data: bool,
    pub usual: Usual,
}

impl KindInfo {
    /// Returns what AWS does with a resource of this kind when one of another kind, which it stands on, is
    /// deleted; none where it can't stand on one.
    pub fn on_delete_of(&self, base: &str) -> Option<OnDelete> {
        self.stands_on.iter().find(|on| on.kind == base).map(|on| on.on_delete)
    }
}

/// Usual durations of AWS, seconds; used to put the longest path first and to tell people.
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

/// A kind whose resources others stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    pub kind: &'static str,
    pub on_delete: OnDelete,
}

/// Reaction of AWS to the delete of a resource that another one stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// The delete is refused.
    Refused,
    /// The other one goes with it.
    Cascades,
    /// The other one stays, without it.
    Ignored,
}

impl Base {
    /// A base that AWS does not delete before what stands on it.
    pub const fn held(kind: &'static str) -> Base {
        Base { kind, on_delete: OnDelete::Refused }
    }

    /// A base that takes along what stands on it.
    pub const fn parent(kind: &'static str) -> Base {
        Base { kind, on_delete: OnDelete::Cascades }
    }

    /// A base that AWS deletes from under what stands on it.
    pub const fn used(kind: &'static str) -> Base {
        Base { kind, on_delete: OnDelete::Ignored }
    }
}

/// A rule of AWS about the resources of one kind, by the names of their attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// No two resources have the same values of these attributes. An element of a list or a map is in
    /// one resource only.
    Unique(&'static [&'static str]),
    /// The ranges of two resources with the same value of `within` do not overlap.
    Disjoint { range: &'static str, within: &'static str },
    /// The range lies within the attribute `of` of the resource that `within` names.
    Inside { range: &'static str, within: &'static str, of: &'static str },
    /// An update may name other resources in `through` only if these have the same values of
    /// `attribute`, neither more nor less.
    Bound { through: &'static str, attribute: &'static str },
}
