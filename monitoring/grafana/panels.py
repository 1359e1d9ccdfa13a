"""Three kinds of panel, made to be read on a wall: one big number, a few bars, lines over time.

Colours mean the same everywhere: red act now, orange soon, green fine, blue and grey say nothing. A number that cannot
be read is "unknown", never zero.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

RED, ORANGE, GREEN, BLUE, GREY = "red", "orange", "green", "blue", "#8e8e98"
UNKNOWN = "unknown"
DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")

Queries = Mapping[str, str]
Steps = Sequence[tuple[float | None, str]]
P = TypeVar("P", stat.Panel, bargauge.Panel, timeseries.Panel)


def number(title: str, meaning: str, queries: Queries, steps: Steps, *, unit: str, size: tuple[int, int]) -> stat.Panel:
    """One number, or one for each series; the whole panel takes the colour of the step it has reached."""
    named = any(queries)
    panel = (
        _frame(stat.Panel(), title, meaning, size, unit)
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .color_mode(common_models.BigValueColorMode.BACKGROUND_SOLID)
        .justify_mode(common_models.BigValueJustifyMode.CENTER)
        .text_mode(common_models.BigValueTextMode.VALUE_AND_NAME if named else common_models.BigValueTextMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["last"]))
        .thresholds(_thresholds(steps))
    )
    return _ask(panel, queries, instant=True)


def bars(
    title: str, meaning: str, queries: Queries, colors: Mapping[str, str], *, unit: str, size: tuple[int, int]
) -> bargauge.Panel:
    """One bar a query, in their order, each with its number and its colour."""
    panel = (
        _frame(bargauge.Panel(), title, meaning, size, unit)
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .value_mode(common_models.BarGaugeValueMode.TEXT)
        .show_unfilled(False)
        .min(0)
        .decimals(0)
        .text(common.VizTextDisplayOptions().title_size(24).value_size(32))
        .reduce_options(common.ReduceDataOptions().calcs(["last"]))
    )
    for name, color in colors.items():
        value = {"mode": "fixed", "fixedColor": color}
        panel.override_by_name(name, [models.DynamicConfigValue(id_val="color", value=value)])
    return _ask(panel, queries, instant=True)


def lines(title: str, meaning: str, queries: Queries, *, unit: str, size: tuple[int, int]) -> timeseries.Panel:
    """Series stacked over time, with a legend, since their names are not known beforehand."""
    panel = (
        _frame(timeseries.Panel(), title, meaning, size, unit)
        .fill_opacity(40)
        .line_width(2)
        .show_points(common_models.VisibilityMode.NEVER)
        .stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
        .min(0)
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .legend(
            common.VizLegendOptions()
            .display_mode(common_models.LegendDisplayMode.LIST)
            .placement(common_models.LegendPlacement.RIGHT)
            .show_legend(True)
        )
    )
    return _ask(panel, queries, instant=False)


def words(panel: stat.Panel, text: Mapping[str, tuple[str, str]]) -> stat.Panel:
    """Show words instead of numbers: the word and its colour for each value."""
    return panel.mappings(
        [models.ValueMap({value: models.ValueMappingResult(text=word, color=c) for value, (word, c) in text.items()})]
    )


def words_from(panel: stat.Panel, least: float, word: str, color: str) -> stat.Panel:
    """Show a word instead of every number from `least` on."""
    result = models.ValueMappingResult(text=word, color=color)
    return panel.mappings([models.RangeMap(models.DashboardRangeMapOptions(from_val=least, to=None, result=result))])


def _frame(panel: P, title: str, meaning: str, size: tuple[int, int], unit: str) -> P:
    width, height = size
    framed = panel.title(title).description(meaning).span(width).height(height)
    return framed.unit(unit).no_value(UNKNOWN).datasource(DATASOURCE)


def _ask(panel: P, queries: Queries, *, instant: bool) -> P:
    for letter, (legend, expr) in zip("ABCDEFGH", queries.items(), strict=False):
        query = prometheus.Dataquery().ref_id(letter).expr(expr).legend_format(legend).datasource(DATASOURCE)
        panel.with_target(query.instant() if instant else query.range())
    return panel


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    made = [models.Threshold(value=value, color=color) for value, color in steps]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)
