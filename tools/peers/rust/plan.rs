//! What each peer is told to run.
use serde_json::Value;

pub struct Plan {
    pub name: String,
    pub salt: String,
    pub scheme: String,
    pub variants: Vec<(String, u64)>,
    pub traffic: f64,
    pub id_families: usize,
    /// The experiment's number, when it stands behind three conditions.
    pub targeted: Option<usize>,
}

impl Plan {
    pub fn even(name: &str, targeted: Option<usize>) -> Plan {
        Plan {
            name: name.into(),
            salt: name.into(),
            scheme: String::new(),
            variants: vec![("control".into(), 1), ("treatment".into(), 1)],
            traffic: 1.0,
            id_families: 1,
            targeted,
        }
    }

    pub fn from_json(line: &str) -> Plan {
        let case: Value = serde_json::from_str(line).expect("a plan");
        let text = |key: &str| case[key].as_str().expect(key).to_string();
        let variants = case["variants"].as_array().expect("variants").iter();
        Plan {
            name: text("name"),
            salt: text("salt"),
            scheme: text("scheme"),
            variants: variants
                .map(|pair| (pair[0].as_str().unwrap().into(), pair[1].as_u64().unwrap()))
                .collect(),
            traffic: case["traffic"].as_f64().expect("traffic"),
            id_families: case["id_families"].as_u64().expect("id_families") as usize,
            targeted: None,
        }
    }

    pub fn keys(&self) -> Vec<&str> {
        self.variants.iter().map(|(key, _)| key.as_str()).collect()
    }

    /// The variants' shares of `whole`, which they divide.
    pub fn shares(&self, whole: u64) -> Vec<u64> {
        let total: u64 = self.variants.iter().map(|(_, weight)| weight).sum();
        self.variants.iter().map(|(_, weight)| whole * weight / total).collect()
    }

    /// Where each variant's range of `whole` buckets begins and ends.
    pub fn ranges(&self, whole: u64) -> Vec<(u64, u64)> {
        let mut end = 0;
        self.shares(whole)
            .iter()
            .map(|share| {
                end += share;
                (end - share, end)
            })
            .collect()
    }
}

pub fn countries(i: usize) -> Vec<String> {
    vec!["IN".into(), "US".into(), "UK".into(), "BR".into(), format!("X{}", i % 10)]
}

pub fn floor(i: usize) -> String {
    format!("2.{}.0", i % 4)
}

/// The last version below the one that experiment i asks for.
pub fn below(i: usize) -> String {
    if i % 4 == 0 { "1.999.0".into() } else { format!("2.{}.999", i % 4 - 1) }
}

/// idOf of tools/peers/schemes.mjs.
pub fn id_of(i: usize, families: usize) -> String {
    let spread = (i as u64 * 2_654_435_761) & 0xffff_ffff;
    let low = i & 0xfff;
    match i % families {
        0 => format!("user_{i}"),
        1 => format!("{i}"),
        2 => format!("person{i}@example.com"),
        3 => format!("{spread:08x}-{:04x}-4{low:03x}-8{low:03x}-{spread:012x}", i & 0xffff),
        _ => format!("ユーザー{i}🦊é"),
    }
}
