//! Neurons that hang together.

/// Sets of neurons, joined one by one; a set is named by its lowest neuron.
#[derive(Debug)]
pub(crate) struct UnionFind {
    above: Vec<u32>,
}

impl UnionFind {
    /// Each of n neurons alone; n must be less than 2³².
    pub(crate) fn new(n: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "screens have fewer than 2^32 neurons")]
        Self { above: (0..n as u32).collect() }
    }

    /// The lowest neuron of the set that a neuron is in. Amortised nearly `O(1)`.
    pub(crate) fn find(&mut self, mut neuron: usize) -> usize {
        while let Some(&above) = self.above.get(neuron)
            && above as usize != neuron
        {
            let over = self.above[above as usize];
            self.above[neuron] = over;
            neuron = over as usize;
        }
        neuron
    }

    /// Joins two sets; whether they were two.
    pub(crate) fn join(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        #[expect(clippy::cast_possible_truncation, reason = "it came from 32 bits")]
        if a != b {
            self.above[a.max(b)] = a.min(b) as u32;
        }
        a != b
    }

    /// Of each neuron the lowest that it hangs together with.
    pub(crate) fn lowest(&mut self) -> Vec<usize> {
        (0..self.above.len()).map(|neuron| self.find(neuron)).collect()
    }

    /// The sets of two and more, ascending in themselves: the largest first, of equal ones that with the lowest neuron.
    pub(crate) fn sets(&mut self) -> Vec<Vec<usize>> {
        let n = self.above.len();
        let mut places = vec![usize::MAX; n];
        let mut sets: Vec<Vec<usize>> = Vec::new();
        for neuron in 0..n {
            let lowest = self.find(neuron);
            if lowest == neuron {
                continue;
            }
            if places[lowest] == usize::MAX {
                places[lowest] = sets.len();
                sets.push(vec![lowest]);
            }
            sets[places[lowest]].push(neuron);
        }
        sets.sort_by_key(|set| (std::cmp::Reverse(set.len()), set.first().copied()));
        sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_named_by_their_lowest_and_the_largest_comes_first() {
        let mut union = UnionFind::new(8);
        assert!(union.join(7, 3) && union.join(5, 6) && union.join(3, 1) && !union.join(1, 7));
        assert_eq!(union.lowest(), [0, 1, 2, 1, 4, 5, 5, 1]);
        assert_eq!(union.sets(), [vec![1, 3, 7], vec![5, 6]]);
        assert!(UnionFind::new(3).sets().is_empty());
    }
}
