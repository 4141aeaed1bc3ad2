//! A protocol's list of pairs, by numbers alone.

use std::collections::HashMap;

use lineament_data::PairProtocol;
use lineament_eval::{Pair, PairList};

/// The comparisons of a protocol, and names and persons of what is compared.
pub(crate) struct ListedPairs {
    names: Vec<String>,
    /// `None` where the list leaves out who some of it shows.
    persons: Option<Vec<usize>>,
    pairs: Vec<Pair>,
}

impl ListedPairs {
    pub(crate) fn new(protocol: &PairProtocol) -> Self {
        let items = &protocol.items;
        let mut numbers = HashMap::new();
        let person = |name: &str| {
            let next = numbers.len();
            *numbers.entry(name.to_owned()).or_insert(next)
        };
        let names = items.iter().map(|item| item.person.as_deref());
        let names: Option<Vec<&str>> = names.collect();
        let pairs = protocol.pairs.iter().map(|pair| Pair {
            first: pair.first,
            second: pair.second,
            mated: pair.mated,
            fold: pair.fold,
        });
        Self {
            names: items.iter().map(|item| item.name.clone()).collect(),
            persons: names.map(|names| names.into_iter().map(person).collect()),
            pairs: pairs.collect(),
        }
    }

    pub(crate) fn list(&self) -> PairList<'_> {
        PairList {
            names: &self.names,
            persons: self.persons.as_deref(),
            pairs: &self.pairs,
        }
    }

    pub(crate) fn has_persons(&self) -> bool {
        self.persons.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineament_data::Item;

    fn protocol(persons: [Option<&str>; 3]) -> PairProtocol {
        let item = |person: Option<&str>| Item {
            name: "an image".to_owned(),
            person: person.map(str::to_owned),
            images: Vec::new(),
        };
        PairProtocol {
            name: "a list".to_owned(),
            items: persons.map(item).to_vec(),
            pairs: Vec::new(),
            n_folds: 1,
        }
    }

    #[test]
    fn persons_count_where_all_are_known() {
        let all = ListedPairs::new(&protocol([Some("A"), Some("B"), Some("A")]));
        let list = all.list();
        let persons = list.persons.unwrap();
        assert!(persons[0] == persons[2] && persons[0] != persons[1]);
        assert!(!ListedPairs::new(&protocol([Some("A"), None, Some("A")])).has_persons());
    }
}
