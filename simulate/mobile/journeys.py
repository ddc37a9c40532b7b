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


JOURNEYS: tuple[Journey, ...] = (
    *[Journey(("LAUNCH_APP", "EXIT_APP", NO_STEP, "LAUNCH_APP"))] * 25,
    *[Journey(("LAUNCH_APP", "HOME", "EXIT_APP", "HOME"))] * 12,
    *[Journey(("LAUNCH_APP", NO_STEP, NO_STEP, NO_STEP))] * 2,
    *[Journey(_to_category(category)) for category in CATEGORIES] * 2,
    *[Journey(_to_category(category), "PURCHASE", "COMPLETED") for category in CATEGORIES] * 3,
    *(Journey(_to_category(CATEGORIES[number]), "PURCHASE", status) for number, status in enumerate(FAILURES)),
    Journey(_to_category("BOOKS"), "PURCHASE", "PENDING"),
    Journey(_to_category("FOOD"), "online", "PENDING"),
)
"""A repeated journey is likelier."""
