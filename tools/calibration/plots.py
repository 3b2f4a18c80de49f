"""The plots of the calibration page: small SVG files that read well on light and on dark pages.

No background, lines and words in mid-grey, colours of middle lightness; the same numbers give the
same bytes.
"""
import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  The backend comes first.

GREY = "#808892"
BLUE, ORANGE, GREEN, RED, PURPLE, TEAL = (
    "#3987d8", "#d9822b", "#3da35d", "#d64550", "#9a6dd7", "#2aa1a1")
plt.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "assay", "font.family": "sans-serif", "font.size": 10,
    "axes.edgecolor": GREY, "axes.labelcolor": GREY, "xtick.color": GREY, "ytick.color": GREY,
    "text.color": GREY, "axes.spines.top": False, "axes.spines.right": False,
    "axes.linewidth": 0.8, "legend.frameon": False, "figure.constrained_layout.use": True})


class Data:
    """Rows by study, method and measure."""

    def __init__(self, studies):
        self.studies = {study["study"]: study for study in studies}
        self.rows = {(study["study"], row["method"], row["measure"]): row
                     for study in studies for row in study["rows"]}

    def row(self, study, method, measure):
        return self.rows.get((study, method, measure))


def save(figure, folder, name):
    path = folder / f"calibration_{name}.svg"
    figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def percent(axis):
    axis.set_major_formatter(matplotlib.ticker.PercentFormatter(1, decimals=0))


