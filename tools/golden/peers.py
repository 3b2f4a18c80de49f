"""Asks the peers, gbstats (GrowthBook) and tea-tasting, where they agree by definition.

Both take moments. CUPED agrees for a given slope only: gbstats and tea-tasting regress over all
units at once, assay within the variants and weighted, which minimizes the variance.
"""

import math

import numpy as np
import tea_tasting as tt
from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
from gbstats.models.statistics import (RatioStatistic, RegressionAdjustedStatistic,
                                       SampleMeanStatistic)
from tea_tasting.aggr import Aggregates


def moments(x):
    return SampleMeanStatistic(n=len(x), sum=float(x.sum()), sum_squares=float(x @ x))


def gbstats_mean(c, t):
    """p, low and standard error of Welch's test."""
    test = TwoSidedTTest(moments(c), moments(t), FrequentistConfig(difference_type="absolute"))
    result = test.compute_result()
    return result.p_value, result.ci[0], math.sqrt(test.variance)


def gbstats_delta(control, treatment, control_variance, treatment_variance, n=1000):
    """Standard error of the lift, from the variances of two independent means."""
    def arm(mean, variance):
        return SampleMeanStatistic(n=n, sum=mean * n,
                                   sum_squares=variance * n * (n - 1) + n * mean * mean)
    test = TwoSidedTTest(arm(control, control_variance), arm(treatment, treatment_variance),
                         FrequentistConfig(difference_type="relative"))
    return math.sqrt(test.variance)


def gbstats_ratio(arm):
    """Ratio and delta-method variance of one arm: columns numerator, denominator."""
    n, d = arm[:, 0], arm[:, 1]
    found = RatioStatistic(n=len(n), m_statistic=moments(n), d_statistic=moments(d),
                           m_d_sum_of_products=float(n @ d))
    return found.mean, found.variance / len(n)


def gbstats_adjusted(y, x, slope):
    """Variance of the mean of y - slope·x."""
    found = RegressionAdjustedStatistic(
        n=len(y), post_statistic=moments(y), pre_statistic=moments(x),
        post_pre_sum_of_products=float(y @ x), theta=slope)
    return found.mean, found.variance / len(y)


def aggregates(columns):
    names = list(columns)
    values = np.array([columns[name] for name in names])
    covariance = np.atleast_2d(np.cov(values))
    return Aggregates(
        count_=values.shape[1], mean_=dict(zip(names, map(float, values.mean(1)))),
        var_={name: float(covariance[i, i]) for i, name in enumerate(names)},
        cov_={tuple(sorted((a, b))): float(covariance[i, j])
              for i, a in enumerate(names) for j, b in enumerate(names) if i < j})


def tea_mean(c, t):
    """p and low of Welch's test."""
    result = tt.Mean("y", equal_var=False, use_t=True).analyze_aggregates(
        aggregates({"y": c}), aggregates({"y": t}))
    return result.pvalue, result.effect_size_ci_lower


def tea_ratio(c, t):
    """p and low of the delta method's z test of two ratios."""
    result = tt.RatioOfMeans("n", "d", equal_var=False, use_t=False).analyze_aggregates(
        *(aggregates({"n": arm[:, 0], "d": arm[:, 1]}) for arm in (c, t)))
    return result.pvalue, result.effect_size_ci_lower


def tea_log(control, treatment, control_variance, treatment_variance, n=1000):
    """The logarithm's interval of the lift, of two independent positive means."""
    result = tt.Mean("y", equal_var=False, use_t=False).analyze_aggregates(
        *(Aggregates(count_=n, mean_={"y": mean}, var_={"y": variance * n}, cov_={})
          for mean, variance in ((control, control_variance), (treatment, treatment_variance))))
    return result.rel_effect_size_ci_lower, result.rel_effect_size_ci_upper
