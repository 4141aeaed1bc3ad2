//! Hashes as hexadecimal text.

use serde::{Deserialize, Deserializer, Serializer, de};

pub(crate) fn encode(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn decode(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |c: u8| char::from(c).to_digit(16);
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|[high, low]| Some((16 * digit(*high)? + digit(*low)?) as u8))
        .collect();
    bytes?.try_into().ok().filter(|_| rest.is_empty())
}

pub(crate) fn serialize<S: Serializer>(hash: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&encode(hash))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(from)?;
    decode(&text).ok_or_else(|| de::Error::custom("a SHA-256 has 64 hexadecimal digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_come_back() {
        let hash = std::array::from_fn(|i| (i * 37) as u8);
        assert_eq!(decode(&encode(&hash)), Some(hash));
        for bad in [
            "",
            "00",
            "zz",
            &"0".repeat(63),
            &"g".repeat(64),
            &"é".repeat(32),
        ] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
