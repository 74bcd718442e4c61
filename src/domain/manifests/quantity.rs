//! Amounts as Kubernetes itself writes them, so that what is applied is what is read back.

/// CPU in whole ones, or in thousandths: `1000m` is `1`, `0.5` is `500m`.
pub fn cpu(text: &str) -> String {
    let (number, milli) = text.strip_suffix('m').map_or((text, false), |number| (number, true));
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = if milli { 0 } else { 3 };
    let kept: String = part.chars().chain("000".chars()).take(digits).collect();
    let Ok(mut thousandths) = format!("{whole}{kept}").parse::<u64>() else {
        return text.to_owned();
    };
    // A thousandth is the least there is; what is left of one is rounded up, as Kubernetes does.
    if part.chars().skip(digits).any(|digit| digit != '0') {
        thousandths += 1;
    }
    if thousandths % 1000 == 0 { (thousandths / 1000).to_string() } else { format!("{thousandths}m") }
}

/// Memory in the largest unit that it is a whole number of: `1024Mi` is `1Gi`.
pub fn memory(text: &str) -> String {
    const UNITS: [&str; 4] = ["Ki", "Mi", "Gi", "Ti"];
    let split = text.len().saturating_sub(2);
    let (Some(number), Some(unit)) = (text.get(..split), text.get(split..)) else { return text.to_owned() };
    let (Ok(mut number), Some(mut at)) =
        (number.parse::<u64>(), UNITS.iter().position(|known| *known == unit))
    else {
        return text.to_owned();
    };
    while number != 0 && number.is_multiple_of(1024) && at + 1 < UNITS.len() {
        number /= 1024;
        at += 1;
    }
    if number == 0 { "0".to_owned() } else { format!("{number}{}", UNITS[at]) }
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
