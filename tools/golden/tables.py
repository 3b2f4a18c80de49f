"""Contingency tables (SciPy) and Beta-Binomial posteriors (mpmath)."""

import mpmath as mp
import r
import scipy.stats as st
from scipy.integrate import quad
from table import agree, version, write

rows = []
for a, b, c, d in ((3, 1, 1, 3), (10, 20, 15, 15), (32, 968, 41, 959), (0, 12, 5, 9),
                   (3200, 96800, 3350, 96650), (2, 100000, 11, 99999), (7, 7, 7, 7)):
    table = [[a, b], [c, d]]
    plain = st.chi2_contingency(table, correction=False)
    yates = st.chi2_contingency(table, correction=True)
    g = st.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    fisher = st.fisher_exact(table).pvalue
    again = r.numbers(
        f"m <- matrix({r.vector([a, c, b, d])}, 2);"
        "c(chisq.test(m, correct=FALSE)$statistic, chisq.test(m, correct=FALSE)$p.value,"
        "chisq.test(m)$p.value, fisher.test(m)$p.value)")
    for mine, other in zip((plain.statistic, plain.pvalue, yates.pvalue, fisher), again):
        if max(abs(mine), abs(other)) > 1e-14:
            agree(mine, other, 1e-9, f"contingency {table}")
    rows.append((a, b, c, d, plain.statistic, plain.pvalue, yates.pvalue, max(0.0, g.statistic),
                 g.pvalue, fisher))
write("contingency", "chi-square, Yates, G and Fisher's exact test of 2x2 tables",
      version("scipy"), ("a", "b", "c", "d", "chi2", "chi2_p", "yates_p", "g", "g_p", "fisher_p"),
      rows, r.version() + " (chisq.test, fisher.test)", 1e-9)

mp.mp.dps = 70


def finite_sum(a_c, b_c, a_t, b_t):
    """P(p_t > p_c) for an integer a_t (Miller 2015)."""
    return mp.fsum(
        mp.beta(a_c + i, b_t + b_c) / ((b_t + i) * mp.beta(1 + i, b_t) * mp.beta(a_c, b_c))
        for i in range(int(a_t)))


rows = []
for a_c, b_c, a_t, b_t in ((1, 1, 2, 1), (5, 96, 9, 92), (0.5, 30.5, 4, 28), (321, 9681, 336, 9666),
                           (40, 60, 5, 5), (3, 300, 60, 140), (801, 1201, 1001, 1001)):
    better = finite_sum(a_c, b_c, a_t, b_t)
    other = finite_sum(a_c, b_c, a_t + 1, b_t)
    m_c, m_t = mp.mpf(a_c) / (a_c + b_c), mp.mpf(a_t) / (a_t + b_t)
    # E(p_c - p_t)+ = E(p_c) P(c' > t) - E(p_t) P(c > t').
    loss = m_c * (1 - finite_sum(a_c + 1, b_c, a_t, b_t)) - m_t * (1 - other)
    double, _ = quad(
        lambda x: st.beta.pdf(x, a_t, b_t) * st.beta.cdf(x, a_c, b_c), 0, 1, epsabs=1e-13,
        points=[float(m_t)], limit=500)
    agree(better, double, 1e-6, "probability")
    rows.append((float(a_c), float(b_c), float(a_t), float(b_t), better, loss))
write("beta_binomial", "P(treatment better) and expected loss of Beta posteriors (finite sums)",
      version("mpmath") + ", 70 digits",
      ("a_c", "b_c", "a_t", "b_t", "probability_better", "expected_loss"), rows,
      version("scipy") + " quadrature", 1e-10)
