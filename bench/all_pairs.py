"""Error rates of all pairs among some faces, with intervals of 95 % by resampling people."""

import numpy as np

from intervals import middle_95, resamples


class AllPairs:
    """Pairs of faces [n, d] of unit length and the people they show, compared by cosine.

    An interval is of 1,000 resamples of the people (a bootstrap by identity: Bolle, Ratha and Pankanti 2004). A person drawn k times counts k times in mated
    pairs, and with one drawn m times k·m times in pairs that are not; copies of one person are not compared with each other.
    """

    def __init__(self, people, faces):
        names, of_face = np.unique(people, return_inverse=True)
        first, second = np.triu_indices(len(faces), 1)
        scores, first, second = (faces @ faces.T)[first, second], of_face[first], of_face[second]
        is_mated = first == second
        self.mated, self.mated_people = scores[is_mated], first[is_mated]
        order = np.argsort(-scores[~is_mated])
        self.others, self.pairs = scores[~is_mated][order], (first[~is_mated][order], second[~is_mated][order])
        self.drawn, self.faces_of = resamples(len(names)), np.bincount(of_face)

    def tar(self, fmr):
        """Share of mated pairs beyond the smallest threshold with this rate of false matches at most, and its interval."""
        threshold = self.others[int(fmr * len(self.others))]
        n_top = min(len(self.others), int(20 * fmr * len(self.others)) + 1000)
        rates = []
        for weights in self.drawn:
            reached = np.cumsum(self.weights_of_others(weights, n_top))
            at = np.searchsorted(reached, fmr * self.total(weights), side="right")
            rates.append(self.share_of_mated(weights, self.mated > self.others[min(at, n_top - 1)]))
        return np.mean(self.mated > threshold), middle_95(rates)

    def fmr(self, threshold):
        """Share of the other pairs that score this or more, and its interval."""
        n = int(np.searchsorted(-self.others, -threshold, side="right"))
        rates = [self.weights_of_others(weights, n).sum() / self.total(weights) for weights in self.drawn]
        return n / len(self.others), middle_95(rates)

    def fnmr(self, threshold):
        """Share of mated pairs that score less, and its interval."""
        missed = self.mated < threshold
        return np.mean(missed), middle_95([self.share_of_mated(weights, missed) for weights in self.drawn])

    def weights_of_others(self, weights, n):
        first, second = self.pairs
        return weights[first[:n]] * weights[second[:n]]

    def total(self, weights):
        faces = (weights * self.faces_of).astype(float)
        return (faces.sum() ** 2 - (faces**2).sum()) / 2

    def share_of_mated(self, weights, chosen):
        weight = weights[self.mated_people]
        return (weight * chosen).sum() / weight.sum()
