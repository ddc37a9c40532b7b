"""The journeys through the app: up to four steps each, and how they end.

Steps and outcomes belong here, as texts of their own; how a record holds them does not.
"""

from __future__ import annotations

from dataclasses import dataclass

CATEGORIES = ("HOME_APPLIANCES", "CLOTHING", "ELECTRONICS", "BOOKS", "FOOD", "SPORTS")
FAILURES = ("FAILED_CHECKOUT", "FAILED_API_RESPONSE", "INSUFFICIENT_FUNDS", "USER_ERROR", "FRAUD", "CANCELLED")
NOTHING = ""


@dataclass(frozen=True)
class Journey:
    """The initial, second, third and last event, of which any may be `NOTHING`, the order's type and its status."""

    steps: tuple[str, str, str, str]
    order_type: str = "USER_VISIT"
    status: str = "UNCONVERTED"

    @property
    def names(self) -> tuple[str, ...]:
        """The events that happened, in their order."""
        return tuple(step for step in self.steps if step)

    @property
    def converts(self) -> bool:
        """Whether something was bought and paid."""
        return (self.order_type, self.status) == ("PURCHASE", "COMPLETED")


def _into(category: str) -> tuple[str, str, str, str]:
    return ("LAUNCH_APP", "HOME", "GO_TO_CATEGORY", category)


JOURNEYS: tuple[Journey, ...] = (
    *[Journey(("LAUNCH_APP", "EXIT_APP", NOTHING, "LAUNCH_APP"))] * 25,
    *[Journey(("LAUNCH_APP", "HOME", "EXIT_APP", "HOME"))] * 12,
    *[Journey(("LAUNCH_APP", NOTHING, NOTHING, NOTHING))] * 2,
    *[Journey(_into(category)) for category in CATEGORIES] * 2,
    *[Journey(_into(category), "PURCHASE", "COMPLETED") for category in CATEGORIES] * 3,
    *(Journey(_into(CATEGORIES[number]), "PURCHASE", status) for number, status in enumerate(FAILURES)),
    Journey(_into("BOOKS"), "PURCHASE", "PENDING"),
    Journey(_into("FOOD"), "online", "PENDING"),
)
