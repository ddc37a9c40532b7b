"""The events stream: what users of an app do, in the plain form that the shipped mapping reads."""
