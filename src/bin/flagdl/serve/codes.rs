//! The country codes: every alpha-2 code of ISO 3166-1, from the list that
//! comes with flagdl.
//!
//! Promises: lower case, in alphabetical order, none twice.

/// The list as it stands in the file: comments, then a code a line.
const LIST: &str = include_str!("../../../../lists/iso3166.txt");

/// All codes.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    LIST.lines().filter(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_249_codes_in_order_and_in_lower_case() {
        let codes: Vec<_> = codes().collect();
        assert_eq!(codes.len(), 249);
        assert!(codes.is_sorted_by(|one, next| one < next));
        let is_code = |code: &&str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase());
        assert!(codes.iter().all(is_code));
    }
}
