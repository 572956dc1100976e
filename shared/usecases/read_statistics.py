"""Read what is counted of a project."""

from __future__ import annotations

from dataclasses import asdict

from shared.domain.statistics import BINS
from shared.schemas import StatisticsView
from shared.stores.catalog import CatalogStore


def read_statistics(tenant: str, project: str, catalog: CatalogStore) -> StatisticsView:
    """A project's counts and histograms, as they are kept; zeros for a project without images."""
    return StatisticsView(project=project, bins=BINS, **asdict(catalog.statistics(tenant, project)))
