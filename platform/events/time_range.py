"""The times that Python's datetime can hold: the years 1 to 9999, in microseconds since 1970."""

FIRST_MICROSECOND = -719_162 * 86_400_000_000
END_MICROSECOND = 2_932_897 * 86_400_000_000  # the first microsecond of the year 10000
