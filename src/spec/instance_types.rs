//! Capacity of EC2 instance types, and the part of it that is left for pods on EKS.

/// Date of the table: EC2's instance types, and the network interfaces of the VPC CNI's list.
pub const TABLE_DATE: &str = "November 2026";

/// Amounts that pods can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PodResources {
    /// Thousandths of a CPU.
    pub cpu: u64,
    /// Ki.
    pub memory: u64,
    pub pods: u64,
}

/// A size of most families: vCPUs, network interfaces, and IPv4 addresses of each.
const SIZES: [(&str, u64, u64, u64); 9] = [
    ("medium", 1, 2, 4),
    ("large", 2, 3, 10),
    ("xlarge", 4, 4, 15),
    ("2xlarge", 8, 4, 15),
    ("4xlarge", 16, 8, 30),
    ("8xlarge", 32, 8, 30),
    ("12xlarge", 48, 8, 30),
    ("16xlarge", 64, 15, 50),
    ("24xlarge", 96, 15, 50),
];

/// Families whose sizes are those of [`SIZES`], from the first one named on, and Gi for each vCPU.
const FAMILIES: [(&[&str], &str, u64); 8] = [
    (&["m6g", "m7g", "m8g", "m7a"], "medium", 4),
    (&["m5", "m5a", "m6a", "m6i", "m7i"], "large", 4),
    (&["c6g", "c7g", "c8g", "c7a"], "medium", 2),
    (&["c5a", "c6a", "c6i", "c7i"], "large", 2),
    (&["r6g", "r7g", "r8g", "r7a"], "medium", 8),
    (&["r5", "r5a", "r6a", "r6i", "r7i"], "large", 8),
    (&["m7i-flex"], "large", 4),
    (&["c7i-flex"], "large", 2),
];

/// Graviton families without `24xlarge`.
const NO_24XLARGE: [&str; 8] = ["m6g", "m7g", "c6g", "c7g", "r6g", "r7g", "m7i-flex", "c7i-flex"];

/// Types that follow no such rule: vCPUs, Mi, network interfaces, IPv4 addresses of each.
const OTHERS: [(&str, u64, u64, u64, u64); 24] = [
    ("t3.nano", 2, 512, 2, 2),
    ("t3.micro", 2, 1024, 2, 2),
    ("t3.small", 2, 2048, 3, 4),
    ("t3.medium", 2, 4096, 3, 6),
    ("t3.large", 2, 8192, 3, 12),
    ("t3.xlarge", 4, 16384, 4, 15),
    ("t3.2xlarge", 8, 32768, 4, 15),
    ("t3a.nano", 2, 512, 2, 2),
    ("t3a.micro", 2, 1024, 2, 2),
    ("t3a.small", 2, 2048, 2, 4),
    ("t3a.medium", 2, 4096, 3, 6),
    ("t3a.large", 2, 8192, 3, 12),
    ("t3a.xlarge", 4, 16384, 4, 15),
    ("t3a.2xlarge", 8, 32768, 4, 15),
    ("t4g.nano", 2, 512, 2, 2),
    ("t4g.micro", 2, 1024, 2, 2),
    ("t4g.small", 2, 2048, 3, 4),
    ("t4g.medium", 2, 4096, 3, 6),
    ("t4g.large", 2, 8192, 3, 12),
    ("t4g.xlarge", 4, 16384, 4, 15),
    ("t4g.2xlarge", 8, 32768, 4, 15),
    ("c5.large", 2, 4096, 3, 10),
    ("c5.xlarge", 4, 8192, 4, 15),
    ("c5.2xlarge", 8, 16384, 4, 15),
];

/// Returns the most that pods can ask of a node of a type; none for a type that is not in the table.
///
/// The operating system takes some more of the memory than kubelet reserves, so a little less fits.
pub fn allocatable(instance_type: &str) -> Option<PodResources> {
    let (cpus, mebibytes, interfaces, addresses) = size_of(instance_type)?;
    // Managed node groups allow no more, whatever the interfaces would.
    let most = if cpus < 30 { 110 } else { 250 };
    let pods = (interfaces * (addresses - 1) + 2).min(most);
    let reserved = 255 + 11 * pods + 100;
    Some(PodResources {
        cpu: cpus * 1000 - reserved_cpu(cpus),
        memory: u64::saturating_sub(mebibytes, reserved) * 1024,
        pods,
    })
}

fn size_of(instance_type: &str) -> Option<(u64, u64, u64, u64)> {
    let other = OTHERS.iter().find(|(name, ..)| *name == instance_type);
    if let Some((_, cpus, mebibytes, interfaces, addresses)) = other {
        return Some((*cpus, *mebibytes, *interfaces, *addresses));
    }
    let (family, size) = instance_type.split_once('.')?;
    let (_, smallest, gibibytes) = FAMILIES.iter().find(|(families, ..)| families.contains(&family))?;
    if size == "24xlarge" && NO_24XLARGE.contains(&family) {
        return None;
    }
    let mut sizes = SIZES.iter().skip_while(|(name, ..)| name != smallest);
    let (_, cpus, interfaces, addresses) = sizes.find(|(name, ..)| *name == size)?;
    Some((*cpus, cpus * gibibytes * 1024, *interfaces, *addresses))
}

/// Thousandths of a CPU that EKS's AMIs reserve: 6 % of the first, 1 % of the second, 0.5 % of the third
/// and fourth, 0.25 % of all others.
fn reserved_cpu(cpus: u64) -> u64 {
    let ten_thousandths = |cpu: u64| match cpu {
        0 => 600,
        1 => 100,
        2 | 3 => 50,
        _ => 25,
    };
    (0..cpus).map(ten_thousandths).sum::<u64>() / 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_for_pods_is_as_kubelet_says_it() {
        for (name, cpu, mebibytes, pods) in [
            ("t3.medium", 1930, 4096 - 255 - 187 - 100, 17),
            ("t3a.small", 1930, 2048 - 255 - 88 - 100, 8),
            ("m7g.medium", 940, 4096 - 255 - 88 - 100, 8),
            ("m5.large", 1930, 8192 - 255 - 319 - 100, 29),
            ("m5.2xlarge", 7910, 32768 - 255 - 638 - 100, 58),
            ("r6i.4xlarge", 15890, 131_072 - 255 - 1210 - 100, 110),
            ("c7i.16xlarge", 63770, 131_072 - 255 - 2750 - 100, 250),
        ] {
            let expected = PodResources { cpu, memory: mebibytes * 1024, pods };
            assert_eq!(allocatable(name), Some(expected), "{name}");
        }
        for unknown in ["x9.large", "m5.medium", "m7g.24xlarge", "t3", "t3.", "c5.9xlarge", ""] {
            assert_eq!(allocatable(unknown), None, "{unknown}");
        }
    }
}
