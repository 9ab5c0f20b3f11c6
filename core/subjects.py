"""The name that `core.overview` had in earlier releases, for programs that import it."""

from core.overview import Overview, at_sample, formed, overview
from core.statistics.percentiles import percentile

__all__ = ["Overview", "at_sample", "formed", "overview", "percentile"]
