//! Amounts as Kubernetes itself writes them, so that what is applied is what is read back.

use billpay_spec::amount::{binary, thousandths};

/// CPU in whole ones, or in thousandths: `1000m` is `1`, `0.5` is `500m`.
pub fn cpu(text: &str) -> String {
    match thousandths(text) {
        Some(thousandths) if thousandths % 1000 == 0 => (thousandths / 1000).to_string(),
        Some(thousandths) => format!("{thousandths}m"),
        None => text.to_owned(),
    }
}

/// Memory in the largest unit that it is a whole number of: `1024Mi` is `1Gi`.
pub fn memory(text: &str) -> String {
    const UNITS: [&str; 4] = ["Ki", "Mi", "Gi", "Ti"];
    let Some((mut number, power)) = binary(text) else { return text.to_owned() };
    let mut units = UNITS.iter().skip(power as usize);
    let mut unit = units.next();
    while number != 0 && number.is_multiple_of(1024) && units.len() > 0 {
        number /= 1024;
        unit = units.next();
    }
    if number == 0 { "0".to_owned() } else { format!("{number}{}", unit.unwrap_or(&"")) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn amounts_are_written_as_kubernetes_writes_them() {
        let cpus = [("1000m", "1"), ("500m", "500m"), ("2", "2"), ("0.5", "500m"), ("1.25", "1250m")];
        for (written, read) in cpus.into_iter().chain([("0.0001", "1m"), ("1.5m", "2m"), ("0", "0")]) {
            assert_eq!(super::cpu(written), read);
        }
        for (written, read) in [("1024Mi", "1Gi"), ("1536Mi", "1536Mi"), ("1048576Ki", "1Gi"), ("2Gi", "2Gi")]
        {
            assert_eq!(super::memory(written), read);
        }
    }
}