def peeking(data, folder):
    study = "peeking.normal.looks100"
    lines = (("confidence_sequence", "confidence\nsequence", BLUE),  # From below.
             ("group_sequential, obrien_fleming", "planned looks\n(O’Brien–Fleming)", GREEN),
             ("posterior, P(better) > 0.95", "posterior,\nP(better) > 0.95", ORANGE),
             ("fixed, peeked at", "fixed test,\npeeked at", RED),
             ("posterior, either way", "posterior,\neither way > 0.95", PURPLE))
    figure, axes = plt.subplots(figsize=(7.2, 3.8))
    highest, free = 0, 0.01
    for method, label, colour in lines:
        row = data.row(study, method, "false_positives")
        looks = range(1, len(row["by_look"]) + 1)
        axes.plot(looks, row["by_look"], color=colour, linewidth=2)
        highest = max(highest, row["by_look"][-1])
        height = max(row["by_look"][-1], free)  # Labels keep their distance.
        free = height + 0.065
        axes.annotate(label, (100, height), xytext=(6, 0), textcoords="offset points",
                      color=colour, va="center", fontsize=9, annotation_clip=False)
    axes.axhline(0.05, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.annotate("promised: 5 %", (1.05, 0.018), fontsize=9)
    axes.set_xscale("log")
    axes.set_xlim(1, 100)
    axes.set_xticks([1, 2, 5, 10, 28, 100], ["1", "2", "5", "10", "28", "100"])
    axes.minorticks_off()
    axes.set_ylim(0, highest * 1.05)
    percent(axes.yaxis)
    axes.set_xlabel("looks taken (no effect exists)")
    axes.set_title("Experiments that ever claim an effect", loc="left", fontsize=11)
    save(figure, folder, "peeking")


def dots(axes, data, rows, colours):
    """Rates with their Monte-Carlo intervals, one line per world."""
    for height, (label, study, measure, methods) in enumerate(reversed(rows)):
        for shift, (method, colour) in zip((0.16, 0, -0.16), zip(methods, colours)):
            row = data.row(study, method, measure)
            if row is None:
                continue
            filled = row["promise"] != "none"
            axes.errorbar(row["mean"], height + shift, xerr=2 * row["std_error"], fmt="o",
                          color=colour, markersize=5, elinewidth=1.2,
                          markerfacecolor=colour if filled else "none")
    axes.set_yticks(range(len(rows)), [row[0] for row in reversed(rows)])
    axes.tick_params(axis="y", length=0)
    axes.axvline(0.05, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    percent(axes.xaxis)


def coverage(data, folder):
    worlds = (("normal, 20 units", "means.normal.n20"), ("normal, 50", "means.normal.n50"),
              ("normal, 1,000", "means.normal.n1000"),
              ("normal, 1,000, 10 % treated", "means.normal.n1000.share0.1"),
              ("normal, 1,000, shared shocks", "means.normal.n1000.weather"),
              ("counts, 50", "means.count.n50"), ("counts, 1,000", "means.count.n1000"),
              ("shares of 10 %, 1,000", "means.proportion.n1000"),
              ("shares of 0.2 %, 1,000", "means.rare.n1000"),
              ("revenue, 20", "means.revenue.n20"), ("revenue, 1,000", "means.revenue.n1000"),
              ("revenue, 1,000, 10 % treated", "means.revenue.n1000.share0.1"),
              ("revenue, 100,000", "means.revenue.n100000.effect"))
    methods = ("welch_t", "lift_fieller", "lift_delta")
    colours = (BLUE, GREEN, RED)
    rows = [(label, study, "misses", methods) for label, study in worlds]
    figure, axes = plt.subplots(figsize=(7.2, 5.2))
    dots(axes, data, rows, colours)
    axes.set_xlim(left=0)
    axes.set_xlabel("95 % intervals that miss the truth")
    axes.set_title("Open marks: nothing is promised there", loc="left", fontsize=11)
    for method, colour in zip(("Welch’s t", "lift, Fieller", "lift, delta"), colours):
        axes.plot([], [], "o", color=colour, label=method)
    axes.legend(loc="upper right", labelcolor="linecolor", fontsize=9)
    save(figure, folder, "coverage")


def power(data, folder):
    plans = [(name, row) for (name, _, measure), row in data.rows.items()
             if name.startswith("power.") and measure == "power"]
    figure, axes = plt.subplots(figsize=(7.2, 0.34 * len(plans) + 1.1))
    for height, (name, row) in enumerate(reversed(plans)):
        filled = row["promise"] != "none"
        axes.errorbar(row["mean"], height, xerr=2 * row["std_error"], fmt="o", color=BLUE,
                      markersize=5, markerfacecolor=BLUE if filled else "none")
        axes.plot([row["promised"]] * 2, [height - 0.35, height + 0.35], color=GREY, linewidth=1.5)
    axes.set_yticks(range(len(plans)),
                    [f"{name.removeprefix('power.')} ({row['method']})"
                     for name, row in reversed(plans)])
    axes.tick_params(axis="y", length=0)
    percent(axes.xaxis)
    axes.xaxis.set_major_locator(matplotlib.ticker.MultipleLocator(0.05))
    axes.set_xlabel("power: planned (bar), measured (dot)")
    save(figure, folder, "power")


def uniformity(data, folder):
    panels = (("Welch, normal, 1,000", "means.normal.n1000", "welch_t"),
              ("Mann–Whitney, counts", "means.count.n1000", "mann_whitney"),
              ("CUPED, 10 % treated", "cuped.unequal", "cuped"),
              ("CUPED of a ratio", "ratio.n1000.covariate", "cuped of a ratio"),
              ("median of requests", "quantile.q0.5.n400", "quantile, clustered"),
              ("Cochran’s Q", "portfolio.segments", "heterogeneity, Cochran's Q"),
              ("Welch, revenue, 20 (lies)", "means.revenue.n20", "welch_t"),
              ("rows as units (lies)", "clusters.g40", "rows as units"))
    figure, grid = plt.subplots(2, 4, figsize=(7.2, 3.4), sharex=True)
    for axes, (label, study, method) in zip(grid.flat, panels):
        row = data.row(study, method, "false_positives")
        cells = row["p_histogram"]
        mean = sum(cells) / len(cells)
        colour = BLUE if row["promise"] != "none" else RED
        axes.bar([(i + 0.5) / len(cells) for i in range(len(cells))], [c / mean for c in cells],
                 width=0.9 / len(cells), color=colour)
        axes.axhline(1, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.set_title(label, loc="left", fontsize=8.5)
        axes.set_ylim(0, max(1.6, 1.05 * max(cells) / mean))
        axes.set_yticks([])
        axes.set_xticks([0, 0.5, 1], ["0", "½", "1"])
    figure.supxlabel("p-value where no effect exists: flat is right", fontsize=10, color=GREY)
    save(figure, folder, "uniformity")


def posterior(data, folder):
    lines = (("posterior.normal_normal", "the prior is nature’s, one look", BLUE),
             ("posterior.stopping", "the same, stopped at P > 0.95", GREEN),
             ("posterior.stopping.flat", "flat prior, small effects, stopped", RED))
    figure, axes = plt.subplots(figsize=(7.2, 3.8))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    for study, label, colour in lines:
        points = []
        for decile in range(10):
            name = f"P(better) in {decile / 10:.1f}–{(decile + 1) / 10:.1f}"
            row = data.row(study, name, "error")
            if row is not None:
                middle = (decile + 0.5) / 10
                points.append((middle, middle + row["mean"], 2 * row["std_error"]))
        x, y, error = zip(*points)
        axes.errorbar(x, y, yerr=error, fmt="o-", color=colour, markersize=4, linewidth=1.5,
                      label=label)
    axes.legend(loc="upper left", labelcolor="linecolor", fontsize=9)
    axes.set_xlabel("what the posterior claims: P(better)")
    axes.set_ylabel("share that is really better")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    save(figure, folder, "posterior")


def draw(studies, folder):
    data = Data(studies)
    for plot in (peeking, coverage, power, uniformity, posterior):
        plot(data, folder)
