"""The journeys through the app: up to four steps each, and how they end."""

from __future__ import annotations

from dataclasses import dataclass

CATEGORIES = ("HOME_APPLIANCES", "CLOTHING", "ELECTRONICS", "BOOKS", "FOOD", "SPORTS")
FAILURES = ("FAILED_CHECKOUT", "FAILED_API_RESPONSE", "INSUFFICIENT_FUNDS", "USER_ERROR", "FRAUD", "CANCELLED")
NO_STEP = ""


@dataclass(frozen=True)
class Journey:
    """The first, second, third and last event (`NO_STEP` where there is none), the order type and its status."""

    steps: tuple[str, str, str, str]
    order_type: str = "USER_VISIT"
    status: str = "UNCONVERTED"

    @property
    def event_names(self) -> tuple[str, ...]:
        """The events that happened, in order."""
        return tuple(step for step in self.steps if step)


def _to_category(category: str) -> tuple[str, str, str, str]:
    return ("LAUNCH_APP", "HOME", "GO_TO_CATEGORY", category)


def _browsing(chance: float, order_type: str, status: str) -> dict[Journey, float]:
    """Journeys to each category that end alike. `chance`: of all of them together."""
    return {Journey(_to_category(name), order_type, status): chance / len(CATEGORIES) for name in CATEGORIES}


CHANCES = {
    Journey(("LAUNCH_APP", "EXIT_APP", NO_STEP, "LAUNCH_APP")): 0.655,
    Journey(("LAUNCH_APP", NO_STEP, NO_STEP, NO_STEP)): 0.05,
    Journey(("LAUNCH_APP", "HOME", "EXIT_APP", "HOME")): 0.22,
    **_browsing(0.05, "USER_VISIT", "UNCONVERTED"),
    **_browsing(0.008, "PURCHASE", "COMPLETED"),
    **{
        Journey(_to_category(category), "PURCHASE", status): 0.002
        for category, status in zip(CATEGORIES, FAILURES, strict=True)
    },
    Journey(_to_category("BOOKS"), "PURCHASE", "PENDING"): 0.003,
    Journey(_to_category("FOOD"), "online", "PENDING"): 0.002,
}
"""By journey, the chance that it is the next one."""
JOURNEYS = tuple(CHANCES)
